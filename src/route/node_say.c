// SPDX-License-Identifier: Apache-2.0
#include "route/internal.h"

static const enum flow_item_kind kinds[] = {
	[SAY_TEXT] = ITEM_TEXT, [SAY_NUMBER] = ITEM_NUMBER, [SAY_DIGITS] = ITEM_DIGITS,
	[SAY_TIME] = ITEM_TIME, [SAY_DATE] = ITEM_DATE,     [SAY_DURATION] = ITEM_DURATION,
};

static struct verdict enter(struct walk *w)
{
	char mem[128];

	note_node(w, expand_into(w, flow_text(w->node, F_SAY_TEXT), mem, sizeof mem), STR("waits"),
	          STR("it is said"));
	return wait_event();
}

static void emit(struct walk *w)
{
	const struct flow_item item = {.kind = kinds[flow_number(w->node, F_SAY_AS)],
	                               .text = flow_text(w->node, F_SAY_TEXT)};

	w->out->action = ROUTE_PLAY;
	put_items(w, &item, 1);
}

static struct verdict event(struct walk *w)
{
	if (w->f->event != ROUTE_DONE)
		return wait_event();
	return go(w, X_SAY_NEXT, X_SAY_NEXT, STR_NONE, STR("it was said"));
}

const struct route_node route_node_say = {.enter = enter, .event = event, .emit = emit};
