// SPDX-License-Identifier: Apache-2.0
/*
 * Live state as the writer knows it: for each key where it stands on the disk, and what is to be
 * written next. Values that are written are not kept. One lookup a request.
 */
#include <stdlib.h>

#include "base/rng.h"
#include "store/internal.h"

void live_init(struct live *l)
{
	*l = (struct live){0};
	map_init(&l->map);
	list_init(&l->dirty);
	struct rng rng;
	rng_init(&rng);
	l->hash_key = (struct hash_key){rng_u64(&rng), rng_u64(&rng)};
}

void live_fini(struct live *l)
{
	size_t pos = 0;
	struct map_node *n = map_walk(&l->map, NULL, &pos);
	while (n) {
		struct live_entry *e = container_of(n, struct live_entry, node);
		n = map_walk(&l->map, n, &pos);
		free(e->want);
		free(e);
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
	struct live_entry *e = malloc(sizeof *e + key.n);
	if (!e)
		abort();
	*e = (struct live_entry){.tenant = tenant, .table = table, .key_n = key.n};
	memcpy(e->key, key.p, key.n);
	list_init(&e->dirty);
	map_insert(&l->map, &e->node, hash);
	return e;
}

static void forget(struct live *l, struct live_entry *e)
{
	map_remove(&l->map, &e->node);
	list_remove(&e->dirty);
	free(e->want);
	free(e);
}

static void make_dirty(struct live *l, struct live_entry *e)
{
	if (list_empty(&e->dirty))
		list_push_back(&l->dirty, &e->dirty);
}

void live_add(struct live *l, uint64_t seq, const struct frame_entry *f)
{
	uint64_t hash = hash_of(l, f->tenant, f->table, f->key);
	if (find(l, hash, f->tenant, f->table, f->key))
		return;
	struct live_entry *e = add(l, hash, f->tenant, f->table, f->key);
	e->seq = seq;
	e->bytes = frame_entry_bytes(f);
	l->bytes += e->bytes;
}

void live_put(struct live *l, struct request *put)
{
	uint64_t hash = hash_of(l, put->tenant, put->table, put->key);
	struct live_entry *e = find(l, hash, put->tenant, put->table, put->key);
	if (!e)
		e = add(l, hash, put->tenant, put->table, put->key);
	free(e->want);
	e->want = put;
	make_dirty(l, e);
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
	free(e->want);
	e->want = NULL;
	make_dirty(l, e);
}

void live_move(struct live *l, uint64_t seq, const struct frame_entry *f)
{
	uint64_t hash = hash_of(l, f->tenant, f->table, f->key);
	struct live_entry *e = find(l, hash, f->tenant, f->table, f->key);
	if (!e || e->seq != seq || f->removed || !list_empty(&e->dirty))
		return;
	e->want = request_new(&(struct request){.kind = REQUEST_PUT,
	                                        .table = f->table,
	                                        .tenant = f->tenant,
	                                        .key = f->key,
	                                        .value = f->value});
	make_dirty(l, e);
}

struct frame_entry live_want(const struct live_entry *e)
{
	return (struct frame_entry){
	    .tenant = e->tenant,
	    .table = e->table,
	    .removed = !e->want,
	    .key = {e->key, e->key_n},
	    .value = e->want ? e->want->value : STR_NONE,
	};
}

void live_settle(struct live *l)
{
	list_for_each_safe (n, &l->dirty) {
		struct live_entry *e = container_of(n, struct live_entry, dirty);
		if (e->seq != 0)
			l->bytes -= e->bytes;
		if (!e->want) {
			forget(l, e);
			continue;
		}
		e->seq = e->next_seq;
		e->bytes = e->next_bytes;
		l->bytes += e->bytes;
		free(e->want);
		e->want = NULL;
		list_remove(&e->dirty);
	}
}
