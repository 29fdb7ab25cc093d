// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <string.h>

#include "base/rng.h"

/* libcrypto's ChaCha20 with our key, counter 0 and nonce 0 is the oracle. */
static void test_stream_is_chacha20(void **state)
{
	unsigned char key[32] = {1, 2, 3, 4, 5, 6, 7, 8}, iv[16] = {0};
	unsigned char zeros[1000] = {0}, want[1000], got[1000];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	struct rng r;
	int n;

	(void)state;
	assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_chacha20(), NULL, key, iv), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, want, &n, zeros, sizeof zeros), 1);
	EVP_CIPHER_CTX_free(ctx);
	rng_init_seed(&r, 0x0807060504030201);
	for (size_t at = 0, step = 1; at < sizeof got; at += step, step = step % 130 + 1) {
		if (step > sizeof got - at)
			step = sizeof got - at;
		rng_bytes(&r, got + at, step);
	}
	assert_memory_equal(got, want, sizeof want);
}

static void test_same_seed_same_numbers(void **state)
{
	struct rng a, b, c;
	uint64_t first;

	(void)state;
	rng_init_seed(&a, 42);
	rng_init_seed(&b, 42);
	rng_init_seed(&c, 43);
	first = rng_u64(&a);
	assert_true(first == rng_u64(&b));
	assert_false(first == rng_u64(&c));
}

static void test_system_keys_differ(void **state)
{
	struct rng a, b;

	(void)state;
	rng_init(&a);
	rng_init(&b);
	assert_false(rng_u64(&a) == rng_u64(&b));
}

static void test_counter_carries_into_its_upper_half(void **state)
{
	unsigned char first[64], block[64];
	struct rng r;

	(void)state;
	rng_init_seed(&r, 1);
	rng_bytes(&r, first, sizeof first);
	r.state[12] = UINT32_MAX;
	rng_bytes(&r, block, sizeof block);
	assert_int_equal(r.state[12], 0);
	assert_int_equal(r.state[13], 1);
	rng_bytes(&r, block, sizeof block);
	assert_memory_not_equal(block, first, sizeof block);
}

static void test_below_is_uniform_and_in_range(void **state)
{
	unsigned seen[3] = {0};
	struct rng r;

	(void)state;
	rng_init_seed(&r, 7);
	for (int i = 0; i < 30000; i++)
		seen[rng_below(&r, 3)]++;
	for (int i = 0; i < 3; i++)
		assert_in_range(seen[i], 9700, 10300);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(rng_below(&r, 1), 0);
		assert_true(rng_below(&r, 0x80000001) <= 0x80000000);
	}
}

static void test_token_uses_32_characters_and_all_of_them(void **state)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	char token[1001];
	struct rng r;

	(void)state;
	rng_init_seed(&r, 9);
	memset(token, '!', sizeof token);
	rng_token(&r, token, 1000);
	assert_int_equal(token[1000], '!');
	token[1000] = '\0';
	assert_int_equal(strspn(token, alphabet), 1000);
	for (size_t i = 0; i < 32; i++)
		assert_non_null(strchr(token, alphabet[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stream_is_chacha20),
		cmocka_unit_test(test_same_seed_same_numbers),
		cmocka_unit_test(test_system_keys_differ),
		cmocka_unit_test(test_counter_carries_into_its_upper_half),
		cmocka_unit_test(test_below_is_uniform_and_in_range),
		cmocka_unit_test(test_token_uses_32_characters_and_all_of_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
