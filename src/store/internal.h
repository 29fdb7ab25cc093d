// SPDX-License-Identifier: Apache-2.0
/**
 * What the files of store/ share.
 *
 * Two connections to one database: `db` is the control thread's, the other the
 * writer thread's. A connection is never used by two threads.
 *
 *   store.c        open, lock, migrations, secrets
 *   store_rows.c   versioned rows                     control thread
 *   store_cdr.c    reading call detail records        control thread
 *   store_kept.c   reading kept items                 control thread
 *   store_frame.c  live state as it stands on the disk
 *   store_live.c   live state as the writer knows it: entries, what is not written yet
 *   store_queue.c  requests on their way to the writer
 *   store_write.c  the writer thread
 */
#pragma once

#include <sqlite3.h>
#include <stdatomic.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/map.h"
#include "store/store.h"

struct writer;

struct store {
	sqlite3 *db;
	int lock_fd;
	const struct log *log;
	struct writer *writer;
};

/** store_open without the writer's thread: see writer_turn. For whoever has a clock of his own. */
must_check int store_open_unthreaded(struct store **out, const char *dir, const struct log *log,
                                     struct buf *why);

/* -- SQLite -------------------------------------------------------------------------- */

/** An errno value for a result code of SQLite; 0 for OK, ROW and DONE. */
must_check int sql_error(int rc);
must_check int sql_exec(sqlite3 *db, const char *sql);
must_check int sql_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out);
/** Step a statement that gives no rows, and reset it. */
must_check int sql_run(sqlite3_stmt *st);
/** Step a query: `*row` says whether there is one. */
must_check int sql_next(sqlite3_stmt *st, bool *row);
/** Nothing to do when no transaction is open (SQLite ended it itself). */
void sql_rollback(sqlite3 *db);

/** Not copied: `s` lives until the statement was stepped. An empty slice is '', not NULL. */
static inline void sql_bind_str(sqlite3_stmt *st, int at, struct str s)
{
	sqlite3_bind_text64(st, at, s.p ? s.p : "", s.n, SQLITE_STATIC, SQLITE_UTF8);
}

static inline void sql_bind_u64(sqlite3_stmt *st, int at, uint64_t v)
{
	sqlite3_bind_int64(st, at, (sqlite3_int64)v);
}

/** Borrowed until the next step. */
static inline struct str sql_str(sqlite3_stmt *st, int at)
{
	const char *p = (const char *)sqlite3_column_text(st, at);
	return (struct str){p, (size_t)sqlite3_column_bytes(st, at)};
}

static inline uint64_t sql_u64(sqlite3_stmt *st, int at)
{
	return (uint64_t)sqlite3_column_int64(st, at);
}

/**
 * Bring the schema to version `n` by the steps that are missing: step i makes version i + 1
 * of version i, in a transaction of its own.
 */
must_check int store_migrate(sqlite3 *db, const char *const *steps, size_t n, const struct log *log,
                             struct buf *why);

/* -- frames: live state on the disk -------------------------------------------------- */

/** One put, or one removal, of a frame. Slices point into the frame. */
struct frame_entry {
	uint64_t tenant;
	enum store_table table;
	bool removed;
	struct str key, value;
};

enum { FRAME_BYTES = 32768 }; /* a frame that has reached this is full */

/** Bytes that an entry takes. */
size_t frame_entry_bytes(const struct frame_entry *e);
void frame_put(struct buf *frame, const struct frame_entry *e);
/** Take the first entry off `*rest`; E_MALFORMED. */
must_check int frame_take(struct str *rest, struct frame_entry *e);

typedef int frame_fn(uint64_t seq, const struct frame_entry *e, void *arg);
/**
 * The last state of each key of a table (STORE_TABLES: of all), removals left out. A non-zero return
 * of `fn` ends it.
 */
must_check int frames_each(sqlite3 *db, const struct log *log, enum store_table table, frame_fn *fn,
                           void *arg);

/* -- requests ------------------------------------------------------------------------ */

enum request_kind {
	REQUEST_PUT,
	REQUEST_DELETE,
	REQUEST_CDR,
	REQUEST_KEEP,
	REQUEST_DISCARD,
	REQUEST_SYNC,
	REQUEST_END,
};

/** One allocation, with the bytes of its slices behind it. */
struct request {
	struct request *next;
	enum request_kind kind;
	union {
		enum store_table table;
		enum store_kept kept; /* REQUEST_KEEP, REQUEST_DISCARD */
	};
	uint64_t tenant;
	struct str key;   /* of the binding, live call or item */
	struct str value; /* of the put; JSON of a record */
	struct str id;    /* of a record */
	uint64_t start_ms;
	store_done_fn *done;
	void *arg;
	int reply_fd; /* REQUEST_SYNC: an eventfd */
	size_t bytes; /* of the whole */
	char mem[];
};

/**
 * Many posters, one taker, no lock and no wait: a list whose head is exchanged. The
 * taker gets all there is at once, so one order holds for all requests, and a record
 * needs no place in a ring that may be full.
 */
struct queue {
	_Atomic(struct request *) head; /* newest first */
	_Atomic size_t bytes;
	_Atomic uint64_t dropped;
	_Atomic bool of_calls; /* a live call or a record is among them */
	int wake_fd;  /* eventfd: the list is not empty any more, or of_calls has become true */
	int hurry_fd; /* eventfd: somebody waits, do not gather */
};

enum { QUEUE_MAX_BYTES = 64 << 20 };

must_check int queue_init(struct queue *q);
void queue_fini(struct queue *q);
/** `like` without its memory; key, value and id are copied. */
struct request *request_new(const struct request *like);
/** Takes `r` over. */
void queue_post(struct queue *q, struct request *r);
void queue_hurry(struct queue *q);
/**
 * Wait until hurried, or a live call or record is there, or `ms` have passed; not at all when
 * nothing is there. The writer's thread.
 */
void queue_gather(struct queue *q, int ms);
/** Wait on one of the eventfds. */
bool queue_wait(int fd, int ms);
/** All requests, oldest first, or NULL. The writer's thread. */
struct request *queue_take(struct queue *q);

/* -- live state in the writer's memory ----------------------------------------------- */

struct live_entry;

/** What is to be written of an entry. */
struct live_change {
	struct list_node node;
	struct live_entry *entry;
	struct request *put; /* owned; NULL: its removal */
	uint64_t seq;        /* frame of the open transaction in which it stands */
	size_t bytes;        /* that it takes there */
};

/** One key that is on the disk or is to get there; one for each binding, so it is small. */
struct live_entry {
	struct map_node node;
	struct live_change *change; /* owned; NULL: the disk has it as it is */
	uint64_t seq;               /* frame in which it stands; 0: not on the disk */
	uint64_t tenant;
	uint32_t bytes; /* that it takes there */
	uint16_t key_n;
	uint8_t table; /* enum store_table */
	char key[];
};

struct live {
	struct map map;
	struct hash_key hash_key;
	struct list_node changes; /* in the order in which their entries changed first */
	size_t bytes;           /* sum over entries on the disk */
};

void live_init(struct live *l);
void live_fini(struct live *l);
/** An entry that was found on the disk. */
void live_add(struct live *l, uint64_t seq, const struct frame_entry *f);
/** Takes `put` over. */
void live_put(struct live *l, struct request *put);
void live_delete(struct live *l, uint64_t tenant, enum store_table table, struct str key);
/** Does this entry of frame `seq` still count? Then it is to be written again. */
void live_move(struct live *l, uint64_t seq, const struct frame_entry *f);
struct frame_entry live_frame_entry(const struct live_change *c);
/** All changes are committed as their seq and bytes say. */
void live_settle(struct live *l);

/* -- writer -------------------------------------------------------------------------- */

/** `db` stays the caller's, and is the writer's alone until writer_stop. */
must_check int writer_start(struct writer **out, sqlite3 *db, const struct log *log);
/** The same without a thread: its maker calls writer_turn when the time has come. */
must_check int writer_new(struct writer **out, sqlite3 *db, const struct log *log);
/** Take what is posted and commit it in one transaction; 0, or why it is kept for the next turn. */
int writer_turn(struct writer *w);
struct queue *writer_queue(struct writer *w);
sqlite3 *writer_db(struct writer *w);
/** Commits what is posted, ends the thread and frees. */
void writer_stop(struct writer *w);
