# SPDX-License-Identifier: Apache-2.0
"""What a scenario is given: a daemon, phones, clients, and the checks that all of them share."""
import os

from lib.clients import Baresip, Sipp
from lib.daemon import ACME, Daemon
from lib.net import Failed, Net
from lib.phone import Phone
from lib.rtp import Rtp


class Story:
	def __init__(self, name, bin_dir, work):
		self.name, self.bin, self.work = name, bin_dir, work
		self.net = Net()
		self.daemon = None
		self.clients = []
		self.wait, self.quiet = self.net.wait, self.net.quiet

	# -- the cast ---------------------------------------------------------------------------

	def start(self, tenant=ACME, **settings):
		"""The daemon; settings with _ for the dot's place: limits_ring_s is limits.ring_s."""
		named = {k.replace("_", ".", 1): str(v) for k, v in settings.items()}
		self.daemon = Daemon(self.net, self.bin, self.work, named).start()
		for text in [tenant] if isinstance(tenant, str) else tenant:
			self.daemon.apply(text)
		return self.daemon

	def phone(self, user, register=True, server=None, **kw):
		ip = kw.get("ip", "127.0.0.1")
		phone = Phone(self.net, server or ("::1" if ":" in ip else "127.0.0.1", self.daemon.port), user, **kw)
		if register:
			phone.register()
		return phone

	def rtp(self, hz=440, **kw):
		return Rtp(self.net, hz=hz, **kw)

	def baresip(self, user, **kw):
		client = Baresip(self, user, **kw)
		self.clients.append(client)
		return client

	def sipp(self, scenario, **kw):
		client = Sipp(self, scenario, **kw)
		self.clients.append(client)
		return client

	# -- usual beginnings -------------------------------------------------------------------

	def pair(self, **kw):
		"""Alice and Bob, registered."""
		return self.phone("1001", **kw), self.phone("1002", **kw)

	def connect(self, a, b, number=None, headers=(), answer_headers=(), talk=True):
		"""An answered call from `a` to `b`; they talk at 440 and 660 Hz."""
		ca = a.invite(number or b.user, rtp=self.rtp(440, ip=a.ip), headers=headers)
		cb = b.incoming(rtp=self.rtp(660, ip=b.ip))
		cb.ring()
		ca.ringing()
		cb.answer(headers=answer_headers, acked=False)
		ca.answered()
		cb.acked()
		if talk:
			ca.talk()
			cb.talk()
			ca.hears(660)
			cb.hears(440)
		return ca, cb

	# -- ends -------------------------------------------------------------------------------

	def hang_up(self, ca, cb):
		ca.bye()
		cb.ended()
		return self.cdr()

	def cdr(self, n=1):
		return self.daemon.cdrs(n)[0]

	def no_calls(self, seconds=8):
		self.wait(lambda: self.daemon.ask("calls") == [], "no calls to be left", seconds)

	def finish(self):
		"""Every scenario ends like this: nothing is left, and the daemon ends cleanly."""
		for client in self.clients:
			client.stop()
		if self.daemon and self.daemon.process:
			self.daemon.alive()
			self.no_calls()
			self.daemon.stop()

	def abandon(self):
		for client in self.clients:
			client.abandon()
		if self.daemon:
			self.daemon.abandon()

	def evidence(self):
		"""What to look at when it failed."""
		parts = ["-- on the wire", "\n".join(self.net.trace)]
		for folder, _, files in sorted(os.walk(self.work)):
			for name in sorted(files):
				if name.endswith((".log", ".txt")):
					with open(os.path.join(folder, name), errors="replace") as file:
						parts += [f"-- {name}", file.read()[-30000:]]
		return "\n".join(parts)


__all__ = ["Story", "Failed"]
