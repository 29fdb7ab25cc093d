// SPDX-License-Identifier: Apache-2.0
/**
 * The UDP sockets of one media thread, and the packets of one turn of its loop.
 *
 * Packets are received into an arena of fixed buffers, changed in place, queued by the
 * socket they leave by, and sent from where they lie: nothing is copied or allocated. A
 * buffer is good until the next socket_pool_flush.
 */
#pragma once

#include <netinet/in.h>
#include <sys/uio.h>

#include "base/addr.h"

enum {
	SOCKET_BATCH = 64,    /* datagrams a system call */
	SOCKET_PACKETS = 512, /* buffers of the arena */
	SOCKET_NONE = UINT16_MAX,
	/* Ethernet's MTU and a little more. The odd number of cache lines keeps the heads of
	 * packets from competing for the same cache sets. */
	SOCKET_BUFFER = 25 * 64,
	SOCKET_TOS = 46 << 2, /* EF: RFC 3246, as RFC 4594 section 4.1 wants for voice */
};

struct sock {
	int fd;
	uint16_t port;    /* ours */
	uint8_t family;   /* enum addr_family */
	bool rtcp;        /* the odd port */
	uint16_t last_rx; /* datagrams that came last time */
	uint16_t n_tx;    /* queued, chained from tx_head */
	uint16_t tx_head, tx_tail;
};

/** One port of the pool. */
struct sock_pair {
	uint16_t v4[2], v6[2]; /* socket of RTP, RTCP; SOCKET_NONE */
	uint32_t n_streams;
	uint64_t stream_sum; /* of the indices of its streams: when there is one, that one */
};

struct packet {
	uint8_t *p;
	size_t n; /* SOCKET_BUFFER + 1: it was longer */
	struct addr from;
};

/** The addresses are copies: what a flow says may change before the flush. */
struct tx {
	uint8_t *p;
	uint16_t n;
	uint16_t next;
	struct addr to, from;
};

/** What the batched system calls read and write; no state between calls. */
struct sock_scratch {
	struct mmsghdr msg[SOCKET_BATCH];
	struct iovec iov[SOCKET_BATCH];
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} name[SOCKET_BATCH];
	union {
		struct cmsghdr head;
		uint8_t room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control[SOCKET_BATCH];
};

struct socket_pool {
	struct addr address; /* to bind */
	bool wildcard;
	size_t rcvbuf_bytes;
	int epoll;
	struct sock *socks;
	uint16_t n_socks, max_socks;
	struct sock_pair *pairs;
	uint16_t n_pairs, max_pairs;
	uint16_t pair_of[32768]; /* by port / 2: index plus one; 0: not open */
	uint8_t *buffers;
	size_t n_buffers; /* used in this turn */
	struct tx tx[SOCKET_PACKETS];
	uint16_t n_tx;
	uint16_t *dirty; /* sockets with something queued */
	uint16_t n_dirty;
	uint64_t sent, send_failed;
	struct sock_scratch scratch;
};

/** `epoll` is borrowed: sockets are watched there, their index as data. */
void socket_pool_init(struct socket_pool *p, const struct addr *address, size_t rcvbuf_bytes,
                      int epoll);
void socket_pool_fini(struct socket_pool *p);

/** Bind `port` and port + 1 in every family there is. 0 also when it is open; errno of bind. */
must_check int socket_pool_open(struct socket_pool *p, uint16_t port);

/** NULL: not open. */
struct sock_pair *socket_pool_pair(struct socket_pool *p, uint16_t port);
/** Socket to send by from `port` (RTP's, even) to an address of `family`; SOCKET_NONE. */
uint16_t socket_pool_out(const struct socket_pool *p, uint16_t port, uint8_t family, bool rtcp);

/**
 * Receives without waiting; flushes first when the arena has no room for a whole batch.
 * `*more`: there may be more.
 */
size_t socket_pool_recv(struct socket_pool *p, uint16_t sock, struct packet out[SOCKET_BATCH],
                        bool *more);

/**
 * A free buffer of SOCKET_BUFFER bytes for a packet of our own. One for every packet received
 * is kept free, so that it flushes (and so ends the life of other buffers) only between batches.
 */
uint8_t *socket_pool_buffer(struct socket_pool *p);
/** `data` lies in the arena. `from` is heeded when bound to a wildcard, and names an address. */
void socket_pool_send(struct socket_pool *p, uint16_t sock, uint8_t *data, size_t n,
                      const struct addr *to, const struct addr *from);
void socket_pool_flush(struct socket_pool *p);
