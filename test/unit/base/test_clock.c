// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "base/clock.h"

static void check_print(uint64_t ms, const char *want)
{
	char mem[64];
	struct buf b;
	uint64_t back;

	buf_init_fixed(&b, mem, sizeof mem);
	clock_put_rfc3339(&b, ms);
	if (!str_eq(buf_view(&b), str_z(want)))
		fail_msg(STR_FMT " is not %s", STR_ARG(buf_view(&b)), want);
	assert_int_equal(clock_parse_rfc3339(buf_view(&b), &back), 0);
	assert_true(back == ms);
}

static void test_print_and_parse_back(void **state)
{
	(void)state;
	check_print(0, "1970-01-01T00:00:00.000Z");
	check_print(951782399999, "2000-02-28T23:59:59.999Z");
	check_print(951782400000, "2000-02-29T00:00:00.000Z");
	check_print(1782909296789, "2026-07-01T12:34:56.789Z");
	check_print(4107542399000, "2100-02-28T23:59:59.000Z");
	check_print(4107542400000, "2100-03-01T00:00:00.000Z");
	check_print(253402300799999, "9999-12-31T23:59:59.999Z");
}

/* The C library is the oracle for every day of 400 years. */
static void test_every_day_agrees_with_gmtime(void **state)
{
	(void)state;
	for (uint64_t day = 0; day < 146097; day++) {
		time_t t = (time_t)(day * 86400);
		struct tm tm;
		char want[64];

		assert_non_null(gmtime_r(&t, &tm));
		strftime(want, sizeof want, "%Y-%m-%dT00:00:00.000Z", &tm);
		check_print(day * 86400000, want);
	}
}

/* RFC 3339 section 5.6 */
static void test_parse_offsets_fractions_and_lower_case(void **state)
{
	const struct {
		const char *text;
		uint64_t ms;
	} good[] = {
		{"2026-07-01T12:34:56Z", 1782909296000},
		{"2026-07-01t12:34:56z", 1782909296000},
		{"2026-07-01T12:34:56.7Z", 1782909296700},
		{"2026-07-01T12:34:56.789999Z", 1782909296789},
		{"2026-07-01T14:34:56+02:00", 1782909296000},
		{"2026-07-01T07:04:56-05:30", 1782909296000},
		{"2016-12-31T23:59:60Z", 1483228800000}, /* section 5.7 */
	};
	uint64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_int_equal(clock_parse_rfc3339(str_z(good[i].text), &ms), 0);
		assert_true(ms == good[i].ms);
	}
}

static void test_refuses_what_is_no_time(void **state)
{
	const char *bad[] = {
		"", "2026-07-01", "2026-07-01T12:34:56", "2026-07-01 12:34:56Z", "2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
		"2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
		"2026-01-01T00:00:61Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+1:00",
		"2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00ZZ", "1969-12-31T23:59:59Z",
		"1970-01-01T00:30:00+01:00", "+026-01-01T00:00:00Z", "2100-02-29T00:00:00Z",
	};
	uint64_t ms = 5;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (clock_parse_rfc3339(str_z(bad[i]), &ms) != E_MALFORMED)
			fail_msg("'%s' is taken", bad[i]);
	}
	assert_int_equal(ms, 5);
}

static void test_clocks_agree_on_their_units(void **state)
{
	uint64_t us = clock_mono_us(), ms = clock_mono_ms();

	(void)state;
	assert_true(ms >= us / 1000);
	assert_true(clock_mono_us() >= us);
	assert_true(clock_wall_ms() > 1700000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_print_and_parse_back),
		cmocka_unit_test(test_every_day_agrees_with_gmtime),
		cmocka_unit_test(test_parse_offsets_fractions_and_lower_case),
		cmocka_unit_test(test_refuses_what_is_no_time),
		cmocka_unit_test(test_clocks_agree_on_their_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
