// SPDX-License-Identifier: Apache-2.0
/**
 * Where users can be reached now: the bindings of the devices of one shard's users.
 *
 * Thread:   the shard's. A user's bindings all live on the shard that
 *           shard_of_user names.
 * Lifetime: location_new -> location_put / location_remove -> location_free. A binding that
 *           runs out goes by itself. Pointers to bindings are borrowed until the next change.
 *
 * Bindings refer to flows (sip/flow.h): a call to a device goes back the way its REGISTER
 * came, whatever its Contact says (NAT).
 */
#pragma once

#include "base/hash.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/timer.h"
#include "sip/flow.h"

struct location;

struct binding_key {
	uint64_t tenant, user, device;
	struct str contact;  /* URI */
	struct str instance; /* +sip.instance without quotes, or empty (RFC 5626) */
	uint32_t reg_id;     /* 0: none */
};

struct binding_set {
	struct binding_key key;
	struct str path;       /* Path values as Route values, or empty (RFC 3327) */
	struct str call_id;
	uint32_t cseq;
	uint32_t q_1000;       /* q value in thousandths */
	struct str user_agent;
	struct str aor;        /* the To URI as registered, for people */
	struct flow flow;
	uint64_t expires_ms;   /* wall clock */
	uint64_t since_ms;     /* wall clock of the first REGISTER of it */
};

struct binding;

struct location_args {
	struct timer_wheel *wheel;
	const struct log *log;
	struct metrics *metrics;
	struct hash_key hash_key;
	uint64_t (*wall_ms)(void *arg);
	/** Written when a binding is new or changed; `value` empty: gone. May be NULL. */
	void (*save)(void *arg, uint64_t tenant, struct str key, struct str value);
	void *arg;
};

must_check int location_new(struct location **out, const struct location_args *args);
void location_free(struct location *l);

/** The binding that `key` replaces: the same instance and reg-id, else an equal contact URI. */
struct binding *location_find(struct location *l, const struct binding_key *key);
/** What it says; the texts are borrowed until it changes. */
void binding_get(const struct binding *b, struct binding_set *out);
/** Add or refresh. Everything is copied; no text has more than 65,535 bytes. */
void location_put(struct location *l, const struct binding_set *set);
void location_remove(struct location *l, struct binding *b, const char *why);

/**
 * Bindings of one user, or of one of its devices (device not 0), in order of q, then of age.
 * `fn` may remove the one that it is given; `b` is borrowed for the call.
 */
typedef void location_each_fn(const struct binding_set *b, struct binding *handle, void *arg);
void location_each(struct location *l, uint64_t tenant, uint64_t user, uint64_t device,
                   location_each_fn *fn, void *arg);
/** All bindings of a tenant (0: all). */
void location_all(struct location *l, uint64_t tenant, location_each_fn *fn, void *arg);
unsigned location_count(struct location *l, uint64_t tenant, uint64_t user, uint64_t device);
size_t location_size(const struct location *l);

/** A stored value back, at start. E_MALFORMED; E_STALE: it has run out meanwhile. */
must_check int location_restore(struct location *l, uint64_t tenant, struct str value);
/** Whose it is, without restoring: to choose the shard. E_MALFORMED. */
must_check int location_value_user(struct str value, uint64_t *user);
/** Is it still the device of that user? */
typedef bool location_keep_fn(const struct binding_key *key, void *arg);
/** Devices that are gone from the tenant, or belong to another user now, lose their bindings. */
void location_keep_only(struct location *l, location_keep_fn *keep, void *arg);
