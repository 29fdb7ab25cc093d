// SPDX-License-Identifier: Apache-2.0
/** After a restart: the calls that were up get their detail records, which say why they ended. */
#pragma once

#include "store/store.h"
#include "tenant/snapshot.h"

/** Control thread, before the shards run. */
must_check int recover_calls(struct store *store, const struct directory *d, const struct log *log,
                             uint64_t wall_ms);
