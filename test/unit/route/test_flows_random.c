// SPDX-License-Identifier: Apache-2.0
/* Random flows with random callers: arbitrary ones, and such as the checker finds nothing wrong with. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "random_flow.h"
#include "tenant/flow_check.h"

enum { NODES = 12 };

static json_t *link_to(uint64_t id)
{
	return json_pack("{s:I}", "id", (json_int_t)id);
}

static json_t *random_target(struct bytes *b)
{
	switch (draw(b, 6)) {
	case 0:
		return json_pack("{s:s,s:I}", "kind", "flow", "id", (json_int_t)(FLOW0 + draw(b, FAKE_FLOWS)));
	case 1:
		return json_pack("{s:s,s:I}", "kind", "ring_group", "id", (json_int_t)(GROUP0 + draw(b, 5)));
	case 2:
		return json_pack("{s:s,s:s}", "kind", "external", "number", "+4930123");
	case 3:
		return json_pack("{s:s,s:I}", "kind", "queue", "id", (json_int_t)QUEUE0);
	default:
		return json_pack("{s:s,s:I}", "kind", "user", "id", (json_int_t)(USER0 + draw(b, 22)));
	}
}

static json_t *random_ref(struct bytes *b, const char *kind)
{
	if (strcmp(kind, "flow") == 0)
		return link_to(FLOW0 + draw(b, FAKE_FLOWS));
	if (strcmp(kind, "ring_group") == 0)
		return link_to(GROUP0 + draw(b, FAKE_GROUPS));
	return link_to(strcmp(kind, "schedule") == 0 ? SCHEDULE0 : strcmp(kind, "list") == 0 ? LIST0
	               : strcmp(kind, "queue") == 0 ? QUEUE0 : CONFERENCE0);
}

static json_t *random_value(struct bytes *b, const struct node_field *f, json_t *exits, const char *node)
{
	size_t words = 0;

	switch (f->type) {
	case NODE_TEXT:
		if (f == node_field(F_LANGUAGE_LANGUAGE))
			return json_string(draw(b, 2) ? "de" : "${v}");
		return json_string(f == node_field(F_WEBHOOK_URL) ? "https://x.test/${n}" : draw(b, 2) ? "${v}${n}" : "1003");
	case NODE_NAME:
		return json_string(draw(b, 2) ? "v" : "n");
	case NODE_DIGITS:
		return json_string("#");
	case NODE_NUMBER:
		return json_integer(
			f->min + draw(b, (uint32_t)(f->max - f->min + 1 > 9 ? 9 : f->max - f->min + 1)));
	case NODE_BOOL:
		return json_boolean(draw(b, 2));
	case NODE_WORD:
		while (f->words[words])
			words++;
		return json_string(f->words[draw(b, (uint32_t)words)]);
	case NODE_REF:
		return random_ref(b, f->ref);
	case NODE_TARGET:
		return random_target(b);
	case NODE_ITEMS:
		return json_pack("[{s:o},{s:s}]", "prompt", link_to(PROMPT0), "say", "for ${caller_name}");
	case NODE_MEMBERS:
		return json_pack("[o,o]", random_target(b), random_target(b));
	case NODE_CASES:
		json_object_set_new(exits, "x", json_string(node));
		return json_pack("[{s:s,s:s},{s:o,s:s}]", "begins", "1", "exit", "x", "list", link_to(LIST0), "exit", "x");
	case NODE_ANSWERS:
		json_object_set_new(exits, "yes", json_string(node));
		return json_pack("[s]", "yes");
	case NODE_NAMES:
		return json_pack("[s,s]", "v", "caller");
	}
	return NULL;
}

/* `forth`: exits lead to later nodes only, and all of them are connected. */
static json_t *random_node(struct bytes *b, size_t at, bool forth)
{
	enum node_id kind = at == NODES - 1 ? NODE_HANGUP : (enum node_id)draw(b, NODE_KINDS);
	json_t *node = json_pack("{s:s}", "kind", node_kind(kind)->name), *exits = json_object();
	char to[16];

	for (size_t i = 0; i < node_fields(kind); i++) {
		const struct node_field *f =
			node_field((enum node_field_id)((size_t)node_kind(kind)->first_field + i));

		snprintf(to, sizeof to, "n%zu", forth ? at + 1 + draw(b, (uint32_t)(NODES - 1 - at)) : draw(b, NODES));
		if ((f->flags & (NODE_REQUIRED | NODE_PROMPT)) || draw(b, 2))
			json_object_set_new(node, f->name, random_value(b, f, exits, to));
	}
	if (kind == NODE_RING) /* one of two, not both */
		json_object_del(node, draw(b, 2) || !json_object_get(node, "members") ? "members" : "group");
	if (kind == NODE_RING && !json_object_get(node, "members") && !json_object_get(node, "group"))
		json_object_set_new(node, "group", link_to(GROUP0));
	if (kind == NODE_FORWARD) {
		json_object_del(node, "number");
		json_object_set_new(node, "to", random_target(b));
	}
	if (kind == NODE_BRANCH)
		json_object_set_new(node, "variable", json_string("v"));
	if (kind == NODE_COLLECT)
		json_object_set_new(node, "max", json_integer(32));
	for (size_t i = 0; i < node_exits(kind); i++) {
		const struct node_exit *x =
			node_exit((enum node_exit_id)((size_t)node_kind(kind)->first_exit + i));

		snprintf(to, sizeof to, "n%zu", forth ? at + 1 + draw(b, (uint32_t)(NODES - 1 - at)) : draw(b, NODES));
		if (forth || draw(b, 4))
			json_object_set_new(exits, x->name, json_string(to));
	}
	json_object_set_new(node, "exits", exits);
	return node;
}

static struct call_flow *random_flow(struct bytes *b, size_t i, bool forth)
{
	json_t *nodes = json_object(), *body;
	struct call_flow *f = NULL;
	struct buf why;

	for (size_t k = 0; k < NODES; k++) {
		char name[16];

		snprintf(name, sizeof name, "n%zu", k);
		json_object_set_new(nodes, name, random_node(b, k, forth));
	}
	body = json_pack("{s:s,s:s,s:o}", "name", "random", "start", "n0", "nodes", nodes);
	buf_init(&why, 8192);
	if (flow_compile(&f, FLOW0 + i, body, resolve_ids, NULL, &why) != 0)
		fail_msg("" STR_FMT, STR_ARG(buf_view(&why)));
	buf_fini(&why);
	json_decref(body);
	return f;
}

static void random_settings(struct bytes *b, struct tenant *t)
{
	for (size_t i = 0; i < t->n_users; i++) {
		struct user *u = &t->users[i];
		struct target to = {draw(b, 3) ? TARGET_USER : TARGET_FLOW, 0, STR_NONE};

		to.id = to.kind == TARGET_USER ? USER0 + draw(b, 22) : FLOW0 + draw(b, FAKE_FLOWS);
		u->forward_always = draw(b, 4) ? (struct target){0} : to;
		u->forward_busy = draw(b, 3) ? (struct target){0} : to;
		u->forward_no_answer = draw(b, 3) ? (struct target){0} : to;
		u->fallback = draw(b, 3) ? (struct target){0} : to;
		u->mailbox = draw(b, 2) ? u->id : 0;
		u->dnd = draw(b, 8) == 0;
	}
	for (size_t g = 0; g < FAKE_GROUPS; g++)
		t->groups[g].strategy = (enum ring_strategy)draw(b, RING_TIERS + 1);
}

static void begin_facts(struct bytes *b, const struct tenant *t, struct route_facts *f)
{
	static const char *const dialled[] = {"500", "501", "507", "1003", "510", "600", "700", "*721003", "*411", "*97"};

	*f = (struct route_facts){.event = ROUTE_BEGIN, .at_ms = 1000, .ring_ms = 20000,
	                          .dialled = str_z(dialled[draw(b, sizeof dialled / sizeof dialled[0])]),
	                          .caller = draw(b, 3) ? &t->users[draw(b, 20)] : NULL};
}

static void test_arbitrary_flows_end(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 150; seed++) {
		struct bytes b = {.state = seed};
		struct tenant *t = fake_tenant(20);

		random_settings(&b, t);
		for (size_t i = 0; i < FAKE_FLOWS; i++)
			t->flows[i] = random_flow(&b, i, false);
		for (unsigned call = 0; call < 10; call++) {
			struct route_facts f;

			begin_facts(&b, t, &f);
			run_call(t, &b, &f, draw(&b, 3) == 0);
		}
		fake_free(t);
	}
}

static const struct call_flow *flow_by_id(uint64_t id, void *arg)
{
	return tenant_flow(arg, id);
}

/* Silent callers: nothing but the flow itself could make them go round. */
static void test_checked_flows_have_no_loops(void **state)
{
	size_t checked = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 150; seed++) {
		struct bytes b = {.state = seed * 7919};
		struct tenant *t = fake_tenant(20);
		const struct flow_check_env env = {.flow = flow_by_id, .arg = t};
		size_t errors = 0;
		struct buf out;

		buf_init(&out, 1 << 20);
		for (size_t i = 0; i < FAKE_FLOWS; i++)
			t->flows[i] = random_flow(&b, i, true);
		for (size_t i = 0; i < FAKE_FLOWS; i++)
			errors += flow_check(t->flows[i], &env, &out).errors;
		for (unsigned call = 0; call < 10 && !errors; call++) {
			struct route_facts f;
			const char *reason;

			begin_facts(&b, t, &f);
			reason = run_call(t, &b, &f, true);
			if (reason && strcmp(reason, "Loop in a flow") == 0)
				fail_msg("seed %llu: a loop that the checker does not see", (unsigned long long)seed);
			checked++;
		}
		buf_fini(&out);
		fake_free(t);
	}
	assert_true(checked >= 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arbitrary_flows_end),
		cmocka_unit_test(test_checked_flows_have_no_loops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
