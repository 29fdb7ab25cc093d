// SPDX-License-Identifier: Apache-2.0
/* 21 is "vingt et un"; 71 "soixante et onze"; 91 "quatre-vingt onze", without "et" like 81. */
#include "media/say/grammar.h"

static void below_hundred(struct say_words *w, uint64_t n)
{
	uint64_t tens = n / 10 * 10, rest = n % 10;
	if (n < 20 || rest == 0) {
		say_put_n(w, "", n);
		return;
	}
	if (tens == 70 || tens == 90) { /* counted on from 60 and 80 */
		tens -= 10;
		rest += 10;
	}
	say_put_n(w, "", tens);
	if (tens != 80 && (rest == 1 || rest == 11))
		say_put(w, "et");
	say_put_n(w, "", rest);
}

static void below_thousand(struct say_words *w, uint64_t n)
{
	if (n >= 200)
		say_put_n(w, "", n / 100);
	if (n >= 100)
		say_put(w, "hundred");
	if (n % 100)
		below_hundred(w, n % 100);
}

static void number(struct say_words *w, uint64_t n, enum say_gender g)
{
	(void)g;
	if (!n)
		say_put_n(w, "", 0);
	if (n >= 1000000) {
		below_thousand(w, n / 1000000);
		say_put(w, "million");
		n %= 1000000;
	}
	if (n >= 1000) { /* "mille", never "un mille" */
		if (n / 1000 > 1)
			below_thousand(w, n / 1000);
		say_put(w, "thousand");
		n %= 1000;
	}
	below_thousand(w, n);
}

/* "quatorze heures trente" */
static void time_of_day(struct say_words *w, const struct say_when *t)
{
	number(w, t->hour, SAY_FEMININE);
	say_put(w, "oclock");
	if (t->minute)
		below_hundred(w, t->minute);
}

static void date(struct say_words *w, const struct say_when *t)
{
	say_put_n(w, "day-", t->weekday);
	if (t->day == 1)
		say_put(w, "h-1");
	else
		below_hundred(w, t->day);
	say_put_n(w, "mon-", t->month - 1u);
	number(w, t->year, SAY_MASCULINE);
}

const struct say_grammar say_fr = {
	.language = "fr",
	.largest = 999999999,
	.number = number,
	.time = time_of_day,
	.date = date,
	.minute = "minute",
	.second = "second",
	.of_units = SAY_FEMININE,
};
