# SPDX-License-Identifier: Apache-2.0
"""Calls between two phones: answered, refused, given up, ended from either side."""
import re

from lib.net import check, equal, waits
from lib.phone import describe

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


def _check_record(cdr):
	"""Of an answered call from 1001 to 1002, hung up by the caller."""
	equal((cdr["tenant"], cdr["from"], cdr["to"], cdr["ended_by"]), ("acme", "1001", "1002", "caller"), "who")
	times = [cdr[k] for k in ("start", "ring", "answer", "end")]
	check(all(TIME.match(x) for x in times) and times == sorted(times), f"times: {times}")
	equal([x["direction"] for x in cdr["legs"]], ["in", "out"], "legs")
	check(cdr["trace"] and any("extension" in str(step) for step in cdr["trace"]), "trace")


def both_ways_and_the_record(t):
	t.start()
	alice, bob = t.pair()
	for a, b in ((bob, alice), (alice, bob)):
		ca, cb = t.connect(a, b)
		for call in (ca, cb):
			equal(call.rtp.lost, 0, "packets lost")
		cdr = t.hang_up(ca, cb)
	_check_record(cdr)
	for leg in cdr["legs"]:
		equal(leg["codec"].split("/")[0].upper(), "PCMU", "codec")
		check(leg["media"]["rx_packets"] >= 10 and leg["media"]["tx_packets"] >= 10, "media packets")
		equal(leg["media"]["rx_lost"], 0, "lost")


def reports_of_the_peers_are_in_the_record(t):
	t.start()
	alice, bob = t.pair()
	ca, cb = t.connect(alice, bob)
	t.wait(lambda: ca.rtp.packets and cb.rtp.packets, "audio")
	ca.rtp.sender_report(lost=7, jitter=80, about=ca.rtp.packets[-1][3])
	t.wait(lambda: cb.rtp.reports or ca.rtp.reports, "a report from us")
	leg = t.hang_up(ca, cb)["legs"][0]
	equal(leg["media"].get("peer_lost"), 7, "what the caller's phone lost")
	equal(leg["media"].get("peer_jitter_ms"), 10.0, "its jitter")


def sipp_calls_sipp(t):
	t.start()
	register = t.sipp("register", user="1002")
	register.done()
	callee = t.sipp("uas", calls=5, port=register.port)
	t.sipp("uac", calls=5, user="1001", service="1002").done()
	callee.done()
	equal(len(t.daemon.cdrs(5)), 5, "records")


def echo(t):
	t.start()
	alice = t.phone("1001")
	call = alice.invite("*43", rtp=t.rtp(523))
	call.answered()
	call.talk()
	call.hears(523)
	call.bye()
	cdr = t.cdr()
	equal((cdr["to"], cdr["answered_by"]), ("*43", "echo"), "record")


def early_media(t):
	"""183 with a description: the caller hears the tone before anybody answers."""
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp(440))
	cb = bob.incoming(rtp=t.rtp(660))
	cb.respond(183, describe(cb.rtp))
	check(ca.ringing(183).body, "a description in the 183")
	cb.talk()
	ca.rtp.talk(ca.media)
	ca.hears(660)
	cb.answer(acked=False)
	ca.answered()
	cb.acked()
	cb.hears(440)
	t.hang_up(ca, cb)


def _refused(t, status, want, **record):
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp())
	cb = bob.incoming()
	cb.ring()
	ca.ringing()
	cb.respond(status)
	ca.tx.expect(want)
	cb.acked()
	cdr = t.cdr()
	equal((cdr["status"], cdr["answer"]), (want, None), "record")


def busy_is_486(t):
	t.start()
	_refused(t, 486, 486)


def decline_is_603(t):
	t.start()
	_refused(t, 603, 603)


def unavailable_is_480(t):
	t.start()
	_refused(t, 480, 480)


def nobody_answers(t):
	"""After limits.ring_s the phone is cancelled, and the caller told."""
	t.start(limits_ring_s=2)
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp())
	cb = bob.incoming()
	cb.ring()
	ca.ringing()
	cb.expect("CANCEL")
	cb.respond(487)
	check(ca.tx.final().status in (408, 480), "no answer is 408 or 480")
	equal(t.cdr()["answer"], None, "record")


def not_registered_is_480(t):
	t.start()
	t.phone("1001").invite("1002", rtp=t.rtp()).tx.expect(480)


def unknown_number_is_404(t):
	t.start()
	t.phone("1001").invite("5555", rtp=t.rtp()).tx.expect(404)
	trace = t.cdr()["trace"]
	check("5555" in str(trace), "the trace tells of the number")


def incomplete_number_is_484(t):
	t.start()
	t.phone("1001").invite("10", rtp=t.rtp()).tx.expect(484)


def no_common_codec_is_488(t):
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp())
	bob.incoming().respond(488)
	ca.tx.expect(488)


def cancel(t):
	"""The caller gives up: the callee is told, with the caller's Reason."""
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp())
	cb = bob.incoming()
	cb.ring()
	ca.ringing()
	reason = 'SIP;cause=600;text="Changed my mind"'
	ca.cancel([("Reason", reason)]).expect(200)
	ca.tx.expect(487)
	equal(cb.expect("CANCEL").get("reason"), reason, "Reason")
	cb.respond(487)
	cb.acked()
	cdr = t.cdr()
	equal((cdr["ended_by"], cdr["answer"]), ("caller", None), "record")


def cancel_before_the_phone_says_anything(t):
	"""CANCEL waits for a provisional answer (RFC 3261 section 9.1)."""
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp())
	cb = bob.incoming()
	ca.cancel().expect(200)
	ca.tx.expect(487)
	t.quiet(0.3, lambda: bob.has("CANCEL"), "CANCEL came before any answer")
	cb.ring()
	cb.expect("CANCEL")
	cb.respond(487)


def cancel_meets_200(t):
	"""The callee answers as the CANCEL arrives: its dialog is confirmed and ended at once."""
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp())
	cb = bob.incoming(rtp=t.rtp(660))
	cb.ring()
	ca.ringing()
	ca.cancel().expect(200)
	ca.tx.expect(487)
	cb.answer()
	cb.ended()
	check(t.cdr()["ended_by"] == "caller", "record")


def cancel_after_200(t):
	"""200 first: the CANCEL is answered and does nothing; the caller ACKs and hangs up."""
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp())
	cb = bob.incoming(rtp=t.rtp(660))
	cb.ring()
	ca.ringing()
	cb.respond(200, describe(cb.rtp))
	ca.tx.expect(200)
	ca.cancel().expect(200)
	ca.answered()
	cb.acked()
	t.quiet(0.3, lambda: bob.has("BYE"), "the call was ended by a late CANCEL")
	ca.bye()
	cb.ended()


def hang_up_from_each_side(t):
	t.start()
	alice, bob = t.pair()
	reason = 'Q.850;cause=16;text="Normal clearing"'
	for who in ("caller", "callee"):
		ca, cb = t.connect(alice, bob, talk=False)
		ends, hears = (ca, cb) if who == "caller" else (cb, ca)
		ends.bye([("Reason", reason)])
		equal(hears.ended().get("reason"), reason, "Reason")
		t.no_calls()
		equal(t.cdr(1 if who == "caller" else 2)["ended_by"], who, "ended by")


def both_hang_up_at_once(t):
	t.start()
	ca, cb = t.connect(*t.pair(), talk=False)
	a, b = ca.request("BYE"), cb.request("BYE")
	check(a.final().status in (200, 481) and b.final().status in (200, 481), "both are answered")
	equal(len(t.daemon.cdrs()), 1, "records")


def hang_up_by_command(t):
	t.start()
	ca, cb = t.connect(*t.pair(), talk=False)
	calls = t.daemon.ask("calls")
	equal([(c["from"], c["to"], c["state"]) for c in calls], [("1001", "1002", "answered")], "calls")
	t.daemon.run("hangup", calls[0]["id"])
	ca.ended()
	cb.ended()
	equal(t.cdr()["ended_by"], "system", "ended by")


@waits
def caller_that_never_acknowledges(t):
	"""A caller that never acknowledges: the 200 is repeated, then the call is ended (32 s)."""
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp())
	cb = bob.incoming(rtp=t.rtp(660))
	cb.answer()
	response = ca.tx.expect(200)
	ca.learn(response)
	again = lambda: sum("1001 <-\nSIP/2.0 200" in x and "INVITE" in x for x in t.net.trace) >= 3
	t.wait(again, "the 200 to be repeated")
	ca.ended(40)
	cb.ended()


def delayed_offer(t):
	"""INVITE without a description: the callee offers, the answer goes in the ACK."""
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=None)
	ca.rtp = t.rtp(440)
	cb = bob.incoming(rtp=t.rtp(660))
	cb.ring()
	cb.respond(200, describe(cb.rtp))
	response = ca.tx.expect(200)
	check(response.body, "an offer in the 200")
	ca.answered(ack_body=describe(ca.rtp))
	check(cb.acked().body or cb.remote_sdp, "an answer for the callee")
	ca.talk()
	cb.talk()
	ca.hears(660)
	cb.hears(440)
	t.hang_up(ca, cb)


def too_many_hops_is_483(t):
	t.start()
	alice = t.phone("1001")
	alice.invite("1002", rtp=t.rtp(), headers=[("Max-Forwards", "0")]).tx.expect(483)


def merged_request_is_482(t):
	"""RFC 3261 section 8.2.2.2: the same request over another way."""
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp())
	cb = bob.incoming()
	cb.ring()
	m = ca.tx.msg
	copy = type(m)(m.start, [(k, alice.via() if k == "Via" else v) for k, v in m.headers], m.body)
	alice.send(copy).expect(482)
	cb.respond(486)
	ca.tx.expect(486)
