// SPDX-License-Identifier: Apache-2.0
/*
 * CPU that codecs cost: microseconds of a core for 20 ms of sound, each alone and each pair as a
 * call transcodes it (decode, resample, encode; both directions together), and per call in
 * percent of a core.
 *
 *     bench/bench_codec [FILE.wav]     speech to encode; without one, a synthetic voice
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "media/clip_read.h"
#include "media/codec/codec.h"
#include "media/plc.h"
#include "media/resample.h"
#include "rtp/jitter.h"

enum { FRAMES = 500, ROUNDS = 5, VOICE_HZ = 48000, VOICE = VOICE_HZ / 50 * FRAMES };

static int16_t voice[VOICE];

static double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Syllables of a voice that rises and falls, with hiss between them. */
static void synthesize(void)
{
	double phase = 0;
	uint32_t seed = 1;
	for (size_t i = 0; i < VOICE; i++) {
		double t = (double)i / VOICE_HZ, loud = fmax(0, sin(2 * M_PI * 3 * t));
		double x = 0;
		phase += 2 * M_PI * (120 + 30 * sin(2 * M_PI * 0.7 * t)) / VOICE_HZ;
		for (int h = 1; h < 30; h++)
			x += sin(h * phase) / h;
		seed = seed * 1664525u + 1013904223u;
		voice[i] = (int16_t)(5000 * loud * x + (double)((int32_t)seed >> 22));
	}
}

static void resample_all(const int16_t *in, size_t n, uint32_t from_hz, int16_t *out, size_t room)
{
	struct resampler *r;
	if (resampler_new(&r, from_hz, VOICE_HZ))
		exit(1);
	size_t piece = from_hz / 50, at = 0;
	for (size_t i = 0; i + piece <= n && at + resampler_room(r, piece) <= room; i += piece)
		at += resampler_run(r, in + i, piece, out + at, room - at);
	resampler_free(r);
}

static void read_voice(const char *path)
{
	struct clip_pcm clip;
	if (clip_read(path, 600, &clip)) {
		fprintf(stderr, "%s: not read\n", path);
		exit(1);
	}
	resample_all(clip.pcm, clip.n, clip.rate_hz, voice, VOICE);
	free(clip.pcm);
}

/* The voice at a rate: every second, third ... sample will do for the cost. */
static void voice_at(uint32_t rate_hz, int16_t *out)
{
	size_t step = VOICE_HZ / rate_hz;
	for (size_t i = 0; i < VOICE / step; i++)
		out[i] = voice[i * step];
}

struct encoded {
	uint8_t bytes[FRAMES][CODEC_MAX_PAYLOAD];
	int n[FRAMES];
};

struct cost {
	double encode_us, decode_us;
	double bitrate;
};

/* The least of some rounds: what others on the machine took away does not count. */
static double encode_all(const struct codec_format *f, const int16_t *pcm, struct encoded *e)
{
	const struct codec_ops *ops = codec_get(f->id);
	size_t n = codec_packet_samples(f);
	double best = 1e9;
	for (size_t r = 0; r < ROUNDS; r++) {
		void *enc = ops->encoder_new(f);
		double from = now_us();
		for (size_t i = 0; i < FRAMES; i++)
			e->n[i] = ops->encode(enc, pcm + i * n, n, e->bytes[i], CODEC_MAX_PAYLOAD);
		best = fmin(best, (now_us() - from) / FRAMES);
		ops->encoder_free(enc);
	}
	return best;
}

static double decode_all(const struct codec_format *f, const struct encoded *e)
{
	const struct codec_ops *ops = codec_get(f->id);
	int16_t pcm[CODEC_MAX_PCM];
	double best = 1e9;
	for (size_t r = 0; r < ROUNDS; r++) {
		void *dec = ops->decoder_new(f);
		double from = now_us();
		for (size_t i = 0; i < FRAMES; i++)
			ops->decode(dec, e->bytes[i], (size_t)e->n[i], pcm, CODEC_MAX_PCM);
		best = fmin(best, (now_us() - from) / FRAMES);
		ops->decoder_free(dec);
	}
	return best;
}

static struct cost cost_of(struct codec_format f)
{
	static int16_t pcm[VOICE];
	static struct encoded e;
	struct cost c;
	size_t bytes = 0;
	voice_at(f.rate_hz, pcm);
	c.encode_us = encode_all(&f, pcm, &e);
	c.decode_us = decode_all(&f, &e);
	for (size_t i = 0; i < FRAMES; i++)
		bytes += (size_t)e.n[i];
	c.bitrate = (double)bytes * 8 * 50 / FRAMES;
	return c;
}

static double resample_cost(uint32_t from_hz, uint32_t to_hz)
{
	static int16_t pcm[VOICE];
	int16_t out[VOICE_HZ / 50 + 2];
	struct resampler *r;
	voice_at(from_hz, pcm);
	if (resampler_new(&r, from_hz, to_hz))
		exit(1);
	double best = 1e9;
	for (size_t k = 0; k < ROUNDS; k++) {
		double from = now_us();
		for (size_t i = 0; i < FRAMES; i++)
			resampler_run(r, pcm + i * (from_hz / 50), from_hz / 50, out, sizeof out / 2);
		best = fmin(best, (now_us() - from) / FRAMES);
	}
	resampler_free(r);
	return best;
}

/* Both ends at the rate that suits both: Opus comes down to its peer. */
static void match_rates(struct codec_format *a, struct codec_format *b)
{
	if (a->id == CODEC_OPUS && b->id != CODEC_OPUS)
		codec_set_rate(a, b->rate_hz);
	if (b->id == CODEC_OPUS && a->id != CODEC_OPUS)
		codec_set_rate(b, a->rate_hz);
}

static void print_pair(enum codec_id x, enum codec_id y)
{
	struct codec_format a = codec_default(x), b = codec_default(y);
	match_rates(&a, &b);
	struct cost ca = cost_of(a), cb = cost_of(b);
	double resample = a.rate_hz == b.rate_hz ? 0
	                                         : resample_cost(a.rate_hz, b.rate_hz) +
	                                               resample_cost(b.rate_hz, a.rate_hz);
	double us = ca.encode_us + ca.decode_us + cb.encode_us + cb.decode_us + resample;
	printf("%-8s %-8s %8.1f us a tick, both ways   %6.3f %% of a core a call\n", codec_name(x),
	       codec_name(y), us, us / 20000 * 100);
}

static void print_codec(enum codec_id id, uint32_t rate_hz)
{
	struct codec_format f = codec_default(id);
	codec_set_rate(&f, rate_hz ? rate_hz : f.rate_hz);
	struct cost c = cost_of(f);
	printf("%-8s at %5u Hz  encode %7.2f us  decode %7.2f us  %6.1f kbit/s\n", codec_name(id), f.rate_hz,
	       c.encode_us, c.decode_us, c.bitrate / 1000);
}

static void print_direct(void)
{
	const uint8_t *table = codec_direct(CODEC_PCMU, CODEC_PCMA);
	uint8_t bytes[160] = {0};
	double from = now_us();
	for (size_t k = 0; k < 100 * FRAMES; k++) {
		for (size_t i = 0; i < sizeof bytes; i++)
			bytes[i] = table[bytes[i]];
		__asm__ volatile("" : : "r"(bytes) : "memory");
	}
	printf("pcmu-pcma by table  %5.2f us\n", (now_us() - from) / 100 / FRAMES);
}

static void print_jitter(void)
{
	struct jitter *j = jitter_new(&(struct jitter_args){.clock_hz = 8000});
	uint8_t bytes[160] = {0};
	struct jitter_packet p = {.ssrc = 1, .ticks = 160, .p = bytes, .n = sizeof bytes};
	struct jitter_out out;
	double from = now_us();
	for (size_t i = 0; i < 100 * FRAMES; i++) {
		p.seq++;
		p.timestamp += 160;
		jitter_put(j, &p, 1000000 + i * 20000);
		if (jitter_get(j, 1000000 + i * 20000 + 5000, 160, &out) != JITTER_PACKET && i > 10)
			exit(1);
	}
	printf("jitter buffer       %5.2f us a packet\n", (now_us() - from) / 100 / FRAMES);
	jitter_free(j);
}

static void print_plc(uint32_t rate_hz)
{
	static int16_t pcm[VOICE];
	struct plc p;
	size_t n = rate_hz / 50;
	double lost = 0, good = 0;
	voice_at(rate_hz, pcm);
	plc_reset(&p, rate_hz);
	for (size_t i = 0; i + 1 < FRAMES; i += 2) {
		double a = now_us();
		plc_good(&p, pcm + i * n, n);
		double b = now_us();
		plc_fill(&p, pcm + (i + 1) * n, n);
		good += b - a;
		lost += now_us() - b;
	}
	printf("plc at %5u Hz     %5.2f us a good packet, %.2f us a lost one\n", rate_hz,
	       good / (FRAMES / 2), lost / (FRAMES / 2));
}

int main(int argc, char **argv)
{
	static const uint32_t opus_rates[] = {8000, 16000, 48000};
	if (argc > 1)
		read_voice(argv[1]);
	else
		synthesize();
	for (enum codec_id id = CODEC_NONE + 1; id < CODECS; id++) {
		for (size_t i = 0; id == CODEC_OPUS && i < 3; i++)
			print_codec(id, opus_rates[i]);
		if (id != CODEC_OPUS && codec_is_there(id))
			print_codec(id, 0);
	}
	print_direct();
	print_jitter();
	print_plc(8000);
	print_plc(16000);
	printf("resample 8-16 kHz   %5.2f us, 16-8 %5.2f us, 8-48 %5.2f us, 48-8 %5.2f us\n",
	       resample_cost(8000, 16000), resample_cost(16000, 8000), resample_cost(8000, 48000),
	       resample_cost(48000, 8000));
	for (enum codec_id a = CODEC_NONE + 1; a < CODECS; a++) {
		for (enum codec_id b = a + 1; b < CODECS; b++) {
			if (codec_is_there(a) && codec_is_there(b))
				print_pair(a, b);
		}
	}
	return 0;
}
