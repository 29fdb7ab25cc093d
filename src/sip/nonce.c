// SPDX-License-Identifier: Apache-2.0
/** Nonces that verify themselves, and the memory of which nc of them were used. */
#include <stdlib.h>

#include "base/hash.h"
#include "base/list.h"
#include "sip/digest.h"

enum {
	TIME_BYTES = 4,
	RANDOM_BYTES = 7,
	MAC_BYTES = 16,
	OPEN_BYTES = TIME_BYTES + RANDOM_BYTES,
	RAW_BYTES = OPEN_BYTES + MAC_BYTES,
	TEXT_BYTES = RAW_BYTES / 3 * 4,
	SKEW_S = 60,  /* how far another node's clock may be ahead of ours */
	WINDOW = 64,  /* nc values remembered below the highest one */
	CHUNK = 1024, /* entries taken from the system at a time */
};

_Static_assert(RAW_BYTES % 3 == 0, "base64 without padding");
_Static_assert((int)TEXT_BYTES <= (int)NONCE_TEXT, "a nonce fits its field");

/* base64url (RFC 4648 section 5): no character of it needs escaping in a quoted-string. */
static const char alphabet[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode(const uint8_t raw[RAW_BYTES], char text[TEXT_BYTES])
{
	for (size_t i = 0; i < RAW_BYTES / 3; i++) {
		const uint8_t *in = raw + 3 * i;
		uint32_t v = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
		for (size_t k = 0; k < 4; k++)
			text[4 * i + k] = alphabet[v >> (18 - 6 * k) & 63];
	}
}

static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

static bool decode(struct str text, uint8_t raw[RAW_BYTES])
{
	if (text.n != TEXT_BYTES)
		return false;
	for (size_t i = 0; i < RAW_BYTES / 3; i++) {
		uint32_t v = 0;
		for (size_t k = 0; k < 4; k++) {
			int six = sextet(text.p[4 * i + k]);
			if (six < 0)
				return false;
			v = v << 6 | (uint32_t)six;
		}
		raw[3 * i] = (uint8_t)(v >> 16);
		raw[3 * i + 1] = (uint8_t)(v >> 8);
		raw[3 * i + 2] = (uint8_t)v;
	}
	return true;
}

static void make_mac(const struct nonce_secret *key, const uint8_t *open, struct str realm,
                     uint8_t mac[MAC_BYTES])
{
	uint8_t whole[SHA256_BYTES];
	const struct str parts[] = {{(const char *)open, OPEN_BYTES}, realm};
	crypto_hmac_sha256(key->key, parts, 2, whole);
	memcpy(mac, whole, MAC_BYTES);
}

void nonce_put(struct buf *out, const struct nonce_secret *key, struct str realm, uint64_t now_s,
               struct rng *rng)
{
	uint8_t raw[RAW_BYTES];
	char text[TEXT_BYTES];
	for (size_t i = 0; i < TIME_BYTES; i++)
		raw[i] = (uint8_t)(now_s >> (24 - 8 * i));
	rng_bytes(rng, raw + TIME_BYTES, RANDOM_BYTES);
	make_mac(key, raw, realm, raw + OPEN_BYTES);
	encode(raw, text);
	buf_add(out, text, sizeof text);
}

int nonce_check(const struct nonce_secret *key, struct str realm, struct str nonce, uint64_t now_s,
                uint32_t max_age_s)
{
	uint8_t raw[RAW_BYTES], mac[MAC_BYTES];
	if (!decode(nonce, raw))
		return E_POLICY;
	make_mac(key, raw, realm, mac);
	if (!mem_eq_const(mac, raw + OPEN_BYTES, MAC_BYTES))
		return E_POLICY;
	uint32_t made = 0;
	for (size_t i = 0; i < TIME_BYTES; i++)
		made = made << 8 | raw[i];
	uint32_t age = (uint32_t)now_s - made; /* modulo 2^32: right beyond 2106 too */
	if (age > UINT32_MAX - SKEW_S)
		age = 0; /* made a little later than now, by a node whose clock is ahead */
	return age <= max_age_s ? 0 : E_STALE;
}

/** One nonce somebody has answered with. */
struct used {
	struct map_node node;
	uint64_t window; /* bit i: nc top - i was used */
	uint32_t top;
	uint8_t len;
	char nonce[NONCE_TEXT];
};

/** The entries are a ring in order of first use; it grows by chunks up to `max`. */
struct nonce_cache {
	struct map map;
	struct hash_key key;
	struct used **chunks;
	size_t n_chunks;
	size_t max;
	size_t n;    /* entries in use */
	size_t next; /* the place of the next one: the oldest entry, once all are used */
};

int nonce_cache_new(struct nonce_cache **out, size_t max, const uint8_t hash_key[16])
{
	if (max == 0)
		max = 1;
	struct nonce_cache *c = calloc(1, sizeof *c);
	if (!c)
		abort();
	c->max = max;
	c->chunks = calloc((max + CHUNK - 1) / CHUNK, sizeof *c->chunks);
	if (!c->chunks)
		abort();
	map_init(&c->map);
	memcpy(&c->key.k0, hash_key, 8);
	memcpy(&c->key.k1, hash_key + 8, 8);
	*out = c;
	return 0;
}

void nonce_cache_free(struct nonce_cache *c)
{
	if (!c)
		return;
	map_fini(&c->map);
	for (size_t i = 0; i < c->n_chunks; i++)
		free(c->chunks[i]);
	free(c->chunks);
	free(c);
}

static struct used *find(const struct nonce_cache *c, struct str nonce, uint64_t hash)
{
	for (struct map_node *n = map_find(&c->map, hash); n; n = map_next(n)) {
		struct used *u = container_of(n, struct used, node);
		if (str_eq(nonce, (struct str){u->nonce, u->len}))
			return u;
	}
	return NULL;
}

/** A free entry, or the oldest one, forgotten. */
static struct used *take_entry(struct nonce_cache *c)
{
	size_t at = c->next;
	c->next = at + 1 == c->max ? 0 : at + 1;
	if (at / CHUNK == c->n_chunks) {
		size_t left = c->max - at;
		struct used *chunk = calloc(left < CHUNK ? left : CHUNK, sizeof *chunk);
		if (!chunk)
			abort();
		c->chunks[c->n_chunks++] = chunk;
	}
	struct used *u = &c->chunks[at / CHUNK][at % CHUNK];
	if (c->n == c->max)
		map_remove(&c->map, &u->node);
	else
		c->n++;
	return u;
}

int nonce_cache_use(struct nonce_cache *c, struct str nonce, uint32_t nc)
{
	if (nc == 0 || nonce.n == 0 || nonce.n > NONCE_TEXT)
		return E_POLICY;
	uint64_t hash = hash_str(&c->key, nonce);
	struct used *u = find(c, nonce, hash);
	if (!u) {
		u = take_entry(c);
		memcpy(u->nonce, nonce.p, nonce.n);
		u->len = (uint8_t)nonce.n;
		u->top = nc;
		u->window = 1;
		map_insert(&c->map, &u->node, hash);
		return 0;
	}
	if (nc > u->top) {
		uint32_t step = nc - u->top;
		u->window = step < WINDOW ? u->window << step | 1 : 1;
		u->top = nc;
		return 0;
	}
	uint32_t below = u->top - nc;
	if (below >= WINDOW || u->window >> below & 1)
		return E_POLICY;
	u->window |= (uint64_t)1 << below;
	return 0;
}
