// SPDX-License-Identifier: Apache-2.0
/**
 * What the daemon does for each command of app/command.h.
 * Thread: the control thread's.
 */
#pragma once

#include "app/control.h"
#include "app/shards.h"
#include "service/config.h"

struct commands {
	struct config *config;
	struct shards *shards;
	struct store *store;
	const struct log *log;
	uint64_t started_ms; /* wall clock */
	uint64_t (*wall_ms)(void);
};

/** A control_fn; `arg` is the struct commands. */
void commands_handle(struct control_request *rq, const struct command *c, const json_t *args,
                     void *arg);

/** A text of `args`; empty when absent or no text. */
struct str commands_arg(const json_t *args, const char *name);
/** Overwrite every text named "password" in a tenant file, for it is no longer needed. */
void commands_wipe_passwords(const json_t *file);
/** Refuses the request when the tenant is named and unknown. */
bool commands_tenant(struct control_request *rq, const struct commands *cs, const json_t *args,
                     const struct tenant **out);

/** app/explain.c */
void commands_explain(struct control_request *rq, struct commands *cs, const json_t *args);
/** app/flow_commands.c */
void commands_flow(struct control_request *rq, struct commands *cs, const json_t *args);
/** The same: errors of a flow that is to be published. E_POLICY and lines in `out`. */
must_check int flow_check_called(const struct tenant *t, struct str name, struct buf *out);
/** app/flow_publish.c; `name` and `tenant` were found. */
void flow_publish(struct control_request *rq, struct commands *cs, struct str tenant, struct str name);
void flow_rollback(struct control_request *rq, struct commands *cs, struct str tenant, struct str name,
                   struct str version);
void commands_diff(struct control_request *rq, struct commands *cs, const json_t *args);
void commands_reach(struct control_request *rq, struct commands *cs, const json_t *args);
