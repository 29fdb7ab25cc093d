// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdatomic.h>

#include "base/buf.h"
#include "store_fixture.h"

static int put_one(uint64_t tenant, struct str key, struct str value, void *arg)
{
	buf_printf(arg, "%llu:" STR_FMT "=" STR_FMT " ", (unsigned long long)tenant, STR_ARG(key),
	           STR_ARG(value));
	return 0;
}

static void assert_kept(struct store_fixture *f, enum store_kept table, uint64_t tenant,
                        const char *want)
{
	struct buf b;
	buf_init(&b, 4096);
	assert_int_equal(store_kept_each(f->store, table, tenant, put_one, &b), 0);
	assert_true(str_eq(buf_view(&b), str_z(want)));
	buf_fini(&b);
}

static void keep(struct store_fixture *f, uint64_t tenant, const char *key, const char *value)
{
	store_keep(f->store, KEPT_MESSAGES, tenant, str_z(key), str_z(value), NULL, NULL);
}

static void test_items_are_kept_by_table_and_tenant(void **state)
{
	struct store_fixture *f = *state;
	keep(f, 2, "a", "other tenant");
	keep(f, 1, "b", "1");
	keep(f, 1, "a", "1");
	store_keep(f->store, KEPT_RECORDINGS, 1, STR("a"), STR("other table"), NULL, NULL);
	keep(f, 1, "a", "2");
	store_sync(f->store);
	assert_kept(f, KEPT_MESSAGES, 1, "1:a=2 1:b=1 ");
	assert_kept(f, KEPT_MESSAGES, 0, "1:a=2 1:b=1 2:a=other tenant ");
	assert_kept(f, KEPT_RECORDINGS, 0, "1:a=other table ");
}

static void test_what_is_discarded_is_gone(void **state)
{
	struct store_fixture *f = *state;
	keep(f, 1, "a", "1");
	keep(f, 1, "b", "1");
	store_sync(f->store);
	store_discard(f->store, KEPT_MESSAGES, 1, STR("a"), NULL, NULL);
	store_discard(f->store, KEPT_MESSAGES, 2, STR("b"), NULL, NULL);
	store_sync(f->store);
	store_fixture_reopen(f);
	assert_kept(f, KEPT_MESSAGES, 0, "1:b=1 ");
}

/* The order of posting is the order on the disk, within one commit too. */
static void test_the_last_word_wins(void **state)
{
	struct store_fixture *f = *state;
	for (int i = 0; i < 100; i++) {
		keep(f, 1, "a", "1");
		store_discard(f->store, KEPT_MESSAGES, 1, STR("a"), NULL, NULL);
	}
	keep(f, 1, "a", "last");
	store_sync(f->store);
	assert_kept(f, KEPT_MESSAGES, 0, "1:a=last ");
}

static void on_done(int err, void *arg)
{
	assert_int_equal(err, 0);
	atomic_fetch_add((_Atomic int *)arg, 1);
}

static void test_who_waits_is_told_when_it_is_committed(void **state)
{
	struct store_fixture *f = *state;
	_Atomic int n = 0;
	store_keep(f->store, KEPT_MESSAGES, 1, STR("a"), STR("1"), on_done, &n);
	store_discard(f->store, KEPT_MESSAGES, 1, STR("b"), on_done, &n);
	store_sync(f->store);
	assert_int_equal(atomic_load(&n), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_items_are_kept_by_table_and_tenant,
		                                store_fixture_setup, store_fixture_teardown),
		cmocka_unit_test_setup_teardown(test_what_is_discarded_is_gone, store_fixture_setup,
		                                store_fixture_teardown),
		cmocka_unit_test_setup_teardown(test_the_last_word_wins, store_fixture_setup,
		                                store_fixture_teardown),
		cmocka_unit_test_setup_teardown(test_who_waits_is_told_when_it_is_committed,
		                                store_fixture_setup, store_fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
