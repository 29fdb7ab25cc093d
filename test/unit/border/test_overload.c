// SPDX-License-Identifier: Apache-2.0
/* When a shard refuses, whom, and when it stops; and a queue under twice what it can serve. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "border/overload.h"

static const struct overload_settings usual = {.target_ms = 20, .retry_after_s = 10};

static struct overload *make(void **state)
{
	struct overload *o = *state;
	overload_init(o, &usual);
	return o;
}

static bool take(struct overload *o, enum overload_class class, uint64_t now_ms, uint64_t lag_ms)
{
	overload_look(o, now_ms, lag_ms);
	return overload_admit(o, class, now_ms, lag_ms);
}

static void test_short_lag_refuses_nobody(void **state)
{
	struct overload *o = make(state);
	for (uint64_t now = 1000; now < 3000; now++)
		assert_true(take(o, OVERLOAD_NEW, now, 19));
	assert_false(o->refusing);
}

static void test_burst_refuses_nobody(void **state)
{
	struct overload *o = make(state);
	for (uint64_t now = 1000; now < 1000 + OVERLOAD_PATIENCE_MS; now++)
		assert_true(take(o, OVERLOAD_NEW, now, 150));
	assert_true(take(o, OVERLOAD_NEW, 1200, 5)); /* it is over */
	assert_true(take(o, OVERLOAD_NEW, 9000, 300)); /* the first one for a long time: another burst */
	assert_true(take(o, OVERLOAD_NEW, 9199, 300));
	assert_false(o->refusing);
}

/** Lags until the patience has gone; it refuses from 1200 on. */
static struct overload *overloaded(void **state)
{
	struct overload *o = make(state);
	assert_true(take(o, OVERLOAD_NEW, 1000, 50));
	assert_int_equal(overload_look(o, 1200, 200), OVERLOAD_BEGINS);
	return o;
}

static void test_long_lag_refuses_what_is_new_until_it_is_short(void **state)
{
	struct overload *o = overloaded(state);
	assert_false(take(o, OVERLOAD_NEW, 1200, 200));
	assert_int_equal(overload_look(o, 1201, 201), OVERLOAD_SAME);
	assert_false(take(o, OVERLOAD_NEW, 1220, 20));
	assert_true(take(o, OVERLOAD_NEW, 1221, 19));
	assert_false(take(o, OVERLOAD_NEW, 1240, 38)); /* without another patience */
	assert_int_equal(o->refused, 3);
}

static void test_what_has_begun_goes_first(void **state)
{
	struct overload *o = overloaded(state);
	assert_true(take(o, OVERLOAD_IN_DIALOG, 1200, 5000));
	assert_false(take(o, OVERLOAD_PROVED, 1200, 200));
	assert_true(take(o, OVERLOAD_PROVED, 1200, 79));
	assert_false(take(o, OVERLOAD_NEW, 1200, 79));
}

static void test_it_ends_a_second_after_the_last_refusal(void **state)
{
	struct overload *o = overloaded(state);
	assert_false(take(o, OVERLOAD_NEW, 1200, 200));
	assert_int_equal(overload_look(o, 2199, 0), OVERLOAD_SAME);
	assert_int_equal(overload_look(o, 2200, 30), OVERLOAD_SAME); /* not while it lags */
	assert_int_equal(overload_look(o, 2201, 0), OVERLOAD_ENDS);
	assert_int_equal(o->refused, 1);
	assert_int_equal(o->since_ms, 1200);
	assert_int_equal(overload_look(o, 2300, 20), OVERLOAD_SAME);
	assert_int_equal(overload_look(o, 2500, 20), OVERLOAD_BEGINS);
	assert_int_equal(o->refused, 0);
}

static void test_target_of_0_switches_it_off(void **state)
{
	struct overload *o = *state;
	overload_init(o, &(struct overload_settings){.target_ms = 0, .retry_after_s = 10});
	assert_true(take(o, OVERLOAD_NEW, 1000, 100000));
	assert_true(take(o, OVERLOAD_NEW, 2000, 100000));
	assert_false(o->refusing);
}

static void test_retry_after_is_spread(void **state)
{
	struct overload *o = make(state);
	bool seen[32] = {false};
	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t s = overload_retry_after_s(o, i * 2654435761u);
		assert_in_range(s, 10, 20);
		seen[s] = true;
	}
	for (uint32_t s = 10; s <= 20; s++)
		assert_true(seen[s]);
}

/*
 * A server of 10,000 messages a second with a queue, in steps of 100 us: each unit is a new
 * request (refused: a tenth of the work) and then one with credentials, which comes 1 ms after
 * the first was served.
 */
enum { QUEUE = 1 << 16, SOON = 16 };

struct sim {
	struct overload o;
	uint64_t step;
	double work; /* that may be done by now, in steps */
	struct {
		uint64_t step;
		enum overload_class class;
	} queue[QUEUE];
	size_t head, tail;
	unsigned halves[SOON]; /* second ones, by when they come */
	uint64_t done, refused, longest_ms;
};

static void arrive(struct sim *s, enum overload_class class)
{
	assert_true(s->tail - s->head < QUEUE);
	s->queue[s->tail % QUEUE].step = s->step;
	s->queue[s->tail++ % QUEUE].class = class;
}

static void serve(struct sim *s)
{
	enum overload_class class = s->queue[s->head % QUEUE].class;
	uint64_t lag_ms = (s->step - s->queue[s->head++ % QUEUE].step) / 10;
	bool in = take(&s->o, class, s->step / 10, lag_ms);
	s->work -= in ? 1 : 0.1;
	s->refused += !in;
	s->done += in && class == OVERLOAD_PROVED;
	s->halves[(s->step + 10) % SOON] += in && class == OVERLOAD_NEW;
	if (lag_ms > s->longest_ms)
		s->longest_ms = lag_ms;
}

static void run(struct sim *s, double offered_per_step, uint64_t steps)
{
	double owed = 0;
	for (uint64_t end = s->step + steps; s->step < end; s->step++) {
		for (unsigned *n = &s->halves[s->step % SOON]; *n; --*n)
			arrive(s, OVERLOAD_PROVED);
		for (owed += offered_per_step; owed >= 1; owed--)
			arrive(s, OVERLOAD_NEW);
		for (s->work += 1; s->work > 0 && s->head != s->tail;)
			serve(s);
		if (s->head == s->tail && s->work > 1)
			s->work = 1;
	}
}

static void test_goodput_stays_at_twice_the_capacity(void **state)
{
	(void)state;
	struct sim *s = test_calloc(1, sizeof *s);
	overload_init(&s->o, &usual);
	run(s, 0.45, 100000); /* 90 % of 5,000 units a second */
	assert_int_equal(s->refused, 0);
	run(s, 1, 10000); /* the patience, and then what has gathered meanwhile */
	s->done = s->refused = s->longest_ms = 0;
	run(s, 1, 100000);
	assert_true(s->done > 5000 * 10 * 80 / 100);
	assert_true(s->refused > 5000 * 10 * 80 / 100);
	assert_in_range(s->longest_ms, 15, 40);
	run(s, 0.45, 20000);
	assert_false(s->o.refusing);
	s->refused = 0;
	run(s, 0.45, 100000);
	assert_int_equal(s->refused, 0);
	test_free(s);
}

static int setup(void **state)
{
	*state = test_calloc(1, sizeof(struct overload));
	return 0;
}

static int teardown(void **state)
{
	test_free(*state);
	return 0;
}

int main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_short_lag_refuses_nobody),
		T(test_burst_refuses_nobody),
		T(test_long_lag_refuses_what_is_new_until_it_is_short),
		T(test_what_has_begun_goes_first),
		T(test_it_ends_a_second_after_the_last_refusal),
		T(test_target_of_0_switches_it_off),
		T(test_retry_after_is_spread),
		T(test_goodput_stays_at_twice_the_capacity),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
