// SPDX-License-Identifier: Apache-2.0
#include "ev/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	BATCH = 64,
	ROUNDS = 4, /* batches read from one socket in one turn, to be fair to the others */
	MAX_DATAGRAM = 65535,
	TX_BYTES = 2 * 65536,
	/* So that the buffers' first bytes do not all fall into the same sets of the cache. */
	STAGGER = 64,
};

/* Room for one packet information of either family, and a time. */
union control {
	struct cmsghdr align;
	char v4[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(struct timespec))];
	char v6[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct timespec))];
};

struct batch {
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_storage peer[BATCH];
	union control control[BATCH];
	char *bytes;
};

struct udp {
	struct loop *loop;
	struct ev_io io;
	struct ev_hook hook;
	struct addr local;
	bool v6;       /* the socket's own family; IPv4 is IPv4-mapped on it then */
	bool wildcard; /* the kernel tells and is told the local address of each datagram */
	bool tells_age;
	uint64_t read_ms; /* wall clock, when the batch was read */
	uint64_t age_ms;  /* of the datagram that is being delivered */
	udp_recv_fn *fn;
	void *arg;
	size_t max_datagram;
	unsigned queued; /* in tx */
	size_t tx_used;  /* bytes of tx.bytes */
	uint64_t drops;
	struct batch rx, tx;
};

static struct addr address_of(const struct udp *u, int family, const void *ip)
{
	struct sockaddr_storage ss = {.ss_family = (sa_family_t)family};
	struct addr a;

	if (family == AF_INET)
		memcpy(&((struct sockaddr_in *)&ss)->sin_addr, ip, sizeof(struct in_addr));
	else
		memcpy(&((struct sockaddr_in6 *)&ss)->sin6_addr, ip, sizeof(struct in6_addr));
	addr_from_sockaddr(&a, (struct sockaddr *)&ss);
	a.port = u->local.port;
	return a;
}

/* On IPv6 sockets an IPv4 datagram's information comes in the IPv6 form (RFC 3542 section 6.2). */
static struct addr local_of(const struct udp *u, struct msghdr *h)
{
	if (!u->wildcard)
		return u->local;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			const struct in_pktinfo *info = (const void *)CMSG_DATA(c);

			return address_of(u, AF_INET, &info->ipi_addr);
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			const struct in6_pktinfo *info = (const void *)CMSG_DATA(c);

			return address_of(u, AF_INET6, &info->ipi6_addr);
		}
	}
	return u->local;
}

/* The kernel's clock for this is the wall's; when that is set, datagrams on their way look odd. */
static uint64_t age_of(const struct udp *u, struct msghdr *h)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec at;
			uint64_t at_ms;

			memcpy(&at, CMSG_DATA(c), sizeof at);
			at_ms = (uint64_t)at.tv_sec * 1000 + (uint64_t)at.tv_nsec / 1000000;
			return at_ms < u->read_ms ? u->read_ms - at_ms : 0;
		}
	}
	return 0;
}

static void deliver(struct udp *u, struct mmsghdr *m)
{
	struct str data = {m->msg_hdr.msg_iov->iov_base, m->msg_len};
	struct addr remote, local;

	if (m->msg_hdr.msg_flags & MSG_TRUNC)
		return;
	addr_from_sockaddr(&remote, m->msg_hdr.msg_name);
	local = local_of(u, &m->msg_hdr);
	u->age_ms = u->tells_age ? age_of(u, &m->msg_hdr) : 0;
	u->fn(data, &remote, &local, u->arg);
}

/* The kernel writes lengths and flags where it reads what there is room for. */
static void rearm(struct udp *u, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct msghdr *h = &u->rx.msg[i].msg_hdr;

		h->msg_namelen = sizeof u->rx.peer[i];
		h->msg_controllen = u->wildcard || u->tells_age ? sizeof u->rx.control[i] : 0;
		h->msg_flags = 0;
	}
}

static void on_readable(struct ev_io *io, unsigned events, void *arg)
{
	struct udp *u = arg;

	(void)events;
	for (unsigned round = 0; round < ROUNDS; round++) {
		int n = recvmmsg(io->fd, u->rx.msg, BATCH, MSG_DONTWAIT, NULL);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			continue; /* an error of an earlier datagram, cleared by being told */
		if (u->tells_age)
			u->read_ms = clock_wall_ms();
		for (int i = 0; i < n; i++)
			deliver(u, &u->rx.msg[i]);
		rearm(u, (unsigned)n);
		if (n < BATCH)
			return;
	}
	loop_more(u->loop);
}

void udp_flush(struct udp *u)
{
	unsigned sent = 0;

	while (sent < u->queued) {
		int n = sendmmsg(u->io.fd, u->tx.msg + sent, u->queued - sent, MSG_DONTWAIT);

		if (n > 0) {
			sent += (unsigned)n;
		} else if (n < 0 && errno == EAGAIN) {
			u->drops += u->queued - sent;
			break;
		} else if (errno != EINTR) {
			/* This datagram alone cannot be sent: too long, no route, filtered. */
			u->drops++;
			sent++;
		}
	}
	u->queued = 0;
	u->tx_used = 0;
}

static void flush_at_end(void *arg)
{
	struct udp *u = arg;

	if (u->queued)
		udp_flush(u);
}

static size_t put_source_v4(union control *c, const struct addr *from)
{
	struct in_pktinfo info = {0};

	memcpy(&info.ipi_spec_dst, from->ip, sizeof info.ipi_spec_dst);
	c->align = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(sizeof info),
		.cmsg_level = IPPROTO_IP,
		.cmsg_type = IP_PKTINFO,
	};
	memcpy(CMSG_DATA(&c->align), &info, sizeof info);
	return CMSG_SPACE(sizeof info);
}

static size_t put_source_v6(union control *c, const struct addr *from)
{
	struct in6_pktinfo info = {0};
	struct sockaddr_storage ss;

	addr_to_sockaddr6(from, &ss);
	info.ipi6_addr = ((const struct sockaddr_in6 *)&ss)->sin6_addr;
	c->align = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(sizeof info),
		.cmsg_level = IPPROTO_IPV6,
		.cmsg_type = IPV6_PKTINFO,
	};
	memcpy(CMSG_DATA(&c->align), &info, sizeof info);
	return CMSG_SPACE(sizeof info);
}

/* Nothing is sent from a group's address, so a request to one is answered from the kernel's choice. */
static bool names_source(const struct udp *u, const struct addr *to, const struct addr *from)
{
	return u->wildcard && from && from->family == to->family && !addr_is_any(from) &&
	       !addr_is_multicast(from);
}

static bool can_send(const struct udp *u, const struct addr *to, struct str data)
{
	return data.n <= MAX_DATAGRAM && (to->family == ADDR_V4 || (to->family == ADDR_V6 && u->v6));
}

void udp_send(struct udp *u, const struct addr *to, const struct addr *from, struct str data)
{
	struct batch *tx = &u->tx;
	struct msghdr *h;
	unsigned i;

	if (!can_send(u, to, data)) {
		u->drops++;
		return;
	}
	if (u->queued == BATCH || data.n > TX_BYTES - u->tx_used)
		udp_flush(u);
	i = u->queued++;
	h = &tx->msg[i].msg_hdr;
	tx->iov[i] = (struct iovec){tx->bytes + u->tx_used, data.n};
	if (data.n)
		memcpy(tx->iov[i].iov_base, data.p, data.n);
	u->tx_used += data.n;
	h->msg_namelen = u->v6 ? addr_to_sockaddr6(to, &tx->peer[i])
	                       : addr_to_sockaddr(to, &tx->peer[i]);
	h->msg_control = NULL;
	h->msg_controllen = 0;
	if (names_source(u, to, from)) {
		h->msg_control = &tx->control[i];
		h->msg_controllen = u->v6 ? put_source_v6(&tx->control[i], from)
		                          : put_source_v4(&tx->control[i], from);
	}
}

static int set_flag(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value) < 0 ? errno : 0;
}

static void set_rcvbuf(int fd, size_t bytes)
{
	int value = bytes > INT32_MAX / 2 ? INT32_MAX / 2 : (int)bytes;

	/* The first goes above the system's limit, if we may; the second stops at it. */
	if (set_flag(fd, SOL_SOCKET, SO_RCVBUFFORCE, value))
		(void)set_flag(fd, SOL_SOCKET, SO_RCVBUF, value);
}

static int set_options(const struct udp *u, const struct udp_opts *opts)
{
	int fd = u->io.fd, err = 0;

	if (opts->reuseport)
		err = set_flag(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (!err && u->v6)
		err = set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY, opts->v6only);
	if (!err && u->wildcard)
		err = u->v6 ? set_flag(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
		            : set_flag(fd, IPPROTO_IP, IP_PKTINFO, 1);
	if (!err && u->tells_age)
		err = set_flag(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
	if (!err && opts->rcvbuf_bytes)
		set_rcvbuf(fd, opts->rcvbuf_bytes);
	return err;
}

static int bind_to(struct udp *u, const struct addr *at)
{
	struct sockaddr_storage ss;
	socklen_t n = addr_to_sockaddr(at, &ss);

	if (bind(u->io.fd, (struct sockaddr *)&ss, n) < 0)
		return errno;
	n = sizeof ss;
	if (getsockname(u->io.fd, (struct sockaddr *)&ss, &n) < 0)
		return errno;
	addr_from_sockaddr(&u->local, (struct sockaddr *)&ss);
	return 0;
}

static int open_socket(struct udp *u, const struct addr *at, const struct udp_opts *opts)
{
	int err;

	u->io.fd = socket(u->v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (u->io.fd < 0)
		return errno;
	err = set_options(u, opts);
	if (!err)
		err = bind_to(u, at);
	if (!err)
		err = loop_io_add(u->loop, &u->io);
	if (err)
		close(u->io.fd);
	return err;
}

static void link_batch(struct batch *b, size_t stride, size_t room)
{
	for (unsigned i = 0; i < BATCH; i++) {
		b->iov[i] = (struct iovec){b->bytes + i * stride, room};
		b->msg[i].msg_hdr = (struct msghdr){
			.msg_name = &b->peer[i],
			.msg_iov = &b->iov[i],
			.msg_iovlen = 1,
			.msg_control = &b->control[i],
		};
	}
}

/* Pages of the large buffers are taken by the system only where a datagram has been. */
static int alloc_batches(struct udp *u)
{
	size_t stride = (u->max_datagram + STAGGER - 1) / STAGGER * STAGGER + STAGGER;

	u->rx.bytes = malloc(BATCH * stride);
	u->tx.bytes = malloc(TX_BYTES);
	if (!u->rx.bytes || !u->tx.bytes)
		return ENOMEM;
	link_batch(&u->rx, stride, u->max_datagram);
	link_batch(&u->tx, 0, 0); /* udp_send places them */
	rearm(u, BATCH);
	return 0;
}

static void free_udp(struct udp *u)
{
	free(u->rx.bytes);
	free(u->tx.bytes);
	free(u);
}

static struct udp *new_udp(struct loop *loop, const struct addr *at, const struct udp_opts *opts)
{
	struct udp *u = calloc(1, sizeof *u);

	if (!u)
		return NULL;
	u->loop = loop;
	u->v6 = at->family == ADDR_V6;
	u->wildcard = addr_is_any(at);
	u->tells_age = opts->tell_age;
	u->max_datagram = opts->max_datagram && opts->max_datagram < MAX_DATAGRAM
	                          ? opts->max_datagram
	                          : MAX_DATAGRAM;
	u->io = (struct ev_io){.events = EV_READ, .fn = on_readable, .arg = u};
	u->hook = (struct ev_hook){.fn = flush_at_end, .arg = u, .flush = true};
	return u;
}

int udp_open(struct udp **out, struct loop *loop, const struct addr *at,
             const struct udp_opts *opts, udp_recv_fn *fn, void *arg)
{
	struct udp *u = new_udp(loop, at, opts);
	int err;

	if (!u)
		return ENOMEM;
	u->fn = fn;
	u->arg = arg;
	err = alloc_batches(u);
	if (!err)
		err = open_socket(u, at, opts);
	if (err) {
		free_udp(u);
		return err;
	}
	loop_hook_add(loop, &u->hook);
	*out = u;
	return 0;
}

void udp_close(struct udp *u)
{
	if (!u)
		return;
	udp_flush(u);
	loop_hook_del(u->loop, &u->hook);
	loop_io_del(u->loop, &u->io);
	close(u->io.fd);
	free_udp(u);
}

const struct addr *udp_local(const struct udp *u)
{
	return &u->local;
}

uint64_t udp_send_drops(const struct udp *u)
{
	return u->drops;
}

uint64_t udp_age_ms(const struct udp *u)
{
	return u->age_ms;
}
