// SPDX-License-Identifier: Apache-2.0
#include "rtp/rtp_count.h"

enum { NO_SEQ = RTP_SEQ_MOD + 1 };
enum { LOST_MAX = 0x7fffff };

void rtp_receiver_init(struct rtp_receiver *r, uint32_t clock_hz)
{
	*r = (struct rtp_receiver){.bad_seq = NO_SEQ};
	rtp_receiver_clock(r, clock_hz);
}

static uint32_t to_us(uint32_t jitter_q4, uint32_t clock_hz)
{
	return clock_hz ? (uint32_t)((uint64_t)(jitter_q4 >> 4) * RTP_US_PER_S / clock_hz) : 0;
}

void rtp_receiver_clock(struct rtp_receiver *r, uint32_t clock_hz)
{
	if (clock_hz > RTP_MAX_CLOCK_HZ)
		clock_hz = 0;
	if (clock_hz == r->clock_hz)
		return;
	r->max_jitter_before_us = rtp_receiver_max_jitter_us(r);
	r->clock_hz = clock_hz;
	r->jitter_q4 = r->max_jitter_q4 = 0;
	r->has_transit = false;
}

static uint64_t missing(const struct rtp_receiver *r)
{
	uint64_t want = rtp_expected(r), got = r->received - r->source_dups;
	return want > got ? want - got : 0;
}

/*
 * A source is proven by two packets in sequence, of which `h` is the second. Appendix A.1 begins to
 * count with this one; we count the first as well, since it was heard like any other.
 */
static void begin_source(struct rtp_receiver *r, const struct rtp_header *h)
{
	r->lost_before += missing(r);
	r->ssrc = h->ssrc;
	r->valid = true;
	r->base_seq = (uint16_t)(h->seq - 1);
	r->max_seq = h->seq;
	r->cycles = h->seq == 0 ? RTP_SEQ_MOD : 0;
	r->bad_seq = NO_SEQ;
	r->received = 2;
	r->packets += 2;
	r->jumps--; /* the first, when it came */
	r->source_dups = 0;
	r->expected_prior = r->received_prior = 0;
	r->window = 3;
	r->has_transit = false;
	r->jitter_q4 = 0;
	r->lsr = 0;
}

/* A packet that proves nothing yet: remember what would come next if it were the truth. */
static enum rtp_seen on_unproven(struct rtp_receiver *r, const struct rtp_header *h)
{
	bool first = !r->begun;
	if (h->ssrc == r->bad_ssrc && h->seq == r->bad_seq) {
		bool was_valid = r->valid;
		r->restarts += was_valid;
		begin_source(r, h);
		return was_valid ? RTP_SEEN_RESTART : RTP_SEEN_NEW;
	}
	r->begun = true;
	r->bad_ssrc = h->ssrc;
	r->bad_seq = (uint16_t)(h->seq + 1);
	r->jumps++;
	return first ? RTP_SEEN_PROBATION : RTP_SEEN_JUMP;
}

/* Appendix A.1 */
static enum rtp_seen on_sequence(struct rtp_receiver *r, const struct rtp_header *h)
{
	enum rtp_seen seen;
	return rtp_count_known(r, h->ssrc, h->seq, &seen) ? seen : on_unproven(r, h);
}

enum rtp_seen rtp_receiver_packet(struct rtp_receiver *r, const struct rtp_header *h,
                                  uint64_t now_us, bool timed)
{
	enum rtp_seen seen = on_sequence(r, h);
	bool counts = seen == RTP_SEEN_NEW || seen == RTP_SEEN_REORDERED || seen == RTP_SEEN_RESTART;
	if (timed && counts && r->clock_hz)
		rtp_count_timing(r, h->timestamp, now_us);
	return seen;
}

void rtp_receiver_sr(struct rtp_receiver *r, uint32_t ssrc, const struct rtcp_sender *s,
                     uint64_t now_us)
{
	if (!r->valid || ssrc != r->ssrc)
		return;
	r->lsr = rtcp_ntp_mid(s->ntp);
	r->lsr_at_us = now_us;
}

void rtp_receiver_adopt(struct rtp_receiver *r, const struct rtp_receiver *counted)
{
	struct rtp_receiver own = *r;
	*r = *counted;
	r->expected_prior = own.expected_prior;
	r->received_prior = own.received_prior;
	r->lsr = own.lsr;
	r->lsr_at_us = own.lsr_at_us;
}

/* Appendix A.3: what was lost since the report before, in 1/256. */
static uint8_t fraction_lost(uint64_t want, uint64_t got)
{
	if (want == 0 || got >= want)
		return 0;
	uint64_t f = ((want - got) << 8) / want;
	return f > UINT8_MAX ? UINT8_MAX : (uint8_t)f;
}

bool rtp_receiver_block(struct rtp_receiver *r, uint64_t now_us, struct rtcp_block *b)
{
	if (!r->valid)
		return false;
	uint64_t want = rtp_expected(r);
	int64_t lost = (int64_t)want - (int64_t)r->received;
	*b = (struct rtcp_block){
		.ssrc = r->ssrc,
		.fraction = fraction_lost(want - r->expected_prior, r->received - r->received_prior),
		.lost = (int32_t)(lost > LOST_MAX ? LOST_MAX : lost < -LOST_MAX - 1 ? -LOST_MAX - 1 : lost),
		.ext_seq = r->cycles + r->max_seq,
		.jitter = r->jitter_q4 >> 4,
	};
	if (r->lsr) {
		uint64_t us = now_us > r->lsr_at_us ? now_us - r->lsr_at_us : 0;
		uint64_t units = us / RTP_US_PER_S * 65536 + us % RTP_US_PER_S * 65536 / RTP_US_PER_S;
		b->lsr = r->lsr;
		b->dlsr = units > UINT32_MAX ? UINT32_MAX : (uint32_t)units;
	}
	r->expected_prior = want;
	r->received_prior = r->received;
	return true;
}

uint64_t rtp_receiver_lost(const struct rtp_receiver *r)
{
	return r->lost_before + missing(r);
}

uint32_t rtp_receiver_jitter_us(const struct rtp_receiver *r)
{
	return to_us(r->jitter_q4, r->clock_hz);
}

uint32_t rtp_receiver_max_jitter_us(const struct rtp_receiver *r)
{
	uint32_t now = to_us(r->max_jitter_q4, r->clock_hz);
	return now > r->max_jitter_before_us ? now : r->max_jitter_before_us;
}
