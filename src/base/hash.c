// SPDX-License-Identifier: Apache-2.0
/*
 * SipHash with one compression and three finalisation rounds (Aumasson and
 * Bernstein, "SipHash: a fast short-input PRF"): enough for hash tables, and the
 * fastest that still keeps a peer from choosing collisions.
 */
#include "base/hash.h"

#include <endian.h>

struct sip_state {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotl(uint64_t x, unsigned bits)
{
	return (x << bits) | (x >> (64 - bits));
}

static inline void sip_round(struct sip_state *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 = rotl(s->v2, 32);
}

static inline void sip_word(struct sip_state *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

static inline struct sip_state sip_begin(const struct hash_key *key)
{
	return (struct sip_state){
		.v0 = key->k0 ^ 0x736f6d6570736575,
		.v1 = key->k1 ^ 0x646f72616e646f6d,
		.v2 = key->k0 ^ 0x6c7967656e657261,
		.v3 = key->k1 ^ 0x7465646279746573,
	};
}

static inline uint64_t sip_end(struct sip_state *s)
{
	s->v2 ^= 0xff;
	sip_round(s);
	sip_round(s);
	sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

static inline uint64_t load_word(const unsigned char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof word);
	return le64toh(word);
}

uint64_t hash_bytes(const struct hash_key *key, const void *p, size_t n)
{
	struct sip_state s = sip_begin(key);
	const unsigned char *at = p;
	uint64_t last = (uint64_t)n << 56;
	size_t rest = n % 8;

	for (size_t words = n / 8; words; words--, at += 8)
		sip_word(&s, load_word(at));
	for (size_t i = 0; i < rest; i++)
		last |= (uint64_t)at[i] << (8 * i);
	sip_word(&s, last);
	return sip_end(&s);
}

uint64_t hash_u64(const struct hash_key *key, uint64_t v)
{
	struct sip_state s = sip_begin(key);

	sip_word(&s, v);
	sip_word(&s, (uint64_t)sizeof v << 56);
	return sip_end(&s);
}

uint64_t hash_stable(struct str s)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3;
	return h;
}
