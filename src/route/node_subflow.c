// SPDX-License-Identifier: Apache-2.0
#include "route/internal.h"

static struct verdict enter(struct walk *w)
{
	struct target flow = {TARGET_FLOW, flow_target(w->node, F_SUBFLOW_FLOW).id, STR_NONE};
	char text[128];

	note_node(w, target_text(w->t, &flow, text, sizeof text), STR("subflow"), STR("the flow within"));
	return enter_target(flow);
}

static struct verdict back(struct walk *w)
{
	return go(w, X_SUBFLOW_NEXT, X_SUBFLOW_NEXT, STR_NONE, STR("the flow within has ended"));
}

const struct route_node route_node_subflow = {.enter = enter, .back = back};
