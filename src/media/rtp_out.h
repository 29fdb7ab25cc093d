// SPDX-License-Identifier: Apache-2.0
/**
 * What one listener sees of RTP: one SSRC, sequence numbers without a gap of our making, and
 * timestamps that go with the time, whoever is speaking (RFC 3550 section 5.1; RFC 7160 where a
 * clock changes). Packets of our own are numbered here, relayed ones renumbered behind them.
 *
 * A listener of a mere relay has none of this (`owned` false): he sees his peer's numbers. When the
 * first packet of our own follows, it goes on from there.
 *
 * A plain struct, pure functions. `now_us` is monotonic.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rtp/rtp.h"

enum { RTP_OUT_OURS = UINT32_MAX };

struct rtp_out {
	bool owned;
	bool fresh;         /* nothing was sent yet */
	uint32_t ssrc;
	uint16_t seq;       /* of the next packet */
	uint32_t clock_hz;
	uint32_t timestamp; /* of the sample due at due_us */
	uint64_t due_us;
	/* Who spoke last, and how his numbers become ours. */
	uint32_t source; /* index of a stream, or RTP_OUT_OURS */
	uint32_t source_ssrc;
	uint16_t seq_add;
	uint32_t timestamp_add;
	uint64_t packets, bytes; /* of this SSRC, payload only: for sender reports */
};

/** A new source: what follows begins at `seq` and `timestamp`. */
void rtp_out_start(struct rtp_out *o, uint32_t ssrc, uint16_t seq, uint32_t timestamp,
                   uint32_t clock_hz, uint64_t now_us);

/** The timestamp of what would be heard now. */
uint32_t rtp_out_timestamp(const struct rtp_out *o, uint64_t now_us);

/**
 * The header of the next packet of ours, but for its payload type. The marker stands on the first one
 * behind a pause or behind somebody else (RFC 3551 section 4.1).
 * @param ticks  what it carries
 * @param bytes  of payload
 */
void rtp_out_packet(struct rtp_out *o, uint64_t now_us, uint32_t ticks, size_t bytes,
                    struct rtp_header *h);
/** Sound that is not sent (DTX): time goes on, and a marker follows. */
void rtp_out_skip(struct rtp_out *o, uint64_t now_us, uint32_t ticks);
/** A packet out of the audio's row: telephone-event, at the timestamp where it began. */
void rtp_out_event(struct rtp_out *o, uint32_t timestamp, size_t bytes, struct rtp_header *h);

/** Renumber a relayed packet of stream `source` in place. */
void rtp_out_relay(struct rtp_out *o, uint32_t source, uint8_t *p, const struct rtp_header *h,
                   uint64_t now_us);
