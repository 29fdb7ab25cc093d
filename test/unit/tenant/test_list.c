// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "tenant/list.h"

static struct list *make(const char *json)
{
	json_t *entries = json_loads(json, 0, NULL);
	struct list *l = NULL;
	struct buf why;

	assert_non_null(entries);
	buf_init(&why, 10000);
	if (list_compile(&l, entries, LIST_BLOCK, &why) != 0)
		fail_msg(STR_FMT, STR_ARG(buf_view(&why)));
	buf_fini(&why);
	json_decref(entries);
	return l;
}

static void assert_found(const struct list *l, const char *number, const char *entry)
{
	struct str found = list_find(l, str_z(number));

	if (!str_eq(found, str_z(entry)))
		fail_msg("%s: \"" STR_FMT "\"", number, STR_ARG(found));
	assert_int_equal(list_matches(l, str_z(number)), *entry != 0);
}

static void test_numbers_then_longest_beginning_then_patterns(void **state)
{
	struct list *l = make("[\"+4930*\",\"+49301*\",\"+49301234\",\"/^\\\\+49/\",\"/5{3}$/\"]");

	(void)state;
	assert_found(l, "+49301234", "+49301234");
	assert_found(l, "+493012345", "+49301*");
	assert_found(l, "+49309", "+4930*");
	assert_found(l, "+49891", "/^\\+49/");
	assert_found(l, "+441555", "/5{3}$/");
	assert_found(l, "+44155", "");
	assert_found(l, "", "");
	assert_int_equal(list_size(l), 5);
	assert_int_equal(list_purpose(l), LIST_BLOCK);
	list_free(l);
}

static void test_who_hides_the_number_is_anonymous(void **state)
{
	struct list *l = make("[\"anonymous\",\"1\"]");

	(void)state;
	assert_found(l, "", "anonymous");
	assert_found(l, "1", "1");
	assert_found(l, "2", "");
	list_free(l);
}

static void test_entries_are_checked(void **state)
{
	(void)state;
	assert_int_equal(list_check_entry(STR("+49*")), 0);
	assert_int_equal(list_check_entry(STR("+491")), 0);
	assert_int_equal(list_check_entry(STR("/x/")), 0);
	assert_int_not_equal(list_check_entry(STR("")), 0);
	assert_int_not_equal(list_check_entry(STR("*")), 0);
	assert_int_not_equal(list_check_entry(STR("+")), 0);
	assert_int_not_equal(list_check_entry(STR("4*9")), 0);
	assert_int_not_equal(list_check_entry(STR("/x")), 0);
	assert_int_not_equal(list_check_entry(STR("alice")), 0);
}

static void test_pattern_that_does_not_compile_is_named(void **state)
{
	json_t *entries = json_pack("[s, s]", "1", "/(/");
	struct list *l = NULL;
	struct buf why;

	(void)state;
	buf_init(&why, 1000);
	assert_int_equal(list_compile(&l, entries, LIST_ANY, &why), E_POLICY);
	assert_true(str_starts(buf_view(&why), STR("entries[1]: \"/(/\": ")));
	assert_null(l);
	buf_fini(&why);
	json_decref(entries);
}

/* Each of the 500 patterns would take exponential time; each gives up after LIST_MATCH_STEPS. */
static void test_evil_patterns_end(void **state)
{
	json_t *entries = json_array();
	struct list *l = NULL;
	struct buf why;
	char number[LIST_MAX_NUMBER + 1];

	(void)state;
	for (int i = 0; i < LIST_MAX_PATTERNS; i++)
		json_array_append_new(entries, json_sprintf("/^(1+)+(1+)+[23]{%d}$/", 1 + i));
	buf_init(&why, 1000);
	assert_int_equal(list_compile(&l, entries, LIST_ANY, &why), 0);
	memset(number, '1', sizeof number - 1);
	number[sizeof number - 1] = '\0';
	assert_false(list_matches(l, str_z(number)));
	json_array_append_new(entries, json_string("/x/"));
	list_free(l);
	assert_int_equal(list_compile(&l, entries, LIST_ANY, &why), E_POLICY); /* one too many */
	buf_fini(&why);
	json_decref(entries);
}

static void test_ten_thousand_numbers(void **state)
{
	json_t *entries = json_array();
	struct list *l = NULL;
	struct buf why;
	char number[32];

	(void)state;
	for (int i = 0; i < LIST_MAX_ENTRIES; i++)
		json_array_append_new(entries, json_sprintf(i % 2 ? "+49%06d*" : "+44%06d", i));
	buf_init(&why, 1000);
	assert_int_equal(list_compile(&l, entries, LIST_ANY, &why), 0);
	for (int i = 0; i < LIST_MAX_ENTRIES; i++) {
		snprintf(number, sizeof number, i % 2 ? "+49%06d77" : "+44%06d", i);
		assert_true(list_matches(l, str_z(number)));
		snprintf(number, sizeof number, "+43%06d", i);
		assert_false(list_matches(l, str_z(number)));
	}
	list_free(l);
	buf_fini(&why);
	json_decref(entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_then_longest_beginning_then_patterns),
		cmocka_unit_test(test_who_hides_the_number_is_anonymous),
		cmocka_unit_test(test_entries_are_checked),
		cmocka_unit_test(test_pattern_that_does_not_compile_is_named),
		cmocka_unit_test(test_evil_patterns_end),
		cmocka_unit_test(test_ten_thousand_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
