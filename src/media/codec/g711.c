// SPDX-License-Identifier: Apache-2.0
/*
 * A companded code is a little floating point number: sign, three bits of exponent, four of
 * mantissa. So the exponent and the upper bits of a float's mantissa are the code; no search for the
 * segment, no table that would push others out of the cache, and the compiler makes vectors of it.
 */
#include "media/codec/g711.h"

#include <string.h>

#include "media/codec/codecs.h"

enum {
	BIAS = 132,           /* 33 of 14 bits: it makes every segment begin at a power of two */
	MAX = 32767,
	FIRST_EXPONENT = 127 + 7, /* of a float in segment 0: 128 to 255 */
	MANTISSA = 4,
	FLOAT_MANTISSA = 23,
	BLOCK = 16,
};

/* Segment and mantissa, together seven bits; `v` is 128 to 32767 (else: nothing of use). */
static inline uint32_t exponent_mantissa(int32_t v)
{
	float f = (float)v;
	uint32_t bits;
	memcpy(&bits, &f, sizeof bits);
	return (bits >> (FLOAT_MANTISSA - MANTISSA)) - (FIRST_EXPONENT << MANTISSA);
}

static inline uint8_t ulaw_of(int16_t x)
{
	int32_t sign = x >> 15;
	int32_t v = (x ^ sign) + BIAS; /* one's complement: both signs have the same intervals */
	v = v > MAX ? MAX : v;
	return (uint8_t)(~exponent_mantissa(v) ^ (uint32_t)(sign & 0x80));
}

static inline uint8_t alaw_of(int16_t x)
{
	int32_t sign = x >> 15;
	int32_t v = x ^ sign;
	uint32_t low = (uint32_t)v >> 4, high = exponent_mantissa(v);
	return (uint8_t)((v < 256 ? low : high) ^ 0xd5u ^ (uint32_t)(sign & 0x80));
}

/* Whole blocks first: their known length is what lets -O2 make vectors. */
void g711_ulaw_encode(uint8_t *code, const int16_t *pcm, size_t n)
{
	for (; n >= BLOCK; n -= BLOCK, code += BLOCK, pcm += BLOCK) {
		for (size_t i = 0; i < BLOCK; i++)
			code[i] = ulaw_of(pcm[i]);
	}
	for (size_t i = 0; i < n; i++)
		code[i] = ulaw_of(pcm[i]);
}

void g711_alaw_encode(uint8_t *code, const int16_t *pcm, size_t n)
{
	for (; n >= BLOCK; n -= BLOCK, code += BLOCK, pcm += BLOCK) {
		for (size_t i = 0; i < BLOCK; i++)
			code[i] = alaw_of(pcm[i]);
	}
	for (size_t i = 0; i < n; i++)
		code[i] = alaw_of(pcm[i]);
}

void g711_ulaw_decode(int16_t *pcm, const uint8_t *code, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pcm[i] = g711_ulaw_pcm[code[i]];
}

void g711_alaw_decode(int16_t *pcm, const uint8_t *code, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pcm[i] = g711_alaw_pcm[code[i]];
}

static int decode_ulaw(void *dec, const uint8_t *p, size_t n, int16_t *pcm, size_t max)
{
	(void)dec;
	if (n > max)
		return -1;
	g711_ulaw_decode(pcm, p, n);
	return (int)n;
}

static int decode_alaw(void *dec, const uint8_t *p, size_t n, int16_t *pcm, size_t max)
{
	(void)dec;
	if (n > max)
		return -1;
	g711_alaw_decode(pcm, p, n);
	return (int)n;
}

static int encode_ulaw(void *enc, const int16_t *pcm, size_t n, uint8_t *out, size_t max)
{
	(void)enc;
	if (n > max)
		return -1;
	g711_ulaw_encode(out, pcm, n);
	return (int)n;
}

static int encode_alaw(void *enc, const int16_t *pcm, size_t n, uint8_t *out, size_t max)
{
	(void)enc;
	if (n > max)
		return -1;
	g711_alaw_encode(out, pcm, n);
	return (int)n;
}

static uint32_t ticks(const struct codec_format *f, const uint8_t *p, size_t n)
{
	(void)f;
	(void)p;
	return (uint32_t)n;
}

const struct codec_ops codec_pcmu = {
	.name = "PCMU", .clock_hz = 8000, .rate_hz = 8000, .channels = 1, .static_pt = 0,
	.ptimes = CODEC_PTIMES_ALL, .ie = 0, .bpl = 25,
	.decoder_new = codec_no_state, .decoder_free = codec_free_none, .decode = decode_ulaw,
	.encoder_new = codec_no_state, .encoder_free = codec_free_none, .encode = encode_ulaw,
	.ticks = ticks,
};

const struct codec_ops codec_pcma = {
	.name = "PCMA", .clock_hz = 8000, .rate_hz = 8000, .channels = 1, .static_pt = 8,
	.ptimes = CODEC_PTIMES_ALL, .ie = 0, .bpl = 25,
	.decoder_new = codec_no_state, .decoder_free = codec_free_none, .decode = decode_alaw,
	.encoder_new = codec_no_state, .encoder_free = codec_free_none, .encode = encode_alaw,
	.ticks = ticks,
};
