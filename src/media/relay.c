// SPDX-License-Identifier: Apache-2.0
/*
 * The way of one RTP packet: who sent it (flow table), is it well formed, what does it
 * tell (statistics, digits), where does it go. No allocation and no lock on it; what
 * happens once in a stream's life (locking, silence, a digit) leaves it for a function of its own.
 */
#include "media/voice.h"
#include "media/worker.h"

enum { DTMF_TIMEOUT_MS = 300 /* end packets lost; senders repeat every 50 ms at most */ };

static void count_malformed(struct worker *w, struct stream *s)
{
	s->malformed++;
	w->turn.malformed++;
}

/** Nobody may be heard from there. With one stream alone on the port it is known whom it was for.
 */
static void refuse(struct worker *w, const struct sock *sock)
{
	w->turn.refused++;
	const struct sock_pair *pair = socket_pool_pair(&w->sockets, sock->port);
	if (pair->n_streams == 1)
		w->streams.at[pair->stream_sum].refused++;
}

static struct flow *find_flow(struct worker *w, uint16_t port, const struct addr *from)
{
	struct flow_key key = flow_key_of(port, from);
	struct flow *f = flow_find(&w->flows, &key);
	if (f)
		return f;
	key.remote.port = 0;
	return flow_find(&w->flows, &key);
}

static void post_press(struct worker *w, const struct stream *s, const struct dtmf_press *press)
{
	struct media_event *ev = worker_event(MEDIA_EV_DTMF, s->id);
	ev->digit = press->digit;
	ev->duration_ms = press->duration_ms;
	worker_post(w, s->shard, ev);
	if (s->voice) {
		s->voice->event_ms = w->now_ms;
		voice_release(s->voice, press->digit, press->duration_ms);
	}
}

void relay_dtmf_timeout(struct timer *t, void *arg)
{
	struct stream *s = arg;
	struct worker *w = s->worker;
	struct dtmf_press press;
	if (dtmf_rx_timeout(&s->dtmf, w->now_ms, DTMF_TIMEOUT_MS, &press))
		post_press(w, s, &press);
	else if (s->dtmf.active)
		timer_in(&w->wheel, t, DTMF_TIMEOUT_MS);
}

static void hear_digit(struct worker *w, struct stream *s, const struct rtp_header *h,
                       const uint8_t *p)
{
	struct dtmf_press press[DTMF_MAX_PRESSES];
	size_t n = dtmf_rx_packet(&s->dtmf, p + h->payload_at, h->payload_n, h->ssrc, h->timestamp,
	                          h->marker, w->now_ms, press);
	for (size_t i = 0; i < n; i++)
		post_press(w, s, &press[i]);
	if (s->voice && s->dtmf.active && !s->voice->pressed && s->dtmf.event < DTMF_EVENT_N) {
		s->voice->event_ms = w->now_ms;
		voice_press(s->voice, dtmf_digit(s->dtmf.event));
	}
	if (s->dtmf.active)
		timer_in(&w->wheel, &s->dtmf_timer, DTMF_TIMEOUT_MS);
	else
		timer_cancel(&w->wheel, &s->dtmf_timer);
}

/** The flow stands for something new: a first packet, or the end of silence. */
static struct flow *hear_news(struct worker *w, struct stream *s, const struct packet *pk,
                              uint16_t port)
{
	if (s->locked.family == ADDR_NONE)
		stream_lock(s, &pk->from);
	if (s->silent)
		stream_resume(s);
	return find_flow(w, port, &pk->from);
}

static void forward(struct worker *w, const struct flow *f, struct stream *s,
                    const struct rtp_header *h, struct packet *pk)
{
	if (f->flags & FLOW_MAP_PT) {
		uint8_t pt = s->set.pt_map[h->pt];
		if (pt > 127)
			return;
		rtp_set_pt(pk->p, pt);
	}
	if (f->flags & FLOW_OWNED) {
		rtp_out_relay(&w->streams.at[f->sink].out, s->index, pk->p, h, w->now_us);
	} else if (f->flags & FLOW_ECHO) {
		/* Its own SSRC coming back would be a collision to the sender: RFC 3550
		 * section 8.2. */
		rtp_set_ssrc(pk->p, f->ssrc);
		s->echo_timestamp = h->timestamp;
		s->echo_us = w->now_us;
	}
	struct stream *sink = &w->streams.at[f->sink];
	sink->tx_packets++;
	sink->tx_bytes += pk->n;
	socket_pool_send(&w->sockets, f->out, pk->p, pk->n, &f->to, &f->from);
}

static void relay_rtp(struct worker *w, struct flow *f, struct stream *s, struct packet *pk)
{
	struct rtp_header h;
	if (rtp_parse(&h, pk->p, pk->n) != 0) {
		count_malformed(w, s);
		return;
	}
	if (f->flags & FLOW_NEWS) {
		f = hear_news(w, s, pk, f->key.port);
		if (!f)
			return;
	}
	bool digit = h.pt == f->dtmf_pt;
	if (!f->fast || !fast_count_late(w, f, pk))
		(void)rtp_receiver_packet(&s->rx, &h, w->now_us, !digit);
	f->packets++;
	f->bytes += pk->n;
	f->last_ms = w->now_ms;
	s->pt = h.pt;
	if (!(f->flags & FLOW_HEAR))
		return;
	if (digit)
		hear_digit(w, s, &h, pk->p);
	else if (f->flags & FLOW_VOICE)
		voice_rx_packet(&s->voice->rx, &h, pk->p, w->now_us);
	if (f->flags & FLOW_TO)
		forward(w, f, s, &h, pk);
	if (w->fast.path && !f->fast)
		fast_consider(w, f, s, pk->p);
}

/** RTCP is heard on its own port, or among the RTP where that was agreed and the peer is known. */
static bool takes_rtcp(const struct flow *f, const struct stream *s)
{
	if (f->flags & FLOW_RTCP)
		return true;
	return f->flags & FLOW_MUX &&
	       (s->set.source == MEDIA_SOURCE_EXACT || s->locked.family != ADDR_NONE);
}

/** What a packet of this flow will change. */
static void prefetch_streams(struct worker *w, const struct flow *f)
{
	const struct stream *s = &w->streams.at[f->stream];
	for (size_t at = 0; at < sizeof s->rx; at += 64)
		__builtin_prefetch((const char *)&s->rx + at, 1);
	if (f->flags & FLOW_TO)
		__builtin_prefetch(&w->streams.at[f->sink].tx_packets, 1);
}

void relay_prefetch(struct worker *w, uint16_t sock, const struct packet *pk, size_t n)
{
	uint32_t hash[SOCKET_BATCH];
	const struct flow *f[SOCKET_BATCH];
	for (size_t i = 0; i < n; i++) {
		struct flow_key key = flow_key_of(w->sockets.socks[sock].port, &pk[i].from);
		hash[i] = flow_prefetch_slot(&w->flows, &key);
	}
	for (size_t i = 0; i < n; i++)
		f[i] = flow_prefetch(&w->flows, hash[i]);
	for (size_t i = 0; i < n; i++)
		if (f[i])
			prefetch_streams(w, f[i]);
}

void relay_datagram(struct worker *w, uint16_t sock, struct packet *pk)
{
	const struct sock *sk = &w->sockets.socks[sock];
	struct flow *f = find_flow(w, sk->port, &pk->from);
	w->turn.received++;
	if (!f) {
		refuse(w, sk);
		return;
	}
	struct stream *s = &w->streams.at[f->stream];
	enum rtp_class what = pk->n > SOCKET_BUFFER ? RTP_CLASS_OTHER : rtp_classify(pk->p, pk->n);
	if (what == RTP_CLASS_RTP && !(f->flags & FLOW_RTCP))
		relay_rtp(w, f, s, pk);
	else if (what == RTP_CLASS_RTCP && takes_rtcp(f, s))
		rtcp_receive(w, s, f->flags & FLOW_RTCP && f->flags & FLOW_NEWS, pk);
	else
		count_malformed(w, s);
}
