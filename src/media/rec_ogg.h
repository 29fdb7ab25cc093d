// SPDX-License-Identifier: Apache-2.0
/** Opus in Ogg (RFC 7845), one mono stream for each channel. Bytes into a buf; no I/O. */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct rec_ogg;

/** Its head goes to `out`. @return 0; EINVAL: not a rate of Opus */
must_check int rec_ogg_new(struct rec_ogg **o, uint32_t rate_hz, unsigned channels, struct buf *out);
void rec_ogg_free(struct rec_ogg *o);
/** Interleaved; any number of frames. */
void rec_ogg_add(struct rec_ogg *o, const int16_t *pcm, size_t frames, struct buf *out);
/** Pages of all that is complete. */
void rec_ogg_flush(struct rec_ogg *o, struct buf *out);
/** What is left, and the end of the stream. */
void rec_ogg_end(struct rec_ogg *o, struct buf *out);
