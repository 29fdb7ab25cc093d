// SPDX-License-Identifier: Apache-2.0
/**
 * Classes of bytes in RFC 3261 section 25.1, one table for all parsers of this
 * folder, and the few loops over it that are worth inlining.
 */
#pragma once

#include "base/str.h"

enum {
	CH_TOKEN = 1,  /* token */
	CH_USER = 2,   /* user part; wider than the grammar: phones send '#' and UTF-8 bare */
	CH_HOST = 4,   /* hostname and IPv4address; '_' too, names with it are in use */
	CH_V6 = 8,     /* inside of an IPv6reference */
	CH_URIC = 16,  /* URI parameters and headers: visible, and neither <, > nor " */
	CH_PNAME = 32, /* name of a parameter: as CH_URIC without separators and '=' */
	CH_HEX = 64,   /* hexadecimal digit */
	CH_TEL = 128,  /* number of a tel URI with its visual separators: RFC 3966 section 3 */
};

extern const uint8_t ch_class[256];

static inline bool ch_is(char c, unsigned classes)
{
	return (ch_class[(uint8_t)c] & classes) != 0;
}

static inline bool ch_blank(char c)
{
	return c == ' ' || c == '\t';
}

static inline bool ch_digit(char c)
{
	return c >= '0' && c <= '9';
}

/** First byte in [p, end) that is no blank. */
static inline const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && ch_blank(*p))
		p++;
	return p;
}

/** First byte in [p, end) outside the classes. */
static inline const char *skip_class(const char *p, const char *end, unsigned classes)
{
	while (p < end && ch_is(*p, classes))
		p++;
	return p;
}

/** Behind the last byte; of no bytes, NULL + 0 is not computed. */
static inline const char *str_end(struct str s)
{
	return s.n != 0 ? s.p + s.n : s.p;
}

static inline bool all_of(struct str s, unsigned classes)
{
	const char *end = str_end(s);
	return skip_class(s.p, end, classes) == end;
}

static inline struct str str_span(const char *from, const char *to)
{
	return (struct str){from, (size_t)(to - from)};
}

/** [from, to) without blanks at either end. */
static inline struct str trim_span(const char *from, const char *to)
{
	from = skip_blanks(from, to);
	while (to > from && ch_blank(to[-1]))
		to--;
	return str_span(from, to);
}

/** str_ieq for the hot path: most names differ in length. */
static inline bool name_eq(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (ch_lower(a.p[i]) != ch_lower(b.p[i]))
			return false;
	return true;
}

/**
 * The closing quote of a quoted-string whose inside starts at `p`, minding
 * quoted-pairs; NULL when it is not closed.
 */
static inline const char *quote_end(const char *p, const char *end)
{
	for (; p < end; p++) {
		if (*p == '"')
			return p;
		if (*p == '\\')
			p++;
	}
	return NULL;
}

/** `p` is behind a ';': is there another one at once? A single last ';' is forgiven. */
static inline bool is_empty_param(const char *p, const char *end)
{
	p = skip_blanks(p, end);
	return p < end && *p == ';';
}

/** Value of a hexadecimal digit. */
static inline unsigned hex_value(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(ch_lower(c) - 'a') + 10;
}
