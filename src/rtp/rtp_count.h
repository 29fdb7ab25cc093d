// SPDX-License-Identifier: Apache-2.0
/**
 * What one packet does to the counters of a source that is known: the part of rtp_stats.c that
 * is done for nearly every packet. It stands in a header because it is compiled twice, there
 * and for the kernel (media/fast.bpf.c): no loops, no calls.
 */
#pragma once

#include "rtp/rtp_stats.h"

enum { RTP_US_PER_S = 1000000, RTP_WINDOW_BITS = 64 };
/* A timestamp that leaps by more against arrival is another talk or codec, not network jitter. */
enum { RTP_MAX_TRANSIT_STEP_S = 5 };

/* Appendix A.3; the sequence is counted on over wraps. */
static inline uint64_t rtp_expected(const struct rtp_receiver *r)
{
	return r->valid ? (uint64_t)r->cycles + r->max_seq - r->base_seq + 1 : 0;
}

static inline enum rtp_seen rtp_count_ahead(struct rtp_receiver *r, uint16_t seq, uint16_t step)
{
	if (seq < r->max_seq)
		r->cycles += RTP_SEQ_MOD;
	r->max_seq = seq;
	r->window = step < RTP_WINDOW_BITS ? r->window << step | 1 : 1;
	r->received++;
	r->packets++;
	return RTP_SEEN_NEW;
}

static inline enum rtp_seen rtp_count_behind(struct rtp_receiver *r, uint16_t back)
{
	uint64_t bit = back < RTP_WINDOW_BITS ? UINT64_C(1) << back : 0;
	if (r->window & bit) {
		r->received++; /* appendix A.3: duplicates count, so that loss may be negative */
		r->source_dups++;
		r->duplicate++;
		return RTP_SEEN_DUPLICATE;
	}
	r->window |= bit;
	r->packets++;
	r->reordered++;
	/* One from before our first packet was not expected and must not make up for a lost one. */
	if (back < rtp_expected(r))
		r->received++;
	return RTP_SEEN_REORDERED;
}

/* Appendix A.8. All but differences is modulo 2^32, as the timestamp itself. */
static inline void rtp_count_timing(struct rtp_receiver *r, uint32_t timestamp, uint64_t now_us)
{
	uint64_t arrival = now_us / RTP_US_PER_S * r->clock_hz +
	                   now_us % RTP_US_PER_S * r->clock_hz / RTP_US_PER_S;
	uint32_t transit = (uint32_t)arrival - timestamp;
	uint32_t step = transit - r->transit;
	if (step > INT32_MAX)
		step = -step;
	bool usable = r->has_transit && step <= r->clock_hz * RTP_MAX_TRANSIT_STEP_S;
	r->transit = transit;
	r->has_transit = true;
	if (!usable)
		return;
	r->jitter_q4 += step - ((r->jitter_q4 + 8) >> 4);
	if (r->jitter_q4 > r->max_jitter_q4)
		r->max_jitter_q4 = r->jitter_q4;
}

/**
 * Appendix A.1 for a packet of the proven source.
 *
 * @return false: it is of another source, or its number is wild; nothing is counted
 */
static inline bool rtp_count_known(struct rtp_receiver *r, uint32_t ssrc, uint16_t seq,
                                   enum rtp_seen *seen)
{
	if (!r->valid || ssrc != r->ssrc)
		return false;
	uint16_t ahead = (uint16_t)(seq - r->max_seq);
	uint16_t behind = (uint16_t)(r->max_seq - seq);
	if (ahead != 0 && ahead < RTP_MAX_DROPOUT)
		*seen = rtp_count_ahead(r, seq, ahead);
	else if (behind < RTP_MAX_MISORDER)
		*seen = rtp_count_behind(r, behind);
	else
		return false;
	return true;
}
