// SPDX-License-Identifier: Apache-2.0
/* The second half of tenant_file_plan: what must change. Reading is in file_read.c. */
#include "tenant/file.h"

#include <stdlib.h>

#include "base/hash.h"
#include "tenant/file_read.h"
#include "tenant/lookup.h"

enum { GLOBAL_RANDOM = 4 };

struct planner {
	const struct object_set *current;
	const struct seal_key *seal;
	struct rng *rng;
	struct hash_key key;
	struct file_tree tree;
	struct lookup by_key; /* of the current objects */
	bool *stays;          /* by current object: the file has it */
	struct change_set out;
};

static void *zalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		abort();
	return p;
}

static void index_current(struct planner *p)
{
	const struct object_set *set = p->current;

	lookup_init(&p->by_key, zalloc(lookup_slots(set->n), sizeof(struct lookup_slot)), set->n);
	p->stays = zalloc(set->n, sizeof *p->stays);
	for (size_t i = 0; i < set->n; i++) {
		if (!set->v[i].removed)
			lookup_add(&p->by_key, hash_str(&p->key, str_z(set->v[i].key)), (uint32_t)i);
	}
}

static void match(struct planner *p, struct file_entry *e)
{
	struct str key = file_entry_key(e);
	uint64_t hash = hash_str(&p->key, key);
	const struct lookup *l = &p->by_key;

	for (size_t at = lookup_first(l, hash); lookup_hit(l, hash, &at); at = lookup_next(l, at)) {
		struct object *o = &p->current->v[lookup_value(l, at)];

		if (o->kind == e->kind && str_eq(str_z(o->key), key)) {
			e->current = o;
			p->stays[lookup_value(l, at)] = true;
			return;
		}
	}
}

static struct object *tenant_of(const struct object_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		if (set->v[i].kind == KIND_TENANT && !set->v[i].removed)
			return &set->v[i];
	}
	return NULL;
}

/* -- faults that only the current objects show --------------------------------------- */

static bool lacks_secret(const struct file_entry *e, const struct field *f)
{
	return (f->flags & FIELD_KEPT) && !json_object_get(e->body, f->name) &&
	       !(e->current && json_object_get(e->current->body, f->name));
}

static size_t check_kept(const struct planner *p, const struct file_entry *e, struct buf *why)
{
	const struct kind *k = kind_get(e->kind);
	char where[FILE_PLACE];
	size_t faults = 0;

	for (size_t i = 0; i < k->n_fields; i++) {
		if (!lacks_secret(e, &k->fields[i]))
			continue;
		kind_put_place(why, file_place(&p->tree, e, where), k->fields[i].name);
		buf_printf(why, "is missing, and this %s is new\n", k->name);
		faults++;
	}
	return faults;
}

static int check_against_current(const struct planner *p, struct buf *why)
{
	const struct object *tenant = tenant_of(p->current);
	size_t faults = 0;

	if (tenant && p->tree.v[0].current != tenant) {
		kind_put_place(why, "", field_file_name(kind_key(kind_get(KIND_TENANT))));
		kind_put_quoted(why, file_entry_key(&p->tree.v[0]));
		buf_printf(why, " is another tenant than \"%s\"\n", tenant->key);
		faults++;
	}
	for (size_t i = 0; i < p->tree.n; i++)
		faults += check_kept(p, &p->tree.v[i], why);
	return faults ? E_POLICY : 0;
}

/* -- completing bodies --------------------------------------------------------------- */

static struct str text_in(const json_t *body, const struct field *f)
{
	const json_t *v = json_object_get(body, f->name);

	return (struct str){json_string_value(v), json_string_length(v)};
}

/* A secret that cannot be opened (the key was lost) counts as another: it is sealed anew. */
static bool opens_to(const struct seal_key *seal, struct str sealed, struct str plain)
{
	char mem[SEAL_MAX_PLAIN];
	struct buf opened;
	bool same;

	buf_init_fixed(&opened, mem, sizeof mem);
	same = seal_open(seal, sealed, &opened) == 0 && opened.n == plain.n &&
	       mem_eq_const(opened.p, plain.p, plain.n);
	mem_wipe(mem, sizeof mem);
	return same;
}

static int seal_anew(const struct planner *p, const struct file_entry *e, const struct field *f)
{
	char mem[2 * SEAL_MAX_PLAIN];
	struct buf sealed;
	int err;

	buf_init_fixed(&sealed, mem, sizeof mem);
	err = seal_put(&sealed, p->seal, text_in(e->body, f));
	if (err)
		return err;
	file_wipe_own(json_object_get(e->body, f->name));
	json_object_set_new(e->body, f->name, json_stringn(sealed.p, sealed.n));
	return 0;
}

/* Equal or left out: the sealed text stays as it is, so that nothing has changed. */
static int seal_secret(const struct planner *p, const struct file_entry *e, const struct field *f)
{
	struct str plain = text_in(e->body, f);
	struct str old = e->current ? text_in(e->current->body, f) : STR_NONE;

	if (plain.p && !(old.p && opens_to(p->seal, old, plain)))
		return seal_anew(p, e, f);
	file_wipe_own(json_object_get(e->body, f->name));
	if (old.p && !json_is_null(json_object_get(e->body, f->name)))
		json_object_set_new(e->body, f->name, json_stringn(old.p, old.n));
	else
		json_object_del(e->body, f->name);
	return 0;
}

/* "acme-1001-x7k2". Made once: the phone keeps it. */
static void make_global_username(const struct planner *p, const struct file_entry *e,
                                 const struct field *f)
{
	struct str tenant = file_entry_key(&p->tree.v[0]), username = file_entry_key(e);
	char mem[160], random[GLOBAL_RANDOM];
	struct buf out;

	rng_token(p->rng, random, sizeof random);
	buf_init_fixed(&out, mem, sizeof mem);
	buf_str(&out, tenant);
	buf_ch(&out, '-');
	for (size_t i = 0; i < username.n; i++)
		buf_ch(&out, ch_lower(username.p[i]));
	buf_ch(&out, '-');
	buf_add(&out, random, sizeof random);
	json_object_set_new(e->body, f->name, json_stringn(out.p, out.n));
}

static void set_made(const struct planner *p, const struct file_entry *e, const struct field *f)
{
	json_t *old = e->current ? json_object_get(e->current->body, f->name) : NULL;

	if (old)
		json_object_set(e->body, f->name, old);
	else
		make_global_username(p, e, f);
}

/* What has no id yet is known by its change: object.h. */
static json_int_t entry_id(const struct file_entry *e)
{
	return e->current ? (json_int_t)e->current->id : -(json_int_t)e->change;
}

static void set_ref(const struct planner *p, const struct file_entry *e, const struct field *f)
{
	json_object_set_new(e->body, f->name, json_integer(entry_id(&p->tree.v[e->parent])));
}

/* What stays is taken over; null takes it away, and so does its default. */
static void keep_staying(const struct file_entry *e, const struct field *f)
{
	json_t *v = json_object_get(e->body, f->name);

	if (!v && e->current)
		v = json_object_get(e->current->body, f->name);
	if (!v || json_is_null(v) || ((f->flags & FIELD_SPARSE) && field_is_default(f, v)))
		json_object_del(e->body, f->name);
	else
		json_object_set(e->body, f->name, v);
}

static int complete(const struct planner *p, const struct file_entry *e)
{
	const struct kind *k = kind_get(e->kind);
	int err = 0;

	kind_fill(k, e->body);
	for (size_t i = 0; i < k->n_fields && !err; i++) {
		const struct field *f = &k->fields[i];

		if (f->type == FIELD_SECRET)
			err = seal_secret(p, e, f);
		else if (f->flags & FIELD_STAYS)
			keep_staying(e, f);
		else if (f->type == FIELD_REF)
			set_ref(p, e, f);
		else if (f->flags & FIELD_MADE)
			set_made(p, e, f);
	}
	return err;
}

static int complete_all(const struct planner *p)
{
	int err = 0;

	for (size_t i = 0; i < p->tree.n && !err; i++)
		err = complete(p, &p->tree.v[i]);
	return err;
}

/* -- changes ------------------------------------------------------------------------- */

/* A body of an earlier release may lack what has a default by now. */
static bool differs(const struct file_entry *e)
{
	json_t *now = json_copy(e->current->body);
	bool equal;

	kind_fill(kind_get(e->kind), now);
	equal = json_equal(now, e->body);
	json_decref(now);
	return !equal;
}

static struct object row_like(const struct planner *p, enum kind_id kind, struct str key,
                              json_t *body)
{
	const struct object *tenant = p->tree.v[0].current;

	return (struct object){.tenant = tenant ? tenant->id : 0, .kind = kind,
	                       .key = str_dupz(key), .body = json_incref(body)};
}

static void write_entry(struct planner *p, enum change_kind what, struct file_entry *e)
{
	struct change c = {.what = what, .before = e->current,
	                   .row = row_like(p, e->kind, file_entry_key(e), e->body)};

	if (what == CHANGE_EDIT)
		c.row.id = e->current->id;
	change_set_add(&p->out, c);
}

/* Additions are the first changes, in this order, so that references to them are known before. */
static void number_additions(struct planner *p)
{
	size_t n = 0;

	for (enum kind_id kind = 0; kind < KINDS; kind++) {
		for (size_t i = 0; i < p->tree.n; i++) {
			struct file_entry *e = &p->tree.v[i];

			if (e->kind == kind && !e->current)
				e->change = ++n;
		}
	}
}

static void add_kind(struct planner *p, enum kind_id kind)
{
	for (size_t i = 0; i < p->tree.n; i++) {
		struct file_entry *e = &p->tree.v[i];

		if (e->kind == kind && !e->current)
			write_entry(p, CHANGE_ADD, e);
	}
}

static void edit_kind(struct planner *p, enum kind_id kind)
{
	for (size_t i = 0; i < p->tree.n; i++) {
		struct file_entry *e = &p->tree.v[i];

		if (e->kind == kind && e->current && differs(e))
			write_entry(p, CHANGE_EDIT, e);
	}
}

static void remove_kind(struct planner *p, enum kind_id kind)
{
	for (size_t i = 0; i < p->current->n; i++) {
		struct object *o = &p->current->v[i];
		struct change c = {.what = CHANGE_REMOVE, .before = o};

		if (o->kind != kind || o->removed || p->stays[i] || p->tree.left_out[kind])
			continue;
		c.row = row_like(p, kind, str_z(o->key), o->body);
		c.row.id = o->id;
		c.row.removed = true;
		change_set_add(&p->out, c);
	}
}

/* Whose a device is, is added before it and removed after it. Other references go in any direction. */
static void write_changes(struct planner *p)
{
	for (enum kind_id kind = 0; kind < KINDS; kind++)
		add_kind(p, kind);
	for (enum kind_id kind = 0; kind < KINDS; kind++)
		edit_kind(p, kind);
	for (unsigned kind = KINDS; kind-- > 0;)
		remove_kind(p, (enum kind_id)kind);
	p->out.tenant_name = str_z(p->tree.v[0].current ? p->tree.v[0].current->key
	                                                : p->out.v[0].row.key);
}

static int plan(struct planner *p, struct buf *why)
{
	int err;

	index_current(p);
	for (size_t i = 0; i < p->tree.n; i++)
		match(p, &p->tree.v[i]);
	err = check_against_current(p, why);
	if (err)
		return err;
	number_additions(p);
	err = file_resolve(&p->tree, &p->key, p->current, why);
	if (err)
		return err;
	err = complete_all(p);
	if (err)
		buf_printf(why, "a password cannot be sealed: %s\n", err_text(err));
	else
		write_changes(p);
	return err;
}

int tenant_file_plan(const json_t *file, const struct object_set *current,
                     const struct seal_key *seal, struct rng *rng, struct change_set *out,
                     struct buf *why)
{
	struct planner p = {.current = current, .seal = seal, .rng = rng};
	int err;

	rng_bytes(rng, &p.key, sizeof p.key);
	err = file_read(&p.tree, file, &p.key, why);
	if (!err)
		err = plan(&p, why);
	if (!err)
		*out = p.out;
	free(p.by_key.slots);
	free(p.stays);
	file_tree_fini(&p.tree);
	return err;
}

int tenant_file_name(const json_t *file, struct str *name, struct buf *why)
{
	const struct field *f = kind_key(kind_get(KIND_TENANT));
	const json_t *v = json_object_get(file, field_file_name(f));
	struct str s = {json_string_value(v), json_string_length(v)};

	if (s.n >= 1 && s.n <= (size_t)f->max && f->check(s) == 0) {
		*name = s;
		return 0;
	}
	kind_put_place(why, "", field_file_name(f));
	if (!v)
		buf_lit(why, "is missing\n");
	else
		buf_printf(why, "must be %s, in quotes where it is a number\n", f->rule);
	return E_POLICY;
}
