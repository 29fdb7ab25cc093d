// SPDX-License-Identifier: Apache-2.0
#include "media/voice_tx.h"

#include <stdlib.h>
#include <string.h>

#include "media/voice.h"
#include "media/worker.h"
#include "rtp/dtmf.h"
#include "rtp/wire.h"

enum {
	EVENT_VOLUME = 10, /* -10 dBm0 */
	EVENT_END = 0x80,
	MAX_DURATION = 0xffff,
};

void voice_tx_fini(struct voice_tx *tx)
{
	if (tx->enc)
		tx->ops->encoder_free(tx->enc);
	free(tx->pending);
	rate_bank_fini(&tx->rates);
	tx->enc = NULL;
	tx->ops = NULL;
	tx->pending = NULL;
	tx->n_pending = 0;
	tx->format = (struct codec_format){0};
}

bool voice_tx_same(const struct codec_format *a, const struct codec_format *b)
{
	return codec_same(a, b) && a->rate_hz == b->rate_hz && a->ptime_ms == b->ptime_ms &&
	       a->bitrate == b->bitrate && a->complexity == b->complexity && a->fec == b->fec &&
	       a->dtx == b->dtx && a->cbr == b->cbr && a->light == b->light;
}

void voice_tx_set(struct voice_tx *tx, const struct codec_format *f)
{
	if (tx->enc && voice_tx_same(&tx->format, f)) {
		tx->format = *f;
		return;
	}
	voice_tx_fini(tx);
	const struct codec_ops *ops = codec_get(f->id);
	if (!ops || !f->rate_hz || !f->clock_hz || f->ptime_ms < CODEC_MIN_PTIME_MS ||
	    f->ptime_ms > CODEC_MAX_PTIME_MS || f->rate_hz > CODEC_MAX_RATE_HZ)
		return;
	tx->enc = ops->encoder_new(f);
	if (!tx->enc)
		return;
	tx->ops = ops;
	tx->format = *f;
	tx->packet = codec_packet_samples(f);
	tx->pending = malloc((tx->packet + FRAME_MAX) * sizeof *tx->pending);
	if (!tx->pending)
		abort();
	rate_bank_to(&tx->rates, f->rate_hz);
}

/** The way out to the peer of `s`. */
struct way {
	struct addr to;
	uint16_t sock;
};

static bool find_way(const struct stream *s, struct way *way)
{
	if (!stream_rtp_target(s, &way->to))
		return false;
	way->sock = socket_pool_out(&s->worker->sockets, s->set.port, way->to.family, false);
	return way->sock != SOCKET_NONE;
}

bool voice_tx_can(const struct stream *s)
{
	struct way way;
	return s->voice && s->voice->tx.enc && find_way(s, &way);
}

/** `p` is a buffer of the pool with room for the header and `n` bytes behind it. */
static void send_packet(struct stream *s, const struct way *way, uint8_t *p, size_t n,
                        const struct rtp_header *h)
{
	rtp_put(p, h);
	n += RTP_HEADER_MIN;
	s->tx_packets++;
	s->tx_bytes += n;
	socket_pool_send(&s->worker->sockets, way->sock, p, n, &way->to, &s->set.local);
}

static void send_sound(struct stream *s, const struct way *way, uint8_t *p, int n)
{
	struct worker *w = s->worker;
	const struct codec_format *f = &s->voice->tx.format;
	uint32_t ticks = codec_packet_ticks(f);
	struct rtp_header h;
	if (n <= 0) {
		rtp_out_skip(&s->out, w->tick_us, ticks);
		return;
	}
	rtp_out_packet(&s->out, w->tick_us, ticks, (size_t)n, &h);
	h.pt = f->pt;
	send_packet(s, way, p, (size_t)n, &h);
}

void voice_tx_payload(struct stream *s, const uint8_t *payload, size_t n)
{
	struct way way;
	if (!find_way(s, &way))
		return;
	stream_own(s, s->voice->tx.format.clock_hz);
	uint8_t *p = socket_pool_buffer(&s->worker->sockets);
	memcpy(p + RTP_HEADER_MIN, payload, n);
	s->voice->tx.n_pending = 0;
	send_sound(s, &way, p, (int)n);
}

static void send_pending(struct stream *s, const struct way *way)
{
	struct voice_tx *tx = &s->voice->tx;
	while (tx->n_pending >= tx->packet) {
		uint8_t *p = socket_pool_buffer(&s->worker->sockets);
		int n = tx->ops->encode(tx->enc, tx->pending, tx->packet, p + RTP_HEADER_MIN,
		                        CODEC_MAX_PAYLOAD);
		send_sound(s, way, p, n);
		tx->n_pending -= tx->packet;
		memmove(tx->pending, tx->pending + tx->packet, tx->n_pending * sizeof *tx->pending);
	}
}

void voice_tx_say(struct stream *s, const int16_t *pcm, size_t n, uint32_t rate_hz)
{
	struct voice_tx *tx = &s->voice->tx;
	struct way way;
	int16_t room[FRAME_MAX + FRAME_MAX / 2];
	if (!tx->enc || !find_way(s, &way)) {
		tx->n_pending = 0;
		return;
	}
	stream_own(s, tx->format.clock_hz);
	pcm = rate_bank_run(&tx->rates, rate_hz, pcm, n, room, sizeof room / sizeof *room, &n);
	if (n > FRAME_MAX)
		n = FRAME_MAX;
	memcpy(tx->pending + tx->n_pending, pcm, n * sizeof *pcm);
	tx->n_pending += n;
	send_pending(s, &way);
}

/* -- digits --------------------------------------------------------------------------- */

/** RFC 4733 section 3.2. */
static bool event_of(char digit, uint8_t *event)
{
	static const char digits[] = "0123456789*#ABCD";
	const char *at = digit ? strchr(digits, digit) : NULL;
	*event = at ? (uint8_t)(at - digits) : 0;
	return at != NULL;
}

static void send_event(struct stream *s, const struct media_voice *set, bool end)
{
	struct digit_queue *q = &s->voice->tx.digits;
	struct way way;
	uint8_t event;
	if (!find_way(s, &way) || !event_of(q->now.digit, &event))
		return;
	uint32_t hz = set->dtmf_tx_hz ? set->dtmf_tx_hz : s->voice->tx.format.clock_hz;
	stream_own(s, s->voice->tx.enc ? s->voice->tx.format.clock_hz : hz);
	if (q->first)
		q->timestamp = rtp_out_timestamp(&s->out, s->worker->tick_us);
	uint64_t duration = (uint64_t)q->sent_ms * hz / 1000;
	uint8_t *p = socket_pool_buffer(&s->worker->sockets);
	p[RTP_HEADER_MIN] = event;
	p[RTP_HEADER_MIN + 1] = (uint8_t)(EVENT_VOLUME | (end ? EVENT_END : 0));
	put_be16(p + RTP_HEADER_MIN + 2,
	         (uint16_t)(duration > MAX_DURATION ? MAX_DURATION : duration));
	struct rtp_header h;
	rtp_out_event(&s->out, q->timestamp, DTMF_EVENT_BYTES, &h);
	h.pt = set->dtmf_tx_pt;
	h.marker = q->first;
	send_packet(s, &way, p, DTMF_EVENT_BYTES, &h);
}

static void say_tone(struct stream *s, bool sound)
{
	struct voice_tx *tx = &s->voice->tx;
	int16_t pcm[FRAME_MAX] = {0};
	size_t n = tx->format.rate_hz / TICKS_PER_S;
	struct media_tone tone;
	if (!tx->enc)
		return;
	if (sound && tx->digits.first && tone_of_digit(tx->digits.now.digit, &tone))
		tone_gen_init(&tx->tone, &tone, tx->format.rate_hz);
	if (sound)
		tone_gen_read(&tx->tone, pcm, n);
	voice_tx_say(s, pcm, n, tx->format.rate_hz);
}

/** As telephone-event: while it goes on, no audio (RFC 4733 section 2.5.1.2). */
static bool step_event(struct stream *s, const struct media_voice *set, enum digit_step step)
{
	if (step == DIGIT_GAP)
		return false;
	send_event(s, set, step == DIGIT_END || step == DIGIT_AGAIN);
	s->voice->tx.n_pending = 0;
	return step != DIGIT_AGAIN;
}

bool voice_tx_digits(struct stream *s, const struct media_voice *set)
{
	bool done;
	enum digit_step step = digit_queue_tick(&s->voice->tx.digits, &done);
	if (done)
		worker_post(s->worker, s->shard, worker_event(MEDIA_EV_DTMF_SENT, s->id));
	if (step == DIGIT_NONE)
		return false;
	if (set->dtmf_tx == MEDIA_DTMF_RTP)
		return step_event(s, set, step);
	if (set->dtmf_tx == MEDIA_DTMF_INBAND)
		say_tone(s, step == DIGIT_BEGIN || step == DIGIT_GOES_ON || step == DIGIT_END);
	return set->dtmf_tx == MEDIA_DTMF_INBAND;
}
