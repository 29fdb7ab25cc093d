// SPDX-License-Identifier: Apache-2.0
/**
 * Secrets at rest: sealed with a key that lives beside the database, not in it, so that a
 * stolen database alone reveals no password (libsodium secretbox, random nonce).
 */
#pragma once

#include "base/buf.h"
#include "base/str.h"

struct seal_key {
	uint8_t key[32];
};

enum { SEAL_MAX_PLAIN = 512 };

/**
 * Append "v1:" and base64 of nonce and box; the nonce is libsodium's random. E_LIMIT above
 * SEAL_MAX_PLAIN, EIO when the system has no random numbers; whether it fitted is buf_ok(out).
 */
must_check int seal_put(struct buf *out, const struct seal_key *k, struct str plain);
/**
 * Append the plain text to `out`, which the caller wipes (mem_wipe): give it memory of its own
 * with buf_init_fixed, for one that grows leaves copies behind.
 * @return 0; E_MALFORMED; E_POLICY: another key or tampered; E_LIMIT: `out` is too small;
 *         EIO as above
 */
must_check int seal_open(const struct seal_key *k, struct str sealed, struct buf *out);
