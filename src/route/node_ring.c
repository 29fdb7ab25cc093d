// SPDX-License-Identifier: Apache-2.0
/* Ringing people, in stages. Each stage asks who is there, and rings those that the strategy says. */
#include "route/internal.h"

enum { PLAYING, ASKING, RINGING, CONNECTED };

static uint32_t default_ms(const struct walk *w, const struct user *u)
{
	return u && u->ring_ms ? u->ring_ms : w->f->ring_ms ? w->f->ring_ms : 25000;
}

/* A user's own node rings as the user says. */
static void plan_as_user(const struct walk *w, struct ring_plan *p)
{
	const struct user *u =
		w->frame->kind == TARGET_USER ? tenant_user_by_id(w->t, w->frame->id) : NULL;

	if (u) {
		p->screen = u->screen;
		p->in_order = u->ring_in_order;
	}
	p->ring_ms = default_ms(w, u);
}

static void plan_of(const struct walk *w, struct ring_plan *p)
{
	const struct flow_node *n = w->node;
	const struct ring_group *g =
		flow_has(n, F_RING_GROUP) ? tenant_ring_group(w->t, flow_target(n, F_RING_GROUP).id) : NULL;

	*p = (struct ring_plan){0};
	if (g) {
		ring_plan_of_group(p, g, default_ms(w, NULL));
	} else {
		p->members = flow_list(n, F_RING_MEMBERS, &p->n);
		plan_as_user(w, p);
	}
	if (flow_has(n, F_RING_STRATEGY))
		p->strategy = (enum ring_strategy)flow_number(n, F_RING_STRATEGY);
	if (flow_has(n, F_RING_RING_S))
		p->ring_ms = (uint32_t)flow_number(n, F_RING_RING_S) * 1000;
	if (flow_has(n, F_RING_SKIP_BUSY))
		p->skip_busy = flow_number(n, F_RING_SKIP_BUSY);
	if (flow_has(n, F_RING_PREFIX))
		p->prefix = flow_text(n, F_RING_PREFIX);
}

/* What the node as a whole came to: who rang out says more than who was busy, or not there. */
static struct verdict come_out(struct walk *w)
{
	switch ((enum route_outcome)w->s->outcome) {
	case OUTCOME_NO_ANSWER:
		return go(w, X_RING_NO_ANSWER, X_RING_NO_ANSWER, STR_NONE,
		          STR("rang, and nobody answered in time"));
	case OUTCOME_BUSY:
		return go(w, X_RING_BUSY, X_RING_NO_ANSWER, STR_NONE, STR("busy, or declined"));
	default:
		set_outcome(w, OUTCOME_UNAVAILABLE, w->s->status);
		return go(w, X_RING_UNAVAILABLE, X_RING_NO_ANSWER, STR_NONE,
		          STR("no device could be reached"));
	}
}

static void remember(struct walk *w, enum route_outcome o, uint16_t status)
{
	static const uint8_t says[] = {[OUTCOME_UNAVAILABLE] = 1, [OUTCOME_BUSY] = 2,
	                               [OUTCOME_NO_ANSWER] = 3};
	uint8_t before = w->s->outcome <= OUTCOME_UNAVAILABLE ? says[w->s->outcome] : 0;

	if (says[o] >= before)
		set_outcome(w, o, status);
}

static bool anybody_to_ask(const struct ring_plan *p)
{
	for (size_t i = 0; i < p->n && i < ROUTE_MAX_TARGETS; i++) {
		if (p->members[i].target.kind == TARGET_USER)
			return true;
	}
	return false;
}

static struct verdict chosen(struct walk *w, const struct ring_plan *p)
{
	switch (ring_choose(w, p)) {
	case STAGE_RINGS:
		w->frame->phase = RINGING;
		return wait_event();
	case STAGE_BUSY:
		remember(w, OUTCOME_BUSY, 486);
		break;
	case STAGE_NOBODY:
		remember(w, OUTCOME_UNAVAILABLE, 480);
		break;
	}
	return come_out(w);
}

static struct verdict ask(struct walk *w)
{
	struct ring_plan p;

	plan_of(w, &p);
	w->frame->phase = ASKING;
	return anybody_to_ask(&p) ? wait_event() : chosen(w, &p);
}

static struct verdict enter(struct walk *w)
{
	w->s->ring_done = w->s->ring_now = 0;
	w->s->ring_since_ms = w->f->at_ms;
	set_outcome(w, OUTCOME_NONE, 0);
	if (!flow_has(w->node, F_RING_ITEMS))
		return ask(w);
	note_node(w, STR_NONE, STR("waits"), STR("the caller hears an announcement first"));
	w->frame->phase = PLAYING;
	return wait_event();
}

static void emit(struct walk *w)
{
	struct ring_plan p;

	plan_of(w, &p);
	p.prefix = expand(w, p.prefix);
	if (w->frame->phase == PLAYING) {
		w->out->action = ROUTE_PLAY;
		put_field_items(w, F_RING_ITEMS);
	} else if (w->frame->phase == ASKING) {
		ring_ask(w, &p);
	} else if (w->frame->phase == RINGING) {
		ring_emit(w, &p);
	} else {
		w->out->action = ROUTE_CONNECT;
	}
}

static struct verdict next_stage(struct walk *w)
{
	struct ring_plan p;

	plan_of(w, &p);
	return ring_goes_on(w, &p) ? ask(w) : come_out(w);
}

static struct verdict rang(struct walk *w)
{
	uint16_t failed = w->f->failed_status >= 300 && w->f->failed_status < 700 ? w->f->failed_status : 0;

	switch (w->f->event) {
	case ROUTE_RANG_OUT:
		note_node(w, STR_NONE, STR("no-answer"), STR("rang, and nobody answered in time"));
		remember(w, OUTCOME_NO_ANSWER, 480);
		return next_stage(w);
	case ROUTE_BUSY:
		note_nodef(w, STR_NONE, "busy", "declined or busy: %u", failed);
		remember(w, OUTCOME_BUSY, failed ? failed : 486);
		return next_stage(w);
	case ROUTE_UNREACHABLE:
		note_nodef(w, STR_NONE, "unreachable", "no device could be reached: %u", failed);
		remember(w, OUTCOME_UNAVAILABLE, failed ? failed : 480);
		return next_stage(w);
	case ROUTE_SCREENED:
		note_node(w, STR_NONE, w->f->ok ? STR("accepted") : STR("refused"),
		          STR("who answered was asked whether to take the call"));
		if (w->f->ok) {
			w->frame->phase = CONNECTED;
			return wait_event();
		}
		remember(w, OUTCOME_BUSY, 486);
		return next_stage(w);
	default:
		return wait_event();
	}
}

static struct verdict event(struct walk *w)
{
	struct ring_plan p;

	if (w->frame->phase == PLAYING && w->f->event == ROUTE_DONE)
		return ask(w);
	if (w->frame->phase == ASKING && w->f->event == ROUTE_PRESENCE) {
		plan_of(w, &p);
		return chosen(w, &p);
	}
	return w->frame->phase == RINGING ? rang(w) : wait_event();
}

/* Where a phone had sent the call gave it back. */
static struct verdict back(struct walk *w)
{
	if (w->s->outcome == OUTCOME_NONE || w->s->outcome == OUTCOME_DONE)
		return leave(w, (enum route_outcome)w->s->outcome, w->s->status);
	if (w->s->outcome == OUTCOME_FAILED)
		set_outcome(w, OUTCOME_UNAVAILABLE, w->s->status);
	return come_out(w);
}

const struct route_node route_node_ring = {
	.enter = enter, .event = event, .emit = emit, .back = back};
