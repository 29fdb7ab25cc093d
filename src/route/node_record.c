// SPDX-License-Identifier: Apache-2.0
#include "route/internal.h"

static struct verdict enter(struct walk *w)
{
	note_node(w, STR_NONE, STR("waits"),
	          flow_number(w->node, F_RECORD_ON) ? STR("recording begins") : STR("recording ends"));
	return wait_event();
}

static void emit(struct walk *w)
{
	w->out->action = flow_number(w->node, F_RECORD_ON) ? ROUTE_RECORD_ON : ROUTE_RECORD_OFF;
}

static struct verdict event(struct walk *w)
{
	if (w->f->event != ROUTE_DONE)
		return wait_event();
	return go(w, X_RECORD_NEXT, X_RECORD_NEXT, STR_NONE, STR("done"));
}

const struct route_node route_node_record = {.enter = enter, .event = event, .emit = emit};
