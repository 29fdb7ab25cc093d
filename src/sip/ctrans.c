// SPDX-License-Identifier: Apache-2.0
/**
 * Client transactions: RFC 3261 section 17.1, with Accepted from RFC 6026 section 7.2, CANCEL
 * of section 9.1 and, because we ring for people, Timer C of section 16.6.
 *
 * `request` holds what is sent again: the request, and in Completed the ACK to the non-2xx.
 */
#include <errno.h>
#include <stdlib.h>

#include "sip/trans_internal.h"

enum {
	MAX_ACCEPTED = 16,      /* 2xx with different tags that one INVITE may bring */
	MIN_TIMER_D_MS = 32000, /* RFC 6026 section 8.4 */
};

enum state {
	CALLING,    /* INVITE sent, no answer */
	TRYING,     /* the same of another request */
	PROCEEDING, /* 1xx */
	COMPLETED,  /* a final answer; INVITE: a non-2xx */
	ACCEPTED,   /* INVITE: a 2xx */
	TERMINATED, /* to be freed by the timer */
	STATES
};

/** A 2xx to an INVITE: one for each device that picked up. */
struct accepted {
	struct accepted *next;
	char *tag, *ack;
	size_t tag_n, ack_n;
	struct flow flow; /* of the ACK */
};

struct ctrans {
	struct sip_stack *stack;
	struct map_node by_branch;
	struct list_node done; /* in stack->done_clients */
	struct timer timer; /* for the nearer of: */
	uint64_t end_ms;    /* when the state ends */
	uint64_t next_ms;   /* when to send again; 0: never */
	ctrans_fn *fn;
	void *user;
	struct flow flow;
	char *request;
	size_t request_n;
	struct accepted *accepted;
	size_t n_accepted;
	char *cancel_headers;
	size_t cancel_headers_n;
	uint32_t interval_ms;
	int err;     /* for CTRANS_END */
	int give_up; /* the error when a cancelled INVITE has no final answer */
	uint8_t method, state;
	bool cancel_wanted, cancel_sent;
	char branch[BRANCH_CHARS];
};

static uint32_t t1_64(const struct ctrans *ct)
{
	return 64 * ct->stack->timers.t1;
}

static bool is_reliable(const struct ctrans *ct)
{
	return flow_is_reliable(&ct->flow);
}

/* -- timer --------------------------------------------------------------------------- */

static void arm(struct ctrans *ct)
{
	uint64_t due = ct->next_ms && ct->next_ms < ct->end_ms ? ct->next_ms : ct->end_ms;
	timer_set(ct->stack->wheel, &ct->timer, due);
}

static void enter(struct ctrans *ct, enum state state, uint32_t end_in_ms)
{
	ct->state = (uint8_t)state;
	ct->end_ms = stack_now(ct->stack) + end_in_ms;
	ct->next_ms = 0;
	arm(ct);
}

/** The timer, which runs at once, tells the user and frees it. */
static void terminate(struct ctrans *ct, int err)
{
	ct->err = err;
	list_remove(&ct->done);
	enter(ct, TERMINATED, 0);
}

/** From here on it only absorbs repeats. */
static void wait_for_repeats(struct ctrans *ct)
{
	if (list_empty(&ct->done))
		list_push_back(&ct->stack->done_clients, &ct->done);
}

/** `end_in_ms` 0: repeats cannot come. */
static void complete(struct ctrans *ct, uint32_t end_in_ms)
{
	if (!end_in_ms) {
		terminate(ct, 0);
		return;
	}
	enter(ct, COMPLETED, end_in_ms);
	wait_for_repeats(ct);
}

/* -- making and sending -------------------------------------------------------------- */

static void drop_request(struct ctrans *ct)
{
	slab_free(&ct->stack->slab, ct->request, ct->request_n);
	ct->request = NULL;
}

static void keep_request(struct ctrans *ct, struct str bytes)
{
	drop_request(ct);
	ct->request = slab_dup(&ct->stack->slab, bytes);
	ct->request_n = bytes.n;
}

/** Out of reach while it is sent, so that nothing that follows can free it. */
static void send_kept(struct ctrans *ct)
{
	char *bytes = ct->request;
	size_t n = ct->request_n;
	if (!bytes)
		return;
	ct->request = NULL;
	sip_stack_send(ct->stack, &ct->flow, (struct str){bytes, n});
	if (ct->request) {
		slab_free(&ct->stack->slab, bytes, n);
	} else {
		ct->request = bytes;
		ct->request_n = n;
	}
}

static uint64_t branch_hash(const struct sip_stack *s, struct str branch, enum sip_method method)
{
	return hash_str(&s->hash_key, branch) + (uint64_t)method;
}

static void on_timer(struct timer *t, void *arg);

static struct ctrans *make(struct sip_stack *s, enum sip_method method, const struct flow *flow,
                           struct str branch)
{
	struct ctrans *ct = slab_zalloc(&s->slab, sizeof *ct);
	ct->stack = s;
	ct->method = (uint8_t)method;
	ct->flow = *flow;
	ct->give_up = ECANCELED;
	memcpy(ct->branch, branch.p, BRANCH_CHARS);
	timer_init(&ct->timer, on_timer, ct);
	list_init(&ct->done);
	map_insert(&s->clients, &ct->by_branch, branch_hash(s, branch, method));
	s->n_transactions++;
	metric_add(s->metrics, METRIC_SIP_TRANSACTIONS, 1);
	return ct;
}

/** Timers A and B, or E and F. */
static void launch(struct ctrans *ct, struct str request, uint32_t give_up_ms)
{
	bool is_invite = ct->method == SIP_INVITE;
	keep_request(ct, request);
	enter(ct, is_invite ? CALLING : TRYING, give_up_ms ? give_up_ms : t1_64(ct));
	if (!is_reliable(ct)) {
		ct->interval_ms = ct->stack->timers.t1;
		ct->next_ms = stack_now(ct->stack) + ct->interval_ms;
		arm(ct);
	}
	send_kept(ct);
}

static void free_accepted(struct ctrans *ct)
{
	struct slab *slab = &ct->stack->slab;
	struct accepted *a;
	while ((a = ct->accepted) != NULL) {
		ct->accepted = a->next;
		slab_free(slab, a->tag, a->tag_n);
		slab_free(slab, a->ack, a->ack_n);
		slab_free(slab, a, sizeof *a);
	}
}

static void destroy(struct ctrans *ct)
{
	struct sip_stack *s = ct->stack;
	timer_cancel(s->wheel, &ct->timer);
	list_remove(&ct->done);
	map_remove(&s->clients, &ct->by_branch);
	s->n_transactions--;
	metric_sub(s->metrics, METRIC_SIP_TRANSACTIONS, 1);
	free_accepted(ct);
	drop_request(ct);
	slab_free(&s->slab, ct->cancel_headers, ct->cancel_headers_n);
	slab_free(&s->slab, ct, sizeof *ct);
}

/* -- what the layer sends by itself -------------------------------------------------- */

/** Section 17.1.1.3; from now on the ACK is what is repeated. */
static void acknowledge(struct ctrans *ct, const struct sip_msg *m)
{
	struct buf b = stack_take_out(ct->stack);
	derive_request(&b, (struct str){ct->request, ct->request_n}, SIP_ACK, m->to.text, STR_NONE);
	if (buf_ok(&b))
		keep_request(ct, buf_view(&b));
	stack_give_out(ct->stack, &b);
	send_kept(ct);
}

/** Section 9.1. The CANCEL is a transaction of its own, with the branch of the INVITE. */
static void send_cancel(struct ctrans *ct)
{
	ct->cancel_sent = true;
	ct->end_ms = stack_now(ct->stack) + t1_64(ct);
	arm(ct);
	struct buf b = stack_take_out(ct->stack);
	struct str headers = {ct->cancel_headers, ct->cancel_headers_n};
	derive_request(&b, (struct str){ct->request, ct->request_n}, SIP_CANCEL, STR_NONE, headers);
	if (buf_ok(&b)) {
		struct ctrans *cancel = make(ct->stack, SIP_CANCEL, &ct->flow, ctrans_branch(ct));
		launch(cancel, buf_view(&b), 0);
	}
	stack_give_out(ct->stack, &b);
}

/* -- responses ----------------------------------------------------------------------- */

static void tell(struct ctrans *ct, enum ctrans_event event, const struct sip_msg *m)
{
	if (ct->fn)
		ct->fn(event, ct, m, 0, ct->user);
}

static struct accepted *find_accepted(const struct ctrans *ct, struct str tag)
{
	for (struct accepted *a = ct->accepted; a; a = a->next)
		if (str_eq(tag, (struct str){a->tag, a->tag_n}))
			return a;
	return NULL;
}

static void send_ack_of(struct ctrans *ct, struct accepted *a)
{
	if (!a->ack)
		return; /* the user is still at work on it */
	struct str copy = {slab_dup(&ct->stack->slab, (struct str){a->ack, a->ack_n}), a->ack_n};
	metric_add(ct->stack->metrics, METRIC_SIP_RETRANSMIT, 1);
	sip_stack_send(ct->stack, &a->flow, copy);
	slab_free(&ct->stack->slab, (char *)(uintptr_t)copy.p, copy.n);
}

/** A 2xx to an INVITE: a new one is the user's, a repeat is answered with the user's ACK. */
static void on_2xx(struct ctrans *ct, const struct sip_msg *m, const struct flow *flow)
{
	struct accepted *a = find_accepted(ct, m->to.tag);
	if (a && (a->ack || ct->fn)) {
		send_ack_of(ct, a);
	} else if (!ct->fn) {
		ct->stack->ops->on_stray_response(ct->stack->arg, m, flow);
	} else if (ct->n_accepted < MAX_ACCEPTED) {
		a = slab_zalloc(&ct->stack->slab, sizeof *a);
		a->tag = slab_dup(&ct->stack->slab, m->to.tag);
		a->tag_n = m->to.tag.n;
		a->next = ct->accepted;
		ct->accepted = a;
		ct->n_accepted++;
		tell(ct, CTRANS_FINAL, m);
	}
}

static void on_provisional(struct ctrans *ct, const struct sip_msg *m)
{
	bool first = ct->state == CALLING;
	if (first || (m->status > 100 && !ct->cancel_sent))
		enter(ct, PROCEEDING, ct->stack->timers.c); /* Timer C, section 16.7 step 2 */
	if (first && ct->cancel_wanted)
		send_cancel(ct);
	tell(ct, CTRANS_PROVISIONAL, m);
}

/** Calling and Proceeding: RFC 6026 section 8.4, figure 5. */
static void on_awaited(struct ctrans *ct, const struct sip_msg *m, const struct flow *flow)
{
	if (m->status < 200) {
		on_provisional(ct, m);
	} else if (m->status < 300) {
		enter(ct, ACCEPTED, t1_64(ct)); /* Timer M */
		drop_request(ct);
		on_2xx(ct, m, flow);
	} else {
		uint32_t d = t1_64(ct) > MIN_TIMER_D_MS ? t1_64(ct) : MIN_TIMER_D_MS;
		acknowledge(ct, m);
		complete(ct, is_reliable(ct) ? 0 : d); /* Timer D */
		tell(ct, CTRANS_FINAL, m);
	}
}

static void on_completed(struct ctrans *ct, const struct sip_msg *m, const struct flow *flow)
{
	if (m->status >= 300)
		send_kept(ct); /* the ACK */
	else if (m->status >= 200)
		/* A proxy forked and must pass a late 2xx on (section 16.7 step 5). */
		ct->stack->ops->on_stray_response(ct->stack->arg, m, flow);
}

static void on_accepted(struct ctrans *ct, const struct sip_msg *m, const struct flow *flow)
{
	if (m->status / 100 == 2)
		on_2xx(ct, m, flow);
}

/** Trying and Proceeding of other requests: section 17.1.2.2. */
static void on_awaited_other(struct ctrans *ct, const struct sip_msg *m, const struct flow *flow)
{
	(void)flow;
	if (m->status < 200) {
		ct->state = PROCEEDING;
		tell(ct, CTRANS_PROVISIONAL, m);
		return;
	}
	drop_request(ct);
	complete(ct, is_reliable(ct) ? 0 : ct->stack->timers.t4); /* Timer K */
	tell(ct, CTRANS_FINAL, m);
}

typedef void response_fn(struct ctrans *ct, const struct sip_msg *m, const struct flow *flow);
static response_fn *const invite_response[STATES] = {
    [CALLING] = on_awaited,
    [PROCEEDING] = on_awaited,
    [COMPLETED] = on_completed,
    [ACCEPTED] = on_accepted,
};
static response_fn *const other_response[STATES] = {
    [TRYING] = on_awaited_other,
    [PROCEEDING] = on_awaited_other,
};

/** Section 17.1.3. */
static struct ctrans *find(const struct sip_stack *s, const struct sip_msg *m)
{
	struct str branch = m->via.branch;
	if (branch.n != BRANCH_CHARS)
		return NULL;
	struct map_node *n = map_find(&s->clients, branch_hash(s, branch, m->method));
	for (; n; n = map_next(n)) {
		struct ctrans *ct = container_of(n, struct ctrans, by_branch);
		if (ct->state != TERMINATED && ct->method == m->method &&
		    memcmp(ct->branch, branch.p, BRANCH_CHARS) == 0)
			return ct;
	}
	return NULL;
}

bool ctrans_on_response(struct sip_stack *s, const struct sip_msg *m, const struct flow *flow)
{
	struct ctrans *ct = find(s, m);
	if (!ct)
		return false;
	response_fn *on = (ct->method == SIP_INVITE ? invite_response : other_response)[ct->state];
	if (on)
		on(ct, m, flow);
	return true;
}

/* -- when the timer fires ------------------------------------------------------------ */

/** Timer A doubles for ever (section 17.1.1.2), E up to T2; in Proceeding it is T2 (17.1.2.2). */
static void repeat_request(struct ctrans *ct)
{
	uint32_t t2 = ct->stack->timers.t2, twice = 2 * ct->interval_ms;
	if (ct->state == PROCEEDING)
		twice = t2;
	ct->interval_ms = ct->method == SIP_INVITE || twice < t2 ? twice : t2;
	ct->next_ms = stack_now(ct->stack) + ct->interval_ms;
	metric_add(ct->stack->metrics, METRIC_SIP_RETRANSMIT, 1);
	send_kept(ct);
}

/** Timers B and F. */
static void end_unanswered(struct ctrans *ct)
{
	metric_add(ct->stack->metrics, METRIC_SIP_TIMEOUT, 1);
	terminate(ct, ct->cancel_wanted ? ECANCELED : ETIMEDOUT);
}

static void end_done(struct ctrans *ct)
{
	terminate(ct, 0);
}

/** Timer C (section 16.8), or the end of the wait after a CANCEL (section 9.1). */
static void end_ringing(struct ctrans *ct)
{
	if (ct->cancel_sent) {
		terminate(ct, ct->give_up);
		return;
	}
	ct->give_up = ETIMEDOUT;
	send_cancel(ct);
}

typedef void end_fn(struct ctrans *ct);
static end_fn *const invite_end[STATES] = {
    [CALLING] = end_unanswered, /* Timer B */
    [PROCEEDING] = end_ringing,
    [COMPLETED] = end_done, /* Timer D */
    [ACCEPTED] = end_done,  /* Timer M */
};
static end_fn *const other_end[STATES] = {
    [TRYING] = end_unanswered, /* Timer F */
    [PROCEEDING] = end_unanswered,
    [COMPLETED] = end_done, /* Timer K */
};

static void on_timer(struct timer *t, void *arg)
{
	(void)t;
	struct ctrans *ct = arg;
	if (ct->state != TERMINATED) {
		if (stack_now(ct->stack) >= ct->end_ms)
			(ct->method == SIP_INVITE ? invite_end : other_end)[ct->state](ct);
		else
			repeat_request(ct);
	}
	if (ct->state != TERMINATED) {
		arm(ct);
		return;
	}
	if (ct->fn)
		ct->fn(CTRANS_END, ct, NULL, ct->err, ct->user);
	destroy(ct);
}

/* -- the stack's --------------------------------------------------------------------- */

/** Who has a final answer is left to its timers: a repeat may come by another way. */
void ctrans_flow_failed(struct sip_stack *s, const struct flow *flow, int err)
{
	size_t pos = 0;
	for (struct map_node *n = map_walk(&s->clients, NULL, &pos); n;
	     n = map_walk(&s->clients, n, &pos)) {
		struct ctrans *ct = container_of(n, struct ctrans, by_branch);
		if (ct->state <= PROCEEDING && flow_eq(&ct->flow, flow))
			terminate(ct, err);
	}
}

bool ctrans_make_room(struct sip_stack *s)
{
	struct list_node *n = list_first(&s->done_clients);
	if (!n)
		return false;
	terminate(container_of(n, struct ctrans, done), 0);
	return true;
}

void ctrans_free_all(struct sip_stack *s)
{
	size_t pos = 0;
	struct map_node *n = map_walk(&s->clients, NULL, &pos);
	while (n) {
		struct ctrans *ct = container_of(n, struct ctrans, by_branch);
		n = map_walk(&s->clients, n, &pos);
		destroy(ct);
	}
}

/* -- for the user -------------------------------------------------------------------- */

static void put_request(struct buf *b, struct sip_stack *s, const struct ctrans_args *args,
                        struct str branch)
{
	struct addr sent_by;
	struct str method =
	    args->method == SIP_METHOD_OTHER ? args->method_text : sip_method_name(args->method);
	s->ops->sent_by(s->arg, args->flow, &sent_by);
	sip_put_request_line(b, method, args->ruri);
	sip_put_via(b, (enum sip_transport)args->flow->transport, &sent_by, branch);
	buf_str(b, args->headers);
	stack_put_product(s, b, HDR_USER_AGENT);
	sip_put_body(b, args->type, args->body);
}

int ctrans_start(struct ctrans **out, struct sip_stack *s, const struct ctrans_args *args,
                 ctrans_fn *fn, void *user)
{
	if (!stack_has_room(s))
		return E_LIMIT;
	char branch[BRANCH_CHARS];
	make_branch(s, branch);
	struct str branch_text = {branch, BRANCH_CHARS};

	struct buf b = stack_take_out(s);
	put_request(&b, s, args, branch_text);
	int err = buf_ok(&b) ? 0 : E_LIMIT;
	if (!err) {
		struct ctrans *ct = make(s, args->method, args->flow, branch_text);
		ct->fn = fn;
		ct->user = user;
		*out = ct;
		launch(ct, buf_view(&b), args->give_up_ms);
	}
	stack_give_out(s, &b);
	return err;
}

void ctrans_detach(struct ctrans *ct)
{
	ct->fn = NULL;
	ct->user = NULL;
}

void ctrans_cancel(struct ctrans *ct, struct str headers)
{
	bool is_waiting =
	    ct->method == SIP_INVITE && (ct->state == CALLING || ct->state == PROCEEDING);
	if (!is_waiting || ct->cancel_wanted)
		return;
	ct->cancel_wanted = true;
	ct->give_up = ECANCELED;
	ct->cancel_headers = slab_dup(&ct->stack->slab, headers);
	ct->cancel_headers_n = headers.n;
	if (ct->state == PROCEEDING && !ct->cancel_sent)
		send_cancel(ct);
}

static struct str ack_to_tag(struct str ack)
{
	struct str line;
	while ((line = head_line(&ack)).n)
		if (line_is(line, HDR_TO))
			return line_tag(line);
	return STR_NONE;
}

void ctrans_ack(struct ctrans *ct, const struct flow *flow, struct str ack)
{
	struct accepted *a = find_accepted(ct, ack_to_tag(ack));
	if (a) {
		slab_free(&ct->stack->slab, a->ack, a->ack_n);
		a->ack = slab_dup(&ct->stack->slab, ack);
		a->ack_n = ack.n;
		a->flow = *flow;
		wait_for_repeats(ct);
	}
	sip_stack_send(ct->stack, flow, ack);
}

struct str ctrans_branch(const struct ctrans *ct)
{
	return (struct str){ct->branch, BRANCH_CHARS};
}

const struct flow *ctrans_flow(const struct ctrans *ct)
{
	return &ct->flow;
}
