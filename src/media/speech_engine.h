// SPDX-License-Identifier: Apache-2.0
/** The engines of media/speech: each writes one text as a WAV file and waits until it is done. */
#pragma once

#include "media/speech.h"

struct speech_job {
	const char *text, *voice; /* voice NULL: the engine's own */
	const char *part;         /* the file to write */
	uint32_t timeout_ms, max_bytes;
};

/** @return 0; ETIMEDOUT, E_LIMIT, EIO, or what kept the program from starting */
must_check int speech_flite(const char *program, const struct speech_job *job);
/** POST of a JSON object with model, input, voice and response_format; the answer is the file. */
must_check int speech_http(const char *url, const char *model, const char *key,
                           const struct speech_job *job);
