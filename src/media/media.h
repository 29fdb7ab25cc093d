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
 * Processing (media_voice): a stream is decoded only while somebody needs its audio: its
 * peer's codec is another one, it is in a room, it is recorded, digits are looked for. What its
 * peer hears keeps its SSRC, sequence and timestamps whatever the source is: relay, prompt, music
 * or room.
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
#include "media/codec/codec.h"

struct media;
struct clip_loader;

enum media_source { MEDIA_SOURCE_NONE, MEDIA_SOURCE_EXACT, MEDIA_SOURCE_NAT };
enum media_sink {
	MEDIA_SINK_NONE,
	MEDIA_SINK_PEER, /* as they come, or (voice.transcode) decoded and encoded for the peer */
	MEDIA_SINK_ECHO, /* as they come, or (voice.transcode) through the codecs */
	MEDIA_SINK_ROOM, /* a member of voice.room: heard there, and hears it */
};

enum media_cmd_kind {
	MEDIA_CMD_SET, /* create the stream `id`, or change it: all of `set` and `voice` applies */
	MEDIA_CMD_DESTROY,   /* ends with MEDIA_EV_ENDED */
	MEDIA_CMD_OPEN_PORT, /* bind `port` (RTP) and port + 1 (RTCP) of the pool */
	MEDIA_CMD_STATS,     /* answered by MEDIA_EV_STATS */
	/* What follows takes its name in `id` too: of a stream, a room, a recording. */
	MEDIA_CMD_PLAY, /* `play`, to stream or room `id`; what played there before is stopped */
	MEDIA_CMD_STOP_PLAY, /* of `play_id` on stream or room `id`; 0: whatever plays */
	MEDIA_CMD_SEND_DTMF, /* `dtmf`, to the peer of stream `id`, behind what is being sent */
	MEDIA_CMD_ROOM_SET,  /* create the room `id`, or change it */
	MEDIA_CMD_ROOM_END,  /* its members hear nothing; MEDIA_EV_ROOM_ENDED */
	MEDIA_CMD_RECORD,    /* begin the recording `id`, or (again) take other streams: `record` */
	MEDIA_CMD_RECORD_PAUSE,
	MEDIA_CMD_RECORD_RESUME,
	MEDIA_CMD_RECORD_STOP, /* MEDIA_EV_RECORDED when all is on disk */
};

enum {
	MEDIA_MAX_RX = 8,
	MEDIA_MAX_ITEMS = 64,
	MEDIA_MAX_PATH = 256,
	MEDIA_MAX_CADENCE = 8,
	MEDIA_MAX_DIGITS = 32,
	MEDIA_KEY_BYTES = 32,
};

/** How digits go to a peer. */
enum media_dtmf {
	MEDIA_DTMF_NONE,
	MEDIA_DTMF_RTP,    /* telephone-event, RFC 4733 */
	MEDIA_DTMF_INBAND, /* as tones in the audio */
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

/**
 * What a stream needs when its audio passes through our hands: it is decoded, or we make what its
 * peer hears. All zero: neither ever happens, and packets are relayed as they are.
 */
struct media_voice {
	uint8_t n_rx;
	struct codec_format rx[MEDIA_MAX_RX]; /* what the peer may send; `pt` as it numbers them */
	struct codec_format tx; /* what we send; CODEC_NONE: nothing of our own making */
	uint8_t cn_pt;    /* comfort noise (RFC 3389) from the peer; 0: none agreed. 13 at 8 kHz */
	bool transcode;   /* MEDIA_SINK_PEER: decode, and encode in the peer's tx */
	bool hear_inband; /* look for digits in the audio (costs: where a trunk needs it) */
	enum media_dtmf dtmf_tx;
	uint8_t dtmf_tx_pt; /* MEDIA_DTMF_RTP: as the peer numbers it, and its clock */
	uint32_t dtmf_tx_hz;
	/* MEDIA_SINK_ROOM. The room may be set later; until then the member hears nothing. */
	uint64_t room;
	uint16_t room_thread; /* media thread the room lives on */
	bool mute;            /* is not heard */
	bool deaf;            /* hears silence */
	int8_t gain_db;       /* of its voice in the room: -20 to 20 */
};

/** A tone: up to four frequencies at once, on and off by turns. */
struct media_tone {
	uint16_t hz[4];    /* 0: no more */
	int8_t dbm0;       /* of each */
	uint8_t n_cadence; /* 0: goes on */
	struct {
		uint16_t on_ms, off_ms;
		uint16_t hz[4];       /* of this part; all 0: those above */
	} cadence[MEDIA_MAX_CADENCE]; /* again and again for `ms` */
};

enum media_item_kind {
	MEDIA_ITEM_FILE,    /* `path`: what media/clip reads */
	MEDIA_ITEM_TONE,    /* for `ms`; 0: for ever */
	MEDIA_ITEM_SILENCE, /* for `ms` */
	MEDIA_ITEM_DIGITS,  /* `path` holds digits; sent as the stream's dtmf_tx says, `ms` each */
	MEDIA_ITEM_ROOM,    /* listen to the room `room` (music on hold) for `ms`; 0: for ever */
};

struct media_item {
	enum media_item_kind kind;
	uint32_t ms;
	uint64_t room;
	union {
		char path[MEDIA_MAX_PATH];
		struct media_tone tone;
	};
};

/** Items in a row. Made by malloc, with room for `n` items. */
struct media_play {
	uint64_t id;       /* chosen by signalling */
	uint32_t loops;    /* how often the row plays; 0: until it is stopped */
	bool barge_in;     /* a digit of the peer stops it */
	bool start_random; /* begin anywhere in the first file: music for many at many times */
	size_t n;
	struct media_item items[];
};

struct media_digits {
	char digits[MEDIA_MAX_DIGITS]; /* 0-9 * # A-D; NUL ends it */
	uint16_t tone_ms, gap_ms;      /* 0: 100 and 100 */
};

struct media_room {
	uint32_t
	    rate_hz; /* of the mix: 8000, 16000, 32000, 48000; 0: the highest that a member has */
	bool join_tone, leave_tone;
	uint32_t level_ms; /* MEDIA_EV_LEVEL of talkers this often; 0: never */
};

enum media_file_format {
	MEDIA_FILE_WAV_PCM,
	MEDIA_FILE_WAV_PCMU,
	MEDIA_FILE_WAV_PCMA,
	MEDIA_FILE_OGG_OPUS,
};

/** Made by malloc. */
struct media_record {
	uint64_t streams[2]; /* what their peers say; 0: none. With `room`: left alone */
	uint64_t room;       /* 0: none */
	bool two_channels;   /* the streams apart; else mixed into one */
	enum media_file_format format;
	uint32_t rate_hz;   /* of the file; 0: 8000, or 16000 for Opus */
	uint32_t chunk_ms;  /* what a kill -9 may take; 0: 1000 */
	uint64_t max_bytes; /* of the file; 0: no limit */
	bool has_key;
	uint8_t key[MEDIA_KEY_BYTES]; /* encrypts the file (media/rec_file.h); wiped after use */
	char path[MEDIA_MAX_PATH];    /* must not exist */
};

struct media_cmd {
	struct mail mail; /* kind: enum media_cmd_kind */
	uint64_t id;    /* stream (room, recording); chosen by signalling, unique in the process */
	uint16_t shard; /* who gets the events */
	union {
		struct {
			struct media_set set;
			struct media_voice voice;
		};
		uint16_t port;
		struct media_play *play; /* goes with the command */
		uint64_t play_id;
		struct media_digits dtmf;
		struct media_room room;
		struct media_record *record; /* goes with the command */
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
	/* Of a stream that was decoded. */
	uint64_t rx_late;                /* packets that came when their time was over */
	uint64_t concealed_ms;           /* audio made up for what was lost or late */
	uint32_t depth_ms, max_depth_ms; /* delay of the jitter buffer: now, and the most */
};

/** How a play ended. */
enum media_how {
	MEDIA_PLAYED_DONE,
	MEDIA_PLAYED_STOPPED, /* by a command, another play, or the end of the stream */
	MEDIA_PLAYED_DIGIT,   /* by barge-in */
	MEDIA_PLAYED_FAILED,  /* `err`: a file could not be read, or the stream can send nothing */
};

enum media_ev_kind {
	MEDIA_EV_LOCKED,  /* the stream hears `addr` from now on */
	MEDIA_EV_SILENCE, /* nothing for silence_ms */
	MEDIA_EV_RESUMED, /* packets come again */
	MEDIA_EV_DTMF,    /* one press, at its end */
	MEDIA_EV_STATS,
	MEDIA_EV_ENDED,       /* the stream is gone; final stats */
	MEDIA_EV_PORT_FAILED, /* `port` could not be bound */
	MEDIA_EV_PLAYED,      /* `other` is the play's id; how, ms, err */
	MEDIA_EV_DTMF_SENT,   /* all of a MEDIA_CMD_SEND_DTMF */
	MEDIA_EV_TALKING,     /* member `id` of room `other` began or ceased to talk */
	MEDIA_EV_SPEAKER,     /* member `id` of room `other` is the one who talks most now */
	MEDIA_EV_LEVEL,       /* of a member that talks, each level_ms */
	MEDIA_EV_ROOM_ENDED,  /* `id` is the room */
	MEDIA_EV_RECORDED,    /* `id` is the recording; ms, bytes, lost_ms, err. It has ended */
};

struct media_event {
	struct mail mail; /* kind is the receiver's: it sets it when it posts */
	enum media_ev_kind what;
	uint64_t id;
	uint16_t port;
	struct addr addr;
	char digit; /* 0-9 * # A-D */
	uint32_t duration_ms;
	uint64_t other;
	enum media_how how;
	int err;          /* errno or base/err.h; a full disk is ENOSPC */
	uint64_t ms;      /* played; recorded */
	uint64_t bytes;   /* in the file */
	uint64_t lost_ms; /* the disk was too slow for */
	bool talking;
	int8_t level_dbov; /* -127 (silence) to 0: RFC 6465 */
	struct media_stats stats;
};

/** Media thread, or the one that writes recordings. Takes `ev` (malloc) over; must not block. */
typedef void media_event_fn(uint16_t shard, struct media_event *ev, void *arg);

struct media_args {
	size_t threads;
	struct addr address; /* to bind; a wildcard opens both families where the system has both */
	size_t max_streams;  /* of one thread */
	size_t rcvbuf_bytes;
	bool accel;           /* let the kernel relay what it can, if it can: fast.h */
	uint8_t accel_after;  /* plain packets of a flow before that; 0: some */
	const struct log *log;
	struct metrics *metrics;   /* one per thread: an array */
	struct clip_loader *clips; /* borrowed; NULL: no files can be played */
	media_event_fn *on_event;
	void *arg;
};

must_check int media_new(struct media **out, const struct media_args *args);
/** Ends the threads; streams that are left are dropped without events. */
void media_free(struct media *m);
/** With what belongs to it. */
void media_cmd_free(struct media_cmd *cmd);
/** Takes `cmd` (malloc) over. Any thread. Never waits: a full mailbox is counted and logged, and
 * E_LIMIT returned. */
must_check int media_post(struct media *m, size_t thread, struct media_cmd *cmd);
/** The two halves of media_post: put each of several commands, then wake the thread once. */
must_check int media_put(struct media *m, size_t thread, struct media_cmd *cmd);
void media_ring(struct media *m, size_t thread);
size_t media_threads(const struct media *m);
