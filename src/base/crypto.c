// SPDX-License-Identifier: Apache-2.0
/*
 * libcrypto's one-algorithm functions: deprecated in favour of EVP, whose fetch and
 * allocation cost more than the digest of a short text does.
 */
#include "base/crypto.h"

#include <openssl/md5.h>
#include <openssl/sha.h>

_Static_assert(MD5_BYTES == MD5_DIGEST_LENGTH, "RFC 1321");
_Static_assert(SHA1_BYTES == SHA_DIGEST_LENGTH, "FIPS 180-4");
_Static_assert(SHA256_BYTES == SHA256_DIGEST_LENGTH, "FIPS 180-4");

void crypto_md5(const struct str *parts, size_t n, uint8_t out[MD5_BYTES])
{
	MD5_CTX ctx;

	MD5_Init(&ctx);
	for (size_t i = 0; i < n; i++)
		MD5_Update(&ctx, parts[i].p, parts[i].n);
	MD5_Final(out, &ctx);
	mem_wipe(&ctx, sizeof ctx);
}

static void sha256_more(SHA256_CTX *ctx, const struct str *parts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		SHA256_Update(ctx, parts[i].p, parts[i].n);
}

void crypto_sha256(const struct str *parts, size_t n, uint8_t out[SHA256_BYTES])
{
	SHA256_CTX ctx;

	SHA256_Init(&ctx);
	sha256_more(&ctx, parts, n);
	SHA256_Final(out, &ctx);
	mem_wipe(&ctx, sizeof ctx);
}

/* A key of 32 bytes is padded with zeros to the block, never hashed (RFC 2104 section 2). */
static void hmac_begin(SHA256_CTX *ctx, const uint8_t key[32], uint8_t pad)
{
	uint8_t block[SHA256_CBLOCK];

	memset(block, pad, sizeof block);
	for (size_t i = 0; i < 32; i++)
		block[i] = (uint8_t)(key[i] ^ pad);
	SHA256_Init(ctx);
	SHA256_Update(ctx, block, sizeof block);
	mem_wipe(block, sizeof block);
}

void crypto_hmac_sha256(const uint8_t key[32], const struct str *parts, size_t n,
                        uint8_t out[SHA256_BYTES])
{
	uint8_t inner[SHA256_BYTES];
	SHA256_CTX ctx;

	hmac_begin(&ctx, key, 0x36);
	sha256_more(&ctx, parts, n);
	SHA256_Final(inner, &ctx);
	hmac_begin(&ctx, key, 0x5c);
	SHA256_Update(&ctx, inner, sizeof inner);
	SHA256_Final(out, &ctx);
	mem_wipe(&ctx, sizeof ctx);
	mem_wipe(inner, sizeof inner);
}

static void hmac_sha1_pass(const uint8_t key[SHA_CBLOCK], uint8_t pad, const struct str *parts, size_t n,
                           uint8_t out[SHA1_BYTES])
{
	uint8_t block[SHA_CBLOCK];
	SHA_CTX ctx;

	for (size_t i = 0; i < sizeof block; i++)
		block[i] = (uint8_t)(key[i] ^ pad);
	SHA1_Init(&ctx);
	SHA1_Update(&ctx, block, sizeof block);
	for (size_t i = 0; i < n; i++)
		SHA1_Update(&ctx, parts[i].p, parts[i].n);
	SHA1_Final(out, &ctx);
	mem_wipe(&ctx, sizeof ctx);
	mem_wipe(block, sizeof block);
}

void crypto_hmac_sha1(struct str key, const struct str *parts, size_t n, uint8_t out[SHA1_BYTES])
{
	uint8_t padded[SHA_CBLOCK] = {0}, inner[SHA1_BYTES];
	const struct str rest = {(const char *)inner, sizeof inner};

	/* A key that is longer than a block is hashed first (RFC 2104 section 2). */
	if (key.n > sizeof padded)
		SHA1((const uint8_t *)key.p, key.n, padded);
	else if (key.n)
		memcpy(padded, key.p, key.n);
	hmac_sha1_pass(padded, 0x36, parts, n, inner);
	hmac_sha1_pass(padded, 0x5c, &rest, 1, out);
	mem_wipe(padded, sizeof padded);
	mem_wipe(inner, sizeof inner);
}

void digest_ha1_make(struct digest_ha1 *out, struct str user, struct str realm, struct str password)
{
	const struct str parts[] = {user, STR(":"), realm, STR(":"), password};

	crypto_md5(parts, sizeof parts / sizeof parts[0], out->md5);
	crypto_sha256(parts, sizeof parts / sizeof parts[0], out->sha256);
}
