// SPDX-License-Identifier: Apache-2.0
/*
 * Two legs that talk: each side's offers and answers go to the other with our
 * addresses in them, and the media plane joins their streams.
 *
 * An offer that changes nothing for the other side (a session refresh, a new address behind the
 * same codecs and direction) is answered here: the media is anchored with us.
 */
#include "call/bridge.h"

#include <errno.h>

#include <stdlib.h>

/** The line of a description as if its speaker were not held. */
static void set_wish(struct sdp *s, enum sdp_dir wish)
{
	for (size_t i = 0; i < s->n_media; i++) {
		if (!sdp_media_usable(&s->media[i]))
			continue;
		s->media[i].dir = wish;
		s->media[i].conn_is_zero = false;
		return;
	}
}

/** A description for one leg, made by sdp_relay_offer or sdp_relay_answer from another's. */
typedef int make_fn(struct buf *out, const struct sdp *theirs, const struct sdp *answered,
                    const struct sdp_local *local);

static int make_offer(struct buf *out, const struct sdp *theirs, const struct sdp *none,
                      const struct sdp_local *local)
{
	(void)none;
	return sdp_relay_offer(out, theirs, local, NULL);
}

static int make_answer(struct buf *out, const struct sdp *answer, const struct sdp *offer,
                       const struct sdp_local *local)
{
	return sdp_relay_answer(out, offer, answer, local, NULL);
}

/**
 * Print the description with the leg's present version; when it says something else than the
 * last one did, with the next (RFC 3264 section 8). `wish`: a direction instead of theirs.
 */
static int describe(struct leg *to, make_fn *make, struct str theirs, struct str answered,
                    const enum sdp_dir *wish, struct buf *out)
{
	struct arena arena;
	arena_init(&arena, 16384);
	int e = E_MALFORMED;
	struct sdp *s = leg_parse_sdp(&arena, theirs);
	struct sdp *o = answered.n ? leg_parse_sdp(&arena, answered) : NULL;
	if (s && (o || !answered.n)) {
		if (wish)
			set_wish(s, *wish);
		struct sdp *seen = leg_parse_sdp(&arena, to->remote_sdp);
		if (seen && seen->n_media > to->local.min_media)
			to->local.min_media = seen->n_media; /* RFC 3264 section 8: never fewer lines */
		if (!to->local.version)
			to->local.version = 1;
		if (o)
			leg_note_mux(to, o);
		buf_reset(out);
		e = make(out, s, o, &to->local);
		if (!e && to->local_sdp.n && !str_eq(buf_view(out), to->local_sdp)) {
			to->local.version++;
			buf_reset(out);
			e = make(out, s, o, &to->local);
		}
		if (!e && !buf_ok(out))
			e = E_LIMIT;
	}
	arena_fini(&arena);
	return e;
}

int bridge_offer(struct leg *to, struct str offer, struct buf *out)
{
	return describe(to, make_offer, offer, STR_NONE, NULL, out);
}

int bridge_offer_agreed(struct leg *to, const struct leg *from, struct buf *out)
{
	struct str agreed = from->remote_is_offer ? from->local_sdp : from->remote_sdp;
	enum sdp_dir wish = (enum sdp_dir)from->wants;
	return describe(to, make_offer, agreed, STR_NONE, &wish, out);
}

int bridge_answer(struct leg *to, struct str offer, struct str answer, struct buf *out)
{
	return describe(to, make_answer, answer, offer, NULL, out);
}

void bridge_media(struct leg *x, struct leg *y)
{
	leg_join_media(x, y);
}

/* -- offers in mid-call -------------------------------------------------------------- */

/** An offer as the leg `to` would be told it, with its present version. */
static bool print_offer(struct leg *to, struct str offer, struct buf *out)
{
	struct arena arena;
	arena_init(&arena, 8192);
	struct sdp *s = leg_parse_sdp(&arena, offer);
	bool ok = s && sdp_relay_offer(out, s, &to->local, NULL) == 0 && buf_ok(out);
	arena_fini(&arena);
	return ok;
}

/**
 * Does the other side have to hear of what `l` says now? Not when it amounts to what `l` said
 * before, or to what the other side was told already.
 */
static bool concerns(struct leg *l, struct leg *other, struct str offer)
{
	char room_now[CALL_MAX_SDP], room_before[CALL_MAX_SDP];
	struct buf now, before;
	buf_init_fixed(&now, room_now, sizeof room_now);
	buf_init_fixed(&before, room_before, sizeof room_before);
	if (!print_offer(other, offer, &now))
		return true;
	if (str_eq(buf_view(&now), other->local_sdp))
		return false;
	return !print_offer(other, l->remote_sdp, &before) ||
	       !str_eq(buf_view(&now), buf_view(&before));
}

/** The other side's answer, in our words, for `l`, whose `offer` it answers. */
static int answer_with(struct leg *l, struct leg *other, struct str offer)
{
	char room[CALL_MAX_SDP];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	int e = bridge_answer(l, offer, other->remote_sdp, &b);
	if (e)
		return e;
	leg_set_remote(l, offer, true);
	text_set(&l->local_sdp, buf_view(&b));
	leg_accept_offer(l, l->local_sdp);
	return 0;
}

/** Answer `l`'s offer from what the other side said last. */
static int answer_here(struct leg *l, struct leg *other, struct str offer)
{
	int e = answer_with(l, other, offer);
	if (e)
		return e;
	bridge_media(l, other);
	call_save(l->call);
	return 0;
}

/** An empty re-INVITE wants an offer of ours: all that the other side can do. */
static void offer_again(struct leg *l, struct leg *other)
{
	char room[CALL_MAX_SDP];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	enum sdp_dir wish = (enum sdp_dir)other->wants;
	if (describe(l, make_offer, other->remote_sdp, STR_NONE, &wish, &b) != 0) {
		leg_refuse_offer(l, 488, STR_NONE);
		return;
	}
	text_set(&l->local_sdp, buf_view(&b));
	leg_accept_offer(l, l->local_sdp);
}

/** True: passed on (or refused); the answer comes later. */
static void pass_on(struct leg *l, struct leg *other, struct str offer)
{
	char room[CALL_MAX_SDP];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	int e = bridge_offer(other, offer, &b);
	if (e) {
		leg_refuse_offer(l, 488, STR_NONE);
		return;
	}
	e = leg_offer(other, buf_view(&b), l->offer_by_update);
	if (e) { /* glare: the other side is busy with an offer of its own (491) */
		leg_refuse_offer(l, e == EBUSY ? 491 : 500, STR_NONE);
		return;
	}
	text_set(&l->offered_sdp, offer);
	text_set(&other->offering_sdp, buf_view(&b));
}

void bridge_on_offer(struct leg *l, struct leg *other, struct str offer)
{
	if (!offer.n) {
		offer_again(l, other);
		return;
	}
	if (!concerns(l, other, offer) && answer_here(l, other, offer) == 0)
		return;
	if (other->state != LEG_CONFIRMED) { /* not answered yet: nothing can be passed on */
		leg_refuse_offer(l, 491, STR_NONE);
		return;
	}
	pass_on(l, other, offer);
}

void bridge_on_withdrawn(struct leg *l, struct leg *other)
{
	if (!l->offered_sdp.n)
		return;
	text_free(&l->offered_sdp);
	l->offer_withdrawn = true;
	leg_cancel_offer(other);
}

/** The other side agreed to what is not so: it is told how it is. */
static void tell_again(struct leg *l, struct leg *other)
{
	char room[CALL_MAX_SDP];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	if (bridge_offer(other, l->remote_sdp, &b) == 0 &&
	    leg_offer(other, buf_view(&b), false) == 0)
		text_set(&other->offering_sdp, buf_view(&b));
}

/** `other` agreed to `said`. `offer` is what of `l` waits for that; empty: nothing does. */
static void agreed(struct leg *l, struct leg *other, struct str said, struct str offer, struct str sdp)
{
	text_set(&other->local_sdp, said);
	leg_set_remote(other, sdp, false);
	if (l->offer_withdrawn) {
		tell_again(l, other);
	} else if (offer.n && answer_with(l, other, offer) != 0) {
		leg_refuse_offer(l, 488, STR_NONE);
		tell_again(l, other);
	}
	bridge_media(l, other);
	call_save(l->call);
}

void bridge_on_answer(struct leg *other, struct leg *l, uint16_t status, struct str sdp)
{
	struct str offer = l->offered_sdp;
	l->offered_sdp = STR_NONE;
	struct str said = other->offering_sdp;
	other->offering_sdp = STR_NONE;
	if (status < 300 && sdp.n) {
		agreed(l, other, said, offer, sdp);
	} else {
		/* A challenge is for us, and we answer none: it does not pass. */
		bool ours = status == 401 || status == 407 || status < 300;
		leg_refuse_offer(l, ours ? 488 : status, STR_NONE);
	}
	l->offer_withdrawn = false;
	text_free(&offer);
	text_free(&said);
}

/**
 * The answer to our offer came in an ACK: the other side hears of it when it says something
 * new (a phone that resumes with an empty re-INVITE).
 */
void bridge_on_late_answer(struct leg *l, struct leg *other, struct str answer)
{
	char room[CALL_MAX_SDP];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	bool news = concerns(l, other, answer);
	leg_set_remote(l, answer, false);
	if (news && bridge_offer(other, answer, &b) == 0 &&
	    leg_offer(other, buf_view(&b), false) == 0)
		text_set(&other->offering_sdp, buf_view(&b));
	bridge_media(l, other);
	call_save(l->call);
}
