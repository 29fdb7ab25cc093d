// SPDX-License-Identifier: Apache-2.0
#include "media/tone_gen.h"

#include <math.h>
#include <string.h>

enum {
	RAMP_PER_S = 200,    /* eased in over 5 ms: no click */
	DTMF_DBM0 = -9,      /* each of the two */
	FULL_SCALE_DBM0 = 3, /* of a sine: G.711 */
};

static const double PI = 3.14159265358979323846;

static bool any(const uint16_t hz[TONE_SINES])
{
	return hz[0] || hz[1] || hz[2] || hz[3];
}

static void begin_part(struct tone_gen *g)
{
	const uint16_t *hz = g->tone.hz;
	g->on = true;
	g->ramp = 0;
	g->left = UINT32_MAX;
	if (g->tone.n_cadence) {
		g->left = g->tone.cadence[g->part].on_ms * (g->rate_hz / 1000);
		if (any(g->tone.cadence[g->part].hz))
			hz = g->tone.cadence[g->part].hz;
	}
	for (g->n = 0; g->n < TONE_SINES && hz[g->n]; g->n++) {
		double w = 2 * PI * hz[g->n] / g->rate_hz;
		g->twice_cos[g->n] = 2 * cos(w);
		g->y1[g->n] = 0;
		g->y2[g->n] = -g->amplitude * sin(w);
	}
}

/** The half that has run out is followed by the next; halves of no length are passed over. */
static void next_half(struct tone_gen *g)
{
	for (unsigned i = 0; g->left == 0 && i <= 2u * MEDIA_MAX_CADENCE; i++) {
		if (g->on) {
			g->on = false;
			g->left = g->tone.cadence[g->part].off_ms * (g->rate_hz / 1000);
			continue;
		}
		g->part = (g->part + 1) % g->tone.n_cadence;
		begin_part(g);
	}
	if (g->left == 0) /* a cadence without any length */
		g->left = UINT32_MAX;
}

void tone_gen_init(struct tone_gen *g, const struct media_tone *tone, uint32_t rate_hz)
{
	*g = (struct tone_gen){.tone = *tone, .rate_hz = rate_hz};
	if (g->tone.n_cadence > MEDIA_MAX_CADENCE)
		g->tone.n_cadence = MEDIA_MAX_CADENCE;
	g->amplitude = 32767 * pow(10, (tone->dbm0 - FULL_SCALE_DBM0) / 20.0);
	begin_part(g);
}

static int16_t sample(struct tone_gen *g)
{
	double sum = 0;
	for (size_t i = 0; i < g->n; i++) {
		double y = g->twice_cos[i] * g->y1[i] - g->y2[i];
		g->y2[i] = g->y1[i];
		g->y1[i] = y;
		sum += g->y2[i];
	}
	uint32_t ramp = g->rate_hz / RAMP_PER_S;
	if (g->ramp < ramp)
		sum = sum * g->ramp++ / ramp;
	return (int16_t)(sum > INT16_MAX ? INT16_MAX : sum < INT16_MIN ? INT16_MIN : sum);
}

void tone_gen_read(struct tone_gen *g, int16_t *pcm, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (g->left == 0)
			next_half(g);
		pcm[i] = g->on ? sample(g) : 0;
		if (g->left != UINT32_MAX)
			g->left--;
	}
}

bool tone_of_digit(char digit, struct media_tone *out)
{
	static const char keys[] = "123A456B789C*0#D";
	static const uint16_t row[] = {697, 770, 852, 941}, column[] = {1209, 1336, 1477, 1633};
	const char *at = digit ? strchr(keys, digit) : NULL;
	if (!at)
		return false;
	size_t i = (size_t)(at - keys);
	*out = (struct media_tone){.hz = {row[i / 4], column[i % 4]}, .dbm0 = DTMF_DBM0};
	return true;
}
