# SPDX-License-Identifier: Apache-2.0
"""One loop for all sockets and timers of a scenario, and the trace of what went over the wire.

Everything scripted runs on this loop, in one thread: a scenario says what it waits for, and
while it waits the phones retransmit, answer repeats and send their audio.
"""
import heapq
import itertools
import selectors
import socket
import time


class Failed(Exception):
	"""What a scenario expected did not happen."""


def check(condition, what):
	if not condition:
		raise Failed(what)


def equal(got, want, what):
	if got != want:
		raise Failed(f"{what}: {got!r} instead of {want!r}")


def waits(scenario):
	"""Mostly waits for timers of the protocol: begun first, so that the others run meanwhile."""
	scenario.waits = True
	return scenario


class Timer:
	def __init__(self, fn):
		self.fn, self.alive = fn, True

	def stop(self):
		self.alive = False


class Net:
	def __init__(self):
		self.selector = selectors.DefaultSelector()
		self.timers = []
		self.serial = itertools.count()
		self.trace = []
		self.start = time.monotonic()

	def note(self, text):
		self.trace.append(f"{time.monotonic() - self.start:8.3f} {text}")

	def watch(self, sock, fn):
		sock.setblocking(False)
		self.selector.register(sock, selectors.EVENT_READ, fn)

	def unwatch(self, sock):
		try:
			self.selector.unregister(sock)
		except (KeyError, ValueError):
			pass

	def after(self, seconds, fn):
		timer = Timer(fn)
		heapq.heappush(self.timers, (time.monotonic() + seconds, next(self.serial), timer))
		return timer

	def turn(self, longest):
		now = time.monotonic()
		if self.timers:
			longest = min(longest, max(0, self.timers[0][0] - now))
		for key, _ in self.selector.select(longest):
			key.data()
		now = time.monotonic()
		while self.timers and self.timers[0][0] <= now:
			_, _, timer = heapq.heappop(self.timers)
			if timer.alive:
				timer.fn()

	def wait(self, condition, what, seconds=8):
		"""Turn until `condition()` is true and return its value; fail with `what` otherwise."""
		end = time.monotonic() + seconds
		while True:
			value = condition()
			if value:
				return value
			left = end - time.monotonic()
			if left <= 0:
				raise Failed(f"waited {seconds} s for {what}")
			self.turn(min(left, 0.1))

	def quiet(self, seconds, unwanted, what):
		"""Turn for `seconds`, and fail when `unwanted()` becomes true: that something does not happen."""
		end = time.monotonic() + seconds
		while time.monotonic() < end:
			self.turn(min(max(0, end - time.monotonic()), 0.1))
			if unwanted():
				raise Failed(what)


def bind(ip, kind=socket.SOCK_DGRAM, port=0):
	family = socket.AF_INET6 if ":" in ip else socket.AF_INET
	sock = socket.socket(family, kind)
	sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
	sock.bind((ip, port))
	return sock


def free_ports(ip="127.0.0.1", n=1):
	"""`n` ports that were free for UDP and TCP a moment ago."""
	held, ports = [], []
	while len(ports) < n:
		udp = bind(ip)
		port = udp.getsockname()[1]
		held.append(udp)
		try:
			held.append(bind(ip, socket.SOCK_STREAM, port))
		except OSError:
			continue
		ports.append(port)
	for sock in held:
		sock.close()
	return ports


def have_ipv6():
	try:
		bind("::1").close()
		return True
	except OSError:
		return False


def host(ip):
	return f"[{ip}]" if ":" in ip else ip
