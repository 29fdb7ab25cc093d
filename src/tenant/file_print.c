// SPDX-License-Identifier: Apache-2.0
/* From objects back to the file that would make them. */
#include <stdlib.h>

#include "tenant/file.h"
#include "tenant/ref.h"

struct printer {
	const struct object_set *objects;
	struct object_index index;
	json_t **printed; /* by object */
};

static bool is_default(const struct field *f, const json_t *v)
{
	json_t *fallback = f->fallback ? json_loads(f->fallback, JSON_DECODE_ANY, NULL) : NULL;
	bool equal = fallback && json_equal(fallback, v);

	json_decref(fallback);
	return equal;
}

static json_t *print_object(const struct printer *p, const struct object *o)
{
	const struct kind *k = kind_get(o->kind);
	json_t *out = json_object();

	for (size_t i = 0; i < k->n_fields; i++) {
		const struct field *f = &k->fields[i];
		json_t *v = json_object_get(o->body, f->name);

		if (!v || f->type == FIELD_SECRET || f->type == FIELD_REF ||
		    (f->flags & FIELD_MADE) || is_default(f, v))
			continue;
		json_object_set_new(out, field_file_name(f), ref_print(f, v, &p->index));
	}
	return out;
}

/* The object whose list `o` stands in; NULL: the tenant's. */
static json_t *parent_of(const struct printer *p, const struct object *o)
{
	const struct kind *k = kind_get(o->kind);

	for (size_t i = 0; i < k->n_fields; i++) {
		const json_t *v = json_object_get(o->body, k->fields[i].name);
		const struct object *to;

		if (k->fields[i].type != FIELD_REF)
			continue;
		to = object_index_find(&p->index, (uint64_t)json_integer_value(v));
		return to ? p->printed[to - p->objects->v] : NULL;
	}
	return NULL;
}

static void print_into(json_t *parent, const struct kind *k, json_t *object)
{
	json_t *list = json_object_get(parent, k->plural);

	if (!list) {
		list = json_array();
		json_object_set_new(parent, k->plural, list);
	}
	json_array_append(list, object);
}

/* In the order of the tenant's table, each kind by id. */
static void print_kind(struct printer *p, json_t *tenant, enum kind_id kind)
{
	for (size_t i = 0; i < p->objects->n; i++) {
		const struct object *o = &p->objects->v[i];
		json_t *parent;

		if (o->kind != kind || o->removed)
			continue;
		p->printed[i] = print_object(p, o);
		parent = parent_of(p, o);
		if (parent || kind != KIND_DEVICE)
			print_into(parent ? parent : tenant, kind_get(kind), p->printed[i]);
	}
}

static void print_lists(struct printer *p, json_t *tenant, const struct kind *k)
{
	for (size_t i = 0; i < k->n_fields; i++) {
		if (k->fields[i].type != FIELD_OBJECTS)
			continue;
		print_kind(p, tenant, k->fields[i].ref);
		print_lists(p, tenant, kind_get(k->fields[i].ref));
	}
}

static json_t *print_tenant(const struct printer *p)
{
	for (size_t i = 0; i < p->objects->n; i++) {
		if (p->objects->v[i].kind == KIND_TENANT && !p->objects->v[i].removed)
			return print_object(p, &p->objects->v[i]);
	}
	return json_object();
}

json_t *tenant_file_print(const struct object_set *objects)
{
	struct printer p = {.objects = objects, .printed = calloc(objects->n + 1, sizeof(json_t *))};
	json_t *out;

	if (!p.printed)
		abort();
	object_index_init(&p.index, objects);
	out = print_tenant(&p);
	json_object_set_new(out, "users", json_array());
	print_lists(&p, out, kind_get(KIND_TENANT));
	for (size_t i = 0; i < objects->n; i++)
		json_decref(p.printed[i]);
	free(p.printed);
	object_index_fini(&p.index);
	return out;
}
