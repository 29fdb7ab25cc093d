// SPDX-License-Identifier: Apache-2.0
/* The called side of a leg: INVITE, its answers, early dialogs, PRACK, CANCEL, ACK. */
#include "call/internal.h"

#include <errno.h>

#include "sip/multipart.h"

enum { MAX_422 = 2 };

/** The ACK to a 2xx is a transaction of its own (13.2.2.4): it is built here, whole. */
void leg_put_ack(struct leg *l, const struct dialog *d, uint32_t cseq, struct str sdp,
                 struct buf *b)
{
	sip_put_request_line(b, STR("ACK"), dialog_ruri(d));
	sip_stack_put_via(l->call->calls->a.sip, &d->flow, b);
	dialog_put_head(b, d, SIP_ACK, cseq, 70);
	sip_put_body(b, sdp.n ? STR("application/sdp") : STR_NONE, sdp);
}

static void send_ack(struct leg *l, const struct dialog *d, struct str sdp)
{
	char room[CALL_MAX_SDP + 4096];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	leg_put_ack(l, d, l->invite_cseq, sdp, &b);
	if (buf_ok(&b) && l->invite_ct)
		ctrans_ack(l->invite_ct, &d->flow, buf_view(&b));
}

void leg_ack_with(struct leg *l, struct str sdp)
{
	if (!l->answer_in_ack)
		return;
	l->answer_in_ack = false;
	if (sdp.n)
		text_set(&l->local_sdp, sdp);
	send_ack(l, &l->dlg, sdp);
	l->oa = OA_STABLE;
	if (l->state == LEG_ANSWERED)
		l->state = LEG_CONFIRMED;
}

static void ack_branch(struct leg *l, const struct dialog *d, uint32_t cseq)
{
	char room[4096];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	leg_put_ack(l, d, cseq, STR_NONE, &b);
	if (!buf_ok(&b))
		return;
	if (l->invite_ct && cseq == l->invite_cseq)
		ctrans_ack(l->invite_ct, &d->flow, buf_view(&b));
	else
		sip_stack_send(l->call->calls->a.sip, &d->flow, buf_view(&b));
}

/** A dialog that nobody wants: acknowledged and ended at once. */
static void drop_branch(struct leg *l, const struct sip_msg *m)
{
	struct dialog other;
	dialog_copy(&other, &l->dlg);
	dialog_confirm(&other, m);
	ack_branch(l, &other, m->cseq.number);
	char room[2048];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	dialog_put_head(&b, &other, SIP_BYE, other.local_cseq + 1, 70);
	const struct ctrans_args args = {.method = SIP_BYE,
	                                 .ruri = dialog_ruri(&other),
	                                 .headers = buf_view(&b),
	                                 .flow = &other.flow};
	struct ctrans *bye;
	if (buf_ok(&b) && ctrans_start(&bye, l->call->calls->a.sip, &args, NULL, NULL) != 0)
		log_event(l->call->calls->a.log, LOG_CALL_ODD, LOG_Z("call", l->call->id),
		          LOG_Z("what", "a BYE for an unwanted branch could not be sent"));
	dialog_fini(&other);
}

/* -- provisional answers ------------------------------------------------------------- */

/** The slot of an early dialog; a new one for a new tag. -1: more branches than we follow. */
static int early_slot(struct leg *l, struct str tag)
{
	for (int i = 0; i < l->n_early; i++)
		if (str_eq(l->early[i].tag, tag))
			return i;
	if (l->n_early == LEG_MAX_EARLY)
		return -1;
	text_set(&l->early[l->n_early].tag, tag);
	return l->n_early++;
}

/** One dialog is confirmed: its tag is in l->dlg, the others are of no use. */
static void forget_early(struct leg *l)
{
	while (l->n_early)
		text_free(&l->early[--l->n_early].tag);
}

/** RFC 3262 section 4: in order, once each. True: this one is new. */
static bool take_reliable(struct leg *l, const struct sip_msg *m)
{
	uint32_t rseq;
	int slot = early_slot(l, m->to.tag);
	if (slot < 0 || sip_number(m, HDR_RSEQ, &rseq) != 0)
		return false;
	uint32_t last = l->early[slot].rseq;
	if (last && rseq != last + 1)
		return false;
	l->early[slot].rseq = rseq;
	leg_send_prack(l, m, rseq);
	return true;
}

/** Nothing waits for the answer to a PRACK: a failure shows in the INVITE itself. */
static void on_prack_answer(enum ctrans_event event, struct ctrans *ct, const struct sip_msg *m,
                            int err, void *user)
{
	(void)event;
	(void)ct;
	(void)m;
	(void)err;
	(void)user;
}

void leg_send_prack(struct leg *l, const struct sip_msg *m, uint32_t rseq)
{
	char room[128];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	sip_put_hdr_fmt(&b, HDR_RACK, "%u %u INVITE", rseq, m->cseq.number);
	struct ctrans *ct = leg_send(l, SIP_PRACK, buf_view(&b), STR_NONE, STR_NONE, on_prack_answer,
	                             NULL);
	if (ct)
		ctrans_detach(ct);
}

static void on_provisional(struct leg *l, const struct sip_msg *m)
{
	if (m->status == 100 || l->state != LEG_CALLING)
		return;
	if (m->to.tag.n && early_slot(l, m->to.tag) >= 0)
		dialog_confirm(&l->dlg, m);
	leg_learn(l, m);
	if (sip_has_token(m, HDR_REQUIRE, STR("100rel")) && m->to.tag.n && !take_reliable(l, m))
		return;
	if (!l->ring_ms)
		l->ring_ms = call_wall_ms(l->call);
	struct str sdp;
	if (body_sdp(m, &sdp) != 0)
		sdp = STR_NONE;
	call_on_progress(l, m->status, m->reason, sdp);
}

/* -- final answers ------------------------------------------------------------------- */

static void on_2xx(struct leg *l, const struct sip_msg *m)
{
	if (l->state == LEG_CANCELLING) { /* the race: 9.1, the 2xx won */
		drop_branch(l, m);
		leg_ended(l);
		return;
	}
	if (l->state != LEG_CALLING) {
		if (!str_eq(m->to.tag, l->dlg.remote_tag))
			drop_branch(l, m); /* a second branch answered (13.2.2.4) */
		return;
	}
	dialog_confirm(&l->dlg, m);
	forget_early(l);
	leg_learn(l, m);
	leg_session_from_response(l, m);
	l->status = m->status;
	l->answer_ms = call_wall_ms(l->call);
	struct str sdp;
	if (body_sdp(m, &sdp) != 0)
		sdp = STR_NONE;
	l->state = LEG_ANSWERED;
	if (l->invite_had_offer) {
		l->oa = OA_STABLE;
		send_ack(l, &l->dlg, STR_NONE);
		l->state = LEG_CONFIRMED;
	} else {
		l->oa = OA_ASKED;
		l->answer_in_ack = true;
	}
	leg_arm_session(l);
	call_on_answer(l, sdp);
}

static int send_invite(struct leg *l, struct str sdp, uint32_t max_forwards);

/** RFC 4028 section 6: again, with the interval the peer wants. True: sent. */
static bool retry_422(struct leg *l, const struct sip_msg *m)
{
	uint32_t min_se;
	if (m->status != 422 || l->modify_retries >= MAX_422 ||
	    sip_number(m, HDR_MIN_SE, &min_se) != 0 || min_se <= l->min_se_s)
		return false;
	l->modify_retries++;
	l->min_se_s = min_se;
	ctrans_detach(l->invite_ct);
	l->invite_ct = NULL;
	text_free(&l->dlg.remote_tag);
	l->dlg.local_cseq++;
	return send_invite(l, l->local_sdp, (uint32_t)l->call->max_forwards) == 0;
}

static void on_refused(struct leg *l, const struct sip_msg *m)
{
	if (l->state == LEG_CANCELLING) {
		l->status = m->status;
		leg_ended(l);
		return;
	}
	if (l->state != LEG_CALLING || retry_422(l, m))
		return;
	l->status = m->status;
	call_on_refused(l, m->status, sip_value(m, HDR_REASON));
	leg_ended(l);
}

static void on_invite(enum ctrans_event event, struct ctrans *ct, const struct sip_msg *m, int err,
                      void *user)
{
	struct leg *l = user;
	switch (event) {
	case CTRANS_PROVISIONAL:
		on_provisional(l, m);
		return;
	case CTRANS_FINAL:
		if (m->status < 300)
			on_2xx(l, m);
		else
			on_refused(l, m);
		return;
	case CTRANS_END:
		if (l->invite_ct == ct)
			l->invite_ct = NULL;
		if (l->state == LEG_CALLING) {
			l->status = err == ETIMEDOUT ? 408 : 480;
			call_on_refused(l, l->status, STR_NONE);
			leg_ended(l);
		} else if (l->state == LEG_CANCELLING) {
			leg_ended(l);
		}
		return;
	}
}

static int send_invite(struct leg *l, struct str sdp, uint32_t max_forwards)
{
	char room[4096];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	l->invite_cseq = l->dlg.local_cseq;
	dialog_put_head(&b, &l->dlg, SIP_INVITE, l->invite_cseq, max_forwards);
	leg_put_contact(l, &b);
	leg_put_session(l, &b, false);
	/* Without an offer of ours a reliable provisional answer would have to carry theirs. */
	buf_str(&b, sdp.n ? STR("Supported: 100rel, timer\r\n") : STR("Supported: timer\r\n"));
	const struct ctrans_args args = {
		.method = SIP_INVITE,
		.ruri = dialog_ruri(&l->dlg),
		.headers = buf_view(&b),
		.type = sdp.n ? STR("application/sdp") : STR_NONE,
		.body = sdp,
		.flow = &l->dlg.flow,
	};
	if (!buf_ok(&b))
		return E_LIMIT;
	return ctrans_start(&l->invite_ct, l->call->calls->a.sip, &args, on_invite, l);
}

int leg_invite(struct leg *l, const struct leg_invite_args *args)
{
	struct calls_args *a = &l->call->calls->a;
	char id[64], tag[16];
	rng_token(a->rng, tag, sizeof tag);
	const struct dialog_uac_args d = {
		.call_id = a->ops->make_call_id(a->arg, id),
		.local_tag = {tag, sizeof tag},
		.local = args->from,
		.remote = args->to,
		.target = args->target.contact,
		.routes = args->target.routes,
		.flow = &args->target.flow,
	};
	dialog_init_uac(&l->dlg, &d);
	l->user = args->target.user;
	l->device = args->target.device;
	text_set(&l->contact, args->target.contact);
	leg_register_dialog(l);
	l->invite_had_offer = args->sdp.n != 0;
	l->oa = l->invite_had_offer ? OA_OFFERED : OA_STABLE;
	text_set(&l->local_sdp, args->sdp);
	l->state = LEG_CALLING;
	return send_invite(l, l->local_sdp, args->max_forwards);
}

void leg_cancel(struct leg *l, struct str headers)
{
	if (l->state != LEG_CALLING)
		return;
	l->state = LEG_CANCELLING;
	l->end_ms = call_wall_ms(l->call);
	leg_drop_media(l);
	if (l->invite_ct)
		ctrans_cancel(l->invite_ct, headers);
	else
		leg_ended(l);
}

/**
 * A 2xx to an INVITE whose transaction is over: a branch that a proxy forked and that answered
 * late (13.2.2.4). Only for legs that live, so that nobody can make us send to whom he likes.
 */
void calls_stray_answer(struct calls *cs, const struct sip_msg *m)
{
	struct leg *l = leg_find_ours(cs, m->call_id, m->from.tag);
	if (!l || !l->uac || l->state == LEG_ENDED || !m->to.tag.n || m->status / 100 != 2 ||
	    str_eq(m->to.tag, l->dlg.remote_tag))
		return;
	drop_branch(l, m);
}
