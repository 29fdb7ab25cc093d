// SPDX-License-Identifier: Apache-2.0
/**
 * Inside the engine: one step as a value (`struct walk`), what nodes are made of, and the helpers
 * that they share.
 *
 * A node is asked three things: `enter` (the call comes to it), `event` (what it waited for has
 * happened) and `back` (the target it led the call to has given it back). Each answers with a
 * verdict. `emit` writes the decision that it waits for, from the state alone, so that it can be
 * said again.
 */
#pragma once

#include "route/route.h"

enum route_outcome {
	OUTCOME_NONE,
	OUTCOME_DONE,        /* the call was served; nothing more is to be tried */
	OUTCOME_BUSY,
	OUTCOME_NO_ANSWER,
	OUTCOME_UNAVAILABLE, /* nobody could be rung */
	OUTCOME_FAILED,      /* it cannot be led there */
};

enum { STATE_WITHHELD = 1, STATE_PIN_GIVEN = 2 }; /* route_state.flags */

/** A frame that is no object of the tenant: finding people by name. */
enum { FRAME_DIRECTORY = TARGET_KINDS };

enum verdict_kind {
	VERDICT_WAIT,  /* for an event; the decision is `emit`ted */
	VERDICT_GO,    /* to the node `to` */
	VERDICT_ENTER, /* the flow of `target`; `back` is asked when it ends */
	VERDICT_INSTEAD, /* the flow of `target`, in place of this one */
	VERDICT_LEAVE, /* this flow ends with state.outcome */
	VERDICT_END,   /* the call ends; the decision is written */
};

struct verdict {
	enum verdict_kind kind;
	uint16_t to;
	struct target target;
};

enum { MADE_NODES = 8, MADE_VALUES = 48, MADE_EXITS = 48, MADE_MEMBERS = 16 };

/** Room for a flow that is made of settings, for the time of a step. */
struct made {
	struct call_flow flow;
	struct flow_node nodes[MADE_NODES];
	struct flow_value values[MADE_VALUES];
	uint16_t exits[MADE_EXITS];
	struct ring_member members[MADE_MEMBERS];
	struct flow_item items[2];
	size_t n_values, n_exits, n_members;
};

struct walk {
	const struct tenant *t;
	const struct route_facts *f;
	struct route_state *s;
	struct route_decision *out;
	struct route_trace *tr;
	struct str dialled;            /* what is left of it without codes in front */
	const struct call_flow *flow;  /* of the top frame */
	const struct flow_node *node;
	struct route_frame *frame;
	unsigned nodes;                /* entered in this step */
	struct made made;
};

struct route_node {
	struct verdict (*enter)(struct walk *w);
	struct verdict (*event)(struct walk *w); /* NULL: it never waits */
	void (*emit)(struct walk *w);            /* NULL: it never waits */
	struct verdict (*back)(struct walk *w);  /* NULL: it leads nowhere */
};

/* route/node_NAME.c of each kind of the table. */
#define NODE_KIND(id, name, text) extern const struct route_node route_node_##name;
#define NODE_FIELD(...)
#define NODE_EXIT(...)
#include "tenant/node_table.h"
#undef NODE_KIND
#undef NODE_FIELD
#undef NODE_EXIT

/* -- verdicts ------------------------------------------------------------------------ */

static inline struct verdict wait_event(void)
{
	return (struct verdict){.kind = VERDICT_WAIT};
}

static inline struct verdict enter_target(struct target target)
{
	return (struct verdict){.kind = VERDICT_ENTER, .target = target};
}

/** Remember how it came out. */
void set_outcome(struct walk *w, enum route_outcome o, uint16_t status);
/** The flow ends so, with the status that goes with it (0: what is usual). */
struct verdict leave(struct walk *w, enum route_outcome o, uint16_t status);
/** Take an exit, with a note; when it leads nowhere, `other` in its place (the same: none). */
struct verdict go(struct walk *w, enum node_exit_id exit, enum node_exit_id other, struct str saw,
                  struct str why);
/** To a case's node. */
struct verdict go_case(struct walk *w, const struct flow_case *c, struct str saw, struct str why);
/** The call ends. */
struct verdict end_call(struct walk *w, uint16_t status, uint8_t cause, const char *reason);

/* -- notes (route/trace.c) ----------------------------------------------------------- */

/** A rule of a call's beginning, or of what is not a node. */
void note(struct walk *w, const char *rule, struct str saw, const char *result, struct str why);
/** Of the node the call is at. */
void note_node(struct walk *w, struct str saw, struct str result, struct str why);
/** The same, `fmt` is the reason. */
void notef(struct walk *w, const char *rule, struct str saw, const char *result, const char *fmt, ...)
	printf_like(5, 6);
void note_nodef(struct walk *w, struct str saw, const char *result, const char *fmt, ...)
	printf_like(4, 5);
/** "user 1001", "flow main": in `mem`. */
struct str target_text(const struct tenant *t, const struct target *target, char *mem, size_t n);

/* -- texts (route/text.c) ------------------------------------------------------------ */

enum { VALUE_MAX = 64 }; /* of a variable */

/** A variable of the call, else what is known of it (caller, dialled, digits, ...), else the tenant's. */
struct str variable_get(const struct walk *w, struct str name, char mem[VALUE_MAX]);
/** False: there is no more room. An empty value forgets it. */
bool variable_set(struct route_state *s, struct str name, struct str value);
/** `text` with its ${names} replaced, in the decision's room; cut where that is full. */
struct str expand(struct walk *w, struct str text);
/** The same into memory of one's own. */
struct str expand_into(const struct walk *w, struct str text, char *mem, size_t max);
/** The items of a field become the decision's, with the language. */
void put_items(struct walk *w, const struct flow_item *items, size_t n);
void put_field_items(struct walk *w, enum node_field_id field);
struct str language_of(const struct walk *w);
struct str caller_number(const struct walk *w);
struct str day_mode_of(const struct walk *w);
/** Copy into the decision's room. */
struct str keep_text(struct route_decision *d, struct str s);

/* -- the walk (route/walk.c) --------------------------------------------------------- */

/** Let the call into a target's flow, and go on until something has to be waited for. */
void walk_begin(struct walk *w, struct target target);
void walk_event(struct walk *w);
/** What the state waits for, again. */
void walk_resume(struct walk *w);
/** The flow of a frame, made or the tenant's; NULL: it is not there any more. */
const struct call_flow *flow_of(const struct tenant *t, const struct route_facts *f, uint8_t kind,
                                uint64_t id, struct made *m);

/* -- the beginning (route/begin.c), feature codes (route/feature.c) ------------------- */

void begin(struct walk *w);
/** Dial a number as if the caller had: forward nodes, redirections. Sets the target, or says why not. */
bool dial_target(struct walk *w, struct str number, bool outside, struct target *out);
void pin_event(struct walk *w);
void pin_emit(struct walk *w);
/** The number has no trunk that it could leave by. */
struct verdict external(struct walk *w, struct str number);
/** Is an emergency number dialled? */
bool is_emergency(const struct walk *w, struct str number);
void feature_begin(struct walk *w, const struct feature_code *c);
void feature_event(struct walk *w);
void feature_emit(struct walk *w);
/** What is played when nothing of the tenant's is there for it: a prompt by its well-known name. */
void put_builtin(struct walk *w, const char *name);

/* -- asking for keys (route/ask.c): menus, collecting, the directory ------------------ */

struct asking {
	enum node_field_id items, timeout_s, between_s, retries;
	const char *builtin;  /* where there are no items */
	uint8_t min, max;
	struct str end;
};

void ask_emit(struct walk *w, const struct asking *a);
/** Count a try; false: it was the last. */
bool ask_again(struct walk *w, const struct asking *a);

/* -- ringing (route/ring.c) ---------------------------------------------------------- */

/** Who may ring, in which order, how long. */
struct ring_plan {
	const struct ring_member *members;
	size_t n;
	enum ring_strategy strategy;
	bool skip_busy;
	uint32_t ring_ms;
	uint32_t max_ms;    /* altogether; 0: no bound */
	uint64_t object;    /* whose turn counts; 0: nobody's */
	struct str prefix;
	bool in_order, screen;
};

/** ROUTE_ASK about all members that had no turn yet. */
void ring_ask(struct walk *w, const struct ring_plan *p);
enum ring_stage { STAGE_RINGS, STAGE_NOBODY, STAGE_BUSY };
/** Of those whose presence is known: who rings next. Sets state.ring_now. */
enum ring_stage ring_choose(struct walk *w, const struct ring_plan *p);
/** ROUTE_RING for state.ring_now. */
void ring_emit(struct walk *w, const struct ring_plan *p);
/** The stage ended without an answer: is there anybody left to ring, and time? */
bool ring_goes_on(struct walk *w, const struct ring_plan *p);
void ring_plan_of_group(struct ring_plan *p, const struct ring_group *g, uint32_t fallback_ms);
