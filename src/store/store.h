// SPDX-License-Identifier: Apache-2.0
/**
 * What must outlive the process: versioned rows of configuration, bindings, live calls,
 * and the spool of call detail records. One interface; SQLite is behind it now.
 *
 * Two kinds of use:
 *  - rows (configuration) are read and committed synchronously, by the control thread alone;
 *  - everything of live traffic is posted from any thread to one writer thread, which
 *    commits in batches and never makes the poster wait. A put and a delete of
 *    the same key that meet in one batch cancel out.
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
 * Open or create `dir`/tandem.db and migrate it (each migration in one transaction, the
 * schema version in user_version; a database of a later version is refused). Starts the writer thread.
 *
 * @return 0; E_POLICY (a newer schema, or another process has it open), EIO, EACCES: `why` says which
 */
must_check int store_open(struct store **out, const char *dir, const struct log *log,
                          struct buf *why);
/** Commits what is posted, then closes. */
void store_close(struct store *s);

/* -- configuration: control thread only ---------------------------------------------------- */

/** Live objects of one tenant, or of all (tenant 0); `as_of_version` 0: now. */
must_check int store_rows(struct store *s, uint64_t tenant, uint64_t as_of_version,
                          struct object_set *out);
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
 * Write all changes of a set in one transaction under the tenant's next version; ids of new objects are
 * set in `c`. For a new tenant, `tenant` is 0 and becomes the id of the added tenant object.
 * @return 0; E_STALE when the tenant is no longer at `expect_version`; EIO
 */
must_check int store_commit(struct store *s, uint64_t *tenant, uint64_t expect_version,
                            struct change_set *c, const char *who, uint64_t at_ms,
                            uint64_t *version);

/** A secret of the installation by name: made at random the first time (nonce secret, hash key). */
must_check int store_secret(struct store *s, const char *name, uint8_t *out, size_t n);

/* -- live state: any thread; values are opaque bytes; copied ----------------------------------- */

enum store_table { STORE_BINDINGS, STORE_CALLS };

/**
 * Later writes of a key win. Never waits and never fails for the caller: when the writer
 * cannot keep up beyond the queue's limit the write is dropped and counted (store_dropped).
 */
void store_put(struct store *s, enum store_table table, uint64_t tenant, struct str key,
               struct str value);
void store_delete(struct store *s, enum store_table table, uint64_t tenant, struct str key);

/** All values of a table, at start. A non-zero return of `fn` stops the walk and is returned. */
typedef int store_each_fn(uint64_t tenant, struct str key, struct str value, void *arg);
must_check int store_each(struct store *s, enum store_table table, store_each_fn *fn, void *arg);

/**
 * Append a call detail record (JSON) and remove the live call `call_key` in the same
 * transaction. `id` is unique; a second append of the same id does nothing. When it is durable (or
 * failed), `done` is called on the writer thread; NULL: not wanted.
 */
typedef void store_done_fn(int err, void *arg);
void store_cdr_append(struct store *s, uint64_t tenant, struct str id, uint64_t start_ms,
                      struct str json, struct str call_key, store_done_fn *done, void *arg);

/** Records, newest first; tenant 0: all. Control thread. */
struct store_cdr_query {
	uint64_t tenant;
	struct str id;      /* one record; empty: all */
	uint64_t before_ms; /* start earlier than this; 0: no bound */
	size_t limit;
};
must_check int store_cdrs(struct store *s, const struct store_cdr_query *q, store_each_fn *fn,
                          void *arg);

/** Wait until everything posted before this call is committed. For tests, and before ending. */
void store_sync(struct store *s);
uint64_t store_dropped(const struct store *s);
