// SPDX-License-Identifier: Apache-2.0
/** The key that seals passwords: DATA/secret.key, mode 0600, beside the database and never in it. */
#pragma once

#include "base/buf.h"
#include "base/rng.h"
#include "tenant/seal.h"

/**
 * Read the key; at the first start, make it. A key that others may read is refused, and so is a
 * database without its key (a new one could not open its passwords).
 *
 * @return 0; E_POLICY, E_MALFORMED, or why the file cannot be read or written; `why` has the path
 */
must_check int keyfile_load(const char *data_dir, struct rng *rng, struct seal_key *out,
                            struct buf *why);
