// SPDX-License-Identifier: Apache-2.0
/**
 * One media thread: its loop and all that it owns. Nothing in here is touched by another
 * thread but the mailbox and `stop`. Private to media/.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/rng.h"
#include "media/fast.h"
#include "media/socket_pool.h"
#include "media/recorder.h"
#include "media/room.h"
#include "media/stream.h"
#include "media/ticker.h"

enum { FAST_MAX_CREDIT = 32 };

struct worker {
	size_t index;
	pthread_t thread;
	struct mailbox *mailbox;
	int epoll;
	int wake_fd; /* eventfd: stop */
	atomic_bool stop;

	const struct log *log;
	struct metrics *metrics;
	media_event_fn *on_event;
	void *arg;

	struct timer_wheel wheel;
	struct rng rng;
	struct hash_key hash;
	struct flow_table flows;
	struct stream_table streams;
	struct socket_pool sockets;
	struct fast_table fast;
	uint8_t fast_after;   /* plain packets of a flow before the kernel gets it */
	uint32_t fast_credit; /* packets relayed since: making entries is not to delay them */

	/* Processed audio. */
	struct ticker ticker;
	uint64_t tick_us; /* nominal time of the tick that runs */
	struct room_table rooms;
	struct list_node taps; /* recordings that are fed here */
	struct clip_loader *clips;
	atomic_uint clips_asked; /* answers of the loader that are still to come */
	struct recorder *recorder;

	uint64_t now_us, now_ms; /* monotonic; read once a batch of packets */
	uint64_t wall_us;        /* what to add to now_us for the wall clock */
	bool stepped;            /* by a test: no clock is read */
	bool ticking;            /* busy: wake on a grid instead of for each packet */
	uint64_t grid_us;        /* its step */
	uint64_t grid_next_us;   /* the next one */
	uint64_t window_us;      /* the load is measured since then */
	uint64_t window_packets, window_busy_us;
	struct {
		uint64_t received, refused, malformed;
	} turn; /* counts not yet added to the metrics */
};

/** `fast` may be NULL. */
must_check int worker_init(struct worker *w, const struct media_args *args, struct fast_path *fast,
                           size_t index);
/** No thread must run. */
void worker_fini(struct worker *w);
must_check int worker_start(struct worker *w);
/** Ends the thread. */
void worker_stop(struct worker *w);

/** An event for `shard`; fill it, then worker_post. Never NULL. */
struct media_event *worker_event(enum media_ev_kind what, uint64_t id);
void worker_post(struct worker *w, uint16_t shard, struct media_event *ev);

/**
 * One turn without a thread and without waiting, at a time of the caller's choice (which only
 * grows): sockets, commands, timers, ticks. For tests.
 */
void worker_step(struct worker *w, uint64_t now_us);

/* engine.c */
/** A command about processed audio. Leaves `cmd` to the caller, but may take what belongs to it. */
void engine_command(struct worker *w, struct media_cmd *cmd);
/** Of kinds that are no media_cmd: takes `m` over. False: it is a command. */
bool engine_mail(struct worker *w, struct mail *m);
void engine_drop_mail(struct mail *m);
/** Streams' voices, rooms and recordings end, without events. */
void engine_fini(struct worker *w);
/** Asks for the files of a play; they come by engine_mail. */
void worker_load_clips(struct worker *w, const struct player *p, uint64_t id, bool is_room);

/* relay.c */
/** Begin to load what relay_datagram will touch for each of a batch. */
void relay_prefetch(struct worker *w, uint16_t sock, const struct packet *pk, size_t n);
void relay_datagram(struct worker *w, uint16_t sock, struct packet *pk);
void relay_dtmf_timeout(struct timer *t, void *arg);

/* fast_stream.c: flows that the kernel relays. Each does nothing where there is no fast path. */
/** The counters of `s` are what they would be if the kernel had not helped. */
void fast_pull(struct stream *s);
/** The kernel no longer relays `f`; its counters are in the stream. */
void fast_take_back(struct worker *w, struct flow *f);
/** The same for all that `s` hears or is sent. */
void fast_take_back_all(struct stream *s);
/** fast_take_back when the entry is old. */
void fast_renew(struct worker *w, struct flow *f);
/**
 * A packet of a flow that is the kernel's came to us. True: it was on its way here already when
 * the entry was made, and is counted with the kernel's. Else there is more to do than
 * relaying, and the flow is ours again.
 */
bool fast_count_late(struct worker *w, struct flow *f, const struct packet *pk);
/** `p`, a packet of `f`, was relayed: after enough plain ones the kernel may have them. */
void fast_consider(struct worker *w, struct flow *f, const struct stream *s, const uint8_t *p);

/* rtcp_path.c */
/** `latch`: the source is only the right address so far, not proven. */
void rtcp_receive(struct worker *w, struct stream *s, bool latch, const struct packet *pk);
/** `report_timer`. */
void rtcp_report(struct timer *t, void *arg);
/** Time until the next report of our own: RFC 3550 section 6.2. */
uint64_t rtcp_report_in_ms(struct worker *w);
