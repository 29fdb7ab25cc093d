# SPDX-License-Identifier: Apache-2.0
"""TCP and IPv6, alone and mixed with UDP and IPv4."""
from lib.net import check, equal, have_ipv6, waits
from lib.phone import describe


def tcp_call(t):
	t.start()
	alice, bob = t.pair(transport="tcp")
	cdr = t.hang_up(*t.connect(alice, bob))
	equal({leg["transport"].lower() for leg in cdr["legs"]}, {"tcp"}, "transport")
	check("transport=tcp" in [x for x in t.net.trace if "INVITE" in x and "1002 <-" in x][0].lower(),
	      "our Contact names TCP")


def tcp_and_udp_mixed(t):
	t.start()
	alice, bob = t.phone("1001", transport="tcp"), t.phone("1002")
	t.hang_up(*t.connect(alice, bob))
	t.hang_up(*t.connect(bob, alice))


def tcp_baresip_call(t):
	t.start()
	alice, bob = t.baresip("1001", hz=440, transport="tcp"), t.baresip("1002", hz=660, transport="tcp")
	alice.dial("1002")
	bob.event("CALL_INCOMING")
	bob.command("accept")
	alice.event("CALL_ESTABLISHED")
	alice.hears(660)
	bob.hears(440)
	alice.command("hangup")
	t.no_calls()


def tcp_large_invite_in_pieces(t):
	"""An INVITE of 20 kB, in segments that break wherever they like."""
	t.start()
	alice, bob = t.phone("1001", transport="tcp"), t.phone("1002", transport="tcp")
	whole = alice.put_raw

	def pieces(raw, dest=None):
		t.net.note(f"{alice.name} ->\n{raw.decode()}")
		alice.sock.setblocking(True)
		for at in range(0, len(raw), 1777):
			alice.sock.sendall(raw[at:at + 1777])
			t.net.turn(0.002)
		alice.sock.setblocking(False)
	alice.put_raw = pieces
	rtp = t.rtp(440)
	body = describe(rtp) + "".join(f"a=x-filler:{i:04d} {'z' * 180}\r\n" for i in range(50))
	headers = [("X-Filler", "z" * 200)] * 50
	ca = alice.invite("1002", rtp=rtp, body=body, headers=headers)
	alice.put_raw = whole
	cb = bob.incoming(rtp=t.rtp(660))
	cb.answer(acked=False)
	ca.answered()
	cb.acked()
	t.hang_up(ca, cb)


def tcp_several_messages_in_one_segment(t):
	t.start()
	phone = t.phone("1001", transport="tcp")
	msgs = [phone.request("OPTIONS", "sip:acme.test") for _ in range(5)]
	phone.put_raw(b"".join(m.bytes() for m in msgs))
	seen = lambda: {x for x in msgs for line in t.net.trace if x.get("call-id") in line and "<-" in line}
	t.wait(lambda: len(seen()) == 5, "five answers")


def tcp_keep_alive_pong(t):
	"""RFC 5626 section 3.5.1: CRLF CRLF is answered CRLF."""
	t.start()
	phone = t.phone("1001", transport="tcp")
	phone.received_bytes = b""
	phone.put_raw(b"\r\n\r\n")
	t.wait(lambda: phone.received_bytes == b"\r\n", "a pong")
	phone.register()


@waits
def tcp_call_to_a_lost_connection_is_480(t):
	"""The way to the phone is gone with its connection; a new one brings it back."""
	t.start()
	alice, bob = t.phone("1001"), t.phone("1002", transport="tcp")
	bob.drop_connection()
	status = alice.invite("1002", rtp=t.rtp()).tx.final(40).status
	check(status in (408, 480, 503), f"refused: {status}")
	bob = t.phone("1002", transport="tcp")
	t.hang_up(*t.connect(alice, bob))


def udp_keep_alives_are_harmless(t):
	t.start()
	phone = t.phone("1001")
	for data in (b"\r\n\r\n", b"\0\0\0\0", b"", b"\r\n"):
		phone.sock.sendto(data, phone.server)
	phone.register()


def rport_and_received(t):
	"""RFC 3581: the answer goes to where the request came from, whatever Via says."""
	t.start()
	phone = t.phone("1001", register=False)
	real = phone.via
	phone.via = lambda: real().replace(f"127.0.0.1:{phone.port}", "10.9.8.7:5060")
	response = phone.register()
	via = response.get("via")
	check(f"rport={phone.port}" in via and "received=127.0.0.1" in via, f"Via: {via}")


def nat_contact_is_reached_where_it_registered(t):
	"""The Contact names an address of another network: calls go to the flow."""
	t.start()
	alice, bob = t.phone("1001"), t.phone("1002", register=False)
	bob.register(contact="<sip:1002@10.9.8.7:5060>")
	ca = alice.invite("1002", rtp=t.rtp())
	cb = bob.incoming()
	check("10.9.8.7" in cb.msg.uri, "the Request-URI is the Contact")
	cb.respond(486)
	ca.tx.expect(486)


if have_ipv6():
	def ipv6_call(t):
		t.start()
		alice, bob = t.pair(ip="::1")
		ca, cb = t.connect(alice, bob)
		check("c=IN IP6 ::1" in cb.remote_sdp and "c=IN IP6 ::1" in ca.remote_sdp, "audio over IPv6")
		t.hang_up(ca, cb)

	def ipv6_over_tcp(t):
		t.start()
		t.hang_up(*t.connect(*t.pair(ip="::1", transport="tcp")))

	def ipv4_calls_ipv6(t):
		t.start()
		alice, bob = t.phone("1001"), t.phone("1002", ip="::1")
		ca, cb = t.connect(alice, bob)
		check("IP6" not in ca.remote_sdp and "127.0.0.1" not in cb.remote_sdp, "each in its own family")
		t.hang_up(ca, cb)
		t.hang_up(*t.connect(bob, alice))


@waits
def tcp_connection_lost_in_a_call(t):
	"""The phone's connection breaks: the other side can hang up, and nothing of the call is left."""
	t.start()
	alice, bob = t.phone("1001"), t.phone("1002", transport="tcp")
	ca, cb = t.connect(alice, bob, talk=False)
	bob.drop_connection()
	ca.bye()
	t.no_calls(40)
	equal(len(t.daemon.cdrs()), 1, "records")


def tcp_idle_stranger_is_closed(t):
	"""limits.tcp_idle_s counts for who has said nothing; a registered phone stays."""
	t.start(limits_tcp_idle_s=5)
	stranger = t.phone("1002", register=False, transport="tcp")
	stranger.closed = False
	phone = t.phone("1001", transport="tcp")
	phone.closed = False
	t.wait(lambda: stranger.closed, "the stranger's connection to be closed", 12)
	check(not phone.closed, "the phone's connection was closed")
	phone.register()


def tcp_connections_of_one_address_are_limited(t):
	import socket
	t.start(limits_tcp_connections_per_ip=3, shards=1)
	conns = [socket.create_connection(t.daemon.address, 5) for _ in range(6)]
	closed = set()
	def turn():
		for i, c in enumerate(conns):
			c.setblocking(False)
			try:
				if c.recv(1) == b"":
					closed.add(i)
			except ConnectionError:
				closed.add(i)
			except OSError:
				pass
		return len(closed) >= 3
	t.wait(turn, "those beyond the limit to be closed")
	equal(len(closed), 3, "closed")
	for c in conns:
		c.close()


def phones_over_every_transport_ring_together(t):
	t.start(shards=3)
	alice = t.phone("1001")
	phones = [t.phone("1002", name="udp"), t.phone("1002", transport="tcp", name="tcp")]
	if have_ipv6():
		phones.append(t.phone("bob-desk", ip="::1", name="six"))
	ca = alice.invite("1002", rtp=t.rtp(440))
	calls = [p.incoming(rtp=t.rtp(660, ip=p.ip)) for p in phones]
	for call in calls:
		call.ring()
	last = calls.pop()
	last.answer(acked=False)
	ca.answered()
	last.acked()
	for call in calls:
		call.expect("CANCEL")
		call.respond(487)
	ca.talk()
	last.talk()
	ca.hears(660)
	last.hears(440)
	t.hang_up(ca, last)


@waits
def phone_that_vanished_does_not_hold_up_the_others(t):
	"""A binding whose phone is gone: the living one rings and answers; alone, the caller hears of it."""
	t.start()
	alice, gone, desk = t.phone("1001"), t.phone("1002"), t.phone("bob-desk")
	gone.close()
	t.hang_up(*t.connect(alice, desk, number="1002"))
	desk.register(contact="*", expires=0)
	status = alice.invite("1002", rtp=t.rtp()).tx.final(40).status
	check(status in (408, 480, 503), f"refused: {status}")


def many_shards(t):
	"""Calls between any two of them, in both directions."""
	t.start(shards=7, media_threads=3, rtp_sockets=2)
	phones = [t.phone(u) for u in ("1001", "1002", "1003")]
	for a in phones:
		for b in phones:
			if a is not b:
				t.hang_up(*t.connect(a, b))
	equal(len(t.daemon.cdrs(6)), 6, "records")
