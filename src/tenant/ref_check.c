// SPDX-License-Identifier: Apache-2.0
/* Nothing that is used can vanish: every reference means something that is there. */
#include <stdio.h>

#include "tenant/flow.h"
#include "tenant/ref.h"

enum { PLACE_MAX = 96 };

struct check {
	const struct object_set *objects;
	struct object_index live;
	struct buf *why;
	const struct object *user; /* whose references are looked at */
	const char *place;         /* "members[1]." in front of its fields */
	size_t faults;
};

/* A removed row of the set. Rare, so the set is walked. */
static const struct object *find_removed(const struct check *c, uint64_t id)
{
	for (size_t i = 0; i < c->objects->n; i++) {
		if (c->objects->v[i].id == id && c->objects->v[i].removed)
			return &c->objects->v[i];
	}
	return NULL;
}

static void put_user(const struct check *c, const char *field)
{
	buf_printf(c->why, "%s ", kind_get(c->user->kind)->name);
	kind_put_quoted(c->why, str_z(c->user->key));
	buf_printf(c->why, " (%s%s)", c->place, field);
}

static void fault(struct check *c, const char *field, uint64_t id, const char *wanted)
{
	const struct object *gone = find_removed(c, id);

	if (gone) {
		buf_printf(c->why, "%s ", kind_get(gone->kind)->name);
		kind_put_quoted(c->why, str_z(gone->key));
		buf_lit(c->why, " cannot be removed: it is used by ");
		put_user(c, field);
	} else {
		put_user(c, field);
		buf_printf(c->why, " refers to no %s of the tenant", wanted);
	}
	buf_ch(c->why, '\n');
	c->faults++;
}

static void check_id(struct check *c, const char *field, uint64_t id, enum kind_id kind)
{
	const struct object *o = object_index_find(&c->live, id);

	if (!o || o->kind != kind)
		fault(c, field, id, kind_get(kind)->name);
}

/* A user's mailbox has the id of the user. */
static void check_target(struct check *c, const char *field, const json_t *v)
{
	struct target t = target_read(v);
	const struct object *o = t.id ? object_index_find(&c->live, t.id) : NULL;
	const json_t *voicemail = o ? json_object_get(o->body, "voicemail") : NULL;

	if (t.kind == TARGET_EXTERNAL)
		return;
	if (t.kind == TARGET_NONE)
		fault(c, field, link_read(v), "target");
	else if (t.kind != TARGET_MAILBOX || !o || o->kind != KIND_USER)
		check_id(c, field, t.id, target_object_kind(t.kind));
	else if (!json_is_true(voicemail))
		fault(c, field, t.id, "mailbox: the user has no voicemail");
}

static json_t *check_in_flow(const char *kind, const json_t *v, void *arg)
{
	struct check *c = arg;
	enum kind_id id = KINDS;

	if (strcmp(kind, "target") == 0)
		check_target(c, "nodes", v);
	else if (kind_find(str_z(kind), &id) == 0)
		check_id(c, "nodes", link_read(v), id);
	return NULL;
}

static void check_field(struct check *c, const struct field *f, const json_t *v);

static void check_list(struct check *c, const struct field *f, const json_t *list)
{
	char place[PLACE_MAX];

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);

		if (f->type == FIELD_TARGETS) {
			snprintf(place, sizeof place, "%s[%zu]", f->name, i);
			check_target(c, place, v);
			continue;
		}
		snprintf(place, sizeof place, "%s[%zu].", f->name, i);
		c->place = place;
		for (size_t k = 0; k < f->n_parts; k++)
			check_field(c, &f->parts[k], json_object_get(v, f->parts[k].name));
		c->place = "";
	}
}

static void check_field(struct check *c, const struct field *f, const json_t *v)
{
	if (!v)
		return;
	if (f->type == FIELD_TARGET)
		check_target(c, f->name, v);
	else if (f->type == FIELD_LINK)
		check_id(c, f->name, link_read(v), f->ref);
	else if (f->type == FIELD_REF)
		check_id(c, f->name, (uint64_t)json_integer_value(v), f->ref);
	else if (f->type == FIELD_TARGETS || f->type == FIELD_PARTS)
		check_list(c, f, v);
	else if (f->type == FIELD_NODES)
		flow_map_refs(c->user->body, check_in_flow, c);
}

int refs_check(const struct object_set *objects, struct buf *why)
{
	struct check c = {.objects = objects, .why = why, .place = ""};

	object_index_init(&c.live, objects);
	for (size_t i = 0; i < objects->n; i++) {
		const struct kind *k = kind_get(objects->v[i].kind);

		c.user = &objects->v[i];
		for (size_t f = 0; f < k->n_fields && !c.user->removed; f++)
			check_field(&c, &k->fields[f],
			            json_object_get(c.user->body, k->fields[f].name));
	}
	object_index_fini(&c.live);
	return c.faults ? E_POLICY : 0;
}
