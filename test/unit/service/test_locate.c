// SPDX-License-Identifier: Apache-2.0
/* Who is in a call, and answers of several shards that become one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "service/locate.h"

static const struct hash_key key = {1, 2};

static void test_calls_of_a_user_are_counted(void **state)
{
	(void)state;
	struct presence_table p;
	presence_init(&p, &key);
	presence_begin(&p, 1, 7);
	presence_begin(&p, 1, 7);
	assert_int_equal(presence_of(&p, 1, 7).calls, 2);
	presence_end(&p, 1, 7, 5000);
	assert_int_equal(presence_of(&p, 1, 7).calls, 1);
	assert_int_equal(presence_of(&p, 1, 7).last_end_ms, 5000);
	presence_end(&p, 1, 7, 6000);
	presence_end(&p, 1, 7, 7000); /* one too many changes nothing */
	assert_int_equal(presence_of(&p, 1, 7).calls, 0);
	assert_int_equal(presence_of(&p, 1, 7).last_end_ms, 6000);
	presence_fini(&p);
}

static void test_the_same_id_in_another_tenant_is_somebody_else(void **state)
{
	(void)state;
	struct presence_table p;
	presence_init(&p, &key);
	presence_begin(&p, 1, 7);
	assert_int_equal(presence_of(&p, 2, 7).calls, 0);
	presence_end(&p, 2, 7, 5000);
	assert_int_equal(presence_of(&p, 1, 7).calls, 1);
	presence_fini(&p);
}

/** An answer about `n` users, from `first` on, with as many targets. */
static struct mail_located *answer(uint32_t gather, uint64_t first, size_t n)
{
	struct mail_located *m =
		malloc(sizeof *m + n * (sizeof *m->presence + sizeof *m->targets));
	*m = (struct mail_located){.who = {.key = 5, .gather = gather}, .n_presence = n, .n_targets = n};
	m->targets = (struct call_target *)(void *)m->room;
	m->presence = (struct route_presence *)(void *)(m->targets + n);
	memset(m->targets, 0, n * sizeof *m->targets);
	for (size_t i = 0; i < n; i++) {
		m->presence[i] = (struct route_presence){.user = first + i, .registered = 1};
		m->targets[i].user = first + i;
	}
	return m;
}

static void test_answers_become_one_when_all_are_there(void **state)
{
	(void)state;
	struct gathers g;
	struct gathered *whole;
	gathers_init(&g);
	uint32_t one = gather_begin(&g, 2), two = gather_begin(&g, 2);
	assert_null(gather_take(&g, answer(one, 1, 2), &whole));
	assert_null(gather_take(&g, answer(two, 100, 1), &whole));
	struct mail_located *m = gather_take(&g, answer(one, 10, 3), &whole);
	assert_non_null(m);
	assert_int_equal(m->who.key, 5);
	assert_int_equal(m->n_presence, 5);
	assert_int_equal(m->n_targets, 5);
	assert_int_equal(m->presence[1].user, 2);
	assert_int_equal(m->targets[4].user, 12);
	gather_end(whole, m);
	gathers_fini(&g); /* the other question is given up with its part */
}

static void test_no_more_targets_than_one_shard_may_name(void **state)
{
	(void)state;
	struct gathers g;
	struct gathered *whole;
	gathers_init(&g);
	uint32_t one = gather_begin(&g, 2);
	assert_null(gather_take(&g, answer(one, 1, SHARD_MAX_TARGETS), &whole));
	struct mail_located *m = gather_take(&g, answer(one, 100, 3), &whole);
	assert_non_null(m);
	assert_int_equal(m->n_targets, SHARD_MAX_TARGETS);
	assert_int_equal(m->n_presence, SHARD_MAX_TARGETS + 3);
	gather_end(whole, m);
	gathers_fini(&g);
}

static void test_an_answer_to_no_question_is_dropped(void **state)
{
	(void)state;
	struct gathers g;
	struct gathered *whole;
	gathers_init(&g);
	assert_null(gather_take(&g, answer(9, 1, 1), &whole));
	gathers_fini(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls_of_a_user_are_counted),
		cmocka_unit_test(test_the_same_id_in_another_tenant_is_somebody_else),
		cmocka_unit_test(test_answers_become_one_when_all_are_there),
		cmocka_unit_test(test_no_more_targets_than_one_shard_may_name),
		cmocka_unit_test(test_an_answer_to_no_question_is_dropped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
