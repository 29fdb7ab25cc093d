// SPDX-License-Identifier: Apache-2.0
#include "service/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "service/config_body.h"
#include "tenant/ref.h"

enum {
	RESULT_TEXT_MAX = 16 << 20,
	/* A row takes a kilobyte as an object, and five times what it takes in a snapshot. */
	MAX_OBJECTS = 50000,
};

/* -- entries ------------------------------------------------------------------------- */

static void unload(struct config *c, struct entry *e)
{
	c->n_objects -= e->objects.n;
	object_set_fini(&e->objects);
	e->loaded = false;
}

static void hold(struct config *c, struct entry *e, struct object_set *objects)
{
	e->objects = *objects;
	e->loaded = true;
	c->n_objects += e->objects.n;
}

static int read_objects(const struct config *c, const struct entry *e, struct object_set *out)
{
	int err = store_rows(c->args.store, e->id, 0, out);
	if (!err)
		out->version = e->version; /* also when the last change was a removal */
	return err;
}

/* Others' make room: who plans or looks at one tenant seldom comes back to another. */
int config_load(struct config *c, struct entry *e)
{
	struct object_set objects;
	if (e->loaded)
		return 0;
	int err = read_objects(c, e, &objects);
	if (err)
		return err;
	for (size_t i = 0; i < c->n && c->n_objects + objects.n > c->args.max_objects; i++)
		unload(c, &c->entries[i]);
	hold(c, e, &objects);
	return 0;
}

struct entry *config_entry(const struct config *c, struct str name)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->entries[i].tenant && str_eq(tenant_name(c->entries[i].tenant), name))
			return &c->entries[i];
	return NULL;
}

static void add_entry(struct config *c, const struct entry *e)
{
	if (c->n == c->cap) {
		c->cap = c->cap ? 2 * c->cap : 16;
		c->entries = reallocarray(c->entries, c->cap, sizeof *c->entries);
		if (!c->entries)
			abort();
	}
	c->entries[c->n++] = *e;
}

static int make_entry(const struct config *c, uint64_t id, const struct object_set *objects,
                      struct entry *out, struct buf *why)
{
	*out = (struct entry){.id = id, .version = objects->version};
	return tenant_build(&out->tenant, objects, c->args.seal, c->args.realm, why);
}

/* All tenants, with `instead` in the place of the one it was, or behind the others. */
static int build_directory(const struct config *c, const struct entry *replaced,
                           const struct tenant *instead, const struct directory **out,
                           struct buf *why)
{
	const struct tenant **all = calloc(c->n + 1, sizeof(const struct tenant *));
	if (!all)
		abort();
	size_t n = 0;
	for (size_t i = 0; i < c->n; i++)
		if (&c->entries[i] != replaced)
			all[n++] = c->entries[i].tenant;
	if (instead)
		all[n++] = instead;
	int err = directory_build(out, all, n, why);
	free(all);
	return err;
}

struct loading {
	struct config *c;
	struct buf *why;
};

/** Only the snapshot stays. */
static int load_tenant(uint64_t id, const struct object_set *objects, void *arg)
{
	struct loading *l = arg;
	struct entry e;
	int err = make_entry(l->c, id, objects, &e, l->why);
	if (!err)
		add_entry(l->c, &e);
	return err;
}

static int load(struct config *c, struct buf *why)
{
	struct loading l = {c, why};
	int err = store_each_tenant(c->args.store, load_tenant, &l);
	if (err && !why->n)
		buf_printf(why, "the configuration cannot be read: %s", err_text(err));
	return err ? err : build_directory(c, NULL, NULL, &c->directory, why);
}

int config_open(struct config **out, const struct config_args *args, struct buf *why)
{
	struct config *c = calloc(1, sizeof *c);
	if (!c)
		abort();
	c->args = *args;
	if (!c->args.max_objects)
		c->args.max_objects = MAX_OBJECTS;
	int err = load(c, why);
	if (err) {
		config_free(c);
		return err;
	}
	*out = c;
	return 0;
}

void config_free(struct config *c)
{
	for (size_t i = 0; i < c->n; i++) {
		unload(c, &c->entries[i]);
		tenant_unref(c->entries[i].tenant);
	}
	free(c->entries);
	if (c->directory)
		directory_unref(c->directory);
	free(c);
}

const struct directory *config_directory(const struct config *c)
{
	return c->directory;
}

size_t config_tenants(const struct config *c)
{
	return c->n;
}

uint64_t config_version(const struct config *c, struct str tenant)
{
	const struct entry *e = config_entry(c, tenant);
	return e ? e->version : 0;
}

struct store *config_store(const struct config *c)
{
	return c->args.store;
}

const struct object_set *config_objects(struct config *c, struct str tenant)
{
	struct entry *e = config_entry(c, tenant);
	return e && config_load(c, e) == 0 ? &e->objects : NULL;
}

/* -- the check before a commit ------------------------------------------------------- */

struct object config_copy_row(const struct object *o)
{
	struct object copy = *o;
	copy.key = o->key ? str_dupz(str_z(o->key)) : NULL;
	copy.who = o->who ? str_dupz(str_z(o->who)) : NULL;
	copy.body = json_deep_copy(o->body);
	return copy;
}

/* What is not stored yet has no id: for the trial it gets one that no object will ever have. */
static uint64_t trial_id(size_t change)
{
	return (uint64_t)INT64_MAX - change;
}

static json_int_t trial_ref(json_int_t id, void *arg)
{
	(void)arg;
	return id < 0 ? (json_int_t)trial_id((size_t)-id - 1) : id;
}

static void add_trial_row(struct object_set *out, const struct change_set *cs, size_t i,
                          uint64_t tenant)
{
	const struct change *ch = &cs->v[i];
	struct object row = config_copy_row(&ch->row);
	row.removed = ch->what == CHANGE_REMOVE; /* it stays, so that faults can name it */
	if (!row.id)
		row.id = trial_id(i);
	refs_map(kind_get(row.kind), row.body, trial_ref, NULL);
	row.tenant = tenant ? tenant : row.id;
	object_set_add(out, row);
}

/* The tenant's own object of a new tenant lends the others its id. */
static uint64_t trial_tenant(const struct entry *e, const struct change_set *cs)
{
	if (e)
		return e->id;
	for (size_t i = 0; i < cs->n; i++)
		if (cs->v[i].row.kind == KIND_TENANT)
			return cs->v[i].row.id ? cs->v[i].row.id : trial_id(i);
	return 0;
}

static void trial_objects(const struct entry *e, const struct change_set *cs,
                          struct object_set *out)
{
	size_t n = e ? e->objects.n : 0;
	bool *replaced = calloc(n + 1, sizeof *replaced);
	if (!replaced)
		abort();
	for (size_t i = 0; i < cs->n; i++)
		if (cs->v[i].before)
			replaced[cs->v[i].before - e->objects.v] = true;
	for (size_t i = 0; i < n; i++)
		if (!replaced[i])
			object_set_add(out, config_copy_row(&e->objects.v[i]));
	for (size_t i = 0; i < cs->n; i++)
		add_trial_row(out, cs, i, trial_tenant(e, cs));
	free(replaced);
}

int config_trial(const struct config *c, const struct entry *e, const struct change_set *cs,
                 const struct tenant **out, struct buf *why)
{
	struct object_set objects = {0};
	trial_objects(e, cs, &objects);
	int err = tenant_build(out, &objects, c->args.seal, c->args.realm, why);
	object_set_fini(&objects);
	return err;
}

int config_check(const struct config *c, const struct entry *e, const struct change_set *cs,
                 struct buf *why)
{
	const struct tenant *tenant = NULL;
	const struct directory *directory = NULL;
	int err = config_trial(c, e, cs, &tenant, why);
	if (err == 0)
		err = build_directory(c, e, tenant, &directory, why);
	if (directory)
		directory_unref(directory);
	if (tenant)
		tenant_unref(tenant);
	return err;
}

/* -- commit and publish -------------------------------------------------------------- */

/** A tenant as it is after a commit. */
static int read_entry(const struct config *c, uint64_t id, struct entry *out, struct buf *why)
{
	struct object_set objects;
	*out = (struct entry){.id = id};
	int err = store_version(c->args.store, id, &out->version);
	if (!err)
		err = read_objects(c, out, &objects);
	if (err) {
		buf_printf(why, "the tenant cannot be read back: %s", err_text(err));
		return err;
	}
	err = make_entry(c, id, &objects, out, why);
	object_set_fini(&objects);
	return err;
}

static int swap_in(struct config *c, struct entry *old, struct entry *fresh, struct buf *why)
{
	const struct directory *directory;
	int err = build_directory(c, old, fresh->tenant, &directory, why);
	if (err)
		return err;
	if (old) {
		unload(c, old);
		tenant_unref(old->tenant);
		*old = *fresh;
	} else {
		add_entry(c, fresh);
	}
	directory_unref(c->directory);
	c->directory = directory;
	if (c->args.publish)
		c->args.publish(directory, c->args.arg);
	return 0;
}

static int commit(struct config *c, struct entry *e, struct change_set *cs, const char *who,
                  uint64_t at_ms, uint64_t *version, struct buf *why)
{
	uint64_t id = e ? e->id : 0;
	int err = store_commit(c->args.store, &id, e ? e->version : 0, cs, who, at_ms, version);
	if (err) {
		buf_printf(why, "nothing was changed: %s", err_text(err));
		return err;
	}
	struct entry fresh;
	err = read_entry(c, id, &fresh, why);
	if (err)
		return err;
	err = swap_in(c, e, &fresh, why);
	if (err) {
		tenant_unref(fresh.tenant);
		return err;
	}
	log_event(c->args.log, LOG_CONFIG_CHANGED, LOG_S("tenant", tenant_name(fresh.tenant)),
	          LOG_U("version", *version), LOG_U("changes", cs->n), LOG_Z("who", who));
	return 0;
}

/* -- plan, apply, undo --------------------------------------------------------------- */

void config_result_fill(struct config_result *out, const struct change_set *cs, uint64_t version)
{
	buf_init(&out->text, RESULT_TEXT_MAX);
	change_set_put_text(&out->text, cs);
	out->json = change_set_json(cs);
	json_object_set_new(out->json, "version", json_integer((json_int_t)version));
}

void config_result_fini(struct config_result *r)
{
	json_decref(r->json);
	buf_fini(&r->text);
}

static int plan(struct config *c, const json_t *file, struct entry **e, struct change_set *cs,
                struct buf *why)
{
	static const struct object_set nothing;
	struct str name;
	int err = tenant_file_name(file, &name, why);
	if (err)
		return err;
	*e = config_entry(c, name);
	err = *e ? config_load(c, *e) : 0;
	if (err) {
		buf_printf(why, "the tenant cannot be read: %s", err_text(err));
		return err;
	}
	err = tenant_file_plan(file, *e ? &(*e)->objects : &nothing, c->args.seal, c->args.rng, cs,
	                       why);
	if (err || cs->n == 0)
		return err;
	err = config_check(c, *e, cs, why);
	if (err)
		change_set_fini(cs);
	return err;
}

int config_plan(struct config *c, const json_t *file, struct config_result *out, struct buf *why)
{
	struct entry *e;
	struct change_set cs = {0};
	int err = plan(c, file, &e, &cs, why);
	if (err)
		return err;
	config_result_fill(out, &cs, e ? e->version : 0);
	change_set_fini(&cs);
	return 0;
}

int config_carry_out(struct config *c, struct entry *e, struct change_set *cs, const char *who,
                     uint64_t at_ms, struct config_result *out, struct buf *why)
{
	/* The result is printed before the commit: the changes refer to objects that it replaces. */
	uint64_t version = e ? e->version : 0;
	int err = 0;
	config_result_fill(out, cs, version);
	if (cs->n)
		err = commit(c, e, cs, who, at_ms, &version, why);
	json_object_set_new(out->json, "version", json_integer((json_int_t)version));
	change_set_fini(cs);
	if (err)
		config_result_fini(out);
	return err;
}

int config_apply(struct config *c, const json_t *file, const char *who, uint64_t at_ms,
                 struct config_result *out, struct buf *why)
{
	struct entry *e;
	struct change_set cs = {0};
	int err = plan(c, file, &e, &cs, why);
	if (err)
		return err;
	return config_carry_out(c, e, &cs, who, at_ms, out, why);
}

static void add_change(struct change_set *cs, enum change_kind what, const struct object *row,
                       struct object *before)
{
	struct change change = {.what = what, .row = config_copy_row(row), .before = before};

	change.row.removed = what == CHANGE_REMOVE;
	change_set_add(cs, change);
}

/* The additions of an undo. */
struct returning {
	const struct object_set *then;
	const size_t *added; /* by object of `then`: index of its change + 1, or 0 */
};

/* What comes back gets a new id, and what refers to it must follow. */
static json_int_t follow_ref(json_int_t id, void *arg)
{
	const struct returning *r = arg;
	const struct object *to = id > 0 ? object_set_by_id(r->then, (uint64_t)id) : NULL;
	return to && r->added[to - r->then->v] ? -(json_int_t)r->added[to - r->then->v] : id;
}

void config_difference(struct change_set *cs, const struct object_set *now,
                       const struct object_set *then)
{
	size_t *added = calloc(then->n + 1, sizeof *added); /* index of its change + 1 */
	if (!added)
		abort();
	for (size_t i = 0; i < then->n; i++) {
		struct object *live = object_set_by_id(now, then->v[i].id);
		if (live && json_equal(live->body, then->v[i].body))
			continue;
		add_change(cs, live ? CHANGE_EDIT : CHANGE_ADD, &then->v[i], live);
		if (live)
			continue;
		cs->v[cs->n - 1].row.id = 0;
		added[i] = cs->n;
	}
	for (size_t i = 0; i < cs->n; i++)
		refs_map(kind_get(cs->v[i].row.kind), cs->v[i].row.body, follow_ref,
		         &(struct returning){then, added});
	for (size_t i = now->n; i > 0; i--) /* what refers goes before what is referred to */
		if (!object_set_by_id(then, now->v[i - 1].id))
			add_change(cs, CHANGE_REMOVE, &now->v[i - 1], &now->v[i - 1]);
	free(added);
}

static struct entry *last_changed(struct config *c)
{
	struct entry *last = NULL;
	uint64_t last_ms = 0;
	for (size_t i = 0; i < c->n; i++) {
		uint64_t at_ms = 0;
		char who[64];
		struct entry *e = &c->entries[i];
		if (store_version_info(c->args.store, e->id, e->version, &at_ms, who) != 0)
			continue;
		if (!last || at_ms > last_ms || (at_ms == last_ms && e->id > last->id)) {
			last = e;
			last_ms = at_ms;
		}
	}
	return last;
}

static int undo_plan(struct config *c, struct entry *e, struct change_set *cs, struct buf *why)
{
	struct object_set then = {0};
	if (e->version < 2) {
		buf_printf(why, "tenant " STR_FMT " is at its first version",
		           STR_ARG(tenant_name(e->tenant)));
		return E_POLICY;
	}
	int err = config_load(c, e);
	if (!err)
		err = store_rows(c->args.store, e->id, e->version - 1, &then);
	if (err) {
		buf_printf(why, "the version before cannot be read: %s", err_text(err));
		return err;
	}
	cs->tenant_name = tenant_name(e->tenant);
	config_difference(cs, &e->objects, &then);
	object_set_fini(&then);
	err = config_check(c, e, cs, why);
	if (err)
		change_set_fini(cs);
	return err;
}

int config_build(const struct config *c, const struct object_set *objects, const struct tenant **out,
                 struct buf *why)
{
	return tenant_build(out, objects, c->args.seal, c->args.realm, why);
}

int config_undo(struct config *c, struct str tenant, const char *who, uint64_t at_ms,
                struct config_result *out, struct buf *why)
{
	struct entry *e = tenant.n ? config_entry(c, tenant) : last_changed(c);
	if (!e) {
		buf_printf(why, "there is no tenant %s" STR_FMT, tenant.n ? "" : "yet", STR_ARG(tenant));
		return ENOENT;
	}
	struct change_set cs = {0};
	int err = undo_plan(c, e, &cs, why);
	if (err)
		return err;
	return config_carry_out(c, e, &cs, who, at_ms, out, why);
}
