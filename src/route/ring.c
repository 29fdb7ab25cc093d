// SPDX-License-Identifier: Apache-2.0
/* Who rings next: strategies over members, for ring nodes, users' devices and queues. */
#include <stdio.h>

#include "route/internal.h"

enum { NOTED_MEMBERS = 12 }; /* of those that do not ring, so many are told one by one */

static bool had_turn(const struct walk *w, size_t i)
{
	return w->s->ring_done >> i & 1;
}

static size_t members_of(const struct ring_plan *p)
{
	return p->n < ROUTE_MAX_TARGETS ? p->n : ROUTE_MAX_TARGETS;
}

void ring_plan_of_group(struct ring_plan *p, const struct ring_group *g, uint32_t fallback_ms)
{
	*p = (struct ring_plan){
		.members = g->members, .n = g->n_members, .strategy = g->strategy,
		.skip_busy = g->skip_busy, .ring_ms = g->ring_ms ? g->ring_ms : fallback_ms,
		.max_ms = g->max_ms, .object = g->id, .prefix = g->prefix,
	};
}

void ring_ask(struct walk *w, const struct ring_plan *p)
{
	struct route_decision *d = w->out;

	d->action = ROUTE_ASK;
	d->object = p->strategy == RING_ROUND_ROBIN ? p->object : 0;
	for (size_t i = 0; i < members_of(p); i++) {
		const struct target *t = &p->members[i].target;

		if (!had_turn(w, i) && t->kind == TARGET_USER)
			d->users[d->n_users++] = t->id;
	}
}

/* -- who may ring -------------------------------------------------------------------- */

static const struct route_presence *presence_of(const struct walk *w, uint64_t user)
{
	for (size_t i = 0; i < w->f->n_presence; i++) {
		if (w->f->presence[i].user == user)
			return &w->f->presence[i];
	}
	return NULL;
}

/* NULL: it may ring. `*busy`: there is somebody, who just does not want to be rung now. */
static const char *why_not(const struct walk *w, const struct ring_plan *p, size_t i, bool *busy)
{
	const struct target *t = &p->members[i].target;
	const struct user *u = t->kind == TARGET_USER ? tenant_user_by_id(w->t, t->id) : NULL;
	const struct route_presence *there;

	if (t->kind == TARGET_EXTERNAL)
		return "no trunk leads there";
	if (!u)
		return "nobody who could ring";
	if (u->dnd) {
		*busy = true;
		return "does not want to be disturbed";
	}
	there = presence_of(w, u->id);
	if (!there || !there->registered)
		return "no device is registered";
	if (p->skip_busy && there->calls) {
		*busy = true;
		return "is in a call";
	}
	return NULL;
}

struct pick {
	size_t at[ROUTE_MAX_TARGETS]; /* members that may ring, by position */
	size_t n;
};

static void find_members(struct walk *w, const struct ring_plan *p, struct pick *pick, bool *busy)
{
	char text[128];
	size_t lost = 0;

	pick->n = 0;
	for (size_t i = 0; i < members_of(p); i++) {
		const char *why = had_turn(w, i) ? NULL : why_not(w, p, i, busy);

		if (!why && !had_turn(w, i))
			pick->at[pick->n++] = i;
		else if (why && w->tr && ++lost <= NOTED_MEMBERS)
			note_node(w, target_text(w->t, &p->members[i].target, text, sizeof text),
			          STR("lost"), str_z(why));
	}
	if (lost > NOTED_MEMBERS)
		note_nodef(w, STR_NONE, "lost", "and %zu more", lost - NOTED_MEMBERS);
}

/* -- strategies ---------------------------------------------------------------------- */

static size_t by_turn(const struct ring_plan *p, const struct pick *pick, uint64_t turn)
{
	size_t first = (size_t)(turn % members_of(p));

	for (size_t i = 0; i < pick->n; i++) {
		if (pick->at[i] >= first)
			return i;
	}
	return 0;
}

static size_t by_weight(const struct ring_plan *p, const struct pick *pick, uint64_t random)
{
	uint64_t sum = 0, at;

	for (size_t i = 0; i < pick->n; i++)
		sum += p->members[pick->at[i]].weight;
	if (!sum)
		return 0;
	at = random % sum;
	for (size_t i = 0; i < pick->n; i++) {
		uint64_t weight = p->members[pick->at[i]].weight;

		if (at < weight)
			return i;
		at -= weight;
	}
	return 0;
}

static size_t longest_idle(const struct walk *w, const struct ring_plan *p, const struct pick *pick)
{
	uint64_t best_ms = UINT64_MAX;
	size_t best = 0;

	for (size_t i = 0; i < pick->n; i++) {
		uint64_t since =
			presence_of(w, p->members[pick->at[i]].target.id)->idle_since_ms;

		if (since < best_ms) {
			best = i;
			best_ms = since;
		}
	}
	return best;
}

static void choose_tier(const struct ring_plan *p, struct pick *pick)
{
	uint16_t lowest = UINT16_MAX;
	size_t n = 0;

	for (size_t i = 0; i < pick->n; i++) {
		if (p->members[pick->at[i]].tier < lowest)
			lowest = p->members[pick->at[i]].tier;
	}
	for (size_t i = 0; i < pick->n; i++) {
		if (p->members[pick->at[i]].tier == lowest)
			pick->at[n++] = pick->at[i];
	}
	pick->n = n;
}

static void choose(const struct walk *w, const struct ring_plan *p, struct pick *pick)
{
	size_t one = 0;

	switch (p->strategy) {
	case RING_ALL:
		return;
	case RING_TIERS:
		choose_tier(p, pick);
		return;
	case RING_SEQUENCE:
		break;
	case RING_ROUND_ROBIN:
		one = by_turn(p, pick, w->f->turn);
		break;
	case RING_RANDOM:
		one = (size_t)(w->f->random % pick->n);
		break;
	case RING_WEIGHTED:
		one = by_weight(p, pick, w->f->random);
		break;
	case RING_LONGEST_IDLE:
		one = longest_idle(w, p, pick);
		break;
	}
	pick->at[0] = pick->at[one];
	pick->n = 1;
}

/* -- a stage ------------------------------------------------------------------------- */

static const char *const strategy_texts[] = {
	[RING_ALL] = "all at once", [RING_SEQUENCE] = "one after the other",
	[RING_ROUND_ROBIN] = "in turn", [RING_RANDOM] = "at random", [RING_WEIGHTED] = "at random, by weight",
	[RING_LONGEST_IDLE] = "who was idle longest", [RING_TIERS] = "the lowest tier",
};

static void note_stage(struct walk *w, const struct ring_plan *p, const struct pick *pick)
{
	char mem[256];
	struct buf who;

	if (!w->tr)
		return;
	buf_init_fixed(&who, mem, sizeof mem);
	for (size_t i = 0; i < pick->n && who.n + 40 < sizeof mem; i++) {
		buf_printf(&who, i ? ", " : "");
		buf_str(&who, str_sub(tenant_target_key(w->t, &p->members[pick->at[i]].target), 0, 32));
	}
	note_nodef(w, buf_view(&who), "rings", "%zu of %zu, %s", pick->n, members_of(p),
	           strategy_texts[p->strategy]);
}

enum ring_stage ring_choose(struct walk *w, const struct ring_plan *p)
{
	bool busy = false;
	struct pick pick;

	find_members(w, p, &pick, &busy);
	w->s->ring_now = 0;
	if (!pick.n)
		return busy ? STAGE_BUSY : STAGE_NOBODY;
	choose(w, p, &pick);
	for (size_t i = 0; i < pick.n; i++)
		w->s->ring_now |= (uint64_t)1 << pick.at[i];
	note_stage(w, p, &pick);
	return STAGE_RINGS;
}

static uint32_t stage_ms(const struct walk *w, const struct ring_plan *p)
{
	uint64_t gone = w->f->at_ms > w->s->ring_since_ms ? w->f->at_ms - w->s->ring_since_ms : 0;
	uint32_t ms = p->ring_ms;

	for (size_t i = 0; i < members_of(p); i++) /* alone: its own time */
		if (w->s->ring_now == (uint64_t)1 << i && p->members[i].ring_ms)
			ms = p->members[i].ring_ms;
	if (p->max_ms && gone + ms > p->max_ms)
		ms = gone < p->max_ms ? (uint32_t)(p->max_ms - gone) : 1000;
	return ms;
}

void ring_emit(struct walk *w, const struct ring_plan *p)
{
	struct route_decision *d = w->out;

	d->action = ROUTE_RING;
	for (size_t i = 0; i < members_of(p); i++) {
		if (w->s->ring_now >> i & 1)
			d->users[d->n_users++] = p->members[i].target.id;
	}
	d->ring_ms = stage_ms(w, p);
	d->prefix = p->prefix;
	d->in_order = p->in_order;
	d->screen = p->screen;
	d->withheld = w->s->flags & STATE_WITHHELD;
	d->object = p->object;
}

bool ring_goes_on(struct walk *w, const struct ring_plan *p)
{
	uint64_t all = members_of(p) == 64 ? UINT64_MAX : ((uint64_t)1 << members_of(p)) - 1;

	w->s->ring_done |= w->s->ring_now;
	w->s->ring_now = 0;
	if ((w->s->ring_done & all) == all || p->strategy == RING_ALL)
		return false;
	if (p->max_ms && w->f->at_ms >= w->s->ring_since_ms + p->max_ms) {
		note_node(w, STR_NONE, STR("passed"), STR("the time for all of them is over"));
		return false;
	}
	return true;
}
