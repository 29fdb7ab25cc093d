// SPDX-License-Identifier: Apache-2.0
#include "service/message.h"

#include <errno.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/text.h"
#include "sip/build.h"

enum { MAX_MESSAGES = 10000 };

struct message {
	struct map_node node;
	struct messages *all;
	uint64_t key;
	struct strans *st;          /* NULL: answered, or gone */
	const struct tenant *tenant;
	struct str from, to;        /* header values */
	struct str type, body;
	uint32_t max_forwards;
	size_t undecided;           /* client transactions without a final answer */
	size_t alive;               /* client transactions that still point here */
	uint16_t best;
	bool sent;
};

struct messages {
	struct shard *shard;
	struct map by_key;
	uint64_t next_key;
};

int messages_new(struct messages **out, struct shard *s)
{
	struct messages *ms = calloc(1, sizeof *ms);
	if (!ms)
		return ENOMEM;
	ms->shard = s;
	map_init(&ms->by_key);
	*out = ms;
	return 0;
}

static uint64_t hash(const struct messages *ms, uint64_t key)
{
	return hash_u64(&shard_args_of(ms->shard)->hash_key, key);
}

static void message_free(struct message *x)
{
	map_remove(&x->all->by_key, &x->node);
	if (x->st)
		strans_detach(x->st);
	text_free(&x->from);
	text_free(&x->to);
	text_free(&x->type);
	text_free(&x->body);
	tenant_unref(x->tenant);
	free(x);
}

void messages_free(struct messages *ms)
{
	if (!ms)
		return;
	size_t pos = 0;
	struct map_node *n = map_walk(&ms->by_key, NULL, &pos);
	while (n) {
		struct map_node *next = map_walk(&ms->by_key, n, &pos);
		message_free(container_of(n, struct message, node));
		n = next;
	}
	map_fini(&ms->by_key);
	free(ms);
}

size_t messages_count(const struct messages *ms)
{
	return ms->by_key.n;
}

static void finish(struct message *x, uint16_t status)
{
	if (!x->st)
		return;
	struct strans *st = x->st;
	x->st = NULL;
	strans_detach(st);
	strans_reply_status(st, status);
}

static void check_over(struct message *x)
{
	if (!x->undecided)
		finish(x, x->best ? x->best : 480);
	if (!x->alive)
		message_free(x);
}

static void on_st(enum strans_event event, struct strans *st, void *user)
{
	(void)st;
	struct message *x = user;
	if (event == STRANS_END)
		x->st = NULL;
}

static void note_answer(struct message *x, uint16_t status)
{
	x->undecided--;
	if (status < 300)
		finish(x, status);
	else if (!x->best || status >= 600 || x->best / 100 == 5) /* RFC 3261 section 16.7, step 6 */
		/* A challenge is for us: it does not pass. */
		x->best = status == 401 || status == 407 ? 480 : status;
}

static void on_ct(enum ctrans_event event, struct ctrans *ct, const struct sip_msg *m, int err,
                  void *user)
{
	(void)ct;
	struct message *x = user;
	if (event == CTRANS_PROVISIONAL)
		return;
	if (event == CTRANS_FINAL)
		note_answer(x, m->status);
	else if (err)
		note_answer(x, err == ETIMEDOUT ? 408 : 480);
	if (event == CTRANS_END)
		x->alive--;
	check_over(x);
}

static void send_to(struct message *x, const struct call_target *t)
{
	struct shard *s = x->all->shard;
	char room[4096], id[64], tag[16];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	rng_token(shard_args_of(s)->rng, tag, sizeof tag);
	if (t->routes.n)
		sip_put_hdr(&b, HDR_ROUTE, t->routes);
	sip_put_hdr_u32(&b, HDR_MAX_FORWARDS, x->max_forwards);
	sip_put_hdr_fmt(&b, HDR_FROM, STR_FMT ";tag=%.16s", STR_ARG(x->from), tag);
	sip_put_hdr(&b, HDR_TO, x->to);
	sip_put_hdr(&b, HDR_CALL_ID, shard_make_call_id(s, id));
	sip_put_hdr(&b, HDR_CSEQ, STR("1 MESSAGE"));
	const struct ctrans_args args = {
		.method = SIP_MESSAGE,
		.ruri = uri_without_headers(t->contact),
		.headers = buf_view(&b),
		.type = x->type,
		.body = x->body,
		.flow = &t->flow,
	};
	struct ctrans *ct;
	if (buf_ok(&b) && ctrans_start(&ct, shard_sip(s), &args, on_ct, x) != 0)
		return;
	x->undecided++;
	x->alive++;
}

void messages_located(struct messages *ms, uint64_t key, const struct mail_located *l)
{
	for (struct map_node *n = map_find(&ms->by_key, hash(ms, key)); n; n = map_next(n)) {
		struct message *x = container_of(n, struct message, node);
		if (x->key != key || x->sent)
			continue;
		x->sent = true;
		for (size_t i = 0; i < l->n_targets; i++)
			send_to(x, &l->targets[i]);
		check_over(x);
		return;
	}
}

static void put_parties(struct message *x, const struct device *d, struct str dialled)
{
	char room[512];
	struct buf b;
	struct str domain = tenant_domain(x->tenant);
	buf_init_fixed(&b, room, sizeof room);
	sip_put_quoted(&b, d->user->name);
	buf_lit(&b, " <sip:");
	uri_put_user(&b, d->user->extension);
	buf_printf(&b, "@" STR_FMT ">", STR_ARG(domain));
	text_set(&x->from, buf_view(&b));
	buf_reset(&b);
	buf_lit(&b, "<sip:");
	uri_put_user(&b, dialled);
	buf_printf(&b, "@" STR_FMT ">", STR_ARG(domain));
	text_set(&x->to, buf_view(&b));
}

void messages_request(struct messages *ms, struct strans *st, const struct sip_msg *m,
                      const struct auth_identity *who)
{
	struct shard *s = ms->shard;
	const struct shard_args *a = shard_args_of(s);
	if (ms->by_key.n >= MAX_MESSAGES) {
		strans_reply_status(st, 503);
		return;
	}
	struct str dialled = uri_unescape(m->arena, m->ruri.user);
	const struct route_facts f = {.event = ROUTE_BEGIN,
	                              .at_ms = a->ops->wall_ms(a->arg),
	                              .dialled = dialled,
	                              .caller = who->device->user,
	                              .device = who->device};
	struct route_state state = {0};
	struct route_decision d;
	route_step(who->tenant, &f, &state, &d, NULL);
	if (d.action != ROUTE_ASK) { /* a feature code takes no text */
		strans_reply_status(st, d.action == ROUTE_REJECT ? d.status : 404);
		return;
	}
	struct message *x = calloc(1, sizeof *x);
	if (!x)
		abort();
	x->all = ms;
	x->key = ++ms->next_key;
	x->tenant = tenant_ref(who->tenant);
	x->max_forwards = m->max_forwards > 0 ? (uint32_t)m->max_forwards - 1 : 69;
	put_parties(x, who->device, dialled);
	text_set(&x->type, sip_value(m, HDR_CONTENT_TYPE));
	text_set(&x->body, m->body);
	x->st = st;
	strans_set_user(st, on_st, x);
	map_insert(&ms->by_key, &x->node, hash(ms, x->key));
	const struct locate_for for_us = {.message = true, .key = x->key, .shard = a->index};
	shard_locate(s, &for_us, x->tenant, d.users, d.n_users);
}
