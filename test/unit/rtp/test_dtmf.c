// SPDX-License-Identifier: Apache-2.0
/* Digits in RTP: RFC 4733. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "rtp/dtmf.h"

enum { SSRC = 7, END = 0x80, FRAME = 160, FRAME_MS = 20 };

struct sender {
	struct dtmf_rx rx;
	uint64_t now_ms;
	struct dtmf_press out[DTMF_MAX_PRESSES];
};

static struct sender begin(uint32_t clock_hz)
{
	struct sender s = {.now_ms = 1000};
	dtmf_rx_start(&s.rx, clock_hz);
	return s;
}

static size_t send(struct sender *s, uint8_t event, uint8_t bits, uint32_t ts, uint16_t duration,
                   bool marker)
{
	uint8_t p[] = {event, bits | 10, (uint8_t)(duration >> 8), (uint8_t)duration};
	s->now_ms += FRAME_MS;
	return dtmf_rx_packet(&s->rx, p, sizeof p, SSRC, ts, marker, s->now_ms, s->out);
}

/* A press as a phone sends it, with its end three times; returns how often it was reported. */
static size_t press(struct sender *s, uint8_t event, uint32_t ts, size_t frames)
{
	size_t n = 0;
	for (size_t i = 1; i <= frames; i++)
		n += send(s, event, 0, ts, (uint16_t)(i * FRAME), i == 1);
	for (size_t i = 0; i < 3; i++)
		n += send(s, event, END, ts, (uint16_t)(frames * FRAME), false);
	return n;
}

static void test_one_press_is_reported_once /* 2.5.1.4 */ (void **state)
{
	(void)state;
	struct sender s = begin(8000);
	assert_int_equal(press(&s, 5, 1000, 5), 1);
	assert_int_equal(s.out[0].digit, '5');
	assert_int_equal(s.out[0].duration_ms, 100);
	assert_int_equal(s.out[0].volume, 10);
	struct dtmf_press p;
	assert_false(dtmf_rx_timeout(&s.rx, s.now_ms + 100000, 100, &p));
}

static void test_all_digits /* 3.2, table 3 */ (void **state)
{
	(void)state;
	struct sender s = begin(8000);
	for (uint8_t e = 0; e < 16; e++) {
		assert_int_equal(press(&s, e, 1000 + e * 4000u, 2), 1);
		assert_int_equal(s.out[0].digit, "0123456789*#ABCD"[e]);
	}
	for (unsigned e = 16; e < 256; e++) /* flash and tones are no digits */
		assert_int_equal(press(&s, (uint8_t)e, 100000 + e * 4000u, 2), 0);
}

static void test_same_digit_twice_is_two_presses /* 2.5.1.2 */ (void **state)
{
	(void)state;
	struct sender s = begin(8000);
	assert_int_equal(press(&s, 1, 1000, 2), 1);
	assert_int_equal(press(&s, 1, 2000, 2), 1);
}

static void test_any_one_packet_is_enough /* 2.5.2.2 */ (void **state)
{
	(void)state;
	struct sender s = begin(8000);
	assert_int_equal(send(&s, 9, END, 1000, 800, false), 1);
	assert_int_equal(s.out[0].duration_ms, 100);
	assert_int_equal(send(&s, 9, END, 1000, 800, false), 0);
}

static void test_lost_end_is_found_by_the_next_event /* 2.5.2.2 */ (void **state)
{
	(void)state;
	struct sender s = begin(8000);
	assert_int_equal(send(&s, 1, 0, 1000, 160, true), 0);
	assert_int_equal(send(&s, 1, 0, 1000, 320, false), 0);
	assert_int_equal(send(&s, 2, 0, 5000, 160, true), 1);
	assert_int_equal(s.out[0].digit, '1');
	assert_int_equal(s.out[0].duration_ms, 40);
	/* and when the next one is seen by its end alone, both end at once */
	assert_int_equal(send(&s, 3, END, 9000, 320, false), 2);
	assert_int_equal(s.out[0].digit, '2');
	assert_int_equal(s.out[1].digit, '3');
}

static void test_lost_end_of_a_repeated_digit /* 2.5.2.2 */ (void **state)
{
	(void)state;
	struct sender s = begin(8000);
	send(&s, 1, 0, 1000, 160, true);
	assert_int_equal(send(&s, 1, 0, 3000, 160, true), 1);
	assert_int_equal(send(&s, 1, END, 3000, 320, false), 1);
}

static void test_lost_end_is_found_by_timeout /* 2.5.2.2 */ (void **state)
{
	(void)state;
	struct sender s = begin(8000);
	struct dtmf_press p;
	send(&s, 11, 0, 1000, 160, true);
	assert_false(dtmf_rx_timeout(&s.rx, s.now_ms + 99, 100, &p));
	assert_true(dtmf_rx_timeout(&s.rx, s.now_ms + 100, 100, &p));
	assert_int_equal(p.digit, '#');
	assert_int_equal(p.duration_ms, 20);
	assert_false(dtmf_rx_timeout(&s.rx, s.now_ms + 200, 100, &p));
	assert_int_equal(send(&s, 11, END, 1000, 800, false), 0); /* its end, much too late */
}

static void test_timeout_of_no_digit_tells_nothing(void **state)
{
	(void)state;
	struct sender s = begin(8000);
	struct dtmf_press p;
	send(&s, 16, 0, 1000, 160, true);
	assert_false(dtmf_rx_timeout(&s.rx, s.now_ms + 1000, 100, &p));
	assert_false(dtmf_rx_timeout(&s.rx, s.now_ms - 500, 100, &p));
}

static void test_late_packets_of_an_earlier_press_are_ignored /* 2.5.2.2 */ (void **state)
{
	(void)state;
	struct sender s = begin(8000);
	assert_int_equal(press(&s, 1, 1000, 2), 1);
	assert_int_equal(send(&s, 2, 0, 3000, 160, true), 0);
	assert_int_equal(send(&s, 1, END, 1000, 320, false), 0);
	assert_int_equal(send(&s, 2, END, 3000, 320, false), 1);
	assert_int_equal(s.out[0].digit, '2');
}

static void test_timestamps_that_leap_back_do_not_deafen(void **state)
{
	(void)state;
	struct sender s = begin(8000);
	assert_int_equal(press(&s, 1, 0x40000000, 2), 1);
	s.now_ms += 1000;
	assert_int_equal(press(&s, 2, 1000, 2), 1);
}

static void test_packets_that_overtake_keep_the_longest_duration(void **state)
{
	(void)state;
	struct sender s = begin(8000);
	struct dtmf_press p;
	send(&s, 1, 0, 1000, 480, false);
	send(&s, 1, 0, 1000, 320, false);
	assert_true(dtmf_rx_timeout(&s.rx, s.now_ms + 100, 100, &p));
	assert_int_equal(p.duration_ms, 60);
}

static void test_long_press_is_one_press /* 2.5.1.3, 2.5.2.3 */ (void **state)
{
	(void)state;
	struct sender s = begin(8000);
	send(&s, 4, 0, 1000, 160, true);
	for (int i = 0; i < 3; i++)
		assert_int_equal(send(&s, 4, 0, 1000, 0xffff, false), 0);
	assert_int_equal(send(&s, 4, 0, 1000 + 0xffff, 160, false), 0);
	assert_int_equal(send(&s, 4, 0, 1000 + 0xffff, 320, false), 0); /* the full one is lost */
	assert_int_equal(send(&s, 4, END, 1000 + 2 * 0xffff, 1600, false), 1);
	assert_int_equal(s.out[0].digit, '4');
	assert_int_equal(s.out[0].duration_ms, (2 * 0xffff + 1600) / 8);
	assert_int_equal(send(&s, 4, END, 1000 + 2 * 0xffff, 1600, false), 0);
}

static void test_marker_begins_an_event_even_without_a_gap /* 2.5.1.2 */ (void **state)
{
	(void)state;
	struct sender s = begin(8000);
	send(&s, 4, 0, 1000, 160, true);
	assert_int_equal(send(&s, 4, 0, 1160, 160, true), 1);
}

static void test_events_packed_into_one_packet /* 2.5.1.5 */ (void **state)
{
	(void)state;
	struct sender s = begin(8000);
	static const uint8_t p[] = {1, END, 0x03, 0x20, 2, END, 0x01, 0x90, 3, 0, 0, 80};
	send(&s, 9, 0, 100, 160, true);
	assert_int_equal(dtmf_rx_packet(&s.rx, p, sizeof p, SSRC, 1000, true, s.now_ms, s.out), 3);
	assert_int_equal(s.out[0].digit, '9');
	assert_int_equal(s.out[1].digit, '1');
	assert_int_equal(s.out[1].duration_ms, 100);
	assert_int_equal(s.out[2].digit, '2');
	assert_int_equal(s.out[2].duration_ms, 50);
	assert_int_equal(dtmf_rx_packet(&s.rx, p, sizeof p, SSRC, 1000, true, s.now_ms, s.out), 0);
	assert_int_equal(send(&s, 3, END, 1000 + 800 + 400, 160, false), 1);
}

static void test_duration_by_the_clock_of_the_format /* 2.3.5 */ (void **state)
{
	(void)state;
	struct sender s = begin(48000);
	assert_int_equal(send(&s, 1, END, 0, 4800, true), 1);
	assert_int_equal(s.out[0].duration_ms, 100);
	s = begin(0);
	assert_int_equal(send(&s, 1, END, 0, 4800, true), 1);
	assert_int_equal(s.out[0].duration_ms, 0);
}

static void test_new_source_ends_the_press_of_the_old(void **state)
{
	(void)state;
	struct sender s = begin(8000);
	static const uint8_t p[] = {2, 0, 0, 160};
	send(&s, 1, 0, 100000, 160, true);
	assert_int_equal(dtmf_rx_packet(&s.rx, p, sizeof p, SSRC + 1, 5, true, s.now_ms, s.out), 1);
	assert_int_equal(s.out[0].digit, '1');
}

static void test_short_payloads_are_nothing(void **state)
{
	(void)state;
	struct sender s = begin(8000);
	for (size_t n = 0; n < 4; n++) {
		uint8_t *p = calloc(1, n ? n : 1);
		assert_int_equal(dtmf_rx_packet(&s.rx, p, n, SSRC, 0, true, 0, s.out), 0);
		free(p);
	}
	assert_false(s.rx.active);
}

static void test_any_packets_end_no_more_than_there_is_room_for(void **state)
{
	(void)state;
	struct sender s = begin(8000);
	uint32_t seed = 5;
	size_t total = 0;
	for (int i = 0; i < 100000; i++) {
		uint8_t p[20];
		for (size_t k = 0; k < sizeof p; k++) {
			seed = seed * 1664525 + 1013904223;
			p[k] = (uint8_t)(seed >> 24 & (k % 4 == 0 ? 15 : 0xff));
		}
		size_t n = dtmf_rx_packet(&s.rx, p, seed % 21, seed >> 31, seed >> 9, seed & 1, seed >> 3,
		                          s.out);
		assert_true(n <= DTMF_MAX_PRESSES);
		for (size_t k = 0; k < n; k++)
			assert_non_null(strchr("0123456789*#ABCD", s.out[k].digit));
		total += n;
	}
	assert_true(total > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_press_is_reported_once),
		cmocka_unit_test(test_all_digits),
		cmocka_unit_test(test_same_digit_twice_is_two_presses),
		cmocka_unit_test(test_any_one_packet_is_enough),
		cmocka_unit_test(test_lost_end_is_found_by_the_next_event),
		cmocka_unit_test(test_lost_end_of_a_repeated_digit),
		cmocka_unit_test(test_lost_end_is_found_by_timeout),
		cmocka_unit_test(test_timeout_of_no_digit_tells_nothing),
		cmocka_unit_test(test_late_packets_of_an_earlier_press_are_ignored),
		cmocka_unit_test(test_timestamps_that_leap_back_do_not_deafen),
		cmocka_unit_test(test_packets_that_overtake_keep_the_longest_duration),
		cmocka_unit_test(test_long_press_is_one_press),
		cmocka_unit_test(test_marker_begins_an_event_even_without_a_gap),
		cmocka_unit_test(test_events_packed_into_one_packet),
		cmocka_unit_test(test_duration_by_the_clock_of_the_format),
		cmocka_unit_test(test_new_source_ends_the_press_of_the_old),
		cmocka_unit_test(test_short_payloads_are_nothing),
		cmocka_unit_test(test_any_packets_end_no_more_than_there_is_room_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
