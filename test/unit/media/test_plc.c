// SPDX-License-Identifier: Apache-2.0
/* Concealment and stretching, heard by a tone that goes through them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "media/plc.h"
#include "tone.h"

static const uint32_t rates[] = {8000, 16000, 48000};

enum { RATES = 3, MAX = 48000 };

/* The largest step between neighbours: a click shows as one. */
static int steepest(const int16_t *pcm, size_t n)
{
	int most = 0;
	for (size_t i = 1; i < n; i++) {
		int step = abs(pcm[i] - pcm[i - 1]);
		most = step > most ? step : most;
	}
	return most;
}

static void test_a_lost_packet_of_a_tone_is_not_heard(void **state)
{
	(void)state;
	for (size_t k = 0; k < RATES; k++) {
		for (double hz = 110; hz < 800; hz += 37) {
			static int16_t pcm[MAX], whole[MAX];
			size_t frame = rates[k] / 50;
			struct plc p;
			plc_reset(&p, rates[k]);
			tone_make(whole, 6 * frame, 0, rates[k], hz, 10000);
			memcpy(pcm, whole, sizeof pcm);
			for (size_t i = 0; i < 6; i++) {
				if (i == 3)
					plc_fill(&p, pcm + i * frame, frame);
				else
					plc_good(&p, pcm + i * frame, frame);
			}
			assert_true(steepest(pcm, 6 * frame) < 2.2 * steepest(whole, 6 * frame) + 300);
			double before = tone_rms(whole + 3 * frame, frame / 2);
			double rms = tone_rms(pcm + 3 * frame, frame / 2) / before;
			assert_true(rms > 0.75 && rms < 1.3);
		}
	}
}

static void test_long_loss_fades_to_silence(void **state)
{
	(void)state;
	int16_t pcm[160];
	struct plc p;
	plc_reset(&p, 8000);
	for (size_t i = 0; i < 5; i++) {
		tone_make(pcm, 160, i * 160, 8000, 300, 10000);
		plc_good(&p, pcm, 160);
	}
	double before = 1e9;
	for (size_t i = 0; i < 6; i++) {
		plc_fill(&p, pcm, 160);
		double now = tone_rms(pcm, 160);
		assert_true(now <= before + 1);
		before = now;
	}
	assert_true(before == 0);
}

static void test_nothing_before_is_silence(void **state)
{
	(void)state;
	struct plc p;
	int16_t pcm[960];
	plc_reset(&p, 48000);
	plc_fill(&p, pcm, 960);
	assert_true(tone_rms(pcm, 960) == 0);
}

static void test_any_sizes_and_sounds(void **state)
{
	(void)state;
	struct rng rng;
	rng_init_seed(&rng, 1);
	for (size_t i = 0; i < 2000; i++) {
		struct plc p;
		uint32_t rate = rates[i % RATES];
		plc_reset(&p, rate);
		for (size_t k = 0; k < 6; k++) {
			int16_t pcm[3000];
			size_t n = rng_below(&rng, 2880);
			rng_bytes(&rng, pcm, n * 2);
			if (k % 2)
				plc_fill(&p, pcm, n);
			else
				plc_good(&p, pcm, n);
			size_t less = plc_shorten(rate, pcm, n);
			assert_true(less <= n && less >= n / 2);
			size_t more = plc_lengthen(rate, pcm, less, 3000);
			assert_true(more >= less && more <= 3000);
		}
	}
}

static void test_stretched_tones_stay_tones(void **state)
{
	(void)state;
	for (size_t k = 0; k < RATES; k++) {
		for (double hz = 210; hz < 900; hz += 31) {
			static int16_t pcm[MAX], whole[MAX];
			size_t n = rates[k] / 50, room = 2 * n;
			tone_make(whole, n, 0, rates[k], hz, 10000);
			memcpy(pcm, whole, sizeof pcm);
			size_t less = plc_shorten(rates[k], pcm, n);
			assert_true(less < n);
			assert_true(steepest(pcm, less) < 1.6 * steepest(whole, n) + 200);
			assert_true(fabs(tone_rms(pcm, less) / tone_rms(whole, n) - 1) < 0.15);
			memcpy(pcm, whole, sizeof pcm);
			size_t more = plc_lengthen(rates[k], pcm, n, room);
			assert_true(more > n);
			assert_true(steepest(pcm, more) < 1.6 * steepest(whole, n) + 200);
			assert_true(fabs(tone_rms(pcm, more) / tone_rms(whole, n) - 1) < 0.15);
			assert_int_equal(plc_lengthen(rates[k], pcm, n, n), n);
		}
	}
}

/* Two tones that have no period in common: only a blend hides the joint. */
static void test_joints_are_blended(void **state)
{
	(void)state;
	for (double hz = 300; hz < 700; hz += 23) {
		int16_t pcm[640], whole[640];
		tone_make(whole, 320, 0, 16000, hz, 6000);
		tone_add(whole, 320, 0, 16000, hz * 1.618, 6000);
		memcpy(pcm, whole, sizeof pcm);
		size_t less = plc_shorten(16000, pcm, 320);
		assert_true(steepest(pcm, less) < 1.3 * steepest(whole, 320));
		memcpy(pcm, whole, sizeof pcm);
		size_t more = plc_lengthen(16000, pcm, 320, 640);
		assert_true(steepest(pcm, more) < 1.3 * steepest(whole, 320));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_lost_packet_of_a_tone_is_not_heard),
		cmocka_unit_test(test_long_loss_fades_to_silence),
		cmocka_unit_test(test_nothing_before_is_silence),
		cmocka_unit_test(test_any_sizes_and_sounds),
		cmocka_unit_test(test_stretched_tones_stay_tones),
		cmocka_unit_test(test_joints_are_blended),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
