// SPDX-License-Identifier: Apache-2.0
/**
 * Digits as tones in the audio, by spandsp. For trunks that know no telephone-event.
 *
 * Thread: the media thread's. Memory is taken in inband_new.
 */
#pragma once

#include "media/frame.h"

struct inband;

enum inband_event { INBAND_NOTHING, INBAND_DOWN, INBAND_UP };

struct inband_press {
	char digit;
	uint32_t ms; /* INBAND_UP: how long it lasted, to a tick or so */
};

struct inband *inband_new(void);
void inband_free(struct inband *i);
/** One frame (n 0: silence); at most one thing happens in it. */
enum inband_event inband_hear(struct inband *i, const struct frame *f, uint64_t at_ms,
                              struct inband_press *out);
