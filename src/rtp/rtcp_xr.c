// SPDX-License-Identifier: Apache-2.0
#include "rtp/rtcp_xr.h"

#include "rtp/wire.h"

enum {
	HEAD_BYTES = 8,       /* of the packet, with its SSRC: section 2 */
	BLOCK_HEAD = 4,       /* section 3 */
	VOIP_METRICS = 7, VOIP_WORDS = 8, /* section 4.7 */
	PLC_SHIFT = 6, BUFFER_SHIFT = 4, BUFFER_ADAPTIVE = 3,
};

/* Section 4.7: the block behind its head */
static struct rtcp_voip read_voip(const uint8_t *p)
{
	return (struct rtcp_voip){
		.ssrc = get_be32(p),
		.loss_256 = p[4],
		.discard_256 = p[5],
		.burst_density_256 = p[6],
		.gap_density_256 = p[7],
		.burst_ms = get_be16(p + 8),
		.gap_ms = get_be16(p + 10),
		.rtt_ms = get_be16(p + 12),
		.end_system_ms = get_be16(p + 14),
		.signal_dbm0 = (int8_t)p[16],
		.noise_dbm0 = (int8_t)p[17],
		.rerl_db = p[18],
		.gmin = p[19],
		.r = p[20],
		.external_r = p[21],
		.mos_lq_10 = p[22],
		.mos_cq_10 = p[23],
		.plc = (enum rtcp_xr_plc)(p[24] >> PLC_SHIFT),
		.adaptive = (p[24] >> BUFFER_SHIFT & 3) == BUFFER_ADAPTIVE,
		.buffer_ms = get_be16(p + 26),
		.buffer_max_ms = get_be16(p + 28),
		.buffer_abs_max_ms = get_be16(p + 30),
	};
}

bool rtcp_xr_voip(const struct rtcp_packet *pk, size_t *at, struct rtcp_voip *out)
{
	if (pk->type != RTCP_XR)
		return false;
	if (*at < HEAD_BYTES)
		*at = HEAD_BYTES;
	while (*at < pk->n && pk->n - *at >= BLOCK_HEAD) {
		const uint8_t *p = pk->p + *at;
		size_t words = get_be16(p + 2), bytes = BLOCK_HEAD + 4 * words;
		if (bytes > pk->n - *at)
			return false;
		*at += bytes;
		if (p[0] != VOIP_METRICS || words != VOIP_WORDS)
			continue;
		*out = read_voip(p + BLOCK_HEAD);
		return true;
	}
	return false;
}
