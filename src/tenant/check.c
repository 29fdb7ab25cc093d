// SPDX-License-Identifier: Apache-2.0
#include "tenant/check.h"

enum { LABEL_MAX = 63, HOST_MAX = 253 }; /* RFC 1035 section 2.3.4 */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || is_digit(c);
}

/* A label of a host name: RFC 952 as relaxed by RFC 1123 section 2.1. */
static bool is_label(struct str s)
{
	if (s.n < 1 || s.n > LABEL_MAX || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_lower_alnum(s.p[i]) && s.p[i] != '-')
			return false;
	}
	return true;
}

static bool all_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!is_digit(s.p[i]))
			return false;
	}
	return s.n > 0;
}

int check_tenant_name(struct str s)
{
	return is_label(s) ? 0 : E_POLICY;
}

int check_domain(struct str s)
{
	struct str label = STR_NONE;

	/* The cut below would not see an empty label at the end. */
	if (s.n < 1 || s.n > HOST_MAX || s.p[s.n - 1] == '.')
		return E_POLICY;
	while (s.n > 0) {
		label = str_cut(&s, '.');
		if (!is_label(label))
			return E_POLICY;
	}
	/* A last label of digits alone would read as an IPv4 address (RFC 1123 section 2.1). */
	return all_digits(label) ? E_POLICY : 0;
}

int check_extension(struct str s)
{
	return all_digits(s) ? 0 : E_POLICY;
}

int check_username(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!is_lower_alnum(ch_lower(s.p[i])) && !memchr("-_.+", s.p[i], 4))
			return E_POLICY;
	}
	return s.n > 0 ? 0 : E_POLICY;
}

/* In valid UTF-8: C1 controls are C2 80..9F; U+2028 and U+2029 are E2 80 A8 and A9. */
static bool is_control_at(struct str s, size_t i)
{
	unsigned char c = (unsigned char)s.p[i];

	if (c < 0x20 || c == 0x7f)
		return true;
	if (c == 0xc2)
		return i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xa0;
	return c == 0xe2 && i + 2 < s.n && (unsigned char)s.p[i + 1] == 0x80 &&
	       ((unsigned char)s.p[i + 2] == 0xa8 || (unsigned char)s.p[i + 2] == 0xa9);
}

int check_printable(struct str s)
{
	if (!str_is_utf8(s))
		return E_POLICY;
	for (size_t i = 0; i < s.n; i++) {
		if (is_control_at(s, i))
			return E_POLICY;
	}
	return 0;
}
