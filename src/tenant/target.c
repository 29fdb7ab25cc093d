// SPDX-License-Identifier: Apache-2.0
#include "tenant/target.h"

static const char *const names[TARGET_KINDS] = {
	[TARGET_NONE] = "",
	[TARGET_USER] = "user",
	[TARGET_RING_GROUP] = "ring_group",
	[TARGET_FLOW] = "flow",
	[TARGET_CONFERENCE] = "conference",
	[TARGET_QUEUE] = "queue",
	[TARGET_MAILBOX] = "mailbox",
	[TARGET_EXTERNAL] = "external",
};

const char *target_kind_name(enum target_kind k)
{
	return k < TARGET_KINDS ? names[k] : "";
}

enum target_kind target_kind_find(struct str name)
{
	for (size_t k = TARGET_USER; k < TARGET_KINDS; k++) {
		if (str_eq(name, str_z(names[k])))
			return (enum target_kind)k;
	}
	return TARGET_NONE;
}
