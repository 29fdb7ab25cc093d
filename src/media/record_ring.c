// SPDX-License-Identifier: Apache-2.0
#include "media/record_ring.h"

#include <assert.h>
#include <string.h>

static size_t copy_in(struct record_ring *r, size_t at, const void *p, size_t n)
{
	size_t i = at % RECORD_RING_BYTES, first = RECORD_RING_BYTES - i;
	if (first > n)
		first = n;
	memcpy(r->bytes + i, p, first);
	memcpy(r->bytes, (const uint8_t *)p + first, n - first);
	return at + n;
}

static size_t copy_out(const struct record_ring *r, size_t at, void *p, size_t n)
{
	size_t i = at % RECORD_RING_BYTES, first = RECORD_RING_BYTES - i;
	if (first > n)
		first = n;
	memcpy(p, r->bytes + i, first);
	memcpy((uint8_t *)p + first, r->bytes, n - first);
	return at + n;
}

bool record_ring_put(struct record_ring *r, const struct record_piece *head,
                     const int16_t *const pcm[RECORD_CHANNELS])
{
	size_t at = atomic_load_explicit(&r->written, memory_order_relaxed);
	size_t used = at - atomic_load_explicit(&r->read, memory_order_acquire);
	size_t need = sizeof *head;
	for (size_t c = 0; c < RECORD_CHANNELS; c++)
		need += head->n[c] * sizeof(int16_t);
	if (need > RECORD_RING_BYTES - used)
		return false;
	at = copy_in(r, at, head, sizeof *head);
	for (size_t c = 0; c < RECORD_CHANNELS; c++)
		at = copy_in(r, at, pcm[c], head->n[c] * sizeof(int16_t));
	atomic_store_explicit(&r->written, at, memory_order_release);
	return true;
}

bool record_ring_get(struct record_ring *r, struct record_piece *head,
                     int16_t *const pcm[RECORD_CHANNELS], size_t max)
{
	size_t at = atomic_load_explicit(&r->read, memory_order_relaxed);
	if (at == atomic_load_explicit(&r->written, memory_order_acquire))
		return false;
	at = copy_out(r, at, head, sizeof *head);
	for (size_t c = 0; c < RECORD_CHANNELS; c++) {
		assert(head->n[c] <= max);
		at = copy_out(r, at, pcm[c], head->n[c] * sizeof(int16_t));
	}
	atomic_store_explicit(&r->read, at, memory_order_release);
	return true;
}
