// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "sip_text.h"

#define VIA "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
#define FROM "From: <sip:a@x>;tag=1\r\n"
#define TO "To: <sip:b@x>\r\n"
#define ID "Call-ID: id@x\r\n"
#define CSEQ "CSeq: 1 OPTIONS\r\n"
#define HEAD VIA FROM TO ID CSEQ
#define LINE "OPTIONS sip:b@x SIP/2.0\r\n"

static struct arena arena;
static struct sip_msg m;
static struct sip_parse_error e;

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

static void accept_text(const char *text)
{
	if (parse_text(&m, &arena, text, &e) != 0)
		fail_msg("refused (%s at %zu): %s", e.what, e.offset, text);
}

static void refuse(const char *text, uint16_t status)
{
	int err = parse_text(&m, &arena, text, &e);
	if (err != E_MALFORMED || e.status != status)
		fail_msg("err %d status %u (%s): %s", err, e.status, e.what ? e.what : "", text);
}

static void test_request(void **state) /* RFC 3261 section 7.1 */
{
	(void)state;
	accept_text("\r\n\r\nINVITE sip:b@x;lr sip/2.0\r\n"
	            "v: SIP/2.0/TCP a.x:5062;branch=z9hG4bK7;rport, SIP/2.0/UDP b.x\r\n"
	            "Via: SIP/2.0/UDP c.x\r\n"
	            "f: \"A\" <sip:a@x>;tag=t1\r\n"
	            "t: <sip:b@x>\r\n"
	            "i: call@x\r\n"
	            "CSeq: 7 INVITE\r\n"
	            "Max-Forwards: 0068\r\n"
	            "X-Own: 1\r\n"
	            "l: 4\r\n"
	            "\r\n"
	            "bodyrest");
	assert_true(m.request);
	assert_int_equal(m.method, SIP_INVITE);
	expect_str(m.ruri.host, "x");
	expect_str(m.ruri_text, "sip:b@x;lr");
	expect_str(m.via.host, "a.x");
	expect_str(m.via.branch, "z9hG4bK7");
	expect_str(m.from.tag, "t1");
	expect_str(m.to.uri.user, "b");
	expect_str(m.call_id, "call@x");
	assert_int_equal(m.cseq.number, 7);
	assert_int_equal(m.max_forwards, 68);
	expect_str(m.body, "body"); /* section 18.3: octets behind it are ignored */
	assert_int_equal(m.bytes.p[0], 'I');
	assert_ptr_equal(m.bytes.p + m.bytes.n, m.body.p + m.body.n);
	assert_int_equal(m.n_hdrs, 9);
	assert_int_equal(m.hdrs[8].id, HDR_OTHER);
	expect_str(m.hdrs[8].name, "X-Own");
}

static void test_response(void **state) /* section 7.2 */
{
	(void)state;
	accept_text("SIP/2.0 486 Busy \xd0\x94\r\n" HEAD "\r\n");
	assert_false(m.request);
	assert_int_equal(m.status, 486);
	expect_str(m.reason, "Busy \xd0\x94");
	assert_int_equal(m.method, SIP_OPTIONS);
	expect_str(m.method_text, "OPTIONS");
	assert_int_equal(m.max_forwards, -1);
	accept_text("SIP/2.0 100 \r\n" HEAD "\r\n");
	assert_int_equal(m.reason.n, 0);
	accept_text("SIP/2.0 200\r\n" HEAD "\r\n");
}

static void test_bad_status_lines_are_dropped(void **state) /* RFC 4475 section 3.1.2.19 */
{
	(void)state;
	static const char *const bad[] = {"SIP/2.0 4294967301 x", "SIP/2.0 099 x",  "SIP/2.0 700 x",
	                                  "SIP/2.0 20 x",         "SIP/2.0  200 x", "SIP/2.0 2x0 x",
	                                  "SIP/3.0 200 OK",       "SIP/2.0",        "SIP/2.0 "};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[512];
		(void)snprintf(text, sizeof(text), "%s\r\n" HEAD "\r\n", bad[i]);
		refuse(text, 0);
	}
}

static void test_bad_request_lines(void **state) /* RFC 4475 sections 3.1.2.7-3.1.2.11, 3.1.2.16 */
{
	(void)state;
	refuse("OPTIONS sip:b@x SIP/7.0\r\n" HEAD "\r\n", 505);
	refuse("OPTIONS sip:b@x SIP/2.01\r\n" HEAD "\r\n", 505);
	refuse("OPTIONS sip:b@x HTTP/1.1\r\n" HEAD "\r\n", 400);
	refuse("OPTIONS sip:b@x\r\n" HEAD "\r\n", 400);
	refuse("OPTIONS  sip:b@x SIP/2.0\r\n" HEAD "\r\n", 400);
	refuse("OPTIONS sip:b@x  SIP/2.0\r\n" HEAD "\r\n", 400);
	refuse("OPTIONS sip:b@x SIP/2.0 \r\n" HEAD "\r\n", 400);
	refuse("OPTIONS sip:b@x; lr SIP/2.0\r\n" HEAD "\r\n", 400);
	refuse("OPTIONS\tsip:b@x SIP/2.0\r\n" HEAD "\r\n", 400);
	refuse("OPTIONS <sip:b@x> SIP/2.0\r\n" HEAD "\r\n", 400);
	refuse("OPTIONS sip:b@x?Route=%3Csip:y%3E SIP/2.0\r\n" HEAD "\r\n", 400);
	refuse("OPT<>IONS sip:b@x SIP/2.0\r\n" HEAD "\r\n", 400);
	refuse(" OPTIONS sip:b@x SIP/2.0\r\n" HEAD "\r\n", 400);
	refuse("OPTIONS sip:b@x\rSIP/2.0\r\n" HEAD "\r\n", 400);
}

static void test_each_required_header(void **state) /* section 8.1.1 */
{
	(void)state;
	refuse(LINE FROM TO ID CSEQ "\r\n", 400);
	refuse(LINE VIA TO ID CSEQ "\r\n", 400);
	refuse(LINE VIA FROM ID CSEQ "\r\n", 400);
	refuse(LINE VIA FROM TO CSEQ "\r\n", 400);
	refuse(LINE VIA FROM TO ID "\r\n", 400);
	accept_text(LINE HEAD); /* no empty line: forgiven on a datagram */
}

static void test_a_header_says_one_thing(void **state) /* RFC 4475 sections 3.3.8, 3.3.9 */
{
	(void)state;
	accept_text(LINE HEAD FROM TO ID CSEQ "l: 0\r\nContent-Length: 00\r\n\r\n");
	refuse(LINE HEAD "From: <sip:c@x>;tag=1\r\n\r\n", 400);
	refuse(LINE HEAD "To: <sip:c@x>\r\n\r\n", 400);
	refuse(LINE HEAD "Call-ID: other\r\n\r\n", 400);
	refuse(LINE HEAD "CSeq: 2 OPTIONS\r\n\r\n", 400);
	refuse(LINE HEAD "Max-Forwards: 1\r\nMax-Forwards: 2\r\n\r\n", 400);
	refuse(LINE HEAD "l: 1\r\nContent-Length: 2\r\n\r\nab", 400);
	refuse(LINE HEAD "c: text/plain\r\nContent-Type: application/sdp\r\n\r\nab", 400);
	expect_str(m.call_id, "id@x"); /* the first one stays */
}

static void test_bad_values(void **state) /* RFC 4475 sections 3.1.2.2-3.1.2.4 */
{
	(void)state;
	refuse(LINE HEAD "Content-Length: -1\r\n\r\n", 400);
	refuse(LINE HEAD "Content-Length: 1x\r\n\r\n1", 400);
	refuse(LINE HEAD "Content-Length:\r\n\r\n1", 400);
	refuse(LINE HEAD "Content-Length: 4294967296\r\n\r\n1", 400);
	refuse(LINE HEAD "Content-Length: 2\r\n\r\n1", 400);
	refuse(LINE HEAD "Max-Forwards: 256\r\n\r\n", 400);
	refuse(LINE HEAD "Max-Forwards: -1\r\n\r\n", 400);
	refuse(LINE HEAD "no header\r\n\r\n", 400);
	refuse(LINE VIA FROM "To: *\r\n" ID CSEQ "\r\n", 400);
	refuse(LINE VIA FROM TO "Call-ID:\r\n" CSEQ "\r\n", 400);
	refuse(LINE VIA FROM TO "Call-ID: a b\r\n" CSEQ "\r\n", 400);
	refuse(LINE VIA FROM TO ID "CSeq: 4294967296 OPTIONS\r\n\r\n", 400);
	refuse(LINE "Via: SIP/2.0/UDP\r\n" FROM TO ID CSEQ "\r\n", 400);
	refuse(LINE " x: y\r\n" HEAD "\r\n", 400);
}

static void
test_cseq_names_the_method(void **state) /* section 8.1.1.5, RFC 4475 3.1.2.17, 3.1.2.18 */
{
	(void)state;
	refuse(LINE VIA FROM TO ID "CSeq: 1 INVITE\r\n\r\n", 400);
	refuse(LINE VIA FROM TO ID "CSeq: 1 options\r\n\r\n", 400);
	refuse("NEWMETHOD sip:b@x SIP/2.0\r\n" VIA FROM TO ID "CSeq: 1 INVITE\r\n\r\n", 501);
	accept_text("NEWMETHOD sip:b@x SIP/2.0\r\n" VIA FROM TO ID "CSeq: 1 NEWMETHOD\r\n\r\n");
}

static void test_nobody_answers_an_ack(void **state) /* section 17 */
{
	(void)state;
	refuse("ACK sip:b@x SIP/2.0\r\n" HEAD "\r\n", 0);
}

static void
test_lost_carriage_returns_make_length_void(void **state) /* RFC 5118 sections 4.6, 4.8 */
{
	(void)state;
	accept_text("OPTIONS sip:b@x SIP/2.0\nVia: SIP/2.0/UDP h\nFrom: <sip:a@x>\nTo: <sip:b@x>\n"
	            "Call-ID: 1\nCSeq: 1 OPTIONS\nContent-Length: 9\n\nab\ncd\n");
	expect_str(m.body, "ab\ncd\n");
	refuse(LINE HEAD "Content-Length: 9\r\n\r\nab\r\ncd\r\n", 400);
}

static void test_folded_values_are_joined(void **state) /* section 7.3.1 */
{
	(void)state;
	accept_text(LINE VIA FROM ID CSEQ
	            "TO :\r\n sip:b@x ;\r\n\ttag  = 9\r\nSubject:\r\n a\r\n  b\r\n\r\n");
	expect_str(m.to.tag, "9");
	expect_str(sip_value(&m, HDR_SUBJECT), "a b");
}

static void test_rfc2543_message(void **state) /* RFC 4475 section 3.4.1 */
{
	(void)state;
	accept_text(LINE
	            "Via: SIP/2.0/UDP gw\r\nFrom: sip:a@x\r\nTo: sip:b@x\r\nCall-ID: 1\r\n" CSEQ
	            "\r\nv=0\r\n");
	assert_int_equal(m.via.branch.n + m.from.tag.n, 0);
	expect_str(m.body, "v=0\r\n"); /* section 18.3: all that follows */
}

static void test_first_error_is_told_where_it_is(void **state)
{
	(void)state;
	refuse(LINE VIA "From: \"x\r\n" TO ID "CSeq: x\r\n\r\n", 400);
	assert_string_equal(e.what, "Bad From");
	assert_int_equal(e.offset, sizeof(LINE VIA) - 1);
	assert_true(m.to.text.n != 0 && m.call_id.n != 0 && m.via.host.n != 0);
	refuse("\r\n" LINE HEAD "no header\r\n\r\n", 400);
	assert_int_equal(e.offset, sizeof("\r\n" LINE HEAD) - 1);
}

static void expect_limit(const struct sip_limits *limits, const char *text)
{
	assert_int_equal(sip_msg_parse(&m, &arena, str_z(text), limits, &e), E_LIMIT);
	assert_int_equal(e.status, 513);
}

static void test_limits(void **state) /* section 21.5.7 */
{
	(void)state;
	static const char text[] = LINE HEAD "l: 4\r\n\r\nbody";
	struct sip_limits l = {.max_message = sizeof(text) - 1, .max_headers = 6, .max_body = 4};
	assert_int_equal(sip_msg_parse(&m, &arena, STR(text), &l, &e), 0);
	l.max_message--;
	expect_limit(&l, text);
	assert_true(m.via.host.n != 0); /* it can be answered */
	l.max_message++;
	l.max_headers--;
	expect_limit(&l, text);
	l.max_headers++;
	l.max_body--;
	expect_limit(&l, text);
}

static void test_many_headers_keep_their_order(void **state)
{
	(void)state;
	char text[8192] = LINE HEAD;
	size_t n = strlen(text);
	for (unsigned i = 0; i < 150; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "Route: <sip:%u>\r\n", i);
	(void)snprintf(text + n, sizeof(text) - n, "\r\n");
	accept_text(text);
	unsigned i = 0;
	for (const struct sip_hdr *h = sip_hdr(&m, HDR_ROUTE); h; h = sip_hdr_next(&m, h), i++) {
		char want[32];
		(void)snprintf(want, sizeof(want), "<sip:%u>", i);
		expect_str(h->value, want);
	}
	assert_int_equal(i, 150);
}

static void test_nothing_at_all(void **state)
{
	(void)state;
	refuse("", 0);
	refuse("\r\n\r\n", 0);
	refuse("OPTIONS sip:b@x SIP/2.0", 0); /* no line end: nobody can be answered anyway */
	assert_int_equal(sip_msg_parse(&m, &arena, STR_NONE, &wide_limits, &e), E_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_request),
	    cmocka_unit_test(test_response),
	    cmocka_unit_test(test_bad_status_lines_are_dropped),
	    cmocka_unit_test(test_bad_request_lines),
	    cmocka_unit_test(test_each_required_header),
	    cmocka_unit_test(test_a_header_says_one_thing),
	    cmocka_unit_test(test_bad_values),
	    cmocka_unit_test(test_cseq_names_the_method),
	    cmocka_unit_test(test_nobody_answers_an_ack),
	    cmocka_unit_test(test_lost_carriage_returns_make_length_void),
	    cmocka_unit_test(test_folded_values_are_joined),
	    cmocka_unit_test(test_rfc2543_message),
	    cmocka_unit_test(test_first_error_is_told_where_it_is),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_many_headers_keep_their_order),
	    cmocka_unit_test(test_nothing_at_all),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
