// SPDX-License-Identifier: Apache-2.0
#include "service/presence.h"

#include <stdlib.h>

#include "base/list.h"

/* One for each user who was ever in a call: at most as many as there are users. */
struct entry {
	struct map_node node;
	uint64_t tenant, user;
	struct user_presence now;
};

void presence_init(struct presence_table *p, const struct hash_key *key)
{
	*p = (struct presence_table){.key = *key};
	map_init(&p->map);
}

void presence_fini(struct presence_table *p)
{
	size_t pos = 0;
	struct map_node *n = map_walk(&p->map, NULL, &pos);
	while (n) {
		struct entry *e = container_of(n, struct entry, node);
		n = map_walk(&p->map, n, &pos);
		free(e);
	}
	map_fini(&p->map);
}

static uint64_t hash_of(const struct presence_table *p, uint64_t tenant, uint64_t user)
{
	return hash_u64(&p->key, user ^ tenant * 0x9e3779b97f4a7c15);
}

static struct entry *find(const struct presence_table *p, uint64_t tenant, uint64_t user)
{
	for (struct map_node *n = map_find(&p->map, hash_of(p, tenant, user)); n; n = map_next(n)) {
		struct entry *e = container_of(n, struct entry, node);
		if (e->tenant == tenant && e->user == user)
			return e;
	}
	return NULL;
}

void presence_begin(struct presence_table *p, uint64_t tenant, uint64_t user)
{
	struct entry *e = find(p, tenant, user);
	if (!e) {
		e = calloc(1, sizeof *e);
		if (!e)
			abort();
		e->tenant = tenant;
		e->user = user;
		map_insert(&p->map, &e->node, hash_of(p, tenant, user));
	}
	e->now.calls++;
}

void presence_end(struct presence_table *p, uint64_t tenant, uint64_t user, uint64_t ended_ms)
{
	struct entry *e = find(p, tenant, user);
	if (!e || !e->now.calls)
		return;
	e->now.calls--;
	e->now.last_end_ms = ended_ms;
}

struct user_presence presence_of(const struct presence_table *p, uint64_t tenant, uint64_t user)
{
	const struct entry *e = find(p, tenant, user);
	return e ? e->now : (struct user_presence){0};
}
