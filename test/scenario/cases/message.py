# SPDX-License-Identifier: Apache-2.0
"""What is no call: MESSAGE, OPTIONS, INFO, and what is not served yet."""
from lib.net import check, equal

TEXT = [("Content-Type", "text/plain")]


def reaches_the_device(t):
	t.start()
	alice, bob = t.pair()
	tx = alice.transact(alice.request("MESSAGE", "sip:1002@acme.test", headers=TEXT, body="Grüße"))
	msg = bob.expect("MESSAGE")
	equal(msg.body.decode(), "Grüße", "the text")
	equal(msg.get("content-type"), "text/plain", "its type")
	check("1001@acme.test" in msg.get("from"), "from Alice")
	bob.reply(msg, 200)
	tx.expect(200)


def first_good_answer_of_two_phones(t):
	t.start()
	alice, mobile, desk = t.phone("1001"), t.phone("1002"), t.phone("bob-desk")
	tx = alice.transact(alice.request("MESSAGE", "sip:1002@acme.test", headers=TEXT, body="hello"))
	mobile.reply(mobile.expect("MESSAGE"), 500)
	desk.reply(desk.expect("MESSAGE"), 200)
	tx.expect(200)


def to_nobody(t):
	t.start()
	alice = t.phone("1001")
	for number, status in (("5555", 404), ("1002", 480)):
		tx = alice.transact(alice.request("MESSAGE", f"sip:{number}@acme.test", headers=TEXT, body="hello"))
		tx.expect(status)


def not_without_a_password(t):
	t.start()
	bob = t.phone("1002")
	stranger = t.phone("9999", register=False)
	msg = stranger.request("MESSAGE", "sip:1002@acme.test", headers=TEXT, body="spam")
	check(stranger.send(msg).final().status in (401, 407), "asked who it is")
	stranger.transact(msg).final()
	t.quiet(0.3, lambda: bob.has("MESSAGE"), "it arrived")


def options(t):
	"""Anybody may ask what we can do: it is how phones keep a NAT open."""
	t.start()
	alice = t.phone("1001")
	response = alice.transact(alice.request("OPTIONS", "sip:acme.test")).expect(200)
	allow = response.get("allow")
	check(all(m in allow for m in ("INVITE", "ACK", "BYE", "CANCEL", "UPDATE", "PRACK")), f"Allow: {allow}")


def options_in_a_call(t):
	t.start()
	ca, cb = t.connect(*t.pair(), talk=False)
	ca.request("OPTIONS").expect(200)
	t.hang_up(ca, cb)


def info_passes(t):
	"""DTMF as INFO goes through to the other side, and its answer back."""
	t.start()
	ca, cb = t.connect(*t.pair(), talk=False)
	tx = ca.request("INFO", body="Signal=5\r\nDuration=160\r\n", kind="application/dtmf-relay")
	msg = cb.expect("INFO")
	equal((msg.get("content-type"), msg.body), ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n"),
	      "the digit")
	tx.expect(200)
	t.hang_up(ca, cb)


def dtmf_passes_in_rtp(t):
	"""RFC 4733: all packets of the event, with marker and end."""
	t.start()
	ca, cb = t.connect(*t.pair())
	ca.rtp.hush()
	ca.rtp.digit(5)
	t.wait(lambda: len([p for p in cb.rtp.packets if p[2] == 101]) == 6, "six packets of the event")
	events = [p for p in cb.rtp.packets if p[2] == 101]
	equal([p[4][0] for p in events], [5] * 6, "digit")
	equal((events[0][5], [p[4][1] >> 7 for p in events]), (1, [0, 0, 0, 1, 1, 1]), "marker and end")
	t.hang_up(ca, cb)


def subscribe_is_489(t):
	t.start()
	alice = t.phone("1001")
	headers = [("Event", "presence"), ("Contact", f"<{alice.contact}>"), ("Expires", "600")]
	alice.transact(alice.request("SUBSCRIBE", "sip:1002@acme.test", headers=headers)).expect(489)


def publish_is_refused(t):
	t.start()
	alice = t.phone("1001")
	tx = alice.transact(alice.request("PUBLISH", "sip:1001@acme.test", headers=[("Event", "presence")]))
	check(tx.final().status in (405, 489, 501), f"refused: {tx.final().start}")


def refer_is_refused(t):
	t.start()
	ca, cb = t.connect(*t.pair(), talk=False)
	status = ca.request("REFER", [("Refer-To", "<sip:1003@acme.test>")]).final().status
	check(status in (405, 501, 603), f"refused: {status}")
	t.hang_up(ca, cb)


def unknown_method_is_501_or_405(t):
	t.start()
	alice = t.phone("1001")
	response = alice.transact(alice.request("DANCE", "sip:acme.test")).final()
	check(response.status in (405, 501), f"refused: {response.start}")


def unknown_extension_is_420(t):
	t.start()
	alice = t.phone("1001")
	headers = [("Require", "nothing-we-know")]
	response = alice.transact(alice.request("OPTIONS", "sip:acme.test", headers=headers)).expect(420)
	equal(response.get("unsupported"), "nothing-we-know", "Unsupported")


def stray_requests_in_no_dialog_are_481(t):
	t.start()
	alice = t.phone("1001")
	for method in ("BYE", "INFO", "UPDATE", "PRACK", "CANCEL"):
		msg = alice.request(method, "sip:1002@acme.test", to="<sip:1002@acme.test>;tag=nobody")
		alice.send(msg).expect(481)


def message_over_tcp_to_udp(t):
	t.start()
	alice, bob = t.phone("1001", transport="tcp"), t.phone("1002")
	tx = alice.transact(alice.request("MESSAGE", "sip:1002@acme.test", headers=TEXT, body="x" * 9000))
	msg = bob.expect("MESSAGE")
	equal(len(msg.body), 9000, "length")
	bob.reply(msg, 200)
	tx.expect(200)
