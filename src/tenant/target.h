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

/** "user", "ring_group", ... as a target is written in the tenant file; "" for TARGET_NONE. */
const char *target_kind_name(enum target_kind k);
/** TARGET_NONE when no target is called so. */
enum target_kind target_kind_find(struct str name);
