// SPDX-License-Identifier: Apache-2.0
/*
 * Opus in RTP: RFC 6716, RFC 7587. Always one channel inside: libopus mixes a stereo peer down, and
 * "stereo" is a permission, not a duty (RFC 7587 section 6.1). The clock is 48000 whatever the
 * samples are; the PCM rate may be lower, which spares encoder and decoder the upper bands.
 */
#include <stdlib.h>
#include <string.h>

#include <opus/opus.h>

#include "media/codec/codecs.h"

enum {
	FRAMES_A_SECOND = 400, /* 2.5 ms, the smallest */
	DTX_BYTES = 2,         /* so short a packet need not be sent: opus_encode */
	LOSS_FOR_FEC = 3,      /* percent reported from which FEC is worth its cost */
	LIGHT_BITRATE = 20000, /* below it the speech coder sounds better */
	/* OPUS_SET_FORCE_MODE: not in the public header, the same since 1.0; refused, it changes nothing */
	FORCE_MODE = 11002, MODE_TRANSFORM = 1002,
	MIN_BITRATE = 6000, MAX_BITRATE = 510000,
};

struct decoder {
	opus_int32 rate_hz;
	OpusDecoder *opus;
};

struct encoder {
	uint32_t rate_hz;
	uint32_t peer_bitrate; /* never more; 0: no limit */
	bool fec, light;
	OpusEncoder *opus;
};

static void free_decoder(void *dec)
{
	struct decoder *d = dec;
	if (d->opus)
		opus_decoder_destroy(d->opus);
	free(d);
}

static void *new_decoder(const struct codec_format *f)
{
	struct decoder *d = calloc(1, sizeof *d);
	int err = OPUS_OK;
	if (!d)
		return NULL;
	d->rate_hz = (opus_int32)f->rate_hz;
	d->opus = opus_decoder_create(d->rate_hz, 1, &err);
	if (d->opus)
		return d;
	free_decoder(d);
	return NULL;
}

static int decode(void *dec, const uint8_t *p, size_t n, int16_t *pcm, size_t max)
{
	struct decoder *d = dec;
	if (n == 0) /* to libopus that would mean: lost */
		return -1;
	int got = opus_decode(d->opus, p, (opus_int32)n, pcm, (int)max, 0);
	return got < 0 ? -1 : got;
}

/* libopus conceals whole frames; what is left over is silence. */
static size_t whole(const struct decoder *d, size_t n)
{
	size_t unit = (size_t)d->rate_hz / FRAMES_A_SECOND;
	return n - n % unit;
}

static int fill(struct decoder *d, const uint8_t *p, size_t p_n, int16_t *pcm, size_t n)
{
	size_t frames = whole(d, n);
	int got = frames ? opus_decode(d->opus, p, (opus_int32)p_n, pcm, (int)frames, p != NULL) : 0;
	if (got < 0)
		return -1;
	memset(pcm + got, 0, (n - (size_t)got) * sizeof *pcm);
	return (int)n;
}

static int conceal(void *dec, int16_t *pcm, size_t n)
{
	return fill(dec, NULL, 0, pcm, n);
}

/* RFC 6716 section 2.1.7: the packet behind has a coarse copy of the one before it. */
static int recover(void *dec, const uint8_t *next, size_t next_n, int16_t *pcm, size_t n)
{
	return next_n ? fill(dec, next, next_n, pcm, n) : -1;
}

static uint32_t usual_bitrate(uint32_t rate_hz, bool light)
{
	uint32_t speech = rate_hz <= 8000 ? 16000 : rate_hz <= 16000 ? 24000 : 32000;
	return speech + (light ? 8000 : 0);
}

/*
 * Opus is two codecs. Measured on speech at 8 kHz, its transform coder costs 20 us a packet and its
 * speech coder 50 to 90, for which it needs some 8 kbit/s less. So the light one is the habit. FEC lives in
 * the speech coder: once the peer tells of loss, libopus chooses. It changes over without a gap.
 */
static void aim(struct encoder *e, uint8_t loss_percent, uint32_t bitrate)
{
	uint32_t most = e->peer_bitrate ? e->peer_bitrate : MAX_BITRATE;
	bool needs_fec = e->fec && loss_percent >= LOSS_FOR_FEC;
	bool light = e->light && !needs_fec && most >= LIGHT_BITRATE &&
	             (!bitrate || bitrate >= LIGHT_BITRATE);
	uint32_t b = bitrate ? bitrate : usual_bitrate(e->rate_hz, light);
	opus_encoder_ctl(e->opus, FORCE_MODE, light ? MODE_TRANSFORM : OPUS_AUTO);
	opus_encoder_ctl(e->opus, OPUS_SET_BITRATE((opus_int32)(b > most ? most : b)));
	opus_encoder_ctl(e->opus, OPUS_SET_INBAND_FEC(needs_fec));
	opus_encoder_ctl(e->opus, OPUS_SET_PACKET_LOSS_PERC(loss_percent > 30 ? 30 : loss_percent));
}

static opus_int32 bandwidth_of(uint32_t rate_hz)
{
	return rate_hz <= 8000    ? OPUS_BANDWIDTH_NARROWBAND
	       : rate_hz <= 12000 ? OPUS_BANDWIDTH_MEDIUMBAND
	       : rate_hz <= 16000 ? OPUS_BANDWIDTH_WIDEBAND
	       : rate_hz <= 24000 ? OPUS_BANDWIDTH_SUPERWIDEBAND
	                          : OPUS_BANDWIDTH_FULLBAND;
}

static void set_up(struct encoder *e, const struct codec_format *f)
{
	OpusEncoder *o = e->opus;
	opus_encoder_ctl(o, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
	opus_encoder_ctl(o, OPUS_SET_COMPLEXITY(f->complexity > 10 ? 10 : f->complexity));
	opus_encoder_ctl(o, OPUS_SET_DTX(f->dtx));
	opus_encoder_ctl(o, OPUS_SET_VBR(!f->cbr));
	if (f->max_rate_hz)
		opus_encoder_ctl(o, OPUS_SET_MAX_BANDWIDTH(bandwidth_of(f->max_rate_hz)));
	aim(e, 0, f->bitrate);
}

static void free_encoder(void *enc)
{
	struct encoder *e = enc;
	if (e->opus)
		opus_encoder_destroy(e->opus);
	free(e);
}

static void *new_encoder(const struct codec_format *f)
{
	struct encoder *e = calloc(1, sizeof *e);
	int err = OPUS_OK;
	if (!e)
		return NULL;
	*e = (struct encoder){
		.rate_hz = f->rate_hz,
		.fec = f->fec,
		/* with short packets or silence the transform coder has too little to gain from */
		.light = f->light && !f->dtx && f->ptime_ms >= 20,
		.peer_bitrate = f->max_bitrate,
	};
	e->opus = opus_encoder_create((opus_int32)f->rate_hz, 1, OPUS_APPLICATION_VOIP, &err);
	if (!e->opus) {
		free_encoder(e);
		return NULL;
	}
	set_up(e, f);
	return e;
}

static int encode(void *enc, const int16_t *pcm, size_t n, uint8_t *out, size_t max)
{
	struct encoder *e = enc;
	int got = opus_encode(e->opus, pcm, (int)n, out, (opus_int32)max);
	if (got < 0)
		return -1;
	return got <= DTX_BYTES ? 0 : got;
}

static void copy_encoder(void *to, const void *from)
{
	struct encoder *t = to;
	const struct encoder *f = from;
	memcpy(t->opus, f->opus, (size_t)opus_encoder_get_size(1));
}

static void tune(void *enc, const struct codec_tune *t)
{
	struct encoder *e = enc;
	opus_encoder_ctl(e->opus, OPUS_SET_COMPLEXITY(t->complexity > 10 ? 10 : t->complexity));
	aim(e, t->loss_percent, t->bitrate);
}

/* RFC 7587 section 4.2: timestamps count at 48000 whatever the mode. */
static uint32_t ticks(const struct codec_format *f, const uint8_t *p, size_t n)
{
	(void)f;
	if (n == 0)
		return 0;
	int samples = opus_packet_get_nb_samples(p, (opus_int32)n, 48000);
	return samples > 0 ? (uint32_t)samples : 0;
}

static void put_fmtp(const struct codec_format *f, struct buf *b)
{
	buf_printf(b, "useinbandfec=%d", f->fec);
	if (f->max_rate_hz && f->max_rate_hz < 48000)
		buf_printf(b, ";maxplaybackrate=%u", f->max_rate_hz);
	if (f->max_bitrate)
		buf_printf(b, ";maxaveragebitrate=%u", f->max_bitrate);
	if (f->dtx)
		buf_lit(b, ";usedtx=1");
	if (f->cbr)
		buf_lit(b, ";cbr=1");
}

static void set_limit(uint32_t *to, uint32_t v, uint32_t low, uint32_t high)
{
	if (v >= low && v <= high)
		*to = v;
}

/* RFC 7587 section 6.1; a value that the section forbids is as if it were not there. */
static void get_fmtp(struct codec_format *f, struct str name, struct str value)
{
	uint32_t v;
	if (str_u32(value, &v))
		return;
	if (str_ieq(name, STR("useinbandfec")))
		f->fec = v == 1;
	else if (str_ieq(name, STR("usedtx")))
		f->dtx = v == 1;
	else if (str_ieq(name, STR("cbr")))
		f->cbr = v == 1;
	else if (str_ieq(name, STR("maxplaybackrate")))
		set_limit(&f->max_rate_hz, v, 8000, 48000);
	else if (str_ieq(name, STR("maxaveragebitrate")))
		set_limit(&f->max_bitrate, v, MIN_BITRATE, MAX_BITRATE);
}

const struct codec_ops codec_opus = {
	.name = "opus", .clock_hz = 48000, .rate_hz = 48000, .channels = 2,
	.static_pt = CODEC_PT_DYNAMIC, .ie = 0, .bpl = 20,
	.ptimes = CODEC_PTIME_10 | CODEC_PTIME_20 | CODEC_PTIME_40 | CODEC_PTIME_60,
	.decoder_new = new_decoder, .decoder_free = free_decoder, .decode = decode,
	.encoder_new = new_encoder, .encoder_free = free_encoder, .encode = encode,
	.ticks = ticks, .conceal = conceal, .recover = recover, .tune = tune,
	.encoder_copy = copy_encoder, .get_fmtp = get_fmtp, .put_fmtp = put_fmtp,
};
