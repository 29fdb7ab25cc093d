// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "ev/loop.h"
#include "ev/mailbox.h"

enum { WRITERS = 4, EACH = 20000 };

struct letter {
	struct mail mail;
	unsigned writer, number;
};

struct reader {
	unsigned next[WRITERS]; /* number expected of each writer */
	unsigned n;
	struct loop *stop; /* at the end */
	unsigned all;
};

static void on_letter(struct mail *m, void *arg)
{
	struct letter *letter = (struct letter *)m;
	struct reader *r = arg;

	assert_int_equal(letter->number, r->next[letter->writer]);
	r->next[letter->writer]++;
	free(letter);
	if (++r->n == r->all && r->stop)
		loop_stop(r->stop);
}

static struct letter *letter_new(unsigned writer, unsigned number)
{
	struct letter *letter = malloc(sizeof *letter);

	assert_non_null(letter);
	*letter = (struct letter){.writer = writer, .number = number};
	return letter;
}

static unsigned readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return (unsigned)poll(&p, 1, 0);
}

static void test_full_ring_refuses_and_keeps_its_order(void **state)
{
	struct reader r = {0};
	struct mailbox *mb;
	struct letter *extra = letter_new(0, 4);

	(void)state;
	assert_int_equal(mailbox_new_bare(&mb, 3, on_letter, &r), 0); /* becomes 4 */
	for (unsigned round = 0; round < 3; round++) {
		r.next[0] = 0;
		for (unsigned i = 0; i < 4; i++)
			assert_int_equal(mailbox_post(mb, &letter_new(0, i)->mail), 0);
		assert_int_equal(mailbox_post(mb, &extra->mail), EAGAIN);
		assert_int_equal(mailbox_drain(mb), 4);
		assert_int_equal(mailbox_drain(mb), 0);
	}
	free(extra);
	assert_int_equal(r.n, 12);
	mailbox_free(mb, NULL);
}

static void test_rings_once_and_only_while_the_reader_sleeps(void **state)
{
	struct reader r = {0};
	struct mailbox *mb;

	(void)state;
	assert_int_equal(mailbox_new_bare(&mb, 16, on_letter, &r), 0);
	assert_int_equal(mailbox_post(mb, &letter_new(0, 0)->mail), 0);
	assert_int_equal(readable(mailbox_fd(mb)), 0);
	assert_false(mailbox_sleep(mb, true)); /* something is inside: do not block */
	assert_int_equal(mailbox_post(mb, &letter_new(0, 1)->mail), 0);
	assert_int_equal(readable(mailbox_fd(mb)), 0); /* the refusal has left it awake */
	assert_int_equal(mailbox_drain(mb), 2);
	assert_true(mailbox_sleep(mb, true));
	assert_int_equal(mailbox_post(mb, &letter_new(0, 2)->mail), 0);
	assert_int_equal(readable(mailbox_fd(mb)), 1);
	assert_int_equal(mailbox_post(mb, &letter_new(0, 3)->mail), 0);
	assert_true(mailbox_sleep(mb, false));
	assert_int_equal(mailbox_drain(mb), 2);
	assert_int_equal(readable(mailbox_fd(mb)), 0);
	assert_true(mailbox_sleep(mb, true));
	assert_true(mailbox_sleep(mb, false)); /* woken by something else */
	assert_int_equal(mailbox_post(mb, &letter_new(0, 4)->mail), 0);
	assert_int_equal(readable(mailbox_fd(mb)), 0);
	assert_int_equal(mailbox_drain(mb), 1);
	mailbox_free(mb, NULL);
}

static unsigned dropped;

static void on_drop(struct mail *m)
{
	dropped++;
	free(m);
}

static void test_what_is_put_wakes_nobody_until_it_is_rung(void **state)
{
	struct reader r = {0};
	struct mailbox *mb;

	(void)state;
	assert_int_equal(mailbox_new_bare(&mb, 8, on_letter, &r), 0);
	assert_true(mailbox_sleep(mb, true));
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(mailbox_put(mb, &letter_new(0, i)->mail), 0);
	assert_int_equal(readable(mailbox_fd(mb)), 0);
	mailbox_ring(mb);
	mailbox_ring(mb);
	assert_int_equal(readable(mailbox_fd(mb)), 1);
	assert_int_equal(mailbox_drain(mb), 3);
	assert_int_equal(readable(mailbox_fd(mb)), 0);
	/* One that looks before it sleeps sees what was put without a ring. */
	assert_int_equal(mailbox_put(mb, &letter_new(0, 3)->mail), 0);
	assert_false(mailbox_sleep(mb, true));
	assert_int_equal(mailbox_drain(mb), 1);
	mailbox_free(mb, NULL);
}

static void test_free_drops_what_is_inside(void **state)
{
	struct reader r = {0};
	struct mailbox *mb;

	(void)state;
	for (int own = 0; own < 2; own++) {
		assert_int_equal(mailbox_new_bare(&mb, 8, on_letter, &r), 0);
		for (unsigned i = 0; i < 5; i++)
			assert_int_equal(mailbox_post(mb, &letter_new(0, i)->mail), 0);
		mailbox_free(mb, own ? on_drop : NULL);
	}
	assert_int_equal(dropped, 5);
	assert_int_equal(r.n, 0);
	mailbox_free(NULL, NULL);
	assert_int_equal(mailbox_new_bare(&mb, (size_t)1 << 40, on_letter, &r), E_LIMIT);
}

struct writer {
	struct mailbox *mb;
	unsigned number;
	unsigned pause_every; /* lets the reader fall asleep */
};

static void *write_letters(void *arg)
{
	const struct writer *w = arg;

	for (unsigned i = 0; i < EACH; i++) {
		struct letter *letter = letter_new(w->number, i);

		while (mailbox_post(w->mb, &letter->mail) == EAGAIN)
			sched_yield();
		if (i % w->pause_every == 0)
			sched_yield();
	}
	return NULL;
}

static void start_writers(struct mailbox *mb, struct writer w[WRITERS], pthread_t threads[WRITERS])
{
	for (unsigned i = 0; i < WRITERS; i++) {
		w[i] = (struct writer){mb, i, i * 7 + 1};
		assert_int_equal(pthread_create(&threads[i], NULL, write_letters, &w[i]), 0);
	}
}

static void join_writers(pthread_t threads[WRITERS])
{
	for (unsigned i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
}

/* A lost wake-up would leave the loop waiting for ever. */
static void test_loop_reads_all_of_several_writers_in_order(void **state)
{
	struct reader r = {.all = WRITERS * EACH};
	struct writer writers[WRITERS];
	pthread_t threads[WRITERS];
	struct mailbox *mb;
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	r.stop = loop;
	assert_int_equal(mailbox_new(&mb, loop, 64, on_letter, &r), 0);
	start_writers(mb, writers, threads);
	loop_run(loop);
	join_writers(threads);
	for (unsigned i = 0; i < WRITERS; i++)
		assert_int_equal(r.next[i], EACH);
	mailbox_free(mb, NULL);
	loop_free(loop);
}

static void test_bare_reader_that_blocks_on_the_fd_misses_nothing(void **state)
{
	struct reader r = {.all = WRITERS * EACH};
	struct writer writers[WRITERS];
	pthread_t threads[WRITERS];
	struct mailbox *mb;

	(void)state;
	assert_int_equal(mailbox_new_bare(&mb, 1024, on_letter, &r), 0);
	start_writers(mb, writers, threads);
	while (r.n < r.all) {
		struct pollfd p = {.fd = mailbox_fd(mb), .events = POLLIN};

		if (mailbox_sleep(mb, true))
			poll(&p, 1, -1);
		(void)mailbox_sleep(mb, false);
		(void)mailbox_drain(mb);
	}
	join_writers(threads);
	mailbox_free(mb, NULL);
}

/* One message at a time, each answered before the next: every post meets a reader about to sleep. */
struct player {
	struct loop *loop;
	struct mailbox *other;
	unsigned left;
};

static void on_ball(struct mail *m, void *arg)
{
	struct player *p = arg;

	if (p->left == 0) { /* the other was quick, and this turn is not over yet */
		free(m);
		return;
	}
	assert_int_equal(mailbox_post(p->other, m), 0);
	if (--p->left == 0)
		loop_stop(p->loop);
}

static void *play(void *arg)
{
	loop_run(((struct player *)arg)->loop);
	return NULL;
}

static void test_ping_pong_between_two_loops_never_stalls(void **state)
{
	struct player players[2] = {{.left = EACH}, {.left = EACH}};
	struct mailbox *boxes[2];
	pthread_t thread;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(loop_new(&players[i].loop), 0);
		assert_int_equal(mailbox_new(&boxes[i], players[i].loop, 4, on_ball, &players[i]), 0);
		players[1 - i].other = boxes[i];
	}
	assert_int_equal(mailbox_post(boxes[0], &letter_new(0, 0)->mail), 0);
	assert_int_equal(pthread_create(&thread, NULL, play, &players[1]), 0);
	play(&players[0]);
	pthread_join(thread, NULL);
	assert_int_equal(players[0].left, 0);
	assert_int_equal(players[1].left, 0);
	for (int i = 0; i < 2; i++) {
		mailbox_free(boxes[i], NULL);
		loop_free(players[i].loop);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full_ring_refuses_and_keeps_its_order),
		cmocka_unit_test(test_rings_once_and_only_while_the_reader_sleeps),
		cmocka_unit_test(test_what_is_put_wakes_nobody_until_it_is_rung),
		cmocka_unit_test(test_free_drops_what_is_inside),
		cmocka_unit_test(test_loop_reads_all_of_several_writers_in_order),
		cmocka_unit_test(test_bare_reader_that_blocks_on_the_fd_misses_nothing),
		cmocka_unit_test(test_ping_pong_between_two_loops_never_stalls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
