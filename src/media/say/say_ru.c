// SPDX-License-Identifier: Apache-2.0
/*
 * The recordings have no hundreds but one, and thousands in one case only: what is larger
 * is said digit by digit. Ordinals stand for the day of the month.
 */
#include "media/say/grammar.h"

static void below_hundred(struct say_words *w, uint64_t n, enum say_gender g)
{
	uint64_t rest = n > 20 ? n % 10 : n;
	if (n > 20)
		say_put_n(w, "", n - rest);
	if ((rest == 1 || rest == 2) && g == SAY_NEUTER)
		say_put(w, rest == 1 ? "1n" : "2n");
	else if (rest || n == 0)
		say_put_n(w, "", rest);
}

static void number(struct say_words *w, uint64_t n, enum say_gender g)
{
	if (n >= 100)
		say_put(w, "hundred");
	if (n < 100 || n % 100)
		below_hundred(w, n % 100, g);
}

static void time_of_day(struct say_words *w, const struct say_when *t)
{
	below_hundred(w, t->hour, SAY_MASCULINE);
	say_put_plain(w, "hours");
	below_hundred(w, t->minute, SAY_MASCULINE);
	say_put_plain(w, "minutes");
}

static void date(struct say_words *w, const struct say_when *t)
{
	say_put_n(w, "day-", t->weekday);
	if (t->day > 20 && t->day % 10) {
		say_put_n(w, "", t->day / 10 * 10u);
		say_put_n(w, "h-", t->day % 10);
	} else {
		say_put_n(w, "h-", t->day);
	}
	say_put_n(w, "mon-", t->month - 1u);
}

const struct say_grammar say_ru = {
	.language = "ru",
	.largest = 199,
	.number = number,
	.time = time_of_day,
	.date = date,
};
