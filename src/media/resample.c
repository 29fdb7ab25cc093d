// SPDX-License-Identifier: Apache-2.0
#include "media/resample.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <speex/speex_resampler.h>

enum { QUALITY = 3 }; /* of 10: what telephony needs, at a third of the default's cost */

struct resampler {
	uint32_t from_hz, to_hz;
	SpeexResamplerState *speex; /* NULL: the rates are the same */
};

int resampler_new(struct resampler **out, uint32_t from_hz, uint32_t to_hz)
{
	int err = RESAMPLER_ERR_SUCCESS;
	if (!from_hz || !to_hz || from_hz > RESAMPLER_MAX_HZ || to_hz > RESAMPLER_MAX_HZ)
		return EINVAL;
	struct resampler *r = calloc(1, sizeof *r);
	if (!r)
		abort();
	*r = (struct resampler){.from_hz = from_hz, .to_hz = to_hz};
	if (from_hz != to_hz) {
		r->speex = speex_resampler_init(1, from_hz, to_hz, QUALITY, &err);
		if (!r->speex)
			abort();
	}
	*out = r;
	return 0;
}

void resampler_free(struct resampler *r)
{
	if (!r)
		return;
	if (r->speex)
		speex_resampler_destroy(r->speex);
	free(r);
}

void resampler_reset(struct resampler *r)
{
	if (r->speex)
		speex_resampler_reset_mem(r->speex);
}

size_t resampler_room(const struct resampler *r, size_t n)
{
	return (size_t)((uint64_t)n * r->to_hz / r->from_hz) + 2;
}

size_t resampler_run(struct resampler *r, const int16_t *in, size_t n, int16_t *out, size_t max)
{
	assert(max >= (r->speex ? resampler_room(r, n) : n));
	if (!r->speex) {
		memcpy(out, in, n * sizeof *in);
		return n;
	}
	spx_uint32_t used = (spx_uint32_t)n, made = (spx_uint32_t)max;
	speex_resampler_process_int(r->speex, 0, in, &used, out, &made);
	return made;
}
