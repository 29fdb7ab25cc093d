# SPDX-License-Identifier: Apache-2.0
"""Flows on live calls: what the switch plays is heard, keys lead on, callers are put through."""
import os

from lib.daemon import ACME
from lib.net import check, equal

MENU = ACME + """
flows:
  - name: main
    extension: "500"
    start: menu
    nodes:
      menu:
        kind: menu
        items: [{tone: dial}]
        timeout_s: 3
        retries: 0
        exits: {"1": bob, "2": files, timeout: bye}
      bob:
        kind: ring
        members: ["user:1002"]
        ring_s: 10
        exits: {no_answer: bye}
      files:
        kind: say
        text: "12345"
        as: digits
        exits: {next: bye}
      bye: {kind: hangup}
"""


def _loud(payloads):
	"""Those of PCMU that are no silence."""
	return [p for p in payloads if sum(1 for b in p if b not in (0x7f, 0xff, 0x7e, 0xfe)) > 80]


def _in_menu(t):
	t.start(MENU)
	alice, bob = t.pair()
	call = alice.invite("500", rtp=t.rtp(440))
	call.answered()
	call.talk()
	call.hears(425)  # the usual dial tone of Europe
	return bob, call


def a_key_puts_the_caller_through(t):
	bob, call = _in_menu(t)
	call.rtp.digit(1)
	called = bob.incoming(rtp=t.rtp(660))
	called.ring()
	called.answer()
	called.talk()
	call.hears(660)
	called.hears(440)
	cdr = t.hang_up(call, called)
	equal(cdr["answered_by"], "1002", "who answered")
	check(any(step.get("flow") for step in cdr["trace"]), f"the flow in the trace: {cdr['trace']}")


def nothing_pressed_ends_the_call(t):
	_, call = _in_menu(t)
	call.ended(seconds=12)
	equal(t.cdr()["ended_by"], "system", "who ended it")


def recorded_digits_are_heard(t):
	"""Files of the distribution's sound packages, where they are there."""
	if not os.path.isdir("/usr/share/asterisk/sounds"):
		return
	_, call = _in_menu(t)
	before = len(call.rtp.packets)
	call.rtp.digit(2)
	call.ended(seconds=15)
	payloads = [p[4] for p in call.rtp.packets[before:] if p[2] == 0]
	check(len(_loud(payloads)) > 50, f"a second of speech: {len(_loud(payloads))} of {len(payloads)} packets")


def the_time_is_said(t):
	t.start(MENU)
	alice = t.phone("1001")
	call = alice.invite("*60", rtp=t.rtp(440))
	call.answered()
	call.talk()
	call.ended(seconds=20)
	payloads = [p[4] for p in call.rtp.packets if p[2] == 0]
	check(len(_loud(payloads)) > 50, f"a second of speech: {len(_loud(payloads))} of {len(payloads)} packets")
