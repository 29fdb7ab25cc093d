// SPDX-License-Identifier: Apache-2.0
/* From the names that a file uses to the ids that bodies keep. */
#include <stdio.h>
#include <stdlib.h>

#include "tenant/file_read.h"
#include "tenant/flow.h"
#include "tenant/ref.h"

enum { PLACE_MAX = 96 };

struct resolver {
	const struct file_tree *tree;
	const struct object_set *current;
	const struct hash_key *key;
	struct lookup names; /* keys and dialled numbers of the entries */
	struct buf *why;
	const struct file_entry *entry; /* whose references are looked at */
	const char *part;    /* "members[1]." */
	size_t faults;
};

static struct str text_of(const json_t *v)
{
	return (struct str){json_string_value(v), json_string_length(v)};
}

/* -- finding ------------------------------------------------------------------------- */

static void add_name(struct resolver *r, struct str name, size_t i)
{
	if (name.n)
		lookup_add(&r->names, hash_str(r->key, name), (uint32_t)i);
}

static void index_names(struct resolver *r)
{
	size_t most = 2 * r->tree->n;
	struct lookup_slot *slots = calloc(lookup_slots(most), sizeof *slots);

	if (!slots)
		abort();
	lookup_init(&r->names, slots, most);
	for (size_t i = 0; i < r->tree->n; i++) {
		const struct file_entry *e = &r->tree->v[i];
		const struct field *number = kind_field(kind_get(e->kind), STR("extension"));

		add_name(r, file_entry_key(e), i);
		if (number && !(number->flags & FIELD_KEY))
			add_name(r, text_of(json_object_get(e->body, "extension")), i);
	}
}

static const struct file_entry *find_key(const struct resolver *r, enum kind_id kind, struct str key)
{
	const struct lookup *l = &r->names;
	uint64_t hash = hash_str(r->key, key);

	for (size_t at = lookup_first(l, hash); lookup_hit(l, hash, &at); at = lookup_next(l, at)) {
		const struct file_entry *e = &r->tree->v[lookup_value(l, at)];

		if (e->kind == kind && str_eq(file_entry_key(e), key))
			return e;
	}
	return NULL;
}

static enum target_kind target_kind_of(enum kind_id kind)
{
	for (enum target_kind k = TARGET_USER; k < TARGET_EXTERNAL; k++) {
		if (target_object_kind(k) == kind)
			return k;
	}
	return TARGET_NONE;
}

/* Who has this internal number: an object that can be a target, no alias. */
static const struct file_entry *find_number(const struct resolver *r, struct str digits)
{
	const struct lookup *l = &r->names;
	uint64_t hash = hash_str(r->key, digits);

	for (size_t at = lookup_first(l, hash); lookup_hit(l, hash, &at); at = lookup_next(l, at)) {
		const struct file_entry *e = &r->tree->v[lookup_value(l, at)];

		if (target_kind_of(e->kind) != TARGET_NONE &&
		    str_eq(text_of(json_object_get(e->body, "extension")), digits))
			return e;
	}
	return NULL;
}

/* -- faults -------------------------------------------------------------------------- */

static bool is_removed(const struct resolver *r, enum kind_id kind, struct str key)
{
	return kind != KINDS && object_set_find(r->current, kind, key);
}

static json_t *missing(struct resolver *r, const char *field, enum kind_id kind, struct str key)
{
	char where[FILE_PLACE], place[PLACE_MAX];

	file_place(r->tree, r->entry, where);
	snprintf(place, sizeof place, "%s%s", r->part, field);
	kind_put_place(r->why, where, place);
	buf_printf(r->why, "there is no %s ", kind == KINDS ? "extension" : kind_get(kind)->name);
	kind_put_quoted(r->why, key);
	buf_printf(r->why, "%s\n", is_removed(r, kind, key)
	           ? " any more: it cannot be removed while it is used here" : "");
	r->faults++;
	return NULL;
}

/* -- values -------------------------------------------------------------------------- */

static json_int_t entry_id(const struct file_entry *e)
{
	return e->current ? (json_int_t)e->current->id : -(json_int_t)e->change;
}

static json_t *resolve_link(struct resolver *r, const char *field, enum kind_id kind, struct str key)
{
	const struct file_entry *e = find_key(r, kind, key);

	return e ? json_pack("{s:I}", "id", entry_id(e)) : missing(r, field, kind, key);
}

/* "mailbox:1001" is a shared one of that name, or the user's. */
static const struct file_entry *find_mailbox(const struct resolver *r, struct str key)
{
	const struct file_entry *e = find_key(r, KIND_MAILBOX, key);

	return e ? e : find_key(r, KIND_USER, key);
}

static json_t *resolve_target(struct resolver *r, const char *field, struct str text)
{
	const struct file_entry *e;
	enum target_kind kind;
	struct str key;

	if (target_parse(text, &kind, &key) != 0)
		return missing(r, field, KINDS, text);
	if (kind == TARGET_EXTERNAL)
		return json_pack("{s:s, s:s%}", "kind", "external", "number", key.p, key.n);
	if (kind == TARGET_NONE)
		e = find_number(r, key);
	else if (kind == TARGET_MAILBOX)
		e = find_mailbox(r, key);
	else
		e = find_key(r, target_object_kind(kind), key);
	if (!e)
		return missing(r, field, target_object_kind(kind), key);
	if (kind == TARGET_NONE)
		kind = target_kind_of(e->kind);
	return json_pack("{s:s, s:I}", "kind", target_kind_name(kind), "id", entry_id(e));
}

static json_t *resolve_in_flow(const char *kind, const json_t *v, void *arg)
{
	enum kind_id id = KINDS;

	if (!json_is_string(v))
		return NULL;
	if (strcmp(kind, "target") == 0)
		return resolve_target(arg, "nodes", text_of(v));
	return kind_find(str_z(kind), &id) == 0 ? resolve_link(arg, "nodes", id, text_of(v)) : NULL;
}

/* -- bodies -------------------------------------------------------------------------- */

static void resolve_field(struct resolver *r, const struct field *f, json_t *in);

static void resolve_list(struct resolver *r, const struct field *f, json_t *list)
{
	char place[PLACE_MAX];

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *v = json_array_get(list, i), *to;

		snprintf(place, sizeof place, "%s[%zu].", f->name, i);
		if (f->type == FIELD_TARGETS) {
			place[strlen(place) - 1] = '\0';
			to = json_is_string(v) ? resolve_target(r, place, text_of(v)) : NULL;
			if (to)
				json_array_set_new(list, i, to);
			continue;
		}
		r->part = place;
		for (size_t k = 0; k < f->n_parts; k++)
			resolve_field(r, &f->parts[k], v);
		r->part = "";
	}
}

static void resolve_field(struct resolver *r, const struct field *f, json_t *in)
{
	json_t *v = json_object_get(in, f->name), *to = NULL;

	if (f->type == FIELD_TARGETS || f->type == FIELD_PARTS)
		resolve_list(r, f, v);
	else if (f->type == FIELD_NODES)
		flow_map_refs(in, resolve_in_flow, r);
	else if (f->type == FIELD_TARGET && json_is_string(v))
		to = resolve_target(r, f->name, text_of(v));
	else if (f->type == FIELD_LINK && json_is_string(v))
		to = resolve_link(r, f->name, f->ref, text_of(v));
	if (to)
		json_object_set_new(in, f->name, to);
}

int file_resolve(const struct file_tree *t, const struct hash_key *key,
                 const struct object_set *current, struct buf *why)
{
	struct resolver r = {.tree = t, .current = current, .key = key, .why = why, .part = ""};

	index_names(&r);
	for (size_t i = 0; i < t->n; i++) {
		const struct kind *k = kind_get(t->v[i].kind);

		r.entry = &t->v[i];
		for (size_t f = 0; f < k->n_fields; f++)
			resolve_field(&r, &k->fields[f], t->v[i].body);
	}
	free(r.names.slots);
	return r.faults ? E_POLICY : 0;
}
