// SPDX-License-Identifier: Apache-2.0
/**
 * What the files of call/ share.
 *
 * A leg is one INVITE dialog of ours with one peer, and its media. It speaks SIP and
 * knows nothing of the other legs; what happens on it is told to its call (the functions
 * `call_on_...`), and the call gives orders (the functions `leg_...`).
 *
 * Ownership: calls own their legs; a leg lives until its call is freed, so that the call detail
 * record can tell of it. Transactions are borrowed pointers, cleared at their END.
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "call/app.h"
#include "call/call.h"
#include "sdp/negotiate.h"
#include "sip/dialog.h"

enum { CALL_ID_CHARS = 20, CALL_MAX_LEGS = 72, LEG_MAX_EARLY = 8, CALL_MAX_SDP = 8192,
       CALL_ROUTING_MS = 10000 /* facts for the router come within that */ };

struct calls {
	struct calls_args a;
	struct map by_key;     /* struct call.key_node */
	struct map by_id;      /* struct call.id_node */
	struct map by_dialog;  /* struct leg.dialog_node: Call-ID and local tag */
	struct map by_stream;  /* struct leg.stream_node */
	struct map turns;      /* struct turn: groups and queues that take turns */
	struct list_node all;  /* struct call.node */
	struct list_node dead; /* freed at the next turn: nobody frees itself in its own callback */
	struct list_node passings; /* requests under way from one side to the other */
	struct timer reaper;
	uint64_t next_key;
	size_t n;
};

enum leg_state {
	LEG_INCOMING,    /* uas: INVITE received, no final answer given */
	LEG_CALLING,     /* uac: INVITE sent, nothing or provisional answers received */
	LEG_CANCELLING,  /* uac: CANCEL sent or waiting to be; a late 2xx is ACKed and BYEd */
	LEG_ANSWERED,    /* 2xx given or received; uas: ACK still to come */
	LEG_CONFIRMED,   /* the ACK is there */
	LEG_CLOSING,     /* BYE sent, answer awaited */
	LEG_ENDED,
};

/** Who may say what in offer and answer (RFC 6337 section 2.2). */
enum leg_oa { OA_STABLE, OA_OFFERED, OA_ASKED };

/** What our own request in the dialog is about. */
enum leg_modify { MODIFY_NONE, MODIFY_OFFER, MODIFY_REFRESH };

enum leg_end_by { END_NONE, END_CALLER, END_CALLEE, END_SYSTEM };

struct leg {
	struct list_node node;         /* in call->legs */
	struct map_node dialog_node;
	struct map_node stream_node;
	struct call *call;
	uint8_t index;                 /* 0: the caller's */
	bool uac;
	bool in_dialogs, in_streams;
	enum leg_state state;
	struct dialog dlg;

	/* Transactions, borrowed. */
	struct strans *invite_st;      /* an INVITE that waits for our answer or for its ACK */
	struct ctrans *invite_ct;      /* our INVITE or re-INVITE */
	struct strans *request_st;     /* an UPDATE whose answer depends on the other side */
	bool offer_by_update;          /* pending_offer_from_peer came in it */
	struct ctrans *modify_ct;      /* our UPDATE */
	struct ctrans *probe_ct;       /* our OPTIONS: is anybody there? */
	struct ctrans *bye_ct;
	bool bye_waits;                /* uas: for the ACK */
	struct str bye_headers;

	/* What the peer can do. */
	bool peer_100rel, peer_requires_100rel, peer_timer, peer_update;
	bool invite_had_offer;         /* the INVITE being answered or sent carried one */
	bool invite_first;             /* invite_st is the dialog's first INVITE */
	uint32_t invite_cseq;          /* of the INVITE being answered or sent: for ACK, PRACK */

	/* Offer and answer. */
	enum leg_oa oa;
	struct sdp_local local;        /* our o= line and address towards this peer */
	struct str local_sdp;          /* what we said last */
	struct str remote_sdp;         /* what the peer said last */
	bool remote_is_offer;          /* remote_sdp was an offer, not the answer to ours */
	uint8_t wants;                 /* enum sdp_dir: what the peer wants where nobody holds it */
	struct str early_sdp;          /* SDP already given in an early dialog of a uas leg */
	struct str offered_sdp;        /* the peer's offer while the other leg is asked */
	struct str offering_sdp;       /* our offer on its way in the dialog */
	bool answer_in_ack;            /* delayed offer: our answer goes into the ACK */
	bool offer_withdrawn;          /* what the other leg is asked was taken back meanwhile */
	bool pending_offer_from_peer;  /* a re-INVITE or UPDATE of the peer waits for the other leg */
	enum leg_modify modify;        /* what our outstanding re-INVITE or UPDATE is for */
	uint8_t modify_retries;

	/* Early dialogs of a uac leg, by remote tag; and reliable provisionals (RFC 3262). */
	struct {
		struct str tag;
		uint32_t rseq;
	} early[LEG_MAX_EARLY];
	uint8_t n_early;
	uint32_t rseq;                 /* uas: of the last reliable provisional we sent */
	uint16_t unpracked_status;     /* uas: the one that waits for its PRACK; 0: none */
	bool prack_due;                /* uas: it may still come, even after the 200 */
	struct str unpracked_sdp;
	uint16_t queued_status;        /* uas: what is to be said after the PRACK; 0: nothing */
	struct str queued_sdp;
	bool early_sdp_sure;           /* uas: early_sdp was acknowledged by a PRACK */
	uint32_t prack_wait_ms, prack_waited_ms;
	struct timer prack_timer;

	/* Session timer (RFC 4028) and liveness. */
	uint32_t session_s;            /* 0: off */
	uint32_t min_se_s;             /* after a 422 */
	bool we_refresh;
	struct timer session_timer;
	uint64_t session_by_ms;        /* of a record that was read: when it is due, wall clock */
	bool silent;                   /* the media plane hears nothing */

	/* Media. */
	uint64_t stream;               /* 0: none */
	bool stream_live;              /* SET was sent; ENDED will come */
	bool stream_ending;            /* DESTROY was sent */
	bool locked;
	struct addr signalled;         /* the peer's address in its last description */
	struct port_lease lease;
	struct addr rtp_local;

	/* For the record. */
	uint64_t user, device;
	bool busy;                     /* its user is known to be in this call */
	struct str party;              /* extension or number of who is on it */
	struct str contact;            /* uac: where it was sent */
	uint64_t start_ms, ring_ms, answer_ms, end_ms; /* wall clock; 0: did not happen */
	uint16_t status;               /* last final SIP status of its INVITE */
	struct str codec;
	struct media_stats stats;
	bool have_stats;
};

enum call_state { CALL_ROUTING, CALL_RINGING, CALL_ANSWERED, CALL_ENDING };

/** The caller was answered by the switch, which is its other party. */
enum call_here {
	HERE_NOT,
	HERE_ECHO,
	HERE_APP,  /* the router or a service speaks to the caller: struct call_talk */
	HERE_WAIT, /* the caller waits while others are rung */
};

/** What the switch does with the caller itself: call_app.c. */
struct call_talk {
	bool collecting, barge_in;
	uint64_t plays;                /* made so far: they name the next */
	uint64_t playing;              /* what plays now; 0: nothing */
	struct call_collect want;
	char digits[CALL_MAX_DIGITS];  /* typed and not used yet */
	uint8_t n_digits;
	struct timer digit_timer;
	struct call_app app;
	struct call_room room;
};

struct call {
	struct list_node node;
	struct map_node key_node, id_node;
	struct calls *calls;
	uint64_t key;
	char id[CALL_ID_CHARS + 1];
	const struct tenant *tenant;   /* a reference: the call stays on the version it began with */
	enum call_state state;

	struct list_node legs;
	uint8_t n_legs;
	struct leg *a;                 /* the caller's */
	struct leg *b;                 /* the one that is talking or about to; NULL: none yet */
	struct call_talk talk;
	enum call_here here;           /* what the caller talks to, where that is the switch itself */

	struct str dialled;
	struct str caller_name, caller_number;
	uint64_t caller_user, caller_device;
	int32_t max_forwards;

	struct route_state route;
	struct route_decision *decision; /* the newest; NULL: none yet, or it was carried out for good */
	struct str trace_json;         /* what the router noted so far, without the brackets */
	struct str facts_json;         /* what the router was told, likewise: route/script.h */
	uint16_t best_status;          /* of the legs that failed: what the router is told */
	bool any_busy;
	uint64_t turn_of, turn;        /* the group that was asked about, and its turn for this call */
	bool located;                  /* where the users are is known in this step */
	bool ring_asked;               /* the question where users are is for a stage to ring */
	struct str best_reason;        /* Reason header of that leg */

	struct timer ring_timer, limit_timer, linger_timer;
	uint64_t ring_by_ms, limit_by_ms; /* of a record that was read: when they are due */
	uint64_t start_ms, ring_ms, answer_ms, end_ms;
	enum leg_end_by ended_by;
	uint16_t end_status;
	struct str end_reason;         /* in words */
	struct leg *early;             /* whose early media the caller hears */
	uint16_t said_status;          /* last provisional status told to the caller */
	bool rang_out;
	bool ending_legs, cdr_done, dead;
};

static inline uint64_t call_wall_ms(const struct call *c)
{
	return c->calls->a.ops->wall_ms(c->calls->a.arg);
}

/* -- legs: orders -------------------------------------------------------------------- */

struct leg *leg_new(struct call *c, bool uac);
/** A leg in no table, and its end: for records. */
struct leg *leg_new_bare(struct call *c);
void leg_free_bare(struct leg *l);
/** By Call-ID and our tag, which nobody can guess; and by both tags. NULL: none. */
struct leg *leg_find_ours(const struct calls *c, struct str call_id, struct str local_tag);
struct leg *leg_find(const struct calls *c, struct str call_id, struct str local_tag,
                     struct str remote_tag);
/** Out of every table, texts freed; for the call's end. */
void leg_free(struct leg *l);

/** The uas leg of an INVITE: reads what the peer can do. `st` is its transaction. */
void leg_take_invite(struct leg *l, struct strans *st, const struct sip_msg *m,
                     const struct flow *flow);
/** Provisional answer to the caller; `sdp` may be empty. */
void leg_progress(struct leg *l, uint16_t status, struct str reason, struct str sdp);
/**
 * 200 to the caller's INVITE with our answer (or offer). When another description was given in
 * an early dialog, the answer makes a dialog of its own, as a forking proxy's would
 * (RFC 3261 section 13.2.2.4): the first description of a dialog is final.
 */
void leg_answer(struct leg *l, struct str sdp);
/** A final refusal of the caller's INVITE. `headers`: whole lines (Reason, ...) or empty. */
void leg_refuse(struct leg *l, uint16_t status, struct str reason, struct str headers);

struct leg_invite_args {
	struct call_target target;
	struct str from;  /* From value */
	struct str to;    /* To value */
	struct str sdp;   /* our offer; empty: a delayed offer */
	uint32_t max_forwards;
};
must_check int leg_invite(struct leg *l, const struct leg_invite_args *args);
/** Give up an INVITE that is not answered, with a Reason line or none. */
void leg_cancel(struct leg *l, struct str headers);
/** An ACK to a 2xx, whole: a transaction of its own (RFC 3261 section 13.2.2.4). */
void leg_put_ack(struct leg *l, const struct dialog *d, uint32_t cseq, struct str sdp,
                 struct buf *b);
/** The ACK to the 2xx of a delayed offer carries our answer. */
void leg_ack_with(struct leg *l, struct str sdp);

/**
 * An offer of ours in the dialog: by UPDATE where that is wanted and the peer can, else by
 * re-INVITE. EBUSY: another offer is on its way (491).
 */
must_check int leg_offer(struct leg *l, struct str sdp, bool by_update);
/** A re-INVITE of ours with a description; `what` says why. EBUSY. */
must_check int leg_reinvite(struct leg *l, struct str sdp, enum leg_modify what);
/** The answer to the peer's offer (its re-INVITE or UPDATE), or its refusal. */
void leg_accept_offer(struct leg *l, struct str sdp);
void leg_refuse_offer(struct leg *l, uint16_t status, struct str headers);
/** The peer took its offer back, or waits no more: refused, and the call is told. */
void leg_withdraw_offer(struct leg *l);
/** Take an offer of ours back, where it went in a re-INVITE. It may be answered all the same. */
void leg_cancel_offer(struct leg *l);
/** Ask the peer whether it is still there. */
void leg_probe(struct leg *l);
void leg_arm_session(struct leg *l);
/** What the answer to an offer of ours (or to a `refresh`) means for the session timer. */
void leg_refresh_answered(struct leg *l, uint16_t status, bool refresh);

/** End it in whatever state it is; `status` for a caller who still waits, `headers`: Reason line. */
void leg_end(struct leg *l, uint16_t status, struct str reason, struct str headers);
/** The ACK is here or will not come: a BYE that waited for it goes now. False: none did. */
bool leg_bye_that_waited(struct leg *l);
/** It is over: called by the leg's own files. Tells the call. */
void leg_ended(struct leg *l);
static inline bool leg_is_over(const struct leg *l)
{
	return l->state == LEG_ENDED;
}

/** Requests in the dialog. True: taken care of. */
void leg_request(struct leg *l, struct strans *st, const struct sip_msg *m, const struct flow *flow);
void leg_ack(struct leg *l, const struct sip_msg *m);
void leg_on_prack(struct leg *l, struct strans *st, const struct sip_msg *m);
void leg_send_prack(struct leg *l, const struct sip_msg *m, uint32_t rseq);
void leg_stop_prack(struct leg *l);
/** A re-INVITE or UPDATE from the peer. */
void leg_on_modify(struct leg *l, struct strans *st, const struct sip_msg *m);
/** Put it into the table that requests in a dialog are found by. */
void leg_register_dialog(struct leg *l);
/** Contact, Allow, Supported lines for a dialog-making message on this leg. */
void leg_put_contact(struct leg *l, struct buf *b);
/** Session-Expires for a 2xx to `m`'s request, and our part of it; 422 answered: false. */
bool leg_session_from_request(struct leg *l, struct strans *st, const struct sip_msg *m);
void leg_put_session(struct leg *l, struct buf *b, bool response);
void leg_session_from_response(struct leg *l, const struct sip_msg *m);
/** A request of ours in the dialog; the CSeq is raised. NULL on failure. */
struct ctrans *leg_send(struct leg *l, enum sip_method method, struct str headers, struct str type,
                        struct str body, ctrans_fn *fn, void *user);
/** Send a request of the other side on (INFO, MESSAGE) and answer it with what comes back. */
void leg_pass_request(struct leg *to, struct strans *st, const struct sip_msg *m);
/** For a stop: what joined the transactions is freed, and they are not told. */
void calls_drop_passings(struct calls *cs);
void leg_learn(struct leg *l, const struct sip_msg *m); /* Allow, Supported */

/** A copy of a command to the media thread of the call; the shard is set here. */
void call_post_media(struct call *c, const struct media_cmd *cmd);

/* -- legs: media --------------------------------------------------------------------- */

/** Lease a local port for the peer on this flow (and its description, when known). */
must_check int leg_take_port(struct leg *l, struct str remote_sdp);
/** Parse the peer's description in `a`; NULL when it is none. */
struct sdp *leg_parse_sdp(struct arena *a, struct str text);
/** Tell the media plane what a leg is now (addresses, sink, hold): one that hears itself, */
void leg_set_echo(struct leg *l);
/** one that hears what the switch plays, alone or in a room, */
void leg_set_alone(struct leg *l, const struct call_room *room);
/** and two that hear each other. */
void leg_join_media(struct leg *x, struct leg *y);
void leg_drop_media(struct leg *l);
/** What the peer says now, in an offer of its own or in the answer to ours. */
void leg_set_remote(struct leg *l, struct str sdp, bool offer);
/** The line that carries the audio, as sdp_relay_offer chooses it; NULL: none. */
const struct sdp_media *leg_line(const struct sdp *s);
/** RTCP on the RTP port: said to a peer only while its last offer says it (RFC 5761 section 5.1). */
void leg_note_mux(struct leg *l, const struct sdp *offer);
/** Does the peer's offer hold a line that can be served? */
bool leg_offer_usable(const struct leg *l);
void leg_note_codec(struct leg *l, const struct sdp_media *m);

/* -- the call: what happens on its legs ---------------------------------------------- */

void call_on_progress(struct leg *l, uint16_t status, struct str reason, struct str sdp);
void call_on_answer(struct leg *l, struct str sdp);
/** Final refusal, time-out (408) or a broken way (480). `reason_hdr`: the Reason header's value. */
void call_on_refused(struct leg *l, uint16_t status, struct str reason_hdr);
void call_on_confirmed(struct leg *l, struct str sdp);
/** The peer's offer in the dialog (empty: it wants ours). */
void call_on_offer(struct leg *l, struct str sdp);
/** The peer took back the offer that the other leg is asked about. */
void call_on_offer_withdrawn(struct leg *l);
/** The peer's answer to our leg_offer; `status` 2xx with sdp, or why not. */
void call_on_offer_answered(struct leg *l, uint16_t status, struct str sdp, struct str headers);
/** The peer's answer to a description that we only repeated. */
void call_on_refreshed(struct leg *l, struct str sdp);
void call_on_bye(struct leg *l, struct str reason_hdr);
/** The leg is lost without a BYE: no ACK, a dead peer, a 481. */
void call_on_lost(struct leg *l, const char *why);
void call_on_leg_over(struct leg *l);
/** The peer's request that only concerns the two ends: INFO, MESSAGE in the dialog. */
void call_on_passing_request(struct leg *l, struct strans *st, const struct sip_msg *m);

void call_end(struct call *c, enum leg_end_by by, uint16_t status, const char *why,
              struct str reason_hdr);
void call_save(struct call *c);
/** Two talk: the router is not asked again. */
void call_forget_decision(struct call *c);
/** One step of the router, and what it decided. */
void call_route_step(struct call *c, struct route_facts *f);
void call_route_failed(struct call *c, enum route_event event);
void call_on_ring_timer(struct timer *t, void *arg);
void call_on_limit(struct timer *t, void *arg);
/** The 200 to the caller, with the call's record written before. */
void call_answer_caller(struct call *c, struct str sdp);
/* call_here.c */
/** Answer the caller from our own codecs; the call ends where its offer has none of them. */
void call_answer_here(struct call *c, enum call_here what);
void here_on_confirmed(struct leg *l, struct str sdp);
void here_on_offer(struct leg *l, struct str sdp);
/** An INFO of the caller: it may be a digit. */
void here_on_request(struct call *c, const struct sip_msg *m);
/** Tell the media plane what the caller hears now. */
void here_set_media(struct call *c);
/* call_app.c */
/** Answer the caller where that was not done, then carry the decision out. */
void talk_begin(struct call *c);
/** The caller can hear. */
void talk_carry_out(struct call *c);
void talk_end(struct call *c);
/** The caller hears that it rings somewhere. */
void talk_wait(struct call *c);
void talk_play(struct call *c, const struct call_sound *s);
void talk_quiet(struct call *c);
void talk_collect(struct call *c, const struct call_collect *want, const struct call_sound *s);
void talk_on_digit(struct call *c, char digit);
void talk_on_played(struct call *c, const struct media_event *ev);
void talk_on_talking(struct call *c, const struct media_event *ev);
/** Was the caller answered already? It is told of a refusal by a BYE then, and of ringing by sound. */
static inline bool caller_answered(const struct call *c)
{
	return c->a->state != LEG_INCOMING;
}
/** Every leg but `keep` that is still ringing is given up; `reason_hdr`: a Reason value or empty. */
void call_cancel_others(struct call *c, const struct leg *keep, struct str reason_hdr);
/** The user of the leg is in the call, or no more: whoever asks for presence learns it. */
void call_set_busy(struct leg *l, bool busy);
struct leg *call_other(struct call *c, const struct leg *l);
void call_free(struct call *c);
/** What is left when it is in no table and has no legs. */
void call_free_bare(struct call *c);
/** An empty call that is in no table: what a record is read into. */
struct call *call_new_bare(void);
struct call *call_alloc(struct calls *calls);
/** The number of calls that the group or queue had before on this shard; counts this one. */
uint64_t calls_take_turn(struct calls *cs, uint64_t tenant, uint64_t object);
struct call *call_by_key(const struct calls *calls, uint64_t key);

/** The call detail record as JSON (doc/cdr.md). */
void call_put_cdr(const struct call *c, struct buf *out);
