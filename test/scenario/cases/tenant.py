# SPDX-License-Identifier: Apache-2.0
"""Two tenants with the same extensions and user names never meet."""
from lib.daemon import ACME
from lib.net import check, equal

BLUE = """
tenant: blue
domains: [blue.test]
users:
  - {name: Ann, extension: "1001", devices: [{username: "1001", password: "blue-1001"}]}
  - {name: Ben, extension: "1002", devices: [{username: "1002", password: "blue-1002"}]}
  - {name: Zoe, extension: "2001", devices: [{username: "only-blue", password: "blue-2001"}]}
"""


def _two(t):
	t.start([ACME, BLUE])


def same_numbers_never_meet(t):
	_two(t)
	phones = {d: [t.phone(u, domain=f"{d}.test", name=f"{d}-{u}",
	                      password=f"{'s3cret' if d == 'acme' else 'blue'}-{u}") for u in ("1001", "1002")]
	          for d in ("acme", "blue")}
	for own, other in (("acme", "blue"), ("blue", "acme")):
		ca, cb = t.connect(*phones[own])
		check(not any(p.has("INVITE") for p in phones[other]), "the other tenant's phone rang")
		check(f"{other}.test" not in cb.msg.text(), "the other tenant shows")
		equal(t.hang_up(ca, cb)["tenant"], own, "tenant")
		t.no_calls()
	for name in ("acme", "blue"):
		equal({c["tenant"] for c in t.daemon.ask("cdr", "--tenant", name)}, {name}, "records of one tenant")
		equal(len(t.daemon.ask("registrations", "--tenant", name)), 2, "registrations of one tenant")


def other_tenants_domain_is_refused(t):
	"""Credentials of one tenant are worth nothing in another, and a call across is none."""
	_two(t)
	ben = t.phone("1002", domain="blue.test", password="blue-1002", name="ben")
	alice = t.phone("1001")
	call = alice.invite("1002", rtp=t.rtp(), uri="sip:1002@blue.test")
	check(call.tx.final().status >= 400, "refused")
	check(not ben.has("INVITE"), "it rang in another tenant")
	t.phone("1001", domain="blue.test", password="s3cret-1001", register=False).register(expect=401)


def address_alone_with_a_unique_name(t):
	"""A phone that knows only the IP address is found by its user name, when one tenant alone has it."""
	_two(t)
	zoe = t.phone("only-blue", domain="127.0.0.1", password="blue-2001")
	ann = t.phone("1001", domain="blue.test", password="blue-1001")
	ca, cb = t.connect(ann, zoe, number="2001")
	equal(t.hang_up(ca, cb)["tenant"], "blue", "tenant")
	ca, cb = t.connect(zoe, ann, number="1001")
	equal(t.hang_up(ca, cb)["from"], "2001", "from")


def address_alone_with_an_ambiguous_name(t):
	_two(t)
	for password in ("s3cret-1001", "blue-1001"):
		t.phone("1001", domain="127.0.0.1", password=password, register=False).register(expect=401)


def address_alone_with_the_global_name(t):
	_two(t)
	name = t.daemon.ask("get", "device", "1001", "--tenant", "blue")[0]["fields"]["global_username"]
	ann = t.phone(name, domain="127.0.0.1", password="blue-1001")
	ben = t.phone("1002", domain="blue.test", password="blue-1002")
	ca, cb = t.connect(ben, ann, number="1001")
	equal(t.hang_up(ca, cb)["tenant"], "blue", "tenant")
	ca, cb = t.connect(ann, ben, number="1002")
	equal(t.hang_up(ca, cb)["from"], "1001", "from")


def apply_is_live_at_once(t):
	"""A new user calls, a changed password counts, a removed device is gone; a call goes on meanwhile."""
	t.start()
	alice, bob = t.pair()
	ca, cb = t.connect(alice, bob)
	changed = ACME.replace('"s3cret-1003"', '"changed"').replace(
		'  - name: Carol', '  - {name: Dan, extension: "1004", devices: [{username: "1004", password: "s3cret-1004"}]}\n'
		'  - name: Carol')
	check("1004" in t.daemon.apply(changed), "what changed is told")
	t.phone("1004")
	t.phone("1003", password="changed")
	t.phone("1003", register=False).register(expect=401)
	again = t.daemon.run("--json", "apply", "-", stdin=changed)
	check("1004" not in again, f"again changes nothing: {again}")
	ca.rtp.forget()
	ca.hears(660)
	t.daemon.apply(ACME)
	t.phone("1004", register=False).register(expect=401)
	t.hang_up(ca, cb)


def explain_says_what_a_call_does(t):
	t.start()
	told = t.daemon.run("explain", "--tenant", "acme", "--from", "1001", "--to", "1002")
	check("1002" in told, told)
	alice, bob = t.pair()
	steps = lambda trace: [step["rule"] for step in trace]
	explained = t.daemon.ask("explain", "--tenant", "acme", "--from", "1001", "--to", "1002")
	cdr = t.hang_up(*t.connect(alice, bob, talk=False))
	equal(steps(explained["trace"])[:3], steps(cdr["trace"])[:3], "the trace of a call")
