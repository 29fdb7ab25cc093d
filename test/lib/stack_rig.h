// SPDX-License-Identifier: Apache-2.0
/** A SIP stack with a virtual clock, whose user notes what happens and whose sends are kept. */
#pragma once

#include "sip/transaction.h"

enum { RIG_SENT = 512, RIG_EVENTS = 256 };

struct srig_sent {
	char *text; /* NUL terminated */
	struct flow flow;
	uint64_t at_ms;
};

struct srig_event {
	int event;       /* enum strans_event or ctrans_event */
	uint16_t status; /* client: of the response */
	int err;
};

struct srig;
typedef void srig_request_fn(struct srig *r, struct strans *st, const struct sip_msg *m);

struct srig {
	struct timer_wheel wheel;
	struct rng rng;
	struct log log;
	struct metrics metrics;
	struct sip_stack *stack;
	uint64_t start_ms;

	struct srig_sent sent[RIG_SENT];
	size_t n_sent;

	struct strans *st;          /* of the last on_request */
	srig_request_fn *on_request; /* what the user does then; NULL: nothing */
	srig_request_fn *on_cancel;
	unsigned requests, acks, cancels, strays;
	struct srig_event server[RIG_EVENTS], client[RIG_EVENTS];
	size_t n_server, n_client;
	ctrans_fn *on_client; /* called after the event was noted */
};

struct srig *srig_new(size_t max_transactions);
/** Fails the test when a transaction or a timer is left, unless `unfinished`. */
void srig_free(struct srig *r);
void srig_free_unfinished(struct srig *r);

struct flow srig_flow(enum sip_transport t); /* from 192.0.2.9:5062 to 192.0.2.1:5060 */
/** Time passes. */
void srig_run(struct srig *r, uint64_t ms);
void srig_input(struct srig *r, enum sip_transport t, const char *text);

/** A request, without body; `extra`: whole lines. Text lives until the next call. */
const char *srig_request(const char *method, const char *branch, const char *extra);
/** A response to the `i`th message sent. `to_tag` NULL: none. Text lives until the next call. */
const char *srig_response(const struct srig *r, size_t i, const char *status, const char *to_tag);
/** The ACK or CANCEL of an INVITE of srig_request; `to_tag` NULL: none. */
const char *srig_follow(const char *method, const char *branch, const char *to_tag);

bool srig_sent_starts(const struct srig *r, size_t i, const char *text);
bool srig_sent_has(const struct srig *r, size_t i, const char *text);
/** Value of a header of what was sent, copied into `out`; "" when there is none. */
const char *srig_sent_value(const struct srig *r, size_t i, const char *name, char out[256]);
/** How long after the rig was made. */
uint64_t srig_sent_ms(const struct srig *r, size_t i);

/** A handler that notes events in the rig (`user` is the rig). */
strans_fn srig_note_server;
ctrans_fn srig_note_client;

/** Start a request of ours over a transport. */
struct ctrans *srig_start(struct srig *r, enum sip_method method, enum sip_transport t);
