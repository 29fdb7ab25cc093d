// SPDX-License-Identifier: Apache-2.0
/* A tone from rate to rate. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>

#include "media/resample.h"
#include "tone.h"

static const uint32_t rates[] = {8000, 12000, 16000, 24000, 32000, 48000};

enum { RATES = 6, PACKETS = 50 };

static void test_a_tone_stays_a_tone(void **state)
{
	(void)state;
	static int16_t out[PACKETS * 960 + 100];
	for (size_t i = 0; i < RATES * RATES; i++) {
		uint32_t from = rates[i / RATES], to = rates[i % RATES];
		struct resampler *r;
		int16_t in[960];
		size_t n = from / 50, at = 0;
		assert_int_equal(resampler_new(&r, from, to), 0);
		for (size_t k = 0; k < PACKETS; k++) {
			tone_make(in, n, k * n, from, 1004, 8000);
			size_t got = resampler_run(r, in, n, out + at, sizeof out / 2 - at);
			if (from % to == 0 || to % from == 0)
				assert_int_equal(got, to / 50);
			at += got;
		}
		assert_in_range(at, to - 4, to + 4);
		struct tone_found t = tone_find(out + at / 2, at / 4, to, 1004);
		assert_true(t.snr_db > 45);
		assert_true(fabs(t.peak - 8000) < 200);
		resampler_free(r);
	}
}

static void test_what_the_lower_rate_cannot_hold_goes(void **state)
{
	(void)state;
	struct resampler *r;
	int16_t in[960], out[162];
	double loudest = 0;
	assert_int_equal(resampler_new(&r, 48000, 8000), 0);
	for (size_t k = 0; k < PACKETS; k++) {
		tone_make(in, 960, k * 960, 48000, 6500, 8000);
		size_t got = resampler_run(r, in, 960, out, 162);
		if (k > 1)
			loudest = fmax(loudest, tone_rms(out, got));
	}
	assert_true(loudest < 60); /* of 5657: no alias */
	resampler_free(r);
}

static void test_rates_that_are_none(void **state)
{
	(void)state;
	struct resampler *r = NULL;
	assert_int_equal(resampler_new(&r, 0, 8000), EINVAL);
	assert_int_equal(resampler_new(&r, 8000, RESAMPLER_MAX_HZ + 1), EINVAL);
	assert_null(r);
	resampler_free(NULL);
}

static void test_a_reset_forgets(void **state)
{
	(void)state;
	struct resampler *r;
	int16_t in[160], out[322], zero[160] = {0};
	assert_int_equal(resampler_new(&r, 8000, 16000), 0);
	tone_make(in, 160, 0, 8000, 700, 8000);
	resampler_run(r, in, 160, out, 322);
	resampler_reset(r);
	assert_int_equal(resampler_run(r, zero, 160, out, 322), 320);
	assert_true(tone_rms(out, 320) == 0);
	resampler_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_tone_stays_a_tone),
		cmocka_unit_test(test_what_the_lower_rate_cannot_hold_goes),
		cmocka_unit_test(test_rates_that_are_none),
		cmocka_unit_test(test_a_reset_forgets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
