// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "media/rtp_out.h"

enum { TICK_US = 20000, TICKS = 160 };

static struct rtp_header next(struct rtp_out *o, uint64_t now_us)
{
	struct rtp_header h;
	rtp_out_packet(o, now_us, TICKS, 160, &h);
	return h;
}

static void test_packets_follow_each_other(void **state)
{
	(void)state;
	struct rtp_out o;
	rtp_out_start(&o, 7, 65535, 0xffffff60u, 8000, 0);
	struct rtp_header a = next(&o, 0), b = next(&o, TICK_US);
	assert_true(a.marker);
	assert_false(b.marker);
	assert_int_equal(b.seq, 0);
	assert_int_equal(b.timestamp, 0);
	assert_int_equal(a.ssrc, 7);
}

static void test_a_pause_is_in_the_timestamps_and_ends_with_a_marker(void **state)
{
	(void)state;
	struct rtp_out o;
	rtp_out_start(&o, 7, 1, 1000, 8000, 0);
	(void)next(&o, 0);
	struct rtp_header h = next(&o, 1000000);
	assert_true(h.marker);
	assert_int_equal(h.seq, 2);
	assert_int_equal(h.timestamp, 1000 + 8000);
}

static void test_what_is_not_sent_leaves_no_gap_in_the_numbers(void **state)
{
	(void)state;
	struct rtp_out o;
	rtp_out_start(&o, 7, 1, 1000, 8000, 0);
	(void)next(&o, 0);
	rtp_out_skip(&o, TICK_US, TICKS);
	struct rtp_header h = next(&o, 2 * TICK_US);
	assert_true(h.marker);
	assert_int_equal(h.seq, 2);
	assert_int_equal(h.timestamp, 1000 + 2 * TICKS);
}

static struct rtp_header relay(struct rtp_out *o, uint16_t seq, uint32_t timestamp, uint32_t ssrc,
                               uint64_t now_us)
{
	uint8_t p[RTP_HEADER_MIN + 4] = {0};
	struct rtp_header h = {.seq = seq, .timestamp = timestamp, .ssrc = ssrc};
	rtp_put(p, &h);
	assert_int_equal(rtp_parse(&h, p, sizeof p), 0);
	rtp_out_relay(o, 3, p, &h, now_us);
	assert_int_equal(rtp_parse(&h, p, sizeof p), 0);
	return h;
}

static void test_a_relayed_source_goes_on_behind_us_and_we_behind_it(void **state)
{
	(void)state;
	struct rtp_out o;
	rtp_out_start(&o, 7, 10, 1000, 8000, 0);
	(void)next(&o, 0);
	struct rtp_header h = relay(&o, 500, 77000, 99, TICK_US);
	assert_int_equal(h.ssrc, 7);
	assert_int_equal(h.seq, 11);
	assert_int_equal(h.timestamp, 1000 + TICKS);
	assert_true(h.marker);
	/* Out of order it stays. */
	assert_int_equal(relay(&o, 502, 77320, 99, 3 * TICK_US).seq, 13);
	assert_int_equal(relay(&o, 501, 77160, 99, 3 * TICK_US).seq, 12);
	/* The same source with a new SSRC begins anew, behind what was sent. */
	h = relay(&o, 9000, 5, 98, 4 * TICK_US);
	assert_int_equal(h.seq, 14);
	assert_int_equal(h.timestamp, 1000 + 4 * TICKS);
	h = next(&o, 4 * TICK_US + 5000);
	assert_int_equal(h.seq, 15);
	assert_int_equal(h.timestamp, 1000 + 5 * TICKS);
	assert_true(h.marker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_packets_follow_each_other),
	    cmocka_unit_test(test_a_pause_is_in_the_timestamps_and_ends_with_a_marker),
	    cmocka_unit_test(test_what_is_not_sent_leaves_no_gap_in_the_numbers),
	    cmocka_unit_test(test_a_relayed_source_goes_on_behind_us_and_we_behind_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
