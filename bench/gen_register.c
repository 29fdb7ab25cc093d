// SPDX-License-Identifier: Apache-2.0
/* REGISTER, 401, REGISTER with digest, 200: one unit. */
#include "gen.h"

#include <stdlib.h>

enum state { IDLE, ASKED, PROVED };

struct reg {
	uint64_t begun_us;
	uint32_t step, cseq, branch;
	uint8_t state, tries, nonce_n;
	char nonce[96];
};

static struct reg *regs;
static struct template *asking, *proving;

#define HEAD                                                                                       \
	"REGISTER sip:{domain} SIP/2.0\r\n"                                                        \
	"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{branch};rport\r\n"                       \
	"Max-Forwards: 70\r\n"                                                                     \
	"From: <sip:{user}@{domain}>;tag={tag}\r\n"                                                \
	"To: <sip:{user}@{domain}>\r\n"                                                            \
	"Call-ID: {call-id}\r\n"                                                                   \
	"CSeq: {cseq} REGISTER\r\n"                                                                \
	"Contact: <sip:u{number}@127.0.0.1:{port}>\r\n"                                            \
	"Expires: {expires}\r\n"                                                                   \
	"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY\r\n"                                     \
	"User-Agent: sipgen/1\r\n"
#define TAIL "Content-Length: 0\r\n\r\n"

static void send_it(struct gen *g, uint32_t unit)
{
	struct reg *r = &regs[unit];
	const struct user *u = &g->users[unit];
	int sock = unit & 1 ? CALLEES : CALLERS;
	char call_id[16], tag[8], branch[16], cseq[10], number[10], port[5], response[32], uri[40];
	char expires[10];
	struct str v[TEXT_FIELDS] = {
		[F_USER] = {u->name, u->name_n},
		[F_DOMAIN] = {u->domain, u->domain_n},
		[F_CALL_ID] = {call_id, 16},
		[F_TAG] = {tag, put_hex(tag, unit, 8)},
		[F_BRANCH] = {branch, 16},
		[F_CSEQ] = {cseq, put_dec(cseq, r->cseq)},
		[F_NUMBER] = {number, put_dec(number, unit)},
		[F_PORT] = {port, put_dec(port, g->o.port + (uint32_t)sock)},
		[F_NONCE] = {r->nonce, r->nonce_n},
		[F_RESPONSE] = {response, 32},
		[F_EXPIRES] = {expires, put_dec(expires, g->expires_s)},
	};
	memcpy(call_id, g->run, 8);
	put_hex(call_id + 8, unit, 8);
	memcpy(branch, g->run, 8);
	put_hex(branch + 8, r->branch, 8);
	if (r->state == PROVED) {
		memcpy(uri, "sip:", 4);
		memcpy(uri + 4, u->domain, u->domain_n);
		user_response(u, STR("REGISTER"), (struct str){uri, 4u + u->domain_n}, v[F_NONCE],
		              response);
	}
	net_push(g->net, sock, template_render(r->state == PROVED ? proving : asking, v,
	                                       net_room(g->net, sock)));
	watch(g, unit, r->step);
}

static void enter(struct gen *g, uint32_t unit, enum state state)
{
	struct reg *r = &regs[unit];
	r->state = (uint8_t)state;
	r->step++;
	r->tries = 0;
	if (state == IDLE) {
		g->outstanding--;
		return;
	}
	r->cseq++;
	r->branch = ++g->branch;
	send_it(g, unit);
}

static void begin(struct gen *g, uint32_t unit)
{
	regs[unit].begun_us = g->now_us;
	g->outstanding++;
	g->stats.begun += g->stats.counting;
	enter(g, unit, ASKED);
}

static void give_up(struct gen *g, uint32_t unit, const struct scan *answer)
{
	stats_fail(&g->stats, answer);
	enter(g, unit, IDLE);
}

static bool take_nonce(struct reg *r, const struct scan *s)
{
	struct str nonce = scan_param(scan_value(s, 'a'), "nonce=");
	if (!nonce.n || nonce.n > sizeof r->nonce)
		return false;
	memcpy(r->nonce, nonce.p, nonce.n);
	r->nonce_n = (uint8_t)nonce.n;
	return true;
}

static void on_message(struct gen *g, int sock, const struct scan *s)
{
	(void)sock;
	struct str id = scan_value(s, 'i');
	uint32_t unit = id.n == 16 ? get_hex(str_sub(id, 8, 16)) : UINT32_MAX;
	if (!s->status || unit >= g->o.users || memcmp(id.p, g->run, 8) != 0 ||
	    get_dec(scan_value(s, 's')) != regs[unit].cseq || regs[unit].state == IDLE) {
		g->stats.strays++;
		return;
	}
	struct reg *r = &regs[unit];
	if (s->status < 200)
		return;
	if (s->status == 401 && r->state == ASKED && take_nonce(r, s)) {
		enter(g, unit, PROVED);
	} else if (s->status == 200 && r->state == PROVED) {
		stats_done(&g->stats, g->now_us - r->begun_us);
		enter(g, unit, IDLE);
	} else {
		give_up(g, unit, s);
	}
}

static void on_late(struct gen *g, uint32_t unit, uint32_t step)
{
	struct reg *r = &regs[unit];
	if (r->state == IDLE || r->step != step)
		return;
	if (++r->tries > RETRIES) {
		give_up(g, unit, NULL);
		return;
	}
	g->stats.again++;
	send_it(g, unit);
}

static bool idle(const struct gen *g, uint32_t unit)
{
	(void)g;
	return regs[unit].state == IDLE;
}

const struct run_ops *register_run(struct gen *g)
{
	static struct run_ops ops = {
		.begin = begin, .on_message = on_message, .on_late = on_late, .idle = idle};
	ops.units = g->o.users;
	regs = calloc(g->o.users, sizeof *regs);
	if (!regs)
		abort();
	asking = template_new(HEAD TAIL);
	proving = template_new(
		HEAD "Authorization: Digest username=\"{user}\", realm=\"{domain}\", nonce=\"{nonce}\", "
		     "uri=\"sip:{domain}\", response=\"{response}\", algorithm=MD5, cnonce=\"b3nch\", "
		     "qop=auth, nc=00000001\r\n" TAIL);
	return &ops;
}
