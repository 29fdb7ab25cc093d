// SPDX-License-Identifier: Apache-2.0
/** Tenants for tests: from a tenant file as JSON text, without a store. */
#pragma once

#include "base/rng.h"
#include "tenant/file.h"
#include "tenant/snapshot.h"

/** Rows in memory, with the ids that the next new objects get. */
struct tenant_rows {
	struct object_set set;
	uint64_t next_id; /* 0 is taken as 1 */
};

/** The seal key of all tests. */
const struct seal_key *test_seal_key(void);

/**
 * Write a change set into rows as the store does on a commit: ids and the tenant's next version are
 * given, references set in `c` too, removed rows leave. `c` was planned against `rows->set`, and its
 * `before` pointers are dead afterwards.
 */
void object_set_apply(struct tenant_rows *rows, struct change_set *c, const char *who,
                      uint64_t at_ms);

/** Plan a file and apply it. @return number of changes; a file at fault fails the test */
size_t test_apply(struct tenant_rows *rows, struct rng *rng, const char *file_json);

/** A snapshot of rows, in realm "tandem". Fails the test when it cannot be built. */
const struct tenant *test_snapshot(const struct tenant_rows *rows);

/**
 * A snapshot from a file alone. `first_id` is the id of the tenant; give each tenant of a
 * directory its own range.
 */
const struct tenant *test_tenant(const char *file_json, uint64_t first_id);
