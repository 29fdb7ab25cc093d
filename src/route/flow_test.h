// SPDX-License-Identifier: Apache-2.0
/**
 * Saved test calls: objects of kind flow_test. They say who calls and what happens (route/script.h),
 * and where the call must come by or end; a flow is published only when its tests go as expected.
 *
 *     {"name": "night", "flow": "main", "given": {"from": "1001", "at": "2026-07-01T23:00:00Z"},
 *      "when": [{"digits": "1"}],
 *      "expect": {"path": ["greet", "closed"], "action": "record_message", "object": "mailbox:1001"}}
 *
 * `given.to` is what is dialled; without it the call begins in the flow. What may be expected:
 * `path` (nodes, as "node" or "flow.node", in this order, others between them), and of the last
 * decision `action`, `status`, `object`, `users` (extensions) and `field`. Pure.
 */
#pragma once

#include <jansson.h>

#include "base/buf.h"
#include "tenant/snapshot.h"

/** Is the body a test? 0, or E_POLICY and a line in `why` for each fault. */
must_check int flow_test_check(const json_t *body, const char *where, struct buf *why);

/**
 * Run it against a snapshot.
 *
 * @return 0: as expected; E_POLICY: not, `why` has a line for each difference
 */
must_check int flow_test_run(const struct tenant *t, const json_t *body, struct buf *why);

/**
 * Run those of `bodies` that try the flow of this name (empty: all). What publishing asks.
 *
 * @param ran  how many; may be NULL
 * @return 0, or E_POLICY when one failed
 */
must_check int flow_tests_run(const struct tenant *t, struct str flow, const json_t *const *bodies,
                              size_t n, size_t *ran, struct buf *why);
