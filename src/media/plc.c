// SPDX-License-Identifier: Apache-2.0
#include "media/plc.h"

#include <string.h>

enum {
	HOLD_MS = 10, FADE_MS = 50, /* full at first, then down to nothing */
	BLEND_US = 4000,
	COARSE_HZ = 8000,           /* periods are looked for among so many samples a second */
	ONE = 1 << 15,
};

static size_t samples_of_us(uint32_t rate_hz, uint32_t us)
{
	return (size_t)((uint64_t)rate_hz * us / 1000000);
}

/* How like are n samples from `a` and from `b`, every `step`th? Higher is better; 0: not at all. */
static double likeness(const int16_t *a, const int16_t *b, size_t n, size_t step)
{
	int64_t ab = 0, bb = 1;
	for (size_t i = 0; i < n; i += step) {
		ab += (int32_t)a[i] * b[i];
		bb += (int32_t)b[i] * b[i];
	}
	return ab <= 0 ? 0 : (double)ab * (double)ab / (double)bb;
}

/*
 * The lag between `least` and `most` at which n samples before (sign -1) or behind (+1) `a` are most like it:
 * first roughly, then to the sample.
 */
static size_t best_lag(const int16_t *a, int sign, size_t n, size_t least, size_t most, size_t step)
{
	size_t best = most;
	double best_score = 0;
	for (size_t lag = least; lag <= most; lag += step) {
		double score = likeness(a, a + sign * (ptrdiff_t)lag, n, step);
		if (score > best_score)
			best_score = score, best = lag;
	}
	if (step == 1)
		return best;
	size_t from = best > least + step ? best - step : least;
	size_t to = best + step < most ? best + step : most;
	best_score = 0;
	for (size_t lag = from; lag <= to; lag++) {
		double score = likeness(a, a + sign * (ptrdiff_t)lag, n, 1);
		if (score > best_score)
			best_score = score, best = lag;
	}
	return best;
}

static size_t step_of(uint32_t rate_hz)
{
	return rate_hz > COARSE_HZ ? rate_hz / COARSE_HZ : 1;
}

static int16_t blend(int16_t from, int16_t to, size_t i, size_t n)
{
	int32_t w = (int32_t)(i * ONE / n);
	return (int16_t)(from + (((int32_t)to - from) * w) / ONE);
}

/* --- concealment --- */

void plc_reset(struct plc *p, uint32_t rate_hz)
{
	size_t n = 2 * samples_of_us(rate_hz, PLC_MOST_US);
	*p = (struct plc){.rate_hz = rate_hz, .n_history = n < PLC_HISTORY ? n : PLC_HISTORY};
}

static void remember(struct plc *p, const int16_t *pcm, size_t n)
{
	if (n >= p->n_history) {
		memcpy(p->history, pcm + n - p->n_history, p->n_history * sizeof *pcm);
		return;
	}
	memmove(p->history, p->history + n, (p->n_history - n) * sizeof *pcm);
	memcpy(p->history + p->n_history - n, pcm, n * sizeof *pcm);
}

static void find_period(struct plc *p)
{
	size_t most = p->n_history / 2, least = samples_of_us(p->rate_hz, PLC_LEAST_US);
	const int16_t *last = p->history + p->n_history - most;
	p->period = best_lag(last, -1, most, least, most, step_of(p->rate_hz));
	p->at = 0;
}

static int16_t faded(const struct plc *p, int16_t x)
{
	size_t hold = samples_of_us(p->rate_hz, HOLD_MS * 1000);
	size_t fade = samples_of_us(p->rate_hz, FADE_MS * 1000);
	if (p->concealed < hold)
		return x;
	size_t into = p->concealed - hold;
	int64_t left = into >= fade ? 0 : (int64_t)(fade - into);
	return (int16_t)(x * left / (int64_t)fade);
}

static int16_t next_sample(struct plc *p)
{
	int16_t x = faded(p, p->history[p->n_history - p->period + p->at]);
	p->at = p->at + 1 == p->period ? 0 : p->at + 1;
	p->concealed++;
	return x;
}

void plc_fill(struct plc *p, int16_t *pcm, size_t n)
{
	if (!p->concealed)
		find_period(p);
	for (size_t i = 0; i < n; i++)
		pcm[i] = next_sample(p);
}

void plc_good(struct plc *p, int16_t *pcm, size_t n)
{
	size_t over = samples_of_us(p->rate_hz, BLEND_US);
	for (size_t i = 0; p->concealed && i < over && i < n; i++)
		pcm[i] = blend(next_sample(p), pcm[i], i, over);
	p->concealed = 0;
	remember(p, pcm, n);
}

/* --- stretching --- */

/* 0: too short to work on. Periods that `n` samples have twice. */
static size_t period_in(uint32_t rate_hz, const int16_t *pcm, size_t n)
{
	size_t least = samples_of_us(rate_hz, PLC_LEAST_US), most = samples_of_us(rate_hz, PLC_MOST_US);
	if (most > n / 2)
		most = n / 2;
	return most < least ? 0 : best_lag(pcm, 1, n - most < most ? n - most : most, least, most,
	                                   step_of(rate_hz));
}

size_t plc_shorten(uint32_t rate_hz, int16_t *pcm, size_t n)
{
	size_t period = period_in(rate_hz, pcm, n);
	for (size_t i = 0; i < period; i++)
		pcm[i] = blend(pcm[i], pcm[i + period], i, period);
	memmove(pcm + period, pcm + 2 * period, (n - 2 * period) * sizeof *pcm);
	return n - period;
}

size_t plc_lengthen(uint32_t rate_hz, int16_t *pcm, size_t n, size_t max)
{
	size_t period = period_in(rate_hz, pcm, n);
	if (n + period > max)
		return n;
	/* First period, then from the second one back to the first, then on from the second. */
	memmove(pcm + 2 * period, pcm + period, (n - period) * sizeof *pcm);
	for (size_t i = 0; i < period; i++)
		pcm[period + i] = blend(pcm[2 * period + i], pcm[i], i, period);
	return n + period;
}
