// SPDX-License-Identifier: Apache-2.0
/* Reading a tenant's snapshot. Building is in snapshot_build.c. */
#include "tenant/snapshot.h"

#include <stdlib.h>

#include "tenant/snapshot_body.h"

/* Passwords' digests are as good as the passwords themselves. */
static void free_tenant(struct tenant *t)
{
	mem_wipe(t->devices, t->n_devices * sizeof *t->devices);
	for (size_t i = 0; i < t->lists.n; i++)
		list_free(t->lists.v[i].list);
	for (size_t i = 0; i < t->flows.n; i++)
		flow_free(t->flows.v[i].flow);
	arena_fini(&t->arena);
	free(t);
}

/* References are counted in what is constant for everybody else. */
const struct tenant *tenant_ref(const struct tenant *t)
{
	atomic_fetch_add_explicit(&((struct tenant *)t)->refs, 1, memory_order_relaxed);
	return t;
}

void tenant_unref(const struct tenant *t)
{
	struct tenant *own = (struct tenant *)t;

	if (own && atomic_fetch_sub_explicit(&own->refs, 1, memory_order_acq_rel) == 1)
		free_tenant(own);
}

uint64_t tenant_id(const struct tenant *t)
{
	return t->id;
}

uint64_t tenant_version(const struct tenant *t)
{
	return t->version;
}

struct str tenant_name(const struct tenant *t)
{
	return t->name;
}

struct str tenant_domain(const struct tenant *t)
{
	return t->domains[0];
}

unsigned tenant_auth_algs(const struct tenant *t)
{
	return t->auth_algs;
}

size_t tenant_domains(const struct tenant *t)
{
	return t->n_domains;
}

struct str tenant_domain_at(const struct tenant *t, size_t i)
{
	return t->domains[i];
}

struct str host_fold(struct str host, char mem[HOST_MAX])
{
	if (host.n > HOST_MAX)
		return STR_NONE;
	for (size_t i = 0; i < host.n; i++)
		mem[i] = ch_lower(host.p[i]);
	if (host.n > 0 && mem[host.n - 1] == '.')
		host.n--;
	return (struct str){mem, host.n};
}

bool tenant_has_domain(const struct tenant *t, struct str host)
{
	char mem[HOST_MAX];
	struct str folded = host_fold(host, mem);

	for (size_t i = 0; i < t->n_domains; i++) {
		if (str_eq(t->domains[i], folded))
			return true;
	}
	return false;
}

const struct user *tenant_user_by_extension(const struct tenant *t, struct str extension)
{
	uint64_t hash = hash_str(&t->key, extension);
	const struct lookup *l = &t->users_by_extension;

	for (size_t at = lookup_first(l, hash); lookup_hit(l, hash, &at); at = lookup_next(l, at)) {
		const struct user *u = &t->users[lookup_value(l, at)];

		if (str_eq(u->extension, extension))
			return u;
	}
	return NULL;
}

const struct user *tenant_user_by_id(const struct tenant *t, uint64_t id)
{
	uint64_t hash = hash_u64(&t->key, id);
	const struct lookup *l = &t->users_by_id;

	for (size_t at = lookup_first(l, hash); lookup_hit(l, hash, &at); at = lookup_next(l, at)) {
		if (t->users[lookup_value(l, at)].id == id)
			return &t->users[lookup_value(l, at)];
	}
	return NULL;
}

const struct device *tenant_device_by_username(const struct tenant *t, struct str username)
{
	uint64_t hash = hash_str(&t->key, username);
	const struct lookup *l = &t->devices_by_username;

	for (size_t at = lookup_first(l, hash); lookup_hit(l, hash, &at); at = lookup_next(l, at)) {
		const struct device *d = &t->devices[lookup_value(l, at)];

		if (str_eq(d->username, username))
			return d;
	}
	return NULL;
}

const struct device *tenant_device_by_id(const struct tenant *t, uint64_t id)
{
	uint64_t hash = hash_u64(&t->key, id);
	const struct lookup *l = &t->devices_by_id;

	for (size_t at = lookup_first(l, hash); lookup_hit(l, hash, &at); at = lookup_next(l, at)) {
		if (t->devices[lookup_value(l, at)].id == id)
			return &t->devices[lookup_value(l, at)];
	}
	return NULL;
}

size_t tenant_users(const struct tenant *t)
{
	return t->n_users;
}

const struct user *tenant_user_at(const struct tenant *t, size_t i)
{
	return &t->users[i];
}

size_t tenant_devices(const struct tenant *t)
{
	return t->n_devices;
}

size_t tenant_bytes(const struct tenant *t)
{
	return t->bytes;
}
