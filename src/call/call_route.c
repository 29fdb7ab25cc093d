// SPDX-License-Identifier: Apache-2.0
/* A call carries out what the router decides: it asks, rings, echoes, refuses. */
#include "call/internal.h"

#include <stdlib.h>

#include "route/script.h"

enum { MAX_FACTS = 16384 }; /* bytes of what a call's record tells of its facts */

static void act(struct call *c);

/** What happened, for the record: with it the call can be replayed. What does not fit is left out. */
static void keep_fact(struct call *c, const struct route_facts *f)
{
	struct buf b;
	buf_init(&b, MAX_FACTS);
	buf_str(&b, c->facts_json);
	script_put_fact(&b, c->tenant, f, &c->route);
	if (buf_ok(&b))
		text_set(&c->facts_json, buf_view(&b));
	buf_fini(&b);
}

void call_route_step(struct call *c, struct route_facts *f)
{
	keep_fact(c, f);
	struct arena arena;
	arena_init(&arena, 2048);
	struct route_trace tr;
	route_trace_init(&tr, &arena);
	f->at_ms = call_wall_ms(c);
	f->dialled = c->dialled;
	f->caller = tenant_user_by_id(c->tenant, c->caller_user);
	f->device = tenant_device_by_id(c->tenant, c->caller_device);
	f->caller_number = c->caller_number;
	f->caller_name = c->caller_name;
	f->ring_ms = c->calls->a.settings.ring_ms;
	f->random = rng_u64(c->calls->a.rng);
	if (!c->decision && !(c->decision = calloc(1, sizeof *c->decision)))
		abort();
	route_step(c->tenant, f, &c->route, c->decision, &tr);
	struct buf notes, all;
	buf_init(&notes, 65536);
	buf_init(&all, 65536);
	route_trace_put_json(&notes, &tr);
	buf_str(&all, c->trace_json);
	if (all.n && notes.n > 2)
		buf_ch(&all, ',');
	buf_str(&all, str_sub(buf_view(&notes), 1, notes.n - 1)); /* without the brackets */
	text_set(&c->trace_json, buf_view(&all));
	buf_fini(&all);
	buf_fini(&notes);
	arena_fini(&arena);
	act(c);
}

void call_forget_decision(struct call *c)
{
	free(c->decision);
	c->decision = NULL;
}

void call_route_failed(struct call *c, enum route_event event)
{
	struct route_facts f = {.event = event, .failed_status = c->best_status};
	call_route_step(c, &f);
}

void call_on_ring_timer(struct timer *t, void *arg)
{
	(void)t;
	struct call *c = arg;
	if (c->state == CALL_ROUTING) { /* the question where users are was lost */
		call_end(c, END_SYSTEM, 500, "the facts of the call could not be gathered", STR_NONE);
		return;
	}
	if (c->state != CALL_RINGING || c->b)
		return;
	c->rang_out = true;
	call_cancel_others(c, NULL, STR("SIP;cause=480;text=\"No answer\""));
	call_route_failed(c, ROUTE_RANG_OUT);
}

void call_on_limit(struct timer *t, void *arg)
{
	(void)t;
	call_end(arg, END_SYSTEM, 408, "the longest time a call may last is over",
	         STR("SIP;cause=408;text=\"Call duration limit\""));
}

void call_answer_caller(struct call *c, struct str sdp)
{
	struct calls_args *a = &c->calls->a;
	c->state = CALL_ANSWERED;
	c->answer_ms = call_wall_ms(c);
	timer_cancel(a->wheel, &c->ring_timer);
	if (a->settings.max_call_ms)
		timer_in(a->wheel, &c->limit_timer, a->settings.max_call_ms);
	text_set(&c->a->local_sdp, sdp);
	call_save(c); /* before the 200 goes out, not waiting */
	leg_answer(c->a, c->a->local_sdp);
}

static void locate(struct call *c)
{
	struct calls_args *a = &c->calls->a;
	c->state = CALL_ROUTING;
	timer_in(a->wheel, &c->ring_timer, CALL_ROUTING_MS);
	a->ops->locate(a->arg, c->key, c->tenant, c->decision->users, c->decision->n_users);
}

static void act(struct call *c)
{
	const struct route_decision *d = c->decision;
	switch (d->action) {
	case ROUTE_ASK:
		c->ring_asked = false;
		locate(c);
		return;
	case ROUTE_RING: /* after ROUTE_ASK the targets are at hand: see calls_located */
		if (!c->located) {
			c->ring_asked = true;
			locate(c);
		}
		return;
	case ROUTE_ECHO:
		call_answer_here(c, HERE_ECHO);
		return;
	case ROUTE_PLAY:
	case ROUTE_COLLECT:
	case ROUTE_RECORD_MESSAGE:
	case ROUTE_MAILBOX_LISTEN:
	case ROUTE_CONFERENCE:
	case ROUTE_QUEUE:
		talk_begin(c);
		return;
	case ROUTE_WEBHOOK_ASK: /* the caller hears nothing of these */
	case ROUTE_CHANGE:
	case ROUTE_RECORD_ON:
	case ROUTE_RECORD_OFF:
	case ROUTE_CONNECT:
		talk_carry_out(c);
		return;
	case ROUTE_REJECT:
		call_end(c, c->any_busy || c->rang_out || c->best_status ? END_CALLEE : END_SYSTEM,
		         d->status, d->reason ? d->reason : sip_reason(d->status).p, c->best_reason);
		return;
	case ROUTE_ACTIONS:
		return;
	}
}
