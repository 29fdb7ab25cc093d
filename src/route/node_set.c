// SPDX-License-Identifier: Apache-2.0
#include "route/internal.h"

static struct verdict enter(struct walk *w)
{
	char mem[VALUE_MAX];
	struct str name = flow_text(w->node, F_SET_VARIABLE);
	struct str value = expand_into(w, flow_text(w->node, F_SET_VALUE), mem, sizeof mem);

	if (!variable_set(w->s, name, value))
		note_node(w, name, STR("lost"), STR("there is no room for another variable"));
	return go(w, X_SET_NEXT, X_SET_NEXT, value, name);
}

const struct route_node route_node_set = {.enter = enter};
