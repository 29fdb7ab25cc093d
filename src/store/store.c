// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/rng.h"
#include "store/internal.h"

/*
 * One file holds all. A record of an ended call and the removal of its live call are one
 * transaction then, which two files could not promise: over attached WAL databases a
 * commit is atomic only for each file. Sync "normal" costs the live state nothing but
 * an fsync at each checkpoint, and the file stays sound when the power fails.
 *
 * object_row    every version of every object, never overwritten
 * object_live   which version of an object is the current one; none: removed. It is made from
 *               object_row in the same transaction, to be found fast and to keep keys unique
 * live_frame    bindings and live calls, see store_frame.c
 */
static const char *const migrations[] = {
    "CREATE TABLE object_sequence (last INTEGER NOT NULL);"
    "INSERT INTO object_sequence VALUES (0);"

    "CREATE TABLE tenant_version ("
    " tenant INTEGER NOT NULL, version INTEGER NOT NULL, who TEXT NOT NULL,"
    " at_ms INTEGER NOT NULL, PRIMARY KEY (tenant, version)) WITHOUT ROWID;"

    "CREATE TABLE object_row ("
    " tenant INTEGER NOT NULL, id INTEGER NOT NULL, version INTEGER NOT NULL,"
    " kind TEXT NOT NULL, key TEXT NOT NULL, removed INTEGER NOT NULL, body TEXT NOT NULL,"
    " PRIMARY KEY (tenant, id, version));"

    "CREATE TABLE object_live ("
    " tenant INTEGER NOT NULL, id INTEGER NOT NULL, version INTEGER NOT NULL,"
    " kind TEXT NOT NULL, key TEXT NOT NULL,"
    " PRIMARY KEY (tenant, id), UNIQUE (tenant, kind, key)) WITHOUT ROWID;"
    "CREATE UNIQUE INDEX object_live_tenant_name ON object_live (key) WHERE kind = 'tenant';"

    "CREATE TABLE secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"

    "CREATE TABLE live_frame (seq INTEGER PRIMARY KEY, frame BLOB NOT NULL);"

    "CREATE TABLE cdr ("
    " seq INTEGER PRIMARY KEY, id TEXT NOT NULL, tenant INTEGER NOT NULL,"
    " start_ms INTEGER NOT NULL, json TEXT NOT NULL, UNIQUE (id, tenant));"
    "CREATE INDEX cdr_start ON cdr (start_ms);"
    "CREATE INDEX cdr_tenant_start ON cdr (tenant, start_ms);",

    "CREATE TABLE kept ("
    " kind INTEGER NOT NULL, tenant INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY (kind, tenant, key)) WITHOUT ROWID;",
};

int sql_error(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_CONSTRAINT:
		return EEXIST;
	case SQLITE_FULL:
		return ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return EBUSY;
	case SQLITE_NOMEM:
		return ENOMEM;
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
		return EACCES;
	default:
		return EIO;
	}
}

int sql_exec(sqlite3 *db, const char *sql)
{
	return sql_error(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

int sql_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out)
{
	return sql_error(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL));
}

int sql_run(sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);
	sqlite3_reset(st);
	return sql_error(rc);
}

int sql_next(sqlite3_stmt *st, bool *row)
{
	int rc = sqlite3_step(st);
	*row = rc == SQLITE_ROW;
	return sql_error(rc);
}

void sql_rollback(sqlite3 *db)
{
	if (!sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
}

static int schema_version(sqlite3 *db, size_t *version)
{
	sqlite3_stmt *st;
	int err = sql_prepare(db, "PRAGMA user_version", &st);
	if (err)
		return err;
	bool row;
	err = sql_next(st, &row);
	if (!err)
		*version = sql_u64(st, 0);
	sqlite3_finalize(st);
	return err;
}

static int migrate_step(sqlite3 *db, const char *step, size_t version)
{
	char set[64];
	struct buf b;
	buf_init_fixed(&b, set, sizeof set);
	buf_printf(&b, "PRAGMA user_version = %zu", version);
	buf_ch(&b, 0);

	int err = sql_exec(db, "BEGIN IMMEDIATE");
	if (!err)
		err = sql_exec(db, step);
	if (!err)
		err = sql_exec(db, set);
	if (!err)
		err = sql_exec(db, "COMMIT");
	if (err)
		sql_rollback(db);
	return err;
}

int store_migrate(sqlite3 *db, const char *const *steps, size_t n, const struct log *log,
                  struct buf *why)
{
	size_t version;
	int err = schema_version(db, &version);
	if (err) {
		buf_printf(why, "the database cannot be read: %s", sqlite3_errmsg(db));
		return err;
	}
	if (version > n) {
		buf_printf(why,
		           "the database has schema version %zu, made by a later version of "
		           "this program; this one knows up to %zu",
		           version, n);
		return E_POLICY;
	}
	for (; version < n; version++) {
		err = migrate_step(db, steps[version], version + 1);
		if (err) {
			buf_printf(why, "the database cannot be brought to schema version %zu: %s",
			           version + 1, sqlite3_errmsg(db));
			return err;
		}
		log_event(log, LOG_STORE_MIGRATED, LOG_U("schema", version + 1));
	}
	return 0;
}

/* -- opening ------------------------------------------------------------------------- */

static int open_file(const char *dir, const char *name, int *fd, struct buf *why)
{
	struct buf path;
	buf_init(&path, 4096);
	buf_printf(&path, "%s/%s", dir, name);
	buf_ch(&path, 0);
	int err = buf_ok(&path) ? 0 : ENAMETOOLONG;
	if (!err) {
		*fd = open(path.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		err = *fd < 0 ? errno : 0;
	}
	if (err)
		buf_printf(why, "%s/%s: %s", dir, name, err_text(err));
	buf_fini(&path);
	return err;
}

/* The process number is for people; what locks is the kernel, which forgets with the process. */
static int lock_dir(const char *dir, int *out, struct buf *why)
{
	int fd;
	int err = open_file(dir, "lock", &fd, why);
	if (err)
		return err;
	char pid[24] = "";
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		err = errno == EWOULDBLOCK ? E_POLICY : errno;
		ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
		size_t len = n > 0 ? strcspn(pid, "\n") : 0;
		buf_printf(why, "%s is in use by process " STR_FMT, dir,
		           STR_ARG(len ? ((struct str){pid, len}) : STR("?")));
		close(fd);
		return err;
	}
	struct buf b;
	buf_init_fixed(&b, pid, sizeof pid);
	buf_u64(&b, (uint64_t)getpid());
	buf_ch(&b, '\n');
	if (ftruncate(fd, 0) != 0 || pwrite(fd, b.p, b.n, 0) != (ssize_t)b.n) {
		err = errno ? errno : EIO;
		buf_printf(why, "%s/lock: %s", dir, err_text(err));
		close(fd);
		return err;
	}
	*out = fd;
	return 0;
}

/*
 * Larger pages than usual, because a write of SQLite's costs by the page more than by the byte.
 * A commit of the control thread is on the disk when it returns (full), which takes
 * one fsync; the writer's is when the next checkpoint has been (normal). Only the
 * writer makes checkpoints, so that control waits for none.
 */
static const char control_setup[] = "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL;"
                                    "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;";
static const char writer_setup[] =
    "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 2000;"
    "PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -8192;"
    /* Else each freed page of a frame would be written once more, as zeros. */
    "PRAGMA secure_delete = FAST;";

static int open_db(const char *dir, sqlite3 **out, const char *setup, struct buf *why)
{
	struct buf path;
	buf_init(&path, 4096);
	buf_printf(&path, "%s/tandem.db", dir);
	buf_ch(&path, 0);
	sqlite3 *db = NULL;
	int err = sql_error(
	    sqlite3_open_v2(path.p, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
	if (!err) {
		sqlite3_busy_timeout(db, 5000);
		/*
		 * Whoever closes last would copy the whole log into the database: on a disk that others
		 * keep busy that takes seconds, and the next start reads the log as well.
		 */
		sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		err = sql_exec(db, setup);
	}
	if (err) {
		buf_printf(why, "%s: %s", path.p, db ? sqlite3_errmsg(db) : err_text(err));
		sqlite3_close(db);
		db = NULL;
	}
	buf_fini(&path);
	*out = db;
	return err;
}

static int open_control(struct store *s, const char *dir, struct buf *why)
{
	int fd; /* made here, because SQLite would let the group and others read it */
	int err = open_file(dir, "tandem.db", &fd, why);
	if (err)
		return err;
	close(fd);
	err = open_db(dir, &s->db, control_setup, why);
	if (err)
		return err;
	return store_migrate(s->db, migrations, sizeof migrations / sizeof migrations[0], s->log,
	                     why);
}

typedef int writer_fn(struct writer **out, sqlite3 *db, const struct log *log);

static int open_writer(struct store *s, const char *dir, writer_fn *make, struct buf *why)
{
	sqlite3 *db;
	int err = open_db(dir, &db, writer_setup, why);
	if (err)
		return err;
	err = make(&s->writer, db, s->log);
	if (err) {
		buf_printf(why, "%s/tandem.db: the writer cannot start: %s", dir, err_text(err));
		sqlite3_close(db);
	}
	return err;
}

static int open_store(struct store **out, const char *dir, const struct log *log, writer_fn *make,
                      struct buf *why)
{
	if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
		int err = errno;
		buf_printf(why, "%s: %s", dir, err_text(err));
		return err;
	}
	int lock_fd = -1;
	int err = lock_dir(dir, &lock_fd, why);
	if (err)
		return err;
	struct store *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	s->lock_fd = lock_fd;
	s->log = log;
	err = open_control(s, dir, why);
	if (!err)
		err = open_writer(s, dir, make, why);
	if (err) {
		store_close(s);
		return err;
	}
	log_event(log, LOG_STORE_OPEN, LOG_Z("dir", dir));
	*out = s;
	return 0;
}

int store_open(struct store **out, const char *dir, const struct log *log, struct buf *why)
{
	return open_store(out, dir, log, writer_start, why);
}

int store_open_unthreaded(struct store **out, const char *dir, const struct log *log,
                          struct buf *why)
{
	return open_store(out, dir, log, writer_new, why);
}

void store_close(struct store *s)
{
	if (!s)
		return;
	if (s->writer) {
		sqlite3 *db = writer_db(s->writer);
		writer_stop(s->writer);
		sqlite3_close(db);
	}
	sqlite3_close(s->db);
	close(s->lock_fd);
	free(s);
}

/* -- secrets ------------------------------------------------------------------------- */

static int read_secret(struct store *s, const char *name, uint8_t *out, size_t n)
{
	sqlite3_stmt *st;
	int err = sql_prepare(s->db, "SELECT value FROM secret WHERE name = ?1", &st);
	if (err)
		return err;
	sql_bind_str(st, 1, str_z(name));
	bool row;
	err = sql_next(st, &row);
	if (!err && !row)
		err = ENOENT;
	else if (!err && (size_t)sqlite3_column_bytes(st, 0) != n)
		err = EINVAL;
	else if (!err)
		memcpy(out, sqlite3_column_blob(st, 0), n);
	sqlite3_finalize(st);
	return err;
}

static int make_secret(struct store *s, const char *name, size_t n)
{
	sqlite3_stmt *st;
	int err = sql_prepare(s->db, "INSERT INTO secret VALUES (?1, ?2)", &st);
	if (err)
		return err;
	uint8_t *fresh = malloc(n);
	if (!fresh)
		abort();
	struct rng rng;
	rng_init(&rng);
	rng_bytes(&rng, fresh, n);
	sql_bind_str(st, 1, str_z(name));
	sqlite3_bind_blob64(st, 2, fresh, n, SQLITE_STATIC);
	err = sql_run(st);
	sqlite3_finalize(st);
	mem_wipe(&rng, sizeof rng);
	mem_wipe(fresh, n);
	free(fresh);
	return err;
}

int store_secret(struct store *s, const char *name, uint8_t *out, size_t n)
{
	if (n == 0)
		return EINVAL;
	int err = read_secret(s, name, out, n);
	if (err != ENOENT)
		return err;
	err = make_secret(s, name, n);
	return err ? err : read_secret(s, name, out, n);
}
