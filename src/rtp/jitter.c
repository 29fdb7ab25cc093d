// SPDX-License-Identifier: Apache-2.0
/*
 * Packets wait in slots by sequence number, their payloads in chains of blocks. What is played is
 * followed by timestamp (`cursor`); sequence numbers tell a loss from a pause of the sender.
 *
 * All times are ticks of the RTP clock; numbers that wrap on the wire are unwrapped.
 */
#include "rtp/jitter.h"

#include <stdlib.h>
#include <string.h>

#include "rtp/jitter_delay.h"

enum {
	NO_BLOCK = UINT8_MAX,
	DEFAULT_MIN_MS = 20, DEFAULT_MAX_MS = 200,
	LEAP_S = 2,           /* a timestamp that is so far off began anew */
	LEAP_AHEAD = 3000, LEAP_BACK = 100, /* the same for sequence numbers: RFC 3550 A.1 */
	GIVE_UP_MS = 120,     /* of concealing with nothing behind it */
	SLACK_MS = 22,        /* that the delay may be off: a tick, and a little */
	SLOW = 8, FAST = 3,   /* packets between two stretches; when far off */
	FAR_OFF_MS = 40,
};

struct slot {
	bool used;
	uint8_t first; /* block */
	struct jitter_packet pkt;
	int64_t seq, timestamp;
};

struct jitter {
	struct jitter_args args;
	struct jitter_delay delay;
	struct jitter_counts counts;
	/* what came */
	bool begun;
	uint32_t ssrc;
	int64_t top_seq, top_timestamp; /* of the newest */
	uint64_t seen;                  /* bit i: top_seq - i came */
	bool has_probe;                 /* a leap that the next packet may confirm */
	uint32_t probe_ssrc, probe_timestamp;
	uint16_t probe_seq;
	/* what is heard */
	bool playing, paused;           /* the sender said that it pauses */
	int64_t cursor, next_seq;       /* timestamp and number of what comes next */
	int64_t hole;                   /* concealed beyond the cursor, with nothing there */
	int64_t least, most;            /* delay of the packets since the last look */
	uint32_t n_looked;
	int stretch;
	/* what waits */
	size_t n_used, n_free;
	uint8_t free_head, next[JITTER_BLOCKS];
	struct slot slots[JITTER_SLOTS];
	uint8_t blocks[JITTER_BLOCKS][JITTER_BLOCK];
	uint8_t whole[JITTER_MAX_PAYLOAD]; /* a payload of several blocks, put together */
};

static int64_t ticks_of_ms(const struct jitter *j, uint32_t ms)
{
	return (int64_t)j->args.clock_hz * ms / 1000;
}

static uint32_t ms_of_ticks(const struct jitter *j, int64_t ticks)
{
	return ticks <= 0 ? 0 : (uint32_t)(ticks * 1000 / j->args.clock_hz);
}

static int64_t ticks_of_us(const struct jitter *j, uint64_t us)
{
	uint64_t hz = j->args.clock_hz;
	return (int64_t)(us / 1000000 * hz + us % 1000000 * hz / 1000000);
}

static struct slot *slot_of(struct jitter *j, int64_t seq)
{
	return &j->slots[(uint64_t)seq % JITTER_SLOTS];
}

static uint32_t target_ms(const struct jitter *j)
{
	uint32_t ms = jitter_delay_ms(&j->delay);
	return ms < j->args.min_ms ? j->args.min_ms : ms > j->args.max_ms ? j->args.max_ms : ms;
}

/* --- payloads --- */

static void free_all_blocks(struct jitter *j)
{
	for (uint8_t i = 0; i < JITTER_BLOCKS; i++)
		j->next[i] = (uint8_t)(i + 1 < JITTER_BLOCKS ? i + 1 : NO_BLOCK);
	j->free_head = 0;
	j->n_free = JITTER_BLOCKS;
}

static size_t blocks_for(size_t n)
{
	return (n + JITTER_BLOCK - 1) / JITTER_BLOCK;
}

/* There are enough free ones. */
static uint8_t store(struct jitter *j, const uint8_t *p, size_t n)
{
	uint8_t first = n ? j->free_head : NO_BLOCK, last = NO_BLOCK;
	while (n) {
		size_t here = n < JITTER_BLOCK ? n : JITTER_BLOCK;
		last = j->free_head;
		memcpy(j->blocks[last], p, here);
		j->free_head = j->next[last];
		j->n_free--;
		p += here;
		n -= here;
	}
	if (last != NO_BLOCK)
		j->next[last] = NO_BLOCK;
	return first;
}

static const uint8_t *payload(struct jitter *j, const struct slot *s)
{
	if (s->first == NO_BLOCK)
		return NULL;
	if (s->pkt.n <= JITTER_BLOCK)
		return j->blocks[s->first];
	size_t at = 0;
	for (uint8_t b = s->first; b != NO_BLOCK; b = j->next[b]) {
		size_t rest = s->pkt.n - at, here = rest < JITTER_BLOCK ? rest : JITTER_BLOCK;
		memcpy(j->whole + at, j->blocks[b], here);
		at += here;
	}
	return j->whole;
}

/* What lies in its blocks stays until the next put. */
static void release(struct jitter *j, struct slot *s)
{
	for (uint8_t b = s->first, behind; b != NO_BLOCK; b = behind) {
		behind = j->next[b];
		j->next[b] = j->free_head;
		j->free_head = b;
		j->n_free++;
	}
	s->used = false;
	j->n_used--;
}

/* --- in --- */

static void forget(struct jitter *j)
{
	for (size_t i = 0; i < JITTER_SLOTS; i++)
		j->slots[i].used = false;
	j->counts.discarded += j->n_used;
	j->n_used = 0;
	free_all_blocks(j);
	jitter_delay_init(&j->delay, j->args.clock_hz);
	j->begun = j->playing = j->paused = j->has_probe = false;
	j->hole = 0;
	j->n_looked = 0;
	j->stretch = 0;
}

static struct slot *oldest(struct jitter *j)
{
	for (int64_t seq = j->next_seq; j->n_used && seq <= j->top_seq; seq++) {
		struct slot *s = slot_of(j, seq);
		if (s->used && s->seq == seq)
			return s;
	}
	return NULL;
}

/* Throw the oldest away, and what is missing before it. */
static void skip_oldest(struct jitter *j)
{
	struct slot *s = oldest(j);
	j->counts.lost += (uint64_t)(s->seq - j->next_seq);
	j->next_seq = s->seq + 1;
	j->cursor = s->timestamp + s->pkt.ticks;
	j->counts.discarded++;
	release(j, s);
}

static void make_room(struct jitter *j, int64_t seq, size_t blocks)
{
	while (j->n_used && (oldest(j)->seq <= seq - JITTER_SLOTS || j->n_free < blocks))
		skip_oldest(j);
	int64_t first = seq - JITTER_SLOTS + 1;
	if (j->next_seq < first) {
		j->counts.lost += (uint64_t)(first - j->next_seq);
		j->next_seq = first;
	}
}

static void begin(struct jitter *j, const struct jitter_packet *pkt)
{
	j->begun = true;
	j->ssrc = pkt->ssrc;
	j->top_seq = j->next_seq = (int64_t)pkt->seq + RTP_SEQ_MOD; /* never below nought */
	j->top_timestamp = pkt->timestamp;
	j->seen = 0;
}

static bool is_leap(const struct jitter *j, int step, int64_t timestamp, int64_t now)
{
	int64_t off = now - timestamp - jitter_delay_floor(&j->delay);
	int64_t leap = (int64_t)j->args.clock_hz * LEAP_S;
	return step > LEAP_AHEAD || step < -LEAP_BACK || off > leap || off < -leap;
}

/* The second packet of a new row of numbers. */
static bool confirms(const struct jitter *j, const struct jitter_packet *pkt)
{
	return j->has_probe && pkt->ssrc == j->probe_ssrc && pkt->seq == (uint16_t)(j->probe_seq + 1) &&
	       pkt->timestamp - j->probe_timestamp <= j->args.clock_hz * LEAP_S;
}

static void remember(struct jitter *j, const struct jitter_packet *pkt)
{
	j->has_probe = true;
	j->probe_ssrc = pkt->ssrc;
	j->probe_seq = pkt->seq;
	j->probe_timestamp = pkt->timestamp;
}

/* True: it came before. Notes that it came. */
static bool was_seen(struct jitter *j, int64_t seq)
{
	int64_t back = j->top_seq - seq;
	if (back < 0) {
		j->seen = -back < 64 ? j->seen << -back : 0;
		j->seen |= 1;
		return false;
	}
	if (back >= 64)
		return false;
	bool seen = j->seen >> back & 1;
	j->seen |= UINT64_C(1) << back;
	return seen;
}

static enum jitter_put come_late(struct jitter *j)
{
	j->counts.late++;
	if (j->counts.lost)
		j->counts.lost--; /* it was taken for lost */
	return JITTER_LATE;
}

static enum jitter_put take(struct jitter *j, const struct jitter_packet *pkt, int64_t now)
{
	int step = (int16_t)(pkt->seq - (uint16_t)j->top_seq);
	int64_t seq = j->top_seq + step;
	int64_t timestamp = j->top_timestamp + (int32_t)(pkt->timestamp - (uint32_t)j->top_timestamp);
	if (j->delay.begun && is_leap(j, step, timestamp, now)) {
		remember(j, pkt);
		j->counts.refused++;
		return JITTER_REFUSED;
	}
	j->has_probe = false;
	if (was_seen(j, seq)) {
		j->counts.duplicate++;
		return JITTER_DUPLICATE;
	}
	jitter_delay_add(&j->delay, timestamp, now);
	if (step < 0)
		j->counts.reordered++;
	else
		j->top_seq = seq, j->top_timestamp = timestamp;
	if (!j->counts.played && !j->playing && seq < j->next_seq && j->top_seq - seq < JITTER_SLOTS)
		j->next_seq = seq; /* the very first ones changed places */
	if (seq < j->next_seq)
		return come_late(j);

	make_room(j, seq, blocks_for(pkt->n));
	struct slot *s = slot_of(j, seq);
	*s = (struct slot){.used = true, .pkt = *pkt, .seq = seq, .timestamp = timestamp,
	                   .first = store(j, pkt->p, pkt->n)};
	j->n_used++;
	return JITTER_TAKEN;
}

enum jitter_put jitter_put(struct jitter *j, const struct jitter_packet *pkt, uint64_t now_us)
{
	int64_t now = ticks_of_us(j, now_us);
	bool restarted = false;
	j->counts.put++;
	if (pkt->n > JITTER_MAX_PAYLOAD) {
		j->counts.refused++;
		return JITTER_REFUSED;
	}
	if (j->begun && (pkt->ssrc != j->ssrc || confirms(j, pkt))) {
		forget(j);
		j->counts.restarts++;
		restarted = true;
	}
	if (!j->begun)
		begin(j, pkt);
	enum jitter_put how = take(j, pkt, now);
	return restarted ? JITTER_RESTARTED : how;
}

/* --- out --- */

/* How long after the earliest possible moment `timestamp` is heard now. */
static int64_t delay_of(const struct jitter *j, int64_t timestamp, int64_t now)
{
	return now - timestamp - jitter_delay_floor(&j->delay);
}

static enum jitter_got nothing(struct jitter_out *out, uint32_t ticks)
{
	out->pkt.ticks = ticks;
	return JITTER_NOTHING;
}

static enum jitter_got conceal(struct jitter *j, struct jitter_out *out, uint32_t ticks)
{
	out->pkt.ticks = ticks;
	j->counts.concealed_ms += ms_of_ticks(j, ticks);
	return JITTER_LOST;
}

/* Every few packets: is the delay what it should be? */
static int wanted_stretch(struct jitter *j, int64_t delay)
{
	int64_t target = ticks_of_ms(j, target_ms(j));
	if (j->n_looked == 0 || delay < j->least)
		j->least = delay;
	if (j->n_looked == 0 || delay > j->most)
		j->most = delay;
	bool far = j->least > target + ticks_of_ms(j, FAR_OFF_MS);
	if (++j->n_looked < (far ? FAST : SLOW))
		return 0;
	j->n_looked = 0;
	if (j->least > target + ticks_of_ms(j, SLACK_MS))
		return -1;
	bool runs_low = j->least < ticks_of_ms(j, jitter_delay_ms(&j->delay));
	return runs_low || j->most < target - ticks_of_ms(j, SLACK_MS) ? 1 : 0;
}

static enum jitter_got play(struct jitter *j, struct slot *s, int64_t now, struct jitter_out *out)
{
	int64_t delay = delay_of(j, s->timestamp, now);
	out->pkt = s->pkt;
	out->pkt.p = payload(j, s);
	out->stretch = s->pkt.silence ? 0 : wanted_stretch(j, delay);
	j->counts.lost += (uint64_t)(s->seq - j->next_seq);
	j->counts.played++;
	j->counts.delay_ms = ms_of_ticks(j, delay);
	if (j->counts.delay_ms > j->counts.max_delay_ms)
		j->counts.max_delay_ms = j->counts.delay_ms;
	j->cursor = s->timestamp + s->pkt.ticks;
	j->next_seq = s->seq + 1;
	j->paused = s->pkt.silence;
	j->hole = 0;
	release(j, s);
	return JITTER_PACKET;
}

/* Nothing is here: a late packet, or the sender stopped without a word. */
static enum jitter_got run_dry(struct jitter *j, uint32_t most, struct jitter_out *out)
{
	if (j->paused || j->hole >= ticks_of_ms(j, GIVE_UP_MS)) {
		j->playing = false;
		return nothing(out, most);
	}
	j->hole += most;
	return conceal(j, out, most);
}

/* `s` begins `gap` ticks behind the cursor. */
static enum jitter_got bridge(struct jitter *j, struct slot *s, int64_t now, uint32_t most,
                              struct jitter_out *out)
{
	int64_t gap = s->timestamp - j->cursor;
	bool is_pause = j->paused || s->seq == j->next_seq ||
	                gap - j->hole > ticks_of_ms(j, GIVE_UP_MS);
	if (is_pause) {
		int64_t early = ticks_of_ms(j, target_ms(j)) - delay_of(j, s->timestamp, now);
		return early > 0 ? nothing(out, most) : play(j, s, now, out);
	}
	/* What was concealed while nothing was here stands for what is lost. */
	int64_t had = j->hole < gap ? j->hole : gap;
	j->cursor += had;
	j->hole -= had;
	gap -= had;
	if (gap == 0)
		return play(j, s, now, out);
	uint32_t ticks = gap < most ? (uint32_t)gap : most;
	j->cursor += ticks;
	if (j->cursor == s->timestamp) {
		out->pkt.p = payload(j, s);
		out->pkt.n = s->pkt.n;
	}
	return conceal(j, out, ticks);
}

/* After a burst: more waits than the longest delay allows. */
static void catch_up(struct jitter *j, int64_t now)
{
	int64_t longest = ticks_of_ms(j, j->args.max_ms) + ticks_of_ms(j, SLACK_MS);
	while (j->n_used > 1 && delay_of(j, oldest(j)->timestamp, now) > longest)
		skip_oldest(j);
}

enum jitter_got jitter_get(struct jitter *j, uint64_t now_us, uint32_t most, struct jitter_out *out)
{
	int64_t now = ticks_of_us(j, now_us);
	*out = (struct jitter_out){.stretch = 0};
	if (most == 0)
		most = j->args.clock_hz / 50;
	catch_up(j, now);
	struct slot *s = oldest(j);
	if (!s)
		return j->playing ? run_dry(j, most, out) : nothing(out, most);
	if (!j->playing) {
		int64_t early = ticks_of_ms(j, target_ms(j)) - delay_of(j, s->timestamp, now);
		if (early > 0)
			return nothing(out, most);
		j->playing = true;
		j->cursor = s->timestamp;
		j->hole = 0;
	}
	return s->timestamp > j->cursor ? bridge(j, s, now, most, out) : play(j, s, now, out);
}

/* --- life --- */

struct jitter *jitter_new(const struct jitter_args *args)
{
	struct jitter *j = calloc(1, sizeof *j);
	if (!j)
		abort();
	j->args = *args;
	if (!j->args.max_ms)
		j->args.min_ms = DEFAULT_MIN_MS, j->args.max_ms = DEFAULT_MAX_MS;
	if (!j->args.clock_hz)
		j->args.clock_hz = 8000;
	forget(j);
	return j;
}

void jitter_free(struct jitter *j)
{
	free(j);
}

void jitter_reset(struct jitter *j, uint32_t clock_hz)
{
	if (clock_hz)
		j->args.clock_hz = clock_hz;
	forget(j);
}

struct jitter_counts jitter_counts(const struct jitter *j)
{
	struct jitter_counts c = j->counts;
	c.target_ms = target_ms(j);
	return c;
}
