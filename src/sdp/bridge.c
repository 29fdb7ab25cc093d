// SPDX-License-Identifier: Apache-2.0
#include "sdp/bridge.h"

#include "sdp/passing.h"
#include "sdp/print.h"

enum { DYNAMIC_FIRST = 96, DYNAMIC_LAST = 127, SPARE_FIRST = 35, SPARE_LAST = 63, NO_PT = 255 };

static bool is_dtmf(const struct sdp_format *f)
{
	return str_ieq(f->encoding, STR("telephone-event"));
}

static struct sdp_format format_of(const struct sdp_codec *c, uint8_t pt)
{
	return (struct sdp_format){.pt = pt, .has_rtpmap = true, .encoding = str_z(c->encoding),
	                           .clock_hz = c->clock_hz, .channels = c->channels};
}

static struct sdp_format format_of_added(const struct sdp_added_codec *c)
{
	return (struct sdp_format){.pt = c->pt, .has_rtpmap = true, .encoding = str_z(c->encoding),
	                           .clock_hz = c->clock_hz, .channels = c->channels};
}

static bool is_own(const struct sdp_policy *p, const struct sdp_format *f)
{
	return sdp_format_is_audio(f) && sdp_codec_find(p->own, p->n_own, f) != NULL;
}

/* Noise and digits go with whatever audio there is. */
static bool may_pass(const struct sdp_policy *p, const struct sdp_format *f)
{
	return f->encoding.n && (!p->allowed || !sdp_format_is_audio(f) ||
	                         sdp_codec_find(p->allowed, p->n_allowed, f));
}

/* --- the offer --- */

static void pass_formats(struct sdp_passing *out, const struct sdp_media *m, const struct sdp_policy *p)
{
	out->n = 0;
	for (size_t i = 0; i < m->n_fmt; i++) {
		if (may_pass(p, &m->fmt[i]))
			out->fmt[out->n++] = (struct sdp_passed){&m->fmt[i], m->fmt[i].fmtp};
	}
}

static bool has(const struct sdp_passing *p, const struct sdp_format *f)
{
	for (size_t i = 0; i < p->n; i++) {
		if (sdp_format_same(p->fmt[i].f, f))
			return true;
	}
	return false;
}

/* Numbers of the offer that do not pass are taken all the same: they mean something there. */
static bool is_taken(const struct sdp_media *m, const struct sdp_added *added, uint8_t pt)
{
	for (size_t i = 0; i < m->n_fmt; i++) {
		if (m->fmt[i].pt == pt)
			return true;
	}
	for (size_t i = 0; i < added->n; i++) {
		if (added->codec[i].pt == pt)
			return true;
	}
	return false;
}

static uint8_t free_in(const struct sdp_media *m, const struct sdp_added *added, uint8_t first, uint8_t last)
{
	for (uint8_t pt = first; pt <= last; pt++) {
		if (!is_taken(m, added, pt))
			return pt;
	}
	return NO_PT;
}

/* RFC 3551 section 6, and the gap that section 3 leaves when the dynamic ones are used up. */
static uint8_t number_for(const struct sdp_codec *c, const struct sdp_media *m, const struct sdp_added *added)
{
	if (c->pt <= DYNAMIC_LAST && !is_taken(m, added, c->pt))
		return c->pt;
	uint8_t pt = free_in(m, added, DYNAMIC_FIRST, DYNAMIC_LAST);
	return pt != NO_PT ? pt : free_in(m, added, SPARE_FIRST, SPARE_LAST);
}

static struct sdp_added_codec *find_added(struct sdp_added *added, const struct sdp_codec *c)
{
	struct sdp_format f = format_of(c, 0);
	for (size_t i = 0; i < added->n; i++) {
		struct sdp_format g = format_of_added(&added->codec[i]);
		if (sdp_format_same(&f, &g))
			return &added->codec[i];
	}
	return NULL;
}

static bool clashes(const struct sdp_media *m, uint8_t pt)
{
	return is_taken(m, &(struct sdp_added){.n = 0}, pt);
}

/* The codec's place among what was added: the one of earlier offers, or a new one. NULL: no room. */
static const struct sdp_added_codec *number(struct sdp_added *added, const struct sdp_codec *c,
                                            const struct sdp_media *m)
{
	struct sdp_added_codec *at = find_added(added, c);
	if (at && !clashes(m, at->pt)) /* RFC 3264 section 8.3.2 */
		return at;
	uint8_t pt = number_for(c, m, added);
	if (pt == NO_PT || (!at && added->n == SDP_MAX_ADDED))
		return NULL;
	if (!at)
		at = &added->codec[added->n++];
	*at = (struct sdp_added_codec){.clock_hz = c->clock_hz, .channels = c->channels, .pt = pt};
	str_copyz(at->encoding, sizeof at->encoding, str_z(c->encoding));
	return at;
}

struct addition {
	struct sdp_passing *passing;
	const struct sdp_media *m;
	struct sdp_added *added;
	struct sdp_format fmt[SDP_MAX_ADDED]; /* what `passing` points to */
	size_t n;
};

static void add(struct addition *a, const struct sdp_codec *c)
{
	struct sdp_format own = format_of(c, 0);
	if (has(a->passing, &own) || a->n == SDP_MAX_ADDED || a->passing->n == SDP_MAX_FORMATS)
		return;
	const struct sdp_added_codec *at = number(a->added, c, a->m);
	if (!at)
		return;
	a->fmt[a->n] = format_of_added(at);
	a->passing->fmt[a->passing->n++] = (struct sdp_passed){&a->fmt[a->n++], str_z(c->fmtp)};
}

/* There is a use for telephone-event at this clock. */
static bool speaks_at(const struct sdp_passing *p, uint32_t clock_hz)
{
	for (size_t i = 0; i < p->n; i++) {
		if (sdp_format_is_audio(p->fmt[i].f) && p->fmt[i].f->clock_hz == clock_hz)
			return true;
	}
	return false;
}

static bool any_own(const struct sdp_passing *p, const struct sdp_policy *policy)
{
	for (size_t i = 0; i < p->n; i++) {
		if (is_own(policy, p->fmt[i].f))
			return true;
	}
	return false;
}

static void add_own(struct addition *a, const struct sdp_policy *policy)
{
	for (size_t i = 0; i < policy->n_own; i++) {
		struct sdp_format f = format_of(&policy->own[i], 0);
		if (sdp_format_is_audio(&f) && may_pass(policy, &f))
			add(a, &policy->own[i]);
	}
	for (size_t i = 0; i < policy->n_own && a->n; i++) {
		struct sdp_format f = format_of(&policy->own[i], 0);
		if (is_dtmf(&f) && speaks_at(a->passing, f.clock_hz))
			add(a, &policy->own[i]);
	}
}

int sdp_bridge_offer(struct buf *out, const struct sdp *offer, const struct sdp_local *local,
                     const struct sdp_policy *policy, struct sdp_added *added, size_t *line)
{
	size_t kept = sdp_kept_line(offer);
	if (kept == offer->n_media)
		return E_POLICY;
	const struct sdp_media *m = &offer->media[kept];
	struct sdp_passing p;
	pass_formats(&p, m, policy);
	struct addition a = {.passing = &p, .m = m, .added = added};
	if (policy->transcode && any_own(&p, policy)) /* nobody can make of nothing something */
		add_own(&a, policy);
	if (!sdp_speaks(&p))
		return E_POLICY;

	sdp_put_session(out, local);
	for (size_t i = 0; i < offer->n_media; i++) {
		if (i != kept) {
			sdp_put_refused(out, &offer->media[i]);
			continue;
		}
		sdp_put_kept(out, m, &p, local);
		sdp_put_tail(out, m->ptime_ms, m->maxptime_ms, sdp_media_dir(m), local->rtcp_mux);
	}
	sdp_put_missing(out, offer->n_media, local->min_media);
	if (line)
		*line = kept;
	return 0;
}

/* --- the answer --- */

static const struct sdp_format *dtmf_of(const struct sdp_media *m, uint32_t clock_hz)
{
	for (size_t i = 0; i < m->n_fmt; i++) {
		if (is_dtmf(&m->fmt[i]) && m->fmt[i].clock_hz == clock_hz)
			return &m->fmt[i];
	}
	return NULL;
}

/* The number that stood in our offer for what the answer calls `f`; NO_PT: it did not. */
static uint8_t offered_pt(const struct sdp_media *offered, const struct sdp_policy *policy,
                          const struct sdp_added *added, const struct sdp_format *f)
{
	const struct sdp_format *g = sdp_format_match(offered, f);
	if (g && may_pass(policy, g))
		return g->pt;
	for (size_t i = 0; i < added->n; i++) {
		struct sdp_format own = format_of_added(&added->codec[i]);
		if (sdp_format_same(&own, f))
			return own.pt;
	}
	return NO_PT;
}

/* What is the offerer's own, and passes. */
static const struct sdp_format *common(const struct sdp_media *offered, const struct sdp_policy *policy,
                                       const struct sdp_format *f)
{
	const struct sdp_format *g = sdp_format_is_audio(f) ? sdp_format_match(offered, f) : NULL;
	return g && may_pass(policy, g) ? g : NULL;
}

static void note_heard(struct sdp_agreed *a, const struct sdp_media *mo, const struct sdp_media *ma,
                       const struct sdp_policy *policy, const struct sdp_added *added)
{
	for (size_t i = 0; i < ma->n_fmt && a->n_heard < SDP_MAX_HEARD; i++) {
		const struct sdp_format *f = &ma->fmt[i];
		uint8_t pt = offered_pt(mo, policy, added, f);
		if (sdp_format_is_audio(f) && pt != NO_PT)
			a->heard[a->n_heard++] = (struct sdp_heard){pt, f};
	}
}

/* The first codec of the answer that is the offerer's too, and else one of ours on either side. */
static bool agree(struct sdp_agreed *a, const struct sdp_media *mo, const struct sdp_media *ma,
                  const struct sdp_policy *policy, const struct sdp_added *added)
{
	const struct sdp_format *first_own = NULL;
	for (size_t i = 0; i < ma->n_fmt; i++) {
		const struct sdp_format *f = &ma->fmt[i], *g = common(mo, policy, f);
		if (g) {
			a->offerer = g;
			a->answerer = f;
			a->mixed = first_own != NULL;
			return true;
		}
		if (!first_own && is_own(policy, f) && offered_pt(mo, policy, added, f) != NO_PT)
			first_own = f;
	}
	for (size_t i = 0; i < mo->n_fmt && !a->offerer; i++) {
		if (is_own(policy, &mo->fmt[i]) && may_pass(policy, &mo->fmt[i]))
			a->offerer = &mo->fmt[i];
	}
	a->answerer = first_own;
	a->transcode = true;
	return policy->transcode && a->offerer && a->answerer;
}

/* Relayed: all that both have. Else the one codec, and digits at its clock. */
static void answer_formats(struct sdp_passing *p, const struct sdp_media *mo, const struct sdp_media *ma,
                           const struct sdp_policy *policy, const struct sdp_agreed *a)
{
	p->n = 0;
	if (a->transcode) {
		const struct sdp_codec *own = sdp_codec_find(policy->own, policy->n_own, a->offerer);
		p->fmt[p->n++] = (struct sdp_passed){a->offerer, str_z(own->fmtp)};
		if (a->offerer_dtmf)
			p->fmt[p->n++] = (struct sdp_passed){a->offerer_dtmf, STR("0-15")};
		return;
	}
	sdp_match_formats(p, mo, ma);
	size_t n = 0;
	for (size_t i = 0; i < p->n; i++) {
		if (may_pass(policy, p->fmt[i].f))
			p->fmt[n++] = p->fmt[i];
	}
	p->n = n;
}

static void note_rest(struct sdp_agreed *a, const struct sdp_media *mo, const struct sdp_media *ma,
                      const struct sdp_policy *policy, const struct sdp_added *added)
{
	a->offerer_dtmf = dtmf_of(mo, a->offerer->clock_hz);
	a->answerer_dtmf = dtmf_of(ma, a->answerer->clock_hz);
	a->answerer_dtmf_heard =
	    a->answerer_dtmf ? offered_pt(mo, policy, added, a->answerer_dtmf) : NO_PT;
	a->offerer_ptime_ms = mo->ptime_ms;
	a->offerer_maxptime_ms = mo->maxptime_ms;
	a->answerer_ptime_ms = ma->ptime_ms;
	a->answerer_maxptime_ms = ma->maxptime_ms;
	note_heard(a, mo, ma, policy, added);
}

int sdp_bridge_answer(struct buf *out, const struct sdp *offer, const struct sdp *answer,
                      const struct sdp_local *local, const struct sdp_policy *policy,
                      const struct sdp_added *added, struct sdp_agreed *agreed)
{
	size_t kept = sdp_kept_line(offer);
	if (kept == offer->n_media)
		return E_POLICY;
	const struct sdp_media *mo = &offer->media[kept];
	const struct sdp_media *ma = sdp_answered_line(answer, offer, kept);
	struct sdp_agreed a = {.answerer_dtmf_heard = NO_PT};
	if (!ma || !agree(&a, mo, ma, policy, added))
		return E_POLICY;
	note_rest(&a, mo, ma, policy, added);
	struct sdp_passing p;
	answer_formats(&p, mo, ma, policy, &a);

	/* A relayed packet keeps its length; one that we make has the length the offerer asked for. */
	uint32_t ptime_ms = a.transcode ? mo->ptime_ms : ma->ptime_ms;
	uint32_t maxptime_ms = a.transcode ? 0 : ma->maxptime_ms;
	enum sdp_dir dir = sdp_dir_answer(sdp_media_dir(mo), sdp_media_dir(ma));
	sdp_put_session(out, local);
	for (size_t i = 0; i < offer->n_media; i++) {
		if (i != kept) {
			sdp_put_refused(out, &offer->media[i]);
			continue;
		}
		sdp_put_kept(out, mo, &p, local);
		sdp_put_tail(out, ptime_ms, maxptime_ms, dir, local->rtcp_mux && mo->rtcp_mux);
	}
	*agreed = a;
	return 0;
}
