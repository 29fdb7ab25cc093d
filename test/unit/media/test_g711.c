// SPDX-License-Identifier: Apache-2.0
/* G.711: the tables and the encoder against the recommendation's own arithmetic. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "media/codec/codec.h"
#include "media/codec/g711.h"

/* Table 2: the value in the middle of an interval, 14 bits scaled to 16. */
static int ulaw_value(unsigned code)
{
	unsigned c = ~code & 0xff, mantissa = c & 15, segment = c >> 4 & 7;
	int v = (int)((mantissa * 2 + 33) << segment) - 33;
	return (c & 0x80 ? -v : v) * 4;
}

/* Table 1, 13 bits scaled to 16. */
static int alaw_value(unsigned code)
{
	unsigned c = code ^ 0x55, mantissa = c & 15, segment = c >> 4 & 7;
	int v = segment ? (int)((mantissa * 2 + 33) << (segment - 1)) : (int)(mantissa * 2 + 1);
	return (c & 0x80 ? v : -v) * 8;
}

static void test_tables_are_the_recommendation /* tables 1a to 2b */ (void **state)
{
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		assert_int_equal(g711_ulaw_pcm[c], ulaw_value(c));
		assert_int_equal(g711_alaw_pcm[c], alaw_value(c));
	}
	assert_int_equal(g711_ulaw_pcm[0x80], 32124); /* 8031, the largest */
	assert_int_equal(g711_alaw_pcm[0xaa], 32256); /* 4032 */
}

/* The width of a code's interval, 16 bits. */
static int ulaw_step(unsigned code)
{
	return 8 << (~code >> 4 & 7);
}

static int alaw_step(unsigned code)
{
	unsigned segment = (code ^ 0x55) >> 4 & 7;
	return 16 << (segment ? segment - 1 : 0);
}

static void test_every_sample_gets_the_code_of_its_interval(void **state)
{
	(void)state;
	for (int x = INT16_MIN; x <= INT16_MAX; x++) {
		int16_t pcm = (int16_t)x;
		uint8_t u, a;
		g711_ulaw_encode(&u, &pcm, 1);
		g711_alaw_encode(&a, &pcm, 1);
		if (abs(x) < 32636) /* above is clipped */
			assert_true(abs(ulaw_value(u) - x) <= ulaw_step(u) / 2);
		assert_true(abs(alaw_value(a) - x) <= alaw_step(a) / 2);
	}
}

static void test_a_code_comes_back_as_itself(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		uint8_t u, a;
		g711_ulaw_encode(&u, &g711_ulaw_pcm[c], 1);
		g711_alaw_encode(&a, &g711_alaw_pcm[c], 1);
		assert_int_equal(u, c == 0x7f ? 0xff : c); /* minus nought is nought */
		assert_int_equal(a, c);
	}
}

static void test_blocks_and_the_rest_are_the_same(void **state)
{
	(void)state;
	int16_t pcm[177];
	uint8_t u[177], a[177];
	for (size_t i = 0; i < 177; i++)
		pcm[i] = (int16_t)(i * 372 - 32768);
	g711_ulaw_encode(u, pcm, 177);
	g711_alaw_encode(a, pcm, 177);
	for (size_t i = 0; i < 177; i++) {
		uint8_t one;
		g711_ulaw_encode(&one, pcm + i, 1);
		assert_int_equal(u[i], one);
		g711_alaw_encode(&one, pcm + i, 1);
		assert_int_equal(a[i], one);
	}
}

static void test_direct_is_by_way_of_linear(void **state)
{
	(void)state;
	const uint8_t *to_a = codec_direct(CODEC_PCMU, CODEC_PCMA);
	const uint8_t *to_u = codec_direct(CODEC_PCMA, CODEC_PCMU);
	for (unsigned c = 0; c < 256; c++) {
		uint8_t a, u;
		g711_alaw_encode(&a, &g711_ulaw_pcm[c], 1);
		g711_ulaw_encode(&u, &g711_alaw_pcm[c], 1);
		assert_int_equal(to_a[c], a);
		assert_int_equal(to_u[c], u);
	}
	assert_null(codec_direct(CODEC_PCMU, CODEC_PCMU));
	assert_null(codec_direct(CODEC_PCMU, CODEC_L16));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables_are_the_recommendation),
		cmocka_unit_test(test_every_sample_gets_the_code_of_its_interval),
		cmocka_unit_test(test_a_code_comes_back_as_itself),
		cmocka_unit_test(test_blocks_and_the_rest_are_the_same),
		cmocka_unit_test(test_direct_is_by_way_of_linear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
