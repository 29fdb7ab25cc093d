// SPDX-License-Identifier: Apache-2.0
/**
 * The streams of one media thread: what signalling asked for, and the flows that follow.
 *
 * Lifetime: stream_set (first time) -> stream_set* -> stream_destroy. A stream is named by
 *           its id, or inside a turn by its place in the table; places are used again.
 * The source rule (media.h) is this file's: which flows a stream may claim, whom it locks,
 * and where may be sent. Relaying trusts the flow table.
 */
#pragma once

#include "base/map.h"
#include "base/timer.h"
#include "media/flow_table.h"
#include "media/media.h"
#include "media/rtp_out.h"
#include "rtp/dtmf.h"
#include "rtp/rtcp.h"
#include "rtp/rtp_stats.h"

struct worker;
struct voice;

/** The entries of the flow table that a stream may hold. */
enum claim {
	CLAIM_RTP,    /* the address that is or may be heard */
	CLAIM_SOURCE, /* behind NAT, until locked: any port of the signalling's address */
	CLAIM_RTCP,
	CLAIMS
};

enum { STREAM_CNAME = 16 };

struct stream {
	uint64_t id;
	uint32_t index; /* place in the table */
	uint32_t next_free;
	uint16_t shard;
	struct worker *worker;
	struct map_node by_id, by_peer; /* by_peer: while it has a peer */
	struct media_set set;
	uint32_t claims[CLAIMS];  /* flows; FLOW_NONE */
	struct timer claim_timer; /* set while another stream holds a flow that this one wants */
	bool denied;              /* and that was logged */
	struct addr locked, rtcp_locked;

	/* What came in; the flow of CLAIM_RTP has the newest part of the counts. */
	struct rtp_receiver rx;
	uint64_t rx_packets, rx_bytes, last_ms, first_ms;
	uint64_t refused, malformed;
	uint8_t pt;
	struct dtmf_rx dtmf;
	struct timer dtmf_timer;

	/* Silence. */
	struct timer silence_timer;
	uint64_t expect_since_ms;
	bool silent; /* reported */

	struct voice *voice; /* NULL: packets are only relayed */
	unsigned taps;       /* recordings that hear it */

	/* What goes out. */
	struct rtp_out out; /* once we have said something ourselves */
	uint64_t tx_packets, tx_bytes;
	uint32_t own_ssrc;       /* of echoed packets and own reports */
	uint32_t echo_timestamp; /* of the last packet echoed, at echo_us */
	uint64_t echo_us;
	char cname[STREAM_CNAME]; /* stands for whoever speaks to this peer: RFC 7022 */

	/* RTCP. */
	struct timer report_timer;
	uint32_t rtcp_rx, rtcp_tx;
	uint64_t forwarded_ms;  /* when a report last went on to this peer; 0: never */
	uint64_t sr_ntp, sr_us; /* newest SR sent to this peer, and when; 0: none */
	uint32_t sr_ssrc;
	bool peer_reported;
	struct rtcp_block peer_block;
	uint32_t rtt_us;
};

struct stream_table {
	struct stream *at;
	uint32_t max, n, fresh;
	uint32_t free_head;
	struct map by_id, by_peer;
};

void stream_table_init(struct stream_table *t, uint32_t max);
void stream_table_fini(struct stream_table *t);

/** NULL: none. */
struct stream *stream_find(struct worker *w, uint64_t id);
/** The stream that `s` sends to by MEDIA_SINK_PEER; NULL when there is none (any more, or yet). */
struct stream *stream_peer(const struct stream *s);
/** Next of the streams whose peer is `s`; begin with NULL. */
struct stream *stream_next_source(const struct stream *s, const struct stream *after);

/** Create or change. E_LIMIT: no place. EADDRNOTAVAIL: the port is not open. */
must_check int stream_set(struct worker *w, uint64_t id, uint16_t shard,
                          const struct media_set *set, const struct media_voice *voice);
void stream_destroy(struct stream *s);

/** What the voice of `s` needs or says has changed: make the flows of it and its sources fit. */
void stream_sync(struct stream *s);
/**
 * Before the first packet of our own to this peer: it goes on from what was relayed to him, or
 * begins anew where the clock is another one (RFC 7160).
 */
void stream_own(struct stream *s, uint32_t clock_hz);
/** Only the first of that: a relay to this peer ends here, and its numbers are known now. */
void stream_adopt(struct stream *s, uint32_t clock_hz);

/** The first packet of a source that may be heard: it alone is heard from now on. */
void stream_lock(struct stream *s, const struct addr *from);
void stream_lock_rtcp(struct stream *s, const struct addr *from);

/** Where RTP and RTCP to this peer may be sent now; false: nowhere. */
bool stream_rtp_target(const struct stream *s, struct addr *to);
bool stream_rtcp_target(const struct stream *s, struct addr *to);

/** Packets come again after MEDIA_EV_SILENCE. */
void stream_resume(struct stream *s);

void stream_stats(const struct stream *s, struct media_stats *out);
