// SPDX-License-Identifier: Apache-2.0
/**
 * Digest authentication: RFC 7616, RFC 8760, and RFC 2069 clients without qop are refused.
 *
 * Nonces are stateless: time, a random part and a MAC over them, the realm and a secret, so
 * that any node with the secret verifies them. What must be remembered is only which
 * nc of a nonce was used (struct nonce_cache), bounded.
 */
#pragma once

#include "base/buf.h"
#include "base/crypto.h"
#include "base/map.h"
#include "base/rng.h"
#include "base/str.h"

/** Bits of a set; as tenant/snapshot.h stores it. */
enum digest_alg { DIGEST_MD5 = 1, DIGEST_SHA256 = 2 };

enum { DIGEST_MAX_BYTES = 32 };

/** Hex digest of the concatenated parts, for those who build one. Returns the hex length. */
size_t digest_hex(enum digest_alg alg, const struct str *parts, size_t n, char out[65]);

/** Credentials of an Authorization or Proxy-Authorization header (RFC 7616 section 3.4). */
struct digest_credentials {
	struct str username, realm, nonce, uri, response, cnonce, opaque;
	enum digest_alg alg; /* MD5 when absent */
	bool auth_qop;       /* qop=auth */
	uint32_t nc;
	struct str nc_text;
};

/** ENOENT: another scheme than Digest. E_MALFORMED: required parts missing or broken. */
must_check int digest_parse(struct digest_credentials *out, struct str value);

/** Parameters of a challenge we received (for trunks; also used by tests). */
struct digest_challenge {
	struct str realm, nonce, opaque;
	enum digest_alg alg;
	bool auth_qop, stale;
};
must_check int digest_challenge_parse(struct digest_challenge *out, struct str value);

/**
 * Print the value of an Authorization header that answers a challenge.
 * @return 0; ENOTSUP (algorithm)
 */
must_check int digest_answer(struct buf *out, const struct digest_challenge *ch, struct str user,
                             const struct digest_ha1 *ha1, struct str method, struct str uri,
                             struct str cnonce, uint32_t nc);

struct nonce_secret {
	uint8_t key[32];
};

/** Room for a nonce of ours, and the longest that nonce_cache_use accepts. */
enum { NONCE_TEXT = 40 };

/** Print a nonce made at `now_s`. */
void nonce_put(struct buf *out, const struct nonce_secret *key, struct str realm, uint64_t now_s,
               struct rng *rng);
/**
 * 0: ours, for this realm, and younger than `max_age_s`; E_STALE: ours and old; E_POLICY: not ours.
 */
must_check int nonce_check(const struct nonce_secret *key, struct str realm, struct str nonce,
                           uint64_t now_s, uint32_t max_age_s);

/**
 * One challenge line's value: Digest realm=..., nonce=..., algorithm=..., qop="auth"[, stale=true].
 * For MD5 the algorithm parameter is left out: old phones stumble over it (RFC 7616 section 3.3).
 */
void digest_put_challenge(struct buf *out, enum digest_alg alg, struct str realm, struct str nonce,
                          bool stale);

/**
 * Is `cred` right for this method and H(A1)? Always takes the same time for given
 * lengths: call it with a fixed false H(A1) for an unknown user. `uri` of the credentials is
 * checked against the request by the caller (digest_uri_matches).
 */
must_check bool digest_verify(const struct digest_credentials *cred, const struct digest_ha1 *ha1,
                              struct str method);

/**
 * RFC 7616 section 3.4.6: the credentials' uri means the same as that of the request line. One
 * without a user names the server, and so whatever is asked of it (RFC 3261 section 22.4 point 6).
 */
must_check bool digest_uri_matches(struct str cred_uri, struct str request_uri);

/**
 * Which nc values of which nonces were used: RFC 7616 section 3.4. Rising values are
 * accepted (gaps too), a used one is not; a window of 64 tolerates reordering.
 */
struct nonce_cache;
/** Remembers at most `max` nonces; the oldest are forgotten first. */
must_check int nonce_cache_new(struct nonce_cache **out, size_t max, const uint8_t hash_key[16]);
void nonce_cache_free(struct nonce_cache *c);
/** 0 and remembered; E_POLICY: this nc was used. */
must_check int nonce_cache_use(struct nonce_cache *c, struct str nonce, uint32_t nc);
