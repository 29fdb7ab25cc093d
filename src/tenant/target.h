// SPDX-License-Identifier: Apache-2.0
/** Where a call can be led: a value that flows, users, groups and numbers refer to. */
#pragma once

#include "base/str.h"

enum target_kind {
	TARGET_NONE,
	TARGET_USER,
	TARGET_RING_GROUP,
	TARGET_FLOW,
	TARGET_CONFERENCE,
	TARGET_QUEUE,
	TARGET_MAILBOX,
	TARGET_EXTERNAL, /* a number outside of the tenant */
	TARGET_KINDS
};

struct target {
	enum target_kind kind;
	uint64_t id;       /* of the object; 0 for TARGET_EXTERNAL */
	struct str number; /* TARGET_EXTERNAL, in E.164 with +; borrowed */
};

enum ring_strategy {
	RING_ALL,
	RING_SEQUENCE,     /* as they stand, one after the other */
	RING_ROUND_ROBIN,  /* in turn, beginning behind the one that began last */
	RING_RANDOM,
	RING_WEIGHTED,     /* at random, in proportion to `weight` */
	RING_LONGEST_IDLE, /* whose last call ended first */
	RING_TIERS,        /* all of the lowest tier, then all of the next */
};

/** Who rings in a ring group, in a flow's ring node, for a queue. */
struct ring_member {
	struct target target; /* a user, or external */
	uint16_t weight;      /* 1 to 1000 */
	uint16_t tier;        /* 1 to 100 */
	uint32_t ring_ms;     /* 0: the group's */
};

/** "user", "ring_group", ... as a target is written in the tenant file; "" for TARGET_NONE. */
const char *target_kind_name(enum target_kind k);
/** TARGET_NONE when no target is called so. */
enum target_kind target_kind_find(struct str name);
