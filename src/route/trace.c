// SPDX-License-Identifier: Apache-2.0
/* What the engine looked at, in order: the answer to "why did my call go there". */
#include <stdarg.h>
#include <stdio.h>

#include "route/internal.h"

void route_trace_init(struct route_trace *tr, struct arena *a)
{
	*tr = (struct route_trace){.arena = a};
}

static struct route_note *add(struct route_trace *tr)
{
	if (tr->n == tr->cap) {
		size_t cap = tr->cap ? tr->cap * 2 : 8;
		struct route_note *notes = arena_alloc(tr->arena, cap * sizeof *notes);

		if (tr->n)
			memcpy(notes, tr->notes, tr->n * sizeof *notes);
		tr->notes = notes;
		tr->cap = cap;
	}
	return &tr->notes[tr->n++];
}

/* The last note of a step that has too many says so. */
static bool is_full(struct route_trace *tr)
{
	if (tr->n - tr->from < ROUTE_MAX_NOTES - 1)
		return false;
	if (!tr->cut)
		*add(tr) = (struct route_note){.rule = STR("trace"), .saw = STR(""), .result = STR("cut"),
		                               .why = STR("there was more than is kept of one step")};
	tr->cut = true;
	return true;
}

/* "user 1001", "flow main". */
static struct str flow_text_of(struct walk *w)
{
	const char *kind = target_kind_name((enum target_kind)w->frame->kind);

	return arena_printf(w->tr->arena, "%s%s" STR_FMT, kind, kind[0] ? " " : "",
	                    STR_ARG(str_sub(w->flow->name, 0, 64)));
}

static void put(struct walk *w, bool node, struct str rule, struct str saw, struct str result,
                struct str why)
{
	struct route_trace *tr = w->tr;

	if (!tr || is_full(tr))
		return;
	*add(tr) = (struct route_note){
		.flow = w->flow && node ? flow_text_of(w) : STR_NONE,
		.rule = arena_dup(tr->arena, rule),
		.kind = node ? str_z(node_kind(w->node->kind)->name) : STR_NONE,
		.saw = arena_dup(tr->arena, saw),
		.result = arena_dup(tr->arena, result),
		.why = arena_dup(tr->arena, why),
		.depth = w->s->depth,
	};
}

void note(struct walk *w, const char *rule, struct str saw, const char *result, struct str why)
{
	if (w->tr)
		put(w, false, str_z(rule), saw, str_z(result), why);
}

void note_node(struct walk *w, struct str saw, struct str result, struct str why)
{
	if (w->tr)
		put(w, true, w->node->name, saw, result, why);
}

void notef(struct walk *w, const char *rule, struct str saw, const char *result, const char *fmt, ...)
{
	char text[256];
	va_list args;

	if (!w->tr)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	put(w, false, str_z(rule), saw, str_z(result), str_z(text));
}

void note_nodef(struct walk *w, struct str saw, const char *result, const char *fmt, ...)
{
	char text[256];
	va_list args;

	if (!w->tr)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	put(w, true, w->node->name, saw, str_z(result), str_z(text));
}

struct str target_text(const struct tenant *t, const struct target *target, char *mem, size_t n)
{
	struct str key = target->kind == TARGET_EXTERNAL ? target->number : tenant_target_key(t, target);

	snprintf(mem, n, "%s " STR_FMT, target_kind_name(target->kind), STR_ARG(str_sub(key, 0, 64)));
	return str_z(mem);
}

static void put_member(struct buf *out, const char *name, struct str value, bool first)
{
	buf_printf(out, "%s\"%s\":", first ? "" : ",", name);
	buf_json_str(out, value);
}

static void put_note(struct buf *out, const struct route_note *n)
{
	buf_ch(out, '{');
	if (n->flow.n) {
		put_member(out, "flow", n->flow, true);
		buf_ch(out, ',');
	}
	put_member(out, "rule", n->rule, true);
	if (n->kind.n)
		put_member(out, "node", n->kind, false);
	put_member(out, "saw", n->saw, false);
	put_member(out, "result", n->result, false);
	put_member(out, "why", n->why, false);
	if (n->depth > 1)
		buf_printf(out, ",\"depth\":%u", n->depth);
	buf_ch(out, '}');
}

void route_trace_put_json(struct buf *out, const struct route_trace *tr)
{
	buf_ch(out, '[');
	for (size_t i = 0; i < tr->n; i++) {
		if (i)
			buf_ch(out, ',');
		put_note(out, &tr->notes[i]);
	}
	buf_ch(out, ']');
}
