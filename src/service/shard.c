// SPDX-License-Identifier: Apache-2.0
#include "service/shard.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "service/apps.h"
#include "service/locate.h"
#include "service/message.h"
#include "service/query.h"
#include "service/refuse.h"
#include "service/shard_state.h"
#include "sip/build.h"
#include "sip/param.h"

/* -- which shard --------------------------------------------------------------------- */

uint16_t shard_of_user(uint64_t tenant, uint64_t user, uint16_t n_shards)
{
	uint64_t key[2] = {tenant, user};
	return (uint16_t)(hash_stable((struct str){(const char *)key, sizeof key}) % n_shards);
}

static uint16_t shard_of_call_id(const struct shard *s, struct str call_id)
{
	return (uint16_t)(hash_stable(call_id) % s->a.n_shards);
}

/** The user whose address of record a REGISTER names; 0: nobody we know. */
static bool registering_user(const struct shard *s, const struct sip_msg *m, uint64_t *tenant,
                             uint64_t *user)
{
	const struct tenant *t = auth_tenant_of(s->directory, m);
	const struct tenant *owner = NULL;
	struct str name = uri_unescape(m->arena, m->to.uri.user);
	const struct device *d = t ? tenant_device_by_username(t, name) : NULL;
	const struct user *u = d ? d->user : t ? tenant_user_by_extension(t, name) : NULL;
	if (!u && (d = directory_by_global_username(s->directory, name, &owner)) != NULL)
		u = d->user;
	if (!u && !t && (d = directory_by_plain_username(s->directory, name, &owner)) != NULL)
		u = d->user;
	if (!u)
		return false;
	*tenant = tenant_id(owner ? owner : t);
	*user = u->id;
	return true;
}

static uint16_t owner_of(const struct shard *s, const struct sip_msg *m)
{
	uint64_t tenant, user;
	if (m->request && m->method == SIP_REGISTER)
		return registering_user(s, m, &tenant, &user)
		               ? shard_of_user(tenant, user, s->a.n_shards)
		               : s->a.index;
	return shard_of_call_id(s, m->call_id);
}

/** How long the message that is being handled has waited, wherever. */
static uint64_t lag_ms(const struct shard *s)
{
	uint64_t now_ms = s->a.wheel->now_ms, lag = s->a.ops->lag_ms ? s->a.ops->lag_ms(s->a.arg) : 0;
	uint64_t most = now_ms > s->came_ms ? now_ms - s->came_ms : 0; /* 0: ours, of any age */
	return lag < most ? lag : most;
}

static void hand_on(struct shard *s, uint16_t to, struct str bytes, const struct flow *flow)
{
	struct mail_sip *x = malloc(sizeof *x + bytes.n);
	if (!x)
		abort();
	*x = (struct mail_sip){.mail.kind = SHARD_SIP, .flow = *flow, .n = bytes.n,
	                       .came_ms = s->a.wheel->now_ms - lag_ms(s)};
	memcpy(x->bytes, bytes.p, bytes.n);
	s->a.ops->post(s->a.arg, to, &x->mail);
}

void shard_input(struct shard *s, struct str bytes, const struct flow *flow)
{
	if (s->a.n_shards == 1) {
		sip_stack_input(s->sip, bytes, flow);
		return;
	}
	struct sip_msg m;
	struct sip_parse_error e;
	arena_reset(&s->arena);
	if (sip_msg_parse(&m, &s->arena, bytes, &s->a.limits, &e) != 0) {
		sip_stack_input(s->sip, bytes, flow); /* answers or drops what is malformed */
		return;
	}
	uint16_t to = owner_of(s, &m);
	if (to == s->a.index)
		sip_stack_input_msg(s->sip, &m, flow);
	else
		hand_on(s, to, bytes, flow);
}

/* -- new requests -------------------------------------------------------------------- */

static bool authenticate(struct shard *s, struct strans *st, const struct sip_msg *m,
                         const struct flow *flow, bool proxy, struct auth_identity *who)
{
	return auth_check(s->auth, s->directory, st, m, flow, proxy, s->a.ops->wall_ms(s->a.arg), who);
}

static void on_register(struct shard *s, struct strans *st, const struct sip_msg *m,
                        const struct flow *flow)
{
	struct auth_identity who;
	if (!authenticate(s, st, m, flow, false, &who))
		return;
	/* A device may name its user's extension; another's bindings live on another shard. */
	if (shard_of_user(tenant_id(who.tenant), who.device->user->id, s->a.n_shards) != s->a.index) {
		refuse(st, 403, "Not Your Address Of Record");
		return;
	}
	registrar_request(&s->registrar, st, m, flow, &who, s->a.ops->wall_ms(s->a.arg));
}

static void on_invite(struct shard *s, struct strans *st, const struct sip_msg *m,
                      const struct flow *flow)
{
	struct auth_identity who;
	if (refuse_invite(st, m) || !authenticate(s, st, m, flow, true, &who))
		return;
	if (s->stopping || calls_count(s->calls) >= s->a.calls.max_calls) {
		refuse_busy(st);
		return;
	}
	call_incoming(s->calls, st, m, flow, who.tenant, who.device);
}

static void on_message(struct shard *s, struct strans *st, const struct sip_msg *m,
                       const struct flow *flow)
{
	struct auth_identity who;
	if (m->max_forwards == 0)
		refuse(st, 483, NULL);
	else if (authenticate(s, st, m, flow, true, &who))
		messages_request(s->messages, st, m, &who);
}

/** Events, presence and transfer come in issues of their own; who asks must still be known. */
static void on_unserved(struct shard *s, struct strans *st, const struct sip_msg *m,
                        const struct flow *flow)
{
	struct auth_identity who;
	bool proxy = m->method == SIP_REFER;
	if (!authenticate(s, st, m, flow, proxy, &who))
		return;
	if (m->method == SIP_REFER)
		refuse_method(st, 405);
	else
		refuse_event(st);
}

static void on_new_request(struct shard *s, struct strans *st, const struct sip_msg *m,
                           const struct flow *flow)
{
	switch (m->method) {
	case SIP_REGISTER:
		on_register(s, st, m, flow);
		return;
	case SIP_INVITE:
		on_invite(s, st, m, flow);
		return;
	case SIP_OPTIONS:
		answer_options(s, st, m, flow);
		return;
	case SIP_MESSAGE:
		on_message(s, st, m, flow);
		return;
	case SIP_SUBSCRIBE:
	case SIP_PUBLISH:
	case SIP_REFER:
		on_unserved(s, st, m, flow);
		return;
	case SIP_BYE:
	case SIP_INFO:
	case SIP_UPDATE:
	case SIP_PRACK:
	case SIP_NOTIFY:
		refuse(st, 481, NULL);
		return;
	case SIP_ACK:
	case SIP_CANCEL:
	case SIP_METHOD_OTHER:
	case SIP_METHODS:
		break;
	}
	refuse_method(st, 501);
}

static void on_request(void *arg, struct strans *st, const struct sip_msg *m, const struct flow *flow)
{
	struct shard *s = arg;
	if (refuse_any(st, m))
		return;
	if (m->to.tag.n && m->method != SIP_REGISTER) { /* 12.2.2: in a dialog, or nowhere */
		if (!calls_request(s->calls, st, m, flow))
			refuse(st, 481, NULL);
		return;
	}
	on_new_request(s, st, m, flow);
}

/* -- admission ----------------------------------------------------------------------- */

/*
 * Emergency calls are not told apart yet; they are to be a class of their own that is always taken.
 */
static enum overload_class class_of(const struct sip_msg *m)
{
	if (m->to.tag.n && m->method != SIP_REGISTER)
		return OVERLOAD_IN_DIALOG;
	return sip_hdr(m, HDR_AUTHORIZATION) || sip_hdr(m, HDR_PROXY_AUTHORIZATION) ? OVERLOAD_PROVED
	                                                                            : OVERLOAD_NEW;
}

static void tell_overload(struct shard *s, enum overload_change change, uint64_t now_ms)
{
	const struct overload *o = &s->overload;
	if (change == OVERLOAD_BEGINS) {
		metric_add(s->a.metrics, METRIC_OVERLOAD, 1);
		log_event(s->a.log, LOG_OVERLOAD_BEGINS, LOG_U("shard", s->a.index));
	} else if (change == OVERLOAD_ENDS) {
		metric_sub(s->a.metrics, METRIC_OVERLOAD, 1);
		log_event(s->a.log, LOG_OVERLOAD_ENDS, LOG_U("shard", s->a.index),
		          LOG_U("refused", o->refused), LOG_U("ms", now_ms - o->since_ms));
	}
}

static uint32_t on_admit(void *arg, const struct sip_msg *m)
{
	struct shard *s = arg;
	uint64_t now_ms = s->a.wheel->now_ms, lag = lag_ms(s);
	tell_overload(s, overload_look(&s->overload, now_ms, lag), now_ms);
	if (overload_admit(&s->overload, class_of(m), now_ms, lag))
		return 0;
	metric_add(s->a.metrics, METRIC_OVERLOAD_REFUSED, 1);
	return overload_retry_after_s(&s->overload, (uint32_t)rng_u64(s->a.rng));
}

/* -- the stack's other events -------------------------------------------------------- */

static void on_send(void *arg, const struct flow *flow, struct str bytes)
{
	struct shard *s = arg;
	s->a.ops->send(s->a.arg, flow, bytes);
}

static void on_sent_by(void *arg, const struct flow *flow, struct addr *out)
{
	struct shard *s = arg;
	s->a.ops->sent_by(s->a.arg, flow, out);
}

static void on_ack(void *arg, const struct sip_msg *m, const struct flow *flow)
{
	struct shard *s = arg;
	calls_ack(s->calls, m, flow);
}

static void on_cancel(void *arg, struct strans *st, const struct sip_msg *m)
{
	struct shard *s = arg;
	calls_cancel(s->calls, st, m);
}

static void on_stray(void *arg, const struct sip_msg *m, const struct flow *flow)
{
	struct shard *s = arg;
	(void)flow;
	calls_stray_answer(s->calls, m);
}

static const struct sip_stack_ops stack_ops = {
	.send = on_send,
	.sent_by = on_sent_by,
	.admit = on_admit,
	.on_request = on_request,
	.on_ack = on_ack,
	.on_cancel = on_cancel,
	.on_stray_response = on_stray,
};

/* -- what calls ask for -------------------------------------------------------------- */

static uint64_t wall_ms(void *arg)
{
	struct shard *s = arg;
	return s->a.ops->wall_ms(s->a.arg);
}

struct str shard_make_call_id(void *arg, char out[64])
{
	struct shard *s = arg;
	enum { CHARS = 24 };
	do
		rng_token(s->a.rng, out, CHARS);
	while (shard_of_call_id(s, (struct str){out, CHARS}) != s->a.index);
	return (struct str){out, CHARS};
}

void shard_contact(void *arg, const struct flow *flow, struct buf *out)
{
	struct shard *s = arg;
	struct addr at;
	s->a.ops->sent_by(s->a.arg, flow, &at);
	buf_lit(out, "sip:");
	addr_put(out, &at);
	switch ((enum sip_transport)flow->transport) {
	case SIP_TCP:
		buf_lit(out, ";transport=tcp");
		return;
	case SIP_TLS:
		buf_lit(out, ";transport=tls");
		return;
	case SIP_WS:
	case SIP_WSS:
		buf_lit(out, ";transport=ws");
		return;
	case SIP_UDP:
	case SIP_TRANSPORTS:
		return;
	}
}

static void rtp_address(void *arg, const struct flow *flow, struct addr *told, struct addr *own)
{
	struct shard *s = arg;
	s->a.ops->rtp_address(s->a.arg, flow, told, own);
}

static size_t media_thread(const struct shard *s, uint64_t call)
{
	return (size_t)(call % s->a.media_threads);
}

void shard_media(struct shard *s, uint64_t call, struct media_cmd *cmd)
{
	s->a.ops->media(s->a.arg, media_thread(s, call), cmd);
}

static void media(void *arg, uint64_t call, struct media_cmd *cmd)
{
	shard_media(arg, call, cmd);
}

static struct port_pool *ports(void *arg, uint64_t call)
{
	struct shard *s = arg;
	return s->pools[media_thread(s, call)];
}

static void save_call(void *arg, uint64_t tenant, struct str id, struct str record)
{
	struct shard *s = arg;
	s->a.ops->save_call(s->a.arg, tenant, id, record);
}

static void cdr(void *arg, uint64_t tenant, struct str id, uint64_t start_ms, struct str json)
{
	struct shard *s = arg;
	s->a.ops->cdr(s->a.arg, tenant, id, start_ms, json);
}

static void save_binding(void *arg, uint64_t tenant, struct str key, struct str value)
{
	struct shard *s = arg;
	s->a.ops->save_binding(s->a.arg, tenant, key, value);
}

/* -- where users are ----------------------------------------------------------------- */

static void tell_located(struct shard *s, const struct mail_located *l)
{
	if (l->who.message)
		messages_located(s->messages, l->who.key, l);
	else
		calls_located(s->calls, l->who.key, l->presence, l->n_presence, l->targets, l->n_targets);
}

static void located(struct shard *s, struct mail_located *l)
{
	if (!l->who.gather) {
		tell_located(s, l);
		free(l);
		return;
	}
	struct gathered *whole;
	struct mail_located *all = gather_take(&s->gathers, l, &whole);
	if (!all)
		return;
	tell_located(s, all);
	gather_end(whole, all);
}

/** The users of one shard, in their order, and how many shards the others belong to. */
static size_t users_of(const struct shard *s, uint16_t owner, uint64_t tenant,
                       const uint64_t *users, size_t n, uint64_t *own)
{
	size_t n_own = 0;
	for (size_t i = 0; i < n; i++)
		if (shard_of_user(tenant, users[i], s->a.n_shards) == owner)
			own[n_own++] = users[i];
	return n_own;
}

static void ask_owner(struct shard *s, uint16_t owner, const struct locate_for *who, uint64_t tenant,
                      const uint64_t *users, size_t n)
{
	if (owner == s->a.index) {
		located(s, locate_users(s->location, &s->presence, who, tenant, users, n));
		return;
	}
	struct mail_locate *m = malloc(sizeof *m);
	if (!m)
		abort();
	*m = (struct mail_locate){.mail.kind = SHARD_LOCATE, .who = *who, .tenant = tenant, .n = n};
	memcpy(m->users, users, n * sizeof *users);
	s->a.ops->post(s->a.arg, owner, &m->mail);
}

void shard_locate(struct shard *s, const struct locate_for *who, const struct tenant *t,
                  const uint64_t *users, size_t n)
{
	uint64_t tenant = tenant_id(t), own[SHARD_MAX_USERS];
	size_t parts = 0;
	for (uint16_t i = 0; i < s->a.n_shards; i++)
		parts += users_of(s, i, tenant, users, n, own) != 0;
	struct locate_for whom = *who;
	if (!parts) {
		ask_owner(s, s->a.index, who, tenant, users, 0);
		return;
	}
	if (parts > 1)
		whom.gather = gather_begin(&s->gathers, parts);
	/* This shard comes last: its answer may complete the question and call back. */
	for (uint16_t i = 1; i <= s->a.n_shards; i++) {
		uint16_t owner = (uint16_t)((s->a.index + i) % s->a.n_shards);
		size_t n_own = users_of(s, owner, tenant, users, n, own);
		if (n_own)
			ask_owner(s, owner, &whom, tenant, own, n_own);
	}
}

static void locate(void *arg, uint64_t call, const struct tenant *t, const uint64_t *users, size_t n)
{
	struct shard *s = arg;
	const struct locate_for who = {.key = call, .shard = s->a.index};
	shard_locate(s, &who, t, users, n);
}

static void on_locate(struct shard *s, struct mail_locate *m)
{
	struct mail_located *l =
		locate_users(s->location, &s->presence, &m->who, m->tenant, m->users, m->n);
	s->a.ops->post(s->a.arg, m->who.shard, &l->mail);
	free(m);
}

static void note_busy(struct shard *s, uint64_t tenant, uint64_t user, uint64_t ended_ms)
{
	if (ended_ms)
		presence_end(&s->presence, tenant, user, ended_ms);
	else
		presence_begin(&s->presence, tenant, user);
}

static void busy(void *arg, const struct tenant *t, uint64_t user, uint64_t ended_ms)
{
	struct shard *s = arg;
	uint16_t owner = shard_of_user(tenant_id(t), user, s->a.n_shards);
	if (owner == s->a.index) {
		note_busy(s, tenant_id(t), user, ended_ms);
		return;
	}
	struct mail_busy *m = malloc(sizeof *m);
	if (!m)
		abort();
	*m = (struct mail_busy){
		.mail.kind = SHARD_BUSY, .tenant = tenant_id(t), .user = user, .ended_ms = ended_ms};
	s->a.ops->post(s->a.arg, owner, &m->mail);
}

static const struct call_ops call_ops = {
	.wall_ms = wall_ms,
	.locate = locate,
	.busy = busy,
	.make_call_id = shard_make_call_id,
	.contact = shard_contact,
	.rtp_address = rtp_address,
	.media = media,
	.ports = ports,
	.sound = apps_sound,
	.app_begin = apps_begin,
	.app_event = apps_event,
	.save = save_call,
	.cdr = cdr,
};

/* -- mail ---------------------------------------------------------------------------- */

static bool is_still_there(const struct binding_key *key, void *arg)
{
	const struct tenant *t = directory_by_id(arg, key->tenant);
	const struct device *d = t ? tenant_device_by_id(t, key->device) : NULL;
	return d && d->user->id == key->user;
}

static void on_config(struct shard *s, struct mail_config *m)
{
	directory_unref(s->directory);
	s->directory = m->directory;
	location_keep_only(s->location, is_still_there, (void *)s->directory);
	free(m);
}

static void on_media(struct shard *s, struct media_event *ev)
{
	if (ev->what == MEDIA_EV_PORT_FAILED) {
		for (size_t i = 0; i < s->a.media_threads; i++)
			port_pool_bad(s->pools[i], ev->port);
	} else {
		calls_media_event(s->calls, ev);
	}
	free(ev);
}

void shard_mail(struct shard *s, struct mail *m)
{
	switch ((enum shard_mail_kind)m->kind) {
	case SHARD_SIP: {
		struct mail_sip *x = container_of(m, struct mail_sip, mail);
		s->came_ms = x->came_ms;
		sip_stack_input(s->sip, (struct str){x->bytes, x->n}, &x->flow);
		s->came_ms = 0;
		free(x);
		return;
	}
	case SHARD_LOCATE:
		on_locate(s, container_of(m, struct mail_locate, mail));
		return;
	case SHARD_LOCATED:
		located(s, container_of(m, struct mail_located, mail));
		return;
	case SHARD_BUSY: {
		struct mail_busy *x = container_of(m, struct mail_busy, mail);
		note_busy(s, x->tenant, x->user, x->ended_ms);
		free(x);
		return;
	}
	case SHARD_MEDIA:
		on_media(s, container_of(m, struct media_event, mail));
		return;
	case SHARD_CONFIG:
		on_config(s, container_of(m, struct mail_config, mail));
		return;
	case SHARD_QUERY:
		query_answer(s, container_of(m, struct mail_query, mail));
		return;
	case SHARD_FLOW_LOST: {
		struct mail_flow *x = container_of(m, struct mail_flow, mail);
		sip_stack_flow_failed(s->sip, &x->flow, x->err);
		free(x);
		return;
	}
	case SHARD_STOP:
		shard_stop(s);
		free(m);
		return;
	case SHARD_MAIL_KINDS:
		break;
	}
	free(m);
}

void shard_mail_drop(struct mail *m)
{
	if (m->kind == SHARD_CONFIG)
		directory_unref(container_of(m, struct mail_config, mail)->directory);
	if (m->kind == SHARD_QUERY)
		json_decref(container_of(m, struct mail_query, mail)->result);
	free(m);
}

/* -- life ---------------------------------------------------------------------------- */

static int make_pools(struct shard *s)
{
	const struct shard_args *a = &s->a;
	s->pools = calloc(a->media_threads, sizeof *s->pools);
	if (!s->pools)
		return ENOMEM;
	for (size_t i = 0; i < a->media_threads; i++) {
		size_t first = a->rtp_first + 2 * a->rtp_pairs_per_thread *
		                                      (i * a->n_shards + a->index);
		int e = port_pool_new(&s->pools[i], (uint16_t)first, a->rtp_pairs_per_thread,
		                      a->rtp_pairs_initial, &a->hash_key);
		if (e)
			return e;
	}
	return 0;
}

static int make_sip(struct shard *s)
{
	const struct sip_stack_args args = {
		.wheel = s->a.wheel,
		.rng = s->a.rng,
		.log = s->a.log,
		.metrics = s->a.metrics,
		.hash_key = s->a.hash_key,
		.timers = s->a.timers,
		.limits = s->a.limits,
		.server = s->a.server,
		.max_transactions = s->a.max_transactions,
		.ops = &stack_ops,
		.arg = s,
	};
	return sip_stack_new(&s->sip, &args);
}

static int make_calls(struct shard *s)
{
	const struct calls_args args = {
		.sip = s->sip,
		.wheel = s->a.wheel,
		.rng = s->a.rng,
		.log = s->a.log,
		.metrics = s->a.metrics,
		.hash_key = s->a.hash_key,
		.shard = s->a.index,
		.settings = s->a.calls,
		.ops = &call_ops,
		.arg = s,
	};
	return calls_new(&s->calls, &args);
}

static int make_registrar(struct shard *s)
{
	const struct location_args l = {
		.wheel = s->a.wheel,
		.log = s->a.log,
		.metrics = s->a.metrics,
		.hash_key = s->a.hash_key,
		.wall_ms = wall_ms,
		.save = save_binding,
		.arg = s,
	};
	const struct auth_args a = {
		.log = s->a.log,
		.metrics = s->a.metrics,
		.rng = s->a.rng,
		.secret = s->a.nonce_secret,
		.hash_key = s->a.hash_key,
		.realm = s->a.realm,
		.shard = s->a.index,
		.nonce_age_s = s->a.nonce_age_s,
		.max_nonces = s->a.max_nonces,
	};
	presence_init(&s->presence, &s->a.hash_key);
	gathers_init(&s->gathers);
	int e = location_new(&s->location, &l);
	if (!e)
		e = auth_new(&s->auth, &a);
	s->registrar = (struct registrar){
		.location = s->location, .settings = s->a.registrar, .metrics = s->a.metrics};
	return e;
}

int shard_new(struct shard **out, const struct shard_args *args)
{
	struct shard *s = calloc(1, sizeof *s);
	if (!s)
		return ENOMEM;
	s->a = *args;
	s->directory = directory_ref(args->directory);
	arena_init(&s->arena, 16384);
	overload_init(&s->overload, &s->a.overload);
	int e = make_pools(s);
	if (!e)
		e = make_sip(s);
	if (!e)
		e = make_calls(s);
	if (!e)
		e = make_registrar(s);
	if (!e)
		e = messages_new(&s->messages, s);
	if (e)
		shard_free(s);
	else
		*out = s;
	return e;
}

void shard_free(struct shard *s)
{
	if (!s)
		return;
	messages_free(s->messages);
	calls_free(s->calls);
	sip_stack_free(s->sip);
	location_free(s->location);
	presence_fini(&s->presence);
	gathers_fini(&s->gathers);
	auth_free(s->auth);
	for (size_t i = 0; s->pools && i < s->a.media_threads; i++)
		if (s->pools[i])
			port_pool_free(s->pools[i]);
	free(s->pools);
	arena_fini(&s->arena);
	directory_unref(s->directory);
	free(s);
}

int shard_restore_binding(struct shard *s, uint64_t tenant, struct str value)
{
	return location_restore(s->location, tenant, value);
}

void shard_stop(struct shard *s)
{
	s->stopping = true;
	calls_end_all(s->calls);
}

bool shard_idle(const struct shard *s)
{
	return calls_count(s->calls) == 0;
}

struct sip_stack *shard_sip(struct shard *s)
{
	return s->sip;
}

const struct shard_args *shard_args_of(const struct shard *s)
{
	return &s->a;
}
