// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tenant/object.h"
#include "tenant/ref.h"

static json_t *parse(const char *text)
{
	json_t *v = json_loads(text, JSON_DECODE_ANY, NULL);

	assert_non_null(v);
	return v;
}

static void assert_target(const char *json, enum target_kind kind, uint64_t id, const char *number)
{
	json_t *v = parse(json);
	struct target t = target_read(v);

	assert_int_equal(t.kind, kind);
	assert_int_equal(t.id, id);
	assert_true(str_eq(t.number, str_z(number)));
	json_decref(v);
}

static void test_targets_are_read_from_bodies(void **state)
{
	(void)state;
	assert_target("{\"kind\":\"user\",\"id\":17}", TARGET_USER, 17, "");
	assert_target("{\"kind\":\"mailbox\",\"id\":17}", TARGET_MAILBOX, 17, "");
	assert_target("{\"kind\":\"external\",\"number\":\"+49301\"}", TARGET_EXTERNAL, 0, "+49301");
	assert_target("{\"kind\":\"user\"}", TARGET_NONE, 0, "");
	assert_target("{\"kind\":\"user\",\"id\":-2}", TARGET_NONE, 0, "");
	assert_target("{\"kind\":\"moon\",\"id\":2}", TARGET_NONE, 0, "");
	assert_target("\"user:1\"", TARGET_NONE, 0, "");
	assert_int_equal(target_read(NULL).kind, TARGET_NONE);
}

static void add(struct change_set *c, enum kind_id kind, uint64_t id, const char *body)
{
	change_set_add(c, (struct change){.row = {.id = id, .kind = kind, .body = parse(body)}});
}

static void assert_body(const struct change_set *c, size_t i, const char *text)
{
	json_t *want = parse(text);

	assert_true(json_equal(c->v[i].row.body, want));
	json_decref(want);
}

static void test_references_to_what_is_new_get_its_id_however_deep(void **state)
{
	struct change_set c = {0};

	(void)state;
	add(&c, KIND_USER, 40, "{\"follow_me\":[{\"kind\":\"user\",\"id\":-1},{\"kind\":\"user\",\"id\":9}]}");
	add(&c, KIND_DEVICE, 41, "{\"user\":-1,\"deep\":{\"x\":[[{\"id\":-3}]]}}");
	add(&c, KIND_USER, 42, "{\"name\":\"id\"}");
	assert_int_equal(change_set_resolve(&c), 0);
	assert_body(&c, 0, "{\"follow_me\":[{\"kind\":\"user\",\"id\":40},{\"kind\":\"user\",\"id\":9}]}");
	assert_body(&c, 1, "{\"user\":40,\"deep\":{\"x\":[[{\"id\":42}]]}}");
	change_set_fini(&c);
}

static void test_a_reference_to_no_change_is_an_error(void **state)
{
	struct change_set c = {0};

	(void)state;
	add(&c, KIND_USER, 40, "{\"class\":{\"id\":-2}}");
	assert_int_not_equal(change_set_resolve(&c), 0);
	change_set_fini(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets_are_read_from_bodies),
		cmocka_unit_test(test_references_to_what_is_new_get_its_id_however_deep),
		cmocka_unit_test(test_a_reference_to_no_change_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
