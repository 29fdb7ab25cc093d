// SPDX-License-Identifier: Apache-2.0
/**
 * From a hash to positions in an array that no longer changes: a table of 8 bytes a slot, two
 * thirds full, built once for a known number and then only read. It stores and compares the low
 * 32 bits of the hash; whether the key is the right one looks the caller:
 *
 *     for (size_t at = lookup_first(&l, h); lookup_hit(&l, h, &at); at = lookup_next(&l, at))
 *         if (str_eq(users[lookup_value(&l, at)].extension, key)) ...
 *
 * Since the slots keep all that positions depend on, a larger table can be made of smaller
 * ones without their keys (directory.c).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lookup_slot {
	uint32_t tag;
	uint32_t value; /* + 1; 0: free */
};

struct lookup {
	struct lookup_slot *slots;
	size_t n_slots;
};

/** Slots for `n` entries: always a free one, at which a search ends. */
static inline size_t lookup_slots(size_t n)
{
	return n + n / 2 + 1;
}

/** `zeroed` memory of lookup_slots(n), which stays the caller's. */
static inline void lookup_init(struct lookup *l, struct lookup_slot *zeroed, size_t n)
{
	*l = (struct lookup){zeroed, lookup_slots(n)};
}

/** The tag as a fraction of the table: any size will do, so none of it is wasted. */
static inline size_t lookup_first(const struct lookup *l, uint64_t hash)
{
	return (size_t)((uint64_t)(uint32_t)hash * l->n_slots >> 32);
}

static inline size_t lookup_next(const struct lookup *l, size_t at)
{
	return at + 1 == l->n_slots ? 0 : at + 1;
}

/** Move `*at` to the next slot with this hash; false when there is none, `*at` is a free one then. */
static inline bool lookup_hit(const struct lookup *l, uint64_t hash, size_t *at)
{
	while (l->slots[*at].value && l->slots[*at].tag != (uint32_t)hash)
		*at = lookup_next(l, *at);
	return l->slots[*at].value != 0;
}

static inline uint32_t lookup_value(const struct lookup *l, size_t at)
{
	return l->slots[at].value - 1;
}

/** At most as often as lookup_init was told. */
static inline void lookup_add(struct lookup *l, uint64_t hash, uint32_t value)
{
	size_t at = lookup_first(l, hash);

	while (l->slots[at].value)
		at = lookup_next(l, at);
	l->slots[at] = (struct lookup_slot){(uint32_t)hash, value + 1};
}
