// SPDX-License-Identifier: Apache-2.0
/**
 * Calls: legs, the decisions of the routing engine carried out on them, media, and one call
 * detail record for each interaction.
 *
 * Thread:   one `struct calls` for each shard; everything of a call happens on its shard's loop.
 * Lifetime: call_incoming -> routing -> ringing -> answered -> ending -> freed, when the record is
 *           handed to the spool and the last leg has ended. Others refer to a call by its key
 *           (a number) or id (a text), never by pointer.
 *
 * The world is reached through `struct call_ops` alone, so that a call runs in a test as in
 * the daemon. A call can be written as a record and read back (call/record.h).
 */
#pragma once

#include "base/hash.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/rng.h"
#include "base/timer.h"
#include "media/media.h"
#include "media/ports.h"
#include "route/route.h"
#include "sip/stack.h"
#include "sip/transaction.h"
#include "tenant/snapshot.h"

struct calls;

/** One way to a device: a binding of the registrar, copied for the call. */
struct call_target {
	uint64_t user, device;
	struct flow flow;
	struct str contact; /* URI: the Request-URI of the INVITE */
	struct str routes;  /* Path of the registration as Route values, or empty */
};

enum { CALL_MAX_DIGITS = 32, CALL_APP_BYTES = 160 };

/** What a caller is to hear. Slices are borrowed for the call of the function. */
struct call_sound {
	const struct flow_item *items;
	size_t n;
	struct str language;
	uint32_t loops;   /* 0: until it is stopped */
	bool barge_in;    /* a digit ends it */
};

/** How a play or the wait for digits ended. */
enum call_how {
	CALL_HOW_DONE,    /* all was played; enough digits */
	CALL_HOW_KEY,     /* a digit ended the play; a terminating key the digits */
	CALL_HOW_TIMEOUT, /* no (further) digit came */
	CALL_HOW_FAILED,
	CALL_HOW_STOPPED,
};

/** Digits that are waited for. All times in ms. */
struct call_collect {
	uint8_t min, max;      /* 1 to CALL_MAX_DIGITS */
	char end[5];           /* keys that end it and do not belong to it; NUL-ended */
	uint32_t first_ms;     /* for the first, counted from the end of what plays */
	uint32_t between_ms;   /* for each further one */
};

enum call_app_what {
	CALL_APP_PLAYED,   /* how */
	CALL_APP_DIGITS,   /* digits, how */
	CALL_APP_TALKING,  /* talking: the caller began or ceased to talk (in a room) */
	CALL_APP_OVER,     /* the caller is gone, or the call goes elsewhere: the last event */
};

struct call_app_event {
	enum call_app_what what;
	enum call_how how;
	struct str digits;
	bool talking;
};

/** A service's own state of a call: bytes that mean something to the service alone. */
struct call_app {
	uint8_t service; /* 0: none has the call */
	uint8_t n;
	uint8_t bytes[CALL_APP_BYTES];
};

struct call_settings {
	uint32_t ring_ms;              /* a called user rings this long */
	uint32_t max_call_ms;          /* an answered call is ended after this; 0: never */
	uint32_t session_expires_s, min_se_s; /* RFC 4028 */
	uint32_t silence_ms;           /* no RTP for this long: ask the peer whether it is there */
	size_t max_calls;
	size_t max_branches;           /* contacts that one call rings at a time; 0: no limit */
	uint32_t prack_give_up_ms;     /* 64*T1 */
};

struct call_ops {
	uint64_t (*wall_ms)(void *arg);
	/** Presence of users: answered by calls_located, now or later. */
	void (*locate)(void *arg, uint64_t call, const struct tenant *t, const uint64_t *users,
	               size_t n);
	/** A user's part in a call begins; it ends at `ended_ms` (wall clock) when that is not 0. */
	void (*busy)(void *arg, const struct tenant *t, uint64_t user, uint64_t ended_ms);
	/** A Call-ID of ours, made so that its messages come to this shard. At most 63 characters. */
	struct str (*make_call_id)(void *arg, char out[64]);
	/** Our Contact URI on a flow, e.g. "sip:192.0.2.1:5060;transport=tcp". */
	void (*contact)(void *arg, const struct flow *flow, struct buf *out);
	/**
	 * Media towards a peer on this flow (ports 0): the address it is told to send to, and the
	 * one of this machine that is behind it (another one behind a 1:1 NAT).
	 */
	void (*rtp_address)(void *arg, const struct flow *flow, struct addr *told,
	                    struct addr *own);
	/** A command for the media thread of this call; takes `cmd` over. */
	void (*media)(void *arg, uint64_t call, struct media_cmd *cmd);
	struct port_pool *(*ports)(void *arg, uint64_t call);
	/**
	 * Play to the caller on `stream` as the play `play`. When nothing can be played,
	 * calls_sound_failed, now or later. The stream's MEDIA_EV_PLAYED ends it.
	 */
	void (*sound)(void *arg, uint64_t call, uint64_t stream, uint64_t play,
	              const struct tenant *t, const struct call_sound *s);
	/**
	 * A service is to carry out what was decided. It goes on through call/app.h and may do so
	 * at once. Events come until CALL_APP_OVER, or until it says calls_app_done.
	 */
	void (*app_begin)(void *arg, uint64_t call, const struct tenant *t,
	                  const struct route_decision *d);
	void (*app_event)(void *arg, uint64_t call, const struct tenant *t,
	                  const struct call_app_event *ev);
	/** The live record of a call: written, and removed together with its CDR. */
	void (*save)(void *arg, uint64_t tenant, struct str id, struct str record);
	void (*cdr)(void *arg, uint64_t tenant, struct str id, uint64_t start_ms, struct str json);
};

struct calls_args {
	struct sip_stack *sip;
	struct timer_wheel *wheel;
	struct rng *rng;
	const struct log *log;
	struct metrics *metrics;
	struct hash_key hash_key;
	uint16_t shard;
	struct call_settings settings;
	const struct call_ops *ops;
	void *arg;
};

must_check int calls_new(struct calls **out, const struct calls_args *args);
/** All calls must have ended or are dropped without a word; see calls_end_all. */
void calls_free(struct calls *c);

/**
 * A new INVITE, authenticated: `device` belongs to `t`. Answers `st` now or later.
 */
void call_incoming(struct calls *c, struct strans *st, const struct sip_msg *invite,
                   const struct flow *flow, const struct tenant *t, const struct device *device);

/** A request within a dialog. False: no dialog of ours (the caller answers 481). */
bool calls_request(struct calls *c, struct strans *st, const struct sip_msg *m,
                   const struct flow *flow);
/** An ACK to a 2xx; one that belongs nowhere is ignored. */
void calls_ack(struct calls *c, const struct sip_msg *m, const struct flow *flow);
/** A 2xx to an INVITE of ours that matches no transaction any more. */
void calls_stray_answer(struct calls *c, const struct sip_msg *m);
void calls_cancel(struct calls *c, struct strans *st, const struct sip_msg *m);

/** The answer to ops->locate. `targets` are borrowed; `presence` says what the router wants to know. */
void calls_located(struct calls *c, uint64_t call, const struct route_presence *presence,
                   size_t n_presence, const struct call_target *targets, size_t n_targets);

/** A sound that ops->sound was asked for cannot be played. */
void calls_sound_failed(struct calls *c, uint64_t call, uint64_t play);

/** An event of the media plane for a stream of ours; `ev` is borrowed. */
void calls_media_event(struct calls *c, const struct media_event *ev);

/** End a call by id; false when there is none (of this tenant; 0: any). */
bool calls_hangup(struct calls *c, uint64_t tenant, struct str id);
/** End all calls, for a stop. */
void calls_end_all(struct calls *c);
/** Calls that are not freed yet. */
size_t calls_count(const struct calls *c);

/** One JSON object a call, comma separated, of one tenant (0: all). */
void calls_put_json(const struct calls *c, uint64_t tenant, struct buf *out);
