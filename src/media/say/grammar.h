// SPDX-License-Identifier: Apache-2.0
/** What each language's file gives: say_NAME.c. For say.c alone. */
#pragma once

#include "media/say/say.h"

/** What is counted: some languages bend their numbers to it. */
enum say_gender { SAY_MASCULINE, SAY_FEMININE, SAY_NEUTER };

struct say_grammar {
	const char *language; /* "en" */
	uint64_t largest;     /* number that can be said as one; above: digit by digit */
	void (*number)(struct say_words *w, uint64_t n, enum say_gender g);
	void (*time)(struct say_words *w, const struct say_when *t);
	void (*date)(struct say_words *w, const struct say_when *t);
	bool one_hour;        /* there is a word for one hour, not only for several */
	const char *minute, *second; /* words for one; NULL: only for several */
	enum say_gender of_units;
};

extern const struct say_grammar say_en, say_es, say_fr, say_it, say_ru;

/** "digits/" and the word. */
void say_put(struct say_words *w, const char *word);
/** "digits/" and the number. */
void say_put_n(struct say_words *w, const char *prefix, uint64_t n);
/** A word that is not among the digits: "minutes". */
void say_put_plain(struct say_words *w, const char *word);
