// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tenant/when.h"

static void test_times_are_minutes_of_a_day(void **state)
{
	unsigned m;

	(void)state;
	assert_int_equal(when_time(STR("00:00"), &m), 0);
	assert_int_equal(m, 0);
	assert_int_equal(when_time(STR("24:00"), &m), 0);
	assert_int_equal(m, 1440);
	assert_int_not_equal(when_time(STR("24:01"), &m), 0);
	assert_int_not_equal(when_time(STR("9:00"), &m), 0);
	assert_int_not_equal(when_time(STR("09:60"), &m), 0);
	assert_int_not_equal(when_time(STR("09:00 "), &m), 0);
}

static void test_dates_of_one_year_and_of_every_year(void **state)
{
	struct when_date d;

	(void)state;
	assert_int_equal(when_date(STR("2026-12-24"), &d), 0);
	assert_int_equal(d.year * 10000 + (int)d.month * 100 + (int)d.day, 20261224);
	assert_int_equal(when_date(STR("02-29"), &d), 0);
	assert_int_equal(d.year, 0);
	assert_int_equal(when_date(STR("2028-02-29"), &d), 0);
	assert_int_not_equal(when_date(STR("2026-02-29"), &d), 0);
	assert_int_not_equal(when_date(STR("13-01"), &d), 0);
	assert_int_not_equal(when_date(STR("2026-1-1"), &d), 0);
	assert_int_not_equal(when_date(STR(""), &d), 0);
}

static void test_days_wrap_around_the_week(void **state)
{
	unsigned days;

	(void)state;
	assert_int_equal(when_days(STR("mon-fri"), &days), 0);
	assert_int_equal(days, 0x1f);
	assert_int_equal(when_days(STR("sat, sun"), &days), 0);
	assert_int_equal(days, 0x60);
	assert_int_equal(when_days(STR("Fri-Mon"), &days), 0);
	assert_int_equal(days, 0x71);
	assert_int_equal(when_days(STR("daily"), &days), 0);
	assert_int_equal(days, 0x7f);
	assert_int_not_equal(when_days(STR("mon-"), &days), 0);
	assert_int_not_equal(when_days(STR("noday"), &days), 0);
}

static void test_days_since_1970_and_back(void **state)
{
	(void)state;
	assert_int_equal(when_days_of(1970, 1, 1), 0);
	assert_int_equal(when_days_of(2000, 3, 1), 11017);
	for (int64_t day = -800; day < 80000; day += 13) {
		struct when_date d = when_date_of(day);

		assert_int_equal(when_days_of(d.year, d.month, d.day), day);
	}
	assert_int_equal(when_weekday(0), 3);                         /* Thursday */
	assert_int_equal(when_weekday(when_days_of(2026, 11, 23)), 0); /* Monday */
	assert_int_equal(when_weekday(-1), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times_are_minutes_of_a_day),
		cmocka_unit_test(test_dates_of_one_year_and_of_every_year),
		cmocka_unit_test(test_days_wrap_around_the_week),
		cmocka_unit_test(test_days_since_1970_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
