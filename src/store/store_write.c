// SPDX-License-Identifier: Apache-2.0
/*
 * The writer thread: takes what was posted, puts it into one transaction, tells who waits, and
 * rests a little before the next, so that under load many requests share a commit
 * (100-200 us each), while a request that comes alone is committed at once.
 *
 * When the database fails, all is kept and tried again: the live state gathers by key and is
 * bounded by the number of keys; the records grow for as long as calls end.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "store/internal.h"

enum {
	REST_MS = 20,              /* between two commits */
	REST_MORE_MS = 40,         /* and this, while there is nothing but bindings to write */
	RETRY_MS = 1000,           /* after one that failed */
	LOG_SLACK_BYTES = 2 << 20, /* frames may take this more than twice what counts of them */
	CLEAN_BYTES = 256 << 10,   /* read from old frames at once, and twice what is new */
};

enum {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_CDR,
	SQL_KEEP,
	SQL_DISCARD,
	SQL_FRAME,
	SQL_OLDEST,
	SQL_CLEAN,
	SQL_STATEMENTS,
};

static const char *const statements[SQL_STATEMENTS] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_CDR] = ("INSERT INTO cdr (id, tenant, start_ms, json) VALUES (?1, ?2, ?3, ?4)"
                 " ON CONFLICT (id, tenant) DO NOTHING"),
    [SQL_KEEP] = ("INSERT INTO kept (kind, tenant, key, value) VALUES (?1, ?2, ?3, ?4)"
                  " ON CONFLICT (kind, tenant, key) DO UPDATE SET value = ?4"),
    [SQL_DISCARD] = "DELETE FROM kept WHERE kind = ?1 AND tenant = ?2 AND key = ?3",
    [SQL_FRAME] = "INSERT INTO live_frame VALUES (?1, ?2)",
    [SQL_OLDEST] = "SELECT seq, frame FROM live_frame ORDER BY seq",
    [SQL_CLEAN] = "DELETE FROM live_frame WHERE seq <= ?1",
};

struct request_list {
	struct request *first, **end;
};

struct writer {
	sqlite3 *db;
	const struct log *log;
	pthread_t thread;
	bool threaded;
	struct queue queue;
	sqlite3_stmt *sql[SQL_STATEMENTS];

	struct live live;
	struct request_list records; /* of calls, and kept items; not committed yet */
	struct request_list syncs;
	bool ending, failing, dropping;
	uint64_t dropped; /* as of the last look */

	struct buf frame; /* being filled */
	uint64_t last_seq;
	size_t log_bytes;                  /* of all frames on the disk */
	size_t taken_bytes;                /* of live requests since the last commit */
	size_t added_bytes, cleaned_bytes; /* of the open transaction */
};

static void list_start(struct request_list *l)
{
	l->first = NULL;
	l->end = &l->first;
}

static void list_add(struct request_list *l, struct request *r)
{
	r->next = NULL;
	*l->end = r;
	l->end = &r->next;
}

/* -- taking -------------------------------------------------------------------------- */

static void accept_request(struct writer *w, struct request *r)
{
	switch (r->kind) {
	case REQUEST_PUT:
		w->taken_bytes += r->bytes;
		live_put(&w->live, r);
		return;
	case REQUEST_CDR:
		if (r->key.n > 0)
			live_delete(&w->live, r->tenant, STORE_CALLS, r->key);
		list_add(&w->records, r);
		return;
	case REQUEST_KEEP:
	case REQUEST_DISCARD:
		list_add(&w->records, r);
		return;
	case REQUEST_SYNC:
		list_add(&w->syncs, r);
		return;
	case REQUEST_DELETE:
		live_delete(&w->live, r->tenant, r->table, r->key);
		break;
	case REQUEST_END:
		w->ending = true;
		break;
	}
	free(r);
}

static void take(struct writer *w)
{
	struct request *r = queue_take(&w->queue);
	while (r) {
		struct request *next = r->next;
		accept_request(w, r);
		r = next;
	}
	uint64_t dropped = atomic_load_explicit(&w->queue.dropped, memory_order_relaxed);
	if (dropped != w->dropped && !w->dropping)
		log_event(w->log, LOG_STORE_DROPPED, LOG_U("dropped", dropped));
	w->dropping = dropped != w->dropped;
	w->dropped = dropped;
}

/* -- one transaction ----------------------------------------------------------------- */

static int write_cdr(struct writer *w, const struct request *r)
{
	sqlite3_stmt *st = w->sql[SQL_CDR];
	sql_bind_str(st, 1, r->id);
	sql_bind_u64(st, 2, r->tenant);
	sql_bind_u64(st, 3, r->start_ms);
	sql_bind_str(st, 4, r->value);
	return sql_run(st);
}

static int write_kept(struct writer *w, const struct request *r)
{
	bool keep = r->kind == REQUEST_KEEP;
	sqlite3_stmt *st = w->sql[keep ? SQL_KEEP : SQL_DISCARD];
	sqlite3_bind_int(st, 1, (int)r->kept);
	sql_bind_u64(st, 2, r->tenant);
	sql_bind_str(st, 3, r->key);
	if (keep)
		sql_bind_str(st, 4, r->value);
	return sql_run(st);
}

static int write_records(struct writer *w)
{
	for (struct request *r = w->records.first; r; r = r->next) {
		int err = r->kind == REQUEST_CDR ? write_cdr(w, r) : write_kept(w, r);
		if (err)
			return err;
	}
	return 0;
}

/* What still counts of an old frame is written anew with the rest. */
static void move_frame(struct writer *w, uint64_t seq, struct str frame)
{
	struct frame_entry e;
	while (frame.n > 0 && frame_take(&frame, &e) == 0)
		live_move(&w->live, seq, &e);
}

/*
 * Much at once and seldom: each transaction that cleans writes a few pages for that alone.
 * Twice what is new, so that the log shrinks however fast it grows.
 */
static int clean(struct writer *w)
{
	if (w->log_bytes <= 2 * w->live.bytes + LOG_SLACK_BYTES)
		return 0;
	size_t budget = CLEAN_BYTES + 2 * w->taken_bytes;
	uint64_t up_to = 0;
	int err = 0;
	while (!err && w->cleaned_bytes < budget) {
		bool row;
		sqlite3_stmt *st = w->sql[SQL_OLDEST];
		err = sql_next(st, &row);
		if (err || !row)
			break;
		up_to = sql_u64(st, 0);
		struct str frame = {sqlite3_column_blob(st, 1),
		                    (size_t)sqlite3_column_bytes(st, 1)};
		move_frame(w, up_to, frame);
		w->cleaned_bytes += frame.n;
	}
	sqlite3_reset(w->sql[SQL_OLDEST]);
	if (err || up_to == 0)
		return err;
	sql_bind_u64(w->sql[SQL_CLEAN], 1, up_to);
	return sql_run(w->sql[SQL_CLEAN]);
}

static int write_frame(struct writer *w)
{
	if (w->frame.n == 0)
		return 0;
	sqlite3_stmt *st = w->sql[SQL_FRAME];
	sql_bind_u64(st, 1, ++w->last_seq);
	sqlite3_bind_blob64(st, 2, w->frame.p, w->frame.n, SQLITE_STATIC);
	w->added_bytes += w->frame.n;
	int err = sql_run(st);
	buf_reset(&w->frame);
	return err;
}

static int write_live(struct writer *w)
{
	buf_reset(&w->frame);
	list_for_each (n, &w->live.changes) {
		struct live_change *c = container_of(n, struct live_change, node);
		struct frame_entry f = live_frame_entry(c);
		c->seq = w->last_seq + 1;
		c->bytes = frame_entry_bytes(&f);
		frame_put(&w->frame, &f);
		if (w->frame.n < FRAME_BYTES)
			continue;
		int err = write_frame(w);
		if (err)
			return err;
	}
	return write_frame(w);
}

static int write_all(struct writer *w)
{
	w->added_bytes = w->cleaned_bytes = 0;
	int err = sql_run(w->sql[SQL_BEGIN]);
	if (!err)
		err = write_records(w);
	if (!err)
		err = clean(w);
	if (!err)
		err = write_live(w);
	if (!err)
		err = sql_run(w->sql[SQL_COMMIT]);
	if (err) {
		if (!w->failing)
			log_event(w->log, LOG_STORE_FAILING, LOG_Z("why", sqlite3_errmsg(w->db)));
		sql_rollback(w->db);
	}
	return err;
}

/* -- telling ------------------------------------------------------------------------- */

static size_t report_records(struct writer *w, int err)
{
	size_t n = 0;
	struct request *r = w->records.first;
	list_start(&w->records);
	for (; r; n++) {
		struct request *next = r->next;
		if (r->done)
			r->done(err, r->arg);
		free(r);
		r = next;
	}
	return n;
}

static void answer_syncs(struct writer *w)
{
	struct request *r = w->syncs.first;
	list_start(&w->syncs);
	while (r) {
		struct request *next = r->next;
		uint64_t one = 1;
		ssize_t n = write(r->reply_fd, &one, sizeof one);
		(void)n; /* the first write to an eventfd */
		free(r);
		r = next;
	}
}

static int commit(struct writer *w)
{
	int err = write_all(w);
	if (!err) {
		w->log_bytes += w->added_bytes;
		w->log_bytes -= w->cleaned_bytes;
		w->taken_bytes = 0;
		live_settle(&w->live);
		size_t records = report_records(w, 0);
		if (w->failing)
			log_event(w->log, LOG_STORE_WORKS, LOG_U("records", records));
	}
	w->failing = err != 0;
	return err;
}

/* -- thread -------------------------------------------------------------------------- */

/*
 * Idle, the first request wakes it; else only who hurries does (store_sync, the end). To wake
 * and to commit cost the same for one request as for many, and a process that is killed
 * loses what was not committed: bindings, of which there are many, gather longer.
 */
static void rest(struct writer *w, bool worked)
{
	if (w->failing)
		queue_wait(w->queue.hurry_fd, RETRY_MS);
	else if (!worked)
		queue_wait(w->queue.wake_fd, -1);
	else if (!queue_wait(w->queue.hurry_fd, REST_MS))
		queue_gather(&w->queue, REST_MORE_MS);
}

static int turn(struct writer *w, bool *work)
{
	take(w);
	*work = w->records.first || !list_empty(&w->live.changes);
	int err = *work ? commit(w) : 0;
	answer_syncs(w);
	if (!w->ending)
		return err;
	size_t lost = report_records(w, err);
	if (lost > 0)
		log_event(w->log, LOG_STORE_LOST, LOG_U("records", lost),
		          LOG_Z("why", err_text(err)));
	return err;
}

int writer_turn(struct writer *w)
{
	bool work;
	return turn(w, &work);
}

static void *run(void *arg)
{
	struct writer *w = arg;
	for (;;) {
		bool work;
		(void)turn(w, &work);
		if (w->ending)
			return NULL;
		rest(w, work);
	}
}

static int on_found(uint64_t seq, const struct frame_entry *e, void *arg)
{
	struct writer *w = arg;
	live_add(&w->live, seq, e);
	return 0;
}

static int load(struct writer *w)
{
	sqlite3_stmt *st;
	int err = sql_prepare(w->db,
	                      "SELECT coalesce(max(seq), 0), coalesce(sum(length(frame)), 0)"
	                      " FROM live_frame",
	                      &st);
	if (err)
		return err;
	bool row;
	err = sql_next(st, &row);
	if (!err) {
		w->last_seq = sql_u64(st, 0);
		w->log_bytes = (size_t)sql_u64(st, 1);
	}
	sqlite3_finalize(st);
	return err ? err : frames_each(w->db, w->log, STORE_TABLES, on_found, w);
}

/* Signals are the control thread's. */
static int start_thread(struct writer *w)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int err = pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!err)
		pthread_setname_np(w->thread, "store");
	return err;
}

static void writer_free(struct writer *w)
{
	for (size_t i = 0; i < SQL_STATEMENTS; i++)
		sqlite3_finalize(w->sql[i]);
	live_fini(&w->live);
	buf_fini(&w->frame);
	queue_fini(&w->queue);
	free(w);
}

int writer_new(struct writer **out, sqlite3 *db, const struct log *log)
{
	struct writer *w = calloc(1, sizeof *w);
	if (!w)
		abort();
	w->db = db;
	w->log = log;
	list_start(&w->records);
	list_start(&w->syncs);
	live_init(&w->live);
	buf_init(&w->frame, FRAME_BYTES + STORE_MAX_KEY + STORE_MAX_VALUE + 64);
	int err = queue_init(&w->queue);
	for (size_t i = 0; !err && i < SQL_STATEMENTS; i++)
		err = sql_prepare(db, statements[i], &w->sql[i]);
	if (!err)
		err = load(w);
	if (err) {
		writer_free(w);
		return err;
	}
	*out = w;
	return 0;
}

int writer_start(struct writer **out, sqlite3 *db, const struct log *log)
{
	struct writer *w;
	int err = writer_new(&w, db, log);
	if (err)
		return err;
	err = start_thread(w);
	if (err) {
		writer_free(w);
		return err;
	}
	w->threaded = true;
	*out = w;
	return 0;
}

struct queue *writer_queue(struct writer *w)
{
	return &w->queue;
}

sqlite3 *writer_db(struct writer *w)
{
	return w->db;
}

void writer_stop(struct writer *w)
{
	queue_post(&w->queue, request_new(&(struct request){.kind = REQUEST_END}));
	queue_hurry(&w->queue);
	if (w->threaded)
		pthread_join(w->thread, NULL);
	else
		(void)writer_turn(w);
	writer_free(w);
}
