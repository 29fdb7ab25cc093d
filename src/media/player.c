// SPDX-License-Identifier: Apache-2.0
#include "media/player.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_WAIT_READS = 500, /* 10 s: the loader is stuck, or its answer was lost */
	CHUNKS_PER_S = 100,   /* resampled at once */
	START_TAIL_S = 5,     /* start_random leaves so much to be heard at least */
	MIN_CLIP_HZ = 4000,
};

void player_start(struct player *p, struct media_play *play, uint32_t rate_hz, uint32_t random)
{
	uint32_t serial = p->serial + 1;
	*p = (struct player){.play = play, .serial = serial, .rate_hz = rate_hz, .random = random};
	p->clips = calloc(play->n ? play->n : 1, sizeof(struct clip *));
	if (!p->clips)
		abort();
}

void player_stop(struct player *p)
{
	if (!p->play)
		return;
	for (size_t i = 0; i < p->play->n; i++)
		if (p->clips[i])
			clip_unref(p->clips[i]);
	for (size_t i = 0; i < PLAYER_RATES; i++)
		resampler_free(p->rates[i].r);
	free(p->clips);
	free(p->play);
	*p = (struct player){.serial = p->serial};
}

/** Makes what converts `from_hz` to our rate. */
static int prepare_rate(struct player *p, uint32_t from_hz)
{
	if (from_hz == p->rate_hz)
		return 0;
	if (from_hz < MIN_CLIP_HZ || from_hz > CODEC_MAX_RATE_HZ)
		return E_MALFORMED;
	for (size_t i = 0; i < PLAYER_RATES; i++) {
		if (p->rates[i].from_hz == from_hz)
			return 0;
		if (p->rates[i].from_hz)
			continue;
		int err = resampler_new(&p->rates[i].r, from_hz, p->rate_hz);
		if (!err)
			p->rates[i].from_hz = from_hz;
		return err;
	}
	return E_LIMIT;
}

void player_clip(struct player *p, uint32_t serial, size_t item, struct clip *clip, int err)
{
	bool wanted = p->play && serial == p->serial && item < p->play->n && !p->clips[item];
	if (wanted && clip && !err)
		err = prepare_rate(p, clip->rate_hz);
	if (wanted && err && !p->err)
		p->err = err;
	if (wanted && clip && !err)
		p->clips[item] = clip;
	else if (clip)
		clip_unref(clip);
}

static struct resampler *resampler_of(const struct player *p, uint32_t from_hz)
{
	for (size_t i = 0; i < PLAYER_RATES; i++)
		if (p->rates[i].from_hz == from_hz)
			return p->rates[i].r;
	return NULL;
}

static uint64_t samples_of_ms(const struct player *p, uint32_t ms)
{
	return ms ? (uint64_t)ms * p->rate_hz / 1000 : UINT64_MAX;
}

static size_t start_of(const struct player *p, const struct clip *c)
{
	size_t tail = (size_t)START_TAIL_S * c->rate_hz;
	bool first = p->item == 0 && p->loop == 0;
	return first && p->play->start_random && c->n > tail ? p->random % (c->n - tail) : 0;
}

static enum player_state begin_item(struct player *p)
{
	const struct media_item *it = &p->play->items[p->item];
	const struct clip *c = p->clips[p->item];
	if (p->begun)
		return PLAYER_SOUND;
	switch (it->kind) {
	case MEDIA_ITEM_FILE:
		if (!c)
			return p->err ? PLAYER_FAILED : PLAYER_WAITS;
		p->at = start_of(p, c);
		struct resampler *r = resampler_of(p, c->rate_hz);
		if (r)
			resampler_reset(r);
		break;
	case MEDIA_ITEM_TONE:
		tone_gen_init(&p->tone, &it->tone, p->rate_hz);
		p->left = samples_of_ms(p, it->ms);
		break;
	case MEDIA_ITEM_SILENCE:
		p->left = it->ms ? samples_of_ms(p, it->ms) : 0;
		break;
	case MEDIA_ITEM_DIGITS:
		return PLAYER_DIGITS;
	case MEDIA_ITEM_ROOM:
		return PLAYER_ROOM;
	default:
		p->err = EINVAL;
		return PLAYER_FAILED;
	}
	p->begun = true;
	return PLAYER_SOUND;
}

/** Resamples a little of the clip into `carry`; false: the clip is at its end. */
static bool refill(struct player *p, const struct clip *c, struct resampler *r)
{
	size_t n = c->n - p->at, chunk = c->rate_hz / CHUNKS_PER_S;
	if (n == 0)
		return false;
	if (n > chunk)
		n = chunk;
	p->carry_at = 0;
	p->n_carry = resampler_run(r, c->pcm + p->at, n, p->carry, PLAYER_CARRY);
	p->at += n;
	return true;
}

static size_t read_clip(struct player *p, int16_t *pcm, size_t n)
{
	const struct clip *c = p->clips[p->item];
	struct resampler *r = resampler_of(p, c->rate_hz);
	if (r && p->n_carry == 0 && !refill(p, c, r))
		return 0;
	const int16_t *from = r ? p->carry + p->carry_at : c->pcm + p->at;
	size_t have = r ? p->n_carry : c->n - p->at;
	if (n > have)
		n = have;
	memcpy(pcm, from, n * sizeof *pcm);
	if (r) {
		p->carry_at += n;
		p->n_carry -= n;
	} else {
		p->at += n;
	}
	return n;
}

/** Samples of this item, 0 to n; less than n: it has ended. */
static size_t read_item(struct player *p, int16_t *pcm, size_t n)
{
	size_t done = 0;
	enum media_item_kind kind = p->play->items[p->item].kind;
	if (kind == MEDIA_ITEM_FILE) {
		const struct clip *c = p->clips[p->item];
		while (done < n && (p->n_carry || p->at < c->n))
			done += read_clip(p, pcm + done, n - done);
		return done;
	}
	done = p->left < n ? (size_t)p->left : n;
	if (p->left != UINT64_MAX)
		p->left -= done;
	if (kind == MEDIA_ITEM_TONE)
		tone_gen_read(&p->tone, pcm, done);
	else
		memset(pcm, 0, done * sizeof *pcm);
	return done;
}

void player_next(struct player *p)
{
	p->item++;
	p->begun = false;
	p->n_carry = 0;
}

/** Behind the last item: again from the first, or the end. */
static bool wrap(struct player *p)
{
	if (p->item < p->play->n)
		return true;
	p->loop++;
	if ((p->play->loops && p->loop >= p->play->loops) || !p->had_sound)
		return false;
	p->item = 0;
	p->had_sound = false;
	return true;
}

static enum player_state waits(struct player *p)
{
	if (++p->waited < MAX_WAIT_READS)
		return PLAYER_WAITS;
	p->err = ETIMEDOUT;
	return PLAYER_FAILED;
}

enum player_state player_read(struct player *p, int16_t *pcm, size_t n)
{
	size_t done = 0;
	enum player_state state = PLAYER_IDLE;
	if (!p->play)
		return PLAYER_IDLE;
	while (done < n) {
		if (!wrap(p)) {
			state = PLAYER_DONE;
			break;
		}
		state = begin_item(p);
		if (state != PLAYER_SOUND)
			break;
		size_t got = read_item(p, pcm + done, n - done);
		done += got;
		p->had_sound = p->had_sound || got;
		if (done < n)
			player_next(p);
	}
	if (done == 0)
		return state == PLAYER_WAITS ? waits(p) : state;
	p->waited = 0;
	memset(pcm + done, 0, (n - done) * sizeof *pcm);
	p->samples += n;
	return PLAYER_SOUND;
}

const struct media_item *player_item(const struct player *p)
{
	return p->play && p->item < p->play->n ? &p->play->items[p->item] : NULL;
}

uint64_t player_ms(const struct player *p)
{
	return p->rate_hz ? p->samples * 1000 / p->rate_hz : 0;
}

void player_count(struct player *p, uint32_t ms)
{
	p->had_sound = true;
	p->samples += (uint64_t)ms * p->rate_hz / 1000;
}
