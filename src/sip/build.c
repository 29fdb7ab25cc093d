// SPDX-License-Identifier: Apache-2.0
#include "sip/build.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sip/chars.h"
#include "sip/param.h"

/** Bytes that could begin a line of their own become blanks. */
static void put_text(struct buf *b, struct str s)
{
	if (s.n == 0)
		return;
	if (!memchr(s.p, '\r', s.n) && !memchr(s.p, '\n', s.n) && !memchr(s.p, 0, s.n)) {
		buf_str(b, s);
		return;
	}
	for (size_t i = 0; i < s.n; i++)
		buf_ch(b, s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == 0 ? ' ' : s.p[i]);
}

static void put_crlf(struct buf *b)
{
	buf_lit(b, "\r\n");
}

void sip_put_request_line(struct buf *b, struct str method, struct str ruri)
{
	put_text(b, method);
	buf_ch(b, ' ');
	put_text(b, ruri);
	buf_lit(b, " SIP/2.0\r\n");
}

void sip_put_status_line(struct buf *b, uint16_t status, struct str reason)
{
	buf_lit(b, "SIP/2.0 ");
	buf_u64(b, status);
	buf_ch(b, ' ');
	put_text(b, reason.n != 0 ? reason : sip_reason(status));
	put_crlf(b);
}

void sip_put_named(struct buf *b, struct str name, struct str value)
{
	put_text(b, name);
	buf_lit(b, ": ");
	put_text(b, value);
	put_crlf(b);
}

void sip_put_hdr(struct buf *b, enum sip_hdr_id id, struct str value)
{
	sip_put_named(b, sip_hdr_name(id), value);
}

void sip_put_hdr_u32(struct buf *b, enum sip_hdr_id id, uint32_t value)
{
	buf_str(b, sip_hdr_name(id));
	buf_lit(b, ": ");
	buf_u64(b, value);
	put_crlf(b);
}

void sip_put_hdr_fmt(struct buf *b, enum sip_hdr_id id, const char *fmt, ...)
{
	char small[512];
	char *text = small;
	va_list args, again;
	va_start(args, fmt);
	va_copy(again, args);
	int n = vsnprintf(small, sizeof(small), fmt, args);
	if (n >= (int)sizeof(small)) {
		text = malloc((size_t)n + 1);
		if (!text)
			abort();
		(void)vsnprintf(text, (size_t)n + 1, fmt, again);
	}
	va_end(again);
	va_end(args);
	sip_put_hdr(b, id, (struct str){text, n > 0 ? (size_t)n : 0});
	if (text != small)
		free(text);
}

/** Length of the UTF-8 character at the start of `s`; 0 when there is none. */
static size_t utf8_char(struct str s)
{
	uint8_t lead = (uint8_t)s.p[0];
	size_t n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	return n <= s.n && str_is_utf8((struct str){s.p, n}) ? n : 0;
}

void sip_put_quoted(struct buf *b, struct str s)
{
	buf_ch(b, '"');
	while (s.n != 0) {
		size_t n = utf8_char(s);
		uint8_t c = (uint8_t)*s.p;
		if (n == 0)
			buf_ch(b, '?');
		else if (c < 0x20 || c == 0x7f)
			buf_ch(b, ' ');
		else {
			if (c == '"' || c == '\\')
				buf_ch(b, '\\');
			buf_add(b, s.p, n);
		}
		s = str_sub(s, n != 0 ? n : 1, s.n);
	}
	buf_ch(b, '"');
}

void sip_put_body(struct buf *b, struct str type, struct str body)
{
	if (type.n != 0)
		sip_put_hdr(b, HDR_CONTENT_TYPE, type);
	buf_lit(b, "Content-Length: ");
	buf_u64(b, body.n);
	buf_lit(b, "\r\n\r\n");
	buf_str(b, body);
}

void sip_put_via(struct buf *b, enum sip_transport t, const struct addr *sent_by, struct str branch)
{
	buf_lit(b, "Via: SIP/2.0/");
	buf_str(b, sip_transport_name(t));
	buf_ch(b, ' ');
	addr_put(b, sent_by);
	buf_lit(b, ";branch=");
	put_text(b, branch);
	if (t == SIP_UDP)
		buf_lit(b, ";rport");
	put_crlf(b);
}

/* -- responses ----------------------------------------------------------------------- */

/** Section 18.2.1: the host is a name, or another address than the one it came from. */
static bool needs_received(const struct sip_via *via, const struct addr *source)
{
	struct addr host;
	return via->rport || addr_parse_ip(&host, via->host) != 0 || !addr_eq_ip(&host, source);
}

/** The top Via without what the sender may have claimed, then with what we saw. */
static void put_top_via(struct buf *b, const struct sip_via *via, const struct addr *source)
{
	struct str rest = via->params, name, value;
	bool quoted;
	if (!via->params.p) {
		put_text(b, via->text);
	} else {
		put_text(b, str_span(via->text.p, via->params.p - 1));
		for (;;) {
			const char *from = rest.p;
			if (param_next(&rest, ';', &name, &value, &quoted) != 0)
				break;
			if (name_eq(name, STR("received")) || name_eq(name, STR("rport")))
				continue;
			struct str param = trim_span(from, rest.p);
			if (*param.p != ';')
				buf_ch(b, ';');
			put_text(b, param);
		}
	}
	if (needs_received(via, source)) {
		buf_lit(b, ";received=");
		addr_put_ip(b, source, false);
	}
	if (via->rport) {
		/* RFC 3581 section 4. */
		buf_lit(b, ";rport=");
		buf_u64(b, source->port);
	}
}

static void put_vias(struct buf *b, const struct sip_msg *req, const struct addr *source)
{
	const struct sip_hdr *h = sip_hdr(req, HDR_VIA);
	if (!h)
		return;
	buf_lit(b, "Via: ");
	if (req->via.host.n == 0) {
		put_text(b, h->value); /* it could not be read */
	} else {
		put_top_via(b, &req->via, source);
		put_text(b, str_span(str_end(req->via.text), str_end(h->value)));
	}
	put_crlf(b);
	while ((h = sip_hdr_next(req, h)) != NULL)
		sip_put_hdr(b, HDR_VIA, h->value);
}

static void put_first(struct buf *b, const struct sip_msg *req, enum sip_hdr_id id)
{
	const struct sip_hdr *h = sip_hdr(req, id);
	if (h)
		sip_put_hdr(b, id, h->value);
}

static void put_to(struct buf *b, const struct sip_msg *req, struct str to_tag)
{
	const struct sip_hdr *h = sip_hdr(req, HDR_TO);
	if (!h)
		return;
	struct str value = h->value;
	bool add = to_tag.n != 0 && req->to.tag.n == 0;
	while (add && (str_ends(value, STR(";")) || str_ends(value, STR(" "))))
		value.n--; /* a ';' too many was forgiven; two would not be */
	buf_lit(b, "To: ");
	put_text(b, value);
	if (add) {
		buf_lit(b, ";tag=");
		put_text(b, to_tag);
	}
	put_crlf(b);
}

void sip_put_reply_head(struct buf *b, const struct sip_msg *req, const struct addr *source,
                        struct str to_tag, bool record_route)
{
	put_vias(b, req, source);
	put_first(b, req, HDR_FROM);
	put_to(b, req, to_tag);
	put_first(b, req, HDR_CALL_ID);
	put_first(b, req, HDR_CSEQ);
	/* Section 8.2.6.1 asks for it in a 100, and allows it in all others. */
	put_first(b, req, HDR_TIMESTAMP);
	if (record_route)
		for (const struct sip_hdr *h = sip_hdr(req, HDR_RECORD_ROUTE); h;
		     h = sip_hdr_next(req, h))
			sip_put_hdr(b, HDR_RECORD_ROUTE, h->value);
}
