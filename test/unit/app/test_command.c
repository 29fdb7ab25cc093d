// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "app/command.h"

/* Splits at blanks; the words live in `mem`. */
static size_t split(char *mem, char **words)
{
	size_t n = 0;
	for (char *w = strtok(mem, " "); w; w = strtok(NULL, " "))
		words[n++] = w;
	return n;
}

static int parse(const char *line, json_t **out, struct buf *why)
{
	char mem[256], *words[32];
	assert_true(str_copyz(mem, sizeof mem, str_z(line)));
	size_t n = split(mem, words);
	const struct command *c = command_find(str_z(words[0]));
	assert_non_null(c);
	return command_parse(c, n - 1, words + 1, out, why);
}

static void parses(const char *line, const char *json)
{
	struct buf why;
	json_t *got = NULL, *want = json_loads(json, 0, NULL);
	buf_init(&why, 4096);
	if (parse(line, &got, &why) != 0)
		fail_msg("%s: " STR_FMT, line, STR_ARG(buf_view(&why)));
	assert_true(json_equal(got, want));
	json_decref(got);
	json_decref(want);
	buf_fini(&why);
}

static void refused(const char *line, const char *words)
{
	struct buf why;
	json_t *got = NULL;
	buf_init(&why, 4096);
	assert_int_equal(parse(line, &got, &why), E_MALFORMED);
	buf_ch(&why, 0);
	if (!strstr(why.p, words))
		fail_msg("%s: \"%s\" lacks \"%s\"", line, why.p, words);
	buf_fini(&why);
}

static void test_positions_and_options_in_any_order(void **state)
{
	(void)state;
	parses("get user 1001 --tenant acme", "{\"kind\":\"user\",\"id\":\"1001\",\"tenant\":\"acme\"}");
	parses("get --tenant=acme user", "{\"kind\":\"user\",\"tenant\":\"acme\"}");
	parses("explain --to 1002 --tenant acme --from 1001",
	       "{\"to\":\"1002\",\"tenant\":\"acme\",\"from\":\"1001\"}");
	parses("undo", "{}");
	parses("apply -", "{\"file\":\"-\"}");
	parses("hangup -- -x", "{\"id\":\"-x\"}");
	parses("explain --to=a=b --tenant t --from 1", "{\"to\":\"a=b\",\"tenant\":\"t\",\"from\":\"1\"}");
}

static void test_kind_may_be_plural(void **state)
{
	(void)state;
	parses("get users", "{\"kind\":\"user\"}");
	parses("history device x", "{\"kind\":\"device\",\"id\":\"x\"}");
}

static void test_wrong_words_are_refused_by_name(void **state)
{
	(void)state;
	refused("get", "KIND is missing");
	refused("get phone", "\"phone\"");
	refused("get user a b", "what is \"b\"");
	refused("get user --colour red", "--colour");
	refused("get user -x", "-x");
	refused("get user --tenant", "--tenant wants TENANT");
	refused("get user --tenant a --tenant b", "twice");
	refused("explain --tenant acme --to 1", "--from A is missing");
	refused("explain --tenant acme --from 1 --to 2 --assume asleep", "asleep");
	refused("status now", "what is \"now\"");
}

static void test_every_command_has_help_that_shows_its_arguments(void **state)
{
	(void)state;
	struct buf all;
	buf_init(&all, 65536);
	commands_put_help(&all);
	buf_ch(&all, 0);
	for (int i = 0; i < COMMANDS; i++) {
		const struct command *c = command_get((enum command_id)i);
		struct buf help;
		assert_int_equal(c->id, i);
		assert_ptr_equal(command_find(str_z(c->name)), c);
		assert_non_null(strstr(all.p, c->name));
		buf_init(&help, 65536);
		command_put_help(&help, c);
		buf_ch(&help, 0);
		for (size_t a = 0; a < c->n_args; a++)
			assert_non_null(strstr(help.p, c->args[a].text));
		buf_fini(&help);
	}
	buf_fini(&all);
}

static void test_completion_knows_commands_and_options(void **state)
{
	(void)state;
	struct buf out;
	buf_init(&out, 65536);
	commands_put_completion(&out);
	buf_ch(&out, 0);
	assert_non_null(strstr(out.p, "explain) words=\"--help --tenant --from --to --flow --at --assume "));
	assert_non_null(strstr(out.p, "get) words=\"--help tenant user device prompt "));
	assert_non_null(strstr(out.p, "--assume) words=\"registered unregistered busy\""));
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_positions_and_options_in_any_order),
		cmocka_unit_test(test_kind_may_be_plural),
		cmocka_unit_test(test_wrong_words_are_refused_by_name),
		cmocka_unit_test(test_every_command_has_help_that_shows_its_arguments),
		cmocka_unit_test(test_completion_knows_commands_and_options),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
