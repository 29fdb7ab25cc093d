// SPDX-License-Identifier: Apache-2.0
/** What ev/tcp.c and ev/tcp_listener.c know of each other; nobody else includes this. */
#pragma once

#include "base/map.h"
#include "ev/tcp.h"

struct tcp_conn {
	struct loop *loop;
	struct ev_io io;
	struct timer timer; /* connecting, idle or closing, whichever it is doing */
	struct ev_defer defer;
	struct tcp_listener *listener; /* NULL: outgoing, or its listener is gone */
	struct list_node in_listener;
	const struct tcp_ops *ops;
	void *user;
	struct addr remote, local;
	uint64_t id;
	uint64_t idle_ms, connect_ms;
	size_t max_pending, max_unsent;
	struct buf in;   /* what on_bytes has left */
	struct buf out;  /* what the kernel has not taken, from out_sent on */
	size_t out_sent;
	int err;         /* for on_close */
	bool connecting; /* not up yet */
	bool closing;    /* nothing is read, or taken to be sent, any more */
	bool ended;      /* the descriptor is gone */
	bool told;       /* on_close has been called, or must not be */
};

/** Not watched yet: see tcp_conn_start. Takes `fd` over, also on error. */
must_check int tcp_conn_new(struct tcp_conn **out, struct loop *loop, int fd,
                            const struct tcp_opts *opts, const struct tcp_ops *ops);
must_check int tcp_conn_start(struct tcp_conn *c);
/** Ends it and calls on_close with 0 now, unless that has been done. Freed at the end of the turn. */
void tcp_conn_end_now(struct tcp_conn *c);
/** The same without on_close. */
void tcp_conn_refuse(struct tcp_conn *c);

/** The connection is over: it is not counted any more. */
void tcp_listener_forget(struct tcp_listener *l, struct tcp_conn *c);
