// SPDX-License-Identifier: Apache-2.0
#include "route/internal.h"

/* Nothing is to be done when the call comes back: the flow need not wait for it. */
static bool is_last(const struct walk *w)
{
	for (size_t i = 0; i < node_exits(NODE_FORWARD); i++) {
		if (w->node->exits[i] != FLOW_NOWHERE)
			return false;
	}
	return true;
}

static struct verdict back(struct walk *w)
{
	static const struct {
		enum node_exit_id exit;
		const char *why;
	} ways[] = {
		[OUTCOME_BUSY] = {X_FORWARD_BUSY, "it was busy, or declined"},
		[OUTCOME_NO_ANSWER] = {X_FORWARD_NO_ANSWER, "nobody answered"},
		[OUTCOME_UNAVAILABLE] = {X_FORWARD_UNAVAILABLE, "it could not be reached"},
		[OUTCOME_FAILED] = {X_FORWARD_FAILED, "it cannot be led there"},
	};
	size_t o = w->s->outcome;

	if (o <= OUTCOME_DONE || o > OUTCOME_FAILED)
		return leave(w, (enum route_outcome)o, w->s->status);
	return go(w, ways[o].exit, X_FORWARD_FAILED, STR("back"), str_z(ways[o].why));
}

static struct verdict enter(struct walk *w)
{
	struct target target = flow_target(w->node, F_FORWARD_TO);
	char mem[ROUTE_MAX_DIGITS * 2], text[128];
	struct str number;

	if (flow_has(w->node, F_FORWARD_NUMBER)) {
		number = expand_into(w, flow_text(w->node, F_FORWARD_NUMBER), mem, sizeof mem);
		if (!dial_target(w, number, true, &target)) {
			note_node(w, number, STR("lost"), STR("no rule leads anywhere from this number"));
			set_outcome(w, OUTCOME_FAILED, 404);
			return back(w);
		}
	}
	note_node(w, target_text(w->t, &target, text, sizeof text), STR("forward"), STR("the call is led on"));
	if (target.kind == TARGET_EXTERNAL) /* the number is used up before `mem` is */
		target.number = keep_text(w->out, target.number);
	return (struct verdict){.kind = is_last(w) ? VERDICT_INSTEAD : VERDICT_ENTER, .target = target};
}

const struct route_node route_node_forward = {.enter = enter, .back = back};
