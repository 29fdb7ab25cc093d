// SPDX-License-Identifier: Apache-2.0
#include "sdp/print.h"

#include "sdp/parse.h"

static void put_conn(struct buf *b, const struct addr *a)
{
	buf_str(b, a->family == ADDR_V6 ? STR("IN IP6 ") : STR("IN IP4 "));
	addr_put_ip(b, a, false);
	buf_lit(b, "\r\n");
}

void sdp_put_session(struct buf *b, const struct sdp_local *local)
{
	buf_lit(b, "v=0\r\no=- ");
	buf_u64(b, local->id);
	buf_ch(b, ' ');
	buf_u64(b, local->version);
	buf_ch(b, ' ');
	put_conn(b, &local->addr);
	buf_lit(b, "s=-\r\nc=");
	put_conn(b, &local->addr);
	buf_lit(b, "t=0 0\r\n");
}

/* RFC 3264 section 6: at least one format must stand there, and it means nothing. */
static struct str any_format(const struct sdp_media *m)
{
	struct str rest = m->formats_text, f = sdp_word(&rest);
	for (size_t i = 0; i < f.n; i++) {
		char c = ch_lower(f.p[i]);
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
			return STR("0"); /* might be a name or an address */
	}
	return f.n ? f : STR("0");
}

void sdp_put_refused(struct buf *b, const struct sdp_media *m)
{
	buf_lit(b, "m=");
	buf_str(b, m->kind_text);
	buf_lit(b, " 0 ");
	buf_str(b, m->proto_text);
	buf_ch(b, ' ');
	buf_str(b, any_format(m));
	buf_lit(b, "\r\n");
}

/* What a static number means is known, but some phones ask for the rtpmap all the same. */
static bool wants_rtpmap(uint8_t pt, const struct sdp_format *f)
{
	static const uint8_t common[] = {0, 3, 8, 9, 13, 18};
	return f->has_rtpmap || memchr(common, pt, sizeof common) != NULL;
}

static bool is_printable(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c < ' ' || c == 0x7f)
			return false;
	}
	return true;
}

void sdp_put_format(struct buf *b, uint8_t pt, const struct sdp_format *f, struct str fmtp)
{
	if (wants_rtpmap(pt, f)) {
		buf_lit(b, "a=rtpmap:");
		buf_u64(b, pt);
		buf_ch(b, ' ');
		buf_str(b, f->encoding);
		buf_ch(b, '/');
		buf_u64(b, f->clock_hz);
		if (f->channels != 1) {
			buf_ch(b, '/');
			buf_u64(b, f->channels);
		}
		buf_lit(b, "\r\n");
	}
	if (fmtp.n && is_printable(fmtp)) {
		buf_lit(b, "a=fmtp:");
		buf_u64(b, pt);
		buf_ch(b, ' ');
		buf_str(b, fmtp);
		buf_lit(b, "\r\n");
	}
}

static void put_ms(struct buf *b, struct str name, uint32_t ms)
{
	if (!ms)
		return;
	buf_str(b, name);
	buf_u64(b, ms);
	buf_lit(b, "\r\n");
}

void sdp_put_tail(struct buf *b, uint32_t ptime_ms, uint32_t maxptime_ms, enum sdp_dir dir, bool mux)
{
	put_ms(b, STR("a=ptime:"), ptime_ms);
	put_ms(b, STR("a=maxptime:"), maxptime_ms);
	buf_lit(b, "a=");
	buf_str(b, str_z(sdp_dir_name(dir)));
	buf_lit(b, "\r\n");
	if (mux)
		buf_lit(b, "a=rtcp-mux\r\n");
}

void sdp_put_missing(struct buf *b, size_t n, size_t min)
{
	for (; n < min && n < SDP_MAX_MEDIA; n++)
		buf_lit(b, "m=audio 0 RTP/AVP 0\r\n");
}
