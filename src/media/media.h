// SPDX-License-Identifier: Apache-2.0
/**
 * The media plane: threads that own sockets, streams and mixers. Signalling owns none of
 * it; it posts commands and is given events. Both are plain structs that could
 * travel to another process.
 *
 * A stream is one leg's end of the media: a local port (of a pool that many
 * streams share), the peer's address, and a sink where its packets go.
 *
 * Source rule: only the peer's proven or signalled address is heard or answered.
 * MEDIA_SOURCE_EXACT: what was signalled (address and port) is the only one; nothing else is
 * ever latched. MEDIA_SOURCE_NAT: the signalled address is not where the
 * signalling came from; the first RTP packet whose IP is `source_ip` (or that comes from the
 * signalled address) latches the stream, then its address is locked.
 *
 * RTCP of two joined peers passes from one to the other, without names; else each peer
 * gets reports of ours. Streams of one call live on one thread; they may be set in any order.
 *
 * Every command is answered where it can fail: a SET for which there is no room by MEDIA_EV_ENDED,
 * one on a port that is not open by MEDIA_EV_PORT_FAILED with its id; a DESTROY or STATS
 * of a stream that is not there by ENDED or STATS with empty statistics.
 */
#pragma once

#include "base/addr.h"
#include "base/log.h"
#include "base/metric.h"
#include "ev/mailbox.h"

struct media;

enum media_source { MEDIA_SOURCE_NONE, MEDIA_SOURCE_EXACT, MEDIA_SOURCE_NAT };
enum media_sink { MEDIA_SINK_NONE, MEDIA_SINK_PEER, MEDIA_SINK_ECHO };

enum media_cmd_kind {
	MEDIA_CMD_SET,       /* create the stream `id`, or change it: all of `set` applies */
	MEDIA_CMD_DESTROY,   /* ends with MEDIA_EV_ENDED */
	MEDIA_CMD_OPEN_PORT, /* bind `port` (RTP) and port + 1 (RTCP) of the pool */
	MEDIA_CMD_STATS,     /* answered by MEDIA_EV_STATS */
};

struct media_set {
	uint16_t port;     /* local RTP port of the pool; fixed for the stream's life */
	struct addr local; /* address the peer was told; what we send from */
	enum media_source source;
	struct addr remote;      /* where the peer's description says it listens */
	struct addr remote_rtcp; /* ADDR_NONE: none */
	struct addr source_ip;   /* MEDIA_SOURCE_NAT: the address its signalling comes from */
	bool relatch;            /* a new description: forget what was latched or locked */
	bool rtcp_mux;
	enum media_sink sink;
	uint64_t peer; /* MEDIA_SINK_PEER: the stream its packets leave by */
	bool hear; /* false: what comes in is counted and dropped (we said sendonly or inactive) */
	bool expect;         /* packets ought to come: report silence */
	uint32_t silence_ms; /* MEDIA_EV_SILENCE after this long without a packet; 0: never */
	uint32_t clock_hz;   /* of the main codec, for jitter */
	uint8_t dtmf_pt;     /* 255: none */
	uint32_t dtmf_hz;    /* clock of dtmf_pt; 0: clock_hz */
	bool map_pt;         /* translate payload types on the way to the sink */
	uint8_t pt_map[128]; /* above 127: not forwarded */
};

struct media_cmd {
	struct mail mail; /* kind: enum media_cmd_kind */
	uint64_t id;      /* stream; chosen by signalling, unique in the process */
	uint16_t shard;   /* who gets the events */
	union {
		struct media_set set;
		uint16_t port;
	};
};

/** Quality of one stream: what came in from the peer, and what the peer says of what we sent. */
struct media_stats {
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	uint64_t rx_lost; /* expected less received, RFC 3550 appendix A.3; never negative */
	uint64_t rx_reordered, rx_duplicate;
	uint64_t rx_refused; /* from a wrong source */
	uint64_t rx_malformed;
	uint32_t jitter_us, max_jitter_us; /* RFC 3550 section 6.4.1 */
	uint32_t rtcp_rx, rtcp_tx;
	bool peer_reported;
	uint32_t peer_lost, peer_jitter_us, peer_fraction_lost_256;
	uint32_t rtt_us; /* 0: not known */
	uint32_t ssrc;
	uint8_t pt;                 /* last payload type heard */
	struct addr locked;         /* whom we hear; ADDR_NONE: nobody yet */
	uint64_t first_ms, last_ms; /* wall clock of the first and last packet; 0: none */
};

enum media_ev_kind {
	MEDIA_EV_LOCKED,  /* the stream hears `addr` from now on */
	MEDIA_EV_SILENCE, /* nothing for silence_ms */
	MEDIA_EV_RESUMED, /* packets come again */
	MEDIA_EV_DTMF,    /* one press, at its end */
	MEDIA_EV_STATS,
	MEDIA_EV_ENDED,       /* the stream is gone; final stats */
	MEDIA_EV_PORT_FAILED, /* `port` could not be bound */
};

struct media_event {
	struct mail mail; /* kind is the receiver's: it sets it when it posts */
	enum media_ev_kind what;
	uint64_t id;
	uint16_t port;
	struct addr addr;
	char digit; /* 0-9 * # A-D */
	uint32_t duration_ms;
	struct media_stats stats;
};

/** Media thread. Takes `ev` (malloc) over; must not block. */
typedef void media_event_fn(uint16_t shard, struct media_event *ev, void *arg);

struct media_args {
	size_t threads;
	struct addr address; /* to bind; a wildcard opens both families where the system has both */
	size_t max_streams;  /* of one thread */
	size_t rcvbuf_bytes;
	bool accel;           /* let the kernel relay what it can, if it can: fast.h */
	uint8_t accel_after;  /* plain packets of a flow before that; 0: some */
	const struct log *log;
	struct metrics *metrics; /* one per thread: an array */
	media_event_fn *on_event;
	void *arg;
};

must_check int media_new(struct media **out, const struct media_args *args);
/** Ends the threads; streams that are left are dropped without events. */
void media_free(struct media *m);
/** Takes `cmd` (malloc) over. Any thread. Never waits: a full mailbox is counted and logged, and
 * E_LIMIT returned. */
must_check int media_post(struct media *m, size_t thread, struct media_cmd *cmd);
/** The two halves of media_post: put each of several commands, then wake the thread once. */
must_check int media_put(struct media *m, size_t thread, struct media_cmd *cmd);
void media_ring(struct media *m, size_t thread);
size_t media_threads(const struct media *m);
