// SPDX-License-Identifier: Apache-2.0
/* By which ways a call gets somewhere: through flows, groups and settings, never round in circles. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tenant/reach.h"

static void add(struct object_set *s, uint64_t id, const char *key, const char *body)
{
	json_error_t e;
	json_t *j = json_loads(body, 0, &e);

	if (!j)
		fail_msg("%s", e.text);
	object_set_add(s, (struct object){
		.id = id, .kind = KIND_USER, .key = str_dupz(str_z(key)), .body = j});
}

static void test_ways(void **state)
{
	struct object_set s = {0};
	json_t *ways;
	struct buf out;

	(void)state;
	add(&s, 1, "1001", "{\"extension\":\"1001\",\"forward_busy\":{\"kind\":\"user\",\"id\":2}}");
	add(&s, 2, "1002", "{\"extension\":\"1002\",\"fallback\":{\"kind\":\"user\",\"id\":1}}");
	add(&s, 3, "main", "{\"extension\":\"500\",\"start\":\"greet\",\"nodes\":{"
	                   "\"greet\":{\"kind\":\"menu\",\"exits\":{\"1\":\"sales\"}},"
	                   "\"sales\":{\"kind\":\"ring\",\"members\":[{\"target\":{\"kind\":\"user\",\"id\":2}}]},"
	                   "\"lost\":{\"kind\":\"forward\",\"to\":{\"kind\":\"user\",\"id\":1}}}}");
	buf_init(&out, 4096);
	ways = reach(&s, STR("1002"));
	assert_int_equal(json_array_size(ways), 3);
	reach_put_text(&out, ways);
	assert_true(str_eq(buf_view(&out), STR("user 1002\n"
	                                       "user 1001 [forward_busy] => user 1002\n"
	                                       "user main [greet 1 -> sales] => user 1002\n")));
	json_decref(ways);
	ways = reach(&s, STR("user:1001")); /* not by the node that nothing leads to */
	buf_reset(&out);
	reach_put_text(&out, ways);
	assert_true(str_eq(buf_view(&out), STR("user 1001\n"
	                                       "user 1002 [fallback] => user 1001\n"
	                                       "user main [greet 1 -> sales] => user 1002 [fallback] => user 1001\n")));
	json_decref(ways);
	assert_null(reach(&s, STR("user:9")));
	assert_null(reach(&s, STR("")));
	buf_fini(&out);
	object_set_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_ways)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
