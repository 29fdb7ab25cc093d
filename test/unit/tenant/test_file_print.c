// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tenant_make.h"

/* Applied to nothing but printed again: without secrets and without defaults. */
static void assert_prints(const char *json, const char *expected)
{
	struct tenant_rows rows = {0};
	json_t *got, *want = json_loads(expected, 0, NULL);
	struct rng rng;

	rng_init_seed(&rng, 1);
	test_apply(&rows, &rng, json);
	got = tenant_file_print(&rows.set);
	assert_non_null(want);
	assert_true(json_equal(got, want));
	json_decref(got);
	json_decref(want);
	object_set_fini(&rows.set);
}

#define HEAD "{\"tenant\":\"acme\",\"domains\":[\"acme.test\"]"

static void test_file_comes_back_without_secrets(void **state)
{
	(void)state;
	assert_prints(HEAD ",\"users\":[{\"name\":\"Bob\",\"extension\":1002,\"devices\":["
	              "{\"username\":\"b\",\"password\":\"s\"},{\"username\":\"a\",\"password\":\"s\","
	              "\"digest\":[\"md5\"]}]},{\"name\":\"Al\",\"extension\":\"1001\",\"devices\":[]}]}",
	              HEAD ",\"users\":[{\"name\":\"Bob\",\"extension\":\"1002\",\"devices\":["
	              "{\"username\":\"b\"},{\"username\":\"a\",\"digest\":[\"md5\"]}]},"
	              "{\"name\":\"Al\",\"extension\":\"1001\"}]}");
}

static void test_default_is_left_out(void **state)
{
	(void)state;
	assert_prints(HEAD ",\"digest\":[\"md5\"]}", HEAD ",\"users\":[]}");
	assert_prints(HEAD ",\"digest\":[\"sha-256\"]}", HEAD ",\"digest\":[\"sha-256\"],\"users\":[]}");
}

static void test_removed_rows_are_not_printed(void **state)
{
	struct tenant_rows rows = {0};
	json_t *got, *want = json_loads(HEAD ",\"users\":[]}", 0, NULL);
	struct rng rng;

	(void)state;
	rng_init_seed(&rng, 1);
	test_apply(&rows, &rng, HEAD ",\"users\":[{\"name\":\"x\",\"extension\":\"1\"}]}");
	object_set_find(&rows.set, KIND_USER, STR("1"))->removed = true;
	got = tenant_file_print(&rows.set);
	assert_true(json_equal(got, want));
	json_decref(got);
	json_decref(want);
	object_set_fini(&rows.set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file_comes_back_without_secrets),
		cmocka_unit_test(test_default_is_left_out),
		cmocka_unit_test(test_removed_rows_are_not_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
