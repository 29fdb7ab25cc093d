// SPDX-License-Identifier: Apache-2.0
/* RTCP: RFC 3550 section 6 and appendix A.2, RFC 5506. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "rtp/rtcp.h"

static struct rtcp_block block_of(uint32_t ssrc)
{
	return (struct rtcp_block){.ssrc = ssrc, .fraction = 64, .lost = -3, .ext_seq = 0x10007,
	                           .jitter = 80, .lsr = 0xb705de49, .dlsr = 0x00054000};
}

static size_t put_sr(uint8_t *p, size_t cap, size_t n_blocks)
{
	struct rtcp_sender s = {.ntp = UINT64_C(0xb44db705de490000), .timestamp = 160, .packets = 5,
	                        .bytes = 860};
	struct rtcp_block k[40];
	for (size_t i = 0; i < 40; i++)
		k[i] = block_of(0x1000 + (uint32_t)i);
	struct buf b;
	buf_init_fixed(&b, p, cap);
	rtcp_put_report(&b, 0xcafe, &s, k, n_blocks, STR("a1b2c3"));
	assert_true(buf_ok(&b));
	return b.n;
}

static void test_report_is_read_back /* 6.4.1, 6.5 */ (void **state)
{
	(void)state;
	uint8_t p[256];
	size_t n = put_sr(p, sizeof p, 2);
	assert_int_equal(n % 4, 0);
	struct rtcp_iter it;
	struct rtcp_packet pk;
	struct rtcp_sender s;
	struct rtcp_block k, want = block_of(0x1001);
	assert_int_equal(rtcp_check(&it, p, n), 0);
	assert_false(it.reduced);
	assert_true(rtcp_next(&it, &pk));
	assert_int_equal(pk.type, RTCP_SR);
	assert_int_equal(pk.ssrc, 0xcafe);
	assert_true(rtcp_sender(&pk, &s));
	assert_true(s.ntp == UINT64_C(0xb44db705de490000));
	assert_int_equal(s.timestamp, 160);
	assert_int_equal(s.packets, 5);
	assert_int_equal(s.bytes, 860);
	assert_true(rtcp_block(&pk, 1, &k));
	assert_int_equal(k.ssrc, want.ssrc);
	assert_int_equal(k.fraction, want.fraction);
	assert_int_equal(k.lost, want.lost);
	assert_int_equal(k.ext_seq, want.ext_seq);
	assert_int_equal(k.jitter, want.jitter);
	assert_int_equal(k.lsr, want.lsr);
	assert_int_equal(k.dlsr, want.dlsr);
	assert_false(rtcp_block(&pk, 2, &k));

	struct str cname;
	assert_true(rtcp_next(&it, &pk));
	assert_int_equal(pk.type, RTCP_SDES);
	assert_int_equal(pk.ssrc, 0xcafe);
	assert_true(rtcp_cname(&pk, 0xcafe, &cname));
	assert_true(str_eq(cname, STR("a1b2c3")));
	assert_false(rtcp_cname(&pk, 0xbeef, &cname));
	assert_false(rtcp_next(&it, &pk));
}

static void test_receiver_report_has_no_sender /* 6.4.2 */ (void **state)
{
	(void)state;
	uint8_t p[64];
	struct buf b;
	buf_init_fixed(&b, p, sizeof p);
	rtcp_put_report(&b, 9, NULL, NULL, 0, STR("x"));
	rtcp_put_bye(&b, 9);
	struct rtcp_iter it;
	struct rtcp_packet pk;
	struct rtcp_sender s;
	struct rtcp_block k;
	assert_int_equal(rtcp_check(&it, p, b.n), 0);
	assert_true(rtcp_next(&it, &pk));
	assert_int_equal(pk.type, RTCP_RR);
	assert_false(rtcp_sender(&pk, &s));
	assert_false(rtcp_block(&pk, 0, &k));
	assert_false(rtcp_bye_has(&pk, 9));
	assert_true(rtcp_next(&it, &pk));
	assert_true(rtcp_next(&it, &pk));
	assert_int_equal(pk.type, RTCP_BYE);
	assert_true(rtcp_bye_has(&pk, 9));
	assert_false(rtcp_bye_has(&pk, 8));
}

static void test_sdes_chunk_ends_with_one_to_four_zeros /* 6.5 */ (void **state)
{
	(void)state;
	for (size_t len = 0; len <= RTCP_MAX_CNAME + 1; len++) {
		char name[RTCP_MAX_CNAME + 1];
		uint8_t p[400];
		struct buf b;
		memset(name, 'n', sizeof name);
		buf_init_fixed(&b, p, sizeof p);
		rtcp_put_report(&b, 1, NULL, NULL, 0, (struct str){name, len});
		assert_int_equal(b.n % 4, 0);
		assert_int_equal(p[b.n - 1], 0);
		struct rtcp_iter it;
		struct rtcp_packet pk;
		struct str cname;
		assert_int_equal(rtcp_check(&it, p, b.n), 0);
		assert_true(rtcp_next(&it, &pk) && rtcp_next(&it, &pk));
		assert_true(rtcp_cname(&pk, 1, &cname));
		assert_int_equal(cname.n, len > RTCP_MAX_CNAME ? RTCP_MAX_CNAME : len);
	}
}

static void test_cname_of_second_chunk /* 6.5 */ (void **state)
{
	(void)state;
	static const uint8_t p[] = {0x82, RTCP_SDES, 0, 6,
	                            0, 0, 0, 1, 2, 3, 'B', 'o', 'b', 0, 0, 0,
	                            0, 0, 0, 2, 1, 2, 'h', 'i', 0, 0, 0, 0};
	struct rtcp_iter it;
	struct rtcp_packet pk;
	struct str cname;
	assert_int_equal(rtcp_check(&it, p, sizeof p), 0);
	assert_true(rtcp_next(&it, &pk));
	assert_false(rtcp_cname(&pk, 1, &cname)); /* NAME, no CNAME */
	assert_true(rtcp_cname(&pk, 2, &cname));
	assert_true(str_eq(cname, STR("hi")));
}

static void test_sdes_item_beyond_its_packet_is_no_cname /* 6.5 */ (void **state)
{
	(void)state;
	static const uint8_t p[] = {0x81, RTCP_SDES, 0, 2, 0, 0, 0, 1, 1, 200, 'h', 'i'};
	struct rtcp_iter it;
	struct rtcp_packet pk;
	struct str cname;
	assert_int_equal(rtcp_check(&it, p, sizeof p), 0);
	assert_true(rtcp_next(&it, &pk));
	assert_false(rtcp_cname(&pk, 1, &cname));
}

static void test_reduced_size_and_unknown_packets_pass /* RFC 5506 3.4, 3611 */ (void **state)
{
	(void)state;
	static const uint8_t p[] = {0x81, RTCP_PSFB, 0, 2, 0, 0, 0, 5, 0, 0, 0, 6,
	                            0x80, RTCP_XR, 0, 1, 0, 0, 0, 5,
	                            0x80, RTCP_BYE, 0, 0};
	struct rtcp_iter it;
	struct rtcp_packet pk;
	assert_int_equal(rtcp_check(&it, p, sizeof p), 0);
	assert_true(it.reduced);
	assert_true(rtcp_next(&it, &pk));
	assert_int_equal(pk.type, RTCP_PSFB);
	assert_int_equal(pk.ssrc, 5);
	assert_true(rtcp_next(&it, &pk));
	assert_int_equal(pk.type, RTCP_XR);
	assert_true(rtcp_next(&it, &pk));
	assert_int_equal(pk.ssrc, 0);
	assert_false(rtcp_next(&it, &pk));
}

static void test_padding_is_in_the_last_packet_only /* 6.4.1, A.2 */ (void **state)
{
	(void)state;
	uint8_t p[] = {0x80, RTCP_RR, 0, 1, 0, 0, 0, 1,
	               0xa1, RTCP_BYE, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4};
	struct rtcp_iter it;
	struct rtcp_packet pk;
	assert_int_equal(rtcp_check(&it, p, sizeof p), 0);
	assert_true(rtcp_next(&it, &pk) && rtcp_next(&it, &pk));
	assert_int_equal(pk.n, 8);
	for (int pad = 0; pad < 256; pad++) {
		p[19] = (uint8_t)pad; /* 8 would leave no room for the source that BYE counts */
		assert_int_equal(rtcp_check(&it, p, sizeof p), pad == 4 ? 0 : E_MALFORMED);
	}
	/* an RR with a word of its profile behind it, which would do as padding were it the last */
	uint8_t first[] = {0xa0, RTCP_RR, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4, 0x80, RTCP_BYE, 0, 0};
	assert_int_equal(rtcp_check(&it, first, 12), 0);
	assert_int_equal(rtcp_check(&it, first, sizeof first), E_MALFORMED);
}

static void test_lengths_add_up_and_counts_fit /* A.2 */ (void **state)
{
	(void)state;
	uint8_t p[256];
	size_t n = put_sr(p, sizeof p, 1), sr = 52;
	struct rtcp_iter it;
	for (size_t cut = 0; cut < n; cut++) {
		uint8_t *copy = malloc(cut ? cut : 1);
		memcpy(copy, p, cut);
		assert_int_equal(rtcp_check(&it, copy, cut), cut == sr ? 0 : E_MALFORMED);
		free(copy);
	}
	p[0]++; /* one block more than the length holds */
	assert_int_equal(rtcp_check(&it, p, n), E_MALFORMED);
	p[0] = 0x41;
	assert_int_equal(rtcp_check(&it, p, n), E_MALFORMED);
	static const uint8_t bye[] = {0x82, RTCP_BYE, 0, 1, 0, 0, 0, 1};
	assert_int_equal(rtcp_check(&it, bye, sizeof bye), E_MALFORMED);
	static const uint8_t rtp[] = {0x80, 8, 0, 0};
	assert_int_equal(rtcp_check(&it, rtp, sizeof rtp), E_MALFORMED);
}

static void test_at_most_31_blocks_are_printed /* 6.4.1 */ (void **state)
{
	(void)state;
	uint8_t p[1024];
	size_t n = put_sr(p, sizeof p, 40);
	struct rtcp_iter it;
	struct rtcp_packet pk;
	struct rtcp_block k;
	assert_int_equal(rtcp_check(&it, p, n), 0);
	assert_true(rtcp_next(&it, &pk));
	assert_int_equal(pk.count, 31);
	assert_true(rtcp_block(&pk, 30, &k));
	assert_int_equal(k.ssrc, 0x1000 + 30);
}

static void test_cumulative_loss_is_24_bits_signed /* 6.4.1 */ (void **state)
{
	(void)state;
	static const int32_t in[] = {0, 1, -1, 0x7fffff, -0x800000, INT32_MAX, INT32_MIN};
	static const int32_t out[] = {0, 1, -1, 0x7fffff, -0x800000, 0x7fffff, -0x800000};
	for (size_t i = 0; i < sizeof in / sizeof in[0]; i++) {
		uint8_t p[64];
		struct buf b;
		struct rtcp_block k = {.lost = in[i], .fraction = 255};
		struct rtcp_iter it;
		struct rtcp_packet pk;
		buf_init_fixed(&b, p, sizeof p);
		rtcp_put_report(&b, 1, NULL, &k, 1, STR(""));
		assert_int_equal(rtcp_check(&it, p, b.n), 0);
		assert_true(rtcp_next(&it, &pk) && rtcp_block(&pk, 0, &k));
		assert_int_equal(k.lost, out[i]);
		assert_int_equal(k.fraction, 255);
	}
}

static void test_ntp_time /* 4 */ (void **state)
{
	(void)state;
	assert_true(rtcp_ntp_from_us(0) == UINT64_C(2208988800) << 32);
	assert_int_equal(rtcp_ntp_mid(rtcp_ntp_from_us(500000)), (2208988800 & 0xffff) << 16 | 0x8000);
	for (uint64_t us = 1700000000999990; us < 1700000001000010; us++)
		assert_true(rtcp_ntp_to_us(rtcp_ntp_from_us(us)) == us);
}

static void test_round_trip_of_figure_2 /* 6.4.1 */ (void **state)
{
	(void)state;
	struct rtcp_block k = {.lsr = 0xb7052000, .dlsr = 0x00054000};
	uint64_t now = UINT64_C(0xb7108000) << 16;
	assert_int_equal(rtcp_rtt_us(&k, now), 6125000);
	k.lsr = 0;
	assert_int_equal(rtcp_rtt_us(&k, now), 0);
}

static void test_round_trip_is_never_absurd /* 6.4.1 */ (void **state)
{
	(void)state;
	struct rtcp_block k = {.lsr = 0x10000000, .dlsr = 0x10000};
	uint64_t back = (uint64_t)0x10000000 + 0x10000;
	assert_int_equal(rtcp_rtt_us(&k, back << 16), 1);
	assert_int_equal(rtcp_rtt_us(&k, (back - 1) << 16), 1); /* rounding of the peer's clock */
	assert_int_equal(rtcp_rtt_us(&k, (back - 100) << 16), 0);
	assert_int_equal(rtcp_rtt_us(&k, (back + 60 * 65536) << 16), 60000000);
	assert_int_equal(rtcp_rtt_us(&k, (back + 60 * 65536 + 1) << 16), 0);
	k = (struct rtcp_block){.lsr = 0xfffffff0, .dlsr = 0x10}; /* the middle bits wrap */
	assert_int_equal(rtcp_rtt_us(&k, UINT64_C(0x8000) << 16), 500000);
}

static void walk(const uint8_t *p, size_t n)
{
	struct rtcp_iter it;
	struct rtcp_packet pk;
	struct rtcp_sender s;
	struct rtcp_block k;
	struct str cname;
	if (rtcp_check(&it, p, n) != 0)
		return;
	while (rtcp_next(&it, &pk)) {
		assert_true(pk.p >= p && pk.p + pk.n <= p + n);
		rtcp_sender(&pk, &s);
		for (size_t i = 0; rtcp_block(&pk, i, &k); i++)
			assert_true(i < RTCP_MAX_BLOCKS);
		if (rtcp_cname(&pk, pk.ssrc, &cname))
			assert_true((const uint8_t *)cname.p + cname.n <= p + n);
		rtcp_bye_has(&pk, 1);
	}
}

static void test_changed_bytes_stay_within_the_datagram(void **state)
{
	(void)state;
	uint8_t good[256];
	size_t n = put_sr(good, sizeof good, 1);
	uint32_t seed = 7;
	for (int round = 0; round < 30000; round++) {
		seed = seed * 1664525 + 1013904223;
		size_t cut = round & 1 ? n : (seed >> 8) % (n + 1);
		uint8_t *p = malloc(cut ? cut : 1);
		memcpy(p, good, cut);
		for (int i = 0; i < 3 && cut; i++) {
			seed = seed * 1664525 + 1013904223;
			p[(seed >> 8) % cut] = (uint8_t)(seed >> 24);
		}
		walk(p, cut);
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report_is_read_back),
		cmocka_unit_test(test_receiver_report_has_no_sender),
		cmocka_unit_test(test_sdes_chunk_ends_with_one_to_four_zeros),
		cmocka_unit_test(test_cname_of_second_chunk),
		cmocka_unit_test(test_sdes_item_beyond_its_packet_is_no_cname),
		cmocka_unit_test(test_reduced_size_and_unknown_packets_pass),
		cmocka_unit_test(test_padding_is_in_the_last_packet_only),
		cmocka_unit_test(test_lengths_add_up_and_counts_fit),
		cmocka_unit_test(test_at_most_31_blocks_are_printed),
		cmocka_unit_test(test_cumulative_loss_is_24_bits_signed),
		cmocka_unit_test(test_ntp_time),
		cmocka_unit_test(test_round_trip_of_figure_2),
		cmocka_unit_test(test_round_trip_is_never_absurd),
		cmocka_unit_test(test_changed_bytes_stay_within_the_datagram),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
