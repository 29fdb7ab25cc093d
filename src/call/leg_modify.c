// SPDX-License-Identifier: Apache-2.0
/* Offers in an established dialog, both ways: re-INVITE (RFC 3261 section 14), UPDATE (RFC 3311). */
#include "call/internal.h"

#include <errno.h>

#include "sip/multipart.h"

/* -- the peer's ---------------------------------------------------------------------- */

static void on_offer_st(enum strans_event event, struct strans *st, void *user)
{
	struct leg *l = user;
	if (event == STRANS_NO_ACK && l->invite_st == st && !l->invite_first) {
		call_on_lost(l, "the answer to a re-INVITE was never acknowledged");
		return;
	}
	if (event != STRANS_END)
		return;
	bool waits = l->pending_offer_from_peer &&
	             st == (l->offer_by_update ? l->request_st : l->invite_st);
	if (l->invite_st == st)
		l->invite_st = NULL;
	if (l->request_st == st)
		l->request_st = NULL;
	if (waits) /* an UPDATE that nobody waits for any more (Timer F) */
		leg_withdraw_offer(l);
}

void leg_withdraw_offer(struct leg *l)
{
	leg_refuse_offer(l, 487, STR_NONE);
	l->pending_offer_from_peer = false;
	l->oa = OA_STABLE;
	call_on_offer_withdrawn(l);
}

void leg_cancel_offer(struct leg *l)
{
	if (l->modify == MODIFY_OFFER && l->invite_ct)
		ctrans_cancel(l->invite_ct, STR_NONE);
}

static void refuse_retry_after(struct leg *l, struct strans *st)
{
	char room[64];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	sip_put_hdr_u32(&b, HDR_RETRY_AFTER, rng_below(l->call->calls->a.rng, 11)); /* 14.2 */
	const struct sip_reply r = {.status = 500, .headers = buf_view(&b)};
	strans_reply_or_500(st, &r);
}

static void reply_to_refresh(struct leg *l, struct strans *st)
{
	char room[1024];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	leg_put_contact(l, &b);
	leg_put_session(l, &b, true);
	const struct sip_reply r = {.status = 200, .headers = buf_view(&b)};
	strans_reply_or_500(st, &r);
	leg_arm_session(l);
}

/** Is there room for an offer of the peer now? Else it has been refused. */
static bool offer_fits(struct leg *l, struct strans *st)
{
	bool unanswered = l->oa == OA_ASKED || l->state == LEG_INCOMING;
	if (l->pending_offer_from_peer || unanswered) {
		refuse_retry_after(l, st); /* 14.2, RFC 3311 5.2: one is being answered already */
		return false;
	}
	bool stable = l->state == LEG_CONFIRMED || l->state == LEG_ANSWERED;
	if (l->oa == OA_OFFERED || !stable) {
		strans_reply_status(st, 491); /* 14.2, RFC 3311 section 5.2: ours is on its way */
		return false;
	}
	return true;
}

void leg_on_modify(struct leg *l, struct strans *st, const struct sip_msg *m)
{
	bool invite = m->method == SIP_INVITE;
	struct str sdp;
	int e = body_sdp(m, &sdp);
	if (e == E_MALFORMED) {
		strans_reply_status(st, 400);
		return;
	}
	if (e != 0 && m->body.n) {
		const struct sip_reply r = {.status = 415,
		                            .headers = STR("Accept: application/sdp\r\n")};
		strans_reply_or_500(st, &r);
		return;
	}
	if (e != 0)
		sdp = STR_NONE;
	if (l->state == LEG_CLOSING || l->state == LEG_ENDED) {
		strans_reply_status(st, 481);
		return;
	}
	if (!invite && !sdp.n) {
		if (leg_session_from_request(l, st, m))
			reply_to_refresh(l, st);
		return;
	}
	if (!offer_fits(l, st) || !leg_session_from_request(l, st, m))
		return;
	if (invite) {
		if (l->invite_st) { /* an older one: who goes on has our answer, and needs no repeats */
			strans_acked(l->invite_st);
			strans_detach(l->invite_st);
		}
		l->invite_st = st;
		l->invite_first = false;
		l->invite_cseq = m->cseq.number;
		l->invite_had_offer = sdp.n != 0;
		if (l->state == LEG_ANSWERED && !l->uac)
			l->state = LEG_CONFIRMED; /* who sends a re-INVITE has our answer */
	} else {
		if (l->request_st) /* an older UPDATE: answered, it only waits for repeats */
			strans_detach(l->request_st);
		l->request_st = st;
	}
	strans_set_user(st, on_offer_st, l);
	l->offer_by_update = !invite;
	l->pending_offer_from_peer = true;
	l->oa = sdp.n ? OA_ASKED : OA_STABLE;
	call_on_offer(l, sdp);
}

static struct strans *take_pending(struct leg *l)
{
	if (!l->pending_offer_from_peer)
		return NULL;
	l->pending_offer_from_peer = false;
	return l->offer_by_update ? l->request_st : l->invite_st;
}

void leg_accept_offer(struct leg *l, struct str sdp)
{
	struct strans *st = take_pending(l);
	if (!st)
		return;
	char room[1024];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	leg_put_contact(l, &b);
	leg_put_session(l, &b, true);
	const struct sip_reply r = {
		.status = 200,
		.headers = buf_view(&b),
		.type = STR("application/sdp"),
		.body = sdp,
	};
	/* An empty re-INVITE gets our offer; its answer comes with the ACK. */
	l->oa = l->oa == OA_ASKED ? OA_STABLE : OA_OFFERED;
	if (strans_reply(st, &r) != 0) {
		strans_reply_status(st, 500);
		l->oa = OA_STABLE;
	}
	leg_arm_session(l);
}

void leg_refuse_offer(struct leg *l, uint16_t status, struct str headers)
{
	struct strans *st = take_pending(l);
	if (!st)
		return;
	l->oa = OA_STABLE;
	const struct sip_reply r = {.status = status, .headers = headers};
	strans_reply_or_500(st, &r);
}

/* -- ours ---------------------------------------------------------------------------- */

static void send_ack(struct leg *l, struct ctrans *ct)
{
	char room[4096];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	leg_put_ack(l, &l->dlg, l->invite_cseq, STR_NONE, &b);
	if (buf_ok(&b))
		ctrans_ack(ct, &l->dlg.flow, buf_view(&b));
}

/** The outcome of an offer of ours, told to the call when the call had wanted it. */
static void outcome(struct leg *l, uint16_t status, struct str sdp, struct str headers)
{
	enum leg_modify what = l->modify;
	l->modify = MODIFY_NONE;
	l->oa = OA_STABLE;
	if (l->state != LEG_CONFIRMED)
		return;
	if (status == 481 || status == 408) {
		call_on_lost(l, status == 481 ? "the peer does not know the dialog any more"
		                              : "no answer to a re-INVITE");
		return;
	}
	if (what == MODIFY_OFFER)
		call_on_offer_answered(l, status, sdp, headers);
	else if (status < 300 && sdp.n)
		call_on_refreshed(l, sdp);
	leg_refresh_answered(l, status, what == MODIFY_REFRESH);
}

static void on_modify(enum ctrans_event event, struct ctrans *ct, const struct sip_msg *m, int err,
                      void *user)
{
	struct leg *l = user;
	if (event == CTRANS_PROVISIONAL)
		return;
	if (event == CTRANS_END) {
		if (l->invite_ct == ct)
			l->invite_ct = NULL;
		if (l->modify_ct == ct)
			l->modify_ct = NULL;
		if (err && l->modify != MODIFY_NONE)
			outcome(l, 408, STR_NONE, STR_NONE);
		return;
	}
	if (m->status >= 300) {
		if (l->modify != MODIFY_NONE)
			outcome(l, m->status, STR_NONE, STR_NONE);
		return;
	}
	if (m->method == SIP_INVITE)
		send_ack(l, ct);
	if (l->modify == MODIFY_NONE)
		return;
	dialog_refresh_target(&l->dlg, m);
	leg_learn(l, m);
	leg_session_from_response(l, m);
	struct str sdp;
	outcome(l, m->status, body_sdp(m, &sdp) == 0 ? sdp : STR_NONE, STR_NONE);
}

static bool busy(const struct leg *l)
{
	return l->state != LEG_CONFIRMED || l->modify != MODIFY_NONE || l->oa != OA_STABLE ||
	       l->pending_offer_from_peer;
}

static int send_offer(struct leg *l, enum sip_method method, struct str sdp, enum leg_modify what)
{
	if (busy(l))
		return EBUSY;
	char room[1024];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	leg_put_contact(l, &b);
	buf_lit(&b, "Supported: timer\r\n");
	leg_put_session(l, &b, false);
	struct ctrans *ct = leg_send(l, method, buf_view(&b), STR("application/sdp"), sdp, on_modify, l);
	if (!ct)
		return E_LIMIT;
	if (method == SIP_INVITE) {
		if (l->invite_ct)
			ctrans_detach(l->invite_ct);
		l->invite_ct = ct;
		l->invite_cseq = l->dlg.local_cseq;
	} else {
		if (l->modify_ct) /* an older one: answered, it only waits for repeats */
			ctrans_detach(l->modify_ct);
		l->modify_ct = ct;
	}
	l->modify = what;
	l->oa = OA_OFFERED;
	return 0;
}

int leg_reinvite(struct leg *l, struct str sdp, enum leg_modify what)
{
	return send_offer(l, SIP_INVITE, sdp, what);
}

int leg_offer(struct leg *l, struct str sdp, bool by_update)
{
	return send_offer(l, by_update && l->peer_update ? SIP_UPDATE : SIP_INVITE, sdp, MODIFY_OFFER);
}
