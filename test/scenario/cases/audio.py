# SPDX-License-Identifier: Apache-2.0
"""baresip pairs with every codec it has: a tone from each end is heard at the other."""
from lib.net import check, equal


def _pair(t, codec):
	t.start()
	alice, bob = t.baresip("1001", hz=440, codecs=codec), t.baresip("1002", hz=660, codecs=codec)
	for a, b, number in ((alice, bob, "1002"), (bob, alice, "1001")):
		a.dial(number)
		b.event("CALL_INCOMING")
		b.command("accept")
		a.event("CALL_ESTABLISHED")
		a.hears(b.hz)
		b.hears(a.hz)
		b.command("hangup")
		a.event("CALL_CLOSED")
		t.no_calls()
	newest, oldest = t.daemon.cdrs(2)[:2]
	equal((oldest["from"], oldest["to"], oldest["ended_by"]), ("1001", "1002", "callee"), "record")
	for leg in newest["legs"] + oldest["legs"]:
		equal(leg["codec"].split("/")[0].lower(), codec.lower(), "codec")
		check(leg["media"]["rx_packets"] > 20, "packets")


def pcmu(t):
	_pair(t, "PCMU")


def pcma(t):
	_pair(t, "PCMA")


def g722(t):
	_pair(t, "G722")


def opus(t):
	_pair(t, "opus")


def echo(t):
	t.start()
	alice = t.baresip("1001", hz=523)
	alice.dial("*43")
	alice.event("CALL_ESTABLISHED")
	alice.hears(523)
	alice.command("hangup")
	t.no_calls()


def hold_and_resume(t):
	t.start()
	alice, bob = t.baresip("1001", hz=440), t.baresip("1002", hz=660)
	alice.dial("1002")
	bob.event("CALL_INCOMING")
	bob.command("accept")
	alice.event("CALL_ESTABLISHED")
	bob.hears(440)
	alice.command("hold")
	t.wait(lambda: not bob.grows(), "silence while on hold")
	alice.command("resume")
	bob.hears(440)
	alice.hears(660)
	alice.command("hangup")
	t.no_calls()


def busy(t):
	t.start()
	alice, bob = t.baresip("1001"), t.baresip("1002")
	alice.dial("1002")
	bob.event("CALL_INCOMING")
	bob.command("hangup")
	closed = alice.event("CALL_CLOSED")
	check("486" in closed["param"] or "603" in closed["param"], f"why: {closed['param']}")
