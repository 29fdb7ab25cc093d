// SPDX-License-Identifier: Apache-2.0
#include "tenant/object.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "tenant/ref.h"

/* Ids are ours, nobody chooses them: any key will do. */
static const struct hash_key id_key;

/* Room for one more of `size` bytes in an array of `n`. */
static void *grown(void *v, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return v;
	*cap = *cap ? *cap * 2 : 8;
	v = reallocarray(v, *cap, size);
	if (!v)
		abort();
	return v;
}

void object_fini(struct object *o)
{
	free(o->key);
	free(o->who);
	json_decref(o->body);
	*o = (struct object){0};
}

void object_set_fini(struct object_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		object_fini(&s->v[i]);
	free(s->v);
	*s = (struct object_set){0};
}

void object_set_add(struct object_set *s, struct object o)
{
	s->v = grown(s->v, s->n, &s->cap, sizeof *s->v);
	s->v[s->n++] = o;
}

struct object *object_set_find(const struct object_set *s, enum kind_id kind, struct str key)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].kind == kind && str_eq(str_z(s->v[i].key), key))
			return &s->v[i];
	}
	return NULL;
}

struct object *object_set_by_id(const struct object_set *s, uint64_t id)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].id == id)
			return &s->v[i];
	}
	return NULL;
}

void object_index_init(struct object_index *x, const struct object_set *set)
{
	struct lookup_slot *slots = calloc(lookup_slots(set->n), sizeof *slots);

	if (!slots)
		abort();
	x->set = set;
	lookup_init(&x->by_id, slots, set->n);
	for (size_t i = 0; i < set->n; i++) {
		if (!set->v[i].removed)
			lookup_add(&x->by_id, hash_u64(&id_key, set->v[i].id), (uint32_t)i);
	}
}

void object_index_fini(struct object_index *x)
{
	free(x->by_id.slots);
}

const struct object *object_index_find(const struct object_index *x, uint64_t id)
{
	uint64_t hash = hash_u64(&id_key, id);
	const struct lookup *l = &x->by_id;

	for (size_t at = lookup_first(l, hash); lookup_hit(l, hash, &at); at = lookup_next(l, at)) {
		if (x->set->v[lookup_value(l, at)].id == id)
			return &x->set->v[lookup_value(l, at)];
	}
	return NULL;
}

void change_set_fini(struct change_set *c)
{
	for (size_t i = 0; i < c->n; i++)
		object_fini(&c->v[i].row);
	free(c->v);
	*c = (struct change_set){0};
}

void change_set_add(struct change_set *c, struct change change)
{
	c->v = grown(c->v, c->n, &c->cap, sizeof *c->v);
	c->v[c->n++] = change;
}

/* 0 where there is no such row: no object has it. */
static json_int_t id_of_change(json_int_t id, void *arg)
{
	const struct change_set *c = arg;

	if (id >= 0)
		return id;
	return id >= -(json_int_t)c->n ? (json_int_t)c->v[-id - 1].row.id : 0;
}

int change_set_resolve(struct change_set *c)
{
	bool whole = true;

	for (size_t i = 0; i < c->n; i++)
		whole &= refs_map(kind_get(c->v[i].row.kind), c->v[i].row.body, id_of_change, c);
	return whole ? 0 : EINVAL;
}
