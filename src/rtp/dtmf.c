// SPDX-License-Identifier: Apache-2.0
#include "rtp/dtmf.h"

#include "rtp/wire.h"

/* RFC 4733 section 2.3: event, E R and volume, duration */
struct report {
	uint8_t event, volume;
	bool end;
	uint16_t duration;
	uint32_t timestamp;
};

enum { END_BIT = 0x80, VOLUME_MASK = 0x3f, LATE_MS = 1000 };

static const char digits[DTMF_EVENT_N + 1] = "0123456789*#ABCD"; /* section 3.2, table 3 */

char dtmf_digit(uint8_t event)
{
	return digits[event % DTMF_EVENT_N];
}

void dtmf_rx_start(struct dtmf_rx *rx, uint32_t clock_hz)
{
	*rx = (struct dtmf_rx){.clock_hz = clock_hz};
}

/* Ends the press in progress; 1 when `out` was filled, 0 when nothing was or it is no digit. */
static size_t finish(struct dtmf_rx *rx, struct dtmf_press *out)
{
	if (!rx->active)
		return 0;
	rx->active = false;
	if (rx->event >= DTMF_EVENT_N)
		return 0;
	uint64_t ms = rx->clock_hz ? (rx->before + rx->duration) * 1000 / rx->clock_hz : 0;
	*out = (struct dtmf_press){
		.digit = digits[rx->event],
		.volume = rx->volume,
		.duration_ms = ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms,
	};
	return 1;
}

static bool is_same(const struct dtmf_rx *rx, uint32_t ssrc, const struct report *r)
{
	return rx->known && ssrc == rx->ssrc && r->timestamp == rx->timestamp && r->event == rx->event;
}

/*
 * Sections 2.5.1.3, 2.5.2.3: the same event goes on without a gap, in a new segment. The packets
 * that carry the full duration of the segment before may all be lost.
 */
static bool continues(const struct dtmf_rx *rx, uint32_t ssrc, const struct report *r, bool marker)
{
	uint32_t step = r->timestamp - rx->timestamp;
	return rx->active && !marker && ssrc == rx->ssrc && r->event == rx->event &&
	       (step == rx->duration || step == UINT16_MAX);
}

/*
 * A late packet of a press told already must not press the key again. What comes long after is not
 * late: some relays join streams without a new SSRC, and their timestamps leap back.
 */
static bool is_late(const struct dtmf_rx *rx, uint32_t ssrc, uint32_t timestamp, uint64_t now_ms)
{
	return rx->known && ssrc == rx->ssrc && (int32_t)(timestamp - rx->timestamp) < 0 &&
	       now_ms - rx->last_ms < LATE_MS;
}

static void start(struct dtmf_rx *rx, uint32_t ssrc, const struct report *r)
{
	rx->known = rx->active = true;
	rx->ssrc = ssrc;
	rx->event = r->event;
	rx->timestamp = r->timestamp;
	rx->duration = 0;
}

static size_t on_report(struct dtmf_rx *rx, const struct report *r, uint32_t ssrc, bool marker,
                        uint64_t now_ms, struct dtmf_press *out)
{
	size_t n = 0;
	if (is_late(rx, ssrc, r->timestamp, now_ms))
		return 0;
	if (continues(rx, ssrc, r, marker) && !is_same(rx, ssrc, r)) {
		rx->before += r->timestamp - rx->timestamp;
		start(rx, ssrc, r);
	} else if (!is_same(rx, ssrc, r)) {
		n = finish(rx, out);
		rx->before = 0;
		start(rx, ssrc, r);
	}
	if (!rx->active) /* end packets come three times: section 2.5.1.4 */
		return n;
	if (r->duration > rx->duration) /* packets may overtake each other */
		rx->duration = r->duration;
	rx->volume = r->volume;
	rx->last_ms = now_ms;
	if (r->end)
		n += finish(rx, out + n);
	return n;
}

size_t dtmf_rx_packet(struct dtmf_rx *rx, const uint8_t *payload, size_t n, uint32_t ssrc,
                      uint32_t timestamp, bool marker, uint64_t now_ms,
                      struct dtmf_press out[DTMF_MAX_PRESSES])
{
	size_t done = 0;
	/* Section 2.5.1.5: events packed together are contiguous. */
	for (size_t i = 0; i < DTMF_MAX_EVENTS && n >= DTMF_EVENT_BYTES; i++) {
		struct report r = {
			.event = payload[0],
			.volume = payload[1] & VOLUME_MASK,
			.end = (payload[1] & END_BIT) != 0,
			.duration = get_be16(payload + 2),
			.timestamp = timestamp,
		};
		done += on_report(rx, &r, ssrc, marker, now_ms, out + done);
		timestamp += r.duration;
		payload += DTMF_EVENT_BYTES;
		n -= DTMF_EVENT_BYTES;
	}
	return done;
}

bool dtmf_rx_timeout(struct dtmf_rx *rx, uint64_t now_ms, uint32_t timeout_ms,
                     struct dtmf_press *out)
{
	if (!rx->active || now_ms < rx->last_ms || now_ms - rx->last_ms < timeout_ms)
		return false;
	return finish(rx, out) == 1;
}
