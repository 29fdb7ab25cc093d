// SPDX-License-Identifier: Apache-2.0
/*
 * Descriptions that pass through us. They are not edited but written anew from what was
 * understood, so what is not named here cannot pass: addresses, host names, candidates,
 * keys, session attributes, unknown media attributes.
 */
#include "sdp/passing.h"
#include "sdp/print.h"

static bool is_red(const struct sdp_format *f)
{
	return str_ieq(f->encoding, STR("red"));
}

static bool serves(const struct sdp_media *m)
{
	return sdp_media_usable(m) && sdp_main_format(m) != NULL;
}

size_t sdp_kept_line(const struct sdp *offer)
{
	size_t i = 0;
	while (i < offer->n_media && !serves(&offer->media[i]))
		i++;
	return i;
}

void sdp_put_kept(struct buf *b, const struct sdp_media *m, const struct sdp_passing *p,
                     const struct sdp_local *local)
{
	buf_lit(b, "m=");
	buf_str(b, m->kind_text);
	buf_printf(b, " %u ", local->addr.port);
	buf_str(b, m->proto_text);
	for (size_t i = 0; i < p->n; i++)
		buf_printf(b, " %u", p->fmt[i].f->pt);
	buf_lit(b, "\r\n");
	for (size_t i = 0; i < p->n; i++)
		sdp_put_format(b, p->fmt[i].f->pt, p->fmt[i].f, p->fmt[i].fmtp);
}

int sdp_relay_offer(struct buf *out, const struct sdp *offer, const struct sdp_local *local,
                    size_t *line)
{
	size_t kept = sdp_kept_line(offer);
	if (kept == offer->n_media)
		return E_POLICY;

	const struct sdp_media *m = &offer->media[kept];
	struct sdp_passing p = {.n = 0};
	for (size_t i = 0; i < m->n_fmt; i++) {
		if (m->fmt[i].encoding.n) /* a number alone means nothing to anybody else */
			p.fmt[p.n++] = (struct sdp_passed){&m->fmt[i], m->fmt[i].fmtp};
	}
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

const struct sdp_media *sdp_answered_line(const struct sdp *answer, const struct sdp *offer,
                                          size_t kept)
{
	size_t i = answer->n_media < offer->n_media ? sdp_kept_line(answer) : kept;
	if (i >= answer->n_media || !sdp_media_usable(&answer->media[i]))
		return NULL;
	return &answer->media[i];
}

static bool has(const struct sdp_passing *p, const struct sdp_format *f)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->fmt[i].f == f)
			return true;
	}
	return false;
}

void sdp_match_formats(struct sdp_passing *p, const struct sdp_media *offered,
                       const struct sdp_media *answered)
{
	bool renumbered = false;
	for (size_t i = 0; i < answered->n_fmt; i++) {
		const struct sdp_format *f = &answered->fmt[i], *g = sdp_format_match(offered, f);
		if (!g || !g->encoding.n || has(p, g))
			continue;
		renumbered |= g->pt != f->pt;
		p->fmt[p->n++] = (struct sdp_passed){g, f->fmtp};
	}
	size_t n = 0;
	for (size_t i = 0; i < p->n; i++) {
		if (!renumbered || !is_red(p->fmt[i].f))
			p->fmt[n++] = p->fmt[i];
	}
	p->n = n;
}

bool sdp_speaks(const struct sdp_passing *p)
{
	for (size_t i = 0; i < p->n; i++) {
		if (sdp_format_is_audio(p->fmt[i].f))
			return true;
	}
	return false;
}

int sdp_relay_answer(struct buf *out, const struct sdp *offer, const struct sdp *answer,
                     const struct sdp_local *local, size_t *line)
{
	size_t kept = sdp_kept_line(offer);
	if (kept == offer->n_media)
		return E_POLICY;
	const struct sdp_media *mo = &offer->media[kept];
	const struct sdp_media *ma = sdp_answered_line(answer, offer, kept);
	struct sdp_passing p = {.n = 0};
	if (ma)
		sdp_match_formats(&p, mo, ma);
	if (!sdp_speaks(&p))
		return E_POLICY;

	/* section 6.1: never more than the offer allows, whatever the other side says */
	enum sdp_dir dir = sdp_dir_answer(sdp_media_dir(mo), sdp_media_dir(ma));
	sdp_put_session(out, local);
	for (size_t i = 0; i < offer->n_media; i++) {
		if (i != kept) {
			sdp_put_refused(out, &offer->media[i]);
			continue;
		}
		sdp_put_kept(out, mo, &p, local);
		sdp_put_tail(out, ma->ptime_ms, ma->maxptime_ms, dir, local->rtcp_mux && mo->rtcp_mux);
	}
	if (line)
		*line = kept;
	return 0;
}

void sdp_pt_map_make(struct sdp_pt_map *map, const struct sdp_media *from, const struct sdp_media *to)
{
	map->any = false;
	for (unsigned pt = 0; pt < sizeof map->to; pt++)
		map->to[pt] = (uint8_t)pt;
	for (size_t i = 0; i < from->n_fmt; i++) {
		const struct sdp_format *g = sdp_format_match(to, &from->fmt[i]);
		if (!g || g->pt == from->fmt[i].pt)
			continue;
		map->to[from->fmt[i].pt] = g->pt;
		map->any = true;
	}
}
