// SPDX-License-Identifier: Apache-2.0
/*
 * G.726 at 16, 24, 32 and 40 kbit/s, by spandsp. In RTP the first sample stands in the least
 * significant bits (RFC 3551 section 4.5.4); names that begin with AAL2- have it the other way
 * round (section 4.5.4, last paragraph, and ITU-T I.366.2 annex E).
 */
#include "media/codec/codecs.h" /* first: spandsp takes the integers for granted */

#include <spandsp/telephony.h>
#include <spandsp/bitstream.h>
#include <spandsp/g726.h>
#include <spandsp/private/bitstream.h>
#include <spandsp/private/g726.h>

static size_t bits_of(enum codec_id id)
{
	return 2 + (size_t)(id - CODEC_G726_16);
}

static void *new_state(const struct codec_format *f)
{
	int packing = f->aal2 ? G726_PACKING_LEFT : G726_PACKING_RIGHT;
	return g726_init(NULL, (int)bits_of(f->id) * 8000, G726_ENCODING_LINEAR, packing);
}

static void free_state(void *s)
{
	g726_free(s);
}

static size_t state_bits(const g726_state_t *s)
{
	return (size_t)s->bits_per_sample;
}

static int decode(void *dec, const uint8_t *p, size_t n, int16_t *pcm, size_t max)
{
	size_t bits = state_bits(dec);
	if (n * 8 % bits || n * 8 / bits > max)
		return -1;
	return g726_decode(dec, pcm, p, (int)n);
}

static int encode(void *enc, const int16_t *pcm, size_t n, uint8_t *out, size_t max)
{
	size_t bits = state_bits(enc);
	if (n % 8 || n / 8 * bits > max)
		return -1;
	return g726_encode(enc, out, pcm, (int)n);
}

static void copy_encoder(void *to, const void *from)
{
	*(g726_state_t *)to = *(const g726_state_t *)from;
}

static uint32_t ticks(const struct codec_format *f, const uint8_t *p, size_t n)
{
	(void)p;
	size_t bits = bits_of(f->id);
	return n * 8 % bits ? 0 : (uint32_t)(n * 8 / bits);
}

/* G.113 appendix I, table I.1 */
#define G726(rate, impairment) \
	{ \
		.name = "G726-" #rate, .clock_hz = 8000, .rate_hz = 8000, .channels = 1, \
		.static_pt = CODEC_PT_DYNAMIC, .ptimes = CODEC_PTIMES_ALL, .ie = impairment, .bpl = 20, \
		.decoder_new = new_state, .decoder_free = free_state, .decode = decode, \
		.encoder_new = new_state, .encoder_free = free_state, .encode = encode, \
		.ticks = ticks, .encoder_copy = copy_encoder, \
	}

const struct codec_ops codec_g726[4] = {G726(16, 50), G726(24, 25), G726(32, 7), G726(40, 2)};
