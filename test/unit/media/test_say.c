// SPDX-License-Identifier: Apache-2.0
/* What is expected is written by hand, from the grammar of each language. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "media/say/say.h"

/** The words with a space between them, without "digits/". */
static const char *text_of(const struct say_words *w)
{
	static char text[SAY_MAX_WORDS * SAY_MAX_WORD];
	text[0] = 0;
	for (size_t i = 0; i < w->n; i++) {
		const char *word = w->word[i];
		if (i)
			strcat(text, " ");
		strcat(text, strncmp(word, "digits/", 7) == 0 ? word + 7 : word);
	}
	return text;
}

static void number_is(const char *language, int64_t n, const char *want)
{
	struct say_words w = {0};
	say_number(&w, str_z(language), n);
	if (strcmp(text_of(&w), want) != 0)
		fail_msg("%s %lld: \"%s\", not \"%s\"", language, (long long)n, text_of(&w), want);
}

static void test_numbers_in_english(void **state)
{
	(void)state;
	number_is("en", 0, "0");
	number_is("en", 15, "15");
	number_is("en-US", 42, "40 2");
	number_is("en", 100, "1 hundred");
	number_is("en", 1001, "1 thousand 1");
	number_is("en", 12345678, "12 million 3 hundred 40 5 thousand 6 hundred 70 8");
	number_is("en", 999999999999, "9 hundred 90 9 billion 9 hundred 90 9 million "
	                              "9 hundred 90 9 thousand 9 hundred 90 9");
	number_is("en", -7, "minus 7");
	number_is("en", 1000000000000, "1 0 0 0 0 0 0 0 0 0 0 0 0");
}

static void test_numbers_in_spanish(void **state)
{
	(void)state;
	number_is("es", 0, "0");
	number_is("es", 1, "1");
	number_is("es", 29, "29");
	number_is("es", 31, "30 and 1");
	number_is("es", 100, "hundred");
	number_is("es", 101, "100-and 1");
	number_is("es", 555, "500 50 and 5");
	number_is("es", 1000, "thousand");
	number_is("es", 2021, "2 thousand 21");
	number_is("es", 31000, "30 and 1M thousand");
	number_is("es", 1000000, "1M million");
	number_is("es", 2000001, "2 millions 1");
}

static void test_numbers_in_french(void **state)
{
	(void)state;
	number_is("fr", 21, "20 et 1");
	number_is("fr", 22, "20 2");
	number_is("fr", 70, "70");
	number_is("fr", 71, "60 et 11");
	number_is("fr", 77, "60 17");
	number_is("fr", 80, "80");
	number_is("fr", 81, "80 1");
	number_is("fr", 91, "80 11");
	number_is("fr", 99, "80 19");
	number_is("fr", 100, "hundred");
	number_is("fr", 201, "2 hundred 1");
	number_is("fr", 1000, "thousand");
	number_is("fr", 1971, "thousand 9 hundred 60 et 11");
	number_is("fr", 1000000, "1 million");
}

static void test_numbers_in_italian(void **state)
{
	(void)state;
	number_is("it", 20, "20");
	number_is("it", 21, "21");
	number_is("it", 28, "28");
	number_is("it", 35, "30 5");
	number_is("it", 100, "hundred");
	number_is("it", 221, "2 hundred 21");
	number_is("it", 1000, "thousand");
	number_is("it", 2000, "2 thousands");
	number_is("it", 1000000, "un million");
	number_is("it", 3000003, "3 millions 3");
}

static void test_numbers_in_russian(void **state)
{
	(void)state;
	number_is("ru", 0, "0");
	number_is("ru", 19, "19");
	number_is("ru", 42, "40 2");
	number_is("ru", 100, "hundred");
	number_is("ru", 121, "hundred 20 1");
	number_is("ru", 200, "2 0 0");
}

static void test_digits(void **state)
{
	(void)state;
	struct say_words w = {0};
	say_digits(&w, STR("en"), STR("+49*#30x"));
	assert_string_equal(text_of(&w), "4 9 star pound 3 0");
}

static void test_a_language_without_grammar_says_nothing(void **state)
{
	(void)state;
	struct say_words w = {0};
	assert_false(say_knows(STR("de")));
	assert_false(say_knows(STR("e")));
	assert_true(say_knows(STR("pt-BR")) == false && say_knows(STR("it-CH")));
	say_number(&w, STR("de"), 5);
	say_digits(&w, STR("de"), STR("5"));
	say_duration(&w, STR("de"), 5);
	assert_int_equal(w.n, 0);
}

static void time_is(const char *language, uint8_t hour, uint8_t minute, const char *want)
{
	struct say_words w = {0};
	say_time(&w, str_z(language), &(struct say_when){.hour = hour, .minute = minute});
	if (strcmp(text_of(&w), want) != 0)
		fail_msg("%s %d:%02d: \"%s\", not \"%s\"", language, hour, minute, text_of(&w), want);
}

static void test_times(void **state)
{
	(void)state;
	time_is("en", 14, 30, "2 30 p-m");
	time_is("en", 0, 0, "12 oclock a-m");
	time_is("en", 12, 5, "12 oh 5 p-m");
	time_is("es", 13, 0, "1F oclock p-m");
	time_is("es", 9, 45, "9 40 and 5 a-m");
	time_is("fr", 14, 30, "14 oclock 30");
	time_is("fr", 8, 0, "8 oclock");
	time_is("it", 0, 15, "ore-mezzanotte e 15");
	time_is("it", 1, 0, "ore-una");
	time_is("it", 21, 28, "21 e 28");
	time_is("ru", 21, 5, "20 1 hours 5 minutes");
}

static void date_is(const char *language, const char *want)
{
	const struct say_when t = {.year = 2026, .month = 11, .day = 25, .weekday = 3};
	struct say_words w = {0};
	say_date(&w, str_z(language), &t);
	if (strcmp(text_of(&w), want) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", language, text_of(&w), want);
}

static void test_dates(void **state)
{
	(void)state;
	date_is("en", "day-3 mon-10 20 h-5 20 20 6");
	date_is("es", "day-3 25 es-de mon-10 es-de 2 thousand 26");
	date_is("fr", "day-3 20 5 mon-10 2 thousand 20 6");
	date_is("it", "day-3 20 5 mon-10 2 thousands 20 6");
	date_is("ru", "day-3 20 h-5 mon-10");
}

static void duration_is(const char *language, uint64_t s, const char *want)
{
	struct say_words w = {0};
	say_duration(&w, str_z(language), s);
	if (strcmp(text_of(&w), want) != 0)
		fail_msg("%s %llu s: \"%s\", not \"%s\"", language, (unsigned long long)s, text_of(&w), want);
}

static void test_durations(void **state)
{
	(void)state;
	duration_is("en", 0, "0 seconds");
	duration_is("en", 61, "1 minute 1 second");
	duration_is("en", 3600, "60 minutes"); /* there is no recording of "hour" */
	duration_is("en", 7322, "2 hours 2 minutes 2 seconds");
	duration_is("fr", 60, "1 minute");
	duration_is("it", 95, "1 minutes 30 5 seconds");
}

/** Every word that can be said is a recording that the packages bring, where they are there. */
static void test_each_word_is_recorded(void **state)
{
	(void)state;
	static const char *const folders[][2] = {{"en", "en_US_f_Allison"}, {"es", "es_MX_f_Allison"},
	                                         {"fr", "fr_CA_f_June"}, {"it", "it_IT_m_Carlo"},
	                                         {"ru", "ru_RU_f_IvrvoiceRU"}};
	for (size_t l = 0; l < sizeof folders / sizeof folders[0]; l++) {
		char path[256];
		snprintf(path, sizeof path, "/usr/share/asterisk/sounds/%s", folders[l][1]);
		if (access(path, R_OK) != 0)
			continue;
		struct str language = str_z(folders[l][0]);
		for (int64_t n = 0; n < 3000; n++) {
			struct say_words w = {0};
			const struct say_when t = {.year = 2026, .month = (uint8_t)(n % 12 + 1),
			                           .day = (uint8_t)(n % 31 + 1), .weekday = (uint8_t)(n % 7),
			                           .hour = (uint8_t)(n % 24), .minute = (uint8_t)(n % 60)};
			say_number(&w, language, n < 1500 ? n : n * 997);
			say_time(&w, language, &t);
			say_date(&w, language, &t);
			assert_false(w.cut);
			for (size_t i = 0; i < w.n; i++) {
				snprintf(path, sizeof path, "/usr/share/asterisk/sounds/%s/%s.wav",
				         folders[l][1], w.word[i]);
				if (access(path, R_OK) != 0)
					fail_msg("no %s", path);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_in_english),
		cmocka_unit_test(test_numbers_in_spanish),
		cmocka_unit_test(test_numbers_in_french),
		cmocka_unit_test(test_numbers_in_italian),
		cmocka_unit_test(test_numbers_in_russian),
		cmocka_unit_test(test_digits),
		cmocka_unit_test(test_a_language_without_grammar_says_nothing),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_each_word_is_recorded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
