// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/err.h"

static void test_every_code_has_a_text_of_its_own(void **state)
{
	const int codes[] = {0, ENOMEM, EAGAIN, E_MALFORMED, E_MORE, E_POLICY, E_LIMIT, E_STALE};
	const size_t n = sizeof codes / sizeof codes[0];

	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_string_not_equal(err_text(codes[i]), "unknown error");
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(err_text(codes[i]), err_text(codes[k]));
	}
}

static void test_unknown_code_is_never_null(void **state)
{
	(void)state;
	assert_string_equal(err_text(-1), "unknown error");
	assert_string_equal(err_text(E_STALE + 1), "unknown error");
	assert_string_equal(err_text(5000), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_code_has_a_text_of_its_own),
		cmocka_unit_test(test_unknown_code_is_never_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
