// SPDX-License-Identifier: Apache-2.0
/**
 * The thread that writes recordings. Media threads put sound into a ring each (struct recording); it
 * takes it out, encodes it, and writes it chunk by chunk. A disk that is slow or full stops the
 * recording and nothing else: what the ring cannot take is counted as lost, an error ends the
 * recording with MEDIA_EV_RECORDED.
 *
 * Ownership: a recording is shared by a tap on a media thread and by the recorder; each lets go of it
 *            once.
 */
#pragma once

#include "media/media.h"
#include "base/list.h"
#include "media/record_ring.h"

struct recorder;
struct rec_file;
struct rate_bank;

struct recording {
	struct mail mail;
	atomic_uint refs;
	uint64_t id;
	atomic_uint shard; /* who gets the event */
	struct media_record args; /* the key is wiped when the file is open */
	atomic_bool stop;  /* the tap has put its last piece */
	atomic_bool ended; /* the file is closed, the event sent: nobody reads the ring any more */
	atomic_ullong lost_ms;
	struct record_ring ring;
	/* The recorder's. */
	struct list_node node;
	struct rec_file *file;
	struct rate_bank *rates; /* of each channel */
	uint64_t unflushed_ms;
};

struct recorder_args {
	const struct log *log;
	media_event_fn *on_event; /* called on the recorder's thread */
	void *arg;
};

must_check int recorder_new(struct recorder **out, const struct recorder_args *args);
/** Writes what is there, closes all files, ends the thread. All taps must be gone. */
void recorder_free(struct recorder *r);

/** Takes `args` by copy. The file is opened by the recorder's thread. E_LIMIT: too many wait. */
must_check int recorder_start(struct recorder *r, struct recording **out, uint64_t id, uint16_t shard,
                              const struct media_record *args);
/** The tap lets go: what is in the ring is written, the file closed, the event sent. */
void recorder_stop(struct recording *rec);
