// SPDX-License-Identifier: Apache-2.0
/**
 * RTP packets: RFC 3550 section 5, and telling them from what else comes to the same
 * port: RFC 7983, RFC 5761 section 4.
 *
 * Pure functions over bytes; no allocation. Positions are offsets from the start of
 * the datagram, so that a header can be kept or copied.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { RTP_HEADER_MIN = 12, RTP_SEQ_MOD = 1 << 16 };

/** What a datagram claims to be, by its first two bytes. */
enum rtp_class {
	RTP_CLASS_OTHER, /* nothing known, or too short to say */
	RTP_CLASS_RTP,
	RTP_CLASS_RTCP,
	RTP_CLASS_STUN,
	RTP_CLASS_ZRTP,
	RTP_CLASS_DTLS,
	RTP_CLASS_TURN,  /* channel data */
};

/** RTP and RTCP are told apart by payload type (64-95 is RTCP): right on muxed ports and others. */
enum rtp_class rtp_classify(const uint8_t *p, size_t n);

struct rtp_header {
	uint32_t ssrc;
	uint32_t timestamp;
	uint16_t seq;
	uint8_t pt;
	uint8_t n_csrc;
	bool marker;
	bool has_ext;
	uint8_t pad_n;        /* bytes of padding, its length byte included */
	uint16_t ext_profile; /* "defined by profile": 0xbede is RFC 8285 */
	uint16_t ext_at, ext_n; /* the extension's words without its 4-byte head */
	uint16_t payload_at, payload_n; /* without padding; may be empty */
};

/**
 * @param n  bytes of the datagram; above 65535 is refused
 * @return 0; E_MALFORMED: version, CSRC list, extension or padding do not fit. `h` untouched then
 */
must_check int rtp_parse(struct rtp_header *h, const uint8_t *p, size_t n);

/** Write a 12-byte header (no CSRC, extension or padding) from pt, marker, seq, timestamp, ssrc. */
void rtp_put(uint8_t out[RTP_HEADER_MIN], const struct rtp_header *h);

/** Change one field of a packet that rtp_parse took. */
void rtp_set_pt(uint8_t *p, uint8_t pt);
void rtp_set_seq(uint8_t *p, uint16_t seq);
void rtp_set_timestamp(uint8_t *p, uint32_t timestamp);
void rtp_set_ssrc(uint8_t *p, uint32_t ssrc);
