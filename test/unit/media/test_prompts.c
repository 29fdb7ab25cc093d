// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/prompts.h"
#include "media/tones.h"

static char root[] = "/tmp/tandem-prompts-XXXXXX";

static void make(const char *path)
{
	char whole[256];
	snprintf(whole, sizeof whole, "%s/%s", root, path);
	for (char *p = whole + strlen(root) + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = 0;
		(void)mkdir(whole, 0700);
		*p = '/';
	}
	FILE *f = fopen(whole, "w");
	assert_non_null(f);
	fclose(f);
}

static int setup(void **state)
{
	struct prompts *p;
	assert_non_null(mkdtemp(root));
	make("en_US_f_Allison/hello.wav");
	make("en_US_f_Allison/hello.g722");
	make("en_US_f_Allison/only-english.wav");
	make("en_US_f_Allison/digits/1.wav");
	make("en_GB/hello.wav");
	make("fr/hello.wav");
	make("fr/notes.txt");
	make("README/hello.wav");
	assert_int_equal(prompts_new(&p, root), 0);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	char command[128];
	prompts_free(*state);
	snprintf(command, sizeof command, "rm -r %s", root);
	return system(command);
}

static void found(const struct prompts *p, const char *language, const char *name, const char *want)
{
	char path[256];
	assert_int_equal(prompts_find(p, str_z(language), str_z(name), path, sizeof path, NULL), 0);
	assert_string_equal(path + strlen(root) + 1, want);
}

static void test_wideband_comes_first(void **state)
{
	found(*state, "en-US", "hello", "en_US_f_Allison/hello.g722");
	found(*state, "en", "digits/1", "en_US_f_Allison/digits/1.wav");
}

static void test_the_country_comes_first_then_any_then_english(void **state)
{
	found(*state, "en-GB", "hello", "en_GB/hello.wav");
	found(*state, "en-GB", "only-english", "en_US_f_Allison/only-english.wav");
	found(*state, "fr-CA", "hello", "fr/hello.wav");
	found(*state, "fr", "only-english", "en_US_f_Allison/only-english.wav");
	found(*state, "de", "only-english", "en_US_f_Allison/only-english.wav");
}

static void test_what_is_not_there_is_not_found(void **state)
{
	char path[256];
	const struct prompts *p = *state;
	assert_int_equal(prompts_find(p, STR("en"), STR("nothing"), path, sizeof path, NULL), ENOENT);
	assert_int_equal(prompts_find(p, STR("en"), STR("../hello"), path, sizeof path, NULL), ENOENT);
	assert_int_equal(prompts_find_in(p, STR("fr"), STR("only-english"), path, sizeof path), ENOENT);
	assert_int_equal(prompts_find(p, STR("fr"), STR("notes"), path, sizeof path, NULL), ENOENT);
	assert_int_equal(prompts_find(p, STR("en"), STR("hello"), path, 8, NULL), E_LIMIT);
	assert_int_equal(prompts_count(p), 5);
}

static void test_a_root_that_is_not_there_is_empty(void **state)
{
	(void)state;
	struct prompts *p;
	assert_int_equal(prompts_new(&p, "/nonexistent"), 0);
	assert_int_equal(prompts_count(p), 0);
	prompts_free(p);
}

static void test_tones_differ_by_country(void **state)
{
	(void)state;
	struct media_item us, de, other;
	assert_true(tone_named(STR("US"), STR("ring"), &us));
	assert_true(tone_named(STR("de"), STR("ring"), &de));
	assert_true(tone_named(STR("ZZ"), STR("busy"), &other));
	assert_int_equal(us.tone.hz[0], 440);
	assert_int_equal(us.tone.hz[1], 480);
	assert_int_equal(us.tone.cadence[0].on_ms, 2000);
	assert_int_equal(de.tone.hz[0], 425);
	assert_int_equal(de.tone.hz[1], 0);
	assert_int_equal(de.tone.n_cadence, 1);
	assert_int_equal(other.tone.cadence[0].off_ms, 500);
	assert_false(tone_named(STR("US"), STR("song"), &us));
}

static void test_special_information_rises(void **state)
{
	(void)state;
	struct media_item it;
	assert_true(tone_named(STR_NONE, STR("unobtainable"), &it));
	assert_int_equal(it.tone.n_cadence, 3);
	assert_true(it.tone.cadence[0].hz[0] < it.tone.cadence[1].hz[0]);
	assert_true(it.tone.cadence[1].hz[0] < it.tone.cadence[2].hz[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wideband_comes_first),
		cmocka_unit_test(test_the_country_comes_first_then_any_then_english),
		cmocka_unit_test(test_what_is_not_there_is_not_found),
		cmocka_unit_test(test_a_root_that_is_not_there_is_empty),
		cmocka_unit_test(test_tones_differ_by_country),
		cmocka_unit_test(test_special_information_rises),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
