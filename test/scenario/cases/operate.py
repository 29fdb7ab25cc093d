# SPDX-License-Identifier: Apache-2.0
"""The command line and the settings, as an operator meets them."""
import os
import subprocess

from lib.daemon import ACME, Daemon
from lib.net import Failed, check, equal


def _tandemd(t, *words, env=None):
	p = subprocess.run([f"{t.bin}/tandemd", *words], capture_output=True, text=True, timeout=20,
	                   env=dict(os.environ, **(env or {})))
	return p.returncode, p.stdout, p.stderr


def wrong_settings_are_named(t):
	"""With the name, and what is allowed; nothing is started."""
	data = os.path.join(t.work, "data")
	for words, named in ((["--set", "sip.lisen=x"], "sip.lisen"), (["--set", "shards=65"], "shards"),
	                     (["--set", "log.level=loud"], "log.level"), (["--set", "rtp.ports=5-1"], "rtp.ports"),
	                     (["--set", "sip.listen=udp:nonsense"], "sip.listen"), (["--nonsense"], "--nonsense")):
		code, out, err = _tandemd(t, "--data", data, *words)
		check(code != 0 and named in err and "ready" not in out, f"{words}: {code} {err}")
	code, _, err = _tandemd(t, "--data", data, env={"TANDEM_SIP_NONSENSE": "1"})
	check(code != 0 and "TANDEM_SIP_NONSENSE" in err, f"environment: {code} {err}")


def help_and_completion(t):
	code, out, _ = _tandemd(t, "--help")
	check(code == 0 and "sip.listen" in out and "limits.ring_s" in out, "tandemd --help")
	for word in ("apply", "plan", "get", "cdr", "explain", "registrations"):
		p = subprocess.run([f"{t.bin}/tandem", word, "--help"], capture_output=True, text=True, timeout=20)
		check(p.returncode == 0 and "Usage" in p.stdout + p.stderr, f"tandem {word} --help")
	p = subprocess.run([f"{t.bin}/tandem", "completion", "bash"], capture_output=True, text=True, timeout=20)
	subprocess.run(["bash", "-n"], input=p.stdout, text=True, check=True, timeout=20)


def file_environment_and_set(t):
	"""--set ranks above the environment, and that above the file."""
	config = os.path.join(t.work, "settings.yaml")
	with open(config, "w") as file:
		file.write("limits:\n  expiry_min_s: 61\n  expiry_default_s: 300\nlog.level: info\n")
	daemon = Daemon(t.net, t.bin, t.work, {})
	daemon.extra = ["--config", config]
	os.environ["TANDEM_LIMITS_EXPIRY_DEFAULT_S"] = "400"
	try:
		t.daemon = daemon.start()
	finally:
		del os.environ["TANDEM_LIMITS_EXPIRY_DEFAULT_S"]
	daemon.apply()
	phone = t.phone("1001", register=False)
	equal(phone.register(expires=60, expect=423).get("min-expires"), "61", "from the file")
	response = phone.register(headers=[("Contact", f"<{phone.contact}>")], contact="")
	check("expires=400" in response.get("contact"), f"from the environment: {response.get('contact')}")


def second_daemon_on_the_same_data_is_refused(t):
	t.start()
	code, out, err = _tandemd(t, "--data", t.daemon.data, "--set", "sip.listen=udp:127.0.0.1:0")
	check(code != 0 and "ready" not in out, f"{code} {err}")
	t.phone("1001")


def data_of_a_stopped_daemon_are_whole(t):
	t.start()
	t.daemon.stop()
	t.daemon.start()
	equal([x["fields"]["username"] for x in t.daemon.ask("get", "device")],
	      ["1001", "1002", "bob-desk", "1003"], "devices")
	t.phone("1001")


def plan_apply_undo_history(t):
	t.start()
	renamed = ACME.replace("name: Alice", "name: Alicia")
	check("Alic" in t.daemon.run("plan", "-", stdin=renamed), "the plan names her")
	equal([u["fields"]["name"] for u in t.daemon.ask("get", "user", "1001")], ["Alice"], "a plan changes nothing")
	t.daemon.apply(renamed)
	equal([u["fields"]["name"] for u in t.daemon.ask("get", "user", "1001")], ["Alicia"], "applied")
	t.daemon.run("undo")
	equal([u["fields"]["name"] for u in t.daemon.ask("get", "user", "1001")], ["Alice"], "undone")
	equal(len(t.daemon.ask("history", "user", "1001")), 3, "versions")


def faults_of_a_file_are_named(t):
	t.start()
	for wrong, named in ((ACME.replace('"1002"\n', '"12ab"\n'), "extension"),
	                     (ACME.replace('username: "bob-desk"', 'username: "1001"'), "username"),
	                     (ACME.replace("tenant: acme", "tenant: other"), "acme.test"),
	                     (ACME.replace("users:", "usres:"), "usres"), ("tenant: [", "")):
		try:
			t.daemon.apply(wrong)
		except Failed as e:
			check(named in str(e), f"{named} in: {e}")
		else:
			raise Failed(f"taken, with a wrong {named}")
	equal(len(t.daemon.ask("get", "tenant")), 1, "tenants")


def passwords_are_never_shown(t):
	t.start()
	t.phone("1001")
	seen = t.daemon.run("get", "device") + t.daemon.run("--json", "get", "device") + \
		t.daemon.run("--json", "history", "device", "1001")
	t.daemon.stop()
	for folder, _, files in os.walk(t.daemon.data):
		for name in files:
			with open(os.path.join(folder, name), "rb") as file:
				check(b"s3cret" not in file.read(), f"a password in {name}")
	with open(t.daemon.log_path) as log:
		check("s3cret" not in seen + log.read(), "a password is shown")


def exit_codes(t):
	t.start()
	for words, code in ((["hangup", "nobody"], 3), (["get", "device", "nobody"], 3), (["nonsense"], 2),
	                    (["cdr", "--tenant", "nobody"], 3), (["status"], 0)):
		p = subprocess.run([f"{t.bin}/tandem", "--data", t.daemon.data, *words], capture_output=True, timeout=20)
		check((p.returncode == 0) == (code == 0), f"{words}: {p.returncode}")
	t.daemon.stop()
	p = subprocess.run([f"{t.bin}/tandem", "--data", t.daemon.data, "status"], capture_output=True, timeout=20)
	check(p.returncode != 0 and p.stderr, "a daemon that does not run")


def call_limit_is_503(t):
	t.start(limits_calls=1, shards=1)
	alice, bob = t.pair()
	ca, cb = t.connect(alice, bob, talk=False)
	t.phone("1003").invite("1001", rtp=t.rtp()).tx.expect(503)
	t.hang_up(ca, cb)
