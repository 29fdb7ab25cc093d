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

static bool is_alpha(char c)
{
	return ch_lower(c) >= 'a' && ch_lower(c) <= 'z';
}

static bool is_alnum(char c)
{
	return is_lower_alnum(ch_lower(c));
}

/* All of `s` from `from` on are alphanumeric or among `others`. */
static bool consists_of(struct str s, size_t from, bool letters, const char *others)
{
	for (size_t i = from; i < s.n; i++) {
		char c = s.p[i];

		if (!(letters ? is_alnum(c) : is_digit(c)) && !(c && strchr(others, c)))
			return false;
	}
	return s.n > from;
}

int check_name(struct str s)
{
	return consists_of(s, 0, true, "-_.") ? 0 : E_POLICY;
}

int check_e164(struct str s)
{
	return s.n >= 5 && s.n <= 16 && s.p[0] == '+' && s.p[1] != '0' && consists_of(s, 1, false, "")
	               ? 0 : E_POLICY;
}

int check_outside(struct str s)
{
	size_t plus = s.n > 0 && s.p[0] == '+';

	return s.n <= 32 && consists_of(s, plus, false, plus ? "" : "*#") ? 0 : E_POLICY;
}

int check_language(struct str s)
{
	struct str first;

	if (s.n < 1 || s.p[s.n - 1] == '-')
		return E_POLICY;
	first = str_cut(&s, '-');
	if (first.n < 2 || first.n > 3)
		return E_POLICY;
	for (size_t i = 0; i < first.n; i++) {
		if (!is_alpha(first.p[i]))
			return E_POLICY;
	}
	while (s.n > 0) {
		struct str sub = str_cut(&s, '-');

		if (sub.n > 8 || !consists_of(sub, 0, true, ""))
			return E_POLICY;
	}
	return 0;
}

int check_country(struct str s)
{
	if (s.n != 2)
		return E_POLICY;
	for (size_t i = 0; i < 2; i++) {
		if (s.p[i] < 'A' || s.p[i] > 'Z')
			return E_POLICY;
	}
	return 0;
}

/* Path parts of letters and such; none empty or beginning with a dot. */
static bool is_path(struct str s, const char *others)
{
	if (s.n < 1 || s.p[s.n - 1] == '/')
		return false;
	while (s.n > 0) {
		struct str part = str_cut(&s, '/');

		if (!consists_of(part, 0, true, others) || part.p[0] == '.')
			return false;
	}
	return true;
}

int check_timezone(struct str s)
{
	return is_path(s, "-_+") ? 0 : E_POLICY;
}

int check_sound(struct str s)
{
	return is_path(s, "-_.") ? 0 : E_POLICY;
}

int check_code(struct str s)
{
	return s.n > 1 && (s.p[0] == '*' || s.p[0] == '#') && consists_of(s, 1, false, "*#")
	               ? 0 : E_POLICY;
}

int check_dialled(struct str s)
{
	return consists_of(s, 0, false, "*#") ? 0 : E_POLICY;
}

int check_prose(struct str s)
{
	if (!str_is_utf8(s))
		return E_POLICY;
	for (size_t i = 0; i < s.n; i++) {
		if (is_control_at(s, i) && s.p[i] != '\n' && s.p[i] != '\r' && s.p[i] != '\t')
			return E_POLICY;
	}
	return 0;
}
