// SPDX-License-Identifier: Apache-2.0
/**
 * Rooms: members hear each other, but not themselves. One sum of 32 bits a tick, at the room's rate; who
 * talks gets the sum without his own part, clipped once. Who does not talk hears the sum as it
 * is: it is encoded once for all of them that have the same codec format (struct room_group).
 *
 * A room is also how music is shared: its player is the only voice, its listeners are mute members.
 *
 * Thread:   the media thread's, like its members. Joining and leaving happens between ticks.
 * Lifetime: made by the first room_set or room_join of its id; gone when it is ended and empty.
 */
#pragma once

#include "base/map.h"
#include "media/player.h"
#include "media/rate_bank.h"
#include "media/ticker.h"
#include "media/voice_rx.h"

struct worker;
struct voice;
struct room;
struct record_tap;

/** Those who hear the same in the same format. */
struct room_group {
	struct list_node node;
	struct codec_format format;
	bool deaf;
	size_t n_members;
	const struct codec_ops *ops;
	void *enc;
	struct rate_bank rates; /* from the room's rate */
	uint64_t epoch;         /* of `payload` */
	int n;                  /* bytes; 0: nothing need be sent; -1: it cannot be encoded */
	uint8_t payload[CODEC_MAX_PAYLOAD];
};

/** A voice's place in a room; embedded in it. */
struct room_member {
	struct room *room; /* NULL: in none */
	struct list_node node;
	struct voice *voice;
	bool mute, deaf;
	int32_t gain; /* mix.h */
	struct room_group *group; /* NULL: always encoded alone */
	struct rate_bank rates;   /* to the room's rate */
	/* Talking or not. */
	bool talking;
	uint32_t floor, power, score; /* mean squares: of noise, of this tick, of the last second */
	unsigned hang;                /* ticks for which he still counts as talking */
	uint64_t level_ms;            /* when MEDIA_EV_LEVEL was last sent */
	/* This tick. */
	bool adds;
	int16_t pcm[FRAME_MAX];
};

struct room_table {
	struct map by_id;
};

struct room {
	struct map_node by_id;
	struct worker *worker;
	uint64_t id;
	uint16_t shard;
	bool is_set;
	struct media_room set;
	uint32_t rate_hz;
	struct tick_unit unit;
	struct list_node members, groups;
	size_t n_members;
	struct room_member *speaker;
	uint64_t speaker_ms;
	struct player player;
	struct rate_bank player_rates;
	struct tone_gen chime;
	uint32_t chime_left; /* samples */
	struct record_tap *tap; /* records the sum; NULL */
	int32_t sum[FRAME_MAX];
};

void room_table_init(struct room_table *t);
void room_table_fini(struct room_table *t);
struct room *room_find(struct worker *w, uint64_t id);
/** As room_find, but makes it: not set, its members hear nothing. */
struct room *room_get(struct worker *w, uint64_t id);

void room_set(struct worker *w, uint64_t id, uint16_t shard, const struct media_room *set);
/** Ends its player too. False: there is none. */
bool room_end(struct worker *w, uint64_t id);

/** `m->voice` is the voice. A member of this room already takes the new flags. */
void room_join(struct room *r, struct room_member *m, const struct media_voice *set);
/** Harmless when it is in none. */
void room_leave(struct room_member *m);

void room_play(struct room *r, struct media_play *play);
void room_stop_play(struct room *r, uint64_t play_id, enum media_how how);
/** Who records it, or NULL. */
void room_tap(struct room *r, struct record_tap *tap);
