// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tenant/object.h"

#include <stdio.h>
#include <stdlib.h>

static struct object make(uint64_t id, enum kind_id kind, const char *key)
{
	return (struct object){.id = id, .kind = kind, .key = str_dupz(str_z(key)),
	                       .who = str_dupz(STR("test")), .body = json_object()};
}

static void test_set_finds_by_kind_and_key_and_by_id(void **state)
{
	struct object_set set = {0};
	char key[16];

	(void)state;
	object_set_add(&set, make(1, KIND_TENANT, "1001"));
	for (uint64_t i = 2; i < 50; i++) { /* grows several times */
		snprintf(key, sizeof key, "%d", 1000 + (int)i);
		object_set_add(&set, make(i, i % 2 ? KIND_USER : KIND_DEVICE, key));
	}
	assert_int_equal(set.n, 49);
	assert_int_equal(object_set_find(&set, KIND_TENANT, STR("1001"))->id, 1);
	assert_int_equal(object_set_find(&set, KIND_USER, STR("1049"))->id, 49);
	assert_null(object_set_find(&set, KIND_DEVICE, STR("1049")));
	assert_null(object_set_find(&set, KIND_USER, STR("104")));
	assert_string_equal(object_set_by_id(&set, 17)->key, "1017");
	assert_null(object_set_by_id(&set, 50));
	object_set_fini(&set);
	assert_int_equal(set.n, 0);
	object_set_fini(&set);
}

static void test_set_grows_an_array_of_another_maker(void **state)
{
	struct object_set set = {.v = calloc(3, sizeof(struct object)), .n = 3};

	(void)state;
	object_set_add(&set, make(4, KIND_USER, "4"));
	assert_int_equal(set.n, 4);
	assert_true(set.cap >= 4);
	object_set_fini(&set);
}

static void test_change_set_owns_its_rows(void **state)
{
	struct change_set c = {0};

	(void)state;
	for (uint64_t i = 0; i < 20; i++)
		change_set_add(&c, (struct change){.row = make(i, KIND_USER, "x")});
	assert_int_equal(c.n, 20);
	assert_int_equal(c.v[19].row.id, 19);
	change_set_fini(&c); /* the leak checker sees the rest */
	assert_int_equal(c.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_finds_by_kind_and_key_and_by_id),
		cmocka_unit_test(test_set_grows_an_array_of_another_maker),
		cmocka_unit_test(test_change_set_owns_its_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
