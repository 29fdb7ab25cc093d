// SPDX-License-Identifier: Apache-2.0
/**
 * Text to speech: text in, the path of a WAV file out, for media/clip to load.
 *
 * Two engines: flite (English; a process of its own) and an HTTP server of the /v1/audio/speech
 * shape. What was spoken once is kept in a directory under a name made from engine,
 * voice, language and text; the longest unused is removed when the directory is fuller than its bound.
 *
 * Thread: one worker, for everything that waits. speech_say may be called on any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { SPEECH_MAX_TEXT = 4000, SPEECH_MAX_WORD = 63 };

enum speech_engine { SPEECH_FLITE, SPEECH_HTTP };

struct speech;

struct speech_args {
	const char *dir;         /* the cache; made when it is not there; copied */
	uint64_t max_bytes;      /* of all files in it */
	size_t max_waiting;
	uint32_t timeout_ms;     /* of one text */
	const char *flite;       /* the program; NULL: "flite" of the path; copied */
	const char *url, *model, *key; /* of SPEECH_HTTP; url NULL: no such engine; copied, key wiped */
	uint32_t max_file_bytes; /* an answer that is longer is refused */
};

struct speech_text {
	enum speech_engine engine;
	const char *text;     /* UTF-8; copied */
	const char *voice;    /* letters, digits, - and _; NULL: the engine's own; copied */
};

/**
 * The worker's thread; must not block. `path` is borrowed; NULL with an error: EINVAL (text too long
 * or empty, an odd voice), ENOTSUP (no such engine), EBUSY (too many wait; on the caller's thread),
 * ETIMEDOUT, EIO (the engine failed), E_LIMIT, ECANCELED.
 */
typedef void speech_fn(const char *path, int err, uint64_t token, void *arg);

must_check int speech_new(struct speech **out, const struct speech_args *args);
/** Ends after the text in work; those who wait get ECANCELED. */
void speech_free(struct speech *s);
void speech_say(struct speech *s, const struct speech_text *text, speech_fn *fn, void *arg,
                uint64_t token);
