// SPDX-License-Identifier: Apache-2.0
/* Asking the caller for keys: what menus, collecting and the directory have in common. */
#include "route/internal.h"

static uint32_t seconds(const struct walk *w, enum node_field_id field)
{
	return (uint32_t)flow_number(w->node, field) * 1000;
}

void ask_emit(struct walk *w, const struct asking *a)
{
	struct route_decision *d = w->out;

	d->action = ROUTE_COLLECT;
	put_field_items(w, a->items);
	if (!flow_has(w->node, a->items) && a->builtin)
		put_builtin(w, a->builtin);
	d->barge_in = true;
	d->collect = (struct route_collect){
		.first_ms = seconds(w, a->timeout_s),
		.between_ms = seconds(w, a->between_s),
		.min = a->min,
		.max = a->max,
		.end = a->end,
	};
}

bool ask_again(struct walk *w, const struct asking *a)
{
	if (w->frame->tries >= flow_number(w->node, a->retries))
		return false;
	w->frame->tries++;
	return true;
}
