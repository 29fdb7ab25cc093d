// SPDX-License-Identifier: Apache-2.0
#include "base/map.h"

#include <stdlib.h>

enum {
	FIRST_SLOTS = 16,
	MOVE_SLOTS = 4, /* with each insertion; 2 would be done before the next doubling, too */
};

void map_init(struct map *m)
{
	*m = (struct map){0};
}

void map_fini(struct map *m)
{
	free(m->table.slots);
	free(m->old.slots);
	map_init(m);
}

static size_t index_of(const struct map_table *t, uint64_t hash)
{
	return hash & (t->n_slots - 1);
}

/* Bits that index_of does not use, unless the table is enormous. */
static uint8_t hint_of(uint64_t hash)
{
	return (uint8_t)(1U << (hash >> 61));
}

/* Where all entries with this hash are. */
static const struct map_table *table_of(const struct map *m, uint64_t hash)
{
	return m->old.slots && index_of(&m->old, hash) >= m->moved ? &m->old : &m->table;
}

static void link_node(const struct map_table *t, struct map_node *node)
{
	size_t i = index_of(t, node->hash);

	node->next = t->slots[i];
	t->slots[i] = node;
	t->hints[i] |= hint_of(node->hash);
}

/* One allocation: the slots, and a byte of hints for each behind them. */
static bool alloc_table(struct map_table *t, size_t n_slots)
{
	struct map_node **slots = calloc(n_slots, sizeof *slots + sizeof *t->hints);

	if (!slots)
		return false;
	*t = (struct map_table){slots, (uint8_t *)(slots + n_slots), n_slots};
	return true;
}

static void move_slot(struct map *m)
{
	struct map_node *next, *n = m->old.slots[m->moved];

	m->old.slots[m->moved++] = NULL; /* for map_walk */
	for (; n; n = next) {
		next = n->next;
		link_node(&m->table, n);
	}
}

static void move_some(struct map *m)
{
	for (size_t i = 0; i < MOVE_SLOTS && m->moved < m->old.n_slots; i++)
		move_slot(m);
	if (m->moved < m->old.n_slots)
		return;
	free(m->old.slots);
	m->old = (struct map_table){0};
}

static void grow(struct map *m)
{
	struct map_table larger;

	if (!alloc_table(&larger, m->table.n_slots ? m->table.n_slots * 2 : FIRST_SLOTS)) {
		/* Longer chains do as well; a map without any table does not. */
		if (m->table.slots)
			return;
		abort();
	}
	m->old = m->table;
	m->table = larger;
	m->moved = 0;
}

void map_insert(struct map *m, struct map_node *node, uint64_t hash)
{
	if (m->old.slots)
		move_some(m);
	else if (m->n >= m->table.n_slots)
		grow(m);
	node->hash = hash;
	link_node(table_of(m, hash), node);
	m->n++;
}

static struct map_node **link_to(const struct map_table *t, const struct map_node *node)
{
	struct map_node **link = &t->slots[index_of(t, node->hash)];

	while (*link != node)
		link = &(*link)->next;
	return link;
}

void map_replace(struct map *m, struct map_node *old, struct map_node *node)
{
	*node = *old;
	*link_to(table_of(m, old->hash), old) = node;
	old->next = NULL;
}

void map_remove(struct map *m, struct map_node *node)
{
	const struct map_table *t = table_of(m, node->hash);
	size_t i = index_of(t, node->hash);

	*link_to(t, node) = node->next;
	node->next = NULL;
	m->n--;
	/* Bits of a chain that lives on may be of what has gone: a needless look at it, no more. */
	if (!t->slots[i])
		t->hints[i] = 0;
}

static struct map_node *first_with(struct map_node *n, uint64_t hash)
{
	while (n && n->hash != hash)
		n = n->next;
	return n;
}

struct map_node *map_find(const struct map *m, uint64_t hash)
{
	const struct map_table *t = table_of(m, hash);
	size_t i = index_of(t, hash);

	if (!m->n || !(t->hints[i] & hint_of(hash)))
		return NULL;
	return first_with(t->slots[i], hash);
}

struct map_node *map_next(const struct map_node *node)
{
	return first_with(node->next, node->hash);
}

/* First the old table, then the new one behind it: nothing moves while somebody walks. */
struct map_node *map_walk(const struct map *m, struct map_node *after, size_t *pos)
{
	size_t n_old = m->old.n_slots;

	if (after && after->next)
		return after->next;
	while (*pos < n_old + m->table.n_slots) {
		size_t i = (*pos)++;
		struct map_node *first = i < n_old ? m->old.slots[i] : m->table.slots[i - n_old];

		if (first)
			return first;
	}
	return NULL;
}
