// SPDX-License-Identifier: Apache-2.0
#include "tenant/list_entry.h"

#include "tenant/check.h"
#include "tenant/list.h"

enum { PATTERN_MAX = 128 };

int list_check_entry(struct str s)
{
	if (str_eq(s, STR("anonymous")))
		return 0;
	if (s.n > 0 && s.p[0] == '/')
		return is_pattern(s) && s.n <= PATTERN_MAX ? check_printable(s) : E_POLICY;
	if (is_beginning(s))
		s = without_last(s);
	if (s.n > 0 && s.p[0] == '+')
		s = str_sub(s, 1, s.n);
	return s.n <= 32 ? check_extension(s) : E_POLICY;
}
