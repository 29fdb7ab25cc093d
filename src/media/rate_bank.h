// SPDX-License-Identifier: Apache-2.0
/**
 * Resamplers to one rate from the few rates that a voice's sound may come at. Each keeps the state
 * of its signal. Made ahead by rate_bank_prepare where the rate is known; a rate that nobody foresaw
 * is made when it comes.
 */
#pragma once

#include "media/resample.h"

enum { RATE_BANK_N = 4 };

struct rate_bank {
	uint32_t to_hz;
	uint32_t from_hz[RATE_BANK_N];
	struct resampler *r[RATE_BANK_N];
	size_t turn; /* whose place is taken next */
};

/** Another target: those for the old one are freed. */
void rate_bank_to(struct rate_bank *b, uint32_t to_hz);
void rate_bank_fini(struct rate_bank *b);
void rate_bank_prepare(struct rate_bank *b, uint32_t from_hz);

/**
 * `n` samples at `from_hz`, at the bank's rate: `pcm` itself where nothing is to be done, else in
 * `room` (of `max` samples). `*out_n` is 0 when it cannot be done.
 */
const int16_t *rate_bank_run(struct rate_bank *b, uint32_t from_hz, const int16_t *pcm, size_t n,
                             int16_t *room, size_t max, size_t *out_n);
