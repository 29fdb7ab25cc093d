// SPDX-License-Identifier: Apache-2.0
#include "route/route.h"

#include <stdio.h>

void route_trace_init(struct route_trace *tr, struct arena *a)
{
	*tr = (struct route_trace){.arena = a};
}

static void note(struct route_trace *tr, struct str rule, struct str saw, struct str result,
                 struct str why)
{
	if (!tr)
		return;
	if (tr->n == tr->cap) {
		size_t cap = tr->cap ? tr->cap * 2 : 8;
		struct route_note *notes = arena_alloc(tr->arena, cap * sizeof *notes);
		if (tr->n)
			memcpy(notes, tr->notes, tr->n * sizeof *notes);
		tr->notes = notes;
		tr->cap = cap;
	}
	tr->notes[tr->n++] = (struct route_note){
		.rule = arena_dup(tr->arena, rule),
		.saw = arena_dup(tr->arena, saw),
		.result = arena_dup(tr->arena, result),
		.why = arena_dup(tr->arena, why),
	};
}

void route_trace_put_json(struct buf *out, const struct route_trace *tr)
{
	buf_ch(out, '[');
	for (size_t i = 0; i < tr->n; i++) {
		const struct route_note *n = &tr->notes[i];
		buf_lit(out, "{\"rule\":");
		buf_json_str(out, n->rule);
		buf_lit(out, ",\"saw\":");
		buf_json_str(out, n->saw);
		buf_lit(out, ",\"result\":");
		buf_json_str(out, n->result);
		buf_lit(out, ",\"why\":");
		buf_json_str(out, n->why);
		buf_ch(out, '}');
		if (i + 1 < tr->n)
			buf_ch(out, ',');
	}
	buf_ch(out, ']');
}

const char *route_action_name(enum route_action a)
{
	switch (a) {
	case ROUTE_ASK:
		return "ask";
	case ROUTE_RING:
		return "ring";
	case ROUTE_ECHO:
		return "echo";
	case ROUTE_REJECT:
		return "reject";
	}
	return "?";
}

static void reject(struct route_state *s, struct route_decision *out, uint16_t status,
                   const char *reason)
{
	s->at = ROUTE_AT_END;
	out->action = ROUTE_REJECT;
	out->status = status;
	out->reason = reason;
}

/* -- the rules of a call's beginning, in the order in which they are tried ----------- */

/** A rule looks at the call and decides it (true) or lets it pass. */
typedef bool rule_fn(const struct tenant *t, const struct route_facts *f, struct route_state *s,
                     struct route_decision *out, struct route_trace *tr);

static bool rule_empty(const struct tenant *t, const struct route_facts *f, struct route_state *s,
                       struct route_decision *out, struct route_trace *tr)
{
	(void)t;
	if (f->dialled.n && f->dialled.n <= ROUTE_MAX_DIALLED)
		return false;
	note(tr, STR("number"), str_sub(f->dialled, 0, ROUTE_MAX_DIALLED), STR("rejected"),
	     f->dialled.n ? STR("the number is longer than any can be") : STR("no number was dialled"));
	reject(s, out, 484, NULL);
	return true;
}

static bool rule_feature_code(const struct tenant *t, const struct route_facts *f,
                              struct route_state *s, struct route_decision *out,
                              struct route_trace *tr)
{
	(void)t;
	if (f->dialled.p[0] != '*') {
		note(tr, STR("feature-code"), f->dialled, STR("passed"), STR("does not begin with *"));
		return false;
	}
	if (str_eq(f->dialled, STR("*43"))) {
		note(tr, STR("feature-code"), f->dialled, STR("matched"), STR("*43 is the echo test"));
		s->at = ROUTE_AT_END;
		out->action = ROUTE_ECHO;
		return true;
	}
	bool begun = str_starts(STR("*43"), f->dialled);
	note(tr, STR("feature-code"), f->dialled, STR("rejected"),
	     begun ? STR("the beginning of a feature code") : STR("no such feature code"));
	reject(s, out, begun ? 484 : 404, NULL);
	return true;
}

static bool rule_extension(const struct tenant *t, const struct route_facts *f,
                           struct route_state *s, struct route_decision *out,
                           struct route_trace *tr)
{
	const struct user *u = tenant_user_by_extension(t, f->dialled);
	const char *how = "is the extension of";
	if (!u) {
		const struct device *d = tenant_device_by_username(t, f->dialled);
		if (d) {
			u = d->user;
			how = "is the user name of a device of";
		}
	}
	if (!u) {
		note(tr, STR("extension"), f->dialled, STR("passed"), STR("nobody has it in this tenant"));
		return false;
	}
	char text[256];
	snprintf(text, sizeof text, "%s " STR_FMT " (" STR_FMT ")", how, STR_ARG(u->name),
	         STR_ARG(u->extension));
	note(tr, STR("extension"), f->dialled, STR("matched"), str_z(text));
	s->at = ROUTE_AT_PRESENCE;
	s->user = u->id;
	out->action = ROUTE_ASK;
	out->users[0] = u->id;
	out->n_users = 1;
	return true;
}

static bool all_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

static bool rule_incomplete(const struct tenant *t, const struct route_facts *f,
                            struct route_state *s, struct route_decision *out,
                            struct route_trace *tr)
{
	if (!all_digits(f->dialled) || !tenant_extension_prefix(t, f->dialled)) {
		note(tr, STR("incomplete"), f->dialled, STR("passed"),
		     STR("no extension begins with it"));
		return false;
	}
	note(tr, STR("incomplete"), f->dialled, STR("rejected"),
	     STR("longer extensions begin with it: more digits are needed"));
	reject(s, out, 484, NULL);
	return true;
}

static bool rule_unknown(const struct tenant *t, const struct route_facts *f,
                         struct route_state *s, struct route_decision *out, struct route_trace *tr)
{
	(void)t;
	note(tr, STR("unknown-number"), f->dialled, STR("rejected"),
	     STR("no rule leads anywhere from this number"));
	reject(s, out, 404, NULL);
	return true;
}

static rule_fn *const rules[] = {
	rule_empty, rule_feature_code, rule_extension, rule_incomplete, rule_unknown,
};

static void at_start(const struct tenant *t, const struct route_facts *f, struct route_state *s,
                     struct route_decision *out, struct route_trace *tr)
{
	note(tr, STR("tenant"), tenant_name(t), STR("matched"),
	     f->caller ? STR("the caller's device belongs to it") : STR("the call came for its domain"));
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		if (rules[i](t, f, s, out, tr))
			return;
}

static void at_presence(const struct tenant *t, const struct route_facts *f, struct route_state *s,
                        struct route_decision *out, struct route_trace *tr)
{
	const struct user *u = tenant_user_by_id(t, s->user);
	const struct route_presence *p = NULL;
	for (size_t i = 0; i < f->n_presence; i++)
		if (f->presence[i].user == s->user)
			p = &f->presence[i];
	struct str who = u ? u->extension : STR("?");
	if (!u || !p || p->registered == 0) {
		note(tr, STR("registered"), who, STR("rejected"), STR("no device of the user is registered"));
		reject(s, out, 480, NULL);
		return;
	}
	char text[96];
	snprintf(text, sizeof text, "%u binding%s to ring, all at once", p->registered,
	         p->registered == 1 ? "" : "s");
	note(tr, STR("registered"), who, STR("matched"), str_z(text));
	s->at = ROUTE_AT_RING;
	out->action = ROUTE_RING;
	out->users[0] = s->user;
	out->n_users = 1;
	out->ring_ms = f->ring_ms;
}

static void at_ring(const struct tenant *t, const struct route_facts *f, struct route_state *s,
                    struct route_decision *out, struct route_trace *tr)
{
	const struct user *u = tenant_user_by_id(t, s->user);
	struct str who = u ? u->extension : STR("?");
	uint16_t failed = f->failed_status >= 300 ? f->failed_status : 0;
	char text[96];
	switch (f->event) {
	case ROUTE_RANG_OUT:
		note(tr, STR("no-answer"), who, STR("rejected"), STR("rang, and nobody answered in time"));
		reject(s, out, 480, "No Answer");
		return;
	case ROUTE_BUSY:
		snprintf(text, sizeof text, "declined or busy: %u", failed);
		note(tr, STR("busy"), who, STR("rejected"), str_z(text));
		reject(s, out, failed ? failed : 486, NULL);
		return;
	default:
		snprintf(text, sizeof text, "no device could be reached: %u", failed);
		note(tr, STR("unreachable"), who, STR("rejected"), str_z(text));
		reject(s, out, failed ? failed : 480, NULL);
		return;
	}
}

void route_step(const struct tenant *t, const struct route_facts *f, struct route_state *state,
                struct route_decision *out, struct route_trace *tr)
{
	memset(out, 0, sizeof *out);
	if (state->hops <= ROUTE_MAX_HOPS)
		state->hops++; /* and stays there: it must not begin anew */
	if (state->hops > ROUTE_MAX_HOPS) {
		note(tr, STR("hops"), STR_NONE, STR("rejected"), STR("too many steps: a loop"));
		reject(state, out, 482, NULL);
		return;
	}
	switch ((enum route_where)state->at) {
	case ROUTE_AT_START:
		at_start(t, f, state, out, tr);
		return;
	case ROUTE_AT_PRESENCE:
		at_presence(t, f, state, out, tr);
		return;
	case ROUTE_AT_RING:
		at_ring(t, f, state, out, tr);
		return;
	case ROUTE_AT_END:
		break;
	}
	note(tr, STR("end"), STR_NONE, STR("rejected"), STR("the route had ended already"));
	reject(state, out, 480, NULL);
}
