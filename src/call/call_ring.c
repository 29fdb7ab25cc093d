// SPDX-License-Identifier: Apache-2.0
/* From ringing to an answer: branches, early media, the first 2xx, what refusals amount to. */
#include "call/internal.h"

#include "call/bridge.h"

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
	if (!e && caller_answered(c))
		e = bridge_offer_agreed(l, c->a, &sdp);
	else if (!e && c->a->invite_had_offer)
		e = bridge_offer(l, c->a->remote_sdp, &sdp);
	const struct leg_invite_args args = {
		.target = *t,
		.from = buf_view(&from),
		.to = buf_view(&to),
		.sdp = buf_view(&sdp),
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

static bool is_of_stage(const struct route_decision *d, uint64_t user)
{
	for (size_t i = 0; i < d->n_users; i++)
		if (d->users[i] == user)
			return true;
	return false;
}

/** What the stage before came to is known to the router; this one begins anew. */
static void begin_stage(struct call *c)
{
	c->state = CALL_RINGING;
	c->best_status = 0;
	c->any_busy = c->rang_out = false;
	c->early = NULL;
	text_free(&c->best_reason);
	if (caller_answered(c))
		talk_wait(c);
	timer_in(c->calls->a.wheel, &c->ring_timer, c->decision->ring_ms);
}

static void ring_stage(struct call *c, const struct call_target *targets, size_t n)
{
	size_t most = c->calls->a.settings.max_branches;
	begin_stage(c);
	for (size_t i = 0, rung = 0; i < n && (!most || rung < most); i++) { /* they come in order of q */
		if (!is_of_stage(c->decision, targets[i].user))
			continue;
		ring(c, &targets[i]);
		rung++;
	}
	call_save(c);
	if (!anybody_ringing(c))
		call_route_failed(c, ROUTE_UNREACHABLE);
}

void calls_located(struct calls *cs, uint64_t key, const struct route_presence *presence,
                   size_t n_presence, const struct call_target *targets, size_t n_targets)
{
	struct call *c = call_by_key(cs, key);
	if (!c || c->state != CALL_ROUTING)
		return;
	if (c->ring_asked) {
		c->ring_asked = false;
		ring_stage(c, targets, n_targets);
		return;
	}
	if (!c->decision || c->decision->action != ROUTE_ASK)
		return;
	struct route_facts f = {
		.event = ROUTE_PRESENCE, .presence = presence, .n_presence = n_presence};
	if (c->decision->object && c->decision->object != c->turn_of) { /* once for all stages */
		c->turn_of = c->decision->object;
		c->turn = calls_take_turn(cs, tenant_id(c->tenant), c->turn_of);
	}
	f.turn = c->turn;
	c->located = true;
	call_route_step(c, &f);
	c->located = false;
	if (c->state == CALL_ROUTING && c->decision && c->decision->action == ROUTE_RING)
		ring_stage(c, targets, n_targets);
}

/** Early media for the caller; false: this description is no answer to its offer. */
static bool early_media(struct leg *l, uint16_t status, struct str reason)
{
	struct call *c = l->call;
	if (caller_answered(c)) {
		c->early = l;
		here_set_media(c);
		return true;
	}
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
		c->ring_ms = call_wall_ms(c);
	bool answers = sdp.n && (caller_answered(c) || c->a->invite_had_offer);
	if (answers) /* also where nobody hears it: its 200 need not say it again */
		leg_set_remote(l, sdp, false);
	if (answers && (!c->early || c->early == l) && early_media(l, status, reason))
		return;
	if (c->said_status != status && !caller_answered(c))
		leg_progress(c->a, status, reason, STR_NONE);
	c->said_status = status;
}

/* -- answered ------------------------------------------------------------------------ */

/** The caller has its answer since the switch spoke to it: from now on it hears this leg. */
static void join_answered(struct call *c, struct leg *l)
{
	if (!l->remote_sdp.n) {
		call_end(c, END_SYSTEM, 488, "the callee answered without a description", STR_NONE);
		return;
	}
	talk_end(c);
	c->here = HERE_NOT;
	c->state = CALL_ANSWERED;
	timer_cancel(c->calls->a.wheel, &c->ring_timer);
	call_forget_decision(c);
	bridge_media(c->a, l);
	call_save(c);
}

void call_on_answer(struct leg *l, struct str sdp)
{
	struct call *c = l->call;
	if (c->state != CALL_RINGING || c->b) { /* too late: another one has it, or nobody wants it */
		leg_end(l, 0, STR_NONE,
		        STR("Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n"));
		return;
	}
	c->b = l;
	call_set_busy(l, true);
	call_cancel_others(c, l, STR("SIP;cause=200;text=\"Call completed elsewhere\""));
	if (sdp.n)
		leg_set_remote(l, sdp, !caller_answered(c) && !c->a->invite_had_offer);
	if (caller_answered(c)) {
		join_answered(c, l);
		return;
	}
	char room[CALL_MAX_SDP];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	int e = c->a->invite_had_offer ? bridge_answer(c->a, c->a->remote_sdp, l->remote_sdp, &b)
	                               : bridge_offer(c->a, l->remote_sdp, &b);
	if (e) {
		call_end(c, END_SYSTEM, 488, "the answer fits nothing that was offered", STR_NONE);
		return;
	}
	call_forget_decision(c);
	call_answer_caller(c, buf_view(&b));
	if (c->a->invite_had_offer && c->state == CALL_ANSWERED)
		bridge_media(c->a, l);
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
	if (c->early == l) {
		c->early = NULL;
		if (caller_answered(c))
			here_set_media(c);
	}
	if (is_busy(status))
		c->any_busy = true;
	if (better(status, c->best_status)) {
		c->best_status = passable(status);
		text_set(&c->best_reason, reason_hdr);
	}
	if (l->state == LEG_CALLING)
		l->state = LEG_ENDED; /* counted as over before the others are looked at */
	l->end_ms = call_wall_ms(c);
	leg_drop_media(l);
	if (status >= 600) /* 16.7: a global failure ends all branches */
		call_cancel_others(c, l, STR_NONE);
	if (!anybody_ringing(c))
		call_route_failed(c, c->any_busy ? ROUTE_BUSY : ROUTE_UNREACHABLE);
}

