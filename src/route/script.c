// SPDX-License-Identifier: Apache-2.0
/* Scripts read from JSON, and the facts of live calls written as such. */
#include "route/script.h"

#include "base/clock.h"
#include "tenant/kind.h"

static const struct {
	const char *name;
	const char *const *words; /* NULL: any */
} kinds[SCRIPT_KINDS] = {
	[SCRIPT_DIGITS] = {"digits", NULL},
	[SCRIPT_RING] = {"ring", (const char *const[]){"answer", "no_answer", "busy", "unreachable",
	                                               "refuse", NULL}},
	[SCRIPT_WEBHOOK] = {"webhook", NULL},
	[SCRIPT_QUEUE] = {"queue", (const char *const[]){"turn", "timeout", "left", "full", NULL}},
	[SCRIPT_MESSAGE] = {"message", (const char *const[]){"kept", "silent", NULL}},
};

struct reading {
	struct route_script *out;
	const char *where;
	struct buf *why;
	size_t faults;
};

static struct str text_of(const json_t *v)
{
	return (struct str){json_string_value(v), json_string_length(v)};
}

static void fault(struct reading *r, const char *field, const char *text)
{
	r->faults++;
	kind_put_place(r->why, r->where, field);
	buf_printf(r->why, "%s\n", text);
}

/* -- presence ------------------------------------------------------------------------ */

static bool read_state(const json_t *v, struct script_present *p)
{
	struct str s = text_of(v);

	if (json_is_integer(v)) {
		p->registered = json_integer_value(v) > 0;
	} else if (json_is_array(v) && json_array_size(v) <= 3) { /* bindings, calls, idle since */
		p->registered = (unsigned)json_integer_value(json_array_get(v, 0));
		p->calls = (unsigned)json_integer_value(json_array_get(v, 1));
		p->idle_since_ms = (uint64_t)json_integer_value(json_array_get(v, 2));
	} else if (str_eq(s, STR("registered")) || str_eq(s, STR("unregistered")) ||
	           str_eq(s, STR("busy"))) {
		p->registered = !str_eq(s, STR("unregistered"));
		p->calls = str_eq(s, STR("busy"));
	} else {
		return false;
	}
	return true;
}

static void read_present(struct reading *r, const json_t *v)
{
	const char *who;
	json_t *state;

	if (v && !json_is_object(v))
		fault(r, "present", "must be a mapping of extensions to registered, unregistered or busy");
	json_object_foreach((json_t *)(uintptr_t)v, who, state) {
		struct script_present p = {.who = str_z(who)};

		if (!read_state(state, &p))
			fault(r, "present", "wants registered, unregistered or busy");
		else if (r->out->n_present == SCRIPT_MAX_PRESENT)
			return fault(r, "present", "has more than 256 entries");
		else
			r->out->present[r->out->n_present++] = p;
	}
}

/* -- when ---------------------------------------------------------------------------- */

static bool is_word(const char *const *words, struct str s)
{
	for (; words && *words; words++) {
		if (str_eq(s, str_z(*words)))
			return true;
	}
	return !words;
}

static void read_fact(struct reading *r, const char *name, const json_t *v)
{
	if (strcmp(name, "present") == 0)
		return read_present(r, v);
	for (size_t k = 0; k < SCRIPT_KINDS; k++) {
		size_t *n = &r->out->n_words[k];

		if (strcmp(kinds[k].name, name) != 0)
			continue;
		if (!json_is_string(v) || !is_word(kinds[k].words, text_of(v)))
			fault(r, name, "is not a word that this can be");
		else if (*n == SCRIPT_MAX)
			fault(r, name, "comes more than 64 times");
		else
			r->out->words[k][(*n)++] = text_of(v);
		return;
	}
	fault(r, name, "is none of digits, ring, webhook, queue, message, present");
}

static void read_when(struct reading *r, const json_t *when)
{
	const char *name;
	json_t *v;

	if (when && !json_is_array(when))
		fault(r, "when", "must be a list");
	for (size_t i = 0; i < json_array_size(when); i++) {
		json_t *fact = json_array_get(when, i);

		if (json_object_size(fact) != 1)
			fault(r, "when", "must have entries such as {digits: \"1\"}");
		json_object_foreach(fact, name, v)
			read_fact(r, name, v);
	}
}

/* -- given --------------------------------------------------------------------------- */

static void read_text(struct reading *r, const char *name, const json_t *v, struct str *out)
{
	if (!json_is_string(v) || text_of(v).n > ROUTE_MAX_DIALLED)
		fault(r, name, "must be a text of at most 128 characters");
	else
		*out = text_of(v);
}

static void read_number(struct reading *r, const char *name, const json_t *v, uint64_t *out)
{
	if (!json_is_integer(v) || json_integer_value(v) < 0)
		fault(r, name, "must be a whole number");
	else
		*out = (uint64_t)json_integer_value(v);
}

static void read_given(struct reading *r, const char *name, const json_t *v)
{
	struct route_script *s = r->out;

	if (strcmp(name, "from") == 0)
		read_text(r, name, v, &s->from);
	else if (strcmp(name, "to") == 0)
		read_text(r, name, v, &s->to);
	else if (strcmp(name, "day_mode") == 0)
		read_text(r, name, v, &s->day_mode);
	else if (strcmp(name, "random") == 0)
		read_number(r, name, v, &s->random);
	else if (strcmp(name, "turn") == 0)
		read_number(r, name, v, &s->turn);
	else if (strcmp(name, "present") == 0)
		read_present(r, v);
	else if (strcmp(name, "at") != 0)
		fault(r, name, "is none of from, to, at, day_mode, random, turn, present");
	else if (!json_is_string(v) || clock_parse_rfc3339(text_of(v), &s->at_ms) != 0)
		fault(r, name, "must be a time such as 2026-07-01T12:00:00Z");
}

int script_read(struct route_script *out, const json_t *given, const json_t *when, const char *where,
                struct buf *why)
{
	struct reading r = {out, where, why, 0};
	const char *name;
	json_t *v;

	*out = (struct route_script){0};
	if (given && !json_is_object(given))
		fault(&r, "given", "must be a mapping");
	json_object_foreach((json_t *)(uintptr_t)given, name, v)
		read_given(&r, name, v);
	read_when(&r, when);
	return r.faults ? E_POLICY : 0;
}

/* -- facts of live calls ------------------------------------------------------------- */

static void put_fact(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, "%s{\"%s\":", out->n ? "," : "", name);
	buf_json_str(out, value);
	buf_ch(out, '}');
}

static void put_presence(struct buf *out, const struct tenant *t, const struct route_facts *f)
{
	bool first = true;

	buf_printf(out, "%s{\"present\":{", out->n ? "," : "");
	for (size_t i = 0; i < f->n_presence; i++) {
		const struct route_presence *p = &f->presence[i];
		const struct user *u = tenant_user_by_id(t, p->user);

		if (!u)
			continue;
		if (!first)
			buf_ch(out, ',');
		first = false;
		buf_json_str(out, u->extension);
		buf_printf(out, ":[%u,%u,%llu]", p->registered, p->calls,
		           (unsigned long long)p->idle_since_ms);
	}
	buf_lit(out, "}}");
}

void script_put_fact(struct buf *out, const struct tenant *t, const struct route_facts *f,
                     const struct route_state *before)
{
	static const struct {
		const char *name, *value;
	} plain[ROUTE_EVENTS] = {
		[ROUTE_RANG_OUT] = {"ring", "no_answer"},     [ROUTE_BUSY] = {"ring", "busy"},
		[ROUTE_UNREACHABLE] = {"ring", "unreachable"}, [ROUTE_QUEUE_TURN] = {"queue", "turn"},
		[ROUTE_QUEUE_TIMEOUT] = {"queue", "timeout"}, [ROUTE_QUEUE_LEFT] = {"queue", "left"},
		[ROUTE_QUEUE_FULL] = {"queue", "full"},
	};

	if (f->event == ROUTE_PRESENCE)
		put_presence(out, t, f);
	else if (f->event == ROUTE_DIGITS && before->at == ROUTE_AT_FLOW)
		put_fact(out, "digits", f->digits);
	else if (f->event == ROUTE_WEBHOOK)
		put_fact(out, "webhook", f->ok ? f->answer : STR_NONE);
	else if (f->event == ROUTE_RECORDED)
		put_fact(out, "message", f->ok ? STR("kept") : STR("silent"));
	else if (f->event == ROUTE_SCREENED && !f->ok)
		put_fact(out, "ring", STR("refuse"));
	else if (f->event < ROUTE_EVENTS && plain[f->event].name)
		put_fact(out, plain[f->event].name, str_z(plain[f->event].value));
}
