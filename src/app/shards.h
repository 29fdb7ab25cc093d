// SPDX-License-Identifier: Apache-2.0
/**
 * The signalling shards: threads, each with a loop, its sockets and one
 * `struct node_shard` of service/ (SIP stack, registrar, calls). This is where the ports of
 * the pure layers are wired to the world.
 *
 * Thread: all functions here are the control thread's.
 */
#pragma once

#include <jansson.h>

#include "app/settings.h"
#include "ev/loop.h"
#include "media/media.h"
#include "store/store.h"
#include "tenant/snapshot.h"

struct shards;

struct shards_args {
	const struct settings *settings; /* borrowed for the life of the shards */
	struct loop *control;            /* answers are delivered here */
	struct store *store;
	const struct log *log;
	const struct directory *directory; /* a reference is taken */
};

/**
 * Bind all listeners, start the media and shard threads, restore bindings from the store.
 * On failure `why` names the setting and the address at fault.
 */
must_check int shards_start(struct shards **out, const struct shards_args *args, struct buf *why);

/** End calls (BYE, CDRs), stop the threads, free. */
void shards_stop(struct shards *s);

/** The next configuration; each shard uses it from its next message on. Takes a reference. */
void shards_publish(struct shards *s, const struct directory *d);

enum shards_query {
	SHARDS_REGISTRATIONS, /* array of {tenant, device, user, aor, contact, source, expires_in_s, ...} */
	SHARDS_CALLS,         /* array of {id, tenant, from, to, state, start, answer, legs: [...]} */
	SHARDS_HANGUP,        /* array of ended call ids; `id` says which call */
	SHARDS_PRESENCE,      /* array of {user, registered, busy}; `id` is the user's id in decimal */
	SHARDS_STATUS,        /* array of one object a shard: counters, numbers of things */
};

/** `result` is borrowed for the call. */
typedef void shards_done_fn(json_t *result, void *arg);

/** Ask all shards (tenant 0: of all tenants); the merged array arrives on the control loop. */
void shards_query(struct shards *s, enum shards_query what, uint64_t tenant, struct str id,
                  shards_done_fn *done, void *arg);
