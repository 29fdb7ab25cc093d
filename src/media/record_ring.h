// SPDX-License-Identifier: Apache-2.0
/**
 * Sound on its way from a media thread to the one that writes: a bounded ring of bytes with one
 * writer and one reader. Full, it takes nothing, and the writer counts what is lost.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RECORD_CHANNELS = 2, RECORD_RING_BYTES = 1 << 18 /* 4 s of two channels at 16 kHz */ };

/** 20 ms of both channels; the samples follow, channel by channel. */
struct record_piece {
	uint32_t rate_hz[RECORD_CHANNELS];
	uint16_t n[RECORD_CHANNELS]; /* 0: silence */
};

struct record_ring {
	_Alignas(64) atomic_size_t written; /* bytes, ever */
	_Alignas(64) atomic_size_t read;
	uint8_t bytes[RECORD_RING_BYTES];
};

/** False: no room. The media thread's. */
bool record_ring_put(struct record_ring *r, const struct record_piece *head,
                     const int16_t *const pcm[RECORD_CHANNELS]);
/** False: empty. The other thread's. `max`: samples of each channel that there is room for. */
bool record_ring_get(struct record_ring *r, struct record_piece *head,
                     int16_t *const pcm[RECORD_CHANNELS], size_t max);
