// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/metric.h"
#include "base/str.h"

static void test_add_sub_and_get(void **state)
{
	struct metrics m = {0};

	(void)state;
	metric_add(&m, METRIC_CALLS, 3);
	metric_sub(&m, METRIC_CALLS, 1);
	metric_add(&m, METRIC_SIP_RX, 1);
	assert_int_equal(metric_get(&m, METRIC_CALLS), 2);
	assert_int_equal(metric_get(&m, METRIC_SIP_RX), 1);
	assert_int_equal(metric_get(&m, METRIC_SIP_TX), 0);
}

/* doc/metrics.md and the exposition are made from the table. */
static void test_every_row_is_complete_and_named_once(void **state)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz_0123456789";

	(void)state;
	for (unsigned i = 0; i < METRIC_IDS; i++) {
		const char *name = metric_name((enum metric_id)i), *kind = metric_kind((enum metric_id)i);

		assert_int_equal(strspn(name, letters), strlen(name));
		assert_true(strcmp(kind, "counter") == 0 || strcmp(kind, "gauge") == 0);
		assert_true(str_ends(str_z(metric_text((enum metric_id)i)), STR(".")));
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(name, metric_name((enum metric_id)k));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_sub_and_get),
		cmocka_unit_test(test_every_row_is_complete_and_named_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
