# SPDX-License-Identifier: Apache-2.0
"""SIP messages and digest credentials, just enough to script phones: written apart from the
daemon's parser, so that the two check each other."""
import hashlib
import re
import secrets

COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length",
           "c": "content-type", "k": "supported", "s": "subject", "e": "content-encoding",
           "o": "event", "u": "allow-events", "r": "refer-to", "x": "session-expires"}


class Msg:
	def __init__(self, start, headers=(), body=b""):
		self.start = start
		self.headers = list(headers)
		self.body = body if isinstance(body, bytes) else body.encode()
		self.source = None

	@classmethod
	def parse(cls, raw):
		head, _, body = raw.partition(b"\r\n\r\n")
		lines = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "replace")).split("\r\n")
		headers = []
		for line in lines[1:]:
			name, _, value = line.partition(":")
			headers.append((name.strip(), value.strip()))
		return cls(lines[0], headers, body)

	def all(self, name):
		name = name.lower()
		return [v for k, v in self.headers if COMPACT.get(k.lower(), k.lower()) == name]

	def get(self, name):
		values = self.all(name)
		return values[0] if values else None

	def text(self):
		lines = [self.start] + [f"{k}: {v}" for k, v in self.headers]
		if not self.all("content-length"):
			lines.append(f"Content-Length: {len(self.body)}")
		return "\r\n".join(lines) + "\r\n\r\n"

	def bytes(self):
		return self.text().encode() + self.body

	@property
	def is_response(self):
		return self.start.startswith("SIP/2.0 ")

	@property
	def status(self):
		return int(self.start.split()[1]) if self.is_response else 0

	@property
	def method(self):
		return self.get("cseq").split()[1] if self.is_response else self.start.split()[0]

	@property
	def uri(self):
		return self.start.split()[1]

	@property
	def cseq(self):
		return int(self.get("cseq").split()[0])

	@property
	def branch(self):
		return param(self.get("via") or "", "branch")

	@property
	def sdp(self):
		return self.body.decode("utf-8", "replace")


def param(value, name):
	m = re.search(r'[;\s]' + re.escape(name) + r'\s*=\s*("[^"]*"|[^;,\s>]*)', value, re.I)
	return m.group(1).strip('"') if m else None


def uri_of(value):
	m = re.search(r"<([^>]*)>", value)
	return m.group(1) if m else value.split(";")[0].strip()


def tag_of(value):
	return param(value.rpartition(">")[2], "tag")


def user_of(value):
	m = re.match(r"sips?:(?:([^@;]*)@)?", uri_of(value))
	return m.group(1) if m else None


def token(n=8):
	return secrets.token_hex(n)


def parse_challenge(value):
	scheme, _, rest = value.partition(" ")
	found = {"scheme": scheme}
	for m in re.finditer(r'(\w+)\s*=\s*("([^"]*)"|[^,\s]+)', rest):
		found[m.group(1).lower()] = m.group(3) if m.group(3) is not None else m.group(2)
	return found


class Digest:
	"""Answers challenges; keeps a nonce and counts up, as phones do (RFC 7616, RFC 8760)."""

	def __init__(self, user, password, algorithms=("SHA-256", "MD5")):
		self.user, self.password, self.algorithms = user, password, algorithms
		self.challenge, self.nc = None, 0

	def take(self, response):
		"""Learn the first challenge of an algorithm we know; False when there is none."""
		header = "WWW-Authenticate" if response.status == 401 else "Proxy-Authenticate"
		for value in response.all(header):
			challenge = parse_challenge(value)
			if challenge.get("algorithm", "MD5").upper() in self.algorithms:
				self.challenge, self.nc = challenge, 0
				return True
		return False

	def value(self, method, uri, nc=None):
		c = self.challenge
		algorithm = c.get("algorithm", "MD5")
		h = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[algorithm.upper()]
		if nc is None:
			self.nc += 1
			nc = self.nc
		digest = lambda s: h(s.encode()).hexdigest()
		cnonce = token(4)
		ha1 = digest(f"{self.user}:{c['realm']}:{self.password}")
		ha2 = digest(f"{method}:{uri}")
		response = digest(f"{ha1}:{c['nonce']}:{nc:08x}:{cnonce}:auth:{ha2}")
		text = (f'Digest username="{self.user}", realm="{c["realm"]}", nonce="{c["nonce"]}", '
		        f'uri="{uri}", response="{response}", algorithm={algorithm}, cnonce="{cnonce}", '
		        f"qop=auth, nc={nc:08x}")
		if "opaque" in c:
			text += f', opaque="{c["opaque"]}"'
		return text


def sdp_address(text):
	"""Where a description wants the audio: (ip, port)."""
	ip = re.findall(r"^c=IN IP[46] (\S+)", text, re.M)
	media = text.partition("m=audio")[2]
	own = re.findall(r"^c=IN IP[46] (\S+)", media, re.M)
	port = re.search(r"^m=audio (\d+)", text, re.M)
	return ((own or ip)[0], int(port.group(1)))


def sdp_direction(text):
	m = re.findall(r"^a=(sendrecv|sendonly|recvonly|inactive)\s*$", text, re.M)
	return m[-1] if m else "sendrecv"


def sdp_formats(text):
	m = re.search(r"^m=audio \d+(?:/\d+)? \S+ (.*?)\s*$", text, re.M)
	return [int(x) for x in m.group(1).split()] if m else []
