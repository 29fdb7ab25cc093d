# SPDX-License-Identifier: Apache-2.0
"""Registering: digest, contacts, order, and what outlives a restart."""
from lib.daemon import ACME
from lib.net import check, equal
from lib.sip import param, parse_challenge

SHA = ACME.replace("users:", "digest: [sha-256]\nusers:")
BOTH = ACME.replace("users:", "digest: [md5, sha-256]\nusers:")


def _offered(phone):
	"""The algorithms of a challenge, in their order."""
	msg = phone.request("REGISTER", f"sip:{phone.domain}", to=f"<sip:{phone.user}@{phone.domain}>",
	                    headers=[("Contact", f"<{phone.contact}>")])
	response = phone.send(msg).expect(401)
	return [parse_challenge(v).get("algorithm", "MD5") for v in response.all("WWW-Authenticate")]


def _contacts(response):
	return [v.split(">")[0].lstrip("<") for v in response.all("contact")]


def _bindings(t):
	return t.daemon.ask("registrations")


def md5_alone_is_offered(t):
	t.start()
	phone = t.phone("1001", register=False, algorithms=("MD5",))
	equal(_offered(phone), ["MD5"], "algorithms offered")
	response = phone.register(expires=600)
	check(590 <= int(param(response.get("contact"), "expires")) <= 600, "the expiry comes back")
	equal([(b["device"], b["tenant"], b["extension"]) for b in _bindings(t)], [("1001", "acme", "1001")],
	      "registrations")


def sha256(t):
	t.start(SHA)
	phone = t.phone("1001", register=False, algorithms=("SHA-256",))
	equal(_offered(phone), ["SHA-256"], "algorithms offered")
	phone.register()


def both_offered_strongest_first(t):
	t.start(BOTH)
	equal(_offered(t.phone("1001", register=False)), ["SHA-256", "MD5"], "algorithms offered")
	t.phone("1001", algorithms=("MD5",))
	t.phone("1002", algorithms=("SHA-256",))
	equal(len(_bindings(t)), 2, "registrations")


def baresip_and_sipp(t):
	t.start()
	t.baresip("1001")
	t.sipp("register", user="1002").done()
	equal({b["device"] for b in _bindings(t)}, {"1001", "1002"}, "registrations")


def wrong_password_like_unknown_user(t):
	"""The same answer to both, so that nobody can find out who exists."""
	t.start()
	answers = []
	for user, password in (("1001", "wrong"), ("7777", "s3cret-7777")):
		phone = t.phone(user, register=False, password=password)
		response = phone.register(expect=401)
		names = [k for k, _ in response.headers]
		challenge = parse_challenge(response.get("WWW-Authenticate"))
		check(challenge.pop("nonce"), "a nonce")
		answers.append((response.start, names, challenge))
	equal(answers[0], answers[1], "answers")
	equal(_bindings(t), [], "registrations")


def nonce_is_used_again_with_rising_nc(t):
	t.start()
	phone = t.phone("1001")
	nonce = phone.digest.challenge["nonce"]
	for _ in range(5):
		phone.reg_cseq += 2
		msg = phone.request("REGISTER", "sip:acme.test", to="<sip:1001@acme.test>", cseq=phone.reg_cseq,
		                    headers=[("Contact", f"<{phone.contact}>")], call_id=phone.reg_call_id)
		phone.send(phone.authorized(msg)).expect(200)
	equal(phone.digest.challenge["nonce"], nonce, "the nonce")


def replayed_nc_is_refused(t):
	"""And as stale, since the password is right: the phone goes on without asking its user."""
	t.start()
	phone = t.phone("1001")
	msg = phone.request("REGISTER", "sip:acme.test", to="<sip:1001@acme.test>",
	                    headers=[("Contact", f"<{phone.contact}>")])
	response = phone.send(phone.authorized(msg, nc=1)).expect(401)
	equal(parse_challenge(response.get("WWW-Authenticate")).get("stale"), "true", "stale")
	phone.register()


def retransmission_is_no_replay(t):
	t.start()
	phone = t.phone("1001")
	msg = phone.authorized(phone.request("REGISTER", "sip:acme.test", to="<sip:1001@acme.test>",
	                                     headers=[("Contact", f"<{phone.contact}>")]))
	phone.send(msg).expect(200)
	before = len(t.net.trace)
	phone.put(msg)
	t.wait(lambda: any("1001 <-\nSIP/2.0" in x for x in t.net.trace[before:]), "the same answer again")
	check(all("SIP/2.0 401" not in x for x in t.net.trace[before:]), "absorbed by its transaction")


def foreign_nonce_is_stale(t):
	"""A nonce of another time or installation: a new one, and no question to the user."""
	t.start()
	phone = t.phone("1001")
	phone.digest.challenge["nonce"] = "bm90IG91cnMgYXQgYWxs"
	msg = phone.request("REGISTER", "sip:acme.test", to="<sip:1001@acme.test>",
	                    headers=[("Contact", f"<{phone.contact}>")])
	response = phone.send(phone.authorized(msg)).expect(401)
	equal(parse_challenge(response.get("WWW-Authenticate")).get("stale"), "true", "stale")


def several_contacts_with_q(t):
	t.start()
	phone = t.phone("1001", register=False)
	response = phone.register(contact="<sip:1001@192.0.2.1>;q=0.2, <sip:1001@192.0.2.2>;q=0.9;expires=120")
	equal(len(response.all("contact")), 2, "contacts")
	response = phone.register(contact="<sip:1001@192.0.2.3>;q=0.5")
	equal(_contacts(response), ["sip:1001@192.0.2.2", "sip:1001@192.0.2.3", "sip:1001@192.0.2.1"],
	      "in order of q")


def fetch_remove_and_star(t):
	t.start()
	phone = t.phone("1001")
	phone.register(contact="<sip:1001@192.0.2.1>")
	equal(len(phone.register(contact="").all("contact")), 2, "a fetch lists both")
	equal(_contacts(phone.register(contact="<sip:1001@192.0.2.1>;expires=0")), [phone.contact],
	      "one is removed")
	phone.register(contact="*", expires=60, expect=400)
	equal(phone.register(contact="*", expires=0).all("contact"), [], "* removes all")
	equal(_bindings(t), [], "registrations")


def too_short_is_423(t):
	t.start()
	phone = t.phone("1001", register=False)
	response = phone.register(expires=10, expect=423)
	equal(response.get("min-expires"), "60", "Min-Expires")
	equal(_bindings(t), [], "registrations")


def too_long_is_cut(t):
	t.start()
	response = t.phone("1001", register=False).register(expires=999999)
	check(7190 <= int(param(response.get("contact"), "expires")) <= 7200, "cut to the limit")


def old_request_removes_nothing(t):
	"""RFC 3261 section 10.3: same Call-ID and a CSeq not above the stored one."""
	t.start()
	phone = t.phone("1001", register=False)
	phone.reg_cseq = 20
	phone.register()
	phone.reg_cseq = 4
	phone.register(expires=0, expect=500)
	equal(len(_bindings(t)), 1, "registrations")


def anothers_address_is_403(t):
	t.start()
	t.phone("1001", register=False).register(aor="sip:1002@acme.test", expect=403)
	equal(_bindings(t), [], "registrations")


def path_is_kept_and_used(t):
	"""RFC 3327: the answer repeats it, and a call to the phone carries it as Route."""
	t.start()
	bob = t.phone("1002", register=False)
	path = f"<sip:edge@127.0.0.1:{bob.port};lr>"
	response = bob.register(headers=[("Path", path), ("Supported", "path")])
	equal(response.get("path"), path, "Path")
	call = t.phone("1001").invite("1002", rtp=t.rtp())
	incoming = bob.incoming()
	equal(incoming.msg.get("route"), path, "Route")
	incoming.respond(486)
	call.tx.expect(486)


def instance_replaces_its_contact(t):
	"""RFC 5626: a phone that comes back with another address is still one phone."""
	t.start()
	phone = t.phone("1001", register=False)
	outbound = ';reg-id=1;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000a95a0e128>"'
	phone.register(contact="<sip:1001@192.0.2.1>" + outbound)
	response = phone.register(contact="<sip:1001@192.0.2.2>" + outbound)
	equal(_contacts(response), ["sip:1001@192.0.2.2"], "contacts")
	response = phone.register(contact="<sip:1001@192.0.2.3>" + outbound.replace("reg-id=1", "reg-id=2"))
	equal(len(response.all("contact")), 2, "another reg-id is another way to it")


def beyond_the_limit_the_oldest_goes(t):
	t.start(limits_registrations_per_device=2)
	phone = t.phone("1001", register=False)
	for i in range(3):
		response = phone.register(contact=f"<sip:1001@192.0.2.{i}>", expires=600 + i)
	equal(sorted(_contacts(response)), ["sip:1001@192.0.2.1", "sip:1001@192.0.2.2"], "contacts")


def bindings_survive_a_restart(t):
	t.start()
	alice, bob = t.pair()
	t.daemon.stop()
	t.daemon.start()
	equal(len(_bindings(t)), 2, "registrations")
	ca, cb = t.connect(alice, bob)
	t.hang_up(ca, cb)


def bindings_survive_kill_9(t):
	"""Written within a second; the writer is not waited for by the phone."""
	t.start()
	alice, bob = t.pair()
	t.quiet(1.5, lambda: False, "")
	t.daemon.kill()
	t.daemon.start()
	ca, cb = t.connect(alice, bob)
	t.hang_up(ca, cb)
