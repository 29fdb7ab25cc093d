// SPDX-License-Identifier: Apache-2.0
/*
 * Live state as the writer knows it: for each key where it stands on the disk, and what is to be
 * written next. Values that are written are not kept. One lookup a request.
 */
#include <stddef.h>
#include <stdlib.h>

#include "base/rng.h"
#include "store/internal.h"

void live_init(struct live *l)
{
	*l = (struct live){0};
	map_init(&l->map);
	list_init(&l->changes);
	struct rng rng;
	rng_init(&rng);
	l->hash_key = (struct hash_key){rng_u64(&rng), rng_u64(&rng)};
}

static void drop_change(struct live_entry *e)
{
	if (!e->change)
		return;
	list_remove(&e->change->node);
	free(e->change->put);
	free(e->change);
	e->change = NULL;
}

static void entry_free(struct live_entry *e)
{
	drop_change(e);
	free(e);
}

void live_fini(struct live *l)
{
	size_t pos = 0;
	struct map_node *n = map_walk(&l->map, NULL, &pos);
	while (n) {
		struct live_entry *e = container_of(n, struct live_entry, node);
		n = map_walk(&l->map, n, &pos);
		entry_free(e);
	}
	map_fini(&l->map);
}

static uint64_t hash_of(const struct live *l, uint64_t tenant, enum store_table table,
                        struct str key)
{
	return hash_str(&l->hash_key, key) ^
	       (tenant * STORE_TABLES + (uint64_t)table) * 0x9e3779b97f4a7c15;
}

static struct live_entry *find(const struct live *l, uint64_t hash, uint64_t tenant,
                               enum store_table table, struct str key)
{
	for (struct map_node *n = map_find(&l->map, hash); n; n = map_next(n)) {
		struct live_entry *e = container_of(n, struct live_entry, node);
		if (e->tenant == tenant && e->table == table &&
		    str_eq((struct str){e->key, e->key_n}, key))
			return e;
	}
	return NULL;
}

static struct live_entry *add(struct live *l, uint64_t hash, uint64_t tenant,
                              enum store_table table, struct str key)
{
	struct live_entry *e = malloc(offsetof(struct live_entry, key) + key.n);
	if (!e)
		abort();
	e->change = NULL;
	e->seq = 0;
	e->tenant = tenant;
	e->bytes = 0;
	e->key_n = (uint16_t)key.n; /* at most STORE_MAX_KEY */
	e->table = (uint8_t)table;
	memcpy(e->key, key.p, key.n);
	map_insert(&l->map, &e->node, hash);
	return e;
}

static void forget(struct live *l, struct live_entry *e)
{
	map_remove(&l->map, &e->node);
	entry_free(e);
}

/** Takes `put` over; NULL: its removal. */
static void change(struct live *l, struct live_entry *e, struct request *put)
{
	if (!e->change) {
		e->change = calloc(1, sizeof *e->change);
		if (!e->change)
			abort();
		e->change->entry = e;
		list_push_back(&l->changes, &e->change->node);
	}
	free(e->change->put);
	e->change->put = put;
}

void live_add(struct live *l, uint64_t seq, const struct frame_entry *f)
{
	uint64_t hash = hash_of(l, f->tenant, f->table, f->key);
	if (find(l, hash, f->tenant, f->table, f->key))
		return;
	struct live_entry *e = add(l, hash, f->tenant, f->table, f->key);
	e->seq = seq;
	e->bytes = (uint32_t)frame_entry_bytes(f);
	l->bytes += e->bytes;
}

void live_put(struct live *l, struct request *put)
{
	uint64_t hash = hash_of(l, put->tenant, put->table, put->key);
	struct live_entry *e = find(l, hash, put->tenant, put->table, put->key);
	if (!e)
		e = add(l, hash, put->tenant, put->table, put->key);
	change(l, e, put);
}

void live_delete(struct live *l, uint64_t tenant, enum store_table table, struct str key)
{
	uint64_t hash = hash_of(l, tenant, table, key);
	struct live_entry *e = find(l, hash, tenant, table, key);
	if (!e)
		return;
	if (e->seq == 0) { /* came and went within a batch: the disk never hears of it */
		forget(l, e);
		return;
	}
	change(l, e, NULL);
}

void live_move(struct live *l, uint64_t seq, const struct frame_entry *f)
{
	uint64_t hash = hash_of(l, f->tenant, f->table, f->key);
	struct live_entry *e = find(l, hash, f->tenant, f->table, f->key);
	if (!e || e->seq != seq || f->removed || e->change)
		return;
	change(l, e,
	       request_new(&(struct request){.kind = REQUEST_PUT,
	                                     .table = f->table,
	                                     .tenant = f->tenant,
	                                     .key = f->key,
	                                     .value = f->value}));
}

struct frame_entry live_frame_entry(const struct live_change *c)
{
	const struct live_entry *e = c->entry;
	return (struct frame_entry){
	    .tenant = e->tenant,
	    .table = (enum store_table)e->table,
	    .removed = !c->put,
	    .key = {e->key, e->key_n},
	    .value = c->put ? c->put->value : STR_NONE,
	};
}

void live_settle(struct live *l)
{
	list_for_each_safe (n, &l->changes) {
		struct live_change *c = container_of(n, struct live_change, node);
		struct live_entry *e = c->entry;
		if (e->seq != 0)
			l->bytes -= e->bytes;
		if (!c->put) {
			forget(l, e);
			continue;
		}
		e->seq = c->seq;
		e->bytes = (uint32_t)c->bytes;
		l->bytes += e->bytes;
		drop_change(e);
	}
}
