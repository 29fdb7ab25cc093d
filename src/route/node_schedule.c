// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "route/internal.h"
#include "tenant/schedule.h"

static struct verdict enter(struct walk *w)
{
	const struct schedule *s =
		tenant_schedule(w->t, flow_target(w->node, F_SCHEDULE_SCHEDULE).id);
	enum node_exit_id exit = X_SCHEDULE_CLOSED;
	struct schedule_view view;
	char why[160];

	if (!s)
		return go(w, exit, exit, STR_NONE, STR("the schedule is not there any more"));
	if (schedule_open(s, w->f->at_ms, &view))
		exit = X_SCHEDULE_OPEN;
	snprintf(why, sizeof why, "%s: " STR_FMT, view.rank ? view.rank : "",
	         STR_ARG(str_sub(view.rule, 0, 100)));
	return go(w, exit, exit, STR("now"), str_z(why));
}

const struct route_node route_node_schedule = {.enter = enter};
