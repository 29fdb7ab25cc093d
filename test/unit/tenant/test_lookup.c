// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/hash.h"
#include "tenant/lookup.h"

static void test_table_is_two_thirds_full(void **state)
{
	(void)state;
	assert_int_equal(lookup_slots(0), 1);
	for (size_t n = 1; n < 3000; n++) {
		assert_true(lookup_slots(n) > n);
		assert_true(lookup_slots(n) * 2 <= n * 3 + 2);
	}
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
	enum { LAST = 0xfffffff0, N = 6 };
	struct lookup_slot slots[N + N / 2 + 1] = {{0}};
	struct lookup l;
	size_t at, n = 0;

	(void)state;
	lookup_init(&l, slots, N);
	lookup_add(&l, LAST + 1, 40);
	lookup_add(&l, LAST, 10);
	lookup_add(&l, LAST, 11);
	lookup_add(&l, LAST, 12);
	for (at = lookup_first(&l, LAST); lookup_hit(&l, LAST, &at); at = lookup_next(&l, at))
		assert_int_equal(lookup_value(&l, at), 10 + n++);
	assert_int_equal(n, 3);
	assert_int_equal(slots[0].value, 10 + 1);
	at = lookup_first(&l, LAST + 2);
	assert_false(lookup_hit(&l, LAST + 2, &at));
	assert_int_equal(slots[at].value, 0);
}

/* A bit of the hash above the 32 that are kept makes no difference. */
static void test_hash_of_a_slot_is_the_hash_of_its_key(void **state)
{
	struct lookup_slot small[5] = {{0}}, large[151] = {{0}};
	struct hash_key key = {3, 4};
	struct lookup from, to;
	size_t at;

	(void)state;
	lookup_init(&from, small, 3);
	lookup_init(&to, large, 100);
	lookup_add(&from, hash_u64(&key, 5), 5);
	for (size_t i = 0; i < from.n_slots; i++) {
		if (small[i].value)
			lookup_add(&to, small[i].tag, small[i].value - 1);
	}
	at = lookup_first(&to, hash_u64(&key, 5));
	assert_true(lookup_hit(&to, hash_u64(&key, 5), &at));
	assert_int_equal(lookup_value(&to, at), 5);
}

static void test_empty_table_has_no_hit(void **state)
{
	struct lookup_slot slots[1] = {{0}};
	struct lookup l;
	size_t at;

	(void)state;
	lookup_init(&l, slots, 0);
	at = lookup_first(&l, UINT64_MAX);
	assert_int_equal(at, 0);
	assert_false(lookup_hit(&l, UINT64_MAX, &at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_is_two_thirds_full),
		cmocka_unit_test(test_every_entry_is_found_and_no_other),
		cmocka_unit_test(test_equal_hashes_are_all_visited),
		cmocka_unit_test(test_hash_of_a_slot_is_the_hash_of_its_key),
		cmocka_unit_test(test_empty_table_has_no_hit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
