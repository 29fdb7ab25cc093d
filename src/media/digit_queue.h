// SPDX-License-Identifier: Apache-2.0
/**
 * Digits on their way to a peer, one behind the other: those of a command with a length of their own,
 * and those that somebody presses right now, which last as long as he does ("live").
 *
 * It says what each tick is to be; who owns it makes packets (RFC 4733 section 2.5.1) or tones of
 * that. Pure; no allocation.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DIGIT_QUEUE_N = 64 };

struct digit {
	char digit;
	bool live;       /* still pressed */
	bool reported;   /* the last of a command: tell when it is done */
	uint32_t serial; /* of the press */
	uint32_t ms;     /* how long it lasts; live: so far */
	uint32_t gap_ms;
};

enum digit_step {
	DIGIT_NONE,  /* nothing to do with digits */
	DIGIT_BEGIN, /* the first 20 ms of `now` */
	DIGIT_GOES_ON,
	DIGIT_END,   /* the last 20 ms */
	DIGIT_AGAIN, /* its end is said again */
	DIGIT_GAP,
};

struct digit_queue {
	struct digit queue[DIGIT_QUEUE_N];
	size_t head, n;
	bool busy;          /* `now` is being sent */
	struct digit now;
	uint32_t sent_ms;   /* of it, this tick included */
	unsigned again;     /* ends left to repeat */
	int32_t gap_ms;     /* left */
	/* What the owner keeps for `now`. */
	uint32_t timestamp;
	bool first;
};

/** False: no room. */
bool digit_queue_add(struct digit_queue *q, const struct digit *d);
/** The press `serial` has ended after `ms`. */
void digit_queue_release(struct digit_queue *q, uint32_t serial, uint32_t ms);
/** One tick of 20 ms. `*done` is set with a digit that was `reported` and is over. */
enum digit_step digit_queue_tick(struct digit_queue *q, bool *done);
static inline bool digit_queue_is_on(const struct digit_queue *q)
{
	return q->busy || q->n;
}
