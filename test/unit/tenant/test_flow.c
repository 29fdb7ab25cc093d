// SPDX-License-Identifier: Apache-2.0
/* Flows: what is refused and where, what is compiled, that it prints as it was read. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "tenant/flow.h"

/* Ids by what is written: numbers stand for themselves, "none" for nothing. */
static int resolve(const char *kind, const json_t *ref, struct target *out, void *arg)
{
	(void)arg;
	if (json_is_string(ref)) {
		struct str s = str_z(json_string_value(ref));

		if (str_ends(s, STR("none")))
			return ENOENT;
		if (strcmp(kind, "target") == 0) {
			out->kind = target_kind_find(str_cut(&s, ':'));
			if (out->kind == TARGET_EXTERNAL) {
				out->number = s;
				return 0;
			}
		}
		out->id = 7;
		return 0;
	}
	return flow_resolve_ids(kind, ref, out, NULL);
}

static json_t *load(const char *text)
{
	json_error_t e;
	json_t *j = json_loads(text, 0, &e);

	if (!j)
		fail_msg("%s at %d", e.text, e.position);
	return j;
}

static struct call_flow *compiled(const char *text)
{
	json_t *body = load(text);
	struct call_flow *f = NULL;
	struct buf why;

	buf_init(&why, 10000);
	if (flow_compile(&f, 5, body, resolve, NULL, &why) != 0)
		fail_msg("" STR_FMT, STR_ARG(buf_view(&why)));
	assert_int_equal(why.n, 0);
	buf_fini(&why);
	json_decref(body);
	return f;
}

static void refused(const char *text, const char *line)
{
	json_t *body = load(text);
	struct call_flow *f = NULL;
	struct buf why;

	buf_init(&why, 10000);
	assert_int_equal(flow_compile(&f, 5, body, resolve, NULL, &why), E_POLICY);
	assert_null(f);
	buf_ch(&why, '\0');
	if (!strstr(why.p, line))
		fail_msg("\"%s\" is not in: %s", line, why.p);
	buf_fini(&why);
	json_decref(body);
}

#define ONE(node) "{\"name\":\"f\",\"start\":\"a\",\"nodes\":{\"a\":" node ",\"z\":{\"kind\":\"hangup\"}}}"

static void test_menu_is_compiled(void **state)
{
	struct call_flow *f = compiled(ONE("{\"kind\":\"menu\",\"items\":[\"welcome\",{\"say\":\"hello ${x}\"},"
	                              "{\"silence_ms\":200}],\"retries\":3,"
	                              "\"exits\":{\"1\":\"z\",\"timeout\":\"a\"}}"));
	size_t n;

	(void)state;
	assert_int_equal(f->n_nodes, 2);
	assert_int_equal(f->start, 0);
	const struct flow_node *menu = &f->nodes[0];
	assert_int_equal(menu->kind, NODE_MENU);
	const struct flow_item *items = flow_list(menu, F_MENU_ITEMS, &n);
	assert_int_equal(n, 3);
	assert_int_equal(items[0].kind, ITEM_PROMPT);
	assert_int_equal(items[0].id, 7);
	assert_true(str_eq(items[1].text, STR("hello ${x}")));
	assert_int_equal(items[2].ms, 200);
	assert_int_equal(flow_number(menu, F_MENU_RETRIES), 3);
	assert_int_equal(flow_number(menu, F_MENU_TIMEOUT_S), 5); /* the default */
	assert_int_equal(flow_exit(menu, X_MENU_D1), 1);
	assert_int_equal(flow_exit(menu, X_MENU_D2), FLOW_NOWHERE);
	assert_int_equal(flow_exit(menu, X_MENU_TIMEOUT), 0);
	assert_true(f->bytes > sizeof *f);
	flow_free(f);
}

static void test_cases_lead_through_exits_of_their_own(void **state)
{
	struct call_flow *f = compiled(ONE("{\"kind\":\"branch\",\"on\":\"caller\",\"cases\":["
	                              "{\"list\":\"vips\",\"exit\":\"vip\"},{\"begins\":\"+49\",\"exit\":\"de\"},"
	                              "{\"is\":\"1001\",\"exit\":\"else\"}],"
	                              "\"exits\":{\"vip\":\"z\",\"de\":\"a\",\"else\":\"z\"}}"));
	size_t n;
	const struct flow_case *cases = flow_list(&f->nodes[0], F_BRANCH_CASES, &n);

	(void)state;
	assert_int_equal(n, 3);
	assert_int_equal(cases[0].test, CASE_LIST);
	assert_int_equal(cases[0].list, 7);
	assert_int_equal(cases[0].to, 1);
	assert_int_equal(cases[1].to, 0);
	assert_int_equal(cases[2].to, 1);
	flow_free(f);
}

static void test_faults_have_their_place(void **state)
{
	(void)state;
	refused("{}", "nodes: must be a mapping");
	refused("[]", "nodes: must be a mapping");
	refused("{\"start\":\"a\",\"nodes\":{}}", "nodes: must have 1 to 256 entries");
	refused("{\"start\":\"b\",\"nodes\":{\"a\":{\"kind\":\"hangup\"}}}", "start: \"b\" is no node");
	refused("{\"start\":\"a b\",\"nodes\":{\"a b\":{\"kind\":\"hangup\"}}}", "\"a b\" is no name of a node");
	refused(ONE("7"), "nodes.a: must be a mapping");
	refused(ONE("{}"), "nodes.a.kind: \"\" is no kind of node");
	refused(ONE("{\"kind\":\"pigeon\"}"), "nodes.a.kind: \"pigeon\" is no kind of node");
	refused(ONE("{\"kind\":\"hangup\",\"colour\":1}"), "nodes.a: \"colour\" is no field");
	refused(ONE("{\"kind\":\"hangup\",\"exits\":{\"next\":\"z\"}}"), "nodes.a.exits: \"next\" is no exit");
	refused(ONE("{\"kind\":\"hangup\",\"cause\":\"x\"}"), "nodes.a.cause: must be one of normal, busy");
	refused(ONE("{\"kind\":\"play\",\"exits\":{\"next\":\"z\"}}"), "nodes.a.items: is missing");
	refused(ONE("{\"kind\":\"play\",\"items\":[],\"exits\":{}}"), "nodes.a.items: must have 1 to 16 entries");
	refused(ONE("{\"kind\":\"play\",\"items\":[{\"sing\":\"x\"}]}"), "nodes.a.items[0]: must be a prompt's name");
	refused(ONE("{\"kind\":\"play\",\"items\":[\"none\"]}"), "nodes.a.items[0]: \"none\" is nothing that");
	refused(ONE("{\"kind\":\"play\",\"items\":[\"w\"],\"exits\":{\"next\":\"y\"}}"),
	        "nodes.a.exits.next: \"y\" is no node");
	refused(ONE("{\"kind\":\"menu\",\"retries\":10}"), "nodes.a.retries: must be 0 to 9");
	refused(ONE("{\"kind\":\"menu\",\"retries\":\"1\"}"), "nodes.a.retries: must be a whole number");
	refused(ONE("{\"kind\":\"collect\",\"variable\":\"n\",\"min\":5,\"max\":4}"), "nodes.a.min: is more than max");
	refused(ONE("{\"kind\":\"collect\",\"variable\":\"N!\"}"), "nodes.a.variable: \"N!\" is not the name");
	refused(ONE("{\"kind\":\"ring\",\"exits\":{\"no_answer\":\"z\"}}"), "nodes.a: rings either a group or members");
	refused(ONE("{\"kind\":\"ring\",\"members\":[\"moon\"]}"), "nodes.a.members[0]: must be a target");
	refused(ONE("{\"kind\":\"ring\",\"members\":[{\"target\":\"user:1\",\"weight\":0}]}"),
	        "nodes.a.members[0]: weight must be");
	refused(ONE("{\"kind\":\"forward\"}"), "nodes.a: leads either to a target or to a number");
	refused(ONE("{\"kind\":\"forward\",\"to\":\"user:none\"}"), "nodes.a.to: \"user:none\" is nothing");
	refused(ONE("{\"kind\":\"branch\",\"on\":\"variable\",\"cases\":[{\"is\":\"x\",\"exit\":\"e\"}],"
	            "\"exits\":{\"e\":\"z\"}}"), "nodes.a.variable: is missing");
	refused(ONE("{\"kind\":\"branch\",\"on\":\"caller\",\"cases\":[{\"is\":\"x\",\"exit\":\"e\"}]}"),
	        "nodes.a.cases[0]: \"e\" is none of the exits");
	refused(ONE("{\"kind\":\"language\",\"language\":\"Deutsch\"}"), "is no language");
	refused(ONE("{\"kind\":\"webhook\",\"url\":\"gopher://x\"}"), "is no address");
	refused(ONE("{\"kind\":\"say\",\"text\":\"\\u0007\"}"), "has characters that do not print");
}

static void test_faults_of_a_whole_flow_are_bounded(void **state)
{
	json_t *nodes = json_object();
	struct buf why;

	(void)state;
	for (int i = 0; i < FLOW_MAX_NODES; i++) {
		char name[16];

		snprintf(name, sizeof name, "n%d", i);
		json_object_set_new(nodes, name, json_pack("{s:s,s:i,s:i}", "kind", "hangup", "x", 1, "y", 2));
	}
	json_t *body = json_pack("{s:s,s:o}", "start", "n0", "nodes", nodes);
	buf_init(&why, 1 << 20);
	assert_int_equal(flow_check_nodes(body, "flows[3]", &why), E_POLICY);
	assert_true(str_starts(buf_view(&why), STR("flows[3].nodes.n0: \"x\" is no field")));
	assert_true(why.n < 10000);
	json_object_set_new(nodes, "more", json_object());
	buf_reset(&why);
	assert_int_equal(flow_check_nodes(body, "", &why), E_POLICY);
	assert_true(str_starts(buf_view(&why), STR("nodes: must have 1 to 256 entries")));
	buf_fini(&why);
	json_decref(body);
}

static const char every[] =
	"{\"name\":\"all\",\"start\":\"n0\",\"nodes\":{"
	"\"n0\":{\"kind\":\"play\",\"items\":[{\"prompt\":{\"id\":9}},{\"tone\":\"busy\"}],\"barge_in\":true,\"exits\":{\"next\":\"n1\"}},"
	"\"n1\":{\"kind\":\"say\",\"text\":\"12\",\"as\":\"number\",\"exits\":{\"next\":\"n2\"}},"
	"\"n2\":{\"kind\":\"webhook\",\"url\":\"https://x.test/\",\"send\":[\"a\",\"b\"],\"answers\":[\"yes\",\"no\"],"
	"\"exits\":{\"yes\":\"n3\",\"no\":\"n4\",\"failed\":\"n5\"}},"
	"\"n3\":{\"kind\":\"ring\",\"members\":[{\"target\":{\"kind\":\"user\",\"id\":4},\"weight\":2,\"tier\":1,\"ring_s\":5},{\"kind\":\"user\",\"id\":5}],"
	"\"strategy\":\"weighted\",\"exits\":{\"no_answer\":\"n4\"}},"
	"\"n4\":{\"kind\":\"voicemail\",\"mailbox\":{\"kind\":\"user\",\"id\":8}},"
	"\"n5\":{\"kind\":\"branch\",\"on\":\"dialled\",\"cases\":[{\"is\":\"1\",\"exit\":\"one\"},{\"list\":{\"id\":3},\"exit\":\"else\"}],"
	"\"exits\":{\"one\":\"n6\",\"else\":\"n7\"}},"
	"\"n6\":{\"kind\":\"forward\",\"to\":{\"kind\":\"external\",\"number\":\"+4930123\"}},"
	"\"n7\":{\"kind\":\"schedule\",\"schedule\":{\"id\":2},\"exits\":{\"open\":\"n0\",\"closed\":\"n6\"}}}}";

static void test_printed_flow_compiles_to_itself(void **state)
{
	struct call_flow *f = compiled(every), *again = NULL;
	json_t *first = flow_print(f), *second;
	struct buf why;

	(void)state;
	buf_init(&why, 1000);
	assert_int_equal(flow_compile(&again, 5, first, resolve, NULL, &why), 0);
	second = flow_print(again);
	if (!json_equal(first, second))
		fail_msg("%s\n%s", json_dumps(first, 0), json_dumps(second, 0));
	assert_int_equal(f->n_nodes, 8);
	json_decref(first);
	json_decref(second);
	flow_free(f);
	flow_free(again);
	buf_fini(&why);
}

/* Every reference of `every` by a name made of its number; and the number again. */
static json_t *to_name(const char *kind, const json_t *ref, void *arg)
{
	char text[64];
	json_int_t id = json_integer_value(json_object_get(ref, "id"));

	++*(size_t *)arg;
	if (!id)
		return NULL;
	snprintf(text, sizeof text, "%s%d", strcmp(kind, "target") ? "" : "user:", (int)id);
	return json_string(text);
}

static json_t *to_id(const char *kind, const json_t *ref, void *arg)
{
	const char *text = json_string_value(ref);

	++*(size_t *)arg;
	if (!text)
		return NULL;
	if (strcmp(kind, "target") == 0)
		return json_pack("{s:s,s:i}", "kind", "user", "id", atoi(text + 5));
	return json_pack("{s:i}", "id", atoi(text));
}

static void test_references_are_mapped_there_and_back(void **state)
{
	json_t *body = load(every), *before = json_deep_copy(body);
	size_t names = 0, ids = 0;
	struct buf why;

	(void)state;
	buf_init(&why, 1000);
	flow_map_refs(body, to_name, &names);
	assert_int_equal(names, 7); /* prompt, 2 members, mailbox, list, number, schedule */
	assert_false(json_equal(body, before));
	assert_int_equal(flow_check_nodes(body, "", &why), 0);
	flow_map_refs(body, to_id, &ids);
	assert_int_equal(ids, 7);
	assert_true(json_equal(body, before));
	flow_map_refs(json_object_get(body, "start"), to_id, &ids); /* nothing to map */
	json_decref(body);
	json_decref(before);
	buf_fini(&why);
}

static void test_targets_have_a_shape(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} all[] = {
		{"\"user:1001\"", true},  {"\"external:+49301\"", true}, {"\"extension:7\"", true},
		{"\"user:\"", false},     {"\"user\"", false},           {"\"moon:1\"", false},
		{"{\"id\":3}", false},    {"{\"kind\":\"user\",\"id\":3}", true},
		{"{\"kind\":\"user\",\"id\":-3}", true}, {"{\"kind\":\"user\",\"id\":0}", false},
		{"{\"kind\":\"user\",\"id\":3,\"x\":1}", false}, {"7", false}, {"[]", false},
		{"{\"kind\":\"external\",\"number\":\"+49\"}", true}, {"\":1\"", false},
		{"{\"kind\":\"external\",\"number\":\"\"}", false}, {"{\"kind\":\"\",\"id\":3}", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		json_t *j = json_loads(all[i].text, JSON_DECODE_ANY, NULL);

		if (flow_is_target(j) != all[i].is)
			fail_msg("%s", all[i].text);
		json_decref(j);
	}
}

/* -- the table ------------------------------------------------------------- */

static void test_every_kind_is_whole(void **state)
{
	(void)state;
	for (size_t k = 0; k < NODE_KINDS; k++) {
		enum node_id id;

		assert_int_equal(node_kind_find(str_z(node_kind((enum node_id)k)->name), &id), 0);
		assert_int_equal(id, k);
		assert_true(node_kind(id)->text[0]);
		for (size_t i = 0; i < node_fields(id); i++) {
			const struct node_field *f =
				node_field((enum node_field_id)((size_t)node_kind(id)->first_field + i));
			json_t *fallback = NULL;

			assert_true(f->text[strlen(f->text) - 1] == '.');
			assert_true(f->min <= f->max);
			assert_true((f->type == NODE_WORD) == (f->words != NULL));
			assert_true((f->type == NODE_REF) == (f->ref != NULL));
			if (f->fallback)
				fallback = json_loads(f->fallback, JSON_DECODE_ANY, NULL);
			assert_true(!f->fallback || fallback);
			json_decref(fallback);
		}
		for (size_t i = 0; i < node_exits(id); i++) {
			enum node_exit_id x = (enum node_exit_id)((size_t)node_kind(id)->first_exit + i);
			enum node_exit_id found;

			assert_int_equal(node_exit_find(id, str_z(node_exit(x)->name), &found), 0);
			assert_int_equal(found, x);
		}
	}
	assert_int_equal(node_fields(NODE_HANGUP), 1);
	assert_int_equal(node_exits(NODE_HANGUP), 0);
	assert_int_equal(node_exits(NODE_SCHEDULE), 2);
}

static void test_kinds_of_targets_have_names(void **state)
{
	(void)state;
	for (size_t k = TARGET_USER; k < TARGET_KINDS; k++)
		assert_int_equal(target_kind_find(str_z(target_kind_name((enum target_kind)k))), k);
	assert_int_equal(target_kind_find(STR("")), TARGET_NONE);
	assert_string_equal(target_kind_name(TARGET_KINDS), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_menu_is_compiled),
		cmocka_unit_test(test_cases_lead_through_exits_of_their_own),
		cmocka_unit_test(test_faults_have_their_place),
		cmocka_unit_test(test_faults_of_a_whole_flow_are_bounded),
		cmocka_unit_test(test_printed_flow_compiles_to_itself),
		cmocka_unit_test(test_references_are_mapped_there_and_back),
		cmocka_unit_test(test_targets_have_a_shape),
		cmocka_unit_test(test_every_kind_is_whole),
		cmocka_unit_test(test_kinds_of_targets_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
