// SPDX-License-Identifier: Apache-2.0
/*
 * INVITE, 407, ACK, INVITE, 100, 180, 200, ACK, hold, BYE, 200 between the users of a pair.
 * The callee answers at once: 180 and 200 in one go.
 */
#include "gen.h"

#include <stdlib.h>

enum state { IDLE, ASKED, PROVED, RINGING, UP, ENDING };
enum { CALLEE = 1u << 31 }; /* in a unit's number, to watch(): the pair's callee */

struct kept {
	uint16_t n;
	char p[254];
};

struct call {
	uint64_t begun_us, end_us;
	uint32_t step, cseq, branch, count, next_up;
	uint8_t state, tries;
	struct kept nonce, to, target, route;
};

struct callee {
	uint32_t step, count, call;
	uint16_t relay; /* where the caller's description says it hears us */
	uint8_t tries;
	bool unacked;
	uint16_t n;
	char answer[2046];
};

static struct call *calls;
static struct callee *callees;
static struct template *asking, *proving, *ack_refusal, *ack_answer, *bye, *answer_body;
static uint32_t first_up = UINT32_MAX, last_up; /* held calls, by when they end */

#define OWN                                                                                        \
	"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{branch};rport\r\n"                       \
	"Max-Forwards: 70\r\n"                                                                     \
	"From: \"{user}\" <sip:{user}@{domain}>;tag={tag}\r\n"
#define INVITE_HEAD                                                                                \
	"INVITE sip:{peer}@{domain} SIP/2.0\r\n" OWN "To: <sip:{peer}@{domain}>\r\n"               \
	"Call-ID: {call-id}\r\n"                                                                   \
	"CSeq: {cseq} INVITE\r\n"                                                                  \
	"Contact: <sip:u{number}@127.0.0.1:{port}>\r\n"                                            \
	"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, UPDATE\r\n"                             \
	"Supported: replaces, timer\r\n"                                                           \
	"User-Agent: sipgen/1\r\n"
/* Its length is known because all ports have five digits. */
#define SDP                                                                                        \
	"Content-Type: application/sdp\r\n"                                                        \
	"Content-Length: 256\r\n\r\n"                                                              \
	"v=0\r\n"                                                                                  \
	"o=- 1234567890 1234567890 IN IP4 127.0.0.1\r\n"                                             \
	"s=-\r\n"                                                                                  \
	"c=IN IP4 127.0.0.1\r\n"                                                                     \
	"t=0 0\r\n"                                                                                \
	"m=audio {media} RTP/AVP 8 0 9 101\r\n"                                                      \
	"a=rtpmap:8 PCMA/8000\r\n"                                                                 \
	"a=rtpmap:0 PCMU/8000\r\n"                                                                 \
	"a=rtpmap:9 G722/8000\r\n"                                                                 \
	"a=rtpmap:101 telephone-event/8000\r\n"                                                    \
	"a=fmtp:101 0-15\r\n"                                                                      \
	"a=ptime:20\r\n"                                                                           \
	"a=sendrecv\r\n"
#define IN_DIALOG(method)                                                                          \
	method " {target} SIP/2.0\r\n{route}" OWN "To: {to}\r\n"                                   \
	       "Call-ID: {call-id}\r\n"                                                            \
	       "CSeq: {cseq} " method "\r\n"                                                       \
	       "Content-Length: 0\r\n\r\n"

/*
 * A port for each user on the address that it signals from: a phone without NAT. (Behind one NAT
 * each phone that has not sent a packet yet would hold a port of the relay's alone.)
 */
static size_t media_port(char out[5], uint32_t user)
{
	return put_dec(out, rtp_user_port(user));
}

static bool keep(struct kept *k, struct str s)
{
	k->n = 0;
	if (s.n > sizeof k->p)
		return false;
	memcpy(k->p, s.p, s.n);
	k->n = (uint16_t)s.n;
	return true;
}

/* -- the caller ----------------------------------------------------------------------- */

static void put(struct gen *g, uint32_t unit, const struct template *t, uint32_t cseq)
{
	struct call *c = &calls[unit];
	const struct user *from = &g->users[2 * unit], *to = from + 1;
	char call_id[24], tag[8], branch[16], seq[10], number[10], port[5], response[32], uri[48];
	char media[5];
	struct str v[TEXT_FIELDS] = {
		[F_USER] = {from->name, from->name_n},
		[F_DOMAIN] = {from->domain, from->domain_n},
		[F_PEER] = {to->name, to->name_n},
		[F_CALL_ID] = {call_id, 24},
		[F_TAG] = {tag, put_hex(tag, unit ^ c->count << 20, 8)},
		[F_BRANCH] = {branch, 16},
		[F_CSEQ] = {seq, put_dec(seq, cseq)},
		[F_NUMBER] = {number, put_dec(number, 2 * unit)},
		[F_PORT] = {port, put_dec(port, g->o.port)},
		[F_NONCE] = {c->nonce.p, c->nonce.n},
		[F_RESPONSE] = {response, 32},
		[F_TO] = {c->to.p, c->to.n},
		[F_TARGET] = {c->target.p, c->target.n},
		[F_ROUTE] = {c->route.p, c->route.n},
		[F_MEDIA] = {media, media_port(media, 2 * unit)},
	};
	memcpy(call_id, g->run, 8);
	put_hex(call_id + 8, unit, 8);
	put_hex(call_id + 16, c->count, 8);
	memcpy(branch, g->run, 8);
	put_hex(branch + 8, c->branch, 8);
	if (t == proving) {
		char *at = uri;
		memcpy(at, "sip:", 4);
		memcpy(at + 4, to->name, to->name_n);
		at += 4 + to->name_n;
		*at++ = '@';
		memcpy(at, to->domain, to->domain_n);
		at += to->domain_n;
		user_response(from, STR("INVITE"), (struct str){uri, (size_t)(at - uri)}, v[F_NONCE],
		              response);
	}
	net_push(g->net, CALLERS, template_render(t, v, net_room(g->net, CALLERS)));
}

static void send_it(struct gen *g, uint32_t unit)
{
	struct call *c = &calls[unit];
	if (c->state == ASKED)
		put(g, unit, asking, c->cseq);
	else if (c->state == PROVED)
		put(g, unit, proving, c->cseq);
	else if (c->state == ENDING)
		put(g, unit, bye, c->cseq);
	watch(g, unit, c->step);
}

static void enter(struct gen *g, uint32_t unit, enum state state)
{
	struct call *c = &calls[unit];
	c->state = (uint8_t)state;
	c->step++;
	c->tries = 0;
	if (state == ASKED || state == PROVED || state == ENDING) {
		c->cseq++;
		c->branch = ++g->branch;
		send_it(g, unit);
	} else if (state == RINGING) {
		watch(g, unit, c->step);
	}
}

static void begin(struct gen *g, uint32_t unit)
{
	struct call *c = &calls[unit];
	c->begun_us = g->now_us;
	c->count++;
	g->outstanding++;
	g->stats.begun += g->stats.counting;
	enter(g, unit, ASKED);
}

static void give_up(struct gen *g, uint32_t unit, const struct scan *answer)
{
	stats_fail(&g->stats, answer);
	g->outstanding--;
	enter(g, unit, IDLE);
}

static void hold(struct gen *g, uint32_t unit)
{
	calls[unit].end_us = g->now_us + g->o.hold_ms * 1000ull;
	calls[unit].next_up = UINT32_MAX;
	if (first_up == UINT32_MAX)
		first_up = unit;
	else
		calls[last_up].next_up = unit;
	last_up = unit;
	g->up++;
	g->outstanding--;
}

static void end_due(struct gen *g)
{
	while (first_up != UINT32_MAX &&
	       (calls[first_up].end_us <= g->now_us ||
	        (g->ending && g->outstanding < g->o.window))) {
		uint32_t unit = first_up;
		first_up = calls[unit].next_up;
		g->up--;
		g->outstanding++;
		if (g->o.rtp) {
			rtp_count(g, 2 * unit);
			rtp_count(g, 2 * unit + 1);
		}
		enter(g, unit, ENDING);
	}
}

static bool take_answer(struct call *c, const struct scan *s)
{
	struct str contact = scan_value(s, 'm');
	contact = str_sub(contact, str_find(contact, '<') + 1, str_find(contact, '>'));
	char route[254];
	size_t n = 0;
	for (unsigned i = s->n; i-- > 0;) { /* section 12.1.2: in reverse */
		struct str value = s->lines[i].value;
		if (s->lines[i].kind != 'r' || n + value.n + 9 > sizeof route)
			continue;
		memcpy(route + n, "Route: ", 7);
		memcpy(route + n + 7, value.p, value.n);
		memcpy(route + n + 7 + value.n, "\r\n", 2);
		n += value.n + 9;
	}
	return keep(&c->target, contact) && keep(&c->route, (struct str){route, n});
}

static void on_answered(struct gen *g, uint32_t unit, const struct scan *s)
{
	struct call *c = &calls[unit];
	if (c->state == UP || c->state == ENDING) {
		g->stats.again++;
		put(g, unit, ack_answer, get_dec(scan_value(s, 's')));
		return;
	}
	if (!take_answer(c, s)) {
		give_up(g, unit, s);
		return;
	}
	stats_done(&g->stats, g->now_us - c->begun_us);
	c->branch = ++g->branch;
	put(g, unit, ack_answer, c->cseq);
	if (g->o.rtp)
		rtp_send(g, 2 * unit, rtp_port_in(s->bytes));
	enter(g, unit, UP);
	if (g->o.hold_ms)
		hold(g, unit);
	else
		enter(g, unit, ENDING);
}

static void on_invite_final(struct gen *g, uint32_t unit, const struct scan *s)
{
	struct call *c = &calls[unit];
	keep(&c->to, scan_value(s, 't'));
	if (s->status < 300) {
		on_answered(g, unit, s);
		return;
	}
	if (get_dec(scan_value(s, 's')) != c->cseq || c->state >= UP) {
		g->stats.strays++;
		return;
	}
	put(g, unit, ack_refusal, c->cseq);
	struct str nonce = scan_param(scan_value(s, 'a'), "nonce=");
	if (s->status == 407 && c->state == ASKED && nonce.n && keep(&c->nonce, nonce))
		enter(g, unit, PROVED);
	else
		give_up(g, unit, s);
}

static void on_response(struct gen *g, const struct scan *s)
{
	struct str id = scan_value(s, 'i');
	uint32_t unit = id.n == 24 ? get_hex(str_sub(id, 8, 16)) : UINT32_MAX;
	if (unit >= g->o.users / 2 || calls[unit].state == IDLE ||
	    get_hex(str_sub(id, 16, 24)) != calls[unit].count) {
		g->stats.strays++;
		return;
	}
	struct call *c = &calls[unit];
	if (s->status < 200) {
		if (c->state == PROVED)
			enter(g, unit, RINGING);
	} else if (s->method == GEN_INVITE) {
		on_invite_final(g, unit, s);
	} else if (s->method == GEN_BYE && c->state == ENDING) {
		g->stats.failed += s->status != 200;
		g->outstanding--;
		enter(g, unit, IDLE);
	}
}

/* -- the callee ----------------------------------------------------------------------- */

static uint32_t fnv(struct str s)
{
	uint32_t h = 2166136261u;
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.p[i]) * 16777619u;
	return h;
}

static void answer(struct gen *g, const struct scan *s, struct str status, struct str tag,
                   struct str rest)
{
	net_push(g->net, CALLEES, put_response(s, net_room(g->net, CALLEES), status, tag, rest));
}

static void send_answer(struct gen *g, uint32_t unit)
{
	struct callee *c = &callees[unit];
	memcpy(net_room(g->net, CALLEES), c->answer, c->n);
	net_push(g->net, CALLEES, c->n);
	watch(g, unit | CALLEE, c->step);
}

static void on_invite(struct gen *g, uint32_t unit, const struct scan *s)
{
	struct callee *c = &callees[unit];
	uint32_t call = fnv(scan_value(s, 'i'));
	if (c->unacked && c->call == call) {
		send_answer(g, unit);
		return;
	}
	char tag[16], media[5], body[512], number[10], port[5];
	struct str v[TEXT_FIELDS] = {
		[F_NUMBER] = {number, put_dec(number, 2 * unit + 1)},
		[F_PORT] = {port, put_dec(port, g->o.port + CALLEES)},
		[F_MEDIA] = {media, media_port(media, 2 * unit + 1)},
	};
	c->count++;
	put_hex(tag, (uint64_t)unit << 32 | c->count, 16);
	struct str rest = {body, template_render(answer_body, v, body)};
	answer(g, s, STR("SIP/2.0 180 Ringing\r\n"), (struct str){tag, 16},
	       STR("Content-Length: 0\r\n\r\n"));
	c->n = (uint16_t)put_response(s, c->answer, STR("SIP/2.0 200 OK\r\n"),
	                              (struct str){tag, 16}, rest);
	c->call = call;
	c->relay = g->o.rtp ? rtp_port_in(s->bytes) : 0;
	c->unacked = true;
	c->tries = 0;
	c->step++;
	send_answer(g, unit);
}

/** Whose Contact it is, sip:u123@...; or who is called 1001@t0002.bench. */
static uint32_t user_in(const struct gen *g, struct str ruri)
{
	if (ruri.n < 6)
		return UINT32_MAX;
	if (ruri.p[4] == 'u')
		return get_dec(str_sub(ruri, 5, ruri.n));
	uint32_t number = get_dec(str_sub(ruri, 4, ruri.n));
	size_t at = str_find(ruri, '@');
	return get_dec(str_sub(ruri, at + 2, ruri.n)) * g->o.per_tenant + number - 1000;
}

static void on_request(struct gen *g, const struct scan *s)
{
	uint32_t user = user_in(g, s->ruri);
	if (user >= g->o.users) {
		g->stats.strays++;
	} else if (s->method == GEN_INVITE) {
		on_invite(g, user / 2, s);
	} else if (s->method == GEN_ACK) {
		struct callee *c = &callees[user / 2];
		if (c->unacked && g->o.rtp)
			rtp_send(g, user, c->relay);
		c->unacked = false;
	} else {
		answer(g, s, STR("SIP/2.0 200 OK\r\n"), STR("x"), STR("Content-Length: 0\r\n\r\n"));
	}
}

/* -- both ----------------------------------------------------------------------------- */

static void on_message(struct gen *g, int sock, const struct scan *s)
{
	if (!s->status)
		on_request(g, s);
	else if (sock == CALLERS)
		on_response(g, s);
}

static void on_late(struct gen *g, uint32_t unit, uint32_t step)
{
	if (unit & CALLEE) {
		struct callee *e = &callees[unit & ~CALLEE];
		if (!e->unacked || e->step != step)
			return;
		e->unacked = ++e->tries <= RETRIES;
		g->stats.again++;
		if (e->unacked)
			send_answer(g, unit & ~CALLEE);
		return;
	}
	struct call *c = &calls[unit];
	if (c->state == IDLE || c->state == UP || c->step != step)
		return;
	if (++c->tries > RETRIES) {
		give_up(g, unit, NULL);
		return;
	}
	g->stats.again += c->state != RINGING;
	send_it(g, unit);
}

static bool idle(const struct gen *g, uint32_t unit)
{
	(void)g;
	return calls[unit].state == IDLE;
}

const struct run_ops *call_run(struct gen *g)
{
	static struct run_ops ops = {
		.begin = begin, .on_message = on_message, .on_late = on_late, .idle = idle,
		.tick = end_due};
	ops.units = g->o.users / 2;
	calls = calloc(ops.units, sizeof *calls);
	callees = calloc(ops.units, sizeof *callees);
	if (!calls || !callees)
		abort();
	asking = template_new(INVITE_HEAD SDP);
	proving = template_new(INVITE_HEAD
		"Proxy-Authorization: Digest username=\"{user}\", realm=\"{domain}\", "
		"nonce=\"{nonce}\", uri=\"sip:{peer}@{domain}\", response=\"{response}\", "
		"algorithm=MD5, cnonce=\"b3nch\", qop=auth, nc=00000001\r\n" SDP);
	ack_refusal = template_new(
		"ACK sip:{peer}@{domain} SIP/2.0\r\n" OWN "To: {to}\r\n"
		"Call-ID: {call-id}\r\nCSeq: {cseq} ACK\r\nContent-Length: 0\r\n\r\n");
	ack_answer = template_new(IN_DIALOG("ACK"));
	bye = template_new(IN_DIALOG("BYE"));
	answer_body = template_new("Contact: <sip:u{number}@127.0.0.1:{port}>\r\n"
		"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, UPDATE\r\n"
		"User-Agent: sipgen/1\r\n" SDP);
	return &ops;
}
