// SPDX-License-Identifier: Apache-2.0
/**
 * Sound that is in memory: decoded once, shared by all who play it, never changed.
 *
 * Files are read by one thread of the loader; nobody else opens, reads or decodes one. What was
 * read is kept while it is used, and afterwards as long as the bound allows (the longest
 * unused goes first), so that a prompt of every call is read once.
 *
 * Thread:   any. Counting is atomic; the loader's thread alone frees.
 * Lifetime: clip_load -> clip_fn gives a reference -> clip_unref.
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"

struct clip_loader;

/** Immutable but for `refs`. */
struct clip {
	const int16_t *pcm;    /* mono */
	uint32_t n;            /* samples */
	uint32_t rate_hz;
	atomic_uint refs;
	struct clip_loader *loader; /* NULL: of clip_of_pcm */
};

/**
 * A file was read, or not. The loader's thread (the caller's for EBUSY); must not block.
 *
 * @param clip  a reference; NULL with an error: ENOENT, E_MALFORMED (no sound file that we
 *              read), E_LIMIT (too long), ECANCELED (the loader ends), EBUSY (too many wait)
 */
typedef void clip_fn(struct clip *clip, int err, uint64_t token, void *arg);

struct clip_loader_args {
	size_t max_bytes;      /* of samples kept that nobody uses */
	uint32_t max_s;        /* a longer file is refused */
	size_t max_waiting;    /* files asked for and not read */
	const struct log *log; /* borrowed */
};

must_check int clip_loader_new(struct clip_loader **out, const struct clip_loader_args *args);
/** All clips must have been given back; those who wait get ECANCELED. */
void clip_loader_free(struct clip_loader *l);

/**
 * Never waits. Read: WAV, Ogg/Opus and what else libsndfile does; raw .g722, .ulaw, .alaw and
 * .gsm by their names.
 */
void clip_load(struct clip_loader *l, const char *path, clip_fn *fn, void *arg, uint64_t token);
/** The file changed (a new recording of a prompt): the next load reads it again. */
void clip_forget(struct clip_loader *l, const char *path);

void clip_ref(struct clip *c);
void clip_unref(struct clip *c);

/** A copy of samples as a clip of its own. */
struct clip *clip_of_pcm(const int16_t *pcm, size_t n, uint32_t rate_hz);
