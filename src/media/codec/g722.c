// SPDX-License-Identifier: Apache-2.0
/*
 * G.722 at 64 kbit/s, by spandsp. The clock in SDP and RTP is 8000 by an old mistake, the samples
 * are 16000 a second (RFC 3551 section 4.5.2): an octet is two samples and one tick.
 */
#include "media/codec/codecs.h" /* first: spandsp takes the integers for granted */

#include <spandsp/telephony.h>
#include <spandsp/g722.h>
#include <spandsp/private/g722.h>

enum { BITRATE = 64000 };

static void *new_decoder(const struct codec_format *f)
{
	(void)f;
	return g722_decode_init(NULL, BITRATE, 0);
}

static void free_decoder(void *dec)
{
	g722_decode_free(dec);
}

static int decode(void *dec, const uint8_t *p, size_t n, int16_t *pcm, size_t max)
{
	if (n > max / 2)
		return -1;
	return g722_decode(dec, pcm, p, (int)n);
}

static void *new_encoder(const struct codec_format *f)
{
	(void)f;
	return g722_encode_init(NULL, BITRATE, 0);
}

static void free_encoder(void *enc)
{
	g722_encode_free(enc);
}

static int encode(void *enc, const int16_t *pcm, size_t n, uint8_t *out, size_t max)
{
	if (n % 2 || n / 2 > max)
		return -1;
	return g722_encode(enc, out, pcm, (int)n);
}

static void copy_encoder(void *to, const void *from)
{
	*(g722_encode_state_t *)to = *(const g722_encode_state_t *)from;
}

static uint32_t ticks(const struct codec_format *f, const uint8_t *p, size_t n)
{
	(void)f;
	(void)p;
	return (uint32_t)n;
}

const struct codec_ops codec_g722 = {
	.name = "G722", .clock_hz = 8000, .rate_hz = 16000, .channels = 1, .static_pt = 9,
	.ptimes = CODEC_PTIMES_ALL, .ie = 0, .bpl = 20,
	.decoder_new = new_decoder, .decoder_free = free_decoder, .decode = decode,
	.encoder_new = new_encoder, .encoder_free = free_encoder, .encode = encode,
	.ticks = ticks, .encoder_copy = copy_encoder,
};
