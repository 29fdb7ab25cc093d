// SPDX-License-Identifier: Apache-2.0
/**
 * How late packets of one source come, beside the earliest of them: what a jitter buffer's
 * delay must cover. Times are ticks of the RTP clock. Pure; a plain struct.
 *
 * The floor is the smallest transit (arrival less timestamp) of the last 5 to 10 s, so that clocks which
 * drift apart take it along. The lateness above it goes into a histogram that forgets by half in
 * some seven seconds.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { JITTER_BINS = 64, JITTER_BIN_MS = 4 };

struct jitter_delay {
	uint32_t clock_hz;
	bool begun;
	int64_t floor, before; /* smallest transit of this window, and of the last one */
	int64_t window_end;    /* arrival */
	float bin[JITTER_BINS];
	float weight, total;   /* of the next packet; of all */
	uint32_t n_above;      /* packets in a row far above the floor, and the smallest of them */
	int64_t least_above;
	uint32_t quantile_ms, n_since;
};

void jitter_delay_init(struct jitter_delay *d, uint32_t clock_hz);
/** A packet with (unwrapped) `timestamp` came. */
void jitter_delay_add(struct jitter_delay *d, int64_t timestamp, int64_t arrival);
/** The smallest transit. */
int64_t jitter_delay_floor(const struct jitter_delay *d);
/** Nearly all packets were no later than this. */
static inline uint32_t jitter_delay_ms(const struct jitter_delay *d)
{
	return d->quantile_ms;
}
