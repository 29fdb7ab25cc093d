// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"

static void assert_text(const struct buf *b, const char *want)
{
	if (!str_eq(buf_view(b), str_z(want)))
		fail_msg("'" STR_FMT "' is not '%s'", STR_ARG(buf_view(b)), want);
}

static void test_grows_up_to_its_limit_and_no_further(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	for (int i = 0; i < 100; i++)
		buf_lit(&b, "0123456789");
	assert_true(buf_ok(&b));
	assert_int_equal(b.n, 1000);
	assert_int_equal(b.cap, 1000);
	buf_ch(&b, 'x');
	assert_false(buf_ok(&b));
	assert_int_equal(b.n, 1000);
	buf_fini(&b);
}

static void test_full_sticks_until_reset(void **state)
{
	char mem[4];
	struct buf b;

	(void)state;
	buf_init_fixed(&b, mem, sizeof mem);
	buf_lit(&b, "ab");
	buf_lit(&b, "cde");
	assert_false(buf_ok(&b));
	buf_lit(&b, "f"); /* would fit, but something before it did not */
	assert_text(&b, "ab");
	buf_reset(&b);
	buf_lit(&b, "wxyz");
	assert_true(buf_ok(&b));
	assert_text(&b, "wxyz");
	buf_fini(&b);
}

static void test_printf_fills_the_last_byte_and_any_length(void **state)
{
	char mem[3];
	struct buf b;

	(void)state;
	buf_init_fixed(&b, mem, sizeof mem);
	buf_printf(&b, "%d", 123);
	assert_true(buf_ok(&b));
	assert_text(&b, "123");
	buf_init(&b, 10000);
	buf_printf(&b, "%2000d|", 7);
	assert_int_equal(b.n, 2001);
	assert_int_equal(b.p[1999], '7');
	assert_int_equal(b.p[2000], '|');
	buf_printf(&b, "%8000d", 7);
	assert_false(buf_ok(&b));
	assert_int_equal(b.n, 2001);
	buf_fini(&b);
}

static void test_numbers_and_hex(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_u64(&b, 0);
	buf_ch(&b, ' ');
	buf_u64(&b, UINT64_MAX);
	buf_ch(&b, ' ');
	buf_hex(&b, "\x00\xfe\x1a", 3);
	assert_text(&b, "0 18446744073709551615 00fe1a");
	buf_fini(&b);
}

/* RFC 8259 section 7 */
static void test_json_string_escapes(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	buf_json_str(&b, STR("a\"\\/\b\n\r\t\x1f\x7f\xc3\xa9"));
	assert_text(&b, "\"a\\\"\\\\/\\u0008\\n\\r\\t\\u001f\x7f\xc3\xa9\"");
	buf_reset(&b);
	buf_json_str(&b, (struct str){"x\0y", 3});
	assert_text(&b, "\"x\\u0000y\"");
	buf_reset(&b);
	buf_json_str(&b, STR_NONE);
	assert_text(&b, "\"\"");
	buf_fini(&b);
}

static void test_json_string_replaces_invalid_utf8(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	buf_json_str(&b, STR("a\xff\xc3z\xe2\x82"));
	assert_text(&b, "\"a\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\"");
	buf_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows_up_to_its_limit_and_no_further),
		cmocka_unit_test(test_full_sticks_until_reset),
		cmocka_unit_test(test_printf_fills_the_last_byte_and_any_length),
		cmocka_unit_test(test_numbers_and_hex),
		cmocka_unit_test(test_json_string_escapes),
		cmocka_unit_test(test_json_string_replaces_invalid_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
