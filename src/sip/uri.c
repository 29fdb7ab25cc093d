// SPDX-License-Identifier: Apache-2.0
#include "sip/uri.h"

#include <errno.h>

#include "sip/chars.h"
#include "sip/param.h"

enum { MAX_COMPARED = 512 };

/* -- parsing ------------------------------------------------------------------------- */

/** RFC 3986 section 3.1: ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ), up to the ':'. */
static const char *scheme_end(struct str s)
{
	const char *p = s.p, *end = str_end(s);
	if (p == end || !((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z'))
		return NULL;
	while (p < end && *p != ':' && (ch_is(*p, CH_HOST) || *p == '+'))
		p++;
	return p < end && *p == ':' ? p : NULL;
}

static enum uri_scheme scheme_of(struct str s)
{
	if (name_eq(s, STR("sip")))
		return URI_SIP;
	if (name_eq(s, STR("sips")))
		return URI_SIPS;
	return name_eq(s, STR("tel")) ? URI_TEL : URI_OTHER;
}

/** Only visible bytes of the class, and each '%' is followed by two digits (section 25.1). */
static bool is_escaped_text(struct str s, unsigned classes)
{
	const char *p = s.p, *end = str_end(s);
	for (; p < end; p++) {
		if (!ch_is(*p, classes))
			return false;
		if (*p == '%' && (end - p < 3 || !ch_is(p[1], CH_HEX) || !ch_is(p[2], CH_HEX)))
			return false;
	}
	return true;
}

static int parse_userinfo(struct uri *u, struct str info)
{
	const char *colon = info.n != 0 ? memchr(info.p, ':', info.n) : NULL;
	u->user = info;
	if (colon) {
		u->user = str_span(info.p, colon);
		u->password = str_span(colon + 1, str_end(info));
	}
	/* A user name may hold a second ':' only escaped; in a password phones leave it bare. */
	if (u->user.n == 0 || !is_escaped_text(u->user, CH_USER) ||
	    !is_escaped_text(u->password, CH_URIC))
		return E_MALFORMED;
	return 0;
}

static const char *parse_port(struct uri *u, const char *p, const char *end)
{
	uint32_t port = 0;
	const char *start = p;
	for (; p < end && ch_digit(*p); p++) {
		port = port * 10 + (uint32_t)(*p - '0');
		if (port > UINT16_MAX)
			return NULL;
	}
	u->port = (uint16_t)port;
	return p == start || port == 0 ? NULL : p;
}

/** hostport; returns what follows it or NULL. IPv6 only in brackets (RFC 5118 section 4.2). */
static const char *parse_hostport(struct uri *u, const char *p, const char *end)
{
	u->host_v6 = p < end && *p == '[';
	if (u->host_v6)
		p++;
	const char *start = p;
	p = skip_class(p, end, u->host_v6 ? CH_V6 : CH_HOST);
	u->host = str_span(start, p);
	if (u->host.n == 0)
		return NULL;
	if (u->host_v6 && (p == end || *p++ != ']'))
		return NULL;
	if (p < end && *p == ':')
		p = parse_port(u, p + 1, end);
	return p;
}

static int parse_sip(struct uri *u, struct str rest)
{
	const char *p = rest.p, *end = str_end(rest);
	/* An unescaped '@' occurs once at most (section 25.1): a second one ends in no host. */
	const char *at = rest.n != 0 ? memchr(p, '@', rest.n) : NULL;
	if (at) {
		if (parse_userinfo(u, str_span(p, at)) != 0)
			return E_MALFORMED;
		p = at + 1;
	}
	p = parse_hostport(u, p, end);
	if (!p)
		return E_MALFORMED;
	if (p < end && *p == ';') {
		const char *mark = memchr(p, '?', (size_t)(end - p));
		u->params = str_span(p + 1, mark ? mark : end);
		p = mark ? mark : end;
	}
	if (p < end && *p == '?') {
		u->headers = str_span(p + 1, end);
		p = end;
	}
	if (p != end || !is_escaped_text(u->params, CH_URIC) ||
	    !is_escaped_text(u->headers, CH_URIC))
		return E_MALFORMED;
	return 0;
}

/** RFC 3966 section 3. */
static int parse_tel(struct uri *u, struct str rest)
{
	const char *end = str_end(rest);
	const char *p = skip_class(rest.p, end, CH_TEL);
	u->user = str_span(rest.p, p);
	bool digits = false;
	for (size_t i = 0; i < u->user.n; i++)
		digits |= ch_is(u->user.p[i], CH_HEX) || u->user.p[i] == '*' || u->user.p[i] == '#';
	if (!digits)
		return E_MALFORMED;
	if (p < end && *p == ';') {
		u->params = str_span(p + 1, end);
		p = end;
	}
	return p == end && is_escaped_text(u->params, CH_URIC) ? 0 : E_MALFORMED;
}

int uri_parse(struct uri *u, struct str text)
{
	*u = (struct uri){.scheme = URI_OTHER, .text = text};
	const char *colon = scheme_end(text);
	if (!colon)
		return E_MALFORMED;
	u->scheme_text = str_span(text.p, colon);
	u->scheme = scheme_of(u->scheme_text);
	struct str rest = str_span(colon + 1, str_end(text));
	switch (u->scheme) {
	case URI_SIP:
	case URI_SIPS:
		return parse_sip(u, rest);
	case URI_TEL:
		return parse_tel(u, rest);
	case URI_OTHER:
		break;
	}
	return rest.n != 0 && all_of(rest, CH_URIC) ? 0 : E_MALFORMED;
}

/* -- looking into one ---------------------------------------------------------------- */

bool uri_param(const struct uri *u, struct str name, struct str *value)
{
	return param_get(u->params, name, value);
}

/** Take one byte off the escaped text, -1 at the end. */
static int next_plain(struct str *s)
{
	if (s->n == 0)
		return -1;
	size_t used = 1;
	int c = (uint8_t)s->p[0];
	if (c == '%' && s->n >= 3 && ch_is(s->p[1], CH_HEX) && ch_is(s->p[2], CH_HEX)) {
		c = (int)(hex_value(s->p[1]) * 16 + hex_value(s->p[2]));
		used = 3;
	}
	s->p += used;
	s->n -= used;
	return c;
}

struct str uri_without_headers(struct str text)
{
	struct uri u;
	if (str_find(text, '?') == text.n || uri_parse(&u, text) != 0 || !u.headers.p)
		return text;
	return str_span(text.p, u.headers.p - 1);
}

struct str uri_unescape(struct arena *a, struct str s)
{
	if (s.n == 0 || !memchr(s.p, '%', s.n))
		return s;
	char *copy = arena_alloc(a, s.n);
	size_t n = 0;
	for (int c = next_plain(&s); c >= 0; c = next_plain(&s))
		copy[n++] = (char)c;
	return (struct str){copy, n};
}

bool uri_user_eq(struct str escaped, struct str plain)
{
	for (size_t i = 0; i < plain.n; i++)
		if (next_plain(&escaped) != (uint8_t)plain.p[i])
			return false;
	return escaped.n == 0;
}

/* -- comparing ----------------------------------------------------------------------- */

/** Both sides escaped; where `fold`, without case. */
static bool escaped_eq(struct str a, struct str b, bool fold)
{
	for (;;) {
		int x = next_plain(&a), y = next_plain(&b);
		if (x < 0 || y < 0)
			return x == y;
		if (x != y && !(fold && ch_lower((char)x) == ch_lower((char)y)))
			return false;
	}
}

static bool host_eq(const struct uri *a, const struct uri *b)
{
	if (name_eq(a->host, b->host))
		return true;
	struct addr x, y;
	return a->host_v6 && b->host_v6 && addr_parse_ip(&x, a->host) == 0 &&
	       addr_parse_ip(&y, b->host) == 0 && addr_eq_ip(&x, &y);
}

/** Parameters that make a difference even where only one side has them. */
static bool must_be_in_both(struct str name)
{
	return name_eq(name, STR("user")) || name_eq(name, STR("ttl")) ||
	       name_eq(name, STR("method")) || name_eq(name, STR("maddr")) ||
	       name_eq(name, STR("transport"));
}

/** Section 19.1.4: the parameters of `a` against those of `b`. */
static bool params_fit(const struct uri *a, const struct uri *b)
{
	struct str rest = a->params, name, value, other;
	bool quoted;
	int err;
	while ((err = param_next(&rest, ';', &name, &value, &quoted)) == 0) {
		bool found = uri_param(b, name, &other);
		if (found ? !escaped_eq(value, other, true) : must_be_in_both(name))
			return false;
	}
	return err == ENOENT;
}

/** Take the next of `name=value&name=value`. */
static bool next_uri_header(struct str *rest, struct str *name, struct str *value)
{
	if (rest->n == 0)
		return false;
	*value = str_cut(rest, '&');
	*name = str_cut(value, '=');
	return true;
}

static size_t count_uri_header(struct str headers, struct str name, struct str value)
{
	struct str n, v;
	size_t found = 0;
	while (next_uri_header(&headers, &n, &v))
		found += escaped_eq(n, name, true) && escaped_eq(v, value, false);
	return found;
}

/** "URI header components are never ignored": the same ones, in any order. */
static bool headers_eq(struct str a, struct str b)
{
	struct str rest = a, name, value;
	size_t in_a = 0, in_b = 0;
	for (; next_uri_header(&rest, &name, &value); in_a++)
		if (count_uri_header(a, name, value) != count_uri_header(b, name, value))
			return false;
	for (rest = b; next_uri_header(&rest, &name, &value);)
		in_b++;
	return in_a == in_b;
}

/** Comparing takes the square of the parameters' length: beyond this only equal bytes are equal. */
static bool is_long(const struct uri *u)
{
	return u->params.n + u->headers.n > MAX_COMPARED;
}

bool uri_eq(const struct uri *a, const struct uri *b)
{
	if (str_eq(a->text, b->text))
		return true;
	if (a->scheme != b->scheme || (a->scheme != URI_SIP && a->scheme != URI_SIPS) ||
	    is_long(a) || is_long(b))
		return false;
	return escaped_eq(a->user, b->user, false) && escaped_eq(a->password, b->password, false) &&
	       host_eq(a, b) && a->port == b->port && params_fit(a, b) && params_fit(b, a) &&
	       headers_eq(a->headers, b->headers);
}

/* -- printing ------------------------------------------------------------------------ */

void uri_put_user(struct buf *b, struct str s)
{
	static const char marks[] = "-_.!~*'()&=+$,;?/"; /* unreserved, user-unreserved */
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool plain = (c != 0 && strchr(marks, c)) || ch_digit(c) ||
		             (ch_lower(c) >= 'a' && ch_lower(c) <= 'z');
		if (plain) {
			buf_ch(b, c);
			continue;
		}
		buf_ch(b, '%');
		buf_hex(b, &c, 1);
	}
}

int uri_host_addr(const struct uri *u, struct addr *out)
{
	struct addr a;
	if (u->host.n == 0 || addr_parse_ip(&a, u->host) != 0)
		return ENOENT;
	if (a.family == ADDR_V6 && !u->host_v6)
		return ENOENT;
	*out = a;
	return 0;
}
