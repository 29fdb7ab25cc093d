# SPDX-License-Identifier: Apache-2.0
"""Relayed RTP: our media thread and rtpengine (user space), one after the other, fed by rtp_gen.

Two network namespaces joined by a pair of virtual interfaces: the relay's (198.18.0.1) and the
phones' (198.19.0.0/16, a packet socket). The relay is alone on core 1, the phones on core 0.
"""
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OBJ = ROOT + "/build/obj/release/bench/"
SERVER_IP, GATEWAY, PHONES = "198.18.0.1", "198.18.0.2", "198.19.0.0/16"
# The gateway's address is not the interface's own: the phones' kernel drops what comes at once,
# after the packet socket has had it.
SERVER_MAC, FAR_MAC, GATEWAY_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"
CALLS = (5, 100, 500, 2000, 5000)
MANY_CALLS = 5000


def run(*argv):
    subprocess.run(argv, check=True)


class Wire:
    """The two namespaces and what joins them; gone at the end."""

    def __enter__(self):
        self.near, self.far = "tdbn%d" % os.getpid(), "tdbf%d" % os.getpid()
        self.stack = contextlib.ExitStack()
        for name in (self.near, self.far):
            run("ip", "netns", "add", name)
            self.stack.callback(subprocess.run, ["ip", "netns", "del", name])
        run("ip", "link", "add", "relay", "netns", self.near, "address", SERVER_MAC, "type", "veth",
            "peer", "name", "phones", "netns", self.far, "address", FAR_MAC)
        in_near = ("ip", "-n", self.near)
        run("ip", "-n", self.far, "link", "set", "phones", "up")
        run(*in_near, "link", "set", "lo", "up")
        run(*in_near, "addr", "add", SERVER_IP + "/30", "dev", "relay")
        run(*in_near, "link", "set", "relay", "up")
        run(*in_near, "neigh", "add", GATEWAY, "lladdr", GATEWAY_MAC, "dev", "relay", "nud", "permanent")
        run(*in_near, "route", "add", PHONES, "via", GATEWAY)
        return self

    def __exit__(self, *why):
        self.stack.close()

    def near_argv(self, core):
        return ["ip", "netns", "exec", self.near, "chrt", "-f", "10", "taskset", "-c", str(core)]

    def far_argv(self, core, calls):
        """A generator that needs all of its core goes ahead of everybody; others would be held up by
        that, since the kernel takes the core away now and then from who does."""
        ahead = ["chrt", "-f", "5"] if calls >= MANY_CALLS else []
        return ["ip", "netns", "exec", self.far] + ahead + ["taskset", "-c", str(core)]


class TandemRelay:
    def __init__(self, wire, host, core, accel=False):
        self.wire, self.host, self.core = wire, host, core
        self.more = ["accel"] if accel else []

    def start(self, calls, first):
        self.child = subprocess.Popen(  # becomes the program: `ip`, `chrt` and `taskset` exec
            self.wire.near_argv(self.core) + [self.host, SERVER_IP, str(calls)] + self.more,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.children = [self.child]
        first(self.child.pid)
        ports = []
        for line in self.child.stdout:
            if line.strip() == "ready":
                break
            ports.append(int(line))
        return ports

    def stop(self):
        self.child.stdin.close()
        counts = self.child.stdout.read()
        self.child.wait(10)
        return json.loads(counts)


# -- rtpengine's control protocol: a cookie, a blank, and a bencoded dictionary ----------------


def bencode(v):
    if isinstance(v, dict):
        return b"d" + b"".join(bencode(k) + bencode(v[k]) for k in sorted(v)) + b"e"
    if isinstance(v, list):
        return b"l" + b"".join(map(bencode, v)) + b"e"
    if isinstance(v, int):
        return b"i%de" % v
    return b"%d:%s" % (len(v.encode()), v.encode())


def bdecode(b, at=0):
    """The value at `at`, and where it ends."""
    kind = b[at:at + 1]
    if kind == b"i":
        end = b.index(b"e", at)
        return int(b[at + 1:end]), end + 1
    if kind in b"dl":
        items, at = [], at + 1
        while b[at:at + 1] != b"e":
            item, at = bdecode(b, at)
            items.append(item)
        return (dict(zip(items[::2], items[1::2])) if kind == b"d" else items), at + 1
    colon = b.index(b":", at)
    end = colon + 1 + int(b[at:colon])
    return b[colon + 1:end].decode(), end


class NgClient:
    def __init__(self, path_of_namespace, port):
        # A socket belongs to the namespace that its thread was in when it was made.
        own = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open(path_of_namespace, os.O_RDONLY)
        set_namespace(there)
        try:
            self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        finally:
            set_namespace(own)
            os.close(own)
            os.close(there)
        self.s.connect(("127.0.0.1", port))
        self.s.settimeout(2)
        self.n = 0

    def ask(self, **what):
        self.n += 1
        cookie = b"%d" % self.n
        message = cookie + b" " + bencode({k.replace("_", "-"): v for k, v in what.items()})
        for _ in range(3):
            self.s.send(message)
            try:
                while True:
                    answer = self.s.recv(65536)
                    if answer.startswith(cookie + b" "):
                        return bdecode(answer, len(cookie) + 1)[0]
            except socket.timeout:
                pass
        raise RuntimeError("rtpengine does not answer")


def set_namespace(fd):
    import ctypes
    if ctypes.CDLL(None, use_errno=True).setns(fd, 0x40000000) != 0:  # CLONE_NEWNET
        raise OSError(ctypes.get_errno(), "setns")


def description(phone):
    at = "198.19.%d.%d" % ((phone + 1) >> 8, (phone + 1) & 255)
    return ("v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0 101\r\n"
            "a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=rtcp-mux\r\n" % (at, at))


def port_in(sdp):
    return int(sdp.split("m=audio ", 1)[1].split(" ", 1)[0])


class RtpengineRelay:
    """As many processes as descriptors ask for: four sockets a call, and 20,000 may be the limit."""
    NG_PORT, PER_PROCESS = 22222, 4000

    def __init__(self, wire, core):
        self.wire, self.core, self.children = wire, core, []

    def start(self, calls, first):
        self.dir = tempfile.mkdtemp(prefix="tandem-bench-", dir="/tmp")
        n = (calls + self.PER_PROCESS - 1) // self.PER_PROCESS
        clients = [self.start_one(i, n, first) for i in range(n)]
        ports = []
        for call in range(calls):
            ng = clients[call % n]
            name = {"call_id": "call-%d" % call, "from_tag": "a", "ICE": "remove"}
            offer = ng.ask(command="offer", sdp=description(2 * call), **name)
            answer = ng.ask(command="answer", to_tag="b", sdp=description(2 * call + 1), **name)
            # The offer passed on names the port that the called phone sends to.
            ports += [port_in(answer["sdp"]), port_in(offer["sdp"])]
        return ports

    def start_one(self, i, n, first):
        room = 40000 // n
        argv = self.wire.near_argv(self.core) + rtpengine_argv(
            self.dir + "/pid%d" % i, SERVER_IP, "127.0.0.1:%d" % (self.NG_PORT + i),
            20000 + i * room, 20000 + (i + 1) * room - 1)
        with open(self.dir + "/log", "ab") as log:
            child = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True)
        self.children.append(child)
        first(child.pid)
        time.sleep(0.7)
        ng = NgClient("/run/netns/" + self.wire.near, self.NG_PORT + i)
        if ng.ask(command="ping").get("result") != "pong":
            raise RuntimeError("rtpengine did not start")
        return ng

    def stop(self):
        for child in self.children:
            child.kill()  # in peace it would end each call first
            child.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def rtpengine_argv(pidfile, address, ng, first_port, last_port):
    """User space alone (no kernel table), one thread, nothing stored, nothing logged but errors."""
    return ["rtpengine", "--foreground", "--config-file=none", "--table=-1", "--interface=" + address,
            "--listen-ng=" + ng, "--num-threads=1", "--port-min=%d" % first_port,
            "--port-max=%d" % last_port, "--log-level=3", "--log-stderr", "--pidfile=" + pidfile,
            "--timeout=600"]


def generate(wire, calls, ports, seconds, core, first, pids=(), deaf=False):
    argv = wire.far_argv(core, calls) + [OBJ + "rtp_gen", "--if", "phones", "--mac", SERVER_MAC,
                                  "--server", SERVER_IP, "--calls", str(calls), "--seconds", str(seconds),
                                  "--warm", str(2 if deaf else 6 if calls > 1000 else 3)]
    for pid in list(pids) + (softirq_threads() if pids else []):
        argv += ["--pid", str(pid)]
    if deaf:
        argv.append("--deaf")
    gen = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                           start_new_session=True)
    first(gen.pid)
    gen.stdin.write("\n".join(map(str, ports)) + "\n")
    gen.stdin.close()
    return json.loads(gen.stdout.read())


def softirq_threads():
    """ksoftirqd of both cores: what a busy core puts off is the relay's too."""
    return subprocess.run(["pgrep", "-f", "^\\[?ksoftirqd/[01]"], stdout=subprocess.PIPE,
                          text=True).stdout.split()


def measure(wire, relay, calls, seconds, cores, first, base):
    """One run; `base` is what a packet costs the phones when nobody hears it, in ns."""
    counts = None
    try:
        ports = relay.start(calls, first)
        out = generate(wire, calls, ports, seconds, cores[0], first, pids=[c.pid for c in relay.children])
    finally:
        counts = relay.stop()
    n = max(out["received"], 1)
    out["process_ns"] = out["cpu_ns"] / n
    out["softirq_ns"] = (out["send_ns"] / out["sent"] - base) * out["sent"] / n
    out["packet_ns"] = out["process_ns"] + out["softirq_ns"]
    out["core"] = out["cpu_ns"] / 1e9 / out["seconds"]
    out["counts"] = counts
    return out


def base_ns(wire, calls, seconds, cores, first):
    out = generate(wire, calls, [20000] * (2 * calls), seconds, cores[0], first, deaf=True)
    return out["send_ns"] / out["sent"]


def timer_late(core):
    """How late a sleep of 1 ms ends on that core, ahead of all other processes."""
    code = ("import time\nlate = []\nat = time.monotonic_ns()\nfor _ in range(1000):\n"
            "    at += 1000000\n    time.sleep(max(0, at - time.monotonic_ns()) / 1e9)\n"
            "    late.append((time.monotonic_ns() - at) // 1000)\n"
            "late.sort()\nprint(late[500], late[990])")
    out = subprocess.run(["chrt", "-f", "10", "taskset", "-c", str(core), sys.executable, "-c", code],
                         check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    return {"p50_us": int(out[0]), "p99_us": int(out[1])}
