# SPDX-License-Identifier: Apache-2.0
"""Lost datagrams, restarts and rubbish, while calls go on."""
import glob
import os
import random
import socket

from lib.lossy import Lossy
from lib.net import check, equal, waits
from lib.phone import describe

TORTURE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../torture")


@waits
def fifty_calls_with_5_percent_loss(t):
	"""Every call is set up, answered and ended, and each has one record."""
	t.start()
	lossy = Lossy(t.net, t.daemon.address, 0.05, seed=5)
	alice, bob = t.phone("1001", server=lossy.address), t.phone("1002", server=lossy.address)
	todo = [_one(t, alice, bob) for _ in range(50)]
	active = todo[:10]
	waiting = todo[10:]

	def turn():
		for story in list(active):
			if next(story, "end") == "end":
				active.remove(story)
				if waiting:
					active.append(waiting.pop())
		return not active
	t.wait(turn, "all calls to end", 80)
	check(lossy.dropped > 20, f"only {lossy.dropped} datagrams were lost")
	t.no_calls(40)
	cdrs = t.daemon.ask("cdr", "--limit", "200")
	equal(len(cdrs), 50, "records")
	equal({c["status"] for c in cdrs if c["answer"]}, {200}, "status")
	check(all(c["answer"] for c in cdrs), "all were answered")


def _one(t, alice, bob):
	"""A call in steps, so that several go on at a time. Each yield waits for the next turn."""
	mark = f"call {random.random()}"
	rtp = t.rtp()
	msg = alice.request("INVITE", "sip:1002@acme.test", body=describe(rtp), headers=[
		("Contact", f"<{alice.contact}>"), ("Content-Type", "application/sdp"), ("Subject", mark)])
	tx = alice.send(msg)
	while not tx.final_now:
		yield
	check(alice.digest.take(tx.final_now), f"a challenge: {tx.final_now.start}")
	from lib.phone import Call
	ca = Call.out(alice, alice.send(alice.authorized(msg)), rtp)
	cb = None
	while not cb:
		yield
		found = next((m for m in bob.inbox if m.method == "INVITE"), None)
		if found:
			bob.inbox.remove(found)
			cb = Call.into(bob, found, rtp)
	cb.ring()
	yield
	cb.respond(200, describe(rtp))
	# Whose call Bob took is not ours to know: each answers one, and each waits for its own caller.
	while not ca.tx.final_now:
		yield
	ca.learn(ca.tx.expect(200))
	ca.ack(ca.tx)
	while not any(m.method == "ACK" and m.get("call-id") == cb.call_id for m in bob.inbox):
		yield
	bye = ca.request("BYE")
	while not bye.final_now:
		yield
	equal(bye.final_now.status, 200, "BYE")
	rtp.close()


def registration_with_loss_of_a_third(t):
	t.start()
	lossy = Lossy(t.net, t.daemon.address, 0.33, seed=2)
	phone = t.phone("1001", register=False, server=lossy.address)
	msg = phone.request("REGISTER", "sip:acme.test", to="<sip:1001@acme.test>",
	                    headers=[("Contact", f"<{phone.contact}>"), ("Expires", "600")])
	phone.transact(msg, 32).expect(200, 32)


def restart_keeps_records(t):
	t.start()
	alice, bob = t.pair()
	cdr = t.hang_up(*t.connect(alice, bob, talk=False))
	up = t.connect(alice, bob)
	t.daemon.stop()
	for call in up:
		call.rtp.hush()
	t.daemon.start()
	cdrs = t.daemon.cdrs(2)
	equal(len(cdrs), 2, "records")
	equal(cdrs[1], cdr, "the record of the ended call")
	equal(cdrs[0]["ended_by"], "system", "the call that was up")
	check(cdrs[0]["answer"] and cdrs[0]["end"], "its times")


def stop_hangs_up(t):
	"""SIGTERM is told to the phones: BYE to both, and to one that rings CANCEL."""
	t.start()
	alice, bob, carol = *t.pair(), t.phone("1003")
	ca, cb = t.connect(alice, bob)
	ringing = carol.invite("1002", rtp=t.rtp())
	other = bob.incoming()
	other.ring()
	ringing.ringing()
	t.daemon.stop()
	ca.ended()
	cb.ended()
	other.expect("CANCEL")


def kill_9_loses_no_record(t):
	"""Ended calls have theirs; calls that were up get theirs at the next start, with the reason."""
	t.start()
	alice, bob = t.pair()
	done = [t.hang_up(*t.connect(alice, bob, talk=False))["id"] for _ in range(3)]
	up = t.connect(alice, bob)
	live = t.daemon.ask("calls")[0]["id"]
	t.quiet(1.2, lambda: False, "")
	t.daemon.kill()
	t.daemon.start()
	for call in up:
		call.rtp.hush()
	cdrs = {c["id"]: c for c in t.daemon.cdrs(4)}
	equal(set(cdrs), set(done) | {live}, "records")
	equal(cdrs[live]["ended_by"], "system", "ended by")
	check("restart" in cdrs[live]["reason"].lower() or cdrs[live]["reason"], "a reason")
	check(cdrs[live]["answer"], "it had been answered")
	equal(t.daemon.ask("calls"), [], "calls")


def kill_9_at_the_end_of_a_call(t):
	"""The record is in the spool when the BYE has been answered and the call is gone."""
	t.start()
	alice, bob = t.pair()
	ca, cb = t.connect(alice, bob, talk=False)
	ca.bye()
	cb.ended()
	t.wait(lambda: not t.daemon.ask("calls"), "the end of the call")
	t.daemon.kill()
	t.daemon.start()
	equal(len(t.daemon.cdrs(1)), 1, "records")


def _rubbish(seed, n):
	rng = random.Random(seed)
	for _ in range(n):
		yield rng.randbytes(rng.choice((0, 1, 3, 40, 400, 1400)))


def _torture():
	files = [f for f in sorted(glob.glob(f"{TORTURE}/rfc*/*")) if os.path.isfile(f)]
	out = []
	for file in files:
		with open(file, "rb") as f:
			out.append(f.read())
	return out


def malformed_datagrams_while_a_call_goes_on(t):
	t.start()
	ca, cb = t.connect(*t.pair())
	messages = _torture()
	check(len(messages) > 40, f"torture messages: {len(messages)}")
	sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	for data in messages + list(_rubbish(1, 300)):
		sock.sendto(data, t.daemon.address)
		t.net.turn(0)
	_bent(t, lambda data: sock.sendto(data, t.daemon.address))
	_goes_on(t, ca, cb)
	sock.close()


def malformed_streams_while_a_call_goes_on(t):
	t.start()
	ca, cb = t.connect(*t.pair())
	for data in _torture() + list(_rubbish(2, 60)):
		with socket.create_connection(t.daemon.address, 5) as sock:
			sock.sendall(data)
			t.net.turn(0)
	for data in (b"INVITE sip:x SIP/2.0\r\nContent-Length: 999999999\r\n\r\n", b"A" * 300000,
	             b"INVITE sip:x SIP/2.0\r\n" + b"X: y\r\n" * 50000 + b"\r\n"):
		with socket.create_connection(t.daemon.address, 5) as sock:
			try:
				sock.sendall(data)
			except OSError:
				pass
			t.net.turn(0)
	_goes_on(t, ca, cb)


def _bent(t, send):
	"""Good messages with a byte changed or cut away, as a fuzzer would."""
	rng = random.Random(3)
	good = [x.split("->\n", 1)[1].encode() for x in t.net.trace if " ->\n" in x]
	for _ in range(500):
		data = bytearray(rng.choice(good))
		for _ in range(rng.randrange(1, 4)):
			data[rng.randrange(len(data))] = rng.randrange(256)
		send(bytes(data[:rng.randrange(1, len(data))] if rng.random() < 0.3 else data))
		t.net.turn(0)


def _goes_on(t, ca, cb):
	t.daemon.alive()
	ca.rtp.forget()
	cb.rtp.forget()
	ca.hears(660)
	cb.hears(440)
	t.phone("1003")
	t.hang_up(ca, cb)


def malformed_audio_while_a_call_goes_on(t):
	t.start()
	ca, cb = t.connect(*t.pair())
	for data in _rubbish(4, 200):
		for port in (ca.media[1], ca.media[1] + 1):
			ca.rtp.sock.sendto(data, ("127.0.0.1", port))
			ca.rtp.rtcp.sendto(data, ("127.0.0.1", port))
		t.net.turn(0)
	_goes_on(t, ca, cb)


@waits
def nothing_is_left_after_quiet_time(t):
	"""After many ends of every kind: no calls and no transactions (Timer J and others: 32 s)."""
	t.start()
	alice, bob = t.pair()
	t.hang_up(*t.connect(alice, bob, talk=False))
	ca = alice.invite("1002", rtp=t.rtp())
	cb = bob.incoming()
	cb.ring()
	ca.ringing()
	ca.cancel().expect(200)
	ca.tx.expect(487)
	cb.expect("CANCEL")
	cb.respond(487)
	alice.invite("5555", rtp=t.rtp()).tx.expect(404)
	alice.transact(alice.request("OPTIONS", "sip:acme.test")).expect(200)
	count = lambda what: sum(s[what] for s in t.daemon.status()["shards"])
	t.wait(lambda: count("calls") == 0 and count("transactions") == 0, "no transactions to be left", 45)
	equal(count("messages"), 0, "messages")
	equal(count("registrations"), 2, "registrations")


def kill_9_while_it_rings(t):
	"""A call that nobody had answered yet has its record, too; the phones can call again."""
	t.start()
	alice, bob = t.pair()
	ca = alice.invite("1002", rtp=t.rtp())
	cb = bob.incoming()
	cb.ring()
	ca.ringing()
	t.quiet(1.2, lambda: False, "")
	t.daemon.kill()
	t.daemon.start()
	equal(t.daemon.cdrs(1)[0]["answer"], None, "not answered")
	bob.inbox.clear()
	t.hang_up(*t.connect(alice, bob))


def phones_go_on_after_a_restart(t):
	"""A BYE of a call that the restart ended is 481, and that is all."""
	t.start()
	ca, cb = t.connect(*t.pair(), talk=False)
	t.daemon.kill()
	t.daemon.start()
	ca.request("BYE").expect(481)
	cb.request("INVITE", body=describe(cb.rtp, version=2)).expect(481)
