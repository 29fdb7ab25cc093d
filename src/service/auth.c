// SPDX-License-Identifier: Apache-2.0
#include "service/auth.h"

#include <errno.h>
#include <stdlib.h>

#include "base/text.h"
#include "sip/build.h"

enum { REALM_MAX = 300, CONTEXT_MAX = REALM_MAX + 8 };

struct auth {
	struct auth_args a;
	struct str realm;
	struct nonce_cache *used;
	struct digest_ha1 nobody; /* verified against for users that do not exist */
};

int auth_new(struct auth **out, const struct auth_args *args)
{
	struct auth *a = calloc(1, sizeof *a);
	if (!a)
		return ENOMEM;
	a->a = *args;
	uint8_t key[16];
	memcpy(key, &args->hash_key, sizeof key);
	int e = nonce_cache_new(&a->used, args->max_nonces, key);
	if (e) {
		free(a);
		return e;
	}
	text_set(&a->realm, args->realm);
	rng_bytes(args->rng, &a->nobody, sizeof a->nobody);
	*out = a;
	return 0;
}

void auth_free(struct auth *a)
{
	if (!a)
		return;
	nonce_cache_free(a->used);
	text_free(&a->realm);
	mem_wipe(a, sizeof *a);
	free(a);
}

const struct tenant *auth_tenant_of(const struct directory *d, const struct sip_msg *m)
{
	const struct tenant *t = directory_by_domain(d, m->ruri.host);
	if (!t)
		t = directory_by_domain(d, m->to.uri.host);
	/* A phone that dials by address may still know its own domain. */
	return t ? t : directory_by_domain(d, m->from.uri.host);
}

/** What a nonce is bound to: the realm, and the shard that counts its uses. */
static struct str nonce_context(const struct auth *a, struct str realm, char room[CONTEXT_MAX])
{
	struct buf b;
	buf_init_fixed(&b, room, CONTEXT_MAX);
	buf_str(&b, str_sub(realm, 0, REALM_MAX));
	buf_ch(&b, '|');
	buf_u64(&b, a->a.shard);
	return buf_view(&b);
}

/** Strongest first (RFC 8760 section 2.4). */
static void put_challenges(struct auth *a, struct buf *b, unsigned algs, struct str realm,
                           bool proxy, bool stale, uint64_t now_s)
{
	char context[CONTEXT_MAX], nonce_room[NONCE_TEXT + 1], value_room[REALM_MAX + 256];
	struct buf nonce, value;
	buf_init_fixed(&nonce, nonce_room, sizeof nonce_room);
	nonce_put(&nonce, &a->a.secret, nonce_context(a, realm, context), now_s, a->a.rng);
	static const enum digest_alg order[] = {DIGEST_SHA256, DIGEST_MD5};
	for (size_t i = 0; i < 2; i++) {
		if (!(algs & order[i]))
			continue;
		buf_init_fixed(&value, value_room, sizeof value_room);
		digest_put_challenge(&value, order[i], realm, buf_view(&nonce), stale);
		sip_put_hdr(b, proxy ? HDR_PROXY_AUTHENTICATE : HDR_WWW_AUTHENTICATE, buf_view(&value));
	}
}

static void challenge(struct auth *a, struct strans *st, unsigned algs, struct str realm, bool proxy,
                      bool stale, uint64_t now_s)
{
	char room[2048];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	put_challenges(a, &b, algs ? algs : AUTH_MD5, realm, proxy, stale, now_s);
	const struct sip_reply r = {.status = proxy ? 407 : 401, .headers = buf_view(&b)};
	strans_reply_or_500(st, &r);
}

/** Credentials for one of our realms among all that were sent. */
static bool find_credentials(const struct auth *a, const struct sip_msg *m, enum sip_hdr_id id,
                             const struct tenant *t, struct digest_credentials *out)
{
	for (const struct sip_hdr *h = sip_hdr(m, id); h; h = sip_hdr_next(m, h)) {
		if (digest_parse(out, h->value) != 0)
			continue;
		if (str_eq(out->realm, a->realm) || (t && str_eq(out->realm, tenant_domain(t))))
			return true;
	}
	return false;
}

/** The device these credentials name, and the H(A1) that belongs to their realm. */
static const struct device *find_device(const struct auth *a, const struct directory *d,
                                        const struct tenant **t,
                                        const struct digest_credentials *c,
                                        const struct digest_ha1 **ha1)
{
	bool plain_realm = str_eq(c->realm, a->realm);
	const struct tenant *owner = NULL;
	const struct device *dev = directory_by_global_username(d, c->username, &owner);
	if (dev && plain_realm && (!*t || *t == owner)) {
		*t = owner;
		*ha1 = &dev->ha1_global;
		return dev;
	}
	if (*t) {
		dev = tenant_device_by_username(*t, c->username);
	} else {
		dev = directory_by_plain_username(d, c->username, &owner);
		*t = dev ? owner : NULL;
	}
	if (dev)
		*ha1 = plain_realm ? &dev->ha1_plain : &dev->ha1_domain;
	return dev;
}

/** Which algorithms to offer before we know who asks: those of whom it says it is. */
static unsigned algorithms(const struct directory *d, const struct tenant *t, const struct sip_msg *m)
{
	struct str user = m->method == SIP_REGISTER ? m->to.uri.user : m->from.uri.user;
	const struct tenant *owner = NULL;
	const struct device *dev = t ? tenant_device_by_username(t, user)
	                             : directory_by_plain_username(d, user, &owner);
	if (!dev)
		dev = directory_by_global_username(d, user, &owner);
	if (dev)
		return dev->auth_algs;
	return t ? tenant_auth_algs(t) : AUTH_MD5;
}

static void log_failure(const struct auth *a, const struct digest_credentials *c,
                        const struct flow *flow, const char *why)
{
	metric_add(a->a.metrics, METRIC_AUTH_FAILED, 1);
	log_event(a->a.log, LOG_AUTH_FAILED, LOG_S("user", c->username), LOG_S("realm", c->realm),
	          LOG_A("from", &flow->remote), LOG_Z("why", why));
}

bool auth_check(struct auth *a, const struct directory *d, struct strans *st, const struct sip_msg *m,
                const struct flow *flow, bool proxy, uint64_t now_ms, struct auth_identity *out)
{
	const struct tenant *t = auth_tenant_of(d, m);
	struct str realm = t ? tenant_domain(t) : a->realm;
	uint64_t now_s = now_ms / 1000;
	unsigned algs = algorithms(d, t, m);
	struct digest_credentials c;
	if (!find_credentials(a, m, proxy ? HDR_PROXY_AUTHORIZATION : HDR_AUTHORIZATION, t, &c)) {
		challenge(a, st, algs, realm, proxy, false, now_s);
		return false;
	}
	const struct digest_ha1 *ha1 = &a->nobody;
	const struct device *dev = find_device(a, d, &t, &c, &ha1);
	bool right = digest_verify(&c, ha1, m->method_text);
	bool allowed = dev && (dev->auth_algs & c.alg);
	if (!right || !allowed || !digest_uri_matches(c.uri, m->ruri_text)) {
		log_failure(a, &c, flow, "wrong user or password");
		challenge(a, st, algs, realm, proxy, false, now_s);
		return false;
	}
	char context[CONTEXT_MAX];
	struct str bound = nonce_context(a, c.realm, context);
	int e = nonce_check(&a->a.secret, bound, c.nonce, now_s, a->a.nonce_age_s);
	if (!e)
		e = nonce_cache_use(a->used, c.nonce, c.nc);
	if (e) { /* the password is right: a new nonce is all that is needed (RFC 7616 section 3.3) */
		challenge(a, st, dev->auth_algs, realm, proxy, true, now_s);
		return false;
	}
	*out = (struct auth_identity){.tenant = t, .device = dev};
	return true;
}
