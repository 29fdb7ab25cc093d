// SPDX-License-Identifier: Apache-2.0
/** `;name=value` lists and comma-separated header values: RFC 3261 section 7.3.1. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

/**
 * Take the next `name[=value]` off `*rest` (separated by `sep`, ';' or ','; a
 * leading separator is skipped; blanks round names, '=' and values are dropped).
 * A quoted value comes without its quotes, escapes kept: see str_unquote.
 *
 * @return 0; ENOENT at the end; E_MALFORMED (unterminated quote, empty name)
 */
must_check int param_next(struct str *rest, char sep, struct str *name, struct str *value,
                          bool *quoted);

/** Value of `name` in a list; false when absent or when the list is malformed before it. */
bool param_get(struct str params, struct str name, struct str *value);

/** Undo backslash escapes of a quoted-string's inside; in `a` when there are any. */
struct str str_unquote(struct arena *a, struct str inside);

/**
 * Take the next element of a comma-separated header value off `*rest`, minding
 * quotes and <>; trimmed. ENOENT at the end; E_MALFORMED (open quote or '<').
 */
must_check int list_next(struct str *rest, struct str *element);

/** Does a comma list of tokens (Supported, Require, Allow, ...) hold `token`? Without case. */
bool list_has(struct str list, struct str token);

bool is_token(struct str s); /* RFC 3261 section 25.1 */
