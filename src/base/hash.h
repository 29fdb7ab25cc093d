// SPDX-License-Identifier: Apache-2.0
/** Keyed hash for tables whose keys a peer chooses: SipHash-1-3. */
#pragma once

#include <stdint.h>

#include "base/str.h"

struct hash_key {
	uint64_t k0, k1;
};

uint64_t hash_bytes(const struct hash_key *key, const void *p, size_t n);

static inline uint64_t hash_str(const struct hash_key *key, struct str s)
{
	return hash_bytes(key, s.p, s.n);
}

uint64_t hash_u64(const struct hash_key *key, uint64_t v);

/** Unkeyed FNV-1a, equal on every node: to choose a shard, never for a table. */
uint64_t hash_stable(struct str s);
