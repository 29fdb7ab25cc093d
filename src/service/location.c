// SPDX-License-Identifier: Apache-2.0
#include "service/location.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/map.h"
#include "sip/uri.h"

enum { KEY_TEXT = 80, VALUE_MAX = 4096, VALUE_VERSION = 1 };

/** One user's bindings. */
struct place {
	struct map_node node;
	uint64_t tenant, user;
	struct list_node bindings;
	unsigned pins; /* somebody walks the list: it stays, even empty */
};

/** The texts of `set` point into the bytes behind the struct. */
struct binding {
	struct list_node node;
	struct place *place;
	struct location *location;
	struct timer timer;
	uint64_t saved_expires_ms;
	struct binding_set set;
	char text[];
};

struct location {
	struct location_args a;
	struct map places;
	size_t n;
};

int location_new(struct location **out, const struct location_args *args)
{
	struct location *l = calloc(1, sizeof *l);
	if (!l)
		return ENOMEM;
	l->a = *args;
	map_init(&l->places);
	*out = l;
	return 0;
}

static uint64_t place_hash(const struct location *l, uint64_t tenant, uint64_t user)
{
	return hash_u64(&l->a.hash_key, tenant * 0x9e3779b97f4a7c15u ^ user);
}

static struct place *find_place(const struct location *l, uint64_t tenant, uint64_t user)
{
	struct map_node *n = map_find(&l->places, place_hash(l, tenant, user));
	for (; n; n = map_next(n)) {
		struct place *p = container_of(n, struct place, node);
		if (p->tenant == tenant && p->user == user)
			return p;
	}
	return NULL;
}

static struct place *make_place(struct location *l, uint64_t tenant, uint64_t user)
{
	struct place *p = find_place(l, tenant, user);
	if (p)
		return p;
	p = calloc(1, sizeof *p);
	if (!p)
		abort();
	p->tenant = tenant;
	p->user = user;
	list_init(&p->bindings);
	map_insert(&l->places, &p->node, place_hash(l, tenant, user));
	return p;
}

static void drop_place(struct location *l, struct place *p)
{
	if (p->pins || !list_empty(&p->bindings))
		return;
	map_remove(&l->places, &p->node);
	free(p);
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

static void save(struct binding *b, bool gone)
{
	struct location *l = b->location;
	if (!l->a.save)
		return;
	char key[KEY_TEXT], room[VALUE_MAX];
	struct buf value;
	buf_init_fixed(&value, room, sizeof room);
	if (!gone)
		put_value(&value, &b->set);
	if (buf_ok(&value))
		l->a.save(l->a.arg, b->set.key.tenant, store_key(&b->set, key), buf_view(&value));
	b->saved_expires_ms = b->set.expires_ms;
}

/* -- bindings ------------------------------------------------------------------------ */

static void unlink_binding(struct binding *b)
{
	struct location *l = b->location;
	timer_cancel(l->a.wheel, &b->timer);
	list_remove(&b->node);
	l->n--;
	metric_sub(l->a.metrics, METRIC_REGISTRATIONS, 1);
}

void location_remove(struct location *l, struct binding *b, const char *why)
{
	log_event(l->a.log, LOG_REG_GONE, LOG_U("tenant", b->set.key.tenant),
	          LOG_S("aor", b->set.aor), LOG_S("contact", b->set.key.contact), LOG_Z("why", why));
	unlink_binding(b);
	save(b, true);
	struct place *p = b->place;
	free(b);
	drop_place(l, p);
}

static void on_expiry(struct timer *t, void *arg)
{
	(void)t;
	struct binding *b = arg;
	location_remove(b->location, b, "expired");
}

void location_free(struct location *l)
{
	if (!l)
		return;
	size_t pos = 0;
	struct map_node *n = map_walk(&l->places, NULL, &pos);
	while (n) {
		struct map_node *next = map_walk(&l->places, n, &pos);
		struct place *p = container_of(n, struct place, node);
		list_for_each_safe(it, &p->bindings) {
			struct binding *b = container_of(it, struct binding, node);
			unlink_binding(b);
			free(b);
		}
		drop_place(l, p);
		n = next;
	}
	map_fini(&l->places);
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
	struct place *p = find_place(l, key->tenant, key->user);
	if (!p)
		return NULL;
	list_for_each(it, &p->bindings) {
		struct binding *b = container_of(it, struct binding, node);
		const struct binding_key *k = &b->set.key;
		if (k->device != key->device)
			continue;
		/* RFC 5626 section 6: instance and reg-id say which binding it is. */
		bool outbound = key->instance.n && key->reg_id && k->instance.n && k->reg_id;
		if (outbound ? str_eq(k->instance, key->instance) && k->reg_id == key->reg_id
		             : same_contact(k->contact, key->contact))
			return b;
	}
	return NULL;
}

const struct binding_set *binding_get(const struct binding *b)
{
	return &b->set;
}

static struct str pack(char **at, struct str s)
{
	struct str out = {*at, s.n};
	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return out;
}

static struct binding *make_binding(struct location *l, const struct binding_set *s)
{
	size_t n = s->key.contact.n + s->key.instance.n + s->path.n + s->call_id.n +
	           s->user_agent.n + s->aor.n;
	struct binding *b = malloc(sizeof *b + n);
	if (!b)
		abort();
	*b = (struct binding){.location = l, .set = *s};
	char *at = b->text;
	b->set.key.contact = pack(&at, s->key.contact);
	b->set.key.instance = pack(&at, s->key.instance);
	b->set.path = pack(&at, s->path);
	b->set.call_id = pack(&at, s->call_id);
	b->set.user_agent = pack(&at, s->user_agent);
	b->set.aor = pack(&at, s->aor);
	list_init(&b->node);
	timer_init(&b->timer, on_expiry, b);
	return b;
}

/** Higher q first; among equals the older first. */
static void insert_in_order(struct place *p, struct binding *b)
{
	list_for_each(it, &p->bindings) {
		if (container_of(it, struct binding, node)->set.q_1000 < b->set.q_1000) {
			list_insert_before(it, &b->node);
			return;
		}
	}
	list_push_back(&p->bindings, &b->node);
}

static void arm(struct location *l, struct binding *b)
{
	uint64_t now = l->a.wall_ms(l->a.arg);
	timer_in(l->a.wheel, &b->timer, b->set.expires_ms > now ? b->set.expires_ms - now : 0);
}

/** A refresh that changes nothing else is written only when a third of the lease has gone. */
static bool worth_saving(const struct binding *old, const struct binding_set *s, uint64_t now)
{
	if (!old || !flow_eq(&old->set.flow, &s->flow) ||
	    !str_eq(old->set.key.contact, s->key.contact) || !str_eq(old->set.path, s->path))
		return true;
	if (s->expires_ms < old->saved_expires_ms || s->q_1000 != old->set.q_1000)
		return true;
	uint64_t lease = s->expires_ms > now ? s->expires_ms - now : 0;
	return s->expires_ms > old->saved_expires_ms + lease / 3;
}

static void put(struct location *l, const struct binding_set *set, bool restoring)
{
	uint64_t now = l->a.wall_ms(l->a.arg);
	struct binding *old = location_find(l, &set->key);
	bool write = !restoring && worth_saving(old, set, now);
	struct binding *b = make_binding(l, set);
	b->set.since_ms = old ? old->set.since_ms : set->since_ms ? set->since_ms : now;
	b->saved_expires_ms = old && !write ? old->saved_expires_ms : set->expires_ms;
	struct place *p = make_place(l, set->key.tenant, set->key.user);
	b->place = p;
	if (old) {
		char key_old[KEY_TEXT], key_new[KEY_TEXT];
		if (!str_eq(store_key(&old->set, key_old), store_key(set, key_new)))
			save(old, true);
		unlink_binding(old);
		free(old);
	} else if (!restoring) {
		log_event(l->a.log, LOG_REG_NEW, LOG_U("tenant", set->key.tenant),
		          LOG_S("aor", set->aor), LOG_S("contact", set->key.contact),
		          LOG_A("from", &set->flow.remote));
	}
	insert_in_order(p, b);
	l->n++;
	metric_add(l->a.metrics, METRIC_REGISTRATIONS, 1);
	arm(l, b);
	if (write)
		save(b, false);
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

static void each_of(struct location *l, struct place *p, uint64_t device, location_each_fn *fn,
                    void *arg)
{
	p->pins++;
	list_for_each_safe(it, &p->bindings) {
		struct binding *b = container_of(it, struct binding, node);
		if (!device || b->set.key.device == device)
			fn(&b->set, b, arg);
	}
	p->pins--;
	drop_place(l, p);
}

void location_each(struct location *l, uint64_t tenant, uint64_t user, uint64_t device,
                   location_each_fn *fn, void *arg)
{
	struct place *p = find_place(l, tenant, user);
	if (p)
		each_of(l, p, device, fn, arg);
}

void location_all(struct location *l, uint64_t tenant, location_each_fn *fn, void *arg)
{
	size_t pos = 0;
	struct map_node *n = map_walk(&l->places, NULL, &pos);
	while (n) {
		struct map_node *next = map_walk(&l->places, n, &pos);
		struct place *p = container_of(n, struct place, node);
		if (!tenant || p->tenant == tenant)
			each_of(l, p, 0, fn, arg);
		n = next;
	}
}

unsigned location_count(struct location *l, uint64_t tenant, uint64_t user, uint64_t device)
{
	struct place *p = find_place(l, tenant, user);
	unsigned n = 0;
	if (!p)
		return 0;
	list_for_each(it, &p->bindings)
		if (!device || container_of(it, struct binding, node)->set.key.device == device)
			n++;
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
