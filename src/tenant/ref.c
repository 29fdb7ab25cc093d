// SPDX-License-Identifier: Apache-2.0
#include "tenant/ref.h"

static struct str text_in(const json_t *v, const char *name)
{
	const json_t *text = json_object_get(v, name);

	return (struct str){json_string_value(text), json_string_length(text)};
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
