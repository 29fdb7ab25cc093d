// SPDX-License-Identifier: Apache-2.0
#include "media/rate_bank.h"

#include <stdbool.h>

void rate_bank_fini(struct rate_bank *b)
{
	for (size_t i = 0; i < RATE_BANK_N; i++)
		resampler_free(b->r[i]);
	*b = (struct rate_bank){0};
}

void rate_bank_to(struct rate_bank *b, uint32_t to_hz)
{
	if (b->to_hz == to_hz)
		return;
	rate_bank_fini(b);
	b->to_hz = to_hz;
}

static struct resampler *find(const struct rate_bank *b, uint32_t from_hz)
{
	for (size_t i = 0; i < RATE_BANK_N; i++)
		if (b->from_hz[i] == from_hz)
			return b->r[i];
	return NULL;
}

void rate_bank_prepare(struct rate_bank *b, uint32_t from_hz)
{
	struct resampler *r;
	if (from_hz == 0 || b->to_hz == 0 || from_hz == b->to_hz || find(b, from_hz))
		return;
	if (resampler_new(&r, from_hz, b->to_hz) != 0)
		return;
	size_t i = b->turn++ % RATE_BANK_N;
	resampler_free(b->r[i]);
	b->r[i] = r;
	b->from_hz[i] = from_hz;
}

const int16_t *rate_bank_run(struct rate_bank *b, uint32_t from_hz, const int16_t *pcm, size_t n,
                             int16_t *room, size_t max, size_t *out_n)
{
	*out_n = n;
	if (from_hz == b->to_hz)
		return pcm;
	struct resampler *r = find(b, from_hz);
	if (!r) {
		rate_bank_prepare(b, from_hz);
		r = find(b, from_hz);
	}
	*out_n = 0;
	if (r && resampler_room(r, n) <= max)
		*out_n = resampler_run(r, pcm, n, room, max);
	return room;
}
