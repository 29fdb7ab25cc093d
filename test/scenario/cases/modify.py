# SPDX-License-Identifier: Apache-2.0
"""Offers within a call: hold in each style, another codec, another address, and glare."""
from lib.net import check, equal
from lib.phone import describe
from lib.sip import sdp_direction, sdp_formats

# What the held side may be told: that it is to send nothing it would be heard with.
HELD = {"sendonly": ("sendonly", "inactive"), "inactive": ("inactive",)}


def _answer_to(direction):
	return {"sendonly": "recvonly", "inactive": "inactive", "recvonly": "sendonly"}.get(direction, "sendrecv")


def _offer(t, ca, cb, body, method="INVITE", direction=None):
	"""
	`ca` offers. When it changes something for `cb`, cb is asked, and answers in kind or with
	`direction`. Returns what cb was asked, or None.
	"""
	tx = ca.request(method, body=body)
	asked = None

	def step():
		nonlocal asked
		for m in [m for m in cb.phone.inbox if m.method in ("INVITE", "UPDATE")]:
			cb.phone.inbox.remove(m)
			asked, cb.remote_sdp = m, m.sdp
			formats = [f for f in sdp_formats(m.sdp) if f in (0, 8, 101)]
			cb.accept(m, describe(cb.rtp, formats, direction or _answer_to(sdp_direction(m.sdp)), version=2))
		return tx.final_now
	t.wait(step, "an answer to the offer")
	response = tx.expect(200)
	ca.learn_answer(response)
	if method == "INVITE":
		ca.ack(tx)
	return asked


def _hold(t, method, direction, connection=None):
	t.start()
	ca, cb = t.connect(*t.pair())
	asked = _offer(t, ca, cb, describe(ca.rtp, direction=direction, connection=connection, version=2), method)
	told = sdp_direction(asked.sdp)
	check(told in ("sendonly", "inactive"), f"the held side is told {told}")
	ca.rtp.hush()
	t.quiet(0.3, lambda: False, "")
	ca.rtp.forget()
	if told == "inactive":
		t.quiet(0.4, lambda: ca.rtp.packets, "the holding side still gets audio")
	_offer(t, ca, cb, describe(ca.rtp, version=3), method)
	ca.talk()
	cb.talk()
	cb.rtp.forget()
	ca.hears(660)
	cb.hears(440)
	t.hang_up(ca, cb)


def hold_sendonly_by_invite(t):
	_hold(t, "INVITE", "sendonly")


def hold_inactive_by_invite(t):
	_hold(t, "INVITE", "inactive")


def hold_zero_address_by_invite(t):
	"""The old style of RFC 2543: c=0.0.0.0."""
	_hold(t, "INVITE", "sendrecv", connection="0.0.0.0")


def hold_sendonly_by_update(t):
	_hold(t, "UPDATE", "sendonly")


def hold_inactive_by_update(t):
	_hold(t, "UPDATE", "inactive")


def hold_by_the_callee(t):
	t.start()
	ca, cb = t.connect(*t.pair())
	asked = _offer(t, cb, ca, describe(cb.rtp, direction="sendonly", version=2))
	equal(sdp_direction(asked.sdp), "sendonly", "the caller is told")
	_offer(t, cb, ca, describe(cb.rtp, version=3))
	t.hang_up(ca, cb)


def hold_from_both_sides(t):
	"""Each holds on its own; only when both have resumed do they hear each other."""
	t.start()
	ca, cb = t.connect(*t.pair())
	_offer(t, ca, cb, describe(ca.rtp, direction="sendonly", version=2))
	_offer(t, cb, ca, describe(cb.rtp, direction="inactive", version=3))
	_offer(t, ca, cb, describe(ca.rtp, direction="sendrecv", version=3), direction="inactive")
	equal(sdp_direction(ca.remote_sdp), "inactive", "the callee still holds")
	_offer(t, cb, ca, describe(cb.rtp, direction="sendrecv", version=4))
	ca.rtp.forget()
	cb.rtp.forget()
	ca.hears(660)
	cb.hears(440)
	t.hang_up(ca, cb)


def codec_change(t):
	t.start()
	ca, cb = t.connect(*t.pair())
	asked = _offer(t, ca, cb, describe(ca.rtp, formats=(8,), version=2))
	check(8 in sdp_formats(asked.sdp), "PCMA is offered on")
	ca.rtp.payload = cb.rtp.payload = 8
	cb.rtp.forget()
	ca.rtp.forget()
	cb.hears(440)
	ca.hears(660)
	equal({p[2] for p in cb.rtp.packets[-5:]}, {8}, "payload type")
	cdr = t.hang_up(ca, cb)
	check(all("PCMA" in leg["codec"].upper() for leg in cdr["legs"]), "codec in the record")


def address_change(t):
	"""The phone moves its audio to another port: there it is heard and hears, and not at the old one."""
	t.start()
	ca, cb = t.connect(*t.pair())
	old = ca.rtp
	old.hush()
	ca.rtp = t.rtp(880)
	_offer(t, ca, cb, describe(ca.rtp, version=2))
	ca.talk()
	cb.hears(880)
	ca.hears(660)
	old.forget()
	t.quiet(0.3, lambda: old.packets, "the old port still gets audio")
	t.hang_up(ca, cb)


def offer_refused(t):
	"""488 to a change: the call goes on as it was (RFC 3261 section 14.2)."""
	t.start()
	ca, cb = t.connect(*t.pair())
	tx = ca.request("INVITE", body=describe(ca.rtp, formats=(8,), version=2))
	cb.phone.reply(cb.expect("INVITE"), 488)
	tx.expect(488)
	cb.rtp.forget()
	cb.hears(440)
	t.hang_up(ca, cb)


def offer_in_the_answer(t):
	"""A re-INVITE without a description asks us for an offer."""
	t.start()
	ca, cb = t.connect(*t.pair())
	tx = ca.request("INVITE")
	def step():
		for m in list(cb.phone.inbox):
			if m.method == "INVITE":
				cb.phone.inbox.remove(m)
				cb.accept(m, describe(cb.rtp, version=2))
		return tx.final_now
	t.wait(step, "an answer")
	response = tx.expect(200)
	check(response.body, "an offer in the 200")
	ca.remote_sdp = response.sdp
	ca.ack(tx, describe(ca.rtp, version=2))
	ca.rtp.forget()
	cb.rtp.forget()
	ca.hears(660)
	cb.hears(440)
	t.hang_up(ca, cb)


def glare_is_491(t):
	"""Both offer at once: at least one gets 491, and a later try succeeds."""
	t.start()
	ca, cb = t.connect(*t.pair())
	a = ca.request("INVITE", body=describe(ca.rtp, formats=(8, 101), version=2))
	b = cb.request("INVITE", body=describe(cb.rtp, formats=(8, 101), version=2))
	calls = {ca: a, cb: b}
	def step():
		for call, tx in calls.items():
			for m in list(call.phone.inbox):
				if m.method == "INVITE":
					call.phone.inbox.remove(m)
					if tx.final_now:
						call.accept(m, describe(call.rtp, formats=(8, 101), version=3))
					else:
						call.phone.reply(m, 491)
		return a.final_now and b.final_now
	t.wait(step, "both answers")
	check(491 in (a.final_now.status, b.final_now.status), "491 for one of them")
	for call, tx in calls.items():
		if tx.final_now.status == 200:
			call.ack(tx)
	_offer(t, ca, cb, describe(ca.rtp, version=4))
	t.hang_up(ca, cb)


def offer_while_one_is_open_is_refused(t):
	"""A second offer of the same side before the first is answered: 491 or 500 (RFC 3261 section 14.2)."""
	t.start()
	ca, cb = t.connect(*t.pair())
	first = ca.request("INVITE", body=describe(ca.rtp, formats=(8, 101), version=2))
	asked = cb.expect("INVITE")
	second = ca.request("UPDATE", body=describe(ca.rtp, version=3))
	check(second.final().status in (491, 500), "the second is refused")
	cb.accept(asked, describe(cb.rtp, formats=(8, 101), version=2))
	ca.learn_answer(first.expect(200))
	ca.ack(first)
	t.hang_up(ca, cb)


def payload_types_of_each_side_are_kept(t):
	"""The callee answers DTMF with a number of its own: each side gets the number that it has named."""
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp(440))
	cb = bob.incoming(rtp=t.rtp(660))
	mine = describe(cb.rtp, formats=(0, 101)).replace("101", "97")
	cb.respond(200, mine)
	ca.answered()
	cb.acked()
	ca.talk()
	cb.talk()
	ca.hears(660)
	cb.hears(440)
	to_bob = [f for f in sdp_formats(ca.remote_sdp) if f >= 96]
	for rtp, pt, other, want in ((ca.rtp, to_bob[0], cb.rtp, 97), (cb.rtp, 101, ca.rtp, 101)):
		rtp.hush()
		rtp.digit(3, pt=pt)
		t.wait(lambda: len([p for p in other.packets if p[2] not in (0, 8)]) >= 6, "the digit", 3)
		equal({p[2] for p in other.packets if p[2] not in (0, 8)}, {want}, "payload type")
	t.hang_up(ca, cb)


def many_changes_in_a_row(t):
	"""Hold and resume twenty times, from either side and by either method."""
	t.start()
	ca, cb = t.connect(*t.pair())
	for i in range(20):
		a, b = (ca, cb) if i % 2 else (cb, ca)
		method = "UPDATE" if i % 4 < 2 else "INVITE"
		_offer(t, a, b, describe(a.rtp, direction="sendonly", version=10 + 2 * i), method)
		_offer(t, a, b, describe(a.rtp, version=11 + 2 * i), method)
	ca.rtp.forget()
	cb.rtp.forget()
	ca.hears(660)
	cb.hears(440)
	t.hang_up(ca, cb)
