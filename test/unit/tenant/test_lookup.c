// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/hash.h"
#include "tenant/lookup.h"

static void test_table_is_at_most_three_quarters_full(void **state)
{
	(void)state;
	for (size_t n = 0; n < 3000; n++) {
		size_t slots = lookup_slots(n);

		assert_int_equal(slots & (slots - 1), 0);
		assert_true(n * 4 <= slots * 3);
		assert_true(slots > n);
	}
	assert_int_equal(lookup_slots(3), 4);
	assert_int_equal(lookup_slots(4), 8);
}

static void test_every_entry_is_found_and_no_other(void **state)
{
	enum { N = 3000 };
	struct lookup_slot *slots = calloc(lookup_slots(N), sizeof *slots);
	struct hash_key key = {1, 2};
	struct lookup l;

	(void)state;
	lookup_init(&l, slots, N);
	for (uint32_t i = 0; i < N; i++)
		lookup_add(&l, hash_u64(&key, i), i);
	for (uint32_t i = 0; i < 2 * N; i++) {
		uint64_t hash = hash_u64(&key, i);
		size_t at = lookup_first(&l, hash);
		size_t hits = 0;

		for (; lookup_hit(&l, hash, &at); at = lookup_next(&l, at))
			hits += lookup_value(&l, at) == i;
		assert_int_equal(hits, i < N);
	}
	free(slots);
}

/* Equal hashes at the end of the table: the search goes on at its beginning. */
static void test_equal_hashes_are_all_visited(void **state)
{
	struct lookup_slot slots[8] = {{0}};
	struct lookup l;
	size_t at, n = 0;

	(void)state;
	lookup_init(&l, slots, 6);
	lookup_add(&l, 0x17, 40);
	lookup_add(&l, 0x0f, 10);
	lookup_add(&l, 0x0f, 11);
	lookup_add(&l, 0x0f, 12);
	for (at = lookup_first(&l, 0x0f); lookup_hit(&l, 0x0f, &at); at = lookup_next(&l, at))
		assert_int_equal(lookup_value(&l, at), 10 + n++);
	assert_int_equal(n, 3);
	at = lookup_first(&l, 0x27);
	assert_false(lookup_hit(&l, 0x27, &at));
	assert_int_equal(slots[at].value, 0);
}

static void test_empty_table_has_no_hit(void **state)
{
	struct lookup_slot slots[4] = {{0}};
	struct lookup l;
	size_t at;

	(void)state;
	lookup_init(&l, slots, 0);
	at = lookup_first(&l, 0);
	assert_false(lookup_hit(&l, 0, &at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_is_at_most_three_quarters_full),
		cmocka_unit_test(test_every_entry_is_found_and_no_other),
		cmocka_unit_test(test_equal_hashes_are_all_visited),
		cmocka_unit_test(test_empty_table_has_no_hit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
