// SPDX-License-Identifier: Apache-2.0
/**
 * A media thread without a thread: it is stepped through virtual time, a millisecond at a time, and
 * talks to phones with codecs over loopback. An hour passes as fast as it can be computed,
 * and nothing depends on the wall clock.
 */
#pragma once

#include "media/worker.h"
#include "media_rig.h"

enum { VRIG_PHONES = 128, VRIG_EVENTS = 4096, VPHONE_PCM = 48000 * 12 };

struct vrig;

/** What a phone saw of the RTP that came. */
struct vphone_seen {
	uint64_t packets, events; /* events: telephone-event packets, `packets` the rest */
	uint32_t ssrc, ssrc_changes;
	uint32_t seq_gaps;        /* numbers that did not follow the one before */
	uint32_t time_errors;     /* timestamps that ran back, or off the time by more than 60 ms */
	uint32_t markers;
	uint16_t seq;
	uint32_t timestamp;
	uint64_t at_ms;           /* when the last one came */
	uint8_t pt;
	uint8_t last_event[4];    /* payload */
	uint32_t event_timestamp;
};

struct vphone {
	struct vrig *rig;
	struct phone phone;
	uint64_t id;       /* of its stream */
	uint16_t port;     /* ours */
	struct codec_format format;
	const struct codec_ops *ops;
	void *enc, *dec;
	uint32_t ssrc, timestamp;
	uint16_t seq;
	size_t said;       /* samples of a tone, so that pieces join */
	struct vphone_seen seen;
	int16_t *pcm;      /* heard, the last VPHONE_PCM samples */
	size_t n_pcm;
};

struct vrig {
	struct worker *w;
	struct recorder *recorder;
	struct log log;
	struct metrics metrics;
	uint64_t now_us;
	uint64_t sent;    /* by phones */
	uint64_t heard;   /* by phones */
	uint64_t cpu_ns;  /* that the media thread's steps took */
	struct vphone *phones[VRIG_PHONES];
	size_t n_phones;
	size_t ports;     /* that phones share; 0: each has one of its own */
	struct media_event *events[VRIG_EVENTS];
	size_t n_events;
	pthread_mutex_t lock;
	const struct phone *control; /* where reports go to; NULL: nowhere */
	uint8_t report[RIG_PACKET];  /* the newest */
	size_t report_n;
};

void vrig_start(struct vrig *r);
void vrig_stop(struct vrig *r);
/** Virtual milliseconds; all packets are delivered in theirs. */
void vrig_run(struct vrig *r, unsigned ms);
/** Posts a copy of `cmd` and carries it out. */
void vrig_cmd(struct vrig *r, const struct media_cmd *cmd);
struct media_stats vrig_stats(struct vrig *r, uint64_t id);
/** Takes the first such event out; false: none came. */
bool vrig_event(struct vrig *r, enum media_ev_kind what, uint64_t id, struct media_event *out);

/** A phone with a stream `id` of that codec both ways (not set yet). */
struct vphone *vrig_phone(struct vrig *r, uint64_t id, enum codec_id codec);
struct codec_format vrig_format(enum codec_id codec);
/** The command that sets its stream: EXACT, hears, sink NONE. To be changed and given to vrig_cmd. */
struct media_cmd vphone_set(const struct vphone *p);

/** One packet of `pcm` (20 ms at the codec's rate). */
void vphone_say(struct vphone *p, const int16_t *pcm);
/** One packet of a tone that goes on from the last one; hz 0: silence. */
void vphone_tone(struct vphone *p, double hz, double peak);
/** The next packet is lost, or (DTX) never made. */
void vphone_lose(struct vphone *p);
void vphone_pause(struct vphone *p, unsigned ms);
/** Any payload of any type at its place in the row. */
void vphone_raw(struct vphone *p, uint8_t pt, bool marker, const uint8_t *payload, size_t n);
/** Forget what was heard. */
void vphone_forget(struct vphone *p);

/** All phones say their tone every 20 ms for so long; hz[i] of phone i, 0 silence, <0 nothing. */
void vrig_talk(struct vrig *r, unsigned ms, const double *hz, double peak);
