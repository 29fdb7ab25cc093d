// SPDX-License-Identifier: Apache-2.0
/**
 * A stream's packets as the kernel relays them: what both sides of the border share, and the
 * judgement over one packet, compiled for the daemon (which tests it) and for the kernel
 * (fast.bpf.c). See fast.h.
 *
 * Addresses and ports are in network byte order, as they stand in the packet.
 */
#pragma once

#include "rtp/rtp_count.h"

enum {
	FAST_MAX_THREADS = 256,
	FAST_MAX_PACKET = 1500, /* UDP payload */
	/* RFC 3550 section 5.1: version 2, no padding, extension or CSRC. */
	FAST_FIRST_BYTE = 0x80,
};

/** Who sends to where. */
struct fast_key {
	uint32_t from_ip, to_ip;
	uint16_t from_port, to_port;
};

/** Lies in memory that the kernel's program and the media thread both see. */
struct fast_flow {
	struct rtp_receiver rx;  /* goes on where the stream's stood */
	uint64_t packets, bytes; /* relayed since the entry was made */
	uint64_t last_us;        /* monotonic, of the last one; 0: none */
	uint64_t since_us;       /* when the entry was made */
	struct fast_key key;
	uint32_t from_ip, to_ip; /* what they leave with, laid out as in the key */
	uint16_t from_port, to_port;
	uint64_t passes[2];             /* bit i: packets of payload type i leave as they are */
	uint32_t interface;             /* that they leave by */
	uint32_t diff_ips, diff_ports; /* what that changes in the checksum */
	uint8_t pt;                     /* of the last one */
	uint8_t tos;
	uint8_t thread; /* the media thread that owns the entry */
	bool loops;     /* `interface` is the loopback: it has no neighbours */
};

static inline bool fast_passes(const struct fast_flow *f, uint8_t pt)
{
	return f->passes[pt >> 6 & 1] >> (pt & 63) & 1;
}

/**
 * May this packet pass without the media thread? Only plain RTP of the proven source may; then it
 * is counted. Everything else (STUN, DTLS, RTCP, digits, types that have another number on the
 * other side, header extensions, wild numbers) goes up.
 *
 * @param p  the first 12 bytes of a UDP payload of `n`
 */
static inline bool fast_take(struct fast_flow *f, const uint8_t p[RTP_HEADER_MIN], size_t n,
                             uint64_t now_us)
{
	uint8_t pt = p[1] & 0x7f;
	if (p[0] != FAST_FIRST_BYTE || n < RTP_HEADER_MIN || n > FAST_MAX_PACKET)
		return false;
	if ((pt >= 64 && pt <= 95) || !fast_passes(f, pt)) /* RFC 5761 section 4 */
		return false;
	uint16_t seq = (uint16_t)(p[2] << 8 | p[3]);
	uint32_t timestamp = (uint32_t)p[4] << 24 | (uint32_t)p[5] << 16 | (uint32_t)p[6] << 8 | p[7];
	uint32_t ssrc = (uint32_t)p[8] << 24 | (uint32_t)p[9] << 16 | (uint32_t)p[10] << 8 | p[11];
	enum rtp_seen seen;
	if (!rtp_count_known(&f->rx, ssrc, seq, &seen))
		return false;
	if (seen != RTP_SEEN_DUPLICATE && f->rx.clock_hz)
		rtp_count_timing(&f->rx, timestamp, now_us);
	f->packets++;
	f->bytes += n;
	f->last_us = now_us;
	f->pt = pt;
	return true;
}
