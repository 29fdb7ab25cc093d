// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/demo.h"

struct fixture {
	char dir[64];
	struct log log;
	struct rng rng;
	struct seal_key seal;
	struct store *store;
	struct config *config;
	struct settings settings;
	struct buf why, out;
};

static int open_all(struct fixture *f)
{
	struct config_args args = {.seal = &f->seal, .rng = &f->rng, .log = &f->log,
	                           .realm = STR("tandem")};
	int err = store_open(&f->store, f->dir, &f->log, &f->why);
	args.store = f->store;
	return err ? err : config_open(&f->config, &args, &f->why);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	assert_non_null(f);
	strcpy(f->dir, "/tmp/tandem-demo-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	log_init_null(&f->log);
	rng_init_seed(&f->rng, 3);
	settings_init(&f->settings);
	buf_init(&f->why, 4096);
	buf_init(&f->out, 65536);
	*state = f;
	return open_all(f);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char line[128];
	config_free(f->config);
	store_close(f->store);
	buf_fini(&f->why);
	buf_fini(&f->out);
	snprintf(line, sizeof line, "rm -rf %s", f->dir);
	int err = system(line);
	free(f);
	return err;
}

static const char *help(struct fixture *f)
{
	buf_reset(&f->out);
	demo_put_help(&f->out, f->config, &f->seal, &f->settings);
	buf_ch(&f->out, 0);
	return f->out.p;
}

static void test_empty_store_gets_four_users_who_can_register(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(demo_make(f->config, &f->rng, 1, &f->why), 0);
	const struct tenant *t = directory_by_name(config_directory(f->config), STR("demo"));
	assert_non_null(t);
	assert_int_equal(tenant_users(t), 4);
	assert_true(tenant_has_domain(t, STR("demo.tandem.test")));
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(tenant_user_at(t, i)->n_devices, 1);
	assert_true(str_eq(tenant_user_at(t, 3)->extension, STR("1004")));
}

static void test_second_start_keeps_the_tenant_and_shows_the_same_passwords(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(demo_make(f->config, &f->rng, 1, &f->why), 0);
	char *first = str_dupz(str_z(help(f)));
	config_free(f->config);
	store_close(f->store);
	assert_int_equal(open_all(f), 0);
	assert_int_equal(demo_make(f->config, &f->rng, 2, &f->why), 0);
	assert_int_equal(config_version(f->config, STR("demo")), 1);
	assert_string_equal(help(f), first);
	free(first);
}

static void test_passwords_shown_are_those_of_the_devices(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(demo_make(f->config, &f->rng, 1, &f->why), 0);
	const char *line = strstr(help(f), "    1002 ");
	assert_non_null(line);
	char name[32], password[32], global[64];
	assert_int_equal(sscanf(line, "%31s %31s %63s", name, password, global), 3);
	const struct tenant *t;
	const struct directory *d = config_directory(f->config);
	const struct device *dev = directory_by_global_username(d, str_z(global), &t);
	assert_non_null(dev);
	struct digest_ha1 want;
	digest_ha1_make(&want, str_z(name), STR("demo.tandem.test"), str_z(password));
	assert_memory_equal(&dev->ha1_domain, &want, sizeof want);
}

static void test_server_is_what_phones_can_reach(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(demo_make(f->config, &f->rng, 1, &f->why), 0);
	assert_int_equal(settings_put_arg(&f->settings, STR("sip.listen=udp:127.0.0.1:5070"), &f->why), 0);
	assert_non_null(strstr(help(f), "server      127.0.0.1:5070 "));
	assert_int_equal(settings_put_arg(&f->settings, STR("sip.advertise=203.0.113.5"), &f->why), 0);
	assert_non_null(strstr(help(f), "server      203.0.113.5:5070 "));
	assert_non_null(strstr(help(f), "*43"));
}

static void test_store_with_tenants_gets_no_demo(void **state)
{
	struct fixture *f = *state;
	struct config_result result;
	json_t *file = json_pack("{s:s,s:[s],s:[]}", "tenant", "acme", "domains", "acme.test", "users");
	assert_int_equal(config_apply(f->config, file, "test", 1, &result, &f->why), 0);
	config_result_fini(&result);
	json_decref(file);
	assert_int_equal(demo_make(f->config, &f->rng, 1, &f->why), 0);
	assert_int_equal(config_tenants(f->config), 1);
	assert_string_equal(help(f), "");
}

int main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_empty_store_gets_four_users_who_can_register),
		T(test_second_start_keeps_the_tenant_and_shows_the_same_passwords),
		T(test_passwords_shown_are_those_of_the_devices),
		T(test_server_is_what_phones_can_reach),
		T(test_store_with_tenants_gets_no_demo),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
