// SPDX-License-Identifier: Apache-2.0
#include "media/rec_ogg.h"

#include <errno.h>
#include <ogg/ogg.h>
#include <opus/opus_multistream.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_CHANNELS = 2,
	FRAME_PER_S = 50,
	MAX_FRAME = 48000 / FRAME_PER_S * MAX_CHANNELS,
	BITRATE = 16000,      /* of a channel */
	COMPLEXITY = 3,
	GRANULE_HZ = 48000,   /* RFC 7845 section 4 */
	MAPPING_FAMILY = 1,   /* section 5.1.1.2: left and right, as two uncoupled streams */
	MAX_PACKET = 1500,
	SERIAL = 0x7a2d,      /* one stream in the file */
};

struct rec_ogg {
	OpusMSEncoder *enc;
	ogg_stream_state stream;
	uint32_t rate_hz;
	unsigned channels;
	size_t frame; /* samples of a channel */
	size_t n;     /* in `pending` */
	int16_t pending[MAX_FRAME];
	int skip;     /* samples at 48 kHz that a player leaves out at the start */
	int64_t granule, sound; /* encoded; of real sound */
	int64_t packets;
};

static void put_le16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static void put_le32(uint8_t *p, uint32_t v)
{
	put_le16(p, v & 0xffff);
	put_le16(p + 2, v >> 16);
}

static void put_page(struct buf *out, const ogg_page *page)
{
	buf_add(out, page->header, (size_t)page->header_len);
	buf_add(out, page->body, (size_t)page->body_len);
}

static void put_packet(struct rec_ogg *o, uint8_t *p, size_t n, bool last)
{
	ogg_packet pk = {
		.packet = p,
		.bytes = (long)n,
		.b_o_s = o->packets == 0,
		.e_o_s = last,
		.granulepos = o->granule,
		.packetno = o->packets++,
	};
	(void)ogg_stream_packetin(&o->stream, &pk);
}

/** Identification and comment header: RFC 7845 section 5. Each ends a page of its own. */
static void put_head(struct rec_ogg *o, struct buf *out)
{
	uint8_t head[21 + MAX_CHANNELS] = "OpusHead";
	static const char tags[] = "OpusTags\x06\0\0\0tandem\0\0\0";
	head[8] = 1;
	head[9] = (uint8_t)o->channels;
	put_le16(head + 10, (unsigned)o->skip);
	put_le32(head + 12, o->rate_hz);
	head[18] = MAPPING_FAMILY;
	head[19] = (uint8_t)o->channels; /* streams, none of them coupled */
	for (unsigned c = 0; c < o->channels; c++)
		head[21 + c] = (uint8_t)c;
	put_packet(o, head, 21 + o->channels, false);
	rec_ogg_flush(o, out);
	uint8_t comment[sizeof tags];
	memcpy(comment, tags, sizeof tags);
	put_packet(o, comment, sizeof tags, false);
	rec_ogg_flush(o, out);
}

int rec_ogg_new(struct rec_ogg **out, uint32_t rate_hz, unsigned channels, struct buf *b)
{
	static const unsigned char mapping[MAX_CHANNELS] = {0, 1};
	int err = 0;
	if (channels == 0 || channels > MAX_CHANNELS)
		return EINVAL;
	struct rec_ogg *o = calloc(1, sizeof *o);
	if (!o)
		abort();
	o->enc = opus_multistream_encoder_create((opus_int32)rate_hz, (int)channels, (int)channels, 0,
	                                         mapping, OPUS_APPLICATION_VOIP, &err);
	if (!o->enc || ogg_stream_init(&o->stream, SERIAL) != 0) {
		free(o);
		return EINVAL;
	}
	opus_multistream_encoder_ctl(o->enc, OPUS_SET_BITRATE((opus_int32)(BITRATE * channels)));
	opus_multistream_encoder_ctl(o->enc, OPUS_SET_COMPLEXITY(COMPLEXITY));
	opus_int32 ahead = 0;
	opus_multistream_encoder_ctl(o->enc, OPUS_GET_LOOKAHEAD(&ahead));
	o->rate_hz = rate_hz;
	o->channels = channels;
	o->frame = rate_hz / FRAME_PER_S;
	o->skip = (int)((uint32_t)ahead * (GRANULE_HZ / rate_hz));
	put_head(o, b);
	*out = o;
	return 0;
}

void rec_ogg_free(struct rec_ogg *o)
{
	if (!o)
		return;
	opus_multistream_encoder_destroy(o->enc);
	ogg_stream_clear(&o->stream);
	free(o);
}

static void encode(struct rec_ogg *o, bool last)
{
	uint8_t p[MAX_PACKET];
	int n = opus_multistream_encode(o->enc, o->pending, (int)o->frame, p, sizeof p);
	o->granule += GRANULE_HZ / FRAME_PER_S;
	o->n = 0;
	if (n <= 0)
		return;
	int64_t granule = o->granule;
	/* The last page says where sound ends: section 4.4. */
	if (last && o->sound + o->skip < granule)
		o->granule = o->sound + o->skip;
	put_packet(o, p, (size_t)n, last);
	o->granule = granule;
}

void rec_ogg_add(struct rec_ogg *o, const int16_t *pcm, size_t frames, struct buf *out)
{
	size_t whole = o->frame * o->channels;
	o->sound += (int64_t)(frames * (GRANULE_HZ / o->rate_hz));
	for (size_t left = frames * o->channels; left;) {
		size_t n = whole - o->n < left ? whole - o->n : left;
		memcpy(o->pending + o->n, pcm, n * sizeof *pcm);
		o->n += n;
		pcm += n;
		left -= n;
		if (o->n == whole)
			encode(o, false);
	}
	ogg_page page;
	while (ogg_stream_pageout(&o->stream, &page))
		put_page(out, &page);
}

void rec_ogg_flush(struct rec_ogg *o, struct buf *out)
{
	ogg_page page;
	while (ogg_stream_flush(&o->stream, &page))
		put_page(out, &page);
}

void rec_ogg_end(struct rec_ogg *o, struct buf *out)
{
	size_t whole = o->frame * o->channels;
	/* As much silence as brings the encoder's delay out, and fills the frame. */
	memset(o->pending + o->n, 0, (whole - o->n) * sizeof *o->pending);
	encode(o, true);
	rec_ogg_flush(o, out);
}
