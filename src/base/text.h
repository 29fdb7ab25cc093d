// SPDX-License-Identifier: Apache-2.0
/** Owned text: a slice whose bytes are on the heap and belong to the struct that holds it. */
#pragma once

#include <stdlib.h>

#include "base/str.h"

/** Replace the text by a copy of `s`; `s` may be part of the old text. An empty copy takes no memory. */
static inline void text_set(struct str *t, struct str s)
{
	char *old = (char *)t->p;
	*t = s.n ? (struct str){str_dupz(s), s.n} : STR_NONE;
	free(old);
}

static inline void text_free(struct str *t)
{
	free((char *)t->p);
	*t = STR_NONE;
}
