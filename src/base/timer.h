// SPDX-License-Identifier: Apache-2.0
/**
 * Hierarchical timer wheel, 1 ms steps: set, cancel and expire in O(1).
 *
 * The entry is embedded in its owner and `now` is an argument, so a test needs
 * no sleeping. All on one thread; a cancelled timer cannot fire.
 */
#pragma once

#include <stdint.h>

#include "base/list.h"

enum { TIMER_LEVELS = 5, TIMER_SLOTS = 256, TIMER_WORDS = TIMER_SLOTS / 64 };

struct timer;
typedef void timer_fn(struct timer *t, void *arg);

struct timer {
	struct list_node node;
	uint64_t due_ms;
	timer_fn *fn;
	void *arg;
};

struct timer_wheel {
	uint64_t now_ms;
	size_t n;              /* timers set */
	struct list_node late; /* due when they were set: for the next run */
	struct list_node far;  /* due in another round of the top level */
	struct list_node slots[TIMER_LEVELS][TIMER_SLOTS];
	uint64_t filled[TIMER_LEVELS][TIMER_WORDS]; /* a bit for each slot that is not empty */
};

void timer_wheel_init(struct timer_wheel *w, uint64_t now_ms);

/** Not set; may be called once, before the first timer_set. */
void timer_init(struct timer *t, timer_fn *fn, void *arg);

/** Fire at `due_ms` (at the next run when it has passed). A set timer is moved. */
void timer_set(struct timer_wheel *w, struct timer *t, uint64_t due_ms);
static inline void timer_in(struct timer_wheel *w, struct timer *t, uint64_t ms)
{
	timer_set(w, t, ms > UINT64_MAX - w->now_ms ? UINT64_MAX : w->now_ms + ms);
}

/** Harmless when it is not set. */
void timer_cancel(struct timer_wheel *w, struct timer *t);

static inline bool timer_is_set(const struct timer *t)
{
	return !list_empty(&t->node);
}

/**
 * Advance to `now_ms` and call what is due, in order of due time to the
 * millisecond, and of setting within one. Meanwhile the wheel's now_ms is the time
 * of the timer that is called. A callback may set and cancel any timer, and free its
 * own and cancelled ones. What it sets for a time not after that now_ms waits for the
 * next run, so a run always ends.
 */
void timer_wheel_run(struct timer_wheel *w, uint64_t now_ms);

/**
 * A time not later than the next due timer, UINT64_MAX when none is set. May
 * be earlier (a cascade); never later.
 */
uint64_t timer_wheel_next_ms(const struct timer_wheel *w);
