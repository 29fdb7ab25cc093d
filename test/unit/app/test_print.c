// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "app/print.h"

static void prints(enum command_id command, const char *json, const char *text, const char *want)
{
	struct buf out;
	json_error_t e;
	json_t *v = json_loads(json, 0, &e);
	if (!v)
		fail_msg("%s: %s", json, e.text);
	buf_init(&out, 65536);
	print_result(&out, command, v, str_z(text));
	buf_ch(&out, 0);
	assert_string_equal(out.p, want);
	json_decref(v);
	buf_fini(&out);
}

static void test_table_is_aligned_by_characters_not_bytes(void **state)
{
	(void)state;
	prints(COMMAND_GET,
	       "[{\"tenant\":\"acme\",\"kind\":\"user\",\"id\":2,\"version\":1,"
	       "\"fields\":{\"extension\":\"1001\",\"name\":\"J\\u00fcrgen\"}},"
	       "{\"tenant\":\"b\",\"kind\":\"user\",\"id\":13,\"version\":4,\"fields\":{\"name\":\"Bob\"}}]",
	       "",
	       "TENANT  EXTENSION  NAME    VERSION  ID\n"
	       "acme    1001       J\xc3\xbcrgen  1        2\n"
	       "b       -          Bob     4        13\n");
}

static void test_control_characters_do_not_reach_the_terminal(void **state)
{
	(void)state;
	prints(COMMAND_HANGUP, "[\"a\\u001b[31m\\u009bx\\u007f\"]", "", "ended: a?[31m?x?\n");
}

static void test_change_shows_the_daemons_lines_and_a_sum(void **state)
{
	(void)state;
	prints(COMMAND_APPLY, "{\"tenant\":\"acme\",\"version\":3,\"changes\":[{\"op\":\"add\"}]}",
	       "+ user Alice (1001)\n", "+ user Alice (1001)\ntenant acme: 1 change, version 3\n");
	prints(COMMAND_PLAN, "{\"tenant\":\"acme\",\"version\":3,\"changes\":[]}", "",
	       "tenant acme: 0 changes, version 3\n");
}

static void test_explanation_is_the_trace_and_then_the_decision(void **state)
{
	(void)state;
	prints(COMMAND_EXPLAIN,
	       "{\"tenant\":\"acme\",\"version\":1,\"from\":\"1001\",\"to\":\"1002\",\"at\":\"T\","
	       "\"decision\":{\"action\":\"ring\",\"ring_ms\":30000,\"users\":[{\"id\":3,\"name\":\"Bob\","
	       "\"extension\":\"1002\",\"devices\":[\"1002\",\"bob-desk\"]}]},"
	       "\"trace\":[{\"rule\":\"extension\",\"saw\":\"1002\",\"result\":\"matched\",\"why\":\"it is Bob's\"}]}",
	       "",
	       "1001 of acme (version 1) dials 1002 at T\n"
	       "|- extension [1002] matched: it is Bob's\n"
	       "=> ring Bob (1002; devices: 1002, bob-desk) for 30 s\n");
	prints(COMMAND_EXPLAIN,
	       "{\"tenant\":\"acme\",\"version\":1,\"from\":\"1001\",\"to\":\"9\",\"at\":\"T\","
	       "\"decision\":{\"action\":\"reject\",\"status\":404,\"reason\":\"Not Found\"},\"trace\":[]}",
	       "", "1001 of acme (version 1) dials 9 at T\n=> reject 404 Not Found\n");
}

static void test_one_object_is_shown_whole(void **state)
{
	(void)state;
	prints(COMMAND_GET,
	       "[{\"kind\":\"device\",\"fields\":{\"username\":\"1001\",\"global_username\":\"acme-1001-x\"}}]",
	       "", "kind: device\nfields:\n  username: 1001\n  global_username: acme-1001-x\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_is_aligned_by_characters_not_bytes),
		cmocka_unit_test(test_control_characters_do_not_reach_the_terminal),
		cmocka_unit_test(test_change_shows_the_daemons_lines_and_a_sum),
		cmocka_unit_test(test_explanation_is_the_trace_and_then_the_decision),
		cmocka_unit_test(test_one_object_is_shown_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
