// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/internal.h"
#include "store_fixture.h"

static void append(struct store_fixture *f, uint64_t tenant, const char *id, uint64_t start_ms)
{
	store_cdr_append(f->store, tenant, str_z(id), start_ms, STR("{}"), STR_NONE, NULL, NULL);
}

static void assert_cdrs(struct store_fixture *f, const struct store_cdr_query *q, const char *want)
{
	char *got = store_fixture_cdrs(f, q);
	assert_string_equal(got, want);
	free(got);
}

struct seen {
	_Atomic int n; /* calls of `done` */
	int err;       /* of the last; read after store_sync or store_close */
	char order[64];
};

struct mark {
	struct seen *seen;
	char letter;
};

static void on_done(int err, void *arg)
{
	struct mark *m = arg;
	m->seen->order[m->seen->n] = m->letter;
	m->seen->err = err;
	atomic_fetch_add(&m->seen->n, 1);
}

static void test_records_come_newest_first_and_by_tenant(void **state)
{
	struct store_fixture *f = *state;
	append(f, 1, "a", 100);
	append(f, 2, "b", 300);
	append(f, 1, "c", 200);
	store_sync(f->store);
	assert_cdrs(f, &(struct store_cdr_query){.limit = 9}, "b c a ");
	assert_cdrs(f, &(struct store_cdr_query){.tenant = 1, .limit = 9}, "c a ");
	assert_cdrs(f, &(struct store_cdr_query){.limit = 1}, "b ");
	assert_cdrs(f, &(struct store_cdr_query){.limit = 0}, "");
	assert_cdrs(f, &(struct store_cdr_query){.id = STR("a"), .limit = 9}, "a ");
	assert_cdrs(f, &(struct store_cdr_query){.id = STR("a"), .tenant = 2, .limit = 9}, "");
}

static void test_pages_neither_repeat_nor_skip(void **state)
{
	struct store_fixture *f = *state;
	append(f, 1, "a", 100);
	append(f, 1, "b", 200);
	append(f, 1, "c", 200);
	append(f, 1, "d", 200);
	append(f, 1, "e", 300);
	store_sync(f->store);
	struct store_cdr_query q = {.tenant = 1, .limit = 2};
	assert_cdrs(f, &q, "e d ");
	q.before_ms = 200;
	q.before_id = STR("d");
	assert_cdrs(f, &q, "c b ");
	q.before_id = STR("b");
	assert_cdrs(f, &q, "a ");
	q.before_id = STR_NONE;
	assert_cdrs(f, &q, "a ");
	q.before_ms = 100;
	assert_cdrs(f, &q, "");
}

static int first_json(uint64_t tenant, struct str id, struct str json, void *arg)
{
	(void)id;
	struct buf *b = arg;
	buf_printf(b, "%u:" STR_FMT, (unsigned)tenant, STR_ARG(json));
	return 5;
}

static void test_a_second_append_of_an_id_does_nothing_and_is_done(void **state)
{
	struct store_fixture *f = *state;
	struct seen seen = {0};
	struct mark first = {&seen, '1'}, again = {&seen, '2'};
	store_cdr_append(f->store, 1, STR("x"), 100, STR("{\"n\":1}"), STR_NONE, on_done, &first);
	store_sync(f->store);
	store_cdr_append(f->store, 1, STR("x"), 900, STR("{\"n\":2}"), STR_NONE, on_done, &again);
	store_cdr_append(f->store, 2, STR("x"), 100, STR("{\"n\":3}"), STR_NONE, NULL, NULL);
	store_sync(f->store);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.err, 0);
	char text[64] = "";
	struct buf b;
	buf_init_fixed(&b, text, sizeof text - 1);
	struct store_cdr_query q = {.tenant = 1, .limit = 9};
	assert_int_equal(store_cdrs(f->store, &q, first_json, &b), 5);
	assert_string_equal(text, "1:{\"n\":1}");
	assert_cdrs(f, &q, "x ");
	assert_cdrs(f, &(struct store_cdr_query){.limit = 9}, "x x ");
}

static void test_done_comes_in_the_order_of_appending(void **state)
{
	struct store_fixture *f = *state;
	struct seen seen = {0};
	struct mark marks[20];
	for (int i = 0; i < 20; i++) {
		char id[12];
		marks[i] = (struct mark){&seen, (char)('a' + i)};
		snprintf(id, sizeof id, "%d", i);
		store_cdr_append(f->store, 1, str_z(id), 1, STR("{}"), STR_NONE, on_done,
		                 &marks[i]);
	}
	store_sync(f->store);
	assert_int_equal(seen.n, 20);
	assert_string_equal(seen.order, "abcdefghijklmnopqrst");
}

static void test_a_record_takes_its_live_call_away(void **state)
{
	struct store_fixture *f = *state;
	store_put(f->store, STORE_CALLS, 1, STR("call"), STR("state"));
	store_put(f->store, STORE_CALLS, 2, STR("call"), STR("another's"));
	store_put(f->store, STORE_CALLS, 1, STR("other"), STR("state"));
	store_sync(f->store);
	store_cdr_append(f->store, 1, STR("x"), 1, STR("{}"), STR("call"), NULL, NULL);
	store_put(f->store, STORE_CALLS, 1, STR("short"), STR("state"));
	store_cdr_append(f->store, 1, STR("y"), 1, STR("{}"), STR("short"), NULL, NULL);
	store_fixture_reopen(f);
	char *live = store_fixture_live(f, STORE_CALLS, 0);
	assert_string_equal(live, "call=another's other=state ");
	free(live);
	assert_cdrs(f, &(struct store_cdr_query){.limit = 9}, "y x ");
}

static void test_a_record_is_not_dropped_where_live_state_is(void **state)
{
	struct store_fixture *f = *state;
	struct queue *q = writer_queue(f->store->writer);
	atomic_fetch_add(&q->bytes, QUEUE_MAX_BYTES + 1); /* as if the writer were far behind */
	store_put(f->store, STORE_BINDINGS, 1, STR("k"), STR("v"));
	append(f, 1, "a", 1);
	store_sync(f->store);
	atomic_fetch_sub(&q->bytes, QUEUE_MAX_BYTES + 1);
	assert_int_equal(store_dropped(f->store), 1);
	assert_cdrs(f, &(struct store_cdr_query){.limit = 9}, "a ");
	assert_int_equal(atomic_load(&q->bytes), 0);
}

/* -- the process is killed ----------------------------------------------------------- */

static void report(int err, void *arg)
{
	uint32_t n = (uint32_t)(uintptr_t)arg;
	if (err == 0 && write(3, &n, sizeof n) != sizeof n)
		_exit(9);
}

/* The parent kills it at some moment between two reports. */
_Noreturn static void append_for_ever(const char *dir)
{
	struct log log;
	log_init_null(&log);
	char why[256];
	struct buf b;
	buf_init_fixed(&b, why, sizeof why);
	struct store *s;
	if (store_open(&s, dir, &log, &b) != 0)
		_exit(1);
	for (uint32_t n = 1;; n++) {
		char id[16];
		snprintf(id, sizeof id, "%u", n);
		store_put(s, STORE_CALLS, 1, str_z(id), STR("up"));
		if (n % 7 == 0)
			usleep(200);
		store_cdr_append(s, 1, str_z(id), n, STR("{}"), str_z(id), report,
		                 (void *)(uintptr_t)n);
	}
}

static pid_t start_child(const char *dir, int *from)
{
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(fds[1], 3);
		append_for_ever(dir);
	}
	close(fds[1]);
	*from = fds[0];
	return child;
}

static int count_one(uint64_t tenant, struct str id, struct str json, void *arg)
{
	(void)tenant, (void)id, (void)json;
	++*(uint32_t *)arg;
	return 0;
}

/* Appended in order, committed in order: what is there is 1..n, and n is at least the last
 * that was reported. A call has its record or is still live, never both. */
static void test_kill_9_loses_no_reported_record(void **state)
{
	struct store_fixture *f = *state;
	store_close(f->store);
	int from;
	pid_t child = start_child(f->dir, &from);
	uint32_t n, last = 0;
	while (last < 500 && read(from, &n, sizeof n) == sizeof n)
		last = n;
	kill(child, SIGKILL);
	while (read(from, &n, sizeof n) == sizeof n)
		last = n;
	close(from);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_true(last >= 500);

	struct buf why;
	buf_init(&why, 256);
	assert_int_equal(store_open(&f->store, f->dir, &f->log, &why), 0);
	buf_fini(&why);
	uint32_t found = 0;
	struct store_cdr_query q = {.limit = SIZE_MAX};
	assert_int_equal(store_cdrs(f->store, &q, count_one, &found), 0);
	assert_true(found >= last);
	char id[16];
	snprintf(id, sizeof id, "%u ", found);
	assert_cdrs(f, &(struct store_cdr_query){.limit = 1}, id);
	char *live = store_fixture_live(f, STORE_CALLS, 0);
	snprintf(id, sizeof id, "%u=up ", found + 1);
	assert_true(live[0] == 0 || strcmp(live, id) == 0);
	free(live);
}

/* -- the disk fails ------------------------------------------------------------------ */

static rlim_t limit_files(rlim_t bytes)
{
	struct rlimit r;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
	rlim_t before = r.rlim_cur;
	r.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
	return before;
}

/* No file may grow beyond 4 kB for a while: each write of the database fails. */
static void test_a_failing_disk_is_tried_again_and_loses_nothing(void **state)
{
	struct store_fixture *f = *state;
	struct seen seen = {0};
	struct mark a = {&seen, 'a'}, b = {&seen, 'b'}, c = {&seen, 'c'};
	signal(SIGXFSZ, SIG_IGN);
	store_put(f->store, STORE_BINDINGS, 1, STR("k"), STR("old"));
	store_cdr_append(f->store, 1, STR("a"), 1, STR("{}"), STR_NONE, on_done, &a);
	store_sync(f->store);
	assert_int_equal(seen.n, 1);

	rlim_t before = limit_files(4096);
	store_cdr_append(f->store, 1, STR("b"), 2, STR("{}"), STR_NONE, on_done, &b);
	store_put(f->store, STORE_BINDINGS, 1, STR("k"), STR("new"));
	store_put(f->store, STORE_BINDINGS, 1, STR("l"), STR("1"));
	store_sync(f->store);
	store_cdr_append(f->store, 1, STR("c"), 3, STR("{}"), STR_NONE, on_done, &c);
	store_sync(f->store);
	int while_failing = seen.n;
	char *live = store_fixture_live(f, STORE_BINDINGS, 1);
	limit_files(before);
	assert_int_equal(while_failing, 1);
	assert_string_equal(live, "k=old ");
	free(live);

	store_sync(f->store);
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.err, 0);
	assert_string_equal(seen.order, "abc");
	store_fixture_reopen(f);
	assert_cdrs(f, &(struct store_cdr_query){.limit = 9}, "c b a ");
	live = store_fixture_live(f, STORE_BINDINGS, 1);
	assert_string_equal(live, "k=new l=1 ");
	free(live);
}

/* Runs on the writer's thread, whose connection it is. */
static void fill_disk(int err, void *arg)
{
	struct store_fixture *f = arg;
	assert_int_equal(err, 0);
	assert_int_equal(sql_exec(writer_db(f->store->writer), "PRAGMA max_page_count = 1"), 0);
}

static void test_a_full_disk_at_the_close_is_reported(void **state)
{
	struct store_fixture *f = *state;
	struct seen seen = {0};
	struct mark lost = {&seen, 'l'};
	char *json = malloc(100000);
	memset(json, ' ', 100000);
	store_cdr_append(f->store, 1, STR("kept"), 1, STR("{}"), STR_NONE, fill_disk, f);
	store_sync(f->store);
	store_cdr_append(f->store, 1, STR("lost"), 2, (struct str){json, 100000}, STR_NONE, on_done,
	                 &lost);
	free(json);
	store_sync(f->store);
	assert_int_equal(seen.n, 0); /* kept in memory, and tried again */
	store_fixture_reopen(f);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.err, ENOSPC);
	assert_cdrs(f, &(struct store_cdr_query){.limit = 9}, "kept ");
}

int main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, store_fixture_setup, store_fixture_teardown)
	const struct CMUnitTest tests[] = {
	    T(test_records_come_newest_first_and_by_tenant),
	    T(test_pages_neither_repeat_nor_skip),
	    T(test_a_second_append_of_an_id_does_nothing_and_is_done),
	    T(test_done_comes_in_the_order_of_appending),
	    T(test_a_record_takes_its_live_call_away),
	    T(test_a_record_is_not_dropped_where_live_state_is),
	    T(test_kill_9_loses_no_reported_record),
	    T(test_a_failing_disk_is_tried_again_and_loses_nothing),
	    T(test_a_full_disk_at_the_close_is_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
