// SPDX-License-Identifier: Apache-2.0
/** What a snapshot is made of; for snapshot*.c and directory.c alone. */
#pragma once

#include <stdatomic.h>

#include "base/hash.h"
#include "tenant/lookup.h"
#include "tenant/snapshot.h"

/**
 * One piece of memory: this struct, and behind it the arrays, the tables and all texts.
 * Only `refs` changes after tenant_build.
 */
struct tenant {
	atomic_uint refs;
	size_t bytes;
	uint64_t id, version;
	struct str name;
	unsigned auth_algs;             /* never 0 */
	struct hash_key key;            /* of all tables; equal in all tenants */
	struct str *domains;
	size_t n_domains;
	struct user *users;             /* in order of extension */
	size_t n_users;
	struct device *devices;         /* in order of their users, then of id */
	size_t n_devices;
	const struct device **by_user;  /* pointers to `devices`, for struct user */
	struct lookup users_by_extension;
	struct lookup users_by_id;
	struct lookup devices_by_username;
	struct lookup devices_by_global_username;
	struct lookup devices_by_id;
};

enum { HOST_MAX = 254 }; /* 253 and a dot at the end */

/** A host as tables have it: lower case, no dot at the end; empty when it is too long. */
struct str host_fold(struct str host, char mem[HOST_MAX]);
