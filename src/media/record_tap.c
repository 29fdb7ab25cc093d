// SPDX-License-Identifier: Apache-2.0
#include "media/record_tap.h"

#include <stdlib.h>

#include "media/voice.h"
#include "media/worker.h"

struct record_tap *record_tap_find(struct worker *w, uint64_t id)
{
	list_for_each(it, &w->taps) {
		struct record_tap *t = container_of(it, struct record_tap, node);
		if (t->rec->id == id)
			return t;
	}
	return NULL;
}

unsigned record_tap_count(struct worker *w, uint64_t stream)
{
	unsigned n = 0;
	list_for_each(it, &w->taps) {
		const struct record_tap *t = container_of(it, struct record_tap, node);
		for (size_t c = 0; c < RECORD_CHANNELS; c++)
			n += t->streams[c] == stream;
	}
	return n;
}

static void put(struct record_tap *t, const struct record_piece *head,
                const int16_t *const pcm[RECORD_CHANNELS])
{
	if (t->paused || atomic_load_explicit(&t->rec->ended, memory_order_acquire))
		return;
	if (!record_ring_put(&t->rec->ring, head, pcm))
		atomic_fetch_add_explicit(&t->rec->lost_ms, TICK_MS, memory_order_relaxed);
}

static void on_tick(struct tick_unit *u, uint64_t epoch, uint64_t at_ms, void *arg)
{
	struct record_tap *t = container_of(u, struct record_tap, unit);
	struct record_piece head = {0};
	const int16_t *pcm[RECORD_CHANNELS] = {NULL, NULL};
	((struct worker *)arg)->tick_us = at_ms * 1000;
	for (size_t c = 0; c < RECORD_CHANNELS; c++) {
		struct stream *s = t->streams[c] ? stream_find(t->worker, t->streams[c]) : NULL;
		if (!s || !s->voice)
			continue;
		const struct frame *f = voice_hear(s->voice, epoch);
		head.rate_hz[c] = f->rate_hz;
		head.n[c] = (uint16_t)f->n;
		pcm[c] = f->pcm;
	}
	put(t, &head, pcm);
}

void record_tap_room(struct record_tap *t, const int16_t *pcm, size_t n, uint32_t rate_hz)
{
	const struct record_piece head = {.rate_hz = {rate_hz}, .n = {(uint16_t)n}};
	const int16_t *const both[RECORD_CHANNELS] = {pcm, NULL};
	put(t, &head, both);
}

/** Streams and room are told that they are heard, or not any more. */
static void attach(struct record_tap *t, bool on)
{
	struct worker *w = t->worker;
	for (size_t c = 0; c < RECORD_CHANNELS; c++) {
		struct stream *s = t->streams[c] ? stream_find(w, t->streams[c]) : NULL;
		if (!s)
			continue;
		s->taps += on ? 1 : -1u;
		voice_update(s);
	}
	if (!t->room)
		return;
	struct room *r = on ? room_get(w, t->room) : room_find(w, t->room);
	if (r && (on || r->tap == t))
		room_tap(r, on ? t : NULL);
}

static void fail(struct worker *w, uint64_t id, uint16_t shard, int err)
{
	struct media_event *ev = worker_event(MEDIA_EV_RECORDED, id);
	ev->err = err;
	worker_post(w, shard, ev);
}

void record_tap_set(struct worker *w, uint64_t id, uint16_t shard, const struct media_record *args)
{
	struct record_tap *t = record_tap_find(w, id);
	struct recording *rec = NULL;
	if (t) {
		attach(t, false);
		atomic_store(&t->rec->shard, shard);
	} else {
		int err = recorder_start(w->recorder, &rec, id, shard, args);
		if (err) {
			fail(w, id, shard, err);
			return;
		}
		t = calloc(1, sizeof *t);
		if (!t)
			abort();
		*t = (struct record_tap){.worker = w, .rec = rec};
		tick_unit_init(&t->unit, on_tick);
		list_push_back(&w->taps, &t->node);
	}
	for (size_t c = 0; c < RECORD_CHANNELS; c++)
		t->streams[c] = args->room ? 0 : args->streams[c];
	t->room = args->room;
	attach(t, true);
	if (t->room)
		tick_off(&w->ticker, &t->unit);
	else
		tick_on(&w->ticker, &t->unit);
}

void record_tap_pause(struct record_tap *t, bool paused)
{
	t->paused = paused;
}

void record_tap_stop(struct record_tap *t)
{
	attach(t, false);
	tick_off(&t->worker->ticker, &t->unit);
	list_remove(&t->node);
	recorder_stop(t->rec);
	free(t);
}
