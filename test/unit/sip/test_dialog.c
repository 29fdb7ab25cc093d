// SPDX-License-Identifier: Apache-2.0
/* Dialogs: RFC 3261 section 12. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "sip/build.h"
#include "sip/dialog.h"
#include "sip_text.h"

struct fixture {
	struct arena arena;
	struct sip_msg m;
	struct dialog d;
	struct flow flow, other;
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof *f);
	arena_init(&f->arena, 8192);
	assert_int_equal(addr_parse(&f->flow.remote, STR("192.0.2.9:5060")), 0);
	assert_int_equal(addr_parse(&f->other.remote, STR("192.0.2.10:6060")), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	dialog_fini(&f->d);
	arena_fini(&f->arena);
	test_free(f);
	return 0;
}

static void parse(struct fixture *f, const char *text)
{
	struct sip_parse_error e;
	if (parse_text(&f->m, &f->arena, text, &e) != 0)
		fail_msg("%s", e.what);
}

#define VIA "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx\r\n"
#define INVITE(more)                                                                    \
	"INVITE sip:bob@acme.test SIP/2.0\r\n" VIA                                          \
	"From: \"A\" <sip:alice@acme.test;x=1>;tag=at;y=2\r\nTo: <sip:bob@acme.test>\r\n" \
	"Call-ID: c1\r\nCSeq: 10 INVITE\r\nMax-Forwards: 70\r\n" more "\r\n"
#define REQUEST(method, cseq, more)                                                     \
	method " sip:us@192.0.2.1 SIP/2.0\r\n" VIA "From: <sip:alice@acme.test>;tag=at\r\n" \
	"To: <sip:bob@acme.test>;tag=bt\r\nCall-ID: c1\r\nCSeq: " cseq " " method "\r\n"    \
	"Max-Forwards: 70\r\n" more "\r\n"

static void begin_uas(struct fixture *f, const char *text)
{
	parse(f, text);
	dialog_init_uas(&f->d, &f->m, STR("bt"), &f->flow);
}

static const char *head(const struct dialog *d, enum sip_method method, uint32_t cseq)
{
	static char room[4096];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room - 1);
	dialog_put_head(&b, d, method, cseq, 70);
	assert_true(buf_ok(&b));
	room[b.n] = '\0';
	return room;
}

static void has(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("no \"%s\" in:\n%s", what, text);
}

/* -- called ---------------------------------------------------------------- */

static void test_uas_takes_its_side_of_the_invite(void **state) /* 12.1.1 */
{
	struct fixture *f = *state;
	begin_uas(f, INVITE("Contact: <sip:alice@192.0.2.9:5062>\r\n"));
	expect_str(f->d.call_id, "c1");
	expect_str(f->d.local_tag, "bt");
	expect_str(f->d.remote_tag, "at");
	expect_str(f->d.local, "<sip:bob@acme.test>");
	expect_str(f->d.remote, "\"A\" <sip:alice@acme.test;x=1>"); /* without the tag */
	expect_str(dialog_ruri(&f->d), "sip:alice@192.0.2.9:5062");
	assert_int_equal(f->d.remote_cseq, 10);
	assert_int_equal(f->d.local_cseq, 0);
	assert_false(f->d.uac);
	assert_true(dialog_fits(&f->d));
}

static void test_uas_keeps_the_record_routes_in_order(void **state) /* 12.1.1 */
{
	struct fixture *f = *state;
	begin_uas(f, INVITE("Contact: <sip:a@192.0.2.9>\r\n"
	                    "Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\n"
	                    "Record-Route: <sip:p3;lr>\r\n"));
	has(head(&f->d, SIP_BYE, 1), "Route: <sip:p1;lr>, <sip:p2;lr>, <sip:p3;lr>\r\n");
}

static void test_invite_without_contact_is_reached_at_its_from(void **state)
{
	struct fixture *f = *state;
	begin_uas(f, INVITE(""));
	expect_str(dialog_ruri(&f->d), "sip:alice@acme.test;x=1");
}

static void test_rfc_2543_peer_has_no_tag(void **state) /* 12.1.1: a tag of null */
{
	struct fixture *f = *state;
	begin_uas(f, "INVITE sip:bob@acme.test SIP/2.0\r\n" VIA
	             "From: sip:alice@acme.test\r\nTo: sip:bob@acme.test\r\nCall-ID: c1\r\n"
	             "CSeq: 1 INVITE\r\nContact: sip:alice@192.0.2.9\r\n\r\n");
	assert_int_equal(f->d.remote_tag.n, 0);
	const char *text = head(&f->d, SIP_BYE, 1);
	has(text, "sip:alice@acme.test");
	assert_null(strstr(text, "To: sip:alice@acme.test;tag"));
}

/* -- calling --------------------------------------------------------------- */

static void begin_uac(struct fixture *f, const char *routes)
{
	const struct dialog_uac_args args = {
		.call_id = STR("c2"),
		.local_tag = STR("lt"),
		.local = STR("\"Us\" <sip:us@acme.test>"),
		.remote = STR("<sip:bob@acme.test>"),
		.target = STR("sip:bob@192.0.2.9"),
		.routes = str_z(routes),
		.flow = &f->flow,
	};
	dialog_init_uac(&f->d, &args);
}

#define RESPONSE(status, tag, more)                                             \
	"SIP/2.0 " status " X\r\n" VIA "From: <sip:us@acme.test>;tag=lt\r\n"        \
	"To: <sip:bob@acme.test>;tag=" tag "\r\nCall-ID: c2\r\nCSeq: 1 INVITE\r\n" \
	more "\r\n"

static void test_uac_prints_its_invite(void **state) /* 8.1.1, 12.2.1.1 */
{
	struct fixture *f = *state;
	begin_uac(f, "<sip:path;lr>");
	assert_int_equal(f->d.local_cseq, 1);
	assert_string_equal(head(&f->d, SIP_INVITE, 1),
	                    "Route: <sip:path;lr>\r\nMax-Forwards: 70\r\n"
	                    "From: \"Us\" <sip:us@acme.test>;tag=lt\r\nTo: <sip:bob@acme.test>\r\n"
	                    "Call-ID: c2\r\nCSeq: 1 INVITE\r\n");
}

static void test_response_brings_tag_target_and_routes_reversed(void **state) /* 12.1.2 */
{
	struct fixture *f = *state;
	begin_uac(f, "<sip:path;lr>");
	parse(f, RESPONSE("200", "b1", "Contact: <sip:bob@192.0.2.99>\r\n"
	                               "Record-Route: <sip:p1;lr>,<sip:p2;lr>\r\n"));
	dialog_confirm(&f->d, &f->m);
	expect_str(f->d.remote_tag, "b1");
	expect_str(dialog_ruri(&f->d), "sip:bob@192.0.2.99");
	const char *text = head(&f->d, SIP_BYE, 2);
	has(text, "Route: <sip:p2;lr>, <sip:p1;lr>\r\n");
	has(text, "To: <sip:bob@acme.test>;tag=b1\r\n");
}

static void test_response_without_contact_keeps_the_target(void **state)
{
	struct fixture *f = *state;
	begin_uac(f, "");
	parse(f, RESPONSE("180", "b1", ""));
	dialog_confirm(&f->d, &f->m);
	expect_str(dialog_ruri(&f->d), "sip:bob@192.0.2.9");
}

static void test_another_early_dialog_takes_over(void **state) /* 12.1.2, 13.2.2.4 */
{
	struct fixture *f = *state;
	begin_uac(f, "");
	parse(f, RESPONSE("180", "b1", "Contact: <sip:one@192.0.2.9>\r\n"));
	dialog_confirm(&f->d, &f->m);
	parse(f, RESPONSE("200", "b2", "Contact: <sip:two@192.0.2.9>\r\n"));
	dialog_confirm(&f->d, &f->m);
	expect_str(f->d.remote_tag, "b2");
	expect_str(dialog_ruri(&f->d), "sip:two@192.0.2.9");
}

static void test_copy_is_deep(void **state)
{
	struct fixture *f = *state;
	begin_uac(f, "<sip:path;lr>");
	struct dialog copy;
	dialog_copy(&copy, &f->d);
	parse(f, RESPONSE("200", "b9", "Contact: <sip:nine@192.0.2.9>\r\n"));
	dialog_confirm(&copy, &f->m);
	assert_int_equal(f->d.remote_tag.n, 0);
	expect_str(dialog_ruri(&f->d), "sip:bob@192.0.2.9");
	expect_str(copy.call_id, "c2");
	dialog_fini(&copy);
	expect_str(f->d.call_id, "c2");
}

/* -- requests in it -------------------------------------------------------- */

static int in(struct fixture *f, const char *text, const struct flow *flow)
{
	parse(f, text);
	return dialog_request_in(&f->d, &f->m, flow);
}

static void test_numbers_must_not_fall(void **state) /* 12.2.2 */
{
	struct fixture *f = *state;
	begin_uas(f, INVITE("Contact: <sip:a@192.0.2.9>\r\n"));
	assert_int_equal(in(f, REQUEST("INFO", "9", ""), &f->other), E_STALE);
	assert_true(addr_eq(&f->d.flow.remote, &f->flow.remote)); /* and it is not followed */
	assert_int_equal(in(f, REQUEST("INFO", "12", ""), &f->flow), 0); /* gaps are right */
	assert_int_equal(in(f, REQUEST("INFO", "11", ""), &f->flow), E_STALE);
	assert_int_equal(in(f, REQUEST("BYE", "4294967295", ""), &f->flow), 0);
}

static void test_first_request_of_the_callee_may_have_any_number(void **state) /* 12.2.2 */
{
	struct fixture *f = *state;
	begin_uac(f, "");
	assert_int_equal(in(f, REQUEST("INFO", "5", ""), &f->flow), 0);
	assert_int_equal(in(f, REQUEST("INFO", "4", ""), &f->flow), E_STALE);
}

static void test_ack_and_cancel_do_not_count(void **state) /* 12.2.2, 13.2.2.4 */
{
	struct fixture *f = *state;
	begin_uas(f, INVITE("Contact: <sip:a@192.0.2.9>\r\n"));
	assert_int_equal(in(f, REQUEST("INFO", "11", ""), &f->flow), 0);
	assert_int_equal(in(f, REQUEST("ACK", "10", ""), &f->flow), 0);
	assert_int_equal(in(f, REQUEST("INFO", "11", ""), &f->flow), 0);
}

static void test_target_refresh_moves_the_target(void **state) /* 12.2.2 */
{
	struct fixture *f = *state;
	begin_uas(f, INVITE("Contact: <sip:a@192.0.2.9>\r\nRecord-Route: <sip:p1;lr>\r\n"));
	const char *info = REQUEST("INFO", "11", "Contact: <sip:i@192.0.2.9>\r\n");
	assert_int_equal(in(f, info, &f->flow), 0);
	expect_str(dialog_ruri(&f->d), "sip:a@192.0.2.9");
	assert_int_equal(in(f,
	                    REQUEST("INVITE", "12",
	                            "Contact: <sip:n@192.0.2.9>\r\nRecord-Route: <sip:p9;lr>\r\n"),
	                    &f->other), 0);
	expect_str(dialog_ruri(&f->d), "sip:n@192.0.2.9");
	has(head(&f->d, SIP_BYE, 1), "Route: <sip:p1;lr>\r\n"); /* the route set never changes */
	assert_true(addr_eq(&f->d.flow.remote, &f->other.remote));
	const char *update = REQUEST("UPDATE", "13", "Contact: <sip:u@192.0.2.9>\r\n");
	assert_int_equal(in(f, update, &f->flow), 0);
	expect_str(dialog_ruri(&f->d), "sip:u@192.0.2.9");
}

static void test_star_is_no_target(void **state)
{
	struct fixture *f = *state;
	begin_uas(f, INVITE("Contact: <sip:a@192.0.2.9>\r\n"));
	assert_int_equal(in(f, REQUEST("INVITE", "11", "Contact: *\r\n"), &f->flow), 0);
	expect_str(dialog_ruri(&f->d), "sip:a@192.0.2.9");
}

static void test_answer_to_our_refresh_moves_the_target(void **state) /* 12.2.1.2 */
{
	struct fixture *f = *state;
	begin_uac(f, "");
	parse(f, RESPONSE("200", "b1", "Contact: <sip:moved@192.0.2.9>\r\n"));
	dialog_refresh_target(&f->d, &f->m);
	expect_str(dialog_ruri(&f->d), "sip:moved@192.0.2.9");
	assert_int_equal(f->d.remote_tag.n, 0);
}

static void test_more_routes_than_we_follow_are_bounded(void **state)
{
	struct fixture *f = *state;
	char text[8192];
	size_t n = (size_t)snprintf(text, sizeof text, "%s",
	                            INVITE("Contact: <sip:a@192.0.2.9>\r\n"));
	n -= 2;
	for (unsigned i = 0; i < 60; i++)
		n += (size_t)snprintf(text + n, sizeof text - n,
		                      "Record-Route: <sip:proxy-with-a-name-%u.test;lr>\r\n", i);
	snprintf(text + n, sizeof text - n, "\r\n");
	begin_uas(f, text);
	assert_false(dialog_fits(&f->d)); /* the peer cannot be reached without them */
	assert_true(f->d.routes.n <= 2048);
	head(&f->d, SIP_BYE, 1);
}

static void test_naked_address_has_no_header_parameters(void **state)
{
	struct fixture *f = *state;
	parse(f, INVITE("Contact: sip:a@192.0.2.9;expires=5\r\n"));
	expect_str(sip_addr_naked(&f->m.from), "\"A\" <sip:alice@acme.test;x=1>");
	struct sip_addr c;
	assert_int_equal(sip_contact(&f->m, &c), 0);
	expect_str(sip_addr_naked(&c), "sip:a@192.0.2.9");
}

/** What a Contact wants to see in a request is nothing that a request line may hold. */
static void test_headers_of_a_contact_do_not_get_into_the_request_line(void **state) /* 19.1.5 */
{
	struct fixture *f = *state;
	begin_uas(f, INVITE("Contact: <sip:a?b@192.0.2.9;x=1?Route=%3Csip:evil.test%3E>\r\n"));
	expect_str(dialog_ruri(&f->d), "sip:a?b@192.0.2.9;x=1");
	dialog_fini(&f->d);
	f->d = (struct dialog){0};
	begin_uas(f, INVITE("Contact: <sip:192.0.2.9?>\r\n"));
	expect_str(dialog_ruri(&f->d), "sip:192.0.2.9");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_uas_takes_its_side_of_the_invite),
		T(test_uas_keeps_the_record_routes_in_order),
		T(test_invite_without_contact_is_reached_at_its_from),
		T(test_rfc_2543_peer_has_no_tag),
		T(test_uac_prints_its_invite),
		T(test_response_brings_tag_target_and_routes_reversed),
		T(test_response_without_contact_keeps_the_target),
		T(test_another_early_dialog_takes_over),
		T(test_copy_is_deep),
		T(test_numbers_must_not_fall),
		T(test_first_request_of_the_callee_may_have_any_number),
		T(test_ack_and_cancel_do_not_count),
		T(test_target_refresh_moves_the_target),
		T(test_star_is_no_target),
		T(test_answer_to_our_refresh_moves_the_target),
		T(test_more_routes_than_we_follow_are_bounded),
		T(test_headers_of_a_contact_do_not_get_into_the_request_line),
		T(test_naked_address_has_no_header_parameters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
