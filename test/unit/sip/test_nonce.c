// SPDX-License-Identifier: Apache-2.0
/* Nonces that verify themselves, and which nc of them were used: RFC 7616 sections 3.3, 3.4. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "sip/digest.h"

static const struct nonce_secret secret = {"0123456789abcdef0123456789abcde"};
static const uint8_t map_key[16] = "nonce cache key";
enum { NOW = 1800000000 };

static struct str make(char *mem, uint64_t now_s)
{
	struct rng rng;
	rng_init_seed(&rng, now_s);
	struct buf b;
	buf_init_fixed(&b, mem, NONCE_TEXT);
	nonce_put(&b, &secret, STR("acme.test"), now_s, &rng);
	assert_true(buf_ok(&b));
	return buf_view(&b);
}

static void test_own_nonce_is_known_again(void **state)
{
	(void)state;
	char mem[NONCE_TEXT];
	struct str n = make(mem, NOW);
	assert_int_equal(nonce_check(&secret, STR("acme.test"), n, NOW, 300), 0);
	assert_int_equal(nonce_check(&secret, STR("acme.test"), n, NOW + 300, 300), 0);
	assert_int_equal(nonce_check(&secret, STR("acme.test"), n, NOW + 301, 300), E_STALE);
}

static void test_nonce_is_bound_to_realm_and_secret(void **state)
{
	(void)state;
	char mem[NONCE_TEXT];
	struct str n = make(mem, NOW);
	struct nonce_secret other = secret;
	other.key[0] ^= 1;
	assert_int_equal(nonce_check(&secret, STR("acme.tesu"), n, NOW, 300), E_POLICY);
	assert_int_equal(nonce_check(&other, STR("acme.test"), n, NOW, 300), E_POLICY);
}

static void test_any_changed_character_is_foreign(void **state)
{
	(void)state;
	char mem[NONCE_TEXT];
	struct str n = make(mem, NOW);
	for (size_t i = 0; i < n.n; i++) {
		char was = mem[i];
		mem[i] = was == 'A' ? 'B' : 'A';
		assert_int_equal(nonce_check(&secret, STR("acme.test"), n, NOW, 300), E_POLICY);
		mem[i] = '"';
		assert_int_equal(nonce_check(&secret, STR("acme.test"), n, NOW, 300), E_POLICY);
		mem[i] = was;
	}
	assert_int_equal(nonce_check(&secret, STR("acme.test"), str_sub(n, 0, n.n - 1), NOW, 300),
	                 E_POLICY);
	assert_int_equal(nonce_check(&secret, STR("acme.test"), STR_NONE, NOW, 300), E_POLICY);
}

static void test_a_clock_a_little_ahead_is_no_error(void **state)
{
	(void)state;
	char mem[NONCE_TEXT];
	struct str n = make(mem, NOW + 30);
	assert_int_equal(nonce_check(&secret, STR("acme.test"), n, NOW, 300), 0);
	n = make(mem, NOW + 3000);
	assert_int_equal(nonce_check(&secret, STR("acme.test"), n, NOW, 300), E_STALE);
}

static void test_two_nonces_of_one_second_differ(void **state)
{
	(void)state;
	struct rng rng;
	rng_init_seed(&rng, 7);
	char mem[2 * NONCE_TEXT];
	struct buf b;
	buf_init_fixed(&b, mem, sizeof mem);
	nonce_put(&b, &secret, STR("r"), NOW, &rng);
	size_t half = b.n;
	nonce_put(&b, &secret, STR("r"), NOW, &rng);
	assert_int_equal(b.n, 2 * half);
	assert_memory_not_equal(mem, mem + half, half);
}

static struct nonce_cache *cache(size_t max)
{
	struct nonce_cache *c;
	assert_int_equal(nonce_cache_new(&c, max, map_key), 0);
	return c;
}

static void test_used_nc_is_refused(void **state) /* RFC 7616 section 3.4 */
{
	(void)state;
	struct nonce_cache *c = cache(10);
	assert_int_equal(nonce_cache_use(c, STR("n1"), 1), 0);
	assert_int_equal(nonce_cache_use(c, STR("n1"), 1), E_POLICY);
	assert_int_equal(nonce_cache_use(c, STR("n2"), 1), 0);
	assert_int_equal(nonce_cache_use(c, STR("n1"), 2), 0);
	assert_int_equal(nonce_cache_use(c, STR("n1"), 0), E_POLICY);
	nonce_cache_free(c);
}

static void test_gaps_are_accepted_and_may_be_filled(void **state)
{
	(void)state;
	struct nonce_cache *c = cache(10);
	assert_int_equal(nonce_cache_use(c, STR("n"), 5), 0);
	assert_int_equal(nonce_cache_use(c, STR("n"), 9), 0);
	assert_int_equal(nonce_cache_use(c, STR("n"), 7), 0);
	assert_int_equal(nonce_cache_use(c, STR("n"), 7), E_POLICY);
	assert_int_equal(nonce_cache_use(c, STR("n"), 5), E_POLICY);
	assert_int_equal(nonce_cache_use(c, STR("n"), 1), 0);
	nonce_cache_free(c);
}

static void test_window_is_64_wide(void **state)
{
	(void)state;
	struct nonce_cache *c = cache(10);
	assert_int_equal(nonce_cache_use(c, STR("n"), 100), 0);
	assert_int_equal(nonce_cache_use(c, STR("n"), 37), 0);
	assert_int_equal(nonce_cache_use(c, STR("n"), 36), E_POLICY);
	assert_int_equal(nonce_cache_use(c, STR("n"), 163), 0); /* 100 is at the edge */
	assert_int_equal(nonce_cache_use(c, STR("n"), 100), E_POLICY);
	assert_int_equal(nonce_cache_use(c, STR("n"), 101), 0);
	assert_int_equal(nonce_cache_use(c, STR("n"), UINT32_MAX), 0);
	assert_int_equal(nonce_cache_use(c, STR("n"), UINT32_MAX), E_POLICY);
	assert_int_equal(nonce_cache_use(c, STR("n"), 164), E_POLICY);
	nonce_cache_free(c);
}

static void test_thousands_of_requests_on_one_nonce(void **state)
{
	(void)state;
	struct nonce_cache *c = cache(1);
	for (uint32_t nc = 1; nc <= 5000; nc++) {
		assert_int_equal(nonce_cache_use(c, STR("n"), nc), 0);
		assert_int_equal(nonce_cache_use(c, STR("n"), nc), E_POLICY);
	}
	nonce_cache_free(c);
}

static int use_number(struct nonce_cache *c, unsigned number)
{
	char text[16];
	int n = snprintf(text, sizeof text, "nonce-%u", number);
	return nonce_cache_use(c, (struct str){text, (size_t)n}, 1);
}

static void test_oldest_is_forgotten_first(void **state)
{
	(void)state;
	struct nonce_cache *c = cache(3000); /* several chunks */
	for (unsigned i = 0; i < 3000; i++)
		assert_int_equal(use_number(c, i), 0);
	assert_int_equal(use_number(c, 0), E_POLICY);
	assert_int_equal(use_number(c, 3000), 0); /* takes the place of 0 */
	for (unsigned i = 1; i <= 3000; i++)
		assert_int_equal(use_number(c, i), E_POLICY);
	assert_int_equal(use_number(c, 0), 0);
	assert_int_equal(use_number(c, 1), 0);
	assert_int_equal(use_number(c, 3), E_POLICY);
	nonce_cache_free(c);
}

static void test_overlong_nonce_is_refused(void **state)
{
	(void)state;
	struct nonce_cache *c = cache(3);
	char text[NONCE_TEXT + 1];
	memset(text, 'x', sizeof text);
	assert_int_equal(nonce_cache_use(c, (struct str){text, NONCE_TEXT + 1}, 1), E_POLICY);
	assert_int_equal(nonce_cache_use(c, (struct str){text, NONCE_TEXT}, 1), 0);
	assert_int_equal(nonce_cache_use(c, STR_NONE, 1), E_POLICY);
	nonce_cache_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_own_nonce_is_known_again),
	    cmocka_unit_test(test_nonce_is_bound_to_realm_and_secret),
	    cmocka_unit_test(test_any_changed_character_is_foreign),
	    cmocka_unit_test(test_a_clock_a_little_ahead_is_no_error),
	    cmocka_unit_test(test_two_nonces_of_one_second_differ),
	    cmocka_unit_test(test_used_nc_is_refused),
	    cmocka_unit_test(test_gaps_are_accepted_and_may_be_filled),
	    cmocka_unit_test(test_window_is_64_wide),
	    cmocka_unit_test(test_thousands_of_requests_on_one_nonce),
	    cmocka_unit_test(test_oldest_is_forgotten_first),
	    cmocka_unit_test(test_overlong_nonce_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
