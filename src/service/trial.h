// SPDX-License-Identifier: Apache-2.0
/**
 * Snapshots that are only tried: a tenant as it was, or as it would be with a draft of a flow in
 * place. Nothing is published.
 * Thread: the control thread's.
 */
#pragma once

#include "service/config.h"

/** The tenant as it was at a version. 0 and a reference; ENOENT, EIO, E_POLICY. */
must_check int trial_snapshot_at(struct config *c, uint64_t tenant, uint64_t version,
                                 const struct tenant **out, struct buf *why);
/** The version that a tenant was at then; ENOENT: it was not there yet. */
must_check int trial_version_at(struct config *c, uint64_t tenant, uint64_t at_ms, uint64_t *version);

/**
 * The tenant as it would be when the draft of this flow were published; without a draft, as it is.
 *
 * @param draft  set when there is one; may be NULL
 * @return 0 and a reference; ENOENT: neither a flow nor a draft is called so; E_POLICY: it does
 *         not compile (`why`)
 */
must_check int trial_with_draft(struct config *c, struct str tenant, struct str flow,
                                const struct tenant **out, bool *draft, struct buf *why);

/** Bodies of the tenant's saved tests, borrowed until the next change; the array is the caller's to free. */
const json_t **trial_tests(struct config *c, struct str tenant, size_t *n);
