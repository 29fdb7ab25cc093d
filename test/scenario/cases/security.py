# SPDX-License-Identifier: Apache-2.0
"""RTP bleeding and injection: who is not the phone hears nothing and is not heard."""
from lib.net import check, equal
from lib.phone import describe
from lib.rtp import Rtp


def _attack(t, ip, before):
	"""An attacker at `ip` sends to the caller's port of the relay, before or after the phone does."""
	t.start()
	alice, bob = t.pair()
	ca, cb = t.connect(alice, bob, talk=False)
	evil = t.rtp(1500, ip=ip)
	evil.ssrc = 666
	cb.talk()
	if before:
		evil.talk(ca.media)
		t.quiet(0.5, lambda: evil.packets, "the attacker hears the call")
		ca.talk()
	else:
		ca.talk()
		cb.hears(440)
		evil.talk(ca.media)
	t.quiet(0.6, lambda: evil.packets, "the attacker hears the call")
	ca.rtp.forget()
	ca.hears(660)
	cb.hears(440)
	check(all(p[3] != 666 for p in cb.rtp.packets), "the attacker is heard")
	check(not cb.rtp.ever_hears(1500), "the attacker's tone is heard")
	cdr = t.hang_up(ca, cb)
	check(cdr["legs"][0]["media"]["rx_refused"] > 0, "refused packets are counted")


def other_port_before_the_phone(t):
	_attack(t, "127.0.0.1", True)


def other_port_after_the_phone(t):
	_attack(t, "127.0.0.1", False)


def other_address_before_the_phone(t):
	_attack(t, "127.0.0.2", True)


def other_address_after_the_phone(t):
	_attack(t, "127.0.0.2", False)


def attack_while_the_caller_is_silent(t):
	"""The phone only listens: an attacker who sends first gets nothing, and the phone hears on."""
	t.start()
	ca, cb = t.connect(*t.pair(), talk=False)
	cb.talk()
	ca.hears(660)
	evil = t.rtp(1500)
	evil.talk(ca.media)
	t.quiet(0.6, lambda: evil.packets, "the attacker hears the call")
	check(not cb.rtp.ever_hears(1500), "the attacker is heard")
	ca.rtp.forget()
	ca.hears(660)
	t.hang_up(ca, cb)


def rtcp_of_a_stranger_is_ignored(t):
	t.start()
	ca, cb = t.connect(*t.pair())
	evil = t.rtp(1500, ip="127.0.0.2")
	evil.sender_report(lost=77, about=ca.rtp.packets[-1][3], remote=ca.media)
	t.quiet(0.4, lambda: evil.reports, "the attacker gets reports")
	cdr = t.hang_up(ca, cb)
	check(cdr["legs"][0]["media"].get("peer_lost") != 77, "the attacker's report counts")


def nat_phone_is_heard(t):
	"""The description names an address of the phone's own network; its audio comes from where its SIP does."""
	t.start()
	alice, bob = t.pair()
	rtp = t.rtp(440)
	ca = alice.invite("1002", rtp=rtp, body=describe(rtp, ip="10.1.2.3", port=4000))
	cb = bob.incoming(rtp=t.rtp(660))
	cb.answer(acked=False)
	ca.answered()
	cb.acked()
	ca.talk()
	cb.talk()
	ca.hears(660)
	cb.hears(440)
	cdr = t.hang_up(ca, cb)
	equal(cdr["legs"][0]["media"]["heard"], f"127.0.0.1:{rtp.port}", "where it was heard from")


def nat_phone_is_not_taken_over(t):
	"""Once it is heard its source is locked; and nobody from another address is it."""
	t.start()
	alice, bob = t.pair()
	rtp = t.rtp(440)
	ca = alice.invite("1002", rtp=rtp, body=describe(rtp, ip="10.1.2.3", port=4000))
	cb = bob.incoming(rtp=t.rtp(660))
	cb.answer(acked=False)
	ca.answered()
	cb.acked()
	cb.talk()
	elsewhere = t.rtp(1500, ip="127.0.0.2")
	elsewhere.talk(ca.media)
	t.quiet(0.5, lambda: elsewhere.packets, "another address hears the call")
	ca.talk()
	ca.hears(660)
	late = t.rtp(1800)
	late.talk(ca.media)
	t.quiet(0.5, lambda: late.packets or elsewhere.packets, "a late one hears the call")
	check(not cb.rtp.ever_hears(1500) and not cb.rtp.ever_hears(1800), "somebody else is heard")
	t.hang_up(ca, cb)


def ports_are_closed_after_the_call(t):
	"""What is sent to a call's port after its end goes nowhere."""
	t.start()
	alice, bob = t.pair()
	first = t.connect(alice, bob)
	where = first[0].media
	t.hang_up(*first)
	second = t.connect(alice, bob)
	stale = t.rtp(1500)
	stale.talk(where)
	t.quiet(0.5, lambda: stale.packets, "a stranger hears the next call")
	check(not second[1].rtp.ever_hears(1500), "a stranger is heard in the next call")
	t.hang_up(*second)
