// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>

static bool same_letters(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (ch_lower(a[i]) != ch_lower(b[i]))
			return false;
	}
	return true;
}

bool str_ieq(struct str a, struct str b)
{
	return a.n == b.n && same_letters(a.p, b.p, a.n);
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;

	if (order)
		return order;
	return (a.n > b.n) - (a.n < b.n);
}

bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_eq(str_sub(s, 0, prefix.n), prefix);
}

bool str_istarts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && same_letters(s.p, prefix.p, prefix.n);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n && str_eq(str_sub(s, s.n - suffix.n, s.n), suffix);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
	while (s.n && is_blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

/*
 * A non-digit anywhere is E_MALFORMED, even behind a number that is too large.
 * `max` is 999,999,999 or more.
 */
static int parse_decimal(struct str s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	bool over = false;

	if (!s.n)
		return E_MALFORMED;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = (unsigned char)s.p[i] - (unsigned)'0';

		if (digit > 9)
			return E_MALFORMED;
		/* Nine digits fit into any maximum here; the division is dear. */
		if (i >= 9)
			over = over || v > (max - digit) / 10;
		if (!over)
			v = v * 10 + digit;
	}
	if (over)
		return ERANGE;
	*out = v;
	return 0;
}

int str_u32(struct str s, uint32_t *out)
{
	uint64_t v;
	int err = parse_decimal(s, UINT32_MAX, &v);

	if (!err)
		*out = (uint32_t)v;
	return err;
}

int str_u64(struct str s, uint64_t *out)
{
	return parse_decimal(s, UINT64_MAX, out);
}

char *str_dupz(struct str s)
{
	char *z = malloc(s.n + 1);

	if (!z)
		abort();
	if (s.n)
		memcpy(z, s.p, s.n);
	z[s.n] = '\0';
	return z;
}

bool str_copyz(char *dst, size_t cap, struct str s)
{
	bool fits = s.n < cap;

	if (cap)
		dst[0] = '\0';
	if (fits && s.n) {
		memcpy(dst, s.p, s.n);
		dst[s.n] = '\0';
	}
	return fits;
}

static bool is_tail(unsigned char c, unsigned char from, unsigned char to)
{
	return c >= from && c <= to;
}

/* The table of RFC 3629 section 4: only the second byte's range depends on the first. */
size_t str_utf8_step(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	unsigned char from = 0x80, to = 0xbf;
	size_t n;

	if (!s.n)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0)
		from = 0xa0; /* overlong */
	else if (p[0] == 0xed)
		to = 0x9f; /* surrogates */
	else if (p[0] == 0xf0)
		from = 0x90; /* overlong */
	else if (p[0] == 0xf4)
		to = 0x8f; /* above U+10FFFF */
	if (s.n < n || !is_tail(p[1], from, to))
		return 0;
	for (size_t i = 2; i < n; i++) {
		if (!is_tail(p[i], 0x80, 0xbf))
			return 0;
	}
	return n;
}

bool str_is_utf8(struct str s)
{
	while (s.n) {
		size_t n = str_utf8_step(s);

		if (!n)
			return false;
		s.p += n;
		s.n -= n;
	}
	return true;
}

bool mem_eq_const(const void *a, const void *b, size_t n)
{
	const volatile unsigned char *x = a, *y = b;
	unsigned char differ = 0;

	for (size_t i = 0; i < n; i++)
		differ = (unsigned char)(differ | (x[i] ^ y[i]));
	return differ == 0;
}

void mem_wipe(void *p, size_t n)
{
	explicit_bzero(p, n);
}
