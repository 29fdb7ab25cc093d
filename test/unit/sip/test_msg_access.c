// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "sip_text.h"

static const char text[] =
    "SIP/2.0 200 OK\r\n"
    "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
    "From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n"
    "Supported: timer\r\nk: 100rel , path\r\n"
    "Contact:\r\nm: \"a, b\" <sip:a@1>;q=1, <sip:b@2>\r\nContact: <sip:c@3>\r\n"
    "Expires: 60\r\nRSeq: 4294967296\r\nMin-SE: x\r\nRoute: \"open\r\n"
    "X-One: 1\r\nx-one: 2\r\n\r\n";

static struct arena arena;
static struct sip_msg m;

static int set_up(void **state)
{
	struct sip_parse_error e;
	(void)state;
	arena_init(&arena, 4096);
	return parse_text(&m, &arena, text, &e);
}

static int tear_down(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static void test_headers_of_one_kind(void **state)
{
	(void)state;
	const struct sip_hdr *h = sip_hdr(&m, HDR_SUPPORTED);
	assert_non_null(h);
	expect_str(h->value, "timer");
	h = sip_hdr_next(&m, h);
	assert_non_null(h);
	expect_str(h->name, "k");
	assert_null(sip_hdr_next(&m, h));
	assert_null(sip_hdr(&m, HDR_DATE));
	assert_null(sip_hdr(&m, HDR_OTHER));
	assert_int_equal(sip_value(&m, HDR_DATE).n, 0);
}

static void test_unknown_headers_by_name(void **state)
{
	(void)state;
	const struct sip_hdr *h = sip_hdr_named(&m, STR("X-ONE"));
	assert_non_null(h);
	expect_str(h->value, "1");
	assert_null(sip_hdr_named(&m, STR("X-Two")));
}

static void test_tokens_of_all_headers(void **state) /* RFC 3261 section 20.37 */
{
	(void)state;
	assert_true(sip_has_token(&m, HDR_SUPPORTED, STR("timer")));
	assert_true(sip_has_token(&m, HDR_SUPPORTED, STR("PATH")));
	assert_false(sip_has_token(&m, HDR_SUPPORTED, STR("gruu")));
	assert_false(sip_has_token(&m, HDR_REQUIRE, STR("timer")));
}

static void test_elements_of_all_headers(void **state) /* section 7.3.1 */
{
	(void)state;
	static const char *const want[] = {"\"a, b\" <sip:a@1>;q=1", "<sip:b@2>", "<sip:c@3>"};
	struct sip_iter it = {0};
	struct str element;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(sip_iter_next(&it, &m, HDR_CONTACT, &element), 0);
		expect_str(element, want[i]);
	}
	assert_int_equal(sip_iter_next(&it, &m, HDR_CONTACT, &element), ENOENT);
	assert_int_equal(sip_iter_next(&it, &m, HDR_CONTACT, &element), ENOENT);
	struct sip_iter route = {0};
	assert_int_equal(sip_iter_next(&route, &m, HDR_ROUTE, &element), E_MALFORMED);
	struct sip_iter none = {0};
	assert_int_equal(sip_iter_next(&none, &m, HDR_DATE, &element), ENOENT);
}

static void test_first_contact(void **state)
{
	(void)state;
	struct sip_addr a;
	assert_int_equal(sip_contact(&m, &a), 0);
	expect_str(a.uri.host, "1");
	expect_str(a.display, "a, b");
}

static void test_numbers(void **state)
{
	(void)state;
	uint32_t v = 7;
	assert_int_equal(sip_number(&m, HDR_EXPIRES, &v), 0);
	assert_int_equal(v, 60);
	assert_int_equal(sip_number(&m, HDR_RSEQ, &v), ERANGE);
	assert_int_equal(sip_number(&m, HDR_MIN_SE, &v), E_MALFORMED);
	assert_int_equal(sip_number(&m, HDR_MIN_EXPIRES, &v), ENOENT);
	assert_int_equal(v, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_headers_of_one_kind),
	    cmocka_unit_test(test_unknown_headers_by_name),
	    cmocka_unit_test(test_tokens_of_all_headers),
	    cmocka_unit_test(test_elements_of_all_headers),
	    cmocka_unit_test(test_first_contact),
	    cmocka_unit_test(test_numbers),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
