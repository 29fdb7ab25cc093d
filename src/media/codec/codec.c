// SPDX-License-Identifier: Apache-2.0
#include "media/codec/codec.h"

#include "media/codec/codecs.h"
#include "media/codec/g711.h"

struct entry {
	const char *name;
	const struct codec_ops *ops;
};

static const struct entry table[CODECS] = {
	[CODEC_PCMU] = {"pcmu", &codec_pcmu},
	[CODEC_PCMA] = {"pcma", &codec_pcma},
	[CODEC_L16] = {"l16", &codec_l16},
};

void *codec_no_state(const struct codec_format *f)
{
	static const char nothing;
	(void)f;
	return (void *)&nothing;
}

void codec_free_none(void *state)
{
	(void)state;
}

const struct codec_ops *codec_get(enum codec_id id)
{
	return id < CODECS ? table[id].ops : NULL;
}

bool codec_is_there(enum codec_id id)
{
	return codec_get(id) != NULL;
}

enum codec_id codec_by_name(struct str name)
{
	for (enum codec_id id = CODEC_NONE + 1; id < CODECS; id++) {
		if (table[id].name && str_ieq(name, str_z(table[id].name)))
			return id;
	}
	return CODEC_NONE;
}

const char *codec_name(enum codec_id id)
{
	return id < CODECS && table[id].name ? table[id].name : "none";
}

struct codec_format codec_default(enum codec_id id)
{
	const struct codec_ops *ops = codec_get(id);
	if (!ops)
		return (struct codec_format){.id = CODEC_NONE};
	struct codec_format f = {
		.id = id,
		.clock_hz = ops->clock_hz,
		.rate_hz = ops->rate_hz,
		.channels = ops->channels,
		.pt = ops->static_pt,
		.ptime_ms = 20,
	};
	return f;
}

/* A clock that L16 may have: whole milliseconds, and a packet of 10 ms that fits. */
static bool is_l16_clock(uint32_t hz, uint8_t channels)
{
	return (hz == 8000 || hz == 16000 || hz == 24000 || hz == 32000 || hz == 48000) &&
	       hz / 100 * 2 * channels <= CODEC_MAX_PAYLOAD;
}

static bool has_clock(const struct codec_ops *ops, uint32_t clock_hz, uint8_t channels)
{
	if (ops == &codec_l16)
		return (channels == 1 || channels == 2) && is_l16_clock(clock_hz, channels);
	return clock_hz == ops->clock_hz && (channels <= 1 || channels == ops->channels);
}

bool codec_from_sdp(struct str name, uint32_t clock_hz, uint8_t channels, struct str fmtp,
                    struct codec_format *out)
{
	(void)fmtp;
	for (enum codec_id id = CODEC_NONE + 1; id < CODECS; id++) {
		const struct codec_ops *ops = table[id].ops;
		if (!ops || !str_ieq(name, str_z(ops->name)) || !has_clock(ops, clock_hz, channels))
			continue;
		struct codec_format f = codec_default(id);
		if (ops == &codec_l16) {
			f.clock_hz = f.rate_hz = clock_hz;
			f.channels = channels;
		}
		*out = f;
		return true;
	}
	return false;
}

const char *codec_sdp_name(const struct codec_format *f)
{
	const struct codec_ops *ops = codec_get(f->id);
	return ops ? ops->name : "";
}

/* Bytes of L16 decide before the clock does. */
static uint32_t longest_ms(const struct codec_format *f)
{
	if (f->id != CODEC_L16)
		return CODEC_MAX_PTIME_MS;
	uint32_t ms = CODEC_MAX_PAYLOAD / (f->clock_hz / 1000 * 2 * f->channels);
	return ms - ms % CODEC_MIN_PTIME_MS;
}

void codec_fit_ptime(struct codec_format *f, uint32_t ptime_ms, uint32_t maxptime_ms)
{
	const struct codec_ops *ops = codec_get(f->id);
	uint32_t most = longest_ms(f), step = ops ? ops->frame_ms : 1;
	if (step < CODEC_MIN_PTIME_MS)
		step = CODEC_MIN_PTIME_MS;
	if (maxptime_ms && maxptime_ms < most)
		most = maxptime_ms;
	uint32_t ms = ptime_ms ? ptime_ms : 20;
	ms = ms > most ? most : ms;
	ms -= ms % step;
	f->ptime_ms = (uint8_t)(ms < step ? step : ms);
	f->maxptime_ms = (uint8_t)(maxptime_ms > UINT8_MAX ? UINT8_MAX : maxptime_ms);
}

void codec_set_rate(struct codec_format *f, uint32_t rate_hz)
{
	(void)f;
	(void)rate_hz;
}

bool codec_same(const struct codec_format *a, const struct codec_format *b)
{
	return a->id == b->id && a->clock_hz == b->clock_hz && a->aal2 == b->aal2 &&
	       (a->channels == b->channels || a->id == CODEC_OPUS);
}

const uint8_t *codec_direct(enum codec_id from, enum codec_id to)
{
	if (from == CODEC_PCMU && to == CODEC_PCMA)
		return g711_ulaw_alaw;
	if (from == CODEC_PCMA && to == CODEC_PCMU)
		return g711_alaw_ulaw;
	return NULL;
}
