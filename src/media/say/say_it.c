// SPDX-License-Identifier: Apache-2.0
/* Tens lose their last vowel before "uno" and "otto": those are words of their own (21, 28). */
#include "media/say/grammar.h"

static void below_hundred(struct say_words *w, uint64_t n)
{
	uint64_t rest = n % 10;
	if (n <= 20 || rest == 0 || rest == 1 || rest == 8) {
		say_put_n(w, "", n);
		return;
	}
	say_put_n(w, "", n - rest);
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
		if (n / 1000000 == 1)
			say_put(w, "un");
		else
			below_thousand(w, n / 1000000);
		say_put(w, n / 1000000 == 1 ? "million" : "millions");
		n %= 1000000;
	}
	if (n >= 2000) {
		below_thousand(w, n / 1000);
		say_put(w, "thousands");
		n %= 1000;
	} else if (n >= 1000) {
		say_put(w, "thousand");
		n %= 1000;
	}
	below_thousand(w, n);
}

/* "quattordici e trenta"; midnight and one o'clock have words of their own */
static void time_of_day(struct say_words *w, const struct say_when *t)
{
	if (t->hour == 0)
		say_put(w, "ore-mezzanotte");
	else if (t->hour == 1)
		say_put(w, "ore-una");
	else
		below_hundred(w, t->hour);
	if (t->minute) {
		say_put(w, "e");
		below_hundred(w, t->minute);
	}
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

const struct say_grammar say_it = {
	.language = "it",
	.largest = 999999999,
	.number = number,
	.time = time_of_day,
	.date = date,
};
