// SPDX-License-Identifier: Apache-2.0
/** The documents that are made from tables: `tandemd --print-docs NAME`, `make docs`. */
#pragma once

#include "base/buf.h"

/** settings, log, metrics, tenant-file; ENOENT for another name. */
must_check int docs_put(struct buf *out, struct str name);
