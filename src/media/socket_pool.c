// SPDX-License-Identifier: Apache-2.0
#include "media/socket_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
	SNDBUF_BYTES = 1 << 20,
	MAX_SOCKS = SOCKET_NONE,
};

void socket_pool_init(struct socket_pool *p, const struct addr *address, size_t rcvbuf_bytes,
                      int epoll)
{
	*p = (struct socket_pool){
	    .address = *address,
	    .wildcard = addr_is_any(address),
	    .rcvbuf_bytes = rcvbuf_bytes,
	    .epoll = epoll,
	};
	p->buffers = aligned_alloc(64, (size_t)SOCKET_PACKETS * SOCKET_BUFFER);
	if (!p->buffers)
		abort();
}

void socket_pool_fini(struct socket_pool *p)
{
	for (size_t i = 0; i < p->n_socks; i++)
		close(p->socks[i].fd);
	free(p->socks);
	free(p->pairs);
	free(p->dirty);
	free(p->buffers);
}

static void enlarge_buffers(int fd, size_t rcvbuf_bytes)
{
	int want = (int)rcvbuf_bytes, snd = SNDBUF_BYTES;
	/* One socket takes everybody's burst while the thread is kept from running. Beyond
	 * net.core.rmem_max only with CAP_NET_ADMIN; else the kernel cuts to what it allows. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &want, sizeof want) != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &want, sizeof want);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &snd, sizeof snd);
}

static int mark_as_voice(int fd, uint8_t family)
{
	int tos = SOCKET_TOS;
	if (family == ADDR_V4) {
		/* RTP is never worth fragmenting; with DF the kernel need not draw an ident for
		 * each packet (7 % of the cost), and forged ICMP cannot shrink the path. */
		int probe = IP_PMTUDISC_PROBE;
		(void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof probe);
		return setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof tos) ? errno : 0;
	}
	return setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof tos) ? errno : 0;
}

static int bind_one(const struct socket_pool *p, uint8_t family, uint16_t port, int *out)
{
	struct addr at = p->wildcard ? (struct addr){.family = family} : p->address;
	at.port = port;
	struct sockaddr_storage ss;
	socklen_t len = addr_to_sockaddr(&at, &ss);
	int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	int err = 0, on = 1;
	if (family == ADDR_V6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0)
		err = errno;
	if (!err)
		err = mark_as_voice(fd, family);
	enlarge_buffers(fd, p->rcvbuf_bytes);
	if (!err && bind(fd, (struct sockaddr *)&ss, len) != 0)
		err = errno;
	if (err)
		close(fd);
	else
		*out = fd;
	return err;
}

static void *grow(void *old, size_t n, size_t size)
{
	void *p = realloc(old, n * size);
	if (!p)
		abort();
	return p;
}

static void make_room(struct socket_pool *p)
{
	if (p->n_socks + 4 > p->max_socks) {
		size_t n = p->max_socks ? 2 * (size_t)p->max_socks : 64;
		p->max_socks = n < MAX_SOCKS ? (uint16_t)n : MAX_SOCKS;
		p->socks = grow(p->socks, p->max_socks, sizeof *p->socks);
		p->dirty = grow(p->dirty, p->max_socks, sizeof *p->dirty);
	}
	if (p->n_pairs == p->max_pairs) {
		p->max_pairs = (uint16_t)(p->max_pairs ? 2 * p->max_pairs : 16);
		p->pairs = grow(p->pairs, p->max_pairs, sizeof *p->pairs);
	}
}

static int watch(struct socket_pool *p, int fd, uint8_t family, uint16_t port, uint16_t *index)
{
	uint16_t i = p->n_socks;
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = i};
	if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &ev) != 0)
		return errno;
	p->socks[i] =
	    (struct sock){.fd = fd, .port = port, .family = family, .rtcp = port % 2 != 0};
	p->n_socks++;
	*index = i;
	return 0;
}

/** RTP and RTCP of one family; both or none. */
static int open_family(struct socket_pool *p, uint8_t family, uint16_t port, uint16_t out[2])
{
	int fd[2] = {-1, -1};
	uint16_t n_before = p->n_socks;
	int err = bind_one(p, family, port, &fd[0]);
	if (!err)
		err = bind_one(p, family, (uint16_t)(port + 1), &fd[1]);
	for (size_t i = 0; i < 2 && !err; i++)
		err = watch(p, fd[i], family, (uint16_t)(port + i), &out[i]);
	if (!err)
		return 0;
	for (size_t i = 0; i < 2; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	p->n_socks = n_before;
	out[0] = out[1] = SOCKET_NONE;
	return err;
}

/** Does this error say that the system has no such family (rather than: the port is taken)? */
static bool lacks_family(int err)
{
	return err == EAFNOSUPPORT || err == EADDRNOTAVAIL;
}

static void close_last(struct socket_pool *p, uint16_t n)
{
	while (p->n_socks > n)
		close(p->socks[--p->n_socks].fd);
}

static int open_pair(struct socket_pool *p, struct sock_pair *pair, uint16_t port)
{
	uint16_t n_before = p->n_socks;
	if (!p->wildcard)
		return open_family(p, p->address.family, port,
		                   p->address.family == ADDR_V4 ? pair->v4 : pair->v6);
	int err4 = open_family(p, ADDR_V4, port, pair->v4);
	if (err4 && !lacks_family(err4))
		return err4;
	int err6 = open_family(p, ADDR_V6, port, pair->v6);
	if (err6 && (err4 || !lacks_family(err6))) {
		close_last(p, n_before);
		return err6;
	}
	return 0;
}

int socket_pool_open(struct socket_pool *p, uint16_t port)
{
	if (port == 0 || port % 2 != 0)
		return EINVAL;
	if (p->pair_of[port / 2])
		return 0;
	if (p->n_socks > MAX_SOCKS - 8)
		return EMFILE;
	make_room(p);
	struct sock_pair pair = {.v4 = {SOCKET_NONE, SOCKET_NONE},
	                         .v6 = {SOCKET_NONE, SOCKET_NONE}};
	int err = open_pair(p, &pair, port);
	if (err)
		return err;
	p->pairs[p->n_pairs++] = pair;
	p->pair_of[port / 2] = p->n_pairs;
	return 0;
}

struct sock_pair *socket_pool_pair(struct socket_pool *p, uint16_t port)
{
	uint16_t i = p->pair_of[port / 2];
	return i ? &p->pairs[i - 1] : NULL;
}

uint16_t socket_pool_out(const struct socket_pool *p, uint16_t port, uint8_t family, bool rtcp)
{
	uint16_t i = p->pair_of[port / 2];
	if (!i)
		return SOCKET_NONE;
	const struct sock_pair *pair = &p->pairs[i - 1];
	return family == ADDR_V4 ? pair->v4[rtcp] : pair->v6[rtcp];
}

/** Preparing a message header costs a little each: no more than are likely to be filled. */
static size_t receive_room(size_t last)
{
	size_t room = last + last / 2 + 4;
	return room < SOCKET_BATCH ? room : SOCKET_BATCH;
}

size_t socket_pool_recv(struct socket_pool *p, uint16_t sock, struct packet out[SOCKET_BATCH],
                        bool *more)
{
	/* Each datagram received may ask for one more buffer: a control packet written anew. */
	if (p->n_buffers + 2 * SOCKET_BATCH > SOCKET_PACKETS)
		socket_pool_flush(p);
	struct sock_scratch *s = &p->scratch;
	uint8_t *base = p->buffers + p->n_buffers * SOCKET_BUFFER;
	size_t room = receive_room(p->socks[sock].last_rx);
	for (size_t i = 0; i < room; i++) {
		s->iov[i] = (struct iovec){base + i * SOCKET_BUFFER, SOCKET_BUFFER};
		s->msg[i].msg_hdr = (struct msghdr){.msg_name = &s->name[i],
		                                    .msg_namelen = sizeof s->name[i],
		                                    .msg_iov = &s->iov[i],
		                                    .msg_iovlen = 1};
	}
	int n = recvmmsg(p->socks[sock].fd, s->msg, (unsigned)room, MSG_DONTWAIT | MSG_TRUNC, NULL);
	p->socks[sock].last_rx = (uint16_t)(n > 0 ? n : 0);
	*more = n == (int)room;
	if (n <= 0)
		return 0;
	for (size_t i = 0; i < (size_t)n; i++) {
		out[i].p = base + i * SOCKET_BUFFER;
		out[i].n =
		    s->msg[i].msg_len > SOCKET_BUFFER ? SOCKET_BUFFER + 1 : s->msg[i].msg_len;
		addr_from_sockaddr(&out[i].from, &s->name[i].sa);
	}
	p->n_buffers += (size_t)n;
	return (size_t)n;
}

uint8_t *socket_pool_buffer(struct socket_pool *p)
{
	if (p->n_buffers == SOCKET_PACKETS)
		socket_pool_flush(p);
	return p->buffers + p->n_buffers++ * SOCKET_BUFFER;
}

void socket_pool_send(struct socket_pool *p, uint16_t sock, uint8_t *data, size_t n,
                      const struct addr *to, const struct addr *from)
{
	struct sock *s = &p->socks[sock];
	uint16_t i = p->n_tx++;
	p->tx[i] = (struct tx){.p = data, .n = (uint16_t)n, .to = *to, .from = *from};
	if (s->n_tx++ == 0) {
		p->dirty[p->n_dirty++] = sock;
		s->tx_head = i;
	} else {
		p->tx[s->tx_tail].next = i;
	}
	s->tx_tail = i;
}

/** Name the source address: the host may have several, and the peer was told this one. */
static void put_source(struct msghdr *h, struct cmsghdr *c, const struct addr *from)
{
	h->msg_control = c;
	if (from->family == ADDR_V4) {
		struct in_pktinfo info = {0};
		memcpy(&info.ipi_spec_dst, from->ip, 4);
		h->msg_controllen = CMSG_SPACE(sizeof info);
		*c = (struct cmsghdr){CMSG_LEN(sizeof info), IPPROTO_IP, IP_PKTINFO};
		memcpy(CMSG_DATA(c), &info, sizeof info);
	} else {
		struct in6_pktinfo info = {0};
		memcpy(&info.ipi6_addr, from->ip, 16);
		h->msg_controllen = CMSG_SPACE(sizeof info);
		*c = (struct cmsghdr){CMSG_LEN(sizeof info), IPPROTO_IPV6, IPV6_PKTINFO};
		memcpy(CMSG_DATA(c), &info, sizeof info);
	}
}

static void put_message(const struct socket_pool *p, struct sock_scratch *s, size_t i,
                        const struct tx *tx)
{
	struct msghdr *h = &s->msg[i].msg_hdr;
	s->iov[i] = (struct iovec){tx->p, tx->n};
	*h = (struct msghdr){.msg_name = &s->name[i], .msg_iov = &s->iov[i], .msg_iovlen = 1};
	if (tx->to.family == ADDR_V4) {
		s->name[i].v4 =
		    (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(tx->to.port)};
		memcpy(&s->name[i].v4.sin_addr, tx->to.ip, 4);
		h->msg_namelen = sizeof s->name[i].v4;
	} else {
		s->name[i].v6 =
		    (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(tx->to.port)};
		memcpy(&s->name[i].v6.sin6_addr, tx->to.ip, 16);
		h->msg_namelen = sizeof s->name[i].v6;
	}
	if (p->wildcard && tx->from.family == tx->to.family && !addr_is_any(&tx->from))
		put_source(h, &s->control[i].head, &tx->from);
}

/** A full buffer drops the rest (late voice is worthless); any other error drops one datagram. */
static void send_batch(struct socket_pool *p, int fd, size_t n)
{
	size_t at = 0;
	while (at < n) {
		int sent = sendmmsg(fd, p->scratch.msg + at, (unsigned)(n - at), MSG_DONTWAIT);
		if (sent > 0) {
			at += (size_t)sent;
			p->sent += (size_t)sent;
			continue;
		}
		if (errno == EINTR)
			continue;
		size_t lost = errno == EAGAIN || errno == ENOBUFS ? n - at : 1;
		p->send_failed += lost;
		at += lost;
	}
}

static void flush_sock(struct socket_pool *p, struct sock *s)
{
	uint16_t at = s->tx_head;
	while (s->n_tx) {
		size_t n = s->n_tx < SOCKET_BATCH ? s->n_tx : SOCKET_BATCH;
		for (size_t i = 0; i < n; i++) {
			put_message(p, &p->scratch, i, &p->tx[at]);
			at = p->tx[at].next;
		}
		send_batch(p, s->fd, n);
		s->n_tx = (uint16_t)(s->n_tx - n);
	}
}

void socket_pool_flush(struct socket_pool *p)
{
	for (size_t i = 0; i < p->n_dirty; i++)
		flush_sock(p, &p->socks[p->dirty[i]]);
	p->n_dirty = 0;
	p->n_tx = 0;
	p->n_buffers = 0;
}
