// SPDX-License-Identifier: Apache-2.0
/**
 * What is wrong with a flow that compiles: callers who hear nothing, get stuck, or go round in circles.
 * Errors keep a flow from being published, warnings do not. Pure.
 */
#pragma once

#include "tenant/flow.h"

/** What the checker asks of the rest of the tenant. Each may be NULL. */
struct flow_check_env {
	/** Another flow by id; NULL: there is none such. */
	const struct call_flow *(*flow)(uint64_t id, void *arg);
	/** Has the prompt something that can be heard: a recording or a text? */
	bool (*prompt)(uint64_t id, void *arg);
	void *arg;
	const struct str *emergency; /* the tenant's emergency numbers */
	size_t n_emergency;
};

struct flow_findings {
	size_t errors, warnings;
};

/**
 * Look at a flow; a line for each finding: "main.greet: exit timeout leads nowhere ...", warnings
 * begin with "warning: ".
 */
struct flow_findings flow_check(const struct call_flow *f, const struct flow_check_env *env,
                                struct buf *out);
