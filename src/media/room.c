// SPDX-License-Identifier: Apache-2.0
#include "media/room.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "media/mix.h"
#include "media/record_tap.h"
#include "media/voice.h"
#include "media/worker.h"

/* Powers are mean squares of 16-bit samples. */
enum {
	QUIET = 1702,         /* -58 dBov: below, nobody talks */
	FLOOR_MAX = 107374,   /* -40 dBov: more is no noise that one may cut */
	FLOOR_MIN = 64,
	FLOOR_SHIFT = 8,      /* it rises by 3 dB in some 3.5 s */
	ABOVE_FLOOR = 4,      /* 6 dB */
	HANG_TICKS = 25,      /* pauses within a sentence; encoders grow alike meanwhile */
	SCORE_SHIFT = 4,
	SPEAKER_MS = 400,     /* at least between two changes of the speaker */
	DEFAULT_HZ = 8000,
	CHIME_MS = 160,
	JOIN_HZ = 620,
	LEAVE_HZ = 440,
	CHIME_DBM0 = -20,
};

static void on_tick(struct tick_unit *u, uint64_t epoch, uint64_t at_ms, void *arg);

void room_table_init(struct room_table *t)
{
	map_init(&t->by_id);
}

static void free_group(struct room_group *g)
{
	list_remove(&g->node);
	g->ops->encoder_free(g->enc);
	rate_bank_fini(&g->rates);
	free(g);
}

static void room_free(struct room *r)
{
	tick_off(&r->worker->ticker, &r->unit);
	player_stop(&r->player);
	rate_bank_fini(&r->player_rates);
	free(r);
}

void room_table_fini(struct room_table *t)
{
	size_t pos = 0;
	struct map_node *n = map_walk(&t->by_id, NULL, &pos);
	while (n) {
		struct room *r = container_of(n, struct room, by_id);
		n = map_walk(&t->by_id, n, &pos);
		while (!list_empty(&r->members))
			room_leave(container_of(r->members.next, struct room_member, node));
		map_remove(&t->by_id, &r->by_id);
		room_free(r);
	}
	map_fini(&t->by_id);
}

struct room *room_find(struct worker *w, uint64_t id)
{
	struct map_node *n = map_find(&w->rooms.by_id, hash_u64(&w->hash, id));
	for (; n; n = map_next(n)) {
		struct room *r = container_of(n, struct room, by_id);
		if (r->id == id)
			return r;
	}
	return NULL;
}

struct room *room_get(struct worker *w, uint64_t id)
{
	struct room *r = room_find(w, id);
	if (r)
		return r;
	r = calloc(1, sizeof *r);
	if (!r)
		abort();
	r->worker = w;
	r->id = id;
	r->rate_hz = DEFAULT_HZ;
	list_init(&r->members);
	list_init(&r->groups);
	tick_unit_init(&r->unit, on_tick);
	map_insert(&w->rooms.by_id, &r->by_id, hash_u64(&w->hash, id));
	return r;
}

static void drop_if_unused(struct room *r)
{
	if (r->is_set || r->n_members || r->tap)
		return;
	map_remove(&r->worker->rooms.by_id, &r->by_id);
	room_free(r);
}

/** Ticks while it is a room and somebody, or a recording, hears it. */
static void update_tick(struct room *r)
{
	if (r->is_set && (r->n_members || r->tap))
		tick_on(&r->worker->ticker, &r->unit);
	else
		tick_off(&r->worker->ticker, &r->unit);
}

/* -- the rate ------------------------------------------------------------------------- */

static uint32_t best_rate(const struct voice *v)
{
	uint32_t hz = v->tx.format.rate_hz;
	for (size_t i = 0; i < v->rx.n; i++)
		if (v->rx.formats[i].rate_hz > hz)
			hz = v->rx.formats[i].rate_hz;
	return hz;
}

static uint32_t round_rate(uint32_t hz)
{
	return hz <= 8000 ? 8000 : hz <= 16000 ? 16000 : hz <= 32000 ? 32000 : 48000;
}

static void prepare_member_rates(const struct room *r, struct room_member *m)
{
	rate_bank_to(&m->rates, r->rate_hz);
	for (size_t i = 0; i < m->voice->rx.n; i++)
		rate_bank_prepare(&m->rates, m->voice->rx.formats[i].rate_hz);
	rate_bank_prepare(&m->voice->tx.rates, r->rate_hz);
}

static void choose_rate(struct room *r)
{
	uint32_t hz = r->set.rate_hz;
	if (hz == 0) {
		list_for_each(it, &r->members) {
			uint32_t best = best_rate(container_of(it, struct room_member, node)->voice);
			hz = best > hz ? best : hz;
		}
	}
	r->rate_hz = round_rate(hz ? hz : DEFAULT_HZ);
	list_for_each(it, &r->members)
		prepare_member_rates(r, container_of(it, struct room_member, node));
	list_for_each(it, &r->groups)
		rate_bank_prepare(&container_of(it, struct room_group, node)->rates, r->rate_hz);
	rate_bank_to(&r->player_rates, r->rate_hz);
	rate_bank_prepare(&r->player_rates, r->player.rate_hz);
}

void room_set(struct worker *w, uint64_t id, uint16_t shard, const struct media_room *set)
{
	struct room *r = room_get(w, id);
	r->is_set = true;
	r->shard = shard;
	r->set = *set;
	choose_rate(r);
	update_tick(r);
}

bool room_end(struct worker *w, uint64_t id)
{
	struct room *r = room_find(w, id);
	if (!r || !r->is_set)
		return false;
	room_stop_play(r, 0, MEDIA_PLAYED_STOPPED);
	r->is_set = false;
	update_tick(r);
	drop_if_unused(r);
	return true;
}

/* -- groups and members --------------------------------------------------------------- */

static struct room_group *find_group(const struct room *r, const struct codec_format *f, bool deaf)
{
	list_for_each(it, &r->groups) {
		struct room_group *g = container_of(it, struct room_group, node);
		if (g->deaf == deaf && voice_tx_same(&g->format, f))
			return g;
	}
	return NULL;
}

/** NULL: to be encoded alone. Packets of several ticks would be filled at different times. */
static struct room_group *get_group(struct room *r, const struct voice_tx *tx, bool deaf)
{
	if (!tx->enc || tx->format.ptime_ms != TICK_MS)
		return NULL;
	struct room_group *g = find_group(r, &tx->format, deaf);
	if (g)
		return g;
	void *enc = tx->ops->encoder_new(&tx->format);
	g = enc ? calloc(1, sizeof *g) : NULL;
	if (!g)
		return NULL;
	*g = (struct room_group){
		.format = tx->format, .deaf = deaf, .ops = tx->ops, .enc = enc, .epoch = UINT64_MAX};
	rate_bank_to(&g->rates, g->format.rate_hz);
	rate_bank_prepare(&g->rates, r->rate_hz);
	list_push_back(&r->groups, &g->node);
	return g;
}

static void leave_group(struct room_member *m)
{
	struct room_group *g = m->group;
	m->group = NULL;
	if (g && --g->n_members == 0)
		free_group(g);
}

static void take_flags(struct room *r, struct room_member *m, const struct media_voice *set)
{
	struct room_group *g = get_group(r, &m->voice->tx, set->deaf);
	m->mute = set->mute;
	m->deaf = set->deaf;
	m->gain = set->gain_db ? mix_gain_of_db(set->gain_db) : MIX_UNITY;
	if (g == m->group)
		return;
	if (g)
		g->n_members++;
	leave_group(m);
	m->group = g;
}

static void chime(struct room *r, uint16_t hz)
{
	const struct media_tone tone = {.hz = {hz}, .dbm0 = CHIME_DBM0};
	tone_gen_init(&r->chime, &tone, r->rate_hz);
	r->chime_left = r->rate_hz / 1000 * CHIME_MS;
}

void room_join(struct room *r, struct room_member *m, const struct media_voice *set)
{
	bool is_new = m->room != r;
	if (is_new) {
		room_leave(m);
		struct voice *v = m->voice;
		*m = (struct room_member){.room = r, .voice = v, .floor = FLOOR_MAX};
		list_push_back(&r->members, &m->node);
		r->n_members++;
	}
	take_flags(r, m, set);
	choose_rate(r);
	if (is_new && r->set.join_tone && !m->mute)
		chime(r, JOIN_HZ);
	update_tick(r);
}

void room_leave(struct room_member *m)
{
	struct room *r = m->room;
	if (!r)
		return;
	bool told = r->set.leave_tone && !m->mute;
	leave_group(m);
	rate_bank_fini(&m->rates);
	list_remove(&m->node);
	m->room = NULL;
	r->n_members--;
	if (r->speaker == m)
		r->speaker = NULL;
	choose_rate(r);
	if (told)
		chime(r, LEAVE_HZ);
	update_tick(r);
	drop_if_unused(r);
}

/* -- who talks ------------------------------------------------------------------------ */

static void post(const struct room *r, enum media_ev_kind what, const struct room_member *m)
{
	struct media_event *ev = worker_event(what, m->voice->stream->id);
	ev->other = r->id;
	ev->talking = m->talking;
	ev->level_dbov = (int8_t)mix_dbov(m->power);
	worker_post(r->worker, r->shard, ev);
}

static void follow_floor(struct room_member *m)
{
	uint32_t up = m->floor + (m->floor >> FLOOR_SHIFT) + 1;
	m->floor = m->power < m->floor ? m->power : up;
	if (m->floor > FLOOR_MAX)
		m->floor = FLOOR_MAX;
	if (m->floor < FLOOR_MIN)
		m->floor = FLOOR_MIN;
}

static void judge(struct room *r, struct room_member *m, uint64_t at_ms)
{
	bool loud = m->power > QUIET && m->power / ABOVE_FLOOR > m->floor;
	if (loud || m->power > FLOOR_MAX)
		m->hang = HANG_TICKS;
	else if (m->hang)
		m->hang--;
	follow_floor(m);
	m->score += (m->power >> SCORE_SHIFT) - (m->score >> SCORE_SHIFT);
	bool talking = m->hang > 0;
	if (talking != m->talking) {
		m->talking = talking;
		m->level_ms = at_ms;
		post(r, MEDIA_EV_TALKING, m);
	} else if (talking && r->set.level_ms && at_ms - m->level_ms >= r->set.level_ms) {
		m->level_ms = at_ms;
		post(r, MEDIA_EV_LEVEL, m);
	}
}

static void choose_speaker(struct room *r, uint64_t at_ms)
{
	struct room_member *best = NULL;
	if (at_ms - r->speaker_ms < SPEAKER_MS)
		return;
	list_for_each(it, &r->members) {
		struct room_member *m = container_of(it, struct room_member, node);
		if (m->talking && (!best || m->score > best->score))
			best = m;
	}
	if (!best || best == r->speaker)
		return;
	if (r->speaker && r->speaker->talking && best->score / 2 < r->speaker->score)
		return;
	r->speaker = best;
	r->speaker_ms = at_ms;
	post(r, MEDIA_EV_SPEAKER, best);
}

/* -- the tick ------------------------------------------------------------------------- */

/** What a member adds to the sum: his frame at the room's rate, with his gain. */
static void take_in(struct room *r, struct room_member *m, const struct frame *f)
{
	size_t want = r->rate_hz / TICKS_PER_S, n;
	const int16_t *pcm =
		rate_bank_run(&m->rates, f->rate_hz, f->pcm, f->n, m->pcm, FRAME_MAX, &n);
	if (n > want)
		n = want;
	if (pcm != m->pcm)
		memcpy(m->pcm, pcm, n * sizeof *pcm);
	memset(m->pcm + n, 0, (want - n) * sizeof *m->pcm);
	if (m->gain != MIX_UNITY)
		mix_gain(m->pcm, want, m->gain);
	mix_add(r->sum, m->pcm, want);
	m->adds = true;
}

static void hear_member(struct room *r, struct room_member *m, uint64_t epoch, uint64_t at_ms)
{
	bool talked = m->talking;
	m->adds = false;
	if (m->mute && !m->talking)
		return;
	const struct frame *f = m->mute ? NULL : voice_hear(m->voice, epoch);
	m->power = f ? mix_power(f->pcm, f->n) : 0;
	judge(r, m, at_ms);
	if (!m->talking || !f || f->n == 0)
		return;
	/* He has an encoder of his own from now on, which goes on where the common one was. */
	const struct voice_tx *tx = &m->voice->tx;
	if (!talked && m->group && tx->ops->encoder_copy)
		tx->ops->encoder_copy(tx->enc, m->group->enc);
	take_in(r, m, f);
}

static void play_ended(struct room *r, enum media_how how)
{
	struct media_event *ev = worker_event(MEDIA_EV_PLAYED, r->id);
	ev->other = r->player.play->id;
	ev->how = how;
	ev->ms = player_ms(&r->player);
	ev->err = how == MEDIA_PLAYED_FAILED ? r->player.err : 0;
	worker_post(r->worker, r->shard, ev);
	player_stop(&r->player);
}

static void add_player(struct room *r)
{
	int16_t pcm[FRAME_MAX], room[FRAME_MAX];
	size_t n = r->player.rate_hz / TICKS_PER_S;
	switch (player_read(&r->player, pcm, n)) {
	case PLAYER_SOUND: {
		const int16_t *p =
			rate_bank_run(&r->player_rates, r->player.rate_hz, pcm, n, room, FRAME_MAX, &n);
		mix_add(r->sum, p, n);
		break;
	}
	case PLAYER_DIGITS:
	case PLAYER_ROOM: /* nothing that a room could do */
		player_next(&r->player);
		break;
	case PLAYER_DONE:
		play_ended(r, MEDIA_PLAYED_DONE);
		break;
	case PLAYER_FAILED:
		play_ended(r, MEDIA_PLAYED_FAILED);
		break;
	case PLAYER_IDLE:
	case PLAYER_WAITS:
		break;
	}
}

static void add_chime(struct room *r)
{
	int16_t pcm[FRAME_MAX];
	size_t n = r->rate_hz / TICKS_PER_S;
	if (n > r->chime_left)
		n = r->chime_left;
	tone_gen_read(&r->chime, pcm, n);
	mix_add(r->sum, pcm, n);
	r->chime_left -= (uint32_t)n;
}

/** The common packet of a group in this tick; made when the first one needs it. */
static void encode_group(const struct room *r, struct room_group *g, const int16_t *mixed,
                         uint64_t epoch)
{
	static const int16_t silence[FRAME_MAX];
	int16_t room[FRAME_MAX];
	size_t n = r->rate_hz / TICKS_PER_S, out_n;
	if (g->epoch == epoch)
		return;
	g->epoch = epoch;
	const int16_t *pcm = rate_bank_run(&g->rates, r->rate_hz, g->deaf ? silence : mixed, n, room,
	                                   FRAME_MAX, &out_n);
	size_t want = codec_packet_samples(&g->format);
	g->n = out_n < want ? -1 : g->ops->encode(g->enc, pcm, want, g->payload, sizeof g->payload);
}

static void tell_member(const struct room *r, struct room_member *m, const int16_t *mixed,
                        uint64_t epoch)
{
	size_t n = r->rate_hz / TICKS_PER_S;
	struct stream *s = m->voice->stream;
	if (voice_is_busy(m->voice) || !voice_tx_can(s))
		return;
	if (m->group && (!m->talking || m->deaf)) {
		encode_group(r, m->group, mixed, epoch);
		if (m->group->n >= 0)
			voice_tx_payload(s, m->group->payload, (size_t)m->group->n);
		return;
	}
	int16_t own[FRAME_MAX] = {0};
	if (!m->deaf && m->adds)
		mix_without(own, r->sum, m->pcm, n);
	else if (!m->deaf)
		memcpy(own, mixed, n * sizeof *own);
	voice_tx_say(s, own, n, r->rate_hz);
}

static void on_tick(struct tick_unit *u, uint64_t epoch, uint64_t at_ms, void *arg)
{
	struct room *r = container_of(u, struct room, unit);
	size_t n = r->rate_hz / TICKS_PER_S;
	int16_t mixed[FRAME_MAX];
	((struct worker *)arg)->tick_us = at_ms * 1000;
	memset(r->sum, 0, n * sizeof *r->sum);
	list_for_each(it, &r->members)
		hear_member(r, container_of(it, struct room_member, node), epoch, at_ms);
	choose_speaker(r, at_ms);
	if (player_is_on(&r->player))
		add_player(r);
	if (r->chime_left)
		add_chime(r);
	mix_clip(mixed, r->sum, n);
	list_for_each(it, &r->members)
		tell_member(r, container_of(it, struct room_member, node), mixed, epoch);
	if (r->tap)
		record_tap_room(r->tap, mixed, n, r->rate_hz);
}

/* -- its player ----------------------------------------------------------------------- */

void room_play(struct room *r, struct media_play *play)
{
	room_stop_play(r, 0, MEDIA_PLAYED_STOPPED);
	player_start(&r->player, play, r->rate_hz, (uint32_t)rng_u64(&r->worker->rng));
	worker_load_clips(r->worker, &r->player, r->id, true);
}

void room_stop_play(struct room *r, uint64_t play_id, enum media_how how)
{
	if (player_is_on(&r->player) && (play_id == 0 || r->player.play->id == play_id))
		play_ended(r, how);
}

void room_tap(struct room *r, struct record_tap *tap)
{
	r->tap = tap;
	update_tick(r);
	if (!tap)
		drop_if_unused(r);
}
