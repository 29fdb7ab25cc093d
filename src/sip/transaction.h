// SPDX-License-Identifier: Apache-2.0
/**
 * Transactions: RFC 3261 section 17, corrected by RFC 6026.
 *
 * Server: the request's identity and the head of its responses are kept, not the
 * request. Client: the request's bytes are kept for repeating, CANCEL and ACK.
 *
 * Lifetime: the layer owns both kinds. A pointer is dead once its handler has
 *           returned from the END event. A user that goes away first detaches
 *           (…_detach): the transaction then runs to its end alone.
 */
#pragma once

#include "sip/build.h"
#include "sip/stack.h"

/* -- server -------------------------------------------------------------------------- */

enum strans_event {
	STRANS_ACK,    /* INVITE answered non-2xx: the ACK is here (nothing to do) */
	STRANS_NO_ACK, /* no ACK after 64*T1: section 13.3.1.4 wants a BYE after a 2xx */
	STRANS_END,    /* the transaction is gone; the pointer is dead */
};

typedef void strans_fn(enum strans_event event, struct strans *st, void *user);

/**
 * Who is told of the events. Until it is set, and after detach, nobody. An INVITE that was
 * detached and is still not answered after 64*T1 gets a 500. A request of another method that is
 * not answered within 64*T1 ends silently: its client has given up (Timer F).
 */
void strans_set_user(struct strans *st, strans_fn *fn, void *user);
static inline void strans_detach(struct strans *st)
{
	strans_set_user(st, NULL, NULL);
}
void *strans_user(const struct strans *st);

enum sip_method strans_method(const struct strans *st);
const struct flow *strans_flow(const struct strans *st);
/** The tag put into To of every response that has none; made when the transaction is. */
struct str strans_to_tag(const struct strans *st);
/** No final response was given yet. */
bool strans_pending(const struct strans *st);

struct sip_reply {
	uint16_t status;
	struct str reason;  /* empty: the usual one */
	struct str headers; /* whole lines with CRLF: Contact, Allow, ...; not Server */
	struct str type;    /* of the body */
	struct str body;
	bool record_route; /* repeat the Record-Routes: for what makes a dialog (section 12.1.1) */
	/** Another tag than the transaction's own: a B2BUA with several early dialogs. */
	struct str to_tag;
	/** A non-2xx to somebody unknown: nothing is kept or repeated, see strans_reply. */
	bool once;
};

/**
 * Send a response. 1xx as often as wanted (the last one is repeated when the request is);
 * one final. A 2xx to INVITE is repeated until strans_acked is called or 64*T1 have
 * passed (section 13.3.1.4); a non-2xx until its ACK comes.
 *
 * A 401, a 407 and what is marked `once` is sent a single time and ends the transaction
 * (section 26.3.2.4): who has not proved anything yet costs no memory and cannot have repeats
 * aimed at somebody else. If the request comes again it is a new one; its ACK goes to on_ack.
 *
 * To another method than INVITE no provisional response is sent, the layer sends its own 100
 * when it is due, and a 408 ends the transaction without a word (RFC 4320 section 4).
 *
 * @return 0; EALREADY when a final response was given; E_LIMIT (too large, nothing was sent)
 */
must_check int strans_reply(struct strans *st, const struct sip_reply *r);
/** The same with nothing but a status. Errors are ignored. */
void strans_reply_status(struct strans *st, uint16_t status);
/** strans_reply; what is too large to be sent becomes a bare 500. */
void strans_reply_or_500(struct strans *st, const struct sip_reply *r);

/** The ACK to the 2xx arrived (the user matched it to its dialog). */
void strans_acked(struct strans *st);

/* -- client -------------------------------------------------------------------------- */

enum ctrans_event {
	CTRANS_PROVISIONAL,
	CTRANS_FINAL, /* INVITE: also each 2xx with another To tag; repeats with the same tag are
	               * answered by the layer with the ACK given to ctrans_ack */
	CTRANS_END,   /* the pointer is dead; err says why when no final response came:
	               * ETIMEDOUT, ECONNRESET, ..., ECANCELED */
};

/** `m` is borrowed, NULL for CTRANS_END. */
typedef void ctrans_fn(enum ctrans_event event, struct ctrans *ct, const struct sip_msg *m, int err,
                       void *user);

struct ctrans_args {
	enum sip_method method;
	struct str method_text; /* for SIP_METHOD_OTHER */
	struct str ruri;
	struct str headers; /* whole lines with CRLF, without Via, Content-Type, Content-Length,
	                     * User-Agent; names as sip_put_hdr prints them: Route, From, To,
	                     * Call-ID, CSeq, Max-Forwards, Contact, ... */
	struct str type;
	struct str body;
	const struct flow *flow;
	uint32_t give_up_ms; /* Timer B / F; 0: 64*T1 */
};

/**
 * Send a request on a flow and watch for responses. Everything is copied. The
 * handler is never called from inside this function. A response other than a 2xx to INVITE is
 * acknowledged by the layer (section 17.1.1.3).
 *
 * @return 0; E_LIMIT (larger than limits.max_message, or too many transactions)
 */
must_check int ctrans_start(struct ctrans **out, struct sip_stack *s,
                            const struct ctrans_args *args, ctrans_fn *fn, void *user);

/** Nobody is told any more; 2xx that still come to an INVITE go to on_stray_response. */
void ctrans_detach(struct ctrans *ct);

/**
 * CANCEL an INVITE (section 9.1): sent at once after a provisional response, else as soon
 * as one comes. `headers`: whole lines to add, such as Reason. The handler then gets the
 * final response (487 as a rule, 2xx in the race); when none comes within 64*T1, CTRANS_END with
 * ECANCELED. Harmless after a final response.
 */
void ctrans_cancel(struct ctrans *ct, struct str headers);

/** Send `ack` on `flow` now, and again for each repeat of the 2xx it answers. Copied. */
void ctrans_ack(struct ctrans *ct, const struct flow *flow, struct str ack);

/** The branch that was used, to recognise a request that came back to us. */
struct str ctrans_branch(const struct ctrans *ct);
const struct flow *ctrans_flow(const struct ctrans *ct);
