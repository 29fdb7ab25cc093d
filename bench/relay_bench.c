// SPDX-License-Identifier: Apache-2.0
/*
 * What a relayed RTP packet costs the media thread, and how late it gets.
 *
 *     relay_bench [--wildcard] [--pairs N] [--seconds N] CALLS...
 *
 * N calls at 50 packets/s each way over loopback. The phones are a handful of sockets with a
 * source address for each phone (127.1.x.y), so that the far side stays cheap. Sender and receiver
 * share core 0, the media thread has core 1.
 *
 * cpu: CPU time of the media thread by its own clock, user and system. On loopback its
 *      sends also carry each packet up into the receiver's socket; the way of a packet into
 *      the media sockets is carried by the sender and not counted.
 * delay: from just before the sender's sendto to the kernel's time stamp at the receiver's
 *      socket, so that neither waiting of the receiver nor of the bench counts.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "media/media.h"
#include "rtp/rtp.h"

enum {
	FAR_SOCKETS = 8,
	FAR_PORT = 41000,
	FIRST_PORT = 42000,
	DEFAULT_PAIRS = 32,
	MAX_PAIRS = 4000,
	PACKET = 172,
	PACKETS_PER_SECOND = 50,
	SLOT_NS = 200000,
	BATCH = 64,
	BARRIER = 1 << 30,
};

struct bench {
	size_t n_phones;
	size_t pairs; /* of ports of the media thread */
	bool wildcard;
	unsigned seconds;
	int far[FAR_SOCKETS];
	struct media *media;
	struct metrics metrics;
	struct log log;
	atomic_uint answers;
	atomic_bool sent_all;
	uint64_t n_sent;
	uint32_t *delay_ns;
	size_t n_delays, max_delays;
	size_t n_wrong;
};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void pin(int core)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(core, &set);
	if (sched_setaffinity(0, sizeof set, &set) != 0)
		perror("pin");
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/** CPU clock of the thread called `name`. */
static clockid_t clock_of(const char *name)
{
	DIR *d = opendir("/proc/self/task");
	for (struct dirent *e; d && (e = readdir(d));) {
		char path[300], comm[32] = "";
		snprintf(path, sizeof path, "/proc/self/task/%s/comm", e->d_name);
		FILE *f = fopen(path, "r");
		if (!f)
			continue;
		bool found = fgets(comm, sizeof comm, f) && strncmp(comm, name, strlen(name)) == 0;
		fclose(f);
		if (found) {
			long tid = strtol(e->d_name, NULL, 10);
			closedir(d);
			/* The kernel's number for a thread's clock of scheduled time. */
			return (clockid_t)((~(unsigned)tid << 3) | 6);
		}
	}
	fprintf(stderr, "no thread %s\n", name);
	exit(1);
}

static struct sockaddr_in phone_ip(size_t i)
{
	return (struct sockaddr_in){
	    .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)(FAR_PORT + i % FAR_SOCKETS)),
	    .sin_addr.s_addr = htonl(0x7f010000u + (uint32_t)i + 1),
	};
}

static uint16_t port_of(const struct bench *b, size_t phone)
{
	return (uint16_t)(FIRST_PORT + 2 * (phone % b->pairs));
}

static void open_far(struct bench *b)
{
	for (size_t i = 0; i < FAR_SOCKETS; i++) {
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		int on = 1, size = 1 << 24;
		struct sockaddr_in at = {.sin_family = AF_INET,
		                         .sin_port = htons((uint16_t)(FAR_PORT + i))};
		setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
		if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
			setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
		if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0)
			die("bind");
		b->far[i] = fd;
	}
}

/** Packet number `seq` of phone `i`, with the time it is sent. */
static void send_one(const struct bench *b, size_t i, uint16_t seq)
{
	uint8_t p[PACKET] = {0};
	struct rtp_header h = {.seq = seq, .timestamp = 160u * seq, .ssrc = (uint32_t)i};
	rtp_put(p, &h);
	union {
		struct cmsghdr head;
		uint8_t room[CMSG_SPACE(sizeof(struct in_pktinfo))];
	} control = {.head = {CMSG_LEN(sizeof(struct in_pktinfo)), IPPROTO_IP, IP_PKTINFO}};
	struct in_pktinfo info = {.ipi_spec_dst = phone_ip(i).sin_addr};
	memcpy(CMSG_DATA(&control.head), &info, sizeof info);
	struct sockaddr_in to = {.sin_family = AF_INET,
	                         .sin_port = htons(port_of(b, i)),
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct iovec iov = {p, sizeof p};
	struct msghdr m = {.msg_name = &to,
	                   .msg_namelen = sizeof to,
	                   .msg_iov = &iov,
	                   .msg_iovlen = 1,
	                   .msg_control = &control,
	                   .msg_controllen = sizeof control};
	uint64_t at = now_ns(CLOCK_REALTIME);
	memcpy(p + RTP_HEADER_MIN, &at, sizeof at);
	if (sendmsg(b->far[i % FAR_SOCKETS], &m, 0) < 0)
		die("send");
}

static void sleep_until(uint64_t ns)
{
	struct timespec t = {.tv_sec = (time_t)(ns / 1000000000u),
	                     .tv_nsec = (long)(ns % 1000000000u)};
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/** Every phone each 20 ms, spread evenly; what fell behind is sent late, not left out. */
static void *send_all(void *arg)
{
	struct bench *b = arg;
	pin(0);
	uint64_t total = (uint64_t)b->n_phones * PACKETS_PER_SECOND * b->seconds;
	uint64_t gap_ns = 1000000000u / PACKETS_PER_SECOND / b->n_phones;
	uint64_t start = now_ns(CLOCK_MONOTONIC), sent = 0;
	while (sent < total) {
		uint64_t due = (now_ns(CLOCK_MONOTONIC) - start) / gap_ns;
		for (; sent < due && sent < total; sent++)
			send_one(b, sent % b->n_phones, (uint16_t)(sent / b->n_phones));
		uint64_t next = start + (sent + 1) * gap_ns;
		uint64_t slot = now_ns(CLOCK_MONOTONIC) + SLOT_NS;
		sleep_until(next > slot ? next : slot);
	}
	b->n_sent = sent;
	atomic_store(&b->sent_all, true);
	return NULL;
}

static void note(struct bench *b, struct msghdr *m, const uint8_t *p, size_t far)
{
	uint64_t sent_ns;
	struct timespec came = {0};
	struct rtp_header h;
	memcpy(&sent_ns, p + RTP_HEADER_MIN, sizeof sent_ns);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS)
			memcpy(&came, CMSG_DATA(c), sizeof came);
	/* It must be the other phone of the same call who spoke. */
	if (rtp_parse(&h, p, PACKET) != 0 || (h.ssrc ^ 1) % FAR_SOCKETS != far)
		b->n_wrong++;
	uint64_t came_ns = (uint64_t)came.tv_sec * 1000000000u + (uint64_t)came.tv_nsec;
	if (b->n_delays < b->max_delays)
		b->delay_ns[b->n_delays++] = came_ns > sent_ns ? (uint32_t)(came_ns - sent_ns) : 0;
}

static size_t receive_some(struct bench *b, size_t far)
{
	static uint8_t room[BATCH][256];
	static uint8_t control[BATCH][64] __attribute__((aligned(16)));
	struct mmsghdr m[BATCH];
	struct iovec iov[BATCH];
	for (size_t i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){room[i], sizeof room[i]};
		m[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i],
		                               .msg_iovlen = 1,
		                               .msg_control = control[i],
		                               .msg_controllen = sizeof control[i]};
	}
	int n = recvmmsg(b->far[far], m, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		if (m[i].msg_len == PACKET)
			note(b, &m[i].msg_hdr, room[i], far);
	return n > 0 ? (size_t)n : 0;
}

static void *receive_all(void *arg)
{
	struct bench *b = arg;
	pin(0);
	for (;;) {
		bool last = atomic_load(&b->sent_all);
		sleep_until(now_ns(CLOCK_MONOTONIC) + (last ? 200000000u : 4000000u));
		for (size_t i = 0; i < FAR_SOCKETS; i++)
			while (receive_some(b, i) == BATCH)
				;
		if (last)
			return NULL;
	}
}

static void on_event(uint16_t shard, struct media_event *ev, void *arg)
{
	(void)shard;
	struct bench *b = arg;
	if (ev->what == MEDIA_EV_PORT_FAILED) {
		fprintf(stderr, "port %u is taken\n", ev->port);
		exit(1);
	}
	if (ev->what == MEDIA_EV_STATS)
		atomic_fetch_add(&b->answers, 1);
	free(ev);
}

static struct media_cmd *command(enum media_cmd_kind kind, uint64_t id)
{
	struct media_cmd *cmd = calloc(1, sizeof *cmd);
	if (!cmd)
		abort();
	cmd->mail.kind = kind;
	cmd->id = id;
	return cmd;
}

static void post(struct bench *b, struct media_cmd *cmd)
{
	if (media_post(b->media, 0, cmd) != 0) {
		fprintf(stderr, "mailbox full\n");
		exit(1);
	}
}

static void set_phone(struct bench *b, size_t i)
{
	struct media_cmd *cmd = command(MEDIA_CMD_SET, i + 1);
	struct sockaddr_in remote = phone_ip(i);
	cmd->set = (struct media_set){.port = port_of(b, i),
	                              .local = {.family = ADDR_V4, .ip = {127, 0, 0, 1}},
	                              .source = MEDIA_SOURCE_EXACT,
	                              .sink = MEDIA_SINK_PEER,
	                              .peer = (i ^ 1) + 1,
	                              .hear = true,
	                              .expect = true,
	                              .silence_ms = 10000,
	                              .clock_hz = 8000,
	                              .dtmf_pt = 101};
	addr_from_sockaddr(&cmd->set.remote, (struct sockaddr *)&remote);
	post(b, cmd);
}

static void set_calls(struct bench *b)
{
	for (size_t i = 0; i < b->pairs; i++) {
		struct media_cmd *cmd = command(MEDIA_CMD_OPEN_PORT, 0);
		cmd->port = (uint16_t)(FIRST_PORT + 2 * i);
		post(b, cmd);
	}
	for (size_t i = 0; i < b->n_phones; i++)
		set_phone(b, i);
	post(b, command(MEDIA_CMD_STATS, BARRIER));
	while (atomic_load(&b->answers) == 0)
		sched_yield();
}

static void start_media(struct bench *b)
{
	struct media_args args = {
	    .threads = 1,
	    .address = {.family = ADDR_V4, .ip = {127, 0, 0, 1}},
	    .max_streams = b->n_phones,
	    .rcvbuf_bytes = 1 << 24,
	    .log = &b->log,
	    .metrics = &b->metrics,
	    .on_event = on_event,
	    .arg = b,
	};
	if (b->wildcard)
		args.address = (struct addr){.family = ADDR_V4};
	pin(1); /* inherited */
	int err = media_new(&b->media, &args);
	pin(0);
	if (err) {
		fprintf(stderr, "media: %s\n", err_text(err));
		exit(1);
	}
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static double delay_us(const struct bench *b, double share)
{
	if (b->n_delays == 0)
		return 0;
	return b->delay_ns[(size_t)((double)(b->n_delays - 1) * share)] / 1000.0;
}

static void print_result(struct bench *b, uint64_t cpu_ns, uint64_t wall_ns)
{
	uint64_t relayed = metric_get(&b->metrics, METRIC_MEDIA_TX);
	qsort(b->delay_ns, b->n_delays, sizeof *b->delay_ns, by_value);
	printf("%5zu calls  %7.0f packets/s  cpu %5.0f ns/packet  %5.1f %% of a core  "
	       "delay p50 %4.0f p99 %4.0f p99.9 %4.0f us  lost %llu of %llu  wrong %zu\n",
	       b->n_phones / 2, (double)relayed * 1e9 / (double)wall_ns,
	       relayed ? (double)cpu_ns / (double)relayed : 0,
	       100.0 * (double)cpu_ns / (double)wall_ns, delay_us(b, 0.5), delay_us(b, 0.99),
	       delay_us(b, 0.999), (unsigned long long)(b->n_sent - b->n_delays),
	       (unsigned long long)b->n_sent, b->n_wrong);
	fflush(stdout);
}

static void run(size_t calls, const struct bench *options)
{
	struct bench *b = calloc(1, sizeof *b);
	if (!b)
		abort();
	*b = *options;
	b->n_phones = 2 * calls;
	b->max_delays = b->n_phones * PACKETS_PER_SECOND * b->seconds;
	b->delay_ns = calloc(b->max_delays, sizeof *b->delay_ns);
	if (!b->delay_ns)
		abort();
	log_init_fd(&b->log, LOG_WARN, 2);
	open_far(b);
	start_media(b);
	set_calls(b);
	clockid_t clock = clock_of("media-0");
	uint64_t cpu = now_ns(clock), wall = now_ns(CLOCK_MONOTONIC);
	pthread_t tx, rx;
	if (pthread_create(&rx, NULL, receive_all, b) != 0 ||
	    pthread_create(&tx, NULL, send_all, b) != 0)
		die("thread");
	pthread_join(tx, NULL);
	wall = now_ns(CLOCK_MONOTONIC) - wall;
	pthread_join(rx, NULL);
	cpu = now_ns(clock) - cpu;
	media_free(b->media);
	print_result(b, cpu, wall);
	for (size_t i = 0; i < FAR_SOCKETS; i++)
		close(b->far[i]);
	free(b->delay_ns);
	free(b);
}

int main(int argc, char **argv)
{
	struct bench options = {.pairs = DEFAULT_PAIRS, .seconds = 6};
	for (int i = 1; i < argc; i++) {
		bool has_value = i + 1 < argc;
		if (strcmp(argv[i], "--wildcard") == 0)
			options.wildcard = true;
		else if (strcmp(argv[i], "--seconds") == 0 && has_value)
			options.seconds = (unsigned)strtoul(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--pairs") == 0 && has_value)
			options.pairs = strtoul(argv[++i], NULL, 10);
		else if (options.seconds && options.pairs && options.pairs <= MAX_PAIRS &&
		         strtoul(argv[i], NULL, 10))
			run(strtoul(argv[i], NULL, 10), &options);
		else
			return fprintf(stderr, "relay_bench: not understood: %s\n", argv[i]), 2;
	}
	return 0;
}
