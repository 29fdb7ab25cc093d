// SPDX-License-Identifier: Apache-2.0
/*
 * The life of a call: begun by an INVITE, led by the router's decisions, ended once.
 * What happens on its legs comes in through the call_on_... functions.
 */
#include "call/internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "call/record.h"

enum { LINGER_MS = 5000, MAX_NAME = 128 };

/* -- ending -------------------------------------------------------------------------- */

static bool media_over(const struct call *c)
{
	list_for_each(it, &c->legs)
		if (container_of(it, struct leg, node)->stream_live)
			return false;
	return true;
}

static bool legs_over(const struct call *c)
{
	list_for_each(it, &c->legs)
		if (!leg_is_over(container_of(it, struct leg, node)))
			return false;
	return true;
}

static void write_cdr(struct call *c)
{
	if (c->cdr_done)
		return;
	c->cdr_done = true;
	struct buf b;
	buf_init(&b, 256 * 1024);
	call_put_cdr(c, &b);
	struct calls_args *a = &c->calls->a;
	a->ops->cdr(a->arg, tenant_id(c->tenant), str_z(c->id), c->start_ms, buf_view(&b));
	buf_fini(&b);
}

/** The record is written when the last stream has told its numbers; the call goes with its last leg. */
static void check_over(struct call *c)
{
	if (c->state != CALL_ENDING || c->dead || c->ending_legs)
		return;
	if (media_over(c) || !timer_is_set(&c->linger_timer))
		write_cdr(c);
	if (!c->cdr_done || !legs_over(c))
		return;
	c->dead = true;
	struct calls *cs = c->calls;
	list_remove(&c->node);
	list_push_back(&cs->dead, &c->node);
	timer_in(cs->a.wheel, &cs->reaper, 0);
}

static void on_linger(struct timer *t, void *arg)
{
	(void)t;
	check_over(arg);
}

void call_on_leg_over(struct leg *l)
{
	check_over(l->call);
}

static void put_reason(struct buf *b, struct str reason_hdr)
{
	if (reason_hdr.n)
		sip_put_hdr(b, HDR_REASON, reason_hdr);
}

/** Every leg but `keep` that is still ringing is given up. */
void call_cancel_others(struct call *c, const struct leg *keep, struct str reason_hdr)
{
	char room[512];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	put_reason(&b, reason_hdr);
	list_for_each(it, &c->legs) {
		struct leg *l = container_of(it, struct leg, node);
		if (l != keep && l->uac && l->state == LEG_CALLING)
			leg_cancel(l, buf_ok(&b) ? buf_view(&b) : STR_NONE);
	}
}

/** The callee answered, and the 200 still waits for the caller's PRACK: for the caller nobody did. */
static void take_answer_back(struct call *c, enum leg_end_by by, uint16_t *status)
{
	if (!c->answer_ms || c->a->answer_ms)
		return;
	c->answer_ms = 0;
	if (*status == 200)
		*status = by == END_CALLER ? 487 : 480;
}

void call_end(struct call *c, enum leg_end_by by, uint16_t status, const char *why,
              struct str reason_hdr)
{
	if (c->state == CALL_ENDING)
		return;
	take_answer_back(c, by, &status);
	talk_end(c);
	c->state = CALL_ENDING;
	c->end_ms = call_wall_ms(c);
	c->ended_by = by;
	c->end_status = status;
	text_set(&c->end_reason, str_z(why));
	struct timer_wheel *w = c->calls->a.wheel;
	timer_cancel(w, &c->ring_timer);
	timer_cancel(w, &c->limit_timer);
	timer_in(w, &c->linger_timer, LINGER_MS);
	char room[512];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	put_reason(&b, reason_hdr);
	struct str headers = buf_ok(&b) ? buf_view(&b) : STR_NONE;
	c->ending_legs = true; /* the record waits until each of them knows its end */
	list_for_each(it, &c->legs) {
		struct leg *l = container_of(it, struct leg, node);
		call_set_busy(l, false);
		leg_end(l, status ? status : 480, STR_NONE, headers);
	}
	c->ending_legs = false;
	log_event(c->calls->a.log, LOG_CALL_END, LOG_S("tenant", tenant_name(c->tenant)),
	          LOG_Z("call", c->id), LOG_U("status", status), LOG_Z("why", why));
	metric_sub(c->calls->a.metrics, METRIC_CALLS, 1);
	check_over(c);
}

void call_save(struct call *c)
{
	if (c->state == CALL_ENDING)
		return;
	char room[CALL_RECORD_MAX];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	call_record_write(c, &b);
	struct calls_args *a = &c->calls->a;
	if (buf_ok(&b))
		a->ops->save(a->arg, tenant_id(c->tenant), str_z(c->id), buf_view(&b));
	else
		log_event(a->log, LOG_CALL_ODD, LOG_Z("call", c->id),
		          LOG_Z("what", "the record of the call is too large to be kept"));
}

void call_set_busy(struct leg *l, bool busy)
{
	struct calls_args *a = &l->call->calls->a;
	if (!l->user || l->busy == busy)
		return;
	l->busy = busy;
	a->ops->busy(a->arg, l->call->tenant, l->user, busy ? 0 : call_wall_ms(l->call));
}

struct leg *call_other(struct call *c, const struct leg *l)
{
	return l == c->a ? c->b : c->a;
}

/* -- the peers' ends ------------------------------------------------------------------ */

void call_on_bye(struct leg *l, struct str reason_hdr)
{
	struct call *c = l->call;
	l->state = LEG_ENDED;
	leg_stop_prack(l);
	timer_cancel(c->calls->a.wheel, &l->session_timer);
	leg_drop_media(l);
	bool answered = c->state == CALL_ANSWERED || (l == c->a && c->here);
	call_end(c, l == c->a ? END_CALLER : END_CALLEE, answered ? 200 : 487, "hung up", reason_hdr);
	check_over(c);
}

void call_on_lost(struct leg *l, const char *why)
{
	char text[128];
	snprintf(text, sizeof text, "%s: %s", l == l->call->a ? "caller" : "callee", why);
	call_end(l->call, END_SYSTEM, 408, text, STR("SIP;cause=408;text=\"Peer lost\""));
}

void calls_cancel(struct calls *cs, struct strans *st, const struct sip_msg *m)
{
	(void)cs;
	struct leg *l = strans_user(st); /* of an INVITE that waits here, always a leg */
	if (!l || l->invite_st != st) {
		strans_reply_status(st, 487);
		return;
	}
	if (l->pending_offer_from_peer) { /* a re-INVITE taken back: the call stays as it was */
		leg_withdraw_offer(l);
		return;
	}
	struct str reason = sip_value(m, HDR_REASON);
	call_end(l->call, END_CALLER, 487, "the caller gave up", reason);
}

/* -- begun --------------------------------------------------------------------------- */

static void set_caller(struct call *c, const struct device *d)
{
	text_set(&c->caller_name, str_sub(d->user->name, 0, MAX_NAME));
	text_set(&c->caller_number, d->user->extension);
	c->caller_user = d->user->id;
	c->caller_device = d->id;
}

void call_incoming(struct calls *cs, struct strans *st, const struct sip_msg *m,
                   const struct flow *flow, const struct tenant *t, const struct device *device)
{
	struct call *c = call_alloc(cs);
	c->tenant = tenant_ref(t);
	c->max_forwards = m->max_forwards < 0 ? 70 : m->max_forwards - 1;
	c->start_ms = call_wall_ms(c);
	timer_init(&c->ring_timer, call_on_ring_timer, c);
	timer_init(&c->limit_timer, call_on_limit, c);
	timer_init(&c->linger_timer, on_linger, c);
	set_caller(c, device);
	struct str dialled = uri_unescape(m->arena, m->ruri.user);
	text_set(&c->dialled, str_sub(dialled, 0, ROUTE_MAX_DIALLED + 1));
	struct leg *l = leg_new(c, false);
	c->a = l;
	l->user = c->caller_user;
	l->device = c->caller_device;
	text_set(&l->party, c->caller_number);
	call_set_busy(l, true);
	leg_take_invite(l, st, m, flow);
	metric_add(cs->a.metrics, METRIC_CALLS, 1);
	metric_add(cs->a.metrics, METRIC_CALLS_TOTAL, 1);
	log_event(cs->a.log, LOG_CALL_BEGIN, LOG_S("tenant", tenant_name(t)), LOG_Z("call", c->id),
	          LOG_S("from", c->caller_number), LOG_S("to", c->dialled),
	          LOG_S("sip_call_id", m->call_id));
	if (!dialog_fits(&l->dlg)) {
		call_end(c, END_SYSTEM, 513, "its names or routes are too long", STR_NONE);
		return;
	}
	if (!leg_session_from_request(l, st, m)) {
		strans_detach(st);
		l->invite_st = NULL;
		call_end(c, END_SYSTEM, 422, "session interval too small", STR_NONE);
		return;
	}
	strans_reply_status(st, 100);
	int e = leg_take_port(l, l->remote_sdp);
	if (e || (l->invite_had_offer && !leg_offer_usable(l))) {
		call_end(c, END_SYSTEM, e ? 503 : 488,
		         e ? "no media port is free" : "nothing in the offer can be served", STR_NONE);
		return;
	}
	timer_in(cs->a.wheel, &c->ring_timer, CALL_ROUTING_MS);
	struct route_facts f = {.event = ROUTE_BEGIN};
	call_route_step(c, &f);
}
