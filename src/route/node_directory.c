// SPDX-License-Identifier: Apache-2.0
/* People by the letters of their name on the keypad (ITU-T E.161). */
#include <stdio.h>

#include "route/internal.h"

enum { SPELLING, CHOOSING, MAX_FOUND = 5, LEAST_LETTERS = 2 };

static const struct asking spelling = {
	.items = F_DIRECTORY_ITEMS, .timeout_s = F_DIRECTORY_TIMEOUT_S,
	.between_s = F_DIRECTORY_BETWEEN_S, .retries = F_DIRECTORY_RETRIES, .builtin = "spell-name",
	.min = LEAST_LETTERS, .max = 12, .end = {"#", 1},
};

/* Letters with marks of U+00C0 to U+00FF by their base letter; '.': none. */
static const char bases[] = "aaaaaaaceeeeiiiidnooooo.ouuuuyptaaaaaaaceeeeiiiidnooooo.ouuuuypty";

static char key_of_letter(char c)
{
	static const char keys[] = "22233344455566677778889999";

	return c >= 'a' && c <= 'z' ? keys[c - 'a'] : c >= '0' && c <= '9' ? c : 0;
}

/* The key of the character that `s` begins with, and its length; 0: it has none. */
static char key_at(struct str s, size_t *len)
{
	unsigned char c = (unsigned char)s.p[0];

	*len = str_utf8_step(s);
	if (!*len)
		*len = 1;
	if (*len == 2 && c == 0xc3)
		return key_of_letter(bases[(unsigned char)s.p[1] & 0x3f]);
	return *len == 1 ? key_of_letter(ch_lower(s.p[0])) : 0;
}

static bool word_begins(struct str word, struct str keys)
{
	size_t len;

	while (keys.n && word.n) {
		char key = key_at(word, &len);

		word = str_sub(word, len, word.n);
		if (!key)
			continue;
		if (key != keys.p[0])
			return false;
		keys = str_sub(keys, 1, keys.n);
	}
	return !keys.n;
}

static bool name_fits(struct str name, struct str keys, enum directory_by by)
{
	bool first = true;

	while (name.n) {
		struct str word = str_cut(&name, ' ');
		bool counts = by == DIRECTORY_ANY || (by == DIRECTORY_FIRST ? first : !name.n);

		if (word.n && counts && word_begins(word, keys))
			return true;
		if (word.n)
			first = false;
	}
	return false;
}

/* Those who fit, in order of extension; at most MAX_FOUND, and how many there are more. */
static size_t find(const struct walk *w, const struct user *found[MAX_FOUND])
{
	struct str keys = {w->s->digits, w->s->n_digits};
	enum directory_by by = (enum directory_by)flow_number(w->node, F_DIRECTORY_BY);
	size_t n = 0;

	for (size_t i = 0; i < tenant_users(w->t) && n < MAX_FOUND; i++) {
		const struct user *u = tenant_user_at(w->t, i);

		if (u->in_directory && name_fits(u->name, keys, by))
			found[n++] = u;
	}
	return n;
}

static struct verdict enter(struct walk *w)
{
	note_node(w, STR_NONE, STR("waits"), STR("for the letters of a name"));
	return wait_event();
}

static void emit_choice(struct walk *w)
{
	const struct user *found[MAX_FOUND];
	size_t n = find(w, found);

	w->out->action = ROUTE_COLLECT;
	w->out->barge_in = true;
	w->out->collect = (struct route_collect){.first_ms = 5000, .between_ms = 3000, .min = 1, .max = 1};
	for (size_t i = 0; i < n; i++) {
		char key[2] = {(char)('1' + i), '\0'};
		const struct flow_item items[] = {
			{.kind = ITEM_DIGITS, .text = keep_text(w->out, str_z(key))},
			{.kind = found[i]->spoken_name ? ITEM_PROMPT : ITEM_TEXT,
			 .id = found[i]->spoken_name,
			 .text = found[i]->spoken_name ? STR_NONE : found[i]->name},
		};

		put_items(w, items, 2);
	}
}

static void emit(struct walk *w)
{
	if (w->frame->phase == CHOOSING)
		emit_choice(w);
	else
		ask_emit(w, &spelling);
}

static struct verdict again(struct walk *w, struct str keys, const char *why)
{
	w->frame->phase = SPELLING;
	if (!ask_again(w, &spelling))
		return go(w, keys.n ? X_DIRECTORY_INVALID : X_DIRECTORY_TIMEOUT, X_DIRECTORY_TIMEOUT, keys,
		          str_z(why));
	note_node(w, keys, STR("again"), str_z(why));
	return wait_event();
}

static struct verdict lead(struct walk *w, const struct user *u)
{
	note_node(w, u->name, STR("found"), STR("the caller spelled or chose the name"));
	return enter_target((struct target){TARGET_USER, u->id, STR_NONE});
}

static struct verdict spelled(struct walk *w, struct str keys)
{
	const struct user *found[MAX_FOUND];
	size_t n;

	if (keys.n < LEAST_LETTERS || keys.n > ROUTE_MAX_DIGITS)
		return again(w, keys, keys.n ? "too few letters" : "no key came");
	memcpy(w->s->digits, keys.p, keys.n);
	w->s->n_digits = (uint8_t)keys.n;
	n = find(w, found);
	if (n == 0)
		return again(w, keys, "nobody in the directory is called so");
	if (n == 1)
		return lead(w, found[0]);
	w->frame->phase = CHOOSING;
	note_nodef(w, keys, "waits", "%zu are called so: the caller chooses", n);
	return wait_event();
}

static struct verdict event(struct walk *w)
{
	const struct user *found[MAX_FOUND];
	struct str keys = w->f->digits;
	size_t n;

	if (w->f->event != ROUTE_DIGITS)
		return wait_event();
	if (w->frame->phase == SPELLING)
		return spelled(w, keys);
	n = find(w, found);
	if (keys.n == 1 && keys.p[0] >= '1' && (size_t)(keys.p[0] - '1') < n)
		return lead(w, found[keys.p[0] - '1']);
	return again(w, keys, "none of those was chosen");
}

static struct verdict back(struct walk *w)
{
	if (w->s->outcome == OUTCOME_NONE || w->s->outcome == OUTCOME_DONE)
		return leave(w, (enum route_outcome)w->s->outcome, w->s->status);
	return go(w, X_DIRECTORY_FAILED, X_DIRECTORY_FAILED, STR("back"),
	          STR("who was found could not be reached"));
}

const struct route_node route_node_directory = {
	.enter = enter, .event = event, .emit = emit, .back = back};
