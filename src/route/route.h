// SPDX-License-Identifier: Apache-2.0
/**
 * The routing engine: where does this call go, and why (DESIGN rule 3).
 *
 *     route_step(tenant snapshot, facts, state) -> decision + trace
 *
 * A pure function: no I/O, no clock, no random numbers. Whatever it needs to know is in
 * the facts; what it needs and has not got it asks for (ROUTE_ASK), and the caller steps
 * again with the answer. The live call, `tandem explain` and later the saved test
 * calls and replay all call this and nothing else.
 *
 * The state between steps is a small value that is stored with the call (rule 9).
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "tenant/snapshot.h"

enum { ROUTE_MAX_TARGETS = 64, ROUTE_MAX_HOPS = 16, ROUTE_MAX_DIALLED = 128 };

/** What happened since the last step. */
enum route_event {
	ROUTE_BEGIN,       /* a call has come */
	ROUTE_PRESENCE,    /* the answer to ROUTE_ASK is in facts.presence */
	ROUTE_RANG_OUT,    /* the targets rang and nobody answered in time */
	ROUTE_BUSY,        /* all that could be reached were busy, or declined */
	ROUTE_UNREACHABLE, /* no target could be reached at all */
};

struct route_presence {
	uint64_t user;
	unsigned registered; /* number of bindings */
	unsigned calls;      /* calls the user is in now */
};

struct route_facts {
	enum route_event event;
	uint64_t at_ms;              /* wall clock */
	struct str dialled;          /* user part as the caller dialled it, unescaped */
	const struct user *caller;   /* NULL: from outside */
	const struct device *device; /* the caller's; NULL: from outside, or only explained */
	const struct route_presence *presence;
	size_t n_presence;
	uint32_t ring_ms;            /* how long a user rings where nothing else is said */
	uint16_t failed_status;      /* the best final status of the targets, for BUSY and UNREACHABLE */
};

enum route_where { ROUTE_AT_START, ROUTE_AT_PRESENCE, ROUTE_AT_RING, ROUTE_AT_END };

/** The cursor: a plain value; all zero at the beginning. */
struct route_state {
	uint8_t at;   /* enum route_where */
	uint8_t hops; /* steps made; bounded by ROUTE_MAX_HOPS */
	uint8_t pad[6];
	uint64_t user; /* whom it is about */
};

enum route_action {
	ROUTE_ASK,    /* tell me the presence of `users` */
	ROUTE_RING,   /* ring all devices of `users` */
	ROUTE_ECHO,   /* answer and send back what is heard */
	ROUTE_REJECT, /* end with `status` */
};

struct route_decision {
	enum route_action action;
	uint64_t users[ROUTE_MAX_TARGETS];
	size_t n_users;
	uint32_t ring_ms;   /* ROUTE_RING: give up after */
	uint16_t status;    /* ROUTE_REJECT: SIP status, and its words */
	const char *reason; /* static text; NULL: the usual one */
};

/** One thing the engine looked at. Slices live in the trace's arena. */
struct route_note {
	struct str rule;   /* "tenant", "feature-code", "extension", ... */
	struct str saw;    /* what it was given */
	struct str result; /* "matched", "passed", "lost", ... */
	struct str why;    /* in words */
};

struct route_trace {
	struct arena *arena;
	struct route_note *notes;
	size_t n, cap;
};

void route_trace_init(struct route_trace *tr, struct arena *a);
/** A JSON array of {rule, saw, result, why}. */
void route_trace_put_json(struct buf *out, const struct route_trace *tr);

/** Never fails: every input has a decision. `tr` may be NULL. */
void route_step(const struct tenant *t, const struct route_facts *f, struct route_state *state,
                struct route_decision *out, struct route_trace *tr);

const char *route_action_name(enum route_action a);
