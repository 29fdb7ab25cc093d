// SPDX-License-Identifier: Apache-2.0
/*
 * The caller talks to the switch itself: echo test, prompts, menus. Its offers are answered from our
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
		leg_set_alone(c->a, &c->talk.room);
}

static void here_ready(struct call *c)
{
	here_set_media(c);
	if (c->here == HERE_APP && c->state != CALL_ENDING)
		talk_carry_out(c);
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
		call_end(c, END_SYSTEM, 488, "the caller offered no codec that the switch speaks", STR_NONE);
		return;
	}
	c->here = what;
	call_answer_caller(c, buf_view(&b));
	if (a->invite_had_offer) /* else when its answer is there: here_on_confirmed */
		here_ready(c);
}

void here_on_confirmed(struct leg *l, struct str sdp)
{
	struct call *c = l->call;
	bool late = !l->remote_sdp.n;
	if (sdp.n)
		leg_set_remote(l, sdp, false);
	if (!l->remote_sdp.n) {
		call_end(c, END_SYSTEM, 488, "the offer was never answered", STR_NONE);
		return;
	}
	if (late)
		here_ready(c);
	else
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

/**
 * A digit in an INFO: "Signal=5" among the lines of application/dtmf-relay, or the bare digit of
 * application/dtmf. No RFC describes either; phones send both.
 */
static char digit_of_info(const struct sip_msg *m)
{
	struct str type = sip_value(m, HDR_CONTENT_TYPE), rest = m->body;
	struct str media_type = str_trim(str_cut(&type, ';'));
	struct str value = STR_NONE;
	if (str_ieq(media_type, STR("application/dtmf"))) {
		value = str_trim(rest);
	} else if (str_ieq(media_type, STR("application/dtmf-relay"))) {
		while (rest.n && !value.n) {
			struct str line = str_cut(&rest, '\n');
			if (str_ieq(str_trim(str_cut(&line, '=')), STR("signal")))
				value = str_trim(line);
		}
	}
	bool is_digit = value.n == 1 && strchr("0123456789*#ABCDabcd", value.p[0]);
	return is_digit ? value.p[0] : 0;
}

void here_on_request(struct call *c, const struct sip_msg *m)
{
	char digit = m->method == SIP_INFO ? digit_of_info(m) : 0;
	if (digit)
		talk_on_digit(c, digit);
}
