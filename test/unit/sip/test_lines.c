// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "sip/lines.h"
#include "sip_text.h"

static void test_blanks_before_the_colon(void **state) /* RFC 3261 section 7.3.1 */
{
	(void)state;
	struct arena a;
	struct hdr_line h;
	struct str rest = STR("Subject \t:  lunch \t\r\nX:\r\n\r\nbody");
	arena_init(&a, 256);
	assert_int_equal(hdr_line_next(&rest, true, &h), 0);
	expect_str(h.name, "Subject");
	expect_str(hdr_line_value(&a, &h), "lunch");
	assert_false(h.folded || h.bare_lf);
	assert_int_equal(hdr_line_next(&rest, true, &h), 0);
	expect_str(hdr_line_value(&a, &h), "");
	assert_int_equal(hdr_line_next(&rest, true, &h), ENOENT);
	expect_str(rest, "body");
	arena_fini(&a);
}

static void test_folds_become_one_blank(void **state) /* section 7.3.1 */
{
	(void)state;
	struct arena a;
	struct hdr_line h;
	struct str rest = STR("To :\r\n sip:x \r\n\t \r\n  ; tag=1\r\nNext: y\r\n");
	arena_init(&a, 256);
	assert_int_equal(hdr_line_next(&rest, true, &h), 0);
	assert_true(h.folded);
	expect_str(hdr_line_value(&a, &h), "sip:x ; tag=1");
	assert_int_equal(hdr_line_next(&rest, true, &h), 0);
	expect_str(h.name, "Next");
	arena_fini(&a);
}

static void test_lines_that_are_no_headers(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "Foobar roobar\r\n\r\n", ": x\r\n\r\n",           " folded: x\r\n\r\n",
	    "A/B: x\r\n\r\n",        "A: x\ry\r\n\r\n",       "A\r: x\r\n\r\n",
	    "A\r\n: x\r\n\r\n",      "A: x\r\n y\rz\r\n\r\n", "A: x\r\r\n\r\n",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct str rest = str_z(bad[i]);
		struct hdr_line h;
		assert_int_equal(hdr_line_next(&rest, true, &h), E_MALFORMED);
		assert_true(rest.n < strlen(bad[i])); /* it goes on behind it */
	}
}

static void
test_nul_only_in_a_quoted_pair(void **state) /* section 25.1; RFC 4475 section 3.1.1.2 */
{
	(void)state;
	struct hdr_line h;
	struct str rest = STR("A: \"\\\0\"\r\n\r\n");
	assert_int_equal(hdr_line_next(&rest, true, &h), 0);
	rest = STR("A: \"\0\"\r\n\r\n");
	assert_int_equal(hdr_line_next(&rest, true, &h), E_MALFORMED);
	rest = STR("A: \\\0\0\r\n\r\n");
	assert_int_equal(hdr_line_next(&rest, true, &h), E_MALFORMED);
	rest = STR("A: x\0\r\n\r\n");
	assert_int_equal(hdr_line_next(&rest, true, &h), E_MALFORMED);
}

static void test_more_is_asked_for_until_the_next_line_begins(void **state)
{
	(void)state;
	static const char text[] = "A: x\r\n y\r\nB";
	struct hdr_line h;
	for (size_t n = 0; n < sizeof(text) - 2; n++) {
		struct str rest = {text, n};
		assert_int_equal(hdr_line_next(&rest, false, &h), E_MORE);
		assert_int_equal(rest.n, n);
	}
	struct str rest = STR(text);
	assert_int_equal(hdr_line_next(&rest, false, &h), 0);
	expect_str(rest, "B");
}

static void test_end_of_datagram_ends_the_headers(void **state)
{
	(void)state;
	struct hdr_line h;
	struct str rest = STR("A: x\n");
	assert_int_equal(hdr_line_next(&rest, true, &h), 0);
	assert_true(h.bare_lf);
	assert_int_equal(hdr_line_next(&rest, true, &h), ENOENT);
	rest = STR("A: x"); /* but a line that was cut off is no line */
	assert_int_equal(hdr_line_next(&rest, true, &h), E_MALFORMED);
	assert_int_equal(rest.n, 0);
	rest = STR("A: x\r\n y");
	assert_int_equal(hdr_line_next(&rest, true, &h), E_MALFORMED);
	assert_int_equal(rest.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_blanks_before_the_colon),
	    cmocka_unit_test(test_folds_become_one_blank),
	    cmocka_unit_test(test_lines_that_are_no_headers),
	    cmocka_unit_test(test_nul_only_in_a_quoted_pair),
	    cmocka_unit_test(test_more_is_asked_for_until_the_next_line_begins),
	    cmocka_unit_test(test_end_of_datagram_ends_the_headers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
