// SPDX-License-Identifier: Apache-2.0
#include "service/sound.h"

#include <stdlib.h>
#include <time.h>

#include "media/say/say.h"
#include "media/tones.h"

/* A tone among other things that are played, where its length is not said. */
enum { TONE_MS = 4000 };

struct sound {
	const struct prompts *prompts;
	const struct tenant *tenant;
	struct str language;
	uint64_t at_ms;
	struct media_play *play;
};

/* -- what can be played -------------------------------------------------------------------- */

static struct media_item *add(struct sound *s)
{
	if (s->play->n == MEDIA_MAX_ITEMS)
		return NULL;
	struct media_item *it = &s->play->items[s->play->n++];
	*it = (struct media_item){0};
	return it;
}

/** A recording of that name; false: there is none in the language, nor in English. */
static bool put_recording(struct sound *s, struct str name)
{
	char path[MEDIA_MAX_PATH];
	if (!s->prompts ||
	    prompts_find(s->prompts, s->language, name, path, sizeof path, NULL) != 0)
		return false;
	struct media_item *it = add(s);
	if (it) {
		it->kind = MEDIA_ITEM_FILE;
		memcpy(it->path, path, sizeof path);
	}
	return true;
}

static void put_words(struct sound *s, const struct say_words *w)
{
	for (size_t i = 0; i < w->n; i++)
		(void)put_recording(s, str_z(w->word[i]));
}

/** In which language values are said: the listener's where it has a grammar, else English. */
static struct str grammar(const struct sound *s)
{
	return say_knows(s->language) ? s->language : STR("en");
}

/* -- times ----------------------------------------------------------------------------- */

static struct say_when when_of_ms(const struct sound *s, uint64_t ms)
{
	struct tm tm;
	time_t at = (time_t)(ms / 1000) + tenant_utc_offset_s(s->tenant, ms);
	gmtime_r(&at, &tm);
	return (struct say_when){
		.year = (uint16_t)(tm.tm_year + 1900),
		.month = (uint8_t)(tm.tm_mon + 1),
		.day = (uint8_t)tm.tm_mday,
		.weekday = (uint8_t)tm.tm_wday,
		.hour = (uint8_t)tm.tm_hour,
		.minute = (uint8_t)tm.tm_min,
	};
}

/** "now", seconds since 1970, or "14:30". */
static bool read_time(const struct sound *s, struct str text, struct say_when *out)
{
	struct str rest = text;
	struct str hour = str_cut(&rest, ':');
	uint32_t h, m;
	uint64_t at;
	if (str_eq(text, STR("now"))) {
		*out = when_of_ms(s, s->at_ms);
	} else if (rest.n && str_u32(hour, &h) == 0 && str_u32(rest, &m) == 0 && h < 24 && m < 60) {
		*out = (struct say_when){.hour = (uint8_t)h, .minute = (uint8_t)m};
	} else if (str_u64(text, &at) == 0 && at < UINT64_MAX / 1000) {
		*out = when_of_ms(s, at * 1000);
	} else {
		return false;
	}
	return true;
}

/** "now", seconds since 1970, or "2026-11-25". */
static bool read_date(const struct sound *s, struct str text, struct say_when *out)
{
	struct str rest = text;
	uint32_t y, m, d;
	struct str year = str_cut(&rest, '-'), month = str_cut(&rest, '-');
	if (!rest.n)
		return read_time(s, text, out) && out->year;
	if (str_u32(year, &y) != 0 || str_u32(month, &m) != 0 || str_u32(rest, &d) != 0 || y < 1970 ||
	    y > 9999 || !m || m > 12 || !d || d > 31)
		return false;
	struct tm tm = {.tm_year = (int)y - 1900, .tm_mon = (int)m - 1, .tm_mday = (int)d};
	time_t at = timegm(&tm);
	gmtime_r(&at, &tm);
	*out = (struct say_when){.year = (uint16_t)y, .month = (uint8_t)m, .day = (uint8_t)d,
	                         .weekday = (uint8_t)tm.tm_wday};
	return true;
}

/* -- items ----------------------------------------------------------------------------- */

static void put_value(struct sound *s, const struct flow_item *it)
{
	struct say_words w = {0};
	struct str language = grammar(s);
	struct say_when t;
	uint64_t n;
	bool minus = it->text.n && it->text.p[0] == '-';
	bool is_number = str_u64(minus ? str_sub(it->text, 1, it->text.n) : it->text, &n) == 0 &&
	                 n <= INT64_MAX;
	if (it->kind == ITEM_DIGITS)
		say_digits(&w, language, it->text);
	else if (it->kind == ITEM_NUMBER && is_number)
		say_number(&w, language, minus ? -(int64_t)n : (int64_t)n);
	else if (it->kind == ITEM_DURATION && is_number && !minus)
		say_duration(&w, language, n);
	else if (it->kind == ITEM_TIME && read_time(s, it->text, &t))
		say_time(&w, language, &t);
	else if (it->kind == ITEM_DATE && read_date(s, it->text, &t))
		say_date(&w, language, &t);
	put_words(s, &w);
}

/** Those of a prompt's texts in the listener's language, else its first. */
static const struct prompt_text *text_in(const struct prompt *p, struct str language)
{
	struct str rest = language;
	struct str first = str_cut(&rest, '-');
	const struct prompt_text *same = NULL;
	for (size_t i = 0; i < p->n_texts; i++) {
		struct str theirs = p->texts[i].language;
		if (str_ieq(theirs, language))
			return &p->texts[i];
		if (!same && str_ieq(str_cut(&theirs, '-'), first))
			same = &p->texts[i];
	}
	return same ? same : p->n_texts ? &p->texts[0] : NULL;
}

static void put_prompt(struct sound *s, uint64_t id)
{
	const struct prompt *p = tenant_prompt(s->tenant, id);
	const struct prompt_text *t = p ? text_in(p, s->language) : NULL;
	if (t && t->file.n)
		(void)put_recording(s, t->file);
}

static void put_item(struct sound *s, const struct flow_item *it)
{
	struct media_item *out;
	switch (it->kind) {
	case ITEM_PROMPT:
		put_prompt(s, it->id);
		return;
	case ITEM_TEXT: /* the name of a recording, or a text to be spoken */
		(void)put_recording(s, it->text);
		return;
	case ITEM_TONE: {
		struct media_item tone;
		if (!tone_named(tenant_country(s->tenant), it->text, &tone) || !(out = add(s)))
			return;
		*out = tone;
		if (it->ms)
			out->ms = it->ms;
		else if (s->play->loops && !out->ms)
			out->ms = TONE_MS;
		return;
	}
	case ITEM_SILENCE:
		if ((out = add(s)))
			*out = (struct media_item){.kind = MEDIA_ITEM_SILENCE, .ms = it->ms};
		return;
	case ITEM_NUMBER:
	case ITEM_DIGITS:
	case ITEM_TIME:
	case ITEM_DATE:
	case ITEM_DURATION:
		put_value(s, it);
		return;
	case ITEM_KINDS:
		return;
	}
}

struct media_play *sound_make(const struct prompts *prompts, const struct tenant *t,
                              const struct call_sound *s, uint64_t at_ms)
{
	struct sound x = {.prompts = prompts, .tenant = t, .language = s->language, .at_ms = at_ms};
	x.play = malloc(sizeof *x.play + MEDIA_MAX_ITEMS * sizeof x.play->items[0]);
	if (!x.play)
		abort();
	*x.play = (struct media_play){.loops = s->loops, .barge_in = s->barge_in};
	for (size_t i = 0; i < s->n; i++)
		put_item(&x, &s->items[i]);
	if (x.play->n)
		return x.play;
	free(x.play);
	return NULL;
}
