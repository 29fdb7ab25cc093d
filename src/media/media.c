// SPDX-License-Identifier: Apache-2.0
#include "media/media.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "media/worker.h"

enum {
	MAX_THREADS = 256,
	MAX_STREAMS = 1 << 24, /* of one thread */
};

struct media {
	const struct log *log;
	struct metrics *metrics;
	struct fast_path *fast; /* NULL: none */
	struct recorder *recorder;
	size_t n;
	struct worker *workers[MAX_THREADS];
};

static int start_one(struct media *m, const struct media_args *args)
{
	struct worker *w = aligned_alloc(64, (sizeof *w + 63) / 64 * 64);
	if (!w)
		abort();
	int err = worker_init(w, args, m->fast, m->n);
	if (err)
		goto out;
	w->recorder = m->recorder;
	err = worker_start(w);
	if (err) {
		worker_fini(w);
		goto out;
	}
	m->workers[m->n++] = w;
	return 0;
out:
	free(w);
	return err;
}

/** Without it everything works, and costs more. */
static void start_fast_path(struct media *m, const struct media_args *args)
{
	const struct fast_path_args fast = {
	    .threads = args->threads,
	    .flows_per_thread = args->max_streams, /* only RTP, and of that one flow */
	    .address = args->address,
	};
	int err = fast_path_new(&m->fast, &fast);
	if (err)
		log_event(m->log, LOG_MEDIA_NO_ACCEL, LOG_Z("why", err_text(err)));
	else
		log_event(m->log, LOG_MEDIA_ACCEL, LOG_U("threads", args->threads));
}

int media_new(struct media **out, const struct media_args *args)
{
	if (args->threads == 0 || args->threads > MAX_THREADS || args->max_streams == 0 ||
	    args->max_streams > MAX_STREAMS || args->address.family == ADDR_NONE)
		return EINVAL;
	struct media *m = calloc(1, sizeof *m);
	if (!m)
		abort();
	m->log = args->log;
	m->metrics = args->metrics;
	if (args->accel)
		start_fast_path(m, args);
	/* Signals are the main thread's business; a new thread inherits the mask. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int err = recorder_new(&m->recorder, &(struct recorder_args){.log = args->log,
	                                                             .on_event = args->on_event,
	                                                             .arg = args->arg});
	while (m->n < args->threads && !err)
		err = start_one(m, args);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		media_free(m);
	else
		*out = m;
	return err;
}

/** The loader answers into the mailbox: files that were asked for must have come first. */
static void await_clips(const struct worker *w)
{
	while (atomic_load(&w->clips_asked))
		usleep(1000);
}

void media_free(struct media *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++) {
		worker_stop(m->workers[i]);
		await_clips(m->workers[i]);
		worker_fini(m->workers[i]);
		free(m->workers[i]);
	}
	recorder_free(m->recorder);
	fast_path_free(m->fast);
	free(m);
}

int media_put(struct media *m, size_t thread, struct media_cmd *cmd)
{
	assert(thread < m->n);
	if (mailbox_put(m->workers[thread]->mailbox, &cmd->mail) == 0)
		return 0;
	/* Counted here and not by the media thread, so the addition must be atomic. */
	__atomic_fetch_add(&m->metrics[thread].v[METRIC_MEDIA_CMD_DROPPED], 1, __ATOMIC_RELAXED);
	log_event(m->log, LOG_MEDIA_CMD_DROPPED, LOG_U("stream", cmd->id), LOG_U("thread", thread));
	media_cmd_free(cmd);
	return E_LIMIT;
}

void media_ring(struct media *m, size_t thread)
{
	mailbox_ring(m->workers[thread]->mailbox);
}

int media_post(struct media *m, size_t thread, struct media_cmd *cmd)
{
	int err = media_put(m, thread, cmd);
	media_ring(m, thread);
	return err;
}

size_t media_threads(const struct media *m)
{
	return m->n;
}
