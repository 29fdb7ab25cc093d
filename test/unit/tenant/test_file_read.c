// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "tenant/file_read.h"

#define HEAD "\"tenant\":\"acme\",\"domains\":[\"acme.test\"]"
#define DEVICE(name) "{\"username\":\"" name "\",\"password\":\"x\"}"
#define USER(extension, devices) \
	"{\"name\":\"x\",\"extension\":\"" extension "\",\"devices\":[" devices "]}"

static int read_json(const json_t *file, struct file_tree *tree, struct buf *why)
{
	struct hash_key key = {1, 2};

	buf_init(why, 100000);
	return file_read(tree, file, &key, why);
}

static void assert_faults(const char *json, const char *expected)
{
	json_t *file = json_loads(json, JSON_DECODE_ANY, NULL);
	struct file_tree tree;
	struct buf why;

	assert_non_null(file);
	assert_int_equal(read_json(file, &tree, &why), *expected ? E_POLICY : 0);
	buf_ch(&why, '\0');
	assert_string_equal(why.p, expected);
	file_tree_fini(&tree);
	buf_fini(&why);
	json_decref(file);
}

/* The body of the last entry, as JSON text. */
static void assert_last_body(const char *json, const char *expected)
{
	json_t *file = json_loads(json, 0, NULL), *body = json_loads(expected, 0, NULL);
	struct file_tree tree;
	struct buf why;

	assert_non_null(file);
	assert_int_equal(read_json(file, &tree, &why), 0);
	assert_true(json_equal(tree.v[tree.n - 1].body, body));
	file_tree_fini(&tree);
	buf_fini(&why);
	json_decref(file);
	json_decref(body);
}

static void test_file_becomes_entries_in_its_order(void **state)
{
	json_t *file = json_loads("{" HEAD ",\"users\":[" USER("1", DEVICE("a") "," DEVICE("b")) ","
	                          USER("2", DEVICE("c")) "]}", 0, NULL);
	static const char *const places[] = {"", "users[0]", "users[0].devices[0]",
	                                     "users[0].devices[1]", "users[1]",
	                                     "users[1].devices[0]"};
	struct file_tree tree;
	struct buf why;
	char place[FILE_PLACE];

	(void)state;
	assert_int_equal(read_json(file, &tree, &why), 0);
	assert_int_equal(tree.n, 6);
	for (size_t i = 0; i < tree.n; i++)
		assert_string_equal(file_place(&tree, &tree.v[i], place), places[i]);
	assert_true(str_eq(file_entry_key(&tree.v[3]), STR("b")));
	assert_int_equal(tree.v[5].parent, 4);
	file_tree_fini(&tree);
	buf_fini(&why);
	json_decref(file);
}

static void test_number_stands_for_its_text(void **state)
{
	(void)state;
	assert_last_body("{" HEAD ",\"users\":[{\"name\":7,\"extension\":1001}]}",
	                 "{\"name\":\"7\",\"extension\":\"1001\"}");
	assert_last_body("{" HEAD ",\"users\":[{\"name\":\"x\",\"extension\":\"1\",\"devices\":["
	                 "{\"username\":1001,\"password\":9223372036854775807}]}]}",
	                 "{\"username\":\"1001\",\"password\":\"9223372036854775807\"}");
}

static void test_number_that_is_not_whole_is_refused(void **state)
{
	(void)state;
	assert_faults("{" HEAD ",\"users\":[{\"name\":\"x\",\"extension\":1001.0}]}",
	              "users[0].extension: must be a text (put it in quotes)\n");
	assert_faults("{" HEAD ",\"users\":[{\"name\":true,\"extension\":1}]}",
	              "users[0].name: must be a text (put it in quotes)\n");
	assert_faults("{" HEAD ",\"users\":[{\"name\":\"x\",\"extension\":-1}]}",
	              "users[0].extension: \"-1\" is not an extension (1 to 15 digits)\n");
}

static void test_domains_and_words_are_lowered(void **state)
{
	(void)state;
	assert_last_body("{\"tenant\":\"acme\",\"domains\":[\"ACME.Test\"],\"digest\":[\"MD5\",\"SHA-256\"]}",
	                 "{\"name\":\"acme\",\"domains\":[\"acme.test\"],\"digest\":[\"md5\",\"sha-256\"]}");
	assert_faults("{\"tenant\":\"acme\",\"domains\":[\"a.test\",\"A.test\"]}",
	              "domains[1]: \"a.test\" is in the list twice\n");
}

static void test_unknown_field_names_those_that_are_known(void **state)
{
	(void)state;
	assert_faults("{" HEAD ",\"colour\":1,\"users\":[{\"name\":\"x\",\"extension\":\"1\","
	              "\"devices\":[{\"username\":\"a\",\"password\":\"b\",\"name\":\"c\"}],\"id\":1}]}",
	              "\"colour\" is not known here; a tenant has: tenant, domains, digest, country, area_code, "
	              "outside_prefix, emergency, timezone, language, day_mode, class, users, ring_groups, flows, "
	              "flow_drafts, flow_tests, schedules, prompts, lists, conferences, queues, mailboxes, classes, "
	              "variables, extensions, numbers, speed_dials, feature_codes\n"
	              "users[0]: \"id\" is not known here; a user has: name, extension, devices, language, "
	              "ring, ring_s, class, caller_id, dnd, forward_always, forward_busy, forward_no_answer, "
	              "forward_unregistered, follow_me, screen, voicemail, voicemail_pin, greeting, fallback, "
	              "directory, spoken_name\n"
	              "users[0].devices[0]: \"name\" is not known here; a device has: username, password, "
	              "digest, order\n");
	assert_faults("{" HEAD ",\"name\":\"x\"}",
	              "\"name\" is not known here; a tenant has: tenant, domains, digest, country, area_code, "
	              "outside_prefix, emergency, timezone, language, day_mode, class, users, ring_groups, flows, "
	              "flow_drafts, flow_tests, schedules, prompts, lists, conferences, queues, mailboxes, classes, "
	              "variables, extensions, numbers, speed_dials, feature_codes\n");
}

static void test_what_we_make_cannot_be_set(void **state)
{
	(void)state;
	assert_faults("{" HEAD ",\"users\":[" USER("1", "{\"username\":\"a\",\"password\":\"b\","
	              "\"global_username\":\"me\",\"user\":1}") "]}",
	              "users[0].devices[0].global_username: is made by Tandem and cannot be set\n"
	              "users[0].devices[0].user: is made by Tandem and cannot be set\n");
}

static void test_lists_must_be_lists_and_objects_objects(void **state)
{
	(void)state;
	assert_faults("3", "must be a mapping of fields to values\n");
	assert_faults("{" HEAD ",\"users\":null}", "users: must be a list\n");
	assert_faults("{" HEAD ",\"users\":{}}", "users: must be a list\n");
	assert_faults("{" HEAD ",\"users\":[4]}", "users[0]: must be a mapping of fields to values\n");
	assert_faults("{" HEAD ",\"users\":[{\"name\":\"x\",\"extension\":\"1\",\"devices\":\"a\"}]}",
	              "users[0].devices: must be a list\n");
	assert_faults("{" HEAD ",\"users\":[" USER("1", "[]") "]}",
	              "users[0].devices[0]: must be a mapping of fields to values\n");
	assert_faults("{\"tenant\":\"acme\",\"domains\":\"acme.test\"}", "domains: must be a list\n");
}

static void test_required_fields(void **state)
{
	(void)state;
	assert_faults("{}", "tenant: is missing\ndomains: is missing\n");
	assert_faults("{" HEAD ",\"users\":[{\"devices\":[{}]}]}",
	              "users[0].name: is missing\nusers[0].extension: is missing\n"
	              "users[0].devices[0].username: is missing\n");
}

static void test_names_of_people_and_passwords_must_print(void **state)
{
	(void)state;
	assert_faults("{" HEAD ",\"users\":[{\"name\":\"a\\nb\",\"extension\":\"1\",\"devices\":["
	              "{\"username\":\"a\",\"password\":\"a\\tb\"}]}]}",
	              "users[0].name: \"a\\nb\" is not a name (characters that print)\n"
	              "users[0].devices[0].password: the value is not a password (characters that print)\n");
}

static void test_username_is_used_once_in_a_tenant(void **state)
{
	(void)state;
	assert_faults("{" HEAD ",\"users\":[" USER("1", DEVICE("1001")) "," USER("2", "") ","
	              USER("3", DEVICE("1001")) "]}",
	              "users[2].devices[0].username: \"1001\" is used twice (first at "
	              "users[0].devices[0])\n");
	assert_faults("{" HEAD ",\"users\":[" USER("1", DEVICE("bob") "," DEVICE("Bob")) "]}",
	              "users[0].devices[1].username: \"Bob\" is used twice (first at "
	              "users[0].devices[0] as \"bob\")\n");
}

static void test_extension_is_used_once_and_may_equal_a_username(void **state)
{
	(void)state;
	assert_faults("{" HEAD ",\"users\":[" USER("1", DEVICE("1")) "," USER("1", "") ","
	              USER("1", "") "]}",
	              "users[1].extension: \"1\" is used twice (first at users[0])\n"
	              "users[2].extension: \"1\" is used twice (first at users[0])\n");
}

/* Counts: the limits of the tables, at them and one above. */
static json_t *file_of(int users, int devices)
{
	json_t *file = json_loads("{" HEAD ",\"users\":[]}", 0, NULL);
	char text[32];

	for (int i = 0; i < users; i++) {
		json_t *user = json_pack("{s:s, s:i, s:[]}", "name", "x", "extension", i, "devices");

		for (int k = 0; k < devices; k++) {
			snprintf(text, sizeof text, "%d-%d", i, k);
			json_array_append_new(json_object_get(user, "devices"),
			                      json_pack("{s:s, s:s}", "username", text, "password", "x"));
		}
		json_array_append_new(json_object_get(file, "users"), user);
	}
	return file;
}

static void assert_count(int users, int devices, const char *expected)
{
	json_t *file = file_of(users, devices);
	struct file_tree tree;
	struct buf why;

	assert_int_equal(read_json(file, &tree, &why), *expected ? E_POLICY : 0);
	buf_ch(&why, '\0');
	assert_string_equal(why.p, expected);
	file_tree_fini(&tree);
	buf_fini(&why);
	json_decref(file);
}

static void test_counts_have_limits(void **state)
{
	(void)state;
	assert_count(1, 16, "");
	assert_count(1, 17, "users[0].devices: has 17 entries; at most 16 are allowed\n");
	assert_count(20000, 1, "");
	assert_count(20001, 0, "users: has 20001 entries; at most 20000 are allowed\n");
	assert_faults("{\"tenant\":\"a\",\"domains\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\",\"j\","
	              "\"k\",\"l\",\"m\",\"n\",\"o\",\"p\",\"q\"]}", "domains: must have 1 to 16 entries\n");
	assert_faults("{\"tenant\":\"a\",\"domains\":[]}", "domains: must have 1 to 16 entries\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file_becomes_entries_in_its_order),
		cmocka_unit_test(test_number_stands_for_its_text),
		cmocka_unit_test(test_number_that_is_not_whole_is_refused),
		cmocka_unit_test(test_domains_and_words_are_lowered),
		cmocka_unit_test(test_unknown_field_names_those_that_are_known),
		cmocka_unit_test(test_what_we_make_cannot_be_set),
		cmocka_unit_test(test_lists_must_be_lists_and_objects_objects),
		cmocka_unit_test(test_required_fields),
		cmocka_unit_test(test_names_of_people_and_passwords_must_print),
		cmocka_unit_test(test_username_is_used_once_in_a_tenant),
		cmocka_unit_test(test_extension_is_used_once_and_may_equal_a_username),
		cmocka_unit_test(test_counts_have_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
