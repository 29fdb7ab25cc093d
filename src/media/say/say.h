// SPDX-License-Identifier: Apache-2.0
/**
 * Numbers, times and durations as rows of recorded words, by the grammar of a language: names of
 * prompts such as "digits/20". Pure.
 *
 * Languages: en, es, fr, it, ru, as far as the recordings of their packages go. What a language has
 * no words for (a number above its largest, Russian hundreds) is said digit by digit; a language
 * that is not among these says nothing, and the caller of these functions has the text spoken.
 */
#pragma once

#include "base/str.h"

enum { SAY_MAX_WORDS = 40, SAY_MAX_WORD = 24 };

/** Words past SAY_MAX_WORDS are left out, and `cut` says so. */
struct say_words {
	char word[SAY_MAX_WORDS][SAY_MAX_WORD]; /* NUL-ended */
	size_t n;
	bool cut;
};

/** A moment in the listener's time zone. */
struct say_when {
	uint16_t year;
	uint8_t month, day;     /* from 1 */
	uint8_t weekday;        /* 0: Sunday */
	uint8_t hour, minute;
};

/** Has this language (BCP 47; only its first part counts) a grammar here? */
bool say_knows(struct str language);

/** All of these add to `w`, and nothing for a language that say_knows does not. */
void say_digits(struct say_words *w, struct str language, struct str digits); /* 0-9 * # + - */
void say_number(struct say_words *w, struct str language, int64_t number);
/** The time of the day: in English by the clock of twelve hours. */
void say_time(struct say_words *w, struct str language, const struct say_when *t);
/** Day of the week, day, month, year. */
void say_date(struct say_words *w, struct str language, const struct say_when *t);
void say_duration(struct say_words *w, struct str language, uint64_t seconds);
