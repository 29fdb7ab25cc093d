// SPDX-License-Identifier: Apache-2.0
/**
 * Saying: PCM (or payloads that somebody encoded already) to RTP packets of a stream, numbered by its
 * rtp_out; and digits, as events or as tones.
 *
 * Thread: the media thread's. Memory is taken in voice_tx_set.
 */
#pragma once

#include "media/digit_queue.h"
#include "media/media.h"
#include "media/rate_bank.h"
#include "media/tone_gen.h"

struct stream;

struct voice_tx {
	struct codec_format format; /* CODEC_NONE: nothing can be said */
	const struct codec_ops *ops;
	void *enc;
	struct rate_bank rates;
	int16_t *pending; /* less than a packet */
	size_t n_pending, packet; /* samples */
	struct digit_queue digits;
	struct tone_gen tone; /* of a digit */
};

void voice_tx_fini(struct voice_tx *tx);
void voice_tx_set(struct voice_tx *tx, const struct codec_format *f);

/** Would an encoder make the same of the same sound? (Payload types may differ.) */
bool voice_tx_same(const struct codec_format *a, const struct codec_format *b);

/** There is a codec, and an address to send to. */
bool voice_tx_can(const struct stream *s);
/** 20 ms of sound at any rate. */
void voice_tx_say(struct stream *s, const int16_t *pcm, size_t n, uint32_t rate_hz);
/** A packet that was encoded in the stream's format for several: n 0 is DTX's silence. */
void voice_tx_payload(struct stream *s, const uint8_t *payload, size_t n);
/** One tick of digits. False: the audio has this tick. */
bool voice_tx_digits(struct stream *s, const struct media_voice *set);
