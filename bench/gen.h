// SPDX-License-Identifier: Apache-2.0
/**
 * The generator's parts: one thread, two sockets (callers and callees), messages rendered
 * from templates that were compiled once, replies scanned for the few headers that matter.
 *
 * Units: a register run's unit is a user, a call run's is a pair of users (2k calls 2k+1).
 * A user's number stands in its Contact, a unit's in its Call-ID, so nothing is looked up.
 */
#pragma once

#include <netinet/in.h>

#include "base/str.h"

enum { CALLERS, CALLEES, SOCKETS };

enum gen_method { GEN_OTHER, GEN_REGISTER, GEN_INVITE, GEN_ACK, GEN_BYE };

struct options {
	const char *mode; /* register, call, hold */
	uint32_t users, per_tenant, window;
	double rate, warm_s, seconds;
	uint32_t hold_ms;
	uint32_t waves, expires_s;
	uint32_t strangers; /* nobody registers, and nobody is challenged */
	uint32_t rtp; /* packets each way, as soon as a call is up */
	struct sockaddr_in server;
	uint16_t port; /* of the callers; the callees have the next one */
};

/* -- gen_net.c ------------------------------------------------------------------------ */

struct net;
typedef void net_fn(int sock, struct str bytes, void *arg);

struct net *net_open(const struct sockaddr_in *server, uint16_t first_port);
/** Room for one datagram of at most `NET_ROOM` bytes, to be sent by net_push. */
enum { NET_ROOM = 4096 };
char *net_room(struct net *n, int sock);
void net_push(struct net *n, int sock, size_t bytes);
void net_flush(struct net *n);
/** Everything that has come; true if anything did. */
bool net_poll(struct net *n, net_fn *fn, void *arg);

/* -- gen_text.c ----------------------------------------------------------------------- */

/** What a template may name, as {name}. */
enum text_field {
	F_USER, F_DOMAIN, F_PEER, F_NUMBER, F_PORT, F_CALL_ID, F_TAG, F_BRANCH, F_CSEQ,
	F_NONCE, F_RESPONSE, F_TO, F_TARGET, F_ROUTE, F_MEDIA, F_EXPIRES, TEXT_FIELDS
};

struct template;
/** Dies on an unknown field: templates are ours. */
struct template *template_new(const char *text);
size_t template_render(const struct template *t, const struct str v[TEXT_FIELDS], char *out);

enum { SCAN_LINES = 48 };

struct line {
	struct str text; /* without the end of line */
	struct str value;
	/* 'v'ia, 'r'ecord-route, 'f'rom, 't'o, 'i' Call-ID, 's' CSeq, 'm' Contact, 'a' challenge,
	 * 'y' Retry-After */
	char kind;
};

struct scan {
	struct str bytes; /* the message */
	unsigned status; /* 0: a request */
	enum gen_method method;
	struct str ruri;
	struct line lines[SCAN_LINES];
	unsigned n;
};

/** False: no SIP message that we would know. */
bool scan_message(struct scan *s, struct str bytes);
struct str scan_value(const struct scan *s, char kind);
/** The quoted or plain parameter behind `name=`. */
struct str scan_param(struct str value, const char *name);
/** Response to a request: status line and the lines that go back; `tag` is added to To. */
size_t put_response(const struct scan *s, char *out, struct str status_line, struct str tag,
                    struct str rest);

size_t put_dec(char *out, uint32_t v);
size_t put_hex(char *out, uint64_t v, unsigned digits);
uint32_t get_dec(struct str s);
uint32_t get_hex(struct str s);

/* -- gen_users.c ---------------------------------------------------------------------- */

struct user {
	char name[8], domain[24];
	uint8_t name_n, domain_n;
	char ha1[32];
};

struct user *users_new(const struct options *o);
/** The response of digest authentication with qop=auth, nc 1 and our cnonce. */
void user_response(const struct user *u, struct str method, struct str uri, struct str nonce,
                   char out[32]);

/* -- gen_stats.c ---------------------------------------------------------------------- */

struct stats {
	uint64_t begun, done, failed, again, strays;
	uint64_t refused; /* 503 with Retry-After */
	uint64_t rtp_sent, rtp_heard;
	uint32_t *setup_us;
	size_t n, cap;
	bool counting;
};

/** A final answer that is not the one hoped for. */
void stats_fail(struct stats *s, const struct scan *answer);
void stats_done(struct stats *s, uint64_t setup_us);
void stats_print(struct stats *s, const struct options *o, double seconds);

/* -- gen_rtp.c ------------------------------------------------------------------------ */

struct gen;
/** The port that a user's description names. */
uint16_t rtp_user_port(uint32_t user);
/** A socket for each user; dies without. */
void rtp_open(const struct gen *g);
/** Of the first m line; 0: none. */
uint16_t rtp_port_in(struct str message);
/** What options say, all at once, to a port of the relay. */
void rtp_send(struct gen *g, uint32_t user, uint16_t to);
/** Count what came for `user`. */
void rtp_count(struct gen *g, uint32_t user);

/* -- the runs ------------------------------------------------------------------------- */

struct gen {
	struct options o;
	struct net *net;
	struct user *users;
	struct stats stats;
	uint64_t now_us;
	uint32_t outstanding; /* units that are between their first message and their last */
	uint32_t up;          /* calls that are answered and not yet ended */
	uint32_t branch;      /* the last one used */
	uint32_t expires_s;   /* of a REGISTER; 0: unregister */
	bool ending;          /* calls that are up end now */
	char run[9];          /* of this process: Call-IDs of two runs differ */
};

struct run_ops {
	uint32_t units;
	/** Begin this unit; it is idle. */
	void (*begin)(struct gen *g, uint32_t unit);
	void (*on_message)(struct gen *g, int sock, const struct scan *s);
	/** Nothing came for RETRY_US since watch(): send again or give up. */
	void (*on_late)(struct gen *g, uint32_t unit, uint32_t step);
	bool (*idle)(const struct gen *g, uint32_t unit);
	/** Timed work of the run itself (calls to be ended); may be NULL. */
	void (*tick)(struct gen *g);
};

enum { RETRY_US = 500000, RETRIES = 8 };

/** Call on_late with `step` unless the unit has gone on meanwhile; on_late decides that. */
void watch(struct gen *g, uint32_t unit, uint32_t step);

const struct run_ops *register_run(struct gen *g);
const struct run_ops *call_run(struct gen *g);
