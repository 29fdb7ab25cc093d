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

struct mail_located *locate_users(struct location *l, const struct locate_for *who, uint64_t tenant,
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
		m->presence[i] = (struct route_presence){
			.user = users[i], .registered = location_count(l, tenant, users[i], 0)};
	}
	return m;
}
