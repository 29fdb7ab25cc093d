// SPDX-License-Identifier: Apache-2.0
#include "media/inband.h"

#include <stdlib.h>

/* spandsp's headers want tiff's before them, and are not written for our warnings. */
#include <tiffio.h>
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#pragma GCC diagnostic ignored "-Wundef"
#include <spandsp.h>
#pragma GCC diagnostic pop

#include "media/rate_bank.h"

enum {
	HZ = 8000,
	FOUND_AFTER_MS = 25, /* two blocks of 102 samples pass before it is sure of a digit */
};

struct inband {
	dtmf_rx_state_t *rx;
	struct rate_bank rates;
	char heard; /* as the detector says now; 0: none */
	char digit; /* as was told; 0: none */
	uint64_t since_ms;
};

static void on_change(void *arg, int code, int level, int delay)
{
	struct inband *i = arg;
	(void)level;
	(void)delay;
	i->heard = (char)code;
}

struct inband *inband_new(void)
{
	struct inband *i = calloc(1, sizeof *i);
	if (!i)
		abort();
	i->rx = dtmf_rx_init(NULL, NULL, NULL);
	if (!i->rx)
		abort();
	dtmf_rx_set_realtime_callback(i->rx, on_change, i);
	rate_bank_to(&i->rates, HZ);
	return i;
}

void inband_free(struct inband *i)
{
	if (!i)
		return;
	dtmf_rx_free(i->rx);
	rate_bank_fini(&i->rates);
	free(i);
}

static enum inband_event down(struct inband *i, uint64_t at_ms, struct inband_press *out)
{
	i->digit = i->heard;
	i->since_ms = at_ms;
	*out = (struct inband_press){.digit = i->digit};
	return INBAND_DOWN;
}

static enum inband_event up(struct inband *i, uint64_t at_ms, struct inband_press *out)
{
	*out = (struct inband_press){.digit = i->digit,
	                             .ms = (uint32_t)(at_ms - i->since_ms) + FOUND_AFTER_MS};
	i->digit = 0;
	return INBAND_UP;
}

enum inband_event inband_hear(struct inband *i, const struct frame *f, uint64_t at_ms,
                              struct inband_press *out)
{
	int16_t room[FRAME_MAX] = {0};
	const int16_t *pcm = room;
	size_t n = HZ / 50;
	if (f->n)
		pcm = rate_bank_run(&i->rates, f->rate_hz, f->pcm, f->n, room, FRAME_MAX, &n);
	dtmf_rx(i->rx, pcm, (int)n);
	if (i->digit && i->heard != i->digit)
		return up(i, at_ms, out);
	if (!i->digit && i->heard)
		return down(i, at_ms, out);
	return INBAND_NOTHING;
}
