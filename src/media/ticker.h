// SPDX-License-Identifier: Apache-2.0
/**
 * The tick of processed audio: whatever makes or takes sound does so once in 20 ms, in one of 20
 * phases on the grid of 1 ms, so that the work of many is spread over the time.
 *
 * A few units share a phase, because each phase that is used costs a wake-up in every tick.
 * Time is an argument: a test runs an hour in a moment.
 *
 * Thread: the media thread's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

enum { TICK_MS = 20, TICKS_PER_S = 1000 / TICK_MS };

struct tick_unit;
/** `epoch` counts ticks: all units see each one once, whatever their phase. */
typedef void tick_fn(struct tick_unit *u, uint64_t epoch, uint64_t at_ms, void *arg);

struct tick_unit {
	struct list_node node;
	tick_fn *fn;
	uint8_t phase;
};

struct ticker {
	struct list_node phases[TICK_MS];
	uint32_t load[TICK_MS];
	uint32_t n;
	uint64_t done_ms; /* phases up to this time have run */
	uint64_t skipped; /* ticks that were left out because the thread had stood still */
};

void ticker_init(struct ticker *t, uint64_t now_ms);
void tick_unit_init(struct tick_unit *u, tick_fn *fn);
static inline bool tick_is_on(const struct tick_unit *u)
{
	return !list_empty(&u->node);
}
/** Harmless when it is on already. From inside a tick too; it begins in a later phase or tick. */
void tick_on(struct ticker *t, struct tick_unit *u);
/** Harmless when it is off. From inside any unit's tick too. */
void tick_off(struct ticker *t, struct tick_unit *u);

/** When there is something to run; UINT64_MAX: never. */
uint64_t ticker_next_ms(const struct ticker *t);
/** Runs what is due up to now_ms. After a long standstill (200 ms) the ticks before are left out. */
void ticker_run(struct ticker *t, uint64_t now_ms, void *arg);
