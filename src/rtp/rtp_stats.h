// SPDX-License-Identifier: Apache-2.0
/**
 * What a receiver knows of one RTP stream: RFC 3550 appendices A.1 (sequence numbers),
 * A.3 (loss) and A.8 (jitter). A plain struct: it may be copied and stored.
 *
 * `now_us` is any microsecond clock that does not jump; the same in all calls.
 * The totals run on over a restart of the sender or a change of SSRC; the report
 * block speaks of the present source alone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rtp/rtcp.h"
#include "rtp/rtp.h"

enum {
	RTP_MAX_DROPOUT = 3000,     /* a jump ahead below this is loss */
	RTP_MAX_MISORDER = 100,     /* a step back below this is a late packet */
	RTP_MAX_CLOCK_HZ = 1000000, /* above: no jitter */
};

enum rtp_seen {
	RTP_SEEN_NEW,       /* the newest so far; loss may stand before it */
	RTP_SEEN_PROBATION, /* the first packet; counted when the next one follows it (A.1) */
	RTP_SEEN_REORDERED, /* older than the newest, not seen before */
	RTP_SEEN_DUPLICATE,
	RTP_SEEN_JUMP,      /* wild sequence number: not counted unless the next one follows it */
	RTP_SEEN_RESTART,   /* two in sequence behind a jump, or another SSRC: counted anew */
};

struct rtp_receiver {
	/* the present source: A.1 */
	uint32_t ssrc;
	uint32_t clock_hz;
	uint16_t max_seq;
	bool begun;            /* a packet came */
	bool valid;            /* and the next in sequence after it */
	uint32_t cycles;       /* wraps, shifted by 16 */
	uint32_t base_seq;
	uint32_t bad_ssrc;     /* what would prove a restart or another source */
	uint32_t bad_seq;      /* RTP_SEQ_MOD + 1: nothing would */
	uint64_t received;     /* for the report: duplicates included, as A.3 wants */
	uint64_t source_dups;  /* the duplicates among them */
	uint64_t expected_prior, received_prior;
	uint64_t window;       /* bit i: max_seq - i was seen */
	/* A.8 */
	bool has_transit;
	uint32_t transit;
	uint32_t jitter_q4, max_jitter_q4; /* times 16, in timestamp units */
	/* last SR of the source */
	uint32_t lsr;
	uint64_t lsr_at_us;
	/* totals over all sources */
	uint64_t lost_before;  /* of sources before this one */
	uint64_t packets;      /* valid ones, without duplicates */
	uint64_t reordered, duplicate;
	uint64_t jumps;        /* packets left out of all counts: wild or never proven */
	uint32_t restarts;
	uint32_t max_jitter_before_us; /* of earlier clocks */
};

/** `clock_hz` 0: not known yet, no jitter until rtp_receiver_clock. */
void rtp_receiver_init(struct rtp_receiver *r, uint32_t clock_hz);
/** Another codec: jitter starts anew when the clock differs. */
void rtp_receiver_clock(struct rtp_receiver *r, uint32_t clock_hz);

/**
 * One packet came. `timed`: its timestamp runs on the main codec's clock. False for
 * telephone-event: its packets repeat one timestamp, so that each press would read as jitter of
 * its own length (RFC 4733 section 2.5.2.2 wants them in; a quality figure that falls when
 * somebody dials helps nobody).
 */
enum rtp_seen rtp_receiver_packet(struct rtp_receiver *r, const struct rtp_header *h,
                                  uint64_t now_us, bool timed);

/** An SR came; one of another SSRC is ignored. */
void rtp_receiver_sr(struct rtp_receiver *r, uint32_t ssrc, const struct rtcp_sender *s,
                     uint64_t now_us);

/** Go on from a copy that counted packets elsewhere; what reports have said stays ours. */
void rtp_receiver_adopt(struct rtp_receiver *r, const struct rtp_receiver *counted);

/** The block to send now; starts the next interval. False: no valid source yet. */
bool rtp_receiver_block(struct rtp_receiver *r, uint64_t now_us, struct rtcp_block *b);

/** Packets missing over all sources; duplicates do not hide loss; never negative. */
uint64_t rtp_receiver_lost(const struct rtp_receiver *r);
uint32_t rtp_receiver_jitter_us(const struct rtp_receiver *r);
uint32_t rtp_receiver_max_jitter_us(const struct rtp_receiver *r);
