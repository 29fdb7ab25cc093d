// SPDX-License-Identifier: Apache-2.0
/* Comfort noise: RFC 3389. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include "base/rng.h"
#include "media/codec/cn.h"
#include "tone.h"

enum { N = 8000 };

static void test_noise_is_as_loud_as_the_payload_says /* 3.1 */ (void **state)
{
	(void)state;
	static const uint8_t colours[] = {127, 180, 90, 127, 150};
	int16_t pcm[N];
	for (uint8_t level = 20; level < 70; level += 10) {
		for (size_t order = 0; order <= 5; order++) {
			struct cn c;
			uint8_t p[6] = {level};
			for (size_t i = 0; i < order; i++)
				p[1 + i] = colours[i];
			cn_init(&c, 5);
			cn_payload(&c, p, 1 + order);
			cn_make(&c, pcm, N);
			assert_true(fabs(cn_level(pcm, N) - (double)level) <= 1);
		}
	}
}

static void test_colour_is_heard /* 3.2 */ (void **state)
{
	(void)state;
	int16_t pcm[N];
	for (int sign = -1; sign <= 1; sign += 2) { /* neighbours are like each other, or the opposite */
		struct cn c;
		uint8_t p[2] = {30, (uint8_t)(127 + sign * 100)};
		cn_init(&c, 5);
		cn_payload(&c, p, 2);
		cn_make(&c, pcm, N);
		double together = 0, alone = 0;
		for (size_t i = 1; i < N; i++)
			together += pcm[i] * (double)pcm[i - 1], alone += pcm[i] * (double)pcm[i];
		assert_true(-sign * together / alone > 0.6);
	}
}

static void test_silence_before_and_at_127(void **state)
{
	(void)state;
	struct cn c;
	int16_t pcm[160];
	uint8_t quiet = 127;
	cn_init(&c, 1);
	cn_make(&c, pcm, 160);
	assert_true(tone_rms(pcm, 160) == 0);
	cn_payload(&c, &quiet, 1);
	cn_payload(&c, NULL, 0);
	cn_make(&c, pcm, 160);
	assert_true(tone_rms(pcm, 160) == 0);
	assert_int_equal(cn_level(pcm, 160), 127);
}

static void test_any_payload_is_noise_and_no_more(void **state)
{
	(void)state;
	struct rng rng;
	rng_init_seed(&rng, 2);
	struct cn c;
	cn_init(&c, 1);
	for (size_t i = 0; i < 500; i++) {
		uint8_t p[40];
		int16_t pcm[160];
		size_t n = rng_below(&rng, sizeof p);
		rng_bytes(&rng, p, n);
		cn_payload(&c, p, n);
		cn_make(&c, pcm, 160);
		for (size_t k = 0; k <= c.order; k++)
			assert_true(isfinite(c.state[k]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_noise_is_as_loud_as_the_payload_says),
		cmocka_unit_test(test_colour_is_heard),
		cmocka_unit_test(test_silence_before_and_at_127),
		cmocka_unit_test(test_any_payload_is_noise_and_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
