# SPDX-License-Identifier: Apache-2.0
"""A scripted SIP phone: exact about what it sends and when, and honest as a peer: it
retransmits, absorbs repeats, and answers challenges. One Phone is one device at one address."""
import socket

from lib.net import Failed, bind, host
from lib.sip import Digest, Msg, sdp_address, tag_of, token, uri_of

T1, T2 = 0.5, 4.0
REASONS = {100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 202: "Accepted",
           302: "Moved Temporarily", 404: "Not Found", 480: "Temporarily Unavailable",
           481: "Call/Transaction Does Not Exist", 486: "Busy Here", 487: "Request Terminated",
           488: "Not Acceptable Here", 491: "Request Pending", 500: "Server Internal Error",
           603: "Decline"}


def describe(rtp=None, formats=(0, 8, 101), direction="sendrecv", ip=None, port=None, version=1,
             connection=None):
	"""A session description of a plain phone with one audio line."""
	ip = ip or rtp.ip
	connection = connection or ip
	kind = "IP6" if ":" in ip else "IP4"
	ckind = "IP6" if ":" in connection else "IP4"
	maps = {0: "PCMU/8000", 8: "PCMA/8000", 9: "G722/8000", 101: "telephone-event/8000"}
	lines = ["v=0", f"o=phone 4711 {version} IN {kind} {ip}", "s=-", f"c=IN {ckind} {connection}", "t=0 0",
	         f"m=audio {port or rtp.port} RTP/AVP {' '.join(str(f) for f in formats)}"]
	lines += [f"a=rtpmap:{f} {maps[f]}" for f in formats]
	if 101 in formats:
		lines.append("a=fmtp:101 0-15")
	lines += ["a=ptime:20", f"a={direction}"]
	return "\r\n".join(lines) + "\r\n"


class Tx:
	"""A request sent, and what came back."""

	def __init__(self, phone, msg, dest):
		self.phone, self.msg, self.dest = phone, msg, dest
		self.responses, self.timer, self.wait_s = [], None, T1
		phone.transactions[(msg.branch, msg.method)] = self
		phone.put(msg, dest)
		if not phone.stream and msg.method != "ACK":
			self.timer = phone.net.after(T1, self._again)

	def _again(self):
		if self.wait_s < 64 * T1:
			self.phone.put(self.msg, self.dest)
			self.wait_s *= 2
			self.timer = self.phone.net.after(self.wait_s, self._again)

	def take(self, response):
		if self.timer and (response.status >= 200 or self.msg.method == "INVITE"):
			self.timer.stop()
		final = self.final_now
		if self.msg.method == "INVITE" and response.status >= 300:
			self._ack(response)
		if final and response.status >= 200 and tag_of(final.get("to")) == tag_of(response.get("to")):
			if self.on_repeat and final.status < 300:
				self.on_repeat()
			return
		self.responses.append(response)

	on_repeat = None

	def _ack(self, response):
		"""Section 17.1.1.3: of a refusal, within the transaction."""
		keep = [(k, v) for k, v in self.msg.headers
		        if k in ("Via", "From", "Call-ID", "Max-Forwards", "Route")]
		keep += [("To", response.get("to")), ("CSeq", f"{self.msg.cseq} ACK")]
		self.phone.put(Msg(f"ACK {self.msg.uri} SIP/2.0", keep), self.dest)

	@property
	def final_now(self):
		return next((r for r in self.responses if r.status >= 200), None)

	def final(self, seconds=8):
		return self.phone.net.wait(lambda: self.final_now,
		                           f"{self.phone.name}: final answer to {self.msg.method}", seconds)

	def provisional(self, status, seconds=8):
		what = f"{self.phone.name}: {status} to {self.msg.method}"
		found = lambda: next((r for r in self.responses if r.status == status), None)
		self.phone.net.wait(lambda: found() or self.final_now, what, seconds)
		if not found():
			raise Failed(f"{what}: came {self.final_now.start} instead")
		return found()

	def expect(self, status, seconds=8):
		response = self.final(seconds)
		if response.status != status:
			raise Failed(f"{self.phone.name}: {self.msg.method} got {response.start!r}, not {status}")
		return response


class Phone:
	def __init__(self, net, server, user, password=None, domain="acme.test", transport="udp",
	             ip="127.0.0.1", name=None, algorithms=("SHA-256", "MD5"), display=None):
		self.net, self.server, self.user, self.domain = net, server, user, domain
		self.name = name or user
		self.transport, self.stream, self.ip = transport, transport == "tcp", ip
		self.digest = Digest(user, password or f"s3cret-{user}", algorithms)
		self.display = display
		self.transactions, self.inbox, self.answered = {}, [], {}
		self.reg_call_id, self.reg_cseq, self.reg_tag = token(), 0, token(4)
		self.mute = False  # hears nothing and says nothing: a phone without power
		self.raw = b""
		if self.stream:
			self.sock = socket.create_connection(server[:2], 5)
			net.watch(self.sock, self._read_stream)
		else:
			self.sock = bind(ip)
			net.watch(self.sock, self._read_datagram)
		self.port = self.sock.getsockname()[1]

	# -- wire -------------------------------------------------------------------------------

	@property
	def contact(self):
		extra = ";transport=tcp" if self.stream else ""
		return f"sip:{self.user}@{host(self.ip)}:{self.port}{extra}"

	def via(self):
		return f"SIP/2.0/{self.transport.upper()} {host(self.ip)}:{self.port};rport;branch=z9hG4bK{token()}"

	def put(self, msg, dest=None):
		self.put_raw(msg.bytes(), dest)

	def put_raw(self, raw, dest=None):
		if self.mute:
			return
		self.net.note(f"{self.name} ->\n{raw.decode('utf-8', 'replace')}")
		if self.stream:
			self.sock.setblocking(True)
			self.sock.sendall(raw)
			self.sock.setblocking(False)
		else:
			self.sock.sendto(raw, dest or self.server)

	def _read_datagram(self):
		while True:
			try:
				raw, source = self.sock.recvfrom(65535)
			except OSError:
				return
			if not self.mute and raw.strip():
				self._take(raw, source)

	def _read_stream(self):
		try:
			piece = self.sock.recv(65535)
		except OSError:
			return
		if not piece:
			self.net.note(f"{self.name}: connection closed")
			self.net.unwatch(self.sock)
			self.closed = True
			return
		self.raw += piece
		self.received_bytes = getattr(self, "received_bytes", b"") + piece
		while True:
			self.raw = self.raw.lstrip(b"\r\n")
			head, blank, rest = self.raw.partition(b"\r\n\r\n")
			if not blank:
				return
			length = int(Msg.parse(head + blank).get("content-length") or 0)
			if len(rest) < length:
				return
			self.raw = rest[length:]
			if not self.mute:
				self._take(head + blank + rest[:length], self.server)

	def _take(self, raw, source):
		self.net.note(f"{self.name} <-\n{raw.decode('utf-8', 'replace')}")
		msg = Msg.parse(raw)
		msg.source = source
		if msg.is_response:
			tx = self.transactions.get((msg.branch, msg.method))
			if tx:
				tx.take(msg)
			return
		key = (msg.branch, msg.method)
		if key in self.answered:  # a repeat
			if self.answered[key]:
				self.put(self.answered[key], source)
			return
		self.answered[key] = None
		if msg.method == "ACK":
			for (branch, method), response in self.answered.items():
				if method == "INVITE" and response and response.get("call-id") == msg.get("call-id") \
				   and response.cseq == msg.cseq and response.timer:
					response.timer.stop()
		if msg.method in self.automatic:
			self.reply(msg, 200)
		self.inbox.append(msg)

	# What is answered 200 before the scenario looks at it.
	automatic = ("BYE", "CANCEL", "INFO", "PRACK", "OPTIONS")

	# -- as a client ------------------------------------------------------------------------

	def request(self, method, uri, to=None, headers=(), body=b"", from_uri=None, call_id=None, cseq=1,
	            from_tag=None, drop=()):
		own = from_uri or f"sip:{self.user}@{self.domain}"
		display = f'"{self.display}" ' if self.display else ""
		base = [("Via", self.via()), ("Max-Forwards", "70"),
		        ("From", f"{display}<{own}>;tag={from_tag or token(4)}"), ("To", to or f"<{uri}>"),
		        ("Call-ID", call_id or token()), ("CSeq", f"{cseq} {method}"),
		        ("User-Agent", "scripted phone")]
		have = {k.lower() for k, _ in headers} | set(drop)
		base = [(k, v) for k, v in base if k.lower() not in have]
		return Msg(f"{method} {uri} SIP/2.0", base + list(headers), body)

	def send(self, msg, dest=None):
		return Tx(self, msg, dest or self.server)

	def authorized(self, msg, nc=None, proxy=None):
		"""The same request with credentials, as a new transaction."""
		value = self.digest.value(msg.method, msg.uri, nc)
		name = "Proxy-Authorization" if (msg.method != "REGISTER" if proxy is None else proxy) \
			else "Authorization"
		headers = []
		for k, v in msg.headers:
			if k == "Via":
				v = self.via()
			if k == "CSeq":
				v = f"{msg.cseq + 1} {msg.method}"
			if k not in ("Authorization", "Proxy-Authorization"):
				headers.append((k, v))
		return Msg(msg.start, headers + [(name, value)], msg.body)

	def transact(self, msg, seconds=8):
		"""Send, answer one challenge, and return the transaction that counts."""
		tx = self.send(msg)
		first = self.net.wait(lambda: tx.final_now or [r for r in tx.responses if r.status > 100],
		                      f"{self.name}: answer to {msg.method}", seconds)
		if tx.final_now and tx.final_now.status in (401, 407) and self.digest.take(tx.final_now):
			return self.send(self.authorized(msg, proxy=tx.final_now.status == 407))
		return tx

	def register(self, expires=600, contact=None, headers=(), expect=200, aor=None, parameters=""):
		aor = aor or f"sip:{self.user}@{self.domain}"
		self.reg_cseq += 2
		value = contact or f"<{self.contact}>{parameters}"
		h = [("Contact", value), ("Expires", str(expires))] + list(headers)
		if contact == "":
			h = list(headers)
		msg = self.request("REGISTER", f"sip:{self.domain}", to=f"<{aor}>", headers=h, from_uri=aor,
		                   call_id=self.reg_call_id, cseq=self.reg_cseq, from_tag=self.reg_tag)
		return self.transact(msg).expect(expect)

	def invite(self, number, body=None, rtp=None, headers=(), uri=None, **kw):
		"""A call out; the challenge is answered at once."""
		uri = uri or f"sip:{number}@{self.domain}"
		h = [("Contact", f"<{self.contact}>"), ("Allow", "INVITE, ACK, BYE, CANCEL, UPDATE, INFO, PRACK")]
		if body is None and rtp:
			body = describe(rtp)
		if body:
			h.append(("Content-Type", "application/sdp"))
		tx = self.transact(self.request("INVITE", uri, headers=h + list(headers), body=body or b"", **kw))
		return Call.out(self, tx, rtp)

	# -- as a server ------------------------------------------------------------------------

	def expect(self, method, call_id=None, seconds=8):
		"""The next request of this kind, taken out of the inbox."""
		def find():
			return next((m for m in self.inbox if m.method == method
			             and (call_id is None or m.get("call-id") == call_id)), None)
		msg = self.net.wait(find, f"{self.name}: {method} to come", seconds)
		self.inbox.remove(msg)
		return msg

	def has(self, method):
		return any(m.method == method for m in self.inbox)

	def reply(self, msg, status, reason=None, headers=(), body=b"", to_tag=None):
		to = msg.get("to")
		if not tag_of(to) and status > 100:
			to += f";tag={to_tag or token(4)}"
		base = [("Via", v) for v in msg.all("via")] + [("Record-Route", v) for v in msg.all("record-route")]
		base += [("From", msg.get("from")), ("To", to), ("Call-ID", msg.get("call-id")),
		         ("CSeq", msg.get("cseq"))]
		response = Msg(f"SIP/2.0 {status} {reason or REASONS.get(status, 'Whatever')}", base + list(headers),
		               body)
		response.timer = None
		self.answered[(msg.branch, msg.method)] = response
		self.put(response, msg.source)
		if msg.method == "INVITE" and status >= 200:
			self._repeat_final(response, msg.source, T1)
		return response

	def _repeat_final(self, response, dest, wait_s):
		def again():
			self.put(response, dest)
			if wait_s < 32:
				self._repeat_final(response, dest, min(2 * wait_s, T2))
		response.timer = self.net.after(wait_s, again)

	def incoming(self, seconds=8, rtp=None):
		return Call.into(self, self.expect("INVITE", seconds=seconds), rtp)

	def drop_connection(self):
		self.net.unwatch(self.sock)
		self.sock.close()

	def close(self):
		self.drop_connection()


class Call:
	"""One dialog of a phone, from either side."""

	def __init__(self, phone, call_id, local, remote, rtp):
		self.phone, self.net, self.call_id = phone, phone.net, call_id
		self.local, self.remote, self.rtp = local, remote, rtp
		self.cseq, self.target, self.routes = 100, None, []
		self.tx = self.msg = self.ack_msg = self.remote_sdp = None

	@classmethod
	def out(cls, phone, tx, rtp):
		call = cls(phone, tx.msg.get("call-id"), tx.msg.get("from"), tx.msg.get("to"), rtp)
		call.tx, call.cseq = tx, tx.msg.cseq
		return call

	@classmethod
	def into(cls, phone, msg, rtp):
		call = cls(phone, msg.get("call-id"), f"{msg.get('to')};tag={token(4)}", msg.get("from"), rtp)
		call.msg, call.target = msg, uri_of(msg.get("contact"))
		call.routes = msg.all("record-route")
		if msg.body:
			call.remote_sdp = msg.sdp
		return call

	# -- caller -----------------------------------------------------------------------------

	def ringing(self, status=180, seconds=8):
		response = self.tx.provisional(status, seconds)
		if response.body:
			self.remote_sdp = response.sdp
		return response

	def learn(self, response):
		self.remote, self.target = response.get("to"), uri_of(response.get("contact"))
		self.routes = list(reversed(response.all("record-route")))
		if response.body:
			self.remote_sdp = response.sdp

	def answered(self, seconds=8, ack_body=None):
		"""Wait for the 200 and acknowledge it."""
		response = self.tx.expect(200, seconds)
		self.learn(response)
		self.ack(self.tx, ack_body)
		return response

	def ack(self, tx, body=None):
		headers = [("Content-Type", "application/sdp")] if body else []
		self.ack_msg = self._make("ACK", headers, body or b"", tx.msg.cseq)
		self.phone.put(self.ack_msg)
		tx.on_repeat = lambda: self.phone.put(self.ack_msg)

	def cancel(self, headers=()):
		m = self.tx.msg
		keep = [(k, v) for k, v in m.headers if k in ("Via", "From", "To", "Call-ID", "Max-Forwards", "Route")]
		keep += [("CSeq", f"{m.cseq} CANCEL")] + list(headers)
		return self.phone.send(Msg(f"CANCEL {m.uri} SIP/2.0", keep))

	# -- callee -----------------------------------------------------------------------------

	def respond(self, status, body=None, headers=(), reason=None):
		h = [("Contact", f"<{self.phone.contact}>"),
		     ("Allow", "INVITE, ACK, BYE, CANCEL, UPDATE, INFO, PRACK")] + list(headers)
		if body:
			h.append(("Content-Type", "application/sdp"))
		return self.phone.reply(self.msg, status, reason, h, body or b"", to_tag=tag_of(self.local))

	def ring(self):
		return self.respond(180)

	def answer(self, body=None, headers=(), acked=True):
		self.respond(200, body or describe(self.rtp), headers)
		if acked:
			self.acked()

	def acked(self, seconds=8):
		ack = self.phone.expect("ACK", self.call_id, seconds)
		if ack.body:
			self.remote_sdp = ack.sdp
		return ack

	# -- within the dialog ------------------------------------------------------------------

	def _make(self, method, headers, body, cseq):
		base = [("Via", self.phone.via()), ("Max-Forwards", "70")]
		base += [("Route", r) for r in self.routes]
		base += [("From", self.local), ("To", self.remote), ("Call-ID", self.call_id),
		         ("CSeq", f"{cseq} {method}")]
		if method in ("INVITE", "UPDATE"):
			base.append(("Contact", f"<{self.phone.contact}>"))
		return Msg(f"{method} {self.target} SIP/2.0", base + list(headers), body)

	def request(self, method, headers=(), body=b"", kind=None):
		self.cseq += 1
		h = list(headers)
		if body:
			h.append(("Content-Type", kind or "application/sdp"))
		return self.phone.send(self._make(method, h, body, self.cseq))

	def modify(self, body, method="INVITE", headers=()):
		"""An offer in the dialog; returns the answer's description."""
		tx = self.request(method, headers, body)
		response = tx.expect(200)
		self.learn_answer(response)
		if method == "INVITE":
			self.ack(tx)
		return response.sdp

	def learn_answer(self, response):
		if response.body:
			self.remote_sdp = response.sdp

	def expect(self, method, seconds=8):
		msg = self.phone.expect(method, self.call_id, seconds)
		if msg.body and method in ("INVITE", "UPDATE", "ACK"):
			self.remote_sdp = msg.sdp
		return msg

	def accept(self, msg, body=None, headers=()):
		"""200 to a re-INVITE or UPDATE."""
		h = [("Contact", f"<{self.phone.contact}>")] + list(headers)
		if body:
			h.append(("Content-Type", "application/sdp"))
		self.phone.reply(msg, 200, headers=h, body=body or b"")
		if msg.method == "INVITE":
			self.acked()

	def bye(self, headers=(), expect=200):
		return self.request("BYE", headers).expect(expect)

	def ended(self, seconds=8):
		"""The other end hangs up: the BYE, already answered."""
		return self.expect("BYE", seconds)

	# -- audio ------------------------------------------------------------------------------

	@property
	def media(self):
		return sdp_address(self.remote_sdp)

	def talk(self):
		self.rtp.talk(self.media)

	def hears(self, hz, seconds=6):
		self.net.wait(lambda: self.rtp.hears(hz), f"{self.phone.name} to hear {hz} Hz", seconds)
