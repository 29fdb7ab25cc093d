// SPDX-License-Identifier: Apache-2.0
/**
 * Which file is a prompt in a language: an index of the sound directories, made once.
 *
 * A root holds a folder for each language and voice ("en_US_f_Allison", "fr"); in it lie files
 * and folders of files: "digits/20.wav" is the prompt "digits/20". Where a prompt is there
 * in both, 16 kHz (.g722) is taken before 8 kHz (.wav).
 *
 * Thread:   built by one thread, then read by any.
 * Lifetime: prompts_new -> prompts_find* -> prompts_free.
 */
#pragma once

#include "base/buf.h"
#include "base/log.h"
#include "base/str.h"

struct prompts;

enum { PROMPT_MAX_NAME = 96, PROMPT_MAX_FILES = 200000 };

/** A root that is not there is an empty one. E_LIMIT: more files than that. */
must_check int prompts_new(struct prompts **out, const char *root);
void prompts_free(struct prompts *p);

/**
 * The path of a prompt, NUL-ended, in the language, else in the same language of another country, else
 * in English. `*spoken` (may be NULL) is set to the first part of the language it was found in, static.
 * ENOENT: in none of them. E_LIMIT: the path does not fit in `n`.
 */
must_check int prompts_find(const struct prompts *p, struct str language, struct str name, char *path,
                            size_t n, const char **spoken);
/** The same, but in this language alone, whatever its country. */
must_check int prompts_find_in(const struct prompts *p, struct str language, struct str name,
                               char *path, size_t n);
size_t prompts_count(const struct prompts *p);
