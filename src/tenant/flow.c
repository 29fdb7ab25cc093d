// SPDX-License-Identifier: Apache-2.0
/* Reading a compiled flow, and its references. Compiling is in flow_read.c. */
#include "tenant/flow.h"

#include <errno.h>
#include <stdlib.h>

#include "tenant/ref.h"

void flow_free(struct call_flow *f)
{
	if (!f)
		return;
	struct arena *arena = f->arena; /* `f` itself is in it */

	arena_fini(arena);
	free(arena);
}

uint16_t flow_node_find(const struct call_flow *f, struct str name)
{
	for (uint16_t i = 0; i < f->n_nodes; i++) {
		if (str_eq(f->nodes[i].name, name))
			return i;
	}
	return FLOW_NOWHERE;
}

const struct flow_value *flow_value(const struct flow_node *n, enum node_field_id field)
{
	return &n->values[(size_t)field - node_kind(n->kind)->first_field];
}

uint16_t flow_exit(const struct flow_node *n, enum node_exit_id exit)
{
	return n->exits[(size_t)exit - node_kind(n->kind)->first_exit];
}

/* -- references ---------------------------------------------------------------------- */

static struct str text_of(const json_t *v)
{
	return (struct str){json_string_value(v), json_string_length(v)};
}

static bool has_id(const json_t *ref, size_t members)
{
	return json_object_size(ref) == members && json_integer_value(json_object_get(ref, "id")) != 0;
}

bool flow_is_ref(const json_t *ref)
{
	return has_id(ref, 1) || (json_string_length(ref) > 0 && json_string_length(ref) <= 128);
}

bool flow_is_target(const json_t *ref)
{
	struct str rest = text_of(ref), kind = text_of(json_object_get(ref, "kind"));
	size_t number = json_string_length(json_object_get(ref, "number"));

	if (json_is_string(ref) && rest.n <= 160) {
		kind = str_cut(&rest, ':');
		return rest.n && (target_kind_find(kind) || str_eq(kind, STR("extension")));
	}
	if (target_kind_find(kind) == TARGET_EXTERNAL)
		return json_object_size(ref) == 2 && number > 0 && number <= 32;
	return target_kind_find(kind) && has_id(ref, 2);
}

int flow_resolve_ids(const char *kind, const json_t *ref, struct target *out, void *arg)
{
	(void)arg;
	if (json_is_string(ref))
		return ENOENT;
	if (strcmp(kind, "target") == 0)
		*out = target_read(ref);
	else
		out->id = link_read(ref);
	return 0;
}

struct mapping {
	flow_ref_fn *fn;
	void *arg;
};

static void map_member(const struct mapping *m, json_t *in, const char *name, const char *kind)
{
	json_t *ref = json_object_get(in, name), *now = NULL;
	bool target = strcmp(kind, "target") == 0;

	if (ref && (target ? flow_is_target(ref) : flow_is_ref(ref)))
		now = m->fn(kind, ref, m->arg);
	if (now)
		json_object_set_new(in, name, now);
}

/* A prompt by name stands alone, by id in an object. */
static void map_item(const struct mapping *m, json_t *list, size_t i)
{
	json_t *item = json_array_get(list, i), *ref = item, *now = NULL;

	if (json_is_object(item)) /* {"prompt": {"id": 7}} */
		ref = json_object_get(item, "prompt");
	if (ref && flow_is_ref(ref))
		now = m->fn("prompt", ref, m->arg);
	if (!now)
		return;
	if (!json_is_string(now))
		now = json_pack("{s:o}", "prompt", now);
	json_array_set_new(list, i, now);
}

static void map_ring_member(const struct mapping *m, json_t *list, size_t i)
{
	json_t *member = json_array_get(list, i);

	if (flow_is_target(member)) {
		json_t *now = m->fn("target", member, m->arg);

		if (now)
			json_array_set_new(list, i, now);
	} else if (json_is_object(member)) {
		map_member(m, member, "target", "target");
	}
}

static void map_list(const struct mapping *m, const struct node_field *f, json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (f->type == NODE_ITEMS)
			map_item(m, list, i);
		else if (f->type == NODE_MEMBERS)
			map_ring_member(m, list, i);
		else if (f->type == NODE_CASES)
			map_member(m, json_array_get(list, i), "list", "list");
	}
}

static void map_node(const struct mapping *m, json_t *node)
{
	enum node_id kind;

	if (node_kind_find(text_of(json_object_get(node, "kind")), &kind) != 0)
		return;
	for (size_t i = 0; i < node_fields(kind); i++) {
		const struct node_field *f = node_field(
			(enum node_field_id)((size_t)node_kind(kind)->first_field + i));

		if (f->type == NODE_REF)
			map_member(m, node, f->name, f->ref);
		else if (f->type == NODE_TARGET)
			map_member(m, node, f->name, "target");
		else
			map_list(m, f, json_object_get(node, f->name));
	}
}

void flow_map_refs(json_t *body, flow_ref_fn *fn, void *arg)
{
	const struct mapping m = {fn, arg};
	const char *name;
	json_t *node;

	json_object_foreach(json_object_get(body, "nodes"), name, node)
		map_node(&m, node);
}
