# SPDX-License-Identifier: Apache-2.0
"""baresip pairs with every codec it has: a tone from each end is heard at the other."""
import ctypes
import fcntl
import socket
import struct

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


def _own_network():
	"""A namespace with a loopback that is ours alone; False: we may not have one."""
	if ctypes.CDLL(None).unshare(0x40000000) != 0:  # CLONE_NEWNET
		return False
	with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
		fcntl.ioctl(s, 0x8914, struct.pack("16sH14x", b"lo", 0x41))  # SIOCSIFFLAGS: up, running
	return True


def _to_sockets():
	"""UDP datagrams that any socket of this namespace was given so far."""
	with open("/proc/self/net/snmp") as file:
		head, values = [line.split() for line in file if line.startswith("Udp:")]
	return int(values[head.index("InDatagrams")])


def relayed_by_the_kernel(t):
	"""media.accel: once they talk, packets reach the phones' sockets and no others; a digit is heard,
	hold stops them, and the record counts all."""
	if not _own_network():
		return
	t.start(media_accel="auto", rtp_address="127.0.0.1")
	with open(t.daemon.log_path) as log:
		if "media.no_accel" in log.read():
			return
	a, b = t.pair()
	ca, cb = t.connect(a, b)
	t.wait(lambda: min(ca.rtp.sent, cb.rtp.sent) > 120, "both to talk for a while")
	sent, given = ca.rtp.sent + cb.rtp.sent, _to_sockets()
	t.wait(lambda: ca.rtp.sent + cb.rtp.sent >= sent + 100, "100 packets more")
	share = (_to_sockets() - given) / (ca.rtp.sent + cb.rtp.sent - sent)
	check(share < 1.5, f"{share} sockets had each packet: the kernel relays nothing")
	ca.rtp.digit(5)
	ca.hears(660)
	cb.hears(440)
	ca.rtp.hush()
	cb.rtp.hush()
	t.wait(lambda: (len(ca.rtp.packets), len(cb.rtp.packets)) == (cb.rtp.sent, ca.rtp.sent), "all packets")
	record = t.hang_up(ca, cb)
	by_sent = sorted(leg["media"]["rx_packets"] for leg in record["legs"])
	equal(by_sent, sorted((ca.rtp.sent, cb.rtp.sent)), "packets in the record")
	equal([leg["media"]["rx_lost"] for leg in record["legs"]], [0, 0], "lost packets in the record")
