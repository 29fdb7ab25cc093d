// SPDX-License-Identifier: Apache-2.0
/* A switch: its shards, the mail between them, killed and started again. */
#include <stdlib.h>
#include <string.h>

#include "app/shard_thread.h"
#include "media/ports.h"
#include "service/shard_state.h"
#include "sim.h"
#include "sip/stack.h"

struct posted {
	struct list_node node;
	struct node *at;
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
	struct mail *m = x->mail;
	struct seat *seat = &x->at->seats[x->to];
	list_remove(&x->node);
	free(x);
	if (m->kind == THREAD_SEND) {
		struct mail_send *send = container_of(m, struct mail_send, mail);
		tcp_send_on(seat, &send->flow, (struct str){send->bytes, send->n});
		free(send);
		return;
	}
	shard_mail(seat->shard, m);
}

/** In order from one sender; between two senders as it happens. */
void switch_post(struct node *n, unsigned from, uint16_t to, struct mail *m)
{
	struct sim *s = n->sim;
	struct posted *x = malloc(sizeof *x);
	*x = (struct posted){.at = n, .to = to, .mail = m};
	timer_init(&x->timer, on_mail, x);
	list_push_back(&n->mail, &x->node);
	uint64_t due = s->wheel.now_ms + 1 + (rng_below(&s->net, 8) ? 0 : rng_below(&s->net, MAIL_MS));
	if (due < n->mail_due[from][to])
		due = n->mail_due[from][to];
	n->mail_due[from][to] = due;
	timer_set(&s->wheel, &x->timer, due);
}

static void drop_mail(struct node *n)
{
	list_for_each_safe(it, &n->mail) {
		struct posted *x = container_of(it, struct posted, node);
		timer_cancel(&n->sim->wheel, &x->timer);
		list_remove(it);
		shard_mail_drop(x->mail);
		free(x);
	}
}

/* -- the shards' ports --------------------------------------------------------------- */

static uint64_t wall_ms(void *arg)
{
	const struct seat *t = arg;
	return sim_wall(t->node->sim);
}

/** As app/shard_thread.c. */
static void send_to_owner(struct seat *t, const struct flow *flow, struct str bytes)
{
	struct mail_send *x = malloc(sizeof *x + bytes.n);
	*x = (struct mail_send){.mail.kind = THREAD_SEND, .flow = *flow, .n = bytes.n};
	memcpy(x->bytes, bytes.p, bytes.n);
	switch_post(t->node, t->index, flow->shard, &x->mail);
}

static void on_send(void *arg, const struct flow *flow, struct str bytes)
{
	struct seat *t = arg;
	if (t->node->dying)
		return;
	if (!flow_is_reliable(flow)) {
		net_to_phone(t->node, &flow->remote, bytes);
		return;
	}
	net_note(t->node->sim, "<==", &flow->remote, bytes);
	check_wire(t->node->sim, bytes, false);
	if (flow->conn && flow->shard != t->index)
		send_to_owner(t, flow, bytes);
	else
		tcp_send_on(t, flow, bytes);
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
	struct seat *t = arg;
	switch_post(t->node, t->index, shard, m);
}

static void media(void *arg, size_t thread, struct media_cmd *cmd)
{
	struct seat *t = arg;
	(void)thread;
	if (t->node->dying) {
		free(cmd);
		return;
	}
	if (cmd->shard != t->index)
		sim_fail(t->node->sim, "the events of a stream would go to another shard");
	media_cmd(t->node, cmd);
}

static void answer(void *arg, struct mail_query *q)
{
	struct seat *t = arg;
	json_array_extend(t->node->answer, q->result);
	json_decref(q->result);
	free(q);
}

static void save_binding(void *arg, uint64_t tenant, struct str key, struct str value)
{
	struct seat *t = arg;
	if (!t->node->dying)
		disk_write(t->node, DISK_BINDINGS, tenant, key, value);
}

static void save_call(void *arg, uint64_t tenant, struct str id, struct str record)
{
	struct seat *t = arg;
	check_call_saved(t->node, tenant, record);
	disk_write(t->node, DISK_CALLS, tenant, id, record);
}

static void cdr(void *arg, uint64_t tenant, struct str id, uint64_t start_ms, struct str json)
{
	struct seat *t = arg;
	(void)start_ms;
	check_cdr(t->node, json, false);
	disk_write(t->node, DISK_CDRS, tenant, id, json);
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

static void start_seat(struct node *n, uint16_t index)
{
	struct sim *s = n->sim;
	struct seat *t = &n->seats[index];
	*t = (struct seat){.node = n, .index = index};
	timer_wheel_init(&t->wheel, s->wheel.now_ms);
	rng_init_seed(&t->rng, s->a.seed * 1000 + n->index * 1000003 + n->kills * 10 + index);
	const struct shard_args args = {
		.index = index,
		.n_shards = (uint16_t)s->a.shards,
		.wheel = &t->wheel,
		.rng = &t->rng,
		.log = &s->log,
		.metrics = &t->metrics,
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
		.directory = n->directory,
		.ops = &ops,
		.arg = t,
	};
	if (shard_new(&t->shard, &args) != 0)
		sim_fail(s, "a shard could not be made");
	tcp_start(t);
}

static void start(struct node *n)
{
	for (uint16_t i = 0; i < n->sim->a.shards; i++)
		start_seat(n, i);
	memset(n->mail_due, 0, sizeof n->mail_due);
	disk_restore(n);
}

void switch_init(struct sim *s, unsigned index)
{
	struct node *n = &s->nodes[index];
	*n = (struct node){.sim = s, .index = index};
	n->addr = (struct addr){.family = ADDR_V4, .port = 5060, .ip = {198, 51, 100, (uint8_t)(1 + index)}};
	n->directory = directory_ref(s->directory);
	list_init(&n->mail);
	list_init(&n->streams);
	disk_init(n);
	start(n);
}

static void free_seats(struct node *n)
{
	n->dying = true; /* nothing that is said now leaves the process */
	for (unsigned i = 0; i < n->sim->a.shards; i++) {
		tcp_stop(&n->seats[i]);
		shard_free(n->seats[i].shard);
		if (n->seats[i].wheel.n)
			sim_fail(n->sim, "%zu timers are left when shard %u is freed", n->seats[i].wheel.n, i);
	}
	n->dying = false;
}

void switch_kill(struct node *n, bool politely)
{
	struct sim *s = n->sim;
	sim_note(s, "=== switch %u is %s", n->index, politely ? "stopped" : "killed");
	if (politely) {
		for (uint16_t i = 0; i < s->a.shards; i++)
			shard_stop(n->seats[i].shard);
		sim_advance(s, 1500); /* as app/shard_thread.c */
	}
	n->kills++;
	s->kills++;
	n->last_kill_ms = s->wheel.now_ms;
	drop_mail(n);
	free_seats(n);
	media_kill(n);
	disk_kill(n);
	check_killed(n);
	start(n);
	sim_note(s, "=== it is up again");
}

void switch_input(struct node *n, struct str bytes, const struct addr *from)
{
	struct flow flow = {.transport = SIP_UDP, .local = n->addr, .remote = *from};
	uint16_t to = (uint16_t)((from->ip[3] * 31u + from->port) % n->sim->a.shards);
	flow.shard = (uint8_t)to;
	char *exact = malloc(bytes.n ? bytes.n : 1); /* so that reading past the end is seen */
	memcpy(exact, bytes.p, bytes.n);
	shard_input(n->seats[to].shard, (struct str){exact, bytes.n}, &flow);
	free(exact);
}

json_t *switch_ask(struct node *n, enum shard_query_kind what)
{
	json_decref(n->answer);
	n->answer = json_array();
	for (uint16_t i = 0; i < n->sim->a.shards; i++) {
		struct mail_query *q = calloc(1, sizeof *q);
		*q = (struct mail_query){.mail.kind = SHARD_QUERY, .what = what};
		shard_mail(n->seats[i].shard, &q->mail);
	}
	return n->answer;
}

void switch_check_idle(struct node *n)
{
	struct sim *s = n->sim;
	for (unsigned i = 0; i < s->a.shards; i++) {
		struct shard *sh = n->seats[i].shard;
		if (!shard_idle(sh))
			sim_fail(s, "shard %u still has calls", i);
		if (sip_stack_transactions(sh->sip))
			sim_fail(s, "shard %u still has %zu transactions", i, sip_stack_transactions(sh->sip));
		if (metric_get(&n->seats[i].metrics, METRIC_CALLS))
			sim_fail(s, "shard %u counts calls that are not there", i);
		for (size_t k = 0; k < sh->a.media_threads; k++)
			if (port_pool_leases(sh->pools[k]))
				sim_fail(s, "shard %u: %zu port leases were not given back", i,
				         port_pool_leases(sh->pools[k]));
	}
	if (!list_empty(&n->streams))
		sim_fail(s, "media streams are left over");
}

void switch_end(struct node *n)
{
	drop_mail(n);
	free_seats(n);
	directory_unref(n->directory);
	json_decref(n->answer);
}
