// SPDX-License-Identifier: Apache-2.0
/**
 * Who is in a call: for rules such as "skip busy" and "longest idle". Calls live on any shard; each
 * tells the shard that keeps a user's registrations when the user's part in it begins and ends.
 *
 * Thread:  one table for each shard, of the users that are this shard's.
 * Lost at a restart together with the calls themselves.
 */
#pragma once

#include "base/hash.h"
#include "base/map.h"

struct presence_table {
	struct map map;
	struct hash_key key;
};

struct user_presence {
	unsigned calls;       /* that the user is in now */
	uint64_t last_end_ms; /* wall clock; 0: none since the start */
};

void presence_init(struct presence_table *p, const struct hash_key *key);
void presence_fini(struct presence_table *p);
/** One call more, or (with `ended_ms`, the wall clock) one less. */
void presence_begin(struct presence_table *p, uint64_t tenant, uint64_t user);
void presence_end(struct presence_table *p, uint64_t tenant, uint64_t user, uint64_t ended_ms);
/** All zero for a user of whom nothing is known. */
struct user_presence presence_of(const struct presence_table *p, uint64_t tenant, uint64_t user);
