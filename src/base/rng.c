// SPDX-License-Identifier: Apache-2.0
/* ChaCha20's block function (RFC 8439 section 2.3) with a 64-bit counter and no nonce. */
#include "base/rng.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { KEY_AT = 4, KEY_WORDS = 8, COUNTER_AT = 12 };

static uint32_t rotl(uint32_t x, unsigned bits)
{
	return (x << bits) | (x >> (32 - bits));
}

/* RFC 8439 section 2.1 */
static inline void quarter_round(uint32_t x[16], int a, int b, int c, int d)
{
	x[a] += x[b];
	x[d] = rotl(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotl(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotl(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotl(x[b] ^ x[c], 7);
}

static void next_block(struct rng *r)
{
	uint32_t x[16];

	memcpy(x, r->state, sizeof x);
	for (int i = 0; i < 10; i++) {
		quarter_round(x, 0, 4, 8, 12);
		quarter_round(x, 1, 5, 9, 13);
		quarter_round(x, 2, 6, 10, 14);
		quarter_round(x, 3, 7, 11, 15);
		quarter_round(x, 0, 5, 10, 15);
		quarter_round(x, 1, 6, 11, 12);
		quarter_round(x, 2, 7, 8, 13);
		quarter_round(x, 3, 4, 9, 14);
	}
	for (int i = 0; i < 16; i++)
		x[i] = htole32(x[i] + r->state[i]);
	memcpy(r->out, x, sizeof x);
	if (++r->state[COUNTER_AT] == 0)
		r->state[COUNTER_AT + 1]++;
	r->used = 0;
}

static void init_key(struct rng *r, const uint32_t key[KEY_WORDS])
{
	static const uint32_t constant[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

	memset(r, 0, sizeof *r);
	memcpy(r->state, constant, sizeof constant);
	memcpy(r->state + KEY_AT, key, KEY_WORDS * sizeof *key);
	r->used = sizeof r->out;
}

void rng_init(struct rng *r)
{
	uint32_t key[KEY_WORDS];

	/* Up to 256 bytes never come short and are never interrupted (getrandom(2)). */
	if (getrandom(key, sizeof key, 0) != (ssize_t)sizeof key)
		abort();
	init_key(r, key);
	explicit_bzero(key, sizeof key);
}

void rng_init_seed(struct rng *r, uint64_t seed)
{
	uint32_t key[KEY_WORDS] = {(uint32_t)seed, (uint32_t)(seed >> 32)};

	init_key(r, key);
}

void rng_bytes(struct rng *r, void *p, size_t n)
{
	unsigned char *to = p;

	while (n) {
		size_t take;

		if (r->used == sizeof r->out)
			next_block(r);
		take = sizeof r->out - r->used;
		if (take > n)
			take = n;
		memcpy(to, r->out + r->used, take);
		r->used += take;
		to += take;
		n -= take;
	}
}

uint64_t rng_u64(struct rng *r)
{
	uint64_t v;

	rng_bytes(r, &v, sizeof v);
	return le64toh(v);
}

static uint32_t next_u32(struct rng *r)
{
	uint32_t v;

	rng_bytes(r, &v, sizeof v);
	return le32toh(v);
}

/* Lemire, "Fast random integer generation in an interval": reject what would favour some. */
uint32_t rng_below(struct rng *r, uint32_t n)
{
	uint64_t product = (uint64_t)next_u32(r) * n;
	uint32_t reject = (uint32_t)(0 - n) % n;

	while ((uint32_t)product < reject)
		product = (uint64_t)next_u32(r) * n;
	return (uint32_t)(product >> 32);
}

void rng_token(struct rng *r, char *p, size_t n)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

	rng_bytes(r, p, n);
	for (size_t i = 0; i < n; i++)
		p[i] = alphabet[p[i] & 31];
}
