// SPDX-License-Identifier: Apache-2.0
/**
 * Digests over libcrypto, without allocation: MD5 for what the field still speaks,
 * SHA-256 and HMAC-SHA-256 for the rest. HMAC-SHA-1 for STUN, and H(A1) of digest authentication.
 */
#pragma once

#include "base/str.h"

enum { MD5_BYTES = 16, SHA1_BYTES = 20, SHA256_BYTES = 32 };

/** Digest of the concatenated parts. */
void crypto_md5(const struct str *parts, size_t n, uint8_t out[MD5_BYTES]);
void crypto_sha256(const struct str *parts, size_t n, uint8_t out[SHA256_BYTES]);
void crypto_hmac_sha256(const uint8_t key[32], const struct str *parts, size_t n,
                        uint8_t out[SHA256_BYTES]);

/** With a key of any length: what STUN asks for (RFC 8489 section 14.5). */
void crypto_hmac_sha1(struct str key, const struct str *parts, size_t n, uint8_t out[SHA1_BYTES]);

/** H(A1) of one user in one realm, for each algorithm (RFC 7616 section 3.4.2); secret. */
struct digest_ha1 {
	uint8_t md5[MD5_BYTES];
	uint8_t sha256[SHA256_BYTES];
};

/** H(user:realm:password) for both algorithms. */
void digest_ha1_make(struct digest_ha1 *out, struct str user, struct str realm, struct str password);
