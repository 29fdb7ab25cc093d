// SPDX-License-Identifier: Apache-2.0
/**
 * What stack.c, strans.c and ctrans.c share; nobody else includes it.
 *
 * Freeing: a transaction is freed from its own timer, or where on_request has returned and
 * ended it, and nowhere else. Who ends one marks it TERMINATED and lets the timer run at
 * once; until then lookups pass it over. So whatever a callback does, the transaction it
 * came from is still there.
 */
#pragma once

#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "base/slab.h"
#include "sip/transaction.h"

struct sip_stack {
	struct timer_wheel *wheel;
	struct rng *rng;
	const struct log *log;
	struct metrics *metrics;
	struct hash_key hash_key;
	struct sip_timers timers;
	struct sip_limits limits;
	char *server;
	size_t max_transactions;
	const struct sip_stack_ops *ops;
	void *arg;

	struct map servers; /* struct strans by key, the terminated ones too */
	struct map origins; /* struct strans without To tag by From tag, Call-ID and CSeq */
	struct map clients; /* struct ctrans by branch and method, the terminated ones too */
	size_t n_transactions;
	/* struct strans and ctrans that only absorb repeats; who began first to do so first */
	struct list_node done_servers, done_clients;

	struct slab slab;   /* transactions, and the bytes they keep */
	struct arena arena; /* for the message in hand */
	bool busy;          /* the arena is in use */
	struct buf out;     /* see stack_take_out */
};

static inline uint64_t stack_now(const struct sip_stack *s)
{
	return s->wheel->now_ms;
}

/**
 * An empty buffer to print a message into. It belongs to the caller until it is
 * given back, so that a callback that prints as well gets another one.
 */
struct buf stack_take_out(struct sip_stack *s);
void stack_give_out(struct sip_stack *s, struct buf *b);

/** A Server or User-Agent line, when the stack has a name. */
void stack_put_product(const struct sip_stack *s, struct buf *b, enum sip_hdr_id id);

/**
 * Is there room for one more transaction? Where there is none, the one that has only waited for
 * repeats longest makes way: a flood shortens that wait (Timers D, I to M) before anything is
 * refused. It is freed at the next run of the timers, so the limit is passed by one turn's worth.
 */
bool stack_has_room(struct sip_stack *s);

/** Where the answer to a request goes: RFC 3261 section 18.2.2, RFC 3581 section 4. */
void reply_flow(struct flow *out, const struct sip_via *via, const struct flow *flow);

/** A new one for a request of ours: 80 random bits. */
enum { BRANCH_CHARS = 23 };
void make_branch(struct sip_stack *s, char branch[BRANCH_CHARS]);

/* -- text of messages that we printed ourselves -------------------------------------- */

/** The next line of `*rest` with its CRLF; empty at the end of the head. */
struct str head_line(struct str *rest);
/** Is it a header line of this name (the form that sip_put_hdr prints)? */
bool line_is(struct str line, enum sip_hdr_id id);
/** The tag of a line "To: ..."; empty when it has none. */
struct str line_tag(struct str line);

/**
 * Print the CANCEL (RFC 3261 section 9.1) or the ACK (section 17.1.1.3) of a request we sent.
 * @param to  value of To; empty: as in the request
 * @param headers  whole lines to add
 */
void derive_request(struct buf *out, struct str request, enum sip_method method, struct str to,
                    struct str headers);

/* -- server -------------------------------------------------------------------------- */

enum { TRANS_KEY_MAX = 288 };

/** What makes two requests the same transaction: RFC 3261 section 17.2.3. */
struct trans_key {
	uint64_t hash;
	uint16_t n;
	bool rfc2543; /* no magic cookie: made of other fields */
	char p[TRANS_KEY_MAX];
};

/** `method`: of the transaction looked for, so INVITE for an ACK. */
void trans_key_make(struct trans_key *k, const struct sip_stack *s, const struct sip_msg *m,
                    enum sip_method method);

struct strans *strans_find(const struct sip_stack *s, const struct trans_key *k);
/** Does a transaction with this origin exist already: RFC 3261 section 8.2.2.2? */
bool strans_is_merged(const struct sip_stack *s, const struct sip_msg *m);
/** Make one and hand the request to the user. */
void strans_begin(struct sip_stack *s, const struct trans_key *k, const struct sip_msg *m,
                  const struct flow *flow);
/** See stack_has_room. */
bool strans_make_room(struct sip_stack *s);
/** The request came again. */
void strans_on_repeat(struct strans *st);
/** False: the ACK is not for this transaction, but for a 2xx. */
bool strans_on_ack(struct strans *st, const struct sip_msg *ack);
/** True once: the first CANCEL of a transaction without final response. */
bool strans_on_cancel(struct strans *st);
void strans_free_all(struct sip_stack *s);

/* -- client -------------------------------------------------------------------------- */

/** False when it belongs to no client transaction. */
bool ctrans_on_response(struct sip_stack *s, const struct sip_msg *m, const struct flow *flow);
void ctrans_flow_failed(struct sip_stack *s, const struct flow *flow, int err);
/** See stack_has_room. */
bool ctrans_make_room(struct sip_stack *s);
void ctrans_free_all(struct sip_stack *s);
