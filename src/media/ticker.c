// SPDX-License-Identifier: Apache-2.0
#include "media/ticker.h"

enum {
	MAX_BEHIND_MS = 200,
	SHARE = 16, /* units that share a phase before another one is used */
};

/** In which order phases are put to use: each as far as can be from those before. */
static const uint8_t order[TICK_MS] = {0, 10, 5, 15, 2, 12, 7, 17, 3, 13,
                                       8, 18, 1, 11, 6, 16, 4, 14, 9, 19};

void ticker_init(struct ticker *t, uint64_t now_ms)
{
	*t = (struct ticker){.done_ms = now_ms};
	for (size_t i = 0; i < TICK_MS; i++)
		list_init(&t->phases[i]);
}

void tick_unit_init(struct tick_unit *u, tick_fn *fn)
{
	*u = (struct tick_unit){.fn = fn};
	list_init(&u->node);
}

static uint8_t choose_phase(const struct ticker *t)
{
	uint8_t best = order[0];
	for (size_t i = 0; i < TICK_MS; i++) {
		uint8_t p = order[i];
		if (t->load[p] < SHARE)
			return p;
		if (t->load[p] < t->load[best])
			best = p;
	}
	return best;
}

void tick_on(struct ticker *t, struct tick_unit *u)
{
	if (tick_is_on(u))
		return;
	u->phase = choose_phase(t);
	t->load[u->phase]++;
	t->n++;
	list_push_back(&t->phases[u->phase], &u->node);
}

void tick_off(struct ticker *t, struct tick_unit *u)
{
	if (!tick_is_on(u))
		return;
	list_remove(&u->node);
	t->load[u->phase]--;
	t->n--;
}

uint64_t ticker_next_ms(const struct ticker *t)
{
	if (t->n == 0)
		return UINT64_MAX;
	uint64_t ms = t->done_ms + 1;
	while (t->load[ms % TICK_MS] == 0)
		ms++;
	return ms;
}

/** Units may be put on and off meanwhile: those still to run stand in a list of their own. */
static void run_phase(struct ticker *t, uint64_t ms, void *arg)
{
	struct list_node *phase = &t->phases[ms % TICK_MS], todo;
	list_init(&todo);
	for (struct list_node *n; (n = list_first(phase));) {
		list_remove(n);
		list_push_back(&todo, n);
	}
	for (struct list_node *n; (n = list_first(&todo));) {
		list_remove(n);
		list_push_back(phase, n);
		struct tick_unit *u = container_of(n, struct tick_unit, node);
		u->fn(u, ms / TICK_MS, ms, arg);
	}
}

void ticker_run(struct ticker *t, uint64_t now_ms, void *arg)
{
	if (t->n && now_ms > t->done_ms + MAX_BEHIND_MS) {
		t->skipped += (now_ms - t->done_ms - MAX_BEHIND_MS) / TICK_MS + 1;
		t->done_ms = now_ms - MAX_BEHIND_MS;
	}
	if (t->n == 0)
		t->done_ms = now_ms > t->done_ms ? now_ms : t->done_ms;
	while (t->done_ms < now_ms) {
		uint64_t ms = ++t->done_ms;
		if (t->load[ms % TICK_MS])
			run_phase(t, ms, arg);
	}
}
