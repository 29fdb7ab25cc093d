# SPDX-License-Identifier: Apache-2.0
"""TCP and IPv6, alone and mixed with UDP and IPv4."""
from lib.net import check, equal, have_ipv6
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
