// SPDX-License-Identifier: Apache-2.0
#include "route/internal.h"

static uint64_t mailbox_of(const struct walk *w)
{
	struct target target = flow_target(w->node, F_VOICEMAIL_MAILBOX);
	const struct user *u = target.kind == TARGET_USER ? tenant_user_by_id(w->t, target.id) : NULL;
	const struct voice_box *b = tenant_mailbox(w->t, u ? u->mailbox : target.id);

	return b ? b->id : 0;
}

static struct verdict enter(struct walk *w)
{
	uint64_t id = mailbox_of(w);
	struct target box = {TARGET_MAILBOX, id, STR_NONE};
	char text[128];

	if (!id)
		return go(w, X_VOICEMAIL_FAILED, X_VOICEMAIL_NEXT, STR_NONE, STR("there is no such mailbox"));
	note_node(w, target_text(w->t, &box, text, sizeof text), STR("waits"),
	          flow_number(w->node, F_VOICEMAIL_MODE) == VOICEMAIL_LEAVE
	                  ? STR("the caller may leave a message")
	                  : STR("its owner may listen"));
	return wait_event();
}

static void emit(struct walk *w)
{
	const struct voice_box *b = tenant_mailbox(w->t, mailbox_of(w));
	bool leaves = flow_number(w->node, F_VOICEMAIL_MODE) == VOICEMAIL_LEAVE;

	w->out->action = leaves ? ROUTE_RECORD_MESSAGE : ROUTE_MAILBOX_LISTEN;
	w->out->object = b ? b->id : 0;
	w->out->wait_ms = flow_has(w->node, F_VOICEMAIL_MAX_S)
	                          ? (uint32_t)flow_number(w->node, F_VOICEMAIL_MAX_S) * 1000
	                          : b ? b->max_message_ms : 0;
	if (leaves)
		put_field_items(w, F_VOICEMAIL_ITEMS);
}

static struct verdict event(struct walk *w)
{
	if (w->f->event != ROUTE_RECORDED && w->f->event != ROUTE_DONE)
		return wait_event();
	set_outcome(w, OUTCOME_DONE, 0);
	if (w->f->event == ROUTE_RECORDED && !w->f->ok)
		return go(w, X_VOICEMAIL_FAILED, X_VOICEMAIL_NEXT, STR_NONE,
		          STR("nothing was said, or the mailbox is full"));
	return go(w, X_VOICEMAIL_NEXT, X_VOICEMAIL_NEXT, STR_NONE, STR("done"));
}

const struct route_node route_node_voicemail = {.enter = enter, .event = event, .emit = emit};
