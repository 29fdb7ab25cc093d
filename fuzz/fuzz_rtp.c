// SPDX-License-Identifier: Apache-2.0
/* RTP header, receiver statistics and digits, fed with datagrams that a length byte separates. */
#include <stdint.h>
#include <stdlib.h>

#include "rtp/dtmf.h"
#include "rtp/rtp.h"
#include "rtp/rtp_stats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rtp_receiver r;
	struct dtmf_rx rx;
	struct dtmf_press press[DTMF_MAX_PRESSES];
	uint64_t fed = 0, now_us = 0;
	rtp_receiver_init(&r, 8000);
	dtmf_rx_start(&rx, 8000);
	while (size > 1) {
		size_t n = data[0] < size - 1 ? data[0] : size - 1;
		const uint8_t *p = data + 1;
		struct rtp_header h;
		if (rtp_classify(p, n) == RTP_CLASS_RTP && rtp_parse(&h, p, n) == 0) {
			if ((size_t)h.payload_at + h.payload_n + h.pad_n != n)
				abort();
			rtp_receiver_packet(&r, &h, now_us, h.pt != 101);
			size_t done = dtmf_rx_packet(&rx, p + h.payload_at, h.payload_n, h.ssrc, h.timestamp,
			                             h.marker, now_us / 1000, press);
			if (done > DTMF_MAX_PRESSES || r.packets + r.duplicate + r.jumps != ++fed)
				abort();
		}
		now_us += 1000 * (uint64_t)data[0];
		data += 1 + n;
		size -= 1 + n;
	}
	struct rtcp_block b;
	if (rtp_receiver_block(&r, now_us, &b) && b.ssrc != r.ssrc)
		abort();
	return 0;
}
