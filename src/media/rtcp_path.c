// SPDX-License-Identifier: Apache-2.0
/*
 * The way of RTCP. Two relayed peers see each other's reports, because they also see each
 * other's SSRC, sequence numbers and timestamps; we read them on the way. Where there is
 * nobody behind (echo), or he stays silent, we report ourselves.
 */
#include "base/buf.h"
#include "media/voice.h"
#include "media/worker.h"

enum {
	REPORT_MS = 5000, /* RFC 3550 section 6.2: the minimum interval for two participants */
	SDES_BYTES = 28,
	SDES_CNAME = 1,
	PADDING_BIT = 0x20,
};

_Static_assert(SDES_BYTES % 4 == 0 && 4 + 4 + 2 + STREAM_CNAME + 1 <= SDES_BYTES, "RFC 3550 6.5");

/** Half to one and a half of the interval: section 6.3.1. */
uint64_t rtcp_report_in_ms(struct worker *w)
{
	return REPORT_MS / 2 + rng_below(&w->rng, REPORT_MS);
}

/** Is `ssrc` one that we send to the peer of `s`? */
static bool is_sent(const struct stream *s, uint32_t ssrc)
{
	if (s->out.owned)
		return ssrc == s->out.ssrc;
	if (s->set.sink == MEDIA_SINK_ECHO && ssrc == s->own_ssrc)
		return true;
	for (struct stream *from = stream_next_source(s, NULL); from;
	     from = stream_next_source(s, from))
		if (from->rx.begun && from->rx.ssrc == ssrc)
			return true;
	return false;
}

/** The clock of the SRs that this peer got (its real one is at the other end) as it runs now. */
static uint64_t sr_clock(const struct stream *s)
{
	uint64_t passed_us = s->worker->now_us - s->sr_us;
	return s->sr_ntp + (passed_us << 32) / 1000000;
}

static void read_blocks(struct stream *s, const struct rtcp_packet *pk)
{
	struct rtcp_block b;
	for (size_t i = 0; rtcp_block(pk, i, &b); i++) {
		if (!is_sent(s, b.ssrc))
			continue;
		s->peer_reported = true;
		s->peer_block = b;
		uint32_t rtt_us =
		    s->sr_us && s->sr_ssrc == b.ssrc ? rtcp_rtt_us(&b, sr_clock(s)) : 0;
		if (rtt_us)
			s->rtt_us = rtt_us;
	}
}

static void note_sr(struct stream *to, uint32_t ssrc, uint64_t ntp)
{
	to->sr_ssrc = ssrc;
	to->sr_ntp = ntp;
	to->sr_us = to->worker->now_us;
}

static void put_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/** SDES with a CNAME of ours: the peer's own often holds its user name and private address. */
static void put_sdes(struct buf *b, uint32_t ssrc, const char cname[STREAM_CNAME])
{
	uint8_t p[SDES_BYTES] = {0x81, RTCP_SDES, 0, SDES_BYTES / 4 - 1};
	put_be32(p + 4, ssrc);
	p[8] = SDES_CNAME;
	p[9] = STREAM_CNAME;
	memcpy(p + 10, cname, STREAM_CNAME);
	buf_add(b, p, sizeof p);
}

/** A packet as it came, but for the padding that may have stood behind it. */
static void put_packet(struct buf *b, const struct rtcp_packet *pk)
{
	size_t words = pk->n / 4;
	if (words == 0 || pk->n % 4 != 0)
		return;
	uint8_t head[4] = {pk->p[0] & (uint8_t)~PADDING_BIT, pk->p[1], (uint8_t)((words - 1) >> 8),
	                   (uint8_t)(words - 1)};
	buf_add(b, head, sizeof head);
	buf_add(b, pk->p + sizeof head, pk->n - sizeof head);
}

/**
 * What goes on to the other peer: reports and feedback as they are, names replaced, the
 * reason of a BYE and APP packets left out.
 */
static void rewrite(struct buf *b, struct rtcp_iter it, struct stream *to,
                    const char cname[STREAM_CNAME])
{
	struct rtcp_packet pk;
	struct rtcp_sender sr;
	uint32_t ssrc = 0, bye = 0;
	bool has_report = false, has_bye = false;
	while (rtcp_next(&it, &pk)) {
		if (pk.type == RTCP_BYE) {
			has_bye = pk.count > 0;
			bye = pk.ssrc;
			continue;
		}
		if (pk.type == RTCP_SDES || pk.type == RTCP_APP || pk.type > RTCP_XR)
			continue;
		if (rtcp_sender(&pk, &sr))
			note_sr(to, pk.ssrc, sr.ntp);
		if (!has_report && (pk.type == RTCP_SR || pk.type == RTCP_RR)) {
			has_report = true;
			ssrc = pk.ssrc;
		}
		put_packet(b, &pk);
	}
	if (has_report)
		put_sdes(b, ssrc, cname);
	if (has_bye && has_report)
		rtcp_put_bye(b, bye);
}

static bool send_rtcp(struct worker *w, struct stream *to, uint8_t *p, size_t n)
{
	struct addr at;
	if (n == 0 || !stream_rtcp_target(to, &at))
		return false;
	uint16_t out = socket_pool_out(&w->sockets, to->set.port, at.family, !to->set.rtcp_mux);
	if (out == SOCKET_NONE)
		return false;
	socket_pool_send(&w->sockets, out, p, n, &at, &to->set.local);
	to->rtcp_tx++;
	return true;
}

/** Does each of them see the other's numbers as they are? Else reports end here. */
static bool see_each_other(const struct stream *s, const struct stream *to)
{
	return !s->out.owned && !to->out.owned && !voice_is_processed(s) && !voice_is_processed(to);
}

static void forward(struct worker *w, const struct stream *s, const struct rtcp_iter *it)
{
	struct stream *to = stream_peer(s);
	struct addr at;
	if (!to || !see_each_other(s, to) || !stream_rtcp_target(to, &at))
		return;
	uint8_t *p = socket_pool_buffer(&w->sockets);
	struct buf b;
	buf_init_fixed(&b, p, SOCKET_BUFFER);
	rewrite(&b, *it, to, s->cname);
	if (buf_ok(&b) && send_rtcp(w, to, p, b.n))
		to->forwarded_ms = w->now_ms;
}

static void read_reports(struct worker *w, struct stream *s, struct rtcp_iter it)
{
	struct rtcp_packet pk;
	struct rtcp_sender sr;
	while (rtcp_next(&it, &pk)) {
		if (rtcp_sender(&pk, &sr))
			rtp_receiver_sr(&s->rx, pk.ssrc, &sr, w->now_us);
		read_blocks(s, &pk);
	}
}

/** The same sender as of the RTP: many streams behind one NAT may share this port. */
static bool is_sender(const struct stream *s, struct rtcp_iter it)
{
	struct rtcp_packet pk;
	return s->rx.begun && rtcp_next(&it, &pk) && pk.ssrc == s->rx.ssrc;
}

void rtcp_receive(struct worker *w, struct stream *s, bool latch, const struct packet *pk)
{
	struct rtcp_iter it;
	if (rtcp_check(&it, pk->p, pk->n) != 0) {
		s->malformed++;
		w->turn.malformed++;
		return;
	}
	if (latch && !is_sender(s, it)) {
		s->refused++;
		w->turn.refused++;
		return;
	}
	if (latch)
		stream_lock_rtcp(s, &pk->from);
	s->rtcp_rx++;
	read_reports(w, s, it);
	forward(w, s, &it);
}

/** Of packets that we numbered: made, or relayed behind some that we made. */
static bool own_sender(const struct stream *s, struct rtcp_sender *sr)
{
	const struct worker *w = s->worker;
	int64_t passed_us = (int64_t)(w->now_us - s->out.due_us);
	if (s->out.packets == 0)
		return false;
	*sr = (struct rtcp_sender){
	    .ntp = rtcp_ntp_from_us(w->wall_us + w->now_us),
	    .timestamp =
	        s->out.timestamp + (uint32_t)(passed_us * (int64_t)s->out.clock_hz / 1000000),
	    .packets = (uint32_t)s->out.packets,
	    .bytes = (uint32_t)s->out.bytes,
	};
	return true;
}

/** Sender information of what we echo; false when nothing was echoed. */
static bool echo_sender(const struct stream *s, struct rtcp_sender *sr)
{
	const struct worker *w = s->worker;
	if (s->out.owned)
		return own_sender(s, sr);
	if (s->set.sink != MEDIA_SINK_ECHO || s->echo_us == 0)
		return false;
	uint64_t passed_us = w->now_us - s->echo_us;
	*sr = (struct rtcp_sender){
	    .ntp = rtcp_ntp_from_us(w->wall_us + w->now_us),
	    .timestamp = s->echo_timestamp + (uint32_t)(passed_us * s->set.clock_hz / 1000000),
	    .packets = (uint32_t)s->tx_packets,
	    .bytes = (uint32_t)(s->tx_bytes - s->tx_packets * RTP_HEADER_MIN),
	};
	return true;
}

static void report(struct worker *w, struct stream *s)
{
	struct addr at;
	if (!stream_rtcp_target(s, &at))
		return;
	struct rtcp_block block;
	struct rtcp_sender sr;
	bool sender = echo_sender(s, &sr);
	size_t n_blocks = rtp_receiver_block(&s->rx, w->now_us, &block);
	uint8_t *p = socket_pool_buffer(&w->sockets);
	struct buf b;
	buf_init_fixed(&b, p, SOCKET_BUFFER);
	uint32_t ssrc = s->out.owned ? s->out.ssrc : s->own_ssrc;
	rtcp_put_report(&b, ssrc, sender ? &sr : NULL, &block, n_blocks,
	                (struct str){s->cname, STREAM_CNAME});
	if (buf_ok(&b) && send_rtcp(w, s, p, b.n) && sender)
		note_sr(s, ssrc, sr.ntp);
}

void rtcp_report(struct timer *t, void *arg)
{
	struct stream *s = arg;
	struct worker *w = s->worker;
	fast_pull(s);
	if (s->claims[CLAIM_RTP] != FLOW_NONE)
		fast_renew(w, &w->flows.flows[s->claims[CLAIM_RTP]]);
	/* While the other end's reports pass, ours would say the same once more. */
	if (s->forwarded_ms == 0 || s->out.owned || w->now_ms - s->forwarded_ms > (uint64_t)2 * REPORT_MS)
		report(w, s);
	timer_in(&w->wheel, t, rtcp_report_in_ms(w));
}
