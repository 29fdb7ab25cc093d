// SPDX-License-Identifier: Apache-2.0
#include "rtp/jitter_delay.h"

enum {
	WINDOW_S = 5,
	FAR_MS = 250, FAR_N = 10, /* a path that became so much longer for so long is a new path */
	RENEW = 8,                /* packets between two looks at the histogram */
};

static const float forget = 0.998F, covered = 0.985F, weight_max = 1e6F;

void jitter_delay_init(struct jitter_delay *d, uint32_t clock_hz)
{
	*d = (struct jitter_delay){.clock_hz = clock_hz, .weight = 1};
}

int64_t jitter_delay_floor(const struct jitter_delay *d)
{
	return d->floor < d->before ? d->floor : d->before;
}

static void begin_at(struct jitter_delay *d, int64_t transit, int64_t arrival)
{
	jitter_delay_init(d, d->clock_hz);
	d->begun = true;
	d->floor = d->before = transit;
	d->window_end = arrival + (int64_t)d->clock_hz * WINDOW_S;
}

static void lower_floor(struct jitter_delay *d, int64_t transit, int64_t arrival)
{
	if (arrival >= d->window_end) {
		d->before = d->floor;
		d->floor = transit;
		d->window_end = arrival + (int64_t)d->clock_hz * WINDOW_S;
	} else if (transit < d->floor) {
		d->floor = transit;
	}
}

static void renew_quantile(struct jitter_delay *d)
{
	float beyond = 0, allowed = d->total * (1 - covered);
	uint32_t i = JITTER_BINS;
	while (i > 1 && beyond + d->bin[i - 1] <= allowed)
		beyond += d->bin[--i];
	d->quantile_ms = i * JITTER_BIN_MS;
	d->n_since = 0;
}

static void count(struct jitter_delay *d, uint32_t ms)
{
	uint32_t i = ms / JITTER_BIN_MS;
	d->bin[i < JITTER_BINS ? i : JITTER_BINS - 1] += d->weight;
	d->total += d->weight;
	d->weight /= forget; /* newer ones weigh more: the same as older ones fading */
	if (d->weight > weight_max) {
		for (i = 0; i < JITTER_BINS; i++)
			d->bin[i] /= weight_max;
		d->total /= weight_max;
		d->weight /= weight_max;
	}
	if (++d->n_since >= RENEW || d->total < RENEW)
		renew_quantile(d);
}

/* True: the path is a longer one now, or the sender's timestamps stood still for a while. */
static bool is_new_path(struct jitter_delay *d, int64_t transit, uint32_t ms)
{
	if (ms < FAR_MS) {
		d->n_above = 0;
		return false;
	}
	if (d->n_above == 0 || transit < d->least_above)
		d->least_above = transit;
	return ++d->n_above >= FAR_N;
}

void jitter_delay_add(struct jitter_delay *d, int64_t timestamp, int64_t arrival)
{
	int64_t transit = arrival - timestamp;
	if (!d->begun)
		begin_at(d, transit, arrival);
	lower_floor(d, transit, arrival);
	int64_t late = transit - jitter_delay_floor(d);
	uint64_t ms = (uint64_t)late * 1000 / d->clock_hz;
	uint32_t capped = ms > UINT16_MAX ? UINT16_MAX : (uint32_t)ms;
	if (is_new_path(d, transit, capped)) {
		begin_at(d, d->least_above, arrival);
		capped = 0;
	}
	count(d, capped);
}
