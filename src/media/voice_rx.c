// SPDX-License-Identifier: Apache-2.0
#include "media/voice_rx.h"

#include <stdlib.h>
#include <string.h>

enum {
	FIFO_MS = CODEC_MAX_DECODE_MS + 2 * 20, /* a longest packet, and what is left of one before */
	FRAME_MS = 20,
	ALIVE_MS = 2000,
	PAUSE_MS = 30000,
	NEVER = 0,
	MAX_STEPS = 64, /* of one frame: a packet gives 2.5 ms of sound at least */
};

void voice_rx_init(struct voice_rx *rx)
{
	*rx = (struct voice_rx){.epoch = UINT64_MAX};
}

static void free_decoders(struct voice_rx *rx)
{
	for (size_t i = 0; i < rx->n; i++)
		if (rx->decoders[i])
			rx->ops[i]->decoder_free(rx->decoders[i]);
	rx->n = 0;
}

void voice_rx_fini(struct voice_rx *rx)
{
	free_decoders(rx);
	voice_rx_need(rx, false);
}

static bool is_same(const struct codec_format *a, const struct codec_format *b)
{
	return codec_same(a, b) && a->rate_hz == b->rate_hz;
}

/** Takes the decoder of the same format out of `old`. */
static void *keep_decoder(struct voice_rx *old, const struct codec_format *f)
{
	for (size_t i = 0; i < old->n; i++) {
		void *dec = old->decoders[i];
		if (!dec || !is_same(&old->formats[i], f))
			continue;
		old->decoders[i] = NULL;
		return dec;
	}
	return NULL;
}

static void add_format(struct voice_rx *rx, struct voice_rx *old, const struct codec_format *f)
{
	const struct codec_ops *ops = codec_get(f->id);
	if (!ops || f->pt > 127 || !f->clock_hz || !f->rate_hz || f->rate_hz > CODEC_MAX_RATE_HZ)
		return;
	void *dec = keep_decoder(old, f);
	if (!dec)
		dec = ops->decoder_new(f);
	if (!dec)
		return;
	rx->formats[rx->n] = *f;
	rx->ops[rx->n] = ops;
	rx->decoders[rx->n] = dec;
	rx->by_pt[f->pt] = ++rx->n;
}

void voice_rx_set(struct voice_rx *rx, const struct media_voice *set)
{
	struct voice_rx old = *rx;
	rx->n = 0;
	memset(rx->by_pt, 0, sizeof rx->by_pt);
	memset(rx->decoders, 0, sizeof rx->decoders);
	rx->cn_pt = set->cn_pt;
	for (size_t i = 0; i < set->n_rx && i < MEDIA_MAX_RX; i++)
		add_format(rx, &old, &set->rx[i]);
	free_decoders(&old);
	bool stays = false;
	for (uint8_t i = 0; i < rx->n && !stays; i++) {
		stays = old.current < MEDIA_MAX_RX && is_same(&rx->formats[i], &old.formats[old.current]);
		rx->current = i;
	}
	if (!stays) {
		rx->current = 0;
		rx->n_fifo = 0;
	}
	if (rx->jitter && rx->n == 0)
		voice_rx_need(rx, false);
}

void voice_rx_need(struct voice_rx *rx, bool needed)
{
	needed = needed && rx->n;
	if (needed == (rx->jitter != NULL))
		return;
	if (needed) {
		rx->clock_hz = rx->formats[rx->current].clock_hz;
		rx->jitter = jitter_new(&(struct jitter_args){.clock_hz = rx->clock_hz});
		rx->max_fifo = CODEC_MAX_RATE_HZ / 1000 * FIFO_MS;
		rx->fifo = malloc(rx->max_fifo * sizeof *rx->fifo);
		if (!rx->fifo)
			abort();
		plc_reset(&rx->plc, rx->formats[rx->current].rate_hz);
		cn_init(&rx->cn, rx->clock_hz);
		return;
	}
	jitter_free(rx->jitter);
	free(rx->fifo);
	rx->jitter = NULL;
	rx->has_noise = false;
	rx->fifo = NULL;
	rx->n_fifo = 0;
	rx->heard_ms = NEVER;
	rx->pausing = false;
}

void voice_rx_packet(struct voice_rx *rx, const struct rtp_header *h, const uint8_t *p,
                     uint64_t now_us)
{
	if (!rx->jitter || h->payload_n == 0)
		return;
	struct jitter_packet pk = {
		.ssrc = h->ssrc,
		.timestamp = h->timestamp,
		.seq = h->seq,
		.pt = h->pt,
		.marker = h->marker,
		.p = p + h->payload_at,
		.n = h->payload_n,
	};
	uint8_t i = rx->by_pt[h->pt];
	if (i) {
		const struct codec_format *f = &rx->formats[i - 1];
		if (f->clock_hz != rx->clock_hz) {
			rx->clock_hz = f->clock_hz;
			jitter_reset(rx->jitter, f->clock_hz);
		}
		pk.ticks = rx->ops[i - 1]->ticks(f, pk.p, pk.n);
		if (pk.ticks == 0)
			return;
	} else if (rx->cn_pt && h->pt == rx->cn_pt) {
		pk.silence = true;
	} else {
		return;
	}
	rx->heard_ms = now_us / 1000;
	(void)jitter_put(rx->jitter, &pk, now_us);
}

static size_t samples_of(const struct voice_rx *rx, uint32_t ticks)
{
	return (size_t)((uint64_t)ticks * rx->formats[rx->current].rate_hz / rx->clock_hz);
}

static size_t room_left(const struct voice_rx *rx)
{
	return rx->max_fifo - rx->n_fifo;
}

/** Sound of another rate follows: what is left of the old one is dropped, some ms at most. */
static void switch_format(struct voice_rx *rx, uint8_t to)
{
	if (rx->formats[to].rate_hz != rx->formats[rx->current].rate_hz)
		rx->n_fifo = 0;
	if (rx->plc.rate_hz != rx->formats[to].rate_hz)
		plc_reset(&rx->plc, rx->formats[to].rate_hz);
	rx->current = to;
}

/** Comfort noise: how it sounds is known now, it is made as long as nothing else comes. */
static size_t take_noise(struct voice_rx *rx, const struct jitter_packet *pk)
{
	cn_payload(&rx->cn, pk->p, pk->n);
	rx->has_noise = true;
	return 0;
}

static size_t decode(struct voice_rx *rx, const struct jitter_packet *pk)
{
	uint8_t i = rx->by_pt[pk->pt];
	if (i == 0)
		return take_noise(rx, pk);
	switch_format(rx, (uint8_t)(i - 1));
	int16_t *to = rx->fifo + rx->n_fifo;
	const struct codec_ops *ops = rx->ops[rx->current];
	int n = ops->decode(rx->decoders[rx->current], pk->p, pk->n, to, room_left(rx));
	if (n <= 0)
		return 0;
	if (!ops->conceal)
		plc_good(&rx->plc, to, (size_t)n);
	return (size_t)n;
}

static size_t conceal(struct voice_rx *rx, const struct jitter_packet *pk)
{
	size_t n = samples_of(rx, pk->ticks);
	if (n > room_left(rx))
		n = room_left(rx);
	int16_t *to = rx->fifo + rx->n_fifo;
	const struct codec_ops *ops = rx->ops[rx->current];
	void *dec = rx->decoders[rx->current];
	int made = 0;
	if (ops->recover && pk->n)
		made = ops->recover(dec, pk->p, pk->n, to, n);
	else if (ops->conceal)
		made = ops->conceal(dec, to, n);
	if (made <= 0)
		plc_fill(&rx->plc, to, n);
	rx->concealed_us += (uint64_t)pk->ticks * 1000000 / rx->clock_hz;
	return n;
}

static size_t silence(struct voice_rx *rx, uint32_t ticks)
{
	size_t n = samples_of(rx, ticks);
	if (n > room_left(rx))
		n = room_left(rx);
	if (rx->pausing && rx->has_noise)
		cn_make(&rx->cn, rx->fifo + rx->n_fifo, n);
	else
		memset(rx->fifo + rx->n_fifo, 0, n * sizeof *rx->fifo);
	return n;
}

/** The jitter buffer wants its delay to change: the piece that was added gives or takes. */
static size_t stretch(struct voice_rx *rx, size_t n, int how)
{
	uint32_t hz = rx->formats[rx->current].rate_hz;
	int16_t *pcm = rx->fifo + rx->n_fifo;
	if (how < 0)
		return plc_shorten(hz, pcm, n);
	return how > 0 ? plc_lengthen(hz, pcm, n, room_left(rx)) : n;
}

/** Fills the fifo up to one frame; says whether any of it is more than silence. */
static bool fill(struct voice_rx *rx, uint64_t now_us)
{
	bool sound = rx->n_fifo > 0;
	for (size_t step = 0; step < MAX_STEPS; step++) {
		uint32_t hz = rx->formats[rx->current].rate_hz;
		size_t want = hz / 1000 * FRAME_MS;
		if (rx->n_fifo >= want)
			break;
		uint32_t most = (uint32_t)((want - rx->n_fifo) * rx->clock_hz / hz);
		struct jitter_out out;
		size_t n = 0;
		switch (jitter_get(rx->jitter, now_us, most, &out)) {
		case JITTER_PACKET:
			rx->pausing = out.pkt.silence;
			n = decode(rx, &out.pkt);
			sound = sound || n;
			break;
		case JITTER_LOST:
			n = conceal(rx, &out.pkt);
			sound = sound || n;
			break;
		case JITTER_NOTHING:
			n = silence(rx, out.pkt.ticks);
			sound = sound || (rx->pausing && rx->has_noise);
			break;
		}
		rx->n_fifo += stretch(rx, n, out.stretch);
	}
	return sound;
}

const struct frame *voice_rx_read(struct voice_rx *rx, uint64_t epoch, uint64_t now_us)
{
	struct frame *f = &rx->frame;
	if (rx->epoch == epoch)
		return f;
	rx->epoch = epoch;
	f->n = 0;
	if (!rx->jitter)
		return f;
	bool sound = fill(rx, now_us);
	f->rate_hz = rx->formats[rx->current].rate_hz;
	size_t n = f->rate_hz / 1000 * FRAME_MS;
	if (n > rx->n_fifo)
		n = rx->n_fifo;
	if (sound && n) {
		memcpy(f->pcm, rx->fifo, n * sizeof *f->pcm);
		f->n = f->rate_hz / 1000 * FRAME_MS;
		memset(f->pcm + n, 0, (f->n - n) * sizeof *f->pcm);
	}
	rx->n_fifo -= n;
	memmove(rx->fifo, rx->fifo + n, rx->n_fifo * sizeof *rx->fifo);
	return f;
}

bool voice_rx_is_alive(const struct voice_rx *rx, uint64_t now_ms)
{
	if (rx->heard_ms == NEVER)
		return false;
	return now_ms < rx->heard_ms + (rx->pausing ? PAUSE_MS : ALIVE_MS);
}
