// SPDX-License-Identifier: Apache-2.0
/* One RTCP datagram: what rtcp_check accepts is walked without leaving it. */
#include <stdint.h>
#include <stdlib.h>

#include "rtp/rtcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void visit(const struct rtcp_packet *pk, const uint8_t *data, size_t size)
{
	struct rtcp_sender s;
	struct rtcp_block b;
	struct str cname;
	if (pk->p < data || pk->p + pk->n > data + size)
		abort();
	rtcp_sender(pk, &s);
	for (size_t i = 0; rtcp_block(pk, i, &b); i++)
		rtcp_rtt_us(&b, UINT64_C(0xb44db70520000000));
	if (rtcp_cname(pk, pk->ssrc, &cname) && (const uint8_t *)cname.p + cname.n > data + size)
		abort();
	rtcp_bye_has(pk, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rtcp_iter it;
	struct rtcp_packet pk;
	if (rtcp_check(&it, data, size) != 0)
		return 0;
	while (rtcp_next(&it, &pk))
		visit(&pk, data, size);
	return 0;
}
