// SPDX-License-Identifier: Apache-2.0
/* Random walks of phones (test/lib/walk.h). SEED and STEPS of the environment repeat one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "walk.h"

enum { WALKS = 40, STEPS = 1500 };

static void test_whatever_phones_do_nothing_is_left_over(void **state)
{
	(void)state;
	const char *seed = getenv("SEED"), *steps = getenv("STEPS"), *walks = getenv("WALKS");
	unsigned n = walks ? (unsigned)atoi(walks) : seed ? 1 : WALKS;
	for (unsigned i = 0; i < n; i++) {
		uint64_t s = (seed ? strtoull(seed, NULL, 10) : 1) + i;
		fprintf(stderr, "\rSEED=%llu ", (unsigned long long)s); /* stays when this one fails */
		unsigned far = steps ? (unsigned)atoi(steps) : STEPS;
		struct walk_end end = walk_seed(s, far);
		assert_true(far < 1000 || (end.calls > 20 && end.answered > 2)); /* it led somewhere */
	}
	fprintf(stderr, "\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whatever_phones_do_nothing_is_left_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
