// SPDX-License-Identifier: Apache-2.0
#include "media/voice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "media/inband.h"
#include "media/worker.h"

enum {
	TONE_MS = 100, /* of a digit, when nothing is said */
	GAP_MS = 100,
	EVENT_HOLD_MS = 500, /* telephone-event and its tone may come at once: the event counts */
	DEFAULT_HZ = 8000,
};

static void on_tick(struct tick_unit *u, uint64_t epoch, uint64_t at_ms, void *arg);

/* -- what is needed ------------------------------------------------------------------- */

bool voice_is_processed(const struct stream *s)
{
	if (!s->voice)
		return false;
	switch (s->set.sink) {
	case MEDIA_SINK_PEER:
	case MEDIA_SINK_ECHO:
		return s->voice->set.transcode;
	case MEDIA_SINK_ROOM:
		return true;
	case MEDIA_SINK_NONE:
		break;
	}
	return false;
}

bool voice_is_busy(const struct voice *v)
{
	const struct media_item *it = player_item(&v->player);
	return digit_queue_is_on(&v->tx.digits) || (it && it->kind != MEDIA_ITEM_ROOM);
}

bool voice_has_word(const struct stream *s)
{
	const struct voice *v = s->voice;
	return v && (player_is_on(&v->player) || digit_queue_is_on(&v->tx.digits));
}

bool voice_is_needed(const struct stream *s)
{
	const struct voice *v = s->voice;
	if (!v || !v->rx.n || !s->set.hear)
		return false;
	if (s->taps || v->inband)
		return true;
	if (s->set.sink == MEDIA_SINK_ROOM)
		return !v->set.mute;
	return voice_is_processed(s);
}

/** Whose decoded voice the peer of `s` hears; NULL: nobody's. */
static struct stream *speaker_of(const struct stream *s)
{
	if (s->set.sink == MEDIA_SINK_ECHO)
		return voice_is_processed(s) ? s->voice->stream : NULL;
	for (struct stream *from = stream_next_source(s, NULL); from;
	     from = stream_next_source(s, from))
		if (voice_is_processed(from))
			return from;
	return NULL;
}

/** Where presses of the peer of `s` go on to. */
static struct stream *listener_of(const struct stream *s)
{
	if (!voice_is_processed(s) || s->set.sink == MEDIA_SINK_ROOM)
		return NULL;
	struct stream *to = s->set.sink == MEDIA_SINK_ECHO ? s->voice->stream : stream_peer(s);
	return to && to->voice ? to : NULL;
}

/* -- set ------------------------------------------------------------------------------ */

static bool is_empty(const struct media_voice *set)
{
	return set->n_rx == 0 && set->tx.id == CODEC_NONE && set->dtmf_tx == MEDIA_DTMF_NONE &&
	       set->room == 0;
}

static void make(struct stream *s)
{
	struct voice *v = calloc(1, sizeof *v);
	if (!v)
		abort();
	v->stream = s;
	v->member.voice = v;
	voice_rx_init(&v->rx);
	tick_unit_init(&v->unit, on_tick);
	s->voice = v;
}

void voice_set(struct stream *s, const struct media_voice *set)
{
	if (is_empty(set)) {
		voice_free(s);
		return;
	}
	if (!s->voice)
		make(s);
	struct voice *v = s->voice;
	v->set = *set;
	voice_rx_set(&v->rx, set);
	voice_tx_set(&v->tx, &set->tx);
	if (set->hear_inband && !v->inband)
		v->inband = inband_new();
	if (!set->hear_inband) {
		inband_free(v->inband);
		v->inband = NULL;
	}
}

static void play_ended(struct voice *v, enum media_how how)
{
	struct stream *s = v->stream;
	struct media_event *ev = worker_event(MEDIA_EV_PLAYED, s->id);
	ev->other = v->player.play->id;
	ev->how = how;
	ev->ms = player_ms(&v->player);
	ev->err = how == MEDIA_PLAYED_FAILED ? v->player.err : 0;
	worker_post(s->worker, s->shard, ev);
	player_stop(&v->player);
	v->play_dials = false;
}

void voice_free(struct stream *s)
{
	struct voice *v = s->voice;
	if (!v)
		return;
	if (player_is_on(&v->player))
		play_ended(v, MEDIA_PLAYED_STOPPED);
	tick_off(&s->worker->ticker, &v->unit);
	room_leave(&v->member);
	voice_rx_fini(&v->rx);
	voice_tx_fini(&v->tx);
	inband_free(v->inband);
	s->voice = NULL;
	free(v);
}

/** Into the room that it is to hear, or out of it. What is played may be a room of its own. */
static void choose_room(struct voice *v)
{
	struct stream *s = v->stream;
	struct media_voice set = v->set;
	const struct media_item *it = player_item(&v->player);
	if (it && it->kind == MEDIA_ITEM_ROOM) {
		set.room = it->room;
		set.mute = true;
		set.deaf = false;
	} else if (s->set.sink != MEDIA_SINK_ROOM) {
		room_leave(&v->member);
		return;
	}
	if (v->member.room && v->member.room->id != set.room)
		room_leave(&v->member);
	room_join(room_get(s->worker, set.room), &v->member, &set);
}

static bool has_ticks(const struct voice *v, const struct stream *speaker)
{
	return speaker || v->inband || player_is_on(&v->player) || digit_queue_is_on(&v->tx.digits);
}

void voice_update(struct stream *s)
{
	struct voice *v = s->voice;
	if (!v)
		return;
	choose_room(v);
	struct stream *speaker = speaker_of(s);
	if (speaker)
		for (size_t i = 0; i < speaker->voice->rx.n; i++)
			rate_bank_prepare(&v->tx.rates, speaker->voice->rx.formats[i].rate_hz);
	if (has_ticks(v, speaker))
		tick_on(&s->worker->ticker, &v->unit);
	else
		tick_off(&s->worker->ticker, &v->unit);
	bool needed = voice_is_needed(s), word = voice_has_word(s);
	bool changed = needed != (v->rx.jitter != NULL) || word != v->had_word;
	/* Before a relay to it ends: packets that are not passed on must leave no gap. */
	if (v->tx.enc && (word || speaker || v->member.room))
		stream_adopt(s, v->tx.format.clock_hz);
	voice_rx_need(&v->rx, needed);
	v->had_word = word;
	if (changed)
		stream_sync(s);
}

/* -- hearing -------------------------------------------------------------------------- */

const struct frame *voice_hear(struct voice *v, uint64_t epoch)
{
	return voice_rx_read(&v->rx, epoch, v->stream->worker->tick_us);
}

void voice_press(struct voice *v, char digit)
{
	v->pressed = true;
	v->digit = digit;
	v->press_serial++;
	struct stream *to = listener_of(v->stream);
	if (to && to->voice->set.dtmf_tx != MEDIA_DTMF_NONE) {
		const struct digit d = {.digit = digit, .live = true, .serial = v->press_serial};
		if (digit_queue_add(&to->voice->tx.digits, &d))
			voice_update(to);
	}
	if (player_is_on(&v->player) && v->player.play->barge_in) {
		voice_stop_play(v, 0, MEDIA_PLAYED_DIGIT);
	}
}

void voice_release(struct voice *v, char digit, uint32_t ms)
{
	if (!v->pressed || v->digit != digit)
		voice_press(v, digit); /* its beginning was lost */
	v->pressed = false;
	struct stream *to = listener_of(v->stream);
	if (to)
		digit_queue_release(&to->voice->tx.digits, v->press_serial, ms);
}

/** Digits in the audio, unless telephone-event speaks too. */
static void listen_for_digits(struct voice *v, uint64_t epoch, uint64_t at_ms)
{
	struct stream *s = v->stream;
	struct inband_press press;
	switch (inband_hear(v->inband, voice_hear(v, epoch), at_ms, &press)) {
	case INBAND_NOTHING:
		break;
	case INBAND_DOWN:
		if (at_ms > v->event_ms + EVENT_HOLD_MS || v->event_ms == 0)
			voice_press(v, press.digit);
		break;
	case INBAND_UP:
		if (!v->pressed || v->digit != press.digit)
			break;
		voice_release(v, press.digit, press.ms);
		struct media_event *ev = worker_event(MEDIA_EV_DTMF, s->id);
		ev->digit = press.digit;
		ev->duration_ms = press.ms;
		worker_post(s->worker, s->shard, ev);
		break;
	}
}

/* -- saying --------------------------------------------------------------------------- */

static bool add_digits(struct voice *v, const char *digits, uint32_t ms, uint32_t gap_ms, bool told)
{
	size_t n = strnlen(digits, MEDIA_MAX_DIGITS);
	if (v->set.dtmf_tx == MEDIA_DTMF_NONE || v->tx.digits.n + n > DIGIT_QUEUE_N)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct digit d = {.digit = digits[i],
		                        .reported = told && i + 1 == n,
		                        .ms = ms ? ms : TONE_MS,
		                        .gap_ms = gap_ms ? gap_ms : GAP_MS};
		(void)digit_queue_add(&v->tx.digits, &d);
	}
	return n > 0;
}

bool voice_dial(struct voice *v, const struct media_digits *digits)
{
	bool ok = add_digits(v, digits->digits, digits->tone_ms, digits->gap_ms, true);
	voice_update(v->stream);
	return ok;
}

void voice_play(struct voice *v, struct media_play *play)
{
	struct stream *s = v->stream;
	if (player_is_on(&v->player))
		play_ended(v, MEDIA_PLAYED_STOPPED);
	uint32_t hz = v->tx.format.rate_hz ? v->tx.format.rate_hz : DEFAULT_HZ;
	player_start(&v->player, play, hz, (uint32_t)rng_u64(&s->worker->rng));
	if (!v->tx.enc)
		v->player.err = EPROTONOSUPPORT;
	else
		worker_load_clips(s->worker, &v->player, s->id, false);
	voice_update(s);
}

void voice_stop_play(struct voice *v, uint64_t play_id, enum media_how how)
{
	if (!player_is_on(&v->player) || (play_id && v->player.play->id != play_id))
		return;
	play_ended(v, how);
	voice_update(v->stream);
}

static void play_digits(struct voice *v)
{
	const struct media_item *it = player_item(&v->player);
	player_count(&v->player, TICK_MS);
	if (!v->play_dials && add_digits(v, it->path, it->ms, 0, false)) {
		v->play_dials = true;
		return;
	}
	v->play_dials = false;
	player_next(&v->player);
}

static void play_room(struct voice *v)
{
	const struct media_item *it = player_item(&v->player);
	player_count(&v->player, TICK_MS);
	v->player.left = v->player.begun ? v->player.left - TICK_MS : it->ms;
	v->player.begun = true;
	if (it->ms && v->player.left <= TICK_MS)
		player_next(&v->player);
}

static void play(struct voice *v)
{
	int16_t pcm[FRAME_MAX];
	uint32_t hz = v->player.rate_hz;
	if (!v->tx.enc) {
		play_ended(v, MEDIA_PLAYED_FAILED);
		return;
	}
	const struct media_item *it = player_item(&v->player);
	switch (player_read(&v->player, pcm, hz / TICKS_PER_S)) {
	case PLAYER_SOUND:
		voice_tx_say(v->stream, pcm, hz / TICKS_PER_S, hz);
		break;
	case PLAYER_DIGITS:
		play_digits(v);
		break;
	case PLAYER_ROOM:
		play_room(v);
		break;
	case PLAYER_DONE:
		play_ended(v, MEDIA_PLAYED_DONE);
		break;
	case PLAYER_FAILED:
		play_ended(v, MEDIA_PLAYED_FAILED);
		break;
	case PLAYER_IDLE:
	case PLAYER_WAITS:
		break;
	}
	if (player_item(&v->player) != it)
		voice_update(v->stream);
}

/** The peer's voice goes on; where he pauses in good order, silence does. */
static void pass_on(struct voice *v, struct stream *speaker, uint64_t epoch, uint64_t at_ms)
{
	const struct frame *f = voice_hear(speaker->voice, epoch);
	if (f->n) {
		voice_tx_say(v->stream, f->pcm, f->n, f->rate_hz);
	} else if (voice_rx_is_alive(&speaker->voice->rx, at_ms)) {
		static const int16_t silence[FRAME_MAX];
		uint32_t hz = v->tx.format.rate_hz;
		voice_tx_say(v->stream, silence, hz / TICKS_PER_S, hz);
	}
}

static void on_tick(struct tick_unit *u, uint64_t epoch, uint64_t at_ms, void *arg)
{
	struct voice *v = container_of(u, struct voice, unit);
	struct stream *s = v->stream, *speaker;
	((struct worker *)arg)->tick_us = at_ms * 1000;
	if (v->inband)
		listen_for_digits(v, epoch, at_ms);
	if (voice_tx_digits(s, &v->set))
		return;
	if (player_is_on(&v->player))
		play(v);
	else if (!v->member.room && (speaker = speaker_of(s)))
		pass_on(v, speaker, epoch, at_ms);
	if (voice_has_word(s) != v->had_word)
		voice_update(s);
}
