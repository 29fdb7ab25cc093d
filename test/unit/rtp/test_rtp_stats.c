// SPDX-License-Identifier: Apache-2.0
/* Receiver statistics: RFC 3550 appendices A.1, A.3, A.8. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "rtp/rtp_stats.h"

enum { SSRC = 0x1234, FRAME_US = 20000, FRAME_TS = 160 };

static enum rtp_seen feed_ssrc(struct rtp_receiver *r, uint32_t ssrc, uint16_t seq)
{
	struct rtp_header h = {.ssrc = ssrc, .seq = seq, .timestamp = (uint32_t)seq * FRAME_TS};
	return rtp_receiver_packet(r, &h, (uint64_t)seq * FRAME_US, true);
}

static enum rtp_seen feed(struct rtp_receiver *r, uint16_t seq)
{
	return feed_ssrc(r, SSRC, seq);
}

/* A receiver that has heard `n` packets in sequence, from `first` on. */
static struct rtp_receiver heard(uint16_t first, size_t n)
{
	struct rtp_receiver r;
	rtp_receiver_init(&r, 8000);
	for (size_t i = 0; i < n; i++)
		feed(&r, (uint16_t)(first + i));
	return r;
}

static void test_source_is_valid_after_two_in_sequence /* A.1 */ (void **state)
{
	(void)state;
	struct rtp_receiver r;
	struct rtcp_block b;
	rtp_receiver_init(&r, 8000);
	assert_int_equal(feed(&r, 100), RTP_SEEN_PROBATION);
	assert_false(rtp_receiver_block(&r, 0, &b));
	assert_int_equal(feed(&r, 103), RTP_SEEN_JUMP);
	assert_int_equal(feed(&r, 104), RTP_SEEN_NEW);
	assert_true(rtp_receiver_block(&r, 0, &b));
	assert_int_equal(b.ext_seq, 104);
	assert_int_equal(r.packets, 2);
	assert_int_equal(r.jumps, 1); /* 100: never proven */
	assert_int_equal(r.restarts, 0);
}

static void test_wrap_counts_a_cycle /* A.1 */ (void **state)
{
	(void)state;
	struct rtp_receiver r = heard(65530, 20);
	struct rtcp_block b;
	assert_true(rtp_receiver_block(&r, 0, &b));
	assert_int_equal(b.ext_seq, 0x10000 + 13);
	assert_int_equal(rtp_receiver_lost(&r), 0);
	assert_int_equal(r.packets, 20);
	/* the wrap may fall on the second packet, which is where counting begins */
	r = heard(65535, 3);
	assert_true(rtp_receiver_block(&r, 0, &b));
	assert_int_equal(b.ext_seq, 0x10001);
	assert_int_equal(b.lost, 0);
}

static void test_loss_is_expected_less_received /* A.3 */ (void **state)
{
	(void)state;
	struct rtp_receiver r = heard(0, 10);
	struct rtcp_block b;
	feed(&r, 14); /* 10-13 are missing */
	feed(&r, 15);
	assert_int_equal(rtp_receiver_lost(&r), 4);
	assert_true(rtp_receiver_block(&r, 0, &b));
	assert_int_equal(b.lost, 4);
	assert_int_equal(b.fraction, 4 * 256 / 16);
	assert_true(rtp_receiver_block(&r, 0, &b));
	assert_int_equal(b.fraction, 0); /* nothing came since */
	assert_int_equal(b.lost, 4);
	for (uint16_t s = 16; s < 24; s++)
		feed(&r, s);
	assert_true(rtp_receiver_block(&r, 0, &b));
	assert_int_equal(b.fraction, 0);
	assert_int_equal(b.lost, 4);
}

static void test_late_packet_takes_loss_back /* A.1, A.3 */ (void **state)
{
	(void)state;
	struct rtp_receiver r = heard(0, 10);
	assert_int_equal(feed(&r, 12), RTP_SEEN_NEW);
	assert_int_equal(rtp_receiver_lost(&r), 2);
	assert_int_equal(feed(&r, 10), RTP_SEEN_REORDERED);
	assert_int_equal(feed(&r, 11), RTP_SEEN_REORDERED);
	assert_int_equal(rtp_receiver_lost(&r), 0);
	assert_int_equal(r.reordered, 2);
	assert_int_equal(r.packets, 13);
}

static void test_late_packet_across_the_wrap /* A.1 */ (void **state)
{
	(void)state;
	struct rtp_receiver r = heard(65530, 5);
	feed(&r, 1); /* 65535 and 0 are missing */
	assert_int_equal(feed(&r, 65535), RTP_SEEN_REORDERED);
	struct rtcp_block b;
	assert_true(rtp_receiver_block(&r, 0, &b));
	assert_int_equal(b.ext_seq, 0x10001);
	assert_int_equal(rtp_receiver_lost(&r), 1);
}

static void test_duplicates_do_not_hide_loss /* A.3 */ (void **state)
{
	(void)state;
	struct rtp_receiver r = heard(0, 10);
	struct rtcp_block b;
	feed(&r, 12);
	assert_int_equal(feed(&r, 12), RTP_SEEN_DUPLICATE);
	assert_int_equal(feed(&r, 9), RTP_SEEN_DUPLICATE);
	assert_int_equal(feed(&r, 9), RTP_SEEN_DUPLICATE);
	assert_int_equal(rtp_receiver_lost(&r), 2);
	assert_int_equal(r.duplicate, 3);
	assert_int_equal(r.packets, 11);
	assert_true(rtp_receiver_block(&r, 0, &b));
	assert_int_equal(b.lost, -1); /* the block is as the RFC counts: negative when more came */
	assert_int_equal(b.fraction, 0);
}

static void test_packet_from_before_the_first_makes_up_for_nothing /* A.3 */ (void **state)
{
	(void)state;
	struct rtp_receiver r = heard(10, 5);
	assert_int_equal(feed(&r, 8), RTP_SEEN_REORDERED);
	feed(&r, 16); /* 15 is missing */
	assert_int_equal(rtp_receiver_lost(&r), 1);
}

static void test_dropout_limit /* A.1: MAX_DROPOUT, MAX_MISORDER */ (void **state)
{
	(void)state;
	struct rtp_receiver r = heard(0, 200);
	struct rtp_receiver s = r;
	assert_int_equal(feed(&s, 199 + RTP_MAX_DROPOUT - 1), RTP_SEEN_NEW);
	assert_int_equal(rtp_receiver_lost(&s), RTP_MAX_DROPOUT - 2);
	s = r;
	assert_int_equal(feed(&s, 199 + RTP_MAX_DROPOUT), RTP_SEEN_JUMP);
	assert_int_equal(rtp_receiver_lost(&s), 0);
	s = r;
	assert_int_equal(feed(&s, 199 - RTP_MAX_MISORDER), RTP_SEEN_JUMP);
	assert_int_equal(s.jumps, 1);
}

static void test_two_in_sequence_behind_a_jump_restart /* A.1 */ (void **state)
{
	(void)state;
	struct rtp_receiver r = heard(0, 10);
	struct rtcp_block b;
	feed(&r, 11); /* one lost before the restart: it stays in the total */
	assert_int_equal(feed(&r, 30000), RTP_SEEN_JUMP);
	assert_int_equal(feed(&r, 30001), RTP_SEEN_RESTART);
	assert_int_equal(feed(&r, 30002), RTP_SEEN_NEW);
	assert_int_equal(r.restarts, 1);
	assert_int_equal(r.packets, 14);
	assert_int_equal(r.jumps, 0);
	assert_int_equal(rtp_receiver_lost(&r), 1);
	assert_true(rtp_receiver_block(&r, 0, &b));
	assert_int_equal(b.lost, 0);
	assert_int_equal(b.ext_seq, 30002);
}

static void test_one_stray_ssrc_changes_nothing /* 8.2, A.1 */ (void **state)
{
	(void)state;
	struct rtp_receiver r = heard(0, 10);
	assert_int_equal(feed_ssrc(&r, 99, 10), RTP_SEEN_JUMP);
	assert_int_equal(feed(&r, 10), RTP_SEEN_NEW);
	assert_int_equal(r.ssrc, SSRC);
	/* the next one of the other source is in sequence with the stray one, of another SSRC not */
	assert_int_equal(feed_ssrc(&r, 98, 11), RTP_SEEN_JUMP);
	assert_int_equal(feed_ssrc(&r, 98, 12), RTP_SEEN_RESTART);
	assert_int_equal(r.ssrc, 98);
}

static void test_jitter_of_a_steady_stream_is_zero /* A.8 */ (void **state)
{
	(void)state;
	struct rtp_receiver r = heard(65000, 2000); /* over the wrap of the sequence */
	assert_int_equal(rtp_receiver_jitter_us(&r), 0);
	assert_int_equal(rtp_receiver_max_jitter_us(&r), 0);
}

static void test_jitter_follows_the_formula /* 6.4.1: J += (|D| - J) / 16 */ (void **state)
{
	(void)state;
	struct rtp_receiver r;
	rtp_receiver_init(&r, 8000);
	double want = 0;
	for (uint16_t i = 0; i < 1000; i++) { /* every other packet is 10 ms = 80 units late */
		struct rtp_header h = {.ssrc = SSRC, .seq = i, .timestamp = i * 160u + 0xffffff00u};
		rtp_receiver_packet(&r, &h, i * UINT64_C(20000) + (i & 1) * UINT64_C(10000), true);
		if (i >= 2)
			want += (80.0 - want) / 16;
	}
	struct rtcp_block b;
	assert_true(rtp_receiver_block(&r, 0, &b));
	assert_in_range(b.jitter, (uint32_t)want - 1, (uint32_t)want + 1);
	assert_in_range(rtp_receiver_jitter_us(&r), 9800, 10200);
}

static void test_untimed_packets_leave_jitter_alone /* RFC 4733 2.5.1.2 */ (void **state)
{
	(void)state;
	struct rtp_receiver r = heard(0, 10);
	for (uint16_t i = 10; i < 60; i++) {
		struct rtp_header h = {.ssrc = SSRC, .seq = i, .timestamp = 10 * FRAME_TS};
		assert_int_equal(rtp_receiver_packet(&r, &h, (uint64_t)i * FRAME_US, false), RTP_SEEN_NEW);
	}
	feed(&r, 60);
	assert_int_equal(rtp_receiver_max_jitter_us(&r), 0);
	assert_int_equal(rtp_receiver_lost(&r), 0);
}

static void test_leap_of_timestamp_is_no_jitter /* A.8 */ (void **state)
{
	(void)state;
	struct rtp_receiver r = heard(0, 10);
	for (uint16_t i = 10; i < 20; i++) {
		struct rtp_header h = {.ssrc = SSRC, .seq = i, .timestamp = 0x80000000u + i * 160u};
		rtp_receiver_packet(&r, &h, (uint64_t)i * FRAME_US, true);
	}
	assert_int_equal(rtp_receiver_max_jitter_us(&r), 0);
}

static void test_worst_jitter_is_kept_over_a_change_of_clock(void **state)
{
	(void)state;
	struct rtp_receiver r = heard(0, 10);
	struct rtp_header h = {.ssrc = SSRC, .seq = 10, .timestamp = 10 * FRAME_TS};
	rtp_receiver_packet(&r, &h, 10 * FRAME_US + 160000, true); /* 160 ms late */
	assert_int_equal(rtp_receiver_jitter_us(&r), 10000);
	rtp_receiver_clock(&r, 48000);
	assert_int_equal(rtp_receiver_jitter_us(&r), 0);
	assert_int_equal(rtp_receiver_max_jitter_us(&r), 10000);
	rtp_receiver_clock(&r, RTP_MAX_CLOCK_HZ + 1);
	assert_int_equal(r.clock_hz, 0);
	feed(&r, 11);
	assert_int_equal(rtp_receiver_jitter_us(&r), 0);
}

static void test_delay_since_last_sr /* 6.4.1: LSR, DLSR */ (void **state)
{
	(void)state;
	struct rtp_receiver r = heard(0, 10);
	struct rtcp_sender s = {.ntp = UINT64_C(0xb44db70520000000)};
	struct rtcp_block b;
	rtp_receiver_sr(&r, 99, &s, 1000000); /* somebody else's */
	assert_true(rtp_receiver_block(&r, 2000000, &b));
	assert_int_equal(b.lsr, 0);
	assert_int_equal(b.dlsr, 0);
	rtp_receiver_sr(&r, SSRC, &s, 1000000);
	assert_true(rtp_receiver_block(&r, 6250000, &b));
	assert_int_equal(b.lsr, 0xb7052000);
	assert_int_equal(b.dlsr, 0x00054000);
}

static void test_fraction_is_255_at_most /* A.3 */ (void **state)
{
	(void)state;
	struct rtp_receiver r = heard(0, 2);
	struct rtcp_block b;
	assert_true(rtp_receiver_block(&r, 0, &b));
	feed(&r, 2900);
	assert_true(rtp_receiver_block(&r, 0, &b));
	assert_int_equal(b.fraction, 255);
}

/* Whatever comes, the figures hold together. */
static void test_any_sequence_keeps_the_sums(void **state)
{
	(void)state;
	struct rtp_receiver r;
	uint32_t seed = 3;
	uint64_t fed = 0;
	rtp_receiver_init(&r, 8000);
	for (int i = 0; i < 200000; i++) {
		seed = seed * 1664525 + 1013904223;
		uint32_t near = (uint32_t)i + (seed >> 24 & 7);
		uint16_t seq = (uint16_t)(seed >> 28 ? near : seed >> 8);
		struct rtp_header h = {.ssrc = SSRC + (seed >> 27 == 5), .seq = seq, .timestamp = seed};
		rtp_receiver_packet(&r, &h, seed, true);
		fed++;
		assert_true(r.packets + r.duplicate + r.jumps == fed);
		assert_true(r.source_dups <= r.received);
		assert_true(rtp_receiver_lost(&r) <= fed * RTP_MAX_DROPOUT);
	}
	assert_true(r.restarts > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_source_is_valid_after_two_in_sequence),
		cmocka_unit_test(test_wrap_counts_a_cycle),
		cmocka_unit_test(test_loss_is_expected_less_received),
		cmocka_unit_test(test_late_packet_takes_loss_back),
		cmocka_unit_test(test_late_packet_across_the_wrap),
		cmocka_unit_test(test_duplicates_do_not_hide_loss),
		cmocka_unit_test(test_packet_from_before_the_first_makes_up_for_nothing),
		cmocka_unit_test(test_dropout_limit),
		cmocka_unit_test(test_two_in_sequence_behind_a_jump_restart),
		cmocka_unit_test(test_one_stray_ssrc_changes_nothing),
		cmocka_unit_test(test_jitter_of_a_steady_stream_is_zero),
		cmocka_unit_test(test_jitter_follows_the_formula),
		cmocka_unit_test(test_untimed_packets_leave_jitter_alone),
		cmocka_unit_test(test_leap_of_timestamp_is_no_jitter),
		cmocka_unit_test(test_worst_jitter_is_kept_over_a_change_of_clock),
		cmocka_unit_test(test_delay_since_last_sr),
		cmocka_unit_test(test_fraction_is_255_at_most),
		cmocka_unit_test(test_any_sequence_keeps_the_sums),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
