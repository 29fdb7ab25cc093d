// SPDX-License-Identifier: Apache-2.0
/* VoIP metrics: RFC 3611. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "rtp/rtcp_xr.h"

static const uint8_t xr[] = {
	0x80, 207, 0, 13, 0, 0, 0, 9,                       /* the packet */
	4, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8,                 /* receiver reference time: not for us */
	7, 0, 0, 8, 0, 0, 0, 42,                            /* VoIP metrics, section 4.7 */
	13, 5, 100, 2, 0x01, 0x2c, 0x10, 0x00, 0, 80, 0, 60,
	0xec, 0xc4, 127, 16, 80, 127, 41, 40,
	0xf2, 0, 0, 40, 0, 120, 1, 0x2c,
};

static bool first(const uint8_t *p, size_t n, struct rtcp_packet *pk)
{
	struct rtcp_iter it;
	return rtcp_check(&it, p, n) == 0 && rtcp_next(&it, pk);
}

static void test_the_block_is_read /* 4.7 */ (void **state)
{
	(void)state;
	struct rtcp_packet pk;
	struct rtcp_voip v;
	size_t at = 0;
	assert_true(first(xr, sizeof xr, &pk));
	assert_true(rtcp_xr_voip(&pk, &at, &v));
	assert_int_equal(v.ssrc, 42);
	assert_int_equal(v.loss_256, 13);
	assert_int_equal(v.discard_256, 5);
	assert_int_equal(v.burst_density_256, 100);
	assert_int_equal(v.gap_density_256, 2);
	assert_int_equal(v.burst_ms, 300);
	assert_int_equal(v.gap_ms, 4096);
	assert_int_equal(v.rtt_ms, 80);
	assert_int_equal(v.end_system_ms, 60);
	assert_int_equal(v.signal_dbm0, -20);
	assert_int_equal(v.noise_dbm0, -60);
	assert_int_equal(v.rerl_db, RTCP_XR_NONE);
	assert_int_equal(v.gmin, 16);
	assert_int_equal(v.r, 80);
	assert_int_equal(v.external_r, RTCP_XR_NONE);
	assert_int_equal(v.mos_lq_10, 41);
	assert_int_equal(v.mos_cq_10, 40);
	assert_int_equal(v.plc, RTCP_XR_PLC_STANDARD);
	assert_true(v.adaptive);
	assert_int_equal(v.buffer_ms, 40);
	assert_int_equal(v.buffer_max_ms, 120);
	assert_int_equal(v.buffer_abs_max_ms, 300);
	assert_false(rtcp_xr_voip(&pk, &at, &v));
}

static void test_other_packets_have_none(void **state)
{
	(void)state;
	static const uint8_t rr[] = {0x80, 201, 0, 1, 0, 0, 0, 9};
	struct rtcp_packet pk;
	struct rtcp_voip v;
	size_t at = 0;
	assert_true(first(rr, sizeof rr, &pk));
	assert_false(rtcp_xr_voip(&pk, &at, &v));
}

static void test_any_bytes_end(void **state)
{
	(void)state;
	struct rng rng;
	rng_init_seed(&rng, 3);
	for (size_t i = 0; i < 20000; i++) {
		size_t n = (8 + rng_below(&rng, 60)) & ~3u;
		uint8_t *p = malloc(n);
		rng_bytes(&rng, p, n);
		p[0] = 0x80, p[1] = 207, p[2] = 0, p[3] = (uint8_t)(n / 4 - 1);
		if (n > 12)
			p[8] = 7, p[10] = 0, p[11] = (uint8_t)rng_below(&rng, 12);
		struct rtcp_packet pk;
		struct rtcp_voip v;
		size_t at = 0, found = 0;
		assert_true(first(p, n, &pk));
		while (rtcp_xr_voip(&pk, &at, &v))
			found++;
		assert_true(found <= 2);
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_block_is_read),
		cmocka_unit_test(test_other_packets_have_none),
		cmocka_unit_test(test_any_bytes_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
