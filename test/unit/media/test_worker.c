// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "media/worker.c"

static uint64_t tick(uint64_t packets_per_second, unsigned busy_percent)
{
	return choose_tick(packets_per_second * WINDOW_US / 1000000, busy_percent * WINDOW_US / 100,
	                   WINDOW_US);
}

static void test_few_calls_wait_little(void **state)
{
	(void)state;
	assert_int_equal(tick(4000, 10), 200);
	assert_int_equal(tick(10000, 20), 200); /* 100 calls */
}

static void test_the_tick_grows_with_the_load(void **state)
{
	(void)state;
	assert_int_equal(tick(20000, 0), 400);
	assert_int_equal(tick(50000, 20), 1000);
	assert_int_equal(tick(200000, 10), 1000);
}

static void test_tick_and_work_together_are_bounded(void **state)
{
	(void)state;
	for (unsigned busy = 0; busy <= 100; busy += 5) {
		uint64_t us = tick(300000, busy);
		assert_true(us + us * busy / 100 <= MAX_DELAY_US);
	}
	assert_int_equal(tick(300000, 100), 600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_few_calls_wait_little),
	    cmocka_unit_test(test_the_tick_grows_with_the_load),
	    cmocka_unit_test(test_tick_and_work_together_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
