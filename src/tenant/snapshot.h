// SPDX-License-Identifier: Apache-2.0
/**
 * A tenant at one version, as an immutable structure built from its rows, and the
 * directory of all tenants. Both are shared between threads by reference count; a change
 * builds the next one and swaps it.
 *
 * Thread:   read on any thread without locks; ref and unref on any thread.
 * Lifetime: tenant_build -> directory_build (takes references) -> published to the shards
 *           -> unref by the last reader. Who keeps a pointer into a snapshot keeps a
 *           reference to the snapshot.
 */
#pragma once

#include "base/crypto.h"
#include "tenant/object.h"
#include "tenant/seal.h"

struct tenant;
struct directory;

struct user;

enum { AUTH_MD5 = 1, AUTH_SHA256 = 2 }; /* algorithms offered; equal to enum digest_alg */

struct device {
	uint64_t id;
	struct str username;        /* unique in the tenant */
	struct str global_username; /* unique in the installation, made by us: "acme-1001-x7k2" */
	const struct user *user;
	unsigned auth_algs;         /* AUTH_*; the device's setting, else the tenant's, else AUTH_MD5 */
	struct digest_ha1 ha1_domain; /* user name and the tenant's first domain as realm */
	struct digest_ha1 ha1_plain;  /* user name and the installation's realm */
	struct digest_ha1 ha1_global; /* global user name and the installation's realm */
};

struct user {
	uint64_t id;
	struct str name;       /* display name */
	struct str extension;
	const struct device *const *devices;
	size_t n_devices;
};

/**
 * Build a tenant from its live rows.
 *
 * @param objects  of one tenant; borrowed
 * @param seal     the same for all tenants of a directory: the key of their tables is made from it
 * @param realm    the installation's (setting sip.realm)
 * @return 0 and a reference; E_POLICY: rows that do not fit together, or a password that cannot be
 *         opened (`why` has one line)
 */
must_check int tenant_build(const struct tenant **out, const struct object_set *objects,
                            const struct seal_key *seal, struct str realm, struct buf *why);
const struct tenant *tenant_ref(const struct tenant *t);
void tenant_unref(const struct tenant *t);

uint64_t tenant_id(const struct tenant *t);
uint64_t tenant_version(const struct tenant *t);
struct str tenant_name(const struct tenant *t);
/** Its first domain: the realm of its challenges and the host of its URIs. Never empty. */
struct str tenant_domain(const struct tenant *t);
/** AUTH_*: what is offered to whom we do not know yet. */
unsigned tenant_auth_algs(const struct tenant *t);
size_t tenant_domains(const struct tenant *t);
struct str tenant_domain_at(const struct tenant *t, size_t i);
/** Whatever the letter case, and with or without a dot at the end. */
bool tenant_has_domain(const struct tenant *t, struct str host);

/** NULL: no such one in this tenant. */
const struct user *tenant_user_by_extension(const struct tenant *t, struct str extension);
const struct user *tenant_user_by_id(const struct tenant *t, uint64_t id);
const struct device *tenant_device_by_username(const struct tenant *t, struct str username);
const struct device *tenant_device_by_id(const struct tenant *t, uint64_t id);
size_t tenant_users(const struct tenant *t);
const struct user *tenant_user_at(const struct tenant *t, size_t i); /* in order of extension */

size_t tenant_devices(const struct tenant *t);
/** Bytes of memory that the snapshot takes. */
size_t tenant_bytes(const struct tenant *t);

/** Does an extension of the tenant begin with these digits (and is longer)? For 484. */
bool tenant_extension_prefix(const struct tenant *t, struct str digits);

/**
 * All tenants. Takes a reference to each. A new one for each change is meant: the tables of the
 * tenants are merged as they are, no name is hashed again.
 *
 * @return 0 and a reference; E_POLICY: two have the same domain, name or id (`why`: a line each)
 */
must_check int directory_build(const struct directory **out, const struct tenant *const *tenants,
                               size_t n, struct buf *why);
const struct directory *directory_ref(const struct directory *d);
void directory_unref(const struct directory *d);

const struct tenant *directory_by_domain(const struct directory *d, struct str host);
const struct tenant *directory_by_id(const struct directory *d, uint64_t id);
const struct tenant *directory_by_name(const struct directory *d, struct str name);
/** The device with this global user name; sets its tenant. NULL and `*tenant` untouched: none. */
const struct device *directory_by_global_username(const struct directory *d, struct str username,
                                                  const struct tenant **tenant);
/**
 * The device with this plain user name, when exactly one tenant has it (a phone that knows only
 * an IP address); NULL when none or several have.
 */
const struct device *directory_by_plain_username(const struct directory *d, struct str username,
                                                 const struct tenant **tenant);
size_t directory_tenants(const struct directory *d);
const struct tenant *directory_tenant_at(const struct directory *d, size_t i);
