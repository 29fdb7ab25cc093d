# SPDX-License-Identifier: Apache-2.0
"""An RTP peer: sends a tone as G.711, listens, and measures what it hears."""
import math
import socket
import struct
import random
import time

from lib.net import bind

RATE = 8000
FRAME = 160


def ulaw_encode(s):
	sign = 0x80 if s < 0 else 0
	s = min(abs(s), 32635) + 132
	exponent = max(0, s.bit_length() - 8)
	return ~(sign | exponent << 4 | (s >> (exponent + 3)) & 15) & 255


def ulaw_decode(b):
	b = ~b & 255
	s = (((b & 15) << 3) + 132 << ((b >> 4) & 7)) - 132
	return -s if b & 0x80 else s


def alaw_encode(s):
	sign = 0 if s < 0 else 0x80
	s = min(abs(s), 32767) >> 4
	exponent = max(0, s.bit_length() - 4)
	return (sign | exponent << 4 | (s >> max(0, exponent - 1)) & 15) ^ 0x55


def alaw_decode(b):
	b ^= 0x55
	exponent, mantissa = (b >> 4) & 7, b & 15
	s = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 264) << (exponent - 1)
	return s if b & 0x80 else -s


CODECS = {0: ([ulaw_encode(s) for s in range(-32768, 32768)], [ulaw_decode(b) for b in range(256)]),
          8: ([alaw_encode(s) for s in range(-32768, 32768)], [alaw_decode(b) for b in range(256)])}


def power(samples, hz, rate=RATE):
	"""Share of the energy at `hz` (Goertzel): 1.0 for a pure tone, near 0 for another one."""
	energy = sum(s * s for s in samples)
	if not energy:
		return 0.0
	w = 2 * math.cos(2 * math.pi * hz / rate)
	a = b = 0.0
	for s in samples:
		a, b = s + w * a - b, a
	return (a * a + b * b - w * a * b) * 2 / len(samples) / energy


class Rtp:
	"""A phone's audio: a port pair, a tone out, everything in counted by its source."""

	def __init__(self, net, ip="127.0.0.1", hz=440, payload=0):
		self.net, self.ip, self.hz, self.payload = net, ip, hz, payload
		while True:
			self.sock = bind(ip)
			self.port = self.sock.getsockname()[1]
			try:
				if self.port % 2:
					raise OSError
				self.rtcp = bind(ip, port=self.port + 1)
				break
			except OSError:
				self.sock.close()
		self.ssrc = random.getrandbits(32)
		self.seq, self.ts = random.getrandbits(15), random.getrandbits(31)
		self.remote = None
		self.timer = None
		self.sent = 0
		self.packets = []  # (source, seq, payload type, ssrc, payload, marker)
		self.reports = []  # (source, bytes)
		net.watch(self.sock, self._readable)
		net.watch(self.rtcp, self._rtcp_readable)

	# -- sending ----------------------------------------------------------------------------

	def talk(self, remote=None):
		if remote:
			self.remote = remote
		if not self.timer:
			self.due = time.monotonic()
			self._tick()

	def hush(self):
		if self.timer:
			self.timer.stop()
		self.timer = None

	def _tick(self):
		now = time.monotonic()
		self.send(self.tone())
		# A loop that was held up goes on from now: no bursts.
		self.due = max(self.due + FRAME / RATE, now)
		self.timer = self.net.after(self.due - now, self._tick)

	def tone(self):
		encode = CODECS[self.payload][0]
		step = 2 * math.pi * self.hz / RATE
		return bytes(encode[int(8000 * math.sin(step * (self.ts + i))) + 32768] for i in range(FRAME))

	def send(self, payload, pt=None, marker=False, remote=None, advance=FRAME):
		head = struct.pack("!BBHII", 0x80, (self.payload if pt is None else pt) | (marker << 7),
		                   self.seq & 0xffff, self.ts & 0xffffffff, self.ssrc)
		try:
			self.sock.sendto(head + payload, remote or self.remote)
			self.sent += 1
		except OSError:
			pass
		self.seq += 1
		self.ts += advance

	def digit(self, code, pt=101):
		"""RFC 4733: one telephone-event, with its end sent three times."""
		ts = self.ts
		for i, end in enumerate([0, 0, 0, 1, 1, 1]):
			self.ts = ts
			duration = FRAME * (min(i, 3) + 1)
			self.send(struct.pack("!BBH", code, (end << 7) | 10, duration), pt, marker=i == 0, advance=0)
		self.ts = ts + 5 * FRAME

	def sender_report(self, lost=0, jitter=0, about=0, remote=None):
		"""An RTCP compound of SR with one block and SDES."""
		ntp = int((time.time() + 2208988800) * (1 << 32))
		block = struct.pack("!IIIIII", about, lost & 0xffffff, self.seq & 0xffff, jitter, 0, 0)
		sr = struct.pack("!BBHIQIII", 0x81, 200, 12, self.ssrc, ntp, self.ts & 0xffffffff, self.sent,
		                 self.sent * FRAME) + block
		sdes = struct.pack("!BBHI", 0x81, 202, 3, self.ssrc) + b"\x01\x04test\x00\x00"
		ip, port = remote or self.remote[:2]
		self.rtcp.sendto(sr + sdes, (ip, port + 1))

	# -- receiving --------------------------------------------------------------------------

	def _readable(self):
		while True:
			try:
				data, source = self.sock.recvfrom(4096)
			except OSError:
				return
			if len(data) >= 12:
				_, pt, seq, _, ssrc = struct.unpack("!BBHII", data[:12])
				self.packets.append((source[:2], seq, pt & 127, ssrc, data[12:], pt >> 7))

	def _rtcp_readable(self):
		while True:
			try:
				data, source = self.rtcp.recvfrom(4096)
			except OSError:
				return
			self.reports.append((source[:2], data))

	def forget(self):
		self.packets, self.reports = [], []

	@property
	def sources(self):
		return {p[0] for p in self.packets}

	@property
	def lost(self):
		seqs = sorted({p[1] for p in self.packets})
		return seqs[-1] - seqs[0] + 1 - len(seqs) if seqs else 0

	def samples(self, packets):
		out = []
		for p in packets:
			if p[2] in CODECS:
				decode = CODECS[p[2]][1]
				out.extend(decode[b] for b in p[4])
		return out

	def hears(self, hz, packets=10):
		"""Are the last `packets` frames the tone of `hz`?"""
		last = [p for p in self.packets if p[2] in CODECS][-packets:]
		return len(last) >= packets and power(self.samples(last), hz) > 0.8

	def ever_hears(self, hz):
		"""Was any frame since forget() mostly this tone?"""
		return any(power(self.samples([p]), hz) > 0.5 for p in self.packets)

	def close(self):
		self.hush()
		for sock in (self.sock, self.rtcp):
			self.net.unwatch(sock)
			sock.close()
