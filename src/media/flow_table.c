// SPDX-License-Identifier: Apache-2.0
#include "media/flow_table.h"

#include <stdlib.h>

/** `flow` is an index plus one; 0: empty. The hash saves most looks at the flow itself. */
struct flow_slot {
	uint32_t hash;
	uint32_t flow;
};

_Static_assert(sizeof(struct flow_key) == 24, "hashed as bytes");
_Static_assert(sizeof(struct flow) <= 128, "two cache lines");

static uint32_t hash_of(const struct flow_table *t, const struct flow_key *key)
{
	return (uint32_t)hash_bytes(&t->hash, key, sizeof *key);
}

static uint32_t slot_count(uint32_t max)
{
	uint32_t n = 16;
	while (n < 2 * max)
		n *= 2;
	return n;
}

void flow_table_init(struct flow_table *t, uint32_t max, const struct hash_key *key)
{
	uint32_t n_slots = slot_count(max);
	*t = (struct flow_table){
	    .hash = *key, .mask = n_slots - 1, .max = max, .free_head = FLOW_NONE};
	t->slots = calloc(n_slots, sizeof *t->slots);
	t->flows = calloc(max, sizeof *t->flows);
	if (!t->slots || !t->flows)
		abort();
}

void flow_table_fini(struct flow_table *t)
{
	free(t->slots);
	free(t->flows);
	*t = (struct flow_table){0};
}

/** The slot that holds `key`, or the empty one where it belongs. */
static struct flow_slot *slot_of(const struct flow_table *t, const struct flow_key *key,
                                 uint32_t hash)
{
	for (uint32_t i = hash & t->mask;; i = (i + 1) & t->mask) {
		struct flow_slot *s = &t->slots[i];
		if (s->flow == 0)
			return s;
		if (s->hash == hash && memcmp(&t->flows[s->flow - 1].key, key, sizeof *key) == 0)
			return s;
	}
}

struct flow *flow_find(const struct flow_table *t, const struct flow_key *key)
{
	const struct flow_slot *s = slot_of(t, key, hash_of(t, key));
	return s->flow ? &t->flows[s->flow - 1] : NULL;
}

uint32_t flow_prefetch_slot(const struct flow_table *t, const struct flow_key *key)
{
	uint32_t hash = hash_of(t, key);
	__builtin_prefetch(&t->slots[hash & t->mask]);
	return hash;
}

const struct flow *flow_prefetch(const struct flow_table *t, uint32_t hash)
{
	uint32_t i = hash & t->mask;
	while (t->slots[i].flow && t->slots[i].hash != hash)
		i = (i + 1) & t->mask;
	if (t->slots[i].flow == 0)
		return NULL;
	const struct flow *f = &t->flows[t->slots[i].flow - 1];
	__builtin_prefetch(f);
	__builtin_prefetch((const char *)f + 64);
	return f;
}

static uint32_t take_flow(struct flow_table *t)
{
	if (t->free_head == FLOW_NONE)
		return t->fresh++;
	uint32_t i = t->free_head;
	t->free_head = t->flows[i].sink;
	return i;
}

struct flow *flow_insert(struct flow_table *t, const struct flow_key *key)
{
	uint32_t hash = hash_of(t, key);
	struct flow_slot *s = slot_of(t, key, hash);
	if (s->flow || t->n == t->max)
		return NULL;
	uint32_t i = take_flow(t);
	*s = (struct flow_slot){.hash = hash, .flow = i + 1};
	t->flows[i] = (struct flow){.key = *key, .sink = FLOW_NONE, .dtmf_pt = 255};
	t->n++;
	return &t->flows[i];
}

/** Close the gap at `hole`: what stands behind it in its run moves up, so no tombstones. */
static void close_gap(struct flow_table *t, uint32_t hole)
{
	for (uint32_t i = (hole + 1) & t->mask; t->slots[i].flow; i = (i + 1) & t->mask) {
		uint32_t home = t->slots[i].hash & t->mask;
		if (((i - home) & t->mask) < ((i - hole) & t->mask))
			continue;
		t->slots[hole] = t->slots[i];
		hole = i;
	}
	t->slots[hole] = (struct flow_slot){0};
}

void flow_remove(struct flow_table *t, struct flow *f)
{
	struct flow_slot *s = slot_of(t, &f->key, hash_of(t, &f->key));
	close_gap(t, (uint32_t)(s - t->slots));
	f->sink = t->free_head;
	t->free_head = flow_index(t, f);
	t->n--;
}
