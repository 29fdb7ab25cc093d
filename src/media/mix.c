// SPDX-License-Identifier: Apache-2.0
#ifndef __clang__ /* which does not know it, and warns */
/* The loops below are worth more than -O2 makes of them. */
#pragma GCC optimize("O3")
#endif

#include "media/mix.h"

#include <math.h>

static inline int16_t clip(int32_t v)
{
	return (int16_t)(v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v);
}

void mix_add(int32_t *restrict sum, const int16_t *restrict pcm, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum[i] += pcm[i];
}

void mix_clip(int16_t *restrict out, const int32_t *restrict sum, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = clip(sum[i]);
}

void mix_without(int16_t *restrict out, const int32_t *restrict sum, const int16_t *restrict own,
                 size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = clip(sum[i] - own[i]);
}

void mix_gain(int16_t *pcm, size_t n, int32_t gain)
{
	for (size_t i = 0; i < n; i++)
		pcm[i] = clip(pcm[i] * gain / MIX_UNITY);
}

int32_t mix_gain_of_db(int db)
{
	return (int32_t)lrint(MIX_UNITY * pow(10, db / 20.0));
}

uint32_t mix_power(const int16_t *pcm, size_t n)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += (uint32_t)((int32_t)pcm[i] * pcm[i]);
	return n ? (uint32_t)(sum / n) : 0;
}

int mix_dbov(uint32_t power)
{
	if (power == 0)
		return -127;
	double db = 10 * log10(power / (32768.0 * 32768.0));
	return db > 0 ? 0 : (int)lrint(db);
}
