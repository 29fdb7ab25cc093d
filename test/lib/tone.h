// SPDX-License-Identifier: Apache-2.0
/** Sine tones, and what became of them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** `peak` is the amplitude; `at` the number of the first sample, so that pieces join. */
void tone_make(int16_t *pcm, size_t n, size_t at, uint32_t rate_hz, double hz, double peak);
/** Added to what is there, clipped. */
void tone_add(int16_t *pcm, size_t n, size_t at, uint32_t rate_hz, double hz, double peak);

struct tone_found {
	double peak;   /* of the sine of this frequency, at any phase */
	double snr_db; /* its power against all that is left */
};

/** The sine of `hz` that fits the samples best. */
struct tone_found tone_find(const int16_t *pcm, size_t n, uint32_t rate_hz, double hz);
double tone_rms(const int16_t *pcm, size_t n);
