// SPDX-License-Identifier: Apache-2.0
/* From objects back to the file that would make them. */
#include <stdlib.h>

#include "base/hash.h"
#include "tenant/file.h"
#include "tenant/lookup.h"

static bool is_default(const struct field *f, const json_t *v)
{
	json_t *fallback = f->fallback ? json_loads(f->fallback, JSON_DECODE_ANY, NULL) : NULL;
	bool equal = fallback && json_equal(fallback, v);

	json_decref(fallback);
	return equal;
}

static json_t *print_object(const struct object *o)
{
	const struct kind *k = kind_get(o->kind);
	json_t *out = json_object();

	for (size_t i = 0; i < k->n_fields; i++) {
		const struct field *f = &k->fields[i];
		json_t *v = json_object_get(o->body, f->name);

		if (!v || f->type == FIELD_SECRET || f->type == FIELD_REF ||
		    (f->flags & FIELD_MADE) || is_default(f, v))
			continue;
		json_object_set(out, field_file_name(f), v);
	}
	return out;
}

/* Users by id; the table's values are positions in `users`. */
struct by_id {
	const struct object_set *objects;
	struct hash_key key; /* ids are ours: nobody chooses them, any key will do */
	struct lookup users;
};

static json_t *print_users(struct by_id *ids, json_t **printed)
{
	json_t *users = json_array();

	for (size_t i = 0; i < ids->objects->n; i++) {
		const struct object *o = &ids->objects->v[i];

		if (o->kind != KIND_USER || o->removed)
			continue;
		printed[i] = print_object(o);
		json_array_append_new(users, printed[i]);
		lookup_add(&ids->users, hash_u64(&ids->key, o->id), (uint32_t)i);
	}
	return users;
}

static json_t *user_of(const struct by_id *ids, json_t *const *printed, const struct object *device)
{
	uint64_t id = (uint64_t)json_integer_value(json_object_get(device->body, "user"));
	uint64_t hash = hash_u64(&ids->key, id);
	const struct lookup *l = &ids->users;

	for (size_t at = lookup_first(l, hash); lookup_hit(l, hash, &at); at = lookup_next(l, at)) {
		if (ids->objects->v[lookup_value(l, at)].id == id)
			return printed[lookup_value(l, at)];
	}
	return NULL;
}

static void print_device(const struct by_id *ids, json_t *const *printed, const struct object *o)
{
	json_t *user = user_of(ids, printed, o), *devices = json_object_get(user, "devices");

	if (!user)
		return;
	if (!devices) {
		devices = json_array();
		json_object_set_new(user, "devices", devices);
	}
	json_array_append_new(devices, print_object(o));
}

static json_t *print_people(const struct object_set *objects)
{
	struct lookup_slot *slots = calloc(lookup_slots(objects->n), sizeof *slots);
	json_t **printed = calloc(objects->n + 1, sizeof(json_t *)), *users;
	struct by_id ids = {.objects = objects};

	if (!slots || !printed)
		abort();
	lookup_init(&ids.users, slots, objects->n);
	users = print_users(&ids, printed);
	for (size_t i = 0; i < objects->n; i++) {
		if (objects->v[i].kind == KIND_DEVICE && !objects->v[i].removed)
			print_device(&ids, printed, &objects->v[i]);
	}
	free(slots);
	free(printed);
	return users;
}

json_t *tenant_file_print(const struct object_set *objects)
{
	json_t *out = NULL;

	for (size_t i = 0; i < objects->n && !out; i++) {
		if (objects->v[i].kind == KIND_TENANT && !objects->v[i].removed)
			out = print_object(&objects->v[i]);
	}
	if (!out)
		out = json_object();
	json_object_set_new(out, "users", print_people(objects));
	return out;
}
