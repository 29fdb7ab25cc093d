// SPDX-License-Identifier: Apache-2.0
/**
 * RTCP: RFC 3550 section 6, reduced-size packets of RFC 5506.
 *
 * A datagram holds one packet or several. rtcp_check proves all lengths once; rtcp_next then
 * walks the packets and cannot fail. What a caller does not know (APP, XR, feedback) it skips.
 *
 *     struct rtcp_iter it;
 *     struct rtcp_packet pk;
 *     if (rtcp_check(&it, p, n) == 0)
 *         while (rtcp_next(&it, &pk))
 *             ...
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum rtcp_type {
	RTCP_SR = 200, RTCP_RR = 201, RTCP_SDES = 202, RTCP_BYE = 203, RTCP_APP = 204,
	RTCP_RTPFB = 205, RTCP_PSFB = 206, RTCP_XR = 207
};

enum { RTCP_MAX_BLOCKS = 31, RTCP_MAX_CNAME = 255 };

struct rtcp_iter {
	const uint8_t *p;
	size_t n, at;
	bool reduced; /* does not begin with SR or RR: RFC 5506 */
};

struct rtcp_packet {
	uint8_t type;     /* enum rtcp_type, or another of 192-223 */
	uint8_t count;    /* report blocks, SDES chunks, BYE sources; else the subtype */
	uint32_t ssrc;    /* of the sender; SDES and BYE: the first source; 0 when there is none */
	const uint8_t *p; /* the whole packet with its head, without padding */
	size_t n;
};

/** RFC 3550 section 6.4.1, sender information. */
struct rtcp_sender {
	uint64_t ntp;      /* 32.32 seconds since 1900 */
	uint32_t timestamp;
	uint32_t packets, bytes;
};

struct rtcp_block {
	uint32_t ssrc;     /* whose stream is described */
	uint8_t fraction;  /* lost since the report before, in 1/256 */
	int32_t lost;      /* 24 bits, signed: duplicates may make it negative */
	uint32_t ext_seq;
	uint32_t jitter;   /* in timestamp units */
	uint32_t lsr;      /* middle 32 bits of the NTP time of the last SR; 0: none came */
	uint32_t dlsr;     /* delay since then, in 1/65536 s */
};

/**
 * Appendix A.2: version 2 everywhere, lengths add up to the datagram, padding only in
 * the last packet, SR and RR at the start unless reduced; counts fit in their packet.
 *
 * @return 0; E_MALFORMED
 */
must_check int rtcp_check(struct rtcp_iter *it, const uint8_t *p, size_t n);
bool rtcp_next(struct rtcp_iter *it, struct rtcp_packet *pk);

/** Sender information of an SR; false for any other packet. */
bool rtcp_sender(const struct rtcp_packet *pk, struct rtcp_sender *s);
/** Block `i` of an SR or RR; false when there is none. */
bool rtcp_block(const struct rtcp_packet *pk, size_t i, struct rtcp_block *b);
/** CNAME of `ssrc` in an SDES; false when absent. The bytes are the peer's: any octets. */
bool rtcp_cname(const struct rtcp_packet *pk, uint32_t ssrc, struct str *cname);
/** Does this BYE name `ssrc`? */
bool rtcp_bye_has(const struct rtcp_packet *pk, uint32_t ssrc);

/**
 * A compound of our own: SR (with `s`) or RR (NULL), then SDES with CNAME.
 *
 * @param n      blocks; those above RTCP_MAX_BLOCKS are left out
 * @param cname  cut at RTCP_MAX_CNAME bytes
 */
void rtcp_put_report(struct buf *b, uint32_t ssrc, const struct rtcp_sender *s,
                     const struct rtcp_block *blocks, size_t n, struct str cname);
/** BYE for one source, without reason; behind a report to make a compound. */
void rtcp_put_bye(struct buf *b, uint32_t ssrc);

/** Microseconds since 1970 to NTP 32.32 (section 4) and back; valid for 1970-2036. */
uint64_t rtcp_ntp_from_us(uint64_t wall_us);
uint64_t rtcp_ntp_to_us(uint64_t ntp);
/** The middle 32 bits: what LSR carries, in 1/65536 s. */
static inline uint32_t rtcp_ntp_mid(uint64_t ntp)
{
	return (uint32_t)(ntp >> 16);
}

/**
 * Round trip from a block about our stream (section 6.4.1).
 *
 * @param now_ntp  the clock that our SRs carry, at the arrival of the block
 * @return microseconds; at least 1 when known (coarse clocks give a round trip of nothing or less
 *         on a fast network); 0 when not known or absurd: above 60 s, or negative by more than 1 ms
 */
uint32_t rtcp_rtt_us(const struct rtcp_block *b, uint64_t now_ntp);
