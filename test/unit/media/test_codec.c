// SPDX-License-Identifier: Apache-2.0
/* Codecs: a tone through every pair in both directions, all packet lengths, and rubbish. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "media/codec/codec.h"
#include "media/resample.h"
#include "tone.h"

enum { PACKETS = 100, PEAK = 8000 };

/* Signal to noise of one pass with a tone, in dB: what a codec is good for. */
static const double quality[CODECS] = {
	[CODEC_PCMU] = 38,    [CODEC_PCMA] = 38,    [CODEC_G722] = 43,    [CODEC_OPUS] = 34,
	[CODEC_GSM] = 20,     [CODEC_G726_16] = 21, [CODEC_G726_24] = 26, [CODEC_G726_32] = 35,
	[CODEC_G726_40] = 40, [CODEC_G729] = 23,    [CODEC_L16] = 80,
};

struct end {
	struct codec_format f;
	const struct codec_ops *ops;
	void *enc, *dec;
};

static struct end end_of(struct codec_format f)
{
	struct end e = {.f = f, .ops = codec_get(f.id)};
	e.enc = e.ops->encoder_new(&f);
	e.dec = e.ops->decoder_new(&f);
	assert_non_null(e.enc);
	assert_non_null(e.dec);
	return e;
}

static void drop(struct end *e)
{
	e->ops->encoder_free(e->enc);
	e->ops->decoder_free(e->dec);
}

/* One packet through encoder and decoder; its timestamp step is what its length says. */
static void pass(struct end *e, const int16_t *in, int16_t *out)
{
	uint8_t bytes[CODEC_MAX_PAYLOAD];
	size_t samples = codec_packet_samples(&e->f);
	int n = e->ops->encode(e->enc, in, samples, bytes, sizeof bytes);
	assert_true(n > 0);
	assert_int_equal(e->ops->ticks(&e->f, bytes, (size_t)n), codec_packet_ticks(&e->f));
	assert_int_equal(e->ops->decode(e->dec, bytes, (size_t)n, out, CODEC_MAX_PCM), samples);
}

/* A tone through `a`, and what comes out through `b`. */
static struct tone_found through(enum codec_id a_id, enum codec_id b_id, double hz)
{
	static int16_t out[PACKETS * 960];
	int16_t in[960], heard[CODEC_MAX_PCM], other[CODEC_MAX_PCM];
	struct end a = end_of(codec_default(a_id)), b = end_of(codec_default(b_id));
	struct resampler *r;
	size_t n = codec_packet_samples(&a.f), m = codec_packet_samples(&b.f);
	assert_int_equal(resampler_new(&r, a.f.rate_hz, b.f.rate_hz), 0);
	for (size_t i = 0; i < PACKETS; i++) {
		tone_make(in, n, i * n, a.f.rate_hz, hz, PEAK);
		pass(&a, in, heard);
		assert_int_equal(resampler_run(r, heard, n, other, CODEC_MAX_PCM), m);
		pass(&b, other, out + i * m);
	}
	resampler_free(r);
	drop(&a);
	drop(&b);
	return tone_find(out + PACKETS / 2 * m, PACKETS / 2 * m, b.f.rate_hz, hz);
}

/* The noise of both, and 4 dB for codecs that like each other's noise less than a tone. */
static double least(enum codec_id a, enum codec_id b)
{
	return -10 * log10(pow(10, -quality[a] / 10) + pow(10, -quality[b] / 10)) - 4;
}

static void test_a_tone_passes_every_pair_in_both_directions(void **state)
{
	(void)state;
	for (enum codec_id a = CODEC_NONE + 1; a < CODECS; a++) {
		for (enum codec_id b = CODEC_NONE + 1; b < CODECS; b++) {
			if (!codec_is_there(a) || !codec_is_there(b))
				continue;
			struct tone_found t = through(a, b, 1004);
			if (t.snr_db < least(a, b) || fabs(20 * log10(t.peak / PEAK)) > 1.5)
				fail_msg("%s to %s: %.1f dB, level %.0f", codec_name(a), codec_name(b),
				         t.snr_db, t.peak);
		}
	}
}

static void test_every_packet_length(void **state)
{
	(void)state;
	static int16_t out[PACKETS * 2880];
	int16_t in[2880];
	for (enum codec_id id = CODEC_NONE + 1; id < CODECS; id++) {
		for (uint32_t ms = 10; ms <= 60 && codec_is_there(id); ms += 10) {
			struct codec_format f = codec_default(id);
			codec_fit_ptime(&f, ms, 0);
			assert_true(f.ptime_ms <= ms || (id == CODEC_GSM && f.ptime_ms == 20));
			struct end e = end_of(f);
			size_t n = codec_packet_samples(&f);
			for (size_t i = 0; i < PACKETS / 2; i++) {
				tone_make(in, n, i * n, f.rate_hz, 1004, PEAK);
				pass(&e, in, out + i * n);
			}
			/* Opus has the same bits for more frames. */
			double least_db = quality[id] - (id == CODEC_OPUS ? 10 : 4);
			double snr_db = tone_find(out + 10 * n, 40 * n, f.rate_hz, 1004).snr_db;
			if (snr_db < least_db)
				fail_msg("%s, %u ms: %.1f dB", codec_name(id), ms, snr_db);
			drop(&e);
		}
	}
}

static void test_opus_at_every_rate(void **state)
{
	(void)state;
	static const uint32_t rates[] = {8000, 12000, 16000, 24000, 48000};
	static int16_t out[PACKETS * 960];
	int16_t in[960];
	for (size_t k = 0; k < 5; k++) {
		struct codec_format f = codec_default(CODEC_OPUS);
		codec_set_rate(&f, rates[k] - 500);
		assert_int_equal(f.rate_hz, rates[k]);
		struct end e = end_of(f);
		size_t n = codec_packet_samples(&f);
		for (size_t i = 0; i < PACKETS; i++) {
			tone_make(in, n, i * n, f.rate_hz, 1004, PEAK);
			pass(&e, in, out + i * n);
		}
		double snr_db = tone_find(out + 50 * n, 50 * n, f.rate_hz, 1004).snr_db;
		if (snr_db < 30)
			fail_msg("%u Hz: %.1f dB", rates[k], snr_db);
		drop(&e);
	}
}

/* What a decoder wrote lies within what it was given, and it says so. */
static void feed(struct end *e, const uint8_t *p, size_t n, size_t max)
{
	static int16_t pcm[CODEC_MAX_PCM + 16];
	uint8_t *exact = malloc(n ? n : 1); /* so that the sanitizer sees a read beyond it */
	memcpy(exact, p, n);
	for (size_t i = 0; i < 16; i++)
		pcm[max + i] = 0x5a5a;
	uint32_t ticks = e->ops->ticks(&e->f, exact, n);
	int got = e->ops->decode(e->dec, exact, n, pcm, max);
	assert_true(got >= -1 && got <= (int)max);
	if (got > 0)
		assert_int_equal(ticks, (uint64_t)got * e->f.clock_hz / e->f.rate_hz);
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(pcm[max + i], 0x5a5a);
	free(exact);
}

static void test_rubbish_harms_nobody(void **state)
{
	(void)state;
	struct rng rng;
	rng_init_seed(&rng, 7);
	for (enum codec_id id = CODEC_NONE + 1; id < CODECS; id++) {
		if (!codec_is_there(id))
			continue;
		struct end e = end_of(codec_default(id));
		uint8_t bytes[CODEC_MAX_PAYLOAD], good[CODEC_MAX_PAYLOAD];
		int16_t in[960];
		size_t samples = codec_packet_samples(&e.f);
		for (size_t i = 0; i < 3000; i++) {
			size_t n = rng_below(&rng, i % 3 ? 80 : sizeof bytes);
			rng_bytes(&rng, bytes, n);
			if (id == CODEC_GSM && n && i % 4)
				for (size_t at = 0; at < n; at += 33)
					bytes[at] = (uint8_t)(0xd0 | (bytes[at] & 15));
			feed(&e, bytes, n, i % 2 ? CODEC_MAX_PCM : 160);
			tone_make(in, samples, i * samples, e.f.rate_hz, 700, 20000);
			int made = e.ops->encode(e.enc, in, samples, good, sizeof good);
			assert_true(made > 0);
			good[rng_below(&rng, (uint32_t)made)] ^= (uint8_t)(1 << rng_below(&rng, 8));
			feed(&e, good, rng_below(&rng, (uint32_t)made + 1), CODEC_MAX_PCM);
		}
		drop(&e);
	}
}

static void test_no_room_is_an_error(void **state)
{
	(void)state;
	for (enum codec_id id = CODEC_NONE + 1; id < CODECS; id++) {
		if (!codec_is_there(id))
			continue;
		struct end e = end_of(codec_default(id));
		int16_t in[960] = {0};
		uint8_t bytes[8];
		if (id != CODEC_OPUS) /* which makes do with less */
			assert_int_equal(e.ops->encode(e.enc, in, codec_packet_samples(&e.f), bytes, 8), -1);
		drop(&e);
	}
}

static void test_first_sample_of_g726_is_in_the_low_bits /* RFC 3551 4.5.4 */ (void **state)
{
	(void)state;
	struct codec_format rtp = codec_default(CODEC_G726_32), aal2 = rtp;
	aal2.aal2 = true;
	struct end a = end_of(rtp), b = end_of(aal2);
	int16_t in[160];
	uint8_t x[80], y[80];
	tone_make(in, 160, 0, 8000, 1004, PEAK);
	assert_int_equal(a.ops->encode(a.enc, in, 160, x, 80), 80);
	assert_int_equal(b.ops->encode(b.enc, in, 160, y, 80), 80);
	assert_memory_not_equal(x, y, 80);
	for (size_t i = 0; i < 80; i++)
		assert_int_equal(x[i], (uint8_t)(y[i] << 4 | y[i] >> 4));
	/* The very first sample of a tone from nought is small and its code is quiet: 0xf or 0x0. */
	assert_true((x[0] & 15) == 15 || (x[0] & 15) == 0);
	drop(&a);
	drop(&b);
}

static void test_3_bits_go_from_the_low_end_too /* RFC 3551 4.5.4, figure for G726-24 */ (void **state)
{
	(void)state;
	struct codec_format rtp = codec_default(CODEC_G726_24), aal2 = rtp;
	aal2.aal2 = true;
	struct end a = end_of(rtp), b = end_of(aal2);
	int16_t in[160];
	uint8_t x[60], y[60];
	tone_make(in, 160, 0, 8000, 1004, PEAK);
	assert_int_equal(a.ops->encode(a.enc, in, 160, x, 60), 60);
	assert_int_equal(b.ops->encode(b.enc, in, 160, y, 60), 60);
	for (size_t i = 0; i < 160; i++) { /* sample i: bits 3i.. from below, and 3i.. from above */
		unsigned low = 0, high = 0;
		for (size_t bit = 0; bit < 3; bit++) {
			size_t at = 3 * i + bit;
			low |= (x[at / 8] >> at % 8 & 1u) << bit;
			high |= (y[at / 8] >> (7 - at % 8) & 1u) << (2 - bit);
		}
		assert_int_equal(low, high);
	}
	drop(&a);
	drop(&b);
}

static void test_opus_recovers_from_the_next_packet /* RFC 6716 2.1.7 */ (void **state)
{
	(void)state;
	struct codec_format f = codec_default(CODEC_OPUS);
	codec_set_rate(&f, 16000);
	struct end e = end_of(f);
	e.ops->tune(e.enc, &(struct codec_tune){.complexity = 5, .loss_percent = 20, .bitrate = 24000});
	uint8_t bytes[CODEC_MAX_PAYLOAD];
	static int16_t in[320], out[60 * 320];
	size_t at = 0;
	bool lost = false;
	for (size_t i = 0; i < 60; i++) { /* a voice: harmonics of a falling pitch */
		memset(in, 0, sizeof in);
		for (int h = 1; h < 12; h++)
			tone_add(in, 320, i * 320, 16000, 140 * h, 3000.0 / h);
		int n = e.ops->encode(e.enc, in, 320, bytes, sizeof bytes);
		assert_true(n > 0);
		if (lost)
			assert_int_equal(e.ops->recover(e.dec, bytes, (size_t)n, out + at - 320, 320), 320);
		lost = i % 5 == 4;
		if (!lost)
			assert_int_equal(e.ops->decode(e.dec, bytes, (size_t)n, out + at, 320), 320);
		at += 320;
	}
	/* With every fifth packet gone the level holds; holes would take 1 dB of it. */
	double whole = tone_rms(out + 4800, 20 * 320);
	assert_true(whole > 2000);
	double hole = tone_rms(out + 34 * 320, 320); /* a lost one */
	assert_true(hole > 0.7 * whole);
	drop(&e);
}

static void test_opus_conceals_any_length(void **state)
{
	(void)state;
	struct end e = end_of(codec_default(CODEC_OPUS));
	int16_t pcm[CODEC_MAX_PCM];
	for (size_t n = 1; n < CODEC_MAX_PCM; n += 37)
		assert_int_equal(e.ops->conceal(e.dec, pcm, n), n);
	drop(&e);
}

static void test_opus_is_silent_with_dtx(void **state)
{
	(void)state;
	struct codec_format f = codec_default(CODEC_OPUS);
	f.dtx = true;
	struct end e = end_of(f);
	int16_t in[960] = {0};
	uint8_t bytes[CODEC_MAX_PAYLOAD];
	size_t unsent = 0;
	for (size_t i = 0; i < 100; i++) {
		int n = e.ops->encode(e.enc, in, 960, bytes, sizeof bytes);
		assert_true(n >= 0);
		unsent += n == 0;
	}
	assert_true(unsent > 60);
	drop(&e);
}

/* A second encoder that takes over goes on exactly where the first one is. */
static void test_a_copied_encoder_goes_on(void **state)
{
	(void)state;
	for (enum codec_id id = CODEC_NONE + 1; id < CODECS; id++) {
		const struct codec_ops *ops = codec_get(id);
		if (!ops->encoder_copy)
			continue;
		struct end a = end_of(codec_default(id)), b = end_of(codec_default(id));
		int16_t in[960];
		uint8_t x[CODEC_MAX_PAYLOAD], y[CODEC_MAX_PAYLOAD];
		size_t n = codec_packet_samples(&a.f);
		for (size_t i = 0; i < 20; i++) {
			tone_make(in, n, i * n, a.f.rate_hz, 1004, PEAK);
			int got = ops->encode(a.enc, in, n, x, sizeof x);
			if (i == 10)
				ops->encoder_copy(b.enc, a.enc);
			if (i <= 10)
				continue;
			assert_int_equal(ops->encode(b.enc, in, n, y, sizeof y), got);
			assert_memory_equal(x, y, (size_t)got);
		}
		drop(&a);
		drop(&b);
	}
}

/* --- names and descriptions --- */

static struct codec_format from(const char *name, uint32_t hz, uint8_t channels, const char *fmtp)
{
	struct codec_format f = {.id = CODEC_NONE};
	bool is = codec_from_sdp(str_z(name), hz, channels, str_z(fmtp), &f);
	assert_int_equal(is, f.id != CODEC_NONE);
	return f;
}

static void test_names_of_descriptions(void **state)
{
	(void)state;
	assert_int_equal(from("pcmu", 8000, 1, "").id, CODEC_PCMU);
	assert_int_equal(from("PCMU", 16000, 1, "").id, CODEC_NONE);
	assert_int_equal(from("G722", 8000, 1, "").rate_hz, 16000);
	assert_int_equal(from("G726-40", 8000, 1, "").id, CODEC_G726_40);
	assert_false(from("G726-40", 8000, 1, "").aal2);
	assert_true(from("AAL2-G726-16", 8000, 1, "").aal2);
	assert_int_equal(from("AAL2-PCMU", 8000, 1, "").id, CODEC_NONE);
	assert_int_equal(from("AAL2-", 8000, 1, "").id, CODEC_NONE);
	assert_int_equal(from("opus", 48000, 2, "").id, CODEC_OPUS);
	assert_int_equal(from("opus", 48000, 1, "").id, CODEC_OPUS);
	assert_int_equal(from("opus", 8000, 1, "").id, CODEC_NONE);
	assert_int_equal(from("L16", 16000, 2, "").channels, 2);
	assert_int_equal(from("L16", 44100, 1, "").id, CODEC_NONE);
	assert_int_equal(from("L16", 48000, 2, "").id, CODEC_NONE); /* 10 ms would not fit a packet */
	assert_int_equal(from("speex", 8000, 1, "").id, CODEC_NONE);
	assert_int_equal(from("", 8000, 1, "").id, CODEC_NONE);
}

static void test_opus_parameters /* RFC 7587 6.1 */ (void **state)
{
	(void)state;
	struct codec_format f = from("opus", 48000, 2,
	                             "maxplaybackrate=16000; maxaveragebitrate=20000;useinbandfec=1 ;usedtx=1;"
	                             "cbr=1;stereo=1;sprop-maxcapturerate=16000");
	assert_true(f.fec && f.dtx && f.cbr);
	assert_int_equal(f.max_rate_hz, 16000);
	assert_int_equal(f.max_bitrate, 20000);
	f = from("opus", 48000, 2, "");
	assert_false(f.fec || f.dtx || f.cbr);
	f = from("opus", 48000, 2, "maxaveragebitrate=1;maxplaybackrate=4294967296;useinbandfec;;=;x");
	assert_int_equal(f.max_bitrate, 0);
	assert_int_equal(f.max_rate_hz, 0);
	assert_false(f.fec);
}

static void test_g729_takes_annex_b_unless_it_says_no /* RFC 4856 2.1.9 */ (void **state)
{
	(void)state;
	assert_true(from("G729", 8000, 1, "").annex_b);
	assert_false(from("G729", 8000, 1, "annexb=no").annex_b);
	assert_true(from("G729", 8000, 1, "annexb=yes").annex_b);
}

static void test_parameters_of_ours(void **state)
{
	(void)state;
	char mem[200];
	struct buf b;
	struct codec_format f = codec_default(CODEC_OPUS);
	buf_init_fixed(&b, mem, sizeof mem);
	codec_get(CODEC_OPUS)->put_fmtp(&f, &b);
	assert_true(str_eq(buf_view(&b), STR("useinbandfec=1")));
	f.max_rate_hz = 16000, f.max_bitrate = 30000, f.dtx = f.cbr = true;
	buf_reset(&b);
	codec_get(CODEC_OPUS)->put_fmtp(&f, &b);
	struct codec_format back = from("opus", 48000, 2, "");
	assert_true(codec_from_sdp(STR("opus"), 48000, 2, buf_view(&b), &back));
	assert_true(back.fec && back.dtx && back.cbr);
	assert_int_equal(back.max_rate_hz, 16000);
	assert_int_equal(back.max_bitrate, 30000);
}

static void test_our_names(void **state)
{
	(void)state;
	for (enum codec_id id = CODEC_NONE + 1; id < CODECS; id++) {
		assert_int_equal(codec_by_name(str_z(codec_name(id))), id);
		struct codec_format f = codec_default(id);
		struct codec_format g = from(codec_sdp_name(&f), f.clock_hz, f.channels, "");
		assert_true(codec_same(&f, &g));
	}
	struct codec_format aal2 = from("AAL2-G726-24", 8000, 1, "");
	assert_string_equal(codec_sdp_name(&aal2), "AAL2-G726-24");
	struct codec_format plain = codec_default(CODEC_G726_24);
	assert_false(codec_same(&aal2, &plain));
	assert_int_equal(codec_by_name(STR("none")), CODEC_NONE);
	assert_null(codec_get(CODEC_NONE));
	assert_null(codec_get(CODECS));
}

static uint32_t fitted(enum codec_id id, uint32_t ptime, uint32_t maxptime)
{
	struct codec_format f = codec_default(id);
	codec_fit_ptime(&f, ptime, maxptime);
	return f.ptime_ms;
}

static void test_packet_lengths_fit_both(void **state)
{
	(void)state;
	assert_int_equal(fitted(CODEC_PCMU, 0, 0), 20);
	assert_int_equal(fitted(CODEC_PCMU, 30, 0), 30);
	assert_int_equal(fitted(CODEC_PCMU, 1000, 0), 60);
	assert_int_equal(fitted(CODEC_PCMU, 40, 30), 30);
	assert_int_equal(fitted(CODEC_PCMU, 25, 0), 20);
	assert_int_equal(fitted(CODEC_PCMU, 5, 5), 10);   /* as near as we come */
	assert_int_equal(fitted(CODEC_OPUS, 30, 0), 20);  /* RFC 6716: no such frame */
	assert_int_equal(fitted(CODEC_GSM, 30, 0), 20);
	assert_int_equal(fitted(CODEC_GSM, 10, 10), 20);
	struct codec_format f = from("L16", 48000, 1, "");
	codec_fit_ptime(&f, 20, 0);
	assert_int_equal(f.ptime_ms, 10); /* 960 bytes; 20 ms are more than a packet */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_tone_passes_every_pair_in_both_directions),
		cmocka_unit_test(test_every_packet_length),
		cmocka_unit_test(test_opus_at_every_rate),
		cmocka_unit_test(test_rubbish_harms_nobody),
		cmocka_unit_test(test_no_room_is_an_error),
		cmocka_unit_test(test_first_sample_of_g726_is_in_the_low_bits),
		cmocka_unit_test(test_3_bits_go_from_the_low_end_too),
		cmocka_unit_test(test_opus_recovers_from_the_next_packet),
		cmocka_unit_test(test_opus_conceals_any_length),
		cmocka_unit_test(test_opus_is_silent_with_dtx),
		cmocka_unit_test(test_a_copied_encoder_goes_on),
		cmocka_unit_test(test_names_of_descriptions),
		cmocka_unit_test(test_opus_parameters),
		cmocka_unit_test(test_g729_takes_annex_b_unless_it_says_no),
		cmocka_unit_test(test_parameters_of_ours),
		cmocka_unit_test(test_our_names),
		cmocka_unit_test(test_packet_lengths_fit_both),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
