// SPDX-License-Identifier: Apache-2.0
/**
 * One signalling shard: a SIP stack, a registrar, calls, and the rules that hand each
 * message to one of them. All of a dialog's messages and all of a user's registrations come to
 * the same shard; what belongs to another is sent on.
 *
 * Thread:   one shard, one thread: every function here is called on it.
 * Lifetime: shard_new -> shard_input* / shard_mail* -> shard_stop -> shard_free.
 *
 * The world is reached through `struct shard_ops`: in the daemon these are sockets, mailboxes
 * and the store (app/shards.c), in a test or the simulator whatever it likes.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "border/overload.h"
#include "call/call.h"
#include "ev/mailbox.h"
#include "service/registrar.h"

struct shard;
struct prompts;

enum shard_mail_kind {
	SHARD_SIP,       /* a message that belongs to this shard, whole */
	SHARD_LOCATE,    /* where are these users? */
	SHARD_LOCATED,   /* the answer */
	SHARD_BUSY,      /* a user's part in a call begins or ends */
	SHARD_MEDIA,     /* an event of the media plane */
	SHARD_CONFIG,    /* the next directory */
	SHARD_QUERY,     /* a question of the control thread */
	SHARD_FLOW_LOST, /* a connection is gone */
	SHARD_STOP,      /* end all calls */
	SHARD_MAIL_KINDS /* the transport's own kinds begin here */
};

enum { SHARD_MAX_TARGETS = 64, SHARD_MAX_USERS = ROUTE_MAX_TARGETS };

/** Who asked where users are. */
struct locate_for {
	bool message; /* a MESSAGE of service/message.h; else a call */
	uint64_t key;
	uint16_t shard;
	uint32_t gather; /* the question went to several shards: service/locate.h; 0: to one */
};

struct mail_sip {
	struct mail mail;
	struct flow flow;
	uint64_t came_ms; /* to the shard that read it, by the clock of the timer wheels */
	size_t n;
	char bytes[];
};

struct mail_locate {
	struct mail mail;
	struct locate_for who;
	uint64_t tenant;
	size_t n;
	uint64_t users[SHARD_MAX_USERS];
};

/** One block: the arrays and texts lie behind the struct. */
struct mail_located {
	struct mail mail;
	struct locate_for who;
	size_t n_presence, n_targets;
	struct route_presence *presence;
	struct call_target *targets;
	max_align_t room[];
};

struct mail_busy {
	struct mail mail;
	uint64_t tenant, user;
	uint64_t ended_ms; /* 0: it begins */
};

struct mail_config {
	struct mail mail;
	const struct directory *directory; /* a reference */
};

struct mail_flow {
	struct mail mail;
	struct flow flow;
	int err;
};

enum shard_query_kind {
	SHARD_Q_REGISTRATIONS, SHARD_Q_CALLS, SHARD_Q_HANGUP, SHARD_Q_PRESENCE, SHARD_Q_STATUS,
};

struct mail_query {
	struct mail mail;
	enum shard_query_kind what;
	uint64_t tenant;
	uint64_t serial;   /* the asker's */
	char id[64];
	json_t *result;    /* the shard's answer: an array */
};

struct shard_ops {
	uint64_t (*wall_ms)(void *arg);
	void (*send)(void *arg, const struct flow *flow, struct str bytes);
	/** The address and port a peer on this flow should use for us. */
	void (*sent_by)(void *arg, const struct flow *flow, struct addr *out);
	/** As in struct call_ops. */
	void (*rtp_address)(void *arg, const struct flow *flow, struct addr *told,
	                    struct addr *own);
	/** Take `m` over, for another shard (or this one: it comes back through shard_mail). */
	void (*post)(void *arg, uint16_t shard, struct mail *m);
	void (*media)(void *arg, size_t thread, struct media_cmd *cmd);
	/** A query is answered: takes it over, back to who asked. */
	void (*answer)(void *arg, struct mail_query *q);
	void (*save_binding)(void *arg, uint64_t tenant, struct str key, struct str value);
	void (*save_call)(void *arg, uint64_t tenant, struct str id, struct str record);
	void (*cdr)(void *arg, uint64_t tenant, struct str id, uint64_t start_ms, struct str json);
	/* optional */
	/**
	 * How long the message that is handed to shard_input or shard_mail may have waited because this
	 * thread had more to do before it; 0 when it is up with what comes.
	 */
	uint64_t (*lag_ms)(void *arg);
};

struct shard_args {
	uint16_t index, n_shards;
	struct timer_wheel *wheel;
	struct rng *rng;
	const struct log *log;
	struct metrics *metrics;
	struct hash_key hash_key;
	struct nonce_secret nonce_secret;
	struct str realm, server;
	struct sip_timers timers;
	struct sip_limits limits;
	size_t max_transactions;
	struct overload_settings overload;
	uint32_t nonce_age_s;
	size_t max_nonces;
	struct registrar_settings registrar;
	struct call_settings calls;
	size_t media_threads;
	const struct prompts *prompts; /* borrowed; NULL: none */
	/** RTP ports of this shard on media thread i: first + i * per_thread ... */
	uint16_t rtp_first;
	size_t rtp_pairs_per_thread, rtp_pairs_initial;
	const struct directory *directory; /* a reference is taken */
	const struct shard_ops *ops;
	void *arg;
};

must_check int shard_new(struct shard **out, const struct shard_args *args);
void shard_free(struct shard *s);

/**
 * One whole SIP message that arrived on this thread: handled here, or posted to the shard
 * it belongs to.
 */
void shard_input(struct shard *s, struct str bytes, const struct flow *flow);
/** A message from a mailbox. Takes it over. */
void shard_mail(struct shard *s, struct mail *m);
/** Frees a message that nobody will handle any more. */
void shard_mail_drop(struct mail *m);

/** A stored binding of one of this shard's users, at start. E_MALFORMED, E_STALE. */
must_check int shard_restore_binding(struct shard *s, uint64_t tenant, struct str value);

/** End all calls; shard_idle says when their last words are spoken. */
void shard_stop(struct shard *s);
bool shard_idle(const struct shard *s);

/** Which shard keeps a user's registrations. */
uint16_t shard_of_user(uint64_t tenant, uint64_t user, uint16_t n_shards);

/* What service/message.c needs of its shard. */
struct messages;
struct sip_stack *shard_sip(struct shard *s);
const struct shard_args *shard_args_of(const struct shard *s);
void shard_locate(struct shard *s, const struct locate_for *who, const struct tenant *t,
                  const uint64_t *users, size_t n);
struct str shard_make_call_id(void *arg, char out[64]);
/** A command to the media thread of a call; takes it over. */
void shard_media(struct shard *s, uint64_t call, struct media_cmd *cmd);
void shard_contact(void *arg, const struct flow *flow, struct buf *out);
