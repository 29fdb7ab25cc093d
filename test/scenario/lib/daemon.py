# SPDX-License-Identifier: Apache-2.0
"""The daemon under test: data and ports of its own, and its command line."""
import json
import os
import random
import signal
import subprocess
import time

from lib.net import Failed, bind, have_ipv6

ACME = """
tenant: acme
domains: [acme.test]
users:
  - name: Alice
    extension: "1001"
    devices:
      - {username: "1001", password: "s3cret-1001"}
  - name: Bob
    extension: "1002"
    devices:
      - {username: "1002", password: "s3cret-1002"}
      - {username: "bob-desk", password: "s3cret-bob-desk"}
  - name: Carol
    extension: "1003"
    devices:
      - {username: "1003", password: "s3cret-1003"}
"""


def free_range(n):
	"""An even port with `n` free ones behind it, below where the kernel picks its own."""
	while True:
		first = random.randrange(10000, 32000 - n, 2)
		try:
			for port in range(first, first + n):
				bind("0.0.0.0", port=port).close()
			return first
		except OSError:
			continue


class Daemon:
	def __init__(self, net, bin_dir, work, settings=()):
		self.net, self.bin = net, bin_dir
		self.data = os.path.join(work, "data")
		self.log_path = os.path.join(work, "tandemd.log")
		self.wanted, self.process, self.extra = dict(settings), None, []
		self._choose_ports()

	def _choose_ports(self):
		"""All in one free range: one for SIP, then those of RTP."""
		self.port = free_range(124)
		first = self.port + 4
		listen = [f"{t}:{ip}:{self.port}" for ip in ["127.0.0.1"] + (["[::1]"] if have_ipv6() else [])
		          for t in ("udp", "tcp")]
		self.settings = {"sip.listen": ",".join(listen), "rtp.ports": f"{first}-{first + 119}",
		                 "rtp.sockets": "4", "shards": "2", "media.threads": "2", "log.level": "debug"}
		self.settings.update(self.wanted)

	@property
	def address(self):
		return ("127.0.0.1", self.port)

	def start(self):
		"""Somebody may take a port that was free a moment ago: then others, on the first start."""
		for _ in range(3):
			if self._launch():
				return self
			if os.path.exists(self.data + "/control.sock"):
				break
			self._choose_ports()
		raise Failed(f"tandemd ended before it was ready: exit {self.process.wait()}")

	def _launch(self):
		sets = [a for k, v in self.settings.items() for a in ("--set", f"{k}={v}")]
		env = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:abort_on_error=0:exitcode=99",
		           UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1")
		self.log = open(self.log_path, "ab")
		self.process = subprocess.Popen([f"{self.bin}/tandemd", "--data", self.data] + self.extra + sets,
		                                stdout=subprocess.PIPE, stderr=self.log, env=env)
		for line in self.process.stdout:
			if line.strip() == b"tandem ready":
				return True
		return False

	def stop(self, seconds=10):
		"""SIGTERM; it has to end with 0 and without a word of a sanitizer."""
		self.process.send_signal(signal.SIGTERM)
		end = time.monotonic() + seconds
		while self.process.poll() is None:
			if time.monotonic() > end:
				raise Failed("tandemd does not end on SIGTERM")
			self.net.turn(0.02)
		code = self.process.returncode
		self.process = None
		if code:
			raise Failed(f"tandemd ended with {code}")
		self.check_log()

	def kill(self):
		self.process.kill()
		self.process.wait()
		self.process = None

	def abandon(self):
		if self.process and self.process.poll() is None:
			self.kill()

	def check_log(self):
		with open(self.log_path, errors="replace") as log:
			text = log.read()
		for word in ("Sanitizer", "runtime error:"):
			if word in text:
				raise Failed(f"tandemd's log has a report: {word}")

	def alive(self):
		if self.process.poll() is not None:
			raise Failed(f"tandemd died: exit {self.process.returncode}")

	# -- the command line -------------------------------------------------------------------

	def run(self, *words, stdin=None, expect=0):
		"""The phones go on while the command runs."""
		with subprocess.Popen([f"{self.bin}/tandem", "--data", self.data, *words], text=True,
		                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
			out, err = p.communicate(stdin, timeout=20)
		if expect is not None and p.returncode != expect:
			raise Failed(f"tandem {' '.join(words)}: exit {p.returncode}: {err}{out}")
		return out

	def ask(self, *words):
		return json.loads(self.run("--json", *words))

	def apply(self, text=ACME):
		return self.run("apply", "-", stdin=text)

	def cdrs(self, n=1, seconds=8):
		"""At least `n` records, newest first."""
		def enough():
			found = self.ask("cdr")
			return found if len(found) >= n else None
		return self.net.wait(enough, f"{n} call detail records", seconds)

	def status(self):
		return self.ask("status")
