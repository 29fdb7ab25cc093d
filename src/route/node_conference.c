// SPDX-License-Identifier: Apache-2.0
#include "route/internal.h"

static struct verdict enter(struct walk *w)
{
	struct target c = {TARGET_CONFERENCE, flow_target(w->node, F_CONFERENCE_CONFERENCE).id, STR_NONE};
	char text[128];

	if (!tenant_conference(w->t, c.id))
		return go(w, X_CONFERENCE_FAILED, X_CONFERENCE_NEXT, STR_NONE,
		          STR("there is no such conference"));
	note_node(w, target_text(w->t, &c, text, sizeof text), STR("waits"), STR("the caller is let in"));
	return wait_event();
}

static void emit(struct walk *w)
{
	w->out->action = ROUTE_CONFERENCE;
	w->out->object = flow_target(w->node, F_CONFERENCE_CONFERENCE).id;
	w->out->language = keep_text(w->out, language_of(w));
}

static struct verdict event(struct walk *w)
{
	if (w->f->event != ROUTE_CONFERENCE_LEFT)
		return wait_event();
	set_outcome(w, OUTCOME_DONE, 0);
	if (!w->f->ok)
		return go(w, X_CONFERENCE_FAILED, X_CONFERENCE_NEXT, STR_NONE, STR("not let in"));
	return go(w, X_CONFERENCE_NEXT, X_CONFERENCE_NEXT, STR_NONE, STR("it is over"));
}

const struct route_node route_node_conference = {.enter = enter, .event = event, .emit = emit};
