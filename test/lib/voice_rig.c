// SPDX-License-Identifier: Apache-2.0
#include "voice_rig.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "tone.h"

enum { START_US = 1000000000, DRIFT_MS = 60, PT_EVENT = 101 };

#define US "127.0.0.1"

static void on_event(uint16_t shard, struct media_event *ev, void *arg)
{
	struct vrig *r = arg;
	(void)shard;
	pthread_mutex_lock(&r->lock);
	if (r->n_events < VRIG_EVENTS)
		r->events[r->n_events++] = ev;
	else
		free(ev);
	pthread_mutex_unlock(&r->lock);
}

void vrig_start(struct vrig *r)
{
	*r = (struct vrig){.now_us = START_US};
	log_init_null(&r->log);
	pthread_mutex_init(&r->lock, NULL);
	const struct media_args args = {
		.threads = 1,
		.address = rig_addr(US, 0),
		.max_streams = 1024,
		.rcvbuf_bytes = 1 << 20,
		.log = &r->log,
		.metrics = &r->metrics,
		.on_event = on_event,
		.arg = r,
	};
	r->w = aligned_alloc(64, (sizeof *r->w + 63) / 64 * 64);
	assert_int_equal(worker_init(r->w, &args, NULL, 0), 0);
	const struct recorder_args rec = {.log = &r->log, .on_event = on_event, .arg = r};
	assert_int_equal(recorder_new(&r->recorder, &rec), 0);
	r->w->recorder = r->recorder;
	/* Wheel and ticker began at the wall's time; virtual time goes on from there. */
	r->now_us = r->w->now_us / 20000 * 20000 + 20000;
	worker_step(r->w, r->now_us);
}

void vrig_stop(struct vrig *r)
{
	worker_fini(r->w);
	free(r->w);
	recorder_free(r->recorder);
	for (size_t i = 0; i < r->n_phones; i++) {
		struct vphone *p = r->phones[i];
		p->ops->encoder_free(p->enc);
		p->ops->decoder_free(p->dec);
		phone_close(&p->phone);
		free(p->pcm);
		free(p);
	}
	for (size_t i = 0; i < r->n_events; i++)
		free(r->events[i]);
	pthread_mutex_destroy(&r->lock);
}

static void keep(struct vphone *p, const int16_t *pcm, size_t n)
{
	if (p->n_pcm + n > VPHONE_PCM) {
		size_t cut = VPHONE_PCM / 2;
		memmove(p->pcm, p->pcm + cut, (p->n_pcm - cut) * sizeof *pcm);
		p->n_pcm -= cut;
	}
	memcpy(p->pcm + p->n_pcm, pcm, n * sizeof *pcm);
	p->n_pcm += n;
}

static void check_row(struct vphone *p, const struct rtp_header *h, bool timed)
{
	struct vphone_seen *s = &p->seen;
	uint64_t now_ms = p->rig->now_us / 1000;
	bool first = s->packets + s->events == 0;
	if (!first && h->ssrc != s->ssrc)
		s->ssrc_changes++;
	else if (!first && h->seq != (uint16_t)(s->seq + 1))
		s->seq_gaps++;
	if (timed && s->packets && h->ssrc == s->ssrc) {
		int32_t step = (int32_t)(h->timestamp - s->timestamp);
		int64_t ms = (int64_t)step * 1000 / (int64_t)p->format.clock_hz;
		int64_t off = ms - (int64_t)(now_ms - s->at_ms);
		s->time_errors += step <= 0 || off > DRIFT_MS || off < -DRIFT_MS;
	}
	s->ssrc = h->ssrc;
	s->seq = h->seq;
	s->markers += h->marker && timed;
	if (timed) {
		s->timestamp = h->timestamp;
		s->at_ms = now_ms;
		s->pt = h->pt;
	}
}

static void hear(struct vphone *p, const uint8_t *data, size_t n)
{
	struct rtp_header h;
	int16_t pcm[CODEC_MAX_PCM];
	assert_int_equal(rtp_parse(&h, data, n), 0);
	bool event = h.pt == PT_EVENT;
	check_row(p, &h, !event);
	if (event) {
		p->seen.events++;
		p->seen.event_timestamp = h.timestamp;
		memcpy(p->seen.last_event, data + h.payload_at, sizeof p->seen.last_event);
		return;
	}
	p->seen.packets++;
	int got = p->ops->decode(p->dec, data + h.payload_at, h.payload_n, pcm, CODEC_MAX_PCM);
	assert_true(got >= 0);
	keep(p, pcm, (size_t)got);
}

static void collect(struct vrig *r)
{
	uint8_t data[RIG_PACKET];
	for (size_t i = 0; i < r->n_phones; i++) {
		ssize_t n;
		while ((n = recv(r->phones[i]->phone.fd, data, sizeof data, MSG_DONTWAIT)) > 0) {
			r->heard++;
			hear(r->phones[i], data, (size_t)n);
		}
	}
}

static void collect_reports(struct vrig *r)
{
	uint8_t data[RIG_PACKET];
	ssize_t n;
	while (r->control && (n = recv(r->control->fd, data, sizeof data, MSG_DONTWAIT)) > 0) {
		r->heard++;
		r->report_n = (size_t)n;
		memcpy(r->report, data, r->report_n);
	}
}

static uint64_t cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void step(struct vrig *r)
{
	uint64_t before = cpu_ns();
	worker_step(r->w, r->now_us);
	r->cpu_ns += cpu_ns() - before;
}

/** The kernel may take a moment for what is to be there at once in virtual time. */
static void deliver(struct vrig *r)
{
	for (int i = 0; i < RIG_WAIT_MS; i++) {
		step(r);
		collect(r);
		collect_reports(r);
		if (metric_get(&r->metrics, METRIC_MEDIA_RX) >= r->sent &&
		    metric_get(&r->metrics, METRIC_MEDIA_TX) <= r->heard)
			return;
		poll(NULL, 0, 1);
	}
	fail_msg("%d of %d packets came", (int)r->heard, (int)metric_get(&r->metrics, METRIC_MEDIA_TX));
}

void vrig_run(struct vrig *r, unsigned ms)
{
	while (ms--) {
		r->now_us += 1000;
		deliver(r);
	}
}

void vrig_cmd(struct vrig *r, const struct media_cmd *cmd)
{
	struct media_cmd *copy = malloc(sizeof *copy);
	*copy = *cmd;
	copy->shard = 7;
	assert_int_equal(mailbox_post(r->w->mailbox, &copy->mail), 0);
	worker_step(r->w, r->now_us);
}

bool vrig_event(struct vrig *r, enum media_ev_kind what, uint64_t id, struct media_event *out)
{
	bool found = false;
	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->n_events && !found; i++) {
		if (r->events[i]->what != what || r->events[i]->id != id)
			continue;
		found = true;
		*out = *r->events[i];
		free(r->events[i]);
		r->n_events--;
		memmove(&r->events[i], &r->events[i + 1], (r->n_events - i) * sizeof *r->events);
	}
	pthread_mutex_unlock(&r->lock);
	return found;
}

struct media_stats vrig_stats(struct vrig *r, uint64_t id)
{
	struct media_event ev = {0};
	vrig_cmd(r, &(struct media_cmd){.mail.kind = MEDIA_CMD_STATS, .id = id});
	assert_true(vrig_event(r, MEDIA_EV_STATS, id, &ev));
	return ev.stats;
}

static uint16_t open_port(struct vrig *r)
{
	struct media_event ev;
	for (int i = 0; i < 100; i++) {
		uint16_t port = rig_free_port();
		vrig_cmd(r, &(struct media_cmd){.mail.kind = MEDIA_CMD_OPEN_PORT, .port = port});
		if (!vrig_event(r, MEDIA_EV_PORT_FAILED, 0, &ev))
			return port;
	}
	fail_msg("no port could be opened");
	return 0;
}

struct codec_format vrig_format(enum codec_id codec)
{
	struct codec_format f = codec_default(codec);
	if (f.pt == CODEC_PT_DYNAMIC)
		f.pt = (uint8_t)(96 + codec % 5);
	return f;
}

struct vphone *vrig_phone(struct vrig *r, uint64_t id, enum codec_id codec)
{
	struct vphone *p = calloc(1, sizeof *p);
	p->rig = r;
	p->phone = phone_at("127.0.0.2");
	p->id = id;
	bool shares = r->ports && r->n_phones >= r->ports;
	p->port = shares ? r->phones[r->n_phones % r->ports]->port : open_port(r);
	p->format = vrig_format(codec);
	p->ops = codec_get(codec);
	p->enc = p->ops->encoder_new(&p->format);
	p->dec = p->ops->decoder_new(&p->format);
	assert_non_null(p->enc);
	assert_non_null(p->dec);
	p->ssrc = 0xaa000000u + (uint32_t)id;
	p->seq = (uint16_t)(60000 + id * 100);
	p->timestamp = 0xfffff000u;
	p->pcm = malloc(VPHONE_PCM * sizeof *p->pcm);
	r->phones[r->n_phones++] = p;
	return p;
}

struct media_cmd vphone_set(const struct vphone *p)
{
	struct media_cmd cmd = {.mail.kind = MEDIA_CMD_SET, .id = p->id};
	cmd.set = rig_set_of(p->port, US, p->phone.at);
	cmd.set.clock_hz = p->format.clock_hz;
	cmd.set.dtmf_pt = PT_EVENT;
	cmd.set.dtmf_hz = p->format.clock_hz;
	cmd.voice.n_rx = 1;
	cmd.voice.rx[0] = p->format;
	cmd.voice.tx = p->format;
	cmd.voice.dtmf_tx = MEDIA_DTMF_RTP;
	cmd.voice.dtmf_tx_pt = PT_EVENT;
	cmd.voice.dtmf_tx_hz = p->format.clock_hz;
	return cmd;
}

void vphone_raw(struct vphone *p, uint8_t pt, bool marker, const uint8_t *payload, size_t n)
{
	uint8_t data[RIG_PACKET];
	struct rtp_header h = {.pt = pt,
	                       .marker = marker,
	                       .seq = p->seq++,
	                       .timestamp = p->timestamp,
	                       .ssrc = p->ssrc};
	rtp_put(data, &h);
	memcpy(data + RTP_HEADER_MIN, payload, n);
	phone_send(&p->phone, US, p->port, data, RTP_HEADER_MIN + n);
	p->rig->sent++;
}

void vphone_say(struct vphone *p, const int16_t *pcm)
{
	uint8_t payload[CODEC_MAX_PAYLOAD];
	int n = p->ops->encode(p->enc, pcm, codec_packet_samples(&p->format), payload, sizeof payload);
	assert_true(n >= 0);
	if (n > 0)
		vphone_raw(p, p->format.pt, false, payload, (size_t)n);
	p->timestamp += codec_packet_ticks(&p->format);
}

void vphone_tone(struct vphone *p, double hz, double peak)
{
	int16_t pcm[CODEC_MAX_PCM];
	size_t n = codec_packet_samples(&p->format);
	tone_make(pcm, n, p->said, p->format.rate_hz, hz, hz > 0 ? peak : 0);
	p->said += n;
	vphone_say(p, pcm);
}

void vphone_lose(struct vphone *p)
{
	p->seq++;
	p->timestamp += codec_packet_ticks(&p->format);
	p->said += codec_packet_samples(&p->format);
}

void vphone_pause(struct vphone *p, unsigned ms)
{
	p->timestamp += p->format.clock_hz / 1000 * ms;
}

void vphone_forget(struct vphone *p)
{
	p->n_pcm = 0;
}

void vrig_talk(struct vrig *r, unsigned ms, const double *hz, double peak)
{
	for (unsigned at = 0; at < ms; at += 20) {
		for (size_t i = 0; i < r->n_phones; i++) {
			if (hz[i] >= 0)
				vphone_tone(r->phones[i], hz[i], peak);
			else
				vphone_pause(r->phones[i], 20);
		}
		vrig_run(r, 20);
	}
}
