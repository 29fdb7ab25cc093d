// SPDX-License-Identifier: Apache-2.0
/**
 * The kinds of a flow's nodes, as a table (node_table.h): what fields and exits each has. Adding
 * a kind is its rows there and src/route/node_NAME.c.
 *
 * Fields and exits have an identity of their own (F_MENU_RETRIES, X_MENU_TIMEOUT), so that
 * what runs a node names them and never searches a text.
 */
#pragma once

#include "base/buf.h"
#include "base/str.h"

enum node_id {
#define NODE_KIND(id, name, text) NODE_##id,
#define NODE_FIELD(...)
#define NODE_EXIT(...)
#include "tenant/node_table.h"
#undef NODE_KIND
#undef NODE_FIELD
#undef NODE_EXIT
	NODE_KINDS
};

/* F_MENU_FIRST is the first field of a menu, and equal to the first of the next kind when it has none. */
enum node_field_id {
#define NODE_KIND(id, name, text) F_##id##_FIRST, F_##id##_BEFORE = F_##id##_FIRST - 1,
#define NODE_FIELD(id, field, ...) F_##id##_##field,
#define NODE_EXIT(...)
#include "tenant/node_table.h"
#undef NODE_KIND
#undef NODE_FIELD
#undef NODE_EXIT
	NODE_FIELDS
};

enum node_exit_id {
#define NODE_KIND(id, name, text) X_##id##_FIRST, X_##id##_BEFORE = X_##id##_FIRST - 1,
#define NODE_FIELD(...)
#define NODE_EXIT(id, exit, ...) X_##id##_##exit,
#include "tenant/node_table.h"
#undef NODE_KIND
#undef NODE_FIELD
#undef NODE_EXIT
	NODE_EXITS
};

enum node_type {
	NODE_TEXT,
	NODE_NAME,
	NODE_DIGITS,
	NODE_NUMBER,
	NODE_BOOL,
	NODE_WORD,
	NODE_REF,
	NODE_TARGET,
	NODE_ITEMS,
	NODE_MEMBERS,
	NODE_CASES,
	NODE_ANSWERS,
	NODE_NAMES,
};

enum {
	NODE_REQUIRED = 1, /* a field that must be there; an exit that must lead somewhere */
	NODE_PROMPT = 2,   /* a field without which the caller waits in silence: the checker says so */
	NODE_INPUT = 4,    /* an exit that only an input of the caller takes */
};

struct node_field {
	const char *name;
	enum node_type type;
	unsigned flags;
	int64_t min, max;
	const char *fallback;     /* default, as JSON text; NULL: none */
	const char *const *words; /* NODE_WORD: NULL-ended */
	const char *ref;          /* NODE_REF: name of the object kind */
	const char *text;
};

struct node_exit {
	const char *name;
	unsigned flags;
	const char *text;
};

struct node_kind {
	const char *name;
	const char *text;
	enum node_field_id first_field;
	enum node_exit_id first_exit;
};

/* Words of NODE_WORD fields, in the order of the tables in node.c; strategies: enum ring_strategy. */
enum say_as { SAY_TEXT, SAY_NUMBER, SAY_DIGITS, SAY_TIME, SAY_DATE, SAY_DURATION };
enum branch_on {
	BRANCH_CALLER, BRANCH_DIALLED, BRANCH_DIGITS, BRANCH_VARIABLE, BRANCH_LANGUAGE, BRANCH_DAY_MODE,
};
enum voicemail_mode { VOICEMAIL_LEAVE, VOICEMAIL_LISTEN };
enum directory_by { DIRECTORY_ANY, DIRECTORY_FIRST, DIRECTORY_LAST };
enum hangup_cause {
	HANGUP_NORMAL, HANGUP_BUSY, HANGUP_REJECTED, HANGUP_NO_ANSWER, HANGUP_UNAVAILABLE,
	HANGUP_NOT_FOUND, HANGUP_CONGESTION,
};

const struct node_kind *node_kind(enum node_id id);
/** How many fields and exits it has, counted from first_field and first_exit. */
size_t node_fields(enum node_id id);
size_t node_exits(enum node_id id);
/** ENOENT when there is no such kind. */
must_check int node_kind_find(struct str name, enum node_id *out);
const struct node_field *node_field(enum node_field_id id);
const struct node_exit *node_exit(enum node_exit_id id);
/** The field or exit of a kind with this name; ENOENT. */
must_check int node_field_find(enum node_id kind, struct str name, enum node_field_id *out);
must_check int node_exit_find(enum node_id kind, struct str name, enum node_exit_id *out);

/** Markdown of all kinds: doc/flow-nodes.md. */
void node_put_doc(struct buf *out);
