// SPDX-License-Identifier: Apache-2.0
/*
 * A call that is up goes on from its record: what the record does not hold is gone, as for a
 * machine that takes it over. All that is checked of calls holds for what it says from then on.
 * Only what is bound to this process stays: its place in the tables, the streams, the timers' places
 * in the wheel, and the legs that are over, for the detail record.
 */
#include "base/text.h"
#include "call/internal.h"
#include "call/record.h"
#include "service/shard_state.h"
#include "sim.h"

/** Nothing is under way on it: a record is of what has come to rest. */
static bool rests(const struct leg *l)
{
	return l->state == LEG_CONFIRMED && !l->invite_st && !l->request_st && !l->probe_ct &&
	       !l->bye_ct && l->modify == MODIFY_NONE && l->oa == OA_STABLE && !l->prack_due &&
	       !l->pending_offer_from_peer && !l->answer_in_ack && !l->offering_sdp.n;
}

static bool can_be_swapped(const struct call *c)
{
	if (c->state != CALL_ANSWERED)
		return false;
	list_for_each(it, (struct list_node *)&c->legs) {
		const struct leg *l = container_of(it, struct leg, node);
		if (l->state != LEG_ENDED && !rests(l))
			return false;
	}
	return c->a->state != LEG_ENDED && list_empty((struct list_node *)&c->calls->passings);
}

/** Answered ones that wait for repeats: they know what to do alone. */
static void let_go(struct leg *l)
{
	if (l->invite_ct)
		ctrans_detach(l->invite_ct);
	if (l->modify_ct)
		ctrans_detach(l->modify_ct);
	l->invite_ct = l->modify_ct = NULL;
}

static void rearm(struct sim *s, struct timer_wheel *w, struct timer *t, uint64_t wall_ms)
{
	if (timer_is_set(t) != (wall_ms != 0))
		sim_fail(s, "the record of a call and its timers do not agree");
	if (!wall_ms)
		return;
	timer_cancel(w, t);
	timer_in(w, t, wall_ms > sim_wall(s) ? wall_ms - sim_wall(s) : 0);
}

/** `n` gets what was, to be freed with the record. */
static void swap_leg(struct sim *s, struct leg *l, struct leg *n)
{
	struct leg was = *l;
	struct list_node of_record = n->node;
	struct call *record = n->call;
	if (!str_eq(l->dlg.call_id, n->dlg.call_id) || !str_eq(l->dlg.local_tag, n->dlg.local_tag) ||
	    l->stream != n->stream)
		sim_fail(s, "a leg's record is of another leg");
	*l = *n;
	l->call = was.call;
	l->node = was.node;
	l->dialog_node = was.dialog_node;
	l->stream_node = was.stream_node;
	l->in_dialogs = was.in_dialogs;
	l->in_streams = was.in_streams;
	l->prack_timer = was.prack_timer;
	l->session_timer = was.session_timer;
	l->stream_live = was.stream_live;
	l->stream_ending = was.stream_ending;
	l->busy = was.busy; /* told to others: theirs to know */
	*n = was;
	n->node = of_record;
	n->call = record;
	rearm(s, l->call->calls->a.wheel, &l->session_timer, l->session_by_ms);
}

static void swap_text(struct str *a, struct str *b)
{
	struct str was = *a;
	*a = *b;
	*b = was;
}

static void swap_call(struct sim *s, struct call *c, struct call *r)
{
	c->state = r->state;
	c->here = r->here;
	c->any_busy = r->any_busy;
	c->caller_user = r->caller_user;
	c->caller_device = r->caller_device;
	c->max_forwards = r->max_forwards;
	c->route = r->route;
	call_forget_decision(c); /* it is not part of the record: the route is asked again */
	c->best_status = r->best_status;
	c->start_ms = r->start_ms;
	c->ring_ms = r->ring_ms;
	c->answer_ms = r->answer_ms;
	c->early = NULL;
	swap_text(&c->dialled, &r->dialled);
	swap_text(&c->caller_name, &r->caller_name);
	swap_text(&c->caller_number, &r->caller_number);
	swap_text(&c->trace_json, &r->trace_json);
	swap_text(&c->best_reason, &r->best_reason);
	if ((c->b ? c->b->index : 0) != (r->b ? r->b->index : 0))
		sim_fail(s, "the record of a call has another callee");
	rearm(s, c->calls->a.wheel, &c->limit_timer, r->limit_by_ms);
}

static struct leg *leg_of(struct call *r, unsigned index)
{
	list_for_each(it, &r->legs)
		if (container_of(it, struct leg, node)->index == index)
			return container_of(it, struct leg, node);
	return NULL;
}

static void swap(struct sim *s, struct call *c)
{
	char room[CALL_RECORD_MAX];
	struct buf b;
	struct call *r;
	list_for_each(it, &c->legs)
		let_go(container_of(it, struct leg, node));
	buf_init_fixed(&b, room, sizeof room);
	call_record_write(c, &b);
	if (!buf_ok(&b) || call_record_read(&r, buf_view(&b), c->tenant) != 0)
		sim_fail(s, "a call's record cannot be read back");
	sim_note(s, "the call of %.*s goes on from its record", (int)c->a->dlg.call_id.n,
	         c->a->dlg.call_id.p);
	swap_call(s, c, r);
	list_for_each(at, &c->legs) {
		struct leg *l = container_of(at, struct leg, node);
		struct leg *n = leg_of(r, l->index);
		if (l->state == LEG_ENDED)
			continue;
		if (!n)
			sim_fail(s, "a leg is not in the record of its call");
		swap_leg(s, l, n);
	}
	call_record_free(r);
	s->swapped++;
}

void swap_calls(struct node *n)
{
	struct sim *s = n->sim;
	n->last_swap_ms = s->wheel.now_ms;
	for (unsigned i = 0; i < s->a.shards; i++)
		list_for_each(it, &n->seats[i].shard->calls->all) {
			struct call *c = container_of(it, struct call, node);
			if (can_be_swapped(c) && rng_below(&s->dice, 2))
				swap(s, c);
		}
}
