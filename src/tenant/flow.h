// SPDX-License-Identifier: Apache-2.0
/**
 * A call flow: a graph of typed nodes with named exits, as an immutable structure compiled from
 * its JSON body (doc/flow-nodes.md):
 *
 *     {"name": "main", "start": "greet", "nodes": {
 *         "greet": {"kind": "menu", "items": ["welcome"],
 *                   "exits": {"1": "sales", "timeout": "bye"}}, ...}}
 *
 * References are written by name in the tenant file ("user:1001", a schedule's name) and by id in a
 * body (tenant/ref.h); compiling asks a callback what they mean.
 *
 * Thread:   pure; a compiled flow is read on any thread.
 * Lifetime: flow_compile -> owned by a tenant's snapshot -> flow_free.
 */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "tenant/node.h"
#include "tenant/target.h"

enum {
	FLOW_NOWHERE = UINT16_MAX, /* an exit that is not connected */
	FLOW_MAX_NODES = 256,
	FLOW_MAX_NAME = 32,        /* of a node, an exit, a variable */
};

enum flow_item_kind {
	ITEM_PROMPT,   /* the prompt `id`; 0: one that the switch brings along, named `text` */
	ITEM_TEXT,     /* `text`, as speech */
	ITEM_NUMBER,   /* `text`, as a number, ... */
	ITEM_DIGITS,
	ITEM_TIME,
	ITEM_DATE,
	ITEM_DURATION, /* seconds */
	ITEM_TONE,     /* the tone named `text` */
	ITEM_SILENCE,  /* `ms` of nothing */
	ITEM_KINDS
};

struct flow_item {
	enum flow_item_kind kind;
	uint64_t id;
	uint32_t ms;
	struct str text; /* ${name} stands for a variable */
};

enum case_test { CASE_IS, CASE_BEGINS, CASE_LIST };

/** A case of a branch, an answer of a webhook. */
struct flow_case {
	enum case_test test;
	struct str value;
	uint64_t list;
	struct str exit;
	uint16_t to; /* a node */
};

struct flow_value {
	bool set; /* it was in the body, or has a default */
	union {
		int64_t number; /* also BOOL and WORD */
		struct str text;
		struct target target; /* also REF: its id */
		struct {
			const void *v; /* flow_item, ring_member, flow_case, str */
			size_t n;
		} list;
	};
};

struct flow_node {
	enum node_id kind;
	struct str name;
	const struct flow_value *values; /* node_fields(kind) of them */
	const uint16_t *exits;           /* node_exits(kind): nodes or FLOW_NOWHERE */
};

struct call_flow {
	uint64_t id;
	struct str name;
	uint16_t start;
	uint16_t n_nodes;
	const struct flow_node *nodes;
	size_t bytes;        /* of memory */
	struct arena *arena; /* that all of it is in; NULL: the maker's memory */
};

/**
 * What a reference means. `kind`: "target" for any that a call can be led to, else an object kind
 * ("prompt", "schedule", ...), of which only `out->id` counts. `ref` has the right shape.
 * @return 0, or ENOENT when there is no such object
 */
typedef int flow_resolve_fn(const char *kind, const json_t *ref, struct target *out, void *arg);

/**
 * Compile the body of a flow.
 *
 * @param resolve  NULL: only the shape is looked at, and references are 0
 * @return 0; E_POLICY and a line in `why` for each fault with its place ("nodes.greet.retries: ...")
 */
must_check int flow_compile(struct call_flow **out, uint64_t id, const json_t *body,
                            flow_resolve_fn *resolve, void *arg, struct buf *why);
void flow_free(struct call_flow *f);
static inline size_t flow_bytes(const struct call_flow *f)
{
	return f->bytes;
}

/** Is the body a flow, whatever its references mean? Faults as kind_check has them. */
must_check int flow_check_nodes(const json_t *body, const char *where, struct buf *why);

/** The body again, with defaults filled in and references by id. A new reference. */
json_t *flow_print(const struct call_flow *f);

/**
 * Each reference of a body, in place: `fn` gives what stands for it from now on (a new reference)
 * or NULL to leave it. What has not the shape of a reference is passed over.
 */
typedef json_t *flow_ref_fn(const char *kind, const json_t *ref, void *arg);
void flow_map_refs(json_t *body, flow_ref_fn *fn, void *arg);

/** For bodies as they are stored: ids are what they say. */
int flow_resolve_ids(const char *kind, const json_t *ref, struct target *out, void *arg);

/** Is `ref` written as a reference to this kind of object, or as a target? */
bool flow_is_ref(const json_t *ref);
bool flow_is_target(const json_t *ref);

/** A node's position, FLOW_NOWHERE when none is called so. */
uint16_t flow_node_find(const struct call_flow *f, struct str name);

/* -- a node's values ----------------------------------------------------------------- */

const struct flow_value *flow_value(const struct flow_node *n, enum node_field_id field);

static inline bool flow_has(const struct flow_node *n, enum node_field_id field)
{
	return flow_value(n, field)->set;
}

static inline int64_t flow_number(const struct flow_node *n, enum node_field_id field)
{
	return flow_value(n, field)->number;
}

static inline struct str flow_text(const struct flow_node *n, enum node_field_id field)
{
	return flow_has(n, field) ? flow_value(n, field)->text : STR_NONE;
}

static inline struct target flow_target(const struct flow_node *n, enum node_field_id field)
{
	return flow_has(n, field) ? flow_value(n, field)->target : (struct target){0};
}

/** Elements of a list field: flow_item, ring_member, flow_case or str by its type. */
static inline const void *flow_list(const struct flow_node *n, enum node_field_id field, size_t *count)
{
	const struct flow_value *v = flow_value(n, field);

	*count = v->set ? v->list.n : 0;
	return v->set ? v->list.v : NULL;
}

/** Where an exit leads, FLOW_NOWHERE when it is not connected. */
uint16_t flow_exit(const struct flow_node *n, enum node_exit_id exit);
