// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tenant/kind.h"

/* A table with every type, to test the checks apart from the tables of today. */
static int check_even(struct str s)
{
	return s.n % 2 == 0 ? 0 : E_POLICY;
}

static const char *const colours[] = {"red", "green", NULL};

static const struct field fields[] = {
	{.name = "key", .in_file = "name", .type = FIELD_STRING, .flags = FIELD_REQUIRED | FIELD_KEY,
	 .min = 1, .max = 4, .text = ""},
	{.name = "even", .type = FIELD_STRING, .max = 80, .check = check_even, .rule = "even",
	 .text = ""},
	{.name = "count", .type = FIELD_INT, .min = -1, .max = 9, .text = ""},
	{.name = "on", .type = FIELD_BOOL, .text = ""},
	{.name = "colour", .type = FIELD_ENUM, .allowed = colours, .text = ""},
	{.name = "words", .type = FIELD_LIST, .min = 1, .max = 3, .allowed = colours, .text = ""},
	{.name = "secret", .type = FIELD_SECRET, .flags = FIELD_KEPT, .min = 2, .max = 4,
	 .check = check_even, .rule = "even", .text = ""},
	{.name = "owner", .type = FIELD_REF, .ref = KIND_USER, .text = ""},
	{.name = "parts", .type = FIELD_OBJECTS, .ref = KIND_USER, .text = ""},
};
static const struct kind kind = {
	KIND_DEVICE, "thing", "things", fields, sizeof fields / sizeof fields[0], ""};

static void assert_faults(const char *json, const char *where, const char *expected)
{
	json_t *body = json_loads(json, JSON_DECODE_ANY, NULL);
	struct buf why;

	assert_non_null(body);
	buf_init(&why, 10000);
	assert_int_equal(kind_check(&kind, body, where, &why), *expected ? E_POLICY : 0);
	buf_ch(&why, '\0');
	assert_string_equal(why.p, expected);
	buf_fini(&why);
	json_decref(body);
}

static void test_right_body_has_no_fault(void **state)
{
	(void)state;
	assert_faults("{\"key\":\"a\"}", "x", "");
	assert_faults("{\"key\":\"abcd\",\"even\":\"\",\"count\":-1,\"on\":false,\"colour\":\"green\","
	              "\"words\":[\"red\",\"green\"],\"secret\":\"abcd\",\"owner\":7}", "x", "");
}

static void test_body_is_an_object(void **state)
{
	(void)state;
	assert_faults("[]", "users[2]", "users[2]: must be a mapping of fields to values\n");
	assert_faults("null", "", "must be a mapping of fields to values\n");
}

static void test_required_field_is_missed_by_its_name_in_the_file(void **state)
{
	(void)state;
	assert_faults("{}", "users[2]", "users[2].name: is missing\n");
	assert_faults("{}", "", "name: is missing\n");
}

static void test_unknown_field_is_a_fault(void **state)
{
	(void)state;
	assert_faults("{\"key\":\"a\",\"colr\\n\":1}", "x", "x: \"colr\\n\" is no field of a thing\n");
	assert_faults("{\"key\":\"a\",\"parts\":[]}", "x", "x: \"parts\" is no field of a thing\n");
}

static void test_length_counts_characters(void **state)
{
	(void)state;
	assert_faults("{\"key\":\"\"}", "x", "x.name: must have 1 to 4 characters\n");
	assert_faults("{\"key\":\"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\"}", "x", "");
	assert_faults("{\"key\":\"abcde\"}", "x", "x.name: must have 1 to 4 characters\n");
}

static void test_wrong_type_is_a_fault(void **state)
{
	(void)state;
	assert_faults("{\"key\":1}", "x", "x.name: must be a text (put it in quotes)\n");
	assert_faults("{\"key\":null}", "x", "x.name: must be a text (put it in quotes)\n");
	assert_faults("{\"key\":\"a\",\"count\":1.0}", "x", "x.count: must be a whole number\n");
	assert_faults("{\"key\":\"a\",\"on\":1}", "x", "x.on: must be true or false\n");
	assert_faults("{\"key\":\"a\",\"words\":\"red\"}", "x", "x.words: must be a list\n");
	assert_faults("{\"key\":\"a\",\"words\":[\"red\",2]}", "x",
	              "x.words[1]: must be a text (put it in quotes)\n");
	assert_faults("{\"key\":\"a\",\"owner\":\"7\"}", "x", "x.owner: must be the id of an object\n");
	assert_faults("{\"key\":\"a\",\"owner\":0}", "x", "x.owner: must be the id of an object\n");
}

static void test_number_has_limits(void **state)
{
	(void)state;
	assert_faults("{\"key\":\"a\",\"count\":9}", "x", "");
	assert_faults("{\"key\":\"a\",\"count\":10}", "x", "x.count: must be -1 to 9\n");
	assert_faults("{\"key\":\"a\",\"count\":-2}", "x", "x.count: must be -1 to 9\n");
}

static void test_list_has_limits_and_no_word_twice(void **state)
{
	(void)state;
	assert_faults("{\"key\":\"a\",\"words\":[]}", "x", "x.words: must have 1 to 3 entries\n");
	assert_faults("{\"key\":\"a\",\"words\":[1,2,3,4]}", "x", "x.words: must have 1 to 3 entries\n");
	assert_faults("{\"key\":\"a\",\"words\":[\"red\",\"red\"]}", "x",
	              "x.words[1]: \"red\" is in the list twice\n");
}

static void test_word_is_one_of_those_allowed(void **state)
{
	(void)state;
	assert_faults("{\"key\":\"a\",\"colour\":\"blue\"}", "x",
	              "x.colour: \"blue\" is none of red, green\n");
	assert_faults("{\"key\":\"a\",\"words\":[\"blue\"]}", "x",
	              "x.words[0]: \"blue\" is none of red, green\n");
}

static void test_long_value_is_cut_between_characters(void **state)
{
	(void)state;
	assert_faults("{\"key\":\"a\",\"even\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	              "\xc3\xa4\xc3\xa4\xc3\xa4\"}", "x", /* 47 bytes and three of 2 */
	              "x.even: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"... is not even\n");
}

static void test_secret_is_never_shown(void **state)
{
	(void)state;
	assert_faults("{\"key\":\"a\",\"secret\":\"abc\"}", "x", "x.secret: the value is not even\n");
	assert_faults("{\"key\":\"a\",\"secret\":\"abcdef\"}", "x",
	              "x.secret: must have 2 to 4 characters\n");
}

static void test_all_faults_are_told(void **state)
{
	(void)state;
	assert_faults("{\"count\":99,\"on\":0,\"zoom\":1}", "x",
	              "x: \"zoom\" is no field of a thing\n"
	              "x.name: is missing\n"
	              "x.count: must be -1 to 9\n"
	              "x.on: must be true or false\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right_body_has_no_fault),
		cmocka_unit_test(test_body_is_an_object),
		cmocka_unit_test(test_required_field_is_missed_by_its_name_in_the_file),
		cmocka_unit_test(test_unknown_field_is_a_fault),
		cmocka_unit_test(test_length_counts_characters),
		cmocka_unit_test(test_wrong_type_is_a_fault),
		cmocka_unit_test(test_number_has_limits),
		cmocka_unit_test(test_list_has_limits_and_no_word_twice),
		cmocka_unit_test(test_word_is_one_of_those_allowed),
		cmocka_unit_test(test_long_value_is_cut_between_characters),
		cmocka_unit_test(test_secret_is_never_shown),
		cmocka_unit_test(test_all_faults_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
