# SPDX-License-Identifier: Apache-2.0
"""A UDP path that loses datagrams in both directions, the same ones for the same seed."""
import random

from lib.net import bind


class Lossy:
	"""Stands before the daemon: each phone gets a socket of its own towards it."""

	def __init__(self, net, server, share, seed):
		self.net, self.server, self.share = net, server, share
		self.random = random.Random(seed)
		self.passed = self.dropped = 0
		self.front = bind("127.0.0.1")
		self.ways = {}
		net.watch(self.front, self._from_phone)

	@property
	def address(self):
		return self.front.getsockname()

	def _lose(self):
		lost = self.random.random() < self.share
		self.dropped += lost
		self.passed += not lost
		return lost

	def _from_phone(self):
		while True:
			try:
				data, phone = self.front.recvfrom(65535)
			except OSError:
				return
			if phone not in self.ways:
				self.ways[phone] = bind("127.0.0.1")
				self.net.watch(self.ways[phone], lambda: self._from_server(phone))
			if not self._lose():
				self.ways[phone].sendto(data, self.server)

	def _from_server(self, phone):
		while True:
			try:
				data, _ = self.ways[phone].recvfrom(65535)
			except OSError:
				return
			if not self._lose():
				self.front.sendto(data, phone)
