// SPDX-License-Identifier: Apache-2.0
/**
 * Extended reports: RFC 3611. The VoIP metrics of a peer (section 4.7): how it hears us. Other
 * blocks are left out. Pure.
 */
#pragma once

#include "rtp/rtcp.h"

enum {
	RTCP_XR_NONE = 127,       /* of levels, R and MOS: not known (section 4.7.4) */
	RTCP_XR_TERSE_SIGNAL = 127,
};

enum rtcp_xr_plc { RTCP_XR_PLC_UNKNOWN, RTCP_XR_PLC_DISABLED, RTCP_XR_PLC_ENHANCED, RTCP_XR_PLC_STANDARD };

struct rtcp_voip {
	uint32_t ssrc;                     /* whose stream is described */
	uint8_t loss_256, discard_256;     /* since the beginning, in 1/256 */
	uint8_t burst_density_256, gap_density_256;
	uint16_t burst_ms, gap_ms;         /* mean length */
	uint16_t rtt_ms, end_system_ms;    /* 0: not known */
	int8_t signal_dbm0, noise_dbm0;    /* RTCP_XR_NONE: not known */
	uint8_t rerl_db, gmin;
	uint8_t r, external_r;             /* RTCP_XR_NONE: not known */
	uint8_t mos_lq_10, mos_cq_10;      /* times 10: 10 to 50; RTCP_XR_NONE: not known */
	enum rtcp_xr_plc plc;
	bool adaptive;                     /* its jitter buffer, as far as is known */
	uint16_t buffer_ms, buffer_max_ms, buffer_abs_max_ms;
};

/**
 * The next VoIP metrics block of an XR packet.
 * @param at  0 at first; moved on
 * @return false: no more. A block that is cut off ends the packet
 */
bool rtcp_xr_voip(const struct rtcp_packet *pk, size_t *at, struct rtcp_voip *out);
