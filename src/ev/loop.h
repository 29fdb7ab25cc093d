// SPDX-License-Identifier: Apache-2.0
/**
 * The event loop: epoll, a timer wheel, and hooks that run after each batch.
 *
 * Thread:   one loop, one thread. Only loop_stop and mailbox_post (ev/mailbox.h)
 *           may be called from another.
 * Lifetime: loop_new -> loop_run (returns after loop_stop) -> loop_free.
 *
 * One turn: wait; read the clock; call ready descriptors; run due timers; run the
 * hooks (mailboxes are drained and UDP batches flushed there); wait again.
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
};

must_check int loop_new(struct loop **out);
/** All descriptors and hooks must have been removed. */
void loop_free(struct loop *l);

void loop_run(struct loop *l);
/** Any thread and signal safe: the loop returns after the current turn. */
void loop_stop(struct loop *l);

/** One turn that waits at most `max_wait_ms`; for tests. */
void loop_turn(struct loop *l, uint64_t max_wait_ms);

/** The time read at the start of this turn. */
uint64_t loop_now_ms(const struct loop *l);
struct timer_wheel *loop_wheel(struct loop *l);

must_check int loop_io_add(struct loop *l, struct ev_io *io);
must_check int loop_io_mod(struct loop *l, struct ev_io *io, unsigned events);
/** After this the callback is not called any more, even for events already fetched. */
void loop_io_del(struct loop *l, struct ev_io *io);

void loop_hook_add(struct loop *l, struct ev_hook *hook);
void loop_hook_del(struct loop *l, struct ev_hook *hook);
