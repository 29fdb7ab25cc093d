// SPDX-License-Identifier: Apache-2.0
#include "rtp/stun.h"

#include <errno.h>

#include "base/crypto.h"
#include "rtp/wire.h"

enum {
	ATTR_HEAD = 4, INTEGRITY_BYTES = SHA1_BYTES, FINGERPRINT_BYTES = 4, FINGERPRINT_XOR = 0x5354554e,
	FAMILY_V4 = 1, FAMILY_V6 = 2, MAX_USERNAME = 512, MAX_TEXT = 763, /* sections 14.3, 14.9 */
	REQUIRED_BELOW = 0x8000,
};

static size_t padded(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

/** CRC-32 of ITU V.42, as Ethernet and zip have it (section 14.7). */
static uint32_t crc32(const uint8_t *p, size_t n)
{
	uint32_t crc = UINT32_MAX;
	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (UINT32_C(0xedb88320) & -(crc & 1));
	}
	return ~crc;
}

/**
 * HMAC-SHA1 of the message up to its MESSAGE-INTEGRITY, with a header whose length ends behind that
 * attribute, whatever follows (section 14.5).
 */
static void integrity(const uint8_t *p, size_t at, struct str key, uint8_t out[INTEGRITY_BYTES])
{
	uint8_t head[STUN_HEADER];
	memcpy(head, p, sizeof head);
	put_be16(head + 2, (uint16_t)(at + ATTR_HEAD + INTEGRITY_BYTES - STUN_HEADER));
	const struct str parts[] = {{(const char *)head, sizeof head},
	                            {(const char *)p + STUN_HEADER, at - STUN_HEADER}};
	crypto_hmac_sha1(key, parts, 2, out);
}

/* -- reading ------------------------------------------------------------------------- */

/** The method's bits and those of the class are interleaved: section 5, figure 3. */
static void read_type(struct stun_msg *m, uint16_t type)
{
	m->class = (enum stun_class)((type >> 7 & 2) | (type >> 4 & 1));
	m->method = (uint16_t)((type >> 2 & 0xf80) | (type >> 1 & 0x70) | (type & 0xf));
}

/** MAPPED-ADDRESS, or with `x` XOR-MAPPED-ADDRESS: cookie and transaction id are mixed in (14.2). */
static int read_addr(struct addr *out, const uint8_t *p, size_t n, const uint8_t *x)
{
	struct addr a = {0};
	size_t ip_n = n >= 4 && p[1] == FAMILY_V6 ? 16 : 4;
	if (n != 4 + ip_n || (p[1] != FAMILY_V4 && p[1] != FAMILY_V6))
		return E_MALFORMED;
	a.family = p[1] == FAMILY_V6 ? ADDR_V6 : ADDR_V4;
	a.port = (uint16_t)(get_be16(p + 2) ^ (x ? get_be16(x) : 0));
	for (size_t i = 0; i < ip_n; i++)
		a.ip[i] = (uint8_t)(p[4 + i] ^ (x ? x[i] : 0));
	*out = a;
	return 0;
}

static int read_text(struct str *out, struct str v, size_t max)
{
	if (v.n > max)
		return E_MALFORMED;
	if (!out->p)
		*out = v;
	return 0;
}

static int read_error(struct stun_msg *m, const uint8_t *p, size_t n)
{
	if (n < 4 || (p[2] & 7) < 3 || (p[2] & 7) > 6 || p[3] > 99)
		return E_MALFORMED;
	if (m->error)
		return 0;
	m->error = (uint16_t)((p[2] & 7) * 100 + p[3]);
	m->reason = (struct str){(const char *)p + 4, n - 4};
	return m->reason.n > MAX_TEXT ? E_MALFORMED : 0;
}

static int read_tie_breaker(struct stun_msg *m, bool controlling, const uint8_t *p, size_t n)
{
	if (n != 8)
		return E_MALFORMED;
	if (m->controlling || m->controlled)
		return 0;
	m->controlling = controlling;
	m->controlled = !controlling;
	m->tie_breaker = (uint64_t)get_be32(p) << 32 | get_be32(p + 4);
	return 0;
}

static void note_unknown(struct stun_msg *m, uint16_t type)
{
	if (type >= REQUIRED_BELOW)
		return;
	if (m->n_unknown < STUN_MAX_UNKNOWN)
		m->unknown[m->n_unknown] = type;
	m->n_unknown++;
}

static int read_attr(struct stun_msg *m, uint16_t type, const uint8_t *p, size_t n)
{
	struct str v = {(const char *)p, n};
	struct addr plain;
	int err;
	switch (type) {
	case STUN_USERNAME: return read_text(&m->username, v, MAX_USERNAME);
	case STUN_REALM: return read_text(&m->realm, v, MAX_TEXT);
	case STUN_NONCE: return read_text(&m->nonce, v, MAX_TEXT);
	case STUN_SOFTWARE: return read_text(&m->software, v, MAX_TEXT);
	case STUN_ERROR_CODE: return read_error(m, p, n);
	case STUN_XOR_MAPPED_ADDRESS: return read_addr(&m->mapped, p, n, m->id - 4);
	case STUN_MAPPED_ADDRESS:
		err = read_addr(&plain, p, n, NULL);
		if (err == 0 && m->mapped.family == ADDR_NONE)
			m->mapped = plain;
		return err;
	case STUN_PRIORITY:
		if (n != 4)
			return E_MALFORMED;
		m->priority = get_be32(p);
		return 0;
	case STUN_USE_CANDIDATE: m->use_candidate = true; return 0;
	case STUN_ICE_CONTROLLED: return read_tie_breaker(m, false, p, n);
	case STUN_ICE_CONTROLLING: return read_tie_breaker(m, true, p, n);
	case STUN_UNKNOWN_ATTRIBUTES: return 0;
	default: note_unknown(m, type); return 0;
	}
}

/** FINGERPRINT is the last attribute, and right (section 14.7). */
static int read_fingerprint(struct stun_msg *m, const uint8_t *p, size_t at, size_t n, size_t total)
{
	if (n != FINGERPRINT_BYTES || at + ATTR_HEAD + n != total)
		return E_MALFORMED;
	m->fingerprint = true;
	return get_be32(p + at + ATTR_HEAD) == (crc32(p, at) ^ FINGERPRINT_XOR) ? 0 : E_MALFORMED;
}

static int read_attrs(struct stun_msg *m, const uint8_t *p, size_t total)
{
	for (size_t at = STUN_HEADER; at < total;) {
		uint16_t type = get_be16(p + at);
		size_t n = get_be16(p + at + 2);
		int err = 0;
		if (total - at - ATTR_HEAD < n) /* the rest is a multiple of 4: a head at least */
			return E_MALFORMED;
		if (type == STUN_FINGERPRINT)
			err = read_fingerprint(m, p, at, n, total);
		else if (m->integrity_at)
			; /* anybody may have added it */
		else if (type == STUN_MESSAGE_INTEGRITY && n != INTEGRITY_BYTES)
			err = E_MALFORMED;
		else if (type == STUN_MESSAGE_INTEGRITY)
			m->integrity_at = at;
		else
			err = read_attr(m, type, p + at + ATTR_HEAD, n);
		if (err)
			return err;
		at += ATTR_HEAD + padded(n);
	}
	return 0;
}

int stun_parse(struct stun_msg *out, const uint8_t *p, size_t n)
{
	if (n < STUN_HEADER || p[0] & 0xc0 || n % 4 || get_be16(p + 2) != n - STUN_HEADER ||
	    get_be32(p + 4) != STUN_COOKIE)
		return E_MALFORMED;
	struct stun_msg m = {.id = p + 8, .bytes = {(const char *)p, n}};
	read_type(&m, get_be16(p));
	int err = read_attrs(&m, p, n);
	if (err == 0)
		*out = m;
	return err;
}

int stun_check(const struct stun_msg *m, struct str key)
{
	uint8_t want[INTEGRITY_BYTES];
	const uint8_t *p = (const uint8_t *)m->bytes.p;
	if (!m->integrity_at)
		return ENOENT;
	integrity(p, m->integrity_at, key, want);
	return mem_eq_const(want, p + m->integrity_at + ATTR_HEAD, sizeof want) ? 0 : E_POLICY;
}

/* -- printing ------------------------------------------------------------------------ */

static void put_length(struct buf *b, size_t n)
{
	if (b->n >= STUN_HEADER)
		put_be16((uint8_t *)b->p + 2, (uint16_t)(n - STUN_HEADER));
}

void stun_begin(struct buf *b, uint16_t method, enum stun_class class, const uint8_t id[STUN_ID])
{
	uint8_t head[STUN_HEADER] = {0};
	uint16_t m = (uint16_t)((method & 0xf80) << 2 | (method & 0x70) << 1 | (method & 0xf));
	put_be16(head, (uint16_t)(m | (class & 2) << 7 | (class & 1) << 4));
	put_be32(head + 4, STUN_COOKIE);
	memcpy(head + 8, id, STUN_ID);
	buf_add(b, head, sizeof head);
}

void stun_put(struct buf *b, enum stun_type type, struct str value)
{
	static const uint8_t zeros[4];
	uint8_t head[ATTR_HEAD];
	if (b->n + ATTR_HEAD + padded(value.n) > STUN_HEADER + UINT16_MAX)
		b->full = true;
	put_be16(head, (uint16_t)type);
	put_be16(head + 2, (uint16_t)value.n);
	buf_add(b, head, sizeof head);
	buf_str(b, value);
	buf_add(b, zeros, padded(value.n) - value.n);
	put_length(b, b->n);
}

void stun_put_u32(struct buf *b, enum stun_type type, uint32_t value)
{
	uint8_t v[4];
	put_be32(v, value);
	stun_put(b, type, (struct str){(const char *)v, sizeof v});
}

void stun_put_u64(struct buf *b, enum stun_type type, uint64_t value)
{
	uint8_t v[8];
	put_be32(v, (uint32_t)(value >> 32));
	put_be32(v + 4, (uint32_t)value);
	stun_put(b, type, (struct str){(const char *)v, sizeof v});
}

void stun_put_mapped(struct buf *b, const struct addr *a)
{
	uint8_t v[20] = {0, a->family == ADDR_V6 ? FAMILY_V6 : FAMILY_V4};
	size_t ip_n = a->family == ADDR_V6 ? 16 : 4;
	if (!buf_ok(b) || b->n < STUN_HEADER)
		return;
	const uint8_t *x = (const uint8_t *)b->p + 4; /* the cookie, and the id behind it */
	put_be16(v + 2, (uint16_t)(a->port ^ get_be16(x)));
	for (size_t i = 0; i < ip_n; i++)
		v[4 + i] = (uint8_t)(a->ip[i] ^ x[i]);
	stun_put(b, STUN_XOR_MAPPED_ADDRESS, (struct str){(const char *)v, 4 + ip_n});
}

void stun_put_error(struct buf *b, uint16_t status, struct str reason)
{
	char v[4 + MAX_TEXT] = {0, 0, (char)(status / 100), (char)(status % 100)};
	reason = str_sub(reason, 0, MAX_TEXT);
	if (reason.n)
		memcpy(v + 4, reason.p, reason.n);
	stun_put(b, STUN_ERROR_CODE, (struct str){v, 4 + reason.n});
}

void stun_put_integrity(struct buf *b, struct str key)
{
	uint8_t mac[INTEGRITY_BYTES];
	if (!buf_ok(b) || b->n < STUN_HEADER)
		return;
	integrity((const uint8_t *)b->p, b->n, key, mac);
	stun_put(b, STUN_MESSAGE_INTEGRITY, (struct str){(const char *)mac, sizeof mac});
}

void stun_put_fingerprint(struct buf *b)
{
	if (!buf_ok(b) || b->n < STUN_HEADER)
		return;
	/* The length counts the attribute already. */
	put_length(b, b->n + ATTR_HEAD + FINGERPRINT_BYTES);
	stun_put_u32(b, STUN_FINGERPRINT, crc32((const uint8_t *)b->p, b->n) ^ FINGERPRINT_XOR);
}
