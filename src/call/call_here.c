// SPDX-License-Identifier: Apache-2.0
/*
 * The caller talks to the switch itself: the echo test. Its offers are answered from our
 * own codecs, and no other leg hears of them.
 */
#include "call/bridge.h"

/** An answer to what the caller offered. False: it has none of our codecs. */
static bool put_answer(struct leg *a, struct str offer, struct buf *out)
{
	struct arena arena;
	arena_init(&arena, 16384);
	struct sdp *s = leg_parse_sdp(&arena, offer);
	leg_note_mux(a, s);
	bool ok = s && sdp_answer(out, s, &a->local, sdp_codecs_default, sdp_codecs_default_n,
	                          SDP_SENDRECV, NULL, NULL) == 0;
	arena_fini(&arena);
	return ok;
}

void here_set_media(struct call *c)
{
	if (!c->a->remote_sdp.n) /* the answer to our offer is still to come */
		return;
	if (c->early)
		bridge_media(c->a, c->early);
	else if (c->here == HERE_ECHO)
		leg_set_echo(c->a);
	else
		leg_set_alone(c->a);
}

void call_answer_here(struct call *c, enum call_here what)
{
	struct leg *a = c->a;
	char room[CALL_MAX_SDP];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	a->local.version = 1;
	if (!a->invite_had_offer) {
		sdp_offer(&b, &a->local, sdp_codecs_default, sdp_codecs_default_n, SDP_SENDRECV);
	} else if (!put_answer(a, a->remote_sdp, &b)) {
		call_end(c, END_SYSTEM, 488, "the caller offered nothing that can be echoed", STR_NONE);
		return;
	}
	c->here = what;
	call_answer_caller(c, buf_view(&b));
	if (a->invite_had_offer)
		here_set_media(c);
}

void here_on_confirmed(struct leg *l, struct str sdp)
{
	struct call *c = l->call;
	if (sdp.n)
		leg_set_remote(l, sdp, false);
	if (!l->remote_sdp.n) {
		call_end(c, END_SYSTEM, 488, "the offer was never answered", STR_NONE);
		return;
	}
	here_set_media(c);
	call_save(c);
}

void here_on_offer(struct leg *l, struct str sdp)
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
	if (!put_answer(l, sdp, &b)) {
		leg_refuse_offer(l, 488, STR_NONE);
		return;
	}
	leg_set_remote(l, sdp, true);
	text_set(&l->local_sdp, buf_view(&b));
	leg_accept_offer(l, l->local_sdp);
	here_set_media(l->call);
}
