// SPDX-License-Identifier: Apache-2.0
/**
 * Intrusive hash map: chained, power of two, doubled when full. It moves into the larger table a
 * little with each insertion, so that none of them takes long, however many entries there are.
 *
 * The owner embeds a `struct map_node`, computes the hash (base/hash.h, keyed
 * where a peer chooses the key) and compares keys itself, so that a key may
 * have any shape:
 *
 *     for (struct map_node *n = map_find(&m, h); n; n = map_next(n))
 *         if (str_eq(container_of(n, struct x, node)->name, name)) ...
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_node {
	struct map_node *next;
	uint64_t hash;
};

struct map_table {
	struct map_node **slots; /* NULL while empty */
	/*
	 * A byte for each slot, with a bit for each hash in its chain: most of what is not there
	 * is known not to be without touching slot or entry, which in a large map are not in the cache.
	 */
	uint8_t *hints;
	size_t n_slots;
};

struct map {
	struct map_table table;
	struct map_table old; /* while entries move: those of its slots from `moved` on are still there */
	size_t moved;
	size_t n;
};

void map_init(struct map *m);
/** Frees the table only; the entries belong to their owner. */
void map_fini(struct map *m);

/** Duplicates are allowed: look first. */
void map_insert(struct map *m, struct map_node *node, uint64_t hash);
/** `node` must be in the map. */
void map_remove(struct map *m, struct map_node *node);

/** `node`, in no map, takes the place of `old` under the same hash, also in a walk. */
void map_replace(struct map *m, struct map_node *old, struct map_node *node);

/** First entry with exactly this hash, or NULL. */
struct map_node *map_find(const struct map *m, uint64_t hash);
/** Next entry with the same hash, or NULL. */
struct map_node *map_next(const struct map_node *node);

/**
 * Walk all entries in no order: start with `after` NULL and `*pos` 0, go on with
 * the entry returned last, stop at NULL. `after` must still be in the map, so who
 * removes an entry asks for the one behind it first; none may be inserted.
 */
struct map_node *map_walk(const struct map *m, struct map_node *after, size_t *pos);
