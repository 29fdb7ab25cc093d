// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "tenant_make.h"

#define ALICE "{\"name\":\"Alice\",\"extension\":\"1001\",\"devices\":" \
              "[{\"username\":\"1001\",\"password\":\"s3cret-1001\"}]}"
#define BOB "{\"name\":\"Bob\",\"extension\":\"1002\",\"devices\":[" \
            "{\"username\":\"1002\",\"password\":\"s3cret-1002\"}," \
            "{\"username\":\"bob-desk\",\"password\":\"s3cret-desk\"}]}"
#define FILE_OF(users) "{\"tenant\":\"acme\",\"domains\":[\"acme.test\"],\"users\":[" users "]}"
#define ACME FILE_OF(ALICE "," BOB)

struct fixture {
	struct tenant_rows rows;
	struct rng rng;
	json_t *file;
	struct change_set c;
	struct buf why;
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof *f);

	rng_init_seed(&f->rng, 1);
	buf_init(&f->why, 10000);
	*state = f;
	return 0;
}

static void forget_plan(struct fixture *f)
{
	change_set_fini(&f->c);
	json_decref(f->file);
	f->file = NULL;
	buf_reset(&f->why);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	forget_plan(f);
	object_set_fini(&f->rows.set);
	buf_fini(&f->why);
	test_free(f);
	return 0;
}

static int plan(struct fixture *f, const char *json)
{
	forget_plan(f);
	f->file = json_loads(json, 0, NULL);
	assert_non_null(f->file);
	return tenant_file_plan(f->file, &f->rows.set, test_seal_key(), &f->rng, &f->c, &f->why);
}

static void assert_plan(struct fixture *f, const char *json, const char *text)
{
	struct buf out;

	assert_int_equal(plan(f, json), 0);
	buf_init(&out, 10000);
	change_set_put_text(&out, &f->c);
	buf_ch(&out, '\0');
	assert_string_equal(out.p, text);
	buf_fini(&out);
}

static void apply(struct fixture *f, const char *json)
{
	test_apply(&f->rows, &f->rng, json);
}

static struct object *device(struct fixture *f, const char *username)
{
	return object_set_find(&f->rows.set, KIND_DEVICE, str_z(username));
}

static const char *field(const struct object *o, const char *name)
{
	return json_string_value(json_object_get(o->body, name));
}

/* -- plans --------------------------------------------------------------------------- */

static json_int_t user_of_change(const struct fixture *f, size_t i)
{
	return json_integer_value(json_object_get(f->c.v[i].row.body, "user"));
}

static void test_new_tenant_adds_what_is_referred_to_first(void **state)
{
	struct fixture *f = *state;

	assert_plan(f, ACME,
	            "+ tenant acme\n+ user Alice (1001)\n+ user Bob (1002)\n"
	            "+ device 1001\n+ device 1002\n+ device bob-desk\n");
	for (size_t i = 0; i < f->c.n; i++) {
		assert_int_equal(f->c.v[i].row.id, 0);
		assert_null(f->c.v[i].before);
	}
	assert_int_equal(user_of_change(f, 3), -2); /* device 1001: Alice */
	assert_int_equal(user_of_change(f, 5), -3); /* bob-desk: Bob */
	assert_true(str_eq(f->c.tenant_name, STR("acme")));
}

static void test_applying_again_changes_nothing(void **state)
{
	struct fixture *f = *state;

	apply(f, ACME);
	assert_plan(f, ACME, "");
	assert_true(str_eq(f->c.tenant_name, STR("acme")));
}

static void test_file_without_passwords_keeps_them(void **state)
{
	struct fixture *f = *state;

	apply(f, FILE_OF(ALICE));
	assert_plan(f, FILE_OF("{\"name\":\"Alice\",\"extension\":\"1001\",\"devices\":["
	                       "{\"username\":\"1001\"}]}"), "");
	assert_plan(f, FILE_OF("{\"name\":\"Alice\",\"extension\":\"1001\",\"devices\":["
	                       "{\"username\":\"1001\",\"digest\":[\"sha-256\"]}]}"),
	            "~ device 1001: digest\n");
	assert_string_equal(json_string_value(json_object_get(f->c.v[0].row.body, "password")),
	                    field(device(f, "1001"), "password"));
}

static void test_new_password_is_sealed_and_not_shown(void **state)
{
	struct fixture *f = *state;
	const char *sealed;
	char mem[64];
	struct buf opened;

	apply(f, FILE_OF(ALICE));
	assert_plan(f, FILE_OF("{\"name\":\"Alice\",\"extension\":\"1001\",\"devices\":["
	                       "{\"username\":\"1001\",\"password\":\"an0ther\"}]}"),
	            "~ device 1001: password\n");
	sealed = json_string_value(json_object_get(f->c.v[0].row.body, "password"));
	assert_null(strstr(sealed, "an0ther"));
	buf_init_fixed(&opened, mem, sizeof mem);
	assert_int_equal(seal_open(test_seal_key(), str_z(sealed), &opened), 0);
	assert_true(str_eq(buf_view(&opened), STR("an0ther")));
}

/* The installation's key was lost: applying the file with its passwords repairs it. */
static void test_password_that_cannot_be_opened_is_sealed_anew(void **state)
{
	struct fixture *f = *state;
	struct seal_key lost = {{7}};
	json_t *file = json_loads(FILE_OF(ALICE), 0, NULL);

	apply(f, FILE_OF(ALICE));
	assert_int_equal(tenant_file_plan(file, &f->rows.set, &lost, &f->rng, &f->c, &f->why), 0);
	assert_int_equal(f->c.n, 1);
	assert_int_equal(f->c.v[0].what, CHANGE_EDIT);
	json_decref(file);
}

static void test_device_that_moves_is_an_edit_of_its_reference(void **state)
{
	struct fixture *f = *state;
	uint64_t id;

	apply(f, ACME);
	id = device(f, "bob-desk")->id;
	assert_plan(f, FILE_OF("{\"name\":\"Alice\",\"extension\":\"1001\",\"devices\":["
	                       "{\"username\":\"1001\"},{\"username\":\"bob-desk\"}]},"
	                       "{\"name\":\"Bob\",\"extension\":\"1002\",\"devices\":["
	                       "{\"username\":\"1002\"}]}"), "~ device bob-desk: user\n");
	assert_int_equal(f->c.v[0].row.id, id);
	assert_int_equal(user_of_change(f, 0),
	                 object_set_find(&f->rows.set, KIND_USER, STR("1001"))->id);
}

static void test_device_that_moves_to_a_new_user_waits_for_its_id(void **state)
{
	struct fixture *f = *state;
	struct object *desk;

	apply(f, ACME);
	assert_plan(f, FILE_OF(ALICE ",{\"name\":\"Carol\",\"extension\":\"1003\",\"devices\":["
	                       "{\"username\":\"bob-desk\"}]}"),
	            "+ user Carol (1003)\n~ device bob-desk: user\n- device 1002\n- user Bob (1002)\n");
	assert_int_equal(user_of_change(f, 1), -1);
	object_set_apply(&f->rows, &f->c, "test", 1);
	desk = device(f, "bob-desk");
	assert_int_equal(json_integer_value(json_object_get(desk->body, "user")),
	                 object_set_find(&f->rows.set, KIND_USER, STR("1003"))->id);
	assert_null(object_set_find(&f->rows.set, KIND_USER, STR("1002")));
}

static void test_removed_user_removes_its_devices_before(void **state)
{
	struct fixture *f = *state;

	apply(f, ACME);
	assert_plan(f, FILE_OF(ALICE), "- device 1002\n- device bob-desk\n- user Bob (1002)\n");
	for (size_t i = 0; i < f->c.n; i++) {
		assert_true(f->c.v[i].row.removed);
		assert_int_equal(f->c.v[i].row.id, f->c.v[i].before->id);
		assert_non_null(f->c.v[i].row.body);
	}
}

static void test_edits_name_their_fields(void **state)
{
	struct fixture *f = *state;

	apply(f, FILE_OF(ALICE));
	assert_plan(f, "{\"tenant\":\"acme\",\"domains\":[\"a.test\"],\"digest\":[\"sha-256\"],"
	               "\"users\":[{\"name\":\"Alicia\",\"extension\":\"1001\"}]}",
	            "~ tenant acme: domains, digest\n~ user Alicia (1001): name\n- device 1001\n");
}

static void test_rows_of_an_edit_belong_to_the_tenant(void **state)
{
	struct fixture *f = *state;
	uint64_t tenant;

	apply(f, FILE_OF(ALICE));
	tenant = object_set_find(&f->rows.set, KIND_TENANT, STR("acme"))->id;
	assert_int_equal(plan(f, FILE_OF(BOB)), 0);
	assert_true(f->c.n > 0);
	for (size_t i = 0; i < f->c.n; i++)
		assert_int_equal(f->c.v[i].row.tenant, tenant);
}

static void test_default_of_a_later_release_is_no_change(void **state)
{
	struct fixture *f = *state;

	apply(f, FILE_OF(ALICE));
	json_object_del(object_set_find(&f->rows.set, KIND_TENANT, STR("acme"))->body, "digest");
	assert_plan(f, FILE_OF(ALICE), "");
}

/* A history has them too; what was removed before is neither there nor removed again. */
static void test_removed_rows_are_as_if_not_there(void **state)
{
	struct fixture *f = *state;

	apply(f, ACME);
	object_set_find(&f->rows.set, KIND_DEVICE, STR("bob-desk"))->removed = true;
	assert_plan(f, FILE_OF(ALICE), "- device 1002\n- user Bob (1002)\n");
	assert_plan(f, ACME, "+ device bob-desk\n");
}

static void test_change_set_as_json(void **state)
{
	struct fixture *f = *state;
	json_t *got, *expected;

	apply(f, ACME);
	assert_int_equal(plan(f, FILE_OF("{\"name\":\"Ann\",\"extension\":\"1001\",\"devices\":["
	                                 "{\"username\":\"ann\",\"password\":\"x\"}]}," BOB)), 0);
	got = change_set_json(&f->c);
	expected = json_loads("{\"tenant\":\"acme\",\"changes\":["
	                      "{\"op\":\"add\",\"kind\":\"device\",\"key\":\"ann\",\"fields\":[]},"
	                      "{\"op\":\"edit\",\"kind\":\"user\",\"key\":\"1001\",\"fields\":[\"name\"]},"
	                      "{\"op\":\"remove\",\"kind\":\"device\",\"key\":\"1001\",\"fields\":[]}]}",
	                      0, NULL);
	assert_true(json_equal(got, expected));
	json_decref(got);
	json_decref(expected);
}

/* -- global user names --------------------------------------------------------------- */

static void test_global_username_is_made_once(void **state)
{
	struct fixture *f = *state;
	char was[200];

	apply(f, FILE_OF("{\"name\":\"Bob\",\"extension\":\"2\",\"devices\":["
	                 "{\"username\":\"Bob.Desk\",\"password\":\"x\"}]}"));
	assert_true(str_copyz(was, sizeof was, str_z(field(device(f, "Bob.Desk"),
	                                                   "global_username"))));
	assert_int_equal(strncmp(was, "acme-bob.desk-", 14), 0);
	assert_int_equal(strlen(was), 18);
	apply(f, FILE_OF("{\"name\":\"Bob\",\"extension\":\"3\",\"devices\":["
	                 "{\"username\":\"Bob.Desk\",\"password\":\"y\"}]}"));
	assert_string_equal(field(device(f, "Bob.Desk"), "global_username"), was);
}

static void test_longest_names_make_a_global_username(void **state)
{
	struct fixture *f = *state;
	char json[1000], name[64], username[65];

	memset(name, 'a', 63);
	memset(username, 'B', 64);
	name[63] = username[64] = '\0';
	snprintf(json, sizeof json,
	         "{\"tenant\":\"%s\",\"domains\":[\"a\"],\"users\":[{\"name\":\"x\",\"extension\":\"1\","
	         "\"devices\":[{\"username\":\"%s\",\"password\":\"x\"}]}]}", name, username);
	apply(f, json);
	assert_int_equal(strlen(field(device(f, username), "global_username")), 63 + 1 + 64 + 1 + 4);
}

/* -- the name ------------------------------------------------------------------------ */

static void test_name_of_a_file(void **state)
{
	struct fixture *f = *state;
	struct str name = STR_NONE;

	f->file = json_loads(ACME, 0, NULL);
	assert_int_equal(tenant_file_name(f->file, &name, &f->why), 0);
	assert_true(str_eq(name, STR("acme")));
	forget_plan(f);
	f->file = json_loads("{\"tenant\":42}", 0, NULL);
	assert_int_equal(tenant_file_name(f->file, &name, &f->why), E_POLICY);
	buf_ch(&f->why, '\0');
	assert_string_equal(f->why.p, "tenant: must be a tenant's name (a-z, 0-9 and inner -), in "
	                              "quotes where it is a number\n");
	forget_plan(f);
	f->file = json_loads("[]", 0, NULL);
	assert_int_equal(tenant_file_name(f->file, &name, &f->why), E_POLICY);
	buf_ch(&f->why, '\0');
	assert_string_equal(f->why.p, "tenant: is missing\n");
}

static void test_file_of_another_tenant_is_refused(void **state)
{
	struct fixture *f = *state;

	apply(f, FILE_OF(ALICE));
	assert_int_equal(plan(f, "{\"tenant\":\"beta\",\"domains\":[\"b.test\"]}"), E_POLICY);
	buf_ch(&f->why, '\0');
	assert_string_equal(f->why.p, "tenant: \"beta\" is another tenant than \"acme\"\n");
	assert_int_equal(f->c.n, 0);
}

static void test_new_device_needs_a_password(void **state)
{
	struct fixture *f = *state;

	apply(f, FILE_OF(ALICE));
	assert_int_equal(plan(f, FILE_OF("{\"name\":\"Alice\",\"extension\":\"1001\",\"devices\":["
	                                 "{\"username\":\"1001\"},{\"username\":\"new\"}]}")), E_POLICY);
	buf_ch(&f->why, '\0');
	assert_string_equal(f->why.p, "users[0].devices[1].password: is missing, and this device is "
	                              "new\n");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_new_tenant_adds_what_is_referred_to_first),
		T(test_applying_again_changes_nothing),
		T(test_file_without_passwords_keeps_them),
		T(test_new_password_is_sealed_and_not_shown),
		T(test_password_that_cannot_be_opened_is_sealed_anew),
		T(test_device_that_moves_is_an_edit_of_its_reference),
		T(test_device_that_moves_to_a_new_user_waits_for_its_id),
		T(test_removed_user_removes_its_devices_before),
		T(test_edits_name_their_fields),
		T(test_rows_of_an_edit_belong_to_the_tenant),
		T(test_default_of_a_later_release_is_no_change),
		T(test_removed_rows_are_as_if_not_there),
		T(test_change_set_as_json),
		T(test_global_username_is_made_once),
		T(test_longest_names_make_a_global_username),
		T(test_name_of_a_file),
		T(test_file_of_another_tenant_is_refused),
		T(test_new_device_needs_a_password),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
