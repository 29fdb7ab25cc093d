# SPDX-License-Identifier: Apache-2.0
"""Several phones of one person ring at once."""
from lib.net import check, equal
from lib.phone import describe
from lib.sip import tag_of

ELSEWHERE = "Call completed elsewhere"


def _cast(t):
	t.start()
	return t.phone("1001"), t.phone("1002"), t.phone("bob-desk")


def _ringing(t, alice, *phones):
	ca = alice.invite("1002", rtp=t.rtp(440))
	calls = [p.incoming(rtp=t.rtp(660 + 100 * i)) for i, p in enumerate(phones)]
	for call in calls:
		call.ring()
	ca.ringing()
	return [ca] + calls


def first_answers_other_is_cancelled(t):
	alice, mobile, desk = _cast(t)
	ca, cm, cd = _ringing(t, alice, mobile, desk)
	cd.answer(acked=False)
	ca.answered()
	cd.acked()
	reason = cm.expect("CANCEL").get("reason") or ""
	check(ELSEWHERE in reason and "cause=200" in reason, f"Reason: {reason}")
	cm.respond(487)
	cm.acked()
	ca.talk()
	cd.talk()
	ca.hears(760)
	cd.hears(440)
	cdr = t.hang_up(ca, cd)
	equal(len(cdr["legs"]), 3, "legs")
	equal(cdr["answered_by"], "1002", "answered by")


def both_answer_at_once(t):
	"""One is taken; the other is acknowledged and ended."""
	alice, mobile, desk = _cast(t)
	ca, cm, cd = _ringing(t, alice, mobile, desk)
	cm.respond(200, describe(cm.rtp))
	cd.respond(200, describe(cd.rtp))
	ca.answered()
	cm.acked()
	cd.acked()
	t.wait(lambda: mobile.has("BYE") or desk.has("BYE"), "BYE for one")
	t.quiet(0.3, lambda: mobile.has("BYE") and desk.has("BYE"), "BYE for both")
	winner = desk if mobile.has("BYE") else mobile
	ca.bye()
	winner.expect("BYE")


def busy_at_one_rings_on(t):
	alice, mobile, desk = _cast(t)
	ca, cm, cd = _ringing(t, alice, mobile, desk)
	cm.respond(486)
	cm.acked()
	t.quiet(0.3, lambda: ca.tx.final_now, "the caller was told too early")
	cd.answer(acked=False)
	ca.answered()
	cd.acked()
	t.hang_up(ca, cd)


def busy_at_all_is_486(t):
	alice, mobile, desk = _cast(t)
	ca, cm, cd = _ringing(t, alice, mobile, desk)
	cm.respond(486)
	cd.respond(480)
	ca.tx.expect(486)


def decline_at_one_ends_all(t):
	"""603 is for every branch (RFC 3261 section 16.7 step 5)."""
	alice, mobile, desk = _cast(t)
	ca, cm, cd = _ringing(t, alice, mobile, desk)
	cm.respond(603)
	cd.expect("CANCEL")
	cd.respond(487)
	ca.tx.expect(603)


def caller_gives_up_both_are_cancelled(t):
	alice, mobile, desk = _cast(t)
	ca, cm, cd = _ringing(t, alice, mobile, desk)
	ca.cancel().expect(200)
	ca.tx.expect(487)
	for call in (cm, cd):
		call.expect("CANCEL")
		call.respond(487)


def two_contacts_of_one_device(t):
	"""The same account on two phones is two branches."""
	t.start()
	alice, first, second = t.phone("1001"), t.phone("1002", name="first"), t.phone("1002", name="second")
	ca, c1, c2 = _ringing(t, alice, first, second)
	c2.answer(acked=False)
	ca.answered()
	c2.acked()
	c1.expect("CANCEL")
	c1.respond(487)
	t.hang_up(ca, c2)


def early_media_of_two_phones(t):
	"""Both send 183 with audio: the caller has a description that is kept to, and the winner is heard."""
	alice, mobile, desk = _cast(t)
	ca = alice.invite("1002", rtp=t.rtp(440))
	cm, cd = mobile.incoming(rtp=t.rtp(660)), desk.incoming(rtp=t.rtp(760))
	for call in (cm, cd):
		call.respond(183, describe(call.rtp))
		call.talk()
	early = ca.ringing(183)
	ca.rtp.talk(ca.media)
	cd.answer(acked=False)
	response = ca.answered()
	cd.acked()
	if tag_of(early.get("to")) == tag_of(response.get("to")):
		equal(response.sdp.split("m=")[1].split()[1], early.sdp.split("m=")[1].split()[1], "port")
	cm.expect("CANCEL")
	cm.respond(487)
	cm.rtp.hush()
	ca.talk()
	ca.hears(760)
	cd.hears(440)
	t.hang_up(ca, cd)
