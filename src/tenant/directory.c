// SPDX-License-Identifier: Apache-2.0
/*
 * All tenants of the installation, found by what a request says of its tenant.
 *
 * The tables of devices are merged from the tenants' own slots: no name is read or hashed
 * unless two hashes meet, so that a directory of 200,000 devices is made in milliseconds.
 */
#include <assert.h>
#include <stdlib.h>

#include "tenant/snapshot_body.h"

/* In a table of all devices: more than one tenant has this name. */
#define SHARED 0x40000000u

/* The number of a device in the tables is its position here. */
struct place {
	uint32_t tenant;
	uint32_t device;
};

/* A domain of a tenant; the domains' table holds positions in such an array. */
struct claim {
	struct str domain;
	uint32_t tenant;
};

struct directory {
	atomic_uint refs;
	struct hash_key key;
	const struct tenant **tenants;
	size_t n;
	struct place *places;
	size_t n_places;
	struct claim *claims;
	size_t n_claims;
	struct lookup by_id, by_name, by_domain, by_global_username, by_plain_username;
};

/* Which of its names a table of devices is about. */
struct device_table {
	struct lookup *all;
	const struct lookup *(*of_tenant)(const struct tenant *t);
	struct str (*name)(const struct device *d);
};

static const struct lookup *plain_table(const struct tenant *t)
{
	return &t->devices_by_username;
}

static const struct lookup *global_table(const struct tenant *t)
{
	return &t->devices_by_global_username;
}

static struct str plain_name(const struct device *d)
{
	return d->username;
}

static struct str global_name(const struct device *d)
{
	return d->global_username;
}

static void *zalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		abort();
	return p;
}

static void make_lookup(struct lookup *l, size_t n)
{
	lookup_init(l, zalloc(lookup_slots(n), sizeof(struct lookup_slot)), n);
}

static void free_directory(struct directory *d)
{
	for (size_t i = 0; i < d->n; i++)
		tenant_unref(d->tenants[i]);
	free(d->tenants);
	free(d->places);
	free(d->claims);
	free(d->by_id.slots);
	free(d->by_name.slots);
	free(d->by_domain.slots);
	free(d->by_global_username.slots);
	free(d->by_plain_username.slots);
	free(d);
}

const struct directory *directory_ref(const struct directory *d)
{
	atomic_fetch_add_explicit(&((struct directory *)d)->refs, 1, memory_order_relaxed);
	return d;
}

void directory_unref(const struct directory *d)
{
	struct directory *own = (struct directory *)d;

	if (own && atomic_fetch_sub_explicit(&own->refs, 1, memory_order_acq_rel) == 1)
		free_directory(own);
}

/* -- looking up ---------------------------------------------------------------------- */

static const struct claim *find_claim(const struct directory *d, struct str folded)
{
	uint64_t hash = hash_str(&d->key, folded);
	const struct lookup *l = &d->by_domain;

	for (size_t at = lookup_first(l, hash); lookup_hit(l, hash, &at); at = lookup_next(l, at)) {
		if (str_eq(d->claims[lookup_value(l, at)].domain, folded))
			return &d->claims[lookup_value(l, at)];
	}
	return NULL;
}

const struct tenant *directory_by_domain(const struct directory *d, struct str host)
{
	char mem[HOST_MAX];
	const struct claim *c = find_claim(d, host_fold(host, mem));

	return c ? d->tenants[c->tenant] : NULL;
}

const struct tenant *directory_by_id(const struct directory *d, uint64_t id)
{
	uint64_t hash = hash_u64(&d->key, id);
	const struct lookup *l = &d->by_id;

	for (size_t at = lookup_first(l, hash); lookup_hit(l, hash, &at); at = lookup_next(l, at)) {
		if (d->tenants[lookup_value(l, at)]->id == id)
			return d->tenants[lookup_value(l, at)];
	}
	return NULL;
}

const struct tenant *directory_by_name(const struct directory *d, struct str name)
{
	uint64_t hash = hash_str(&d->key, name);
	const struct lookup *l = &d->by_name;

	for (size_t at = lookup_first(l, hash); lookup_hit(l, hash, &at); at = lookup_next(l, at)) {
		if (str_eq(d->tenants[lookup_value(l, at)]->name, name))
			return d->tenants[lookup_value(l, at)];
	}
	return NULL;
}

static const struct device *device_at(const struct directory *d, uint32_t value)
{
	const struct place *p = &d->places[value & ~SHARED];

	return &d->tenants[p->tenant]->devices[p->device];
}

/* The slot of a name, or a free one. */
static size_t find_device(const struct directory *d, const struct device_table *table,
                          uint64_t hash, struct str name)
{
	const struct lookup *l = table->all;
	size_t at = lookup_first(l, hash);

	while (lookup_hit(l, hash, &at) &&
	       !str_eq(table->name(device_at(d, lookup_value(l, at))), name))
		at = lookup_next(l, at);
	return at;
}

static const struct device *only_device(const struct directory *d, const struct device_table *table,
                                        struct str name, const struct tenant **tenant)
{
	size_t at = find_device(d, table, hash_str(&d->key, name), name);
	uint32_t value;

	if (!table->all->slots[at].value)
		return NULL;
	value = lookup_value(table->all, at);
	if (value & SHARED)
		return NULL;
	*tenant = d->tenants[d->places[value].tenant];
	return device_at(d, value);
}

const struct device *directory_by_global_username(const struct directory *d, struct str username,
                                                  const struct tenant **tenant)
{
	struct lookup all = d->by_global_username;

	return only_device(d, &(struct device_table){&all, global_table, global_name}, username,
	                   tenant);
}

const struct device *directory_by_plain_username(const struct directory *d, struct str username,
                                                 const struct tenant **tenant)
{
	struct lookup all = d->by_plain_username;

	return only_device(d, &(struct device_table){&all, plain_table, plain_name}, username,
	                   tenant);
}

size_t directory_tenants(const struct directory *d)
{
	return d->n;
}

const struct tenant *directory_tenant_at(const struct directory *d, size_t i)
{
	return d->tenants[i];
}

/* -- building ------------------------------------------------------------------------ */

static size_t add_domains(struct directory *d, uint32_t i, struct buf *why)
{
	const struct tenant *t = d->tenants[i];
	size_t faults = 0;

	for (size_t k = 0; k < t->n_domains; k++) {
		const struct claim *other = find_claim(d, t->domains[k]);

		if (other) {
			buf_printf(why, "domain " STR_FMT " of tenant " STR_FMT " belongs to tenant "
			           STR_FMT "\n", STR_ARG(t->domains[k]), STR_ARG(t->name),
			           STR_ARG(d->tenants[other->tenant]->name));
			faults++;
			continue;
		}
		lookup_add(&d->by_domain, hash_str(&d->key, t->domains[k]), (uint32_t)d->n_claims);
		d->claims[d->n_claims++] = (struct claim){t->domains[k], i};
	}
	return faults;
}

static size_t add_tenant(struct directory *d, uint32_t i, struct buf *why)
{
	const struct tenant *t = d->tenants[i];
	size_t faults = 0;

	if (directory_by_name(d, t->name) || directory_by_id(d, t->id)) {
		buf_printf(why, "tenant " STR_FMT " (id %llu) is there twice\n", STR_ARG(t->name),
		           (unsigned long long)t->id);
		faults++;
	}
	lookup_add(&d->by_name, hash_str(&d->key, t->name), i);
	lookup_add(&d->by_id, hash_u64(&d->key, t->id), i);
	return faults + add_domains(d, i, why);
}

static int add_tenants(struct directory *d, struct buf *why)
{
	size_t domains = 0, faults = 0;

	for (size_t i = 0; i < d->n; i++)
		domains += d->tenants[i]->n_domains;
	d->claims = zalloc(domains, sizeof *d->claims);
	make_lookup(&d->by_id, d->n);
	make_lookup(&d->by_name, d->n);
	make_lookup(&d->by_domain, domains);
	for (size_t i = 0; i < d->n; i++)
		faults += add_tenant(d, (uint32_t)i, why);
	return faults ? E_POLICY : 0;
}

/* Names are read only where hashes meet: devices are large, and not in the cache. */
static size_t find_like(const struct directory *d, const struct device_table *table, uint32_t tag,
                        const struct device *device)
{
	const struct lookup *l = table->all;
	size_t at = lookup_first(l, tag);

	while (lookup_hit(l, tag, &at) &&
	       !str_eq(table->name(device_at(d, lookup_value(l, at))), table->name(device)))
		at = lookup_next(l, at);
	return at;
}

static void merge_table(struct directory *d, const struct device_table *table,
                        const struct tenant *t, uint32_t first)
{
	const struct lookup *from = table->of_tenant(t);

	for (size_t i = 0; i < from->n_slots; i++) {
		const struct lookup_slot *slot = &from->slots[i];
		size_t at;

		if (!slot->value)
			continue;
		at = find_like(d, table, slot->tag, &t->devices[slot->value - 1]);
		if (table->all->slots[at].value)
			table->all->slots[at].value = (lookup_value(table->all, at) | SHARED) + 1;
		else
			lookup_add(table->all, slot->tag, first + slot->value - 1);
	}
}

static void merge_tenant(struct directory *d, uint32_t i)
{
	const struct tenant *t = d->tenants[i];
	uint32_t first = (uint32_t)d->n_places;

	for (uint32_t k = 0; k < t->n_devices; k++)
		d->places[d->n_places++] = (struct place){i, k};
	merge_table(d, &(struct device_table){&d->by_global_username, global_table, global_name}, t,
	            first);
	merge_table(d, &(struct device_table){&d->by_plain_username, plain_table, plain_name}, t,
	            first);
}

static void add_devices(struct directory *d)
{
	size_t devices = 0;

	for (size_t i = 0; i < d->n; i++)
		devices += d->tenants[i]->n_devices;
	assert(devices < SHARED); /* 32-bit places; such a machine has no such memory */
	d->places = zalloc(devices, sizeof *d->places);
	make_lookup(&d->by_global_username, devices);
	make_lookup(&d->by_plain_username, devices);
	for (size_t i = 0; i < d->n; i++)
		merge_tenant(d, (uint32_t)i);
}

static struct directory *new_directory(const struct tenant *const *tenants, size_t n)
{
	struct directory *d = zalloc(1, sizeof *d);

	atomic_init(&d->refs, 1);
	d->tenants = zalloc(n, sizeof *d->tenants);
	d->n = n;
	if (n > 0)
		d->key = tenants[0]->key;
	for (size_t i = 0; i < n; i++) {
		/* Built with another seal key: their tables do not go together. */
		assert(memcmp(&tenants[i]->key, &d->key, sizeof d->key) == 0);
		d->tenants[i] = tenant_ref(tenants[i]);
	}
	return d;
}

int directory_build(const struct directory **out, const struct tenant *const *tenants, size_t n,
                    struct buf *why)
{
	struct directory *d = new_directory(tenants, n);
	int err = add_tenants(d, why);

	if (err) {
		directory_unref(d);
		return err;
	}
	add_devices(d);
	*out = d;
	return 0;
}
