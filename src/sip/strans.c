// SPDX-License-Identifier: Apache-2.0
/**
 * Server transactions: RFC 3261 section 17.2, with Accepted from RFC 6026 section 7.1 and
 * what RFC 4320 section 4 changes for requests other than INVITE.
 *
 * As long as on_request runs, responses are printed from the request itself; only when the
 * user answers later, the lines that it takes are kept (the head).
 */
#include <errno.h>
#include <stdlib.h>

#include "sip/trans_internal.h"

enum { TO_TAG_CHARS = 16, TRYING_AFTER_MS = 200 /* section 17.2.1 */ };

enum state {
	TRYING,     /* no INVITE; nothing was answered */
	PROCEEDING, /* nothing final was answered */
	COMPLETED,  /* a final answer; INVITE: a non-2xx */
	CONFIRMED,  /* INVITE: ACKed; repeats of the ACK are absorbed */
	ACCEPTED,   /* INVITE: a 2xx */
	TERMINATED, /* to be freed by the timer */
	STATES
};

struct strans {
	struct sip_stack *stack;
	struct map_node by_key, by_origin;
	struct list_node done; /* in stack->done_servers */
	struct timer timer; /* for the nearer of: */
	uint64_t end_ms;    /* when the state ends; 0: never */
	uint64_t next_ms;   /* when to send something (again); 0: never */
	strans_fn *fn;
	void *user;
	const struct sip_msg *request; /* borrowed, while on_request runs */
	char *head;                    /* kept lines of the request, after that */
	char *response;                /* the last one, if it may have to be repeated */
	struct flow flow;
	uint32_t head_n, response_n;
	uint32_t interval_ms; /* between repeats */
	uint32_t cseq;
	uint32_t from_tag_n, call_id_n;
	uint16_t key_n;
	uint16_t reply_port;
	uint8_t method, state;
	bool rfc2543 : 1;
	bool has_origin : 1; /* it is in stack->origins */
	bool to_has_tag : 1; /* the request's To */
	bool cancelled : 1;
	bool acked : 1; /* the 2xx */
	char to_tag[TO_TAG_CHARS];
	char text[]; /* key, From tag, Call-ID */
};

_Static_assert(sizeof(struct strans) <= 256, "a REGISTER's stays alive for 32 s");

static uint32_t give_up_ms(const struct strans *st)
{
	return 64 * st->stack->timers.t1;
}

static bool is_reliable(const struct strans *st)
{
	return flow_is_reliable(&st->flow);
}

/* -- timer --------------------------------------------------------------------------- */

static void arm(struct strans *st)
{
	uint64_t due = st->end_ms;
	if (st->next_ms && (!due || st->next_ms < due))
		due = st->next_ms;
	if (due)
		timer_set(st->stack->wheel, &st->timer, due);
	else
		timer_cancel(st->stack->wheel, &st->timer);
}

/** `end_in_ms` 0: stay for good; `repeat_in_ms` 0: do not repeat. */
static void enter(struct strans *st, enum state state, uint32_t end_in_ms, uint32_t repeat_in_ms)
{
	uint64_t now = stack_now(st->stack);
	st->state = (uint8_t)state;
	st->end_ms = end_in_ms ? now + end_in_ms : 0;
	st->next_ms = repeat_in_ms ? now + repeat_in_ms : 0;
	st->interval_ms = repeat_in_ms;
	arm(st);
}

static void forget_origin(struct strans *st)
{
	if (st->has_origin)
		map_remove(&st->stack->origins, &st->by_origin);
	st->has_origin = false;
}

/** The timer, which runs at once, tells the user and frees it. */
static void terminate(struct strans *st)
{
	forget_origin(st);
	list_remove(&st->done);
	st->state = TERMINATED;
	st->end_ms = st->next_ms = 0;
	timer_in(st->stack->wheel, &st->timer, 0);
}

/** From here on it only absorbs repeats, or answers them again. */
static void wait_for_repeats(struct strans *st)
{
	if (list_empty(&st->done))
		list_push_back(&st->stack->done_servers, &st->done);
}

/** A request other than INVITE has its final answer: section 17.2.2, with Timer J. */
static void complete(struct strans *st)
{
	if (is_reliable(st)) {
		terminate(st);
		return;
	}
	enter(st, COMPLETED, give_up_ms(st), 0);
	wait_for_repeats(st);
}

/** The non-2xx was ACKed: section 17.2.1, with Timer I. */
static void confirm(struct strans *st)
{
	if (is_reliable(st)) {
		terminate(st);
		return;
	}
	enter(st, CONFIRMED, st->stack->timers.t4, 0);
	wait_for_repeats(st);
}

/* -- sending ------------------------------------------------------------------------- */

static void send_bytes(struct strans *st, struct str bytes)
{
	struct flow to = st->flow;
	to.remote.port = st->reply_port;
	sip_stack_send(st->stack, &to, bytes);
}

/** Its memory is out of reach while it is sent, so that nothing that follows can free it. */
static void repeat_response(struct strans *st)
{
	char *bytes = st->response;
	uint32_t n = st->response_n;
	if (!bytes)
		return;
	st->response = NULL;
	metric_add(st->stack->metrics, METRIC_SIP_RETRANSMIT, 1);
	send_bytes(st, (struct str){bytes, n});
	if (st->response) {
		slab_free(&st->stack->slab, bytes, n);
	} else {
		st->response = bytes;
		st->response_n = n;
	}
}

static void drop_response(struct strans *st)
{
	slab_free(&st->stack->slab, st->response, st->response_n);
	st->response = NULL;
}

static void keep_response(struct strans *st, struct str bytes)
{
	drop_response(st);
	st->response = slab_dup(&st->stack->slab, bytes);
	st->response_n = (uint32_t)bytes.n;
}

static void drop_head(struct strans *st)
{
	slab_free(&st->stack->slab, st->head, st->head_n);
	st->head = NULL;
	st->request = NULL;
}

/** What was kept of the request's head; Record-Route where asked for. */
static void put_kept_head(const struct strans *st, struct buf *b, struct str to_tag,
                          bool record_route)
{
	struct str rest = {st->head, st->head_n}, line;
	while ((line = head_line(&rest)).n) {
		if (line_is(line, HDR_RECORD_ROUTE) && !record_route)
			continue;
		if (to_tag.n && !st->to_has_tag && line_is(line, HDR_TO)) {
			buf_str(b, str_sub(line, 0, line.n - 2));
			buf_lit(b, ";tag=");
			buf_str(b, to_tag);
			buf_lit(b, "\r\n");
		} else {
			buf_str(b, line);
		}
	}
}

static void put_response(const struct strans *st, struct buf *b, const struct sip_reply *r)
{
	bool is_100 = r->status == 100;
	struct str tag = is_100 ? STR_NONE : r->to_tag.n ? r->to_tag : strans_to_tag(st);
	sip_put_status_line(b, r->status, r->reason);
	if (st->request) {
		sip_put_reply_head(b, st->request, &st->flow.remote, tag, r->record_route);
	} else {
		put_kept_head(st, b, tag, r->record_route);
	}
	buf_str(b, r->headers);
	if (!is_100)
		stack_put_product(st->stack, b, HDR_SERVER);
	sip_put_body(b, r->type, r->body);
}

/** False: it is larger than a message may be, so no answer would be either. */
static bool keep_head(struct strans *st, const struct sip_msg *m)
{
	struct buf b = stack_take_out(st->stack);
	sip_put_reply_head(&b, m, &st->flow.remote, STR_NONE, true);
	st->head = slab_dup(&st->stack->slab, buf_view(&b));
	st->head_n = (uint32_t)b.n;
	bool fits = buf_ok(&b);
	stack_give_out(st->stack, &b);
	return fits;
}

/* -- what a response does to the state ----------------------------------------------- */

static void proceed(struct strans *st)
{
	st->state = PROCEEDING;
	st->next_ms = 0; /* no 100 is needed any more */
	arm(st);
}

/** Section 26.3.2.4: no state for those who have not said who they are. */
static bool is_sent_once(const struct sip_reply *r)
{
	return r->status == 401 || r->status == 407 || (r->once && r->status >= 300);
}

/** Which state a response leads to, with its timers: figure 7 and 8 of RFC 6026 and 3261. */
static void advance(struct strans *st, const struct sip_reply *r)
{
	uint32_t t1 = st->stack->timers.t1, t1_64 = give_up_ms(st);
	bool reliable = is_reliable(st);
	if (is_sent_once(r))
		terminate(st);
	else if (r->status < 200)
		proceed(st);
	else if (st->method != SIP_INVITE)
		complete(st);
	else if (r->status < 300)
		enter(st, ACCEPTED, t1_64, t1); /* Timer L; section 13.3.1.4 */
	else
		enter(st, COMPLETED, t1_64, reliable ? 0 : t1); /* Timers H and G */
}

/**
 * RFC 4320 section 4: a 408 to a non-INVITE comes too late for anybody (4.2), and a provisional
 * answer to one is only ever 100, sent by the layer when its time has come (4.1).
 * True: `status` is not to be sent.
 */
static bool is_mute(struct strans *st, uint16_t status)
{
	if (st->method == SIP_INVITE || (status != 408 && status >= 200))
		return false;
	if (status == 408) { /* the peer, who does not know, repeats the request: it is no new one */
		drop_response(st);
		drop_head(st);
		complete(st);
	}
	return true;
}

static int send_response(struct strans *st, const struct sip_reply *r)
{
	struct buf b = stack_take_out(st->stack);
	put_response(st, &b, r);
	int err = buf_ok(&b) ? 0 : E_LIMIT;
	if (!err) {
		if (!is_sent_once(r) && (st->method == SIP_INVITE || !is_reliable(st)))
			keep_response(st, buf_view(&b));
		if (r->status >= 200)
			drop_head(st);
		advance(st, r);
		send_bytes(st, buf_view(&b));
	}
	stack_give_out(st->stack, &b);
	return err;
}

static void send_trying(struct strans *st)
{
	if (send_response(st, &(struct sip_reply){.status = 100}) != 0)
		st->next_ms = 0; /* it did not fit: go without */
}

/* -- when the timer fires ------------------------------------------------------------ */

static void tell(struct strans *st, enum strans_event event)
{
	if (st->fn)
		st->fn(event, st, st->user);
}

/** Timer G, and section 13.3.1.4 for the 2xx. */
static void repeat_later(struct strans *st)
{
	uint32_t twice = 2 * st->interval_ms, t2 = st->stack->timers.t2;
	st->interval_ms = twice < t2 ? twice : t2;
	st->next_ms = stack_now(st->stack) + st->interval_ms;
	repeat_response(st);
}

/** Timers H and L. */
static void end_unacked(struct strans *st)
{
	terminate(st);
	if (!st->acked)
		tell(st, STRANS_NO_ACK);
}

/** The user went away without an answer. */
static void answer_for_user(struct strans *st)
{
	strans_reply_status(st, 500);
	if (strans_pending(st))
		terminate(st);
}

typedef void due_fn(struct strans *st);
struct due {
	due_fn *next, *end;
};
static const struct due invite_due[STATES] = {
    [PROCEEDING] = {send_trying, answer_for_user},
    [COMPLETED] = {repeat_later, end_unacked}, /* Timers G and H */
    [CONFIRMED] = {NULL, terminate},           /* Timer I */
    [ACCEPTED] = {repeat_later, end_unacked},  /* Timer L */
};
static const struct due other_due[STATES] = {
    [TRYING] = {send_trying, terminate},
    [PROCEEDING] = {NULL, terminate},
    [COMPLETED] = {NULL, terminate}, /* Timer J */
};

static size_t struct_bytes(const struct strans *st)
{
	return sizeof *st + st->key_n + st->from_tag_n + st->call_id_n;
}

static void destroy(struct strans *st)
{
	struct sip_stack *s = st->stack;
	timer_cancel(s->wheel, &st->timer);
	list_remove(&st->done);
	forget_origin(st);
	map_remove(&s->servers, &st->by_key);
	s->n_transactions--;
	metric_sub(s->metrics, METRIC_SIP_TRANSACTIONS, 1);
	drop_response(st);
	drop_head(st);
	slab_free(&s->slab, st, struct_bytes(st));
}

static void on_timer(struct timer *t, void *arg)
{
	struct strans *st = arg;
	const struct due *due =
	    st->method == SIP_INVITE ? &invite_due[st->state] : &other_due[st->state];
	uint64_t now = stack_now(st->stack);
	(void)t;
	if (st->end_ms && now >= st->end_ms)
		due->end(st);
	else if (st->next_ms && now >= st->next_ms)
		due->next(st);
	if (st->state != TERMINATED) {
		arm(st);
		return;
	}
	tell(st, STRANS_END);
	destroy(st);
}

/* -- what comes in ------------------------------------------------------------------- */

void strans_on_repeat(struct strans *st)
{
	metric_add(st->stack->metrics, METRIC_SIP_RX_AGAIN, 1);
	/* In Accepted and Confirmed an INVITE is absorbed: RFC 6026 section 7.1. */
	if (st->state == PROCEEDING || st->state == COMPLETED)
		repeat_response(st);
}

static bool tag_is_ours(const struct strans *st, struct str tag)
{
	struct str rest = {st->response, st->response ? st->response_n : 0}, line;
	while ((line = head_line(&rest)).n)
		if (line_is(line, HDR_TO))
			return str_eq(line_tag(line), tag);
	return false;
}

bool strans_on_ack(struct strans *st, const struct sip_msg *ack)
{
	if (st->state == ACCEPTED)
		return false; /* RFC 6026 section 7.1: passed to the user */
	if (st->state != COMPLETED)
		return true; /* Proceeding: nobody can mean it; Confirmed: absorbed */
	if (st->rfc2543 && !tag_is_ours(st, ack->to.tag))
		return false;
	st->acked = true;
	confirm(st);
	tell(st, STRANS_ACK);
	return true;
}

bool strans_on_cancel(struct strans *st)
{
	bool first = strans_pending(st) && !st->cancelled;
	st->cancelled = true;
	return first;
}

/* -- tables -------------------------------------------------------------------------- */

struct strans *strans_find(const struct sip_stack *s, const struct trans_key *k)
{
	for (struct map_node *n = map_find(&s->servers, k->hash); n; n = map_next(n)) {
		struct strans *st = container_of(n, struct strans, by_key);
		if (st->state != TERMINATED && st->key_n == k->n &&
		    memcmp(st->text, k->p, k->n) == 0)
			return st;
	}
	return NULL;
}

static struct str from_tag(const struct strans *st)
{
	return (struct str){st->text + st->key_n, st->from_tag_n};
}

static struct str call_id(const struct strans *st)
{
	return (struct str){st->text + st->key_n + st->from_tag_n, st->call_id_n};
}

static uint64_t origin_hash(const struct sip_stack *s, const struct sip_msg *m)
{
	return hash_str(&s->hash_key, m->call_id) ^
	       hash_u64(&s->hash_key, (uint64_t)m->cseq.number << 8 | (uint64_t)m->method);
}

bool strans_is_merged(const struct sip_stack *s, const struct sip_msg *m)
{
	if (m->to.tag.n)
		return false;
	for (struct map_node *n = map_find(&s->origins, origin_hash(s, m)); n; n = map_next(n)) {
		const struct strans *st = container_of(n, struct strans, by_origin);
		if (st->cseq == m->cseq.number && st->method == m->method &&
		    str_eq(from_tag(st), m->from.tag) && str_eq(call_id(st), m->call_id))
			return true;
	}
	return false;
}

static char *append(char *at, struct str s)
{
	return s.n ? (char *)memcpy(at, s.p, s.n) + s.n : at;
}

static struct strans *make(struct sip_stack *s, const struct trans_key *k, const struct sip_msg *m,
                           const struct flow *flow)
{
	size_t text_n = k->n + m->from.tag.n + m->call_id.n;
	struct strans *st = slab_alloc(&s->slab, sizeof *st + text_n);
	*st = (struct strans){0};
	st->stack = s;
	st->request = m;
	st->flow = *flow;
	struct flow to;
	reply_flow(&to, &m->via, flow);
	st->reply_port = to.remote.port;
	st->method = (uint8_t)m->method;
	st->rfc2543 = k->rfc2543;
	st->to_has_tag = m->to.tag.n != 0;
	st->cseq = m->cseq.number;
	st->key_n = k->n;
	st->from_tag_n = (uint32_t)m->from.tag.n;
	st->call_id_n = (uint32_t)m->call_id.n;
	char *end = append(st->text, (struct str){k->p, k->n});
	append(append(end, m->from.tag), m->call_id);
	rng_token(s->rng, st->to_tag, TO_TAG_CHARS);
	timer_init(&st->timer, on_timer, st);
	list_init(&st->done);
	return st;
}

/** How long a client waits until its Timer E has reached T2: RFC 4320 section 4.1. */
static uint32_t trying_delay(const struct strans *st)
{
	const struct sip_timers *t = &st->stack->timers;
	if (st->method == SIP_INVITE)
		return TRYING_AFTER_MS;
	uint32_t sum = 0;
	for (uint32_t interval = t->t1; interval < t->t2; interval *= 2)
		sum += interval;
	return sum;
}

/** Who has not answered a non-INVITE by then will find nobody waiting (Timer F). */
static void wait_for_user(struct strans *st)
{
	uint64_t now = stack_now(st->stack);
	st->next_ms = now + trying_delay(st);
	if (st->method != SIP_INVITE)
		st->end_ms = now + give_up_ms(st);
	arm(st);
}

void strans_begin(struct sip_stack *s, const struct trans_key *k, const struct sip_msg *m,
                  const struct flow *flow)
{
	struct strans *st = make(s, k, m, flow);
	bool is_invite = m->method == SIP_INVITE;
	st->state = is_invite ? PROCEEDING : TRYING;
	map_insert(&s->servers, &st->by_key, k->hash);
	st->has_origin = !st->to_has_tag;
	if (st->has_origin)
		map_insert(&s->origins, &st->by_origin, origin_hash(s, m));
	s->n_transactions++;
	metric_add(s->metrics, METRIC_SIP_TRANSACTIONS, 1);

	s->ops->on_request(s->arg, st, m, flow);

	if (strans_pending(st)) {
		if (!keep_head(st, m))
			terminate(st);
		else if (!st->response)
			wait_for_user(st);
	}
	st->request = NULL;
	if (st->state == TERMINATED) {
		tell(st, STRANS_END);
		destroy(st);
	}
}

bool strans_make_room(struct sip_stack *s)
{
	struct list_node *n = list_first(&s->done_servers);
	if (!n)
		return false;
	terminate(container_of(n, struct strans, done));
	return true;
}

void strans_free_all(struct sip_stack *s)
{
	size_t pos = 0;
	struct map_node *n = map_walk(&s->servers, NULL, &pos);
	while (n) {
		struct strans *st = container_of(n, struct strans, by_key);
		n = map_walk(&s->servers, n, &pos);
		destroy(st);
	}
}

/* -- for the user -------------------------------------------------------------------- */

void strans_set_user(struct strans *st, strans_fn *fn, void *user)
{
	bool leaves = st->fn && !fn;
	st->fn = fn;
	st->user = user;
	if (leaves && strans_pending(st) && !st->end_ms) {
		st->end_ms = stack_now(st->stack) + give_up_ms(st);
		arm(st);
	}
}

void *strans_user(const struct strans *st)
{
	return st->user;
}

enum sip_method strans_method(const struct strans *st)
{
	return (enum sip_method)st->method;
}

const struct flow *strans_flow(const struct strans *st)
{
	return &st->flow;
}

struct str strans_to_tag(const struct strans *st)
{
	return (struct str){st->to_tag, TO_TAG_CHARS};
}

bool strans_pending(const struct strans *st)
{
	return st->state == TRYING || st->state == PROCEEDING;
}

int strans_reply(struct strans *st, const struct sip_reply *r)
{
	if (!strans_pending(st))
		return EALREADY;
	if (is_mute(st, r->status))
		return 0;
	return send_response(st, r);
}

void strans_reply_status(struct strans *st, uint16_t status)
{
	int err = strans_reply(st, &(struct sip_reply){.status = status});
	(void)err;
}

void strans_reply_or_500(struct strans *st, const struct sip_reply *r)
{
	if (strans_reply(st, r) != 0)
		strans_reply_status(st, 500);
}

void strans_acked(struct strans *st)
{
	if (st->state != ACCEPTED)
		return;
	st->acked = true;
	st->next_ms = 0;
	arm(st);
	drop_response(st); /* RFC 6026 section 7.1: a repeated INVITE is absorbed */
	wait_for_repeats(st);
}
