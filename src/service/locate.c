// SPDX-License-Identifier: Apache-2.0
#include "service/locate.h"

#include <stdlib.h>

/** First how much there is, then the copy: one block, whatever its size. */
struct gather {
	size_t n, text;
	struct call_target *targets; /* NULL while counting */
	char *at;
	uint64_t user;
};

static struct str keep(struct gather *g, struct str s)
{
	struct str out = {g->at, s.n};
	if (s.n)
		memcpy(g->at, s.p, s.n);
	g->at += s.n;
	return out;
}

static void take(const struct binding_set *b, struct binding *handle, void *arg)
{
	(void)handle;
	struct gather *g = arg;
	if (g->n == SHARD_MAX_TARGETS)
		return;
	if (g->targets)
		g->targets[g->n] = (struct call_target){
			.user = b->key.user,
			.device = b->key.device,
			.flow = b->flow,
			.contact = keep(g, b->key.contact),
			.routes = keep(g, b->path),
		};
	g->text += b->key.contact.n + b->path.n;
	g->n++;
}

struct mail_located *locate_users(struct location *l, const struct presence_table *p,
                                  const struct locate_for *who, uint64_t tenant,
                                  const uint64_t *users, size_t n)
{
	struct gather g = {0};
	for (size_t i = 0; i < n; i++)
		location_each(l, tenant, users[i], 0, take, &g);
	struct mail_located *m = malloc(sizeof *m + n * sizeof *m->presence +
	                                g.n * sizeof *m->targets + g.text);
	if (!m)
		abort();
	*m = (struct mail_located){
		.mail.kind = SHARD_LOCATED, .who = *who, .n_presence = n, .n_targets = g.n};
	m->targets = (struct call_target *)(void *)m->room;
	m->presence = (struct route_presence *)(void *)(m->targets + g.n);
	g = (struct gather){.targets = m->targets, .at = (char *)(m->presence + n)};
	for (size_t i = 0; i < n; i++) {
		location_each(l, tenant, users[i], 0, take, &g);
		struct user_presence now = presence_of(p, tenant, users[i]);
		m->presence[i] = (struct route_presence){
			.user = users[i],
			.registered = location_count(l, tenant, users[i], 0),
			.calls = now.calls,
			.idle_since_ms = now.last_end_ms,
		};
	}
	return m;
}

/* -- answers of several shards --------------------------------------------------------- */

struct gathered {
	struct list_node node;
	uint32_t serial;
	size_t n, parts;
	struct mail_located *part[]; /* those that are there */
};

void gathers_init(struct gathers *g)
{
	*g = (struct gathers){0};
	list_init(&g->list);
}

static void gather_free(struct gathered *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->part[i]);
	free(g);
}

void gathers_fini(struct gathers *g)
{
	list_for_each_safe(it, &g->list)
		gather_free(container_of(it, struct gathered, node));
}

uint32_t gather_begin(struct gathers *gs, size_t parts)
{
	struct gathered *g = calloc(1, sizeof *g + parts * sizeof *g->part);
	if (!g)
		abort();
	if (++gs->last == 0)
		gs->last = 1;
	g->serial = gs->last;
	g->parts = parts;
	list_push_back(&gs->list, &g->node);
	return g->serial;
}

static struct gathered *find(const struct gathers *gs, uint32_t serial)
{
	list_for_each(it, (struct list_node *)&gs->list) {
		struct gathered *g = container_of(it, struct gathered, node);
		if (g->serial == serial)
			return g;
	}
	return NULL;
}

/** The parts stay as they are: texts of the targets lie in them. */
static struct mail_located *put_together(const struct gathered *g)
{
	size_t n_presence = 0, n_targets = 0;
	for (size_t i = 0; i < g->n; i++) {
		n_presence += g->part[i]->n_presence;
		n_targets += g->part[i]->n_targets;
	}
	struct mail_located *m = malloc(sizeof *m + n_presence * sizeof *m->presence +
	                                n_targets * sizeof *m->targets);
	if (!m)
		abort();
	*m = (struct mail_located){.mail.kind = SHARD_LOCATED, .who = g->part[0]->who};
	m->targets = (struct call_target *)(void *)m->room;
	m->presence = (struct route_presence *)(void *)(m->targets + n_targets);
	for (size_t i = 0; i < g->n; i++) {
		const struct mail_located *p = g->part[i];
		for (size_t k = 0; k < p->n_presence; k++)
			m->presence[m->n_presence++] = p->presence[k];
		for (size_t k = 0; k < p->n_targets && m->n_targets < SHARD_MAX_TARGETS; k++)
			m->targets[m->n_targets++] = p->targets[k];
	}
	return m;
}

struct mail_located *gather_take(struct gathers *gs, struct mail_located *m, struct gathered **whole)
{
	struct gathered *g = find(gs, m->who.gather);
	if (!g) {
		free(m);
		return NULL;
	}
	g->part[g->n++] = m;
	if (g->n < g->parts)
		return NULL;
	list_remove(&g->node);
	*whole = g;
	return put_together(g);
}

void gather_end(struct gathered *whole, struct mail_located *m)
{
	gather_free(whole);
	free(m);
}
