// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/slab.h"

enum { MANY = 5000 };

static size_t size_of(size_t i)
{
	return 1 + i * 37 % (SLAB_MAX + 200);
}

static void test_blocks_are_aligned_and_do_not_overlap(void **state)
{
	(void)state;
	struct slab s;
	unsigned char *p[MANY];
	slab_init(&s);
	for (size_t i = 0; i < MANY; i++) {
		p[i] = slab_alloc(&s, size_of(i));
		assert_int_equal((uintptr_t)p[i] % 16, 0);
		memset(p[i], (int)(i & 255), size_of(i));
	}
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(p[i][0], i & 255);
		assert_int_equal(p[i][size_of(i) - 1], i & 255);
		slab_free(&s, p[i], size_of(i));
	}
	slab_fini(&s);
}

/* With AddressSanitizer there are no regions at all, and these hold as well. */
static void test_what_was_freed_is_used_again(void **state)
{
	(void)state;
	struct slab s;
	void *p[MANY];
	size_t regions = 0;
	slab_init(&s);
	for (unsigned round = 0; round < 3; round++) {
		for (size_t i = 0; i < MANY; i++)
			p[i] = slab_alloc(&s, size_of(i));
		if (round == 0)
			regions = s.n_regions;
		assert_int_equal(s.n_regions, regions); /* no more memory than the first time */
		for (size_t i = round; i < MANY; i++) /* some stay */
			slab_free(&s, p[i], size_of(i));
		for (size_t i = 0; i < round; i++)
			slab_free(&s, p[i], size_of(i));
	}
	slab_fini(&s);
}

/* The transactions of a flood kept their memory for good: up to 180 MB. */
static void test_memory_of_a_flood_is_given_back(void **state)
{
	(void)state;
	enum { FLOOD = 100000 };
	struct slab s;
	void **p = test_calloc(FLOOD, sizeof *p);
	slab_init(&s);
	for (unsigned round = 0; round < 2; round++) {
		for (size_t i = 0; i < FLOOD; i++)
			p[i] = slab_alloc(&s, size_of(i));
		for (size_t i = 0; i < FLOOD; i++) /* in order, and the last ones at last */
			slab_free(&s, p[i], size_of(i));
		assert_true(s.n_regions <= 1);
		assert_int_equal(s.n_empty, s.n_regions);
	}
	slab_fini(&s);
	test_free(p);
}

static void test_emptied_chunk_serves_another_size(void **state)
{
	(void)state;
	enum { N = 1000 };
	struct slab s;
	void *p[N];
	slab_init(&s);
	for (size_t n = 64; n <= SLAB_MAX; n += 64) {
		for (size_t i = 0; i < N; i++) {
			p[i] = slab_alloc(&s, n);
			memset(p[i], (int)(i & 255), n);
		}
		assert_true(s.n_regions <= 2);
		for (size_t i = 0; i < N; i++) {
			assert_int_equal(((unsigned char *)p[i])[n - 1], i & 255);
			slab_free(&s, p[i], n);
		}
	}
	slab_fini(&s);
}

static void test_nothing_is_null_and_zeroed_is_zero(void **state)
{
	(void)state;
	struct slab s;
	slab_init(&s);
	assert_null(slab_alloc(&s, 0));
	assert_null(slab_dup(&s, STR_NONE));
	slab_free(&s, NULL, 0);
	char *p = slab_dup(&s, STR("hello"));
	assert_memory_equal(p, "hello", 5);
	slab_free(&s, p, 5);
	p = slab_zalloc(&s, 64);
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(p[i], 0);
	slab_free(&s, p, 64);
	slab_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_blocks_are_aligned_and_do_not_overlap),
	    cmocka_unit_test(test_what_was_freed_is_used_again),
	    cmocka_unit_test(test_memory_of_a_flood_is_given_back),
	    cmocka_unit_test(test_emptied_chunk_serves_another_size),
	    cmocka_unit_test(test_nothing_is_null_and_zeroed_is_zero),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
