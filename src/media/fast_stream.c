// SPDX-License-Identifier: Apache-2.0
/*
 * Which flows are the kernel's, and their counters, which are merged into the stream's: nobody
 * else in media/ needs to know who relayed a packet.
 */
#include "media/worker.h"

enum {
	MAX_AGE_US = 60000000, /* then it is made anew, by the routes of that day */
	LATE_US = 2000000,     /* what comes later was not on its way: the kernel does not see the flow */
	ENTRY_COST = 4, /* of making one, in packets */
};

static uint64_t grown(const uint64_t *now, uint64_t *before)
{
	uint64_t n = __atomic_load_n(now, __ATOMIC_RELAXED), more = n - *before;
	*before = n;
	return more;
}

static void pull(struct worker *w, struct flow *f)
{
	const struct fast_flow *k = fast_at(&w->fast, f->fast);
	uint64_t packets = grown(&k->packets, &f->fast_packets);
	uint64_t bytes = grown(&k->bytes, &f->fast_bytes);
	struct stream *s = &w->streams.at[f->stream], *sink = &w->streams.at[f->sink];
	f->packets += packets;
	f->bytes += bytes;
	if (k->last_us / 1000 > f->last_ms)
		f->last_ms = k->last_us / 1000;
	s->pt = k->pt;
	rtp_receiver_adopt(&s->rx, &k->rx);
	sink->tx_packets += packets;
	sink->tx_bytes += bytes;
	metric_add(w->metrics, METRIC_MEDIA_RX, packets);
	metric_add(w->metrics, METRIC_MEDIA_TX, packets);
	metric_add(w->metrics, METRIC_MEDIA_FAST, packets);
}

static void pull_claim(struct stream *s)
{
	uint32_t i = s->claims[CLAIM_RTP];
	if (i != FLOW_NONE && s->worker->flows.flows[i].fast)
		pull(s->worker, &s->worker->flows.flows[i]);
}

void fast_pull(struct stream *s)
{
	if (!s->worker->fast.path)
		return;
	pull_claim(s);
	for (struct stream *from = stream_next_source(s, NULL); from;
	     from = stream_next_source(s, from))
		pull_claim(from);
}

void fast_take_back(struct worker *w, struct flow *f)
{
	if (!f->fast)
		return;
	fast_remove(&w->fast, f->fast);
	pull(w, f);
	f->fast = FAST_NONE;
	f->steady = 0;
}

void fast_take_back_all(struct stream *s)
{
	struct flow *flows = s->worker->flows.flows;
	if (!s->worker->fast.path)
		return;
	if (s->claims[CLAIM_RTP] != FLOW_NONE)
		fast_take_back(s->worker, &flows[s->claims[CLAIM_RTP]]);
	for (struct stream *from = stream_next_source(s, NULL); from;
	     from = stream_next_source(s, from))
		if (from->claims[CLAIM_RTP] != FLOW_NONE)
			fast_take_back(s->worker, &flows[from->claims[CLAIM_RTP]]);
}

void fast_renew(struct worker *w, struct flow *f)
{
	if (f->fast && w->now_us - fast_at(&w->fast, f->fast)->since_us > MAX_AGE_US)
		fast_take_back(w, f);
}

/** Our end of a port: what packets come to, and leave from. */
static struct addr own_end(const struct worker *w, const struct addr *told, uint16_t port)
{
	struct addr a = w->sockets.wildcard ? *told : w->sockets.address;
	a.port = port;
	return a;
}

static bool is_steady(const struct flow *f, const struct stream *s)
{
	const unsigned must = FLOW_HEAR | FLOW_TO;
	const unsigned must_not = FLOW_RTCP | FLOW_NEWS | FLOW_ECHO | FLOW_VOICE | FLOW_OWNED;
	return (f->flags & must) == must && (f->flags & must_not) == 0 &&
	       s->set.sink == MEDIA_SINK_PEER && s->locked.family != ADDR_NONE && s->rx.valid;
}

/** Digits are heard, and types that the other side numbers differently translated, by us. */
static void fill_passes(struct fast_flow *f, const struct media_set *set)
{
	for (unsigned pt = 0; pt < 128; pt++)
		if (pt != set->dtmf_pt && (!set->map_pt || set->pt_map[pt] == pt))
			f->passes[pt / 64] |= UINT64_C(1) << pt % 64;
}

static void hand_over(struct worker *w, struct flow *f, const struct stream *s)
{
	const struct stream *sink = &w->streams.at[f->sink];
	struct addr local = own_end(w, &s->set.local, f->key.port);
	struct addr from = own_end(w, &f->from, sink->set.port);
	struct fast_flow like = {.rx = s->rx, .since_us = w->now_us};
	fill_passes(&like, &s->set);
	f->fast = fast_add(&w->fast, &f->key.remote, &local, &from, &f->to, &like);
	f->fast_packets = f->fast_bytes = 0;
}

void fast_consider(struct worker *w, struct flow *f, const struct stream *s, const uint8_t *p)
{
	uint8_t pt = s->pt; /* as it came */
	bool plain = p[0] == FAST_FIRST_BYTE && pt != f->dtmf_pt &&
	             (!(f->flags & FLOW_MAP_PT) || s->set.pt_map[pt] == pt);
	w->fast_credit += w->fast_credit < FAST_MAX_CREDIT;
	f->steady = plain ? (uint8_t)(f->steady + (f->steady < UINT8_MAX)) : 0;
	if (f->steady < w->fast_after || w->fast_credit < ENTRY_COST || !is_steady(f, s))
		return;
	w->fast_credit -= ENTRY_COST;
	f->steady = 0;
	hand_over(w, f, s);
}

bool fast_count_late(struct worker *w, struct flow *f, const struct packet *pk)
{
	struct fast_flow *k = fast_at(&w->fast, f->fast);
	if (w->now_us - k->since_us > LATE_US || !fast_take(k, pk->p, pk->n, w->now_us)) {
		fast_take_back(w, f);
		return false;
	}
	f->fast_packets++; /* our caller counts it */
	f->fast_bytes += pk->n;
	return true;
}
