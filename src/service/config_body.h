// SPDX-License-Identifier: Apache-2.0
/** What the configuration service is made of; for config*.c alone. */
#pragma once

#include "service/config.h"

struct entry {
	uint64_t id;
	uint64_t version;
	const struct tenant *tenant;
	bool loaded;
	struct object_set objects; /* while loaded: config_load */
};

struct config {
	struct config_args args;
	struct entry *entries;
	size_t n, cap;
	size_t n_objects; /* of all entries that are loaded */
	const struct directory *directory;
};

/** NULL: no such tenant. */
struct entry *config_entry(const struct config *c, struct str tenant);
/** Its objects are there from now on, until others need the room. */
must_check int config_load(struct config *c, struct entry *e);
struct object config_copy_row(const struct object *o);
/** What makes `then` of `now`; refers to `now`. Objects that come back get new ids. */
void config_difference(struct change_set *cs, const struct object_set *now,
                       const struct object_set *then);
/** The tenant as the changes would make it: a reference. E_POLICY */
must_check int config_trial(const struct config *c, const struct entry *e,
                            const struct change_set *cs, const struct tenant **out,
                            struct buf *why);
/** Would the tenant be one, and would it get on with the others? E_POLICY */
must_check int config_check(const struct config *c, const struct entry *e,
                            const struct change_set *cs, struct buf *why);
void config_result_fill(struct config_result *out, const struct change_set *cs, uint64_t version);
/** Commits what was planned for `e` (NULL: a new tenant) and ends `cs`. */
must_check int config_carry_out(struct config *c, struct entry *e, struct change_set *cs,
                                const char *who, uint64_t at_ms, struct config_result *out,
                                struct buf *why);
