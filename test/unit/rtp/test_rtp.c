// SPDX-License-Identifier: Apache-2.0
/* RTP headers and demultiplexing: RFC 3550 section 5, RFC 7983, RFC 5761. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "rtp/rtp.h"

/* Parses a copy of exactly n bytes, so that a read beyond them is seen. */
static int parse(struct rtp_header *h, const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);
	memcpy(copy, p, n);
	int err = rtp_parse(h, copy, n);
	free(copy);
	return err;
}

static void test_first_byte_tells_the_protocol /* RFC 7983 7 */ (void **state)
{
	(void)state;
	for (int b = 0; b < 256; b++) {
		enum rtp_class want = b <= 3                  ? RTP_CLASS_STUN
		                      : b >= 16 && b <= 19    ? RTP_CLASS_ZRTP
		                      : b >= 20 && b <= 63    ? RTP_CLASS_DTLS
		                      : b >= 64 && b <= 79    ? RTP_CLASS_TURN
		                      : b >= 128 && b <= 191  ? RTP_CLASS_RTP
		                                              : RTP_CLASS_OTHER;
		assert_int_equal(rtp_classify((uint8_t[]){(uint8_t)b, 0}, 2), want);
	}
	assert_int_equal(rtp_classify((const uint8_t *)"", 0), RTP_CLASS_OTHER);
	assert_int_equal(rtp_classify((uint8_t[]){0x80}, 1), RTP_CLASS_OTHER);
}

static void test_second_byte_tells_rtcp /* RFC 5761 4 */ (void **state)
{
	(void)state;
	for (int pt = 0; pt < 256; pt++) {
		enum rtp_class want = pt >= 192 && pt <= 223 ? RTP_CLASS_RTCP : RTP_CLASS_RTP;
		assert_int_equal(rtp_classify((uint8_t[]){0x80, (uint8_t)pt}, 2), want);
	}
}

static void test_fixed_header_fields /* 5.1 */ (void **state)
{
	(void)state;
	static const uint8_t p[] = {0x80, 0x80 | 101, 0x12, 0x34, 0xde, 0xad, 0xbe, 0xef,
	                            0x01, 0x02, 0x03, 0x04, 0xaa, 0xbb};
	struct rtp_header h;
	assert_int_equal(parse(&h, p, sizeof p), 0);
	assert_int_equal(h.pt, 101);
	assert_true(h.marker);
	assert_int_equal(h.seq, 0x1234);
	assert_int_equal(h.timestamp, 0xdeadbeef);
	assert_int_equal(h.ssrc, 0x01020304);
	assert_int_equal(h.payload_at, 12);
	assert_int_equal(h.payload_n, 2);
}

static void test_csrc_and_extension_are_stepped_over /* 5.1, 5.3.1 */ (void **state)
{
	(void)state;
	uint8_t p[12 + 8 + 4 + 8 + 3] = {0x80 | 0x10 | 2, 0};
	memcpy(p + 20, (uint8_t[]){0xbe, 0xde, 0, 2}, 4);
	struct rtp_header h;
	assert_int_equal(parse(&h, p, sizeof p), 0);
	assert_int_equal(h.n_csrc, 2);
	assert_true(h.has_ext);
	assert_int_equal(h.ext_profile, 0xbede);
	assert_int_equal(h.ext_at, 24);
	assert_int_equal(h.ext_n, 8);
	assert_int_equal(h.payload_at, 32);
	assert_int_equal(h.payload_n, 3);
	for (size_t n = 0; n < 32; n++)
		assert_int_equal(parse(&h, p, n), E_MALFORMED);
	assert_int_equal(parse(&h, p, 32), 0);
	assert_int_equal(h.payload_n, 0);
}

static void test_padding_counts_itself_and_stays_in_the_payload /* 5.1, A.1 */ (void **state)
{
	(void)state;
	uint8_t p[12 + 8] = {0x80 | 0x20};
	struct rtp_header h = {.ssrc = 7};
	p[19] = 4;
	assert_int_equal(parse(&h, p, sizeof p), 0);
	assert_int_equal(h.payload_n, 4);
	assert_int_equal(h.pad_n, 4);
	p[19] = 8; /* all padding */
	assert_int_equal(parse(&h, p, sizeof p), 0);
	assert_int_equal(h.payload_n, 0);
	h.ssrc = 7;
	p[19] = 9; /* reaches into the header */
	assert_int_equal(parse(&h, p, sizeof p), E_MALFORMED);
	p[19] = 0;
	assert_int_equal(parse(&h, p, sizeof p), E_MALFORMED);
	assert_int_equal(parse(&h, p, 12), E_MALFORMED); /* P set, and nothing to pad */
	assert_int_equal(h.ssrc, 7); /* untouched on error */
}

static void test_other_versions_are_refused /* 5.1 */ (void **state)
{
	(void)state;
	struct rtp_header h;
	for (uint8_t v = 0; v < 4; v++) {
		uint8_t p[12] = {(uint8_t)(v << 6)};
		assert_int_equal(parse(&h, p, sizeof p), v == 2 ? 0 : E_MALFORMED);
	}
}

static void test_more_than_a_datagram_is_refused(void **state)
{
	(void)state;
	static uint8_t p[UINT16_MAX + 1] = {0x80};
	struct rtp_header h;
	assert_int_equal(rtp_parse(&h, p, sizeof p), E_MALFORMED);
	assert_int_equal(rtp_parse(&h, p, sizeof p - 1), 0);
	assert_int_equal(h.payload_n, UINT16_MAX - 12);
}

static void test_put_and_set_are_read_back /* 5.1 */ (void **state)
{
	(void)state;
	struct rtp_header in = {.pt = 96, .marker = true, .seq = 65535, .timestamp = 1, .ssrc = 2}, h;
	uint8_t p[RTP_HEADER_MIN];
	rtp_put(p, &in);
	rtp_set_pt(p, 8); /* the marker stays */
	rtp_set_seq(p, 0x8001);
	rtp_set_timestamp(p, 0xfffffffe);
	rtp_set_ssrc(p, 0x80000001);
	assert_int_equal(parse(&h, p, sizeof p), 0);
	assert_int_equal(h.pt, 8);
	assert_true(h.marker);
	assert_int_equal(h.seq, 0x8001);
	assert_int_equal(h.timestamp, 0xfffffffe);
	assert_int_equal(h.ssrc, 0x80000001);
}

static void test_any_bytes_stay_within_the_datagram(void **state)
{
	(void)state;
	uint32_t seed = 1;
	for (int round = 0; round < 20000; round++) {
		uint8_t p[80];
		for (size_t i = 0; i < sizeof p; i++) {
			seed = seed * 1664525 + 1013904223;
			p[i] = (uint8_t)(seed >> 24);
		}
		p[0] = (uint8_t)(0x80 | (p[0] & 0x3f));
		p[14] = 0; /* keeps half of the extensions short enough to pass */
		size_t n = seed % (sizeof p + 1);
		struct rtp_header h;
		if (parse(&h, p, n) == 0)
			assert_int_equal(h.payload_at + h.payload_n + h.pad_n, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_byte_tells_the_protocol),
		cmocka_unit_test(test_second_byte_tells_rtcp),
		cmocka_unit_test(test_fixed_header_fields),
		cmocka_unit_test(test_csrc_and_extension_are_stepped_over),
		cmocka_unit_test(test_padding_counts_itself_and_stays_in_the_payload),
		cmocka_unit_test(test_other_versions_are_refused),
		cmocka_unit_test(test_more_than_a_datagram_is_refused),
		cmocka_unit_test(test_put_and_set_are_read_back),
		cmocka_unit_test(test_any_bytes_stay_within_the_datagram),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
