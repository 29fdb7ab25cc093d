// SPDX-License-Identifier: Apache-2.0
/* A key leads on; where it is allowed, an extension may be dialled instead. */
#include "route/internal.h"

/* Phases: what was wrong with the try before, if any. */
enum { FIRST, AFTER_NOTHING, AFTER_WRONG };

static const struct asking asking = {
	.items = F_MENU_ITEMS, .timeout_s = F_MENU_TIMEOUT_S, .between_s = F_MENU_BETWEEN_S,
	.retries = F_MENU_RETRIES, .min = 1, .max = 1, .end = {"", 0},
};

static struct asking asking_of(const struct walk *w)
{
	struct asking a = asking;

	if (flow_number(w->node, F_MENU_DIAL)) {
		a.max = ROUTE_MAX_DIGITS;
		a.end = STR("#");
	}
	return a;
}

static struct verdict enter(struct walk *w)
{
	note_node(w, STR_NONE, STR("waits"), STR("for a key of the caller"));
	return wait_event();
}

static void emit(struct walk *w)
{
	const struct asking a = asking_of(w);

	if (w->frame->phase == AFTER_NOTHING)
		put_field_items(w, F_MENU_TIMEOUT_ITEMS);
	else if (w->frame->phase == AFTER_WRONG)
		put_field_items(w, F_MENU_INVALID_ITEMS);
	ask_emit(w, &a);
}

static struct verdict again(struct walk *w, uint8_t phase, struct str saw)
{
	bool nothing = phase == AFTER_NOTHING;
	struct str why = nothing ? STR("no key came") : STR("the key leads nowhere");

	w->frame->phase = phase;
	if (!ask_again(w, &asking))
		return go(w, nothing ? X_MENU_TIMEOUT : X_MENU_INVALID, X_MENU_TIMEOUT, saw, why);
	note_nodef(w, saw, "again", STR_FMT "; try %u of %u", STR_ARG(why), w->frame->tries + 1u,
	           (unsigned)flow_number(w->node, F_MENU_RETRIES) + 1);
	return wait_event();
}

static struct verdict dial(struct walk *w, struct str digits)
{
	struct target target;

	if (is_emergency(w, digits)) {
		note_node(w, digits, STR("dialled"), STR("an emergency number, which nothing blocks"));
		return enter_target((struct target){.kind = TARGET_EXTERNAL, .number = digits});
	}
	if (!dial_target(w, digits, false, &target))
		return again(w, AFTER_WRONG, digits);
	note_node(w, digits, STR("dialled"), STR("an internal number, dialled in the menu"));
	return enter_target(target);
}

static struct verdict event(struct walk *w)
{
	struct str digits = w->f->digits;
	enum node_exit_id exit;

	if (w->f->event != ROUTE_DIGITS)
		return wait_event();
	if (!digits.n)
		return again(w, AFTER_NOTHING, digits);
	if (digits.n == 1 && node_exit_find(NODE_MENU, digits, &exit) == 0 &&
	    flow_exit(w->node, exit) != FLOW_NOWHERE)
		return go(w, exit, exit, digits, STR("the caller pressed it"));
	if (digits.n <= ROUTE_MAX_DIGITS && flow_number(w->node, F_MENU_DIAL))
		return dial(w, digits);
	return again(w, AFTER_WRONG, digits);
}

/* Whom the caller dialled gave the call back: served, or asked again. */
static struct verdict back(struct walk *w)
{
	if (w->s->outcome == OUTCOME_NONE || w->s->outcome == OUTCOME_DONE)
		return leave(w, (enum route_outcome)w->s->outcome, w->s->status);
	return again(w, AFTER_NOTHING, STR("back from the number dialled"));
}

const struct route_node route_node_menu = {
	.enter = enter, .event = event, .emit = emit, .back = back};
