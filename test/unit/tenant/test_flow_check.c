// SPDX-License-Identifier: Apache-2.0
/* The checker of flows: each kind of fault, named by flow, node and exit. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tenant/flow_check.h"

static int resolve(const char *kind, const json_t *ref, struct target *out, void *arg)
{
	struct str s = str_z(json_string_value(ref));

	(void)arg;
	if (strcmp(kind, "target") == 0)
		out->kind = target_kind_find(str_cut(&s, ':'));
	out->id = str_eq(s, STR("f")) ? 1 : str_eq(s, STR("g")) ? 2 : 3;
	return 0;
}

static struct call_flow *compiled(uint64_t id, const char *name, const char *nodes)
{
	json_t *body = json_pack("{s:s,s:s}", "name", name, "start", "a");
	struct call_flow *f = NULL;
	json_error_t e;
	struct buf why;

	buf_init(&why, 10000);
	json_object_set_new(body, "nodes", json_loads(nodes, 0, &e));
	if (flow_compile(&f, id, body, resolve, NULL, &why) != 0)
		fail_msg("%s: " STR_FMT, e.text, STR_ARG(buf_view(&why)));
	buf_fini(&why);
	json_decref(body);
	return f;
}

/* The other flow, and no prompt called 3. */
static const struct call_flow *other_flow(uint64_t id, void *arg)
{
	return id == 2 ? arg : NULL;
}

static bool no_prompt(uint64_t id, void *arg)
{
	(void)arg;
	return id != 3;
}

static void finds(const char *nodes, const char *other, size_t errors, size_t warnings,
                  const char *line)
{
	struct call_flow *f = compiled(1, "f", nodes), *g = other ? compiled(2, "g", other) : NULL;
	static const struct str numbers[] = {{"112", 3}};
	const struct flow_check_env env = {other_flow, no_prompt, g, numbers, 1};
	struct flow_findings found;
	struct buf out;

	buf_init(&out, 10000);
	found = flow_check(f, &env, &out);
	buf_ch(&out, '\0');
	if (found.errors != errors || found.warnings != warnings || !strstr(out.p, line))
		fail_msg("%zu errors, %zu warnings, wanted %s:\n%s", found.errors, found.warnings, line, out.p);
	buf_fini(&out);
	flow_free(f);
	flow_free(g);
}

#define END "\"z\":{\"kind\":\"hangup\"}"
#define HEAR "\"items\":[{\"say\":\"hello\"}]"

static void test_nothing_is_wrong_with_a_good_flow(void **state)
{
	(void)state;
	finds("{\"a\":{\"kind\":\"menu\"," HEAR ",\"exits\":{\"1\":\"a\",\"timeout\":\"z\"}}," END "}",
	      NULL, 0, 0, "");
}

static void test_dead_ends(void **state)
{
	(void)state;
	finds("{\"a\":{\"kind\":\"play\"," HEAR "}}", NULL, 1, 0, "f.a: exit next leads nowhere");
	finds("{\"a\":{\"kind\":\"schedule\",\"schedule\":\"s\",\"exits\":{\"open\":\"z\"}}," END "}", NULL, 1, 0,
	      "f.a: exit closed leads nowhere");
	finds("{\"a\":{\"kind\":\"menu\"," HEAR ",\"exits\":{\"timeout\":\"z\"}}," END "}", NULL, 1, 0,
	      "f.a: no key leads anywhere");
}

static void test_missing_time_out_exits(void **state)
{
	(void)state;
	finds("{\"a\":{\"kind\":\"menu\"," HEAR ",\"exits\":{\"1\":\"z\"}}," END "}", NULL, 1, 0,
	      "f.a: exit timeout leads nowhere: who says nothing");
	finds("{\"a\":{\"kind\":\"ring\",\"group\":\"x\"}}", NULL, 1, 0, "f.a: exit no_answer leads nowhere");
}

static void test_unreachable_nodes(void **state)
{
	(void)state;
	finds("{\"a\":{\"kind\":\"hangup\"},\"b\":{\"kind\":\"set\",\"variable\":\"v\",\"value\":\"1\","
	      "\"exits\":{\"next\":\"z\"}}," END "}", NULL, 0, 2, "warning: f.b: no way leads here");
}

static void test_missing_prompts(void **state)
{
	(void)state;
	finds("{\"a\":{\"kind\":\"menu\",\"exits\":{\"1\":\"z\",\"timeout\":\"z\"}}," END "}", NULL, 0, 1,
	      "warning: f.a: there is no prompt");
	finds("{\"a\":{\"kind\":\"play\",\"items\":[\"f\",\"nothing\"],\"exits\":{\"next\":\"z\"}}," END "}", NULL, 0,
	      1, "warning: f.a: items[1] is a prompt with neither");
}

static void test_loops_without_input(void **state)
{
	(void)state;
	finds("{\"a\":{\"kind\":\"play\"," HEAR ",\"exits\":{\"next\":\"b\"}},"
	      "\"b\":{\"kind\":\"set\",\"variable\":\"v\",\"value\":\"1\",\"exits\":{\"next\":\"a\"}}}", NULL, 1, 0,
	      "f.a: an endless loop without any input of the caller: a (next) -> b (next) -> a");
	finds("{\"a\":{\"kind\":\"menu\"," HEAR ",\"exits\":{\"1\":\"z\",\"timeout\":\"a\"}}," END "}", NULL, 1, 0,
	      "a (timeout) -> a");
	/* through a case, and not from the start alone */
	finds("{\"a\":{\"kind\":\"hangup\"},\"b\":{\"kind\":\"branch\",\"on\":\"caller\","
	      "\"cases\":[{\"is\":\"1\",\"exit\":\"x\"}],\"exits\":{\"x\":\"b\",\"else\":\"a\"}}}", NULL, 1, 1,
	      "f.b: an endless loop");
}

static void test_loops_through_other_flows(void **state)
{
	(void)state;
	const char *to_g = "{\"a\":{\"kind\":\"subflow\",\"flow\":\"g\"}}";
	finds(to_g, "{\"a\":{\"kind\":\"forward\",\"to\":\"flow:f\"}}", 1, 0, "g.a leads back to this flow");
	finds(to_g, "{\"a\":{\"kind\":\"menu\"," HEAR ",\"exits\":{\"1\":\"b\",\"timeout\":\"z\"}},"
	            "\"b\":{\"kind\":\"forward\",\"to\":\"flow:f\"}," END "}", 0, 0, "");
	finds(to_g, NULL, 0, 0, "");
	finds("{\"a\":{\"kind\":\"subflow\",\"flow\":\"f\"}}", NULL, 1, 0, "f.a: an endless loop");
}

static void test_no_way_to_emergency(void **state)
{
	(void)state;
#define DIAL(min) \
	"{\"a\":{\"kind\":\"collect\",\"variable\":\"n\"," HEAR min ",\"exits\":{\"next\":\"b\",\"timeout\":\"b\"}}," \
	"\"b\":{\"kind\":\"forward\",\"number\":\"0${n}\"}}"
	finds(DIAL(",\"min\":4"), NULL, 1, 0, "f.a: no way to emergency");
	finds(DIAL(",\"max\":2"), NULL, 1, 0, "112 has not 1 to 2 digits");
	finds(DIAL(""), NULL, 0, 0, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_wrong_with_a_good_flow),
		cmocka_unit_test(test_dead_ends),
		cmocka_unit_test(test_missing_time_out_exits),
		cmocka_unit_test(test_unreachable_nodes),
		cmocka_unit_test(test_missing_prompts),
		cmocka_unit_test(test_loops_without_input),
		cmocka_unit_test(test_loops_through_other_flows),
		cmocka_unit_test(test_no_way_to_emergency),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
