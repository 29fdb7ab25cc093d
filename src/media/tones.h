// SPDX-License-Identifier: Apache-2.0
/** Tones that callers know, by country (ITU-T E.180 supplement 2). Pure. */
#pragma once

#include "base/str.h"
#include "media/media.h"

/**
 * @param country  ISO 3166, "DE"; one that is not in the table (or empty) sounds as Europe's (E.180)
 * @param name     "ring", "busy", "congestion", "dial", "unobtainable" (special information), "beep"
 * `out` is that item; its `ms` is 0 (until it is stopped) but for "beep".
 * @return false: no tone is called so
 */
bool tone_named(struct str country, struct str name, struct media_item *out);
