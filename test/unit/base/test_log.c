// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"

static uint64_t fixed_time(void *arg)
{
	(void)arg;
	return 1782909296789;
}

static void keep_line(enum log_level level, struct str line, void *arg)
{
	struct buf *b = arg;

	(void)level;
	buf_reset(b);
	buf_str(b, line);
}

static struct log log_to_buf(struct buf *b)
{
	return (struct log){.level = LOG_INFO, .sink = keep_line, .arg = b, .wall_ms = fixed_time};
}

static void assert_line(const struct buf *b, const char *fields)
{
	const struct str head = STR("2026-07-01T12:34:56.789Z info app.ready");

	assert_true(str_starts(buf_view(b), head));
	if (!str_eq(str_sub(buf_view(b), head.n, b->n), str_z(fields)))
		fail_msg("'" STR_FMT "' does not end in '%s'", STR_ARG(buf_view(b)), fields);
}

static void test_a_record_is_time_level_event_and_fields(void **state)
{
	struct addr a;
	struct buf b;
	struct log log = log_to_buf(&b);

	(void)state;
	buf_init(&b, 10000);
	assert_int_equal(addr_parse(&a, STR("[2001:db8::1]:5060")), 0);
	log_event(&log, LOG_APP_READY, LOG_Z("why", "x"), LOG_U("n", UINT64_MAX), LOG_I("i", INT64_MIN),
	          LOG_A("from", &a), LOG_S("s", STR("tail")));
	assert_line(&b, " why=x n=18446744073709551615 i=-9223372036854775808 "
	                "from=[2001:db8::1]:5060 s=tail");
	log_event(&log, LOG_APP_READY);
	assert_line(&b, "");
	buf_fini(&b);
}

static void test_values_are_quoted_and_escaped_when_needed(void **state)
{
	const char *pairs[][2] = {
		{"plain-1.2:3", " v=plain-1.2:3"},
		{"", " v=\"\""},
		{"two words", " v=\"two words\""},
		{"a=b", " v=\"a=b\""},
		{"say \"no\"", " v=\"say \\\"no\\\"\""},
		{"back\\slash", " v=\"back\\\\slash\""},
		{"line\nevent=fake\r\t", " v=\"line\\nevent=fake\\r\\t\""},
		{"\x1b[2J\x7f\x01", " v=\"\\x1b[2J\\x7f\\x01\""},
		{"caf\xc3\xa9", " v=\"caf\xc3\xa9\""},
		{"\xc2\x9b", " v=\"\\xc2\\x9b\""}, /* a control character of terminals */
		{"bad\xff\xc3", " v=\"bad\\xff\\xc3\""},
	};
	struct buf b;
	struct log log = log_to_buf(&b);

	(void)state;
	buf_init(&b, 10000);
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		log_event(&log, LOG_APP_READY, LOG_Z("v", pairs[i][0]));
		assert_line(&b, pairs[i][1]);
	}
	log_event(&log, LOG_APP_READY, LOG_Z("v", NULL));
	assert_line(&b, " v=\"\"");
	log_event(&log, LOG_APP_READY, LOG_S("v", ((struct str){"a\0b", 3})));
	assert_line(&b, " v=\"a\\x00b\"");
	buf_fini(&b);
}

static void test_long_values_are_shortened_between_characters(void **state)
{
	char value[3000];
	struct buf b;
	struct log log = log_to_buf(&b);
	struct str end;

	(void)state;
	buf_init(&b, 10000);
	memset(value, 'x', sizeof value);
	log_event(&log, LOG_APP_READY, LOG_S("v", ((struct str){value, sizeof value})));
	assert_true(str_ends(buf_view(&b), STR("xxx...")));
	assert_in_range(b.n, 1024, 1100);
	memcpy(value + 1023, "\xe2\x82\xac", 3); /* would be cut after its first byte */
	log_event(&log, LOG_APP_READY, LOG_S("v", ((struct str){value, sizeof value})));
	end = str_sub(buf_view(&b), b.n - 4, b.n);
	assert_true(str_eq(end, STR("x...")));
	memset(value, '\xff', sizeof value);
	log_event(&log, LOG_APP_READY, LOG_S("a", ((struct str){value, sizeof value})),
	          LOG_S("b", ((struct str){value, sizeof value})), LOG_U("c", 1));
	assert_true(str_ends(buf_view(&b), STR("...\" cut=true")));
	buf_fini(&b);
}

static void test_level_is_asked_before_fields_are_made(void **state)
{
	struct buf b;
	struct log log = log_to_buf(&b);
	int made = 0;

	(void)state;
	buf_init(&b, 10000);
	log.level = LOG_ERROR;
	log_event(&log, LOG_APP_READY, LOG_I("n", ++made));
	assert_int_equal(made, 0);
	assert_int_equal(b.n, 0);
	log_event(&log, LOG_APP_ERROR, LOG_I("n", ++made));
	assert_int_equal(made, 1);
	assert_true(str_ends(buf_view(&b), STR("error app.error n=1")));
	log_init_null(&log);
	log_event(&log, LOG_APP_ERROR, LOG_I("n", ++made));
	buf_fini(&b);
}

static void test_level_names_there_and_back(void **state)
{
	enum log_level level;

	(void)state;
	for (unsigned i = 0; i < LOG_LEVELS; i++) {
		assert_int_equal(log_level_parse(str_z(log_level_name((enum log_level)i)), &level), 0);
		assert_int_equal(level, i);
	}
	assert_int_equal(log_level_parse(STR("WARN"), &level), 0);
	assert_int_equal(level, LOG_WARN);
	assert_int_equal(log_level_parse(STR("loud"), &level), E_MALFORMED);
}

/* doc/log.md is made from the table: a row without words would be a hole in it. */
static void test_every_event_has_a_name_and_a_sentence(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LOG_IDS; i++) {
		struct str name = str_z(log_event_name((enum log_id)i));
		struct str text = str_z(log_event_text((enum log_id)i));

		assert_true(str_find(name, '.') > 0 && str_find(name, '.') < name.n);
		assert_true(str_ends(text, STR(".")));
		assert_true(log_event_level((enum log_id)i) < LOG_LEVELS);
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(name.p, log_event_name((enum log_id)k));
	}
}

enum { THREADS = 4, LINES = 500 };

static void *write_lines(void *arg)
{
	const struct log *log = arg;

	for (unsigned i = 0; i < LINES; i++)
		log_event(log, LOG_APP_READY, LOG_Z("a", "some text"), LOG_U("b", 12345));
	return NULL;
}

static void test_lines_of_several_threads_do_not_mix(void **state)
{
	pthread_t threads[THREADS];
	FILE *file = tmpfile();
	char line[256];
	struct log log;
	unsigned n = 0;

	(void)state;
	assert_non_null(file);
	log_init_fd(&log, LOG_INFO, fileno(file));
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &log), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	rewind(file);
	while (fgets(line, sizeof line, file)) {
		assert_string_equal(line + 23, "Z info app.ready a=\"some text\" b=12345\n");
		n++;
	}
	assert_int_equal(n, THREADS * LINES);
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_record_is_time_level_event_and_fields),
		cmocka_unit_test(test_values_are_quoted_and_escaped_when_needed),
		cmocka_unit_test(test_long_values_are_shortened_between_characters),
		cmocka_unit_test(test_level_is_asked_before_fields_are_made),
		cmocka_unit_test(test_level_names_there_and_back),
		cmocka_unit_test(test_every_event_has_a_name_and_a_sentence),
		cmocka_unit_test(test_lines_of_several_threads_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
