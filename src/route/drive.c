// SPDX-License-Identifier: Apache-2.0
/* The engine driven by a script: what it waits for comes from there. */
#include <errno.h>

#include "route/internal.h"
#include "route/script.h"

static const struct user *find_caller(const struct tenant *t, struct str from)
{
	const struct user *u = tenant_user_by_extension(t, from);
	const struct device *d = u ? NULL : tenant_device_by_username(t, from);

	return u ? u : d ? d->user : NULL;
}

/* E.164, or nobody's. */
static bool is_number(struct str s)
{
	if (str_eq(s, STR("anonymous")) || !s.n)
		return true;
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	}
	return s.p[0] == '+' && s.n > 1;
}

static uint64_t flow_called(const struct tenant *t, struct str name)
{
	for (size_t i = 0; i < tenant_flows(t); i++) {
		uint64_t id;

		tenant_flow_at(t, i, &id);
		if (str_eq(tenant_flow_name(t, id), name))
			return id;
	}
	return 0;
}

int drive_init(struct drive *d, const struct tenant *t, const struct route_script *script,
               uint32_t ring_ms)
{
	const struct user *caller = script->from.n ? find_caller(t, script->from) : NULL;

	if (!caller && !is_number(script->from))
		return ENOENT;
	*d = (struct drive){
		.tenant = t,
		.script = script,
		.facts = {.event = ROUTE_BEGIN, .at_ms = script->at_ms, .random = script->random,
		          .turn = script->turn, .dialled = script->to, .caller = caller,
		          .day_mode = script->day_mode, .ring_ms = ring_ms},
	};
	if (!caller && !str_eq(script->from, STR("anonymous")))
		d->facts.caller_number = script->from;
	if (script->flow.n && !script->to.n) {
		d->facts.start = (struct target){TARGET_FLOW, flow_called(t, script->flow), STR_NONE};
		if (!d->facts.start.id)
			return ENOENT;
	}
	return 0;
}

/* -- presence ------------------------------------------------------------------------ */

/* The last word counts: a call's facts may say the same user twice. */
static const struct script_present *said_of(const struct drive *d, uint64_t user)
{
	const struct user *u = tenant_user_by_id(d->tenant, user);
	const struct script_present *all = NULL;

	for (size_t i = d->script->n_present; i > 0; i--) {
		const struct script_present *p = &d->script->present[i - 1];

		if (u && str_eq(p->who, u->extension))
			return p;
		if (str_eq(p->who, STR("*")))
			all = p;
	}
	return all;
}

bool drive_fill(struct drive *d, size_t i)
{
	const struct script_present *p = said_of(d, d->decision.users[i]);

	if (!p && d->live)
		return false;
	d->presence[i] = (struct route_presence){
		.user = d->decision.users[i],
		.registered = p ? p->registered : 1,
		.calls = p ? p->calls : 0,
		.idle_since_ms = p ? p->idle_since_ms : 0,
	};
	return true;
}

/* False: somebody's is not known. */
static bool fill_presence(struct drive *d)
{
	for (size_t i = 0; i < d->decision.n_users; i++) {
		if (!drive_fill(d, i))
			return false;
	}
	return true;
}

/* -- answers to decisions ------------------------------------------------------------ */

static bool next_word(struct drive *d, enum script_kind k, struct str *out)
{
	if (d->used[k] == d->script->n_words[k])
		return false;
	*out = d->script->words[k][d->used[k]++];
	return true;
}

static bool ended(struct drive *d, enum drive_end end)
{
	d->end = end;
	return false;
}

static bool after_ring(struct drive *d)
{
	static const struct {
		const char *word;
		enum route_event event;
	} words[] = {{"no_answer", ROUTE_RANG_OUT}, {"busy", ROUTE_BUSY},
	             {"unreachable", ROUTE_UNREACHABLE}, {"refuse", ROUTE_SCREENED}};
	struct str word;

	if (!next_word(d, SCRIPT_RING, &word))
		return ended(d, DRIVE_RINGS);
	if (str_eq(word, STR("answer")))
		return ended(d, DRIVE_ANSWERED);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (str_eq(word, str_z(words[i].word)))
			d->facts.event = words[i].event;
	}
	d->facts.ok = false;
	return true;
}

static bool after_collect(struct drive *d)
{
	struct str digits;

	if (!next_word(d, SCRIPT_DIGITS, &digits))
		return ended(d, DRIVE_WAITS);
	d->facts.event = ROUTE_DIGITS;
	d->facts.digits = digits;
	d->facts.digits_end = digits.n ? DIGITS_TERMINATOR : DIGITS_TIMEOUT;
	return true;
}

static bool after_queue(struct drive *d)
{
	struct str word;

	if (!next_word(d, SCRIPT_QUEUE, &word))
		return ended(d, DRIVE_WAITS);
	d->facts.event = str_eq(word, STR("turn"))      ? ROUTE_QUEUE_TURN
	                 : str_eq(word, STR("timeout")) ? ROUTE_QUEUE_TIMEOUT
	                 : str_eq(word, STR("left"))    ? ROUTE_QUEUE_LEFT
	                                                : ROUTE_QUEUE_FULL;
	return true;
}

static bool after_webhook(struct drive *d)
{
	struct str word = STR_NONE;

	d->facts.ok = next_word(d, SCRIPT_WEBHOOK, &word) && word.n;
	d->facts.event = ROUTE_WEBHOOK;
	d->facts.answer = d->facts.value = word;
	return true;
}

static bool after_message(struct drive *d)
{
	struct str word = STR_NONE;

	d->facts.ok = !next_word(d, SCRIPT_MESSAGE, &word) || str_eq(word, STR("kept"));
	d->facts.event = ROUTE_RECORDED;
	return true;
}

/* Facts for the next step; false: there is none. */
static bool answer(struct drive *d)
{
	switch (d->decision.action) {
	case ROUTE_RING:
		return after_ring(d);
	case ROUTE_COLLECT:
		return after_collect(d);
	case ROUTE_QUEUE:
		return after_queue(d);
	case ROUTE_WEBHOOK_ASK:
		return after_webhook(d);
	case ROUTE_RECORD_MESSAGE:
		return after_message(d);
	case ROUTE_CHANGE: /* nothing is changed: it is only thought of */
		d->facts.ok = true;
		d->facts.event = ROUTE_CHANGED;
		return true;
	case ROUTE_PLAY:
	case ROUTE_RECORD_ON:
	case ROUTE_RECORD_OFF:
		d->facts.event = ROUTE_DONE;
		return true;
	case ROUTE_MAILBOX_LISTEN:
	case ROUTE_CONFERENCE:
		return ended(d, DRIVE_WAITS);
	case ROUTE_CONNECT:
		return ended(d, DRIVE_ANSWERED);
	default:
		return ended(d, DRIVE_DECIDED);
	}
}

static void step(struct drive *d)
{
	d->steps++;
	route_step(d->tenant, &d->facts, &d->state, &d->decision, d->trace);
	if (d->decisions && d->decision.action != ROUTE_ASK)
		json_array_append_new(d->decisions, drive_print_decision(d->tenant, &d->decision));
}

/* The engine ends every call within its own bounds, and so does this. */
enum drive_next drive_run(struct drive *d)
{
	if (!d->begun) {
		d->begun = true;
		step(d);
	} else { /* the presence was set */
		goto asked;
	}
	for (;;) {
		if (d->decision.action != ROUTE_ASK) {
			if (!answer(d))
				return DRIVE_END;
			step(d);
			continue;
		}
		if (!fill_presence(d))
			return DRIVE_ASK;
asked:
		d->facts.event = ROUTE_PRESENCE;
		d->facts.presence = d->presence;
		d->facts.n_presence = d->decision.n_users;
		step(d);
	}
}

/* -- printing ------------------------------------------------------------------------ */

static json_t *text(struct str s)
{
	return json_stringn(s.p ? s.p : "", s.n);
}

static json_t *print_user(const struct tenant *t, uint64_t id)
{
	const struct user *u = tenant_user_by_id(t, id);
	json_t *devices = json_array();

	if (!u)
		return json_pack("{s:I,s:o}", "id", (json_int_t)id, "devices", devices);
	for (size_t i = 0; i < u->n_devices; i++)
		json_array_append_new(devices, text(u->devices[i]->username));
	return json_pack("{s:I,s:o,s:o,s:o}", "id", (json_int_t)id, "name", text(u->name), "extension",
	                 text(u->extension), "devices", devices);
}

static json_t *print_item(const struct tenant *t, const struct flow_item *i)
{
	static const char *const names[ITEM_KINDS] = {
		"prompt", "say", "number", "digits", "time", "date", "duration", "tone", "silence_ms",
	};
	const struct prompt *p;

	if (i->kind == ITEM_SILENCE)
		return json_pack("{s:I}", names[i->kind], (json_int_t)i->ms);
	if (i->kind == ITEM_PROMPT && i->id) {
		p = tenant_prompt(t, i->id);
		return json_pack("{s:o}", "prompt", text(p ? p->name : STR_NONE));
	}
	return json_pack("{s:o}", names[i->kind], text(i->text));
}

static void print_items(const struct tenant *t, const struct route_decision *d, json_t *out)
{
	json_t *items = json_array();

	for (size_t i = 0; i < d->n_items; i++)
		json_array_append_new(items, print_item(t, &d->items[i]));
	json_object_set_new(out, "items", items);
	json_object_set_new(out, "language", text(d->language));
}

static void print_ring(const struct tenant *t, const struct route_decision *d, json_t *out)
{
	json_t *users = json_array();

	for (size_t i = 0; i < d->n_users; i++)
		json_array_append_new(users, print_user(t, d->users[i]));
	json_object_set_new(out, "users", users);
	json_object_set_new(out, "ring_ms", json_integer(d->ring_ms));
	if (d->prefix.n)
		json_object_set_new(out, "prefix", text(d->prefix));
}

static const enum target_kind object_kinds[ROUTE_ACTIONS] = {
	[ROUTE_RECORD_MESSAGE] = TARGET_MAILBOX, [ROUTE_MAILBOX_LISTEN] = TARGET_MAILBOX,
	[ROUTE_CONFERENCE] = TARGET_CONFERENCE,  [ROUTE_QUEUE] = TARGET_QUEUE,
};

static struct str object_text(const struct tenant *t, const struct route_decision *d, char mem[160])
{
	const struct target target = {object_kinds[d->action], d->object, STR_NONE};
	struct buf out;

	buf_init_fixed(&out, mem, 160);
	buf_printf(&out, "%s:" STR_FMT, target_kind_name(target.kind),
	           STR_ARG(str_sub(tenant_target_key(t, &target), 0, 64)));
	return buf_view(&out);
}

json_t *drive_print_decision(const struct tenant *t, const struct route_decision *d)
{
	json_t *out = json_pack("{s:s}", "action", route_action_name(d->action));
	char mem[160];

	if (d->action == ROUTE_RING)
		print_ring(t, d, out);
	if (d->action == ROUTE_REJECT) {
		json_object_set_new(out, "status", json_integer(d->status));
		if (d->reason)
			json_object_set_new(out, "reason", json_string(d->reason));
		if (d->cause)
			json_object_set_new(out, "cause", json_integer(d->cause));
	}
	if (d->n_items)
		print_items(t, d, out);
	if (d->action == ROUTE_COLLECT)
		json_object_set_new(out, "digits", json_pack("[i,i]", d->collect.min, d->collect.max));
	if (object_kinds[d->action] && d->object)
		json_object_set_new(out, "object", text(object_text(t, d, mem)));
	if (d->url.n)
		json_object_set_new(out, "url", text(d->url));
	if (d->field)
		json_object_set_new(out, "field", json_string(d->field));
	return out;
}

void drive_put_end(struct buf *out, const struct drive *d)
{
	const struct route_decision *last = &d->decision;
	char mem[160];

	if (last->action == ROUTE_REJECT) {
		buf_printf(out, "rejected %u", last->status);
	} else if (last->action == ROUTE_RING || last->action == ROUTE_CONNECT) {
		buf_printf(out, "%s", d->end == DRIVE_ANSWERED ? "answered by" : "rings");
		for (size_t i = 0; i < last->n_users; i++) {
			const struct user *u = tenant_user_by_id(d->tenant, last->users[i]);

			buf_printf(out, "%s " STR_FMT, i ? "," : "", STR_ARG(u ? u->extension : STR("?")));
		}
	} else if (object_kinds[last->action]) {
		buf_printf(out, "%s ", route_action_name(last->action));
		buf_str(out, object_text(d->tenant, last, mem));
	} else {
		buf_printf(out, "%s", route_action_name(last->action));
	}
}
