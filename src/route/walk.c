// SPDX-License-Identifier: Apache-2.0
/* Flows run node by node: a stack of frames, verdicts, and bounds that end whatever does not end. */
#include "route/internal.h"

static const struct route_node *const nodes[NODE_KINDS] = {
#define NODE_KIND(id, name, text) [NODE_##id] = &route_node_##name,
#define NODE_FIELD(...)
#define NODE_EXIT(...)
#include "tenant/node_table.h"
#undef NODE_KIND
#undef NODE_FIELD
#undef NODE_EXIT
};

/* -- verdicts ------------------------------------------------------------------------ */

void set_outcome(struct walk *w, enum route_outcome o, uint16_t status)
{
	w->s->outcome = (uint8_t)o;
	w->s->status = status;
}

struct verdict leave(struct walk *w, enum route_outcome o, uint16_t status)
{
	set_outcome(w, o, status);
	return (struct verdict){.kind = VERDICT_LEAVE};
}

struct verdict go(struct walk *w, enum node_exit_id exit, enum node_exit_id other, struct str saw,
                  struct str why)
{
	uint16_t to = flow_exit(w->node, exit);
	enum node_exit_id taken = exit;

	if (to == FLOW_NOWHERE && other != exit) {
		to = flow_exit(w->node, other);
		taken = other;
	}
	if (to == FLOW_NOWHERE) {
		note_nodef(w, saw, node_exit(exit)->name, STR_FMT "; the exit leads nowhere, so the flow ends",
		           STR_ARG(why));
		return (struct verdict){.kind = VERDICT_LEAVE};
	}
	note_node(w, saw, str_z(node_exit(taken)->name), why);
	return (struct verdict){.kind = VERDICT_GO, .to = to};
}

struct verdict go_case(struct walk *w, const struct flow_case *c, struct str saw, struct str why)
{
	note_node(w, saw, c->exit, why);
	return (struct verdict){.kind = VERDICT_GO, .to = c->to};
}

struct verdict end_call(struct walk *w, uint16_t status, uint8_t cause, const char *reason)
{
	w->s->at = ROUTE_AT_END;
	w->s->depth = 0;
	w->out->action = ROUTE_REJECT;
	w->out->status = status >= 300 && status < 700 ? status : 480;
	w->out->cause = cause;
	w->out->reason = reason;
	return (struct verdict){.kind = VERDICT_END};
}

/* -- frames -------------------------------------------------------------------------- */

/* The flow of the top frame, and the node it is at; false: it is not there any more. */
static bool load(struct walk *w)
{
	struct route_state *s = w->s;

	w->flow = NULL;
	if (s->depth < 1 || s->depth > ROUTE_MAX_DEPTH)
		return false;
	w->frame = &s->frames[s->depth - 1];
	w->flow = flow_of(w->t, w->f, w->frame->kind, w->frame->id, &w->made);
	if (!w->flow || w->frame->node >= w->flow->n_nodes)
		return false;
	w->node = &w->flow->nodes[w->frame->node];
	return true;
}

static bool is_on_the_way(const struct route_state *s, const struct target *t)
{
	if (t->kind != TARGET_USER && t->kind != TARGET_RING_GROUP)
		return false;
	for (size_t i = 0; i < s->depth; i++) {
		if (s->frames[i].kind == t->kind && s->frames[i].id == t->id)
			return true;
	}
	for (size_t i = 0; i < s->n_history && i < ROUTE_MAX_HISTORY; i++) {
		if (s->history[i].kind == t->kind && s->history[i].id == t->id)
			return true;
	}
	return false;
}

static bool is_there(const struct tenant *t, const struct target *target)
{
	switch ((int)target->kind) {
	case TARGET_USER:
		return tenant_user_by_id(t, target->id);
	case TARGET_RING_GROUP:
		return tenant_ring_group(t, target->id);
	case TARGET_FLOW:
		return tenant_flow(t, target->id);
	case TARGET_CONFERENCE:
		return tenant_conference(t, target->id);
	case TARGET_QUEUE:
		return tenant_queue(t, target->id);
	case TARGET_MAILBOX:
		return tenant_mailbox(t, target->id);
	case TARGET_EXTERNAL:
	case FRAME_DIRECTORY:
		return true;
	default:
		return false;
	}
}

/* NULL: the call may be led there. */
static const char *cannot_enter(struct walk *w, const struct target *t)
{
	if (w->s->hops >= ROUTE_MAX_HOPS)
		return "a loop: the call was led on too often";
	if (is_on_the_way(w->s, t))
		return "a loop: the call came from there";
	if (w->s->depth >= ROUTE_MAX_DEPTH)
		return "too many flows within flows";
	return is_there(w->t, t) ? NULL : "there is no such thing any more";
}

/* A user or group that sends its caller on is remembered for History-Info. */
static void remember_hop(struct walk *w)
{
	struct route_state *s = w->s;
	static const uint16_t statuses[] = {[OUTCOME_BUSY] = 486, [OUTCOME_NO_ANSWER] = 408,
	                                    [OUTCOME_UNAVAILABLE] = 480, [OUTCOME_FAILED] = 404};

	if (!s->depth || (w->frame->kind != TARGET_USER && w->frame->kind != TARGET_RING_GROUP) ||
	    s->n_history >= ROUTE_MAX_HISTORY)
		return;
	s->history[s->n_history++] = (struct route_hop){
		.id = w->frame->id,
		.kind = w->frame->kind,
		.status = s->outcome > OUTCOME_DONE && s->outcome <= OUTCOME_FAILED ? statuses[s->outcome]
		                                                                     : 302,
	};
}

static void push(struct walk *w, const struct target *t)
{
	w->s->frames[w->s->depth++] = (struct route_frame){.id = t->id, .kind = (uint8_t)t->kind};
	w->s->hops++;
}

static struct verdict to_start(struct walk *w)
{
	if (!load(w))
		return leave(w, OUTCOME_FAILED, 404);
	set_outcome(w, OUTCOME_NONE, 0);
	return (struct verdict){.kind = VERDICT_GO, .to = w->flow->start};
}

/* What the target's own settings say, before its first node. */
static void note_entry(struct walk *w, const struct target *t)
{
	char text[128];

	if (w->tr)
		notef(w, "target", target_text(w->t, t, text, sizeof text), "entered",
		      "the call is led there (%u of at most %d times)", w->s->hops, ROUTE_MAX_HOPS);
}

static struct verdict enter(struct walk *w, const struct target *t, bool instead)
{
	const char *why_not = cannot_enter(w, t);
	char text[128];

	if (why_not) {
		note(w, "target", target_text(w->t, t, text, sizeof text), "lost", str_z(why_not));
		set_outcome(w, OUTCOME_FAILED, str_starts(str_z(why_not), STR("a loop")) ? 482 : 404);
		return instead ? (struct verdict){.kind = VERDICT_LEAVE} : nodes[w->node->kind]->back(w);
	}
	if (t->kind == TARGET_EXTERNAL) {
		struct verdict v = external(w, t->number);

		return instead || v.kind == VERDICT_END ? v : nodes[w->node->kind]->back(w);
	}
	remember_hop(w);
	if (instead)
		w->s->depth--;
	push(w, t);
	note_entry(w, t);
	return to_start(w);
}

/* -- ending -------------------------------------------------------------------------- */

/* The last flow has ended: so does the call. */
static struct verdict end_with_outcome(struct walk *w)
{
	uint16_t status = w->s->status;

	switch ((enum route_outcome)w->s->outcome) {
	case OUTCOME_BUSY:
		return end_call(w, status ? status : 486, 17, NULL);
	case OUTCOME_NO_ANSWER:
		return end_call(w, 480, 19, "No Answer");
	case OUTCOME_UNAVAILABLE:
		return end_call(w, status ? status : 480, 20, NULL);
	case OUTCOME_FAILED:
		return end_call(w, status ? status : 404, status == 482 ? 25 : 3, NULL);
	case OUTCOME_NONE:
	case OUTCOME_DONE:
		break;
	}
	return end_call(w, 480, 16, "The flow has ended");
}

static struct verdict go_back(struct walk *w)
{
	w->s->depth--;
	if (w->s->depth == 0)
		return end_with_outcome(w);
	if (!load(w))
		return end_call(w, 480, 41, "The flow is gone");
	if (!nodes[w->node->kind]->back)
		return leave(w, (enum route_outcome)w->s->outcome, w->s->status);
	return nodes[w->node->kind]->back(w);
}

/* -- running ------------------------------------------------------------------------- */

static struct verdict visit(struct walk *w, uint16_t to)
{
	struct route_state *s = w->s;

	if (++w->nodes > ROUTE_MAX_NODES || s->visits >= ROUTE_MAX_VISITS) {
		note_node(w, STR_NONE, STR("rejected"), STR("a loop: the flow does not come to an end"));
		return end_call(w, 482, 25, "Loop in a flow");
	}
	s->visits++;
	w->frame->node = to;
	w->frame->phase = w->frame->tries = 0;
	w->node = &w->flow->nodes[to];
	return nodes[w->node->kind]->enter(w);
}

/* Each turn enters a node, opens or closes a flow; visits and hops are bounded, and so is this. */
static void run(struct walk *w, struct verdict v)
{
	for (;;) {
		switch (v.kind) {
		case VERDICT_WAIT:
			w->out->text_n = 0; /* what the step needed on its way */
			nodes[w->node->kind]->emit(w);
			w->s->at = ROUTE_AT_FLOW;
			return;
		case VERDICT_GO:
			v = visit(w, v.to);
			break;
		case VERDICT_ENTER:
			v = enter(w, &v.target, false);
			break;
		case VERDICT_INSTEAD:
			v = enter(w, &v.target, true);
			break;
		case VERDICT_LEAVE:
			v = go_back(w);
			break;
		case VERDICT_END:
			return;
		}
	}
}

void walk_begin(struct walk *w, struct target target)
{
	const char *why_not = cannot_enter(w, &target);
	char text[128];

	if (target.kind == TARGET_EXTERNAL) {
		external(w, target.number);
		end_with_outcome(w);
		return;
	}
	if (why_not) {
		bool loop = str_starts(str_z(why_not), STR("a loop"));

		note(w, "target", target_text(w->t, &target, text, sizeof text), "rejected", str_z(why_not));
		end_call(w, loop ? 482 : 404, 0, NULL);
		return;
	}
	push(w, &target);
	note_entry(w, &target);
	run(w, to_start(w));
}

static bool load_or_end(struct walk *w)
{
	if (load(w) && nodes[w->node->kind]->event)
		return true;
	note(w, "flow", STR_NONE, "rejected", STR("the place where the call was is not there any more"));
	end_call(w, 480, 41, NULL);
	return false;
}

/* A phone's 302 to an internal number is its user's own forward. */
static struct verdict redirected(struct walk *w)
{
	struct target target;

	if (!dial_target(w, w->f->number, false, &target) || target.kind == TARGET_EXTERNAL) {
		note_node(w, w->f->number, STR("lost"), STR("a phone sent the call on to what is no internal number"));
		set_outcome(w, OUTCOME_UNAVAILABLE, 480);
		return nodes[w->node->kind]->back(w);
	}
	note_node(w, w->f->number, STR("redirected"), STR("a phone sent the call on (302)"));
	return enter_target(target);
}

void walk_event(struct walk *w)
{
	if (!load_or_end(w))
		return;
	if (w->f->event == ROUTE_DIGITS && w->f->digits.n) { /* a caller who acts is in no loop */
		w->s->hops = 0;
		w->s->n_history = 0;
	}
	if (w->f->event == ROUTE_REDIRECTED && w->node->kind == NODE_RING)
		run(w, redirected(w));
	else
		run(w, nodes[w->node->kind]->event(w));
}

void walk_resume(struct walk *w)
{
	if (load_or_end(w))
		nodes[w->node->kind]->emit(w);
}
