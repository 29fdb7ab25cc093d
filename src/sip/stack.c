// SPDX-License-Identifier: Apache-2.0
/** The way of a message in: parse, match, hand on. And what is answered without a transaction. */
#include "sip/stack.h"

#include <errno.h>
#include <stdlib.h>

#include "sip/trans_internal.h"

enum {
	ARENA_BYTES = 16 * 1024,
	DEFAULT_MAX_MESSAGE = 65535,
	DEFAULT_SIP_PORT = 5060,
	RETRY_AFTER_S = 5,        /* overload: come back after this, plus up to as much again, */
	RETRY_AFTER_SPREAD_S = 6, /* so that not all come back in the same second */
};

/* -- helpers of the transactions ----------------------------------------------------- */

struct buf stack_take_out(struct sip_stack *s)
{
	struct buf b = s->out;
	buf_init(&s->out, s->limits.max_message);
	buf_reset(&b);
	return b;
}

void stack_give_out(struct sip_stack *s, struct buf *b)
{
	buf_fini(&s->out);
	s->out = *b;
}

void stack_put_product(const struct sip_stack *s, struct buf *b, enum sip_hdr_id id)
{
	struct str name = sip_stack_server(s);
	if (name.n)
		sip_put_hdr(b, id, name);
}

void make_branch(struct sip_stack *s, char branch[BRANCH_CHARS])
{
	static const char cookie[] = "z9hG4bK"; /* section 8.1.1.7 */
	size_t n = sizeof cookie - 1;
	memcpy(branch, cookie, n);
	rng_token(s->rng, branch + n, BRANCH_CHARS - n);
}

bool stack_has_room(struct sip_stack *s)
{
	return s->n_transactions < s->max_transactions || strans_make_room(s) || ctrans_make_room(s);
}

/**
 * maddr is not obeyed: a request could aim our answers at anybody. Where the sent-by is another
 * address than the packet came from, there is a NAT between (or a host name), and only the
 * source port leads back, rport or not.
 */
void reply_flow(struct flow *out, const struct sip_via *via, const struct flow *flow)
{
	*out = *flow;
	struct addr sent_by;
	if (flow_is_reliable(flow) || via->rport || addr_parse_ip(&sent_by, via->host) != 0)
		return;
	if (addr_eq_ip(&sent_by, &flow->remote))
		out->remote.port = via->port ? via->port : DEFAULT_SIP_PORT;
}

/* -- answers without a transaction --------------------------------------------------- */

/** The same tag for the same request, as RFC 3261 section 8.2.7 wants. */
static void put_stateless_tag(struct buf *b, const struct sip_stack *s, const struct sip_msg *m)
{
	uint64_t h = hash_str(&s->hash_key, m->via.branch) ^
	             hash_str(&s->hash_key, m->call_id) * 3 ^
	             hash_u64(&s->hash_key, m->cseq.number);
	buf_printf(b, "%016llx", (unsigned long long)h);
}

struct answer {
	uint16_t status;
	struct str reason, headers, to_tag;
};

static void answer_stateless(struct sip_stack *s, const struct sip_msg *m, const struct flow *flow,
                             const struct answer *a)
{
	char mem[32];
	struct buf tag;
	buf_init_fixed(&tag, mem, sizeof mem);
	put_stateless_tag(&tag, s, m);

	struct buf b = stack_take_out(s);
	sip_put_status_line(&b, a->status, a->reason);
	sip_put_reply_head(&b, m, &flow->remote, a->to_tag.n ? a->to_tag : buf_view(&tag), false);
	buf_str(&b, a->headers);
	stack_put_product(s, &b, HDR_SERVER);
	sip_put_body(&b, STR_NONE, STR_NONE);
	if (buf_ok(&b)) {
		struct flow to;
		reply_flow(&to, &m->via, flow);
		sip_stack_send(s, &to, buf_view(&b));
	}
	stack_give_out(s, &b);
}

static void answer_overload(struct sip_stack *s, const struct sip_msg *m, const struct flow *flow,
                            uint32_t retry_after_s)
{
	char mem[40];
	struct buf line;
	buf_init_fixed(&line, mem, sizeof mem);
	sip_put_hdr_u32(&line, HDR_RETRY_AFTER, retry_after_s);
	answer_stateless(s, m, flow, &(struct answer){.status = 503, .headers = buf_view(&line)});
}

static bool has_reply_head(const struct sip_msg *m)
{
	return sip_hdr(m, HDR_VIA) && sip_hdr(m, HDR_FROM) && sip_hdr(m, HDR_TO) &&
	       sip_hdr(m, HDR_CALL_ID) && sip_hdr(m, HDR_CSEQ);
}

/** A request that was not understood is answered when enough of it is there; an ACK never. */
static void on_malformed(struct sip_stack *s, const struct sip_msg *m, const struct flow *flow,
                         const struct sip_parse_error *e)
{
	metric_add(s->metrics, METRIC_SIP_BAD, 1);
	log_event(s->log, LOG_SIP_MALFORMED, LOG_Z("why", e->what), LOG_U("offset", e->offset),
	          LOG_A("from", &flow->remote));
	if (!m->request || !e->status || m->method == SIP_ACK || m->cseq.method == SIP_ACK)
		return;
	if (has_reply_head(m))
		answer_stateless(s, m, flow,
		                 &(struct answer){.status = e->status, .reason = str_z(e->what)});
}

/* -- requests ------------------------------------------------------------------------ */

static void on_ack(struct sip_stack *s, const struct sip_msg *m, const struct flow *flow)
{
	struct trans_key k;
	trans_key_make(&k, s, m, SIP_INVITE);
	struct strans *st = strans_find(s, &k);
	if (!st || !strans_on_ack(st, m))
		s->ops->on_ack(s->arg, m, flow);
}

/**
 * RFC 3261 section 9.2. The CANCEL needs no transaction of its own: the INVITE's outlives
 * its repeats, and answering one again changes nothing.
 */
static void on_cancel(struct sip_stack *s, const struct sip_msg *m, const struct flow *flow)
{
	struct trans_key k;
	trans_key_make(&k, s, m, SIP_INVITE);
	struct strans *st = strans_find(s, &k);
	struct answer a = {.status = st ? 200 : 481};
	if (st)
		a.to_tag = strans_to_tag(st);
	answer_stateless(s, m, flow, &a);
	if (st && strans_on_cancel(st))
		s->ops->on_cancel(s->arg, st, m);
}

/** 0, or when to come back. A request in a dialog finds room as long as any other does. */
static uint32_t admit(struct sip_stack *s, const struct sip_msg *m)
{
	uint32_t retry_after_s = s->ops->admit ? s->ops->admit(s->arg, m) : 0;
	if (retry_after_s || stack_has_room(s))
		return retry_after_s;
	metric_add(s->metrics, METRIC_SIP_OVERLOAD, 1);
	return RETRY_AFTER_S + rng_below(s->rng, RETRY_AFTER_SPREAD_S);
}

static void on_request(struct sip_stack *s, const struct sip_msg *m, const struct flow *flow)
{
	struct trans_key k;
	trans_key_make(&k, s, m, m->method);
	struct strans *st = strans_find(s, &k);
	uint32_t retry_after_s;
	if (st)
		strans_on_repeat(st);
	else if (strans_is_merged(s, m))
		answer_stateless(s, m, flow, &(struct answer){.status = 482});
	else if ((retry_after_s = admit(s, m)) != 0)
		answer_overload(s, m, flow, retry_after_s);
	else
		strans_begin(s, &k, m, flow);
}

/* -- responses ----------------------------------------------------------------------- */

/** RFC 3261 section 8.1.3.3: more Vias than ours mean that it is not for us. */
static bool has_one_via(const struct sip_msg *m)
{
	struct sip_iter it = {0};
	struct str via;
	return sip_iter_next(&it, m, HDR_VIA, &via) == 0 &&
	       sip_iter_next(&it, m, HDR_VIA, &via) == ENOENT;
}

static void on_response(struct sip_stack *s, const struct sip_msg *m, const struct flow *flow)
{
	if (has_one_via(m) && ctrans_on_response(s, m, flow))
		return;
	/* Never answered, but for the user's ACK to a late 2xx: RFC 6026 section 7.2. */
	metric_add(s->metrics, METRIC_SIP_STRAY, 1);
	if (m->method == SIP_INVITE && m->status / 100 == 2 && has_one_via(m))
		s->ops->on_stray_response(s->arg, m, flow);
}

/* -- input --------------------------------------------------------------------------- */

/** CRLFs of RFC 5626 section 3.5.1, and the NULs and blanks that some phones send instead. */
static bool is_keep_alive(struct str bytes)
{
	for (size_t i = 0; i < bytes.n; i++) {
		char c = bytes.p[i];
		if (c != '\r' && c != '\n' && c != '\0' && c != ' ')
			return false;
	}
	return true;
}

void sip_stack_input_msg(struct sip_stack *s, struct sip_msg *m, const struct flow *flow)
{
	metric_add(s->metrics, METRIC_SIP_RX, 1);
	if (!m->request)
		on_response(s, m, flow);
	else if (m->method == SIP_ACK)
		on_ack(s, m, flow);
	else if (m->method == SIP_CANCEL)
		on_cancel(s, m, flow);
	else
		on_request(s, m, flow);
}

static void input_with(struct sip_stack *s, struct arena *a, struct str bytes,
                       const struct flow *flow)
{
	struct sip_msg m;
	struct sip_parse_error e;
	if (sip_msg_parse(&m, a, bytes, &s->limits, &e) == 0)
		sip_stack_input_msg(s, &m, flow);
	else
		on_malformed(s, &m, flow, &e);
}

void sip_stack_input(struct sip_stack *s, struct str bytes, const struct flow *flow)
{
	if (is_keep_alive(bytes))
		return;
	if (s->busy) { /* from inside a callback: the outer message is still being read */
		struct arena a;
		arena_init(&a, ARENA_BYTES);
		input_with(s, &a, bytes, flow);
		arena_fini(&a);
		return;
	}
	s->busy = true;
	input_with(s, &s->arena, bytes, flow);
	arena_reset(&s->arena);
	s->busy = false;
}

/* -- the stack ----------------------------------------------------------------------- */

int sip_stack_new(struct sip_stack **out, const struct sip_stack_args *args)
{
	struct sip_stack *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	s->wheel = args->wheel;
	s->rng = args->rng;
	s->log = args->log;
	s->metrics = args->metrics;
	s->hash_key = args->hash_key;
	s->timers = args->timers;
	s->timers.t1 = s->timers.t1 ? s->timers.t1 : 500;
	s->timers.t2 = s->timers.t2 ? s->timers.t2 : 4000;
	s->timers.t4 = s->timers.t4 ? s->timers.t4 : 5000;
	s->timers.c = s->timers.c ? s->timers.c : 180000;
	s->limits = args->limits;
	if (!s->limits.max_message)
		s->limits.max_message = DEFAULT_MAX_MESSAGE;
	s->server = str_dupz(args->server);
	s->max_transactions = args->max_transactions;
	s->ops = args->ops;
	s->arg = args->arg;
	map_init(&s->servers);
	map_init(&s->origins);
	map_init(&s->clients);
	list_init(&s->done_servers);
	list_init(&s->done_clients);
	slab_init(&s->slab);
	arena_init(&s->arena, ARENA_BYTES);
	buf_init(&s->out, s->limits.max_message);
	*out = s;
	return 0;
}

void sip_stack_free(struct sip_stack *s)
{
	if (!s)
		return;
	strans_free_all(s);
	ctrans_free_all(s);
	map_fini(&s->servers);
	map_fini(&s->origins);
	map_fini(&s->clients);
	slab_fini(&s->slab);
	arena_fini(&s->arena);
	buf_fini(&s->out);
	free(s->server);
	free(s);
}

void sip_stack_flow_failed(struct sip_stack *s, const struct flow *flow, int err)
{
	ctrans_flow_failed(s, flow, err);
}

void sip_stack_send(struct sip_stack *s, const struct flow *flow, struct str bytes)
{
	metric_add(s->metrics, METRIC_SIP_TX, 1);
	s->ops->send(s->arg, flow, bytes);
}

void sip_stack_put_via(struct sip_stack *s, const struct flow *flow, struct buf *out)
{
	char branch[BRANCH_CHARS];
	struct addr sent_by;
	make_branch(s, branch);
	s->ops->sent_by(s->arg, flow, &sent_by);
	sip_put_via(out, (enum sip_transport)flow->transport, &sent_by,
	            (struct str){branch, BRANCH_CHARS});
}

size_t sip_stack_transactions(const struct sip_stack *s)
{
	return s->n_transactions;
}

struct str sip_stack_server(const struct sip_stack *s)
{
	return str_z(s->server);
}
