// SPDX-License-Identifier: Apache-2.0
/**
 * Codecs behind one table of functions: bytes of an RTP payload in, PCM out, and back.
 *
 * PCM is mono, 16 bits, at the format's `rate_hz`. A format is plain data: it is made from a
 * description by signalling, travels in commands, and says all a codec needs to begin.
 *
 * Thread:   no globals; a decoder or encoder belongs to one thread. Making one takes memory and
 *           is for when a stream is set; decode, conceal and encode take none and never wait.
 * Lifetime: decoder_new -> (decode | conceal | recover)* -> decoder_free; the same for encoders.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum codec_id {
	CODEC_NONE,
	CODEC_PCMU,
	CODEC_PCMA,
	CODEC_G722,
	CODEC_OPUS,
	CODEC_GSM,
	CODEC_G726_16,
	CODEC_G726_24,
	CODEC_G726_32,
	CODEC_G726_40,
	CODEC_G729,
	CODEC_L16,
	CODECS
};

enum {
	CODEC_PT_DYNAMIC = 255,   /* no payload type of its own: RFC 3551 section 6 */
	CODEC_MAX_RATE_HZ = 48000,
	CODEC_MIN_PTIME_MS = 10,
	CODEC_MAX_PTIME_MS = 60,  /* what we send; what comes in may be twice as long */
	CODEC_MAX_DECODE_MS = 120,
	CODEC_MAX_PCM = CODEC_MAX_RATE_HZ / 1000 * CODEC_MAX_DECODE_MS, /* samples of a payload */
	CODEC_MAX_PAYLOAD = 1440, /* bytes we make: with headers, SRTP and a tunnel below an MTU */
	CODEC_OPUS_COMPLEXITY = 2,
};

/** Lengths of packets, as a set. */
enum codec_ptime {
	CODEC_PTIME_10 = 1 << 0,
	CODEC_PTIME_20 = 1 << 1,
	CODEC_PTIME_30 = 1 << 2,
	CODEC_PTIME_40 = 1 << 3,
	CODEC_PTIME_50 = 1 << 4,
	CODEC_PTIME_60 = 1 << 5,
	CODEC_PTIMES_ALL = 0x3f
};

/** One codec as two sides agreed to use it. Zero where a codec has no such thing. */
struct codec_format {
	enum codec_id id;
	uint32_t clock_hz;    /* of RTP timestamps: 8000 also for G.722 (RFC 3551 section 4.5.2) */
	uint32_t rate_hz;     /* of the PCM: codec_set_rate chooses it */
	uint8_t channels;     /* on the wire; PCM is mono all the same */
	uint8_t pt;
	uint8_t ptime_ms;     /* of packets we make: codec_fit_ptime */
	uint8_t maxptime_ms;  /* the peer's limit; 0: none */
	uint8_t complexity;   /* Opus: 0 to 10 */
	uint32_t bitrate;     /* Opus, bits a second; 0: what is usual for the rate */
	uint32_t max_bitrate; /* Opus: the peer's limit (maxaveragebitrate); 0: none */
	uint32_t max_rate_hz; /* Opus: more the peer will not play (maxplaybackrate); 0: 48000 */
	bool fec, dtx, cbr;   /* Opus: what the peer asked for (RFC 7587 section 6.1) */
	bool light;           /* Opus: its transform coder while there is no loss: a third of the CPU */
	bool aal2;            /* G.726: most significant bits first (RFC 3551 section 4.5.4) */
	bool annex_b;         /* G.729: the peer takes silence descriptors */
};

/** What may change while an encoder works. */
struct codec_tune {
	uint8_t complexity;
	uint8_t loss_percent; /* that the peer reports: FEC from 3 on, where the peer takes it */
	uint32_t bitrate;     /* 0: what is usual */
};

struct codec_ops {
	const char *name;       /* encoding name in a=rtpmap */
	uint32_t clock_hz;
	uint32_t rate_hz;       /* usual rate of the PCM */
	uint8_t channels;       /* usual */
	uint8_t static_pt;      /* CODEC_PT_DYNAMIC: none */
	uint8_t ptimes;         /* lengths of packets that it can make: enum codec_ptime */
	uint8_t ie;             /* equipment impairment of G.113 appendix I; for rtp/emodel */
	uint8_t bpl;            /* robustness against loss, the same appendix */

	/** NULL: the codec is not there (G.729 without its module). */
	void *(*decoder_new)(const struct codec_format *f);
	void (*decoder_free)(void *dec);
	/** A payload's samples, at most `max`; -1: no payload of this codec, or too long. 0 is possible. */
	int (*decode)(void *dec, const uint8_t *p, size_t n, int16_t *pcm, size_t max);
	void *(*encoder_new)(const struct codec_format *f);
	void (*encoder_free)(void *enc);
	/**
	 * `n` samples are one packet, of a length among `ptimes`.
	 * @return bytes; 0: nothing need be sent (DTX); -1: does not fit, or no such length
	 */
	int (*encode)(void *enc, const int16_t *pcm, size_t n, uint8_t *out, size_t max);
	/** Samples a payload stands for, at the RTP clock; 0: malformed. Reads what its length promises. */
	uint32_t (*ticks)(const struct codec_format *f, const uint8_t *p, size_t n);

	/* What not every codec has. */

	/** Fills `n` samples for a packet that is lost; NULL: media/plc does. */
	int (*conceal)(void *dec, int16_t *pcm, size_t n);
	/** As conceal, from what the packet behind the lost one tells of it. */
	int (*recover)(void *dec, const uint8_t *next, size_t next_n, int16_t *pcm, size_t n);
	void (*tune)(void *enc, const struct codec_tune *tune);
	/** `to` goes on where `from` is: two encoders of one format. */
	void (*encoder_copy)(void *to, const void *from);
	/** One parameter of the peer's a=fmtp. */
	void (*get_fmtp)(struct codec_format *f, struct str name, struct str value);
	/** Parameters for a=fmtp of a description of ours. */
	void (*put_fmtp)(const struct codec_format *f, struct buf *b);
};

/** NULL for CODEC_NONE and what is not in the table. Static. */
const struct codec_ops *codec_get(enum codec_id id);

/** False: it is in the table, and cannot be used here (G.729 without its module). */
bool codec_is_there(enum codec_id id);

/** Our name for settings and tenant files: "pcmu", "g726-32"; CODEC_NONE: no such name. */
enum codec_id codec_by_name(struct str name);
const char *codec_name(enum codec_id id);

/** The codec with usual values, as we would offer it: static payload type, ptime 20. */
struct codec_format codec_default(enum codec_id id);

/**
 * The format that a description names. `fmtp` is its parameters, as the peer wants to receive.
 * @param clock_hz, channels  of a=rtpmap
 * @return false: none of ours; `out` untouched
 */
bool codec_from_sdp(struct str name, uint32_t clock_hz, uint8_t channels, struct str fmtp,
                    struct codec_format *out);
/** The encoding name for a=rtpmap: ops->name, but for AAL2 packing. */
const char *codec_sdp_name(const struct codec_format *f);

/**
 * The peer's a=ptime and a=maxptime (0: not said): the length of packets we make. Never more than the
 * peer's limit where the codec's frame allows, or than 60 ms.
 */
void codec_fit_ptime(struct codec_format *f, uint32_t ptime_ms, uint32_t maxptime_ms);

/**
 * The codec decodes and encodes at `rate_hz`, or the next higher rate that it can. Opus: 8, 12,
 * 16, 24, 48 kHz, so that a call to a narrowband leg costs no resampler and less of the encoder.
 */
void codec_set_rate(struct codec_format *f, uint32_t rate_hz);

/** The same codec and wire format: no need to decode to pass one on as the other. */
bool codec_same(const struct codec_format *a, const struct codec_format *b);

/** 256 bytes that make of each payload byte of `from` one of `to` (PCMU, PCMA); NULL: not so simple. */
const uint8_t *codec_direct(enum codec_id from, enum codec_id to);

/** Samples of PCM in a packet of ours. */
static inline size_t codec_packet_samples(const struct codec_format *f)
{
	return (size_t)f->rate_hz / 1000 * f->ptime_ms;
}

/** By how much the timestamp grows with each packet of ours. */
static inline uint32_t codec_packet_ticks(const struct codec_format *f)
{
	return f->clock_hz / 1000 * f->ptime_ms;
}
