// SPDX-License-Identifier: Apache-2.0
/**
 * TCP listeners and connections.
 *
 * Thread:   the loop's.
 * Lifetime: tcp_listen -> on_accept -> on_bytes* -> on_close. A connection is
 *           freed by the layer after on_close has returned and the turn is over;
 *           tcp_close may be called anywhere, also in its own callbacks, and
 *           on_close is called exactly once, never from inside tcp_close itself.
 *           TLS will be another set of the same callbacks.
 *
 * When the peer has closed its sending side, what is queued is still sent, then the
 * connection is closed. A closing connection whose peer takes nothing for 4 s is dropped.
 */
#pragma once

#include "base/addr.h"
#include "base/str.h"
#include "ev/loop.h"

struct tcp_conn;
struct tcp_listener;

struct tcp_ops {
	/**
	 * A new connection; set its user pointer with tcp_set_user (NULL until then).
	 * Non-zero refuses it: it is closed at once, without on_close.
	 */
	int (*on_accept)(struct tcp_conn *c, void *arg);
	/** An outgoing connection is up. */
	void (*on_connect)(struct tcp_conn *c, void *user);
	/**
	 * All bytes that are not consumed yet. Returns how many are consumed now; the
	 * rest is shown again with more behind it. When the rest reaches max_pending,
	 * the connection is closed with E_LIMIT.
	 */
	size_t (*on_bytes)(struct tcp_conn *c, struct str bytes, void *user);
	/** 0: closed by the peer or by us; else why (ETIMEDOUT: idle, or not connected in time). */
	void (*on_close)(struct tcp_conn *c, int err, void *user);
};

struct tcp_opts {
	bool reuseport;
	bool v6only;
	size_t max_pending;    /* unread bytes kept for one connection; 0: 65536 */
	size_t max_unsent;     /* bytes waiting to be sent on one connection; 0: 1048576 */
	size_t max_conns;      /* of this listener; more are closed at once. 0: no limit */
	size_t max_conns_ip;   /* of one remote address (IPv6: of one /64); 0: no limit */
	uint64_t idle_ms;      /* closed after this long without a byte in; 0: never */
	uint64_t connect_ms;   /* an outgoing connection gives up; 0: 4000 */
};

must_check int tcp_listen(struct tcp_listener **out, struct loop *loop, const struct addr *at,
                          const struct tcp_opts *opts, const struct tcp_ops *ops, void *arg);
/** Closes its connections too (on_close is called for each, now). */
void tcp_listener_close(struct tcp_listener *l);
const struct addr *tcp_listener_local(const struct tcp_listener *l);

/** `opts` is copied. A failure to connect arrives in on_close. `user` is given to the callbacks. */
must_check int tcp_connect(struct tcp_conn **out, struct loop *loop, const struct addr *to,
                           const struct tcp_opts *opts, const struct tcp_ops *ops, void *user);

void tcp_set_user(struct tcp_conn *c, void *user);
void *tcp_user(const struct tcp_conn *c);
/** After on_accept: how long it may be idle from now on. */
void tcp_set_idle(struct tcp_conn *c, uint64_t idle_ms);

/**
 * Copies all or nothing; before on_connect it waits for that. E_LIMIT when max_unsent would be
 * passed; EPIPE when it is closing.
 */
must_check int tcp_send(struct tcp_conn *c, struct str data);
/** Sends what is queued, then closes; `now` drops it instead. */
void tcp_close(struct tcp_conn *c, bool now);

const struct addr *tcp_remote(const struct tcp_conn *c);
const struct addr *tcp_local(const struct tcp_conn *c);
/** A number never used before (loop_next_id); 0 is never one. */
uint64_t tcp_id(const struct tcp_conn *c);
