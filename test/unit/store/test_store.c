// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/internal.h"
#include "store_fixture.h"

static const char step1[] = "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (7);";
static const char step2[] = "CREATE TABLE b (y INTEGER); INSERT INTO b SELECT x + 1 FROM a;";
static const char step_broken[] = "CREATE TABLE c (z INTEGER); INSERT INTO nowhere VALUES (1);";

static sqlite3 *open_scratch(void)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	return db;
}

static int number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st;
	if (sql_prepare(db, sql, &st) != 0)
		return -1;
	bool row;
	int v = sql_next(st, &row) == 0 && row ? sqlite3_column_int(st, 0) : -1;
	sqlite3_finalize(st);
	return v;
}

static int migrate(sqlite3 *db, const char *const *steps, size_t n, char *why, size_t cap)
{
	struct log log;
	log_init_null(&log);
	struct buf b;
	buf_init_fixed(&b, why, cap - 1);
	int err = store_migrate(db, steps, n, &log, &b);
	why[b.n] = 0;
	return err;
}

static void test_an_older_schema_takes_the_missing_steps_only(void **state)
{
	(void)state;
	sqlite3 *db = open_scratch();
	char why[256];
	const char *const steps[] = {step1, step2};
	assert_int_equal(migrate(db, steps, 1, why, sizeof why), 0);
	assert_int_equal(number(db, "PRAGMA user_version"), 1);
	assert_int_equal(migrate(db, steps, 2, why, sizeof why), 0);
	assert_int_equal(number(db, "PRAGMA user_version"), 2);
	assert_int_equal(number(db, "SELECT count(*) FROM a"), 1);
	assert_int_equal(number(db, "SELECT y FROM b"), 8);
	assert_int_equal(migrate(db, steps, 2, why, sizeof why), 0);
	sqlite3_close(db);
}

static void test_a_step_that_breaks_leaves_the_schema_before_it(void **state)
{
	(void)state;
	sqlite3 *db = open_scratch();
	char why[256];
	const char *const steps[] = {step1, step_broken};
	assert_int_not_equal(migrate(db, steps, 2, why, sizeof why), 0);
	assert_non_null(strstr(why, "schema version 2"));
	assert_int_equal(number(db, "PRAGMA user_version"), 1);
	assert_int_equal(number(db, "SELECT count(*) FROM c"), -1);
	assert_int_equal(number(db, "SELECT x FROM a"), 7);
	sqlite3_close(db);
}

static void die(sqlite3_context *c, int n, sqlite3_value **v)
{
	(void)c, (void)n, (void)v;
	kill(getpid(), SIGKILL);
}

/* The child is killed in the middle of step 2; what it leaves is version 1, whole. */
static void test_kill_in_a_migration_leaves_the_schema_before_it(void **state)
{
	struct store_fixture *f = *state;
	char path[128], why[256];
	snprintf(path, sizeof path, "%s/other.db", f->dir);
	const char *const steps[] = {step1, "CREATE TABLE b (y INTEGER); SELECT die();"};
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		sqlite3 *db;
		if (sqlite3_open(path, &db) != SQLITE_OK ||
		    sql_exec(db, "PRAGMA journal_mode=WAL") != 0)
			_exit(1);
		sqlite3_create_function(db, "die", 0, SQLITE_UTF8, NULL, die, NULL, NULL);
		_exit(migrate(db, steps, 2, why, sizeof why) ? 2 : 3);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	sqlite3 *db;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(number(db, "PRAGMA user_version"), 1);
	assert_int_equal(number(db, "SELECT x FROM a"), 7);
	assert_int_equal(number(db, "SELECT count(*) FROM b"), -1);
	sqlite3_close(db);
}

static void test_a_later_schema_is_refused_and_named(void **state)
{
	struct store_fixture *f = *state;
	assert_int_equal(sql_exec(f->store->db, "PRAGMA user_version = 4711"), 0);
	store_close(f->store);
	char why[256] = "";
	struct buf b;
	buf_init_fixed(&b, why, sizeof why - 1);
	struct store *s = NULL;
	assert_int_equal(store_open(&s, f->dir, &f->log, &b), E_POLICY);
	assert_null(s);
	assert_non_null(strstr(why, "4711"));
	f->store = NULL;
}

static void test_a_second_open_is_refused_and_names_the_holder(void **state)
{
	struct store_fixture *f = *state;
	char why[256] = "", pid[32];
	struct buf b;
	buf_init_fixed(&b, why, sizeof why - 1);
	struct store *s = NULL;
	assert_int_equal(store_open(&s, f->dir, &f->log, &b), E_POLICY);
	assert_null(s);
	snprintf(pid, sizeof pid, "process %d", (int)getpid());
	assert_non_null(strstr(why, pid));
	store_fixture_reopen(f); /* the refused one has not broken the lock, the close frees it */
}

static void test_a_directory_that_cannot_be_made_says_why(void **state)
{
	(void)state;
	struct log log;
	log_init_null(&log);
	char why[256] = "";
	struct buf b;
	buf_init_fixed(&b, why, sizeof why - 1);
	struct store *s = NULL;
	assert_int_equal(store_open(&s, "/tmp/tandem-none/there", &log, &b), ENOENT);
	assert_non_null(strstr(why, "/tmp/tandem-none/there"));
}

static void test_a_file_that_is_no_database_is_refused(void **state)
{
	struct store_fixture *f = *state;
	store_close(f->store);
	f->store = NULL;
	char path[128], why[256] = "";
	snprintf(path, sizeof path, "%s/tandem.db-wal", f->dir);
	assert_int_equal(unlink(path), 0); /* SQLite would find all of it there */
	snprintf(path, sizeof path, "%s/tandem.db", f->dir);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fputs("not a database ", file);
	fclose(file);
	struct buf b;
	buf_init_fixed(&b, why, sizeof why - 1);
	assert_int_equal(store_open(&f->store, f->dir, &f->log, &b), EIO);
	assert_non_null(strstr(why, "tandem.db"));
}

static void test_the_database_is_for_its_owner_alone(void **state)
{
	struct store_fixture *f = *state;
	const char *const names[] = {"tandem.db", "tandem.db-wal", "lock"};
	for (size_t i = 0; i < 3; i++) {
		char path[128];
		struct stat st;
		snprintf(path, sizeof path, "%s/%s", f->dir, names[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
}

static void test_a_secret_is_made_once_and_stays(void **state)
{
	struct store_fixture *f = *state;
	uint8_t a[32] = {0}, b[32], c[32];
	static const uint8_t zeros[32];
	assert_int_equal(store_secret(f->store, "nonce", a, 32), 0);
	assert_memory_not_equal(a, zeros, 32);
	store_fixture_reopen(f);
	assert_int_equal(store_secret(f->store, "nonce", b, 32), 0);
	assert_memory_equal(a, b, 32);
	assert_int_equal(store_secret(f->store, "hash", c, 32), 0);
	assert_memory_not_equal(a, c, 32);
	assert_int_equal(store_secret(f->store, "nonce", c, 16), EINVAL);
}

int main(void)
{
#define WITH_STORE(t)                                                                              \
	cmocka_unit_test_setup_teardown(t, store_fixture_setup, store_fixture_teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_older_schema_takes_the_missing_steps_only),
	    cmocka_unit_test(test_a_step_that_breaks_leaves_the_schema_before_it),
	    WITH_STORE(test_kill_in_a_migration_leaves_the_schema_before_it),
	    WITH_STORE(test_a_later_schema_is_refused_and_named),
	    WITH_STORE(test_a_second_open_is_refused_and_names_the_holder),
	    cmocka_unit_test(test_a_directory_that_cannot_be_made_says_why),
	    WITH_STORE(test_a_file_that_is_no_database_is_refused),
	    WITH_STORE(test_the_database_is_for_its_owner_alone),
	    WITH_STORE(test_a_secret_is_made_once_and_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
