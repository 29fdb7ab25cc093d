// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/timer.h"

static struct timer_wheel wheel;

struct probe {
	struct timer timer;
	uint64_t fired_at;
	unsigned fired;
	unsigned order; /* of firing */
};

static unsigned fired_total;

static void on_probe(struct timer *t, void *arg)
{
	struct probe *p = arg;

	assert_ptr_equal(t, &p->timer);
	p->fired++;
	p->fired_at = wheel.now_ms;
	p->order = fired_total++;
}

static void probe_init(struct probe *p)
{
	*p = (struct probe){0};
	timer_init(&p->timer, on_probe, p);
}

/* From `start`, one timer that is due after `delay`: one ms before it nothing happens. */
static void check_delay(uint64_t start, uint64_t delay)
{
	struct probe p;

	timer_wheel_init(&wheel, start);
	probe_init(&p);
	timer_set(&wheel, &p.timer, start + delay);
	assert_true(timer_is_set(&p.timer));
	assert_true(timer_wheel_next_ms(&wheel) <= start + delay);
	if (delay > 0) {
		timer_wheel_run(&wheel, start + delay - 1);
		assert_int_equal(p.fired, 0);
		assert_true(timer_wheel_next_ms(&wheel) == start + delay);
	}
	timer_wheel_run(&wheel, start + delay);
	assert_int_equal(p.fired, 1);
	assert_false(timer_is_set(&p.timer));
	assert_true(timer_wheel_next_ms(&wheel) == UINT64_MAX);
	assert_int_equal(wheel.n, 0);
}

/* The last millisecond of every slot of every level, the first of the next, and one more. */
static void test_every_slot_boundary_of_every_level(void **state)
{
	(void)state;
	for (unsigned level = 0; level < TIMER_LEVELS; level++) {
		for (uint64_t slot = 1; slot <= TIMER_SLOTS; slot++) {
			uint64_t edge = slot << (8 * level);

			for (uint64_t delay = edge - 1; delay <= edge + 1; delay++) {
				check_delay(0, delay);
				check_delay(255, delay);
				check_delay(123456789, delay);
				check_delay((1ULL << 40) - 1, delay);
			}
		}
	}
}

static void test_beyond_the_top_level(void **state)
{
	(void)state;
	check_delay(5, 1ULL << 40);
	check_delay(5, (1ULL << 40) + 1);
	check_delay(5, 3ULL << 40);
	check_delay(77, (5ULL << 40) + 123456);
}

static void test_far_timer_survives_moves_of_the_top_hand(void **state)
{
	struct probe far, near;

	(void)state;
	timer_wheel_init(&wheel, 0);
	probe_init(&far);
	probe_init(&near);
	timer_set(&wheel, &far.timer, (1ULL << 40) + 5);
	timer_set(&wheel, &near.timer, 3ULL << 32);
	timer_wheel_run(&wheel, 2ULL << 32);
	timer_wheel_run(&wheel, 4ULL << 32);
	assert_int_equal(near.fired, 1);
	timer_wheel_run(&wheel, (1ULL << 40) + 4);
	assert_int_equal(far.fired, 0);
	timer_wheel_run(&wheel, (1ULL << 40) + 5);
	assert_int_equal(far.fired, 1);
}

static void test_jumps_over_empty_time_cost_nothing(void **state)
{
	struct probe p;

	(void)state;
	timer_wheel_init(&wheel, 0);
	probe_init(&p);
	/* Millisecond by millisecond this would take longer than the suite may. */
	for (uint64_t i = 1; i <= 1000; i++) {
		timer_set(&wheel, &p.timer, i * 1000000000);
		timer_wheel_run(&wheel, i * 1000000000);
		assert_int_equal(p.fired, i);
	}
	timer_wheel_run(&wheel, 1ULL << 60);
	assert_true(wheel.now_ms == 1ULL << 60);
}

static void test_time_never_goes_back(void **state)
{
	struct probe p;

	(void)state;
	timer_wheel_init(&wheel, 1000);
	probe_init(&p);
	timer_set(&wheel, &p.timer, 1001);
	timer_wheel_run(&wheel, 10);
	assert_true(wheel.now_ms == 1000);
	assert_int_equal(p.fired, 0);
	timer_wheel_run(&wheel, 1001);
	assert_int_equal(p.fired, 1);
}

static void test_passed_time_fires_at_the_next_run(void **state)
{
	struct probe p;

	(void)state;
	timer_wheel_init(&wheel, 1000);
	probe_init(&p);
	timer_set(&wheel, &p.timer, 3);
	assert_true(timer_wheel_next_ms(&wheel) <= 1000);
	timer_wheel_run(&wheel, 1000);
	assert_int_equal(p.fired, 1);
}

static void test_setting_again_moves(void **state)
{
	struct probe p;

	(void)state;
	timer_wheel_init(&wheel, 0);
	probe_init(&p);
	timer_set(&wheel, &p.timer, 10);
	timer_in(&wheel, &p.timer, 500);
	assert_int_equal(wheel.n, 1);
	timer_wheel_run(&wheel, 499);
	assert_int_equal(p.fired, 0);
	timer_wheel_run(&wheel, 500);
	assert_int_equal(p.fired, 1);
	timer_in(&wheel, &p.timer, UINT64_MAX);
	assert_true(timer_is_set(&p.timer));
	timer_cancel(&wheel, &p.timer);
	timer_cancel(&wheel, &p.timer);
	assert_int_equal(wheel.n, 0);
}

/* A loop would wake for nothing. */
static void test_what_is_cancelled_is_not_waited_for(void **state)
{
	struct probe p, q;

	(void)state;
	timer_wheel_init(&wheel, 77);
	probe_init(&p);
	probe_init(&q);
	for (unsigned bits = 0; bits < 63; bits++) {
		timer_in(&wheel, &p.timer, 1ULL << bits);
		timer_in(&wheel, &q.timer, 1ULL << bits);
		timer_cancel(&wheel, &p.timer);
		assert_true(timer_wheel_next_ms(&wheel) <= 77 + (1ULL << bits));
		timer_cancel(&wheel, &q.timer);
		assert_true(timer_wheel_next_ms(&wheel) == UINT64_MAX);
	}
}

static void test_same_millisecond_keeps_the_order_of_setting(void **state)
{
	struct probe p[6];

	(void)state;
	timer_wheel_init(&wheel, 0);
	for (int i = 0; i < 6; i++)
		probe_init(&p[i]);
	timer_set(&wheel, &p[0].timer, 70000); /* from level 2, then 1, then 0 */
	timer_set(&wheel, &p[1].timer, 70000);
	timer_wheel_run(&wheel, 66000);
	timer_set(&wheel, &p[2].timer, 70000);
	timer_wheel_run(&wheel, 69990);
	timer_set(&wheel, &p[3].timer, 70000);
	timer_set(&wheel, &p[4].timer, 69999);
	timer_set(&wheel, &p[5].timer, 70000);
	fired_total = 0;
	timer_wheel_run(&wheel, 80000);
	assert_int_equal(p[4].order, 0);
	assert_int_equal(p[0].order, 1);
	assert_int_equal(p[1].order, 2);
	assert_int_equal(p[2].order, 3);
	assert_int_equal(p[3].order, 4);
	assert_int_equal(p[5].order, 5);
	assert_true(p[5].fired_at == 70000);
}

/* What a callback does to the timers of the same millisecond. */
struct meddler {
	struct timer timer;
	struct timer *cancel, *move, *destroy;
	unsigned fired;
};

static void on_meddler(struct timer *t, void *arg)
{
	struct meddler *m = arg;

	(void)t;
	m->fired++;
	timer_cancel(&wheel, m->cancel);
	timer_set(&wheel, m->move, wheel.now_ms + 5);
	timer_cancel(&wheel, m->destroy);
	free(m->destroy);
}

static void test_callback_cancels_moves_and_frees_what_is_due_with_it(void **state)
{
	struct meddler m = {0};
	struct probe cancelled, moved, last;

	(void)state;
	timer_wheel_init(&wheel, 0);
	probe_init(&cancelled);
	probe_init(&moved);
	probe_init(&last);
	m.cancel = &cancelled.timer;
	m.move = &moved.timer;
	m.destroy = malloc(sizeof *m.destroy);
	timer_init(m.destroy, on_probe, NULL);
	timer_init(&m.timer, on_meddler, &m);
	timer_set(&wheel, &m.timer, 300);
	timer_set(&wheel, m.destroy, 300);
	timer_set(&wheel, &cancelled.timer, 300);
	timer_set(&wheel, &moved.timer, 300);
	timer_set(&wheel, &last.timer, 300);
	timer_wheel_run(&wheel, 300);
	assert_int_equal(m.fired, 1);
	assert_int_equal(cancelled.fired, 0);
	assert_int_equal(moved.fired, 0);
	assert_int_equal(last.fired, 1);
	assert_int_equal(wheel.n, 1);
	timer_wheel_run(&wheel, 305);
	assert_int_equal(moved.fired, 1);
}

static void on_free_self(struct timer *t, void *arg)
{
	*(unsigned *)arg += 1;
	free(t);
}

static void test_callback_frees_its_own_timer(void **state)
{
	unsigned fired = 0;

	(void)state;
	timer_wheel_init(&wheel, 0);
	for (int i = 0; i < 3; i++) {
		struct timer *t = malloc(sizeof *t);

		timer_init(t, on_free_self, &fired);
		timer_set(&wheel, t, 10);
	}
	timer_wheel_run(&wheel, 10);
	assert_int_equal(fired, 3);
	assert_int_equal(wheel.n, 0);
}

struct again {
	struct timer timer;
	uint64_t step_ms;
	unsigned fired;
};

static void on_again(struct timer *t, void *arg)
{
	struct again *a = arg;

	a->fired++;
	timer_in(&wheel, t, a->step_ms);
}

static void test_a_run_ends_though_a_callback_sets_itself_for_now(void **state)
{
	struct again now = {.step_ms = 0}, periodic = {.step_ms = 20};

	(void)state;
	timer_wheel_init(&wheel, 0);
	timer_init(&now.timer, on_again, &now);
	timer_init(&periodic.timer, on_again, &periodic);
	timer_in(&wheel, &now.timer, 0);
	timer_in(&wheel, &periodic.timer, 20);
	timer_wheel_run(&wheel, 1000);
	assert_int_equal(now.fired, 1);
	assert_int_equal(periodic.fired, 50); /* without drift, though time jumped */
	timer_wheel_run(&wheel, 1000);
	assert_int_equal(now.fired, 2);
	assert_int_equal(periodic.fired, 50);
}

/* The model: an array of due times, searched from end to end. */
enum { MODEL_TIMERS = 200, MODEL_STEPS = 20000, NOT_SET = 0 };

struct model {
	struct probe probe[MODEL_TIMERS];
	uint64_t due[MODEL_TIMERS]; /* NOT_SET, or when it must fire */
	unsigned expected[MODEL_TIMERS];
	size_t n;
};

static uint64_t random_delay(struct rng *r)
{
	unsigned bits = rng_below(r, 36);

	return rng_u64(r) & ((1ULL << bits) - 1);
}

static void model_set(struct model *m, struct rng *r, unsigned i)
{
	uint64_t due = wheel.now_ms + random_delay(r);

	m->n += m->due[i] == NOT_SET;
	m->due[i] = due;
	timer_set(&wheel, &m->probe[i].timer, due);
}

static void model_cancel(struct model *m, unsigned i)
{
	m->n -= m->due[i] != NOT_SET;
	m->due[i] = NOT_SET;
	timer_cancel(&wheel, &m->probe[i].timer);
}

static void model_advance(struct model *m, uint64_t to)
{
	timer_wheel_run(&wheel, to);
	for (unsigned i = 0; i < MODEL_TIMERS; i++) {
		if (m->due[i] == NOT_SET || m->due[i] > to)
			continue;
		m->expected[i]++;
		assert_true(m->probe[i].fired_at == m->due[i]);
		m->due[i] = NOT_SET;
		m->n--;
	}
}

static void model_check(const struct model *m)
{
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < MODEL_TIMERS; i++) {
		assert_int_equal(m->probe[i].fired, m->expected[i]);
		assert_int_equal(timer_is_set(&m->probe[i].timer), m->due[i] != NOT_SET);
		if (m->due[i] != NOT_SET && m->due[i] < next)
			next = m->due[i];
	}
	assert_int_equal(wheel.n, m->n);
	assert_true(timer_wheel_next_ms(&wheel) <= next);
	assert_int_equal(timer_wheel_next_ms(&wheel) == UINT64_MAX, next == UINT64_MAX);
}

static void test_random_set_cancel_advance_agrees_with_a_model(void **state)
{
	struct model *m = test_calloc(1, sizeof *m);
	struct rng r;

	(void)state;
	rng_init_seed(&r, 1);
	timer_wheel_init(&wheel, (1ULL << 32) - 5000);
	for (unsigned i = 0; i < MODEL_TIMERS; i++)
		probe_init(&m->probe[i]);
	for (unsigned step = 0; step < MODEL_STEPS; step++) {
		unsigned i = rng_below(&r, MODEL_TIMERS);
		unsigned what = rng_below(&r, 10);

		if (what < 6)
			model_set(m, &r, i);
		else if (what < 8)
			model_cancel(m, i);
		else if (what == 8)
			model_advance(m, wheel.now_ms + random_delay(&r) / 16);
		else if (timer_wheel_next_ms(&wheel) != UINT64_MAX)
			model_advance(m, timer_wheel_next_ms(&wheel));
		model_check(m);
	}
	test_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_slot_boundary_of_every_level),
		cmocka_unit_test(test_beyond_the_top_level),
		cmocka_unit_test(test_far_timer_survives_moves_of_the_top_hand),
		cmocka_unit_test(test_jumps_over_empty_time_cost_nothing),
		cmocka_unit_test(test_time_never_goes_back),
		cmocka_unit_test(test_passed_time_fires_at_the_next_run),
		cmocka_unit_test(test_setting_again_moves),
		cmocka_unit_test(test_what_is_cancelled_is_not_waited_for),
		cmocka_unit_test(test_same_millisecond_keeps_the_order_of_setting),
		cmocka_unit_test(test_callback_cancels_moves_and_frees_what_is_due_with_it),
		cmocka_unit_test(test_callback_frees_its_own_timer),
		cmocka_unit_test(test_a_run_ends_though_a_callback_sets_itself_for_now),
		cmocka_unit_test(test_random_set_cancel_advance_agrees_with_a_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
