// SPDX-License-Identifier: Apache-2.0
/* Five texts with NULs between: credentials, a challenge, a method, a URI, a nonce. Nobody's
 * credentials are right by chance, and our answer to a challenge that can be read is. */
#include "feed.h"
#include "sip/digest.h"

static const struct nonce_secret secret = {"0123456789abcdef0123456789abcde"};

static void check_credentials(struct str text, struct str method, struct str uri,
                              const struct digest_ha1 *ha1)
{
	static const uint8_t hash_key[16] = {1};
	struct digest_credentials c;
	struct nonce_cache *cache;
	if (digest_parse(&c, text) != 0)
		return;
	need(c.username.p && c.realm.p && c.nonce.p && c.uri.p && c.response.p);
	need(!digest_verify(&c, ha1, method));
	(void)!digest_uri_matches(c.uri, uri);
	need(digest_uri_matches(c.uri, c.uri));
	need(nonce_check(&secret, c.realm, c.nonce, 1000, 3600) != 0);
	need(nonce_cache_new(&cache, 4, hash_key) == 0);
	if (nonce_cache_use(cache, c.nonce, c.nc) == 0)
		need(nonce_cache_use(cache, c.nonce, c.nc) != 0);
	nonce_cache_free(cache);
}

static void check_answer(struct str text, struct str method, const struct digest_ha1 *ha1)
{
	struct digest_challenge ch;
	struct digest_credentials back;
	struct buf b;
	if (digest_challenge_parse(&ch, text) != 0 || !ch.auth_qop) /* without, servers of ours refuse it */
		return;
	buf_init(&b, text.n + 4096);
	if (digest_answer(&b, &ch, STR("1001"), ha1, method, STR("sip:x@y"), STR("c0ffee"), 7) == 0) {
		need(buf_ok(&b) && digest_parse(&back, buf_view(&b)) == 0);
		need(digest_verify(&back, ha1, method) && str_eq(back.realm, ch.realm));
	}
	buf_fini(&b);
}

/** What we say ourselves in a realm can be read, and our nonce is ours there alone. */
static void check_ours(struct str realm, struct str nonce)
{
	struct digest_challenge ch;
	struct rng rng;
	struct buf made, line;
	rng_init_seed(&rng, 1);
	buf_init(&made, 256);
	buf_init(&line, 4096 + 4 * realm.n);
	nonce_put(&made, &secret, realm, 1000, &rng);
	need(nonce_check(&secret, realm, buf_view(&made), 1001, 3600) == 0);
	need(nonce_check(&secret, realm, buf_view(&made), 9999, 3600) == E_STALE);
	need(nonce_check(&secret, STR("another"), buf_view(&made), 1001, 3600) == E_POLICY ||
	     str_eq(realm, STR("another")));
	need(nonce_check(&secret, realm, nonce, 1000, 3600) != 0);
	digest_put_challenge(&line, DIGEST_SHA256, realm, buf_view(&made), true);
	need(buf_ok(&line) && digest_challenge_parse(&ch, buf_view(&line)) == 0);
	need(ch.stale && ch.auth_qop && str_eq(ch.nonce, buf_view(&made)));
	buf_fini(&line);
	buf_fini(&made);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct feed f = {p, n};
	struct str credentials = feed_until(&f, '\0'), challenge = feed_until(&f, '\0');
	struct str method = feed_until(&f, '\0'), uri = feed_until(&f, '\0');
	struct digest_ha1 ha1;
	digest_ha1_make(&ha1, STR("1001"), STR("tandem"), STR("s3cret"));
	check_credentials(credentials, method, uri, &ha1);
	check_answer(challenge, method, &ha1);
	check_ours(uri, feed_until(&f, '\0'));
	return 0;
}
