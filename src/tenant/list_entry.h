// SPDX-License-Identifier: Apache-2.0
/** The entries of a list as they are written: "/pattern/", "+4930*", a number. For list*.c alone. */
#pragma once

#include "base/str.h"

static inline bool is_pattern(struct str s)
{
	return s.n > 2 && s.p[0] == '/' && s.p[s.n - 1] == '/';
}

static inline bool is_beginning(struct str s)
{
	return s.n > 1 && s.p[s.n - 1] == '*';
}

static inline struct str without_last(struct str s)
{
	return str_sub(s, 0, s.n - 1);
}
