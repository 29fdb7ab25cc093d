// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tenant/seal.h"

static const struct seal_key key = {"0123456789abcdef0123456789abcde"};
static const struct seal_key other = {"0123456789abcdef0123456789abcdf"};

static void assert_opens(struct str sealed, const struct seal_key *k, int err, struct str plain)
{
	char mem[SEAL_MAX_PLAIN];
	struct buf out;

	buf_init_fixed(&out, mem, sizeof mem);
	assert_int_equal(seal_open(k, sealed, &out), err);
	if (err)
		assert_int_equal(out.n, 0);
	else
		assert_true(str_eq(buf_view(&out), plain));
}

static void test_what_was_sealed_opens(void **state)
{
	char longest[SEAL_MAX_PLAIN];
	struct buf out;

	(void)state;
	memset(longest, 'x', sizeof longest);
	buf_init(&out, 4096);
	for (size_t n = 0; n <= sizeof longest; n++) {
		struct str plain = {longest, n};

		buf_reset(&out);
		assert_int_equal(seal_put(&out, &key, plain), 0);
		assert_true(str_starts(buf_view(&out), STR("v1:")));
		assert_opens(buf_view(&out), &key, 0, plain);
	}
	assert_int_equal(seal_put(&out, &key, (struct str){longest, sizeof longest + 1}), E_LIMIT);
	buf_fini(&out);
}

static void test_sealing_twice_differs(void **state)
{
	struct buf a, b;

	(void)state;
	buf_init(&a, 4096);
	buf_init(&b, 4096);
	assert_int_equal(seal_put(&a, &key, STR("s3cret")), 0);
	assert_int_equal(seal_put(&b, &key, STR("s3cret")), 0);
	assert_false(str_eq(buf_view(&a), buf_view(&b)));
	buf_fini(&a);
	buf_fini(&b);
}

static void test_another_key_opens_nothing(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	assert_int_equal(seal_put(&out, &key, STR("s3cret")), 0);
	assert_opens(buf_view(&out), &other, E_POLICY, STR_NONE);
	buf_fini(&out);
}

/* No character can be changed, lost or added. */
static void test_tampered_text_is_refused(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	assert_int_equal(seal_put(&out, &key, STR("s3cret!!")), 0); /* 48 bytes: no base64 padding */
	for (size_t i = 0; i < out.n; i++) {
		char was = out.p[i], mem[64];
		struct buf plain;

		buf_init_fixed(&plain, mem, sizeof mem);
		out.p[i] = was == 'A' ? 'B' : 'A';
		assert_int_not_equal(seal_open(&key, buf_view(&out), &plain), 0);
		out.p[i] = was;
		assert_int_not_equal(seal_open(&key, str_sub(buf_view(&out), 0, i), &plain), 0);
		assert_int_equal(plain.n, 0);
	}
	assert_opens(buf_view(&out), &key, 0, STR("s3cret!!"));
	buf_ch(&out, 'A');
	assert_opens(buf_view(&out), &key, E_MALFORMED, STR_NONE);
	out.p[out.n - 1] = '!'; /* nothing of base64: a decoder might stop before it */
	assert_opens(buf_view(&out), &key, E_MALFORMED, STR_NONE);
	buf_fini(&out);
}

static void test_bytes_without_the_form_are_malformed(void **state)
{
	struct buf out;

	(void)state;
	assert_opens(STR_NONE, &key, E_MALFORMED, STR_NONE);
	assert_opens(STR("s3cret"), &key, E_MALFORMED, STR_NONE);
	assert_opens(STR("v1:"), &key, E_MALFORMED, STR_NONE);
	assert_opens(STR("v1:AAAA"), &key, E_MALFORMED, STR_NONE);
	assert_opens(STR("v2:AAAA"), &key, E_MALFORMED, STR_NONE);
	buf_init(&out, 4096);
	buf_lit(&out, "v1:");
	for (size_t i = 0; i < 2000; i++) /* longer than the longest */
		buf_ch(&out, 'A');
	assert_opens(buf_view(&out), &key, E_MALFORMED, STR_NONE);
	buf_fini(&out);
}

static void test_too_small_output_is_an_error(void **state)
{
	struct buf sealed, out;
	char mem[5];

	(void)state;
	buf_init(&sealed, 4096);
	buf_init_fixed(&out, mem, sizeof mem);
	assert_int_equal(seal_put(&sealed, &key, STR("s3cret")), 0);
	assert_int_equal(seal_open(&key, buf_view(&sealed), &out), E_LIMIT);
	buf_fini(&sealed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_sealed_opens),
		cmocka_unit_test(test_sealing_twice_differs),
		cmocka_unit_test(test_another_key_opens_nothing),
		cmocka_unit_test(test_tampered_text_is_refused),
		cmocka_unit_test(test_bytes_without_the_form_are_malformed),
		cmocka_unit_test(test_too_small_output_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
