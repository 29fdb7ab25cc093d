// SPDX-License-Identifier: Apache-2.0
/**
 * The configuration service: rows of the store -> objects of each tenant -> snapshots ->
 * the directory that the shards read. All changes of a tenant go through here.
 *
 * A change is checked whole (the file, the tenant it makes, and that tenant among all others)
 * before anything is written; then one commit, one rebuilt tenant, one published directory.
 *
 * Thread:   the control thread's alone; what it publishes is immutable.
 * Lifetime: config_open -> get, plan, apply, undo -> config_free.
 */
#pragma once

#include "base/log.h"
#include "store/store.h"
#include "tenant/file.h"
#include "tenant/snapshot.h"

struct config;

struct config_args {
	struct store *store;
	const struct seal_key *seal; /* borrowed, as is all here, for the service's life */
	struct rng *rng;
	const struct log *log;
	struct str realm;            /* setting sip.realm */
	size_t max_objects;          /* to keep in memory for plans and questions; 0: 50,000 */
	/** The next directory, borrowed for the call; NULL: nobody wants to know. */
	void (*publish)(const struct directory *d, void *arg);
	void *arg;
};

/**
 * Load every tenant. Does not publish: config_directory has the result.
 * @return 0; EIO and what the store says; E_POLICY: rows that make no tenant, or another seal key
 */
must_check int config_open(struct config **out, const struct config_args *args, struct buf *why);
void config_free(struct config *c);

/** Borrowed; dead after the next change. */
const struct directory *config_directory(const struct config *c);
size_t config_tenants(const struct config *c);
struct store *config_store(const struct config *c);
/** Its last version; 0: no such tenant. */
uint64_t config_version(const struct config *c, struct str tenant);
/**
 * The tenant's live objects, read when they are not in memory: borrowed until the next change, or
 * until another tenant's are asked for. NULL: no such tenant, or it cannot be read (and is logged).
 */
const struct object_set *config_objects(struct config *c, struct str tenant);

/** A snapshot of any rows of a tenant, as the service's own are built: for what is only tried. */
must_check int config_build(const struct config *c, const struct object_set *objects,
                            const struct tenant **out, struct buf *why);

/** What came of a change; each is a JSON object: {"tenant","version","changes":[...]}. */
struct config_result {
	json_t *json;     /* new reference */
	struct buf text;  /* the same in lines, for people */
};
void config_result_fini(struct config_result *r);

/**
 * What the file would change. `out` is set on success; on E_POLICY `why` has a line for each fault.
 */
must_check int config_plan(struct config *c, const json_t *file, struct config_result *out,
                           struct buf *why);
/** Make it so. Nothing is written when nothing changes. Also E_STALE, EIO. */
must_check int config_apply(struct config *c, const json_t *file, const char *who, uint64_t at_ms,
                            struct config_result *out, struct buf *why);
/**
 * Make the state before a tenant's last change its next version; undoing twice comes back.
 * An empty name means the tenant that was changed last. ENOENT: no such tenant; E_POLICY: it is at its
 * first version, or the old state clashes with another tenant's by now.
 */
must_check int config_undo(struct config *c, struct str tenant, const char *who, uint64_t at_ms,
                           struct config_result *out, struct buf *why);

/**
 * Make the draft of a flow its next version, or the first of a new flow; the draft is gone then.
 * `gate` (NULL: none) looks at the tenant as it would be and may refuse with a line or more.
 * ENOENT: there is no such tenant or draft; E_POLICY: it is no flow, or the gate's refusal.
 */
typedef int config_gate_fn(const struct tenant *next, struct str flow, struct buf *why, void *arg);
must_check int config_publish(struct config *c, struct str tenant, struct str flow,
                              config_gate_fn *gate, void *arg, const char *who, uint64_t at_ms,
                              struct config_result *out, struct buf *why);
/**
 * Make what a flow was at a version of the tenant its next version. ENOENT: no such tenant or flow,
 * or it was not there then; E_POLICY: what it refers to is no more.
 */
must_check int config_rollback(struct config *c, struct str tenant, struct str flow,
                               uint64_t version, const char *who, uint64_t at_ms,
                               struct config_result *out, struct buf *why);
/** What changed from version `a` of a tenant to version `b` (0: now). ENOENT, EIO */
must_check int config_diff(struct config *c, struct str tenant, uint64_t a, uint64_t b,
                           struct config_result *out, struct buf *why);

struct config_query {
	enum kind_id kind;
	struct str tenant;  /* empty: all */
	struct str id;      /* key or decimal id; empty: all */
	uint64_t version;   /* as of; needs `tenant`. 0: now */
};

/**
 * Objects as a JSON array of {id, tenant, kind, key, version, at, who, fields}. Secrets are left
 * out; a reference shows the key of what it refers to.
 * ENOENT: no such tenant; EIO
 */
must_check int config_get(struct config *c, const struct config_query *q, json_t **out);
/**
 * Every version of one object, oldest first, as config_get prints them with "removed" and
 * "changed" (names of fields) beside. ENOENT; E_POLICY: several tenants have such an object.
 */
must_check int config_history(struct config *c, const struct config_query *q, json_t **out,
                              struct buf *why);
