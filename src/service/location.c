// SPDX-License-Identifier: Apache-2.0
#include "service/location.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/map.h"
#include "sip/uri.h"

enum { KEY_TEXT = 80, VALUE_MAX = 4096, VALUE_VERSION = 1 };

enum binding_text {
	TEXT_CONTACT, TEXT_INSTANCE, TEXT_PATH, TEXT_CALL_ID, TEXT_USER_AGENT, TEXT_AOR, TEXTS
};

/**
 * What a binding_set says, packed: of these there are as many as devices. `bytes` has the flow's two
 * addresses, then the texts, one behind the other.
 */
struct binding {
	struct map_node node;    /* of a user's first binding alone: the map is of users */
	struct binding *next;    /* of the same user: with a lower q, or younger */
	struct timer timer;
	uint64_t tenant, user, device;
	uint64_t expires_ms, saved_expires_ms, since_ms;
	uint64_t conn;
	uint32_t reg_id, cseq;
	uint16_t q_1000;
	uint16_t listener;
	uint8_t transport, shard;
	uint16_t text_n[TEXTS];
	char bytes[];
};

struct location {
	struct location_args a;
	struct map users; /* of the first binding of each */
	size_t n;
};

int location_new(struct location **out, const struct location_args *args)
{
	struct location *l = calloc(1, sizeof *l);
	if (!l)
		return ENOMEM;
	l->a = *args;
	map_init(&l->users);
	*out = l;
	return 0;
}

static uint64_t user_hash(const struct location *l, uint64_t tenant, uint64_t user)
{
	return hash_u64(&l->a.hash_key, tenant * 0x9e3779b97f4a7c15u ^ user);
}

static struct binding *first_of(const struct location *l, uint64_t tenant, uint64_t user)
{
	struct map_node *n = map_find(&l->users, user_hash(l, tenant, user));
	for (; n; n = map_next(n)) {
		struct binding *b = container_of(n, struct binding, node);
		if (b->tenant == tenant && b->user == user)
			return b;
	}
	return NULL;
}

/* -- packed and unpacked ------------------------------------------------------------- */

/** IPv4 takes 7 bytes, IPv6 19. */
static size_t packed_addr_bytes(const struct addr *a)
{
	return 3 + (a->family == ADDR_V4 ? 4 : sizeof a->ip);
}

static char *pack_addr(char *at, const struct addr *a)
{
	size_t n = packed_addr_bytes(a);
	*at = (char)a->family;
	memcpy(at + 1, &a->port, sizeof a->port);
	memcpy(at + 3, a->ip, n - 3);
	return at + n;
}

static const char *unpack_addr(const char *at, struct addr *a)
{
	*a = (struct addr){.family = (uint8_t)*at};
	memcpy(&a->port, at + 1, sizeof a->port);
	size_t n = packed_addr_bytes(a);
	memcpy(a->ip, at + 3, n - 3);
	return at + n;
}

static void texts_of(const struct binding_set *s, struct str out[TEXTS])
{
	out[TEXT_CONTACT] = s->key.contact;
	out[TEXT_INSTANCE] = s->key.instance;
	out[TEXT_PATH] = s->path;
	out[TEXT_CALL_ID] = s->call_id;
	out[TEXT_USER_AGENT] = s->user_agent;
	out[TEXT_AOR] = s->aor;
}

void binding_get(const struct binding *b, struct binding_set *out)
{
	*out = (struct binding_set){
		.key = {.tenant = b->tenant, .user = b->user, .device = b->device, .reg_id = b->reg_id},
		.cseq = b->cseq,
		.q_1000 = b->q_1000,
		.flow = {.transport = b->transport, .shard = b->shard, .listener = b->listener,
		         .conn = b->conn},
		.expires_ms = b->expires_ms,
		.since_ms = b->since_ms,
	};
	const char *at = unpack_addr(b->bytes, &out->flow.local);
	at = unpack_addr(at, &out->flow.remote);
	struct str *const texts[TEXTS] = {
		[TEXT_CONTACT] = &out->key.contact, [TEXT_INSTANCE] = &out->key.instance,
		[TEXT_PATH] = &out->path,           [TEXT_CALL_ID] = &out->call_id,
		[TEXT_USER_AGENT] = &out->user_agent, [TEXT_AOR] = &out->aor,
	};
	for (size_t i = 0; i < TEXTS; i++) {
		*texts[i] = (struct str){at, b->text_n[i]};
		at += b->text_n[i];
	}
}

static struct binding *pack(const struct binding_set *s)
{
	struct str texts[TEXTS];
	texts_of(s, texts);
	size_t n = packed_addr_bytes(&s->flow.local) + packed_addr_bytes(&s->flow.remote);
	for (size_t i = 0; i < TEXTS; i++)
		n += texts[i].n;
	/* What the struct has of padding at its end is used, too. */
	size_t bytes = offsetof(struct binding, bytes) + n;
	struct binding *b = malloc(bytes < sizeof *b ? sizeof *b : bytes);
	if (!b)
		abort();
	*b = (struct binding){
		.tenant = s->key.tenant, .user = s->key.user, .device = s->key.device,
		.expires_ms = s->expires_ms, .since_ms = s->since_ms, .conn = s->flow.conn,
		.reg_id = s->key.reg_id, .cseq = s->cseq, .q_1000 = (uint16_t)s->q_1000,
		.listener = s->flow.listener, .transport = s->flow.transport, .shard = s->flow.shard,
	};
	char *at = pack_addr(b->bytes, &s->flow.local);
	at = pack_addr(at, &s->flow.remote);
	for (size_t i = 0; i < TEXTS; i++) {
		assert(texts[i].n <= UINT16_MAX);
		b->text_n[i] = (uint16_t)texts[i].n;
		if (texts[i].n)
			memcpy(at, texts[i].p, texts[i].n);
		at += texts[i].n;
	}
	return b;
}

/* -- the stored form ----------------------------------------------------------------- */

/** What a stored binding is known by: stable for the same device and contact or instance. */
static struct str store_key(const struct binding_set *s, char room[KEY_TEXT])
{
	const struct binding_key *k = &s->key;
	uint64_t h = k->instance.n && k->reg_id ? hash_stable(k->instance) + k->reg_id
	                                        : hash_stable(k->contact);
	int n = snprintf(room, KEY_TEXT, "%llx/%llx/%llx", (unsigned long long)k->user,
	                 (unsigned long long)k->device, (unsigned long long)h);
	return (struct str){room, (size_t)n};
}

static void put_u64(struct buf *b, uint64_t v)
{
	buf_add(b, &v, sizeof v);
}

static void put_text(struct buf *b, struct str s)
{
	uint16_t n = (uint16_t)s.n;
	buf_add(b, &n, sizeof n);
	buf_add(b, s.p, n);
}

static void put_value(struct buf *b, const struct binding_set *s)
{
	buf_ch(b, VALUE_VERSION);
	put_u64(b, s->key.user);
	put_u64(b, s->key.device);
	put_u64(b, s->key.reg_id);
	put_u64(b, s->cseq);
	put_u64(b, s->q_1000);
	put_u64(b, s->expires_ms);
	put_u64(b, s->since_ms);
	buf_add(b, &s->flow, sizeof s->flow);
	put_text(b, s->key.contact);
	put_text(b, s->key.instance);
	put_text(b, s->path);
	put_text(b, s->call_id);
	put_text(b, s->user_agent);
	put_text(b, s->aor);
}

static bool get(struct str *rest, void *p, size_t n)
{
	if (rest->n < n)
		return false;
	memcpy(p, rest->p, n);
	*rest = (struct str){rest->p + n, rest->n - n};
	return true;
}

static bool get_text(struct str *rest, struct str *out)
{
	uint16_t n;
	if (!get(rest, &n, sizeof n) || rest->n < n)
		return false;
	*out = (struct str){rest->p, n};
	*rest = (struct str){rest->p + n, rest->n - n};
	return true;
}

static int get_value(struct str rest, struct binding_set *s)
{
	uint64_t reg_id, cseq, q;
	char version;
	*s = (struct binding_set){0};
	bool ok = get(&rest, &version, 1) && version == VALUE_VERSION &&
	          get(&rest, &s->key.user, 8) && get(&rest, &s->key.device, 8) &&
	          get(&rest, &reg_id, 8) && get(&rest, &cseq, 8) && get(&rest, &q, 8) &&
	          get(&rest, &s->expires_ms, 8) && get(&rest, &s->since_ms, 8) &&
	          get(&rest, &s->flow, sizeof s->flow) && get_text(&rest, &s->key.contact) &&
	          get_text(&rest, &s->key.instance) && get_text(&rest, &s->path) &&
	          get_text(&rest, &s->call_id) && get_text(&rest, &s->user_agent) &&
	          get_text(&rest, &s->aor);
	if (!ok || s->flow.transport >= SIP_TRANSPORTS)
		return E_MALFORMED;
	s->key.reg_id = (uint32_t)reg_id;
	s->cseq = (uint32_t)cseq;
	s->q_1000 = (uint32_t)q;
	return 0;
}

int location_value_user(struct str value, uint64_t *user)
{
	struct binding_set s;
	int e = get_value(value, &s);
	if (!e)
		*user = s.key.user;
	return e;
}

static void save(struct location *l, struct binding *b, bool gone)
{
	if (!l->a.save)
		return;
	char key[KEY_TEXT], room[VALUE_MAX];
	struct binding_set set;
	struct buf value;
	buf_init_fixed(&value, room, sizeof room);
	binding_get(b, &set);
	if (!gone)
		put_value(&value, &set);
	if (buf_ok(&value))
		l->a.save(l->a.arg, b->tenant, store_key(&set, key), buf_view(&value));
	b->saved_expires_ms = b->expires_ms;
}

/* -- bindings ------------------------------------------------------------------------ */

/** Higher q first; among equals the older first. */
static void link_binding(struct location *l, struct binding *b)
{
	struct binding *first = first_of(l, b->tenant, b->user);
	l->n++;
	metric_add(l->a.metrics, METRIC_REGISTRATIONS, 1);
	if (!first) {
		map_insert(&l->users, &b->node, user_hash(l, b->tenant, b->user));
		return;
	}
	if (first->q_1000 < b->q_1000) {
		b->next = first;
		map_replace(&l->users, &first->node, &b->node);
		return;
	}
	struct binding *before = first;
	while (before->next && before->next->q_1000 >= b->q_1000)
		before = before->next;
	b->next = before->next;
	before->next = b;
}

static void unlink_binding(struct location *l, struct binding *b)
{
	struct binding *before = first_of(l, b->tenant, b->user);
	timer_cancel(l->a.wheel, &b->timer);
	l->n--;
	metric_sub(l->a.metrics, METRIC_REGISTRATIONS, 1);
	if (before != b) {
		while (before->next != b)
			before = before->next;
		before->next = b->next;
	} else if (b->next) {
		map_replace(&l->users, &b->node, &b->next->node);
	} else {
		map_remove(&l->users, &b->node);
	}
}

void location_remove(struct location *l, struct binding *b, const char *why)
{
	struct binding_set set;
	binding_get(b, &set);
	log_event(l->a.log, LOG_REG_GONE, LOG_U("tenant", b->tenant), LOG_S("aor", set.aor),
	          LOG_S("contact", set.key.contact), LOG_Z("why", why));
	unlink_binding(l, b);
	save(l, b, true);
	free(b);
}

static void on_expiry(struct timer *t, void *arg)
{
	location_remove(arg, container_of(t, struct binding, timer), "expired");
}

void location_free(struct location *l)
{
	if (!l)
		return;
	size_t pos = 0;
	struct map_node *n = map_walk(&l->users, NULL, &pos);
	while (n) {
		struct binding *b = container_of(n, struct binding, node), *next;
		n = map_walk(&l->users, n, &pos);
		for (; b; b = next) {
			next = b->next;
			unlink_binding(l, b);
			free(b);
		}
	}
	map_fini(&l->users);
	free(l);
}

static bool same_contact(struct str a, struct str b)
{
	struct uri ua, ub;
	if (str_eq(a, b))
		return true;
	return uri_parse(&ua, a) == 0 && uri_parse(&ub, b) == 0 && uri_eq(&ua, &ub);
}

struct binding *location_find(struct location *l, const struct binding_key *key)
{
	for (struct binding *b = first_of(l, key->tenant, key->user); b; b = b->next) {
		struct binding_set s;
		if (b->device != key->device)
			continue;
		binding_get(b, &s);
		const struct binding_key *k = &s.key;
		/* RFC 5626 section 6: instance and reg-id say which binding it is. */
		bool outbound = key->instance.n && key->reg_id && k->instance.n && k->reg_id;
		if (outbound ? str_eq(k->instance, key->instance) && k->reg_id == key->reg_id
		             : same_contact(k->contact, key->contact))
			return b;
	}
	return NULL;
}

static void arm(struct location *l, struct binding *b)
{
	uint64_t now = l->a.wall_ms(l->a.arg);
	timer_init(&b->timer, on_expiry, l);
	timer_in(l->a.wheel, &b->timer, b->expires_ms > now ? b->expires_ms - now : 0);
}

/** A refresh that changes nothing else is written only when a third of the lease has gone. */
static bool worth_saving(const struct binding *b, const struct binding_set *s, uint64_t now)
{
	if (!b)
		return true;
	struct binding_set old;
	binding_get(b, &old);
	if (!flow_eq(&old.flow, &s->flow) || !str_eq(old.key.contact, s->key.contact) ||
	    !str_eq(old.path, s->path))
		return true;
	if (s->expires_ms < b->saved_expires_ms || s->q_1000 != old.q_1000)
		return true;
	uint64_t lease = s->expires_ms > now ? s->expires_ms - now : 0;
	return s->expires_ms > b->saved_expires_ms + lease / 3;
}

/** `new` takes the place of `old`: what is stored under another key goes. */
static void supersede(struct location *l, struct binding *old, const struct binding_set *new)
{
	char key_old[KEY_TEXT], key_new[KEY_TEXT];
	struct binding_set set;
	binding_get(old, &set);
	if (!str_eq(store_key(&set, key_old), store_key(new, key_new)))
		save(l, old, true);
	unlink_binding(l, old);
	free(old);
}

static void put(struct location *l, const struct binding_set *set, bool restoring)
{
	uint64_t now = l->a.wall_ms(l->a.arg);
	struct binding *old = location_find(l, &set->key);
	bool write = !restoring && worth_saving(old, set, now);
	struct binding *b = pack(set);
	b->since_ms = old ? old->since_ms : set->since_ms ? set->since_ms : now;
	b->saved_expires_ms = old && !write ? old->saved_expires_ms : set->expires_ms;
	if (old) {
		supersede(l, old, set);
	} else if (!restoring) {
		log_event(l->a.log, LOG_REG_NEW, LOG_U("tenant", set->key.tenant),
		          LOG_S("aor", set->aor), LOG_S("contact", set->key.contact),
		          LOG_A("from", &set->flow.remote));
	}
	link_binding(l, b);
	arm(l, b);
	if (write)
		save(l, b, false);
}

void location_put(struct location *l, const struct binding_set *set)
{
	put(l, set, false);
}

/**
 * A connection does not outlive the process: the device is called at its Contact by a new
 * one (RFC 3261 section 18.1.1), until it registers again.
 */
static void without_connection(struct binding_set *s)
{
	if (!flow_is_reliable(&s->flow))
		return;
	struct uri contact;
	struct addr at;
	s->flow.conn = 0;
	if (uri_parse(&contact, s->key.contact) != 0 || uri_host_addr(&contact, &at) != 0)
		return;
	s->flow.remote = at;
	s->flow.remote.port = contact.port ? contact.port : 5060;
}

int location_restore(struct location *l, uint64_t tenant, struct str value)
{
	struct binding_set s;
	int e = get_value(value, &s);
	if (e)
		return e;
	s.key.tenant = tenant;
	if (s.expires_ms <= l->a.wall_ms(l->a.arg))
		return E_STALE;
	without_connection(&s);
	put(l, &s, true);
	return 0;
}

/* -- asking -------------------------------------------------------------------------- */

/** `fn` may remove the binding that it is given. */
static void each_from(struct binding *b, uint64_t device, location_each_fn *fn, void *arg)
{
	while (b) {
		struct binding *next = b->next;
		if (!device || b->device == device) {
			struct binding_set set;
			binding_get(b, &set);
			fn(&set, b, arg);
		}
		b = next;
	}
}

void location_each(struct location *l, uint64_t tenant, uint64_t user, uint64_t device,
                   location_each_fn *fn, void *arg)
{
	each_from(first_of(l, tenant, user), device, fn, arg);
}

void location_all(struct location *l, uint64_t tenant, location_each_fn *fn, void *arg)
{
	size_t pos = 0;
	struct map_node *n = map_walk(&l->users, NULL, &pos);
	while (n) {
		struct binding *first = container_of(n, struct binding, node);
		n = map_walk(&l->users, n, &pos);
		if (!tenant || first->tenant == tenant)
			each_from(first, 0, fn, arg);
	}
}

unsigned location_count(struct location *l, uint64_t tenant, uint64_t user, uint64_t device)
{
	unsigned n = 0;
	for (struct binding *b = first_of(l, tenant, user); b; b = b->next)
		n += !device || b->device == device;
	return n;
}

size_t location_size(const struct location *l)
{
	return l->n;
}

struct keeping {
	struct location *l;
	location_keep_fn *keep;
	void *arg;
};

static void keep_one(const struct binding_set *s, struct binding *b, void *arg)
{
	struct keeping *k = arg;
	if (!k->keep(&s->key, k->arg))
		location_remove(k->l, b, "its device was removed or moved");
}

void location_keep_only(struct location *l, location_keep_fn *keep, void *arg)
{
	struct keeping k = {l, keep, arg};
	location_all(l, 0, keep_one, &k);
}
