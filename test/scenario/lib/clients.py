# SPDX-License-Identifier: Apache-2.0
"""Real clients as processes: sipp with our scenario files, and baresip with tones instead of
a microphone and files instead of a loudspeaker."""
import array
import glob
import json
import os
import socket
import struct
import subprocess
import time

from lib.net import Failed, free_ports
from lib.rtp import power

CODECS = {"PCMU": "PCMU/8000/1", "PCMA": "PCMA/8000/1", "G722": "G722/16000/1", "opus": "opus/48000/2"}
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Sipp:
	"""One run of test/scenario/sipp/NAME.xml; `keys` are the [key] words of the file."""

	def __init__(self, story, scenario, remote=None, calls=1, rate=10, user=None, password=None,
	             service="1002", transport="u1", keys=None, extra=(), ip="127.0.0.1", timeout=30,
	             port=None):
		self.net, self.name = story.net, scenario
		self.port = port or free_ports(ip)[0]
		self.base = os.path.join(story.work, f"sipp-{scenario}-{self.port}")
		remote = remote or (ip, story.daemon.port)
		where = f"[{remote[0]}]:{remote[1]}" if ":" in remote[0] else f"{remote[0]}:{remote[1]}"
		args = ["sipp", where, "-sf", f"{HERE}/sipp/{scenario}.xml", "-i", ip, "-p", str(self.port),
		        "-m", str(calls), "-r", str(rate), "-s", service, "-t", transport, "-nostdin",
		        "-timeout", f"{timeout}s", "-timeout_error", "-mi", ip,
		        "-mp", str(free_ports(ip)[0] & ~1), "-trace_err", "-error_file", self.base + ".err.log",
		        "-trace_msg", "-message_file", self.base + ".msg.log"]
		if user:
			args += ["-au", user, "-ap", password or f"s3cret-{user}"]
		for key, value in (keys or {}).items():
			args += ["-key", key, value]
		self.log = open(self.base + ".log", "wb")
		self.process = subprocess.Popen(args + list(extra), stdout=self.log, stderr=self.log,
		                                stdin=subprocess.DEVNULL, env=dict(os.environ, TERM="dumb"),
		                                cwd=story.work)

	def done(self, seconds=40):
		"""Wait for its end; anything but success fails."""
		self.net.wait(lambda: self.process.poll() is not None, f"sipp {self.name} to end", seconds)
		if self.process.returncode != 0:
			raise Failed(f"sipp {self.name} ended with {self.process.returncode}")

	def stop(self):
		if self.process.poll() is None:
			raise Failed(f"sipp {self.name} still runs")

	def abandon(self):
		if self.process.poll() is None:
			self.process.kill()
			self.process.wait()


class Baresip:
	"""A baresip of its own directory, led over its control connection (JSON in netstrings)."""

	def __init__(self, story, user, hz=440, codecs=None, transport="udp", password=None,
	             domain="acme.test", server=None, account="", answer="manual", register=True):
		self.net, self.user, self.hz, self.domain = story.net, user, hz, domain
		self.dir = os.path.join(story.work, f"baresip-{user}")
		os.makedirs(self.dir)
		self.sip_port, self.control_port = free_ports(n=2)
		server = f"127.0.0.1:{story.daemon.port}" if server is None else server
		outbound = f";outbound=\"sip:{server};transport={transport}\"" if server else ""
		self._write_config()
		line = (f"<sip:{user}@{domain};transport={transport}>;auth_user={user}"
		        f";auth_pass={password or 's3cret-' + user}{outbound}"
		        f";answermode={answer};regint={600 if register else 0}")
		if codecs:
			line += f";audio_codecs={CODECS[codecs]}"
		with open(os.path.join(self.dir, "accounts"), "w") as file:
			file.write(line + account + "\n")
		self.log = open(os.path.join(self.dir, f"baresip-{user}.log"), "wb")
		self.process = subprocess.Popen(["baresip", "-f", self.dir, "-v", "-s"], stdout=self.log,
		                                stderr=self.log, stdin=subprocess.DEVNULL, cwd=self.dir)
		self.events, self.answers, self.raw = [], [], b""
		self._connect()
		if register:  # its event may have gone before we were connected
			self.net.wait(lambda: b"[1 binding]" in self.said(), f"baresip {user} to register", 10)

	def _write_config(self):
		modules = ["account", "menu", "ctrl_tcp", "ausine", "aubridge", "sndfile", "g711", "g722", "opus",
		           "stun", "uuid"]
		have = [m for m in modules if os.path.exists(f"/usr/lib/baresip/modules/{m}.so")]
		app = {"account", "menu", "ctrl_tcp"}
		lines = ["sip_listen 127.0.0.1:%d" % self.sip_port, "call_max_calls 4",
		         f"audio_source ausine,{self.hz}", "audio_player aubridge,ear",
		         "audio_alert aubridge,bell", "ausrc_srate 48000", "ausrc_channels 2",
		         f"ctrl_tcp_listen 127.0.0.1:{self.control_port}", f"snd_path {self.dir}",
		         "module_path /usr/lib/baresip/modules", "rtp_stats yes"]
		lines += [f"module{'_app' if m in app else ''} {m}.so" for m in have]
		with open(os.path.join(self.dir, "config"), "w") as file:
			file.write("\n".join(lines) + "\n")
		open(os.path.join(self.dir, "contacts"), "w").close()

	def said(self):
		with open(self.log.name, "rb") as file:
			return file.read()

	def _connect(self):
		end = time.monotonic() + 10
		while True:
			try:
				self.sock = socket.create_connection(("127.0.0.1", self.control_port), 1)
				break
			except OSError:
				if time.monotonic() > end or self.process.poll() is not None:
					raise Failed(f"baresip {self.user} does not start") from None
				self.net.turn(0.05)
		self.net.watch(self.sock, self._readable)

	def _readable(self):
		try:
			piece = self.sock.recv(65535)
		except OSError:
			return
		if not piece:
			self.net.unwatch(self.sock)
			return
		self.raw += piece
		while b":" in self.raw:
			size, _, rest = self.raw.partition(b":")
			if len(rest) <= int(size):
				return
			message = json.loads(rest[:int(size)])
			self.raw = rest[int(size) + 1:]
			(self.events if message.get("event") else self.answers).append(message)

	def command(self, name, params=""):
		body = json.dumps({"command": name, "params": params}).encode()
		before = len(self.answers)
		self.sock.setblocking(True)
		self.sock.sendall(b"%d:%s," % (len(body), body))
		self.sock.setblocking(False)
		self.net.wait(lambda: len(self.answers) > before, f"baresip {self.user} to answer {name}")
		return self.answers[-1]

	def event(self, kind, seconds=10):
		"""The next event of this kind, taken out of the list."""
		find = lambda: next((e for e in self.events if e.get("type") == kind), None)
		found = self.net.wait(find, f"baresip {self.user}: {kind}", seconds)
		self.events.remove(found)
		return found

	def dial(self, number):
		self.command("dial", number)

	def heard(self):
		"""(samples, rate) of all that it has decoded in its newest call."""
		files = sorted(glob.glob(os.path.join(self.dir, "dump-*-dec.wav")), key=os.path.getmtime)
		if not files:
			return [], 0
		with open(files[-1], "rb") as file:  # the lengths in its header come at its end: not yet
			head, data = file.read(44), file.read()
		channels, rate = struct.unpack("<HI", head[22:28])
		samples = array.array("h")
		samples.frombytes(data[:len(data) & ~3])
		return samples[::channels], rate

	def hears(self, hz, seconds=8):
		def now():
			samples, rate = self.heard()
			last = samples[-rate // 4:] if rate else []
			return rate and len(samples) >= rate // 2 and power(last, hz, rate) > 0.7
		self.net.wait(now, f"baresip {self.user} to hear {hz} Hz", seconds)

	def grows(self, seconds=0.4):
		"""Does audio come in?"""
		before = len(self.heard()[0])
		self.net.quiet(seconds, lambda: False, "")
		return len(self.heard()[0]) > before

	def stop(self):
		if self.process.poll() is not None:
			raise Failed(f"baresip {self.user} died")
		self.process.terminate()
		self.net.wait(lambda: self.process.poll() is not None, f"baresip {self.user} to end", 10)

	def abandon(self):
		if self.process.poll() is None:
			self.process.kill()
			self.process.wait()
