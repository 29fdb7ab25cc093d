// SPDX-License-Identifier: Apache-2.0
/**
 * One shard's SIP layer: bytes in, transactions matched, events out to its user.
 * RFC 3261 sections 17 and 18 with RFC 6026 (Accepted), RFC 3581 (rport) and
 * RFC 4320 (no 408 to a non-INVITE).
 *
 * It does no I/O: bytes leave through `ops->send`, time comes from a timer wheel.
 *
 * Thread:   one shard's; every call and every callback runs there.
 * Lifetime: sip_stack_new -> sip_stack_input* -> sip_stack_free, which ends all
 *           transactions without callbacks.
 */
#pragma once

#include "base/hash.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/rng.h"
#include "base/timer.h"
#include "sip/flow.h"
#include "sip/msg.h"

struct sip_stack;
struct strans;
struct ctrans;

/** Timer values of RFC 3261 table 4, in ms. T1 500, T2 4000, T4 5000 by default. */
struct sip_timers {
	uint32_t t1, t2, t4;
	uint32_t c; /* INVITE client: no final answer after a provisional one; 180000 */
};

struct sip_stack_ops {
	/** Hand bytes to the transport. Never fails for SIP: see sip_stack_flow_failed. */
	void (*send)(void *arg, const struct flow *flow, struct str bytes);
	/**
	 * The address we call ourselves on this flow, for Via (and Contact): the advertised one
	 * or the local one the peer reached.
	 */
	void (*sent_by)(void *arg, const struct flow *flow, struct addr *out);
	/**
	 * Optional. A new request, before it costs anything: 0 to take it, else the seconds of Retry-After
	 * with which it is answered 503, statelessly. Not called for ACK, CANCEL and repeats.
	 */
	uint32_t (*admit)(void *arg, const struct sip_msg *m);
	/**
	 * A new request; `st` is its server transaction, which the user now must answer
	 * (at once or later) with strans_reply. `m` is borrowed. Not called for ACK, for CANCEL,
	 * nor for what the layer answers itself: what the parser refuses (400, 505, ...), merged
	 * 482 (section 8.2.2.2), 503 when there are too many. Who answers later must set a handler
	 * (strans_set_user), which is told when the transaction is gone.
	 */
	void (*on_request)(void *arg, struct strans *st, const struct sip_msg *m,
	                   const struct flow *flow);
	/**
	 * An ACK that belongs to no INVITE transaction answered with a non-2xx: it is for a 2xx, or
	 * for a response that was sent once and forgotten (strans_reply).
	 */
	void (*on_ack)(void *arg, const struct sip_msg *m, const struct flow *flow);
	/** A matching CANCEL was answered 200 by the layer; the user answers `st` with 487. */
	void (*on_cancel)(void *arg, struct strans *st, const struct sip_msg *m);
	/**
	 * A 2xx to an INVITE that matches no client transaction, or one that was detached: it may
	 * concern a dialog, and wants an ACK and a BYE. All other stray responses are dropped.
	 */
	void (*on_stray_response)(void *arg, const struct sip_msg *m, const struct flow *flow);
};

struct sip_stack_args {
	struct timer_wheel *wheel;
	struct rng *rng;
	const struct log *log;
	struct metrics *metrics;
	struct hash_key hash_key;
	struct sip_timers timers;
	struct sip_limits limits;
	/** Copied; put as Server into responses but 100, as User-Agent into requests; or empty. */
	struct str server;
	/*
	 * Beyond it a new request takes the place of an answered one that only waits for repeats;
	 * where there is none, it gets 503 with Retry-After, statelessly.
	 */
	size_t max_transactions;
	const struct sip_stack_ops *ops;
	void *arg;
};

must_check int sip_stack_new(struct sip_stack **out, const struct sip_stack_args *args);
void sip_stack_free(struct sip_stack *s);

/**
 * One whole message from a flow (a datagram, or what sip_stream_frame cut off a
 * stream). Datagrams that are only CRLF or empty are keep-alives and are ignored.
 */
void sip_stack_input(struct sip_stack *s, struct str bytes, const struct flow *flow);

/** The same for a message that was parsed already (in an arena of the caller's). */
void sip_stack_input_msg(struct sip_stack *s, struct sip_msg *m, const struct flow *flow);

/** The flow's connection is gone: client transactions on it end with `err` now. */
void sip_stack_flow_failed(struct sip_stack *s, const struct flow *flow, int err);

/** Bytes on a flow outside transactions: an ACK to a 2xx. */
void sip_stack_send(struct sip_stack *s, const struct flow *flow, struct str bytes);

/** A Via line with a new branch, for an ACK to a 2xx. */
void sip_stack_put_via(struct sip_stack *s, const struct flow *flow, struct buf *out);

/** Transactions alive now: for limits, for tests that look for leaks. */
size_t sip_stack_transactions(const struct sip_stack *s);

struct str sip_stack_server(const struct sip_stack *s);
