// SPDX-License-Identifier: Apache-2.0
/* Templates out, a scan for what matters in. It trusts the servers under test to be tidy. */
#include "gen.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { MAX_PIECES = 64 };

struct piece {
	struct str text; /* then */
	int field;       /* this field, or -1 */
};

struct template {
	struct piece pieces[MAX_PIECES];
	size_t n;
};

static int field_named(const char *name, size_t n)
{
	static const char *const names[TEXT_FIELDS] = {
		[F_USER] = "user", [F_DOMAIN] = "domain", [F_PEER] = "peer", [F_NUMBER] = "number",
		[F_PORT] = "port", [F_CALL_ID] = "call-id", [F_TAG] = "tag", [F_BRANCH] = "branch",
		[F_CSEQ] = "cseq", [F_NONCE] = "nonce", [F_EXPIRES] = "expires", [F_RESPONSE] = "response", [F_TO] = "to",
		[F_TARGET] = "target", [F_ROUTE] = "route", [F_MEDIA] = "media",
	};
	for (int i = 0; i < TEXT_FIELDS; i++)
		if (strlen(names[i]) == n && memcmp(names[i], name, n) == 0)
			return i;
	fprintf(stderr, "sipgen: no field %.*s\n", (int)n, name);
	exit(1);
}

struct template *template_new(const char *text)
{
	struct template *t = calloc(1, sizeof *t);
	if (!t)
		abort();
	while (*text) {
		const char *open = strchr(text, '{');
		size_t n = open ? (size_t)(open - text) : strlen(text);
		struct piece *p = &t->pieces[t->n++];
		*p = (struct piece){{text, n}, -1};
		if (t->n == MAX_PIECES)
			abort();
		if (!open)
			return t;
		const char *close = strchr(open, '}');
		p->field = field_named(open + 1, (size_t)(close - open) - 1);
		text = close + 1;
	}
	return t;
}

size_t template_render(const struct template *t, const struct str v[TEXT_FIELDS], char *out)
{
	char *at = out;
	for (const struct piece *p = t->pieces; p < t->pieces + t->n; p++) {
		memcpy(at, p->text.p, p->text.n);
		at += p->text.n;
		if (p->field >= 0 && v[p->field].n) {
			memcpy(at, v[p->field].p, v[p->field].n);
			at += v[p->field].n;
		}
	}
	return (size_t)(at - out);
}

/* -- scanning ------------------------------------------------------------------------- */

static enum gen_method method_of(struct str s)
{
	if (s.n >= 3 && memcmp(s.p, "BYE", 3) == 0)
		return GEN_BYE;
	if (s.n >= 3 && memcmp(s.p, "ACK", 3) == 0)
		return GEN_ACK;
	if (s.n >= 6 && memcmp(s.p, "INVITE", 6) == 0)
		return GEN_INVITE;
	if (s.n >= 8 && memcmp(s.p, "REGISTER", 8) == 0)
		return GEN_REGISTER;
	return GEN_OTHER;
}

static bool named(struct str line, const char *name, size_t n)
{
	return line.n > n && line.p[n] == ':' && strncasecmp(line.p, name, n) == 0;
}

static char kind_of(struct str line)
{
	switch (line.p[0] | 0x20) {
	case 'v':
		return named(line, "Via", 3) || named(line, "v", 1) ? 'v' : 0;
	case 'r':
		return named(line, "Record-Route", 12)  ? 'r'
		       : named(line, "Retry-After", 11) ? 'y'
		                                        : 0;
	case 'f':
		return named(line, "From", 4) || named(line, "f", 1) ? 'f' : 0;
	case 't':
		return named(line, "To", 2) || named(line, "t", 1) ? 't' : 0;
	case 'c':
		return named(line, "Call-ID", 7)   ? 'i'
		       : named(line, "CSeq", 4)    ? 's'
		       : named(line, "Contact", 7) ? 'm'
		                                   : 0;
	case 'i':
		return named(line, "i", 1) ? 'i' : 0;
	case 'm':
		return named(line, "m", 1) ? 'm' : 0;
	case 'w':
		return named(line, "WWW-Authenticate", 16) ? 'a' : 0;
	case 'p':
		return named(line, "Proxy-Authenticate", 18) ? 'a' : 0;
	default:
		return 0;
	}
}

static bool scan_first(struct scan *s, struct str line)
{
	if (line.n > 12 && memcmp(line.p, "SIP/2.0 ", 8) == 0) {
		s->status = get_dec((struct str){line.p + 8, 3});
		return true;
	}
	struct str rest = line;
	s->method = method_of(str_cut(&rest, ' '));
	s->ruri = str_cut(&rest, ' ');
	return s->ruri.n > 0;
}

static void scan_line(struct scan *s, struct str line)
{
	char kind = kind_of(line);
	if (!kind || s->n == SCAN_LINES)
		return;
	struct str value = line;
	str_cut(&value, ':');
	value = str_trim(value);
	s->lines[s->n++] = (struct line){line, value, kind};
	if (kind == 's' && s->status) {
		str_cut(&value, ' ');
		s->method = method_of(value);
	}
}

bool scan_message(struct scan *s, struct str bytes)
{
	s->bytes = bytes;
	s->status = s->n = 0;
	s->method = GEN_OTHER;
	bool first = true;
	while (bytes.n) {
		const char *end = memchr(bytes.p, '\n', bytes.n);
		if (!end || end == bytes.p)
			return !first;
		struct str line = {bytes.p, (size_t)(end - bytes.p) - (end[-1] == '\r')};
		bytes = (struct str){end + 1, bytes.n - (size_t)(end + 1 - bytes.p)};
		if (!line.n)
			return !first;
		if (first && !scan_first(s, line))
			return false;
		if (!first)
			scan_line(s, line);
		first = false;
	}
	return !first;
}

struct str scan_value(const struct scan *s, char kind)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->lines[i].kind == kind)
			return s->lines[i].value;
	return STR_NONE;
}

struct str scan_param(struct str value, const char *name)
{
	const char *p = memmem(value.p, value.n, name, strlen(name));
	if (!p)
		return STR_NONE;
	p += strlen(name);
	struct str rest = {p, value.n - (size_t)(p - value.p)};
	if (rest.n && rest.p[0] == '"') {
		rest = str_sub(rest, 1, rest.n);
		return str_cut(&rest, '"');
	}
	return str_trim(str_sub(rest, 0, str_find(rest, ',')));
}

static char *put(char *at, struct str s)
{
	memcpy(at, s.p, s.n);
	return at + s.n;
}

size_t put_response(const struct scan *s, char *out, struct str status_line, struct str tag,
                    struct str rest)
{
	char *at = put(out, status_line);
	for (unsigned i = 0; i < s->n; i++) {
		const struct line *l = &s->lines[i];
		if (l->kind == 'm' || l->kind == 'a')
			continue;
		at = put(at, l->text);
		if (l->kind == 't' && tag.n && !memmem(l->text.p, l->text.n, ";tag=", 5))
			at = put(put(at, STR(";tag=")), tag);
		at = put(at, STR("\r\n"));
	}
	at = put(at, rest);
	return (size_t)(at - out);
}

/* -- numbers -------------------------------------------------------------------------- */

size_t put_dec(char *out, uint32_t v)
{
	char tmp[10];
	size_t n = 0;
	do
		tmp[n++] = (char)('0' + v % 10);
	while (v /= 10);
	for (size_t i = 0; i < n; i++)
		out[i] = tmp[n - 1 - i];
	return n;
}

size_t put_hex(char *out, uint64_t v, unsigned digits)
{
	for (unsigned i = digits; i-- > 0; v >>= 4)
		out[i] = "0123456789abcdef"[v & 15];
	return digits;
}

uint32_t get_dec(struct str s)
{
	uint32_t v = 0;
	for (size_t i = 0; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		v = v * 10 + (uint32_t)(s.p[i] - '0');
	return v;
}

uint32_t get_hex(struct str s)
{
	uint32_t v = 0;
	for (size_t i = 0; i < s.n && i < 8; i++)
		v = v << 4 | (uint32_t)(s.p[i] <= '9' ? s.p[i] - '0' : (s.p[i] | 0x20) - 'a' + 10);
	return v;
}
