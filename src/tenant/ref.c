// SPDX-License-Identifier: Apache-2.0
#include "tenant/ref.h"

#include "tenant/check.h"
#include "tenant/flow.h"

static struct str text_in(const json_t *v, const char *name)
{
	const json_t *text = json_object_get(v, name);

	return (struct str){json_string_value(text), json_string_length(text)};
}

int target_parse(struct str text, enum target_kind *kind, struct str *key)
{
	struct str rest = text, word = str_cut(&rest, ':');
	enum target_kind k = target_kind_find(word);

	if (check_extension(text) == 0)
		rest = text;
	else if (k == TARGET_NONE && !str_eq(word, STR("extension")))
		return E_MALFORMED;
	if (rest.n < 1 || (k == TARGET_EXTERNAL && check_outside(rest) != 0))
		return E_MALFORMED;
	*kind = k;
	*key = rest;
	return 0;
}

uint64_t link_read(const json_t *v)
{
	json_int_t id = json_integer_value(json_object_get(v, "id"));

	return id > 0 ? (uint64_t)id : 0;
}

struct target target_read(const json_t *v)
{
	struct target t = {.kind = target_kind_find(text_in(v, "kind"))};

	if (t.kind == TARGET_EXTERNAL)
		t.number = text_in(v, "number");
	else if (t.kind != TARGET_NONE)
		t.id = link_read(v);
	if (!t.id && !t.number.n)
		t.kind = TARGET_NONE;
	return t;
}

static bool map_id(json_t *in, const char *name, ref_map_fn *fn, void *arg)
{
	json_int_t old = json_integer_value(json_object_get(in, name)), id = fn(old, arg);

	if (id != old)
		json_object_set_new(in, name, json_integer(id));
	return id != 0;
}

/* As deep as the body is: the parser of the file limits that. */
static bool map_inside(json_t *v, ref_map_fn *fn, void *arg)
{
	const char *name;
	json_t *inner;
	size_t i;
	bool whole = true;

	json_array_foreach(v, i, inner)
		whole &= map_inside(inner, fn, arg);
	json_object_foreach(v, name, inner)
		whole &= map_inside(inner, fn, arg);
	if (json_is_integer(json_object_get(v, "id")))
		whole &= map_id(v, "id", fn, arg);
	return whole;
}

bool refs_map(const struct kind *k, json_t *body, ref_map_fn *fn, void *arg)
{
	bool whole = map_inside(body, fn, arg);

	for (size_t i = 0; i < k->n_fields; i++) {
		const struct field *f = &k->fields[i];

		if (f->type == FIELD_REF && json_is_integer(json_object_get(body, f->name)))
			whole &= map_id(body, f->name, fn, arg);
	}
	return whole;
}

/* -- back to the file ---------------------------------------------------------------- */

enum kind_id target_object_kind(enum target_kind k)
{
	static const enum kind_id kinds[TARGET_KINDS] = {
		[TARGET_NONE] = KINDS,
		[TARGET_USER] = KIND_USER,
		[TARGET_RING_GROUP] = KIND_RING_GROUP,
		[TARGET_FLOW] = KIND_FLOW,
		[TARGET_CONFERENCE] = KIND_CONFERENCE,
		[TARGET_QUEUE] = KIND_QUEUE,
		[TARGET_MAILBOX] = KIND_MAILBOX,
		[TARGET_EXTERNAL] = KINDS,
	};

	return kinds[k];
}

static json_t *print_target(const json_t *v, const struct object_index *objects)
{
	struct target t = target_read(v);
	const struct object *o = t.id ? object_index_find(objects, t.id) : NULL;
	struct str key = o ? str_z(o->key) : t.number;

	if (!key.n)
		return json_null();
	return json_sprintf("%s:" STR_FMT, target_kind_name(t.kind), STR_ARG(key));
}

static json_t *print_link(const json_t *v, const struct object_index *objects)
{
	const struct object *o = object_index_find(objects, link_read(v));

	return o ? json_string(o->key) : json_null();
}

static json_t *print_in_flow(const char *kind, const json_t *v, void *arg)
{
	return strcmp(kind, "target") == 0 ? print_target(v, arg) : print_link(v, arg);
}

static json_t *print_nodes(const json_t *nodes, const struct object_index *objects)
{
	json_t *body = json_pack("{s:o}", "nodes", json_deep_copy(nodes)), *out;

	flow_map_refs(body, print_in_flow, (void *)(uintptr_t)objects);
	out = json_incref(json_object_get(body, "nodes"));
	json_decref(body);
	return out;
}

static json_t *print_part(const struct field *f, const json_t *part,
                          const struct object_index *objects)
{
	json_t *out = json_object();

	for (size_t i = 0; i < f->n_parts; i++) {
		const json_t *v = json_object_get(part, f->parts[i].name);

		if (v)
			json_object_set_new(out, f->parts[i].name,
			                    ref_print(&f->parts[i], v, objects));
	}
	return out;
}

static json_t *print_list(const struct field *f, const json_t *list,
                          const struct object_index *objects)
{
	json_t *out = json_array();

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);

		json_array_append_new(out, f->type == FIELD_PARTS ? print_part(f, v, objects)
		                                                  : print_target(v, objects));
	}
	return out;
}

json_t *ref_print(const struct field *f, const json_t *v, const struct object_index *objects)
{
	switch (f->type) {
	case FIELD_TARGET:
		return print_target(v, objects);
	case FIELD_LINK:
		return print_link(v, objects);
	case FIELD_TARGETS:
	case FIELD_PARTS:
		return print_list(f, v, objects);
	case FIELD_NODES:
		return print_nodes(v, objects);
	default:
		return json_incref((json_t *)(uintptr_t)v);
	}
}
