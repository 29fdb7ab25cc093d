# SPDX-License-Identifier: Apache-2.0
"""Habits of phones in the field that are odd and yet have to work."""
from lib.net import check, equal, waits
from lib.phone import describe
from lib.sip import Msg


def everything_by_address(t):
	"""A phone that was given nothing but our address and port uses them in every URI."""
	t.start()
	where = f"127.0.0.1:{t.daemon.port}"
	alice, bob = t.phone("1001", domain=where), t.phone("1002", domain=where)
	t.hang_up(*t.connect(alice, bob))
	echo = alice.invite("*43", rtp=t.rtp(523))
	echo.answered()
	echo.talk()
	echo.hears(523)
	echo.bye()


def escaped_star_and_user_parameters(t):
	"""%2A43 is *43; user=phone and other parameters mean nothing."""
	t.start()
	alice = t.phone("1001")
	for uri in ("sip:%2A43@acme.test", "sip:*43@acme.test;user=phone"):
		call = alice.invite("", rtp=t.rtp(), uri=uri)
		call.answered()
		call.bye()


def compact_headers_and_odd_case(t):
	t.start()
	alice, bob = t.pair()
	real = alice.put_raw
	short = {"Via": "v", "From": "f", "To": "t", "Call-ID": "i", "Contact": "m", "Content-Length": "l",
	         "Content-Type": "c", "Max-Forwards": "MAX-FORWARDS", "CSeq": "cseq"}

	def compact(raw, dest=None):
		msg = Msg.parse(raw)
		real(Msg(msg.start, [(short.get(k, k), v) for k, v in msg.headers], msg.body).bytes(), dest)
	alice.put_raw = compact
	t.hang_up(*t.connect(alice, bob))


def credentials_sent_before_they_are_asked_for(t):
	"""The nonce of the registration in the first INVITE."""
	t.start()
	alice, bob = t.pair()
	alice.digest.challenge["realm"] = "acme.test"
	msg = alice.request("INVITE", "sip:1002@acme.test", body=describe(t.rtp()), headers=[
		("Contact", f"<{alice.contact}>"), ("Content-Type", "application/sdp")])
	tx = alice.send(alice.authorized(msg))
	t.wait(lambda: [r for r in tx.responses if r.status > 100] or bob.has("INVITE"), "a word")
	if tx.final_now:  # asked again, for a nonce belongs to the shard that made it
		equal(tx.final_now.status, 407, "asked again")
		check(alice.digest.take(tx.final_now), "a challenge")
		check("stale=true" in tx.final_now.get("proxy-authenticate").lower(), "without asking its user")
		tx = alice.send(alice.authorized(tx.msg))
	call = bob.incoming()
	call.respond(486)
	tx.expect(486)


def answer_without_to_tag_change_after_183(t):
	"""Another To tag in the 200 than in the 183: a forking proxy behind the phone's address."""
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp(440))
	cb = bob.incoming(rtp=t.rtp(660))
	cb.respond(183, describe(cb.rtp))
	ca.ringing(183)
	cb.local = cb.local.split(";tag=")[0] + ";tag=another"
	cb.answer(acked=False)
	ca.answered()
	cb.acked()
	ca.talk()
	cb.talk()
	ca.hears(660)
	cb.hears(440)
	t.hang_up(ca, cb)


def redirect_is_not_followed_blindly(t):
	"""302 of a phone: its Contact never shows to the caller, who hears that nobody is there."""
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp())
	cb = bob.incoming()
	bob.reply(cb.msg, 302, headers=[("Contact", "<sip:9@192.0.2.99>")])
	response = ca.tx.final()
	check(response.status >= 400, f"a refusal: {response.start}")
	check("192.0.2.99" not in response.text(), "the phone's Contact shows")


def lost_ack_is_waited_for(t):
	"""The first ACK is lost: the 200 is repeated, and the call stands."""
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp(440))
	cb = bob.incoming(rtp=t.rtp(660))
	cb.answer()
	ca.learn(ca.tx.expect(200))
	count = lambda: sum("1001 <-\nSIP/2.0 200" in x and "INVITE" in x for x in t.net.trace)
	t.wait(lambda: count() >= 2, "the 200 again")
	ca.ack(ca.tx)
	before = count()
	t.quiet(1.5, lambda: count() > before + 1, "the 200 is still repeated")
	t.hang_up(ca, cb)


def bye_in_the_early_dialog(t):
	"""RFC 3261 section 15: a caller may end an early dialog with BYE."""
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp())
	cb = bob.incoming()
	cb.ring()
	ca.learn(ca.ringing())
	ca.bye()
	cb.expect("CANCEL")
	cb.respond(487)
	ca.tx.expect(487)


def update_before_the_answer(t):
	"""An offer by UPDATE while it rings (RFC 3311) is answered or refused, and the call goes on."""
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp(440))
	cb = bob.incoming(rtp=t.rtp(660))
	cb.ring()
	ca.learn(ca.ringing())
	tx = ca.request("UPDATE", body=describe(ca.rtp, version=2))
	check(tx.final().status in (200, 491, 500, 504), f"answered: {tx.final().start}")
	cb.answer(acked=False)
	ca.answered()
	cb.acked()
	t.hang_up(ca, cb)


def invite_again_while_it_rings(t):
	"""A second INVITE of the dialog before the first is answered: 500 with Retry-After, or 491."""
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp(440))
	cb = bob.incoming(rtp=t.rtp(660))
	cb.ring()
	ca.learn(ca.ringing())
	check(ca.request("INVITE", body=describe(ca.rtp, version=2)).final().status in (491, 500), "refused")
	cb.answer(acked=False)
	ca.answered()
	cb.acked()
	t.hang_up(ca, cb)


def old_cseq_in_the_dialog_is_500(t):
	"""RFC 3261 section 12.2.2."""
	t.start()
	ca, cb = t.connect(*t.pair(), talk=False)
	ca.request("INFO", body=b"Signal=1\r\n", kind="application/dtmf-relay").expect(200)
	ca.cseq -= 2
	ca.request("INFO", body=b"Signal=1\r\n", kind="application/dtmf-relay").expect(500)
	ca.cseq += 5
	t.hang_up(ca, cb)


@waits
def nonce_that_is_too_old(t):
	"""After limits.nonce_age_s the right password gets stale=true and a new nonce."""
	t.start(limits_nonce_age_s=10)
	phone = t.phone("1001")
	t.quiet(11.5, lambda: False, "")
	msg = phone.request("REGISTER", "sip:acme.test", to="<sip:1001@acme.test>",
	                    headers=[("Contact", f"<{phone.contact}>")])
	response = phone.send(phone.authorized(msg)).expect(401)
	check("stale=true" in response.get("www-authenticate").lower(), "stale")
	phone.register()


def binding_runs_out(t):
	"""A phone that does not come back is not called any more."""
	t.start(limits_expiry_min_s=1)
	bob = t.phone("1002", register=False)
	bob.register(expires=2)
	t.wait(lambda: t.daemon.ask("registrations") == [], "the binding to run out", 5)
	t.phone("1001").invite("1002", rtp=t.rtp()).tx.expect(480)


def calling_oneself_and_ones_own_extension(t):
	"""A desk phone calls the extension that it rings for itself: no crash, and it can be ended."""
	t.start()
	mobile, desk = t.phone("1002"), t.phone("bob-desk")
	ca = desk.invite("1002", rtp=t.rtp(440))
	cb = mobile.incoming(rtp=t.rtp(660))
	cb.answer(acked=False)
	ca.answered()
	cb.acked()
	t.hang_up(ca, cb)


def rtcp_mux(t):
	"""RTCP on the RTP port, when both have said so (RFC 5761)."""
	t.start()
	alice, bob = t.pair()
	rtp = t.rtp(440)
	ca = alice.invite("1002", rtp=rtp, body=describe(rtp) + "a=rtcp-mux\r\n")
	cb = bob.incoming(rtp=t.rtp(660))
	cb.answer(acked=False)
	ca.answered()
	cb.acked()
	check("a=rtcp-mux" in ca.remote_sdp, "accepted")
	ca.talk()
	cb.talk()
	ca.hears(660)
	real, ca.rtp.rtcp = ca.rtp.rtcp, ca.rtp.sock
	ca.rtp.sender_report(lost=5, about=ca.rtp.packets[-1][3], remote=(ca.media[0], ca.media[1] - 1))
	ca.rtp.rtcp = real
	t.quiet(0.3, lambda: False, "")
	equal(t.hang_up(ca, cb)["legs"][0]["media"].get("peer_lost"), 5, "its report")


def twenty_calls_at_once(t):
	"""All from and to the same two phones; each hears its own tone."""
	t.start()
	alice, bob = t.pair()
	calls = []
	for i in range(20):
		ca = alice.invite("1002", rtp=t.rtp(400 + 60 * i))
		cb = bob.incoming(rtp=t.rtp(430 + 60 * i))
		cb.answer(acked=False)
		ca.answered()
		cb.acked()
		calls.append((ca, cb))
	for i in range(0, 20, 5):
		ca, cb = calls[i]
		ca.talk()
		cb.talk()
	for i in range(0, 20, 5):
		calls[i][0].hears(430 + 60 * i)
		calls[i][1].hears(400 + 60 * i)
	equal(len(t.daemon.ask("calls")), 20, "calls")
	for ca, cb in calls:
		ca.bye()
		cb.ended()
	equal(len(t.daemon.cdrs(20)), 20, "records")
