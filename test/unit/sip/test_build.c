// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sip/build.h"
#include "sip_text.h"

static char mem[8192];
static struct buf b;
static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	buf_init_fixed(&b, mem, sizeof(mem));
	arena_init(&arena, 4096);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static void test_start_lines(void **state) /* RFC 3261 sections 7.1, 7.2 */
{
	(void)state;
	sip_put_request_line(&b, STR("INVITE"), STR("sip:b@x"));
	sip_put_status_line(&b, 486, STR_NONE);
	sip_put_status_line(&b, 200, STR("Fine"));
	expect_str(buf_view(&b),
	           "INVITE sip:b@x SIP/2.0\r\nSIP/2.0 486 Busy Here\r\nSIP/2.0 200 Fine\r\n");
}

static void test_headers(void **state)
{
	(void)state;
	sip_put_hdr(&b, HDR_ALLOW, STR("INVITE, ACK"));
	sip_put_hdr_u32(&b, HDR_EXPIRES, 4294967295u);
	sip_put_named(&b, STR("X-A"), STR_NONE);
	sip_put_hdr_fmt(&b, HDR_SESSION_EXPIRES, "%u;refresher=%s", 1800u, "uac");
	expect_str(buf_view(&b), "Allow: INVITE, ACK\r\nExpires: 4294967295\r\nX-A: \r\n"
	                         "Session-Expires: 1800;refresher=uac\r\n");
}

static void test_no_value_begins_a_header(void **state)
{
	(void)state;
	struct str evil = STR("a\r\nEvil: 1\n\0\rb");
	sip_put_request_line(&b, evil, evil);
	sip_put_status_line(&b, 200, evil);
	sip_put_hdr(&b, HDR_SUBJECT, evil);
	sip_put_named(&b, evil, evil);
	sip_put_hdr_fmt(&b, HDR_REASON, "%s", "x\r\ny");
	sip_put_via(&b, SIP_UDP, &(struct addr){.family = ADDR_V4}, evil);
	sip_put_quoted(&b, evil);
	struct str rest = buf_view(&b);
	assert_null(memchr(rest.p, 0, rest.n));
	for (size_t lines = 0; lines < 6; lines++) {
		struct str line = str_cut(&rest, '\n');
		assert_true(str_ends(line, STR("\r")));
		assert_null(memchr(line.p, '\r', line.n - 1));
	}
	assert_null(memchr(rest.p, '\n', rest.n));
	assert_null(memchr(rest.p, '\r', rest.n));
}

static void test_long_formatted_values_are_whole(void **state)
{
	(void)state;
	char text[1001];
	memset(text, 'x', 1000);
	text[1000] = 0;
	sip_put_hdr_fmt(&b, HDR_SUBJECT, "%s", text);
	assert_int_equal(b.n, 1000 + sizeof("Subject: \r\n") - 1);
	assert_true(str_ends(buf_view(&b), STR("xxx\r\n")));
}

static void test_quoted_strings(void **state) /* section 25.1, quoted-string */
{
	(void)state;
	sip_put_quoted(&b,
	               STR("a\"b\\c\td\x7f\xc3\xa4\xff\xc3(\xed\xa0\x80\xf0\x9f\x93\x9e\xe2\x82"));
	expect_str(buf_view(&b), "\"a\\\"b\\\\c d \xc3\xa4?"
	                         "?(?"
	                         "?"
	                         "?\xf0\x9f\x93\x9e?"
	                         "?\"");
}

static void test_body_has_its_length(void **state) /* section 20.14 */
{
	(void)state;
	sip_put_body(&b, STR("application/sdp"), STR("v=0\r\n"));
	expect_str(buf_view(&b),
	           "Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n");
	buf_reset(&b);
	sip_put_body(&b, STR_NONE, STR_NONE);
	expect_str(buf_view(&b), "Content-Length: 0\r\n\r\n");
}

static void test_via(void **state) /* section 18.1.1; RFC 3581 section 3 */
{
	(void)state;
	struct addr v4 = {.family = ADDR_V4, .port = 5060, .ip = {192, 0, 2, 1}};
	struct addr v6 = {.family = ADDR_V6, .port = 5062, .ip = {0x20, 1, 0xd, 0xb8, [15] = 1}};
	sip_put_via(&b, SIP_UDP, &v4, STR("z9hG4bKa"));
	sip_put_via(&b, SIP_TCP, &v6, STR("z9hG4bKb"));
	expect_str(buf_view(&b), "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa;rport\r\n"
	                         "Via: SIP/2.0/TCP [2001:db8::1]:5062;branch=z9hG4bKb\r\n");
}

static void expect_reply(const char *headers, const char *to_tag, bool record_route,
                         const char *want)
{
	static const struct addr source = {.family = ADDR_V4, .port = 5099, .ip = {192, 0, 2, 9}};
	struct sip_msg m;
	struct sip_parse_error e;
	struct str text = arena_printf(&arena, "INVITE sip:b@x SIP/2.0\r\n%s\r\n", headers);
	(void)!sip_msg_parse(&m, &arena, text, &wide_limits, &e);
	buf_reset(&b);
	sip_put_reply_head(&b, &m, &source, str_z(to_tag), record_route);
	expect_str(buf_view(&b), want);
}

#define REST "From: <sip:a@x>;tag=1\r\nCall-ID: i\r\nCSeq: 1 INVITE\r\n"

static void test_reply_repeats_the_request(void **state) /* section 8.2.6.2 */
{
	(void)state;
	expect_reply("v: SIP/2.0/TCP 192.0.2.9;branch=z9hG4bK1 , SIP/2.0/UDP p1\r\n"
	             "Record-Route: <sip:r1;lr>, <sip:r2;lr>\r\n"
	             "Via: SIP/2.0/UDP p2\r\nTo: \"B\r\n b\" <sip:b@x>\r\nTimestamp: 5\r\n"
	             "Record-Route: <sip:r3>\r\n" REST,
	             "t9", true,
	             "Via: SIP/2.0/TCP 192.0.2.9;branch=z9hG4bK1 , SIP/2.0/UDP p1\r\n"
	             "Via: SIP/2.0/UDP p2\r\n"
	             "From: <sip:a@x>;tag=1\r\nTo: \"B b\" <sip:b@x>;tag=t9\r\nCall-ID: i\r\n"
	             "CSeq: 1 INVITE\r\nTimestamp: 5\r\n"
	             "Record-Route: <sip:r1;lr>, <sip:r2;lr>\r\nRecord-Route: <sip:r3>\r\n");
}

#define TO "To: <sip:b@x>;tag=2\r\n"
#define SAME "From: <sip:a@x>;tag=1\r\n" TO "Call-ID: i\r\nCSeq: 1 INVITE\r\n"

static void test_to_tag_is_kept(void **state) /* section 8.2.6.2 */
{
	(void)state;
	expect_reply("Via: SIP/2.0/UDP 192.0.2.9\r\nRecord-Route: <sip:r>\r\n" TO REST, "t9", false,
	             "Via: SIP/2.0/UDP 192.0.2.9\r\n" SAME);
}

static void test_received_tells_another_address(void **state) /* section 18.2.1 */
{
	(void)state;
	expect_reply("Via: SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bK1\r\n" TO REST, "", false,
	             "Via: SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bK1;received=192.0.2.9\r\n" SAME);
	expect_reply("Via: SIP/2.0/UDP host.x\r\n" TO REST, "", false,
	             "Via: SIP/2.0/UDP host.x;received=192.0.2.9\r\n" SAME);
}

static void test_rport_gets_the_source_port(void **state) /* RFC 3581 section 4 */
{
	(void)state;
	expect_reply("Via: SIP/2.0/UDP 192.0.2.9:5062;rport;branch=z9hG4bK1\r\n" TO REST, "", false,
	             "Via: SIP/2.0/UDP "
	             "192.0.2.9:5062;branch=z9hG4bK1;received=192.0.2.9;rport=5099\r\n" SAME);
}

static void test_a_forgiven_separator_is_not_doubled(void **state)
{
	(void)state;
	expect_reply("Via: SIP/2.0/UDP host.x;\r\nTo: <sip:b@x> ;\r\n" REST, "2", false,
	             "Via: SIP/2.0/UDP host.x;received=192.0.2.9\r\n" SAME);
}

static void test_claimed_received_is_replaced(void **state)
{
	(void)state;
	expect_reply(
	    "Via: SIP/2.0/UDP 10.0.0.1;received=203.0.113.1 ; branch=z9hG4bK1;rport=1;x\r\n" TO
	        REST,
	    "", false,
	    "Via: SIP/2.0/UDP 10.0.0.1; branch=z9hG4bK1;x;received=192.0.2.9;rport=5099\r\n" SAME);
}

static void test_what_a_bad_request_has_is_repeated(void **state) /* section 8.2.6 */
{
	(void)state;
	expect_reply("Via: SIP/2.0/UDP 192.0.2.9\r\nTo: \"open <sip:b@x>\r\nCSeq: x\r\n", "t9",
	             false,
	             "Via: SIP/2.0/UDP 192.0.2.9\r\nTo: \"open <sip:b@x>;tag=t9\r\nCSeq: x\r\n");
	expect_reply("Via: garbage\r\nCall-ID: i\r\n", "t9", false,
	             "Via: garbage\r\nCall-ID: i\r\n");
	expect_reply("", "t9", false, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_start_lines, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_headers, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_no_value_begins_a_header, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_long_formatted_values_are_whole, set_up,
	                                    tear_down),
	    cmocka_unit_test_setup_teardown(test_quoted_strings, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_body_has_its_length, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_via, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_reply_repeats_the_request, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_to_tag_is_kept, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_received_tells_another_address, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_rport_gets_the_source_port, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_a_forgiven_separator_is_not_doubled, set_up,
	                                    tear_down),
	    cmocka_unit_test_setup_teardown(test_claimed_received_is_replaced, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_what_a_bad_request_has_is_repeated, set_up,
	                                    tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
