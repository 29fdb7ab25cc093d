// SPDX-License-Identifier: Apache-2.0
/**
 * The whole switch and its phones on one virtual clock: doc/simulator.md.
 *
 * Everything that happens follows from the seed: there is no real clock, no thread, and nothing
 * is ordered by an address. One `struct sim` is one run.
 *
 *     main.c    arguments, seeds, shrinking        act.c    what happens at each step
 *     switch.c  shards, their mail, kill           phone.c  a phone's transactions, registration
 *     disk.c    the store, late, full or torn      talk.c   its calls
 *     media.c   the scripted media plane           check.c  what must be true
 *     net.c     packets                            tcp.c    streams
 *     config.c  the operator                       text.c   a phone's messages
 *     swap.c    calls that go on from their records
 */
#pragma once

#include <jansson.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/rng.h"
#include "service/shard.h"
#include "tenant_make.h"

enum { MAX_PHONES = 48, MAX_SHARDS = 4, MAX_NODES = 4, TENANTS = 3 };
enum { TRAIL = 80, SIDE_BUCKETS = 1024, REG_PAST = 8, TEXTS = 1024, VERSIONS = 256 };
enum { START_MS = 1000000, MAIL_MS = 25, T1_MS = 500, GIVE_UP_MS = 64 * T1_MS };

struct sim;
struct phone;

struct sim_args {
	uint64_t seed;
	unsigned steps, phones, shards, nodes;
	uint64_t until_ms;   /* 0: `steps` counts */
	const uint8_t *skip; /* steps that do nothing, by index; NULL: none */
	bool loud;
};

/* -- what one phone saw of one call -------------------------------------------------- */

/** One phone's end of a call; kept until its detail record was compared with it. */
struct side {
	struct side *next; /* in its bucket */
	struct list_node node;
	char call_id[80];
	struct phone *phone;
	struct node *at;
	bool caller;
	bool over;          /* the phone is done with it */
	bool disturbed;     /* it vanished or moved: what it saw proves nothing */
	bool killed;        /* the switch was killed meanwhile */
	bool odd;           /* it answered against the rules */
	bool began;         /* caller: the switch took the call */
	bool cancelled;
	bool seen;          /* its record was compared */
	unsigned status;    /* final answer to the INVITE, given or received; 0: none */
	unsigned cdrs;
	uint64_t last_life, recovered_in; /* of the switch, that wrote a record of it */
	uint64_t start_ms, over_ms, bye_sent_ms, bye_at_switch_ms, bye_got_ms, acked_ms;
	unsigned heard, told; /* caller: INVITEs that reached the switch, answers it gave */
};

/* -- phones -------------------------------------------------------------------------- */

struct ctx {                  /* client transaction */
	struct list_node node;
	struct phone *p;
	struct sess *s;       /* NULL: REGISTER, or the session is gone */
	enum sip_method method;
	char branch[40];
	uint32_t cseq;
	char *bytes;
	size_t n;
	bool proceeding, done, told; /* told: of a text, what the final answer means was done */
	uint32_t wait_ms;
	struct timer again, end;
};

struct srv {                  /* server transaction */
	struct list_node node;
	struct phone *p;
	char branch[96];
	enum sip_method method;
	uint32_t cseq;
	char *request, *reply;
	size_t request_n, reply_n;
	unsigned status;
	bool repeat;          /* the reply is sent again until its ACK or PRACK */
	uint32_t wait_ms, waited_ms;
	struct timer again, end;
};

enum sess_state { SESS_TRYING, SESS_EARLY, SESS_UP, SESS_BYE, SESS_OVER };

struct sess {                 /* a call at a phone */
	struct list_node node;
	struct phone *p;
	struct side *side;
	bool uac;
	enum sess_state state;
	char call_id[80], local_tag[24], remote_tag[64], target[256];
	char local[160], remote[160]; /* URIs */
	uint32_t cseq, invite_cseq;
	char invite_via[160], ruri[160];
	uint32_t remote_cseq;
	char remote_branch[96];
	uint64_t outlaw; /* it had no account since then, when it called; 0: it had */
	bool authed, want_cancel, cancel_sent, hold, offering, stubborn, disowned;
	struct srv *invite_srv;
	unsigned plan, stage; /* status to answer with; how far it is */
	uint32_t rseq, last_rseq;
	struct timer plan_timer, hangup, refresh;
};

struct reg_span {
	uint64_t from_ms, until_ms;
	const struct node *at;
};

struct phone {
	struct sim *sim;
	struct node *home;    /* the switch it is registered at */
	unsigned index, tenant;
	char extension[16], username[16], password[32], domain[24];
	struct addr addr;
	char contact[112];
	bool on, prack, timers, instance, fixed_contact, tcp;
	struct tcp_conn *line, *answering; /* its stream; the one a message has just come by */
	unsigned lines, pings;
	uint64_t reg_line;
	bool account;         /* the operator has not taken it away */
	uint64_t config_ms;   /* when that was changed; 0: never */
	unsigned reg_tries, text_serial;
	struct rng rng;
	struct list_node ctxs, srvs, sesss;
	uint32_t reg_cseq, nc, serial, sdp_version;
	uint32_t want_expires;
	char challenge[512];
	bool reg_authed;
	uint64_t reg_sent_ms, back_ms;
	struct reg_span reg, past[REG_PAST]; /* when a call must find it */
	unsigned n_past;
	struct timer register_timer;
};

struct text {             /* a MESSAGE */
	unsigned serial, cseq;
	struct phone *from;
	struct node *at;
	char to[64];
	uint64_t sent_ms, came; /* to which phones */
	bool done, took;
};

/* -- configuration ------------------------------------------------------------------- */

struct person {
	bool gone, moved, second_gone;
	unsigned password[2]; /* how often it was changed */
};

/* -- switches ------------------------------------------------------------------------ */

/** A shard of a node. */
struct seat {
	struct node *node;
	uint16_t index;
	struct shard *shard;
	struct timer_wheel wheel;
	struct rng rng;
	struct metrics metrics;
	struct loop *loop;
	struct links *links;
};

/** One switch: a process of its own with its shards, media, disk. It knows nothing of others. */
struct node {
	struct sim *sim;
	unsigned index;
	struct addr addr;
	struct seat seats[MAX_SHARDS];
	bool dying;
	uint64_t kills, last_kill_ms, last_swap_ms;
	const struct directory *directory;
	uint64_t mail_due[MAX_SHARDS + 1][MAX_SHARDS];
	struct list_node mail, streams;
	struct store *store;
	char dir[64];
	unsigned life;        /* of the store: a directory each */
	struct list_node writes, last, kept; /* posted; of the last turn; records on the disk */
	uint64_t torn_from;   /* where in the log the last turn began */
	struct timer commit_timer;
	unsigned disk_ms;
	bool disk_full;
	json_t *answer;
};

struct weather {
	unsigned lose, twice, slow; /* of 1000 packets */
};

struct sim {
	struct sim_args a;
	struct timer_wheel wheel; /* of all but the shards */
	struct rng net, dice;     /* dice: of the present step */
	struct log log;
	const struct tenant *tenants[TENANTS], *buried[TENANTS]; /* that were before them */
	bool tenant_gone[TENANTS];
	struct tenant_rows rows[TENANTS];
	struct person people[TENANTS][MAX_PHONES / TENANTS / 2];
	uint64_t version_ms[TENANTS][VERSIONS];
	uint64_t configs;
	const struct directory *directory;
	struct node nodes[MAX_NODES];
	struct list_node packets, streams, cdrs;
	uint64_t stream_ids, dialled, disk_failures, torn, swapped, named;
	struct weather weather;
	struct phone phones[MAX_PHONES];
	struct side *buckets[SIDE_BUCKETS];
	struct list_node sides;
	struct text texts[TEXTS];
	unsigned n_texts;
	uint64_t texts_done;
	uint64_t kills, calls, answered, records, checked, packets_n, lost, registers, found, step;
	bool calm;            /* nobody begins or ends anything */
	char trail[TRAIL][200];
	unsigned n_trail;
};

_Noreturn void sim_fail(struct sim *s, const char *fmt, ...) printf_like(2, 3);
void sim_note(struct sim *s, const char *fmt, ...) printf_like(2, 3);
void sim_print_trail(const struct sim *s);
/** Let time pass. */
void sim_advance(struct sim *s, uint64_t ms);
uint64_t sim_wall(const struct sim *s);
void sim_run(struct sim *s, const struct sim_args *a);

void act(struct sim *s);
void act_quiet(struct sim *s);

void switch_init(struct sim *s, unsigned index);
void switch_kill(struct node *n, bool politely);
void switch_input(struct node *n, struct str bytes, const struct addr *from);
void switch_post(struct node *n, unsigned from, uint16_t to, struct mail *m);
/** All that is asked of each shard, joined in one array; borrowed. */
json_t *switch_ask(struct node *n, enum shard_query_kind what);
/** Nothing may be left: calls, transactions, ports. */
void switch_check_idle(struct node *n);
void switch_end(struct node *n);

void net_from_phone(struct phone *p, struct str bytes);
void net_to_phone(struct node *n, const struct addr *to, struct str bytes);
void net_note(struct sim *s, const char *way, const struct addr *at, struct str bytes);
void net_end(struct sim *s);

void tcp_start(struct seat *t);
void tcp_stop(struct seat *t);
void tcp_send_on(struct seat *t, const struct flow *flow, struct str bytes);
void tcp_from_phone(struct phone *p, struct str bytes);
/** RFC 5626 section 3.5.1: the phone counts the answers. */
void tcp_ping(struct phone *p);
void tcp_check(const struct phone *p);
void tcp_cut(struct phone *p);
void tcp_phone_gone(struct phone *p, bool politely);
uint64_t tcp_line_id(const struct phone *p);
bool tcp_source(const struct phone *p, struct addr *out);
void tcp_end(struct sim *s);

void media_cmd(struct node *n, struct media_cmd *cmd);
void media_kill(struct node *n);
/** Some stream's phone falls silent, or a port cannot be bound. */
void media_trouble(struct node *n);

enum { DISK_BINDINGS, DISK_CALLS, DISK_CDRS };
void disk_init(struct node *n);
void disk_write(struct node *n, int table, uint64_t tenant, struct str key, struct str value);
/** What is not committed is lost, and perhaps the last that was. */
void disk_kill(struct node *n);
void disk_restore(struct node *n);
void disk_check_end(struct node *n);
/** Its files, when a run has failed. */
void disk_remove(const struct node *n);

void phone_init(struct sim *s, unsigned i);
void phone_packet(struct phone *p, struct str bytes);
void phone_register(struct phone *p, uint32_t expires_s);
void phone_off(struct phone *p);
void phone_back(struct phone *p);
void phone_move(struct phone *p);
/** It takes another switch for its server. */
void phone_change_home(struct phone *p, struct node *n);
void phone_end_span(struct phone *p);
/** Its stream is cut: what is under way may be lost; and later: it knows. */
void phone_line_cut(struct phone *p);
void phone_line_lost(struct phone *p);
/** Where its packets come from. */
void phone_source(const struct phone *p, char out[ADDR_TEXT]);
struct phone *phone_at(struct sim *s, const struct addr *a);
/** The same, by IP alone. */
struct phone *phone_at_ip(struct sim *s, const struct addr *a);

/* phone.c for talk.c */
struct ctx *phone_request(struct phone *p, struct sess *s, enum sip_method m, struct str text,
                          const char *branch);
void phone_new_branch(struct phone *p, char out[40]);
void phone_credentials(struct phone *p, struct buf *b, const char *method, const char *uri,
                       bool proxy);
void phone_take_challenge(struct phone *p, const struct sip_msg *m);
void phone_reply(struct phone *p, struct srv *v, unsigned status, const char *tag, const char *more,
                 const char *sdp);
void phone_send(struct phone *p, struct str bytes);
void srv_stop(struct srv *v);
void ctx_stop(struct ctx *c);
const char *phone_sdp(struct phone *p, const char *dir, char out[512]);

void phone_configure(struct phone *p);
void text_send(struct phone *p, const char *to);
void text_came(struct phone *p, struct srv *v, const struct sip_msg *m);
void text_answered(struct ctx *c, const struct sip_msg *m);

void config_init(struct sim *s);
void config_end(struct sim *s);
/** Something of a tenant is added, changed or removed. */
void config_change(struct sim *s);
unsigned config_extension(const struct sim *s, unsigned t, unsigned u);
void config_password(const struct sim *s, unsigned t, unsigned u, bool second, char out[32]);
bool config_has(const struct sim *s, unsigned t, unsigned u, bool second);
const struct tenant *config_tenant(const struct sim *s, uint64_t id);
bool config_was(const struct sim *s, unsigned t, uint64_t version, uint64_t ms);

void talk_call(struct phone *p, const char *number, bool with_offer);
void talk_request(struct phone *p, struct srv *v, const struct sip_msg *m);
void talk_ack(struct phone *p, const struct sip_msg *m);
void talk_cancel_came(struct phone *p, struct srv *v, const struct sip_msg *m);
void talk_response(struct ctx *c, const struct sip_msg *m);
/** No answer at all. */
void talk_timeout(struct ctx *c);
void talk_no_ack(struct phone *p, struct srv *v);
void talk_hangup(struct sess *s);
void talk_cancel(struct sess *s);
void talk_modify(struct sess *s, bool update, bool hold);
/** Requests and answers that break rules; none of them may have an effect. */
void talk_nonsense(struct sess *s);
void talk_probe(struct sess *s);
void talk_free(struct sess *s);

struct side *side_new(struct phone *p, const char *call_id, bool caller);
struct side *side_find(struct sim *s, struct str call_id);
void check_invite_came(struct phone *p, const struct sip_msg *m);
/** It was registered there all the time. */
bool check_covers(const struct phone *p, const struct node *at, uint64_t from, uint64_t until);
void check_call_saved(struct node *n, uint64_t tenant, struct str record);
/** Some of the calls that are up go on from their records. */
void swap_calls(struct node *n);
void check_cdr(struct node *n, struct str json, bool recovered);
void check_cdr_lost(struct node *n, struct str json);
void check_killed(struct node *n);
void check_wire(struct sim *s, struct str bytes, bool to_switch);
void check_quiet(struct sim *s, bool last);
void check_end(struct sim *s);
