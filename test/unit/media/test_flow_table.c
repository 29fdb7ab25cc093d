// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/rng.h"
#include "media/flow_table.h"

enum { MAX = 200, KEYS = 300 };

static const struct hash_key hash = {3, 4};

static struct flow_key key_no(uint32_t i)
{
	struct addr a = {
	    .family = ADDR_V4, .port = (uint16_t)(i % 7), .ip = {10, 0, 0, (uint8_t)i}};
	return flow_key_of((uint16_t)(20000 + 2 * (i / 256)), &a);
}

static void test_same_key_is_inserted_once(void **state)
{
	(void)state;
	struct flow_table t;
	flow_table_init(&t, 4, &hash);
	struct flow_key k = key_no(1);
	assert_null(flow_find(&t, &k));
	struct flow *f = flow_insert(&t, &k);
	assert_non_null(f);
	assert_null(flow_insert(&t, &k));
	assert_ptr_equal(flow_find(&t, &k), f);
	flow_remove(&t, f);
	assert_null(flow_find(&t, &k));
	flow_table_fini(&t);
}

static void test_key_ignores_padding_of_the_address(void **state)
{
	(void)state;
	struct addr a = {.family = ADDR_V4, .port = 9, .ip = {1}};
	struct flow_key clean = flow_key_of(2, &a);
	a.pad = 0xff;
	struct flow_key dirty = flow_key_of(2, &a);
	assert_memory_equal(&clean, &dirty, sizeof clean);
}

static void test_full_table_refuses_and_takes_again(void **state)
{
	(void)state;
	struct flow_table t;
	flow_table_init(&t, 3, &hash);
	struct flow *f[3];
	for (uint32_t i = 0; i < 3; i++) {
		struct flow_key k = key_no(i);
		f[i] = flow_insert(&t, &k);
		assert_non_null(f[i]);
	}
	struct flow_key k = key_no(9);
	assert_null(flow_insert(&t, &k));
	f[1]->packets = 77;
	flow_remove(&t, f[1]);
	struct flow *again = flow_insert(&t, &k);
	assert_non_null(again);
	assert_int_equal(again->packets, 0);
	flow_table_fini(&t);
}

/** Removal closes gaps in runs of slots: every other flow must stay findable, in its place. */
static void test_agrees_with_an_array_under_random_insert_and_remove(void **state)
{
	(void)state;
	struct flow_table t;
	flow_table_init(&t, MAX, &hash);
	struct flow *model[KEYS] = {NULL};
	size_t n = 0;
	struct rng r;
	rng_init_seed(&r, 5);
	for (size_t step = 0; step < 50000; step++) {
		uint32_t i = rng_below(&r, KEYS);
		struct flow_key k = key_no(i);
		if (model[i]) {
			flow_remove(&t, model[i]);
			model[i] = NULL;
			n--;
		} else {
			model[i] = flow_insert(&t, &k);
			assert_int_equal(model[i] != NULL, n < MAX);
			n += model[i] != NULL;
		}
		assert_int_equal(t.n, n);
		uint32_t other = rng_below(&r, KEYS);
		k = key_no(other);
		assert_ptr_equal(flow_find(&t, &k), model[other]);
	}
	for (uint32_t i = 0; i < KEYS; i++) {
		struct flow_key k = key_no(i);
		assert_ptr_equal(flow_find(&t, &k), model[i]);
	}
	flow_table_fini(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_same_key_is_inserted_once),
	    cmocka_unit_test(test_key_ignores_padding_of_the_address),
	    cmocka_unit_test(test_full_table_refuses_and_takes_again),
	    cmocka_unit_test(test_agrees_with_an_array_under_random_insert_and_remove),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
