// SPDX-License-Identifier: Apache-2.0
/*
 * From rows to a snapshot: sort the rows, take one piece of memory for everything, fill it.
 * What the rows say was checked when they were written; here they must only fit together.
 */
#include <sodium.h>
#include <stdlib.h>

#include "tenant/snapshot_objects.h"

enum { ALIGN = 16, ARENA_CHUNK = 2048 };

/* A device's row, where its user is, and when it rings. */
struct device_row {
	const struct object *row;
	size_t user;
	uint8_t order;
};

struct builder {
	const struct object_set *objects;
	const struct seal_key *seal;
	struct str realm;
	struct buf *why;
	const struct object *tenant_row;
	const struct object **users;  /* rows, sorted as struct tenant's */
	struct device_row *devices;
	size_t n_users, n_devices;
	struct tenant *t;
	struct build rest;            /* all objects but users and devices */
	char *text, *text_end;        /* free part of the memory for texts */
};

static void *zalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		abort();
	return p;
}

static struct str text_in(const json_t *body, const char *field)
{
	const json_t *v = json_object_get(body, field);

	return (struct str){json_string_value(v), json_string_length(v)};
}

static int unfit(const struct builder *b, const struct object *o, const char *what)
{
	buf_printf(b->why, "%s \"%s\" (id %llu): %s\n", kind_get(o->kind)->name, o->key,
	           (unsigned long long)o->id, what);
	return E_POLICY;
}

/* -- rows ---------------------------------------------------------------------------- */

static int take_tenant(struct builder *b, const struct object *o)
{
	const json_t *domains = json_object_get(o->body, "domains");

	if (b->tenant_row)
		return unfit(b, o, "there are two tenants");
	if (json_array_size(domains) < 1)
		return unfit(b, o, "has no domain");
	for (size_t i = 0; i < json_array_size(domains); i++) {
		if (json_string_length(json_array_get(domains, i)) < 1)
			return unfit(b, o, "has an empty domain");
	}
	b->tenant_row = o;
	return 0;
}

static int take_row(struct builder *b, const struct object *o)
{
	switch (o->kind) {
	case KIND_TENANT:
		return take_tenant(b, o);
	case KIND_USER:
		b->users[b->n_users++] = o;
		return 0;
	case KIND_DEVICE:
		b->devices[b->n_devices++].row = o;
		return 0;
	default:
		return o->kind < KINDS ? 0 : unfit(b, o, "is of an unknown kind");
	}
}

static int by_extension(const void *a, const void *b)
{
	const struct object *const *left = a, *const *right = b;

	return strcmp((*left)->key, (*right)->key);
}

static int take_rows(struct builder *b)
{
	int err = 0;

	b->users = zalloc(b->objects->n, sizeof *b->users);
	b->devices = zalloc(b->objects->n, sizeof *b->devices);
	for (size_t i = 0; i < b->objects->n && !err; i++) {
		if (!b->objects->v[i].removed)
			err = take_row(b, &b->objects->v[i]);
	}
	if (err)
		return err;
	if (!b->tenant_row) {
		buf_lit(b->why, "there is no tenant among the rows\n");
		return E_POLICY;
	}
	qsort(b->users, b->n_users, sizeof *b->users, by_extension);
	return 0;
}

/* Rule 6: rows of another tenant never get into this one. */
static int check_owner(const struct builder *b)
{
	for (size_t i = 0; i < b->objects->n; i++) {
		const struct object *o = &b->objects->v[i];

		if (!o->removed && o->kind != KIND_TENANT && o->tenant != b->tenant_row->id)
			return unfit(b, o, "belongs to another tenant");
	}
	return 0;
}

/* -- memory -------------------------------------------------------------------------- */

static size_t aligned(size_t n)
{
	return (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static size_t domain_bytes(const struct object *tenant)
{
	const json_t *domains = json_object_get(tenant->body, "domains");
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(domains); i++)
		n += json_string_length(json_array_get(domains, i));
	return n;
}

static size_t text_bytes(const struct builder *b)
{
	size_t n = strlen(b->tenant_row->key) + domain_bytes(b->tenant_row);

	for (size_t i = 0; i < b->n_users; i++)
		n += strlen(b->users[i]->key) + text_in(b->users[i]->body, "name").n;
	for (size_t i = 0; i < b->n_devices; i++)
		n += strlen(b->devices[i].row->key) +
		     text_in(b->devices[i].row->body, "global_username").n;
	return n;
}

static void *carve(char **at, size_t n, size_t size)
{
	void *p = *at;

	*at += aligned(n * size);
	return p;
}

static void carve_lookup(char **at, struct lookup *l, size_t n)
{
	lookup_init(l, carve(at, lookup_slots(n), sizeof(struct lookup_slot)), n);
}

static void take_memory(struct builder *b)
{
	size_t users = b->n_users, devices = b->n_devices, texts = text_bytes(b);
	size_t domains = json_array_size(json_object_get(b->tenant_row->body, "domains"));
	size_t bytes = aligned(sizeof(struct tenant)) + aligned(domains * sizeof(struct str)) +
	               aligned(users * sizeof(struct user)) +
	               aligned(devices * sizeof(struct device)) +
	               aligned(devices * sizeof(struct device *)) +
	               2 * aligned(lookup_slots(users) * sizeof(struct lookup_slot)) +
	               3 * aligned(lookup_slots(devices) * sizeof(struct lookup_slot)) + texts;
	char *at = zalloc(1, bytes);
	struct tenant *t = carve(&at, 1, sizeof *t);

	t->bytes = bytes;
	arena_init(&t->arena, ARENA_CHUNK);
	t->domains = carve(&at, domains, sizeof(struct str));
	t->users = carve(&at, users, sizeof(struct user));
	t->devices = carve(&at, devices, sizeof(struct device));
	t->by_user = carve(&at, devices, sizeof(struct device *));
	carve_lookup(&at, &t->users_by_extension, users);
	carve_lookup(&at, &t->users_by_id, users);
	carve_lookup(&at, &t->devices_by_username, devices);
	carve_lookup(&at, &t->devices_by_global_username, devices);
	carve_lookup(&at, &t->devices_by_id, devices);
	t->n_domains = domains;
	t->n_users = users;
	t->n_devices = devices;
	b->t = t;
	b->text = at;
	b->text_end = (char *)t + bytes;
}

static struct str keep(struct builder *b, struct str s)
{
	struct str kept = {b->text, s.n};

	if (s.n > (size_t)(b->text_end - b->text)) /* text_bytes counted wrongly: our bug */
		abort();
	if (s.n)
		memcpy(b->text, s.p, s.n);
	b->text += s.n;
	return kept;
}

/* -- filling ------------------------------------------------------------------------- */

/* The key of the tables: secret, equal in all tenants, and no second secret to keep. */
static void make_key(struct hash_key *key, const struct seal_key *seal)
{
	_Static_assert(sizeof *key == crypto_kdf_BYTES_MIN, "libsodium");
	_Static_assert(sizeof seal->key == crypto_kdf_KEYBYTES, "libsodium");
	crypto_kdf_derive_from_key((unsigned char *)key, sizeof *key, 1, "lookups", seal->key);
}

static void make_pin_key(struct hash_key key[2], const struct seal_key *seal)
{
	crypto_kdf_derive_from_key((unsigned char *)key, 2 * sizeof *key, 2, "lookups", seal->key);
}

static unsigned algs_in(const json_t *body)
{
	const json_t *list = json_object_get(body, "digest");
	unsigned algs = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);
		struct str name = {json_string_value(v), json_string_length(v)};

		if (str_eq(name, STR("md5")))
			algs |= AUTH_MD5;
		else if (str_eq(name, STR("sha-256")))
			algs |= AUTH_SHA256;
	}
	return algs;
}

static void fill_tenant(struct builder *b)
{
	const json_t *domains = json_object_get(b->tenant_row->body, "domains");
	struct tenant *t = b->t;

	atomic_init(&t->refs, 1);
	make_key(&t->key, b->seal);
	make_pin_key(t->pin_key, b->seal);
	t->id = b->tenant_row->id;
	t->version = b->objects->version;
	for (size_t i = 0; i < b->objects->n && !b->objects->version; i++) {
		if (b->objects->v[i].version > t->version)
			t->version = b->objects->v[i].version;
	}
	t->auth_algs = algs_in(b->tenant_row->body);
	if (!t->auth_algs) /* a row that was written before there was a choice */
		t->auth_algs = AUTH_MD5;
	t->name = keep(b, str_z(b->tenant_row->key));
	for (size_t i = 0; i < t->n_domains; i++) {
		const json_t *v = json_array_get(domains, i);

		t->domains[i] = keep(b, (struct str){json_string_value(v), json_string_length(v)});
	}
}

static int fill_users(struct builder *b)
{
	struct tenant *t = b->t;

	for (size_t i = 0; i < t->n_users; i++) {
		const struct object *row = b->users[i];
		struct user *u = &t->users[i];

		u->id = row->id;
		u->extension = keep(b, str_z(row->key));
		u->name = keep(b, text_in(row->body, "name"));
		build_user(&b->rest, row, u);
		if (i > 0 && str_eq(u->extension, u[-1].extension))
			return unfit(b, row, "has an extension that another user has");
		lookup_add(&t->users_by_extension, hash_str(&t->key, u->extension), (uint32_t)i);
		lookup_add(&t->users_by_id, hash_u64(&t->key, u->id), (uint32_t)i);
	}
	return 0;
}

static int find_users(struct builder *b)
{
	for (size_t i = 0; i < b->n_devices; i++) {
		const struct object *row = b->devices[i].row;
		json_int_t id = json_integer_value(json_object_get(row->body, "user"));
		const struct user *u = tenant_user_by_id(b->t, (uint64_t)id);

		if (!u)
			return unfit(b, row, "has no user");
		b->devices[i].user = (size_t)(u - b->t->users);
		b->devices[i].order =
			(uint8_t)json_integer_value(json_object_get(row->body, "order"));
	}
	return 0;
}

static int by_user_and_order(const void *a, const void *b)
{
	const struct device_row *left = a, *right = b;

	if (left->user != right->user)
		return left->user < right->user ? -1 : 1;
	if (left->order != right->order)
		return left->order < right->order ? -1 : 1;
	return (left->row->id > right->row->id) - (left->row->id < right->row->id);
}

static int fill_secrets(const struct builder *b, const json_t *body, struct device *d)
{
	char mem[SEAL_MAX_PLAIN];
	struct buf password;
	int err;

	buf_init_fixed(&password, mem, sizeof mem);
	err = seal_open(b->seal, text_in(body, "password"), &password);
	if (!err) {
		struct str plain = buf_view(&password);

		digest_ha1_make(&d->ha1_domain, d->username, tenant_domain(b->t), plain);
		digest_ha1_make(&d->ha1_plain, d->username, b->realm, plain);
		digest_ha1_make(&d->ha1_global, d->global_username, b->realm, plain);
	}
	mem_wipe(mem, password.n);
	return err;
}

static int fill_device(struct builder *b, size_t i)
{
	const struct object *row = b->devices[i].row;
	struct tenant *t = b->t;
	struct device *d = &t->devices[i];
	struct user *u = &t->users[b->devices[i].user];

	d->id = row->id;
	d->username = keep(b, str_z(row->key));
	d->global_username = keep(b, text_in(row->body, "global_username"));
	d->user = u;
	d->order = b->devices[i].order;
	d->auth_algs = algs_in(row->body);
	if (!d->auth_algs)
		d->auth_algs = t->auth_algs;
	if (tenant_device_by_username(t, d->username))
		return unfit(b, row, "has a user name that another device has");
	if (!d->global_username.n)
		return unfit(b, row, "has no global user name");
	if (fill_secrets(b, row->body, d) != 0)
		return unfit(b, row, "its password cannot be opened: is it the right key?");
	t->by_user[i] = d;
	if (!u->devices)
		u->devices = &t->by_user[i];
	u->n_devices++;
	lookup_add(&t->devices_by_id, hash_u64(&t->key, d->id), (uint32_t)i);
	lookup_add(&t->devices_by_username, hash_str(&t->key, d->username), (uint32_t)i);
	lookup_add(&t->devices_by_global_username, hash_str(&t->key, d->global_username),
	           (uint32_t)i);
	return 0;
}

static int by_kind_and_id(const void *a, const void *b)
{
	const struct object *left = *(const struct object *const *)a;
	const struct object *right = *(const struct object *const *)b;

	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	return (left->id > right->id) - (left->id < right->id);
}

/* Schedules reach from the tenant's last change on; rows of a trial have no time yet. */
static uint64_t last_change(const struct object_set *objects)
{
	uint64_t at_ms = UINT64_C(1767225600000); /* 2026 */

	for (size_t i = 0; i < objects->n; i++) {
		if (objects->v[i].at_ms > at_ms)
			at_ms = objects->v[i].at_ms;
	}
	return at_ms;
}

static void sort_rows(struct builder *b)
{
	struct build *r = &b->rest;
	size_t n = 0;

	*r = (struct build){.t = b->t, .objects = b->objects, .tenant_row = b->tenant_row,
	                    .seal = b->seal, .why = b->why, .now_ms = last_change(b->objects)};
	r->rows = zalloc(b->objects->n, sizeof *r->rows);
	for (size_t i = 0; i < b->objects->n; i++) {
		if (!b->objects->v[i].removed)
			r->rows[n++] = &b->objects->v[i];
	}
	qsort(r->rows, n, sizeof *r->rows, by_kind_and_id);
	for (size_t i = 0; i < n; i++)
		r->first[r->rows[i]->kind + 1] = i + 1;
	for (size_t k = 0; k < KINDS; k++) {
		if (r->first[k + 1] < r->first[k])
			r->first[k + 1] = r->first[k];
	}
}

static int fill(struct builder *b)
{
	int err;

	fill_tenant(b);
	sort_rows(b);
	err = build_tenant_fields(&b->rest);
	if (!err)
		err = fill_users(b);
	if (!err)
		err = find_users(b);
	if (err)
		return err;
	qsort(b->devices, b->n_devices, sizeof *b->devices, by_user_and_order);
	for (size_t i = 0; i < b->n_devices && !err; i++)
		err = fill_device(b, i);
	return err ? err : build_objects(&b->rest);
}

int tenant_build(const struct tenant **out, const struct object_set *objects,
                 const struct seal_key *seal, struct str realm, struct buf *why)
{
	struct builder b = {.objects = objects, .seal = seal, .realm = realm, .why = why};
	int err = take_rows(&b);

	if (!err)
		err = check_owner(&b);
	if (!err)
		err = refs_check(objects, why);
	if (!err) {
		take_memory(&b);
		err = fill(&b);
		if (err)
			tenant_unref(b.t);
		else
			*out = b.t;
	}
	free(b.users);
	free(b.devices);
	free(b.rest.rows);
	return err;
}
