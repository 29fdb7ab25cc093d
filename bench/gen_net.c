// SPDX-License-Identifier: Apache-2.0
#include "gen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { BATCH = 64, ROOM = NET_ROOM, SOCKET_BYTES = 4 << 20 };

struct way {
	int fd;
	unsigned queued;
	struct mmsghdr rx[BATCH], tx[BATCH];
	struct iovec rx_iov[BATCH], tx_iov[BATCH];
	char *rx_bytes, *tx_bytes;
};

struct net {
	struct way way[SOCKETS];
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int open_socket(const struct sockaddr_in *server, uint16_t port)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), size = SOCKET_BYTES;
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(port),
	                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) != 0)
		die("bind");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	if (connect(fd, (const struct sockaddr *)server, sizeof *server) != 0)
		die("connect");
	return fd;
}

static void link_way(struct way *w)
{
	w->rx_bytes = malloc((size_t)BATCH * ROOM);
	w->tx_bytes = malloc((size_t)BATCH * ROOM);
	if (!w->rx_bytes || !w->tx_bytes)
		die("malloc");
	for (size_t i = 0; i < BATCH; i++) {
		w->rx_iov[i] = (struct iovec){w->rx_bytes + i * ROOM, ROOM};
		w->tx_iov[i] = (struct iovec){w->tx_bytes + i * ROOM, 0};
		w->rx[i].msg_hdr = (struct msghdr){.msg_iov = &w->rx_iov[i], .msg_iovlen = 1};
		w->tx[i].msg_hdr = (struct msghdr){.msg_iov = &w->tx_iov[i], .msg_iovlen = 1};
	}
}

struct net *net_open(const struct sockaddr_in *server, uint16_t first_port)
{
	struct net *n = calloc(1, sizeof *n);
	if (!n)
		die("calloc");
	for (int i = 0; i < SOCKETS; i++) {
		n->way[i].fd = open_socket(server, (uint16_t)(first_port + i));
		link_way(&n->way[i]);
	}
	return n;
}

static void flush_way(struct way *w)
{
	unsigned sent = 0;
	while (sent < w->queued) {
		int k = sendmmsg(w->fd, w->tx + sent, w->queued - sent, 0);
		if (k > 0)
			sent += (unsigned)k;
		else if (errno != EAGAIN && errno != EINTR && errno != ECONNREFUSED)
			die("sendmmsg");
	}
	w->queued = 0;
}

char *net_room(struct net *n, int sock)
{
	struct way *w = &n->way[sock];
	if (w->queued == BATCH)
		flush_way(w);
	return w->tx_bytes + (size_t)w->queued * ROOM;
}

void net_push(struct net *n, int sock, size_t bytes)
{
	struct way *w = &n->way[sock];
	w->tx_iov[w->queued++].iov_len = bytes;
}

void net_flush(struct net *n)
{
	for (int i = 0; i < SOCKETS; i++)
		if (n->way[i].queued)
			flush_way(&n->way[i]);
}

bool net_poll(struct net *n, net_fn *fn, void *arg)
{
	bool any = false;
	for (int i = 0; i < SOCKETS; i++) {
		struct way *w = &n->way[i];
		int k = recvmmsg(w->fd, w->rx, BATCH, MSG_DONTWAIT, NULL);
		for (int j = 0; j < k; j++)
			fn(i, (struct str){w->rx_iov[j].iov_base, w->rx[j].msg_len}, arg);
		any |= k > 0;
	}
	return any;
}
