// SPDX-License-Identifier: Apache-2.0
/*
 * The store as it is, on files, with its writer on the virtual clock: a turn of it comes late,
 * or finds the disk full in the middle of a write. A kill leaves what a turn has committed; a torn
 * one cuts the last turn's write off in the middle, as a machine that dies does.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "service/location.h"
#include "service/recover.h"
#include "sim.h"
#include "store/internal.h"

enum { RETRY_MS = 1000, PAGE = 8192, LEFT_PAGES = 6 };

/** A write that is posted, or the memory of a record that is on the disk. */
struct row {
	struct list_node node;
	int table;
	uint64_t tenant;
	struct str key, value;
};

static struct row *row_new(int table, uint64_t tenant, struct str key, struct str value)
{
	struct row *r = calloc(1, sizeof *r);
	r->table = table;
	r->tenant = tenant;
	text_set(&r->key, key);
	text_set(&r->value, value);
	return r;
}

static void row_free(struct row *r)
{
	list_remove(&r->node);
	text_free(&r->key);
	text_free(&r->value);
	free(r);
}

/* -- files --------------------------------------------------------------------------- */

static void path_of(const struct node *n, unsigned life, const char *name, char out[128])
{
	snprintf(out, 128, "%s/%u%s%s", n->dir, life, name[0] ? "/" : "", name);
}

static void remove_life(const struct node *n, unsigned life)
{
	static const char *const names[] = {"tandem.db", "tandem.db-wal", "tandem.db-shm", "lock"};
	char path[128];
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		path_of(n, life, names[i], path);
		unlink(path);
	}
	path_of(n, life, "", path);
	rmdir(path);
}

void disk_remove(const struct node *n)
{
	if (!n->dir[0])
		return;
	remove_life(n, n->life);
	remove_life(n, n->life + 1);
	rmdir(n->dir);
}

static void copy_file(struct node *n, const char *name)
{
	char from[128], to[128], room[65536];
	path_of(n, n->life, name, from);
	path_of(n, n->life + 1, name, to);
	int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ssize_t k = 0;
	while (in >= 0 && out >= 0 && (k = read(in, room, sizeof room)) > 0)
		if (write(out, room, (size_t)k) != k)
			k = -1;
	if (in < 0 || out < 0 || k < 0)
		sim_fail(n->sim, "%s: %s", to, strerror(errno));
	close(in);
	close(out);
}

static off_t wal_bytes(const struct node *n)
{
	char path[128];
	struct stat st;
	path_of(n, n->life, "tandem.db-wal", path);
	return stat(path, &st) == 0 ? st.st_size : 0;
}

static void open_store(struct node *n)
{
	char path[128];
	struct buf why;
	buf_init(&why, 1024);
	path_of(n, n->life, "", path);
	if (store_open_unthreaded(&n->store, path, &n->sim->log, &why) != 0)
		sim_fail(n->sim, "the store cannot be opened: " STR_FMT, STR_ARG(buf_view(&why)));
	buf_fini(&why);
}

/* -- writing ------------------------------------------------------------------------- */

/** No file may grow beyond a little more than the log has: a write stops in the middle. */
static int turn_on_full_disk(struct node *n)
{
	struct rlimit was, now;
	signal(SIGXFSZ, SIG_IGN);
	if (getrlimit(RLIMIT_FSIZE, &was) != 0)
		abort();
	now = was;
	now.rlim_cur = (rlim_t)wal_bytes(n) + rng_below(&n->sim->net, LEFT_PAGES * PAGE);
	if (setrlimit(RLIMIT_FSIZE, &now) != 0)
		abort();
	int e = writer_turn(n->store->writer);
	if (setrlimit(RLIMIT_FSIZE, &was) != 0)
		abort();
	return e;
}

static void move_rows(struct list_node *from, struct list_node *to)
{
	list_for_each_safe(it, from) {
		list_remove(it);
		list_push_back(to, it);
	}
}

static void drop_rows(struct list_node *list)
{
	list_for_each_safe(it, list)
		row_free(container_of(it, struct row, node));
}

/** The last turn's is old now: of its records the names are kept. */
static void forget_last(struct node *n)
{
	list_for_each_safe(it, &n->last) {
		struct row *w = container_of(it, struct row, node);
		if (w->table == DISK_CDRS) {
			list_remove(it);
			list_push_back(&n->kept, it);
		}
	}
	drop_rows(&n->last);
}

static bool turn(struct node *n)
{
	off_t before = wal_bytes(n);
	int e = n->disk_full ? turn_on_full_disk(n) : writer_turn(n->store->writer);
	if (e) {
		if (!n->disk_full)
			sim_fail(n->sim, "the store failed: %s", err_text(e));
		n->sim->disk_failures++;
		return false;
	}
	forget_last(n);
	move_rows(&n->writes, &n->last);
	n->torn_from = (uint64_t)before;
	return true;
}

static void on_commit(struct timer *t, void *arg)
{
	struct node *n = arg;
	if (!turn(n))
		timer_in(&n->sim->wheel, t, RETRY_MS);
}

void disk_write(struct node *n, int table, uint64_t tenant, struct str key, struct str value)
{
	struct row *w = row_new(table, tenant, key, value);
	list_push_back(&n->writes, &w->node);
	if (table == DISK_CDRS)
		store_cdr_append(n->store, tenant, key, 1, value, key, NULL, NULL);
	else if (value.n)
		store_put(n->store, table == DISK_CALLS ? STORE_CALLS : STORE_BINDINGS, tenant, key, value);
	else
		store_delete(n->store, STORE_BINDINGS, tenant, key);
	if (!timer_is_set(&n->commit_timer))
		timer_in(&n->sim->wheel, &n->commit_timer, 1 + rng_below(&n->sim->net, n->disk_ms));
}

/* -- what a kill leaves ---------------------------------------------------------------- */

static int found(uint64_t tenant, struct str key, struct str value, void *arg)
{
	(void)tenant;
	(void)key;
	struct str *out = arg;
	text_set(out, value);
	return 0;
}

/** The record's JSON as it stands on the disk; empty: it does not. text_free it. */
static struct str record_on_disk(struct node *n, uint64_t tenant, struct str id)
{
	struct str out = {0};
	const struct store_cdr_query q = {.tenant = tenant, .id = id, .limit = 2};
	if (store_cdrs(n->store, &q, found, &out) != 0)
		sim_fail(n->sim, "the records cannot be read");
	return out;
}

static bool is_on_disk(struct node *n, const struct row *w)
{
	struct str json = record_on_disk(n, w->tenant, w->key);
	bool is = str_eq(json, w->value);
	text_free(&json);
	return is;
}

/** The phone was told it is registered, and the disk does not know. */
static void forget_binding(struct node *n, const struct row *w)
{
	struct sim *s = n->sim;
	for (unsigned i = 0; i < s->a.phones; i++) {
		struct phone *p = &s->phones[i];
		if (p->home == n && memmem(w->value.p, w->value.n, p->contact, strlen(p->contact)))
			phone_end_span(p);
	}
}

/** Writes of which nobody can say whether they are there. */
static void settle(struct node *n, struct list_node *list)
{
	list_for_each_safe(it, list) {
		struct row *w = container_of(it, struct row, node);
		if (w->table == DISK_CDRS && is_on_disk(n, w)) {
			list_remove(it);
			list_push_back(&n->kept, it);
			continue;
		}
		if (w->table == DISK_CDRS)
			check_cdr_lost(n, w->value);
		else if (w->table == DISK_BINDINGS && w->value.n)
			forget_binding(n, w);
		row_free(w);
	}
}

/** What was committed, and not torn off, is there for good. */
static void check_kept(struct node *n)
{
	list_for_each(it, &n->kept)
		if (!is_on_disk(n, container_of(it, struct row, node)))
			sim_fail(n->sim, "a record that was on the disk is not there any more");
}

void disk_kill(struct node *n)
{
	struct sim *s = n->sim;
	bool torn = rng_below(&s->net, 3) == 0;
	off_t end = wal_bytes(n);
	char path[128];
	timer_cancel(&s->wheel, &n->commit_timer);
	path_of(n, n->life + 1, "", path);
	if (mkdir(path, 0700) != 0)
		sim_fail(s, "%s: %s", path, strerror(errno));
	copy_file(n, "tandem.db");
	copy_file(n, "tandem.db-wal");
	store_close(n->store);
	remove_life(n, n->life++);
	if (torn && end > (off_t)n->torn_from) {
		path_of(n, n->life, "tandem.db-wal", path);
		off_t at = (off_t)n->torn_from + rng_below(&s->net, (uint32_t)(end - (off_t)n->torn_from));
		if (truncate(path, at) != 0)
			abort();
		sim_note(s, "=== torn: %llu of %llu bytes are left of the last write",
		         (unsigned long long)at - n->torn_from, (unsigned long long)end - n->torn_from);
		s->torn++;
	} else {
		forget_last(n);
	}
	open_store(n);
	settle(n, &n->last);
	settle(n, &n->writes);
	check_kept(n);
	n->disk_full = false;
}

/* -- start ----------------------------------------------------------------------------- */

static int restore_binding(uint64_t tenant, struct str key, struct str value, void *arg)
{
	(void)key;
	struct node *n = arg;
	uint64_t user;
	if (location_value_user(value, &user) != 0)
		sim_fail(n->sim, "a stored binding cannot be read");
	uint16_t at = shard_of_user(tenant, user, (uint16_t)n->sim->a.shards);
	int e = shard_restore_binding(n->seats[at].shard, tenant, value);
	if (e && e != E_STALE)
		sim_fail(n->sim, "a stored binding was not restored: %s", err_text(e));
	return 0;
}

static int note_call(uint64_t tenant, struct str key, struct str value, void *arg)
{
	(void)value;
	struct row *r = row_new(DISK_CALLS, tenant, key, STR_NONE);
	list_push_back(arg, &r->node);
	return 0;
}

/** Each call that was up has its record now. */
static void recover(struct node *n)
{
	struct list_node calls;
	list_init(&calls);
	if (store_each(n->store, STORE_CALLS, note_call, &calls) != 0 ||
	    recover_calls(n->store, n->directory, &n->sim->log, sim_wall(n->sim)) != 0 || !turn(n))
		sim_fail(n->sim, "the calls could not be recovered");
	list_for_each_safe(it, &calls) {
		struct row *r = container_of(it, struct row, node);
		struct str json = record_on_disk(n, r->tenant, r->key);
		if (!json.n)
			sim_fail(n->sim, "a call that was up has no record after the restart");
		check_cdr(n, json, true);
		struct row *w = row_new(DISK_CDRS, r->tenant, r->key, json);
		list_push_back(&n->last, &w->node); /* the next kill may tear it off */
		text_free(&json);
		row_free(r);
	}
}

void disk_restore(struct node *n)
{
	if (store_each(n->store, STORE_BINDINGS, restore_binding, n) != 0)
		sim_fail(n->sim, "the bindings cannot be read");
	recover(n);
	timer_cancel(&n->sim->wheel, &n->commit_timer);
	if (!list_empty(&n->writes)) /* bindings that went when they were read */
		timer_in(&n->sim->wheel, &n->commit_timer, 1);
}

void disk_init(struct node *n)
{
	list_init(&n->writes);
	list_init(&n->last);
	list_init(&n->kept);
	n->disk_ms = 10;
	timer_init(&n->commit_timer, on_commit, n);
	snprintf(n->dir, sizeof n->dir, "%s/tandem-sim-XXXXXX",
	         access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(n->dir))
		sim_fail(n->sim, "%s: %s", n->dir, strerror(errno));
	open_store(n);
}

static int left_over(uint64_t tenant, struct str key, struct str value, void *arg)
{
	(void)tenant;
	(void)value;
	struct node *n = arg;
	sim_fail(n->sim, "a call's record was left on disk: " STR_FMT, STR_ARG(key));
}

void disk_check_end(struct node *n)
{
	n->disk_full = false;
	timer_cancel(&n->sim->wheel, &n->commit_timer);
	(void)turn(n);
	forget_last(n);
	check_kept(n);
	if (store_each(n->store, STORE_CALLS, left_over, n) != 0 || store_dropped(n->store))
		sim_fail(n->sim, "the store has lost something");
	drop_rows(&n->kept);
	store_close(n->store);
	disk_remove(n);
}
