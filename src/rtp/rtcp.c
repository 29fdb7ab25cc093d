// SPDX-License-Identifier: Apache-2.0
#include "rtp/rtcp.h"

#include "rtp/wire.h"

enum { VERSION_BITS = 2 << 6, PADDING = 0x20, COUNT_MASK = 0x1f };
enum { HEAD_BYTES = 4, SENDER_BYTES = 20, BLOCK_BYTES = 24, SDES_CNAME = 1 };
enum { LOST_MAX = 0x7fffff, LOST_MIN = -0x800000 };

#define NTP_UNIX_OFFSET UINT64_C(2208988800) /* seconds from 1900 to 1970 */

static size_t packet_bytes(const uint8_t *p)
{
	return ((size_t)get_be16(p + 2) + 1) * 4;
}

/* Where the report blocks of an SR or RR begin. */
static size_t blocks_at(uint8_t type)
{
	return HEAD_BYTES + 4 + (type == RTCP_SR ? SENDER_BYTES : 0);
}

/* Does what the head promises fit into `n` bytes (padding taken off)? Sections 6.4.1, 6.4.2, 6.6. */
static bool count_fits(const uint8_t *p, size_t n)
{
	size_t count = p[0] & COUNT_MASK;
	switch (p[1]) {
	case RTCP_SR:
	case RTCP_RR:
		return blocks_at(p[1]) + BLOCK_BYTES * count <= n;
	case RTCP_BYE:
		return HEAD_BYTES + 4 * count <= n;
	case RTCP_SDES: /* a chunk is an SSRC and at least one zero word */
		return HEAD_BYTES + 8 * count <= n;
	default:
		return true;
	}
}

/* Section 6.4.1, P: whole words, in the last packet alone. False: the padding is wrong. */
static bool take_padding(const uint8_t *p, size_t n, bool last, size_t *pad)
{
	*pad = 0;
	if (!(p[0] & PADDING))
		return true;
	*pad = p[n - 1];
	return last && *pad != 0 && *pad % 4 == 0 && *pad <= n - HEAD_BYTES;
}

int rtcp_check(struct rtcp_iter *it, const uint8_t *p, size_t n)
{
	if (n < HEAD_BYTES || p[1] < 192 || p[1] > 223)
		return E_MALFORMED;

	size_t bytes, pad;
	for (size_t at = 0; at < n; at += bytes) {
		if (n - at < HEAD_BYTES || (p[at] & 0xc0) != VERSION_BITS)
			return E_MALFORMED;
		bytes = packet_bytes(p + at);
		if (bytes > n - at || !take_padding(p + at, bytes, at + bytes == n, &pad) ||
		    !count_fits(p + at, bytes - pad))
			return E_MALFORMED;
	}
	*it = (struct rtcp_iter){.p = p, .n = n, .reduced = p[1] != RTCP_SR && p[1] != RTCP_RR};
	return 0;
}

bool rtcp_next(struct rtcp_iter *it, struct rtcp_packet *pk)
{
	if (it->at >= it->n)
		return false;
	const uint8_t *p = it->p + it->at;
	size_t pad = p[0] & PADDING ? it->p[it->n - 1] : 0;
	size_t bytes = packet_bytes(p);
	it->at += bytes;

	*pk = (struct rtcp_packet){
		.type = p[1], .count = p[0] & COUNT_MASK, .p = p, .n = bytes - pad};
	bool has_source = pk->count > 0 || (pk->type != RTCP_SDES && pk->type != RTCP_BYE);
	if (has_source && pk->n >= HEAD_BYTES + 4)
		pk->ssrc = get_be32(p + HEAD_BYTES);
	return true;
}

bool rtcp_sender(const struct rtcp_packet *pk, struct rtcp_sender *s)
{
	if (pk->type != RTCP_SR)
		return false;
	const uint8_t *p = pk->p + HEAD_BYTES + 4;
	*s = (struct rtcp_sender){
		.ntp = (uint64_t)get_be32(p) << 32 | get_be32(p + 4),
		.timestamp = get_be32(p + 8),
		.packets = get_be32(p + 12),
		.bytes = get_be32(p + 16),
	};
	return true;
}

bool rtcp_block(const struct rtcp_packet *pk, size_t i, struct rtcp_block *b)
{
	if ((pk->type != RTCP_SR && pk->type != RTCP_RR) || i >= pk->count)
		return false;
	const uint8_t *p = pk->p + blocks_at(pk->type) + i * BLOCK_BYTES;
	uint32_t lost = get_be32(p + 4) & 0xffffff;
	*b = (struct rtcp_block){
		.ssrc = get_be32(p),
		.fraction = p[4],
		.lost = (int32_t)(lost ^ 0x800000) - 0x800000, /* sign of 24 bits */
		.ext_seq = get_be32(p + 8),
		.jitter = get_be32(p + 12),
		.lsr = get_be32(p + 16),
		.dlsr = get_be32(p + 20),
	};
	return true;
}

/*
 * The items of one chunk, from *at on: true when a CNAME is among them. Leaves *at behind the
 * chunk, or at the end when the chunk is cut off.
 */
static bool chunk_cname(const struct rtcp_packet *pk, size_t *at, struct str *cname)
{
	bool found = false;
	while (*at < pk->n && pk->p[*at] != 0) {
		if (pk->n - *at < 2 || pk->n - *at - 2 < pk->p[*at + 1]) {
			*at = pk->n;
			return found;
		}
		size_t n = pk->p[*at + 1];
		if (pk->p[*at] == SDES_CNAME && !found) {
			*cname = (struct str){(const char *)pk->p + *at + 2, n};
			found = true;
		}
		*at += 2 + n;
	}
	*at = (*at | 3) + 1; /* section 6.5: at least one zero, up to the next word */
	return found;
}

bool rtcp_cname(const struct rtcp_packet *pk, uint32_t ssrc, struct str *cname)
{
	if (pk->type != RTCP_SDES)
		return false;
	size_t at = HEAD_BYTES;
	for (size_t i = 0; i < pk->count && at < pk->n && pk->n - at >= 4; i++) {
		bool wanted = get_be32(pk->p + at) == ssrc;
		struct str s = STR_NONE;
		at += 4;
		if (chunk_cname(pk, &at, &s) && wanted) {
			*cname = s;
			return true;
		}
	}
	return false;
}

bool rtcp_bye_has(const struct rtcp_packet *pk, uint32_t ssrc)
{
	if (pk->type != RTCP_BYE)
		return false;
	for (size_t i = 0; i < pk->count; i++) {
		if (get_be32(pk->p + HEAD_BYTES + 4 * i) == ssrc)
			return true;
	}
	return false;
}

static void add_be32(struct buf *b, uint32_t v)
{
	uint8_t w[4];
	put_be32(w, v);
	buf_add(b, w, sizeof w);
}

/* `bytes`: of the whole packet, a multiple of 4. */
static void add_head(struct buf *b, size_t count, enum rtcp_type type, size_t bytes)
{
	uint8_t w[HEAD_BYTES] = {(uint8_t)(VERSION_BITS | count), (uint8_t)type};
	put_be16(w + 2, (uint16_t)(bytes / 4 - 1));
	buf_add(b, w, sizeof w);
}

static void add_block(struct buf *b, const struct rtcp_block *k)
{
	int32_t lost = k->lost > LOST_MAX ? LOST_MAX : k->lost < LOST_MIN ? LOST_MIN : k->lost;
	add_be32(b, k->ssrc);
	add_be32(b, (uint32_t)k->fraction << 24 | ((uint32_t)lost & 0xffffff));
	add_be32(b, k->ext_seq);
	add_be32(b, k->jitter);
	add_be32(b, k->lsr);
	add_be32(b, k->dlsr);
}

/* Section 6.5.1: one chunk with CNAME, closed by one to four zeros. */
static void add_sdes(struct buf *b, uint32_t ssrc, struct str cname)
{
	static const uint8_t zeros[4];
	cname = str_sub(cname, 0, RTCP_MAX_CNAME);
	size_t used = HEAD_BYTES + 4 + 2 + cname.n;
	size_t bytes = (used | 3) + 1;
	uint8_t item[2] = {SDES_CNAME, (uint8_t)cname.n};

	add_head(b, 1, RTCP_SDES, bytes);
	add_be32(b, ssrc);
	buf_add(b, item, sizeof item);
	buf_str(b, cname);
	buf_add(b, zeros, bytes - used);
}

void rtcp_put_report(struct buf *b, uint32_t ssrc, const struct rtcp_sender *s,
                     const struct rtcp_block *blocks, size_t n, struct str cname)
{
	enum rtcp_type type = s ? RTCP_SR : RTCP_RR;
	if (n > RTCP_MAX_BLOCKS)
		n = RTCP_MAX_BLOCKS;
	add_head(b, n, type, blocks_at((uint8_t)type) + BLOCK_BYTES * n);
	add_be32(b, ssrc);
	if (s) {
		add_be32(b, (uint32_t)(s->ntp >> 32));
		add_be32(b, (uint32_t)s->ntp);
		add_be32(b, s->timestamp);
		add_be32(b, s->packets);
		add_be32(b, s->bytes);
	}
	for (size_t i = 0; i < n; i++)
		add_block(b, &blocks[i]);
	add_sdes(b, ssrc, cname);
}

void rtcp_put_bye(struct buf *b, uint32_t ssrc)
{
	add_head(b, 1, RTCP_BYE, HEAD_BYTES + 4);
	add_be32(b, ssrc);
}

uint64_t rtcp_ntp_from_us(uint64_t wall_us)
{
	uint64_t fraction = ((wall_us % 1000000) << 32) / 1000000;
	return (wall_us / 1000000 + NTP_UNIX_OFFSET) << 32 | fraction;
}

uint64_t rtcp_ntp_to_us(uint64_t ntp)
{
	uint64_t us = ((ntp & UINT32_MAX) * 1000000 + (UINT64_C(1) << 31)) >> 32; /* rounded */
	return ((ntp >> 32) - NTP_UNIX_OFFSET) * 1000000 + us;
}

uint32_t rtcp_rtt_us(const struct rtcp_block *b, uint64_t now_ntp)
{
	enum { UNITS_PER_S = 65536, ABSURD_S = 60, ROUNDING = UNITS_PER_S / 1000 };
	if (b->lsr == 0)
		return 0;
	uint32_t units = rtcp_ntp_mid(now_ntp) - b->lsr - b->dlsr;
	if (units == 0 || units >= UINT32_MAX - ROUNDING)
		return 1;
	if (units > ABSURD_S * UNITS_PER_S)
		return 0;
	return (uint32_t)((uint64_t)units * 1000000 / UNITS_PER_S);
}
