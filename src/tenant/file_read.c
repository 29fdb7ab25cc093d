// SPDX-License-Identifier: Apache-2.0
#include "tenant/file_read.h"

#include <stdio.h>
#include <stdlib.h>

#include "tenant/lookup.h"

enum { KEY_MAX = 64 }; /* of user names; other keys are shorter */

struct reader {
	struct file_tree *tree;
	struct buf *why;
	size_t faults;
};

static struct str text_of(const json_t *v)
{
	return (struct str){json_string_value(v), json_string_length(v)};
}

struct str file_entry_key(const struct file_entry *e)
{
	return text_of(json_object_get(e->body, kind_key(kind_get(e->kind))->name));
}

const char *file_place(const struct file_tree *t, const struct file_entry *e, char out[FILE_PLACE])
{
	char parent[FILE_PLACE];

	out[0] = '\0';
	if (e->kind == KIND_TENANT)
		return out;
	file_place(t, &t->v[e->parent], parent);
	snprintf(out, FILE_PLACE, "%.48s%s%s[%zu]", parent, parent[0] ? "." : "",
	         kind_get(e->kind)->plural, e->ordinal);
	return out;
}

static void fault(struct reader *r, const char *where, const char *field, const char *text)
{
	kind_put_place(r->why, where, field);
	buf_printf(r->why, "%s\n", text);
	r->faults++;
}

static const struct field *file_field(const struct kind *k, struct str name)
{
	for (size_t i = 0; i < k->n_fields; i++) {
		if (str_eq(name, str_z(field_file_name(&k->fields[i]))))
			return &k->fields[i];
	}
	return NULL;
}

static bool is_ours(const struct field *f)
{
	return (f->flags & FIELD_MADE) || f->type == FIELD_REF;
}

static void unknown_fault(struct reader *r, const struct kind *k, const char *where,
                          struct str name)
{
	const char *sep = "";

	kind_put_place(r->why, where, "");
	kind_put_quoted(r->why, name);
	buf_printf(r->why, " is not known here; a %s has: ", k->name);
	for (size_t i = 0; i < k->n_fields; i++) {
		if (is_ours(&k->fields[i]))
			continue;
		buf_printf(r->why, "%s%s", sep, field_file_name(&k->fields[i]));
		sep = ", ";
	}
	buf_ch(r->why, '\n');
	r->faults++;
}

/* A default that is not kept leaves no trace; jansson takes no NULL. */
static void keep(json_t *body, const struct field *f, json_t *v)
{
	json_t *kept = file_normal(f, v);

	if (kept)
		json_object_set_new(body, f->name, kept);
}

static void read_fields(struct reader *r, const struct kind *k, const json_t *from,
                        const char *where, json_t *body)
{
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)from, name, v) {
		const struct field *f = file_field(k, str_z(name));

		if (!f)
			unknown_fault(r, k, where, str_z(name));
		else if (is_ours(f))
			fault(r, where, f->name, "is made by Tandem and cannot be set");
		else if (f->type != FIELD_OBJECTS)
			keep(body, f, v);
	}
}

static size_t add_entry(struct file_tree *t, enum kind_id kind, size_t parent, size_t ordinal)
{
	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 64;
		t->v = reallocarray(t->v, t->cap, sizeof *t->v);
		if (!t->v)
			abort();
	}
	t->v[t->n] = (struct file_entry){
		.kind = kind, .parent = parent, .ordinal = ordinal, .body = json_object()};
	return t->n++;
}

static void read_object(struct reader *r, const struct kind *k, const json_t *from, size_t parent,
                        size_t ordinal);

static void read_children(struct reader *r, const struct field *f, const json_t *list,
                          const char *where, size_t self)
{
	if (!list) {
		r->tree->left_out[f->ref] = f->flags & FIELD_STAYS;
		return;
	}
	if (!json_is_array(list)) {
		fault(r, where, f->name, "must be a list");
		return;
	}
	if (json_array_size(list) > (size_t)f->max) {
		kind_put_place(r->why, where, f->name);
		buf_printf(r->why, "has %zu entries; at most %lld are allowed\n",
		           json_array_size(list), (long long)f->max);
		r->faults++;
		return;
	}
	for (size_t i = 0; i < json_array_size(list); i++)
		read_object(r, kind_get(f->ref), json_array_get(list, i), self, i);
}

/* Calls itself for the objects below; the tables are as deep as they are (three kinds). */
static void read_object(struct reader *r, const struct kind *k, const json_t *from, size_t parent,
                        size_t ordinal)
{
	size_t self = add_entry(r->tree, k->id, parent, ordinal);
	json_t *body = r->tree->v[self].body;
	char where[FILE_PLACE];

	file_place(r->tree, &r->tree->v[self], where);
	if (!json_is_object(from)) {
		fault(r, where, "", "must be a mapping of fields to values");
		return;
	}
	read_fields(r, k, from, where, body);
	if (kind_check(k, body, where, r->why) != 0)
		r->faults++;
	for (size_t i = 0; i < k->n_fields; i++) {
		const struct field *f = &k->fields[i];

		if (f->type == FIELD_OBJECTS)
			read_children(r, f, json_object_get(from, f->name), where, self);
	}
}

/* -- what only one may have ---------------------------------------------------------- */

/* A key, or a number that is dialled: all those of a tenant stand in one table. */
struct claim {
	const struct file_entry *entry;
	const struct field *field;
	struct str value;
};

struct claims {
	struct reader *r;
	const struct hash_key *key;
	struct claim *v;
	size_t n;
	struct lookup seen;
};

static void twice_fault(struct reader *r, const struct claim *c, const struct claim *first)
{
	char where[FILE_PLACE], where_first[FILE_PLACE];

	kind_put_place(r->why, file_place(r->tree, c->entry, where), field_file_name(c->field));
	kind_put_quoted(r->why, c->value);
	buf_printf(r->why, " is used twice (first at %s",
	           file_place(r->tree, first->entry, where_first));
	if (!str_eq(c->value, first->value)) {
		buf_lit(r->why, " as ");
		kind_put_quoted(r->why, first->value);
	}
	buf_lit(r->why, ")\n");
	r->faults++;
}

static uint64_t hash_folded(const struct hash_key *key, struct str s)
{
	char folded[KEY_MAX];

	for (size_t i = 0; i < s.n; i++)
		folded[i] = ch_lower(s.p[i]);
	return hash_bytes(key, folded, s.n);
}

static bool clash(const struct claim *a, const struct claim *b)
{
	bool keys = (a->field->flags & b->field->flags & FIELD_KEY) &&
	            a->entry->kind == b->entry->kind;
	bool dialled = a->field->flags & b->field->flags & FIELD_DIALLED;

	return (keys || dialled) && str_ieq(a->value, b->value);
}

/* Letter case does not make two keys: people and phones are careless with it. */
static void claim(struct claims *cs, const struct file_entry *e, const struct field *f)
{
	const json_t *v = json_object_get(e->body, f->name);
	struct claim c = {e, f, text_of(v)};
	struct lookup *l = &cs->seen;
	uint64_t hash;

	if (c.value.n < 1 || c.value.n > KEY_MAX) /* at fault already */
		return;
	hash = hash_folded(cs->key, c.value);
	for (size_t at = lookup_first(l, hash); lookup_hit(l, hash, &at); at = lookup_next(l, at)) {
		if (clash(&cs->v[lookup_value(l, at)], &c)) {
			twice_fault(cs->r, &c, &cs->v[lookup_value(l, at)]);
			return;
		}
	}
	lookup_add(l, hash, (uint32_t)cs->n);
	cs->v[cs->n++] = c;
}

static void claim_all(struct claims *cs)
{
	for (size_t i = 0; i < cs->r->tree->n; i++) {
		const struct file_entry *e = &cs->r->tree->v[i];
		const struct kind *k = kind_get(e->kind);

		for (size_t f = 0; f < k->n_fields; f++) {
			if (k->fields[f].flags & (FIELD_KEY | FIELD_DIALLED))
				claim(cs, e, &k->fields[f]);
		}
	}
}

static void check_unique(struct reader *r, const struct hash_key *key)
{
	size_t most = 2 * r->tree->n; /* a kind has a key and at most one number beside it */
	struct lookup_slot *slots = calloc(lookup_slots(most), sizeof *slots);
	struct claims cs = {.r = r, .key = key, .v = calloc(most + 1, sizeof *cs.v)};

	if (!slots || !cs.v)
		abort();
	lookup_init(&cs.seen, slots, most);
	claim_all(&cs);
	free(slots);
	free(cs.v);
}

int file_read(struct file_tree *out, const json_t *file, const struct hash_key *key,
              struct buf *why)
{
	struct reader r = {out, why, 0};

	*out = (struct file_tree){0};
	read_object(&r, kind_get(KIND_TENANT), file, 0, 0);
	check_unique(&r, key);
	return r.faults ? E_POLICY : 0;
}

void file_wipe_own(json_t *secret)
{
	if (json_is_string(secret) && secret->refcount == 1)
		mem_wipe((char *)json_string_value(secret), json_string_length(secret));
}

static void wipe_secrets(const struct kind *k, json_t *body)
{
	for (size_t i = 0; i < k->n_fields; i++) {
		if (k->fields[i].type == FIELD_SECRET)
			file_wipe_own(json_object_get(body, k->fields[i].name));
	}
}

void file_tree_fini(struct file_tree *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->v[i].body->refcount == 1)
			wipe_secrets(kind_get(t->v[i].kind), t->v[i].body);
		json_decref(t->v[i].body);
	}
	free(t->v);
	*t = (struct file_tree){0};
}
