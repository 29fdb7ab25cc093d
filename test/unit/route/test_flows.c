// SPDX-License-Identifier: Apache-2.0
/* Flows on the engine: nodes, users' and groups' settings, feature codes, loops. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_tenant.h"
#include "route/flow_test.h"
#include "route/script.h"

/* Names to ids: "user:1001", "flow:1", and one of each other kind. */
static int resolve(const char *kind, const json_t *ref, struct target *out, void *arg)
{
	struct str s = str_z(json_string_value(ref));
	uint64_t n = 0;
	(void)arg;

	if (strcmp(kind, "target") == 0) {
		out->kind = target_kind_find(str_cut(&s, ':'));
		if (out->kind == TARGET_EXTERNAL) {
			out->number = s;
			return 0;
		}
		if (str_u64(s, &n) != 0)
			return 1;
		out->id = out->kind == TARGET_USER || out->kind == TARGET_MAILBOX ? USER0 + n - 1000
		          : out->kind == TARGET_FLOW                               ? FLOW0 + n
		          : out->kind == TARGET_RING_GROUP                         ? GROUP0 + n
		                                                                   : n;
		return 0;
	}
	out->id = strcmp(kind, "prompt") == 0     ? PROMPT0
	          : strcmp(kind, "schedule") == 0 ? SCHEDULE0
	          : strcmp(kind, "list") == 0     ? LIST0
	          : strcmp(kind, "flow") == 0     ? FLOW0 + 1
	          : strcmp(kind, "queue") == 0    ? QUEUE0
	          : strcmp(kind, "ring_group") == 0 ? GROUP0
	                                            : CONFERENCE0;
	return 0;
}

static void set_flow(struct tenant *t, size_t i, const char *nodes)
{
	json_error_t e;
	json_t *parsed = json_loads(nodes, 0, &e), *body;
	char name[2] = {(char)('a' + i), '\0'};
	struct buf why;

	if (!parsed)
		fail_msg("%s at %d", e.text, e.position);
	body = json_pack("{s:s,s:s,s:o}", "name", name, "start", "a", "nodes", parsed);
	buf_init(&why, 4096);
	flow_free(t->flows[i]);
	t->flows[i] = NULL;
	if (flow_compile(&t->flows[i], FLOW0 + i, body, resolve, NULL, &why) != 0)
		fail_msg("" STR_FMT, STR_ARG(buf_view(&why)));
	buf_fini(&why);
	json_decref(body);
}

/* Run a test body (with ' for ") and want it as expected; or want a line of what is not. */
static void goes(const struct tenant *t, const char *text, const char *fault)
{
	char *body_text = strdup(text);
	struct buf why;
	json_error_t e;

	for (char *p = body_text; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	json_t *body = json_loads(body_text, 0, &e);
	if (!body)
		fail_msg("%s at %d: %s", e.text, e.position, body_text);
	buf_init(&why, 8192);
	int err = flow_test_run(t, body, &why);
	buf_ch(&why, '\0');
	if ((err != 0) != (fault != NULL) || (fault && !strstr(why.p, fault)))
		fail_msg("%s\n-> %s", text, why.p);
	buf_fini(&why);
	json_decref(body);
	free(body_text);
}

static int setup(void **state)
{
	*state = fake_tenant(20);
	return 0;
}

static int teardown(void **state)
{
	fake_free(*state);
	return 0;
}

/* -- users --------------------------------------------------------------------------- */

static void test_user_rings_and_then_voicemail(void **state)
{
	goes(*state, "{'given':{'from':'1001','to':'1002'},'expect':{'action':'ring','users':['1002']}}", NULL);
	goes(*state, "{'given':{'from':'1001','to':'1002'},'when':[{'ring':'no_answer'}],"
	             "'expect':{'path':['devices','voicemail'],'action':'reject','status':480}}", NULL);
	goes(*state, "{'given':{'from':'1001','to':'1002','present':{'1002':'unregistered'}},"
	             "'expect':{'path':['devices','voicemail']}}", NULL);
	goes(*state, "{'given':{'from':'1001','to':'1002'},'expect':{'users':['1003']}}", "others ring");
	goes(*state, "{'given':{'from':'1001','to':'1002'},'expect':{'action':'echo'}}", "action is not");
	goes(*state, "{'given':{'from':'1001','to':'1002'},'expect':{'path':['moon']}}", "does not come by moon");
}

static void test_settings_of_a_user_are_nodes(void **state)
{
	struct tenant *t = *state;
	struct user *u = &t->users[2];

	u->forward_always = (struct target){TARGET_USER, USER0 + 3, STR_NONE};
	goes(t, "{'given':{'from':'1001','to':'1002'},'expect':{'path':['forward-always','devices'],"
	        "'users':['1003']}}", NULL);
	u->forward_always.kind = TARGET_NONE;
	u->forward_busy = (struct target){TARGET_USER, USER0 + 4, STR_NONE};
	goes(t, "{'given':{'from':'1001','to':'1002'},'when':[{'ring':'busy'}],'expect':{'users':['1004']}}", NULL);
	u->dnd = true;
	goes(t, "{'given':{'from':'1001','to':'1002'},'expect':{'path':['forward-busy'],'users':['1004']}}", NULL);
	u->dnd = false;
	u->forward_unregistered = (struct target){TARGET_USER, USER0 + 5, STR_NONE};
	goes(t, "{'given':{'from':'1001','to':'1002','present':{'1002':'unregistered','*':'registered'}},"
	        "'expect':{'path':['forward-unregistered'],'users':['1005']}}", NULL);
	static struct target follow[2] = {{TARGET_USER, USER0 + 6, {0}}, {TARGET_USER, USER0 + 7, {0}}};
	u->follow_me = follow;
	u->n_follow_me = 2;
	u->forward_no_answer = (struct target){TARGET_USER, USER0 + 8, STR_NONE};
	goes(t, "{'given':{'from':'1001','to':'1002'},'when':[{'ring':'no_answer'}],'expect':{'users':['1006']}}",
	     NULL);
	goes(t, "{'given':{'from':'1001','to':'1002'},'when':[{'ring':'no_answer'},{'ring':'busy'},"
	        "{'ring':'no_answer'}],'expect':{'path':['devices','follow-me','forward-no-answer'],"
	        "'users':['1008']}}", NULL);
}

static void test_plain_outcomes_without_voicemail(void **state)
{
	struct tenant *t = *state;

	t->users[2].mailbox = 0;
	goes(t, "{'given':{'from':'1001','to':'1002'},'when':[{'ring':'no_answer'}],"
	        "'expect':{'action':'reject','status':480}}", NULL);
	goes(t, "{'given':{'from':'1001','to':'1002'},'when':[{'ring':'busy'}],'expect':{'status':486}}", NULL);
	t->users[2].fallback = (struct target){TARGET_USER, USER0 + 9, STR_NONE};
	goes(t, "{'given':{'from':'1001','to':'1002'},'when':[{'ring':'busy'}],'expect':{'users':['1009']}}", NULL);
}

static void test_forwards_in_a_circle_end(void **state)
{
	struct tenant *t = *state;

	for (size_t i = 2; i < 4; i++) {
		t->users[i].mailbox = 0;
		t->users[i].forward_always = (struct target){TARGET_USER, USER0 + 5 - i, STR_NONE};
	}
	goes(t, "{'given':{'from':'1001','to':'1002'},'expect':{'action':'reject','status':482}}", NULL);
	t->users[2].forward_always.id = USER0 + 2; /* to oneself */
	goes(t, "{'given':{'from':'1001','to':'1002'},'expect':{'action':'reject','status':482}}", NULL);
	for (size_t i = 2; i < 20; i++) /* a chain is followed as far as flows go into each other */
		t->users[i].forward_always = (struct target){TARGET_USER, USER0 + (i + 1) % 20, STR_NONE};
	goes(t, "{'given':{'from':'1001','to':'1002'},'expect':{'action':'reject'}}", NULL);
}

/* -- groups -------------------------------------------------------------------------- */

static void test_strategies(void **state)
{
	struct tenant *t = *state;
	struct ring_group *g = &t->groups[1]; /* 1001, 1002, 1003, 1004 */

	goes(t, "{'given':{'from':'1010','to':'511'},'expect':{'users':['1001','1002','1003','1004']}}", NULL);
	g->strategy = RING_SEQUENCE;
	goes(t, "{'given':{'from':'1010','to':'511'},'expect':{'users':['1001']}}", NULL);
	goes(t, "{'given':{'from':'1010','to':'511','present':{'1002':'unregistered','*':'registered'}},"
	        "'when':[{'ring':'no_answer'}],'expect':{'users':['1003']}}", NULL);
	g->strategy = RING_ROUND_ROBIN;
	goes(t, "{'given':{'from':'1010','to':'511','turn':6},'expect':{'users':['1003']}}", NULL);
	goes(t, "{'given':{'from':'1010','to':'511','turn':6},'when':[{'ring':'busy'},{'ring':'busy'}],"
	        "'expect':{'users':['1001']}}", NULL);
	g->strategy = RING_RANDOM;
	goes(t, "{'given':{'from':'1010','to':'511','random':7},'expect':{'users':['1004']}}", NULL);
	g->strategy = RING_WEIGHTED; /* 1, 2, 3, 4 of 10 */
	goes(t, "{'given':{'from':'1010','to':'511','random':10},'expect':{'users':['1001']}}", NULL);
	goes(t, "{'given':{'from':'1010','to':'511','random':15},'expect':{'users':['1003']}}", NULL);
	g->strategy = RING_TIERS;
	goes(t, "{'given':{'from':'1010','to':'511'},'expect':{'users':['1001','1002','1003']}}", NULL);
	goes(t, "{'given':{'from':'1010','to':'511'},'when':[{'ring':'no_answer'}],'expect':{'users':['1004']}}",
	     NULL);
	g->strategy = RING_LONGEST_IDLE;
	goes(t, "{'given':{'from':'1010','to':'511'},'when':[{'present':{'1001':[1,0,30],'1002':[1,0,10],"
	        "'1003':[1,0,20],'1004':[1,0,40]}}],'expect':{'users':['1002']}}", NULL);
}

static void test_group_skips_busy_members_and_comes_out(void **state)
{
	struct tenant *t = *state;
	struct ring_group *g = &t->groups[0];

	g->no_answer = (struct target){TARGET_USER, USER0 + 9, STR_NONE};
	g->none_available = (struct target){TARGET_MAILBOX, USER0 + 8, STR_NONE};
	goes(t, "{'given':{'from':'1010','to':'510'},'when':[{'ring':'no_answer'}],'expect':{'users':['1009']}}",
	     NULL);
	goes(t, "{'given':{'from':'1010','to':'510','present':{'*':'unregistered'}},"
	        "'expect':{'path':['ring','none-available','voicemail']}}", NULL);
	goes(t, "{'given':{'from':'1010','to':'510','present':{'1000':'busy','*':'registered'}},"
	        "'expect':{'users':['1000','1001','1002']}}", NULL);
	g->skip_busy = true;
	goes(t, "{'given':{'from':'1010','to':'510','present':{'1000':'busy','*':'registered'}},"
	        "'expect':{'users':['1001','1002']}}", NULL);
}

static void test_members_have_one_bit_each(void **state)
{
	struct tenant *t = *state;
	struct ring_member many[70];

	for (size_t i = 0; i < 70; i++)
		many[i] = (struct ring_member){
			.target = {TARGET_USER, USER0 + i % 20, STR_NONE}, .weight = 1, .tier = 1};
	t->groups[0].members = many;
	t->groups[0].n_members = 70;
	t->groups[0].strategy = RING_SEQUENCE;
	goes(t, "{'given':{'from':'1010','to':'510'},'expect':{'users':['1000']}}", NULL);
	t->groups[0].n_members = 64;
	t->groups[0].strategy = RING_ALL;
	goes(t, "{'given':{'from':'1010','to':'510'},'when':[{'ring':'no_answer'}],'expect':{'status':480}}", NULL);
}

/* -- flows --------------------------------------------------------------------------- */

static const char menu[] =
	"{\"a\":{\"kind\":\"menu\",\"items\":[\"hello\"],\"dial\":true,\"exits\":{\"1\":\"sales\",\"timeout\":\"bye\"}},"
	"\"sales\":{\"kind\":\"ring\",\"members\":[\"user:1003\",\"user:1004\"],\"prefix\":\"Sales ${company}\","
	"\"exits\":{\"no_answer\":\"mail\"}},"
	"\"mail\":{\"kind\":\"voicemail\",\"mailbox\":\"user:1003\"},"
	"\"bye\":{\"kind\":\"hangup\",\"cause\":\"busy\"}}";

static void test_menu(void **state)
{
	struct tenant *t = *state;

	set_flow(t, 0, menu);
	goes(t, "{'given':{'from':'1001','to':'500'},'expect':{'action':'collect'}}", NULL);
	goes(t, "{'given':{'from':'1001','to':'500'},'when':[{'digits':'1'}],"
	        "'expect':{'path':['a','sales'],'users':['1003','1004']}}", NULL);
	goes(t, "{'given':{'from':'1001','to':'500'},'when':[{'digits':''},{'digits':'9'},{'digits':'1'}],"
	        "'expect':{'path':['a.sales']}}", NULL);
	goes(t, "{'given':{'from':'1001','to':'500'},'when':[{'digits':''},{'digits':''},{'digits':''}],"
	        "'expect':{'path':['a','bye'],'status':486}}", NULL);
	goes(t, "{'given':{'from':'1001','to':'500'},'when':[{'digits':'1007'}],'expect':{'users':['1007']}}", NULL);
	goes(t, "{'given':{'from':'1001','to':'500'},'when':[{'digits':'112'}],'expect':{'status':404}}", "collect");
	goes(t, "{'given':{'from':'1001','to':'500'},'when':[{'digits':'1'},{'ring':'busy'}],"
	        "'expect':{'path':['sales','mail']}}", NULL);
	goes(t, "{'flow':'a','given':{'from':'+491234'},'when':[{'digits':'1'}],'expect':{'path':['sales']}}", NULL);
	goes(t, "{'flow':'x','given':{'from':'+491234'},'expect':{'path':['sales']}}", "is not there");
}

static void test_schedule_branch_set_subflow(void **state)
{
	struct tenant *t = *state;

	set_flow(t, 0, "{\"a\":{\"kind\":\"schedule\",\"schedule\":\"s\",\"exits\":{\"open\":\"lang\",\"closed\":\"z\"}},"
	               "\"lang\":{\"kind\":\"language\",\"language\":\"de\",\"exits\":{\"next\":\"set\"}},"
	               "\"set\":{\"kind\":\"set\",\"variable\":\"v\",\"value\":\"${caller}-${language}\",\"exits\":{\"next\":\"sub\"}},"
	               "\"sub\":{\"kind\":\"subflow\",\"flow\":\"b\",\"exits\":{\"next\":\"look\"}},"
	               "\"look\":{\"kind\":\"branch\",\"on\":\"variable\",\"variable\":\"v\",\"cases\":["
	               "{\"is\":\"x\",\"exit\":\"no\"},{\"begins\":\"1001-d\",\"exit\":\"yes\"}],"
	               "\"exits\":{\"yes\":\"lists\",\"no\":\"z\",\"else\":\"z\"}},"
	               "\"lists\":{\"kind\":\"branch\",\"on\":\"caller\",\"cases\":[{\"list\":\"l\",\"exit\":\"in\"}],"
	               "\"exits\":{\"in\":\"z\",\"else\":\"go\"}},"
	               "\"go\":{\"kind\":\"forward\",\"to\":\"user:1005\"},\"z\":{\"kind\":\"hangup\"}}");
	set_flow(t, 1, "{\"a\":{\"kind\":\"set\",\"variable\":\"w\",\"value\":\"1\",\"exits\":{\"next\":\"b\"}},"
	               "\"b\":{\"kind\":\"record\",\"on\":true}}");
	goes(t, "{'given':{'from':'1001','to':'500','at':'1970-01-01T02:30:00Z'},"
	        "'expect':{'path':['a','lang','set','sub','b.a','b.b','look','lists','go','devices'],"
	        "'users':['1005']}}", NULL);
	goes(t, "{'given':{'from':'1001','to':'500','at':'1970-01-01T03:30:00Z'},'expect':{'path':['a','z'],"
	        "'status':480}}", NULL);
}

static void test_collect_webhook_queue_conference_directory(void **state)
{
	struct tenant *t = *state;

	set_flow(t, 0, "{\"a\":{\"kind\":\"collect\",\"variable\":\"n\",\"min\":2,\"exits\":{\"next\":\"ask\",\"timeout\":\"z\"}},"
	               "\"ask\":{\"kind\":\"webhook\",\"url\":\"https://x.test/${n}\",\"variable\":\"reply\","
	               "\"answers\":[\"vip\"],\"exits\":{\"vip\":\"q\",\"failed\":\"dir\"}},"
	               "\"q\":{\"kind\":\"queue\",\"queue\":\"s\",\"exits\":{\"timeout\":\"meet\"}},"
	               "\"meet\":{\"kind\":\"conference\",\"conference\":\"c\"},"
	               "\"dir\":{\"kind\":\"directory\",\"exits\":{\"timeout\":\"z\"}},\"z\":{\"kind\":\"hangup\"}}");
	goes(t, "{'given':{'to':'500'},'when':[{'digits':'1'},{'digits':'12'},{'webhook':'vip'},{'queue':'turn'}],"
	        "'expect':{'path':['a','ask','q'],'users':['1000','1001','1002']}}", NULL);
	goes(t, "{'given':{'to':'500'},'when':[{'digits':'12'},{'webhook':'vip'},{'queue':'turn'},"
	        "{'ring':'no_answer'},{'queue':'timeout'}],'expect':{'action':'conference'}}", NULL);
	goes(t, "{'given':{'to':'500'},'when':[{'digits':'12'},{'webhook':''},{'digits':'68553'},{'digits':'2'}],"
	        "'expect':{'path':['dir','devices'],'users':['1002']}}", NULL); /* Mueller: the second */
	goes(t, "{'given':{'to':'500'},'when':[{'digits':'12'},{'webhook':''},{'digits':'9999'},{'digits':''},"
	        "{'digits':''}],'expect':{'path':['dir','z']}}", NULL);
}

/* -- the beginning ------------------------------------------------------------------- */

static void test_feature_codes_change_settings(void **state)
{
	goes(*state, "{'given':{'from':'1001','to':'*721005'},'expect':{'action':'reject','status':480}}", NULL);
	goes(*state, "{'given':{'from':'1001','to':'*72'},'expect':{'action':'collect'}}", NULL);
	goes(*state, "{'given':{'from':'1001','to':'*97'},'expect':{'action':'mailbox_listen','object':'mailbox:1001'}}",
	     NULL);
	goes(*state, "{'given':{'to':'*97'},'expect':{'status':403}}", NULL);
	goes(*state, "{'given':{'from':'1001','to':'*411'},'when':[{'digits':'23'}],'expect':{'path':['directory']}}",
	     NULL);
	goes(*state, "{'given':{'from':'1001','to':'*311002'},'expect':{'users':['1002']}}", NULL);
	goes(*state, "{'given':{'from':'1001','to':'*43'},'expect':{'action':'echo'}}", NULL);
}

static void test_change_is_a_decision(void **state)
{
	struct tenant *t = *state;
	struct route_state s = {0};
	struct route_decision d;
	struct route_facts f = {.event = ROUTE_BEGIN, .caller = &t->users[1], .dialled = STR("*721005")};

	route_step(t, &f, &s, &d, NULL);
	assert_int_equal(d.action, ROUTE_CHANGE);
	assert_int_equal(d.object, USER0 + 1);
	assert_string_equal(d.field, "forward_always");
	assert_int_equal(d.target.id, USER0 + 5);
	f.event = ROUTE_RESUME;
	route_step(t, &f, &s, &d, NULL);
	assert_int_equal(d.action, ROUTE_CHANGE);
	f.event = ROUTE_CHANGED;
	route_step(t, &f, &s, &d, NULL); /* refused */
	assert_int_equal(d.action, ROUTE_PLAY);
	assert_true(str_eq(d.items[0].text, STR("refused")));
	f.event = ROUTE_DONE;
	route_step(t, &f, &s, &d, NULL);
	assert_int_equal(d.action, ROUTE_REJECT);
	assert_int_equal(d.cause, 16);
}

static void test_numbers_outside_and_classes(void **state)
{
	struct tenant *t = *state;

	goes(t, "{'given':{'from':'1001','to':'030123456'},'expect':{'status':404}}", NULL); /* no trunk */
	goes(t, "{'given':{'from':'+4912','to':'030123456'},'expect':{'status':403}}", NULL);
	goes(t, "{'given':{'from':'+4912','to':'+4930555'},'expect':{'users':['1000']}}", NULL);
	t->class.allows = DIAL_LOCAL_OK;
	goes(t, "{'given':{'from':'1001','to':'030123456'},'expect':{'status':403}}", NULL);
	goes(t, "{'given':{'from':'1001','to':'112'},'expect':{'status':404}}", NULL); /* not the class's 403 */
	t->class.with_pin = DIAL_NATIONAL_OK;
	goes(t, "{'given':{'from':'1001','to':'030123456'},'expect':{'action':'collect'}}", NULL);
	goes(t, "{'given':{'from':'1001','to':'030123456'},'when':[{'digits':'1'},{'digits':'4711'}],"
	        "'expect':{'status':404}}", NULL);
	goes(t, "{'given':{'from':'1001','to':'030123456'},'when':[{'digits':'1'},{'digits':'2'},{'digits':''}],"
	        "'expect':{'status':403}}", NULL);
	t->blocks = true;
	goes(t, "{'given':{'from':'+4917','to':'1002'},'expect':{'status':603}}", NULL);
	goes(t, "{'given':{'from':'+4918','to':'1002'},'expect':{'users':['1002']}}", NULL);
	goes(t, "{'given':{'from':'+4917','to':'112'},'expect':{'status':404}}", NULL);
}

static void test_forward_to_a_number(void **state)
{
	struct tenant *t = *state;

	set_flow(t, 0, "{\"a\":{\"kind\":\"forward\",\"number\":\"1005\",\"exits\":{\"busy\":\"b\",\"failed\":\"z\"}},"
	               "\"b\":{\"kind\":\"forward\",\"number\":\"1006${room}\",\"exits\":{\"failed\":\"z\"}},"
	               "\"z\":{\"kind\":\"hangup\",\"cause\":\"busy\"}}");
	t->users[5].mailbox = 0;
	goes(t, "{'given':{'from':'1001','to':'500'},'expect':{'path':['a'],'users':['1005']}}", NULL);
	goes(t, "{'given':{'from':'1001','to':'500'},'when':[{'ring':'busy'}],"
	        "'expect':{'path':['b'],'users':['1006']}}", NULL);
	set_flow(t, 0, "{\"a\":{\"kind\":\"forward\",\"number\":\"7777\",\"exits\":{\"failed\":\"z\"}},"
	               "\"z\":{\"kind\":\"hangup\",\"cause\":\"busy\"}}");
	goes(t, "{'given':{'from':'1001','to':'500'},'expect':{'path':['a','z'],'status':486}}", NULL);
	set_flow(t, 0, "{\"a\":{\"kind\":\"forward\",\"number\":\"7777\"}}");
	goes(t, "{'given':{'from':'1001','to':'500'},'expect':{'action':'reject','status':404}}", NULL);
}

static void test_texts_are_expanded(void **state)
{
	struct tenant *t = *state;
	struct route_state s = {0};
	struct route_decision d;
	const struct route_presence here[] = {{.user = USER0 + 3, .registered = 1},
	                                      {.user = USER0 + 4, .registered = 1}};
	struct route_facts f = {.event = ROUTE_BEGIN, .caller = &t->users[1], .dialled = STR("500")};

	set_flow(t, 0, menu);
	route_step(t, &f, &s, &d, NULL);
	f.event = ROUTE_DIGITS;
	f.digits = STR("1");
	route_step(t, &f, &s, &d, NULL);
	f.event = ROUTE_PRESENCE;
	f.presence = here;
	f.n_presence = 2;
	route_step(t, &f, &s, &d, NULL);
	assert_int_equal(d.action, ROUTE_RING);
	assert_true(str_eq(d.prefix, STR("Sales Acme")));
}

static void test_shape_of_tests(void **state)
{
	json_t *good = json_loads("{\"expect\":{\"action\":\"ring\"}}", 0, NULL);
	json_t *bad = json_loads("{\"given\":{\"moon\":1,\"at\":\"x\"},\"when\":[{\"ring\":\"maybe\"},7],"
	                         "\"expect\":{\"status\":\"x\"}}", 0, NULL);
	struct buf why;
	(void)state;

	buf_init(&why, 4096);
	assert_int_equal(flow_test_check(good, "", &why), 0);
	assert_int_equal(flow_test_check(bad, "flow_tests[1]", &why), E_POLICY);
	buf_ch(&why, '\0');
	assert_non_null(strstr(why.p, "flow_tests[1].moon: is none of"));
	assert_non_null(strstr(why.p, "flow_tests[1].ring: is not a word"));
	assert_non_null(strstr(why.p, "flow_tests[1].expect: \"status\" is none of"));
	json_decref(good);
	json_decref(bad);
	buf_fini(&why);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_user_rings_and_then_voicemail),
		T(test_settings_of_a_user_are_nodes),
		T(test_plain_outcomes_without_voicemail),
		T(test_forwards_in_a_circle_end),
		T(test_strategies),
		T(test_group_skips_busy_members_and_comes_out),
		T(test_members_have_one_bit_each),
		T(test_menu),
		T(test_schedule_branch_set_subflow),
		T(test_collect_webhook_queue_conference_directory),
		T(test_feature_codes_change_settings),
		T(test_change_is_a_decision),
		T(test_numbers_outside_and_classes),
		T(test_forward_to_a_number),
		T(test_texts_are_expanded),
		T(test_shape_of_tests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
