// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"

static void test_allocations_are_aligned_apart_and_kept(void **state)
{
	unsigned char *p[200];
	struct arena a;

	(void)state;
	arena_init(&a, 256);
	for (size_t i = 0; i < 200; i++) {
		p[i] = arena_alloc(&a, i);
		assert_int_equal((uintptr_t)p[i] % 16, 0);
		memset(p[i], (int)i, i);
	}
	for (size_t i = 0; i < 200; i++) {
		for (size_t k = 0; k < i; k++)
			assert_int_equal(p[i][k], i);
		assert_true(i == 0 || p[i] != p[i - 1]);
	}
	arena_fini(&a);
}

static void test_zalloc_is_zero_also_in_reused_memory(void **state)
{
	struct arena a;
	char *p;

	(void)state;
	arena_init(&a, 64);
	memset(arena_alloc(&a, 64), 'x', 64);
	arena_reset(&a);
	p = arena_zalloc(&a, 64);
	for (int i = 0; i < 64; i++)
		assert_int_equal(p[i], 0);
	arena_fini(&a);
}

static void test_reset_keeps_the_largest_chunk(void **state)
{
	struct arena a;
	void *large;

	(void)state;
	arena_init(&a, 64);
	arena_reset(&a);
	(void)arena_alloc(&a, 10);
	large = arena_alloc(&a, 10000);
	(void)arena_alloc(&a, 60);
	(void)arena_alloc(&a, 60);
	arena_reset(&a);
	assert_ptr_equal(arena_alloc(&a, 10000), large);
	arena_reset(&a);
	assert_ptr_equal(arena_alloc(&a, 1), large);
	arena_fini(&a);
	assert_null(a.head);
}

static void test_dup_and_printf_end_in_nul(void **state)
{
	struct arena a;
	struct str s;

	(void)state;
	arena_init(&a, 16);
	s = arena_dup(&a, STR("abc"));
	assert_int_equal(s.n, 3);
	assert_string_equal(s.p, "abc");
	s = arena_dup(&a, STR_NONE);
	assert_string_equal(s.p, "");
	s = arena_printf(&a, "%s-%500d", "x", 1);
	assert_int_equal(s.n, 502);
	assert_int_equal(strlen(s.p), 502);
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_allocations_are_aligned_apart_and_kept),
		cmocka_unit_test(test_zalloc_is_zero_also_in_reused_memory),
		cmocka_unit_test(test_reset_keeps_the_largest_chunk),
		cmocka_unit_test(test_dup_and_printf_end_in_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
