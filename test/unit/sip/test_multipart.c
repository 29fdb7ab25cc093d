// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "base/buf.h"
#include "sip/multipart.h"
#include "sip_text.h"

static struct arena arena;
static struct sip_msg m;
static struct body_part parts[BODY_MAX_PARTS];
static size_t n;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 4096);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

/** A message with this Content-Type line (or none) and this body. */
static int open_body(const char *type, const char *body)
{
	static const char head[] =
	    "INFO sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:a@x>;tag=1\r\n"
	    "To: <sip:b@x>\r\nCall-ID: 1\r\nCSeq: 1 INFO\r\n";
	struct sip_parse_error e;
	struct str text = arena_printf(&arena, "%s%s\r\n%s", head, type, body);
	assert_int_equal(sip_msg_parse(&m, &arena, text, &wide_limits, &e), 0);
	return body_parts(&m, parts, BODY_MAX_PARTS, &n);
}

static void test_single_body_is_one_part(void **state)
{
	(void)state;
	struct str sdp;
	assert_int_equal(open_body("c: application/SDP ;x=y\r\n", "v=0\r\n"), 0);
	assert_int_equal(n, 1);
	expect_str(parts[0].type, "application/SDP");
	expect_str(parts[0].params, "x=y");
	assert_int_equal(body_sdp(&m, &sdp), 0);
	expect_str(sdp, "v=0\r\n");
}

static void test_no_body_no_parts(void **state)
{
	(void)state;
	struct str sdp;
	assert_int_equal(open_body("c: application/sdp\r\n", ""), 0);
	assert_int_equal(n, 0);
	assert_int_equal(body_sdp(&m, &sdp), ENOENT);
	assert_int_equal(open_body("", "x"), 0);
	expect_str(parts[0].type, "text/plain");
	assert_int_equal(body_sdp(&m, &sdp), ENOENT);
}

static void test_parts_between_delimiters(void **state) /* RFC 2046 section 5.1.1 */
{
	(void)state;
	struct str sdp;
	assert_int_equal(open_body("Content-Type: multipart/mixed ; boundary=\"b 1\"\r\n",
	                           "preamble\r\n--b 1x\r\n--b 1 \t\r\n"
	                           "\r\nplain\r\n--b 12\r\n"
	                           "\r\n--b 1\r\n"
	                           "Content-Type: application/sdp;\r\n a=b\r\nContent-ID: <i>\r\n"
	                           "Content-Disposition: session;handling=required\r\n"
	                           "\r\nv=0\r\n"
	                           "\r\n--b 1--\r\nepilogue\r\n--b 1\r\n"),
	                 0);
	assert_int_equal(n, 2);
	expect_str(parts[0].type, "text/plain");
	expect_str(parts[0].bytes, "plain\r\n--b 12\r\n");
	expect_str(parts[1].type, "application/sdp");
	expect_str(parts[1].params, " a=b");
	expect_str(parts[1].id, "<i>");
	expect_str(parts[1].disposition, "session;handling=required");
	assert_int_equal(body_sdp(&m, &sdp), 0);
	expect_str(sdp, "v=0\r\n");
}

static void test_early_session_is_not_the_offer(void **state) /* RFC 3959 */
{
	(void)state;
	struct str sdp;
	assert_int_equal(open_body("Content-Type: multipart/mixed;boundary=b\r\n",
	                           "--b\r\nContent-Type: application/sdp\r\n"
	                           "Content-Disposition: early-session\r\n\r\nearly\r\n"
	                           "--b\r\nContent-Type: application/sdp\r\n\r\noffer\r\n--b--"),
	                 0);
	assert_int_equal(body_sdp(&m, &sdp), 0);
	expect_str(sdp, "offer");
}

static void test_nested_multiparts_are_opened(void **state) /* RFC 5621 section 3 */
{
	(void)state;
	assert_int_equal(open_body("Content-Type: multipart/mixed;boundary=o\r\n",
	                           "--o\r\nContent-Type: multipart/alternative;boundary=oi\r\n\r\n"
	                           "--oi\r\n\r\n1\r\n--oi\r\n\r\n2\r\n--oi--\r\n"
	                           "--o\r\n\r\n3\r\n--o--\r\n"),
	                 0);
	assert_int_equal(n, 3);
	expect_str(parts[1].bytes, "2");
	expect_str(parts[2].bytes, "3");
}

static void test_empty_part(void **state)
{
	(void)state;
	assert_int_equal(
	    open_body("Content-Type: multipart/mixed;boundary=b\r\n", "--b\r\n\r\n\r\n--b--"), 0);
	assert_int_equal(n, 1);
	assert_int_equal(parts[0].bytes.n, 0);
}

static void test_broken_multiparts_are_refused(void **state)
{
	(void)state;
	struct str sdp;
	assert_int_equal(open_body("Content-Type: multipart/mixed\r\n", "--b\r\n\r\n--b--"),
	                 E_MALFORMED);
	assert_int_equal(open_body("Content-Type: multipart/mixed;boundary=\r\n", "--\r\n"),
	                 E_MALFORMED);
	assert_int_equal(open_body("Content-Type: multipart/mixed;boundary=b\r\n", "x"),
	                 E_MALFORMED);
	assert_int_equal(
	    open_body("Content-Type: multipart/mixed;boundary=b\r\n", "--b\r\n\r\nx\r\n"),
	    E_MALFORMED);
	assert_int_equal(body_sdp(&m, &sdp), E_MALFORMED);
	assert_int_equal(n, 0);
}

static void test_limits_on_parts_and_depth(void **state)
{
	(void)state;
	char body[1024];
	struct buf b;
	buf_init_fixed(&b, body, sizeof(body));
	for (unsigned i = 0; i <= BODY_MAX_PARTS; i++)
		buf_lit(&b, "--b\r\n\r\nx\r\n");
	buf_add(&b, "--b--", sizeof("--b--"));
	assert_int_equal(open_body("Content-Type: multipart/mixed;boundary=b\r\n", body), E_LIMIT);
	assert_int_equal(open_body("Content-Type: multipart/mixed;boundary=1\r\n",
	                           "--1\r\nContent-Type: multipart/mixed;boundary=2\r\n\r\n"
	                           "--2\r\nContent-Type: multipart/mixed;boundary=3\r\n\r\n"
	                           "--3\r\nContent-Type: multipart/mixed;boundary=4\r\n\r\n"
	                           "--4\r\n\r\nx\r\n--4--\r\n--3--\r\n--2--\r\n--1--\r\n"),
	                 E_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_single_body_is_one_part),
	    cmocka_unit_test(test_no_body_no_parts),
	    cmocka_unit_test(test_parts_between_delimiters),
	    cmocka_unit_test(test_early_session_is_not_the_offer),
	    cmocka_unit_test(test_nested_multiparts_are_opened),
	    cmocka_unit_test(test_empty_part),
	    cmocka_unit_test(test_broken_multiparts_are_refused),
	    cmocka_unit_test(test_limits_on_parts_and_depth),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
