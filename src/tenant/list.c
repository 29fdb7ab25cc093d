// SPDX-License-Identifier: Apache-2.0
#define PCRE2_CODE_UNIT_WIDTH 8
#include "tenant/list.h"

#include <pcre2.h>
#include <stdlib.h>

#include "base/hash.h"
#include "tenant/list_entry.h"
#include "tenant/lookup.h"

/* A beginning or a number; numbers and beginnings of one length stand in one table. */
enum { LENGTHS = 34, HEAP_LIMIT_KB = 64 };

struct pattern {
	pcre2_code *code;
	struct str text;
};

struct list {
	enum list_purpose purpose;
	size_t bytes;
	size_t n;
	struct str *entries;        /* numbers and beginnings, as they are written */
	size_t n_entries;
	struct lookup numbers, beginnings;
	uint64_t begin_lengths;     /* bit: there is a beginning of so many characters */
	struct str anonymous;       /* the entry, p == NULL: none */
	struct pattern *patterns;
	size_t n_patterns;
	pcre2_match_context *limits;
	char *text;
};

/* Whoever chooses the entries chooses them for himself alone: no secret key is needed. */
static const struct hash_key key = {0x6c69737473, 0x6f666e756d};

static struct str text_of(const json_t *v)
{
	return (struct str){json_string_value(v), json_string_length(v)};
}

/* -- compiling ----------------------------------------------------------------------- */

static void *zalloc(struct list *l, size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		abort();
	l->bytes += n * size;
	return p;
}

struct counts {
	size_t numbers, beginnings, patterns, bytes;
};

static struct counts count(const json_t *entries)
{
	struct counts n = {0};
	const json_t *v;
	size_t i;

	json_array_foreach(entries, i, v) {
		struct str s = text_of(v);

		n.patterns += is_pattern(s);
		n.beginnings += !is_pattern(s) && is_beginning(s);
		n.numbers += !is_pattern(s) && !is_beginning(s);
		n.bytes += s.n;
	}
	return n;
}

static void take_memory(struct list *l, const struct counts *n)
{
	l->entries = zalloc(l, n->numbers + n->beginnings, sizeof *l->entries);
	l->patterns = zalloc(l, n->patterns, sizeof *l->patterns);
	l->text = zalloc(l, n->bytes, 1);
	lookup_init(&l->numbers, zalloc(l, lookup_slots(n->numbers), sizeof(struct lookup_slot)),
	            n->numbers);
	lookup_init(&l->beginnings,
	            zalloc(l, lookup_slots(n->beginnings), sizeof(struct lookup_slot)),
	            n->beginnings);
}

static int add_pattern(struct list *l, struct str entry, size_t i, struct buf *why)
{
	struct str text = str_sub(entry, 1, entry.n - 1);
	PCRE2_SIZE at;
	PCRE2_UCHAR words[120];
	int err;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)text.p, text.n, PCRE2_NEVER_BACKSLASH_C, &err,
	                                 &at, NULL);

	if (!code) {
		pcre2_get_error_message(err, words, sizeof words);
		buf_printf(why, "entries[%zu]: ", i);
		buf_json_str(why, entry);
		buf_printf(why, ": %s (at character %zu)\n", (const char *)words, (size_t)at + 1);
		return E_POLICY;
	}
	l->patterns[l->n_patterns++] = (struct pattern){code, entry};
	return 0;
}

static int add_entry(struct list *l, struct str entry, size_t i, struct buf *why)
{
	if (is_pattern(entry))
		return add_pattern(l, entry, i, why);
	if (str_eq(entry, STR("anonymous"))) {
		l->anonymous = entry;
	} else if (is_beginning(entry)) {
		struct str s = without_last(entry);

		l->begin_lengths |= UINT64_C(1) << s.n;
		lookup_add(&l->beginnings, hash_str(&key, s), (uint32_t)l->n_entries);
	} else {
		lookup_add(&l->numbers, hash_str(&key, entry), (uint32_t)l->n_entries);
	}
	if (entry.p[0] != 'a')
		l->entries[l->n_entries++] = entry;
	return 0;
}

static int fill(struct list *l, const json_t *entries, struct buf *why)
{
	char *at = l->text;
	size_t faults = 0, i;
	const json_t *v;

	json_array_foreach(entries, i, v) {
		struct str s = text_of(v);
		struct str kept = {at, s.n};

		memcpy(at, s.p, s.n);
		at += s.n;
		faults += add_entry(l, kept, i, why) != 0;
	}
	return faults ? E_POLICY : 0;
}

static int check_patterns(const struct counts *n, struct buf *why)
{
	if (n->patterns <= LIST_MAX_PATTERNS)
		return 0;
	buf_printf(why, "entries: %zu patterns; at most %d are allowed\n", n->patterns,
	           LIST_MAX_PATTERNS);
	return E_POLICY;
}

static void set_limits(struct list *l)
{
	l->limits = pcre2_match_context_create(NULL);
	if (!l->limits)
		abort();
	pcre2_set_match_limit(l->limits, LIST_MATCH_STEPS);
	pcre2_set_depth_limit(l->limits, LIST_MATCH_STEPS);
	pcre2_set_heap_limit(l->limits, HEAP_LIMIT_KB);
}

int list_compile(struct list **out, const json_t *entries, enum list_purpose purpose,
                 struct buf *why)
{
	struct counts n = count(entries);
	struct list *l;
	int err = check_patterns(&n, why);

	if (err)
		return err;
	l = calloc(1, sizeof *l);
	if (!l)
		abort();
	l->bytes = sizeof *l;
	l->purpose = purpose;
	l->n = json_array_size(entries);
	take_memory(l, &n);
	set_limits(l);
	err = fill(l, entries, why);
	if (err)
		list_free(l);
	else
		*out = l;
	return err;
}

void list_free(struct list *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n_patterns; i++)
		pcre2_code_free(l->patterns[i].code);
	pcre2_match_context_free(l->limits);
	free(l->entries);
	free(l->patterns);
	free(l->numbers.slots);
	free(l->beginnings.slots);
	free(l->text);
	free(l);
}

/* -- looking up ---------------------------------------------------------------------- */

static struct str find_in(const struct list *l, const struct lookup *table, struct str s, bool star)
{
	uint64_t hash = hash_str(&key, s);

	for (size_t at = lookup_first(table, hash); lookup_hit(table, hash, &at);
	     at = lookup_next(table, at)) {
		struct str entry = l->entries[lookup_value(table, at)];

		if (str_eq(star ? without_last(entry) : entry, s))
			return entry;
	}
	return STR_NONE;
}

static struct str find_beginning(const struct list *l, struct str number)
{
	for (size_t n = number.n < LENGTHS ? number.n : LENGTHS - 1; n > 0; n--) {
		struct str found = STR_NONE;

		if (l->begin_lengths & UINT64_C(1) << n)
			found = find_in(l, &l->beginnings, str_sub(number, 0, n), true);
		if (found.p)
			return found;
	}
	return STR_NONE;
}

static struct str find_pattern(const struct list *l, struct str number)
{
	pcre2_match_data *found;
	struct str entry = STR_NONE;

	if (!l->n_patterns)
		return entry;
	found = pcre2_match_data_create(1, NULL);
	if (!found)
		abort();
	for (size_t i = 0; i < l->n_patterns && !entry.p; i++) {
		/* Out of steps is no match: negative like all other failures. */
		if (pcre2_match(l->patterns[i].code, (PCRE2_SPTR)number.p, number.n, 0, 0, found,
		                l->limits) >= 0)
			entry = l->patterns[i].text;
	}
	pcre2_match_data_free(found);
	return entry;
}

struct str list_find(const struct list *l, struct str number)
{
	struct str found;

	if (!number.n)
		return l->anonymous;
	number = str_sub(number, 0, LIST_MAX_NUMBER);
	found = find_in(l, &l->numbers, number, false);
	if (!found.p)
		found = find_beginning(l, number);
	return found.p ? found : find_pattern(l, number);
}

bool list_matches(const struct list *l, struct str number)
{
	return list_find(l, number).p != NULL;
}

enum list_purpose list_purpose(const struct list *l)
{
	return l->purpose;
}

size_t list_size(const struct list *l)
{
	return l->n;
}

size_t list_bytes(const struct list *l)
{
	return l->bytes;
}
