// SPDX-License-Identifier: Apache-2.0
/**
 * The answer to "where are these users, and who is in a call?". Each user is one shard's; a question
 * about several is cut up, and its answers are gathered by who asked.
 */
#pragma once

#include "base/list.h"
#include "service/presence.h"
#include "service/shard.h"

/** A new SHARD_LOCATED message; at most SHARD_MAX_TARGETS targets. Owned by the caller. */
struct mail_located *locate_users(struct location *l, const struct presence_table *p,
                                  const struct locate_for *who, uint64_t tenant,
                                  const uint64_t *users, size_t n);

struct gathered;

/** Questions of one shard whose answers are not all there yet. */
struct gathers {
	struct list_node list;
	uint32_t last;
};

void gathers_init(struct gathers *g);
void gathers_fini(struct gathers *g);
/** A question that `parts` shards will answer, at least two: its number for locate_for.gather. */
uint32_t gather_begin(struct gathers *g, size_t parts);
/**
 * One of the answers; taken over. Once all are there: the whole answer in one message, which is the
 * caller's together with `*whole` until gather_end. Until then NULL.
 */
struct mail_located *gather_take(struct gathers *g, struct mail_located *m, struct gathered **whole);
/** The whole answer was used. */
void gather_end(struct gathered *whole, struct mail_located *m);
