// SPDX-License-Identifier: Apache-2.0
/**
 * Tones: up to four sines at once, on and off by turns (struct media_tone), and the pairs of DTMF.
 * A plain struct: begun by tone_gen_init, read as long as wanted. Pure.
 */
#pragma once

#include "media/media.h"

enum { TONE_SINES = 4 };

struct tone_gen {
	struct media_tone tone;
	uint32_t rate_hz;
	uint32_t part;      /* of the cadence */
	uint32_t left;      /* samples left of its on or off half */
	bool on;
	uint32_t ramp;      /* samples since it went on: the start is eased in */
	/* Each sine by its recurrence: y[n] = 2 cos(w) y[n-1] - y[n-2]. */
	size_t n;
	double twice_cos[TONE_SINES], y1[TONE_SINES], y2[TONE_SINES];
	double amplitude;
};

void tone_gen_init(struct tone_gen *g, const struct media_tone *tone, uint32_t rate_hz);
void tone_gen_read(struct tone_gen *g, int16_t *pcm, size_t n);

/** The two frequencies of a digit (ITU-T Q.23); false: none. */
bool tone_of_digit(char digit, struct media_tone *out);
