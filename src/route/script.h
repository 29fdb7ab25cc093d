// SPDX-License-Identifier: Apache-2.0
/**
 * A call that is only thought of: who calls, when, who is there, and what the caller and the others
 * do. `tandem explain`, the saved tests of flows and the replay of real calls drive the engine with it.
 *
 * As JSON: `given` {"from": "1001", "to": "500", "at": "2026-07-01T12:00:00Z", "day_mode": "night",
 * "random": 7, "turn": 3, "present": {"1001": "busy", "*": "registered"}} and `when`, a list that is
 * used up in order, each kind for itself:
 *
 *     {"digits": "1"}       keys typed when they are asked for; "": none
 *     {"ring": "answer"}    or no_answer, busy, unreachable: how a stage of ringing ends
 *     {"webhook": "vip"}    its answer; "": none
 *     {"queue": "turn"}     or timeout, left, full
 *     {"message": "silent"} or kept
 *     {"present": {...}}    from here on
 *
 * A call detail record keeps its facts in the same words, so that a real call is a script.
 */
#pragma once

#include <jansson.h>

#include "route/route.h"

enum script_kind { SCRIPT_DIGITS, SCRIPT_RING, SCRIPT_WEBHOOK, SCRIPT_QUEUE, SCRIPT_MESSAGE, SCRIPT_KINDS };

enum { SCRIPT_MAX = 64, SCRIPT_MAX_PRESENT = 256 };

struct script_present {
	struct str who; /* an extension; "*": everybody else */
	unsigned registered, calls;
	uint64_t idle_since_ms;
};

struct route_script {
	struct str from, to, flow, day_mode;
	uint64_t at_ms, random, turn;
	struct str words[SCRIPT_KINDS][SCRIPT_MAX];
	size_t n_words[SCRIPT_KINDS];
	struct script_present present[SCRIPT_MAX_PRESENT];
	size_t n_present;
};

/**
 * Slices stay those of the JSON values.
 * @param where  path in front of places, such as "flow_tests[2]"
 * @return 0; E_POLICY: a line in `why` for each fault
 */
must_check int script_read(struct route_script *out, const json_t *given, const json_t *when,
                           const char *where, struct buf *why);

enum drive_next {
	DRIVE_ASK, /* the presence of decision.users is wanted: set `presence`, and drive on */
	DRIVE_END,
};

enum drive_end {
	DRIVE_DECIDED,  /* refused, ended, echo */
	DRIVE_ANSWERED, /* somebody took it */
	DRIVE_RINGS,    /* it rings, and the script says no more */
	DRIVE_WAITS,    /* for an input that the script does not have */
};

struct drive {
	const struct tenant *tenant;       /* borrowed, as is the script */
	const struct route_script *script;
	bool live;  /* the presence of whom the script does not name is asked for; else: registered */
	struct route_facts facts;
	struct route_state state;
	struct route_decision decision;
	struct route_trace *trace;         /* may be NULL */
	struct route_presence presence[ROUTE_MAX_TARGETS];
	size_t used[SCRIPT_KINDS];
	enum drive_end end;
	unsigned steps;
	bool begun;
	json_t *decisions; /* a list that each decision is added to; NULL: not wanted */
};

/**
 * ENOENT: `from` is nobody of the tenant and no number. A script with `flow` and without `to`
 * begins in that flow.
 */
must_check int drive_init(struct drive *d, const struct tenant *t, const struct route_script *script,
                          uint32_t ring_ms);
enum drive_next drive_run(struct drive *d);
/** Set presence[i] from the script; false: it does not say, and is wanted live. */
bool drive_fill(struct drive *d, size_t i);
/** As {"action", "users", "status", ...}, for people and programs. */
json_t *drive_print_decision(const struct tenant *t, const struct route_decision *d);
/** What the call came to, in a few words: "rings 1001, 1002", "rejected 486". */
void drive_put_end(struct buf *out, const struct drive *d);

/**
 * One fact of a live call as an element of `when`, with a comma in front where it is not the first.
 * What a PIN is asked for is left out.
 */
void script_put_fact(struct buf *out, const struct tenant *t, const struct route_facts *f,
                     const struct route_state *before);
