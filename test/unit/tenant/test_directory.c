// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>

#include "tenant_make.h"

static const struct tenant *make(const char *name, const char *domains, const char *usernames[],
                                 uint64_t first_id)
{
	json_t *devices = json_array(), *file;
	const struct tenant *t;
	char *text;

	for (; *usernames; usernames++)
		json_array_append_new(devices, json_pack("{s:s, s:s}", "username", *usernames,
		                                         "password", "x"));
	file = json_pack("{s:s, s:o, s:[{s:s, s:s, s:o}]}", "tenant", name, "domains",
	                 json_loads(domains, 0, NULL), "users", "name", "x", "extension", "1",
	                 "devices", devices);
	text = json_dumps(file, 0);
	t = test_tenant(text, first_id);
	free(text);
	json_decref(file);
	return t;
}

enum { N = 4 };

struct fixture {
	const struct tenant *t[N];
	const struct directory *d;
};

static const struct directory *build(const struct tenant *const *t, size_t n)
{
	const struct directory *d = NULL;
	struct buf why;

	buf_init(&why, 1000);
	assert_int_equal(directory_build(&d, t, n, &why), 0);
	assert_int_equal(why.n, 0);
	buf_fini(&why);
	return d;
}

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof *f);

	f->t[0] = make("acme", "[\"acme.test\",\"acme.example\"]",
	               (const char *[]){"1001", "alice", NULL}, 100);
	f->t[1] = make("beta", "[\"beta.test\"]", (const char *[]){"1001", "bob", NULL}, 200);
	f->t[2] = make("gamma", "[\"gamma.test\"]", (const char *[]){"1001", "Bob", "carol", NULL}, 300);
	f->t[3] = make("empty", "[\"empty.test\"]", (const char *[]){NULL}, 400);
	f->d = build(f->t, N);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	directory_unref(f->d);
	for (size_t i = 0; i < N; i++)
		tenant_unref(f->t[i]);
	test_free(f);
	return 0;
}

static void test_tenant_is_found_by_each_domain_name_and_id(void **state)
{
	struct fixture *f = *state;

	assert_ptr_equal(directory_by_domain(f->d, STR("acme.test")), f->t[0]);
	assert_ptr_equal(directory_by_domain(f->d, STR("ACME.example.")), f->t[0]);
	assert_ptr_equal(directory_by_domain(f->d, STR("empty.test")), f->t[3]);
	assert_null(directory_by_domain(f->d, STR("test")));
	assert_null(directory_by_domain(f->d, STR_NONE));
	assert_ptr_equal(directory_by_name(f->d, STR("beta")), f->t[1]);
	assert_null(directory_by_name(f->d, STR("bet")));
	assert_ptr_equal(directory_by_id(f->d, 300), f->t[2]);
	assert_null(directory_by_id(f->d, 301));
	assert_int_equal(directory_tenants(f->d), N);
	assert_ptr_equal(directory_tenant_at(f->d, 2), f->t[2]);
}

static void test_global_username_names_device_and_tenant(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < 3; i++) {
		const struct device *d = tenant_device_by_username(f->t[i], STR("1001"));
		const struct tenant *t = NULL;

		assert_ptr_equal(directory_by_global_username(f->d, d->global_username, &t), d);
		assert_ptr_equal(t, f->t[i]);
	}
}

static void test_plain_username_is_no_global_one(void **state)
{
	struct fixture *f = *state;
	const struct tenant *t = NULL;

	assert_null(directory_by_global_username(f->d, STR("carol"), &t));
	assert_null(directory_by_global_username(f->d, STR_NONE, &t));
	assert_null(t);
}

static void test_plain_username_of_one_tenant_is_found(void **state)
{
	struct fixture *f = *state;
	const struct tenant *t = NULL;

	assert_ptr_equal(directory_by_plain_username(f->d, STR("alice"), &t),
	                 tenant_device_by_username(f->t[0], STR("alice")));
	assert_ptr_equal(t, f->t[0]);
	assert_ptr_equal(directory_by_plain_username(f->d, STR("bob"), &t),
	                 tenant_device_by_username(f->t[1], STR("bob")));
	assert_ptr_equal(directory_by_plain_username(f->d, STR("Bob"), &t),
	                 tenant_device_by_username(f->t[2], STR("Bob")));
	assert_null(directory_by_plain_username(f->d, STR("dave"), &t));
}

/* Three have it: the second makes it shared, the third must not undo that. */
static void test_plain_username_of_several_tenants_is_nobodys(void **state)
{
	struct fixture *f = *state;
	const struct tenant *t = NULL;
	const struct directory *two = build(f->t, 2);

	assert_null(directory_by_plain_username(f->d, STR("1001"), &t));
	assert_null(directory_by_plain_username(two, STR("1001"), &t));
	assert_null(t);
	directory_unref(two);
}

static void test_directory_of_one_knows_every_username(void **state)
{
	struct fixture *f = *state;
	const struct directory *one = build(&f->t[1], 1);
	const struct tenant *t = NULL;

	assert_ptr_equal(directory_by_plain_username(one, STR("1001"), &t),
	                 tenant_device_by_username(f->t[1], STR("1001")));
	assert_ptr_equal(t, f->t[1]);
	directory_unref(one);
}

static void test_empty_directory_finds_nothing(void **state)
{
	const struct directory *none = build(NULL, 0);
	const struct tenant *t = NULL;

	(void)state;
	assert_int_equal(directory_tenants(none), 0);
	assert_null(directory_by_domain(none, STR("acme.test")));
	assert_null(directory_by_name(none, STR("acme")));
	assert_null(directory_by_id(none, 100));
	assert_null(directory_by_plain_username(none, STR("1001"), &t));
	assert_null(directory_by_global_username(none, STR("1001"), &t));
	directory_unref(none);
}

static void assert_no_directory(const struct tenant *const *t, size_t n, const char *expected)
{
	const struct directory *d = NULL;
	struct buf why;

	buf_init(&why, 1000);
	assert_int_equal(directory_build(&d, t, n, &why), E_POLICY);
	assert_null(d);
	buf_ch(&why, '\0');
	assert_string_equal(why.p, expected);
	buf_fini(&why);
}

static void test_domain_belongs_to_one_tenant(void **state)
{
	struct fixture *f = *state;
	const struct tenant *thief = make("thief", "[\"x.test\",\"acme.example\",\"beta.test\"]",
	                                  (const char *[]){NULL}, 500);

	assert_no_directory((const struct tenant *[]){f->t[0], f->t[1], thief}, 3,
	                    "domain acme.example of tenant thief belongs to tenant acme\n"
	                    "domain beta.test of tenant thief belongs to tenant beta\n");
	tenant_unref(thief);
}

static void test_tenant_is_there_once(void **state)
{
	struct fixture *f = *state;
	const struct tenant *same_name = make("acme", "[\"x.test\"]", (const char *[]){NULL}, 500);
	const struct tenant *same_id = make("x", "[\"x.test\"]", (const char *[]){NULL}, 100);

	assert_no_directory((const struct tenant *[]){f->t[0], same_name}, 2,
	                    "tenant acme (id 500) is there twice\n");
	assert_no_directory((const struct tenant *[]){f->t[0], same_id}, 2,
	                    "tenant x (id 100) is there twice\n");
	tenant_unref(same_name);
	tenant_unref(same_id);
}

/* "a-b" with "c" and "a" with "b-c" may get one global user name. It is then nobody's. */
static void test_global_username_that_two_have_is_nobodys(void **state)
{
	struct tenant_rows rows[2] = {{.next_id = 1}, {.next_id = 10}};
	const struct tenant *t[2], *found = NULL;
	const struct directory *d;
	struct rng rng;

	(void)state;
	rng_init_seed(&rng, 1);
	test_apply(&rows[0], &rng, "{\"tenant\":\"a-b\",\"domains\":[\"a\"],\"users\":[{\"name\":\"x\","
	           "\"extension\":\"1\",\"devices\":[{\"username\":\"c\",\"password\":\"x\"}]}]}");
	test_apply(&rows[1], &rng, "{\"tenant\":\"a\",\"domains\":[\"b\"],\"users\":[{\"name\":\"x\","
	           "\"extension\":\"1\",\"devices\":[{\"username\":\"b-c\",\"password\":\"x\"}]}]}");
	for (size_t i = 0; i < 2; i++) {
		json_object_set_new(rows[i].set.v[2].body, "global_username", json_string("a-b-c-x7k2"));
		t[i] = test_snapshot(&rows[i]);
		object_set_fini(&rows[i].set);
	}
	d = build(t, 2);
	assert_null(directory_by_global_username(d, STR("a-b-c-x7k2"), &found));
	assert_null(found);
	directory_unref(d);
	tenant_unref(t[0]);
	tenant_unref(t[1]);
}

static void test_directory_keeps_its_tenants_alive(void **state)
{
	const struct tenant *t = make("solo", "[\"solo.test\"]", (const char *[]){"1", NULL}, 900);
	const struct directory *d = build(&t, 1), *held = directory_ref(d);

	(void)state;
	tenant_unref(t);
	directory_unref(d);
	assert_true(str_eq(tenant_name(directory_by_domain(held, STR("solo.test"))), STR("solo")));
	directory_unref(held);
	directory_unref(NULL);
}

/* Shards read and drop references while the next directory is built: for TSan. */
static void *reader(void *arg)
{
	const struct directory *d = arg;
	const struct tenant *t = NULL;

	for (int i = 0; i < 1000; i++) {
		const struct directory *mine = directory_ref(d);
		const struct tenant *held = tenant_ref(directory_by_domain(mine, STR("acme.test")));

		if (!directory_by_plain_username(mine, STR("alice"), &t))
			return NULL;
		directory_unref(mine);
		tenant_unref(held);
	}
	directory_unref(d);
	return arg;
}

static void test_many_threads_share_a_directory(void **state)
{
	struct fixture *f = *state;
	pthread_t threads[4];
	void *result;

	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, reader,
		                                (void *)directory_ref(f->d)), 0);
	for (size_t i = 0; i < 50; i++)
		directory_unref(build(f->t, N));
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_non_null(result);
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_tenant_is_found_by_each_domain_name_and_id),
		T(test_global_username_names_device_and_tenant),
		T(test_plain_username_is_no_global_one),
		T(test_plain_username_of_one_tenant_is_found),
		T(test_plain_username_of_several_tenants_is_nobodys),
		T(test_directory_of_one_knows_every_username),
		T(test_empty_directory_finds_nothing),
		T(test_domain_belongs_to_one_tenant),
		T(test_tenant_is_there_once),
		T(test_global_username_that_two_have_is_nobodys),
		T(test_directory_keeps_its_tenants_alive),
		T(test_many_threads_share_a_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
