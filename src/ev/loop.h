// SPDX-License-Identifier: Apache-2.0
/**
 * The event loop: epoll, a timer wheel, and hooks that run after each batch.
 *
 * Thread:   one loop, one thread. Only loop_stop and mailbox_post (ev/mailbox.h)
 *           may be called from another.
 * Lifetime: loop_new -> loop_run (returns after loop_stop) -> loop_free.
 *
 * One turn: wait; read the clock; run due timers; call ready descriptors; run the
 * hooks (mailboxes are drained there); call what was deferred; run the flush hooks
 * (UDP batches are sent there); wait again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/timer.h"
#include "base/err.h"

struct loop;

enum { EV_READ = 1, EV_WRITE = 2 };

struct ev_io;
/** `events` are EV_READ | EV_WRITE; errors and hang-ups show as both. */
typedef void ev_io_fn(struct ev_io *io, unsigned events, void *arg);

/** A watched descriptor, embedded in its owner, who also closes the fd. */
struct ev_io {
	int fd;
	unsigned events;
	ev_io_fn *fn;
	void *arg;
};

typedef void ev_hook_fn(void *arg);

/** Called at the end of every turn, before the loop waits. */
struct ev_hook {
	struct list_node node;
	ev_hook_fn *fn;
	void *arg;
	/* optional */
	bool flush; /* runs behind all that are not: it sends what they have queued */
	/**
	 * With true when all hooks have run and the loop is about to wait: false
	 * keeps it from that. With false after it has waited.
	 */
	bool (*on_wait)(void *arg, bool waiting);
};

struct ev_defer;
typedef void ev_defer_fn(struct ev_defer *d);

/** A call put off until the callbacks of this turn are done, to free things safely. */
struct ev_defer {
	struct list_node node;
	ev_defer_fn *fn;
};

must_check int loop_new(struct loop **out);
/** All descriptors and hooks must have been removed. What is deferred is called first. */
void loop_free(struct loop *l);

void loop_run(struct loop *l);
/** Any thread and signal safe: the loop returns after the current turn. */
void loop_stop(struct loop *l);

/** One turn that waits at most `max_wait_ms`; for tests. */
void loop_turn(struct loop *l, uint64_t max_wait_ms);

/** The time read at the start of this turn. */
uint64_t loop_now_ms(const struct loop *l);
/**
 * Who reads has stopped to be fair to others, though there is more: the loop goes on without waiting,
 * and does not count as idle. On the loop's thread.
 */
void loop_more(struct loop *l);
/**
 * For how long each turn has ended so, as of this turn: what is read now has waited in the kernel at
 * most so long and a turn. 0 when all had been read.
 */
uint64_t loop_lag_ms(const struct loop *l);
struct timer_wheel *loop_wheel(struct loop *l);

must_check int loop_io_add(struct loop *l, struct ev_io *io);
must_check int loop_io_mod(struct loop *l, struct ev_io *io, unsigned events);
/** After this the callback is not called any more, even for events already fetched. */
void loop_io_del(struct loop *l, struct ev_io *io);

void loop_hook_add(struct loop *l, struct ev_hook *hook);
void loop_hook_del(struct loop *l, struct ev_hook *hook);

/**
 * Call `fn` once, at the end of this turn (or of the next, without waiting, when the
 * end of this one has begun). `d` is initialised here and may be freed by `fn`.
 */
void loop_defer(struct loop *l, struct ev_defer *d, ev_defer_fn *fn);
/** Not called any more. `d` must have been given to loop_defer once. */
void loop_defer_cancel(struct ev_defer *d);

/**
 * A number never used before, not even by the process before this one (it counts up
 * from a random start): for identities of connections. Never 0.
 */
uint64_t loop_next_id(struct loop *l);
