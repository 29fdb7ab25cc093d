// SPDX-License-Identifier: Apache-2.0
#include "ev/loop.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	BATCH = 128,
	TICK_US = 250,          /* of the grid that a busy loop sleeps on */
	WINDOW_US = 20000,      /* the load is judged once in */
	BUSY_WAKES = 40,        /* 2,000 wake-ups a second: above it the loop ticks */
	QUIET_WAKES = 25,       /* of 80 ticks with something to do: below it, it no longer does */
};

struct loop {
	int epoll_fd;
	struct ev_io stop_io;
	atomic_bool stop;
	uint64_t now_ms;
	bool more;        /* somebody has left something to do for the next turn */
	uint64_t lag_ms;  /* for how long that has been so at the end of each turn */
	uint64_t last_id;
	struct timer_wheel wheel;
	struct list_node hooks, flush_hooks, deferred;
	struct list_node *next_hook; /* while hooks run: the one behind the running one */
	struct epoll_event events[BATCH];
	int n_events, at_event; /* those behind at_event are still to be called */
	bool ticking;           /* see wait_tick */
	uint64_t tick_us, window_us;
	unsigned wakes; /* of this window: waits that brought something */
};

static void on_stop_io(struct ev_io *io, unsigned events, void *arg)
{
	uint64_t count;

	(void)events;
	(void)arg;
	/* Only to make it unreadable again; the flag tells. */
	while (read(io->fd, &count, sizeof count) < 0 && errno == EINTR)
		;
}

/* A random start that leaves 2^62 numbers to count. */
static int first_id(uint64_t *out)
{
	if (getrandom(out, sizeof *out, 0) != (ssize_t)sizeof *out)
		return errno;
	*out >>= 2;
	return 0;
}

static int open_fds(struct loop *l)
{
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0)
		return errno;
	l->stop_io.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (l->stop_io.fd < 0)
		return errno;
	return loop_io_add(l, &l->stop_io);
}

static void close_fds(struct loop *l)
{
	if (l->stop_io.fd >= 0)
		close(l->stop_io.fd);
	if (l->epoll_fd >= 0)
		close(l->epoll_fd);
}

int loop_new(struct loop **out)
{
	struct loop *l = calloc(1, sizeof *l);
	int err;

	if (!l)
		return ENOMEM;
	l->epoll_fd = -1;
	l->stop_io = (struct ev_io){.fd = -1, .events = EV_READ, .fn = on_stop_io};
	list_init(&l->hooks);
	list_init(&l->flush_hooks);
	list_init(&l->deferred);
	l->now_ms = clock_mono_ms();
	timer_wheel_init(&l->wheel, l->now_ms);
	err = open_fds(l);
	if (!err)
		err = first_id(&l->last_id);
	if (err) {
		close_fds(l);
		free(l);
		return err;
	}
	*out = l;
	return 0;
}

/* Those that are deferred meanwhile wait for the next time. */
static void call_deferred(struct loop *l)
{
	struct list_node now;

	if (list_empty(&l->deferred))
		return;
	list_insert_before(&l->deferred, &now);
	list_remove(&l->deferred);
	for (struct list_node *n; (n = list_first(&now)) != NULL;) {
		struct ev_defer *d = container_of(n, struct ev_defer, node);

		list_remove(n);
		d->fn(d);
	}
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	while (!list_empty(&l->deferred))
		call_deferred(l);
	close_fds(l);
	free(l);
}

/* How long epoll may wait: to the next timer, of which the clock's time is nearer than the turn's. */
static int wait_ms(const struct loop *l, uint64_t max_wait_ms)
{
	uint64_t due = timer_wheel_next_ms(&l->wheel), now, ms = max_wait_ms;

	if (!list_empty(&l->deferred) || due <= l->now_ms || l->more)
		return 0;
	if (due != UINT64_MAX && ms > 0) {
		now = clock_mono_ms();
		if (due <= now)
			return 0;
		ms = due - now < ms ? due - now : ms;
	}
	if (ms == UINT64_MAX)
		return -1;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

static bool tell_wait_to(struct list_node *hooks, bool waiting)
{
	bool may = true;

	list_for_each(n, hooks) {
		struct ev_hook *hook = container_of(n, struct ev_hook, node);

		if (hook->on_wait && !hook->on_wait(hook->arg, waiting))
			may = false;
	}
	return may;
}

/* Every hook is told, also behind one that says no. */
static bool tell_wait(struct loop *l, bool waiting)
{
	bool may = tell_wait_to(&l->hooks, waiting);

	return tell_wait_to(&l->flush_hooks, waiting) && may;
}

/*
 * As network cards do it: where messages come one by one but often, each wake-up costs more than
 * what it is for (20 us and more in a virtual machine, and as much for the sender who causes
 * it). So a busy loop sleeps to the next tick, and takes all that has come by then.
 */
static void wait_tick(struct loop *l)
{
	uint64_t now_us = clock_mono_us();

	l->tick_us = now_us - now_us % TICK_US + TICK_US;
	struct timespec at = {.tv_sec = (time_t)(l->tick_us / 1000000),
	                      .tv_nsec = (long)(l->tick_us % 1000000) * 1000};
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

static void judge_load(struct loop *l)
{
	uint64_t now_us = clock_mono_us();

	l->wakes += l->n_events > 0;
	if (now_us - l->window_us < WINDOW_US)
		return;
	l->ticking = now_us - l->window_us < 2 * WINDOW_US &&
	             l->wakes > (l->ticking ? QUIET_WAKES : BUSY_WAKES);
	l->window_us = now_us;
	l->wakes = 0;
}

static void wait_events(struct loop *l, uint64_t max_wait_ms)
{
	/* A full batch: others are ready, too, perhaps. */
	l->more = l->more || l->n_events == BATCH;
	int timeout = wait_ms(l, max_wait_ms);
	bool waits = timeout != 0;
	int n;

	if (waits && !tell_wait(l, true))
		timeout = 0;
	if (timeout != 0 && l->ticking) {
		wait_tick(l);
		timeout = 0;
	}
	n = epoll_wait(l->epoll_fd, l->events, BATCH, timeout);
	if (waits)
		(void)tell_wait(l, false);
	uint64_t now_ms = clock_mono_ms();
	l->lag_ms = l->more ? l->lag_ms + (now_ms - l->now_ms) : 0;
	l->now_ms = now_ms;
	l->more = false;
	l->n_events = n > 0 ? n : 0; /* interrupted by a signal: nothing is ready */
	l->at_event = 0;
	if (waits)
		judge_load(l);
}

static unsigned events_of(uint32_t epoll_events)
{
	if (epoll_events & (EPOLLERR | EPOLLHUP))
		return EV_READ | EV_WRITE;
	return ((epoll_events & EPOLLIN) ? EV_READ : 0U) | ((epoll_events & EPOLLOUT) ? EV_WRITE : 0U);
}

static void call_ready(struct loop *l)
{
	while (l->at_event < l->n_events) {
		const struct epoll_event *e = &l->events[l->at_event++];
		struct ev_io *io = e->data.ptr;

		if (io)
			io->fn(io, events_of(e->events), io->arg);
	}
}

static void run_hooks(struct loop *l, struct list_node *hooks)
{
	for (struct list_node *n = hooks->next; n != hooks; n = l->next_hook) {
		struct ev_hook *hook = container_of(n, struct ev_hook, node);

		l->next_hook = n->next;
		hook->fn(hook->arg);
	}
	l->next_hook = NULL;
}

void loop_turn(struct loop *l, uint64_t max_wait_ms)
{
	wait_events(l, max_wait_ms);
	/* First the wheel: what a descriptor's callback sets must count from now, not from the last turn. */
	timer_wheel_run(&l->wheel, l->now_ms);
	call_ready(l);
	run_hooks(l, &l->hooks);
	call_deferred(l);
	run_hooks(l, &l->flush_hooks);
}

void loop_run(struct loop *l)
{
	while (!atomic_exchange(&l->stop, false))
		loop_turn(l, UINT64_MAX);
}

void loop_stop(struct loop *l)
{
	const uint64_t one = 1;
	int saved = errno; /* it may run in a signal handler */

	atomic_store(&l->stop, true);
	while (write(l->stop_io.fd, &one, sizeof one) < 0 && errno == EINTR)
		;
	errno = saved;
}

uint64_t loop_now_ms(const struct loop *l)
{
	return l->now_ms;
}

void loop_more(struct loop *l)
{
	l->more = true;
}

uint64_t loop_lag_ms(const struct loop *l)
{
	return l->lag_ms;
}

struct timer_wheel *loop_wheel(struct loop *l)
{
	return &l->wheel;
}

static int control(struct loop *l, int op, struct ev_io *io)
{
	struct epoll_event e = {.data.ptr = io};

	if (io->events & EV_READ)
		e.events |= EPOLLIN;
	if (io->events & EV_WRITE)
		e.events |= EPOLLOUT;
	return epoll_ctl(l->epoll_fd, op, io->fd, &e) < 0 ? errno : 0;
}

int loop_io_add(struct loop *l, struct ev_io *io)
{
	return control(l, EPOLL_CTL_ADD, io);
}

int loop_io_mod(struct loop *l, struct ev_io *io, unsigned events)
{
	unsigned before = io->events;
	int err;

	if (events == before)
		return 0;
	io->events = events;
	err = control(l, EPOLL_CTL_MOD, io);
	if (err)
		io->events = before;
	return err;
}

void loop_io_del(struct loop *l, struct ev_io *io)
{
	(void)control(l, EPOLL_CTL_DEL, io);
	for (int i = l->at_event; i < l->n_events; i++) {
		if (l->events[i].data.ptr == io)
			l->events[i].data.ptr = NULL;
	}
}

void loop_hook_add(struct loop *l, struct ev_hook *hook)
{
	list_push_back(hook->flush ? &l->flush_hooks : &l->hooks, &hook->node);
}

void loop_hook_del(struct loop *l, struct ev_hook *hook)
{
	if (l->next_hook == &hook->node)
		l->next_hook = hook->node.next;
	list_remove(&hook->node);
}

void loop_defer(struct loop *l, struct ev_defer *d, ev_defer_fn *fn)
{
	d->fn = fn;
	list_push_back(&l->deferred, &d->node);
}

void loop_defer_cancel(struct ev_defer *d)
{
	list_remove(&d->node);
}

uint64_t loop_next_id(struct loop *l)
{
	return ++l->last_id;
}
