// SPDX-License-Identifier: Apache-2.0
#include "base/map.h"

#include <stdlib.h>

enum { FIRST_SLOTS = 16 };

void map_init(struct map *m)
{
	*m = (struct map){0};
}

void map_fini(struct map *m)
{
	free(m->slots);
	map_init(m);
}

static struct map_node **slot_of(const struct map *m, uint64_t hash)
{
	return &m->slots[hash & (m->n_slots - 1)];
}

/* Bits that slot_of does not use, unless the table is enormous. */
static uint8_t hint_of(uint64_t hash)
{
	return (uint8_t)(1U << (hash >> 61));
}

static uint8_t *hints_of(const struct map *m, uint64_t hash)
{
	return &m->hints[hash & (m->n_slots - 1)];
}

static void link_node(struct map *m, struct map_node *node)
{
	struct map_node **slot = slot_of(m, node->hash);

	node->next = *slot;
	*slot = node;
	*hints_of(m, node->hash) |= hint_of(node->hash);
}

/* One allocation: the slots, and a byte of hints for each behind them. */
static bool alloc_slots(struct map *m, size_t n_slots)
{
	struct map_node **slots = calloc(n_slots, sizeof *slots + sizeof *m->hints);

	if (!slots)
		return false;
	m->slots = slots;
	m->hints = (uint8_t *)(slots + n_slots);
	m->n_slots = n_slots;
	return true;
}

static void grow(struct map *m)
{
	struct map old = *m;

	if (!alloc_slots(m, old.n_slots ? old.n_slots * 2 : FIRST_SLOTS)) {
		/* Longer chains do as well; a map without any table does not. */
		if (old.slots)
			return;
		abort();
	}
	for (size_t i = 0; i < old.n_slots; i++) {
		struct map_node *next;

		for (struct map_node *n = old.slots[i]; n; n = next) {
			next = n->next;
			link_node(m, n);
		}
	}
	free(old.slots);
}

void map_insert(struct map *m, struct map_node *node, uint64_t hash)
{
	if (m->n >= m->n_slots)
		grow(m);
	node->hash = hash;
	link_node(m, node);
	m->n++;
}

static struct map_node **link_to(const struct map *m, const struct map_node *node)
{
	struct map_node **link = slot_of(m, node->hash);

	while (*link != node)
		link = &(*link)->next;
	return link;
}

void map_replace(struct map *m, struct map_node *old, struct map_node *node)
{
	*node = *old;
	*link_to(m, old) = node;
	old->next = NULL;
}

void map_remove(struct map *m, struct map_node *node)
{
	struct map_node **link = link_to(m, node);

	*link = node->next;
	node->next = NULL;
	m->n--;
	/* Bits of a chain that lives on may be of what has gone: a needless look at it, no more. */
	if (!*slot_of(m, node->hash))
		*hints_of(m, node->hash) = 0;
}

static struct map_node *first_with(struct map_node *n, uint64_t hash)
{
	while (n && n->hash != hash)
		n = n->next;
	return n;
}

struct map_node *map_find(const struct map *m, uint64_t hash)
{
	if (!m->n || !(*hints_of(m, hash) & hint_of(hash)))
		return NULL;
	return first_with(*slot_of(m, hash), hash);
}

struct map_node *map_next(const struct map_node *node)
{
	return first_with(node->next, node->hash);
}

struct map_node *map_walk(const struct map *m, struct map_node *after, size_t *pos)
{
	if (after && after->next)
		return after->next;
	while (*pos < m->n_slots) {
		struct map_node *first = m->slots[(*pos)++];

		if (first)
			return first;
	}
	return NULL;
}
