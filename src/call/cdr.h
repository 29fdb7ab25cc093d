// SPDX-License-Identifier: Apache-2.0
/** A call as JSON: live (`tandem calls`) and as its call detail record. doc/cdr.md tells the fields. */
#pragma once

#include "call/internal.h"

/** One object; times that did not happen are null. */
void call_put_json(const struct call *c, struct buf *out);
