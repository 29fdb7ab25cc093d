// SPDX-License-Identifier: Apache-2.0
/**
 * Digits in RTP: telephone-event, RFC 4733 sections 2.3-2.5. The receiver's side.
 *
 * A press is all packets with one timestamp. It is reported once, when its end is known: by
 * the first packet with the E bit, by the next event, or (end packets lost) by dtmf_rx_timeout.
 * A plain struct: it may be copied and stored.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DTMF_EVENT_N = 16,       /* 0-9 * # A-D; others (flash, tones) are no digits */
	DTMF_EVENT_BYTES = 4,
	DTMF_MAX_EVENTS = 3,     /* read of one packet (section 2.5.1.5); more are ignored */
	DTMF_MAX_PRESSES = DTMF_MAX_EVENTS + 1, /* that one packet can end */
};

struct dtmf_press {
	char digit;           /* 0-9 * # A-D */
	uint8_t volume;       /* of the last packet: 0-63, minus dBm0 */
	uint32_t duration_ms;
};

struct dtmf_rx {
	uint32_t clock_hz;    /* of the telephone-event format */
	bool known;           /* `ssrc` and `timestamp` stand for a press */
	bool active;          /* and it has not ended */
	uint8_t event, volume;
	uint32_t ssrc;
	uint32_t timestamp;   /* of the press, or of its present segment (section 2.5.1.3) */
	uint64_t before;      /* duration of earlier segments, timestamp units */
	uint32_t duration;    /* of this segment, the longest heard */
	uint64_t last_ms;     /* when its last packet came */
};

/** Of an event below DTMF_EVENT_N. */
char dtmf_digit(uint8_t event);

void dtmf_rx_start(struct dtmf_rx *rx, uint32_t clock_hz);

/**
 * The payload of one telephone-event packet.
 *
 * @param marker  the packet's M bit: begins an event
 * @return how many presses ended, 0 to DTMF_MAX_PRESSES, in `out` in their order. An event that
 *         is no digit ends the digit before it and is not told; a payload too short is ignored
 */
size_t dtmf_rx_packet(struct dtmf_rx *rx, const uint8_t *payload, size_t n, uint32_t ssrc,
                      uint32_t timestamp, bool marker, uint64_t now_ms,
                      struct dtmf_press out[DTMF_MAX_PRESSES]);

/** True: the press in progress had no packet for `timeout_ms` and is ended into `out`. */
bool dtmf_rx_timeout(struct dtmf_rx *rx, uint64_t now_ms, uint32_t timeout_ms,
                     struct dtmf_press *out);
