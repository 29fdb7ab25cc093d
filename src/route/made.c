// SPDX-License-Identifier: Apache-2.0
/*
 * Flows made of settings: what a user, a ring group, a queue, a mailbox, a conference do with a
 * call is a flow of ordinary nodes, made for the time of a step. A setting that is not set
 * leaves its node without a way to it. Nodes keep their positions whatever is set, so that a state
 * still means the same after a change.
 */
#include <stdio.h>

#include "route/internal.h"

enum user_node {
	USER_ALWAYS, USER_DEVICES, USER_FOLLOW_ME, USER_BUSY, USER_NO_ANSWER, USER_UNREGISTERED,
	USER_VOICEMAIL, USER_FALLBACK, USER_NODES
};
enum group_node { GROUP_RING, GROUP_NO_ANSWER, GROUP_NOBODY, GROUP_NODES };
enum queue_node { QUEUE_WAIT, QUEUE_LATE, QUEUE_LEFT, QUEUE_FULL, QUEUE_NODES };

_Static_assert((int)USER_NODES <= MADE_NODES, "room of struct made");

/* -- building ------------------------------------------------------------------------ */

static void node(struct made *m, unsigned at, enum node_id kind, const char *name)
{
	struct flow_node *n = &m->nodes[at];
	size_t values = node_fields(kind), exits = node_exits(kind);

	*n = (struct flow_node){.kind = kind, .name = str_z(name), .values = &m->values[m->n_values],
	                        .exits = &m->exits[m->n_exits]};
	memset(&m->values[m->n_values], 0, values * sizeof m->values[0]);
	memset(&m->exits[m->n_exits], 0xff, exits * sizeof m->exits[0]);
	m->n_values += values;
	m->n_exits += exits;
}

static struct flow_value *field(struct made *m, unsigned at, enum node_field_id id)
{
	size_t i = (size_t)id - node_kind(m->nodes[at].kind)->first_field;
	struct flow_value *v = &m->values[(size_t)(m->nodes[at].values - m->values) + i];

	v->set = true;
	return v;
}

static void exit_to(struct made *m, unsigned at, enum node_exit_id id, uint16_t to)
{
	size_t i = (size_t)id - node_kind(m->nodes[at].kind)->first_exit;

	m->exits[(size_t)(m->nodes[at].exits - m->exits) + i] = to;
}

static void begin_flow(struct made *m, uint64_t id, struct str name, unsigned n)
{
	m->n_values = m->n_exits = m->n_members = 0;
	m->flow = (struct call_flow){.id = id, .name = name, .n_nodes = (uint16_t)n, .nodes = m->nodes};
}

static void forward(struct made *m, unsigned at, const char *name, const struct target *to,
                    uint16_t failed)
{
	node(m, at, NODE_FORWARD, name);
	field(m, at, F_FORWARD_TO)->target = *to;
	exit_to(m, at, X_FORWARD_FAILED, failed);
}

/* -- a user -------------------------------------------------------------------------- */

/* The first of the nodes that something is set for. */
static uint16_t last_resort(const struct user *u)
{
	return u->mailbox ? USER_VOICEMAIL : u->fallback.kind ? USER_FALLBACK : FLOW_NOWHERE;
}

static void user_rings(struct made *m, const struct user *u, const struct route_facts *f)
{
	struct flow_value *members;

	node(m, USER_DEVICES, NODE_RING, "devices");
	m->members[0] = (struct ring_member){.target = {TARGET_USER, u->id, STR_NONE}, .weight = 1,
	                                     .tier = 1};
	members = field(m, USER_DEVICES, F_RING_MEMBERS);
	members->list.v = &m->members[0];
	members->list.n = 1;
	m->n_members = 1;
	if (u->ring_ms || f->ring_ms)
		field(m, USER_DEVICES, F_RING_RING_S)->number = (u->ring_ms ? u->ring_ms : f->ring_ms) / 1000;
}

static void user_follow_me(struct made *m, const struct user *u)
{
	size_t n = u->n_follow_me < MADE_MEMBERS - 1 ? u->n_follow_me : MADE_MEMBERS - 1;
	struct flow_value *members;

	node(m, USER_FOLLOW_ME, NODE_RING, "follow-me");
	for (size_t i = 0; i < n; i++)
		m->members[1 + i] = (struct ring_member){.target = u->follow_me[i], .weight = 1, .tier = 1};
	members = field(m, USER_FOLLOW_ME, F_RING_MEMBERS);
	members->list.v = &m->members[1];
	members->list.n = n;
	field(m, USER_FOLLOW_ME, F_RING_STRATEGY)->number = RING_SEQUENCE;
}

static void user_mailbox(struct made *m, const struct user *u)
{
	node(m, USER_VOICEMAIL, NODE_VOICEMAIL, "voicemail");
	field(m, USER_VOICEMAIL, F_VOICEMAIL_MAILBOX)->target =
		(struct target){TARGET_MAILBOX, u->mailbox, STR_NONE};
	field(m, USER_VOICEMAIL, F_VOICEMAIL_MODE)->number = VOICEMAIL_LEAVE;
	if (u->fallback.kind)
		exit_to(m, USER_VOICEMAIL, X_VOICEMAIL_FAILED, USER_FALLBACK);
}

static uint16_t after(uint16_t first, uint16_t second, uint16_t last)
{
	return first != FLOW_NOWHERE ? first : second != FLOW_NOWHERE ? second : last;
}

static const struct call_flow *user_flow(const struct user *u, const struct route_facts *f,
                                         struct made *m)
{
	uint16_t last = last_resort(u), follow = u->n_follow_me ? USER_FOLLOW_ME : FLOW_NOWHERE;
	uint16_t late = u->forward_no_answer.kind ? USER_NO_ANSWER : FLOW_NOWHERE;
	uint16_t busy = after(u->forward_busy.kind ? USER_BUSY : FLOW_NOWHERE, FLOW_NOWHERE, last);
	uint16_t gone = u->forward_unregistered.kind ? USER_UNREGISTERED : FLOW_NOWHERE;

	begin_flow(m, u->id, u->extension, USER_NODES);
	forward(m, USER_ALWAYS, "forward-always", &u->forward_always, last);
	user_rings(m, u, f);
	exit_to(m, USER_DEVICES, X_RING_BUSY, busy);
	exit_to(m, USER_DEVICES, X_RING_NO_ANSWER, after(follow, late, last));
	exit_to(m, USER_DEVICES, X_RING_UNAVAILABLE, after(gone, follow, last));
	user_follow_me(m, u);
	for (enum node_exit_id x = X_RING_NO_ANSWER; x <= X_RING_UNAVAILABLE; x++)
		exit_to(m, USER_FOLLOW_ME, x, after(late, FLOW_NOWHERE, last));
	forward(m, USER_BUSY, "forward-busy", &u->forward_busy, last);
	forward(m, USER_NO_ANSWER, "forward-no-answer", &u->forward_no_answer, last);
	forward(m, USER_UNREGISTERED, "forward-unregistered", &u->forward_unregistered, last);
	user_mailbox(m, u);
	forward(m, USER_FALLBACK, "fallback", &u->fallback, FLOW_NOWHERE);
	m->flow.start = u->forward_always.kind ? USER_ALWAYS : USER_DEVICES;
	return &m->flow;
}

/* -- groups, queues and the rest ----------------------------------------------------- */

static const struct call_flow *group_flow(const struct ring_group *g, struct made *m)
{
	begin_flow(m, g->id, g->name, GROUP_NODES);
	node(m, GROUP_RING, NODE_RING, "ring");
	field(m, GROUP_RING, F_RING_GROUP)->target.id = g->id;
	if (g->announce) {
		struct flow_value *items = field(m, GROUP_RING, F_RING_ITEMS);

		m->items[0] = (struct flow_item){.kind = ITEM_PROMPT, .id = g->announce};
		items->list.v = m->items;
		items->list.n = 1;
	}
	if (g->no_answer.kind)
		exit_to(m, GROUP_RING, X_RING_NO_ANSWER, GROUP_NO_ANSWER);
	if (g->none_available.kind) {
		exit_to(m, GROUP_RING, X_RING_BUSY, GROUP_NOBODY);
		exit_to(m, GROUP_RING, X_RING_UNAVAILABLE, GROUP_NOBODY);
	}
	forward(m, GROUP_NO_ANSWER, "no-answer", &g->no_answer, FLOW_NOWHERE);
	forward(m, GROUP_NOBODY, "none-available", &g->none_available, FLOW_NOWHERE);
	return &m->flow;
}

static const struct call_flow *queue_flow(const struct call_queue *q, struct made *m)
{
	begin_flow(m, q->id, q->name, QUEUE_NODES);
	node(m, QUEUE_WAIT, NODE_QUEUE, "wait");
	field(m, QUEUE_WAIT, F_QUEUE_QUEUE)->target.id = q->id;
	if (q->timeout.kind)
		exit_to(m, QUEUE_WAIT, X_QUEUE_TIMEOUT, QUEUE_LATE);
	if (q->left.kind)
		exit_to(m, QUEUE_WAIT, X_QUEUE_LEFT, QUEUE_LEFT);
	if (q->full.kind)
		exit_to(m, QUEUE_WAIT, X_QUEUE_UNAVAILABLE, QUEUE_FULL);
	forward(m, QUEUE_LATE, "timeout", &q->timeout, FLOW_NOWHERE);
	forward(m, QUEUE_LEFT, "left", &q->left, FLOW_NOWHERE);
	forward(m, QUEUE_FULL, "full", &q->full, FLOW_NOWHERE);
	return &m->flow;
}

static const struct call_flow *mailbox_flow(const struct voice_box *b, struct made *m)
{
	begin_flow(m, b->id, b->name, 1);
	node(m, 0, NODE_VOICEMAIL, "voicemail");
	field(m, 0, F_VOICEMAIL_MAILBOX)->target = (struct target){TARGET_MAILBOX, b->id, STR_NONE};
	field(m, 0, F_VOICEMAIL_MODE)->number = VOICEMAIL_LEAVE;
	return &m->flow;
}

static const struct call_flow *conference_flow(const struct conference *c, struct made *m)
{
	begin_flow(m, c->id, c->name, 1);
	node(m, 0, NODE_CONFERENCE, "conference");
	field(m, 0, F_CONFERENCE_CONFERENCE)->target.id = c->id;
	return &m->flow;
}

static const struct call_flow *directory_flow(struct made *m)
{
	begin_flow(m, 0, STR("directory"), 1);
	node(m, 0, NODE_DIRECTORY, "directory");
	field(m, 0, F_DIRECTORY_BY)->number = DIRECTORY_ANY;
	field(m, 0, F_DIRECTORY_RETRIES)->number = 2;
	field(m, 0, F_DIRECTORY_TIMEOUT_S)->number = 5;
	field(m, 0, F_DIRECTORY_BETWEEN_S)->number = 3;
	return &m->flow;
}

const struct call_flow *flow_of(const struct tenant *t, const struct route_facts *f, uint8_t kind,
                                uint64_t id, struct made *m)
{
	const struct user *u;
	const struct ring_group *g;
	const struct call_queue *q;
	const struct voice_box *b;
	const struct conference *c;

	switch (kind) {
	case TARGET_USER:
		return (u = tenant_user_by_id(t, id)) ? user_flow(u, f, m) : NULL;
	case TARGET_RING_GROUP:
		return (g = tenant_ring_group(t, id)) ? group_flow(g, m) : NULL;
	case TARGET_FLOW:
		return tenant_flow(t, id);
	case TARGET_QUEUE:
		return (q = tenant_queue(t, id)) ? queue_flow(q, m) : NULL;
	case TARGET_MAILBOX:
		return (b = tenant_mailbox(t, id)) ? mailbox_flow(b, m) : NULL;
	case TARGET_CONFERENCE:
		return (c = tenant_conference(t, id)) ? conference_flow(c, m) : NULL;
	case FRAME_DIRECTORY:
		return directory_flow(m);
	default:
		return NULL;
	}
}
