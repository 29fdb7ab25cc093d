// SPDX-License-Identifier: Apache-2.0
/**
 * Secrets at rest: sealed with a key that lives beside the database, not in it, so that a
 * stolen database alone reveals no password (libsodium secretbox, random nonce).
 */
#pragma once

#include "base/buf.h"
#include "base/rng.h"
#include "base/str.h"

struct seal_key {
	uint8_t key[32];
};

enum { SEAL_MAX_PLAIN = 512 };

/** "v1:" and base64 of nonce and box. E_LIMIT above SEAL_MAX_PLAIN. */
must_check int seal_put(struct buf *out, const struct seal_key *k, struct str plain);
/** `out` is wiped by the caller (mem_wipe). E_MALFORMED; E_POLICY: another key or tampered. */
must_check int seal_open(const struct seal_key *k, struct str sealed, struct buf *out);
