// SPDX-License-Identifier: Apache-2.0
/**
 * An adaptive jitter buffer: packets in as they come, packets out when they are to be heard.
 *
 * It holds payloads, not PCM. Who decodes asks whenever he needs audio: jitter_get gives the next
 * packet, or says that it is lost (conceal), or that there is nothing (silence: not begun, or the
 * sender pauses). Time is the asker's: what has been asked for has been played, so a
 * clock that runs faster or slower than the sender's shows as delay that grows or
 * shrinks, and `stretch` asks for a little less or more sound.
 *
 * The delay aims at what nearly all packets of the last seconds needed, between min_ms and max_ms.
 * Above a packet that is late the rest goes on: it is concealed, and its late arrival is counted.
 *
 * Thread: none of its own; pure. Memory is taken once, in jitter_new.
 */
#pragma once

#include "rtp/rtp.h"

enum {
	JITTER_SLOTS = 64,          /* packets at most */
	JITTER_BLOCKS = 96,         /* of JITTER_BLOCK bytes, for all payloads together */
	JITTER_BLOCK = 176,         /* 20 ms of G.711 fit */
	JITTER_MAX_PAYLOAD = 1500,  /* longer ones are refused */
};

struct jitter;

struct jitter_args {
	uint32_t clock_hz;       /* of the timestamps */
	uint32_t min_ms, max_ms; /* bounds of the delay; 0, 0: 20 and 200 */
};

/** A packet: given to put, and got back. */
struct jitter_packet {
	uint32_t ssrc, timestamp;
	uint16_t seq;
	uint8_t pt;
	bool marker;
	bool silence;       /* comfort noise or a silence descriptor: nothing need follow soon */
	uint32_t ticks;     /* of sound, at the clock; 0 for silence */
	const uint8_t *p;   /* put: copied; get: borrowed until the next call */
	size_t n;
};

enum jitter_put {
	JITTER_TAKEN,
	JITTER_LATE,      /* its place was concealed already */
	JITTER_DUPLICATE,
	JITTER_REFUSED,   /* too long, or a wild number that the next packet must confirm */
	JITTER_RESTARTED, /* taken, after all before it was thrown away: another source, or a leap */
};

enum jitter_got {
	JITTER_PACKET,  /* decode it */
	JITTER_LOST,    /* conceal `ticks`; `p`, `n`: the packet right behind it, if it is here */
	JITTER_NOTHING, /* silence, or comfort noise, for `ticks` */
};

struct jitter_out {
	struct jitter_packet pkt; /* of LOST and NOTHING: ticks, p and n alone */
	int stretch;              /* -1: shorten what this gives by a few ms; +1: lengthen; 0: leave it */
};

/** What happened so far; a restart does not clear it. */
struct jitter_counts {
	uint64_t put, played;
	uint64_t lost;       /* never came, as far as is known */
	uint64_t late;       /* came after their place was concealed */
	uint64_t reordered, duplicate, refused;
	uint64_t discarded;  /* thrown away unheard: no room, or to catch up */
	uint64_t concealed_ms;
	uint32_t restarts;
	uint32_t delay_ms, max_delay_ms; /* from a packet's earliest arrival to its playing */
	uint32_t target_ms;
};

/** Aborts when memory is out, as small allocations do. */
struct jitter *jitter_new(const struct jitter_args *args);
void jitter_free(struct jitter *j);
/** Forgets all packets and what was learnt of the path; counts stay. */
void jitter_reset(struct jitter *j, uint32_t clock_hz);

/** One packet came at `now_us` (monotonic). */
enum jitter_put jitter_put(struct jitter *j, const struct jitter_packet *pkt, uint64_t now_us);

/**
 * The next piece of sound is needed at `now_us`: the time of the tick that asks.
 * @param most  ticks that LOST and NOTHING may cover at once: one frame
 */
enum jitter_got jitter_get(struct jitter *j, uint64_t now_us, uint32_t most, struct jitter_out *out);

struct jitter_counts jitter_counts(const struct jitter *j);
