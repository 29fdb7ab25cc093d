// SPDX-License-Identifier: Apache-2.0
/** What a snapshot is made of; for snapshot*.c and directory.c alone. */
#pragma once

#include <stdatomic.h>

#include "base/arena.h"
#include "base/hash.h"
#include "tenant/flow.h"
#include "tenant/list.h"
#include "tenant/lookup.h"
#include "tenant/schedule.h"
#include "tenant/snapshot.h"
#include "tenant/zone.h"

/* An internal number that is no user's: of a group, a room, an alias, a speed dial. */
struct dial_entry {
	struct str digits;
	struct target target;
};

struct code_entry {
	struct str code;
	enum feature feature;
};

struct number_entry {
	struct str e164;
	struct target target;
};

struct flow_entry {
	uint64_t id;
	struct str name;
	struct call_flow *flow;
};

struct list_entry {
	uint64_t id;
	struct str name;
	struct list *list;
};

struct schedule_entry {
	uint64_t id;
	struct str name;
	const struct schedule *schedule;
};

/* A sorted array of `n` elements. */
#define ARRAY(type)                                                                                \
	struct {                                                                                   \
		type *v;                                                                           \
		size_t n;                                                                          \
	}

/**
 * One piece of memory for people and phones: this struct, and behind it the arrays, the tables and
 * their texts. All else is in `arena`, but for lists and flows, which own their memory.
 * Only `refs` changes after tenant_build.
 */
struct tenant {
	atomic_uint refs;
	size_t bytes;
	uint64_t id, version;
	struct str name;
	unsigned auth_algs;             /* never 0 */
	struct hash_key key;            /* of all tables; equal in all tenants */
	struct str *domains;
	size_t n_domains;
	struct user *users;             /* in order of extension */
	size_t n_users;
	struct device *devices;         /* in order of their users, then of id */
	size_t n_devices;
	const struct device **by_user;  /* pointers to `devices`, for struct user */
	struct lookup users_by_extension;
	struct lookup users_by_id;
	struct lookup devices_by_username;
	struct lookup devices_by_global_username;
	struct lookup devices_by_id;

	struct arena arena;
	struct str language, timezone, country, day_mode;
	struct zone zone;
	const struct service_class *default_class;
	const struct dialplan *dialplan;
	/* In order of id. */
	ARRAY(struct ring_group) ring_groups;
	ARRAY(struct conference) conferences;
	ARRAY(struct call_queue) queues;
	ARRAY(struct voice_box) mailboxes;
	ARRAY(struct prompt) prompts;
	ARRAY(struct service_class) classes;
	ARRAY(struct schedule_entry) schedules;
	ARRAY(struct list_entry) lists;
	ARRAY(struct flow_entry) flows;
	/* In order of what they are found by. */
	ARRAY(struct variable) variables;
	ARRAY(struct dial_entry) dialled;
	ARRAY(struct number_entry) numbers;
	ARRAY(struct code_entry) codes;
	const struct prompt **prompts_by_name;
	struct hash_key pin_key[2];
};

enum { HOST_MAX = 254 }; /* 253 and a dot at the end */

/** How PINs are kept: a hash under keys of the installation. */
void pin_make(struct pin *out, const struct hash_key key[2], struct str digits);

/** The compiler of the dial plan; `mem` is the tenant's. */
must_check int dialplan_compile(const struct dialplan **out, const json_t *tenant,
                                struct arena *mem, struct buf *why);

/** A host as tables have it: lower case, no dot at the end; empty when it is too long. */
struct str host_fold(struct str host, char mem[HOST_MAX]);
