// SPDX-License-Identifier: Apache-2.0
#include "service/registrar.h"

#include <errno.h>

#include "sip/build.h"
#include "sip/param.h"

enum { MAX_CONTACTS = 16, MAX_TEXT = 512 };

/** One Contact of the request. */
struct wanted {
	struct sip_addr addr;
	struct str instance;
	uint32_t reg_id;
	uint32_t expires_s;
	uint32_t q_1000;
};

struct work {
	struct registrar *r;
	const struct sip_msg *m;
	const struct auth_identity *who;
	uint64_t now_ms;
	struct wanted wanted[MAX_CONTACTS];
	size_t n;
	bool star;
	uint16_t status;     /* why it was refused; 0: not */
	const char *reason;
};

static bool refuse(struct work *w, uint16_t status, const char *reason)
{
	w->status = status;
	w->reason = reason;
	return false;
}

/** May this device register that address of record: its own name, its user's extension? */
static bool may_register(const struct work *w)
{
	const struct device *d = w->who->device;
	struct str user = uri_unescape(w->m->arena, w->m->to.uri.user);
	return str_eq(user, d->username) || str_eq(user, d->user->extension) ||
	       str_eq(user, d->global_username);
}

/** "0.7" in thousandths; 1000 when absent or odd. */
static uint32_t read_q(struct str params)
{
	struct str q;
	if (!param_get(params, STR("q"), &q) || !q.n)
		return 1000;
	uint32_t out = 0, scale = 100;
	if (q.p[0] == '1')
		return 1000;
	for (size_t i = 2; i < q.n && i < 5 && q.p[i] >= '0' && q.p[i] <= '9'; i++, scale /= 10)
		out += (uint32_t)(q.p[i] - '0') * scale;
	return out;
}

static bool read_expires(struct work *w, struct wanted *c)
{
	struct str text;
	uint32_t s = w->r->settings.default_s;
	uint32_t from_header;
	if (sip_number(w->m, HDR_EXPIRES, &from_header) == 0)
		s = from_header;
	uint32_t own;
	/* 10.2.1.1: a value that is no number counts as the default. */
	if (param_get(c->addr.params, STR("expires"), &text) && str_u32(text, &own) == 0)
		s = own;
	if (s && s < w->r->settings.min_s)
		return refuse(w, 423, NULL);
	c->expires_s = s > w->r->settings.max_s ? w->r->settings.max_s : s;
	return true;
}

static bool read_contact(struct work *w, struct str element)
{
	if (w->n == MAX_CONTACTS || w->n == w->r->settings.max_bindings)
		return refuse(w, 403, "Too Many Contacts");
	struct wanted *c = &w->wanted[w->n];
	*c = (struct wanted){0};
	if (sip_addr_parse(&c->addr, element) != 0)
		return refuse(w, 400, "Bad Contact");
	if (c->addr.star) {
		w->star = true;
		return true;
	}
	enum uri_scheme scheme = c->addr.uri.scheme;
	if ((scheme != URI_SIP && scheme != URI_SIPS) || !c->addr.uri.host.n)
		return refuse(w, 400, "Contact Is No SIP URI");
	if (c->addr.uri.text.n > MAX_TEXT)
		return refuse(w, 400, "Contact Too Long");
	struct str id;
	if (param_get(c->addr.params, STR("+sip.instance"), &id) && id.n <= MAX_TEXT)
		c->instance = id;
	if (!param_get(c->addr.params, STR("reg-id"), &id) || str_u32(id, &c->reg_id) != 0)
		c->reg_id = 0;
	c->q_1000 = read_q(c->addr.params);
	if (!read_expires(w, c))
		return false;
	w->n++;
	return true;
}

static bool read_contacts(struct work *w)
{
	struct sip_iter it = {0};
	struct str element;
	int e;
	while ((e = sip_iter_next(&it, w->m, HDR_CONTACT, &element)) == 0)
		if (!read_contact(w, element))
			return false;
	if (e != ENOENT)
		return refuse(w, 400, "Bad Contact");
	uint32_t expires;
	if (w->star && (w->n || sip_number(w->m, HDR_EXPIRES, &expires) != 0 || expires != 0))
		return refuse(w, 400, "Contact * Needs Expires: 0"); /* 10.3 step 6 */
	return true;
}

static struct binding_key key_of(const struct work *w, const struct wanted *c)
{
	return (struct binding_key){
		.tenant = tenant_id(w->who->tenant),
		.user = w->who->device->user->id,
		.device = w->who->device->id,
		.contact = c->addr.uri.text,
		.instance = c->instance,
		.reg_id = c->reg_id,
	};
}

/* -- order: Call-ID and CSeq (10.3 steps 6 and 7) ------------------------------------ */

/** As much of it as a binding keeps: nobody's memory is to be filled with it. */
static struct str call_id_of(const struct sip_msg *m)
{
	return str_sub(m->call_id, 0, MAX_TEXT);
}

struct ordering {
	const struct work *w;
	bool old;
};

static void check_order(const struct binding_set *b, struct binding *handle, void *arg)
{
	(void)handle;
	struct ordering *o = arg;
	if (str_eq(b->call_id, call_id_of(o->w->m)) && o->w->m->cseq.number <= b->cseq)
		o->old = true;
}

static bool in_order(struct work *w)
{
	struct ordering o = {.w = w};
	const struct device *d = w->who->device;
	if (w->star)
		location_each(w->r->location, tenant_id(w->who->tenant), d->user->id, d->id,
		              check_order, &o);
	for (size_t i = 0; i < w->n && !o.old; i++) {
		struct binding_key key = key_of(w, &w->wanted[i]);
		struct binding *b = location_find(w->r->location, &key);
		struct binding_set set;
		if (!b)
			continue;
		binding_get(b, &set);
		check_order(&set, b, &o);
	}
	return o.old ? refuse(w, 500, "Request Out Of Order") : true;
}

/* -- the change ---------------------------------------------------------------------- */

static void remove_one(const struct binding_set *b, struct binding *handle, void *arg)
{
	(void)b;
	location_remove(arg, handle, "removed by the device");
}

/** Path values, in order, as the Route of requests to this binding (RFC 3327 section 5.2). */
static void put_path(const struct sip_msg *m, struct buf *b)
{
	for (const struct sip_hdr *h = sip_hdr(m, HDR_PATH); h; h = sip_hdr_next(m, h)) {
		if (b->n)
			buf_lit(b, ", ");
		buf_str(b, h->value);
	}
}

static void write_one(struct work *w, const struct wanted *c, const struct flow *flow, struct str path)
{
	struct location *l = w->r->location;
	struct binding_key key = key_of(w, c);
	if (!c->expires_s) {
		struct binding *b = location_find(l, &key);
		if (b)
			location_remove(l, b, "removed by the device");
		return;
	}
	const struct binding_set set = {
		.key = key,
		.path = path,
		.call_id = call_id_of(w->m),
		.cseq = w->m->cseq.number,
		.q_1000 = c->q_1000,
		.user_agent = str_sub(sip_value(w->m, HDR_USER_AGENT), 0, 128),
		.aor = str_sub(w->m->to.uri.text, 0, MAX_TEXT),
		.flow = *flow,
		.expires_ms = w->now_ms + (uint64_t)c->expires_s * 1000,
	};
	location_put(l, &set);
}

struct oldest {
	const struct sip_msg *m; /* what it has just brought stays */
	struct binding *b;
	uint64_t expires_ms;
};

static void find_oldest(const struct binding_set *b, struct binding *handle, void *arg)
{
	struct oldest *o = arg;
	if (b->cseq == o->m->cseq.number && str_eq(b->call_id, call_id_of(o->m)))
		return;
	if (!o->b || b->expires_ms < o->expires_ms)
		*o = (struct oldest){o->m, handle, b->expires_ms};
}

/**
 * A phone that comes back with another contact each time must not lock itself out: beyond
 * the limit the binding that runs out first makes room.
 */
static void make_room(struct work *w)
{
	const struct device *d = w->who->device;
	uint64_t tenant = tenant_id(w->who->tenant);
	struct location *l = w->r->location;
	while (location_count(l, tenant, d->user->id, d->id) > w->r->settings.max_bindings) {
		struct oldest o = {.m = w->m};
		location_each(l, tenant, d->user->id, d->id, find_oldest, &o);
		if (!o.b) /* one request brings no more than may be there */
			return;
		location_remove(l, o.b, "more contacts than a device may have");
	}
}

/* -- the answer ---------------------------------------------------------------------- */

struct answer {
	struct buf *b;
	uint64_t now_ms;
};

static void put_contact(const struct binding_set *s, struct binding *handle, void *arg)
{
	(void)handle;
	struct answer *a = arg;
	uint64_t left = s->expires_ms > a->now_ms ? (s->expires_ms - a->now_ms + 999) / 1000 : 0;
	buf_lit(a->b, "Contact: <");
	buf_str(a->b, s->key.contact);
	buf_printf(a->b, ">;expires=%llu", (unsigned long long)left);
	if (s->q_1000 != 1000)
		buf_printf(a->b, ";q=0.%03u", s->q_1000);
	if (s->key.instance.n) {
		buf_lit(a->b, ";+sip.instance=\"");
		buf_str(a->b, s->key.instance);
		buf_ch(a->b, '"');
	}
	if (s->key.reg_id)
		buf_printf(a->b, ";reg-id=%u", s->key.reg_id);
	buf_lit(a->b, "\r\n");
}

static void answer_ok(struct work *w, struct strans *st)
{
	char room[12288];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	struct answer a = {&b, w->now_ms};
	const struct device *d = w->who->device;
	location_each(w->r->location, tenant_id(w->who->tenant), d->user->id, d->id, put_contact, &a);
	if (sip_has_token(w->m, HDR_SUPPORTED, STR("path")))
		for (const struct sip_hdr *h = sip_hdr(w->m, HDR_PATH); h; h = sip_hdr_next(w->m, h))
			sip_put_hdr(&b, HDR_PATH, h->value);
	const struct sip_reply r = {.status = 200, .headers = buf_view(&b)};
	if (!buf_ok(&b) || strans_reply(st, &r) != 0)
		strans_reply_status(st, 500);
}

/** The shard's limit: what is registered goes on being refreshed, new contacts are refused. */
static bool fits_in_shard(struct work *w)
{
	size_t n = location_size(w->r->location);
	for (size_t i = 0; i < w->n; i++) {
		struct binding_key key = key_of(w, &w->wanted[i]);
		if (w->wanted[i].expires_s && !location_find(w->r->location, &key))
			n++;
	}
	bool fits = !w->r->settings.max_total || n <= w->r->settings.max_total ||
	            n == location_size(w->r->location);
	return fits || refuse(w, 503, "Registrar Full");
}

static void answer_refusal(struct work *w, struct strans *st)
{
	char room[64];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	if (w->status == 423)
		sip_put_hdr_u32(&b, HDR_MIN_EXPIRES, w->r->settings.min_s);
	if (w->status == 503)
		sip_put_hdr_u32(&b, HDR_RETRY_AFTER, 60);
	const struct sip_reply r = {
		.status = w->status, .reason = str_z(w->reason), .headers = buf_view(&b)};
	strans_reply_or_500(st, &r);
}

void registrar_request(struct registrar *r, struct strans *st, const struct sip_msg *m,
                       const struct flow *flow, const struct auth_identity *who, uint64_t wall_ms)
{
	struct work w = {.r = r, .m = m, .who = who, .now_ms = wall_ms};
	bool ok = may_register(&w) || refuse(&w, 403, "Not Your Address Of Record");
	/* 10.3 step 7: all of it or nothing. */
	ok = ok && read_contacts(&w) && in_order(&w) && fits_in_shard(&w);
	char room[2048];
	struct buf path;
	buf_init_fixed(&path, room, sizeof room);
	put_path(m, &path);
	ok = ok && (buf_ok(&path) || refuse(&w, 400, "Path Too Long"));
	if (!ok) {
		answer_refusal(&w, st);
		return;
	}
	const struct device *d = who->device;
	if (w.star)
		location_each(r->location, tenant_id(who->tenant), d->user->id, d->id, remove_one,
		              r->location);
	for (size_t i = 0; i < w.n; i++)
		write_one(&w, &w.wanted[i], flow, buf_view(&path));
	make_room(&w);
	metric_add(r->metrics, METRIC_REGISTERS, 1);
	answer_ok(&w, st);
}
