// SPDX-License-Identifier: Apache-2.0
#include "media/digit_queue.h"

#include "media/ticker.h"

enum {
	ENDS_AGAIN = 2,      /* three in all: RFC 4733 section 2.5.1.4 */
	MIN_MS = 60,         /* shorter ones are not heard everywhere */
	MIN_GAP_MS = 60,
	MAX_LIVE_MS = 30000, /* the end of a press was lost */
};

bool digit_queue_add(struct digit_queue *q, const struct digit *d)
{
	if (q->n == DIGIT_QUEUE_N)
		return false;
	q->queue[(q->head + q->n++) % DIGIT_QUEUE_N] = *d;
	return true;
}

static void release(struct digit *d, uint32_t serial, uint32_t ms)
{
	if (!d->live || d->serial != serial)
		return;
	d->live = false;
	d->ms = ms;
}

void digit_queue_release(struct digit_queue *q, uint32_t serial, uint32_t ms)
{
	if (q->busy)
		release(&q->now, serial, ms);
	for (size_t i = 0; i < q->n; i++)
		release(&q->queue[(q->head + i) % DIGIT_QUEUE_N], serial, ms);
}

static bool is_over(const struct digit_queue *q)
{
	if (q->now.live)
		return q->sent_ms >= MAX_LIVE_MS;
	return q->sent_ms >= q->now.ms && q->sent_ms >= MIN_MS;
}

static enum digit_step send(struct digit_queue *q)
{
	q->sent_ms += TICK_MS;
	q->first = q->sent_ms == TICK_MS;
	if (is_over(q)) {
		q->again = ENDS_AGAIN;
		q->gap_ms = (int32_t)(q->now.gap_ms > MIN_GAP_MS ? q->now.gap_ms : MIN_GAP_MS);
		q->now.live = false;
		return DIGIT_END;
	}
	return q->first ? DIGIT_BEGIN : DIGIT_GOES_ON;
}

enum digit_step digit_queue_tick(struct digit_queue *q, bool *done)
{
	*done = false;
	if (!q->busy) {
		if (q->n == 0)
			return DIGIT_NONE;
		q->now = q->queue[q->head];
		q->head = (q->head + 1) % DIGIT_QUEUE_N;
		q->n--;
		q->busy = true;
		q->sent_ms = 0;
		q->gap_ms = 0;
		return send(q);
	}
	if (q->gap_ms == 0)
		return send(q);
	q->gap_ms -= TICK_MS;
	if (q->gap_ms <= 0) {
		*done = q->now.reported;
		q->busy = false;
	}
	if (q->again == 0)
		return DIGIT_GAP;
	q->again--;
	return DIGIT_AGAIN;
}
