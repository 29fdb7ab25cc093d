// SPDX-License-Identifier: Apache-2.0
#include "route/internal.h"

static struct verdict enter(struct walk *w)
{
	size_t n;

	flow_list(w->node, F_PLAY_ITEMS, &n);
	note_nodef(w, STR_NONE, "waits", "%zu item%s to play in " STR_FMT, n, n == 1 ? "" : "s",
	           STR_ARG(language_of(w)));
	return wait_event();
}

static void emit(struct walk *w)
{
	w->out->action = ROUTE_PLAY;
	w->out->barge_in = flow_number(w->node, F_PLAY_BARGE_IN);
	put_field_items(w, F_PLAY_ITEMS);
}

static struct verdict event(struct walk *w)
{
	if (w->f->event != ROUTE_DONE)
		return wait_event();
	return go(w, X_PLAY_NEXT, X_PLAY_NEXT, STR_NONE, STR("it was played"));
}

const struct route_node route_node_play = {.enter = enter, .event = event, .emit = emit};
