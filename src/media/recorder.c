// SPDX-License-Identifier: Apache-2.0
#include "media/recorder.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "media/mix.h"
#include "media/rate_bank.h"
#include "media/rec_file.h"
#include "media/voice_rx.h"

enum {
	MAILBOX_SLOTS = 4096,
	POLL_MS = 100,
	CHUNK_MS = 1000,
	PIECE_MS = 20,
	DEFAULT_HZ = 8000,
	OPUS_HZ = 16000,
};

struct recorder {
	pthread_t thread;
	struct mailbox *mailbox;
	int wake_fd;
	atomic_bool stop;
	const struct log *log;
	media_event_fn *on_event;
	void *arg;
	struct list_node recordings;
};

static void unref(struct recording *rec)
{
	if (atomic_fetch_sub(&rec->refs, 1) != 1)
		return;
	explicit_bzero(rec->args.key, sizeof rec->args.key);
	free(rec);
}

/* -- the media thread's side ---------------------------------------------------------- */

int recorder_start(struct recorder *r, struct recording **out, uint64_t id, uint16_t shard,
                   const struct media_record *args)
{
	struct recording *rec = aligned_alloc(64, (sizeof *rec + 63) / 64 * 64);
	if (!rec)
		abort();
	memset(rec, 0, offsetof(struct recording, ring));
	atomic_init(&rec->ring.written, 0);
	atomic_init(&rec->ring.read, 0);
	atomic_init(&rec->refs, 2);
	rec->id = id;
	atomic_init(&rec->shard, shard);
	rec->args = *args;
	rec->file = NULL;
	rec->rates = NULL;
	rec->unflushed_ms = 0;
	list_init(&rec->node);
	if (mailbox_post(r->mailbox, &rec->mail) != 0) {
		explicit_bzero(rec->args.key, sizeof rec->args.key);
		free(rec);
		return E_LIMIT;
	}
	*out = rec;
	return 0;
}

void recorder_stop(struct recording *rec)
{
	atomic_store_explicit(&rec->stop, true, memory_order_release);
	unref(rec);
}

/* -- the recorder's thread ------------------------------------------------------------ */

static void end(struct recorder *r, struct recording *rec, int err)
{
	struct media_event *ev = calloc(1, sizeof *ev);
	if (!ev)
		abort();
	ev->what = MEDIA_EV_RECORDED;
	ev->id = rec->id;
	if (rec->file) {
		if (!err)
			err = rec_file_flush(rec->file);
		ev->ms = rec_file_ms(rec->file);
		ev->bytes = rec_file_bytes(rec->file);
		int close_err = rec_file_close(rec->file);
		err = err ? err : close_err;
	}
	for (size_t c = 0; rec->rates && c < RECORD_CHANNELS; c++)
		rate_bank_fini(&rec->rates[c]);
	free(rec->rates);
	rec->file = NULL;
	rec->rates = NULL;
	ev->err = err;
	ev->lost_ms = atomic_load(&rec->lost_ms);
	if (err || ev->lost_ms)
		log_event(r->log, LOG_MEDIA_RECORD, LOG_U("recording", rec->id), LOG_Z("why", err_text(err)),
		          LOG_U("lost_ms", ev->lost_ms));
	atomic_store_explicit(&rec->ended, true, memory_order_release);
	r->on_event((uint16_t)atomic_load(&rec->shard), ev, r->arg);
	list_remove(&rec->node);
	unref(rec);
}

static uint32_t file_rate(const struct media_record *a)
{
	if (a->rate_hz)
		return a->rate_hz;
	return a->format == MEDIA_FILE_OGG_OPUS ? OPUS_HZ : DEFAULT_HZ;
}

static void on_start(struct mail *m, void *arg)
{
	struct recorder *r = arg;
	struct recording *rec = container_of(m, struct recording, mail);
	struct media_record *a = &rec->args;
	a->rate_hz = file_rate(a);
	if (a->chunk_ms == 0)
		a->chunk_ms = CHUNK_MS;
	a->path[sizeof a->path - 1] = 0;
	list_push_back(&r->recordings, &rec->node);
	const struct rec_file_args args = {
		.path = a->path,
		.format = a->format,
		.rate_hz = a->rate_hz,
		.channels = a->two_channels ? 2 : 1,
		.key = a->has_key ? a->key : NULL,
	};
	int err = rec_file_new(&rec->file, &args);
	explicit_bzero(a->key, sizeof a->key);
	if (err) {
		end(r, rec, err);
		return;
	}
	rec->rates = calloc(RECORD_CHANNELS, sizeof *rec->rates);
	if (!rec->rates)
		abort();
	for (size_t c = 0; c < RECORD_CHANNELS; c++)
		rate_bank_to(&rec->rates[c], a->rate_hz);
}

/** One channel of a piece at the file's rate, `want` samples; `room` has place for a frame. */
static const int16_t *convert(struct rate_bank *b, uint32_t hz, const int16_t *pcm, size_t n,
                              int16_t *room, size_t want)
{
	size_t got = 0;
	const int16_t *out = room;
	if (n)
		out = rate_bank_run(b, hz, pcm, n, room, FRAME_MAX, &got);
	if (got == want)
		return out;
	if (got > want)
		got = want;
	if (out != room)
		memcpy(room, out, got * sizeof *room);
	memset(room + got, 0, (want - got) * sizeof *room);
	return room;
}

static void add_piece(struct recording *rec, const struct record_piece *head,
                      int16_t *const pcm[RECORD_CHANNELS])
{
	size_t want = rec->args.rate_hz * PIECE_MS / 1000;
	int16_t room[RECORD_CHANNELS][FRAME_MAX], out[RECORD_CHANNELS * FRAME_MAX];
	const int16_t *in[RECORD_CHANNELS];
	for (size_t c = 0; c < RECORD_CHANNELS; c++)
		in[c] = convert(&rec->rates[c], head->rate_hz[c], pcm[c], head->n[c], room[c], want);
	if (rec->args.two_channels) {
		for (size_t i = 0; i < want; i++) {
			out[2 * i] = in[0][i];
			out[2 * i + 1] = in[1][i];
		}
	} else {
		int32_t sum[FRAME_MAX] = {0};
		mix_add(sum, in[0], want);
		mix_add(sum, in[1], want);
		mix_clip(out, sum, want);
	}
	rec_file_add(rec->file, out, want);
	rec->unflushed_ms += PIECE_MS;
}

static int flush(struct recording *rec)
{
	rec->unflushed_ms = 0;
	int err = rec_file_flush(rec->file);
	if (!err && rec->args.max_bytes && rec_file_bytes(rec->file) >= rec->args.max_bytes)
		err = E_LIMIT;
	return err;
}

/** All that is in the ring. */
static int write_ring(struct recording *rec)
{
	int16_t left[FRAME_MAX], right[FRAME_MAX], *pcm[RECORD_CHANNELS] = {left, right};
	struct record_piece head;
	int err = 0;
	while (!err && record_ring_get(&rec->ring, &head, pcm, FRAME_MAX)) {
		add_piece(rec, &head, pcm);
		if (rec->unflushed_ms >= rec->args.chunk_ms)
			err = flush(rec);
	}
	return err;
}

static void serve(struct recorder *r, struct recording *rec)
{
	/* Looked at first: what is in the ring by then is all. */
	bool last = atomic_load_explicit(&rec->stop, memory_order_acquire);
	int err = write_ring(rec);
	if (err || last)
		end(r, rec, err);
}

static void serve_all(struct recorder *r)
{
	mailbox_drain(r->mailbox);
	list_for_each_safe(it, &r->recordings)
		serve(r, container_of(it, struct recording, node));
}

static void wait_for_work(struct recorder *r)
{
	struct pollfd fds[] = {{.fd = mailbox_fd(r->mailbox), .events = POLLIN},
	                       {.fd = r->wake_fd, .events = POLLIN}};
	int ms = list_empty(&r->recordings) ? -1 : POLL_MS;
	/* With recordings it looks every POLL_MS anyway; a new one may wait as long. */
	if (!mailbox_sleep(r->mailbox, true))
		ms = 0;
	(void)poll(fds, sizeof fds / sizeof *fds, ms);
	(void)mailbox_sleep(r->mailbox, false);
}

static void *run(void *arg)
{
	struct recorder *r = arg;
	while (!atomic_load_explicit(&r->stop, memory_order_acquire)) {
		wait_for_work(r);
		serve_all(r);
	}
	serve_all(r);
	return NULL;
}

static int start_thread(struct recorder *r)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int err = pthread_create(&r->thread, NULL, run, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!err)
		(void)pthread_setname_np(r->thread, "recorder");
	return err;
}

int recorder_new(struct recorder **out, const struct recorder_args *args)
{
	struct recorder *r = calloc(1, sizeof *r);
	if (!r)
		abort();
	*r = (struct recorder){.log = args->log, .on_event = args->on_event, .arg = args->arg};
	list_init(&r->recordings);
	r->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	int err = r->wake_fd < 0 ? errno : mailbox_new_bare(&r->mailbox, MAILBOX_SLOTS, on_start, r);
	if (!err)
		err = start_thread(r);
	if (!err) {
		*out = r;
		return 0;
	}
	if (r->mailbox)
		mailbox_free(r->mailbox, NULL);
	if (r->wake_fd >= 0)
		close(r->wake_fd);
	free(r);
	return err;
}

void recorder_free(struct recorder *r)
{
	if (!r)
		return;
	atomic_store_explicit(&r->stop, true, memory_order_release);
	uint64_t one = 1;
	ssize_t n = write(r->wake_fd, &one, sizeof one);
	(void)n;
	pthread_join(r->thread, NULL);
	mailbox_free(r->mailbox, NULL);
	close(r->wake_fd);
	free(r);
}
