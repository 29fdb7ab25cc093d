// SPDX-License-Identifier: Apache-2.0
/**
 * A dialog: RFC 3261 section 12, as a value that can be written down and read
 * back. It holds what both sides agreed on, and no transaction, timer or socket.
 *
 * Lifetime: dialog_init_uas or dialog_init_uac -> (dialog_confirm) -> dialog_fini. The texts
 *           belong to the dialog.
 */
#pragma once

#include "base/buf.h"
#include "base/text.h"
#include "sip/flow.h"
#include "sip/msg.h"

struct dialog {
	struct str call_id, local_tag, remote_tag;
	struct str local;     /* our From or To value without the tag */
	struct str remote;    /* theirs */
	struct str target;    /* their Contact URI: the Request-URI of what we send */
	struct str routes;    /* Route values in the order to send them, comma separated; may be empty */
	uint32_t local_cseq;  /* of the last request we sent */
	uint32_t remote_cseq; /* of the last one we got; 0: none */
	bool routes_lost;     /* they were too long to be kept */
	bool uac;             /* we sent the first INVITE (direction) */
	struct flow flow;     /* where our requests go, and theirs came from */
};

/** From an INVITE we received (section 12.1.1). `local_tag` is what we put into To. */
void dialog_init_uas(struct dialog *d, const struct sip_msg *invite, struct str local_tag,
                     const struct flow *flow);

/** Can all of it be said again in each request of ours? Else the INVITE is to be refused (513). */
bool dialog_fits(const struct dialog *d);

struct dialog_uac_args {
	struct str call_id, local_tag;
	struct str local;  /* From without tag */
	struct str remote; /* To without tag */
	struct str target; /* Request-URI */
	struct str routes;
	const struct flow *flow;
};
/** For an INVITE we are about to send; the CSeq starts at 1. */
void dialog_init_uac(struct dialog *d, const struct dialog_uac_args *args);

/**
 * A response to our INVITE made or confirmed the dialog (section 12.1.2): takes the To tag, the Contact
 * and the Record-Route of it. A response without a Contact keeps the target.
 */
void dialog_confirm(struct dialog *d, const struct sip_msg *response);

void dialog_fini(struct dialog *d);

/** A deep copy: for a second early dialog of the same INVITE. */
void dialog_copy(struct dialog *out, const struct dialog *d);

/**
 * A request within the dialog came (section 12.2.2): checks the order of its CSeq and, for
 * INVITE, UPDATE and SUBSCRIBE, takes the new remote target.
 *
 * @return 0; E_STALE: the CSeq is lower than one seen (answer 500)
 */
must_check int dialog_request_in(struct dialog *d, const struct sip_msg *m, const struct flow *flow);

/** A 2xx to a target refresh of ours may carry a new Contact. */
void dialog_refresh_target(struct dialog *d, const struct sip_msg *response);

/**
 * The headers of a request in this dialog, without Via: Route, Max-Forwards, From, To, Call-ID,
 * CSeq. The caller raises local_cseq first (not for ACK and CANCEL, section 12.2.1.1).
 */
void dialog_put_head(struct buf *b, const struct dialog *d, enum sip_method method, uint32_t cseq,
                     uint32_t max_forwards);

/** The Request-URI to send. Requests leave on the dialog's flow, so every route is a loose one (12.2.1.1). */
struct str dialog_ruri(const struct dialog *d);

/** A value of From, To or Contact without its header parameters. */
struct str sip_addr_naked(const struct sip_addr *a);
