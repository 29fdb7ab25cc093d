# SPDX-License-Identifier: Apache-2.0
"""Nothing of one side's network shows on the other, and nobody is called by a name that is not his."""
import re

from lib.net import check, equal
from lib.phone import describe
from lib.sip import user_of


def _wire(t, phone):
	return "\n".join(x for x in t.net.trace if f" {phone.name} <-\n" in x)


def topology_is_hidden(t):
	"""Whatever a side says of itself in headers and descriptions does not arrive at the other."""
	t.start()
	alice, bob = t.phone("1001", ip="127.0.0.2"), t.phone("1002", ip="127.0.0.3")
	secret = [("X-Secret", "of-{}"), ("User-Agent", "agent-of-{}"), ("Subject", "subject-of-{}"),
	          ("Record-Route", "<sip:proxy-of-{}.test;lr>"), ("P-Asserted-Identity", "<sip:pai-of-{}@x.test>"),
	          ("Via", "SIP/2.0/UDP via-of-{}.test;branch=z9hG4bKinner")]
	of = lambda who: [(k, v.format(who)) for k, v in secret]
	inner = of("alice")
	via = [("Via", alice.via()), inner.pop()]
	ca = alice.invite("1002", headers=via + inner, rtp=t.rtp(ip="127.0.0.2"))
	cb = bob.incoming(rtp=t.rtp(660, ip="127.0.0.3"))
	body = describe(cb.rtp).replace("s=-", "s=session-of-bob").replace("o=phone", "o=owner-of-bob")
	cb.respond(180, headers=of("bob")[:4])
	ca.ringing()
	cb.respond(200, body, of("bob")[:4])
	ca.answered()
	cb.acked()
	ca.request("INFO", [("X-Secret", "of-alice")], b"Signal=1\r\n", "application/dtmf-relay").expect(200)
	tx = cb.request("INVITE", body=body.replace("sendrecv", "sendonly").replace("4711 1", "4711 2"))
	ca.accept(ca.expect("INVITE"), describe(ca.rtp, direction="recvonly", version=2))
	tx.expect(200)
	cb.ack(tx)
	t.hang_up(ca, cb)
	for phone, words in ((bob, ("-of-alice", "127.0.0.2", ca.call_id, str(alice.port))),
	                     (alice, ("-of-bob", "127.0.0.3", cb.call_id, str(bob.port)))):
		seen = _wire(t, phone)
		# Our own answers repeat a phone's own lines: look only at what began at the other.
		for word in words:
			for line in seen.splitlines():
				check(not re.search(rf"(?<![\d.]){re.escape(word)}(?!\d)", line), f"{phone.name} was told: {line}")


def from_is_the_devices_own(t):
	"""Claimed to be somebody else: arrives as who it is."""
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp(), from_uri="sip:1003@acme.test",
	                  headers=[("P-Asserted-Identity", '"The Boss" <sip:1003@acme.test>'),
	                           ("P-Preferred-Identity", "<sip:1003@acme.test>"),
	                           ("Remote-Party-ID", "<sip:1003@acme.test>;party=calling")])
	cb = bob.incoming()
	equal(user_of(cb.msg.get("from")), "1001", "From")
	check('"Alice"' in cb.msg.get("from") or "Alice" in cb.msg.get("from"), "the name of the device's user")
	check("1003" not in cb.msg.text() and "Boss" not in cb.msg.text(), "the claim is gone")
	cb.respond(486)
	ca.tx.expect(486)
	equal(t.cdr()["from"], "1001", "record")


def from_of_a_message_is_the_devices_own(t):
	t.start()
	alice, bob = t.pair()
	tx = alice.transact(alice.request("MESSAGE", "sip:1002@acme.test", from_uri="sip:1003@acme.test",
	                                  headers=[("Content-Type", "text/plain")], body="hello"))
	msg = bob.expect("MESSAGE")
	equal(user_of(msg.get("from")), "1001", "From")
	bob.reply(msg, 200)
	tx.expect(200)


def calls_need_a_password(t):
	t.start()
	bob = t.phone("1002")
	stranger = t.phone("1001", register=False, password="guess")
	tx = stranger.invite("1002", rtp=t.rtp()).tx
	equal(tx.final().status, 407, "asked again")
	check(not bob.has("INVITE"), "it rang")


def dialogs_of_others_cannot_be_ended(t):
	"""A BYE with a guessed Call-ID but not the tags is none of ours."""
	t.start()
	ca, cb = t.connect(*t.pair())
	evil = t.phone("1003")
	msg = evil.request("BYE", ca.target, to="<sip:1002@acme.test>;tag=guess", call_id=ca.call_id)
	evil.send(msg).expect(481)
	ca.rtp.forget()
	ca.hears(660)
	t.hang_up(ca, cb)
