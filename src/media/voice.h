// SPDX-License-Identifier: Apache-2.0
/**
 * A stream whose audio passes through our hands. Two halves that know nothing of each other:
 *
 *   hearing (voice_rx): packets -> jitter buffer -> decoder -> 20 ms of PCM, once a tick, for whoever
 *            asks: the peer's voice, a room, a recording. Who asks second in a tick gets the same.
 *   saying (voice_tx): PCM of whoever has the word -> encoder -> RTP in the stream's own row (rtp_out).
 *
 * Who has the word: digits being sent, then what is played, then the room or the peer it is joined to.
 *
 * Thread:   the media thread's. Memory is taken when a stream is set or a play begins, not in a tick.
 * Lifetime: voice_set (with a media_voice that is not empty) -> voice_set* -> voice_free; owned by
 *           the stream.
 */
#pragma once

#include "media/media.h"
#include "media/player.h"
#include "media/room.h"
#include "media/ticker.h"
#include "media/voice_rx.h"
#include "media/voice_tx.h"

struct stream;
struct inband;

struct voice {
	struct stream *stream;
	struct media_voice set;
	struct tick_unit unit; /* on while it has something to say or to listen for by itself */
	struct voice_rx rx;
	struct voice_tx tx;
	struct player player;
	bool play_dials;           /* digits of the item that has its turn are being sent */
	struct room_member member; /* of the room it is joined to or listens to */
	bool had_word;             /* as those who relay to it were told */
	/* A key that its peer holds down. */
	bool pressed;
	char digit;
	uint32_t press_serial;
	uint64_t event_ms;     /* when telephone-event last spoke: not to be heard twice */
	struct inband *inband; /* NULL: digits in the audio are not looked for */
};

/** Take what `set` says; makes or frees s->voice. Follow with voice_update. */
void voice_set(struct stream *s, const struct media_voice *set);
/** What plays is told as stopped. */
void voice_free(struct stream *s);
/** Something around `s` changed (its sink, its sources, a play): make its ticks and needs fit. */
void voice_update(struct stream *s);

/** Does its sink want decoded audio, so that nothing is relayed? */
bool voice_is_processed(const struct stream *s);
/** Is something of our own being said to the peer of `s`, so that nothing is relayed to it? */
bool voice_has_word(const struct stream *s);
/** The same of a member of a room: it hears something else now. */
bool voice_is_busy(const struct voice *v);
/** Must its packets be kept for decoding? */
bool voice_is_needed(const struct stream *s);

/** What its peer says in this tick. Never NULL. */
const struct frame *voice_hear(struct voice *v, uint64_t epoch);
/** A key of the peer went down, and up again after so long; by telephone-event or in the audio. */
void voice_press(struct voice *v, char digit);
void voice_release(struct voice *v, char digit, uint32_t ms);

/** `play` is taken over. */
void voice_play(struct voice *v, struct media_play *play);
/** `play_id` 0: whatever plays. */
void voice_stop_play(struct voice *v, uint64_t play_id, enum media_how how);
/** False: no way to send digits, or too many wait. */
bool voice_dial(struct voice *v, const struct media_digits *digits);
