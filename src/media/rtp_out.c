// SPDX-License-Identifier: Apache-2.0
#include "media/rtp_out.h"

enum {
	PAUSE_US = 30000,     /* a packet later than this behind its time ends a pause */
	RELAYED_US = 20000,   /* what a relayed packet is taken to carry */
	MARKER_BIT = 0x80,
};

static uint32_t ticks_in(const struct rtp_out *o, uint64_t us)
{
	return (uint32_t)(us * o->clock_hz / 1000000);
}

static uint64_t us_of(const struct rtp_out *o, uint32_t ticks)
{
	return o->clock_hz ? (uint64_t)ticks * 1000000 / o->clock_hz : 0;
}

void rtp_out_start(struct rtp_out *o, uint32_t ssrc, uint16_t seq, uint32_t timestamp,
                   uint32_t clock_hz, uint64_t now_us)
{
	*o = (struct rtp_out){
		.owned = true,
		.fresh = true,
		.ssrc = ssrc,
		.seq = seq,
		.clock_hz = clock_hz,
		.timestamp = timestamp,
		.due_us = now_us,
		.source = RTP_OUT_OURS,
	};
}

uint32_t rtp_out_timestamp(const struct rtp_out *o, uint64_t now_us)
{
	return o->timestamp + (now_us > o->due_us ? ticks_in(o, now_us - o->due_us) : 0);
}

/** Time that passed without sound is in the timestamps. */
static void catch_up(struct rtp_out *o, uint64_t now_us)
{
	o->timestamp = rtp_out_timestamp(o, now_us);
	if (now_us > o->due_us)
		o->due_us = now_us;
}

static void advance(struct rtp_out *o, uint32_t ticks)
{
	o->timestamp += ticks;
	o->due_us += us_of(o, ticks);
}

void rtp_out_packet(struct rtp_out *o, uint64_t now_us, uint32_t ticks, size_t bytes,
                    struct rtp_header *h)
{
	bool pause = now_us > o->due_us + PAUSE_US;
	bool marker = o->fresh || pause || o->source != RTP_OUT_OURS;
	if (pause)
		catch_up(o, now_us);
	*h = (struct rtp_header){
		.ssrc = o->ssrc,
		.seq = o->seq++,
		.timestamp = o->timestamp,
		.marker = marker,
	};
	advance(o, ticks);
	o->fresh = false;
	o->source = RTP_OUT_OURS;
	o->packets++;
	o->bytes += bytes;
}

void rtp_out_skip(struct rtp_out *o, uint64_t now_us, uint32_t ticks)
{
	if (now_us > o->due_us + PAUSE_US)
		catch_up(o, now_us);
	advance(o, ticks);
	o->fresh = true;
}

void rtp_out_event(struct rtp_out *o, uint32_t timestamp, size_t bytes, struct rtp_header *h)
{
	*h = (struct rtp_header){.ssrc = o->ssrc, .seq = o->seq++, .timestamp = timestamp};
	o->source = RTP_OUT_OURS;
	o->packets++;
	o->bytes += bytes;
}

void rtp_out_relay(struct rtp_out *o, uint32_t source, uint8_t *p, const struct rtp_header *h,
                   uint64_t now_us)
{
	if (o->source != source || o->source_ssrc != h->ssrc) {
		o->seq_add = (uint16_t)(o->seq - h->seq);
		o->timestamp_add = rtp_out_timestamp(o, now_us) - h->timestamp;
		o->source = source;
		o->source_ssrc = h->ssrc;
		p[1] |= MARKER_BIT;
	}
	uint16_t seq = (uint16_t)(h->seq + o->seq_add);
	uint32_t timestamp = h->timestamp + o->timestamp_add;
	rtp_set_ssrc(p, o->ssrc);
	rtp_set_seq(p, seq);
	rtp_set_timestamp(p, timestamp);
	o->packets++;
	o->bytes += h->payload_n;
	if ((int16_t)(seq - o->seq) < 0)
		return; /* an old one, out of order */
	o->seq = (uint16_t)(seq + 1);
	o->timestamp = timestamp + ticks_in(o, RELAYED_US);
	o->due_us = now_us + RELAYED_US;
	o->fresh = false;
}
