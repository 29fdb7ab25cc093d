// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/buf.h"
#include "base/crypto.h"

static void assert_hex(const uint8_t *p, size_t n, const char *want)
{
	char mem[128];
	struct buf b;

	buf_init_fixed(&b, mem, sizeof mem);
	buf_hex(&b, p, n);
	if (!str_eq(buf_view(&b), str_z(want)))
		fail_msg(STR_FMT " is not %s", STR_ARG(buf_view(&b)), want);
}

/* RFC 1321 appendix A.5 */
static void test_md5_vectors(void **state)
{
	const struct str empty[] = {STR_NONE}, parts[] = {STR("mess"), STR(""), STR("age digest")};
	uint8_t out[MD5_BYTES];

	(void)state;
	crypto_md5(empty, 0, out);
	assert_hex(out, sizeof out, "d41d8cd98f00b204e9800998ecf8427e");
	crypto_md5(empty, 1, out);
	assert_hex(out, sizeof out, "d41d8cd98f00b204e9800998ecf8427e");
	crypto_md5(parts, 3, out);
	assert_hex(out, sizeof out, "f96b697d7cb7938d525a2f31aaf161d0");
}

/* RFC 6234 section 8.5, test 1 */
static void test_sha256_vector(void **state)
{
	const struct str parts[] = {STR("a"), STR("bc")};
	uint8_t out[SHA256_BYTES];

	(void)state;
	crypto_sha256(parts, 2, out);
	assert_hex(out, sizeof out,
	           "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void test_hmac_agrees_with_libcrypto(void **state)
{
	uint8_t key[32], text[200], got[SHA256_BYTES], want[SHA256_BYTES];

	(void)state;
	for (unsigned i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)(i * 11 + 3);
	for (unsigned i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)(i * 5);
	for (size_t n = 0; n <= sizeof text; n += 7) {
		const struct str parts[] = {{(char *)text, n / 3}, {(char *)text + n / 3, n - n / 3}};

		assert_non_null(HMAC(EVP_sha256(), key, sizeof key, text, n, want, NULL));
		crypto_hmac_sha256(key, parts, 2, got);
		assert_memory_equal(got, want, sizeof want);
	}
}

/* RFC 7616 section 3.9.1: its H(A1), by which its responses are made. */
static void test_ha1_of_the_rfc_example(void **state)
{
	struct digest_ha1 ha1;

	(void)state;
	digest_ha1_make(&ha1, STR("Mufasa"), STR("http-auth@example.org"), STR("Circle of Life"));
	assert_hex(ha1.md5, sizeof ha1.md5, "3d78807defe7de2157e2b0b6573a855f");
	assert_hex(ha1.sha256, sizeof ha1.sha256,
	           "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232");
}

static void test_hmac_sha1_agrees_with_libcrypto(void **state)
{
	static const size_t lengths[] = {0, 1, 20, 63, 64, 65, 200};
	char key[200];
	(void)state;
	memset(key, 'k', sizeof key);
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		const struct str parts[] = {STR("some "), STR("text")};
		uint8_t want[SHA1_BYTES], got[SHA1_BYTES];
		unsigned n = sizeof want;
		crypto_hmac_sha1((struct str){key, lengths[i]}, parts, 2, got);
		assert_non_null(HMAC(EVP_sha1(), key, (int)lengths[i], (const uint8_t *)"some text", 9,
		                     want, &n));
		assert_memory_equal(got, want, sizeof want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_md5_vectors),
		cmocka_unit_test(test_sha256_vector),
		cmocka_unit_test(test_hmac_agrees_with_libcrypto),
		cmocka_unit_test(test_hmac_sha1_agrees_with_libcrypto),
		cmocka_unit_test(test_ha1_of_the_rfc_example),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
