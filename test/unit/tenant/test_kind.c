// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tenant/kind.h"

static void test_every_kind_is_at_its_id_and_has_one_key(void **state)
{
	(void)state;
	for (enum kind_id id = 0; id < KINDS; id++) {
		const struct kind *k = kind_get(id);
		size_t keys = 0;

		assert_int_equal(k->id, id);
		for (size_t i = 0; i < k->n_fields; i++)
			keys += (k->fields[i].flags & FIELD_KEY) != 0;
		assert_int_equal(keys, 1);
		assert_true(kind_key(k)->flags & FIELD_KEY);
	}
}

/* What the code relies on when it reads a table. */
static void test_tables_are_complete(void **state)
{
	(void)state;
	for (enum kind_id id = 0; id < KINDS; id++) {
		for (size_t i = 0; i < kind_get(id)->n_fields; i++) {
			const struct field *f = &kind_get(id)->fields[i];

			assert_non_null(f->text);
			assert_ptr_equal(kind_field(kind_get(id), str_z(f->name)), f);
			if (f->check)
				assert_non_null(f->rule);
			if (f->type == FIELD_REF)
				assert_true(f->ref < id); /* file.c: added before, removed after */
			if (f->type == FIELD_OBJECTS) {
				assert_true(f->ref > id); /* file_read.c: ends */
				assert_string_equal(f->name, kind_get(f->ref)->plural);
			}
		}
	}
}

static void test_kind_is_found_by_name_and_plural(void **state)
{
	enum kind_id id = KINDS;

	(void)state;
	assert_int_equal(kind_find(STR("user"), &id), 0);
	assert_int_equal(id, KIND_USER);
	assert_int_equal(kind_find(STR("devices"), &id), 0);
	assert_int_equal(id, KIND_DEVICE);
	assert_int_equal(kind_find(STR("tenants"), &id), 0);
	assert_int_equal(id, KIND_TENANT);
	assert_int_not_equal(kind_find(STR("use"), &id), 0);
	assert_int_equal(id, KIND_TENANT);
}

static void test_fill_adds_defaults_and_overwrites_nothing(void **state)
{
	json_t *empty = json_object();
	json_t *set = json_pack("{s:[s]}", "digest", "sha-256");

	(void)state;
	kind_fill(kind_get(KIND_TENANT), empty);
	kind_fill(kind_get(KIND_TENANT), set);
	assert_string_equal(json_string_value(json_array_get(json_object_get(empty, "digest"), 0)),
	                    "md5");
	assert_int_equal(json_object_size(empty), 1);
	assert_string_equal(json_string_value(json_array_get(json_object_get(set, "digest"), 0)),
	                    "sha-256");
	json_decref(empty);
	json_decref(set);
}

/* A default must be right for its own field. */
static void test_defaults_pass_their_checks(void **state)
{
	struct buf why;

	(void)state;
	buf_init(&why, 10000);
	for (enum kind_id id = 0; id < KINDS; id++) {
		json_t *body = json_object();

		kind_fill(kind_get(id), body);
		(void)!kind_check(kind_get(id), body, "", &why);
		json_decref(body);
	}
	buf_ch(&why, '\0');
	assert_null(strstr(why.p, "digest"));
	buf_fini(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_is_at_its_id_and_has_one_key),
		cmocka_unit_test(test_tables_are_complete),
		cmocka_unit_test(test_kind_is_found_by_name_and_plural),
		cmocka_unit_test(test_fill_adds_defaults_and_overwrites_nothing),
		cmocka_unit_test(test_defaults_pass_their_checks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
