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

/** Who rings in a ring group, or in a flow's ring node. */
struct ring_member {
	struct target target;
	uint16_t weight;  /* 1 unless told: how often it is first, beside the others' */
	uint16_t tier;    /* 1 is rung first */
	uint32_t ring_ms; /* how long, where it rings alone; 0: as the group says */
};

/** "user", "ring_group", ... as a target is written in the tenant file; "" for TARGET_NONE. */
const char *target_kind_name(enum target_kind k);
/** TARGET_NONE when no target is called so. */
enum target_kind target_kind_find(struct str name);
