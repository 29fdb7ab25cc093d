// SPDX-License-Identifier: Apache-2.0
#include "app/shard_thread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

enum { MAILBOX_SLOTS = 65536, STOP_PATIENCE_MS = 1500, STOP_STEP_MS = 20 };

/* -- mail ---------------------------------------------------------------------------- */

void shard_thread_mail(struct shard_thread *t, struct mail *m)
{
	if (mailbox_post(t->mailbox, m) == 0)
		return;
	log_event(t->all->a.log, LOG_SHARD_FULL, LOG_U("shard", t->index), LOG_U("kind", m->kind));
	shard_mail_drop(m);
}

static void begin_stop(struct shard_thread *t)
{
	t->stop_by_ms = loop_now_ms(t->loop) + STOP_PATIENCE_MS;
	timer_in(loop_wheel(t->loop), &t->stop_timer, STOP_STEP_MS);
}

/** The last BYEs are given a moment to be answered. */
static void on_stop_timer(struct timer *timer, void *arg)
{
	struct shard_thread *t = arg;
	if (shard_idle(t->shard) || loop_now_ms(t->loop) >= t->stop_by_ms)
		loop_stop(t->loop);
	else
		timer_in(loop_wheel(t->loop), timer, STOP_STEP_MS);
}

static void on_mail(struct mail *m, void *arg)
{
	struct shard_thread *t = arg;
	if (m->kind == THREAD_SEND) {
		struct mail_send *x = container_of(m, struct mail_send, mail);
		links_send(t->links, &x->flow, (struct str){x->bytes, x->n});
		free(x);
		return;
	}
	bool stop = m->kind == SHARD_STOP;
	t->lag_ms = loop_lag_ms(t->loop);
	shard_mail(t->shard, m);
	if (stop)
		begin_stop(t);
}

/* -- the shard's ports --------------------------------------------------------------- */

static uint64_t wall_ms(void *arg)
{
	(void)arg;
	return clock_wall_ms();
}

/** The UDP socket of a flow; after a restart with other listeners, one of its family. */
static struct udp *udp_of(const struct shard_thread *t, const struct flow *flow)
{
	if (flow->listener < LISTEN_MAX && t->udp[flow->listener])
		return t->udp[flow->listener];
	for (size_t i = 0; i < LISTEN_MAX; i++)
		if (t->udp[i] && udp_local(t->udp[i])->family == flow->remote.family)
			return t->udp[i];
	return NULL;
}

static void send_to_owner(struct shard_thread *t, const struct flow *flow, struct str bytes)
{
	struct mail_send *x = malloc(sizeof *x + bytes.n);
	if (!x)
		abort();
	*x = (struct mail_send){.mail.kind = THREAD_SEND, .flow = *flow, .n = bytes.n};
	memcpy(x->bytes, bytes.p, bytes.n);
	shard_thread_mail(&t->all->threads[flow->shard], &x->mail);
}

static void on_send(void *arg, const struct flow *flow, struct str bytes)
{
	struct shard_thread *t = arg;
	metric_add(&t->metrics, METRIC_SIP_TX, 1);
	if (flow->transport == SIP_UDP) {
		struct udp *u = udp_of(t, flow);
		if (u)
			udp_send(u, &flow->remote, &flow->local, bytes);
		return;
	}
	if (flow->conn && flow->shard != t->index && flow->shard < t->all->n)
		send_to_owner(t, flow, bytes);
	else
		links_send(t->links, flow, bytes);
}

static void sent_by(void *arg, const struct flow *flow, struct addr *out)
{
	const struct shard_thread *t = arg;
	const struct settings *s = t->all->a.settings;
	*out = flow->local;
	if (flow->listener < s->sip_listen.n)
		out->port = t->all->bound[flow->listener].port;
	if (s->sip_advertise.family != ADDR_NONE) {
		uint16_t port = out->port;
		*out = s->sip_advertise;
		out->port = port;
	}
}

static void rtp_address(void *arg, const struct flow *flow, struct addr *told, struct addr *own)
{
	const struct shard_thread *t = arg;
	const struct settings *s = t->all->a.settings;
	bool fixed = s->rtp_address.family != ADDR_NONE && !addr_is_any(&s->rtp_address);
	*own = fixed ? s->rtp_address : flow->local;
	own->port = 0;
	*told = s->rtp_advertise.family != ADDR_NONE   ? s->rtp_advertise
	        : s->sip_advertise.family != ADDR_NONE ? s->sip_advertise
	                                               : *own;
	told->port = 0;
}

static void post(void *arg, uint16_t shard, struct mail *m)
{
	struct shard_thread *t = arg;
	shard_thread_mail(&t->all->threads[shard], m);
}

static void media(void *arg, size_t thread, struct media_cmd *cmd)
{
	struct shard_thread *t = arg;
	if (media_put(t->all->media, thread, cmd) == 0)
		t->media_to_ring |= 1ULL << thread;
}

/** A call's setup is half a dozen commands, and a turn has many calls: one wake-up for all. */
static void ring_media(void *arg)
{
	struct shard_thread *t = arg;
	for (size_t i = 0; t->media_to_ring; i++, t->media_to_ring >>= 1)
		if (t->media_to_ring & 1)
			media_ring(t->all->media, i);
}

static void answer(void *arg, struct mail_query *q)
{
	struct shard_thread *t = arg;
	shards_answer(t->all, q);
}

static void save_binding(void *arg, uint64_t tenant, struct str key, struct str value)
{
	struct shard_thread *t = arg;
	if (value.n)
		store_put(t->all->a.store, STORE_BINDINGS, tenant, key, value);
	else
		store_delete(t->all->a.store, STORE_BINDINGS, tenant, key);
}

static void save_call(void *arg, uint64_t tenant, struct str id, struct str record)
{
	struct shard_thread *t = arg;
	store_put(t->all->a.store, STORE_CALLS, tenant, id, record);
}

static void cdr(void *arg, uint64_t tenant, struct str id, uint64_t start_ms, struct str json)
{
	struct shard_thread *t = arg;
	store_cdr_append(t->all->a.store, tenant, id, start_ms, json, id, NULL, NULL);
}

static uint64_t lag_ms(void *arg)
{
	const struct shard_thread *t = arg;
	return t->lag_ms;
}

static const struct shard_ops shard_ops = {
	.wall_ms = wall_ms,
	.send = on_send,
	.sent_by = sent_by,
	.rtp_address = rtp_address,
	.post = post,
	.media = media,
	.answer = answer,
	.save_binding = save_binding,
	.save_call = save_call,
	.cdr = cdr,
	.lag_ms = lag_ms,
};

/* -- sockets ------------------------------------------------------------------------- */

static void on_datagram(struct str bytes, const struct addr *remote, const struct addr *local,
                        void *arg)
{
	struct udp_at *at = arg;
	const struct flow flow = {
		.transport = SIP_UDP,
		.shard = (uint8_t)at->t->index,
		.listener = at->listener,
		.local = *local,
		.remote = *remote,
	};
	/*
	 * What came while others had the processor has waited, too, but is all read in one turn: nobody
	 * is helped by refusing that.
	 */
	uint64_t age_ms = udp_age_ms(at->t->udp[at->listener]), behind_ms = loop_lag_ms(at->t->loop);
	at->t->lag_ms = age_ms < behind_ms ? age_ms : behind_ms;
	shard_input(at->t->shard, bytes, &flow);
}

static void on_stream_message(void *arg, struct str bytes, const struct flow *flow)
{
	struct shard_thread *t = arg;
	t->lag_ms = loop_lag_ms(t->loop);
	shard_input(t->shard, bytes, flow);
}

/** Transactions on the connection may live on any shard. */
static void on_lost(void *arg, const struct flow *flow, int err)
{
	struct shard_thread *t = arg;
	for (uint16_t i = 0; i < t->all->n; i++) {
		struct mail_flow *x = malloc(sizeof *x);
		if (!x)
			abort();
		*x = (struct mail_flow){.mail.kind = SHARD_FLOW_LOST, .flow = *flow, .err = err};
		if (t->all->threads[i].mailbox)
			shard_thread_mail(&t->all->threads[i], &x->mail);
		else
			free(x);
	}
}

static int listen_one(struct shard_thread *t, uint16_t i, const struct listen_at *l)
{
	struct addr at = l->at;
	struct addr *bound = &t->all->bound[i];
	if (bound->family != ADDR_NONE)
		at.port = bound->port; /* the port the kernel chose for the first thread */
	if (l->proto == LISTEN_TCP)
		return links_listen(t->links, i, &at, bound);
	const struct udp_opts o = {
		.reuseport = true,
		.tell_age = true,
		.v6only = true,
		.rcvbuf_bytes = t->all->a.settings->sip_rcvbuf_bytes,
		.max_datagram = t->all->a.settings->limit_message_bytes,
	};
	t->udp_at[i] = (struct udp_at){.t = t, .listener = i};
	int e = udp_open(&t->udp[i], t->loop, &at, &o, on_datagram, &t->udp_at[i]);
	if (!e)
		*bound = *udp_local(t->udp[i]);
	return e;
}

int shard_thread_listen(struct shard_thread *t, struct buf *why)
{
	const struct listen_list *list = &t->all->a.settings->sip_listen;
	for (size_t i = 0; i < list->n; i++) {
		int e = listen_one(t, (uint16_t)i, &list->v[i]);
		if (!e)
			continue;
		buf_printf(why, "sip.listen: %s:",
		           list->v[i].proto == LISTEN_TCP ? "tcp" : "udp");
		addr_put(why, &list->v[i].at);
		buf_printf(why, ": %s", err_text(e));
		return e;
	}
	return 0;
}

/* -- life ---------------------------------------------------------------------------- */

int shard_thread_init(struct shard_thread *t, struct shards *all, uint16_t index,
                      const struct shard_args *base)
{
	t->all = all;
	t->index = index;
	rng_init(&t->rng);
	timer_init(&t->stop_timer, on_stop_timer, t);
	t->ring_media = (struct ev_hook){.fn = ring_media, .arg = t, .flush = true};
	list_init(&t->ring_media.node);
	int e = loop_new(&t->loop);
	if (e)
		return e;
	e = mailbox_new(&t->mailbox, t->loop, MAILBOX_SLOTS, on_mail, t);
	if (e)
		return e;
	struct shard_args args = *base;
	args.index = index;
	args.wheel = loop_wheel(t->loop);
	args.rng = &t->rng;
	args.metrics = &t->metrics;
	args.ops = &shard_ops;
	args.arg = t;
	e = shard_new(&t->shard, &args);
	if (e)
		return e;
	const struct links_args links = {
		.loop = t->loop,
		.settings = all->a.settings,
		.limits = base->limits,
		.hash_key = base->hash_key,
		.shard = index,
		.on_message = on_stream_message,
		.on_lost = on_lost,
		.arg = t,
	};
	return links_new(&t->links, &links);
}

static void *run(void *arg)
{
	struct shard_thread *t = arg;
	ring_media(t); /* calls that were restored have commands */
	loop_run(t->loop);
	return NULL;
}

int shard_thread_start(struct shard_thread *t)
{
	loop_hook_add(t->loop, &t->ring_media); /* behind the sockets': answers go first */
	int e = pthread_create(&t->thread, NULL, run, t);
	t->running = e == 0;
	if (!e) {
		char name[16];
		snprintf(name, sizeof name, "shard%u", t->index);
		pthread_setname_np(t->thread, name);
	}
	return e;
}

void shard_thread_join(struct shard_thread *t)
{
	if (t->running)
		pthread_join(t->thread, NULL);
	t->running = false;
}

void shard_thread_fini(struct shard_thread *t)
{
	if (!t->loop)
		return;
	timer_cancel(loop_wheel(t->loop), &t->stop_timer);
	loop_hook_del(t->loop, &t->ring_media);
	shard_free(t->shard);
	t->shard = NULL;
	for (size_t i = 0; i < LISTEN_MAX; i++)
		if (t->udp[i])
			udp_close(t->udp[i]);
	/* Before the links: they turn the loop, and lost connections are nothing to us any more. */
	if (t->mailbox)
		mailbox_free(t->mailbox, shard_mail_drop);
	t->mailbox = NULL;
	links_free(t->links);
	loop_free(t->loop);
	t->loop = NULL;
}
