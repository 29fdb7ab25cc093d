// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/list.h"
#include "base/map.h"

enum { MANY = 5000 };

struct item {
	struct map_node node;
	unsigned number, seen;
};

static struct item *items_new(void)
{
	struct item *items = test_calloc(MANY, sizeof *items);

	for (unsigned i = 0; i < MANY; i++)
		items[i].number = i;
	return items;
}

/* Few hashes, so that many entries share one. */
static uint64_t hash_of(unsigned number)
{
	return (number % 1000) * 0x9e3779b97f4a7c15ULL;
}

static struct item *find(const struct map *m, unsigned number)
{
	for (struct map_node *n = map_find(m, hash_of(number)); n; n = map_next(n)) {
		struct item *item = container_of(n, struct item, node);

		if (item->number == number)
			return item;
	}
	return NULL;
}

static void test_finds_what_is_in_and_nothing_else(void **state)
{
	struct item *items = items_new();
	struct map m;

	(void)state;
	map_init(&m);
	assert_null(find(&m, 1));
	for (unsigned i = 0; i < MANY; i++)
		map_insert(&m, &items[i].node, hash_of(i));
	assert_int_equal(m.n, MANY);
	for (unsigned i = 0; i < MANY; i += 2)
		map_remove(&m, &items[i].node);
	assert_int_equal(m.n, MANY / 2);
	for (unsigned i = 0; i < MANY; i++)
		assert_ptr_equal(find(&m, i), i % 2 ? &items[i] : NULL);
	map_fini(&m);
	assert_int_equal(m.n, 0);
	assert_null(find(&m, 1));
	test_free(items);
}

static void test_find_and_next_skip_other_hashes_of_a_slot(void **state)
{
	struct item a = {.number = 1}, b = {.number = 2}, c = {.number = 3};
	struct map m;

	(void)state;
	map_init(&m);
	map_insert(&m, &a.node, 5);
	map_insert(&m, &b.node, 5 + 16); /* the same slot of 16 */
	map_insert(&m, &c.node, 5);
	assert_ptr_equal(map_find(&m, 5), &c.node);
	assert_ptr_equal(map_next(&c.node), &a.node);
	assert_null(map_next(&a.node));
	assert_ptr_equal(map_find(&m, 21), &b.node);
	assert_null(map_find(&m, 37));
	assert_null(map_find(&m, 5 | 7ULL << 61)); /* not even by the hints */
	map_remove(&m, &c.node);
	map_remove(&m, &a.node);
	assert_null(map_find(&m, 5));
	assert_ptr_equal(map_find(&m, 21), &b.node);
	map_remove(&m, &b.node);
	assert_null(map_find(&m, 21));
	map_fini(&m);
}

static void test_walk_sees_each_once_and_allows_removal(void **state)
{
	struct item *items = items_new();
	struct map_node *n, *next;
	struct map m;
	size_t pos = 0;

	(void)state;
	map_init(&m);
	assert_null(map_walk(&m, NULL, &pos));
	for (unsigned i = 0; i < MANY; i++)
		map_insert(&m, &items[i].node, hash_of(i));
	pos = 0;
	for (n = map_walk(&m, NULL, &pos); n; n = next) {
		next = map_walk(&m, n, &pos);
		container_of(n, struct item, node)->seen++;
		map_remove(&m, n);
	}
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(items[i].seen, 1);
	assert_int_equal(m.n, 0);
	map_fini(&m);
	test_free(items);
}

/* Between two steps of it everything is found, walked, removed and replaced, wherever it is. */
static void test_growing_map_is_whole_at_every_step(void **state)
{
	enum { N = 300 };
	struct item *items = items_new(), other = {0};
	struct map m;
	size_t growing = 0;

	(void)state;
	map_init(&m);
	for (unsigned i = 0; i < N; i++) {
		size_t pos = 0, walked = 0;

		map_insert(&m, &items[i].node, hash_of(i));
		growing += m.old.slots != NULL;
		for (struct map_node *n = map_walk(&m, NULL, &pos); n; n = map_walk(&m, n, &pos))
			walked++;
		assert_int_equal(walked, i + 1);
		for (unsigned k = 0; k <= i; k++)
			assert_ptr_equal(find(&m, k), &items[k]);
		assert_null(find(&m, i + 1));
		map_remove(&m, &items[i / 2].node);
		assert_null(find(&m, i / 2));
		map_insert(&m, &items[i / 2].node, hash_of(i / 2));
		other.number = i / 3;
		map_replace(&m, &items[i / 3].node, &other.node);
		assert_ptr_equal(find(&m, i / 3), &other);
		map_replace(&m, &other.node, &items[i / 3].node);
	}
	assert_true(growing > 50 && growing < N);
	map_fini(&m);
	test_free(items);
}

/* A map of a million entries stopped its thread for 100 ms when it doubled. */
static void test_insertion_moves_few_entries(void **state)
{
	struct item *items = items_new();
	struct map m;

	(void)state;
	map_init(&m);
	for (unsigned i = 0; i < MANY; i++) {
		size_t moved = m.moved, was_growing = m.old.slots != NULL;

		map_insert(&m, &items[i].node, i * 0x9e3779b97f4a7c15ULL);
		assert_true(!was_growing || !m.old.slots || m.moved <= moved + 4);
		assert_true(m.table.n_slots >= m.n / 2);
	}
	map_fini(&m);
	test_free(items);
}

static void test_replacement_stands_where_the_old_one_stood(void **state)
{
	struct item a = {.number = 1}, b = {.number = 2}, c = {.number = 3}, other = {.number = 4};
	struct map m;
	size_t pos = 0;

	(void)state;
	map_init(&m);
	map_insert(&m, &a.node, 5);
	map_insert(&m, &b.node, 5 + 16);
	map_insert(&m, &c.node, 5);
	map_replace(&m, &b.node, &other.node);
	assert_int_equal(m.n, 3);
	assert_null(b.node.next);
	assert_ptr_equal(map_find(&m, 21), &other.node);
	assert_ptr_equal(map_walk(&m, NULL, &pos), &c.node);
	assert_ptr_equal(map_walk(&m, &c.node, &pos), &other.node);
	assert_ptr_equal(map_walk(&m, &other.node, &pos), &a.node);
	map_fini(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_what_is_in_and_nothing_else),
		cmocka_unit_test(test_find_and_next_skip_other_hashes_of_a_slot),
		cmocka_unit_test(test_walk_sees_each_once_and_allows_removal),
		cmocka_unit_test(test_growing_map_is_whole_at_every_step),
		cmocka_unit_test(test_insertion_moves_few_entries),
		cmocka_unit_test(test_replacement_stands_where_the_old_one_stood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
