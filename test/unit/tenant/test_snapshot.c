// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tenant_make.h"

#define ACME "{\"tenant\":\"acme\",\"domains\":[\"acme.test\",\"acme.example\"],\"users\":[" \
	"{\"name\":\"Bob\",\"extension\":\"1002\",\"devices\":[" \
	"{\"username\":\"1002\",\"password\":\"s3cret-1002\"}," \
	"{\"username\":\"bob-desk\",\"password\":\"s3cret-desk\",\"digest\":[\"md5\",\"sha-256\"]}]}," \
	"{\"name\":\"Alice\",\"extension\":\"1001\",\"devices\":[" \
	"{\"username\":\"1001\",\"password\":\"s3cret-1001\"}]}," \
	"{\"name\":\"Zoe\",\"extension\":\"2\"}]}"

struct fixture {
	struct tenant_rows rows;
	const struct tenant *t;
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof *f);
	struct rng rng;

	f->rows.next_id = 100;
	rng_init_seed(&rng, 1);
	test_apply(&f->rows, &rng, ACME);
	f->t = test_snapshot(&f->rows);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	tenant_unref(f->t);
	object_set_fini(&f->rows.set);
	test_free(f);
	return 0;
}

#define assert_str(got, text) assert_true(str_eq((got), STR(text)))

static void test_snapshot_says_who_it_is(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(tenant_id(f->t), 100);
	assert_int_equal(tenant_version(f->t), 1);
	assert_str(tenant_name(f->t), "acme");
	assert_str(tenant_domain(f->t), "acme.test");
	assert_int_equal(tenant_domains(f->t), 2);
	assert_str(tenant_domain_at(f->t, 1), "acme.example");
	assert_int_equal(tenant_users(f->t), 3);
	assert_int_equal(tenant_devices(f->t), 3);
	assert_true(tenant_bytes(f->t) > 0);
}

static void test_domain_in_any_letter_case_and_with_a_dot(void **state)
{
	struct fixture *f = *state;
	char longest[300];

	assert_true(tenant_has_domain(f->t, STR("acme.test")));
	assert_true(tenant_has_domain(f->t, STR("ACME.Example.")));
	assert_false(tenant_has_domain(f->t, STR("acme.tes")));
	assert_false(tenant_has_domain(f->t, STR("acme.test..")));
	assert_false(tenant_has_domain(f->t, STR(".")));
	assert_false(tenant_has_domain(f->t, STR_NONE));
	memset(longest, 'a', sizeof longest);
	assert_false(tenant_has_domain(f->t, (struct str){longest, sizeof longest}));
}

static void test_users_are_in_order_of_extension(void **state)
{
	struct fixture *f = *state;

	assert_str(tenant_user_at(f->t, 0)->extension, "1001");
	assert_str(tenant_user_at(f->t, 1)->extension, "1002");
	assert_str(tenant_user_at(f->t, 2)->extension, "2");
	assert_str(tenant_user_at(f->t, 2)->name, "Zoe");
}

static void test_user_is_found_by_extension_and_id(void **state)
{
	struct fixture *f = *state;
	const struct user *bob = tenant_user_by_extension(f->t, STR("1002"));

	assert_str(bob->name, "Bob");
	assert_ptr_equal(tenant_user_by_id(f->t, bob->id), bob);
	assert_int_equal(bob->id, object_set_find(&f->rows.set, KIND_USER, STR("1002"))->id);
	assert_null(tenant_user_by_extension(f->t, STR("100")));
	assert_null(tenant_user_by_extension(f->t, STR("10022")));
	assert_null(tenant_user_by_extension(f->t, STR_NONE));
	assert_null(tenant_user_by_id(f->t, 100)); /* the tenant's own id */
	assert_null(tenant_user_by_id(f->t, 0));
}

static void test_user_has_its_devices(void **state)
{
	struct fixture *f = *state;
	const struct user *bob = tenant_user_by_extension(f->t, STR("1002"));

	assert_int_equal(bob->n_devices, 2);
	assert_str(bob->devices[0]->username, "1002");
	assert_str(bob->devices[1]->username, "bob-desk");
	assert_ptr_equal(bob->devices[0]->user, bob);
	assert_ptr_equal(bob->devices[1]->user, bob);
	assert_int_equal(tenant_user_by_extension(f->t, STR("2"))->n_devices, 0);
	assert_int_equal(tenant_user_by_extension(f->t, STR("1001"))->n_devices, 1);
}

static void test_device_is_found_by_username_and_id(void **state)
{
	struct fixture *f = *state;
	const struct device *desk = tenant_device_by_username(f->t, STR("bob-desk"));

	assert_str(desk->username, "bob-desk");
	assert_ptr_equal(tenant_device_by_id(f->t, desk->id), desk);
	assert_true(str_starts(desk->global_username, STR("acme-bob-desk-")));
	assert_null(tenant_device_by_username(f->t, STR("Bob-desk"))); /* RFC 3261 19.1.4 */
	assert_null(tenant_device_by_username(f->t, desk->global_username));
	assert_null(tenant_device_by_id(f->t, desk->user->id));
}

static void assert_ha1(const struct digest_ha1 *got, struct str user, struct str realm)
{
	struct digest_ha1 expected;

	digest_ha1_make(&expected, user, realm, STR("s3cret-1001"));
	assert_memory_equal(got, &expected, sizeof expected);
}

static void test_device_has_a1_for_each_realm(void **state) /* RFC 7616 3.4.2 */
{
	struct fixture *f = *state;
	const struct device *d = tenant_device_by_username(f->t, STR("1001"));

	assert_ha1(&d->ha1_domain, STR("1001"), STR("acme.test"));
	assert_ha1(&d->ha1_plain, STR("1001"), STR("tandem"));
	assert_ha1(&d->ha1_global, d->global_username, STR("tandem"));
}

static void test_algorithms_are_the_devices_then_the_tenants(void **state)
{
	struct fixture *f = *state;
	const struct tenant *t = test_tenant(
		"{\"tenant\":\"b\",\"domains\":[\"b\"],\"digest\":[\"sha-256\"],\"users\":[{\"name\":\"x\","
		"\"extension\":\"1\",\"devices\":[{\"username\":\"a\",\"password\":\"x\"},"
		"{\"username\":\"b\",\"password\":\"x\",\"digest\":[\"md5\"]}]}]}", 1);

	assert_int_equal(tenant_auth_algs(f->t), AUTH_MD5);
	assert_int_equal(tenant_auth_algs(t), AUTH_SHA256);
	assert_int_equal(tenant_device_by_username(f->t, STR("1001"))->auth_algs, AUTH_MD5);
	assert_int_equal(tenant_device_by_username(f->t, STR("bob-desk"))->auth_algs,
	                 AUTH_MD5 | AUTH_SHA256);
	assert_int_equal(tenant_device_by_username(t, STR("a"))->auth_algs, AUTH_SHA256);
	assert_int_equal(tenant_device_by_username(t, STR("b"))->auth_algs, AUTH_MD5);
	tenant_unref(t);
}

static void test_prefix_is_true_only_when_more_digits_follow(void **state)
{
	struct fixture *f = *state;

	assert_true(tenant_extension_prefix(f->t, STR("1")));
	assert_true(tenant_extension_prefix(f->t, STR("100")));
	assert_true(tenant_extension_prefix(f->t, STR_NONE));
	assert_false(tenant_extension_prefix(f->t, STR("1001")));
	assert_false(tenant_extension_prefix(f->t, STR("10011")));
	assert_false(tenant_extension_prefix(f->t, STR("2")));
	assert_false(tenant_extension_prefix(f->t, STR("0")));
	assert_false(tenant_extension_prefix(f->t, STR("11")));
	assert_false(tenant_extension_prefix(f->t, STR("3")));
}

static void test_prefix_of_an_extension_that_is_one_itself(void **state)
{
	const struct tenant *t = test_tenant(
		"{\"tenant\":\"b\",\"domains\":[\"b\"],\"users\":[{\"name\":\"x\",\"extension\":\"10\"},"
		"{\"name\":\"x\",\"extension\":\"101\"},{\"name\":\"x\",\"extension\":\"9\"}]}", 1);

	(void)state;
	assert_true(tenant_extension_prefix(t, STR("10")));
	assert_false(tenant_extension_prefix(t, STR("101")));
	assert_false(tenant_extension_prefix(t, STR("9")));
	tenant_unref(t);
}

static void test_version_is_the_sets_or_the_highest_of_its_rows(void **state)
{
	struct fixture *f = *state;
	const struct tenant *t;

	f->rows.set.version = 9; /* the last commit only removed */
	t = test_snapshot(&f->rows);
	assert_int_equal(tenant_version(t), 9);
	tenant_unref(t);
	f->rows.set.version = 0;
	f->rows.set.v[2].version = 7;
	t = test_snapshot(&f->rows);
	assert_int_equal(tenant_version(t), 7);
	tenant_unref(t);
}

static void test_tenant_without_users_builds(void **state)
{
	const struct tenant *t = test_tenant("{\"tenant\":\"b\",\"domains\":[\"b\"]}", 1);

	(void)state;
	assert_int_equal(tenant_users(t), 0);
	assert_null(tenant_user_by_extension(t, STR("1")));
	assert_null(tenant_device_by_username(t, STR("1")));
	assert_false(tenant_extension_prefix(t, STR_NONE));
	tenant_unref(t);
}

static void test_removed_rows_are_not_in_it(void **state)
{
	struct fixture *f = *state;
	const struct tenant *t;

	object_set_find(&f->rows.set, KIND_DEVICE, STR("bob-desk"))->removed = true;
	t = test_snapshot(&f->rows);
	assert_null(tenant_device_by_username(t, STR("bob-desk")));
	assert_int_equal(tenant_user_by_extension(t, STR("1002"))->n_devices, 1);
	tenant_unref(t);
}

static void test_reference_keeps_it_alive(void **state)
{
	struct fixture *f = *state;
	const struct tenant *held = tenant_ref(f->t);

	assert_ptr_equal(held, f->t);
	tenant_unref(f->t);
	assert_str(tenant_name(held), "acme"); /* ASan watches */
	f->t = held;
	tenant_unref(NULL);
}

/* -- rows that do not fit together --------------------------------------------------- */

static void assert_no_build(struct fixture *f, const struct seal_key *seal, const char *expected)
{
	const struct tenant *t = NULL;
	struct buf why;

	buf_init(&why, 10000);
	assert_int_equal(tenant_build(&t, &f->rows.set, seal, STR("tandem"), &why), E_POLICY);
	assert_null(t);
	buf_ch(&why, '\0');
	assert_string_equal(why.p, expected);
	buf_fini(&why);
}

static struct object *row(struct fixture *f, enum kind_id kind, const char *key)
{
	return object_set_find(&f->rows.set, kind, str_z(key));
}

static void test_wrong_key_is_told(void **state)
{
	struct seal_key other = {{7}};

	assert_no_build(*state, &other, "device \"1001\" (id 106): its password cannot be opened: is it "
	                                "the right key?\n");
}

static void test_device_without_its_user_is_told(void **state)
{
	struct fixture *f = *state;

	row(f, KIND_USER, "1001")->removed = true;
	assert_no_build(f, test_seal_key(), "user \"1001\" cannot be removed: it is used by device \"1001\" (user)\n");
}

static void test_rows_of_another_tenant_do_not_get_in(void **state)
{
	struct fixture *f = *state;

	row(f, KIND_USER, "1001")->tenant = 7;
	assert_no_build(f, test_seal_key(), "user \"1001\" (id 102): belongs to another tenant\n");
}

static void test_double_username_is_told(void **state)
{
	struct fixture *f = *state;

	strcpy(row(f, KIND_DEVICE, "1001")->key, "1002");
	assert_no_build(f, test_seal_key(),
	                "device \"1002\" (id 104): has a user name that another device has\n");
}

static void test_double_extension_is_told(void **state)
{
	struct fixture *f = *state;

	strcpy(row(f, KIND_USER, "2")->key, "1");
	strcpy(row(f, KIND_USER, "1001")->key, "1");
	assert_no_build(f, test_seal_key(),
	                "user \"1\" (id 103): has an extension that another user has\n");
}

static void test_tenant_row_is_there_once_with_a_domain(void **state)
{
	struct fixture *f = *state;
	struct object *tenant = row(f, KIND_TENANT, "acme");

	json_array_clear(json_object_get(tenant->body, "domains"));
	assert_no_build(f, test_seal_key(), "tenant \"acme\" (id 100): has no domain\n");
	tenant->removed = true;
	assert_no_build(f, test_seal_key(), "there is no tenant among the rows\n");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_snapshot_says_who_it_is),
		T(test_domain_in_any_letter_case_and_with_a_dot),
		T(test_users_are_in_order_of_extension),
		T(test_user_is_found_by_extension_and_id),
		T(test_user_has_its_devices),
		T(test_device_is_found_by_username_and_id),
		T(test_device_has_a1_for_each_realm),
		T(test_algorithms_are_the_devices_then_the_tenants),
		T(test_prefix_is_true_only_when_more_digits_follow),
		T(test_prefix_of_an_extension_that_is_one_itself),
		T(test_version_is_the_sets_or_the_highest_of_its_rows),
		T(test_tenant_without_users_builds),
		T(test_removed_rows_are_not_in_it),
		T(test_reference_keeps_it_alive),
		T(test_wrong_key_is_told),
		T(test_device_without_its_user_is_told),
		T(test_rows_of_another_tenant_do_not_get_in),
		T(test_double_username_is_told),
		T(test_double_extension_is_told),
		T(test_tenant_row_is_there_once_with_a_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
