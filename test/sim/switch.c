// SPDX-License-Identifier: Apache-2.0
/* The switch: its shards, the mail between them, killed and started again. */
#include <stdlib.h>
#include <string.h>

#include "media/ports.h"
#include "service/shard_state.h"
#include "sim.h"
#include "sip/stack.h"

struct posted {
	struct list_node node;
	struct sim *sim;
	struct timer timer;
	uint16_t to;
	struct mail *mail;
};

static const uint64_t WALL_START = 1700000000000;

uint64_t sim_wall(const struct sim *s)
{
	return WALL_START + s->wheel.now_ms - START_MS;
}

/* -- mail ---------------------------------------------------------------------------- */

static void on_mail(struct timer *t, void *arg)
{
	(void)t;
	struct posted *x = arg;
	struct shard *to = x->sim->nodes[x->to].shard;
	struct mail *m = x->mail;
	list_remove(&x->node);
	free(x);
	shard_mail(to, m);
}

/** In order from one sender; between two senders as it happens. */
void switch_post(struct sim *s, unsigned from, uint16_t to, struct mail *m)
{
	struct posted *x = malloc(sizeof *x);
	*x = (struct posted){.sim = s, .to = to, .mail = m};
	timer_init(&x->timer, on_mail, x);
	list_push_back(&s->mail, &x->node);
	uint64_t due = s->wheel.now_ms + 1 + (rng_below(&s->net, 8) ? 0 : rng_below(&s->net, MAIL_MS));
	if (due < s->mail_due[from][to])
		due = s->mail_due[from][to];
	s->mail_due[from][to] = due;
	timer_set(&s->wheel, &x->timer, due);
}

static void drop_mail(struct sim *s)
{
	list_for_each_safe(it, &s->mail) {
		struct posted *x = container_of(it, struct posted, node);
		timer_cancel(&s->wheel, &x->timer);
		list_remove(it);
		shard_mail_drop(x->mail);
		free(x);
	}
}

/* -- the shards' ports --------------------------------------------------------------- */

static uint64_t wall_ms(void *arg)
{
	struct node *n = arg;
	return sim_wall(n->sim);
}

static void on_send(void *arg, const struct flow *flow, struct str bytes)
{
	struct node *n = arg;
	if (!n->sim->dying)
		net_to_phone(n->sim, &flow->remote, bytes);
}

static void sent_by(void *arg, const struct flow *flow, struct addr *out)
{
	(void)arg;
	*out = flow->local;
}

static void rtp_address(void *arg, const struct flow *flow, struct addr *told, struct addr *own)
{
	(void)arg;
	*told = *own = flow->local;
	told->port = own->port = 0;
}

static void post(void *arg, uint16_t shard, struct mail *m)
{
	struct node *n = arg;
	switch_post(n->sim, n->index, shard, m);
}

static void media(void *arg, size_t thread, struct media_cmd *cmd)
{
	struct node *n = arg;
	(void)thread;
	if (n->sim->dying) {
		free(cmd);
		return;
	}
	if (cmd->shard != n->index)
		sim_fail(n->sim, "the events of a stream would go to another shard");
	media_cmd(n->sim, cmd);
}

static void answer(void *arg, struct mail_query *q)
{
	struct node *n = arg;
	json_array_extend(n->sim->answer, q->result);
	json_decref(q->result);
	free(q);
}

static void save_binding(void *arg, uint64_t tenant, struct str key, struct str value)
{
	struct node *n = arg;
	if (!n->sim->dying)
		disk_write(n->sim, DISK_BINDINGS, tenant, key, value);
}

static void save_call(void *arg, uint64_t tenant, struct str id, struct str record)
{
	struct node *n = arg;
	check_call_saved(n->sim, tenant, record);
	disk_write(n->sim, DISK_CALLS, tenant, id, record);
}

static void cdr(void *arg, uint64_t tenant, struct str id, uint64_t start_ms, struct str json)
{
	struct node *n = arg;
	(void)start_ms;
	check_cdr(n->sim, json, false);
	disk_write(n->sim, DISK_CDRS, tenant, id, json);
}

static const struct shard_ops ops = {
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
};

/* -- life ---------------------------------------------------------------------------- */

static void start_node(struct sim *s, struct node *n, uint16_t index)
{
	*n = (struct node){.sim = s, .index = index};
	timer_wheel_init(&n->wheel, s->wheel.now_ms);
	rng_init_seed(&n->rng, s->a.seed * 1000 + s->kills * 10 + index);
	const struct shard_args args = {
		.index = index,
		.n_shards = (uint16_t)s->a.shards,
		.wheel = &n->wheel,
		.rng = &n->rng,
		.log = &s->log,
		.metrics = &n->metrics,
		.hash_key = {1, 2},
		.realm = STR("tandem"),
		.server = STR("Tandem"),
		.timers = {T1_MS, 4000, 5000, 190000},
		.limits = {65535, 256, 60000},
		.max_transactions = 10000,
		.nonce_age_s = 3600,
		.max_nonces = 4096,
		.registrar = {3600, 60, 7200, 10},
		.calls = {.ring_ms = 20000, .max_call_ms = 900000, .session_expires_s = 180,
		          .min_se_s = 90, .silence_ms = 30000, .max_calls = 1000,
		          .prack_give_up_ms = GIVE_UP_MS},
		.media_threads = 2,
		.rtp_first = 20000,
		.rtp_pairs_per_thread = 200,
		.rtp_pairs_initial = 4,
		.directory = s->directory,
		.ops = &ops,
		.arg = n,
	};
	if (shard_new(&n->shard, &args) != 0)
		sim_fail(s, "a shard could not be made");
}

void switch_start(struct sim *s)
{
	for (uint16_t i = 0; i < s->a.shards; i++)
		start_node(s, &s->nodes[i], i);
	memset(s->mail_due, 0, sizeof s->mail_due);
	disk_restore(s);
}

static void free_nodes(struct sim *s)
{
	s->dying = true; /* nothing that is said now leaves the process */
	for (unsigned i = 0; i < s->a.shards; i++) {
		shard_free(s->nodes[i].shard);
		if (s->nodes[i].wheel.n)
			sim_fail(s, "%zu timers are left when shard %u is freed", s->nodes[i].wheel.n, i);
	}
	s->dying = false;
}

void switch_kill(struct sim *s, bool politely)
{
	sim_note(s, "=== the switch is %s", politely ? "stopped" : "killed");
	if (politely) {
		for (uint16_t i = 0; i < s->a.shards; i++)
			shard_stop(s->nodes[i].shard);
		sim_advance(s, 1500); /* as app/shard_thread.c */
	}
	s->kills++;
	s->last_kill_ms = s->wheel.now_ms;
	drop_mail(s);
	free_nodes(s);
	media_kill(s);
	disk_kill(s);
	check_killed(s);
	switch_start(s);
	sim_note(s, "=== it is up again");
}

void switch_input(struct sim *s, struct str bytes, const struct addr *from)
{
	struct flow flow = {.transport = SIP_UDP, .remote = *from};
	if (addr_parse(&flow.local, STR("192.0.2.1:5060")) != 0)
		abort();
	uint16_t to = (uint16_t)((from->ip[3] * 31u + from->port) % s->a.shards);
	flow.shard = (uint8_t)to;
	char *exact = malloc(bytes.n ? bytes.n : 1); /* so that reading past the end is seen */
	memcpy(exact, bytes.p, bytes.n);
	shard_input(s->nodes[to].shard, (struct str){exact, bytes.n}, &flow);
	free(exact);
}

json_t *switch_ask(struct sim *s, enum shard_query_kind what)
{
	json_decref(s->answer);
	s->answer = json_array();
	for (uint16_t i = 0; i < s->a.shards; i++) {
		struct mail_query *q = calloc(1, sizeof *q);
		*q = (struct mail_query){.mail.kind = SHARD_QUERY, .what = what};
		shard_mail(s->nodes[i].shard, &q->mail);
	}
	return s->answer;
}

void switch_check_idle(struct sim *s)
{
	for (unsigned i = 0; i < s->a.shards; i++) {
		struct shard *sh = s->nodes[i].shard;
		if (!shard_idle(sh))
			sim_fail(s, "shard %u still has calls", i);
		if (sip_stack_transactions(sh->sip))
			sim_fail(s, "shard %u still has %zu transactions", i, sip_stack_transactions(sh->sip));
		if (metric_get(&s->nodes[i].metrics, METRIC_CALLS))
			sim_fail(s, "shard %u counts calls that are not there", i);
		for (size_t k = 0; k < sh->a.media_threads; k++)
			if (port_pool_leases(sh->pools[k]))
				sim_fail(s, "shard %u: %zu port leases were not given back", i,
				         port_pool_leases(sh->pools[k]));
	}
	if (!list_empty(&s->streams))
		sim_fail(s, "media streams are left over");
}

void switch_end(struct sim *s)
{
	drop_mail(s);
	free_nodes(s);
}
