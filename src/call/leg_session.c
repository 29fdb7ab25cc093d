// SPDX-License-Identifier: Apache-2.0
/* Session timers (RFC 4028), each leg alone, and the question whether a peer is still there. */
#include "call/internal.h"

#include "sip/param.h"

static uint32_t our_min_se(const struct leg *l)
{
	return l->call->calls->a.settings.min_se_s;
}

/** "1800;refresher=uac" */
static bool read_session(const struct sip_msg *m, uint32_t *seconds, struct str *refresher)
{
	struct str params = sip_value(m, HDR_SESSION_EXPIRES);
	*refresher = STR_NONE;
	if (!params.n)
		return false;
	struct str number = str_trim(str_cut(&params, ';'));
	param_get(params, STR("refresher"), refresher);
	return str_u32(number, seconds) == 0;
}

bool leg_session_from_request(struct leg *l, struct strans *st, const struct sip_msg *m)
{
	uint32_t seconds, min_se = 0;
	struct str refresher;
	bool asked = read_session(m, &seconds, &refresher);
	bool timer = sip_has_token(m, HDR_SUPPORTED, STR("timer"));
	if (asked && seconds < our_min_se(l) && timer) { /* section 9 */
		char room[64];
		struct buf b;
		buf_init_fixed(&b, room, sizeof room);
		sip_put_hdr_u32(&b, HDR_MIN_SE, our_min_se(l));
		const struct sip_reply r = {.status = 422, .headers = buf_view(&b)};
		strans_reply_or_500(st, &r);
		return false;
	}
	if (sip_number(m, HDR_MIN_SE, &min_se) != 0)
		min_se = 0;
	uint32_t wanted = l->call->calls->a.settings.session_expires_s;
	if (asked && seconds < wanted)
		wanted = seconds < our_min_se(l) ? our_min_se(l) : seconds;
	l->session_s = wanted < min_se ? min_se : wanted;
	l->peer_timer = timer;
	/* Table 2 of section 9: who asked for a side gets it; else the peer, when it can. */
	l->we_refresh = !timer || str_ieq(refresher, STR("uas"));
	return true;
}

void leg_put_session(struct leg *l, struct buf *b, bool response)
{
	if (!l->call->calls->a.settings.session_expires_s)
		return;
	if (response) {
		if (!l->session_s)
			return;
		if (l->peer_timer)
			buf_lit(b, "Require: timer\r\n");
		buf_lit(b, "Supported: timer\r\n");
		sip_put_hdr_fmt(b, HDR_SESSION_EXPIRES, "%u;refresher=%s", l->session_s,
		                l->we_refresh ? "uas" : "uac");
		return;
	}
	uint32_t min = l->min_se_s > our_min_se(l) ? l->min_se_s : our_min_se(l);
	uint32_t want = l->session_s ? l->session_s : l->call->calls->a.settings.session_expires_s;
	sip_put_hdr_fmt(b, HDR_SESSION_EXPIRES, "%u", want > min ? want : min);
	sip_put_hdr_u32(b, HDR_MIN_SE, min);
}

void leg_session_from_response(struct leg *l, const struct sip_msg *m)
{
	uint32_t seconds;
	struct str refresher;
	if (read_session(m, &seconds, &refresher) && seconds) {
		l->session_s = seconds < our_min_se(l) ? our_min_se(l) : seconds;
		l->we_refresh = !str_ieq(refresher, STR("uas"));
	} else { /* the peer knows nothing of it: we refresh alone (section 7.2) */
		l->session_s = l->call->calls->a.settings.session_expires_s;
		l->we_refresh = true;
	}
}

static void on_refresh(enum ctrans_event event, struct ctrans *ct, const struct sip_msg *m, int err,
                       void *user);

/** Before our own timer of half the interval is over nothing is lost: ask once more soon. */
static void refresh_later(struct leg *l)
{
	struct calls_args *a = &l->call->calls->a;
	timer_in(a->wheel, &l->session_timer, 2100 + rng_below(a->rng, 1900));
}

static void refresh(struct leg *l)
{
	if (l->modify != MODIFY_NONE || l->pending_offer_from_peer || l->invite_st) {
		refresh_later(l);
		return;
	}
	if (!l->peer_update) { /* a re-INVITE with the description as it stands */
		if (leg_reinvite(l, l->local_sdp, MODIFY_REFRESH) != 0)
			refresh_later(l);
		return;
	}
	char room[256];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	buf_lit(&b, "Supported: timer\r\n");
	sip_put_hdr_fmt(&b, HDR_SESSION_EXPIRES, "%u;refresher=uac", l->session_s);
	leg_put_contact(l, &b);
	l->modify = MODIFY_REFRESH;
	if (l->modify_ct) /* an older one: answered, it only waits for repeats */
		ctrans_detach(l->modify_ct);
	l->modify_ct = leg_send(l, SIP_UPDATE, buf_view(&b), STR_NONE, STR_NONE, on_refresh, l);
	if (!l->modify_ct) {
		l->modify = MODIFY_NONE;
		refresh_later(l);
	}
}

void leg_refresh_answered(struct leg *l, uint16_t status, bool refresh)
{
	if (status < 300) {
		leg_arm_session(l);
		return;
	}
	if (!refresh) /* the session runs on as it did */
		return;
	bool no_update = status == 405 || status == 501;
	if (no_update)
		l->peer_update = false;
	if (no_update || status == 491)
		refresh_later(l);
	else /* half of the interval is left: time for some more attempts */
		timer_in(l->call->calls->a.wheel, &l->session_timer, l->session_s * 125ull);
}

static bool is_dead(uint16_t status)
{
	return status == 481 || status == 408;
}

static void on_refresh(enum ctrans_event event, struct ctrans *ct, const struct sip_msg *m, int err,
                       void *user)
{
	(void)ct;
	struct leg *l = user;
	if (event == CTRANS_PROVISIONAL)
		return;
	bool open = l->modify != MODIFY_NONE;
	l->modify = MODIFY_NONE;
	if (event == CTRANS_END)
		l->modify_ct = NULL;
	if (!open || (l->state != LEG_CONFIRMED && l->state != LEG_ANSWERED))
		return;
	if (event == CTRANS_END) {
		if (err)
			call_on_lost(l, "no answer to a session refresh");
	} else if (is_dead(m->status)) {
		call_on_lost(l, "the peer does not know the dialog any more");
	} else {
		if (m->status < 300)
			leg_session_from_response(l, m);
		leg_refresh_answered(l, m->status, true);
	}
}

static void on_session_timer(struct timer *t, void *arg)
{
	(void)t;
	struct leg *l = arg;
	if (l->state != LEG_CONFIRMED && l->state != LEG_ANSWERED)
		return;
	if (l->we_refresh)
		refresh(l);
	else
		call_on_lost(l, "the peer did not refresh its session in time");
}

void leg_arm_session(struct leg *l)
{
	struct calls_args *a = &l->call->calls->a;
	timer_cancel(a->wheel, &l->session_timer);
	if (!l->session_s || !a->settings.session_expires_s)
		return;
	timer_init(&l->session_timer, on_session_timer, l);
	uint64_t s = l->session_s;
	uint64_t margin = s / 3 < 32 ? s / 3 : 32; /* section 10 */
	timer_in(a->wheel, &l->session_timer, l->we_refresh ? s * 500 : (s - margin) * 1000);
}

/* -- is anybody there? --------------------------------------------------------------- */

static void on_probe(enum ctrans_event event, struct ctrans *ct, const struct sip_msg *m, int err,
                     void *user)
{
	struct leg *l = user;
	if (event == CTRANS_PROVISIONAL)
		return;
	bool open = l->probe_ct == ct;
	if (open && event == CTRANS_END)
		l->probe_ct = NULL;
	if (!open || l->state != LEG_CONFIRMED)
		return;
	if (event == CTRANS_END && err)
		call_on_lost(l, "no audio, and no answer to a question");
	else if (event == CTRANS_FINAL && is_dead(m->status))
		call_on_lost(l, "no audio, and the peer does not know the dialog any more");
}

void leg_probe(struct leg *l)
{
	if (l->state != LEG_CONFIRMED || l->probe_ct)
		return;
	l->probe_ct = leg_send(l, SIP_OPTIONS, STR("Accept: application/sdp\r\n"), STR_NONE, STR_NONE,
	                       on_probe, l);
}
