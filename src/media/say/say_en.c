// SPDX-License-Identifier: Apache-2.0
#include "media/say/grammar.h"

static void below_hundred(struct say_words *w, uint64_t n)
{
	if (n <= 20 || n % 10 == 0) {
		say_put_n(w, "", n);
		return;
	}
	say_put_n(w, "", n / 10 * 10);
	say_put_n(w, "", n % 10);
}

static void below_thousand(struct say_words *w, uint64_t n)
{
	if (n >= 100) {
		say_put_n(w, "", n / 100);
		say_put(w, "hundred");
	}
	if (n % 100)
		below_hundred(w, n % 100);
}

static void number(struct say_words *w, uint64_t n, enum say_gender g)
{
	static const struct {
		uint64_t of;
		const char *word;
	} big[] = {{1000000000, "billion"}, {1000000, "million"}, {1000, "thousand"}};
	(void)g;
	if (!n)
		say_put_n(w, "", 0);
	for (size_t i = 0; i < sizeof big / sizeof big[0]; i++) {
		if (n < big[i].of)
			continue;
		below_thousand(w, n / big[i].of);
		say_put(w, big[i].word);
		n %= big[i].of;
	}
	below_thousand(w, n);
}

/* "two thirty p m", "nine oh five a m", "twelve o'clock p m" */
static void time_of_day(struct say_words *w, const struct say_when *t)
{
	say_put_n(w, "", t->hour % 12 ? t->hour % 12 : 12);
	if (!t->minute) {
		say_put(w, "oclock");
	} else {
		if (t->minute < 10)
			say_put(w, "oh");
		below_hundred(w, t->minute);
	}
	say_put(w, t->hour < 12 ? "a-m" : "p-m");
}

/* "twenty twenty six", "two thousand nine", "nineteen ninety" */
static void year(struct say_words *w, uint16_t y)
{
	if (y % 1000 < 10 || y < 1000 || y % 100 == 0) {
		number(w, y, SAY_MASCULINE);
		return;
	}
	below_hundred(w, y / 100);
	if (y % 100 < 10)
		say_put(w, "oh");
	below_hundred(w, y % 100);
}

/* "Wednesday, November twenty fifth, twenty twenty six" */
static void date(struct say_words *w, const struct say_when *t)
{
	say_put_n(w, "day-", t->weekday);
	say_put_n(w, "mon-", t->month - 1u);
	if (t->day > 20 && t->day % 10) {
		say_put_n(w, "", t->day / 10 * 10u);
		say_put_n(w, "h-", t->day % 10);
	} else {
		say_put_n(w, "h-", t->day);
	}
	year(w, t->year);
}

const struct say_grammar say_en = {
	.language = "en",
	.largest = 999999999999,
	.number = number,
	.time = time_of_day,
	.date = date,
	.minute = "minute",
	.second = "second",
};
