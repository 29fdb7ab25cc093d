// SPDX-License-Identifier: Apache-2.0
/**
 * Arithmetic of mixing: sums of 32 bits, own voice taken out of the sum, clipped once at the end. Written
 * so that the compiler makes vectors of it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { MIX_UNITY = 4096 /* a gain of 1 */ };

void mix_add(int32_t *restrict sum, const int16_t *restrict pcm, size_t n);
/** `out` is the sum as it is, clipped. */
void mix_clip(int16_t *restrict out, const int32_t *restrict sum, size_t n);
/** `out` is the sum without `own`, clipped. */
void mix_without(int16_t *restrict out, const int32_t *restrict sum, const int16_t *restrict own,
                 size_t n);
/** In place, clipped; `gain` in 1/4096. */
void mix_gain(int16_t *pcm, size_t n, int32_t gain);
int32_t mix_gain_of_db(int db);

/** Mean square. */
uint32_t mix_power(const int16_t *pcm, size_t n);
/** dBov of a mean square: 0 is a square wave of full scale (RFC 6465 section 3), -127 silence. */
int mix_dbov(uint32_t power);
