// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ev/loop.h"

static int setup(void **state)
{
	return loop_new((struct loop **)state);
}

static int teardown(void **state)
{
	loop_free(*state);
	return 0;
}

/* A trace of letters, so that a test reads in the order things happened. */
static char trace[64];

static void mark(char c)
{
	size_t n = strlen(trace);

	assert_true(n < sizeof trace - 1);
	trace[n] = c;
	trace[n + 1] = '\0';
}

static void on_timer(struct timer *t, void *arg)
{
	(void)t;
	mark(*(const char *)arg);
}

static void on_hook(void *arg)
{
	mark(*(const char *)arg);
}

static void on_io(struct ev_io *io, unsigned events, void *arg)
{
	uint64_t count;

	assert_int_equal(events, EV_READ);
	assert_int_equal(read(io->fd, &count, sizeof count), sizeof count);
	mark(*(const char *)arg);
}

struct deferred {
	struct ev_defer defer;
	struct loop *loop;
	int again;
};

static void on_deferred(struct ev_defer *d)
{
	struct deferred *x = container_of(d, struct deferred, defer);

	mark('d');
	if (x->again-- > 0)
		loop_defer(x->loop, d, on_deferred);
}

static void test_a_turn_is_timers_io_hooks_deferred_flush(void **state)
{
	struct loop *l = *state;
	struct ev_io io = {.fd = eventfd(1, EFD_NONBLOCK), .events = EV_READ, .fn = on_io, .arg = "i"};
	struct ev_hook flush = {.fn = on_hook, .arg = "f", .flush = true};
	struct ev_hook hook = {.fn = on_hook, .arg = "h"};
	struct deferred x = {.loop = l};
	struct timer t;

	trace[0] = '\0';
	assert_int_equal(loop_io_add(l, &io), 0);
	loop_hook_add(l, &flush); /* added first, run last */
	loop_hook_add(l, &hook);
	loop_defer(l, &x.defer, on_deferred);
	timer_init(&t, on_timer, "t");
	timer_in(loop_wheel(l), &t, 0);
	loop_turn(l, 0);
	assert_string_equal(trace, "tihdf");
	loop_turn(l, 0);
	assert_string_equal(trace, "tihdfhf");
	loop_hook_del(l, &flush);
	loop_hook_del(l, &hook);
	loop_io_del(l, &io);
	close(io.fd);
}

struct setter {
	struct loop *loop;
	struct timer t;
	uint64_t due_in_ms; /* counted from the turn's time, when the callback set it */
};

static void set_timer_on_io(struct ev_io *io, unsigned events, void *arg)
{
	struct setter *s = arg;

	on_io(io, events, "i");
	timer_in(loop_wheel(s->loop), &s->t, 1000);
	s->due_in_ms = s->t.due_ms - loop_now_ms(s->loop);
}

static void test_a_timer_set_by_io_counts_from_now_and_not_from_the_last_turn(void **state)
{
	struct loop *l = *state;
	struct setter s = {.loop = l};
	struct ev_io io = {
		.fd = eventfd(0, EFD_NONBLOCK), .events = EV_READ, .fn = set_timer_on_io, .arg = &s};
	const uint64_t one = 1;

	trace[0] = '\0';
	timer_init(&s.t, on_timer, "t");
	assert_int_equal(loop_io_add(l, &io), 0);
	usleep(30000); /* no turn meanwhile: the wheel stands where it was */
	assert_int_equal(write(io.fd, &one, sizeof one), sizeof one);
	loop_turn(l, 0);
	assert_int_equal(s.due_in_ms, 1000);
	timer_cancel(loop_wheel(l), &s.t);
	loop_io_del(l, &io);
	close(io.fd);
}

static void test_a_turn_without_end_wakes_for_the_timer_and_not_before(void **state)
{
	struct loop *l = *state;
	uint64_t due = loop_now_ms(l) + 30;
	struct timer t;
	unsigned turns = 0;

	trace[0] = '\0';
	timer_init(&t, on_timer, "t");
	timer_set(loop_wheel(l), &t, due);
	while (!trace[0]) {
		loop_turn(l, UINT64_MAX);
		turns++;
	}
	assert_true(loop_now_ms(l) >= due);
	assert_in_range(turns, 1, 2); /* a second one where the wheel deals out on its way */
}

static void test_deferring_again_takes_another_turn_without_waiting(void **state)
{
	struct loop *l = *state;
	struct deferred x = {.loop = l, .again = 2}, cancelled = {.loop = l};

	trace[0] = '\0';
	loop_defer(l, &x.defer, on_deferred);
	loop_defer(l, &cancelled.defer, on_deferred);
	loop_defer_cancel(&cancelled.defer);
	loop_turn(l, UINT64_MAX);
	assert_string_equal(trace, "d");
	loop_turn(l, UINT64_MAX); /* would hang if it waited */
	loop_turn(l, UINT64_MAX);
	assert_string_equal(trace, "ddd");
}

static void test_free_calls_what_is_deferred(void **state)
{
	struct loop *l;
	struct deferred x = {.again = 1};

	(void)state;
	assert_int_equal(loop_new(&l), 0);
	x.loop = l;
	trace[0] = '\0';
	loop_defer(l, &x.defer, on_deferred);
	loop_free(l);
	assert_string_equal(trace, "dd");
}

struct pair {
	struct loop *loop;
	struct ev_io io[2];
	int calls;
};

static void on_pair(struct ev_io *io, unsigned events, void *arg)
{
	struct pair *p = arg;

	(void)events;
	p->calls++;
	loop_io_del(p->loop, &p->io[io == &p->io[0]]);
}

static void test_removed_io_is_not_called_for_events_already_fetched(void **state)
{
	struct pair p = {.loop = *state};

	for (int i = 0; i < 2; i++) {
		p.io[i] = (struct ev_io){.fd = eventfd(1, 0), .events = EV_READ, .fn = on_pair, .arg = &p};
		assert_int_equal(loop_io_add(p.loop, &p.io[i]), 0);
	}
	loop_turn(p.loop, 0);
	assert_int_equal(p.calls, 1);
	for (int i = 0; i < 2; i++) {
		loop_io_del(p.loop, &p.io[i]);
		close(p.io[i].fd);
	}
}

static void on_count(struct ev_io *io, unsigned events, void *arg)
{
	(void)io;
	*(unsigned *)arg = events;
}

static void test_mod_changes_what_is_watched_and_hang_up_shows_as_both(void **state)
{
	struct loop *l = *state;
	unsigned seen = 0;
	int ends[2];
	struct ev_io io = {.events = EV_READ, .fn = on_count, .arg = &seen};

	assert_int_equal(pipe(ends), 0);
	io.fd = ends[1];
	io.events = 0;
	assert_int_equal(loop_io_add(l, &io), 0);
	loop_turn(l, 0);
	assert_int_equal(seen, 0);
	assert_int_equal(loop_io_mod(l, &io, EV_WRITE), 0);
	loop_turn(l, 0);
	assert_int_equal(seen, EV_WRITE);
	close(ends[0]);
	loop_turn(l, 0);
	assert_int_equal(seen, EV_READ | EV_WRITE);
	loop_io_del(l, &io);
	close(ends[1]);
}

struct remover {
	struct loop *loop;
	struct ev_hook *victims[2];
};

static void on_remove(void *arg)
{
	struct remover *r = arg;

	mark('r');
	loop_hook_del(r->loop, r->victims[0]);
	loop_hook_del(r->loop, r->victims[1]);
}

static void test_a_hook_may_remove_itself_and_the_next(void **state)
{
	struct loop *l = *state;
	struct ev_hook next = {.fn = on_hook, .arg = "x"}, last = {.fn = on_hook, .arg = "l"};
	struct ev_hook self = {.fn = on_remove};
	struct remover r = {l, {&self, &next}};

	self.arg = &r;
	trace[0] = '\0';
	loop_hook_add(l, &self);
	loop_hook_add(l, &next);
	loop_hook_add(l, &last);
	loop_turn(l, 0);
	assert_string_equal(trace, "rl");
	loop_turn(l, 0);
	assert_string_equal(trace, "rll");
	loop_hook_del(l, &last);
}

struct refuser {
	int refusals;
};

static void on_nothing(void *arg)
{
	(void)arg;
}

static bool refuse(void *arg, bool waiting)
{
	struct refuser *r = arg;

	mark(waiting ? 'w' : 'a');
	return !waiting || r->refusals-- <= 0;
}

static void test_a_hook_can_keep_the_loop_from_waiting(void **state)
{
	struct loop *l = *state;
	struct refuser r = {.refusals = 2};
	struct ev_hook hook = {.fn = on_nothing, .on_wait = refuse, .arg = &r};

	trace[0] = '\0';
	loop_hook_add(l, &hook);
	loop_turn(l, UINT64_MAX); /* would hang if it waited */
	loop_turn(l, UINT64_MAX);
	assert_string_equal(trace, "wawa");
	loop_turn(l, 0); /* nobody is told of a turn that does not wait */
	assert_string_equal(trace, "wawa");
	loop_hook_del(l, &hook);
}

static void leave_some(void *arg)
{
	struct timespec ms = {.tv_nsec = 2000000};

	mark('l');
	nanosleep(&ms, NULL);
	loop_more(arg);
}

static void test_what_is_left_for_the_next_turn_is_not_waited_for(void **state)
{
	struct loop *l = *state;
	struct ev_hook hook = {.fn = leave_some, .arg = l};

	trace[0] = '\0';
	loop_hook_add(l, &hook);
	loop_turn(l, 0);
	assert_int_equal(loop_lag_ms(l), 0);
	loop_turn(l, UINT64_MAX); /* would hang if it waited */
	assert_true(loop_lag_ms(l) >= 1);
	loop_turn(l, UINT64_MAX);
	assert_true(loop_lag_ms(l) >= 3);
	assert_string_equal(trace, "lll");
	loop_hook_del(l, &hook);
	loop_turn(l, UINT64_MAX); /* what the last one left */
	loop_turn(l, 0);
	assert_int_equal(loop_lag_ms(l), 0);
}

static void *stop_it(void *arg)
{
	loop_stop(arg);
	return NULL;
}

static void test_stop_from_another_thread_ends_run(void **state)
{
	struct loop *l = *state;
	pthread_t thread;

	for (int i = 0; i < 50; i++) {
		assert_int_equal(pthread_create(&thread, NULL, stop_it, l), 0);
		loop_run(l);
		pthread_join(thread, NULL);
	}
}

static struct loop *signalled;

static void on_signal(int number)
{
	(void)number;
	loop_stop(signalled);
}

static void test_stop_from_a_signal_handler_ends_run(void **state)
{
	struct loop *l = *state;

	signalled = l;
	assert_true(signal(SIGUSR1, on_signal) != SIG_ERR);
	raise(SIGUSR1);
	loop_run(l); /* stopped before it began */
	signal(SIGUSR1, SIG_DFL);
}

static void test_ids_are_never_zero_and_differ_between_loops(void **state)
{
	struct loop *l = *state, *other;
	uint64_t a = loop_next_id(l);

	assert_int_equal(loop_new(&other), 0);
	assert_true(a != 0);
	assert_true(loop_next_id(l) == a + 1);
	assert_true(loop_next_id(other) != a && loop_next_id(other) != a + 1);
	loop_free(other);
}

static void count_io(struct ev_io *io, unsigned events, void *arg)
{
	uint64_t count;

	(void)events;
	assert_int_equal(read(io->fd, &count, sizeof count), sizeof count);
	++*(unsigned *)arg;
}

static void count_timer(struct timer *t, void *arg)
{
	(void)t;
	++*(unsigned *)arg;
}

/* Far more wake-ups than make a loop sleep on its grid: each turn still brings what is there. */
static void test_a_busy_loop_misses_neither_io_nor_timers(void **state)
{
	enum { TURNS = 600 };
	struct loop *l = *state;
	unsigned ios = 0, timers = 0, set = 0;
	struct ev_io io = {.fd = eventfd(0, EFD_NONBLOCK), .events = EV_READ, .fn = count_io,
	                   .arg = &ios};
	struct timer t;
	const uint64_t one = 1;

	timer_init(&t, count_timer, &timers);
	assert_int_equal(loop_io_add(l, &io), 0);
	for (unsigned i = 1; i <= TURNS; i++) {
		if (!timer_is_set(&t)) {
			timer_in(loop_wheel(l), &t, 1);
			set++;
		}
		assert_int_equal(write(io.fd, &one, sizeof one), sizeof one);
		while (ios < i)
			loop_turn(l, UINT64_MAX);
	}
	while (timer_is_set(&t))
		loop_turn(l, UINT64_MAX);
	assert_int_equal(ios, TURNS);
	assert_int_equal(timers, set);
	loop_io_del(l, &io);
	close(io.fd);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_turn_is_timers_io_hooks_deferred_flush),
		T(test_a_timer_set_by_io_counts_from_now_and_not_from_the_last_turn),
		T(test_a_turn_without_end_wakes_for_the_timer_and_not_before),
		T(test_deferring_again_takes_another_turn_without_waiting),
		T(test_free_calls_what_is_deferred),
		T(test_removed_io_is_not_called_for_events_already_fetched),
		T(test_mod_changes_what_is_watched_and_hang_up_shows_as_both),
		T(test_a_hook_may_remove_itself_and_the_next),
		T(test_a_hook_can_keep_the_loop_from_waiting),
		T(test_what_is_left_for_the_next_turn_is_not_waited_for),
		T(test_a_busy_loop_misses_neither_io_nor_timers),
		T(test_stop_from_another_thread_ends_run),
		T(test_stop_from_a_signal_handler_ends_run),
		T(test_ids_are_never_zero_and_differ_between_loops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
