// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "app/yaml.h"

enum { MAX = 65536 };

/* The text as YAML must be the same value as the other as JSON. */
static void same(const char *yaml, const char *json)
{
	struct buf why;
	json_t *got = NULL, *want = json_loads(json, JSON_DECODE_ANY, NULL);
	buf_init(&why, 4096);
	assert_non_null(want);
	if (yaml_parse(str_z(yaml), MAX, &got, &why) != 0)
		fail_msg("%s: " STR_FMT, yaml, STR_ARG(buf_view(&why)));
	if (!json_equal(got, want)) {
		char *s = json_dumps(got, JSON_ENCODE_ANY);
		fail_msg("%s: got %s, not %s", yaml, s, json);
	}
	json_decref(got);
	json_decref(want);
	buf_fini(&why);
}

static void refused(struct str yaml, const char *words)
{
	struct buf why;
	json_t *got = NULL;
	buf_init(&why, 4096);
	int err = yaml_parse(yaml, MAX, &got, &why);
	buf_ch(&why, 0);
	assert_true(err == E_MALFORMED || err == E_LIMIT);
	assert_null(got);
	if (!strstr(why.p, words))
		fail_msg("\"%s\" lacks \"%s\"", why.p, words);
	buf_fini(&why);
}

static void test_scalars_in_quotes_are_strings(void **state)
{
	(void)state;
	same("\"1001\"", "\"1001\"");
	same("'true'", "\"true\"");
	same("\"\"", "\"\"");
	same("a: |\n  12\n", "{\"a\": \"12\\n\"}");
	same("\"caf\\u00e9\"", "\"caf\\u00e9\"");
}

static void test_plain_scalars_are_what_they_look_like(void **state)
{
	(void)state;
	same("1001", "1001");
	same("-5", "-5");
	same("0", "0");
	same("0123", "\"0123\""); /* a number that begins with a zero is dialled, not counted */
	same("+49301234", "\"+49301234\"");
	same("1_000", "\"1_000\"");
	same("1.5", "\"1.5\"");
	same("0x10", "\"0x10\"");
	same("123456789012345678901234", "\"123456789012345678901234\"");
	same("true", "true");
	same("false", "false");
	same("yes", "\"yes\"");
	same("on", "\"on\"");
	same("~", "null");
	same("null", "null");
	same("a:", "{\"a\": null}");
	same("udp:0.0.0.0:5060", "\"udp:0.0.0.0:5060\"");
	same("-", "[null]");
}

static void test_tenant_file_of_the_contract(void **state)
{
	(void)state;
	same("tenant: acme\n"
	     "domains: [acme.test]\n"
	     "users:\n"
	     "  - name: Alice\n"
	     "    extension: \"1001\"\n"
	     "    devices:\n"
	     "      - {username: \"1001\", password: \"s3cret-1001\"}\n",
	     "{\"tenant\":\"acme\",\"domains\":[\"acme.test\"],\"users\":[{\"name\":\"Alice\","
	     "\"extension\":\"1001\",\"devices\":[{\"username\":\"1001\",\"password\":\"s3cret-1001\"}]}]}");
}

static void test_json_is_yaml(void **state)
{
	(void)state;
	const char *json = "{\"a\":[1,true,null,\"x\"],\"b\":{\"c\":\"\\u00e9\\n\"}}";
	same(json, json);
	same("[]", "[]");
	same("{}", "{}");
}

static void test_empty_text_is_null(void **state)
{
	(void)state;
	same("", "null");
	same("# nothing\n", "null");
	same("---\n", "null");
}

static void test_faults_are_named_with_line_and_column(void **state)
{
	(void)state;
	refused(STR("a: 1\nb: [1,\n"), "line 3, column");
	refused(STR("a: 1\na: 2\n"), "line 2, column 1: \"a\" stands here twice");
	refused(STR("a:\n\tb: 1\n"), "line 2");
	refused(STR("? [1]\n: 2\n"), "line 1, column 3: this cannot be a key");
}

static void test_aliases_anchors_and_tags_are_refused(void **state)
{
	(void)state;
	refused(STR("a: &x [1]\nb: *x\n"), "anchors");
	refused(STR("a: *x\n"), "aliases");
	refused(STR("a: !!binary aGk=\n"), "tags");
	refused(STR("&x a: 1\n"), "line 1");
}

static void test_second_document_is_refused(void **state)
{
	(void)state;
	refused(STR("a: 1\n---\nb: 2\n"), "second document");
}

static void test_depth_is_limited(void **state)
{
	(void)state;
	char deep[20000];
	memset(deep, '[', sizeof deep);
	refused((struct str){deep, sizeof deep}, "nested too deeply");
	char text[2 * (YAML_MAX_DEPTH - 1) + 1];
	memset(text, '[', YAML_MAX_DEPTH - 1);
	memset(text + YAML_MAX_DEPTH - 1, ']', YAML_MAX_DEPTH - 1);
	text[sizeof text - 1] = 0;
	struct buf why;
	json_t *got = NULL;
	buf_init(&why, 4096);
	assert_int_equal(yaml_parse(str_z(text), MAX, &got, &why), 0);
	json_decref(got);
	buf_fini(&why);
}

static void test_size_is_limited(void **state)
{
	(void)state;
	char *text = malloc(MAX + 1);
	assert_non_null(text);
	memset(text, 'a', MAX + 1);
	refused((struct str){text, MAX + 1}, "at most 65536");
	free(text);
}

static void test_bytes_that_are_no_text_are_refused(void **state)
{
	(void)state;
	refused(STR("a: \xff\xfe\n"), "line 1");
	refused(STR("a: \"x\\0y\"\n"), "NUL");
	refused((struct str){"a: \0", 4}, "line 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalars_in_quotes_are_strings),
		cmocka_unit_test(test_plain_scalars_are_what_they_look_like),
		cmocka_unit_test(test_tenant_file_of_the_contract),
		cmocka_unit_test(test_json_is_yaml),
		cmocka_unit_test(test_empty_text_is_null),
		cmocka_unit_test(test_faults_are_named_with_line_and_column),
		cmocka_unit_test(test_aliases_anchors_and_tags_are_refused),
		cmocka_unit_test(test_second_document_is_refused),
		cmocka_unit_test(test_depth_is_limited),
		cmocka_unit_test(test_size_is_limited),
		cmocka_unit_test(test_bytes_that_are_no_text_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
