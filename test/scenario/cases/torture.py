# SPDX-License-Identifier: Apache-2.0
"""Every message of RFC 4475 and RFC 5118 against the running program, over UDP and over TCP, with the
answer that test/torture/expect.tsv allows; afterwards phones register and talk as before."""
import os
import re
import socket

from lib.net import Failed, bind, equal
from lib.sip import Msg

FOLDER = os.path.join(os.path.dirname(__file__), "../../torture")


class Case:
	"""A row of the table, and what came back."""

	def __init__(self, columns):
		self.file, _, _, _, answers, self.note, self.stream = (columns + ["same"])[:7]
		self.answers = set(answers.split())
		with open(os.path.join(FOLDER, self.file), "rb") as file:
			self.raw = file.read()
		self.sock, self.got, self.closed, self.buffer = None, [], False, b""

	def make_new(self, used):
		"""Some share branch and Call-ID with another: that one's repeat, or merged with it, they would be."""
		for name in (rb"branch\s*=\s*([^;,\s]+)", rb"\n(?:call-id|i)[ \t]*:\s*([^\s]+)"):
			found = re.search(name, self.raw, re.I)
			if found and found.group(1) in used:
				self.raw = self.raw[:found.end()] + b"-%d" % len(used) + self.raw[found.end():]
			if found:
				used.add(found.group(1))

	def final(self):
		"""Statuses of the final answers, in order, repeats left out; ACK, BYE and the like are none."""
		seen = []
		for msg in self.got:
			if msg.is_response and msg.status >= 200 and msg.status not in seen:
				seen.append(msg.status)
		return seen

	def due(self):
		"""Whether an answer has to come at all."""
		return "-" not in self.answers and "or drop" not in self.note

	def reply_port(self):
		"""Where RFC 3261 section 18.2.2 sends the answer: the port of the top Via, or 5060."""
		via = re.search(rb"^(?:v|via)\s*:\s*SIP\s*/\s*2\.0\s*/\s*\w+\s+([^;,\s]+)", self.raw, re.I | re.M)
		port = re.search(rb"(?:^[^:\[\]]+|\])\s*:\s*(\d+)$", via.group(1)) if via else None
		return int(port.group(1)) if port else 5060

	def check(self, how):
		final = self.final()
		if any(not m.is_response for m in self.got):
			raise Failed(f"{self.file} over {how}: a request came back")
		if final and str(final[0]) not in self.answers:
			raise Failed(f"{self.file} over {how}: answered {final[0]}, and not {self.answers}")
		if not final and self.due():
			raise Failed(f"{self.file} over {how}: not answered")


def _cases():
	with open(os.path.join(FOLDER, "expect.tsv")) as table:
		rows = [line.rstrip("\n").split("\t") for line in table if not line.startswith("#")]
	equal(len(rows), 62, "messages")
	cases, used = [Case(row) for row in rows], set()
	for case in cases:
		case.make_new(used)
	return cases


def _still_works(t):
	alice, bob = t.pair()
	t.hang_up(*t.connect(alice, bob))
	alice, bob = t.pair(transport="tcp")
	t.hang_up(*t.connect(alice, bob))


def _read_datagram(case):
	case.got.append(Msg.parse(case.sock.recv(65535)))


def udp(t):
	"""Each from an address of its own, so that no answer is taken for another's."""
	t.start()
	cases = _cases()
	net = os.getpid() % 250 + 2
	for i, case in enumerate(cases):
		case.sock = bind(f"127.{net}.66.{i + 1}", port=case.reply_port())
		t.net.watch(case.sock, lambda case=case: _read_datagram(case))
		case.sock.sendto(case.raw, t.daemon.address)
		if case.due():
			t.wait(case.final, f"an answer to {case.file}")
	t.quiet(0.5, lambda: False, "")
	for case in cases:
		case.check("UDP")
		t.net.unwatch(case.sock)
	_still_works(t)


def _read_stream(t, case):
	try:
		piece = case.sock.recv(65535)
	except OSError:
		piece = b""
	if not piece:
		case.closed = True
		t.net.unwatch(case.sock)
		return
	case.buffer += piece
	while b"\r\n\r\n" in case.buffer:
		head, _, rest = case.buffer.partition(b"\r\n\r\n")
		length = int(Msg.parse(head + b"\r\n\r\n").get("content-length"))
		if len(rest) < length:
			return
		case.got.append(Msg.parse(head + b"\r\n\r\n" + rest[:length]))
		case.buffer = rest[length:]


def _send_stream(case, raw):
	case.sock.setblocking(True)
	case.sock.sendall(raw)
	case.sock.setblocking(False)


def _missing(raw):
	"""What a stream still waits for: the empty line, or bytes of the body."""
	head, end, body = raw.partition(b"\r\n\r\n")
	length = re.search(rb"\n(?:content-length|l)\s*:\s*(\d+)", head, re.I)
	return b" " * (int(length.group(1)) - len(body)) if end else b"\r\n"


def _check_stream(t, case):
	"""same: answered as on UDP; close: the connection ends without a word; wait: more has to come;
	finish: the same, and it is answered when it has come."""
	if case.stream == "close":
		t.wait(lambda: case.closed, f"the connection of {case.file} to be closed")
		equal(case.got, [], f"answers to {case.file}")
		return
	if case.stream in ("wait", "finish"):
		t.quiet(0.3, lambda: case.got or case.closed, f"{case.file}: its end was not awaited")
	if case.stream == "finish":
		_send_stream(case, _missing(case.raw))
	if case.stream in ("same", "finish"):
		if case.due():
			t.wait(case.final, f"an answer to {case.file}")
		t.quiet(0.05, lambda: False, "")
		case.check("TCP")


def tcp(t):
	"""Each over a connection of its own; the last column of the table tells what framing makes of it."""
	t.start()
	for case in _cases():
		case.sock = socket.create_connection(t.daemon.address, 5)
		t.net.watch(case.sock, lambda case=case: _read_stream(t, case))
		if b"\r\n" not in case.raw:  # the copies of RFC 5118 have lost their CRs, and lengths count
			case.raw = case.raw.replace(b"\n", b"\r\n")
		_send_stream(case, case.raw)
		_check_stream(t, case)
		t.net.unwatch(case.sock)
		case.sock.close()
	_still_works(t)
