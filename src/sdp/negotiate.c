// SPDX-License-Identifier: Apache-2.0
#include "sdp/negotiate.h"

#include "sdp/print.h"

const struct sdp_codec sdp_codecs_default[] = {
	{"PCMU", 8000, 1, 0, NULL},
	{"PCMA", 8000, 1, 8, NULL},
	{"G722", 8000, 1, 9, NULL}, /* RFC 3551 section 4.5.2: 8000 is what is said, not what is meant */
	{"opus", 48000, 2, 111, "useinbandfec=1"},
	{"telephone-event", 8000, 1, 101, "0-15"},
	{"telephone-event", 48000, 1, 110, "0-15"},
};
const size_t sdp_codecs_default_n = sizeof sdp_codecs_default / sizeof sdp_codecs_default[0];

static struct sdp_format format_of(const struct sdp_codec *c)
{
	return (struct sdp_format){.pt = c->pt, .has_rtpmap = true, .encoding = str_z(c->encoding),
	                           .clock_hz = c->clock_hz, .channels = c->channels};
}

const struct sdp_codec *sdp_codec_find(const struct sdp_codec *codecs, size_t n,
                                       const struct sdp_format *f)
{
	for (size_t i = 0; i < n; i++) {
		struct sdp_format own = format_of(&codecs[i]);
		if (sdp_format_same(&own, f))
			return &codecs[i];
	}
	return NULL;
}

static bool is_dtmf(const struct sdp_format *f)
{
	return str_ieq(f->encoding, STR("telephone-event"));
}

bool sdp_format_is_audio(const struct sdp_format *f)
{
	return f->encoding.n && !is_dtmf(f) && !str_ieq(f->encoding, STR("CN")) &&
	       !str_ieq(f->encoding, STR("red"));
}

const struct sdp_format *sdp_main_format(const struct sdp_media *m)
{
	for (size_t i = 0; i < m->n_fmt; i++) {
		if (sdp_format_is_audio(&m->fmt[i]))
			return &m->fmt[i];
	}
	return NULL;
}

/* RFC 4733 section 2.5.1.2: events share the audio's timestamps, so its clock is the right one. */
static const struct sdp_format *dtmf_at(const struct sdp_media *m, uint32_t clock_hz)
{
	const struct sdp_format *any = NULL;
	for (size_t i = 0; i < m->n_fmt; i++) {
		const struct sdp_format *f = &m->fmt[i];
		if (!is_dtmf(f))
			continue;
		if (f->clock_hz == clock_hz)
			return f;
		if (!any)
			any = f;
	}
	return any;
}

const struct sdp_format *sdp_dtmf_format(const struct sdp_media *m)
{
	const struct sdp_format *main_format = sdp_main_format(m);
	return dtmf_at(m, main_format ? main_format->clock_hz : 0);
}

enum sdp_dir sdp_media_dir(const struct sdp_media *m)
{
	bool is_hold = m->conn_is_zero && !m->is_trickle;
	return is_hold ? (enum sdp_dir)(m->dir & SDP_SENDONLY) : m->dir;
}

bool sdp_media_usable(const struct sdp_media *m)
{
	if (m->kind != SDP_AUDIO || (m->proto != SDP_RTP_AVP && m->proto != SDP_RTP_AVPF) || !m->port)
		return false;
	if (m->is_trickle)
		return true;
	return m->conn.family != ADDR_NONE && !addr_is_multicast(&m->conn);
}

/* What the answer takes of a line. */
struct taken {
	const struct sdp_media *m;
	const struct sdp_format *codec, *dtmf; /* dtmf may be NULL */
	const struct sdp_codec *own;
};

/* False: not usable, or no codec of ours. */
static bool take_line(struct taken *t, const struct sdp_media *m, const struct sdp_codec *codecs,
                      size_t n)
{
	if (!sdp_media_usable(m))
		return false;
	for (size_t i = 0; i < m->n_fmt; i++) {
		const struct sdp_codec *own = sdp_codec_find(codecs, n, &m->fmt[i]);
		if (!own || !sdp_format_is_audio(&m->fmt[i]))
			continue;
		*t = (struct taken){.m = m, .codec = &m->fmt[i], .own = own};
		const struct sdp_format *dtmf = dtmf_at(m, own->clock_hz);
		if (dtmf && sdp_codec_find(codecs, n, dtmf))
			t->dtmf = dtmf;
		return true;
	}
	return false;
}

/* RFC 3264 section 6.1: the numbers are the offer's. */
static void put_taken(struct buf *b, const struct taken *t, const struct sdp_local *local,
                      enum sdp_dir wanted)
{
	buf_lit(b, "m=");
	buf_str(b, t->m->kind_text);
	buf_printf(b, " %u ", local->addr.port);
	buf_str(b, t->m->proto_text);
	buf_printf(b, " %u", t->codec->pt);
	if (t->dtmf)
		buf_printf(b, " %u", t->dtmf->pt);
	buf_lit(b, "\r\n");
	sdp_put_format(b, t->codec->pt, t->codec, str_z(t->own->fmtp));
	if (t->dtmf)
		sdp_put_format(b, t->dtmf->pt, t->dtmf, STR("0-15"));
	sdp_put_tail(b, t->m->ptime_ms, 0, sdp_dir_answer(sdp_media_dir(t->m), wanted),
	             local->rtcp_mux && t->m->rtcp_mux);
}

int sdp_answer(struct buf *out, const struct sdp *offer, const struct sdp_local *local,
               const struct sdp_codec *codecs, size_t n_codecs, enum sdp_dir wanted,
               const struct sdp_media **chosen, const struct sdp_format **codec)
{
	struct taken t = {.m = NULL};
	for (size_t i = 0; i < offer->n_media && !t.m; i++)
		take_line(&t, &offer->media[i], codecs, n_codecs);
	if (!t.m)
		return E_POLICY;

	sdp_put_session(out, local);
	for (size_t i = 0; i < offer->n_media; i++) { /* RFC 3264 section 6: as many, in this order */
		if (&offer->media[i] == t.m)
			put_taken(out, &t, local, wanted);
		else
			sdp_put_refused(out, &offer->media[i]);
	}
	if (chosen)
		*chosen = t.m;
	if (codec)
		*codec = t.codec;
	return 0;
}

void sdp_offer(struct buf *out, const struct sdp_local *local, const struct sdp_codec *codecs,
               size_t n_codecs, enum sdp_dir dir)
{
	sdp_put_session(out, local);
	buf_printf(out, "m=audio %u RTP/AVP", local->addr.port);
	for (size_t i = 0; i < n_codecs; i++)
		buf_printf(out, " %u", codecs[i].pt);
	buf_lit(out, "\r\n");
	for (size_t i = 0; i < n_codecs; i++) {
		struct sdp_format f = format_of(&codecs[i]);
		sdp_put_format(out, f.pt, &f, str_z(codecs[i].fmtp));
	}
	sdp_put_tail(out, 20, 0, dir, local->rtcp_mux);
	sdp_put_missing(out, 1, local->min_media);
}
