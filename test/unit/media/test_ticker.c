// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "media/ticker.h"

enum { UNITS = 400 };

struct unit {
	struct tick_unit unit;
	struct ticker *ticker;
	unsigned ticks;
	uint64_t epoch;
	struct unit *victim; /* put off in our tick */
};

static void on_tick(struct tick_unit *u, uint64_t epoch, uint64_t at_ms, void *arg)
{
	struct unit *x = container_of(u, struct unit, unit);
	(void)arg;
	assert_int_equal(at_ms % TICK_MS, u->phase);
	assert_true(x->ticks == 0 || epoch == x->epoch + 1);
	x->epoch = epoch;
	x->ticks++;
	if (x->victim)
		tick_off(x->ticker, &x->victim->unit);
}

static void make(struct unit *x, struct ticker *t)
{
	*x = (struct unit){.ticker = t};
	tick_unit_init(&x->unit, on_tick);
	tick_on(t, &x->unit);
}

static void test_each_unit_runs_once_in_every_tick_and_the_load_is_spread(void **state)
{
	(void)state;
	static struct unit units[UNITS];
	struct ticker t;
	ticker_init(&t, 1000);
	assert_true(ticker_next_ms(&t) == UINT64_MAX);
	for (size_t i = 0; i < UNITS; i++)
		make(&units[i], &t);
	for (size_t i = 0; i < TICK_MS; i++)
		assert_int_equal(t.load[i], UNITS / TICK_MS);
	for (uint64_t ms = 1001; ms <= 2000; ms++) {
		assert_int_equal(ticker_next_ms(&t), ms);
		ticker_run(&t, ms, NULL);
	}
	for (size_t i = 0; i < UNITS; i++)
		assert_int_equal(units[i].ticks, 50);
}

static void test_few_units_share_a_phase(void **state)
{
	(void)state;
	struct unit a, b;
	struct ticker t;
	ticker_init(&t, 0);
	make(&a, &t);
	make(&b, &t);
	assert_int_equal(a.unit.phase, b.unit.phase);
}

static void test_a_unit_may_end_another_in_its_tick(void **state)
{
	(void)state;
	struct unit a, b, c;
	struct ticker t;
	ticker_init(&t, 0);
	make(&a, &t);
	make(&b, &t);
	make(&c, &t);
	a.victim = &b;
	ticker_run(&t, 40, NULL);
	assert_int_equal(b.ticks, 0);
	assert_int_equal(c.ticks, a.ticks);
	assert_false(tick_is_on(&b.unit));
}

static void test_after_a_standstill_it_does_not_run_all_that_was_missed(void **state)
{
	(void)state;
	struct unit a;
	struct ticker t;
	ticker_init(&t, 0);
	make(&a, &t);
	a.ticks = 0;
	ticker_run(&t, 60000, NULL);
	assert_in_range(a.ticks, 9, 11);
	assert_true(t.skipped > 2900);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_unit_runs_once_in_every_tick_and_the_load_is_spread),
	    cmocka_unit_test(test_few_units_share_a_phase),
	    cmocka_unit_test(test_a_unit_may_end_another_in_its_tick),
	    cmocka_unit_test(test_after_a_standstill_it_does_not_run_all_that_was_missed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
