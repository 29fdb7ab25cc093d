// SPDX-License-Identifier: Apache-2.0
/**
 * UDP sockets for signalling: read in batches (recvmmsg), written in batches
 * (sendmmsg, flushed at the end of the loop's turn).
 *
 * Thread: the loop's.
 */
#pragma once

#include "base/addr.h"
#include "base/str.h"
#include "ev/loop.h"

struct udp;

/**
 * `data` is borrowed and writable for the call only. `local` is the address the
 * datagram was sent to (with the socket's port), also when bound to 0.0.0.0 or ::.
 */
typedef void udp_recv_fn(struct str data, const struct addr *remote, const struct addr *local,
                         void *arg);

struct udp_opts {
	bool reuseport;       /* several sockets (one a thread) share the address */
	bool v6only;          /* for ::, leave IPv4 to another socket */
	size_t rcvbuf_bytes;  /* 0: leave it; larger than allowed: the most allowed */
	bool tell_age;        /* the kernel notes when each datagram comes, for udp_age_ms */
	size_t max_datagram;  /* longer ones are cut and dropped; 0: 65535 */
};

/** Bind; port 0 lets the kernel choose. EADDRINUSE, EACCES, ... */
must_check int udp_open(struct udp **out, struct loop *loop, const struct addr *at,
                        const struct udp_opts *opts, udp_recv_fn *fn, void *arg);
/** Flushes what is queued and closes. Not inside its own callback. */
void udp_close(struct udp *u);

/** The bound address, with the port the kernel chose. */
const struct addr *udp_local(const struct udp *u);

/**
 * Inside udp_recv_fn: how long the datagram has waited in the socket, as of when its batch was read. 0
 * without udp_opts.tell_age.
 */
uint64_t udp_age_ms(const struct udp *u);

/**
 * Queue a datagram; the bytes are copied. `from` names the local IP to send from
 * when the socket is bound to a wildcard (NULL or any: the kernel's choice).
 * Never blocks; what the kernel will not take is dropped and counted.
 */
void udp_send(struct udp *u, const struct addr *to, const struct addr *from, struct str data);
void udp_flush(struct udp *u);
uint64_t udp_send_drops(const struct udp *u);
