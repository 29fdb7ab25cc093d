// SPDX-License-Identifier: Apache-2.0
/**
 * The routing engine: where does this call go, and why (DESIGN rule 3).
 *
 *     route_step(tenant snapshot, facts, state) -> decision + trace
 *
 * A pure function: no I/O, no clock, no random numbers. Whatever it needs to know is in
 * the facts; what it needs and has not got it asks for (ROUTE_ASK), and the caller steps
 * again with the answer. The live call, `tandem explain`, the saved test calls of a flow and
 * replay all call this and nothing else.
 *
 * A call begins with rules (numbers, feature codes, classes: route/begin.c), which lead to a target.
 * Every target is a flow: those that a tenant wrote, and those made of the settings of users and ring
 * groups (route/made.c). Flows run node by node (route/walk.c; route/node_*.c) until one
 * has to wait for an event; what it waits for is the decision.
 *
 * The state between steps is a small value that is stored with the call (rule 9).
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "tenant/flow.h"
#include "tenant/snapshot.h"

enum {
	ROUTE_MAX_TARGETS = 64,
	ROUTE_MAX_HOPS = 16,      /* targets that a call is led to, one after the other */
	ROUTE_MAX_DIALLED = 128,
	ROUTE_MAX_DEPTH = 8,      /* flows within flows */
	ROUTE_MAX_NODES = 64,     /* nodes in one step */
	ROUTE_MAX_VISITS = 1000,  /* nodes in all steps, and steps: then the call ends */
	ROUTE_MAX_NOTES = 64,     /* in one step */
	ROUTE_MAX_HISTORY = 6,
	ROUTE_MAX_ITEMS = 16,
	ROUTE_MAX_TEXT = 512,     /* of all texts that a decision carries */
	ROUTE_MAX_DIGITS = 32,
	ROUTE_MAX_VARIABLES = 160, /* bytes of names and values together */
	ROUTE_MAX_SEND = 8,
};

/** What happened since the last step. */
enum route_event {
	ROUTE_BEGIN,       /* a call has come */
	ROUTE_PRESENCE,    /* the answer to ROUTE_ASK is in facts.presence (and facts.turn) */
	ROUTE_RANG_OUT,    /* the targets rang and nobody answered in time */
	ROUTE_BUSY,        /* all that could be reached were busy, or declined */
	ROUTE_UNREACHABLE, /* no target could be reached at all */
	ROUTE_RESUME,      /* nothing: say again what the state waits for (after a restart) */
	ROUTE_REDIRECTED,  /* a phone sent the call on to facts.number, an internal one */
	ROUTE_DONE,        /* ROUTE_PLAY, RECORD_ON, RECORD_OFF: done; MAILBOX_LISTEN: the owner is done */
	ROUTE_DIGITS,      /* the answer to ROUTE_COLLECT: facts.digits, facts.digits_end */
	ROUTE_RECORDED,    /* ROUTE_RECORD_MESSAGE: kept, or facts.ok is false: silence, or a full box */
	ROUTE_CONFERENCE_LEFT, /* facts.ok is false: not let in */
	ROUTE_QUEUE_TURN,  /* the caller is first, and somebody may be free */
	ROUTE_QUEUE_TIMEOUT,
	ROUTE_QUEUE_LEFT,  /* with the queue's key */
	ROUTE_QUEUE_FULL,  /* or nobody serves it */
	ROUTE_WEBHOOK,     /* facts.ok, facts.answer, facts.value */
	ROUTE_CHANGED,     /* ROUTE_CHANGE: made, or facts.ok is false: refused */
	ROUTE_SCREENED,    /* whom was rung accepted the caller, or (facts.ok false) refused */
	ROUTE_EVENTS
};

struct route_presence {
	uint64_t user;
	unsigned registered;   /* number of bindings */
	unsigned calls;        /* calls the user is in now */
	uint64_t idle_since_ms; /* when the last one ended; 0: not known, which counts as the longest */
};

enum route_digits_end { DIGITS_TERMINATOR, DIGITS_LENGTH, DIGITS_TIMEOUT };

struct route_facts {
	enum route_event event;
	uint64_t at_ms;              /* wall clock */
	uint64_t random;             /* for ring strategies */
	struct str dialled;          /* user part as the caller dialled it, unescaped */
	struct target start;         /* BEGIN: led there whatever was dialled; TARGET_NONE: by the number */
	const struct user *caller;   /* NULL: from outside */
	const struct device *device; /* the caller's; NULL: from outside, or only explained */
	struct str caller_number;    /* from outside: E.164 where it is known; empty: withheld */
	struct str caller_name;
	const struct route_presence *presence;
	size_t n_presence;
	uint64_t turn;               /* calls that decision.object (a group, a queue) had before */
	uint32_t ring_ms;            /* how long a user rings where nothing else is said */
	uint16_t failed_status;      /* the best final status of the targets, for BUSY and UNREACHABLE */
	struct str digits;           /* without the terminator */
	enum route_digits_end digits_end;
	struct str number;           /* REDIRECTED */
	struct str day_mode;         /* empty: the tenant's */
	struct str answer, value;    /* WEBHOOK: the word that chooses the exit, and what is kept */
	bool ok;
};

/** ROUTE_AT_START and ROUTE_AT_END are told apart by callers; between them the state waits for an event. */
enum route_where { ROUTE_AT_START, ROUTE_AT_FLOW, ROUTE_AT_PIN, ROUTE_AT_FEATURE, ROUTE_AT_END };

/** A flow that runs, and where. */
struct route_frame {
	uint64_t id;   /* of the object whose flow it is */
	uint16_t node;
	uint8_t kind;  /* enum target_kind */
	uint8_t phase; /* of the node; each has its own */
	uint8_t tries; /* of the node: how often the caller was asked */
	uint8_t pad[3];
};

/** A forward, for History-Info (RFC 7044): whom the call left, and why. */
struct route_hop {
	uint64_t id;
	uint8_t kind;    /* enum target_kind */
	uint8_t pad;
	uint16_t status; /* as a SIP status: 302 for always, 486 busy, 408 no answer, 480 not reached */
	uint8_t pad2[4];
};

/** The cursor: a plain value without pointers; all zero at the beginning. */
struct route_state {
	uint8_t at;       /* enum route_where */
	uint8_t depth;    /* frames in use */
	uint8_t hops;     /* targets led to */
	uint8_t n_history;
	uint16_t visits;  /* nodes entered */
	uint16_t steps;
	uint8_t outcome;  /* enum route_outcome of what was reached last */
	uint8_t flags;
	uint16_t status;  /* SIP status with it */
	uint8_t n_digits;
	uint8_t n_variables; /* bytes */
	uint8_t feature;  /* enum feature, ROUTE_AT_FEATURE */
	uint8_t pad;
	char language[8]; /* NUL-ended; empty: the tenant's */
	uint64_t ring_done; /* members by position: had their turn */
	uint64_t ring_now;  /* ring in this stage */
	uint64_t ring_since_ms;
	struct route_frame frames[ROUTE_MAX_DEPTH];
	struct route_hop history[ROUTE_MAX_HISTORY];
	char digits[ROUTE_MAX_DIGITS]; /* typed last */
	char variables[ROUTE_MAX_VARIABLES];
};
_Static_assert(sizeof(struct route_state) <= 512, "it is part of a call's record");

enum route_action {
	ROUTE_ASK,    /* tell me the presence of `users` (and the turn of `object`, unless 0) */
	ROUTE_RING,   /* ring all devices of `users`: one stage of perhaps several */
	ROUTE_ECHO,   /* answer and send back what is heard */
	ROUTE_REJECT, /* end with `status`: an answered call is hung up with `cause` */
	ROUTE_PLAY,   /* play `items`; barge_in: a key ends it and is forgotten */
	ROUTE_COLLECT, /* play `items`, gather digits by `collect`; a key ends the playing */
	ROUTE_RECORD_MESSAGE, /* play `items` (none: the mailbox's greeting), take a message for `object` */
	ROUTE_MAILBOX_LISTEN, /* the menus of mailbox `object`; 0: ask which. `on`: the PIN is not asked */
	ROUTE_CONFERENCE, /* into conference `object` */
	ROUTE_QUEUE,  /* wait in queue `object`, at most `wait_ms` (0: the queue's own) */
	ROUTE_WEBHOOK_ASK, /* POST to `url`, at most `wait_ms` */
	ROUTE_CHANGE, /* set `field` of object `object` to `target`, `on` or `value` */
	ROUTE_RECORD_ON, /* record the call from now on */
	ROUTE_RECORD_OFF,
	ROUTE_CONNECT, /* after SCREENED: caller and callee hear each other */
	ROUTE_ACTIONS
};

struct route_collect {
	uint32_t first_ms, between_ms;
	uint8_t min, max;
	struct str end; /* keys that end it */
};

/** Name and value of a fact for a webhook. */
struct route_pair {
	struct str name, value;
};

/**
 * What is to be done. Slices are of the snapshot or of `text`: a decision is not copied as a value.
 */
struct route_decision {
	enum route_action action;
	uint64_t users[ROUTE_MAX_TARGETS];
	size_t n_users;
	uint32_t ring_ms;   /* ROUTE_RING: give up after */
	bool in_order;      /* ROUTE_RING: the devices of a user one after the other, by device.order */
	bool screen;        /* ROUTE_RING: who answers is asked before the two are joined (SCREENED) */
	bool withheld;      /* the caller's number is not to be shown */
	bool barge_in, on;
	uint16_t status;    /* ROUTE_REJECT: SIP status, and its words */
	uint8_t cause;      /* ROUTE_REJECT: Q.850; 0: the usual for the status */
	const char *reason; /* static text; NULL: the usual one */
	uint64_t object;
	uint32_t wait_ms;
	struct flow_item items[ROUTE_MAX_ITEMS]; /* texts are expanded */
	size_t n_items;
	struct str language; /* of items; never empty where there are some */
	struct route_collect collect;
	struct str prefix;   /* ROUTE_RING: before the caller's name */
	struct str url;
	struct route_pair send[ROUTE_MAX_SEND];
	size_t n_send;
	const char *field;   /* ROUTE_CHANGE: static text, a field of the object's kind */
	struct target target;
	struct str value;
	char text[ROUTE_MAX_TEXT];
	size_t text_n;
};

/** One thing the engine looked at. Slices live in the trace's arena. */
struct route_note {
	struct str flow;   /* "main", "user 1001"; empty: a rule of the beginning */
	struct str rule;   /* "tenant", "feature-code", ... or the node's name */
	struct str kind;   /* of the node; empty: a rule */
	struct str saw;    /* what it was given */
	struct str result; /* "matched", "passed", "lost", "rejected", or the exit taken */
	struct str why;    /* in words */
	uint8_t depth;     /* flows within flows: for a tree */
};

struct route_trace {
	struct arena *arena;
	struct route_note *notes;
	size_t n, cap;
	size_t from;    /* the step's first */
	bool cut;       /* the step had more than ROUTE_MAX_NOTES */
};

void route_trace_init(struct route_trace *tr, struct arena *a);
/** A JSON array of {rule, saw, result, why}, in flows also {flow, node, depth}. */
void route_trace_put_json(struct buf *out, const struct route_trace *tr);

/** Never fails: every input has a decision. `tr` may be NULL. */
void route_step(const struct tenant *t, const struct route_facts *f, struct route_state *state,
                struct route_decision *out, struct route_trace *tr);

const char *route_action_name(enum route_action a);
const char *route_event_name(enum route_event e);
/** ENOENT. */
must_check int route_event_find(struct str name, enum route_event *out);
