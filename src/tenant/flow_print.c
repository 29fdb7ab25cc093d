// SPDX-License-Identifier: Apache-2.0
/* A compiled flow as the body it could have been compiled from. */
#include "tenant/flow.h"

static json_t *text(struct str s)
{
	return json_stringn(s.p ? s.p : "", s.n);
}

static json_t *print_target(const struct target *t)
{
	if (t->kind == TARGET_EXTERNAL)
		return json_pack("{s:s,s:o}", "kind", "external", "number", text(t->number));
	return json_pack("{s:s,s:I}", "kind", target_kind_name(t->kind), "id", (json_int_t)t->id);
}

static json_t *print_link(uint64_t id)
{
	return json_pack("{s:I}", "id", (json_int_t)id);
}

static json_t *print_item(const struct flow_item *i)
{
	static const char *const names[ITEM_KINDS] = {
		[ITEM_TEXT] = "say",   [ITEM_NUMBER] = "number", [ITEM_DIGITS] = "digits",
		[ITEM_TIME] = "time",  [ITEM_DATE] = "date",     [ITEM_DURATION] = "duration",
		[ITEM_TONE] = "tone",
	};

	if (i->kind == ITEM_PROMPT)
		return json_pack("{s:o}", "prompt", print_link(i->id));
	if (i->kind == ITEM_SILENCE)
		return json_pack("{s:I}", "silence_ms", (json_int_t)i->ms);
	return json_pack("{s:o}", names[i->kind], text(i->text));
}

static json_t *print_member(const struct ring_member *m)
{
	json_t *out = json_pack("{s:o,s:i,s:i}", "target", print_target(&m->target), "weight",
	                        m->weight, "tier", m->tier);

	if (m->ring_ms)
		json_object_set_new(out, "ring_s", json_integer(m->ring_ms / 1000));
	return out;
}

static json_t *print_case(const struct flow_case *c)
{
	json_t *out = json_object();

	if (c->test == CASE_LIST)
		json_object_set_new(out, "list", print_link(c->list));
	else
		json_object_set_new(out, c->test == CASE_IS ? "is" : "begins", text(c->value));
	json_object_set_new(out, "exit", text(c->exit));
	return out;
}

static json_t *print_element(enum node_type type, const struct flow_value *v, size_t i)
{
	switch (type) {
	case NODE_ITEMS:
		return print_item((const struct flow_item *)v->list.v + i);
	case NODE_MEMBERS:
		return print_member((const struct ring_member *)v->list.v + i);
	case NODE_CASES:
		return print_case((const struct flow_case *)v->list.v + i);
	case NODE_ANSWERS:
		return text(((const struct flow_case *)v->list.v)[i].value);
	default:
		return text(((const struct str *)v->list.v)[i]);
	}
}

static json_t *print_value(const struct node_field *f, const struct flow_value *v)
{
	json_t *list;

	switch (f->type) {
	case NODE_TEXT:
	case NODE_NAME:
	case NODE_DIGITS:
		return text(v->text);
	case NODE_NUMBER:
		return json_integer(v->number);
	case NODE_BOOL:
		return json_boolean(v->number);
	case NODE_WORD:
		return json_string(f->words[v->number]);
	case NODE_REF:
		return print_link(v->target.id);
	case NODE_TARGET:
		return print_target(&v->target);
	default:
		list = json_array();
		for (size_t i = 0; i < v->list.n; i++)
			json_array_append_new(list, print_element(f->type, v, i));
		return list;
	}
}

static void print_exit(const struct call_flow *f, json_t *exits, struct str name, uint16_t to)
{
	if (to != FLOW_NOWHERE)
		json_object_setn_new(exits, name.p, name.n, text(f->nodes[to].name));
}

static json_t *print_exits(const struct call_flow *f, const struct flow_node *n)
{
	json_t *out = json_object();
	const struct flow_case *cases = NULL;
	size_t count = 0;

	if (n->kind == NODE_BRANCH)
		cases = flow_list(n, F_BRANCH_CASES, &count);
	else if (n->kind == NODE_WEBHOOK)
		cases = flow_list(n, F_WEBHOOK_ANSWERS, &count);
	for (size_t i = 0; i < count; i++)
		print_exit(f, out, cases[i].exit, cases[i].to);
	for (size_t i = 0; i < node_exits(n->kind); i++) {
		enum node_exit_id id = (enum node_exit_id)((size_t)node_kind(n->kind)->first_exit + i);

		print_exit(f, out, str_z(node_exit(id)->name), n->exits[i]);
	}
	return out;
}

static json_t *print_node(const struct call_flow *f, const struct flow_node *n)
{
	json_t *out = json_pack("{s:s}", "kind", node_kind(n->kind)->name);

	for (size_t i = 0; i < node_fields(n->kind); i++) {
		const struct node_field *field = node_field(
			(enum node_field_id)((size_t)node_kind(n->kind)->first_field + i));

		if (n->values[i].set)
			json_object_set_new(out, field->name, print_value(field, &n->values[i]));
	}
	json_object_set_new(out, "exits", print_exits(f, n));
	return out;
}

json_t *flow_print(const struct call_flow *f)
{
	json_t *nodes = json_object();

	for (size_t i = 0; i < f->n_nodes; i++)
		json_object_setn_new(nodes, f->nodes[i].name.p, f->nodes[i].name.n,
		                     print_node(f, &f->nodes[i]));
	return json_pack("{s:o,s:o,s:o}", "name", text(f->name), "start",
	                 text(f->nodes[f->start].name), "nodes", nodes);
}
