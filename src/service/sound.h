// SPDX-License-Identifier: Apache-2.0
/**
 * What a caller hears, from names to files and tones: prompts in the caller's language, values by its
 * grammar, tones of the tenant's country.
 *
 * What has no recording in the language is said in English, as recordings go; a text without
 * recording is spoken where an engine for speech is there, and else left out.
 */
#pragma once

#include "call/call.h"
#include "media/prompts.h"

/**
 * The items as the media plane plays them; NULL when none of them can be played. The caller frees.
 *
 * @param prompts  NULL: there are none
 * @param at_ms    wall clock, for "now"
 */
struct media_play *sound_make(const struct prompts *prompts, const struct tenant *t,
                              const struct call_sound *s, uint64_t at_ms);
