// SPDX-License-Identifier: Apache-2.0
/*
 * G.729 annex A and B (RFC 3551 section 4.5.6) by bcg729, which is GPL-3: it is no part of the
 * program and is not linked to it, but loaded if the one who runs this has installed it.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "media/codec/codecs.h"

enum { FRAME = 80, BYTES = 10, SID_BYTES = 2, MAX_FRAMES = 12 };

struct library {
	void *(*decoder_init)(void);
	void (*decoder_close)(void *ctx);
	void (*decode)(void *ctx, const uint8_t *bits, uint8_t n, uint8_t erased, uint8_t sid,
	               uint8_t rfc3389, int16_t *pcm);
	void *(*encoder_init)(uint8_t vad);
	void (*encoder_close)(void *ctx);
	void (*encode)(void *ctx, const int16_t *pcm, uint8_t *bits, uint8_t *n);
};

/* Where the functions of the library are: found once, never changed. */
static struct library lib;
static bool is_loaded;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool look_up(void *handle, const char *name, void *to)
{
	void *at = dlsym(handle, name);
	memcpy(to, &at, sizeof at); /* POSIX: a pointer to a function has the form of others */
	return at != NULL;
}

static void load(void)
{
	void *h = dlopen("libbcg729.so.0", RTLD_NOW | RTLD_LOCAL);
	if (!h)
		return;
	is_loaded = look_up(h, "initBcg729DecoderChannel", &lib.decoder_init) &&
	            look_up(h, "closeBcg729DecoderChannel", &lib.decoder_close) &&
	            look_up(h, "bcg729Decoder", &lib.decode) &&
	            look_up(h, "initBcg729EncoderChannel", &lib.encoder_init) &&
	            look_up(h, "closeBcg729EncoderChannel", &lib.encoder_close) &&
	            look_up(h, "bcg729Encoder", &lib.encode);
	if (!is_loaded)
		dlclose(h);
}

bool codec_g729_load(void)
{
	pthread_once(&once, load);
	return is_loaded;
}

static void *new_decoder(const struct codec_format *f)
{
	(void)f;
	return codec_g729_load() ? lib.decoder_init() : NULL;
}

static void free_decoder(void *dec)
{
	lib.decoder_close(dec);
}

static int decode(void *dec, const uint8_t *p, size_t n, int16_t *pcm, size_t max)
{
	size_t rest = n % BYTES, frames = n / BYTES + (rest != 0);
	if ((rest && rest != SID_BYTES) || frames > MAX_FRAMES || frames > max / FRAME)
		return -1;
	for (size_t i = 0; i < frames; i++, p += BYTES, pcm += FRAME) {
		bool sid = rest && i == frames - 1;
		lib.decode(dec, p, sid ? SID_BYTES : BYTES, 0, sid, 0, pcm);
	}
	return (int)(frames * FRAME);
}

static int conceal(void *dec, int16_t *pcm, size_t n)
{
	size_t i = 0;
	for (; n - i >= FRAME; i += FRAME)
		lib.decode(dec, NULL, 0, 1, 0, 0, pcm + i);
	memset(pcm + i, 0, (n - i) * sizeof *pcm);
	return (int)n;
}

static void *new_encoder(const struct codec_format *f)
{
	(void)f;
	return codec_g729_load() ? lib.encoder_init(0) : NULL;
}

static void free_encoder(void *enc)
{
	lib.encoder_close(enc);
}

/* Without annex B's silence detection: we send what we are given. */
static int encode(void *enc, const int16_t *pcm, size_t n, uint8_t *out, size_t max)
{
	size_t at = 0;
	if (n % FRAME || n / FRAME > max / BYTES)
		return -1;
	for (size_t i = 0; i < n; i += FRAME) {
		uint8_t bytes = 0;
		lib.encode(enc, pcm + i, out + at, &bytes);
		at += bytes;
	}
	return (int)at;
}

static uint32_t ticks(const struct codec_format *f, const uint8_t *p, size_t n)
{
	(void)f;
	(void)p;
	size_t rest = n % BYTES;
	return rest && rest != SID_BYTES ? 0 : (uint32_t)(n / BYTES * FRAME + (rest ? FRAME : 0));
}

/* RFC 4856 section 2.1.9: yes, where nothing is said. */
static void get_fmtp(struct codec_format *f, struct str name, struct str value)
{
	if (str_ieq(name, STR("annexb")))
		f->annex_b = !str_ieq(value, STR("no"));
}

static void put_fmtp(const struct codec_format *f, struct buf *b)
{
	buf_printf(b, "annexb=%s", f->annex_b ? "yes" : "no");
}

const struct codec_ops codec_g729 = {
	.name = "G729", .clock_hz = 8000, .rate_hz = 8000, .channels = 1, .static_pt = 18,
	.ptimes = CODEC_PTIMES_ALL, .ie = 11, .bpl = 19, /* G.113 appendix I: annex A */
	.decoder_new = new_decoder, .decoder_free = free_decoder, .decode = decode,
	.encoder_new = new_encoder, .encoder_free = free_encoder, .encode = encode,
	.ticks = ticks, .conceal = conceal, .get_fmtp = get_fmtp,
	.put_fmtp = put_fmtp,
};
