// SPDX-License-Identifier: Apache-2.0
/** The answer to "where are these users?", made from one shard's bindings. */
#pragma once

#include "service/shard.h"

/** A new SHARD_LOCATED message; at most SHARD_MAX_TARGETS targets. Owned by the caller. */
struct mail_located *locate_users(struct location *l, const struct locate_for *who, uint64_t tenant,
                                  const uint64_t *users, size_t n);
