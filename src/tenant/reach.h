// SPDX-License-Identifier: Apache-2.0
/**
 * The reverse question: by which ways can a call get somewhere? Answered over a tenant's rows: who
 * leads to the target, who leads to those, until something that is dialled. Pure.
 */
#pragma once

#include "tenant/object.h"

enum { REACH_MAX_WAYS = 200, REACH_MAX_DEPTH = 8 };

/**
 * @param to  a target of the file ("user:1001", "flow:main"), or a number that is dialled inside
 * @return a list, shortest ways first, of lists of steps from where the call comes in to the target:
 *         {"kind", "name", "by"}; `by` says how it goes on: "forward_busy", "greet 1 -> sales.to".
 *         NULL: there is no such target
 */
json_t *reach(const struct object_set *rows, struct str to);
/** A line for each way. */
void reach_put_text(struct buf *out, const json_t *ways);
