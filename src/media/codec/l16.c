// SPDX-License-Identifier: Apache-2.0
/* L16: 16-bit samples in network byte order, channels in turn (RFC 3551 section 4.5.11). */
#include <stdlib.h>

#include "media/codec/codecs.h"

static void *new_state(const struct codec_format *f)
{
	uint8_t *channels = malloc(1);
	if (channels)
		*channels = f->channels == 2 ? 2 : 1;
	return channels;
}

static int16_t sample_at(const uint8_t *p)
{
	return (int16_t)(p[0] << 8 | p[1]);
}

static int decode(void *dec, const uint8_t *p, size_t n, int16_t *pcm, size_t max)
{
	size_t channels = *(const uint8_t *)dec, samples = n / (2 * channels);
	if (samples > max || samples * 2 * channels != n)
		return -1;
	for (size_t i = 0; i < samples; i++, p += 2 * channels)
		pcm[i] = (int16_t)(channels == 1 ? sample_at(p) : (sample_at(p) + sample_at(p + 2)) / 2);
	return (int)samples;
}

static int encode(void *enc, const int16_t *pcm, size_t n, uint8_t *out, size_t max)
{
	size_t channels = *(const uint8_t *)enc;
	if (n > max / (2 * channels))
		return -1;
	for (size_t i = 0; i < n; i++) {
		for (size_t c = 0; c < channels; c++) {
			*out++ = (uint8_t)(pcm[i] >> 8);
			*out++ = (uint8_t)pcm[i];
		}
	}
	return (int)(n * 2 * channels);
}

static uint32_t ticks(const struct codec_format *f, const uint8_t *p, size_t n)
{
	(void)p;
	size_t bytes = f->channels == 2 ? 4 : 2;
	return n % bytes ? 0 : (uint32_t)(n / bytes);
}

const struct codec_ops codec_l16 = {
	.name = "L16", .clock_hz = 16000, .rate_hz = 16000, .channels = 1,
	.static_pt = CODEC_PT_DYNAMIC, .ptimes = CODEC_PTIMES_ALL, .ie = 0, .bpl = 25,
	.decoder_new = new_state, .decoder_free = free, .decode = decode,
	.encoder_new = new_state, .encoder_free = free, .encode = encode,
	.ticks = ticks,
};
