// SPDX-License-Identifier: Apache-2.0
/* From rows to the objects of a snapshot: groups, rooms, queues, flows, numbers and all else. */
#include "tenant/snapshot_objects.h"

#include <stdlib.h>

#include "tenant/dialplan.h"

static void *take(struct build *b, size_t n, size_t size)
{
	b->t->bytes += n * size;
	return n ? arena_zalloc(&b->t->arena, n * size) : NULL;
}

static size_t rows_of(const struct build *b, enum kind_id kind, const struct object *const **rows)
{
	*rows = b->rows + b->first[kind];
	return b->first[kind + 1] - b->first[kind];
}

static void put_row(const struct build *b, const struct object *o)
{
	buf_printf(b->why, "%s ", kind_get(o->kind)->name);
	kind_put_quoted(b->why, str_z(o->key));
	buf_lit(b->why, ": ");
}

static uint32_t milliseconds(const struct body *b, const char *field)
{
	return (uint32_t)body_int(b, field) * 1000;
}

int build_pin(const struct build *b, const struct object *row, const char *field, struct pin *out)
{
	const json_t *v = json_object_get(row->body, field);
	char mem[SEAL_MAX_PLAIN];
	struct buf plain;
	int err;

	if (!v)
		return 0;
	buf_init_fixed(&plain, mem, sizeof mem);
	err = seal_open(b->seal, (struct str){json_string_value(v), json_string_length(v)}, &plain);
	if (!err)
		pin_make(out, b->t->pin_key, buf_view(&plain));
	mem_wipe(mem, sizeof mem);
	if (err) {
		put_row(b, row);
		buf_lit(b->why, "its PIN cannot be opened: is it the right key?\n");
	}
	return err ? E_POLICY : 0;
}

/* -- the tenant and its users -------------------------------------------------------- */

static int find_zone(struct build *b)
{
	enum { YEAR_S = 366 * 86400 };
	int64_t now_s = (int64_t)(b->now_ms / 1000);

	if (zone_load(&b->t->zone, b->t->timezone, now_s - YEAR_S,
	              now_s + SCHEDULE_YEARS * (int64_t)YEAR_S, &b->t->arena) == 0)
		return 0;
	buf_printf(b->why, "timezone: there is no time zone \"" STR_FMT "\" on this system\n",
	           STR_ARG(b->t->timezone));
	return E_POLICY;
}

int build_tenant_fields(struct build *b)
{
	struct body body = body_of(b->t, b->tenant_row);

	b->t->language = body_text(&body, "language");
	b->t->timezone = body_text(&body, "timezone");
	b->t->country = body_text(&body, "country");
	b->t->day_mode = body_text(&body, "day_mode");
	return find_zone(b);
}

void build_user(const struct build *b, const struct object *row, struct user *u)
{
	struct body body = body_of(b->t, row);

	u->language = json_object_get(row->body, "language") ? body_text(&body, "language")
	                                                     : b->t->language;
	u->caller_id = body_text(&body, "caller_id");
	u->class_id = body_link(&body, "class");
	u->mailbox = body_bool(&body, "voicemail") ? row->id : 0;
	u->spoken_name = body_link(&body, "spoken_name");
	u->forward_always = body_target(&body, "forward_always");
	u->forward_busy = body_target(&body, "forward_busy");
	u->forward_no_answer = body_target(&body, "forward_no_answer");
	u->forward_unregistered = body_target(&body, "forward_unregistered");
	u->fallback = body_target(&body, "fallback");
	u->follow_me = body_targets(&body, "follow_me", &u->n_follow_me);
	u->ring_ms = milliseconds(&body, "ring_s");
	u->dnd = body_bool(&body, "dnd");
	u->ring_in_order = body_word(&body, "ring") == 1;
	u->screen = body_bool(&body, "screen");
	u->in_directory = body_bool(&body, "directory");
}

/* -- groups, rooms, queues ----------------------------------------------------------- */

static const struct ring_member *make_members(struct build *b, const struct body *body, size_t *n)
{
	const struct field *f = field_find(body->fields, body->n_fields, STR("members"));
	const json_t *list = json_object_get(body->json, "members");
	struct ring_member *members = take(b, json_array_size(list), sizeof *members);

	*n = json_array_size(list);
	for (size_t i = 0; i < *n; i++) {
		struct body part = {body->kind, f->parts, f->n_parts, json_array_get(list, i), b->t};

		members[i] = (struct ring_member){
			.target = body_target(&part, "target"),
			.weight = (uint16_t)body_int(&part, "weight"),
			.tier = (uint16_t)body_int(&part, "tier"),
			.ring_ms = milliseconds(&part, "ring_s"),
		};
	}
	return members;
}

static int make_ring_groups(struct build *b)
{
	const struct object *const *rows;
	size_t n = rows_of(b, KIND_RING_GROUP, &rows);

	b->t->ring_groups.v = take(b, n, sizeof *b->t->ring_groups.v);
	b->t->ring_groups.n = n;
	for (size_t i = 0; i < n; i++) {
		struct body body = body_of(b->t, rows[i]);
		struct ring_group *g = &b->t->ring_groups.v[i];

		*g = (struct ring_group){
			.id = rows[i]->id,
			.name = body_text(&body, "name"),
			.extension = body_text(&body, "extension"),
			.strategy = (enum ring_strategy)body_word(&body, "strategy"),
			.ring_ms = milliseconds(&body, "ring_s"),
			.max_ms = milliseconds(&body, "max_s"),
			.skip_busy = body_bool(&body, "skip_busy"),
			.prefix = body_text(&body, "prefix"),
			.announce = body_link(&body, "announce"),
			.class_id = body_link(&body, "class"),
			.no_answer = body_target(&body, "no_answer"),
			.none_available = body_target(&body, "none_available"),
		};
		if (g->none_available.kind == TARGET_NONE)
			g->none_available = g->no_answer;
		g->members = make_members(b, &body, &g->n_members);
	}
	return 0;
}

static int make_conferences(struct build *b)
{
	const struct object *const *rows;
	size_t n = rows_of(b, KIND_CONFERENCE, &rows);
	int err = 0;

	b->t->conferences.v = take(b, n, sizeof *b->t->conferences.v);
	b->t->conferences.n = n;
	for (size_t i = 0; i < n && !err; i++) {
		struct body body = body_of(b->t, rows[i]);
		struct conference *c = &b->t->conferences.v[i];

		*c = (struct conference){
			.id = rows[i]->id,
			.name = body_text(&body, "name"),
			.extension = body_text(&body, "extension"),
			.max_members = (uint32_t)body_int(&body, "max_members"),
			.announce = body_bool(&body, "announce"),
			.wait_for_moderator = body_bool(&body, "wait_for_moderator"),
			.record = body_bool(&body, "record"),
			.music = body_link(&body, "music"),
		};
		err = build_pin(b, rows[i], "pin", &c->pin);
		if (!err)
			err = build_pin(b, rows[i], "moderator_pin", &c->moderator_pin);
	}
	return err;
}

static int make_queues(struct build *b)
{
	const struct object *const *rows;
	size_t n = rows_of(b, KIND_QUEUE, &rows);

	b->t->queues.v = take(b, n, sizeof *b->t->queues.v);
	b->t->queues.n = n;
	for (size_t i = 0; i < n; i++) {
		struct body body = body_of(b->t, rows[i]);
		struct str digit = body_text(&body, "exit_digit");
		struct call_queue *q = &b->t->queues.v[i];

		*q = (struct call_queue){
			.id = rows[i]->id,
			.name = body_text(&body, "name"),
			.extension = body_text(&body, "extension"),
			.strategy = (enum ring_strategy)body_word(&body, "strategy"),
			.ring_ms = milliseconds(&body, "ring_s"),
			.max_wait_ms = milliseconds(&body, "max_wait_s"),
			.max_callers = (uint32_t)body_int(&body, "max_callers"),
			.announce_ms = milliseconds(&body, "announce_s"),
			.music = body_link(&body, "music"),
			.greeting = body_link(&body, "greeting"),
			.exit_digit = digit.n ? digit.p[0] : 0,
			.timeout = body_target(&body, "timeout"),
			.full = body_target(&body, "full"),
			.left = body_target(&body, "left"),
		};
		q->members = make_members(b, &body, &q->n_members);
	}
	return 0;
}

/* -- mailboxes ----------------------------------------------------------------------- */

static int make_shared_box(const struct build *b, const struct object *row, struct voice_box *m)
{
	struct body body = body_of(b->t, row);

	*m = (struct voice_box){
		.id = row->id,
		.name = body_text(&body, "name"),
		.extension = body_text(&body, "extension"),
		.language = json_object_get(row->body, "language") ? body_text(&body, "language")
		                                                   : b->t->language,
		.greeting = body_link(&body, "greeting"),
		.max_messages = (uint32_t)body_int(&body, "max_messages"),
		.max_message_ms = milliseconds(&body, "max_message_s"),
	};
	return build_pin(b, row, "pin", &m->pin);
}

/* Its limits are what a shared one has by default. */
static int make_user_box(const struct build *b, const struct object *row, struct voice_box *m)
{
	const struct user *u = tenant_user_by_id(b->t, row->id);
	struct body body = body_of(b->t, row);
	const struct kind *k = kind_get(KIND_MAILBOX);

	*m = (struct voice_box){
		.id = row->id,
		.name = u->name,
		.extension = u->extension,
		.user = row->id,
		.language = u->language,
		.greeting = body_link(&body, "greeting"),
		.max_messages =
			(uint32_t)field_default_int(kind_field(k, STR("max_messages"))),
		.max_message_ms =
			(uint32_t)field_default_int(kind_field(k, STR("max_message_s"))) * 1000,
	};
	return build_pin(b, row, "voicemail_pin", &m->pin);
}

static int by_box_id(const void *a, const void *b)
{
	const struct voice_box *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

static int make_mailboxes(struct build *b)
{
	const struct object *const *shared, *const *users;
	size_t n = rows_of(b, KIND_MAILBOX, &shared), n_users = rows_of(b, KIND_USER, &users);
	size_t own = 0, at = 0;
	int err = 0;

	for (size_t i = 0; i < n_users; i++)
		own += json_is_true(json_object_get(users[i]->body, "voicemail"));
	b->t->mailboxes.v = take(b, n + own, sizeof *b->t->mailboxes.v);
	b->t->mailboxes.n = n + own;
	for (size_t i = 0; i < n && !err; i++)
		err = make_shared_box(b, shared[i], &b->t->mailboxes.v[at++]);
	for (size_t i = 0; i < n_users && !err; i++) {
		if (json_is_true(json_object_get(users[i]->body, "voicemail")))
			err = make_user_box(b, users[i], &b->t->mailboxes.v[at++]);
	}
	if (b->t->mailboxes.n)
		qsort(b->t->mailboxes.v, b->t->mailboxes.n, sizeof *b->t->mailboxes.v, by_box_id);
	return err;
}

/* -- prompts and variables ----------------------------------------------------------- */

static int by_prompt_name(const void *a, const void *b)
{
	const struct prompt *const *left = a, *const *right = b;

	return str_cmp((*left)->name, (*right)->name);
}

static void make_prompt(struct build *b, const struct object *row, struct prompt *p)
{
	struct body body = body_of(b->t, row);
	const struct field *f = kind_field(body.kind, STR("texts"));
	const json_t *list = json_object_get(row->body, "texts");
	struct prompt_text *texts = take(b, json_array_size(list), sizeof *texts);

	*p = (struct prompt){row->id, body_text(&body, "name"), texts, json_array_size(list)};
	for (size_t i = 0; i < p->n_texts; i++) {
		struct body part = {body.kind, f->parts, f->n_parts, json_array_get(list, i), b->t};

		texts[i].language = body_text(&part, "language");
		if (!texts[i].language.n)
			texts[i].language = b->t->language;
		texts[i].file = body_text(&part, "file");
		texts[i].text = body_text(&part, "text");
	}
}

static int make_prompts(struct build *b)
{
	const struct object *const *rows;
	size_t n = rows_of(b, KIND_PROMPT, &rows);

	b->t->prompts.v = take(b, n, sizeof *b->t->prompts.v);
	b->t->prompts.n = n;
	b->t->prompts_by_name = take(b, n, sizeof *b->t->prompts_by_name);
	for (size_t i = 0; i < n; i++) {
		make_prompt(b, rows[i], &b->t->prompts.v[i]);
		b->t->prompts_by_name[i] = &b->t->prompts.v[i];
	}
	if (n)
		qsort(b->t->prompts_by_name, n, sizeof *b->t->prompts_by_name, by_prompt_name);
	return 0;
}

static int by_variable_name(const void *a, const void *b)
{
	return str_cmp(((const struct variable *)a)->name, ((const struct variable *)b)->name);
}

static int make_variables(struct build *b)
{
	const struct object *const *rows;
	size_t n = rows_of(b, KIND_VARIABLE, &rows);

	b->t->variables.v = take(b, n, sizeof *b->t->variables.v);
	b->t->variables.n = n;
	for (size_t i = 0; i < n; i++) {
		struct body body = body_of(b->t, rows[i]);

		b->t->variables.v[i] = (struct variable){rows[i]->id, body_text(&body, "name"),
		                                         body_text(&body, "value")};
	}
	if (n)
		qsort(b->t->variables.v, n, sizeof *b->t->variables.v, by_variable_name);
	return 0;
}

/* -- what is compiled ---------------------------------------------------------------- */

/* A compiler's own lines get the object in front. */
static int named(const struct build *b, const struct object *row, int err, struct buf *lines)
{
	struct str rest = buf_view(lines);

	while (err && rest.n) {
		struct str line = str_cut(&rest, '\n');

		put_row(b, row);
		buf_printf(b->why, STR_FMT "\n", STR_ARG(line));
	}
	buf_fini(lines);
	return err;
}

static int make_schedules(struct build *b)
{
	const struct object *const *rows;
	size_t n = rows_of(b, KIND_SCHEDULE, &rows), faults = 0;

	b->t->schedules.v = take(b, n, sizeof *b->t->schedules.v);
	b->t->schedules.n = n;
	for (size_t i = 0; i < n; i++) {
		struct schedule_entry *s = &b->t->schedules.v[i];
		struct buf why;

		s->id = rows[i]->id;
		s->name = body_keep(b->t, str_z(rows[i]->key));
		buf_init(&why, 4096);
		faults += named(b, rows[i], schedule_compile(&s->schedule, rows[i]->body,
		                                             b->t->timezone, b->now_ms,
		                                             &b->t->arena, &why), &why) != 0;
		if (s->schedule)
			b->t->bytes += schedule_bytes(s->schedule);
	}
	return faults ? E_POLICY : 0;
}

static int make_lists(struct build *b)
{
	const struct object *const *rows;
	size_t n = rows_of(b, KIND_LIST, &rows), faults = 0;

	b->t->lists.v = take(b, n, sizeof *b->t->lists.v);
	b->t->lists.n = n;
	for (size_t i = 0; i < n; i++) {
		struct body body = body_of(b->t, rows[i]);
		struct list_entry *l = &b->t->lists.v[i];
		struct buf why;

		l->id = rows[i]->id;
		l->name = body_text(&body, "name");
		buf_init(&why, 4096);
		faults += named(b, rows[i],
		                list_compile(&l->list, json_object_get(rows[i]->body, "entries"),
		                             (enum list_purpose)body_word(&body, "purpose"), &why),
		                &why) != 0;
		if (l->list)
			b->t->bytes += list_bytes(l->list);
	}
	return faults ? E_POLICY : 0;
}

static int make_flows(struct build *b)
{
	const struct object *const *rows;
	size_t n = rows_of(b, KIND_FLOW, &rows), faults = 0;

	b->t->flows.v = take(b, n, sizeof *b->t->flows.v);
	b->t->flows.n = n;
	for (size_t i = 0; i < n; i++) {
		struct flow_entry *f = &b->t->flows.v[i];
		struct buf why;

		f->id = rows[i]->id;
		f->name = body_keep(b->t, str_z(rows[i]->key));
		buf_init(&why, 4096);
		faults += named(b, rows[i],
		                flow_compile(&f->flow, f->id, rows[i]->body, flow_resolve_ids, NULL,
		                             &why), &why) != 0;
		if (f->flow)
			b->t->bytes += flow_bytes(f->flow);
	}
	return faults ? E_POLICY : 0;
}

/* -- classes ------------------------------------------------------------------------- */

static unsigned dial_bits(const json_t *list)
{
	static const char *const words[] = {
		"local", "national", "mobile", "international", "premium"};
	unsigned bits = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *word = json_string_value(json_array_get(list, i));

		for (unsigned k = 0; word && k < sizeof words / sizeof words[0]; k++)
			bits |= strcmp(word, words[k]) == 0 ? 1u << k : 0;
	}
	return bits;
}

static int make_classes(struct build *b)
{
	static const struct service_class usual = {
		.name = {"usual", 5}, .allows = DIAL_LOCAL_OK | DIAL_NATIONAL_OK | DIAL_MOBILE_OK};
	uint64_t own = link_read(json_object_get(b->tenant_row->body, "class"));
	const struct object *const *rows;
	size_t n = rows_of(b, KIND_CLASS, &rows);
	int err = 0;

	b->t->classes.v = take(b, n, sizeof *b->t->classes.v);
	b->t->classes.n = n;
	b->t->default_class = &usual;
	for (size_t i = 0; i < n && !err; i++) {
		struct body body = body_of(b->t, rows[i]);
		struct service_class *c = &b->t->classes.v[i];

		*c = (struct service_class){
			.id = rows[i]->id,
			.name = body_text(&body, "name"),
			.allows = dial_bits(json_object_get(rows[i]->body, "allows")),
			.with_pin = dial_bits(json_object_get(rows[i]->body, "with_pin")),
			.allow = body_link(&body, "allow"),
			.block = body_link(&body, "block"),
		};
		if (c->id == own)
			b->t->default_class = c;
		err = build_pin(b, rows[i], "pin", &c->pin);
	}
	return err;
}

/* -- what is dialled ----------------------------------------------------------------- */

static const struct {
	enum kind_id kind;
	const char *field;
	enum target_kind target; /* TARGET_NONE: what its `target` says */
} dialled_kinds[] = {
	{KIND_RING_GROUP, "extension", TARGET_RING_GROUP}, {KIND_FLOW, "extension", TARGET_FLOW},
	{KIND_CONFERENCE, "extension", TARGET_CONFERENCE}, {KIND_QUEUE, "extension", TARGET_QUEUE},
	{KIND_MAILBOX, "extension", TARGET_MAILBOX},       {KIND_EXTENSION, "extension", TARGET_NONE},
	{KIND_SPEED_DIAL, "code", TARGET_NONE},
};

static int by_digits(const void *a, const void *b)
{
	return str_cmp(((const struct dial_entry *)a)->digits,
	               ((const struct dial_entry *)b)->digits);
}

static void add_dialled(struct build *b, size_t i)
{
	const struct object *const *rows;
	size_t n = rows_of(b, dialled_kinds[i].kind, &rows);

	for (size_t r = 0; r < n; r++) {
		struct body body = body_of(b->t, rows[r]);
		struct dial_entry *e = &b->t->dialled.v[b->t->dialled.n];

		e->digits = body_text(&body, dialled_kinds[i].field);
		if (!e->digits.n)
			continue;
		if (dialled_kinds[i].target == TARGET_NONE)
			e->target = body_target(&body, "target");
		else
			e->target = (struct target){.kind = dialled_kinds[i].target,
			                            .id = rows[r]->id};
		b->t->dialled.n++;
	}
}

static int number_fault(const struct build *b, struct str digits, const char *what)
{
	buf_printf(b->why, "the number " STR_FMT " %s\n", STR_ARG(digits), what);
	return E_POLICY;
}

static int check_dialled_once(const struct build *b)
{
	const struct tenant *t = b->t;
	int err = 0;

	for (size_t i = 0; i < t->dialled.n; i++) {
		struct str digits = t->dialled.v[i].digits;

		if ((i > 0 && str_eq(digits, t->dialled.v[i - 1].digits)) ||
		    tenant_user_by_extension(t, digits))
			err = number_fault(b, digits, "is used twice");
		if (dialplan_is_emergency(t, digits))
			err = number_fault(b, digits, "is an emergency number: it cannot lead elsewhere");
	}
	for (size_t i = 0; i < t->n_users; i++) {
		if (dialplan_is_emergency(t, t->users[i].extension))
			err = number_fault(b, t->users[i].extension,
			                   "is an emergency number: it cannot lead elsewhere");
	}
	return err;
}

static int make_dialled(struct build *b)
{
	size_t most = 0;

	for (size_t i = 0; i < sizeof dialled_kinds / sizeof dialled_kinds[0]; i++) {
		const struct object *const *rows;

		most += rows_of(b, dialled_kinds[i].kind, &rows);
	}
	b->t->dialled.v = take(b, most, sizeof *b->t->dialled.v);
	for (size_t i = 0; i < sizeof dialled_kinds / sizeof dialled_kinds[0]; i++)
		add_dialled(b, i);
	if (b->t->dialled.n)
		qsort(b->t->dialled.v, b->t->dialled.n, sizeof *b->t->dialled.v, by_digits);
	return check_dialled_once(b);
}

static int by_e164(const void *a, const void *b)
{
	return str_cmp(((const struct number_entry *)a)->e164,
	               ((const struct number_entry *)b)->e164);
}

static int make_numbers(struct build *b)
{
	const struct object *const *rows;
	size_t n = rows_of(b, KIND_NUMBER, &rows);

	b->t->numbers.v = take(b, n, sizeof *b->t->numbers.v);
	b->t->numbers.n = n;
	for (size_t i = 0; i < n; i++) {
		struct body body = body_of(b->t, rows[i]);

		b->t->numbers.v[i] = (struct number_entry){body_text(&body, "number"),
		                                           body_target(&body, "target")};
	}
	if (n)
		qsort(b->t->numbers.v, n, sizeof *b->t->numbers.v, by_e164);
	return 0;
}

static int by_code(const void *a, const void *b)
{
	return str_cmp(((const struct code_entry *)a)->code, ((const struct code_entry *)b)->code);
}

static bool has_code(const struct tenant *t, size_t n, struct str code)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq(t->codes.v[i].code, code))
			return true;
	}
	return false;
}

/* The usual codes but for those that the tenant gives another meaning. */
static int make_codes(struct build *b)
{
	const struct object *const *rows;
	size_t own = rows_of(b, KIND_FEATURE_CODE, &rows);

	b->t->codes.v = take(b, own + FEATURES, sizeof *b->t->codes.v);
	for (size_t i = 0; i < own; i++) {
		struct body body = body_of(b->t, rows[i]);

		b->t->codes.v[i] = (struct code_entry){
			body_text(&body, "code"), (enum feature)body_word(&body, "feature")};
	}
	b->t->codes.n = own;
	for (enum feature f = FEATURE_NONE; f < FEATURES; f++) {
		struct str code = str_z(feature_info(f)->code);

		if (code.n && !has_code(b->t, own, code))
			b->t->codes.v[b->t->codes.n++] = (struct code_entry){code, f};
	}
	qsort(b->t->codes.v, b->t->codes.n, sizeof *b->t->codes.v, by_code);
	return 0;
}

static int make_dialplan(struct build *b)
{
	return dialplan_compile(&b->t->dialplan, b->tenant_row->body, &b->t->arena, b->why);
}

int build_objects(struct build *b)
{
	static int (*const makers[])(struct build *) = {
		make_ring_groups, make_conferences, make_queues, make_mailboxes,
		make_prompts, make_variables, make_schedules, make_lists, make_flows, make_classes,
		make_numbers, make_codes, make_dialled,
	};
	int err = make_dialplan(b); /* the others ask it */

	if (err)
		return err;
	for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++) {
		int failed = makers[i](b);

		err = err ? err : failed;
	}
	return err;
}
