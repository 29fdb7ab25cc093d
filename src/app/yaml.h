// SPDX-License-Identifier: Apache-2.0
/**
 * YAML text to a JSON value. JSON is YAML, so JSON text passes too.
 *
 * Scalars: in quotes (or as a block) a string; plain: null and ~, true and false, an integer in
 * decimal without leading zeros, and all else a string, so that `on`, `1_000`, 0701 and 1.5 are
 * what they look like and no telephone number loses its zeros. Anchors, aliases, tags and a
 * second document are refused: a tenant file needs none of them, and aliases are how a small
 * file grows.
 */
#pragma once

#include <jansson.h>

#include "base/buf.h"
#include "base/str.h"

enum { YAML_MAX_DEPTH = 32 };

/**
 * @param max_bytes  longest text
 * @param out        a new reference; json null for an empty text
 * @param why        "line 3, column 5: ..."
 * @return 0; E_LIMIT; E_MALFORMED
 */
must_check int yaml_parse(struct str text, size_t max_bytes, json_t **out, struct buf *why);
