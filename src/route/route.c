// SPDX-License-Identifier: Apache-2.0
#include "route/route.h"

#include <errno.h>

#include "route/internal.h"

const char *route_action_name(enum route_action a)
{
	static const char *const names[ROUTE_ACTIONS] = {
		[ROUTE_ASK] = "ask", [ROUTE_RING] = "ring", [ROUTE_ECHO] = "echo", [ROUTE_REJECT] = "reject",
		[ROUTE_PLAY] = "play", [ROUTE_COLLECT] = "collect", [ROUTE_RECORD_MESSAGE] = "record_message",
		[ROUTE_MAILBOX_LISTEN] = "mailbox_listen", [ROUTE_CONFERENCE] = "conference",
		[ROUTE_QUEUE] = "queue", [ROUTE_WEBHOOK_ASK] = "webhook", [ROUTE_CHANGE] = "change",
		[ROUTE_RECORD_ON] = "record_on", [ROUTE_RECORD_OFF] = "record_off",
		[ROUTE_CONNECT] = "connect",
	};

	return a < ROUTE_ACTIONS ? names[a] : "?";
}

static const char *const event_names[ROUTE_EVENTS] = {
	[ROUTE_BEGIN] = "begin", [ROUTE_PRESENCE] = "presence", [ROUTE_RANG_OUT] = "rang_out",
	[ROUTE_BUSY] = "busy", [ROUTE_UNREACHABLE] = "unreachable", [ROUTE_RESUME] = "resume",
	[ROUTE_REDIRECTED] = "redirected", [ROUTE_DONE] = "done", [ROUTE_DIGITS] = "digits",
	[ROUTE_RECORDED] = "recorded", [ROUTE_CONFERENCE_LEFT] = "conference_left",
	[ROUTE_QUEUE_TURN] = "queue_turn", [ROUTE_QUEUE_TIMEOUT] = "queue_timeout",
	[ROUTE_QUEUE_LEFT] = "queue_left", [ROUTE_QUEUE_FULL] = "queue_full",
	[ROUTE_WEBHOOK] = "webhook", [ROUTE_CHANGED] = "changed", [ROUTE_SCREENED] = "screened",
};

const char *route_event_name(enum route_event e)
{
	return e < ROUTE_EVENTS ? event_names[e] : "?";
}

int route_event_find(struct str name, enum route_event *out)
{
	for (size_t i = 0; i < ROUTE_EVENTS; i++) {
		if (str_eq(name, str_z(event_names[i]))) {
			*out = (enum route_event)i;
			return 0;
		}
	}
	return ENOENT;
}

/* A state may come from a record that somebody else wrote. */
static bool is_whole(const struct route_state *s)
{
	return s->at <= ROUTE_AT_END && s->depth <= ROUTE_MAX_DEPTH &&
	       s->n_history <= ROUTE_MAX_HISTORY && s->n_digits <= ROUTE_MAX_DIGITS &&
	       s->n_variables <= ROUTE_MAX_VARIABLES && s->feature < FEATURES &&
	       s->language[sizeof s->language - 1] == '\0';
}

/* What the caller dialled, without the code that only withholds the number. */
static struct str dialled_of(const struct walk *w)
{
	struct feature_code c;

	if ((w->s->flags & STATE_WITHHELD) && w->s->at != ROUTE_AT_START && w->f->dialled.n &&
	    tenant_feature_code(w->t, w->f->dialled, &c) && c.feature == FEATURE_WITHHOLD)
		return c.argument;
	return w->f->dialled;
}

static void dispatch(struct walk *w)
{
	bool resume = w->f->event == ROUTE_RESUME;

	switch ((enum route_where)w->s->at) {
	case ROUTE_AT_START:
		begin(w);
		return;
	case ROUTE_AT_FLOW:
		if (resume)
			walk_resume(w);
		else
			walk_event(w);
		return;
	case ROUTE_AT_PIN:
		pin_event(w);
		return;
	case ROUTE_AT_FEATURE:
		feature_event(w);
		return;
	case ROUTE_AT_END:
		break;
	}
	note(w, "end", STR_NONE, "rejected", STR("the route had ended already"));
	end_call(w, 480, 16, NULL);
}

void route_step(const struct tenant *t, const struct route_facts *f, struct route_state *state,
                struct route_decision *out, struct route_trace *tr)
{
	struct walk w; /* without the room for made flows: that is filled where it is read */

	w.t = t;
	w.f = f;
	w.s = state;
	w.out = out;
	w.tr = tr;
	w.flow = NULL;
	w.node = NULL;
	w.frame = NULL;
	w.nodes = 0;
	memset(out, 0, sizeof *out);
	if (tr) {
		tr->from = tr->n;
		tr->cut = false;
	}
	if (!is_whole(state) || state->steps >= ROUTE_MAX_VISITS) {
		note(&w, "steps", STR_NONE, "rejected", STR("too many steps: a loop"));
		end_call(&w, 482, 25, NULL);
		return;
	}
	state->steps++;
	w.dialled = dialled_of(&w);
	dispatch(&w);
}
