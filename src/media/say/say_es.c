// SPDX-License-Identifier: Apache-2.0
/* Up to 29 a number is one word; "uno" bends to what is counted; "ciento" with something behind it. */
#include "media/say/grammar.h"

static void put_one(struct say_words *w, enum say_gender g, bool before_noun)
{
	if (g == SAY_FEMININE)
		say_put(w, "1F");
	else
		say_put(w, before_noun ? "1M" : "1");
}

static void below_hundred(struct say_words *w, uint64_t n, enum say_gender g, bool before_noun)
{
	if (n == 1) {
		put_one(w, g, before_noun);
		return;
	}
	if (n < 30 || n % 10 == 0) {
		say_put_n(w, "", n);
		return;
	}
	say_put_n(w, "", n / 10 * 10);
	say_put(w, "and");
	if (n % 10 == 1)
		put_one(w, g, before_noun);
	else
		say_put_n(w, "", n % 10);
}

static void below_thousand(struct say_words *w, uint64_t n, enum say_gender g, bool before_noun)
{
	if (n == 100) {
		say_put(w, "hundred");
		return;
	}
	if (n > 100 && n < 200)
		say_put(w, "100-and");
	else if (n >= 200)
		say_put_n(w, "", n / 100 * 100);
	if (n % 100)
		below_hundred(w, n % 100, g, before_noun);
}

static void number(struct say_words *w, uint64_t n, enum say_gender g)
{
	if (!n)
		say_put_n(w, "", 0);
	if (n >= 1000000) {
		below_thousand(w, n / 1000000, SAY_MASCULINE, true);
		say_put(w, n / 1000000 == 1 ? "million" : "millions");
		n %= 1000000;
	}
	if (n >= 1000) { /* "mil", never "un mil" */
		if (n / 1000 > 1)
			below_thousand(w, n / 1000, SAY_MASCULINE, true);
		say_put(w, "thousand");
		n %= 1000;
	}
	below_thousand(w, n, g, false);
}

static void time_of_day(struct say_words *w, const struct say_when *t)
{
	below_hundred(w, t->hour % 12 ? t->hour % 12 : 12, SAY_FEMININE, true);
	if (t->minute)
		below_hundred(w, t->minute, SAY_MASCULINE, false);
	else
		say_put(w, "oclock");
	say_put(w, t->hour < 12 ? "a-m" : "p-m");
}

/* "miércoles 25 de noviembre de 2026" */
static void date(struct say_words *w, const struct say_when *t)
{
	say_put_n(w, "day-", t->weekday);
	if (t->day == 1)
		say_put(w, "h-1");
	else
		below_hundred(w, t->day, SAY_MASCULINE, false);
	say_put(w, "es-de");
	say_put_n(w, "mon-", t->month - 1u);
	say_put(w, "es-de");
	number(w, t->year, SAY_MASCULINE);
}

const struct say_grammar say_es = {
	.language = "es",
	.largest = 999999999,
	.number = number,
	.time = time_of_day,
	.date = date,
	.of_units = SAY_FEMININE, /* horas; minutos would be 1M, which these recordings say alike */
};
