// SPDX-License-Identifier: Apache-2.0
#include "media/stream.h"

#include <errno.h>
#include <stdlib.h>

#include "media/record_tap.h"
#include "media/voice.h"
#include "media/worker.h"

enum { CLAIM_RETRY_MS = 200, AHEAD_PER_S = 50 /* a packet of 20 ms is taken to be on its way */ };

void stream_table_init(struct stream_table *t, uint32_t max)
{
	*t = (struct stream_table){.max = max, .free_head = UINT32_MAX};
	t->at = calloc(max, sizeof *t->at);
	if (!t->at)
		abort();
	map_init(&t->by_id);
	map_init(&t->by_peer);
}

void stream_table_fini(struct stream_table *t)
{
	map_fini(&t->by_id);
	map_fini(&t->by_peer);
	free(t->at);
}

struct stream *stream_find(struct worker *w, uint64_t id)
{
	struct map_node *n = map_find(&w->streams.by_id, hash_u64(&w->hash, id));
	for (; n; n = map_next(n)) {
		struct stream *s = container_of(n, struct stream, by_id);
		if (s->id == id)
			return s;
	}
	return NULL;
}

struct stream *stream_peer(const struct stream *s)
{
	return s->set.sink == MEDIA_SINK_PEER ? stream_find(s->worker, s->set.peer) : NULL;
}

struct stream *stream_next_source(const struct stream *s, const struct stream *after)
{
	struct worker *w = s->worker;
	struct map_node *n = after ? map_next(&after->by_peer)
	                           : map_find(&w->streams.by_peer, hash_u64(&w->hash, s->id));
	for (; n; n = map_next(n)) {
		struct stream *from = container_of(n, struct stream, by_peer);
		if (from->set.peer == s->id)
			return from;
	}
	return NULL;
}

static bool is_target(const struct addr *a)
{
	return a->family != ADDR_NONE && a->port != 0 && !addr_is_any(a) && !addr_is_multicast(a);
}

/**
 * A signalled address that is not where the signalling came from: it is worth sending to
 * when it is a public one (a carrier's media gateway), or when both are on private nets. A
 * private address named from outside is somebody else's here, and loopback is our own host.
 */
static bool is_plausible(const struct stream *s, const struct addr *a)
{
	if (addr_eq_ip(a, &s->set.source_ip))
		return true;
	if (addr_is_loopback(a))
		return addr_is_loopback(&s->set.source_ip);
	return !addr_is_private(a) || addr_is_private(&s->set.source_ip);
}

static bool pick_target(const struct stream *s, const struct addr *signalled,
                        const struct addr *proven, struct addr *to)
{
	if (s->set.source == MEDIA_SOURCE_NONE)
		return false;
	bool nat = s->set.source == MEDIA_SOURCE_NAT;
	*to = nat && proven->family != ADDR_NONE ? *proven : *signalled;
	if (!is_target(to))
		return false;
	return !nat || proven->family != ADDR_NONE || is_plausible(s, to);
}

bool stream_rtp_target(const struct stream *s, struct addr *to)
{
	return pick_target(s, &s->set.remote, &s->locked, to);
}

bool stream_rtcp_target(const struct stream *s, struct addr *to)
{
	if (s->set.rtcp_mux) /* RFC 5761 section 5.1.1 */
		return stream_rtp_target(s, to);
	return pick_target(s, &s->set.remote_rtcp, &s->rtcp_locked, to);
}

static bool want_rtp(const struct stream *s, struct flow_key *key, unsigned *flags)
{
	const struct addr *from = s->locked.family != ADDR_NONE ? &s->locked : &s->set.remote;
	if (s->set.source == MEDIA_SOURCE_NONE || !is_target(from))
		return false;
	*key = flow_key_of(s->set.port, from);
	*flags = (s->locked.family == ADDR_NONE || s->silent) ? FLOW_NEWS : 0;
	return true;
}

static bool want_source(const struct stream *s, struct flow_key *key, unsigned *flags)
{
	if (s->set.source != MEDIA_SOURCE_NAT || s->locked.family != ADDR_NONE ||
	    s->set.source_ip.family == ADDR_NONE)
		return false;
	*key = flow_key_of(s->set.port, &s->set.source_ip);
	key->remote.port = 0;
	*flags = FLOW_NEWS;
	return true;
}

static bool want_rtcp(const struct stream *s, struct flow_key *key, unsigned *flags)
{
	uint16_t port = (uint16_t)(s->set.port + 1);
	if (s->set.rtcp_mux || s->set.source == MEDIA_SOURCE_NONE)
		return false;
	*flags = FLOW_RTCP;
	if (s->set.source == MEDIA_SOURCE_EXACT) {
		*key = flow_key_of(port, &s->set.remote_rtcp);
		return is_target(&s->set.remote_rtcp);
	}
	if (s->locked.family == ADDR_NONE)
		return false;
	if (s->rtcp_locked.family != ADDR_NONE) {
		*key = flow_key_of(port, &s->rtcp_locked);
		return true;
	}
	*key = flow_key_of(port, &s->locked);
	key->remote.port = 0;
	*flags |= FLOW_NEWS;
	return true;
}

typedef bool want_fn(const struct stream *s, struct flow_key *key, unsigned *flags);

static want_fn *const wants[CLAIMS] = {
    [CLAIM_RTP] = want_rtp,
    [CLAIM_SOURCE] = want_source,
    [CLAIM_RTCP] = want_rtcp,
};

static struct flow *claimed(const struct stream *s, enum claim c)
{
	uint32_t i = s->claims[c];
	return i == FLOW_NONE ? NULL : &s->worker->flows.flows[i];
}

static void drop_claim(struct stream *s, enum claim c)
{
	struct flow *f = claimed(s, c);
	if (!f)
		return;
	fast_take_back(s->worker, f);
	s->rx_packets += f->packets;
	s->rx_bytes += f->bytes;
	if (f->last_ms > s->last_ms)
		s->last_ms = f->last_ms;
	flow_remove(&s->worker->flows, f);
	s->claims[c] = FLOW_NONE;
}

/** Where the packets of `f` go on to. */
static void route_flow(const struct stream *s, struct flow *f)
{
	const struct stream *sink = s->set.sink == MEDIA_SINK_ECHO ? s : stream_peer(s);
	f->sink = FLOW_NONE;
	if (!sink || f->flags & FLOW_RTCP || !stream_rtp_target(sink, &f->to))
		return;
	if (voice_is_processed(s) || voice_has_word(sink))
		return;
	f->out = socket_pool_out(&s->worker->sockets, sink->set.port, f->to.family, false);
	if (f->out == SOCKET_NONE)
		return;
	f->sink = sink->index;
	f->from = sink->set.local;
	f->ssrc = s->own_ssrc;
	f->flags |= FLOW_TO;
	if (sink == s)
		f->flags |= FLOW_ECHO;
	if (sink->out.owned)
		f->flags |= FLOW_OWNED;
}

static void fill_flow(const struct stream *s, struct flow *f, unsigned flags)
{
	f->stream = s->index;
	f->dtmf_pt = s->set.dtmf_pt;
	if (s->set.rtcp_mux)
		flags |= FLOW_MUX;
	if (s->set.hear)
		flags |= FLOW_HEAR;
	if (s->set.map_pt)
		flags |= FLOW_MAP_PT;
	if (voice_is_needed(s))
		flags |= FLOW_VOICE;
	f->flags = (uint16_t)flags;
	route_flow(s, f);
}

/** Who came first keeps the flow; this stream gets it when the other one lets it go. */
static void deny(struct stream *s, const struct flow_key *key)
{
	struct worker *w = s->worker;
	timer_in(&w->wheel, &s->claim_timer, CLAIM_RETRY_MS);
	if (s->denied)
		return;
	s->denied = true;
	log_event(w->log, LOG_MEDIA_FLOW_TAKEN, LOG_U("stream", s->id), LOG_U("port", key->port),
	          LOG_A("from", &key->remote));
}

static void claim(struct stream *s, enum claim c, const struct flow_key *key, unsigned flags)
{
	struct worker *w = s->worker;
	struct flow *f = claimed(s, c);
	if (!f) {
		f = flow_insert(&w->flows, key);
		if (!f) {
			deny(s, key);
			return;
		}
		s->claims[c] = flow_index(&w->flows, f);
	}
	fill_flow(s, f, flags);
}

/** Make the flow table say what the state of `s` says. Doing it again changes nothing. */
static void sync_flows(struct stream *s)
{
	struct flow_key key[CLAIMS];
	unsigned flags[CLAIMS];
	bool wanted[CLAIMS];
	timer_cancel(&s->worker->wheel, &s->claim_timer);
	fast_take_back_all(s);
	for (enum claim c = 0; c < CLAIMS; c++) {
		wanted[c] = wants[c](s, &key[c], &flags[c]);
		const struct flow *f = claimed(s, c);
		if (f && (!wanted[c] || memcmp(&f->key, &key[c], sizeof key[c]) != 0))
			drop_claim(s, c);
	}
	for (enum claim c = 0; c < CLAIMS; c++)
		if (wanted[c])
			claim(s, c, &key[c], flags[c]);
	if (!timer_is_set(&s->claim_timer))
		s->denied = false;
}

/** `s` may be reached elsewhere now, or not at all: those who send to it must know. */
static void sync_all(struct stream *s)
{
	sync_flows(s);
	for (struct stream *from = stream_next_source(s, NULL); from;
	     from = stream_next_source(s, from))
		sync_flows(from);
}

void stream_sync(struct stream *s)
{
	sync_all(s);
}

/** Goes on from the numbers that `from` relayed to `s`; false: it relays nothing of this clock. */
static bool adopt(struct stream *s, const struct stream *from, uint32_t ssrc, uint32_t clock_hz)
{
	const struct rtp_receiver *rx = &from->rx;
	if (!rx->begun || !rx->has_transit || rx->clock_hz != clock_hz)
		return false;
	uint64_t now_us = s->worker->now_us;
	uint32_t timestamp = (uint32_t)(now_us * clock_hz / 1000000) - rx->transit;
	rtp_out_start(&s->out, ssrc, (uint16_t)(rx->max_seq + 1),
	              timestamp + clock_hz / AHEAD_PER_S, clock_hz, now_us);
	return true;
}

static bool adopt_any(struct stream *s, uint32_t clock_hz)
{
	if (s->set.sink == MEDIA_SINK_ECHO)
		return s->echo_us && adopt(s, s, s->own_ssrc, clock_hz);
	for (struct stream *from = stream_next_source(s, NULL); from;
	     from = stream_next_source(s, from))
		if (from->set.hear && adopt(s, from, from->rx.ssrc, clock_hz))
			return true;
	return false;
}

void stream_adopt(struct stream *s, uint32_t clock_hz)
{
	fast_pull(s);
	if (!s->out.owned && adopt_any(s, clock_hz))
		sync_all(s);
}

void stream_own(struct stream *s, uint32_t clock_hz)
{
	struct worker *w = s->worker;
	if (s->out.owned && s->out.clock_hz == clock_hz)
		return;
	fast_pull(s); /* the numbers go on behind what the kernel relayed */
	if (s->out.owned || !adopt_any(s, clock_hz)) {
		uint64_t r = rng_u64(&w->rng);
		uint32_t ssrc = s->out.owned ? (uint32_t)rng_u64(&w->rng) : s->own_ssrc;
		rtp_out_start(&s->out, ssrc, (uint16_t)(r & 0x7fff), (uint32_t)(r >> 32), clock_hz,
		              w->now_us);
	}
	sync_all(s);
}

static void retry_claims(struct timer *t, void *arg)
{
	(void)t;
	sync_flows(arg);
}

static uint64_t last_heard_ms(const struct stream *s)
{
	const struct flow *f = claimed(s, CLAIM_RTP);
	uint64_t last = f && f->last_ms > s->last_ms ? f->last_ms : s->last_ms;
	return last;
}

static void watch_silence(struct stream *s)
{
	if (!s->set.expect || s->set.silence_ms == 0 || s->silent) {
		timer_cancel(&s->worker->wheel, &s->silence_timer);
		return;
	}
	uint64_t last = last_heard_ms(s);
	if (last < s->expect_since_ms)
		last = s->expect_since_ms;
	timer_set(&s->worker->wheel, &s->silence_timer, last + s->set.silence_ms);
}

/** Packets do not move the timer: it looks back when it fires. */
static void on_silence_timer(struct timer *t, void *arg)
{
	(void)t;
	struct stream *s = arg;
	struct worker *w = s->worker;
	fast_pull(s);
	uint64_t last = last_heard_ms(s);
	if (last < s->expect_since_ms)
		last = s->expect_since_ms;
	if (w->now_ms < last + s->set.silence_ms) {
		watch_silence(s);
		return;
	}
	s->silent = true;
	sync_flows(s);
	worker_post(w, s->shard, worker_event(MEDIA_EV_SILENCE, s->id));
}

void stream_resume(struct stream *s)
{
	s->silent = false;
	s->expect_since_ms = s->worker->now_ms;
	sync_flows(s);
	watch_silence(s);
	worker_post(s->worker, s->shard, worker_event(MEDIA_EV_RESUMED, s->id));
}

void stream_lock(struct stream *s, const struct addr *from)
{
	struct worker *w = s->worker;
	s->locked = *from;
	if (s->first_ms == 0)
		s->first_ms = w->now_ms;
	sync_all(s);
	struct media_event *ev = worker_event(MEDIA_EV_LOCKED, s->id);
	ev->addr = *from;
	worker_post(w, s->shard, ev);
}

void stream_lock_rtcp(struct stream *s, const struct addr *from)
{
	s->rtcp_locked = *from;
	sync_flows(s);
}

static struct stream *take_place(struct worker *w)
{
	struct stream_table *t = &w->streams;
	if (t->n == t->max)
		return NULL;
	uint32_t i = t->free_head;
	if (i == UINT32_MAX)
		i = t->fresh++;
	else
		t->free_head = t->at[i].next_free;
	t->n++;
	t->at[i] = (struct stream){.index = i, .worker = w};
	return &t->at[i];
}

static struct stream *create(struct worker *w, uint64_t id, const struct media_set *set)
{
	struct stream *s = take_place(w);
	if (!s)
		return NULL;
	s->id = id;
	s->set.port = set->port;
	s->own_ssrc = (uint32_t)rng_u64(&w->rng);
	rng_token(&w->rng, s->cname, sizeof s->cname);
	for (enum claim c = 0; c < CLAIMS; c++)
		s->claims[c] = FLOW_NONE;
	s->taps = record_tap_count(w, id);
	rtp_receiver_init(&s->rx, set->clock_hz);
	timer_init(&s->silence_timer, on_silence_timer, s);
	timer_init(&s->claim_timer, retry_claims, s);
	timer_init(&s->dtmf_timer, relay_dtmf_timeout, s);
	timer_init(&s->report_timer, rtcp_report, s);
	timer_in(&w->wheel, &s->report_timer, rtcp_report_in_ms(w));
	map_insert(&w->streams.by_id, &s->by_id, hash_u64(&w->hash, id));
	struct sock_pair *pair = socket_pool_pair(&w->sockets, set->port);
	pair->n_streams++;
	pair->stream_sum += s->index;
	metric_add(w->metrics, METRIC_MEDIA_STREAMS, 1);
	return s;
}

/** Does `set` speak of another source than the one that was heard? */
static bool forgets_source(const struct stream *s, const struct media_set *set)
{
	if (set->relatch || set->source != s->set.source)
		return true;
	return set->source == MEDIA_SOURCE_EXACT && !addr_eq(&set->remote, &s->set.remote);
}

static void change_peer(struct stream *s, const struct media_set *set)
{
	struct map *by_peer = &s->worker->streams.by_peer;
	if (s->set.sink == MEDIA_SINK_PEER)
		map_remove(by_peer, &s->by_peer);
	if (set->sink == MEDIA_SINK_PEER)
		map_insert(by_peer, &s->by_peer, hash_u64(&s->worker->hash, set->peer));
}

static void change_clocks(struct stream *s, const struct media_set *set)
{
	uint32_t dtmf_hz = set->dtmf_hz ? set->dtmf_hz : set->clock_hz;
	if (dtmf_hz != s->dtmf.clock_hz)
		dtmf_rx_start(&s->dtmf, dtmf_hz);
	rtp_receiver_clock(&s->rx, set->clock_hz);
}

/** A relayed source of another clock: its packets cannot go on in the row of the present SSRC. */
static void fit_clock(struct stream *s)
{
	struct stream *sink = s->set.sink == MEDIA_SINK_ECHO ? s : stream_peer(s);
	if (sink && sink->out.owned && s->set.clock_hz && !voice_is_processed(s) &&
	    sink->out.clock_hz != s->set.clock_hz)
		stream_own(sink, s->set.clock_hz);
}

int stream_set(struct worker *w, uint64_t id, uint16_t shard, const struct media_set *set,
               const struct media_voice *voice)
{
	struct stream *s = stream_find(w, id);
	if (!s && !socket_pool_pair(&w->sockets, set->port))
		return EADDRNOTAVAIL;
	if (!s && !(s = create(w, id, set)))
		return E_LIMIT;
	fast_take_back_all(s);
	if (forgets_source(s, set))
		s->locked = s->rtcp_locked = (struct addr){0};
	struct stream *peer_before = stream_peer(s);
	change_peer(s, set);
	change_clocks(s, set);
	uint16_t port = s->set.port;
	s->shard = shard;
	s->set = *set;
	s->set.port = port;
	s->expect_since_ms = w->now_ms;
	if (!set->expect)
		s->silent = false;
	voice_set(s, voice);
	fit_clock(s);
	sync_all(s);
	watch_silence(s);
	voice_update(s);
	struct stream *peer = stream_peer(s);
	if (peer)
		voice_update(peer);
	if (peer_before && peer_before != peer)
		voice_update(peer_before);
	return 0;
}

void stream_destroy(struct stream *s)
{
	struct worker *w = s->worker;
	struct stream *peer = stream_peer(s);
	voice_free(s);
	for (enum claim c = 0; c < CLAIMS; c++)
		drop_claim(s, c);
	timer_cancel(&w->wheel, &s->silence_timer);
	timer_cancel(&w->wheel, &s->claim_timer);
	timer_cancel(&w->wheel, &s->dtmf_timer);
	timer_cancel(&w->wheel, &s->report_timer);
	map_remove(&w->streams.by_id, &s->by_id);
	if (s->set.sink == MEDIA_SINK_PEER)
		map_remove(&w->streams.by_peer, &s->by_peer);
	struct sock_pair *pair = socket_pool_pair(&w->sockets, s->set.port);
	pair->n_streams--;
	pair->stream_sum -= s->index;
	/* It is not found by its id any more: those who sent to it send nowhere. */
	for (struct stream *from = stream_next_source(s, NULL); from;
	     from = stream_next_source(s, from))
		sync_flows(from);
	s->set.sink = MEDIA_SINK_NONE;
	if (peer && peer != s)
		voice_update(peer);
	s->next_free = w->streams.free_head;
	w->streams.free_head = s->index;
	w->streams.n--;
	metric_sub(w->metrics, METRIC_MEDIA_STREAMS, 1);
}

static void voice_stats(const struct stream *s, struct media_stats *out)
{
	if (!s->voice || !s->voice->rx.jitter)
		return;
	struct jitter_counts c = jitter_counts(s->voice->rx.jitter);
	out->rx_late = c.late;
	out->concealed_ms = s->voice->rx.concealed_us / 1000;
	out->depth_ms = c.delay_ms;
	out->max_depth_ms = c.max_delay_ms;
}

static uint64_t wall_of(const struct stream *s, uint64_t mono_ms)
{
	return mono_ms ? mono_ms + s->worker->wall_us / 1000 : 0;
}

static void peer_stats(const struct stream *s, struct media_stats *out)
{
	const struct rtcp_block *b = &s->peer_block;
	out->peer_reported = s->peer_reported;
	if (!s->peer_reported)
		return;
	out->peer_lost = b->lost > 0 ? (uint32_t)b->lost : 0;
	out->peer_fraction_lost_256 = b->fraction;
	if (s->set.clock_hz)
		out->peer_jitter_us = (uint32_t)((uint64_t)b->jitter * 1000000 / s->set.clock_hz);
}

void stream_stats(const struct stream *s, struct media_stats *out)
{
	const struct flow *f = claimed(s, CLAIM_RTP);
	*out = (struct media_stats){
	    .rx_packets = s->rx_packets + (f ? f->packets : 0),
	    .rx_bytes = s->rx_bytes + (f ? f->bytes : 0),
	    .tx_packets = s->tx_packets,
	    .tx_bytes = s->tx_bytes,
	    .rx_lost = rtp_receiver_lost(&s->rx),
	    .rx_reordered = s->rx.reordered,
	    .rx_duplicate = s->rx.duplicate,
	    .rx_refused = s->refused,
	    .rx_malformed = s->malformed,
	    .jitter_us = rtp_receiver_jitter_us(&s->rx),
	    .max_jitter_us = rtp_receiver_max_jitter_us(&s->rx),
	    .rtcp_rx = s->rtcp_rx,
	    .rtcp_tx = s->rtcp_tx,
	    .rtt_us = s->rtt_us,
	    .ssrc = s->rx.ssrc,
	    .pt = s->pt,
	    .locked = s->locked,
	    .first_ms = wall_of(s, s->first_ms),
	    .last_ms = wall_of(s, last_heard_ms(s)),
	};
	peer_stats(s, out);
	voice_stats(s, out);
}
