// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/internal.h"
#include "store_fixture.h"

static void put(struct store_fixture *f, const char *key, const char *value)
{
	store_put(f->store, STORE_BINDINGS, 1, str_z(key), str_z(value));
}

static void assert_live(struct store_fixture *f, enum store_table table, uint64_t tenant,
                        const char *want)
{
	store_sync(f->store);
	char *got = store_fixture_live(f, table, tenant);
	assert_string_equal(got, want);
	free(got);
}

static uint64_t count(struct store_fixture *f, const char *sql)
{
	sqlite3_stmt *st;
	bool row;
	assert_int_equal(sql_prepare(f->store->db, sql, &st), 0);
	assert_int_equal(sql_next(st, &row), 0);
	uint64_t n = sql_u64(st, 0);
	sqlite3_finalize(st);
	return n;
}

static uint64_t last_frame(struct store_fixture *f)
{
	return count(f, "SELECT coalesce(max(seq), 0) FROM live_frame");
}

static void test_the_last_write_of_a_key_wins(void **state)
{
	struct store_fixture *f = *state;
	put(f, "a", "1");
	put(f, "a", "2");
	put(f, "b", "1");
	assert_live(f, STORE_BINDINGS, 0, "a=2 b=1 ");
	put(f, "a", "3");
	assert_live(f, STORE_BINDINGS, 0, "a=3 b=1 ");
	store_fixture_reopen(f);
	put(f, "b", "");
	assert_live(f, STORE_BINDINGS, 0, "a=3 b= ");
}

static void test_what_is_posted_is_committed_at_close(void **state)
{
	struct store_fixture *f = *state;
	put(f, "a", "1");
	store_fixture_reopen(f);
	assert_live(f, STORE_BINDINGS, 0, "a=1 ");
}

static off_t size_of(const struct store_fixture *f, const char *name)
{
	char path[512];
	struct stat st;
	snprintf(path, sizeof path, "%s/%s", f->dir, name);
	return stat(path, &st) == 0 ? st.st_size : -1;
}

/* A stop took more than ten seconds once, on a busy disk. */
static void test_close_does_not_copy_the_log_into_the_database(void **state)
{
	struct store_fixture *f = *state;
	off_t before = size_of(f, "tandem.db");
	char *value = test_calloc(1, 60001);
	memset(value, 'x', 60000);
	for (int i = 0; i < 20; i++) {
		char key[16];
		snprintf(key, sizeof key, "k%d", i);
		put(f, key, value);
	}
	store_fixture_reopen(f); /* the log is read, not copied: only a checkpoint does that */
	assert_int_equal(size_of(f, "tandem.db"), before);
	assert_true(size_of(f, "tandem.db-wal") > 20 * 60000);
	assert_int_equal(count(f, "SELECT coalesce(sum(length(frame)), 0) > 1200000 FROM live_frame"), 1);
	test_free(value);
}

static void test_a_deleted_key_stays_deleted(void **state)
{
	struct store_fixture *f = *state;
	put(f, "a", "1");
	put(f, "b", "1");
	store_sync(f->store);
	store_delete(f->store, STORE_BINDINGS, 1, STR("a"));
	store_delete(f->store, STORE_BINDINGS, 1, STR("never"));
	assert_live(f, STORE_BINDINGS, 0, "b=1 ");
	store_fixture_reopen(f);
	assert_live(f, STORE_BINDINGS, 0, "b=1 ");
	put(f, "a", "2");
	assert_live(f, STORE_BINDINGS, 0, "a=2 b=1 ");
	store_delete(f->store, STORE_BINDINGS, 1, STR("a")); /* found at the start, deleted after */
	store_fixture_reopen(f);
	assert_live(f, STORE_BINDINGS, 0, "b=1 ");
}

/* DESIGN rule 6: the same key in two tenants, or in two tables, never meets. */
static void test_tenants_and_tables_are_apart(void **state)
{
	struct store_fixture *f = *state;
	store_put(f->store, STORE_BINDINGS, 1, STR("k"), STR("one"));
	store_put(f->store, STORE_BINDINGS, 2, STR("k"), STR("two"));
	store_put(f->store, STORE_CALLS, 1, STR("k"), STR("call"));
	assert_live(f, STORE_BINDINGS, 1, "k=one ");
	assert_live(f, STORE_BINDINGS, 2, "k=two ");
	store_delete(f->store, STORE_BINDINGS, 1, STR("k"));
	store_fixture_reopen(f);
	assert_live(f, STORE_BINDINGS, 0, "k=two ");
	assert_live(f, STORE_CALLS, 0, "k=call ");
}

static void test_a_put_and_a_delete_in_one_batch_do_not_touch_the_disk(void **state)
{
	struct store_fixture *f = *state;
	struct live *l = calloc(1, sizeof *l);
	live_init(l);
	struct request *r = request_new(&(struct request){.kind = REQUEST_PUT,
	                                                  .table = STORE_CALLS,
	                                                  .tenant = 1,
	                                                  .key = STR("call"),
	                                                  .value = STR("state")});
	live_put(l, r);
	assert_false(list_empty(&l->changes));
	live_delete(l, 1, STORE_CALLS, STR("call"));
	assert_true(list_empty(&l->changes));
	assert_int_equal(l->map.n, 0);
	live_fini(l);
	free(l);

	uint64_t before = last_frame(f);
	store_delete(f->store, STORE_CALLS, 1, STR("unknown"));
	store_sync(f->store);
	assert_int_equal(last_frame(f), before);
}

static int stop_at_second(uint64_t tenant, struct str key, struct str value, void *arg)
{
	(void)tenant, (void)key, (void)value;
	return ++*(int *)arg == 2 ? 77 : 0;
}

static void test_each_ends_when_told(void **state)
{
	struct store_fixture *f = *state;
	put(f, "a", "1");
	put(f, "b", "1");
	put(f, "c", "1");
	store_sync(f->store);
	int n = 0;
	assert_int_equal(store_each(f->store, STORE_BINDINGS, stop_at_second, &n), 77);
	assert_int_equal(n, 2);
}

static int is_bytes(uint64_t tenant, struct str key, struct str value, void *arg)
{
	(void)tenant;
	++*(int *)arg;
	return str_eq(key, STR("k\0\xff\n")) && str_eq(value, STR("\0\1\2")) ? 0 : 1;
}

static void test_bytes_are_opaque(void **state)
{
	struct store_fixture *f = *state;
	store_put(f->store, STORE_BINDINGS, 1, STR("k\0\xff\n"), STR("\0\1\2"));
	store_fixture_reopen(f);
	store_delete(f->store, STORE_BINDINGS, 1, STR("k")); /* another key */
	store_sync(f->store);
	int n = 0;
	assert_int_equal(store_each(f->store, STORE_BINDINGS, is_bytes, &n), 0);
	assert_int_equal(n, 1);
	store_delete(f->store, STORE_BINDINGS, 1, STR("k\0\xff\n"));
	assert_live(f, STORE_BINDINGS, 0, "");
}

static void test_what_is_too_long_is_dropped_and_counted(void **state)
{
	struct store_fixture *f = *state;
	char *big = calloc(1, STORE_MAX_VALUE + 1);
	store_put(f->store, STORE_BINDINGS, 1, (struct str){big, STORE_MAX_KEY + 1}, STR("v"));
	store_put(f->store, STORE_BINDINGS, 1, STR("k"), (struct str){big, STORE_MAX_VALUE + 1});
	assert_int_equal(store_dropped(f->store), 2);
	assert_live(f, STORE_BINDINGS, 0, "");
	store_put(f->store, STORE_BINDINGS, 1, (struct str){big, STORE_MAX_KEY},
	          (struct str){big, STORE_MAX_VALUE});
	store_sync(f->store);
	assert_int_equal(store_dropped(f->store), 2);
	assert_int_equal(count(f, "SELECT count(*) FROM live_frame"), 1);
	free(big);
}

/* One key refreshed for ever, beside some that never change: the log stays small, all stay. */
static void test_old_frames_are_cleaned_and_lose_nothing(void **state)
{
	struct store_fixture *f = *state;
	put(f, "old1", "kept");
	put(f, "old2", "kept");
	put(f, "gone", "x");
	store_sync(f->store);
	store_delete(f->store, STORE_BINDINGS, 1, STR("gone"));
	char *value = malloc(60000);
	memset(value, 'v', 60000);
	for (int i = 0; i < 200; i++) { /* 12 MB */
		store_put(f->store, STORE_CALLS, 1, STR("busy"), (struct str){value, 60000});
		store_sync(f->store);
	}
	free(value);
	assert_live(f, STORE_BINDINGS, 0, "old1=kept old2=kept ");
	assert_true(count(f, "SELECT sum(length(frame)) FROM live_frame") < 4 << 20);
	store_fixture_reopen(f);
	assert_live(f, STORE_BINDINGS, 0, "old1=kept old2=kept ");
}

/* A frame that ends early costs what it held, not the start. */
static void test_a_damaged_frame_is_left_out(void **state)
{
	struct store_fixture *f = *state;
	put(f, "a", "1");
	store_sync(f->store);
	put(f, "b", "1");
	store_sync(f->store);
	assert_int_equal(sql_exec(f->store->db, "UPDATE live_frame SET frame = substr(frame, 1, 20)"
	                                        " WHERE seq = 1"),
	                 0);
	store_fixture_reopen(f);
	assert_live(f, STORE_BINDINGS, 0, "b=1 ");
}

static void test_frame_entries_of_wrong_sizes_are_malformed(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 1 << 10);
	struct frame_entry e = {.tenant = 1,
	                        .table = STORE_CALLS,
	                        .key = STR("key"),
	                        .value = STR("value")},
	                   got;
	frame_put(&b, &e);
	assert_int_equal(b.n, frame_entry_bytes(&e));
	for (size_t n = 0; n < b.n; n++) {
		struct str rest = {b.p, n};
		assert_int_equal(frame_take(&rest, &got), E_MALFORMED);
	}
	struct str rest = buf_view(&b);
	assert_int_equal(frame_take(&rest, &got), 0);
	assert_int_equal(rest.n, 0);
	assert_true(str_eq(got.key, e.key) && str_eq(got.value, e.value));
	b.p[8] = STORE_TABLES; /* a table that is not */
	rest = buf_view(&b);
	assert_int_equal(frame_take(&rest, &got), E_MALFORMED);
	buf_fini(&b);
}

enum { POSTERS = 4, POSTS = 2000 };

struct poster {
	struct store *store;
	uint64_t tenant;
};

/* What one thread posts keeps its order: each key ends deleted or at its last value. */
static void *post_many(void *arg)
{
	struct poster *p = arg;
	for (int i = 0; i < POSTS; i++) {
		char key[16], value[16];
		snprintf(key, sizeof key, "k%d", i % 10);
		snprintf(value, sizeof value, "%d", i);
		store_put(p->store, STORE_BINDINGS, p->tenant, str_z(key), str_z(value));
		if (i % 10 == 9)
			store_delete(p->store, STORE_BINDINGS, p->tenant, str_z(key));
	}
	return NULL;
}

static void test_order_of_each_poster_is_kept(void **state)
{
	struct store_fixture *f = *state;
	pthread_t threads[POSTERS];
	struct poster posters[POSTERS];
	for (uint64_t i = 0; i < POSTERS; i++) {
		posters[i] = (struct poster){f->store, i + 1};
		assert_int_equal(pthread_create(&threads[i], NULL, post_many, &posters[i]), 0);
	}
	for (size_t i = 0; i < POSTERS; i++)
		pthread_join(threads[i], NULL);
	for (uint64_t i = 0; i < POSTERS; i++)
		assert_live(f, STORE_BINDINGS, i + 1,
		            "k0=1990 k1=1991 k2=1992 k3=1993 k4=1994 k5=1995 k6=1996 k7=1997 "
		            "k8=1998 ");
	assert_int_equal(store_dropped(f->store), 0);
}

int main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, store_fixture_setup, store_fixture_teardown)
	const struct CMUnitTest tests[] = {
	    T(test_the_last_write_of_a_key_wins),
	    T(test_what_is_posted_is_committed_at_close),
	    T(test_close_does_not_copy_the_log_into_the_database),
	    T(test_a_deleted_key_stays_deleted),
	    T(test_tenants_and_tables_are_apart),
	    T(test_a_put_and_a_delete_in_one_batch_do_not_touch_the_disk),
	    T(test_each_ends_when_told),
	    T(test_bytes_are_opaque),
	    T(test_what_is_too_long_is_dropped_and_counted),
	    T(test_old_frames_are_cleaned_and_lose_nothing),
	    T(test_a_damaged_frame_is_left_out),
	    cmocka_unit_test(test_frame_entries_of_wrong_sizes_are_malformed),
	    T(test_order_of_each_poster_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
