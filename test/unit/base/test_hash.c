// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/hash.h"

/* libcrypto's SipHash with its number of rounds set to ours is the oracle. */
static uint64_t oracle(const unsigned char key[16], const unsigned char *p, size_t n)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
	unsigned c_rounds = 1, d_rounds = 3;
	size_t size = 8, got = 0;
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_size_t("size", &size),
		OSSL_PARAM_construct_uint("c-rounds", &c_rounds),
		OSSL_PARAM_construct_uint("d-rounds", &d_rounds),
		OSSL_PARAM_construct_end(),
	};
	uint64_t out = 0;

	assert_int_equal(EVP_MAC_init(ctx, key, 16, params), 1);
	assert_int_equal(EVP_MAC_update(ctx, p, n), 1);
	assert_int_equal(EVP_MAC_final(ctx, (unsigned char *)&out, &got, sizeof out), 1);
	assert_int_equal(got, 8);
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
	return out;
}

static void test_every_length_agrees_with_libcrypto(void **state)
{
	unsigned char key_bytes[16], text[100];
	struct hash_key key;

	(void)state;
	for (size_t i = 0; i < sizeof key_bytes; i++)
		key_bytes[i] = (unsigned char)(i * 7 + 1);
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (unsigned char)(i * 31 + 200);
	memcpy(&key, key_bytes, sizeof key);
	for (size_t n = 0; n <= sizeof text; n++)
		assert_true(hash_bytes(&key, text, n) == oracle(key_bytes, text, n));
}

static void test_u64_is_the_hash_of_its_bytes(void **state)
{
	const struct hash_key key = {1, 2};
	uint64_t v = 0x0123456789abcdef;

	(void)state;
	assert_true(hash_u64(&key, v) == hash_bytes(&key, &v, sizeof v));
}

static void test_another_key_gives_another_hash(void **state)
{
	const struct hash_key a = {1, 2}, b = {1, 3};

	(void)state;
	assert_false(hash_str(&a, STR("bob")) == hash_str(&b, STR("bob")));
	assert_true(hash_str(&a, STR("bob")) == hash_str(&a, STR("bob")));
}

/* Published FNV-1a values: nodes of every version must agree on them. */
static void test_stable_hash_is_fnv1a(void **state)
{
	(void)state;
	assert_true(hash_stable(STR("")) == 0xcbf29ce484222325);
	assert_true(hash_stable(STR("a")) == 0xaf63dc4c8601ec8c);
	assert_true(hash_stable(STR("foobar")) == 0x85944171f73967e8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_length_agrees_with_libcrypto),
		cmocka_unit_test(test_u64_is_the_hash_of_its_bytes),
		cmocka_unit_test(test_another_key_gives_another_hash),
		cmocka_unit_test(test_stable_hash_is_fnv1a),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
