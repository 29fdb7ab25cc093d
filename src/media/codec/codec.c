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
	[CODEC_G722] = {"g722", &codec_g722},
	[CODEC_OPUS] = {"opus", &codec_opus},
	[CODEC_GSM] = {"gsm", &codec_gsm},
	[CODEC_G726_16] = {"g726-16", &codec_g726[0]},
	[CODEC_G726_24] = {"g726-24", &codec_g726[1]},
	[CODEC_G726_32] = {"g726-32", &codec_g726[2]},
	[CODEC_G726_40] = {"g726-40", &codec_g726[3]},
	[CODEC_G729] = {"g729", &codec_g729},
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
	return codec_get(id) != NULL && (id != CODEC_G729 || codec_g729_load());
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
	return (struct codec_format){
		.id = id,
		.clock_hz = ops->clock_hz,
		.rate_hz = ops->rate_hz,
		.channels = ops->channels,
		.pt = ops->static_pt,
		.ptime_ms = 20,
		.complexity = id == CODEC_OPUS ? CODEC_OPUS_COMPLEXITY : 0,
		.fec = id == CODEC_OPUS,
		.light = id == CODEC_OPUS,
	};
}

/* A clock that L16 may have: whole milliseconds, and a packet of 10 ms that fits. */
static bool is_l16_clock(uint32_t hz, uint8_t channels)
{
	return (hz == 8000 || hz == 16000 || hz == 24000 || hz == 32000 || hz == 48000) &&
	       hz / 100 * 2 * channels <= CODEC_MAX_PAYLOAD;
}

static bool has_clock(enum codec_id id, uint32_t clock_hz, uint8_t channels)
{
	const struct codec_ops *ops = codec_get(id);
	if (id == CODEC_L16)
		return (channels == 1 || channels == 2) && is_l16_clock(clock_hz, channels);
	/* RFC 7587 section 7: /2 always; some leave it out. */
	return clock_hz == ops->clock_hz && (channels <= 1 || channels == ops->channels);
}

static const char aal2_prefix[] = "AAL2-";

static bool has_name(enum codec_id id, struct str name)
{
	return table[id].ops && str_ieq(name, str_z(table[id].ops->name));
}

static bool is_g726(enum codec_id id)
{
	return id >= CODEC_G726_16 && id <= CODEC_G726_40;
}

/* CODEC_NONE: no such name. */
static enum codec_id find(struct str name, bool *aal2)
{
	*aal2 = str_istarts(name, str_z(aal2_prefix));
	if (*aal2)
		name = str_sub(name, sizeof aal2_prefix - 1, name.n);
	for (enum codec_id id = CODEC_NONE + 1; id < CODECS; id++) {
		if (has_name(id, name) && (!*aal2 || is_g726(id)))
			return id;
	}
	return CODEC_NONE;
}

/* What the peer takes when it says nothing: RFC 7587 section 6.1, RFC 4856 section 2.1.9. */
static void read_fmtp(struct codec_format *f, struct str fmtp)
{
	const struct codec_ops *ops = codec_get(f->id);
	f->fec = false;
	f->annex_b = f->id == CODEC_G729;
	while (fmtp.n && ops->get_fmtp) {
		struct str value = str_cut(&fmtp, ';');
		struct str name = str_trim(str_cut(&value, '='));
		ops->get_fmtp(f, name, str_trim(value));
	}
}

bool codec_from_sdp(struct str name, uint32_t clock_hz, uint8_t channels, struct str fmtp,
                    struct codec_format *out)
{
	bool aal2;
	enum codec_id id = find(name, &aal2);
	if (id == CODEC_NONE || !has_clock(id, clock_hz, channels))
		return false;
	struct codec_format f = codec_default(id);
	f.aal2 = aal2;
	if (id == CODEC_L16) {
		f.clock_hz = f.rate_hz = clock_hz;
		f.channels = channels;
	}
	read_fmtp(&f, fmtp);
	*out = f;
	return true;
}

const char *codec_sdp_name(const struct codec_format *f)
{
	static const char *const aal2[] = {"AAL2-G726-16", "AAL2-G726-24", "AAL2-G726-32", "AAL2-G726-40"};
	const struct codec_ops *ops = codec_get(f->id);
	if (f->aal2 && is_g726(f->id))
		return aal2[f->id - CODEC_G726_16];
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
	uint32_t most = longest_ms(f), shortest = 0, fits = 0;
	if (maxptime_ms && maxptime_ms < most)
		most = maxptime_ms;
	uint32_t wanted = ptime_ms ? ptime_ms : 20;
	for (uint32_t ms = CODEC_MAX_PTIME_MS; ops && ms >= CODEC_MIN_PTIME_MS; ms -= 10) {
		if (!(ops->ptimes & 1u << (ms / 10 - 1)))
			continue;
		shortest = ms;
		if (!fits && ms <= most && ms <= wanted)
			fits = ms;
	}
	f->ptime_ms = (uint8_t)(fits ? fits : shortest);
	f->maxptime_ms = (uint8_t)(maxptime_ms > UINT8_MAX ? UINT8_MAX : maxptime_ms);
}

void codec_set_rate(struct codec_format *f, uint32_t rate_hz)
{
	static const uint32_t rates[] = {8000, 12000, 16000, 24000, 48000};
	if (f->id != CODEC_OPUS)
		return;
	f->rate_hz = CODEC_MAX_RATE_HZ;
	for (size_t i = sizeof rates / sizeof rates[0]; i-- > 0;) {
		if (rates[i] >= rate_hz)
			f->rate_hz = rates[i];
	}
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
