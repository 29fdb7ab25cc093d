// SPDX-License-Identifier: Apache-2.0
/**
 * Lists of numbers: to block, to allow, or for a flow to look at.
 *
 * An entry is a number ("+49301234"), the beginning of numbers ("+4930*"), a pattern between
 * slashes ("/^\+491[567]/", PCRE2) or "anonymous". Numbers and beginnings are found by hash, once
 * for each length that occurs; patterns are tried in turn, each within a fixed number of steps.
 *
 * Thread: immutable; read anywhere.
 */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"

struct list;

enum {
	LIST_MAX_ENTRIES = 10000,
	LIST_MAX_PATTERNS = 500,
	LIST_MAX_NUMBER = 128,       /* what is longer is cut before it is compared */
	LIST_MATCH_STEPS = 1000,     /* of one pattern; where it is not enough the pattern does not match */
};

enum list_purpose { LIST_ANY, LIST_BLOCK, LIST_ALLOW };

/**
 * @param entries  a JSON array of texts that were checked
 * @return 0; E_POLICY: a pattern that does not compile (`why`: a line with its place)
 */
must_check int list_compile(struct list **out, const json_t *entries, enum list_purpose purpose,
                            struct buf *why);
void list_free(struct list *l);

/**
 * Which entry `number` is, as it is written in the list; STR_NONE with p == NULL: none. An empty
 * number is "anonymous". Numbers before beginnings (the longest first) before patterns.
 */
struct str list_find(const struct list *l, struct str number);
bool list_matches(const struct list *l, struct str number);
enum list_purpose list_purpose(const struct list *l);
size_t list_size(const struct list *l);
/** Bytes that it takes, without what PCRE2 takes for itself. */
size_t list_bytes(const struct list *l);
/** 0, or E_POLICY: no entry of a list. */
must_check int list_check_entry(struct str entry);
