// SPDX-License-Identifier: Apache-2.0
#include "media/codec/cn.h"

#include <math.h>

static const float full_scale = 32768.0F;

void cn_init(struct cn *c, uint32_t seed)
{
	*c = (struct cn){.seed = seed | 1};
}

/* Section 3.2: reflection coefficients, quantised uniformly around 127. */
static float coefficient(uint8_t n)
{
	float k = ((float)n - 127) / 128;
	return k > 0.99F ? 0.99F : k < -0.99F ? -0.99F : k;
}

void cn_payload(struct cn *c, const uint8_t *p, size_t n)
{
	if (n == 0)
		return;
	float gain = 1; /* what the filter adds, the noise has less */
	c->order = n - 1 < CN_MAX_ORDER ? n - 1 : CN_MAX_ORDER;
	for (size_t i = 0; i < c->order; i++) {
		c->k[i] = coefficient(p[1 + i]);
		gain *= 1 - c->k[i] * c->k[i];
	}
	uint8_t level = p[0] & 0x7f; /* section 3.1: the first bit is not used */
	float rms = level == CN_QUIETEST ? 0 : full_scale * powf(10, -(float)level / 20);
	c->peak = rms * sqrtf(gain) * sqrtf(3); /* even between -peak and peak */
}

static float white(struct cn *c)
{
	c->seed = c->seed * 1664525u + 1013904223u;
	return c->peak * (float)(int32_t)c->seed / 2147483648.0F;
}

/* One sample through the lattice. */
static float colour(struct cn *c, float x)
{
	for (size_t i = c->order; i-- > 0;) {
		x -= c->k[i] * c->state[i];
		c->state[i + 1] = c->state[i] + c->k[i] * x;
	}
	c->state[0] = x;
	return x;
}

void cn_make(struct cn *c, int16_t *pcm, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float x = colour(c, white(c));
		pcm[i] = (int16_t)(x > 32767 ? 32767 : x < -32768 ? -32768 : x);
	}
}

uint8_t cn_level(const int16_t *pcm, size_t n)
{
	uint64_t power = 0;
	for (size_t i = 0; i < n; i++)
		power += (uint64_t)((int32_t)pcm[i] * pcm[i]);
	if (power == 0)
		return CN_QUIETEST;
	float db = -10 * log10f((float)power / (float)n / (full_scale * full_scale));
	return (uint8_t)(db < 0 ? 0 : db > CN_QUIETEST ? CN_QUIETEST : lroundf(db));
}
