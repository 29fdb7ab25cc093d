// SPDX-License-Identifier: Apache-2.0
/**
 * How a conversation sounds to the one who listens: ITU-T G.107, reduced to what a switch
 * can know (codec, loss, delay), all else at its default; as RFC 3611 section 4.7.5 wants it.
 * Pure.
 */
#pragma once

#include "base/buf.h"

enum { EMODEL_MOS_BEST = 450, EMODEL_R_BEST = 93 };

struct emodel_in {
	uint8_t ie, bpl;      /* of the codec: G.113 appendix I; media/codec has them */
	double loss_percent;  /* not heard: lost on the way, or come too late */
	double late_percent;  /* of these, come too late */
	double burst_ratio;   /* 1: losses fall at random; 0: not known, as 1 */
	uint32_t delay_ms;    /* from mouth to ear, one way */
	bool has_plc;         /* false: holes are holes; bpl is not as robust then */
};

struct emodel {
	double r;             /* 0 to 100 */
	uint32_t mos_100;     /* conversational quality times 100: 100 to 450 */
	double by_codec, by_loss, by_delay; /* what each takes from R */
};

struct emodel emodel_rate(const struct emodel_in *in);

/**
 * One way, from what a call knows: half of the round trip, the packet itself, the jitter buffer, and what
 * the codec looks ahead.
 */
static inline uint32_t emodel_delay_ms(uint32_t rtt_ms, uint32_t ptime_ms, uint32_t buffer_ms)
{
	return rtt_ms / 2 + ptime_ms + buffer_ms;
}

/** G.109: "best", "high", "medium", "low", "poor". */
const char *emodel_class(double r);

/**
 * What is wrong, in plain words: "good", or "fair: 3.2 % of the packets were lost", with the
 * impairments that matter, the worst first.
 */
void emodel_words(struct buf *b, const struct emodel_in *in, const struct emodel *e);
