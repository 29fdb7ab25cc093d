// SPDX-License-Identifier: Apache-2.0
/**
 * The end of a recording that sits on a media thread: once a tick it takes what the recorded streams
 * say, or what a room hears, and puts it into the recording's ring. It stays when the
 * streams change: a transfer, a hold or another codec leave the recording one.
 *
 * Thread: the media thread's.
 */
#pragma once

#include "media/recorder.h"
#include "media/ticker.h"

struct worker;

struct record_tap {
	struct list_node node; /* of the worker's taps */
	struct worker *worker;
	struct recording *rec;
	uint64_t streams[RECORD_CHANNELS]; /* 0: none */
	uint64_t room;                     /* 0: none */
	bool paused;
	struct tick_unit unit;
};

struct record_tap *record_tap_find(struct worker *w, uint64_t id);
/** A new recording, or the same one of other streams. Errors are told by MEDIA_EV_RECORDED. */
void record_tap_set(struct worker *w, uint64_t id, uint16_t shard, const struct media_record *args);
void record_tap_pause(struct record_tap *t, bool paused);
/** Frees `t`; the recorder tells when all is written. */
void record_tap_stop(struct record_tap *t);

/** How many recordings wait for a stream of this id, or hear it. */
unsigned record_tap_count(struct worker *w, uint64_t stream);
/** From a room's tick: the sum. */
void record_tap_room(struct record_tap *t, const int16_t *pcm, size_t n, uint32_t rate_hz);
