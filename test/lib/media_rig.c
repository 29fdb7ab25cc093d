// SPDX-License-Identifier: Apache-2.0
#include "media_rig.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "media/fast.h"
#include "rtp/rtp.h"

enum { BARRIER_ID = 1000000 };

bool rig_accel;

static bool bring_loopback_up(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &lo) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

bool rig_try_accel(void)
{
	if (unshare(CLONE_NEWNET) != 0 || !bring_loopback_up())
		return false;
	struct fast_path *path;
	struct fast_path_args args = {
	    .threads = 1, .flows_per_thread = 1, .address = {.family = ADDR_V4, .ip = {127, 0, 0, 1}}};
	rig_accel = fast_path_new(&path, &args) == 0;
	if (rig_accel)
		fast_path_free(path);
	return rig_accel;
}

static void on_event(uint16_t shard, struct media_event *ev, void *arg)
{
	struct rig *r = arg;
	pthread_mutex_lock(&r->lock);
	if (r->n_events == RIG_EVENTS) {
		free(ev);
	} else {
		r->shards[r->n_events] = shard;
		r->events[r->n_events++] = ev;
	}
	pthread_cond_broadcast(&r->came);
	pthread_mutex_unlock(&r->lock);
}

void rig_start(struct rig *r, const char *address, size_t max_streams)
{
	*r = (struct rig){0};
	log_init_null(&r->log);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->came, NULL);
	struct media_args args = {
	    .threads = 1,
	    .address = rig_addr(address, 0),
	    .max_streams = max_streams,
	    .rcvbuf_bytes = 1 << 20,
	    .accel = rig_accel,
	    .accel_after = 1,
	    .log = &r->log,
	    .metrics = &r->metrics,
	    .on_event = on_event,
	    .arg = r,
	};
	assert_int_equal(media_new(&r->media, &args), 0);
	assert_int_equal(media_threads(r->media), 1);
}

void rig_stop(struct rig *r)
{
	media_free(r->media);
	for (size_t i = 0; i < r->n_events; i++)
		free(r->events[i]);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->came);
}

void rig_post(struct rig *r, enum media_cmd_kind kind, uint64_t id, uint16_t port)
{
	struct media_cmd *cmd = calloc(1, sizeof *cmd);
	cmd->mail.kind = kind;
	cmd->id = id;
	cmd->shard = 7;
	cmd->port = port;
	assert_int_equal(media_post(r->media, 0, cmd), 0);
}

void rig_set(struct rig *r, uint64_t id, const struct media_set *set)
{
	struct media_cmd *cmd = calloc(1, sizeof *cmd);
	cmd->mail.kind = MEDIA_CMD_SET;
	cmd->id = id;
	cmd->shard = 7;
	cmd->set = *set;
	assert_int_equal(media_post(r->media, 0, cmd), 0);
}

/** Index of the first such event, or -1; the lock is held. */
static ptrdiff_t find(const struct rig *r, enum media_ev_kind what, uint64_t id)
{
	for (size_t i = 0; i < r->n_events; i++)
		if (r->events[i]->what == what && r->events[i]->id == id)
			return (ptrdiff_t)i;
	return -1;
}

/** The shard of what is taken is left behind the last event. */
static struct media_event take(struct rig *r, size_t i)
{
	struct media_event ev = *r->events[i];
	uint16_t shard = r->shards[i];
	free(r->events[i]);
	r->n_events--;
	for (; i < r->n_events; i++) {
		r->events[i] = r->events[i + 1];
		r->shards[i] = r->shards[i + 1];
	}
	r->shards[r->n_events] = shard;
	return ev;
}

uint16_t rig_shard(const struct rig *r)
{
	return r->shards[r->n_events];
}

struct media_event rig_expect(struct rig *r, enum media_ev_kind what, uint64_t id)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += RIG_WAIT_MS / 1000;
	struct media_event ev = {0};
	ptrdiff_t i;
	pthread_mutex_lock(&r->lock);
	while ((i = find(r, what, id)) < 0)
		if (pthread_cond_timedwait(&r->came, &r->lock, &until) == ETIMEDOUT)
			break;
	if (i >= 0)
		ev = take(r, (size_t)i);
	pthread_mutex_unlock(&r->lock);
	if (i < 0)
		fail_msg("event %d of stream %llu did not come", (int)what, (unsigned long long)id);
	return ev;
}

size_t rig_count(struct rig *r, enum media_ev_kind what, uint64_t id)
{
	size_t n = 0;
	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->n_events; i++)
		n += r->events[i]->what == what && r->events[i]->id == id;
	pthread_mutex_unlock(&r->lock);
	return n;
}

void rig_sync(struct rig *r)
{
	(void)rig_stats(r, BARRIER_ID);
}

struct media_stats rig_stats(struct rig *r, uint64_t id)
{
	rig_post(r, MEDIA_CMD_STATS, id, 0);
	return rig_expect(r, MEDIA_EV_STATS, id).stats;
}

/** Stats of `id` once the 64-bit count at `offset` is `want`. */
static struct media_stats stats_when(struct rig *r, uint64_t id, size_t offset, uint64_t want)
{
	struct media_stats st;
	uint64_t have = 0;
	for (int i = 0; i < RIG_WAIT_MS; i++) {
		st = rig_stats(r, id);
		memcpy(&have, (const char *)&st + offset, sizeof have);
		if (have == want)
			return st;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	fail_msg("count at %zu is %llu, not %llu", offset, (unsigned long long)have,
	         (unsigned long long)want);
	return st;
}

struct media_stats rig_stats_when_rx(struct rig *r, uint64_t id, uint64_t rx_packets)
{
	return stats_when(r, id, offsetof(struct media_stats, rx_packets), rx_packets);
}

struct media_stats rig_stats_when_refused(struct rig *r, uint64_t id, uint64_t refused)
{
	return stats_when(r, id, offsetof(struct media_stats, rx_refused), refused);
}

struct media_stats rig_stats_when_malformed(struct rig *r, uint64_t id, uint64_t malformed)
{
	return stats_when(r, id, offsetof(struct media_stats, rx_malformed), malformed);
}

struct media_stats rig_stats_when_rtcp(struct rig *r, uint64_t id, uint32_t rtcp_rx)
{
	struct media_stats st = rig_stats(r, id);
	for (int i = 0; i < RIG_WAIT_MS && st.rtcp_rx != rtcp_rx; i++) {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		st = rig_stats(r, id);
	}
	assert_int_equal(st.rtcp_rx, rtcp_rx);
	return st;
}

static int bound(const char *ip, uint16_t port)
{
	struct addr a = rig_addr(ip, port);
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&a, &ss);
	int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&ss, len) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

bool rig_has_v6(void)
{
	int fd = bound("::1", 0);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static struct addr local_of(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
	struct addr a;
	addr_from_sockaddr(&a, (struct sockaddr *)&ss);
	return a;
}

uint16_t rig_free_port(void)
{
	for (int i = 0; i < 1000; i++) {
		int rtp = bound("0.0.0.0", 0);
		assert_true(rtp >= 0);
		uint16_t port = local_of(rtp).port;
		int rtcp =
		    port % 2 == 0 && port < 65535 ? bound("0.0.0.0", (uint16_t)(port + 1)) : -1;
		close(rtp);
		if (rtcp < 0)
			continue;
		close(rtcp);
		return port;
	}
	fail_msg("no free port");
	return 0;
}

uint16_t rig_open_port(struct rig *r)
{
	for (int i = 0; i < 100; i++) {
		uint16_t port = rig_free_port();
		rig_post(r, MEDIA_CMD_OPEN_PORT, 0, port);
		rig_sync(r);
		if (rig_count(r, MEDIA_EV_PORT_FAILED, 0) == 0)
			return port;
		(void)rig_expect(r, MEDIA_EV_PORT_FAILED, 0); /* somebody was faster */
	}
	fail_msg("no port could be opened");
	return 0;
}

struct media_set rig_set_of(uint16_t port, const char *local, struct addr remote)
{
	return (struct media_set){
	    .port = port,
	    .local = rig_addr(local, 0),
	    .source = MEDIA_SOURCE_EXACT,
	    .remote = remote,
	    .hear = true,
	    .clock_hz = 8000,
	    .dtmf_pt = 101,
	};
}

struct addr rig_addr(const char *ip, uint16_t port)
{
	struct addr a;
	assert_int_equal(addr_parse_ip(&a, str_z(ip)), 0);
	a.port = port;
	return a;
}

struct phone phone_at(const char *ip)
{
	int fd = bound(ip, 0);
	assert_true(fd >= 0);
	return (struct phone){.fd = fd, .at = local_of(fd)};
}

void phone_close(struct phone *p)
{
	close(p->fd);
}

void phone_send(const struct phone *p, const char *ip, uint16_t port, const void *data, size_t n)
{
	struct addr to = rig_addr(ip, port);
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&to, &ss);
	assert_int_equal(sendto(p->fd, data, n, 0, (struct sockaddr *)&ss, len), n);
}

size_t phone_recv(const struct phone *p, uint8_t out[RIG_PACKET], struct addr *from)
{
	struct pollfd fd = {.fd = p->fd, .events = POLLIN};
	if (poll(&fd, 1, RIG_WAIT_MS) != 1)
		fail_msg("no packet came to %d", p->at.port);
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	ssize_t n = recvfrom(p->fd, out, RIG_PACKET, 0, (struct sockaddr *)&ss, &len);
	assert_true(n > 0);
	if (from)
		addr_from_sockaddr(from, (struct sockaddr *)&ss);
	return (size_t)n;
}

bool phone_is_quiet(const struct phone *p)
{
	uint8_t byte;
	return recv(p->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}

void rig_rtp(uint8_t out[RIG_RTP], uint8_t pt, uint16_t seq, uint32_t ssrc, uint8_t fill)
{
	struct rtp_header h = {.pt = pt, .seq = seq, .timestamp = 160u * seq, .ssrc = ssrc};
	rtp_put(out, &h);
	memset(out + RTP_HEADER_MIN, fill, RIG_RTP - RTP_HEADER_MIN);
}

void phone_rtp(const struct phone *p, const char *ip, uint16_t port, uint16_t seq, uint32_t ssrc)
{
	uint8_t out[RIG_RTP];
	rig_rtp(out, 0, seq, ssrc, (uint8_t)seq);
	phone_send(p, ip, port, out, sizeof out);
}
