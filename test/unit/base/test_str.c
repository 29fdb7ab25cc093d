// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "base/str.h"

static void assert_str(struct str s, const char *want)
{
	if (!str_eq(s, str_z(want)))
		fail_msg("'" STR_FMT "' is not '%s'", STR_ARG(s), want);
}

static void test_equality_and_order_by_bytes(void **state)
{
	(void)state;
	assert_true(str_eq(STR(""), STR_NONE));
	assert_false(str_eq(STR("a"), STR("ab")));
	assert_true(str_ieq(STR("Via"), STR("vIA")));
	assert_false(str_ieq(STR("Via"), STR("Vi")));
	assert_false(str_ieq(STR("["), STR("{"))); /* differ in bit 0x20, and are no letters */
	assert_true(str_cmp(STR("a"), STR("b")) < 0);
	assert_true(str_cmp(STR("ab"), STR("a")) > 0);
	assert_true(str_cmp(STR("\xff"), STR("a")) > 0);
	assert_int_equal(str_cmp(STR_NONE, STR("")), 0);
}

static void test_prefix_and_suffix(void **state)
{
	(void)state;
	assert_true(str_starts(STR("sip:x"), STR("sip:")));
	assert_true(str_starts(STR("x"), STR("")));
	assert_false(str_starts(STR("si"), STR("sip:")));
	assert_false(str_starts(STR("SIP:x"), STR("sip:")));
	assert_true(str_istarts(STR("SIP:x"), STR("sip:")));
	assert_false(str_istarts(STR("SI"), STR("sip:")));
	assert_true(str_ends(STR("a.test"), STR(".test")));
	assert_false(str_ends(STR("test"), STR(".test")));
}

static void test_trim_takes_sip_white_space(void **state)
{
	(void)state;
	assert_str(str_trim(STR(" \t\r\na b\n\r\t ")), "a b");
	assert_str(str_trim(STR(" \t ")), "");
	assert_str(str_trim(STR_NONE), "");
}

static void test_find_sub_and_cut(void **state)
{
	struct str s = STR("a:b:c");

	(void)state;
	assert_int_equal(str_find(s, ':'), 1);
	assert_int_equal(str_find(s, 'x'), 5);
	assert_int_equal(str_find(STR_NONE, 'x'), 0);
	assert_str(str_sub(s, 2, 3), "b");
	assert_str(str_sub(s, 3, 99), ":c");
	assert_str(str_sub(s, 9, 99), "");
	assert_str(str_sub(s, 4, 2), "");
	assert_str(str_cut(&s, ':'), "a");
	assert_str(s, "b:c");
	assert_str(str_cut(&s, 'x'), "b:c");
	assert_str(s, "");
	assert_str(str_cut(&s, ':'), "");
}

static void test_decimal_numbers(void **state)
{
	uint32_t u = 7;
	uint64_t v = 7;

	(void)state;
	assert_int_equal(str_u32(STR("4294967296"), &u), ERANGE);
	assert_int_equal(str_u32(STR(""), &u), E_MALFORMED);
	assert_int_equal(str_u32(STR("-1"), &u), E_MALFORMED);
	assert_int_equal(str_u32(STR("1 "), &u), E_MALFORMED);
	assert_int_equal(str_u32(STR("99999999999999999999999x"), &u), E_MALFORMED);
	assert_int_equal(u, 7);
	assert_int_equal(str_u32(STR("4294967295"), &u), 0);
	assert_int_equal(u, UINT32_MAX);
	assert_int_equal(str_u32(STR("0000000000000000000042"), &u), 0);
	assert_int_equal(u, 42);
	assert_int_equal(str_u64(STR("18446744073709551616"), &v), ERANGE);
	assert_int_equal(str_u64(STR("28446744073709551615"), &v), ERANGE);
	assert_int_equal(v, 7);
	assert_int_equal(str_u64(STR("18446744073709551615"), &v), 0);
	assert_true(v == UINT64_MAX);
}

static void test_copies_end_in_nul(void **state)
{
	char *z = str_dupz(STR("abc"));
	char small[4] = "xxx";

	(void)state;
	assert_string_equal(z, "abc");
	free(z);
	z = str_dupz(STR_NONE);
	assert_string_equal(z, "");
	free(z);
	assert_true(str_copyz(small, sizeof small, STR("abc")));
	assert_string_equal(small, "abc");
	assert_false(str_copyz(small, sizeof small, STR("abcd")));
	assert_string_equal(small, "");
	assert_true(str_copyz(small, sizeof small, STR_NONE));
	assert_false(str_copyz(small, 0, STR_NONE));
}

/* RFC 3629 section 4 */
static void test_utf8_table_of_well_formed_sequences(void **state)
{
	const char *good[] = {"", "abc", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
	                      "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
	                      "a\xc3\xa9z"};
	const char *bad[] = {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x7f", "\xc2\xc0",
	                     "\xe0\x9f\xbf", "\xe1\x80", "\xe1\x80\x7f", "\xed\xa0\x80", "\xed\xbf\xbf",
	                     "\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
	                     "\xff", "a\xe2\x82"};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(str_is_utf8(str_z(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(str_is_utf8(str_z(bad[i])));
	assert_int_equal(str_utf8_step(STR("\xe2\x82\xac!")), 3);
	assert_int_equal(str_utf8_step(STR("\xe2\x82!")), 0);
	assert_int_equal(str_utf8_step(STR("")), 0);
}

static void test_secrets_are_compared_whole_and_wiped(void **state)
{
	char a[] = "0123456789", b[] = "0123456789";

	(void)state;
	assert_true(mem_eq_const(a, b, sizeof a));
	for (size_t i = 0; i < sizeof a - 1; i++) {
		b[i] ^= 1;
		assert_false(mem_eq_const(a, b, sizeof a));
		b[i] ^= 1;
	}
	mem_wipe(a + 1, 3);
	assert_memory_equal(a, "0\0\0\0" "456789", sizeof a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equality_and_order_by_bytes),
		cmocka_unit_test(test_prefix_and_suffix),
		cmocka_unit_test(test_trim_takes_sip_white_space),
		cmocka_unit_test(test_find_sub_and_cut),
		cmocka_unit_test(test_decimal_numbers),
		cmocka_unit_test(test_copies_end_in_nul),
		cmocka_unit_test(test_utf8_table_of_well_formed_sequences),
		cmocka_unit_test(test_secrets_are_compared_whole_and_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
