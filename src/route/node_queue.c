// SPDX-License-Identifier: Apache-2.0
/* Waiting in line; whose turn it is rings its members, and keeps the place when none answers. */
#include "route/internal.h"

enum { WAITING, ASKING, RINGING };

static const struct call_queue *queue_of(const struct walk *w)
{
	return tenant_queue(w->t, flow_target(w->node, F_QUEUE_QUEUE).id);
}

static void plan_of(const struct walk *w, struct ring_plan *p)
{
	const struct call_queue *q = queue_of(w);

	*p = (struct ring_plan){.skip_busy = true};
	if (!q)
		return;
	p->members = q->members;
	p->n = q->n_members;
	p->strategy = q->strategy;
	p->ring_ms = q->ring_ms ? q->ring_ms : w->f->ring_ms ? w->f->ring_ms : 25000;
	p->object = q->id;
}

static struct verdict enter(struct walk *w)
{
	const struct call_queue *q = queue_of(w);

	if (!q || !q->n_members)
		return go(w, X_QUEUE_UNAVAILABLE, X_QUEUE_TIMEOUT, STR_NONE, STR("nobody serves the queue"));
	note_node(w, q->name, STR("waits"), STR("until it is the caller's turn"));
	return wait_event();
}

static void emit(struct walk *w)
{
	struct route_decision *d = w->out;
	struct ring_plan p;

	plan_of(w, &p);
	if (w->frame->phase == ASKING) {
		ring_ask(w, &p);
	} else if (w->frame->phase == RINGING) {
		ring_emit(w, &p);
	} else {
		d->action = ROUTE_QUEUE;
		d->object = flow_target(w->node, F_QUEUE_QUEUE).id;
		d->wait_ms = (uint32_t)flow_number(w->node, F_QUEUE_WAIT_S) * 1000;
		d->language = keep_text(d, language_of(w));
	}
}

static struct verdict turn(struct walk *w)
{
	w->s->ring_done = w->s->ring_now = 0;
	w->s->ring_since_ms = w->f->at_ms;
	w->frame->phase = ASKING;
	return wait_event();
}

static struct verdict chosen(struct walk *w)
{
	struct ring_plan p;

	plan_of(w, &p);
	w->frame->phase = ring_choose(w, &p) == STAGE_RINGS ? RINGING : WAITING;
	return wait_event();
}

static struct verdict rang(struct walk *w, const char *what)
{
	struct ring_plan p;

	plan_of(w, &p);
	note_node(w, STR_NONE, str_z(what), STR("the caller keeps the place in the queue"));
	w->frame->phase = ring_goes_on(w, &p) ? ASKING : WAITING;
	return wait_event();
}

static struct verdict out(struct walk *w, enum node_exit_id exit, enum route_outcome o, const char *why)
{
	set_outcome(w, o, 0);
	return go(w, exit, X_QUEUE_TIMEOUT, STR_NONE, str_z(why));
}

static struct verdict event(struct walk *w)
{
	switch (w->f->event) {
	case ROUTE_QUEUE_TURN:
		return w->frame->phase == WAITING ? turn(w) : wait_event();
	case ROUTE_PRESENCE:
		return w->frame->phase == ASKING ? chosen(w) : wait_event();
	case ROUTE_RANG_OUT:
		return w->frame->phase == RINGING ? rang(w, "no-answer") : wait_event();
	case ROUTE_BUSY:
		return w->frame->phase == RINGING ? rang(w, "busy") : wait_event();
	case ROUTE_UNREACHABLE:
		return w->frame->phase == RINGING ? rang(w, "unreachable") : wait_event();
	case ROUTE_QUEUE_TIMEOUT:
		return out(w, X_QUEUE_TIMEOUT, OUTCOME_NO_ANSWER, "it took too long");
	case ROUTE_QUEUE_LEFT:
		return out(w, X_QUEUE_LEFT, OUTCOME_NO_ANSWER, "the caller left with a key");
	case ROUTE_QUEUE_FULL:
		return out(w, X_QUEUE_UNAVAILABLE, OUTCOME_BUSY, "it is full, or nobody serves it");
	default:
		return wait_event();
	}
}

const struct route_node route_node_queue = {.enter = enter, .event = event, .emit = emit};
