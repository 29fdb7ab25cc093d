// SPDX-License-Identifier: Apache-2.0
/** One signalling thread: its loop, its sockets and its shard. Private to app/shards.c and siblings. */
#pragma once

#include <pthread.h>

#include "app/links.h"
#include "app/shards.h"
#include "ev/mailbox.h"
#include "ev/udp.h"
#include "service/shard.h"

struct shard_thread {
	struct shards *all;
	uint16_t index;
	pthread_t thread;
	bool running;
	struct loop *loop;
	struct mailbox *mailbox;
	struct rng rng;
	struct metrics metrics;
	struct shard *shard;
	struct udp *udp[LISTEN_MAX];   /* by listener; NULL where it is none */
	struct udp_at {
		struct shard_thread *t;
		uint16_t listener;
	} udp_at[LISTEN_MAX];
	uint64_t lag_ms;               /* of the message that is being handed to the shard */
	struct links *links;
	struct ev_hook ring_media;
	uint64_t media_to_ring;        /* a bit for each media thread with commands of this turn */
	struct timer stop_timer;
	uint64_t stop_by_ms;           /* 0: not stopping */
};

struct shards {
	struct shards_args a;
	struct addr bound[LISTEN_MAX]; /* what each listener is bound to, with the kernel's port */
	struct prompts *prompts;
	struct clip_loader *clips;
	struct media *media;
	struct metrics *media_metrics;
	struct shard_thread *threads;
	uint16_t n;
	size_t n_media;
	struct mailbox *answers;       /* queries that come back to the control loop */
	struct list_node pending;      /* of them */
	uint64_t next_serial;
};

/** Kinds of mail of the transport, behind those of service/shard.h. */
enum { THREAD_SEND = SHARD_MAIL_KINDS };

/** Bytes for a connection that another thread owns. */
struct mail_send {
	struct mail mail;
	struct flow flow;
	size_t n;
	char bytes[];
};

/** Makes loop, mailbox and shard; nothing runs yet. */
must_check int shard_thread_init(struct shard_thread *t, struct shards *all, uint16_t index,
                                 const struct shard_args *base);
/** Opens the sockets; `why` names the address at fault. */
must_check int shard_thread_listen(struct shard_thread *t, struct buf *why);
must_check int shard_thread_start(struct shard_thread *t);
/** After shard_thread_stop was mailed: waits for the thread. */
void shard_thread_join(struct shard_thread *t);
void shard_thread_fini(struct shard_thread *t);

/** To a thread's mailbox, from any thread; a full one drops the message and says so in the log. */
void shard_thread_mail(struct shard_thread *t, struct mail *m);
/** The shards' handle on the answers of queries; any thread. */
void shards_answer(struct shards *s, struct mail_query *q);
