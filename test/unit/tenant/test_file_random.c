// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "tenant_make.h"

/*
 * Random files from few names, so that everything collides with everything: objects come, go,
 * move and change, some files are at fault. And files with random damage. The seeds are fixed.
 */

static const char *const names[] = {"a", "b", "B", "c", "d.e", "1", "2"};

static const char *pick(struct rng *r)
{
	return names[rng_below(r, sizeof names / sizeof names[0])];
}

static json_t *random_device(struct rng *r)
{
	json_t *d = json_pack("{s:s, s:s}", "username", pick(r), "password", pick(r));

	if (rng_below(r, 3) == 0)
		json_object_set_new(d, "digest", json_pack("[s]", rng_below(r, 2) ? "md5" : "sha-256"));
	if (rng_below(r, 4) == 0)
		json_object_del(d, "password");
	return d;
}

static json_t *random_user(struct rng *r)
{
	json_t *devices = json_array();

	for (uint32_t n = rng_below(r, 3); n > 0; n--)
		json_array_append_new(devices, random_device(r));
	return json_pack("{s:s, s:i, s:o}", "name", pick(r), "extension", (int)rng_below(r, 8),
	                 "devices", devices);
}

static json_t *random_file(struct rng *r)
{
	json_t *users = json_array();

	for (uint32_t n = rng_below(r, 4); n > 0; n--)
		json_array_append_new(users, random_user(r));
	return json_pack("{s:s, s:[s], s:o}", "tenant", "acme", "domains", pick(r), "users", users);
}

static int plan(const struct tenant_rows *rows, struct rng *r, const json_t *file,
                struct change_set *c)
{
	struct buf why;
	int err;

	buf_init(&why, 10000);
	err = tenant_file_plan(file, &rows->set, test_seal_key(), r, c, &why);
	assert_int_equal(err == 0, why.n == 0); /* faults are told, and only faults */
	buf_fini(&why);
	return err;
}

/* References point at users that are there, keys are unique: else it does not build. */
static void assert_sound(const struct tenant_rows *rows)
{
	const struct tenant *t = test_snapshot(rows);

	assert_int_equal(1 + tenant_users(t) + tenant_devices(t), rows->set.n);
	tenant_unref(t);
}

static void assert_no_change(const struct tenant_rows *rows, struct rng *r, const json_t *file)
{
	struct change_set c = {0};

	assert_int_equal(plan(rows, r, file, &c), 0);
	assert_int_equal(c.n, 0);
	change_set_fini(&c);
}

static void assert_print_changes_nothing(const struct tenant_rows *rows, struct rng *r)
{
	json_t *printed = tenant_file_print(&rows->set);

	assert_no_change(rows, r, printed);
	json_decref(printed);
}

static void test_plan_leads_to_what_the_file_says(void **state)
{
	struct tenant_rows rows = {0};
	size_t applied = 0;
	struct rng r;

	(void)state;
	rng_init_seed(&r, 2);
	for (int i = 0; i < 2000; i++) {
		json_t *file = random_file(&r);
		struct change_set c = {0};

		if (plan(&rows, &r, file, &c) == 0) {
			object_set_apply(&rows, &c, "test", 1);
			assert_no_change(&rows, &r, file);
			assert_print_changes_nothing(&rows, &r);
			assert_sound(&rows);
			applied++;
		}
		change_set_fini(&c);
		json_decref(file);
	}
	assert_true(applied > 500); /* the files are not all at fault */
	object_set_fini(&rows.set);
}

/* -- damage -------------------------------------------------------------------------- */

static json_t *random_value(struct rng *r)
{
	switch (rng_below(r, 9)) {
	case 0:
		return json_null();
	case 1:
		return json_true();
	case 2:
		return json_real(1.5);
	case 3:
		return json_integer((json_int_t)rng_u64(r));
	case 4:
		return json_array();
	case 5:
		return json_object();
	case 6:
		return json_stringn("a\0b", 3);
	case 7:
		return random_user(r);
	default:
		return json_string(pick(r));
	}
}

static void damage_object(struct rng *r, json_t *v)
{
	static const char *const keys[] = {"tenant", "domains", "digest", "users", "name", "extension",
	                                   "devices", "username", "password", "user", "", "x"};

	json_object_set_new(v, keys[rng_below(r, sizeof keys / sizeof keys[0])], random_value(r));
}

static void damage_array(struct rng *r, json_t *v)
{
	size_t n = json_array_size(v);

	if (n == 0 || rng_below(r, 3) == 0)
		json_array_append_new(v, random_value(r));
	else
		json_array_set_new(v, rng_below(r, (uint32_t)n), random_value(r));
}

/* Walk down at random, and change something there. */
static void damage(struct rng *r, json_t *v)
{
	while (json_is_object(v) || json_is_array(v)) {
		json_t *inner = NULL;

		if (json_is_object(v))
			inner = json_object_get(v, rng_below(r, 2) ? "users" : "devices");
		else if (json_array_size(v) > 0)
			inner = json_array_get(v, rng_below(r, (uint32_t)json_array_size(v)));
		if (inner && rng_below(r, 4) != 0) {
			v = inner;
			continue;
		}
		if (json_is_object(v))
			damage_object(r, v);
		else
			damage_array(r, v);
		return;
	}
}

static void test_damaged_file_is_refused_or_sound(void **state)
{
	struct tenant_rows rows = {0};
	struct rng r;

	(void)state;
	rng_init_seed(&r, 3);
	for (int i = 0; i < 5000; i++) {
		json_t *file = random_file(&r);
		struct change_set c = {0};

		for (uint32_t n = 1 + rng_below(&r, 3); n > 0; n--)
			damage(&r, file);
		if (plan(&rows, &r, file, &c) == 0) {
			object_set_apply(&rows, &c, "test", 1);
			assert_sound(&rows);
		}
		change_set_fini(&c);
		json_decref(file);
	}
	object_set_fini(&rows.set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plan_leads_to_what_the_file_says),
		cmocka_unit_test(test_damaged_file_is_refused_or_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
