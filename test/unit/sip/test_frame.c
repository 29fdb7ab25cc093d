// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sip_text.h"

#define HEAD "OPTIONS sip:b@x SIP/2.0\r\nVia: SIP/2.0/TCP h\r\n"

static size_t skip, total;

static int frame(const char *text)
{
	skip = total = 0;
	return sip_stream_frame(str_z(text), &wide_limits, &skip, &total);
}

static void test_content_length_ends_a_message(void **state) /* RFC 3261 section 18.3 */
{
	(void)state;
	assert_int_equal(frame(HEAD "Content-Length : 4\r\n\r\nbodyINVITE"), 0);
	assert_int_equal(total, sizeof(HEAD "Content-Length : 4\r\n\r\nbody") - 1);
	assert_int_equal(skip, 0);
	assert_int_equal(frame(HEAD "L:\r\n  4 \r\n\r\nbody"), 0);
	assert_int_equal(total, sizeof(HEAD "L:\r\n  4 \r\n\r\nbody") - 1);
	assert_int_equal(frame(HEAD "l: 3\r\nContent-Length: 03\r\n\r\nbod"), 0);
}

static void test_no_content_length_means_no_body(void **state)
{
	(void)state;
	assert_int_equal(frame(HEAD "\r\nnext"), 0);
	assert_int_equal(total, sizeof(HEAD "\r\n") - 1);
}

static void test_keep_alives_are_skipped(void **state) /* RFC 5626 section 3.5.1 */
{
	(void)state;
	assert_int_equal(frame("\r\n\r\n"), E_MORE);
	assert_int_equal(skip, 4);
	assert_int_equal(frame("\r\n\r"), E_MORE);
	assert_int_equal(skip, 2);
	assert_int_equal(frame("\r\n\r\n" HEAD "\r\n"), 0);
	assert_int_equal(skip, 4);
	assert_int_equal(total, sizeof(HEAD "\r\n") - 1);
	assert_int_equal(frame(""), E_MORE);
}

static void test_every_prefix_asks_for_more(void **state)
{
	(void)state;
	static const char text[] = "\r\n" HEAD "Subject: a\r\n b\r\nl: 3\r\n\r\nabc";
	for (size_t n = 0; n < sizeof(text) - 1; n++)
		assert_int_equal(
		    sip_stream_frame((struct str){text, n}, &wide_limits, &skip, &total), E_MORE);
	assert_int_equal(sip_stream_frame(STR(text), &wide_limits, &skip, &total), 0);
	assert_int_equal(skip + total, sizeof(text) - 1);
}

static void test_untrusted_length_ends_the_connection(void **state) /* RFC 4475 3.1.2.3, 3.3.9 */
{
	(void)state;
	assert_int_equal(frame(HEAD "Content-Length: -999\r\n\r\n"), E_MALFORMED);
	assert_int_equal(frame(HEAD "Content-Length: 13\r\nl: 5\r\n\r\n"), E_MALFORMED);
	assert_int_equal(frame(HEAD "Content-Length:\r\n\r\n"), E_MALFORMED);
	assert_int_equal(frame(HEAD "Content-Length: 1\r\n 2\r\n\r\n"), E_MALFORMED);
	assert_int_equal(frame(HEAD "Content-Length 1\r\n\r\n"), E_MALFORMED);
	assert_int_equal(frame(HEAD "Content-Length: 4294967296\r\n\r\n"), E_MALFORMED);
	assert_int_equal(frame(HEAD "no header\r\nl: 2\r\n\r\nab"), 0); /* answered with 400 */
}

static void test_frame_and_parser_agree(void **state)
{
	(void)state;
	static const char text[] =
	    "OPTIONS sip:b@x SIP/2.0\nVia: SIP/2.0/TCP h\nFrom: <sip:a@x>\n"
	    "To: <sip:b@x>\r\nCall-ID: 1\nCSeq: 1 OPTIONS\nl:\n 2\n\nabSIP/2.0";
	struct arena a;
	struct sip_msg m;
	struct sip_parse_error e;
	arena_init(&a, 4096);
	assert_int_equal(frame(text), 0);
	assert_int_equal(sip_msg_parse(&m, &a, (struct str){text, total}, &wide_limits, &e), 0);
	assert_int_equal(m.bytes.n, total);
	expect_str(m.body, "ab");
	arena_fini(&a);
}

static void test_limits_before_the_bytes_are_there(void **state)
{
	(void)state;
	static const char text[] = HEAD "l: 100\r\n\r\n";
	struct sip_limits l = {.max_message = sizeof(text) - 1 + 100, .max_body = 100};
	assert_int_equal(sip_stream_frame(STR(text), &l, &skip, &total), E_MORE);
	l.max_message--;
	assert_int_equal(sip_stream_frame(STR(text), &l, &skip, &total), E_LIMIT);
	l = (struct sip_limits){.max_message = 65535, .max_body = 99};
	assert_int_equal(sip_stream_frame(STR(text), &l, &skip, &total), E_LIMIT);
	l = (struct sip_limits){.max_message = 20, .max_body = 99};
	assert_int_equal(sip_stream_frame(STR("OPTIONS sip:b@x SIP/2.0"), &l, &skip, &total),
	                 E_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_content_length_ends_a_message),
	    cmocka_unit_test(test_no_content_length_means_no_body),
	    cmocka_unit_test(test_keep_alives_are_skipped),
	    cmocka_unit_test(test_every_prefix_asks_for_more),
	    cmocka_unit_test(test_untrusted_length_ends_the_connection),
	    cmocka_unit_test(test_frame_and_parser_agree),
	    cmocka_unit_test(test_limits_before_the_bytes_are_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
