// SPDX-License-Identifier: Apache-2.0
/* What happens between two sides that talk. */
#include "call/internal.h"

#include "call/bridge.h"

/** The caller acknowledged; `sdp` is its answer to our offer, when we made one. */
void call_on_confirmed(struct leg *l, struct str sdp)
{
	struct call *c = l->call;
	if (c->here && l == c->a && c->state != CALL_ENDING) {
		here_on_confirmed(l, sdp);
		return;
	}
	if (c->state != CALL_ANSWERED)
		return;
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

void call_on_offer(struct leg *l, struct str sdp)
{
	struct call *c = l->call;
	if (c->here && l == c->a && c->state != CALL_ENDING) {
		here_on_offer(l, sdp);
		return;
	}
	if (c->state != CALL_ANSWERED) {
		leg_refuse_offer(l, 491, STR_NONE);
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
	if (c->state == CALL_ENDING || str_eq(sdp, l->remote_sdp))
		return;
	if (c->here && l == c->a) {
		leg_set_remote(l, sdp, false);
		here_set_media(c);
		call_save(c);
	} else if (other && c->state == CALL_ANSWERED) {
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
	if (c->here && l == c->a) {
		here_on_request(c, m);
		strans_reply_status(st, 200);
		return;
	}
	if (!leg_talks(l) || !other || !leg_talks(other)) {
		strans_reply_status(st, 480);
		return;
	}
	leg_pass_request(other, st, m);
}
