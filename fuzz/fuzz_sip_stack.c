// SPDX-License-Identifier: Apache-2.0
/* Whole conversations with the transaction layer: messages parted by NULs, between which time
 * passes and the user, chosen by the first bytes, answers, calls, cancels or goes away. */
#include <stdlib.h>

#include "sip/transaction.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct world {
	struct timer_wheel wheel;
	struct rng rng;
	struct log log;
	struct metrics metrics;
	struct sip_stack *stack;
	struct flow flow;
	struct strans *st;
	struct ctrans *ct;
	uint8_t whim; /* what the user does next */
};

static void on_send(void *arg, const struct flow *flow, struct str bytes)
{
	(void)arg;
	(void)flow;
	char *copy = str_dupz(bytes); /* reads all of it */
	free(copy);
}

static void give_sent_by(void *arg, const struct flow *flow, struct addr *out)
{
	(void)arg;
	*out = flow->local;
}

static void on_st(enum strans_event event, struct strans *st, void *user)
{
	struct world *w = user;
	if (event == STRANS_END && w->st == st)
		w->st = NULL;
}

static void on_ct(enum ctrans_event event, struct ctrans *ct, const struct sip_msg *m, int err,
                  void *user)
{
	struct world *w = user;
	(void)err;
	if (event == CTRANS_END && w->ct == ct)
		w->ct = NULL;
	if (event == CTRANS_FINAL && m->method == SIP_INVITE && m->status < 300)
		ctrans_ack(ct, &w->flow, STR("ACK sip:x SIP/2.0\r\nTo: <sip:x>;tag=1\r\n\r\n"));
}

static void on_request(void *arg, struct strans *st, const struct sip_msg *m,
                       const struct flow *flow)
{
	struct world *w = arg;
	static const uint16_t statuses[] = {100, 180, 200, 401, 408, 486};
	(void)flow;
	w->st = st;
	strans_set_user(st, on_st, w);
	if (w->whim & 1)
		strans_reply_status(st, statuses[w->whim / 2 % 6]);
	if (w->whim & 128)
		sip_stack_input(w->stack, m->bytes, flow); /* it comes again, right now */
}

static void on_ack(void *arg, const struct sip_msg *m, const struct flow *flow)
{
	struct world *w = arg;
	(void)m;
	(void)flow;
	if (w->st)
		strans_acked(w->st);
}

static void on_cancel(void *arg, struct strans *st, const struct sip_msg *m)
{
	(void)arg;
	(void)m;
	strans_reply_status(st, 487);
}

static void on_stray(void *arg, const struct sip_msg *m, const struct flow *flow)
{
	(void)arg;
	(void)m;
	(void)flow;
}

static const struct sip_stack_ops ops = {
	.send = on_send,
	.sent_by = give_sent_by,
	.on_request = on_request,
	.on_ack = on_ack,
	.on_cancel = on_cancel,
	.on_stray_response = on_stray,
};

static void be_moody(struct world *w)
{
	const struct ctrans_args args = {
	    .method = w->whim & 4 ? SIP_INVITE : SIP_BYE,
	    .ruri = STR("sip:x"),
	    .flow = &w->flow,
	    .headers =
	        STR("From: <sip:a>;tag=1\r\nTo: <sip:x>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n")};
	if (w->whim % 7 == 0 && w->st) {
		strans_detach(w->st);
		w->st = NULL;
	} else if (w->whim % 7 == 1 && w->st) {
		strans_reply_status(w->st, 200);
	} else if (w->whim % 7 == 2 && !w->ct) {
		(void)!ctrans_start(&w->ct, w->stack, &args, on_ct, w);
	} else if (w->whim % 7 == 3 && w->ct) {
		ctrans_cancel(w->ct, STR_NONE);
	} else if (w->whim % 7 == 4) {
		sip_stack_flow_failed(w->stack, &w->flow, 1);
	}
	timer_wheel_run(&w->wheel, w->wheel.now_ms + w->whim * 40);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct world w;
	w = (struct world){.flow = {.local.family = ADDR_V4, .remote.family = ADDR_V4}};
	timer_wheel_init(&w.wheel, 1000);
	rng_init_seed(&w.rng, 1);
	log_init_null(&w.log);
	const struct sip_stack_args args = {.wheel = &w.wheel,
	                                    .rng = &w.rng,
	                                    .log = &w.log,
	                                    .metrics = &w.metrics,
	                                    .limits = {4000, 60, 3000},
	                                    .max_transactions = 20,
	                                    .ops = &ops,
	                                    .arg = &w};
	if (sip_stack_new(&w.stack, &args) != 0)
		abort();
	struct str rest = {(const char *)p, n};
	while (rest.n) {
		struct str one = str_cut(&rest, '\0');
		w.whim = one.n ? (uint8_t)one.p[0] : 0;
		w.flow.transport = w.whim & 64 ? SIP_TCP : SIP_UDP;
		sip_stack_input(w.stack, str_sub(one, 1, one.n), &w.flow);
		be_moody(&w);
	}
	/* Without new input all ends by itself, but for an INVITE that nobody answers. */
	if (w.st)
		strans_detach(w.st);
	for (int i = 0; i < 4; i++)
		timer_wheel_run(&w.wheel, w.wheel.now_ms + 400000);
	sip_stack_free(w.stack);
	if (w.wheel.n != 0)
		abort();
	return 0;
}
