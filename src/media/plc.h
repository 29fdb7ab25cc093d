// SPDX-License-Identifier: Apache-2.0
/**
 * Sound where a packet is missing, and a little more or less of it where clocks differ.
 *
 * Concealment repeats the last period of the voice and fades it out within 60 ms, in the way of G.711
 * appendix I, at any rate up to 48 kHz. For codecs that have none of their own.
 *
 * Thread: whoever owns it. A plain struct, no memory besides.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PLC_LEAST_US = 2500, PLC_MOST_US = 10000, /* periods: 400 to 100 Hz */
	PLC_HISTORY = 48 * 20,                    /* samples: two of the longest periods */
};

struct plc {
	uint32_t rate_hz;
	size_t n_history;     /* of this rate */
	size_t period;        /* that is repeated */
	size_t at;            /* in it */
	size_t concealed;     /* samples in a row; 0: not concealing */
	int16_t history[PLC_HISTORY]; /* the newest is the last of n_history */
};

/* (spandsp has a plc_init.) */
void plc_reset(struct plc *p, uint32_t rate_hz);
/** Samples that were decoded: remembered. After concealment their beginning is blended over. */
void plc_good(struct plc *p, int16_t *pcm, size_t n);
/** Fill `n` samples. */
void plc_fill(struct plc *p, int16_t *pcm, size_t n);

/**
 * Take one period out, or put one more in, where it is heard least.
 * @return the new number of samples: `n` itself where there is no room to work (twice 2.5 ms)
 */
size_t plc_shorten(uint32_t rate_hz, int16_t *pcm, size_t n);
/** `max` samples have room in `pcm`. */
size_t plc_lengthen(uint32_t rate_hz, int16_t *pcm, size_t n, size_t max);
