// SPDX-License-Identifier: Apache-2.0
/* GSM 06.10 full rate, by spandsp: 33 octets for 20 ms (RFC 3551 section 4.5.8). */
#include "media/codec/codecs.h" /* first: spandsp takes the integers for granted */

#include <spandsp/telephony.h>
#include <spandsp/gsm0610.h>
#include <spandsp/private/gsm0610.h>

enum { FRAME = 160, BYTES = 33, SIGNATURE = 0xd0, SIGNATURE_MASK = 0xf0 };

static void *new_state(const struct codec_format *f)
{
	(void)f;
	return gsm0610_init(NULL, GSM0610_PACKING_VOIP);
}

static void free_state(void *s)
{
	gsm0610_free(s);
}

/* Whole frames, each with its signature. */
static bool is_frames(const uint8_t *p, size_t n)
{
	for (size_t at = 0; at < n; at += BYTES) {
		if (n - at < BYTES || (p[at] & SIGNATURE_MASK) != SIGNATURE)
			return false;
	}
	return true;
}

static int decode(void *dec, const uint8_t *p, size_t n, int16_t *pcm, size_t max)
{
	if (!is_frames(p, n) || n / BYTES > max / FRAME)
		return -1;
	return gsm0610_decode(dec, pcm, p, (int)n);
}

static int encode(void *enc, const int16_t *pcm, size_t n, uint8_t *out, size_t max)
{
	if (n % FRAME || n / FRAME > max / BYTES)
		return -1;
	return gsm0610_encode(enc, out, pcm, (int)n);
}

static void copy_encoder(void *to, const void *from)
{
	*(gsm0610_state_t *)to = *(const gsm0610_state_t *)from;
}

static uint32_t ticks(const struct codec_format *f, const uint8_t *p, size_t n)
{
	(void)f;
	return is_frames(p, n) ? (uint32_t)(n / BYTES * FRAME) : 0;
}

const struct codec_ops codec_gsm = {
	.name = "GSM", .clock_hz = 8000, .rate_hz = 8000, .channels = 1, .static_pt = 3,
	.ptimes = CODEC_PTIME_20 | CODEC_PTIME_40 | CODEC_PTIME_60, .ie = 20, .bpl = 10,
	.decoder_new = new_state, .decoder_free = free_state, .decode = decode,
	.encoder_new = new_state, .encoder_free = free_state, .encode = encode,
	.ticks = ticks, .encoder_copy = copy_encoder,
};
