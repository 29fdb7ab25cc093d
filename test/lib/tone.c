// SPDX-License-Identifier: Apache-2.0
#include "tone.h"

#include <math.h>

static int16_t clip(double v)
{
	return (int16_t)(v > 32767 ? 32767 : v < -32768 ? -32768 : lrint(v));
}

void tone_make(int16_t *pcm, size_t n, size_t at, uint32_t rate_hz, double hz, double peak)
{
	for (size_t i = 0; i < n; i++)
		pcm[i] = clip(peak * sin(2 * M_PI * hz * (double)(at + i) / rate_hz));
}

void tone_add(int16_t *pcm, size_t n, size_t at, uint32_t rate_hz, double hz, double peak)
{
	for (size_t i = 0; i < n; i++)
		pcm[i] = clip(pcm[i] + peak * sin(2 * M_PI * hz * (double)(at + i) / rate_hz));
}

struct tone_found tone_find(const int16_t *pcm, size_t n, uint32_t rate_hz, double hz)
{
	/* Least squares for a sin + b cos. */
	double ss = 0, cc = 0, sc = 0, xs = 0, xc = 0, xx = 0;
	for (size_t i = 0; i < n; i++) {
		double s = sin(2 * M_PI * hz * (double)i / rate_hz), x = pcm[i];
		double c = cos(2 * M_PI * hz * (double)i / rate_hz);
		ss += s * s, cc += c * c, sc += s * c, xs += x * s, xc += x * c, xx += x * x;
	}
	double det = ss * cc - sc * sc;
	double a = (xs * cc - xc * sc) / det, b = (xc * ss - xs * sc) / det;
	double power = a * xs + b * xc, rest = xx - power;
	return (struct tone_found){
		.peak = sqrt(a * a + b * b),
		.snr_db = power <= 0 ? -100 : rest <= 0 ? 100 : 10 * log10(power / rest),
	};
}

double tone_rms(const int16_t *pcm, size_t n)
{
	double xx = 0;
	for (size_t i = 0; i < n; i++)
		xx += (double)pcm[i] * pcm[i];
	return n ? sqrt(xx / (double)n) : 0;
}
