// SPDX-License-Identifier: Apache-2.0
#include "media/say/say.h"

#include <stdio.h>
#include <string.h>

#include "media/say/grammar.h"

static const struct say_grammar *const grammars[] = {&say_en, &say_es, &say_fr, &say_it, &say_ru};

static const struct say_grammar *grammar_of(struct str language)
{
	struct str rest = language;
	struct str first = str_cut(&rest, '-');
	for (size_t i = 0; i < sizeof grammars / sizeof grammars[0]; i++)
		if (str_ieq(first, str_z(grammars[i]->language)))
			return grammars[i];
	return NULL;
}

static void put(struct say_words *w, const char *folder, const char *word)
{
	if (w->n == SAY_MAX_WORDS) {
		w->cut = true;
		return;
	}
	int len = snprintf(w->word[w->n], SAY_MAX_WORD, "%s%s", folder, word);
	if (len > 0 && len < SAY_MAX_WORD)
		w->n++;
}

void say_put(struct say_words *w, const char *word)
{
	put(w, "digits/", word);
}

void say_put_plain(struct say_words *w, const char *word)
{
	put(w, "", word);
}

void say_put_n(struct say_words *w, const char *prefix, uint64_t n)
{
	char word[SAY_MAX_WORD];
	snprintf(word, sizeof word, "%s%u", prefix, (unsigned)n);
	say_put(w, word);
}

bool say_knows(struct str language)
{
	return grammar_of(language) != NULL;
}

void say_digits(struct say_words *w, struct str language, struct str digits)
{
	if (!say_knows(language))
		return;
	for (size_t i = 0; i < digits.n; i++) {
		char c = digits.p[i];
		if (c >= '0' && c <= '9')
			say_put_n(w, "", (uint64_t)(c - '0'));
		else if (c == '*')
			say_put(w, "star");
		else if (c == '#')
			say_put(w, "pound");
		else if (c == '-')
			say_put(w, "minus");
	}
}

static void one_by_one(struct say_words *w, struct str language, uint64_t n)
{
	char text[24];
	int len = snprintf(text, sizeof text, "%llu", (unsigned long long)n);
	say_digits(w, language, (struct str){text, (size_t)len});
}

void say_number(struct say_words *w, struct str language, int64_t number)
{
	const struct say_grammar *g = grammar_of(language);
	if (!g)
		return;
	uint64_t n = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	if (number < 0)
		say_put(w, "minus");
	if (n > g->largest)
		one_by_one(w, language, n);
	else
		g->number(w, n, SAY_MASCULINE);
}

void say_time(struct say_words *w, struct str language, const struct say_when *t)
{
	const struct say_grammar *g = grammar_of(language);
	if (g)
		g->time(w, t);
}

void say_date(struct say_words *w, struct str language, const struct say_when *t)
{
	const struct say_grammar *g = grammar_of(language);
	if (g)
		g->date(w, t);
}

static void put_units(struct say_words *w, const struct say_grammar *g, uint64_t n, const char *one,
                      const char *several)
{
	g->number(w, n, g->of_units);
	say_put_plain(w, n == 1 && one ? one : several);
}

void say_duration(struct say_words *w, struct str language, uint64_t seconds)
{
	const struct say_grammar *g = grammar_of(language);
	if (!g)
		return;
	uint64_t hours = seconds / 3600, minutes = seconds / 60 % 60;
	seconds %= 60;
	if (hours > g->largest)
		hours = g->largest;
	if (hours == 1 && !g->one_hour) { /* "sixty minutes" */
		hours = 0;
		minutes += 60;
	}
	if (hours)
		put_units(w, g, hours, NULL, "hours");
	if (minutes)
		put_units(w, g, minutes, g->minute, "minutes");
	if (seconds || (!hours && !minutes))
		put_units(w, g, seconds, g->second, "seconds");
}
