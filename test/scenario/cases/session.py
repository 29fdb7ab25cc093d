# SPDX-License-Identifier: Apache-2.0
"""Session timers (RFC 4028), reliable provisionals (RFC 3262), and phones that are gone."""
from lib.net import check, equal, waits
from lib.phone import describe
from lib.sip import tag_of

TIMER = [("Supported", "timer")]


@waits
def refresh_by_update_and_by_invite(t):
	"""At half of the interval (90 s is the shortest) we refresh each leg in the way that its phone can."""
	t.start(limits_session_expires_s=90)
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp(440))
	cb = bob.incoming(rtp=t.rtp(660))
	check("timer" in (cb.msg.get("supported") or ""), "we support it towards the callee")
	without = [("Contact", f"<{bob.contact}>"), ("Allow", "INVITE, ACK, BYE, CANCEL"),
	           ("Content-Type", "application/sdp")]
	bob.reply(cb.msg, 200, headers=without, body=describe(cb.rtp), to_tag=tag_of(cb.local))
	check(ca.answered().get("session-expires"), "the interval is told to a caller")
	cb.acked()
	ca.talk()
	cb.talk()
	update = ca.expect("UPDATE", 60)
	check(update.get("session-expires").startswith("90"), "Session-Expires")
	ca.accept(update, headers=[("Session-Expires", "90;refresher=uac")])
	again = cb.expect("INVITE", 60)
	cb.accept(again, describe(cb.rtp))
	ca.hears(660)
	cb.hears(440)
	t.hang_up(ca, cb)


def too_short_is_422(t):
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp(), headers=[("Session-Expires", "30")] + TIMER)
	equal(ca.tx.expect(422).get("min-se"), "90", "Min-SE")


def a_422_of_the_callee_raises_ours(t):
	t.start(limits_session_expires_s=120)
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp(440))
	cb = bob.incoming()
	cb.respond(422, headers=[("Min-SE", "300")], reason="Session Interval Too Small")
	cb = bob.incoming(rtp=t.rtp(660))
	check(int(cb.msg.get("session-expires").split(";")[0]) >= 300, "Session-Expires")
	cb.answer(acked=False)
	ca.answered()
	cb.acked()
	t.hang_up(ca, cb)


def the_phone_refreshes(t):
	"""A refresh by either method is answered by us, and does not trouble the other side."""
	t.start()
	alice, bob = t.pair()
	headers = [("Session-Expires", "90;refresher=uac")] + TIMER
	ca, cb = t.connect(alice, bob, headers=headers)
	response = ca.request("UPDATE", headers).expect(200)
	check(response.get("session-expires").startswith("90"), "Session-Expires")
	t.quiet(0.3, lambda: bob.has("UPDATE") or bob.has("INVITE"), "the other side was asked")
	t.hang_up(ca, cb)


@waits
def dead_phone_without_refresh_is_ended(t):
	"""The caller promised to refresh and is gone: ended when its time is nearly over."""
	t.start()
	alice, bob = t.pair()
	ca, cb = t.connect(alice, bob, headers=[("Session-Expires", "90;refresher=uac")] + TIMER, talk=False)
	alice.mute = True
	cb.ended(80)
	alice.mute = False
	equal(t.cdr()["ended_by"], "system", "ended by")


@waits
def dead_phone_without_audio_is_ended(t):
	"""No RTP, and no answer to our question: ended (rtp.silence_s, then 32 s of asking)."""
	t.start(rtp_silence_s=2)
	ca, cb = t.connect(*t.pair())
	ca.rtp.hush()
	ca.phone.mute = True
	cb.ended(50)
	ca.phone.mute = False
	equal(t.cdr()["ended_by"], "system", "ended by")


def silent_phone_that_answers_lives_on(t):
	"""No RTP, but it is there: asked, and left alone."""
	t.start(rtp_silence_s=1)
	ca, cb = t.connect(*t.pair())
	ca.rtp.hush()
	ca.expect("OPTIONS", 6)
	t.quiet(0.5, lambda: ca.phone.has("BYE") or cb.phone.has("BYE"), "the call was ended")
	t.hang_up(ca, cb)


def phone_that_forgot_the_call_is_ended(t):
	"""481 to our question: the dialog is gone (RFC 5057)."""
	t.start(rtp_silence_s=1)
	ca, cb = t.connect(*t.pair())
	ca.phone.automatic = ()
	ca.rtp.hush()
	ca.phone.reply(ca.expect("OPTIONS", 6), 481)
	cb.ended()
	t.no_calls()


def prack_wanted_by_the_caller_alone(t):
	"""Require: 100rel from the caller: it gets reliable provisionals, though the callee does not know them."""
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp(440), headers=[("Require", "100rel")])
	cb = bob.incoming(rtp=t.rtp(660))
	check("100rel" not in (cb.msg.get("require") or ""), "not required of the callee")
	cb.respond(183, describe(cb.rtp))
	response = ca.ringing(183)
	check("100rel" in (response.get("require") or ""), "Require: 100rel")
	_prack(ca, response)
	cb.answer(acked=False)
	ca.answered()
	cb.acked()
	ca.talk()
	cb.talk()
	ca.hears(660)
	cb.hears(440)
	t.hang_up(ca, cb)


def _prack(call, response):
	call.learn(response)
	rack = f"{response.get('rseq')} {response.get('cseq')}"
	call.request("PRACK", [("RAck", rack)]).expect(200)


def prack_wanted_by_the_callee_alone(t):
	"""The callee answers reliably: we PRACK it, and the caller sees none of it."""
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp(440))
	cb = bob.incoming(rtp=t.rtp(660))
	check("100rel" in (cb.msg.get("supported") or ""), "we support it towards the callee")
	response = cb.respond(183, describe(cb.rtp), [("Require", "100rel"), ("RSeq", "17")])
	equal(cb.expect("PRACK").get("rack"), f"17 {response.get('cseq')}", "RAck")
	check(ca.ringing(183).get("rseq") is None, "not reliable towards the caller")
	cb.answer(acked=False)
	ca.answered()
	cb.acked()
	t.hang_up(ca, cb)


def prack_that_never_comes(t):
	"""A reliable provisional is repeated until its PRACK."""
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp(440), headers=[("Require", "100rel")])
	cb = bob.incoming(rtp=t.rtp(660))
	cb.respond(183, describe(cb.rtp))
	ca.ringing(183)
	t.wait(lambda: len([r for r in ca.tx.responses if r.status == 183]) >= 3, "183 to be repeated")
	equal(len({r.get("rseq") for r in ca.tx.responses if r.status == 183}), 1, "one RSeq")
	ca.cancel().expect(200)
	ca.tx.expect(487)
	cb.expect("CANCEL")
	cb.respond(487)


def prack_on_both_sides(t):
	"""Each side is reliable on its own: our RSeq to the caller, the callee's to us."""
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp(440), headers=[("Supported", "100rel")])
	cb = bob.incoming(rtp=t.rtp(660))
	first = cb.respond(180, headers=[("Require", "100rel"), ("RSeq", "5")])
	equal(cb.expect("PRACK").get("rack"), f"5 {first.get('cseq')}", "RAck")
	response = ca.ringing(180)
	if response.get("rseq"):
		_prack(ca, response)
	second = cb.respond(183, describe(cb.rtp), [("Require", "100rel"), ("RSeq", "6")])
	equal(cb.expect("PRACK").get("rack"), f"6 {second.get('cseq')}", "RAck")
	response = ca.ringing(183)
	if response.get("rseq"):
		_prack(ca, response)
	cb.answer(acked=False)
	ca.answered()
	cb.acked()
	ca.talk()
	cb.talk()
	ca.hears(660)
	cb.hears(440)
	t.hang_up(ca, cb)


def stray_prack_is_481(t):
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp(440))
	cb = bob.incoming()
	cb.ring()
	ca.learn(ca.ringing())
	ca.request("PRACK", [("RAck", "77 1 INVITE")]).expect(481)
	cb.respond(486)
	ca.tx.expect(486)
