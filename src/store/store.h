// SPDX-License-Identifier: Apache-2.0
/**
 * What must outlive the process: versioned rows of configuration, bindings, live calls,
 * and the spool of call detail records. One interface; SQLite is behind it now.
 *
 * Two kinds of use:
 *  - rows (configuration) are read and committed synchronously, by the control thread alone,
 *    and are on the disk when store_commit returns;
 *  - everything of live traffic is posted from any thread to one writer thread, which
 *    commits in batches and never makes the poster wait. A put and a delete of
 *    the same key that meet in one batch cancel out. What is committed survives the death of
 *    the process at once, and that of the machine from the next checkpoint on.
 *
 * Keys carry the tenant (DESIGN rule 6).
 */
#pragma once

#include "base/addr.h"
#include "base/log.h"
#include "base/str.h"
#include "tenant/object.h"

struct store;

/**
 * Open or create `dir` (its parent must exist) and tandem.db in it, and migrate it (each
 * migration in one transaction, the schema version in user_version; a database of a later
 * version is refused). Starts the writer thread. `log` is borrowed until store_close.
 *
 * @return 0; E_POLICY (a newer schema, or another process has it open), EIO, ENOSPC, EACCES or
 *         another errno value: `why` says which
 */
must_check int store_open(struct store **out, const char *dir, const struct log *log,
                          struct buf *why);
/**
 * Commits what is posted, then closes. All posters must have ended. When that last commit fails,
 * each record that is still in memory gets its `done` with the error.
 */
void store_close(struct store *s);

/* -- configuration: control thread only ---------------------------------------------- */

/**
 * Live objects of one tenant, or of all (tenant 0), in order of tenant and id;
 * `as_of_version` 0: now. Versions count within a tenant: EINVAL for a version of all.
 */
must_check int store_rows(struct store *s, uint64_t tenant, uint64_t as_of_version,
                          struct object_set *out);
/**
 * Each tenant that has live objects, with these and its last version; `set` is borrowed for the call. A
 * non-zero return of `fn` stops the walk and is returned.
 */
typedef int store_tenant_fn(uint64_t tenant, const struct object_set *set, void *arg);
must_check int store_each_tenant(struct store *s, store_tenant_fn *fn, void *arg);
/** Every version of one object, oldest first. */
must_check int store_history(struct store *s, uint64_t tenant, uint64_t id, struct object_set *out);
/** The tenant object with this name; ENOENT. */
must_check int store_tenant_id(struct store *s, struct str name, uint64_t *id);
/** Last version of a tenant; 0 when it has none. */
must_check int store_version(struct store *s, uint64_t tenant, uint64_t *version);
/** Wall clock and author of a version; ENOENT. */
must_check int store_version_info(struct store *s, uint64_t tenant, uint64_t version,
                                  uint64_t *at_ms, char who[64]);

/**
 * Write all changes of a set in one transaction under the tenant's next version; id, tenant,
 * version and time of the rows are set in `c`. For a new tenant, `tenant` is 0 and
 * becomes the id of the added tenant object. An empty set writes nothing and gives the version
 * that is. On an error nothing is written and ids of new objects are 0 again.
 *
 * @param who  at most 63 bytes
 * @return 0; E_STALE when the tenant is no longer at `expect_version`, or a changed object is
 *         not live in it; EEXIST when a live tenant has this name already, or two live
 *         objects of one kind would have one key; E_POLICY when `tenant` is 0 and no tenant is
 *         added; E_LIMIT; EINVAL for a reference out of the set; EIO, ENOSPC
 */
must_check int store_commit(struct store *s, uint64_t *tenant, uint64_t expect_version,
                            struct change_set *c, const char *who, uint64_t at_ms,
                            uint64_t *version);

/**
 * A secret of the installation by name: made at random the first time (nonce secret, hash key).
 * It stands in the database in the clear, so it must not be what protects the database (that is
 * tenant/seal.h's key, beside it). EINVAL when it was made with another length.
 */
must_check int store_secret(struct store *s, const char *name, uint8_t *out, size_t n);

/* -- kept items: what people own (voicemail messages, recordings) ---------------------- */

enum store_kept { KEPT_MESSAGES, KEPT_RECORDINGS, KEPT_TABLES };

/**
 * `err` 0: committed. On the writer thread, in the order of posting among records and kept items;
 * with an error only when store_close gave up.
 */
typedef void store_done_fn(int err, void *arg);

/**
 * Write an item, or another value of it; remove one (or none). Any thread; copied. Like call detail
 * records these are never dropped: while the disk fails they wait in memory. `done` may be NULL.
 * Key and value are at most STORE_MAX_KEY and STORE_MAX_VALUE bytes; the caller sees to that.
 */
void store_keep(struct store *s, enum store_kept table, uint64_t tenant, struct str key,
                struct str value, store_done_fn *done, void *arg);
void store_discard(struct store *s, enum store_kept table, uint64_t tenant, struct str key,
                   store_done_fn *done, void *arg);

/* -- live state: any thread; values are opaque bytes; copied ------------------------- */

enum store_table { STORE_BINDINGS, STORE_CALLS, STORE_TABLES };

enum { STORE_MAX_KEY = 1024, STORE_MAX_VALUE = 65536 };

/**
 * Later writes of a key win. Never waits and never fails for the caller: when the writer
 * cannot keep up beyond the queue's limit (64 MiB), or a key or value is too long, the write is
 * dropped and counted (store_dropped).
 */
void store_put(struct store *s, enum store_table table, uint64_t tenant, struct str key,
               struct str value);
void store_delete(struct store *s, enum store_table table, uint64_t tenant, struct str key);

/**
 * All committed values of a table, in no order: for the start. Control thread. What `fn` is given
 * is borrowed for the call. A non-zero return of `fn` stops the walk and is returned.
 */
typedef int store_each_fn(uint64_t tenant, struct str key, struct str value, void *arg);
must_check int store_each(struct store *s, enum store_table table, store_each_fn *fn, void *arg);

/**
 * Append a call detail record (JSON) and remove the live call `call_key` (empty: none) in the same
 * transaction. `id` is unique in its tenant; a second append of the same id does nothing.
 * A record is never dropped: the queue's limit does not count for it, and while the disk fails it
 * is kept in memory and tried again. `done` as in store_keep.
 */
void store_cdr_append(struct store *s, uint64_t tenant, struct str id, uint64_t start_ms,
                      struct str json, struct str call_key, store_done_fn *done, void *arg);

/** Committed items of a table in the order of tenant and key; tenant 0: all. Control thread. */
must_check int store_kept_each(struct store *s, enum store_kept table, uint64_t tenant,
                               store_each_fn *fn, void *arg);

/** Records, newest first; tenant 0: all. Control thread. */
struct store_cdr_query {
	uint64_t tenant;
	struct str id;      /* one record; empty: all */
	uint64_t before_ms; /* start earlier than this; 0: no bound */
	/* With before_ms, the last id of a page: go on behind it, also among those that
	 * started in the same millisecond. Empty: none. */
	struct str before_id;
	size_t limit; /* at most this many */
};
must_check int store_cdrs(struct store *s, const struct store_cdr_query *q, store_each_fn *fn,
                          void *arg);

/**
 * Wait until everything posted before this call is committed, or a try to commit it has failed.
 * For tests, and before ending. Any thread but the writer's (not from `done`).
 */
void store_sync(struct store *s);
/** Live writes dropped since the start. Any thread. */
uint64_t store_dropped(const struct store *s);
