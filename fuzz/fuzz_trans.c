// SPDX-License-Identifier: Apache-2.0
/*
 * A walk through the transaction layer: each byte chooses an event: requests, repeats, ACKs and
 * CANCELs that fit or do not, answers of the user, requests of ours and responses to them, a flow
 * that breaks, time that passes. Held against RFC 3261 section 17 and what the headers promise:
 * nothing comes after an END, each client transaction has one, a final response is given once,
 * what we send can be read, and at last no transaction and no timer is left.
 */
#include <errno.h>
#include <stdio.h>

#include "feed.h"
#include "sip/transaction.h"

enum { SERVERS = 6, CLIENTS = 4, MAX_TRANSACTIONS = 12, BRANCHES = 8 };

static const char *const methods[] = {"INVITE", "INVITE", "BYE", "OPTIONS", "MESSAGE", "UPDATE"};

struct server {
	struct strans *st; /* NULL: free */
	bool invite, final;
};

struct client {
	struct ctrans *ct; /* NULL: free, or ended */
	bool invite, final;
	char branch[64];
};

static struct walk {
	struct feed f;
	struct timer_wheel wheel;
	struct rng rng;
	struct log log;
	struct metrics metrics;
	struct sip_stack *stack;
	struct flow flow;
	struct server servers[SERVERS];
	struct client clients[CLIENTS];
	bool inside; /* of a call of ours that must not call back */
} w;

static const struct sip_limits limits = {4000, 60, 3000};

static void on_send(void *arg, const struct flow *flow, struct str bytes)
{
	struct sip_parse_error e;
	struct sip_msg m;
	struct arena a;
	(void)arg;
	need(flow->transport == SIP_UDP || flow->transport == SIP_TCP);
	arena_init(&a, 4096);
	need(sip_msg_parse(&m, &a, bytes, &limits, &e) == 0);
	arena_fini(&a);
}

static void give_sent_by(void *arg, const struct flow *flow, struct addr *out)
{
	(void)arg;
	*out = flow->local;
}

static void on_server(enum strans_event event, struct strans *st, void *user)
{
	struct server *s = user;
	need(s->st == st && !w.inside);
	need(event == STRANS_END || s->invite);
	need(event != STRANS_NO_ACK || s->final);
	if (event == STRANS_END)
		s->st = NULL;
}

static void on_client(enum ctrans_event event, struct ctrans *ct, const struct sip_msg *m, int err,
                      void *user)
{
	struct client *c = user;
	need(c->ct == ct && !w.inside);
	switch (event) {
	case CTRANS_PROVISIONAL:
		need(!c->final && m->status < 200);
		return;
	case CTRANS_FINAL:
		need(m->status >= 200 && (!c->final || (c->invite && m->status < 300)));
		c->final = true;
		if (c->invite && m->status < 300)
			ctrans_ack(ct, &w.flow, STR("ACK sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\n"
			                            "From: <sip:a>;tag=1\r\nTo: <sip:x>;tag=1\r\nCall-ID: 1\r\n"
			                            "CSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n"));
		return;
	case CTRANS_END:
		need(!m && (c->final || err != 0));
		c->ct = NULL;
		return;
	}
}

static void on_request(void *arg, struct strans *st, const struct sip_msg *m, const struct flow *flow)
{
	(void)arg;
	(void)flow;
	need(strans_pending(st) && m->method != SIP_ACK && m->method != SIP_CANCEL);
	for (struct server *s = w.servers; s < w.servers + SERVERS; s++) {
		if (s->st)
			continue;
		*s = (struct server){st, m->method == SIP_INVITE, false};
		strans_set_user(st, on_server, s);
		return;
	}
	strans_reply_status(st, 503); /* and nobody is told what becomes of it */
}

static void on_ack(void *arg, const struct sip_msg *m, const struct flow *flow)
{
	(void)arg;
	(void)flow;
	need(m->method == SIP_ACK);
}

static void on_cancel(void *arg, struct strans *st, const struct sip_msg *m)
{
	(void)arg;
	need(m->method == SIP_CANCEL && strans_pending(st) && strans_method(st) == SIP_INVITE);
	struct server *s = strans_user(st);
	if (s)
		s->final = true;
	strans_reply_status(st, 487);
}

static void on_stray(void *arg, const struct sip_msg *m, const struct flow *flow)
{
	(void)arg;
	(void)flow;
	need(m->cseq.method == SIP_INVITE && m->status >= 200 && m->status < 300);
}

static const struct sip_stack_ops ops = {
	.send = on_send,
	.sent_by = give_sent_by,
	.on_request = on_request,
	.on_ack = on_ack,
	.on_cancel = on_cancel,
	.on_stray_response = on_stray,
};

/* -- events -------------------------------------------------------------------------- */

static void input(const char *text)
{
	sip_stack_input(w.stack, str_z(text), &w.flow);
}

/** `kind` 0: a request; 1: the ACK, 2: the CANCEL of one. Few branches, so that they meet. */
static void peer_requests(unsigned kind)
{
	unsigned branch = feed_u8(&w.f), of = branch / BRANCHES % 6, tag = branch & 128;
	const char *method = kind == 0 ? methods[of] : kind == 1 ? "ACK" : "CANCEL";
	char text[600];
	snprintf(text, sizeof text,
	         "%s sip:bob@acme.test SIP/2.0\r\nVia: SIP/2.0/%s 192.0.2.9:5062;branch=z9hG4bK%u%s\r\n"
	         "From: <sip:alice@acme.test>;tag=f\r\nTo: <sip:bob@acme.test>%s\r\nCall-ID: c%u\r\n"
	         "CSeq: %u %s\r\nMax-Forwards: 70\r\n\r\n",
	         method, w.flow.transport == SIP_TCP ? "TCP" : "UDP", branch % BRANCHES,
	         kind || of < 2 ? "i" : method, tag ? ";tag=t" : "", branch % BRANCHES, 1 + branch % 2, method);
	input(text);
}

static void user_answers(void)
{
	static const uint16_t statuses[] = {100, 180, 183, 200, 202, 302, 401, 404, 407, 408, 486, 500};
	uint8_t how = feed_u8(&w.f);
	struct server *s = &w.servers[how % SERVERS];
	struct sip_reply r = {.status = statuses[how / SERVERS % 12], .record_route = true,
	                      .once = feed_u8(&w.f) == 0};
	if (!s->st)
		return;
	bool had_final = s->final;
	need(strans_pending(s->st) == !had_final);
	s->final |= r.status >= 200;
	if (r.status < 300)
		r.once = false;
	int err = strans_reply(s->st, &r);
	need((err == EALREADY) == had_final || !s->st);
}

static void user_goes_on(uint8_t what)
{
	struct server *s = &w.servers[feed_u8(&w.f) % SERVERS];
	if (!s->st)
		return;
	if (what & 1) {
		strans_acked(s->st);
		return;
	}
	strans_detach(s->st);
	s->st = NULL;
}

static void we_request(void)
{
	uint8_t how = feed_u8(&w.f);
	struct client *c = &w.clients[how % CLIENTS];
	const struct ctrans_args args = {
		.method = how & 16 ? SIP_INVITE : SIP_BYE, .ruri = STR("sip:x"), .flow = &w.flow,
		.headers = how & 16 ? STR("From: <sip:a>;tag=1\r\nTo: <sip:x>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n")
		                    : STR("From: <sip:a>;tag=1\r\nTo: <sip:x>\r\nCall-ID: 1\r\nCSeq: 1 BYE\r\n"),
		.give_up_ms = how & 32 ? 3000 : 0};
	if (c->ct)
		return;
	w.inside = true;
	int err = ctrans_start(&c->ct, w.stack, &args, on_client, c);
	w.inside = false;
	if (err) {
		c->ct = NULL;
		return;
	}
	c->invite = how & 16;
	c->final = false;
	need(str_copyz(c->branch, sizeof c->branch, ctrans_branch(c->ct)));
}

static void peer_responds(void)
{
	static const uint16_t statuses[] = {100, 180, 183, 200, 200, 202, 301, 401, 408, 486, 487, 503};
	uint8_t how = feed_u8(&w.f), tag = feed_u8(&w.f);
	const struct client *c = &w.clients[how % CLIENTS];
	char text[600];
	snprintf(text, sizeof text,
	         "SIP/2.0 %u X\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=%s\r\nFrom: <sip:a>;tag=1\r\n"
	         "To: <sip:x>;tag=%u\r\nCall-ID: 1\r\nCSeq: 1 %s\r\n\r\n",
	         statuses[how / CLIENTS % 12], c->branch[0] ? c->branch : "z9hG4bKnone", tag % 3,
	         tag & 64 ? "CANCEL" : c->invite ? "INVITE" : "BYE");
	input(text);
}

static void we_give_up(uint8_t what)
{
	struct client *c = &w.clients[feed_u8(&w.f) % CLIENTS];
	if (!c->ct)
		return;
	if (what & 1) {
		ctrans_cancel(c->ct, STR("Reason: SIP;cause=200\r\n"));
		return;
	}
	ctrans_detach(c->ct);
	c->ct = NULL;
}

static void pass(uint64_t ms)
{
	timer_wheel_run(&w.wheel, w.wheel.now_ms + ms);
	/* A flood may pass the limit by one turn's worth, of which nothing is left now. */
	need(sip_stack_transactions(w.stack) <= MAX_TRANSACTIONS);
}

static void happen(uint8_t what)
{
	w.flow.transport = what & 128 ? SIP_TCP : SIP_UDP;
	switch (what & 15) {
	case 0:
	case 1: peer_requests(0); return;
	case 2: peer_requests(1); return;
	case 3: peer_requests(2); return;
	case 4:
	case 5: user_answers(); return;
	case 6: user_goes_on(what >> 4); return;
	case 7: we_request(); return;
	case 8:
	case 9: peer_responds(); return;
	case 10: we_give_up(what >> 4); return;
	case 11: sip_stack_flow_failed(w.stack, &w.flow, ECONNRESET); return;
	case 12: pass(10); return;
	case 13: pass(100 * (uint64_t)feed_u8(&w.f)); return;
	case 14: pass(1000 * (uint64_t)feed_u8(&w.f)); return;
	default: input("\r\n\r\n"); return;
	}
}

/* -- a walk -------------------------------------------------------------------------- */

static void begin(const uint8_t *p, size_t n)
{
	w = (struct walk){.f = {p, n}, .flow = {.local = {.family = ADDR_V4, .port = 5060},
	                                        .remote = {.family = ADDR_V4, .port = 5062}}};
	timer_wheel_init(&w.wheel, 1000);
	rng_init_seed(&w.rng, 1);
	log_init_null(&w.log);
	const struct sip_stack_args args = {.wheel = &w.wheel, .rng = &w.rng, .log = &w.log,
	                                    .metrics = &w.metrics, .limits = limits,
	                                    .max_transactions = MAX_TRANSACTIONS, .ops = &ops, .arg = &w};
	need(sip_stack_new(&w.stack, &args) == 0);
}

/** Without new events all ends by itself, but for an INVITE that a user leaves without an answer. */
static void end(void)
{
	for (struct server *s = w.servers; s < w.servers + SERVERS; s++) {
		if (!s->st || !s->invite || s->final)
			continue;
		s->final = true;
		strans_reply_status(s->st, 480);
	}
	for (int i = 0; i < 4; i++)
		pass(400000);
	for (struct server *s = w.servers; s < w.servers + SERVERS; s++)
		need(!s->st);
	for (struct client *c = w.clients; c < w.clients + CLIENTS; c++)
		need(!c->ct);
	need(sip_stack_transactions(w.stack) == 0 && w.wheel.n == 0);
	sip_stack_free(w.stack);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	begin(p, n);
	while (w.f.n)
		happen(feed_u8(&w.f));
	end();
	return 0;
}
