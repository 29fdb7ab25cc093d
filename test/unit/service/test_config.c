// SPDX-License-Identifier: Apache-2.0
/* The configuration service over a real store in a directory of its own. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/config.h"

struct fixture {
	char dir[64];
	struct log log;
	struct rng rng;
	struct seal_key seal;
	struct store *store;
	struct config *config;
	struct buf why;
	struct config_result result; /* of the last change */
	size_t max_objects;
	size_t published;
	size_t published_tenants;
};

static void on_publish(const struct directory *d, void *arg)
{
	struct fixture *f = arg;
	f->published++;
	f->published_tenants = directory_tenants(d);
}

static int open_all(struct fixture *f)
{
	int err = store_open(&f->store, f->dir, &f->log, &f->why);
	if (err)
		return err;
	struct config_args args = {.store = f->store, .seal = &f->seal, .rng = &f->rng,
	                           .log = &f->log, .max_objects = f->max_objects,
	                           .realm = STR("tandem"), .publish = on_publish,
	                           .arg = f};
	return config_open(&f->config, &args, &f->why);
}

static void close_all(struct fixture *f)
{
	if (f->config)
		config_free(f->config);
	f->config = NULL;
	store_close(f->store);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	assert_non_null(f);
	strcpy(f->dir, "/tmp/tandem-config-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	log_init_null(&f->log);
	rng_init_seed(&f->rng, 1);
	memset(&f->seal, 7, sizeof f->seal);
	buf_init(&f->why, 65536);
	*state = f;
	return open_all(f);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char line[128];
	close_all(f);
	buf_fini(&f->why);
	snprintf(line, sizeof line, "rm -rf %s", f->dir);
	int err = system(line);
	free(f);
	return err;
}

/* -- words of the tests -------------------------------------------------------------- */

/* A tenant with a domain of its name and users "1001:secret" and so on, one device each. */
static json_t *file_of(const char *tenant, const char *const *users)
{
	json_t *list = json_array();
	for (; *users; users++) {
		char extension[8] = {0};
		memcpy(extension, *users, 4);
		json_array_append_new(list, json_pack("{s:s,s:s,s:[{s:s,s:s}]}", "name", extension,
		                                      "extension", extension, "devices", "username",
		                                      extension, "password", *users + 5));
	}
	char domain[64];
	snprintf(domain, sizeof domain, "%s.test", tenant);
	return json_pack("{s:s,s:[s],s:o}", "tenant", tenant, "domains", domain, "users", list);
}

#define USERS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Number of changes; -1: refused. */
static int apply_file(struct fixture *f, json_t *file, uint64_t at_ms)
{
	buf_reset(&f->why);
	int err = config_apply(f->config, file, "cli:test", at_ms, &f->result, &f->why);
	json_decref(file);
	if (err)
		return -1;
	int n = (int)json_array_size(json_object_get(f->result.json, "changes"));
	config_result_fini(&f->result);
	return n;
}

static int undo(struct fixture *f, const char *tenant, uint64_t at_ms)
{
	buf_reset(&f->why);
	int err = config_undo(f->config, str_z(tenant), "cli:test", at_ms, &f->result, &f->why);
	if (err == 0)
		config_result_fini(&f->result);
	return err;
}

static json_t *get(struct fixture *f, enum kind_id kind, const char *tenant, const char *id,
                   uint64_t version)
{
	struct config_query q = {.kind = kind, .tenant = str_z(tenant), .id = str_z(id),
	                         .version = version};
	json_t *out = NULL;
	assert_int_equal(config_get(f->config, &q, &out), 0);
	return out;
}

static size_t count(struct fixture *f, enum kind_id kind, const char *tenant, const char *id,
                    uint64_t version)
{
	json_t *list = get(f, kind, tenant, id, version);
	size_t n = json_array_size(list);
	json_decref(list);
	return n;
}

static bool why_has(struct fixture *f, const char *words)
{
	buf_ch(&f->why, 0);
	return strstr(f->why.p, words) != NULL;
}

static const struct tenant *tenant_of(struct fixture *f, const char *name)
{
	return directory_by_name(config_directory(f->config), str_z(name));
}

/* -- tests --------------------------------------------------------------------------- */

static void test_apply_makes_a_tenant_and_publishes_it(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(config_tenants(f->config), 0);
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:a", "1002:b")), 1), 5);
	assert_int_equal(f->published, 1);
	assert_int_equal(f->published_tenants, 1);
	assert_int_equal(config_version(f->config, STR("acme")), 1);
	const struct tenant *t = tenant_of(f, "acme");
	assert_non_null(t);
	const struct user *u = tenant_user_by_extension(t, STR("1002"));
	assert_non_null(u);
	assert_int_equal(u->n_devices, 1);
	assert_ptr_equal(tenant_device_by_username(t, STR("1002"))->user, u);
}

static void test_applying_again_changes_nothing(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:a")), 1), 3);
	const struct tenant *t = tenant_of(f, "acme");
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:a")), 2), 0);
	assert_int_equal(f->published, 1);
	assert_int_equal(config_version(f->config, STR("acme")), 1);
	assert_ptr_equal(tenant_of(f, "acme"), t);
}

static void test_plan_writes_nothing(void **state)
{
	struct fixture *f = *state;
	json_t *file = file_of("acme", USERS("1001:a"));
	assert_int_equal(config_plan(f->config, file, &f->result, &f->why), 0);
	assert_int_equal(json_array_size(json_object_get(f->result.json, "changes")), 3);
	config_result_fini(&f->result);
	json_decref(file);
	assert_int_equal(config_tenants(f->config), 0);
	assert_int_equal(f->published, 0);
}

static void test_only_the_changed_tenant_is_built_again(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:a")), 1), 3);
	assert_int_equal(apply_file(f, file_of("beta", USERS("1001:b")), 2), 3);
	const struct tenant *acme = tenant_of(f, "acme"), *beta = tenant_of(f, "beta");
	assert_int_equal(apply_file(f, file_of("beta", USERS("1001:c")), 3), 1);
	assert_ptr_equal(tenant_of(f, "acme"), acme);
	assert_ptr_not_equal(tenant_of(f, "beta"), beta);
	assert_int_equal(f->published_tenants, 2);
}

static void test_domain_of_another_tenant_is_refused_before_writing(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:a")), 1), 3);
	json_t *file = file_of("thief", USERS("1001:a"));
	json_object_set_new(file, "domains", json_pack("[s]", "ACME.test"));
	assert_int_equal(apply_file(f, file, 2), -1);
	assert_true(why_has(f, "acme.test"));
	assert_int_equal(config_tenants(f->config), 1);
	assert_null(tenant_of(f, "thief"));
	/* Nor may a tenant that exists take it later. */
	assert_int_equal(apply_file(f, file_of("beta", USERS("1001:a")), 3), 3);
	file = file_of("beta", USERS("1001:a"));
	json_object_set_new(file, "domains", json_pack("[s,s]", "beta.test", "acme.test"));
	assert_int_equal(apply_file(f, file, 4), -1);
	assert_int_equal(config_version(f->config, STR("beta")), 1);
}

static void test_faulty_file_changes_nothing(void **state)
{
	struct fixture *f = *state;
	json_t *file = file_of("acme", USERS("1001:a", "1002:b"));
	json_t *second = json_array_get(json_object_get(file, "users"), 1);
	json_object_set_new(second, "extension", json_string("12x"));
	assert_int_equal(apply_file(f, file, 1), -1);
	assert_true(why_has(f, "users[1].extension"));
	assert_int_equal(config_tenants(f->config), 0);
	assert_int_equal(f->published, 0);
}

static void test_configuration_survives_a_restart(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:a", "1002:b")), 1), 5);
	assert_int_equal(apply_file(f, file_of("beta", USERS("1001:b")), 2), 3);
	close_all(f);
	assert_int_equal(open_all(f), 0);
	assert_int_equal(config_tenants(f->config), 2);
	assert_int_equal(config_version(f->config, STR("acme")), 1);
	assert_non_null(tenant_user_by_extension(tenant_of(f, "acme"), STR("1002")));
	assert_null(tenant_user_by_extension(tenant_of(f, "beta"), STR("1002")));
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:a", "1002:b")), 3), 0);
}

static void test_objects_that_had_to_go_are_read_again(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:a", "1002:b")), 1), 5);
	assert_int_equal(apply_file(f, file_of("beta", USERS("1003:c")), 2), 3);
	close_all(f);
	f->max_objects = 1; /* never two tenants at once */
	assert_int_equal(open_all(f), 0);
	assert_int_equal(count(f, KIND_USER, "", "", 0), 3);
	const struct object_set *objects = config_objects(f->config, STR("acme"));
	assert_non_null(objects);
	assert_int_equal(objects->n, 5);
	assert_int_equal(objects->version, 1);
	assert_int_equal(count(f, KIND_USER, "beta", "1003", 0), 1);
	assert_int_equal(apply_file(f, file_of("beta", USERS("1003:c", "1004:d")), 3), 2);
	assert_int_equal(undo(f, "beta", 4), 0);
	assert_int_equal(count(f, KIND_USER, "", "", 0), 3);
}

static void test_another_seal_key_is_refused_at_the_start(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:a")), 1), 3);
	close_all(f);
	memset(&f->seal, 8, sizeof f->seal);
	assert_int_equal(open_all(f), E_POLICY);
	assert_true(f->why.n > 0);
}

static void test_undo_brings_the_state_before_as_next_version(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:a", "1002:b")), 1), 5);
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:new")), 2), 3);
	assert_null(tenant_user_by_extension(tenant_of(f, "acme"), STR("1002")));
	assert_int_equal(undo(f, "acme", 3), 0);
	assert_int_equal(config_version(f->config, STR("acme")), 3);
	const struct tenant *t = tenant_of(f, "acme");
	assert_non_null(tenant_user_by_extension(t, STR("1002")));
	assert_ptr_equal(tenant_device_by_username(t, STR("1002"))->user,
	                 tenant_user_by_extension(t, STR("1002")));
	/* It is what the first file says, passwords too. */
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:a", "1002:b")), 4), 0);
	/* And back. */
	assert_int_equal(undo(f, "acme", 5), 0);
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:new")), 6), 0);
}

static void test_undo_keeps_the_global_user_name_of_what_comes_back(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:a", "1002:b")), 1), 5);
	struct str was = tenant_device_by_username(tenant_of(f, "acme"), STR("1002"))->global_username;
	char *name = str_dupz(was);
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:a")), 2), 2);
	assert_int_equal(undo(f, "acme", 3), 0);
	struct str is = tenant_device_by_username(tenant_of(f, "acme"), STR("1002"))->global_username;
	assert_true(str_eq(is, str_z(name)));
	free(name);
}

static void test_undo_without_a_name_takes_the_tenant_changed_last(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:a")), 1), 3);
	assert_int_equal(apply_file(f, file_of("beta", USERS("1001:a")), 2), 3);
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:x")), 3), 1);
	assert_int_equal(undo(f, "", 4), 0);
	assert_int_equal(config_version(f->config, STR("acme")), 3);
	assert_int_equal(config_version(f->config, STR("beta")), 1);
}

static void test_undo_of_nothing_is_refused(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(undo(f, "", 1), ENOENT);
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:a")), 1), 3);
	assert_int_equal(undo(f, "acme", 2), E_POLICY);
	assert_int_equal(undo(f, "nobody", 2), ENOENT);
	assert_int_equal(config_version(f->config, STR("acme")), 1);
}

static void test_undo_that_takes_a_domain_back_from_its_new_owner_is_refused(void **state)
{
	struct fixture *f = *state;
	json_t *file = file_of("acme", USERS("1001:a"));
	json_object_set_new(file, "domains", json_pack("[s,s]", "acme.test", "shared.test"));
	assert_int_equal(apply_file(f, file, 1), 3);
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:a")), 2), 1);
	file = file_of("beta", USERS("1001:a"));
	json_object_set_new(file, "domains", json_pack("[s]", "shared.test"));
	assert_int_equal(apply_file(f, file, 3), 3);
	assert_int_equal(undo(f, "acme", 4), E_POLICY);
	assert_int_equal(config_version(f->config, STR("acme")), 2);
}

static void test_get_filters_by_tenant_and_id_and_hides_secrets(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:canary", "1002:b")), 1), 5);
	assert_int_equal(apply_file(f, file_of("beta", USERS("1001:canary")), 2), 3);
	assert_int_equal(count(f, KIND_TENANT, "", "", 0), 2);
	assert_int_equal(count(f, KIND_USER, "", "", 0), 3);
	assert_int_equal(count(f, KIND_USER, "beta", "", 0), 1);
	assert_int_equal(count(f, KIND_DEVICE, "", "1001", 0), 2);
	assert_int_equal(count(f, KIND_DEVICE, "acme", "1003", 0), 0);
	json_t *list = get(f, KIND_DEVICE, "acme", "1001", 0);
	json_t *fields = json_object_get(json_array_get(list, 0), "fields");
	assert_string_equal(json_string_value(json_object_get(fields, "user")), "1001");
	assert_non_null(json_string_value(json_object_get(fields, "global_username")));
	char *text = json_dumps(list, 0);
	assert_null(strstr(text, "canary"));
	assert_null(strstr(text, "password"));
	assert_null(strstr(text, "v1:"));
	free(text);
	json_decref(list);
	struct config_query q = {.kind = KIND_USER, .tenant = STR("nobody")};
	assert_int_equal(config_get(f->config, &q, &list), ENOENT);
}

static void test_get_as_of_a_version_shows_what_was(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:a", "1002:b")), 1), 5);
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:a")), 2), 2);
	assert_int_equal(count(f, KIND_USER, "acme", "", 0), 1);
	assert_int_equal(count(f, KIND_USER, "acme", "", 1), 2);
	assert_int_equal(count(f, KIND_USER, "acme", "1002", 1), 1);
}

static void test_history_has_every_version_and_who(void **state)
{
	struct fixture *f = *state;
	struct config_query q = {.kind = KIND_DEVICE, .tenant = STR("acme"), .id = STR("1001")};
	json_t *list = NULL;
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:a")), 1000), 3);
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:b")), 2000), 1);
	assert_int_equal(config_history(f->config, &q, &list, &f->why), 0);
	assert_int_equal(json_array_size(list), 2);
	json_t *last = json_array_get(list, 1);
	assert_int_equal(json_integer_value(json_object_get(last, "version")), 2);
	assert_string_equal(json_string_value(json_object_get(last, "who")), "cli:test");
	assert_string_equal(json_string_value(json_object_get(last, "at")), "1970-01-01T00:00:02.000Z");
	json_t *changed = json_object_get(last, "changed");
	assert_string_equal(json_string_value(json_array_get(changed, 0)), "password");
	json_decref(list);
}

static void test_history_of_an_ambiguous_or_unknown_object(void **state)
{
	struct fixture *f = *state;
	struct config_query q = {.kind = KIND_USER, .id = STR("1001")};
	json_t *list = NULL;
	assert_int_equal(config_history(f->config, &q, &list, &f->why), ENOENT);
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:a")), 1), 3);
	assert_int_equal(apply_file(f, file_of("beta", USERS("1001:a")), 2), 3);
	assert_int_equal(config_history(f->config, &q, &list, &f->why), E_POLICY);
	assert_true(why_has(f, "--tenant"));
	q.tenant = STR("beta");
	assert_int_equal(config_history(f->config, &q, &list, &f->why), 0);
	json_decref(list);
}

static void test_history_of_a_removed_object_by_its_number(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:a", "1002:b")), 1), 5);
	json_t *list = get(f, KIND_USER, "acme", "1002", 0);
	json_int_t id = json_integer_value(json_object_get(json_array_get(list, 0), "id"));
	json_decref(list);
	assert_int_equal(apply_file(f, file_of("acme", USERS("1001:a")), 2), 2);
	char number[24];
	snprintf(number, sizeof number, "%lld", (long long)id);
	struct config_query q = {.kind = KIND_USER, .tenant = STR("acme"), .id = str_z(number)};
	assert_int_equal(config_history(f->config, &q, &list, &f->why), 0);
	assert_int_equal(json_array_size(list), 2);
	assert_true(json_is_true(json_object_get(json_array_get(list, 1), "removed")));
	json_decref(list);
}

int main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_apply_makes_a_tenant_and_publishes_it),
		T(test_applying_again_changes_nothing),
		T(test_plan_writes_nothing),
		T(test_only_the_changed_tenant_is_built_again),
		T(test_domain_of_another_tenant_is_refused_before_writing),
		T(test_faulty_file_changes_nothing),
		T(test_configuration_survives_a_restart),
		T(test_objects_that_had_to_go_are_read_again),
		T(test_another_seal_key_is_refused_at_the_start),
		T(test_undo_brings_the_state_before_as_next_version),
		T(test_undo_keeps_the_global_user_name_of_what_comes_back),
		T(test_undo_without_a_name_takes_the_tenant_changed_last),
		T(test_undo_of_nothing_is_refused),
		T(test_undo_that_takes_a_domain_back_from_its_new_owner_is_refused),
		T(test_get_filters_by_tenant_and_id_and_hides_secrets),
		T(test_get_as_of_a_version_shows_what_was),
		T(test_history_has_every_version_and_who),
		T(test_history_of_an_ambiguous_or_unknown_object),
		T(test_history_of_a_removed_object_by_its_number),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
