// SPDX-License-Identifier: Apache-2.0
#include "route/internal.h"

static struct asking asking_of(const struct walk *w)
{
	return (struct asking){
		.items = F_COLLECT_ITEMS, .timeout_s = F_COLLECT_TIMEOUT_S,
		.between_s = F_COLLECT_BETWEEN_S, .retries = F_COLLECT_RETRIES,
		.min = (uint8_t)flow_number(w->node, F_COLLECT_MIN),
		.max = (uint8_t)flow_number(w->node, F_COLLECT_MAX),
		.end = flow_text(w->node, F_COLLECT_END),
	};
}

static struct verdict enter(struct walk *w)
{
	note_nodef(w, flow_text(w->node, F_COLLECT_VARIABLE), "waits", "for %u to %u digits",
	           (unsigned)flow_number(w->node, F_COLLECT_MIN),
	           (unsigned)flow_number(w->node, F_COLLECT_MAX));
	return wait_event();
}

static void emit(struct walk *w)
{
	const struct asking a = asking_of(w);

	ask_emit(w, &a);
}

static struct verdict too_few(struct walk *w, struct str digits)
{
	const struct asking a = asking_of(w);
	struct str why = digits.n ? STR("too few or too many digits") : STR("no key came");

	if (!ask_again(w, &a))
		return go(w, digits.n ? X_COLLECT_INVALID : X_COLLECT_TIMEOUT, X_COLLECT_TIMEOUT, digits,
		          why);
	note_nodef(w, digits, "again", STR_FMT "; try %u of %u", STR_ARG(why), w->frame->tries + 1u,
	           (unsigned)flow_number(w->node, F_COLLECT_RETRIES) + 1);
	return wait_event();
}

static struct verdict event(struct walk *w)
{
	struct str digits = w->f->digits;
	struct route_state *s = w->s;

	if (w->f->event != ROUTE_DIGITS)
		return wait_event();
	if ((int64_t)digits.n < flow_number(w->node, F_COLLECT_MIN) ||
	    (int64_t)digits.n > flow_number(w->node, F_COLLECT_MAX) || digits.n > ROUTE_MAX_DIGITS)
		return too_few(w, digits);
	s->n_digits = (uint8_t)digits.n;
	memcpy(s->digits, digits.p, digits.n);
	if (!variable_set(s, flow_text(w->node, F_COLLECT_VARIABLE), digits))
		note_node(w, digits, STR("lost"), STR("there is no room for another variable"));
	return go(w, X_COLLECT_NEXT, X_COLLECT_NEXT, digits, STR("the caller typed it"));
}

const struct route_node route_node_collect = {.enter = enter, .event = event, .emit = emit};
