// SPDX-License-Identifier: Apache-2.0
/** A sound file as PCM. Reads a file: the loader's thread alone calls it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct clip_pcm {
	int16_t *pcm; /* malloc; mono */
	uint32_t n, rate_hz;
};

/**
 * What libsndfile reads (WAV, FLAC, Ogg with Vorbis or Opus ...), channels mixed to one; raw
 * .g722, .ulaw, .alaw and .gsm by their names.
 *
 * @param max_s  a longer one is refused
 * @return 0; an errno value; E_MALFORMED: no such file; E_LIMIT: too long
 */
must_check int clip_read(const char *path, uint32_t max_s, struct clip_pcm *out);
