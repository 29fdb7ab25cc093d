// SPDX-License-Identifier: Apache-2.0
/** `tandemd --demo`: a tenant to try Tandem with, and what to type into a softphone. */
#pragma once

#include "app/settings.h"
#include "service/config.h"

/** Makes the tenant "demo" with extensions 1001-1004 and random passwords, if there is no tenant yet. */
must_check int demo_make(struct config *c, struct rng *rng, uint64_t now_ms, struct buf *why);

/** For a person; prints nothing when there is no tenant "demo". Holds passwords: wipe `out`. */
void demo_put_help(struct buf *out, struct config *c, const struct seal_key *seal,
                   const struct settings *settings);
