// SPDX-License-Identifier: Apache-2.0
/* All calls of a shard: the tables, and what comes in for one of them. */
#include "call/internal.h"

#include <errno.h>

#include <stdlib.h>

#include "call/cdr.h"

static void reap(struct timer *t, void *arg)
{
	(void)t;
	struct calls *cs = arg;
	list_for_each_safe(it, &cs->dead)
		call_free(container_of(it, struct call, node));
}

/* How many calls a group or queue had on this shard: where a round goes on. One for each group. */
struct turn {
	struct map_node node;
	uint64_t tenant, object, n;
};

uint64_t calls_take_turn(struct calls *cs, uint64_t tenant, uint64_t object)
{
	uint64_t hash = hash_u64(&cs->a.hash_key, object ^ tenant * 0x9e3779b97f4a7c15);
	for (struct map_node *n = map_find(&cs->turns, hash); n; n = map_next(n)) {
		struct turn *t = container_of(n, struct turn, node);
		if (t->tenant == tenant && t->object == object)
			return t->n++;
	}
	struct turn *t = calloc(1, sizeof *t);
	if (!t)
		abort();
	*t = (struct turn){.tenant = tenant, .object = object, .n = 1};
	map_insert(&cs->turns, &t->node, hash);
	return 0;
}

static void turns_fini(struct map *turns)
{
	size_t pos = 0;
	struct map_node *n = map_walk(turns, NULL, &pos);
	while (n) {
		struct turn *t = container_of(n, struct turn, node);
		n = map_walk(turns, n, &pos);
		free(t);
	}
	map_fini(turns);
}

int calls_new(struct calls **out, const struct calls_args *args)
{
	struct calls *c = calloc(1, sizeof *c);
	if (!c)
		return ENOMEM;
	c->a = *args;
	map_init(&c->by_key);
	map_init(&c->by_id);
	map_init(&c->by_dialog);
	map_init(&c->by_stream);
	map_init(&c->turns);
	list_init(&c->all);
	list_init(&c->dead);
	list_init(&c->passings);
	timer_init(&c->reaper, reap, c);
	*out = c;
	return 0;
}

void calls_free(struct calls *c)
{
	if (!c)
		return;
	timer_cancel(c->a.wheel, &c->reaper);
	list_for_each_safe(dead, &c->dead)
		call_free(container_of(dead, struct call, node));
	list_for_each_safe(it, &c->all)
		call_free(container_of(it, struct call, node));
	calls_drop_passings(c);
	map_fini(&c->by_key);
	map_fini(&c->by_id);
	map_fini(&c->by_dialog);
	map_fini(&c->by_stream);
	turns_fini(&c->turns);
	free(c);
}

struct call *call_new_bare(void)
{
	struct call *c = calloc(1, sizeof *c);
	if (!c)
		abort();
	list_init(&c->legs);
	list_init(&c->node);
	timer_init(&c->ring_timer, NULL, NULL);
	timer_init(&c->limit_timer, NULL, NULL);
	timer_init(&c->linger_timer, NULL, NULL);
	timer_init(&c->talk.digit_timer, NULL, NULL);
	return c;
}

struct call *call_alloc(struct calls *cs)
{
	struct call *c = call_new_bare();
	c->calls = cs;
	c->key = ++cs->next_key;
	rng_token(cs->a.rng, c->id, CALL_ID_CHARS);
	map_insert(&cs->by_key, &c->key_node, hash_u64(&cs->a.hash_key, c->key));
	map_insert(&cs->by_id, &c->id_node, hash_str(&cs->a.hash_key, str_z(c->id)));
	list_push_back(&cs->all, &c->node);
	cs->n++;
	return c;
}

void call_free_bare(struct call *c)
{
	struct str *texts[] = {&c->dialled,    &c->caller_name, &c->caller_number,
	                       &c->trace_json, &c->facts_json, &c->best_reason, &c->end_reason};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		text_free(texts[i]);
	tenant_unref(c->tenant);
	call_forget_decision(c);
	free(c);
}

void call_free(struct call *c)
{
	struct calls *cs = c->calls;
	timer_cancel(cs->a.wheel, &c->ring_timer);
	timer_cancel(cs->a.wheel, &c->limit_timer);
	timer_cancel(cs->a.wheel, &c->linger_timer);
	timer_cancel(cs->a.wheel, &c->talk.digit_timer);
	list_for_each_safe(it, &c->legs)
		leg_free(container_of(it, struct leg, node));
	map_remove(&cs->by_key, &c->key_node);
	map_remove(&cs->by_id, &c->id_node);
	list_remove(&c->node);
	cs->n--;
	call_free_bare(c);
}

struct call *call_by_key(const struct calls *cs, uint64_t key)
{
	struct map_node *n = map_find(&cs->by_key, hash_u64(&cs->a.hash_key, key));
	for (; n; n = map_next(n)) {
		struct call *c = container_of(n, struct call, key_node);
		if (c->key == key)
			return c;
	}
	return NULL;
}

static struct call *by_id(const struct calls *cs, struct str id)
{
	struct map_node *n = map_find(&cs->by_id, hash_str(&cs->a.hash_key, id));
	for (; n; n = map_next(n)) {
		struct call *c = container_of(n, struct call, id_node);
		if (str_eq(str_z(c->id), id))
			return c;
	}
	return NULL;
}

size_t calls_count(const struct calls *c)
{
	return c->n;
}

bool calls_request(struct calls *cs, struct strans *st, const struct sip_msg *m,
                   const struct flow *flow)
{
	struct leg *l = leg_find(cs, m->call_id, m->to.tag, m->from.tag);
	if (!l || (l->state == LEG_ENDED && m->method != SIP_BYE))
		return false;
	leg_request(l, st, m, flow);
	return true;
}

void calls_ack(struct calls *cs, const struct sip_msg *m, const struct flow *flow)
{
	struct leg *l = leg_find(cs, m->call_id, m->to.tag, m->from.tag);
	if (!l)
		return;
	if (l->state != LEG_ENDED && dialog_request_in(&l->dlg, m, flow) != 0)
		return;
	leg_ack(l, m);
}

bool calls_hangup(struct calls *cs, uint64_t tenant, struct str id)
{
	struct call *c = by_id(cs, id);
	if (!c || c->state == CALL_ENDING || (tenant && tenant_id(c->tenant) != tenant))
		return false;
	call_end(c, END_SYSTEM, 480, "ended by an operator",
	         STR("SIP;cause=487;text=\"Ended by an operator\""));
	return true;
}

void calls_end_all(struct calls *cs)
{
	list_for_each_safe(it, &cs->all)
		call_end(container_of(it, struct call, node), END_SYSTEM, 480, "the switch is stopping",
		         STR("SIP;cause=503;text=\"Switch stopping\""));
}

void calls_put_json(const struct calls *cs, uint64_t tenant, struct buf *out)
{
	list_for_each(it, (struct list_node *)&cs->all) {
		const struct call *c = container_of(it, struct call, node);
		if (c->state == CALL_ENDING || (tenant && tenant_id(c->tenant) != tenant))
			continue;
		if (out->n && out->p[out->n - 1] == '}')
			buf_ch(out, ',');
		call_put_json(c, out);
	}
}
