// SPDX-License-Identifier: Apache-2.0
/**
 * Hearing: from a peer's packets to 20 ms of PCM a tick. Knows no sockets and no streams: packets,
 * time in, sound out.
 *
 * Thread: the media thread's. Memory is taken in voice_rx_set and voice_rx_need.
 */
#pragma once

#include "media/codec/cn.h"
#include "media/frame.h"
#include "media/media.h"
#include "media/plc.h"
#include "rtp/jitter.h"
#include "rtp/rtp.h"

struct voice_rx {
	uint8_t n;
	uint8_t current; /* format of what was decoded last */
	struct codec_format formats[MEDIA_MAX_RX];
	const struct codec_ops *ops[MEDIA_MAX_RX];
	void *decoders[MEDIA_MAX_RX];
	uint8_t by_pt[128]; /* index plus one; 0: none of ours */
	uint8_t cn_pt;
	struct jitter *jitter; /* NULL while nobody listens */
	uint32_t clock_hz;     /* of its timestamps */
	struct plc plc;
	struct cn cn;
	bool has_noise; /* the sender described it */
	int16_t *fifo; /* decoded and not yet heard */
	size_t n_fifo, max_fifo;
	uint64_t heard_ms; /* when the last packet with sound came; 0: none yet */
	bool pausing;      /* the sender said so: comfort noise or DTX */
	uint64_t epoch;
	struct frame frame;
	uint64_t concealed_us;
};

void voice_rx_init(struct voice_rx *rx);
void voice_rx_fini(struct voice_rx *rx);
/** Other formats; decoders of those that stay are kept. */
void voice_rx_set(struct voice_rx *rx, const struct media_voice *set);
/** Somebody listens from now on, or nobody. */
void voice_rx_need(struct voice_rx *rx, bool needed);

void voice_rx_packet(struct voice_rx *rx, const struct rtp_header *h, const uint8_t *p,
                     uint64_t now_us);
/** The frame of tick `epoch`; asked again, the same. */
const struct frame *voice_rx_read(struct voice_rx *rx, uint64_t epoch, uint64_t now_us);

/** Did it speak a moment ago, or does it pause in good order? Then silence is worth sending on. */
bool voice_rx_is_alive(const struct voice_rx *rx, uint64_t now_ms);
