// SPDX-License-Identifier: Apache-2.0
/* The caller's side of a leg: provisional answers (reliable ones too, RFC 3262), 200, refusal. */
#include "call/internal.h"

#include "sip/multipart.h"

enum { T1_MS = 500 };

static void on_invite_st(enum strans_event event, struct strans *st, void *user)
{
	struct leg *l = user;
	switch (event) {
	case STRANS_ACK:
		return;
	case STRANS_NO_ACK: /* 13.3.1.4: the dialog is ended by a BYE */
		if (l->invite_st == st && l->invite_first && l->state == LEG_ANSWERED)
			call_on_lost(l, "the answer was never acknowledged");
		return;
	case STRANS_END:
		if (l->invite_st == st)
			l->invite_st = NULL;
		leg_bye_that_waited(l);
		return;
	}
}

void leg_take_invite(struct leg *l, struct strans *st, const struct sip_msg *m,
                     const struct flow *flow)
{
	dialog_init_uas(&l->dlg, m, strans_to_tag(st), flow);
	l->invite_st = st;
	l->invite_first = true;
	strans_set_user(st, on_invite_st, l);
	l->invite_cseq = m->cseq.number;
	l->peer_100rel = sip_has_token(m, HDR_SUPPORTED, STR("100rel"));
	l->peer_requires_100rel = sip_has_token(m, HDR_REQUIRE, STR("100rel"));
	leg_learn(l, m);
	struct str sdp;
	l->invite_had_offer = body_sdp(m, &sdp) == 0;
	if (l->invite_had_offer) {
		leg_set_remote(l, sdp, true);
		l->oa = OA_ASKED;
	}
	l->state = LEG_INCOMING;
	leg_register_dialog(l);
}

/* -- provisional --------------------------------------------------------------------- */

static void reply_provisional(struct leg *l, uint16_t status, struct str reason, struct str sdp,
                              uint32_t rseq)
{
	char room[1024];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	leg_put_contact(l, &b);
	if (rseq) {
		buf_lit(&b, "Require: 100rel\r\n");
		sip_put_hdr_u32(&b, HDR_RSEQ, rseq);
	}
	const struct sip_reply r = {
		.status = status,
		.reason = reason,
		.headers = buf_view(&b),
		.type = sdp.n ? STR("application/sdp") : STR_NONE,
		.body = sdp,
		.record_route = true,
		.to_tag = l->dlg.local_tag,
	};
	if (strans_reply(l->invite_st, &r) != 0)
		log_event(l->call->calls->a.log, LOG_CALL_ODD, LOG_Z("call", l->call->id),
		          LOG_Z("what", "a provisional answer could not be sent"));
}

void leg_stop_prack(struct leg *l)
{
	timer_cancel(l->call->calls->a.wheel, &l->prack_timer);
	l->unpracked_status = 0;
	l->queued_status = 0;
	text_free(&l->unpracked_sdp);
	text_free(&l->queued_sdp);
}

/** RFC 3262 section 3: repeated with doubled waits, given up after 64*T1 with a 5xx. */
static void on_prack_timer(struct timer *t, void *arg)
{
	struct leg *l = arg;
	if (!l->invite_st || l->state != LEG_INCOMING)
		return;
	l->prack_waited_ms += l->prack_wait_ms;
	uint32_t limit_ms = l->call->calls->a.settings.prack_give_up_ms;
	if (l->prack_waited_ms >= limit_ms) {
		call_end(l->call, END_SYSTEM, 504,
		         "a reliable provisional answer was never acknowledged", STR_NONE);
		return;
	}
	reply_provisional(l, l->unpracked_status, STR_NONE, l->unpracked_sdp, l->rseq);
	uint32_t left_ms = limit_ms - l->prack_waited_ms;
	l->prack_wait_ms = l->prack_wait_ms * 2 < left_ms ? l->prack_wait_ms * 2 : left_ms;
	timer_in(l->call->calls->a.wheel, t, l->prack_wait_ms);
}

static void progress_reliably(struct leg *l, uint16_t status, struct str sdp)
{
	if (l->unpracked_status) { /* one at a time: the newest waits */
		if (l->queued_status < 200)
			l->queued_status = status;
		if (sdp.n)
			text_set(&l->queued_sdp, sdp);
		return;
	}
	struct calls_args *a = &l->call->calls->a;
	l->rseq = l->rseq ? l->rseq + 1 : 1 + rng_below(a->rng, 1000);
	l->prack_due = true;
	l->unpracked_status = status;
	text_set(&l->unpracked_sdp, sdp);
	reply_provisional(l, status, STR_NONE, sdp, l->rseq);
	l->prack_wait_ms = T1_MS;
	l->prack_waited_ms = 0;
	timer_init(&l->prack_timer, on_prack_timer, l);
	timer_in(a->wheel, &l->prack_timer, T1_MS);
}

/**
 * The first description of a dialog is final (13.2.1): another branch's needs a dialog of its
 * own, as behind a forking proxy.
 */
static void begin_other_dialog(struct leg *l)
{
	char tag[16];
	rng_token(l->call->calls->a.rng, tag, sizeof tag);
	text_set(&l->dlg.local_tag, (struct str){tag, sizeof tag});
	leg_register_dialog(l);
	l->early_sdp_sure = false;
	leg_stop_prack(l); /* what waits for a PRACK was said in the dialog that is left */
}

void leg_progress(struct leg *l, uint16_t status, struct str reason, struct str sdp)
{
	if (l->state != LEG_INCOMING || !l->invite_st)
		return;
	if (!l->ring_ms)
		l->ring_ms = call_wall_ms(l->call);
	if (sdp.n && l->early_sdp.n && !str_eq(l->early_sdp, sdp))
		begin_other_dialog(l);
	if (sdp.n)
		text_set(&l->early_sdp, sdp);
	bool reliable = l->peer_requires_100rel || (l->peer_100rel && sdp.n);
	/* RFC 3262 section 5: without an offer in the INVITE the first reliable one must carry it. */
	if (reliable && !l->invite_had_offer && !sdp.n) {
		if (l->peer_requires_100rel)
			return;
		reliable = false;
	}
	if (reliable)
		progress_reliably(l, status, sdp);
	else
		reply_provisional(l, status, reason, sdp, 0);
}

static void after_prack(struct leg *l)
{
	if (l->early_sdp.n && str_eq(l->early_sdp, l->unpracked_sdp))
		l->early_sdp_sure = true;
	uint16_t next = l->queued_status;
	struct str sdp = l->queued_sdp;
	l->queued_sdp = STR_NONE;
	leg_stop_prack(l);
	if (next >= 200)
		leg_answer(l, sdp);
	else if (next)
		progress_reliably(l, next, sdp);
	text_free(&sdp);
}

void leg_on_prack(struct leg *l, struct strans *st, const struct sip_msg *m)
{
	/* RAck: rseq cseq method (RFC 3262 section 7.2) */
	struct str rest = sip_value(m, HDR_RACK);
	uint32_t rseq = 0, cseq = 0;
	struct str one = str_cut(&rest, ' ');
	rest = str_trim(rest);
	struct str two = str_cut(&rest, ' ');
	bool match = l->prack_due && str_u32(one, &rseq) == 0 && str_u32(two, &cseq) == 0 &&
	             rseq == l->rseq && cseq == l->invite_cseq;
	if (!match) {
		strans_reply_status(st, 481);
		return;
	}
	struct str sdp;
	if (body_sdp(m, &sdp) == 0 && l->invite_had_offer) {
		/* A second offer inside the PRACK: nothing here could answer it yet. */
		strans_reply_status(st, 488);
	} else {
		strans_reply_status(st, 200);
	}
	l->prack_due = false;
	if (l->unpracked_status) /* else the final answer has overtaken it: section 3 */
		after_prack(l);
}

/* -- final --------------------------------------------------------------------------- */

void leg_answer(struct leg *l, struct str sdp)
{
	if (l->state != LEG_INCOMING || !l->invite_st)
		return;
	/* RFC 3262 section 3: not before the PRACK of a provisional answer with a description. */
	if (l->unpracked_status && l->unpracked_sdp.n) {
		l->queued_status = 200;
		text_set(&l->queued_sdp, sdp);
		return;
	}
	if (l->early_sdp.n && !str_eq(l->early_sdp, sdp))
		begin_other_dialog(l);
	char room[1024];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	leg_put_contact(l, &b);
	leg_put_session(l, &b, true);
	bool said = l->early_sdp_sure; /* the answer is known and acknowledged: not again */
	const struct sip_reply r = {
		.status = 200,
		.headers = buf_view(&b),
		.type = said ? STR_NONE : STR("application/sdp"),
		.body = said ? STR_NONE : sdp,
		.record_route = true,
		.to_tag = l->dlg.local_tag,
	};
	leg_stop_prack(l);
	if (strans_reply(l->invite_st, &r) != 0) {
		call_on_lost(l, "the answer could not be sent");
		return;
	}
	l->status = 200;
	l->answer_ms = call_wall_ms(l->call);
	l->oa = l->invite_had_offer ? OA_STABLE : OA_OFFERED;
	l->state = LEG_ANSWERED;
	leg_arm_session(l);
}

void leg_refuse(struct leg *l, uint16_t status, struct str reason, struct str headers)
{
	if (l->state != LEG_INCOMING)
		return;
	l->status = status;
	struct strans *st = l->invite_st;
	if (st) {
		const struct sip_reply r = {
			.status = status, .reason = reason, .headers = headers, .to_tag = l->dlg.local_tag};
		strans_detach(st);
		l->invite_st = NULL;
		if (strans_reply(st, &r) != 0)
			strans_reply_status(st, status);
	}
	leg_ended(l);
}

void leg_ack(struct leg *l, const struct sip_msg *m)
{
	if (!l->invite_st || m->cseq.number != l->invite_cseq)
		return;
	strans_acked(l->invite_st);
	if (leg_bye_that_waited(l))
		return;
	bool first = l->invite_first && l->state == LEG_ANSWERED;
	bool ours = l->oa == OA_OFFERED;
	if (!first && !ours)
		return;
	if (first)
		l->state = LEG_CONFIRMED;
	if (ours)
		l->oa = OA_STABLE;
	l->invite_first = false;
	struct str sdp = STR_NONE;
	if (body_sdp(m, &sdp) != 0)
		sdp = STR_NONE;
	call_on_confirmed(l, ours ? sdp : STR_NONE);
}
