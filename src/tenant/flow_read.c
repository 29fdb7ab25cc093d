// SPDX-License-Identifier: Apache-2.0
/* From the body of a flow to its compiled form; every fault is a line with its place. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tenant/check.h"
#include "tenant/flow.h"
#include "tenant/kind.h"

enum { CHUNK = 2048, MAX_FAULTS = 100 };

struct reader {
	struct call_flow *flow;
	struct flow_node *nodes;
	struct arena *arena;
	const json_t *node;    /* the one that is read */
	flow_resolve_fn *resolve;
	void *arg;
	const char *where;
	struct buf *why;
	size_t faults;
	char place[128];       /* "nodes.greet" */
};

static void *take(struct reader *r, size_t n)
{
	r->flow->bytes += n;
	return arena_zalloc(r->arena, n ? n : 1);
}

static struct str keep(struct reader *r, struct str s)
{
	r->flow->bytes += s.n + 1;
	return arena_dup(r->arena, s);
}

static struct str text_of(const json_t *v)
{
	return (struct str){json_string_value(v), json_string_length(v)};
}

static void put_place(struct reader *r, const char *field)
{
	char place[256];

	snprintf(place, sizeof place, "%s%s%s", r->place, r->place[0] && field[0] ? "." : "", field);
	kind_put_place(r->why, r->where, place);
}

/* Of a body with a thousand faults the first hundred are told. */
static bool may_tell(struct reader *r)
{
	return ++r->faults <= MAX_FAULTS;
}

static void fault(struct reader *r, const char *field, const char *text)
{
	if (!may_tell(r))
		return;
	put_place(r, field);
	buf_printf(r->why, "%s\n", text);
}

static void value_fault(struct reader *r, const char *field, struct str value, const char *text)
{
	if (!may_tell(r))
		return;
	put_place(r, field);
	kind_put_quoted(r->why, value);
	buf_printf(r->why, " %s\n", text);
}

static void range_fault(struct reader *r, const struct node_field *f, const char *place,
                        const char *unit)
{
	if (!may_tell(r))
		return;
	put_place(r, place);
	buf_printf(r->why, "must %s %lld to %lld%s\n", f->type == NODE_NUMBER ? "be" : "have",
	           (long long)f->min, (long long)f->max, unit);
}

/* -- words --------------------------------------------------------------------------- */

static bool is_name(struct str s)
{
	if (s.n < 1 || s.n > FLOW_MAX_NAME)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_' && c != '-')
			return false;
	}
	return true;
}

static bool is_keys(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!memchr("0123456789*#", s.p[i], 12))
			return false;
	}
	return true;
}

/* RFC 5646, as much as is used: letters, and perhaps a region behind '-'. */
static bool is_language(struct str s)
{
	struct str first = str_cut(&s, '-');

	if (first.n < 2 || first.n > 3 || (s.n && s.n != 2))
		return false;
	for (size_t i = 0; i < first.n; i++) {
		if (first.p[i] < 'a' || first.p[i] > 'z')
			return false;
	}
	return s.n == 0 || (s.p[0] >= 'A' && s.p[0] <= 'Z' && s.p[1] >= 'A' && s.p[1] <= 'Z');
}

static int64_t characters(struct str s)
{
	int64_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

/* -- references ---------------------------------------------------------------------- */

static struct target resolved(struct reader *r, const char *kind, const char *field,
                              const json_t *ref)
{
	struct target t = {0};

	if (!r->resolve)
		return t;
	if (r->resolve(kind, ref, &t, r->arg) != 0) {
		char *text = json_dumps(ref, JSON_COMPACT | JSON_ENCODE_ANY);

		value_fault(r, field, text_of(ref).n ? text_of(ref) : str_z(text),
		            "is nothing that the tenant has");
		free(text);
	}
	t.number = keep(r, t.number);
	return t;
}

static struct target read_target(struct reader *r, const char *field, const json_t *v)
{
	if (flow_is_target(v))
		return resolved(r, "target", field, v);
	fault(r, field, "must be a target, such as \"user:1001\"");
	return (struct target){0};
}

static uint64_t read_ref(struct reader *r, const char *field, const char *kind, const json_t *v)
{
	char text[64];

	if (flow_is_ref(v))
		return resolved(r, kind, field, v).id;
	snprintf(text, sizeof text, "must be the name of a %s", kind);
	fault(r, field, text);
	return 0;
}

/* -- lists --------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum flow_item_kind kind;
} item_names[] = {
	{"prompt", ITEM_PROMPT},     {"say", ITEM_TEXT},   {"number", ITEM_NUMBER},
	{"digits", ITEM_DIGITS},     {"time", ITEM_TIME},  {"date", ITEM_DATE},
	{"duration", ITEM_DURATION}, {"tone", ITEM_TONE},  {"silence_ms", ITEM_SILENCE},
};

static bool item_kind_of(const json_t *item, enum flow_item_kind *kind, const json_t **v)
{
	for (size_t i = 0; i < sizeof item_names / sizeof item_names[0]; i++) {
		*v = json_object_get(item, item_names[i].name);
		*kind = item_names[i].kind;
		if (*v)
			return json_object_size(item) == 1;
	}
	return false;
}

static void read_item(struct reader *r, const char *place, const json_t *item, struct flow_item *out)
{
	const json_t *v = item;

	if (json_is_string(item))
		out->kind = ITEM_PROMPT;
	else if (!item_kind_of(item, &out->kind, &v))
		return fault(r, place, "must be a prompt's name, or one of say, number, digits, time, "
		                       "date, duration, tone, silence_ms");
	if (out->kind == ITEM_PROMPT) {
		out->id = read_ref(r, place, "prompt", v);
	} else if (out->kind == ITEM_SILENCE) {
		if (!json_is_integer(v) || json_integer_value(v) < 1 || json_integer_value(v) > 60000)
			return fault(r, place, "silence_ms must be 1 to 60000");
		out->ms = (uint32_t)json_integer_value(v);
	} else if (text_of(v).n < 1 || text_of(v).n > 400 || check_printable(text_of(v)) != 0) {
		fault(r, place, "must be a text of 1 to 400 characters that print");
	} else {
		out->text = keep(r, text_of(v));
	}
}

static bool small_number(const json_t *in, const char *name, int64_t max, int64_t fallback,
                         int64_t *out)
{
	const json_t *v = json_object_get(in, name);

	*out = v ? json_integer_value(v) : fallback;
	return !v || (json_is_integer(v) && *out >= 1 && *out <= max);
}

static void read_member(struct reader *r, const char *place, const json_t *v,
                        struct ring_member *out)
{
	int64_t weight = 1, tier = 1, ring_s = 0;
	const char *name;
	json_t *inner;

	if (flow_is_target(v) || !json_is_object(v)) {
		*out = (struct ring_member){.target = read_target(r, place, v), .weight = 1, .tier = 1};
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)v, name, inner) {
		if (strcmp(name, "target") && strcmp(name, "weight") && strcmp(name, "tier") &&
		    strcmp(name, "ring_s"))
			value_fault(r, place, str_z(name), "is no field of a member");
	}
	if (!small_number(v, "weight", 1000, 1, &weight) || !small_number(v, "tier", 100, 1, &tier) ||
	    !small_number(v, "ring_s", 600, 0, &ring_s))
		fault(r, place, "weight must be 1 to 1000, tier 1 to 100, ring_s 1 to 600");
	*out = (struct ring_member){
		.target = read_target(r, place, json_object_get(v, "target")),
		.weight = (uint16_t)weight,
		.tier = (uint16_t)tier,
		.ring_ms = (uint32_t)ring_s * 1000,
	};
}

static uint16_t read_link(struct reader *r, const char *exit, const json_t *v)
{
	char place[64];
	uint16_t at = flow_node_find(r->flow, text_of(v));

	if (at != FLOW_NOWHERE)
		return at;
	snprintf(place, sizeof place, "exits.%.40s", exit);
	if (json_is_string(v))
		value_fault(r, place, text_of(v), "is no node of the flow");
	else
		fault(r, place, "must be the name of a node");
	return FLOW_NOWHERE;
}

/* The exit of a case: it must be connected. */
static uint16_t case_link(struct reader *r, const char *place, struct str exit)
{
	char name[FLOW_MAX_NAME + 1];
	enum node_exit_id own;
	enum node_id kind;
	const json_t *v;

	if (!is_name(exit) || !str_copyz(name, sizeof name, exit)) {
		fault(r, place, "wants the name of an exit (a-z, 0-9, _ and -)");
		return FLOW_NOWHERE;
	}
	if (node_kind_find(text_of(json_object_get(r->node, "kind")), &kind) == 0 &&
	    node_exit_find(kind, exit, &own) == 0)
		return read_link(r, name, json_object_get(json_object_get(r->node, "exits"), name));
	v = json_object_get(json_object_get(r->node, "exits"), name);
	if (!v) {
		value_fault(r, place, exit, "is none of the exits that lead somewhere");
		return FLOW_NOWHERE;
	}
	return read_link(r, name, v);
}

static void read_case(struct reader *r, const char *place, const json_t *v, struct flow_case *out)
{
	const json_t *is = json_object_get(v, "is"), *begins = json_object_get(v, "begins");
	const json_t *list = json_object_get(v, "list"), *value = is ? is : begins;

	if (json_object_size(v) != 2 || !json_object_get(v, "exit") || !(value || list))
		return fault(r, place, "must have an exit, and one of is, begins, list");
	out->test = is ? CASE_IS : begins ? CASE_BEGINS : CASE_LIST;
	if (list)
		out->list = read_ref(r, place, "list", list);
	else if (!json_is_string(value) || text_of(value).n > 64 || check_printable(text_of(value)) != 0)
		fault(r, place, "must be compared with a text of at most 64 characters");
	else
		out->value = keep(r, text_of(value));
	out->exit = keep(r, text_of(json_object_get(v, "exit")));
	out->to = case_link(r, place, out->exit);
}

static void read_answer(struct reader *r, const char *place, const json_t *v, struct flow_case *out)
{
	out->test = CASE_IS;
	out->value = out->exit = keep(r, text_of(v));
	out->to = case_link(r, place, out->exit);
}

static void read_name(struct reader *r, const char *place, const json_t *v, struct str *out)
{
	if (!is_name(text_of(v)))
		fault(r, place, "must be the name of a variable (a-z, 0-9, _ and -)");
	else
		*out = keep(r, text_of(v));
}

static size_t element_size(enum node_type type)
{
	switch (type) {
	case NODE_ITEMS:
		return sizeof(struct flow_item);
	case NODE_MEMBERS:
		return sizeof(struct ring_member);
	case NODE_NAMES:
		return sizeof(struct str);
	default:
		return sizeof(struct flow_case);
	}
}

static void read_element(struct reader *r, const struct node_field *f, const char *place,
                         const json_t *v, void *out)
{
	if (f->type == NODE_ITEMS)
		read_item(r, place, v, out);
	else if (f->type == NODE_MEMBERS)
		read_member(r, place, v, out);
	else if (f->type == NODE_CASES)
		read_case(r, place, v, out);
	else if (f->type == NODE_ANSWERS)
		read_answer(r, place, v, out);
	else
		read_name(r, place, v, out);
}

static void read_list(struct reader *r, const struct node_field *f, const json_t *v,
                      struct flow_value *out)
{
	size_t n = json_array_size(v), size = element_size(f->type);
	char place[64];
	char *list;

	if (!json_is_array(v))
		return fault(r, f->name, "must be a list");
	if ((int64_t)n < f->min || (int64_t)n > f->max)
		return range_fault(r, f, f->name, " entries");
	list = take(r, n * size);
	for (size_t i = 0; i < n; i++) {
		snprintf(place, sizeof place, "%s[%zu]", f->name, i);
		read_element(r, f, place, json_array_get(v, i), list + i * size);
	}
	out->list.v = list;
	out->list.n = n;
}

/* -- single values ------------------------------------------------------------------- */

/* What more a few texts must be. */
static const char *text_rule(const struct node_field *f, struct str s)
{
	bool variable = str_find(s, '$') < s.n;

	if (f->type == NODE_NAME && !is_name(s))
		return "is not the name of a variable (a-z, 0-9, _ and -)";
	if (f->type == NODE_DIGITS && !is_keys(s))
		return "has other characters than 0-9, * and #";
	if (f == node_field(F_LANGUAGE_LANGUAGE) && !variable && !is_language(s))
		return "is no language such as en or pt-BR";
	if (f == node_field(F_WEBHOOK_URL) && !str_starts(s, STR("https://")) &&
	    !str_starts(s, STR("http://")))
		return "is no address that begins with https://";
	return check_printable(s) != 0 ? "has characters that do not print" : NULL;
}

static void read_text(struct reader *r, const struct node_field *f, const json_t *v,
                      struct flow_value *out)
{
	struct str s = text_of(v);
	const char *rule;

	if (!json_is_string(v))
		return fault(r, f->name, "must be a text (put it in quotes)");
	if (characters(s) < f->min || characters(s) > f->max)
		return range_fault(r, f, f->name, " characters");
	rule = text_rule(f, s);
	if (rule)
		return value_fault(r, f->name, s, rule);
	out->text = keep(r, s);
}

static void read_word(struct reader *r, const struct node_field *f, const json_t *v,
                      struct flow_value *out)
{
	for (const char *const *word = f->words; *word; word++) {
		if (str_eq(text_of(v), str_z(*word))) {
			out->number = word - f->words;
			return;
		}
	}
	if (!may_tell(r))
		return;
	put_place(r, f->name);
	buf_lit(r->why, "must be one of");
	for (const char *const *word = f->words; *word; word++)
		buf_printf(r->why, "%s %s", word == f->words ? "" : ",", *word);
	buf_ch(r->why, '\n');
}

static void read_number(struct reader *r, const struct node_field *f, const json_t *v,
                        struct flow_value *out)
{
	out->number = json_integer_value(v);
	if (!json_is_integer(v))
		fault(r, f->name, "must be a whole number");
	else if (out->number < f->min || out->number > f->max)
		range_fault(r, f, f->name, "");
}

static void read_value(struct reader *r, const struct node_field *f, const json_t *v,
                       struct flow_value *out)
{
	out->set = true;
	switch (f->type) {
	case NODE_TEXT:
	case NODE_NAME:
	case NODE_DIGITS:
		return read_text(r, f, v, out);
	case NODE_NUMBER:
		return read_number(r, f, v, out);
	case NODE_BOOL:
		out->number = json_is_true(v);
		if (!json_is_boolean(v))
			fault(r, f->name, "must be true or false");
		return;
	case NODE_WORD:
		return read_word(r, f, v, out);
	case NODE_REF:
		out->target = (struct target){.id = read_ref(r, f->name, f->ref, v)};
		return;
	case NODE_TARGET:
		out->target = read_target(r, f->name, v);
		return;
	default:
		return read_list(r, f, v, out);
	}
}

/* -- a node -------------------------------------------------------------------------- */

static void read_fields(struct reader *r, struct flow_node *n)
{
	size_t count = node_fields(n->kind);
	struct flow_value *values = take(r, count * sizeof *values);

	n->values = values;
	for (size_t i = 0; i < count; i++) {
		const struct node_field *f = node_field(
			(enum node_field_id)((size_t)node_kind(n->kind)->first_field + i));
		const json_t *v = json_object_get(r->node, f->name);

		if (v) {
			read_value(r, f, v, &values[i]);
		} else if (f->flags & NODE_REQUIRED) {
			fault(r, f->name, "is missing");
		} else if (f->fallback) {
			json_t *fallback = json_loads(f->fallback, JSON_DECODE_ANY, NULL);

			read_value(r, f, fallback, &values[i]);
			json_decref(fallback);
		}
	}
}

static bool is_case_exit(const struct flow_node *n, struct str name)
{
	size_t count = 0;
	const struct flow_case *cases = NULL;

	if (n->kind == NODE_BRANCH)
		cases = flow_list(n, F_BRANCH_CASES, &count);
	else if (n->kind == NODE_WEBHOOK)
		cases = flow_list(n, F_WEBHOOK_ANSWERS, &count);
	for (size_t i = 0; i < count; i++) {
		if (str_eq(cases[i].exit, name))
			return true;
	}
	return false;
}

static void read_exits(struct reader *r, struct flow_node *n)
{
	const json_t *in = json_object_get(r->node, "exits");
	size_t count = node_exits(n->kind);
	uint16_t *exits = take(r, count * sizeof *exits);
	const char *name;
	json_t *v;

	memset(exits, 0xff, count * sizeof *exits);
	n->exits = exits;
	if (in && !json_is_object(in))
		return fault(r, "exits", "must be a mapping of exits to nodes");
	json_object_foreach((json_t *)(uintptr_t)in, name, v) {
		enum node_exit_id id;

		if (node_exit_find(n->kind, str_z(name), &id) == 0)
			exits[(size_t)id - node_kind(n->kind)->first_exit] = read_link(r, name, v);
		else if (!is_case_exit(n, str_z(name)))
			value_fault(r, "exits", str_z(name), "is no exit of this node");
	}
}

static void check_known(struct reader *r, const struct flow_node *n)
{
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)r->node, name, v) {
		enum node_field_id id;

		if (strcmp(name, "kind") && strcmp(name, "exits") &&
		    node_field_find(n->kind, str_z(name), &id) != 0)
			value_fault(r, "", str_z(name), "is no field of this kind of node");
	}
}

/* What the table cannot say: fields that need or exclude each other. */
static void check_together(struct reader *r, const struct flow_node *n)
{
	if (n->kind == NODE_RING && flow_has(n, F_RING_GROUP) == flow_has(n, F_RING_MEMBERS))
		fault(r, "", "rings either a group or members");
	if (n->kind == NODE_FORWARD && flow_has(n, F_FORWARD_TO) == flow_has(n, F_FORWARD_NUMBER))
		fault(r, "", "leads either to a target or to a number");
	if (n->kind == NODE_COLLECT &&
	    flow_number(n, F_COLLECT_MIN) > flow_number(n, F_COLLECT_MAX))
		fault(r, "min", "is more than max");
	if (n->kind == NODE_BRANCH && flow_has(n, F_BRANCH_ON) &&
	    flow_number(n, F_BRANCH_ON) == BRANCH_VARIABLE && !flow_has(n, F_BRANCH_VARIABLE))
		fault(r, "variable", "is missing");
}

static void read_node(struct reader *r, struct flow_node *n)
{
	struct str kind = text_of(json_object_get(r->node, "kind"));

	snprintf(r->place, sizeof r->place, "nodes." STR_FMT, STR_ARG(n->name));
	if (!json_is_object(r->node)) {
		fault(r, "", "must be a mapping of fields to values");
	} else if (node_kind_find(kind, &n->kind) != 0) {
		value_fault(r, "kind", kind, "is no kind of node");
	} else {
		check_known(r, n);
		read_fields(r, n);
		read_exits(r, n);
		check_together(r, n);
	}
	r->place[0] = '\0';
}

/* -- the flow ------------------------------------------------------------------------ */

/* Names first: exits refer to nodes further on. */
static void name_nodes(struct reader *r, const json_t *nodes)
{
	struct flow_node *all = take(r, json_object_size(nodes) * sizeof *all);
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)nodes, name, v) {
		if (!is_name(str_z(name)))
			value_fault(r, "nodes", str_z(name), "is no name of a node (a-z, 0-9, _ and -)");
		all[r->flow->n_nodes++].name = keep(r, str_sub(str_z(name), 0, FLOW_MAX_NAME));
	}
	r->flow->nodes = r->nodes = all;
}

static void read_nodes(struct reader *r, const json_t *nodes)
{
	const char *name;
	json_t *v;
	size_t i = 0;

	name_nodes(r, nodes);
	json_object_foreach((json_t *)(uintptr_t)nodes, name, v) {
		r->node = v;
		read_node(r, &r->nodes[i++]);
	}
}

static void read_start(struct reader *r, const json_t *start)
{
	if (!json_is_string(start))
		return fault(r, "start", "must be the name of a node");
	r->flow->start = flow_node_find(r->flow, text_of(start));
	if (r->flow->start == FLOW_NOWHERE)
		value_fault(r, "start", text_of(start), "is no node of the flow");
}

static void read_flow(struct reader *r, const json_t *body)
{
	const json_t *nodes = json_object_get(body, "nodes");

	r->flow->name = keep(r, text_of(json_object_get(body, "name")));
	if (!json_is_object(nodes))
		fault(r, "nodes", "must be a mapping of names to nodes");
	else if (json_object_size(nodes) < 1 || json_object_size(nodes) > FLOW_MAX_NODES)
		fault(r, "nodes", "must have 1 to 256 entries");
	else
		read_nodes(r, nodes);
	read_start(r, json_object_get(body, "start"));
}

static int compile(struct call_flow **out, uint64_t id, const json_t *body, struct reader *r)
{
	r->arena = malloc(sizeof *r->arena);
	if (!r->arena)
		abort();
	arena_init(r->arena, CHUNK);
	r->flow = arena_zalloc(r->arena, sizeof *r->flow);
	*r->flow = (struct call_flow){.id = id, .start = FLOW_NOWHERE, .arena = r->arena,
	                         .bytes = sizeof *r->flow};
	read_flow(r, body);
	if (!r->faults) {
		*out = r->flow;
		return 0;
	}
	flow_free(r->flow);
	return E_POLICY;
}

int flow_compile(struct call_flow **out, uint64_t id, const json_t *body, flow_resolve_fn *resolve,
                 void *arg, struct buf *why)
{
	struct reader r = {.resolve = resolve, .arg = arg, .where = "", .why = why};

	return compile(out, id, body, &r);
}

int flow_check_nodes(const json_t *body, const char *where, struct buf *why)
{
	struct reader r = {.where = where, .why = why};
	struct call_flow *f = NULL;
	int err = compile(&f, 0, body, &r);

	flow_free(f);
	return err;
}
