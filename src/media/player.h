// SPDX-License-Identifier: Apache-2.0
/**
 * Plays a row of items: files, tones, silence. Digits and rooms are not PCM; the player says
 * when one's turn has come, and whoever owns it does that and calls player_next.
 *
 * It reads no files: clips are handed in by player_clip as they arrive, in any order.
 *
 * Thread:   its owner's. Memory is taken in player_start and player_clip, not in player_read.
 * Lifetime: player_start -> player_read* -> (PLAYER_DONE or PLAYER_FAILED) -> player_stop.
 */
#pragma once

#include "media/clip.h"
#include "media/media.h"
#include "media/resample.h"
#include "media/tone_gen.h"

enum player_state {
	PLAYER_IDLE,
	PLAYER_SOUND,
	PLAYER_WAITS,  /* for a clip */
	PLAYER_DIGITS, /* an item of digits has its turn: player_item */
	PLAYER_ROOM,   /* a room has */
	PLAYER_DONE,
	PLAYER_FAILED, /* `err` */
};

enum { PLAYER_RATES = 4, PLAYER_CARRY = 1024 };

struct player {
	struct media_play *play; /* NULL: idle */
	struct clip **clips;     /* of each item */
	uint32_t serial;         /* counts plays, so that a clip of an old one is known */
	uint32_t rate_hz;
	size_t item;
	uint32_t loop;
	bool begun;              /* `left` and the rest speak of this item */
	bool had_sound;          /* in this round: a row of nothing is not played again and again */
	uint64_t left;           /* samples of this item; UINT64_MAX: no end */
	size_t at;               /* in the clip */
	struct tone_gen tone;
	struct {
		uint32_t from_hz;
		struct resampler *r;
	} rates[PLAYER_RATES];
	int16_t carry[PLAYER_CARRY]; /* resampled and not yet read */
	size_t n_carry, carry_at;
	uint64_t samples;            /* played */
	uint32_t waited;             /* reads in a row that waited for a clip */
	uint32_t random;             /* where to begin: media_play.start_random */
	int err;
};

/** Takes `play` over. `rate_hz`: of what is read. `random`: a number for start_random. */
void player_start(struct player *p, struct media_play *play, uint32_t rate_hz, uint32_t random);
/** Forgets the play; its clips are given back. */
void player_stop(struct player *p);
static inline bool player_is_on(const struct player *p)
{
	return p->play != NULL;
}

/** The clip of an item arrived (a reference is taken over), or did not: `err`. */
void player_clip(struct player *p, uint32_t serial, size_t item, struct clip *clip, int err);

/**
 * The next `n` samples: with PLAYER_SOUND all of them, with any other state none of worth.
 * `n` is 20 ms.
 */
enum player_state player_read(struct player *p, int16_t *pcm, size_t n);
/** The item whose turn it is, of PLAYER_DIGITS and PLAYER_ROOM. */
const struct media_item *player_item(const struct player *p);
void player_next(struct player *p);

uint64_t player_ms(const struct player *p);
/** Time that passed in an item that is not read: a room listened to. */
void player_count(struct player *p, uint32_t ms);
