// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "shrink.h"

enum { ITEMS = 2000 };

/** Fails with all of some items, or with any one of others. */
struct fault {
	const unsigned *all, *any;
	unsigned n_all, n_any, asked;
};

static bool fails(const uint8_t *skip, unsigned n, void *arg)
{
	struct fault *f = arg;
	bool one = !f->n_any;
	f->asked++;
	for (unsigned i = 0; i < f->n_all; i++)
		if (f->all[i] >= n || (skip && skip[f->all[i]]))
			return false;
	for (unsigned i = 0; i < f->n_any; i++)
		one |= f->any[i] < n && !(skip && skip[f->any[i]]);
	return one;
}

static void test_the_end_is_the_last_that_is_needed(void **state)
{
	const unsigned all[] = {3, 297}, first[] = {0}, last[] = {ITEMS - 1};
	struct fault f = {.all = all, .n_all = 2};
	assert_int_equal(shrink_end(ITEMS, fails, &f), 298);
	assert_true(f.asked <= 11);
	f = (struct fault){.all = first, .n_all = 1};
	assert_int_equal(shrink_end(ITEMS, fails, &f), 1);
	f = (struct fault){.all = last, .n_all = 1};
	assert_int_equal(shrink_end(ITEMS, fails, &f), ITEMS);
	(void)state;
}

static void test_only_what_is_needed_is_left(void **state)
{
	const unsigned all[] = {0, 7, 8, 1000, 1001, 1998, ITEMS - 1};
	struct fault f = {.all = all, .n_all = 7};
	uint8_t skip[ITEMS] = {0};
	assert_int_equal(shrink_items(skip, ITEMS, fails, &f), 7);
	for (unsigned i = 0, k = 0; i < ITEMS; i++) {
		bool needed = k < 7 && all[k] == i;
		assert_int_equal(skip[i], !needed);
		k += needed;
	}
	assert_true(f.asked < 300); /* not once for each item */
	(void)state;
}

static void test_one_of_several_is_enough(void **state)
{
	const unsigned all[] = {50}, any[] = {10, 20, 60, 70};
	struct fault f = {.all = all, .n_all = 1, .any = any, .n_any = 4};
	uint8_t skip[100] = {0};
	assert_int_equal(shrink_items(skip, 100, fails, &f), 2);
	assert_false(skip[50]);
	assert_int_equal(skip[10] + skip[20] + skip[60] + skip[70], 3);
	(void)state;
}

/* Item 4 can be left out only when 9 is gone, which is tried after it. */
static bool fails_oddly(const uint8_t *skip, unsigned n, void *arg)
{
	(void)arg;
	return n == 10 && !skip[0] && (skip[9] || !skip[4]);
}

static void test_what_could_not_be_left_out_is_tried_again(void **state)
{
	uint8_t skip[10] = {0};
	assert_int_equal(shrink_items(skip, 10, fails_oddly, NULL), 1);
	assert_false(skip[0]);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_end_is_the_last_that_is_needed),
		cmocka_unit_test(test_only_what_is_needed_is_left),
		cmocka_unit_test(test_one_of_several_is_enough),
		cmocka_unit_test(test_what_could_not_be_left_out_is_tried_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
