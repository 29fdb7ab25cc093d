// SPDX-License-Identifier: Apache-2.0
/*
 * The loop of a media thread. It has one of its own, and not ev/loop.h, because it
 * changes its manner with the load: quiet, it blocks until a packet comes (no added delay);
 * busy, it sleeps on a grid and then takes all there is, which spares the senders'
 * context a wake-up for each packet and lets system calls carry many. The grid is fine while there
 * is little to do, and grows to 1 ms with the load.
 */
#include "media/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	MAILBOX_SLOTS = 16384,
	MAX_READY = 128,
	MAX_BATCHES = 8, /* of one socket in one turn, so that one flood does not starve others */
	MAX_WAIT_MS = 1000,
	MIN_TICK_US = 200,
	MAX_TICK_US = 1000,
	MAX_DELAY_US = 1200, /* of a packet that just missed a tick, and is the last of the next */
	WINDOW_US = 100000,
	BUSY_PACKETS = 400, /* a window: 4000 packets/s, nearly as many as there would be ticks */
	QUIET_PACKETS = 300,
	PACKETS_PER_TICK_US = 5, /* in a window; MAX_TICK_US at 50,000 packets/s */
	FLOWS_PER_STREAM = CLAIMS,
	TIMER_SLACK_NS = 1000,
	FAST_AFTER = 64,
};

/** What an epoll entry stands for: a socket's index, or one of these. */
enum { READY_MAILBOX = 1 << 20, READY_WAKE };

struct media_event *worker_event(enum media_ev_kind what, uint64_t id)
{
	struct media_event *ev = calloc(1, sizeof *ev);
	if (!ev)
		abort();
	ev->what = what;
	ev->id = id;
	return ev;
}

void worker_post(struct worker *w, uint16_t shard, struct media_event *ev)
{
	w->on_event(shard, ev, w->arg);
}

static void post_port_failed(struct worker *w, const struct media_cmd *cmd, uint16_t port, int err)
{
	log_event(w->log, LOG_MEDIA_BIND, LOG_U("port", port), LOG_Z("why", err_text(err)));
	struct media_event *ev = worker_event(MEDIA_EV_PORT_FAILED, cmd->id);
	ev->port = port;
	worker_post(w, cmd->shard, ev);
}

static void read_clock(struct worker *w)
{
	if (w->stepped)
		return;
	w->now_us = clock_mono_us();
	w->now_ms = w->now_us / 1000;
}

/** Again and again: it may be set, and this process lives long. */
static void read_wall(struct worker *w)
{
	w->wall_us = clock_wall_ms() * 1000 - clock_mono_us();
}

/** `s` NULL: a stream that never was, or was refused; whoever waits for its end gets it. */
static struct media_event *stats_event(struct worker *w, const struct media_cmd *cmd,
                                       struct stream *s, enum media_ev_kind what)
{
	struct media_event *ev = worker_event(what, cmd->id);
	if (s) {
		fast_pull(s);
		read_wall(w);
		ev->port = s->set.port;
		stream_stats(s, &ev->stats);
	}
	return ev;
}

static void on_set(struct worker *w, const struct media_cmd *cmd)
{
	int err = stream_set(w, cmd->id, cmd->shard, &cmd->set, &cmd->voice);
	if (err == EADDRNOTAVAIL)
		post_port_failed(w, cmd, cmd->set.port, err);
	if (err == E_LIMIT) {
		log_event(w->log, LOG_MEDIA_FULL, LOG_U("stream", cmd->id));
		worker_post(w, cmd->shard, stats_event(w, cmd, NULL, MEDIA_EV_ENDED));
	}
}

static void on_destroy(struct worker *w, const struct media_cmd *cmd)
{
	struct stream *s = stream_find(w, cmd->id);
	if (s)
		fast_take_back_all(s); /* so that the last counts are in, and the end is one */
	struct media_event *ev = stats_event(w, cmd, s, MEDIA_EV_ENDED);
	if (s)
		stream_destroy(s);
	worker_post(w, cmd->shard, ev);
}

static void on_command(struct mail *m, void *arg)
{
	struct worker *w = arg;
	if (engine_mail(w, m))
		return;
	struct media_cmd *cmd = container_of(m, struct media_cmd, mail);
	switch ((enum media_cmd_kind)m->kind) {
	case MEDIA_CMD_SET:
		on_set(w, cmd);
		break;
	case MEDIA_CMD_DESTROY:
		on_destroy(w, cmd);
		break;
	case MEDIA_CMD_OPEN_PORT: {
		int err = socket_pool_open(&w->sockets, cmd->port);
		if (err)
			post_port_failed(w, cmd, cmd->port, err);
		break;
	}
	case MEDIA_CMD_STATS:
		worker_post(w, cmd->shard,
		            stats_event(w, cmd, stream_find(w, cmd->id), MEDIA_EV_STATS));
		break;
	default:
		engine_command(w, cmd);
		break;
	}
	media_cmd_free(cmd);
}

static void drain(struct worker *w, uint16_t sock)
{
	struct packet pk[SOCKET_BATCH];
	bool more = true;
	for (size_t i = 0; i < MAX_BATCHES && more; i++) {
		size_t n = socket_pool_recv(&w->sockets, sock, pk, &more);
		read_clock(w);
		if (n > 1)
			relay_prefetch(w, sock, pk, n);
		for (size_t k = 0; k < n; k++)
			relay_datagram(w, sock, &pk[k]);
	}
}

static struct timespec until_next(const struct worker *w)
{
	uint64_t timer = timer_wheel_next_ms(&w->wheel), tick = ticker_next_ms(&w->ticker);
	uint64_t next = tick < timer ? tick : timer, now_us = clock_mono_us();
	if (next > w->now_ms + MAX_WAIT_MS)
		next = w->now_ms + MAX_WAIT_MS;
	uint64_t us = next * 1000 > now_us ? next * 1000 - now_us : 0;
	return (struct timespec){.tv_sec = (time_t)(us / 1000000),
	                         .tv_nsec = (long)(us % 1000000) * 1000};
}

/** Until a packet, a command, a timer or a tick. */
static int wait_quiet(struct worker *w, struct epoll_event *ready)
{
	struct timespec wait = until_next(w);
	if (!mailbox_sleep(w->mailbox, true))
		wait = (struct timespec){0};
	int n = epoll_pwait2(w->epoll, ready, MAX_READY, &wait, NULL);
	(void)mailbox_sleep(w->mailbox, false);
	return n;
}

/** Until the next tick of the grid. Nobody needs to wake us: the mailbox is looked at then too. */
static int wait_tick(struct worker *w, struct epoll_event *ready)
{
	w->grid_next_us += w->grid_us;
	if (w->grid_next_us > w->now_us + w->grid_us) /* it was wider */
		w->grid_next_us = w->now_us + w->grid_us;
	if (w->grid_next_us <= w->now_us) {
		w->grid_next_us = w->now_us; /* late: what came meanwhile has waited long enough */
		return epoll_wait(w->epoll, ready, MAX_READY, 0);
	}
	struct timespec at = {.tv_sec = (time_t)(w->grid_next_us / 1000000),
	                      .tv_nsec = (long)(w->grid_next_us % 1000000) * 1000};
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
	return epoll_wait(w->epoll, ready, MAX_READY, 0);
}

/** Between two ticks, when of `window_us` the thread worked `busy_us` for `packets`. */
static uint64_t choose_tick(uint64_t packets, uint64_t busy_us, uint64_t window_us)
{
	uint64_t us = packets / PACKETS_PER_TICK_US;
	/* Who just missed a tick waits for the next, and then until its work is done. */
	uint64_t bound = MAX_DELAY_US * window_us / (window_us + busy_us);
	if (us > MAX_TICK_US)
		us = MAX_TICK_US;
	if (us > bound)
		us = bound;
	return us < MIN_TICK_US ? MIN_TICK_US : us;
}

static void choose_manner(struct worker *w, uint64_t woken_us)
{
	uint64_t window_us = w->now_us - w->window_us;
	w->window_packets += w->turn.received;
	w->window_busy_us += w->now_us - woken_us;
	if (window_us < WINDOW_US)
		return;
	uint64_t packets = w->window_packets * WINDOW_US / window_us;
	w->ticking = packets > (w->ticking ? QUIET_PACKETS : BUSY_PACKETS);
	w->grid_us = choose_tick(packets, w->window_busy_us, window_us);
	w->window_us = w->now_us;
	w->window_packets = w->window_busy_us = 0;
}

static void add_metrics(struct worker *w)
{
	struct metrics *m = w->metrics;
	metric_add(m, METRIC_MEDIA_RX, w->turn.received);
	metric_add(m, METRIC_MEDIA_REFUSED, w->turn.refused);
	metric_add(m, METRIC_MEDIA_BAD, w->turn.malformed);
	metric_add(m, METRIC_MEDIA_TX, w->sockets.sent);
	metric_add(m, METRIC_MEDIA_TX_FAILED, w->sockets.send_failed);
	w->turn.received = w->turn.refused = w->turn.malformed = 0;
	w->sockets.sent = w->sockets.send_failed = 0;
}

static void work(struct worker *w, const struct epoll_event *ready, int n)
{
	uint64_t woken_us = w->now_us;
	mailbox_drain(w->mailbox);
	for (int i = 0; i < n; i++)
		if (ready[i].data.u64 < READY_MAILBOX)
			drain(w, (uint16_t)ready[i].data.u64);
	socket_pool_flush(&w->sockets);
	timer_wheel_run(&w->wheel, w->now_ms);
	ticker_run(&w->ticker, w->now_ms, w);
	socket_pool_flush(&w->sockets);
	read_clock(w);
	choose_manner(w, woken_us);
	fast_table_vouch(&w->fast, w->now_us);
	add_metrics(w);
}

static void turn(struct worker *w)
{
	struct epoll_event ready[MAX_READY];
	int n = w->ticking ? wait_tick(w, ready) : wait_quiet(w, ready);
	read_clock(w);
	work(w, ready, n);
}

void worker_step(struct worker *w, uint64_t now_us)
{
	struct epoll_event ready[MAX_READY];
	w->stepped = true;
	w->now_us = now_us;
	w->now_ms = now_us / 1000;
	work(w, ready, epoll_wait(w->epoll, ready, MAX_READY, 0));
}

static void *run(void *arg)
{
	struct worker *w = arg;
	(void)prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS); /* of 50 us, else */
	while (!atomic_load_explicit(&w->stop, memory_order_acquire))
		turn(w);
	return NULL;
}

static int watch(const struct worker *w, int fd, uint64_t what)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = what};
	return epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &ev) == 0 ? 0 : errno;
}

static void drop_command(struct mail *m)
{
	engine_drop_mail(m);
}

void worker_fini(struct worker *w)
{
	engine_fini(w);
	socket_pool_fini(&w->sockets);
	stream_table_fini(&w->streams);
	flow_table_fini(&w->flows);
	fast_table_fini(&w->fast);
	if (w->mailbox)
		mailbox_free(w->mailbox, drop_command);
	if (w->epoll >= 0)
		close(w->epoll);
	if (w->wake_fd >= 0)
		close(w->wake_fd);
}

static int open_descriptors(struct worker *w)
{
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->epoll < 0 || w->wake_fd < 0)
		return errno;
	int err = mailbox_new_bare(&w->mailbox, MAILBOX_SLOTS, on_command, w);
	if (!err)
		err = watch(w, mailbox_fd(w->mailbox), READY_MAILBOX);
	if (!err)
		err = watch(w, w->wake_fd, READY_WAKE);
	return err;
}

int worker_init(struct worker *w, const struct media_args *args, struct fast_path *fast,
                size_t index)
{
	*w = (struct worker){
	    .index = index,
	    .epoll = -1,
	    .wake_fd = -1,
	    .fast.route_fd = -1,
	    .log = args->log,
	    .metrics = &args->metrics[index],
	    .on_event = args->on_event,
	    .arg = args->arg,
	    .clips = args->clips,
	};
	rng_init(&w->rng);
	rng_bytes(&w->rng, &w->hash, sizeof w->hash);
	read_clock(w);
	read_wall(w);
	w->window_us = w->now_us;
	timer_wheel_init(&w->wheel, w->now_ms);
	ticker_init(&w->ticker, w->now_ms);
	room_table_init(&w->rooms);
	list_init(&w->taps);
	flow_table_init(&w->flows, (uint32_t)args->max_streams * FLOWS_PER_STREAM, &w->hash);
	stream_table_init(&w->streams, (uint32_t)args->max_streams);
	w->fast_after = args->accel_after ? args->accel_after : FAST_AFTER;
	w->fast_credit = FAST_MAX_CREDIT;
	int err = open_descriptors(w);
	if (!err)
		err = fast_table_init(&w->fast, fast, index);
	socket_pool_init(&w->sockets, &args->address, args->rcvbuf_bytes, w->epoll);
	if (err)
		worker_fini(w);
	return err;
}

int worker_start(struct worker *w)
{
	int err = pthread_create(&w->thread, NULL, run, w);
	if (err)
		return err;
	char name[16];
	snprintf(name, sizeof name, "media-%zu", w->index);
	(void)pthread_setname_np(w->thread, name);
	return 0;
}

void worker_stop(struct worker *w)
{
	atomic_store_explicit(&w->stop, true, memory_order_release);
	uint64_t one = 1;
	ssize_t n = write(w->wake_fd, &one, sizeof one);
	(void)n; /* the counter cannot be full, and stays readable */
	pthread_join(w->thread, NULL);
}
