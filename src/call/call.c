// SPDX-License-Identifier: Apache-2.0
/*
 * The life of a call: begun by an INVITE, led by the router's decisions, ended once.
 * What happens on its legs comes in through the call_on_... functions.
 */
#include "call/internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "call/bridge.h"
#include "call/record.h"
#include "sip/param.h"

enum { LINGER_MS = 5000, ROUTING_MS = 10000, MAX_NAME = 128 };

static uint64_t wall(const struct call *c)
{
	return c->calls->a.ops->wall_ms(c->calls->a.arg);
}

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
static void cancel_others(struct call *c, const struct leg *keep, struct str reason_hdr)
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

void call_end(struct call *c, enum leg_end_by by, uint16_t status, const char *why,
              struct str reason_hdr)
{
	if (c->state == CALL_ENDING)
		return;
	c->state = CALL_ENDING;
	c->end_ms = wall(c);
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
	list_for_each(it, &c->legs)
		leg_end(container_of(it, struct leg, node), status ? status : 480, STR_NONE, headers);
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

struct leg *call_other(struct call *c, const struct leg *l)
{
	return l == c->a ? c->b : c->a;
}

/* -- routing ------------------------------------------------------------------------- */

static void act(struct call *c);

static void step(struct call *c, struct route_facts *f)
{
	struct arena arena;
	arena_init(&arena, 2048);
	struct route_trace tr;
	route_trace_init(&tr, &arena);
	f->at_ms = wall(c);
	f->dialled = c->dialled;
	f->caller = tenant_user_by_id(c->tenant, c->caller_user);
	f->device = tenant_device_by_id(c->tenant, c->caller_device);
	f->ring_ms = c->calls->a.settings.ring_ms;
	route_step(c->tenant, f, &c->route, &c->decision, &tr);
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

static void route_failed(struct call *c, enum route_event event)
{
	struct route_facts f = {.event = event, .failed_status = c->best_status};
	step(c, &f);
}

static void on_ring_timer(struct timer *t, void *arg)
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
	cancel_others(c, NULL, STR("SIP;cause=480;text=\"No answer\""));
	route_failed(c, ROUTE_RANG_OUT);
}

static void on_limit(struct timer *t, void *arg)
{
	(void)t;
	call_end(arg, END_SYSTEM, 408, "the longest time a call may last is over",
	         STR("SIP;cause=408;text=\"Call duration limit\""));
}

static void answer_caller(struct call *c, struct str sdp)
{
	struct calls_args *a = &c->calls->a;
	c->state = CALL_ANSWERED;
	c->answer_ms = wall(c);
	timer_cancel(a->wheel, &c->ring_timer);
	if (a->settings.max_call_ms)
		timer_in(a->wheel, &c->limit_timer, a->settings.max_call_ms);
	text_set(&c->a->local_sdp, sdp);
	call_save(c); /* before the 200 goes out, not waiting */
	leg_answer(c->a, c->a->local_sdp);
}

static void do_echo(struct call *c)
{
	struct leg *a = c->a;
	char room[CALL_MAX_SDP];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	a->local.version = 1;
	if (!a->invite_had_offer) {
		sdp_offer(&b, &a->local, sdp_codecs_default, sdp_codecs_default_n, SDP_SENDRECV);
	} else {
		struct arena arena;
		arena_init(&arena, 16384);
		struct sdp *s = leg_parse_sdp(&arena, a->remote_sdp);
		leg_note_mux(a, s);
		int e = s ? sdp_answer(&b, s, &a->local, sdp_codecs_default, sdp_codecs_default_n,
		                       SDP_SENDRECV, NULL, NULL)
		          : E_MALFORMED;
		arena_fini(&arena);
		if (e) {
			call_end(c, END_SYSTEM, 488, "the caller offered nothing that can be echoed", STR_NONE);
			return;
		}
	}
	c->echo = true;
	answer_caller(c, buf_view(&b));
	if (a->invite_had_offer)
		leg_set_media(a, NULL, true);
}

static void act(struct call *c)
{
	const struct route_decision *d = &c->decision;
	struct calls_args *a = &c->calls->a;
	switch (d->action) {
	case ROUTE_ASK:
		a->ops->locate(a->arg, c->key, c->tenant, d->users, d->n_users);
		return;
	case ROUTE_RING:
		return; /* the targets came with the answer to ROUTE_ASK: see calls_located */
	case ROUTE_ECHO:
		do_echo(c);
		return;
	case ROUTE_REJECT:
		call_end(c, c->any_busy || c->rang_out || c->best_status ? END_CALLEE : END_SYSTEM,
		         d->status, d->reason ? d->reason : sip_reason(d->status).p, c->best_reason);
		return;
	}
}

/* -- ringing ------------------------------------------------------------------------- */

/** From and To of our INVITE: who calls is what was authenticated, not what was claimed. */
static void put_parties(const struct call *c, struct buf *from, struct buf *to)
{
	struct str domain = tenant_domain(c->tenant);
	if (c->caller_name.n) {
		sip_put_quoted(from, c->caller_name);
		buf_ch(from, ' ');
	}
	buf_lit(from, "<sip:");
	uri_put_user(from, c->caller_number);
	buf_ch(from, '@');
	buf_str(from, domain);
	buf_ch(from, '>');
	buf_lit(to, "<sip:");
	uri_put_user(to, c->dialled);
	buf_ch(to, '@');
	buf_str(to, domain);
	buf_ch(to, '>');
}

static void ring(struct call *c, const struct call_target *t)
{
	if (c->n_legs >= CALL_MAX_LEGS)
		return;
	char from_room[512], to_room[512], sdp_room[CALL_MAX_SDP];
	struct buf from, to, sdp;
	buf_init_fixed(&from, from_room, sizeof from_room);
	buf_init_fixed(&to, to_room, sizeof to_room);
	buf_init_fixed(&sdp, sdp_room, sizeof sdp_room);
	put_parties(c, &from, &to);
	struct leg *l = leg_new(c, true);
	l->dlg.flow = t->flow;
	const struct user *u = tenant_user_by_id(c->tenant, t->user);
	text_set(&l->party, u ? u->extension : c->dialled);
	l->state = LEG_CALLING;
	int e = leg_take_port(l, STR_NONE);
	if (!e && c->a->invite_had_offer)
		e = bridge_offer(l, c->a->remote_sdp, &sdp);
	const struct leg_invite_args args = {
		.target = *t,
		.from = buf_view(&from),
		.to = buf_view(&to),
		.sdp = c->a->invite_had_offer ? buf_view(&sdp) : STR_NONE,
		.max_forwards = (uint32_t)c->max_forwards,
	};
	if (!e)
		e = leg_invite(l, &args);
	if (e) {
		l->status = e == E_POLICY ? 488 : 503;
		if (c->best_status != 486)
			c->best_status = l->status;
		leg_ended(l);
	}
}

static bool anybody_ringing(const struct call *c)
{
	list_for_each(it, &c->legs) {
		struct leg *l = container_of(it, struct leg, node);
		if (l->uac && l->state == LEG_CALLING)
			return true;
	}
	return false;
}

void calls_located(struct calls *cs, uint64_t key, const struct route_presence *presence,
                   size_t n_presence, const struct call_target *targets, size_t n_targets)
{
	struct call *c = call_by_key(cs, key);
	if (!c || c->state != CALL_ROUTING || c->decision.action != ROUTE_ASK)
		return;
	struct route_facts f = {
		.event = ROUTE_PRESENCE, .presence = presence, .n_presence = n_presence};
	step(c, &f);
	if (c->state != CALL_ROUTING || c->decision.action != ROUTE_RING)
		return;
	c->state = CALL_RINGING;
	timer_in(cs->a.wheel, &c->ring_timer, c->decision.ring_ms);
	size_t most = cs->a.settings.max_branches ? cs->a.settings.max_branches : n_targets;
	for (size_t i = 0; i < n_targets && i < most; i++) /* they come in order of q */
		ring(c, &targets[i]);
	call_save(c);
	if (!anybody_ringing(c))
		route_failed(c, ROUTE_UNREACHABLE);
}

/** Early media for the caller; false: this description is no answer to its offer. */
static bool early_media(struct leg *l, uint16_t status, struct str reason)
{
	struct call *c = l->call;
	char room[CALL_MAX_SDP];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	if (bridge_answer(c->a, c->a->remote_sdp, l->remote_sdp, &b) != 0)
		return false;
	bool news = !str_eq(buf_view(&b), c->a->local_sdp) || c->said_status != status;
	c->early = l;
	c->said_status = status;
	text_set(&c->a->local_sdp, buf_view(&b));
	bridge_media(c->a, l);
	if (news)
		leg_progress(c->a, status, reason, c->a->local_sdp);
	return true;
}

void call_on_progress(struct leg *l, uint16_t status, struct str reason, struct str sdp)
{
	struct call *c = l->call;
	if (c->state != CALL_RINGING || c->b)
		return;
	if (!c->ring_ms)
		c->ring_ms = wall(c);
	bool answers = sdp.n && c->a->invite_had_offer;
	if (answers) /* also where nobody hears it: its 200 need not say it again */
		leg_set_remote(l, sdp, false);
	if (answers && (!c->early || c->early == l) && early_media(l, status, reason))
		return;
	if (c->said_status != status)
		leg_progress(c->a, status, reason, STR_NONE);
	c->said_status = status;
}

/* -- answered ------------------------------------------------------------------------ */

void call_on_answer(struct leg *l, struct str sdp)
{
	struct call *c = l->call;
	if (c->state != CALL_RINGING || c->b) { /* too late: another one has it, or nobody wants it */
		leg_end(l, 0, STR_NONE,
		        STR("Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n"));
		return;
	}
	c->b = l;
	cancel_others(c, l, STR("SIP;cause=200;text=\"Call completed elsewhere\""));
	if (sdp.n)
		leg_set_remote(l, sdp, !c->a->invite_had_offer);
	char room[CALL_MAX_SDP];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	int e = c->a->invite_had_offer ? bridge_answer(c->a, c->a->remote_sdp, l->remote_sdp, &b)
	                               : bridge_offer(c->a, l->remote_sdp, &b);
	if (e) {
		call_end(c, END_SYSTEM, 488, "the answer fits nothing that was offered", STR_NONE);
		return;
	}
	answer_caller(c, buf_view(&b));
	if (c->a->invite_had_offer && c->state == CALL_ANSWERED)
		bridge_media(c->a, l);
}

/** The caller acknowledged; `sdp` is its answer to our offer, when we made one. */
void call_on_confirmed(struct leg *l, struct str sdp)
{
	struct call *c = l->call;
	if (c->state != CALL_ANSWERED)
		return;
	if (c->echo) {
		if (sdp.n)
			leg_set_remote(l, sdp, false);
		if (!l->remote_sdp.n) {
			call_end(c, END_SYSTEM, 488, "the offer was never answered", STR_NONE);
			return;
		}
		leg_set_media(l, NULL, true);
		call_save(c);
		return;
	}
	struct leg *other = call_other(c, l);
	if (!other)
		return;
	if (other->answer_in_ack) { /* a delayed offer, passed through */
		char room[CALL_MAX_SDP];
		struct buf b;
		buf_init_fixed(&b, room, sizeof room);
		leg_set_remote(l, sdp, false);
		if (!sdp.n || bridge_answer(other, other->remote_sdp, sdp, &b) != 0) {
			call_end(c, END_SYSTEM, 488, "the offer was never answered", STR_NONE);
			return;
		}
		leg_ack_with(other, buf_view(&b));
		bridge_media(l, other);
		call_save(c);
	} else if (sdp.n) {
		bridge_on_late_answer(l, other, sdp);
	}
}

/* -- refused ------------------------------------------------------------------------- */

static bool is_busy(uint16_t status)
{
	return status == 486 || status == 600 || status == 603;
}

/** What a caller may be told of a device's refusal (RFC 3261 section 16.7). */
static uint16_t passable(uint16_t status)
{
	if (status == 401 || status == 407 || (status >= 300 && status < 400))
		return 480;
	return status == 503 ? 500 : status;
}

/** Better to tell: the first busy, then a 6xx, then what the first leg said but for a time-out. */
static bool better(uint16_t now, uint16_t before)
{
	if (!before)
		return true;
	if (is_busy(now) != is_busy(before))
		return is_busy(now);
	return before == 408 || before >= 500;
}

void call_on_refused(struct leg *l, uint16_t status, struct str reason_hdr)
{
	struct call *c = l->call;
	if (c->state != CALL_RINGING || c->b || c->rang_out)
		return;
	if (c->early == l)
		c->early = NULL;
	if (is_busy(status))
		c->any_busy = true;
	if (better(status, c->best_status)) {
		c->best_status = passable(status);
		text_set(&c->best_reason, reason_hdr);
	}
	if (l->state == LEG_CALLING)
		l->state = LEG_ENDED; /* counted as over before the others are looked at */
	l->end_ms = wall(c);
	leg_drop_media(l);
	if (status >= 600) /* 16.7: a global failure ends all branches */
		cancel_others(c, l, STR_NONE);
	if (!anybody_ringing(c))
		route_failed(c, c->any_busy ? ROUTE_BUSY : ROUTE_UNREACHABLE);
}

/* -- in the call --------------------------------------------------------------------- */

/** The echo test answers offers itself. */
static void echo_on_offer(struct leg *l, struct str sdp)
{
	char room[CALL_MAX_SDP];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	l->local.version++;
	if (!sdp.n) {
		sdp_offer(&b, &l->local, sdp_codecs_default, sdp_codecs_default_n, SDP_SENDRECV);
		text_set(&l->local_sdp, buf_view(&b));
		leg_accept_offer(l, l->local_sdp);
		return;
	}
	struct arena arena;
	arena_init(&arena, 16384);
	struct sdp *s = leg_parse_sdp(&arena, sdp);
	leg_note_mux(l, s);
	int e = s ? sdp_answer(&b, s, &l->local, sdp_codecs_default, sdp_codecs_default_n,
	                       SDP_SENDRECV, NULL, NULL)
	          : E_MALFORMED;
	arena_fini(&arena);
	if (e) {
		leg_refuse_offer(l, 488, STR_NONE);
		return;
	}
	leg_set_remote(l, sdp, true);
	text_set(&l->local_sdp, buf_view(&b));
	leg_accept_offer(l, l->local_sdp);
	leg_set_media(l, NULL, true);
}

void call_on_offer(struct leg *l, struct str sdp)
{
	struct call *c = l->call;
	if (c->state != CALL_ANSWERED) {
		leg_refuse_offer(l, 491, STR_NONE);
		return;
	}
	if (c->echo) {
		echo_on_offer(l, sdp);
		return;
	}
	bridge_on_offer(l, call_other(c, l), sdp);
}

void call_on_offer_withdrawn(struct leg *l)
{
	struct leg *other = call_other(l->call, l);
	if (l->call->state == CALL_ANSWERED && other)
		bridge_on_withdrawn(l, other);
}

void call_on_offer_answered(struct leg *l, uint16_t status, struct str sdp, struct str headers)
{
	(void)headers;
	struct call *c = l->call;
	struct leg *other = call_other(c, l);
	if (c->state == CALL_ANSWERED && other)
		bridge_on_answer(l, other, status, sdp);
}

void call_on_refreshed(struct leg *l, struct str sdp)
{
	struct call *c = l->call;
	struct leg *other = call_other(c, l);
	if (c->state != CALL_ANSWERED || str_eq(sdp, l->remote_sdp))
		return;
	if (c->echo) {
		leg_set_remote(l, sdp, false);
		leg_set_media(l, NULL, true);
		call_save(c);
	} else if (other) {
		bridge_on_late_answer(l, other, sdp);
	}
}

static bool leg_talks(const struct leg *l)
{
	return l->state == LEG_CONFIRMED || l->state == LEG_ANSWERED;
}

void call_on_passing_request(struct leg *l, struct strans *st, const struct sip_msg *m)
{
	struct call *c = l->call;
	struct leg *other = call_other(c, l);
	if (c->echo) {
		strans_reply_status(st, 200);
		return;
	}
	if (!leg_talks(l) || !other || !leg_talks(other)) {
		strans_reply_status(st, 480);
		return;
	}
	leg_pass_request(other, st, m);
}

void call_on_bye(struct leg *l, struct str reason_hdr)
{
	struct call *c = l->call;
	l->state = LEG_ENDED;
	leg_stop_prack(l);
	timer_cancel(c->calls->a.wheel, &l->session_timer);
	leg_drop_media(l);
	bool answered = c->state == CALL_ANSWERED;
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
	c->start_ms = wall(c);
	timer_init(&c->ring_timer, on_ring_timer, c);
	timer_init(&c->limit_timer, on_limit, c);
	timer_init(&c->linger_timer, on_linger, c);
	set_caller(c, device);
	struct str dialled = uri_unescape(m->arena, m->ruri.user);
	text_set(&c->dialled, str_sub(dialled, 0, ROUTE_MAX_DIALLED + 1));
	struct leg *l = leg_new(c, false);
	c->a = l;
	l->user = c->caller_user;
	l->device = c->caller_device;
	text_set(&l->party, c->caller_number);
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
	timer_in(cs->a.wheel, &c->ring_timer, ROUTING_MS);
	struct route_facts f = {.event = ROUTE_BEGIN};
	step(c, &f);
}
