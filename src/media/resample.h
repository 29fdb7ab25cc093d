// SPDX-License-Identifier: Apache-2.0
/**
 * PCM from one rate to another, by speexdsp. Where the rates are the same it copies.
 *
 * Thread: whoever owns it. Memory is taken in resampler_new alone.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct resampler;

enum { RESAMPLER_MAX_HZ = 192000 };

/** @return 0; EINVAL: a rate of 0 or above RESAMPLER_MAX_HZ. Aborts when memory is out */
must_check int resampler_new(struct resampler **out, uint32_t from_hz, uint32_t to_hz);
void resampler_free(struct resampler *r);
/** Another signal begins: what is left of the last one is forgotten. */
void resampler_reset(struct resampler *r);

/** Samples that `n` may become at most. */
size_t resampler_room(const struct resampler *r, size_t n);

/**
 * All `n` samples go in. Where both rates are whole multiples of each other n * to / from come out
 * every time; else one less or more now and then.
 *
 * @param max  at least resampler_room(r, n)
 * @return how many came out
 */
size_t resampler_run(struct resampler *r, const int16_t *in, size_t n, int16_t *out, size_t max);
