// SPDX-License-Identifier: Apache-2.0
#include "tenant/node.h"

#include <errno.h>

static const char *const say_words[] = {"text", "number", "digits", "time", "date", "duration", NULL};
static const char *const branch_words[] = {"caller",   "dialled",  "digits", "variable",
                                           "language", "day_mode", NULL};
static const char *const strategy_words[] = {"all",      "sequence",     "round_robin", "random",
                                             "weighted", "longest_idle", "tiers",       NULL};
static const char *const voicemail_words[] = {"leave", "listen", NULL};
static const char *const directory_words[] = {"any", "first", "last", NULL};
static const char *const hangup_words[] = {"normal",      "busy",      "rejected",   "no_answer",
                                           "unavailable", "not_found", "congestion", NULL};

/* `of` is the words of a NODE_WORD, the kind of a NODE_REF, and nothing else. */
#define OF_TEXT(of) NULL, NULL
#define OF_NAME(of) NULL, NULL
#define OF_DIGITS(of) NULL, NULL
#define OF_NUMBER(of) NULL, NULL
#define OF_BOOL(of) NULL, NULL
#define OF_WORD(of) of, NULL
#define OF_REF(of) NULL, of
#define OF_TARGET(of) NULL, NULL
#define OF_ITEMS(of) NULL, NULL
#define OF_MEMBERS(of) NULL, NULL
#define OF_CASES(of) NULL, NULL
#define OF_ANSWERS(of) NULL, NULL
#define OF_NAMES(of) NULL, NULL

static const struct node_field fields[NODE_FIELDS] = {
#define NODE_KIND(...)
#define NODE_FIELD(id, field, name, type, flags, min, max, fallback, of, text) \
	[F_##id##_##field] = {name, NODE_##type, flags, min, max, fallback, OF_##type(of), text},
#define NODE_EXIT(...)
#include "tenant/node_table.h"
#undef NODE_KIND
#undef NODE_FIELD
#undef NODE_EXIT
};

static const struct node_exit exits[NODE_EXITS] = {
#define NODE_KIND(...)
#define NODE_FIELD(...)
#define NODE_EXIT(id, exit, name, flags, text) [X_##id##_##exit] = {name, flags, text},
#include "tenant/node_table.h"
#undef NODE_KIND
#undef NODE_FIELD
#undef NODE_EXIT
};

static const struct node_kind kinds[NODE_KINDS] = {
#define NODE_KIND(id, name, text) [NODE_##id] = {#name, text, F_##id##_FIRST, X_##id##_FIRST},
#define NODE_FIELD(...)
#define NODE_EXIT(...)
#include "tenant/node_table.h"
#undef NODE_KIND
#undef NODE_FIELD
#undef NODE_EXIT
};

const struct node_kind *node_kind(enum node_id id)
{
	return &kinds[id];
}

size_t node_fields(enum node_id id)
{
	size_t end = id + 1u < NODE_KINDS ? (size_t)kinds[id + 1].first_field : (size_t)NODE_FIELDS;

	return end - kinds[id].first_field;
}

size_t node_exits(enum node_id id)
{
	size_t end = id + 1u < NODE_KINDS ? (size_t)kinds[id + 1].first_exit : (size_t)NODE_EXITS;

	return end - kinds[id].first_exit;
}

int node_kind_find(struct str name, enum node_id *out)
{
	for (size_t i = 0; i < NODE_KINDS; i++) {
		if (str_eq(name, str_z(kinds[i].name))) {
			*out = (enum node_id)i;
			return 0;
		}
	}
	return ENOENT;
}

const struct node_field *node_field(enum node_field_id id)
{
	return &fields[id];
}

const struct node_exit *node_exit(enum node_exit_id id)
{
	return &exits[id];
}

int node_field_find(enum node_id kind, struct str name, enum node_field_id *out)
{
	for (size_t i = 0; i < node_fields(kind); i++) {
		size_t id = (size_t)kinds[kind].first_field + i;

		if (str_eq(name, str_z(fields[id].name))) {
			*out = (enum node_field_id)id;
			return 0;
		}
	}
	return ENOENT;
}

int node_exit_find(enum node_id kind, struct str name, enum node_exit_id *out)
{
	for (size_t i = 0; i < node_exits(kind); i++) {
		size_t id = (size_t)kinds[kind].first_exit + i;

		if (str_eq(name, str_z(exits[id].name))) {
			*out = (enum node_exit_id)id;
			return 0;
		}
	}
	return ENOENT;
}

/* -- the document -------------------------------------------------------------------- */

static const char *const type_names[] = {
	[NODE_TEXT] = "text", [NODE_NAME] = "variable's name", [NODE_DIGITS] = "keys",
	[NODE_NUMBER] = "number", [NODE_BOOL] = "true or false", [NODE_WORD] = "word",
	[NODE_REF] = "reference", [NODE_TARGET] = "target", [NODE_ITEMS] = "items",
	[NODE_MEMBERS] = "members", [NODE_CASES] = "cases", [NODE_ANSWERS] = "words",
	[NODE_NAMES] = "variables' names",
};

static void put_range(struct buf *out, const struct node_field *f)
{
	const char *unit = f->type == NODE_NUMBER ? ""
	                   : f->type == NODE_TEXT || f->type == NODE_NAME || f->type == NODE_DIGITS
	                           ? " characters"
	                           : " entries";

	if (f->max)
		buf_printf(out, ", %lld to %lld%s", (long long)f->min, (long long)f->max, unit);
}

static void put_type(struct buf *out, const struct node_field *f)
{
	if (f->type == NODE_WORD) {
		for (const char *const *word = f->words; *word; word++)
			buf_printf(out, "%s`%s`", word == f->words ? "" : ", ", *word);
	} else if (f->type == NODE_REF) {
		buf_printf(out, "name of a %s", f->ref);
	} else {
		buf_printf(out, "%s", type_names[f->type]);
		put_range(out, f);
	}
	if (f->fallback)
		buf_printf(out, "; `%s` unless told", f->fallback);
}

static void put_kind(struct buf *out, enum node_id id)
{
	buf_printf(out, "\n## %s\n\n%s\n\n", kinds[id].name, kinds[id].text);
	if (node_fields(id))
		buf_lit(out, "| field | value | meaning |\n|---|---|---|\n");
	for (size_t i = 0; i < node_fields(id); i++) {
		const struct node_field *f = &fields[kinds[id].first_field + i];

		buf_printf(out, "| `%s`%s | ", f->name, f->flags & NODE_REQUIRED ? " (must)" : "");
		put_type(out, f);
		buf_printf(out, " | %s |\n", f->text);
	}
	if (node_exits(id))
		buf_printf(out, "%s| exit | taken when |\n|---|---|\n", node_fields(id) ? "\n" : "");
	for (size_t i = 0; i < node_exits(id); i++) {
		const struct node_exit *x = &exits[kinds[id].first_exit + i];

		buf_printf(out, "| `%s`%s | %s |\n", x->name, x->flags & NODE_REQUIRED ? " (must)" : "",
		           x->text);
	}
}

void node_put_doc(struct buf *out)
{
	for (size_t i = 0; i < NODE_KINDS; i++)
		put_kind(out, (enum node_id)i);
}
