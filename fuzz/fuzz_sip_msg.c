// SPDX-License-Identifier: Apache-2.0
/* Messages from the net: parsed, framed, walked through and answered. */
#include <stdlib.h>

#include "base/buf.h"
#include "sip/build.h"
#include "sip/msg.h"
#include "sip/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const struct sip_limits limits = {
    .max_message = 65535, .max_headers = 200, .max_body = 65535};

static void walk(const struct sip_msg *m, enum sip_hdr_id id)
{
	struct sip_iter it = {0};
	struct str element;
	struct sip_addr addr;
	struct sip_via via;
	while (sip_iter_next(&it, m, id, &element) == 0) {
		(void)!sip_via_parse(&via, element);
		if (sip_addr_parse(&addr, element) == 0 &&
		    uri_eq(&addr.uri, &m->ruri) != uri_eq(&m->ruri, &addr.uri))
			abort();
	}
}

/** An answer must parse again, with the same identity. */
static void answer(const struct sip_msg *m, struct arena *a)
{
	static const struct addr source = {.family = ADDR_V4, .port = 5062, .ip = {192, 0, 2, 99}};
	struct sip_msg again;
	struct sip_parse_error e;
	struct buf b;
	buf_init(&b, 4 * limits.max_message);
	sip_put_status_line(&b, 200, STR_NONE);
	sip_put_reply_head(&b, m, &source, STR("local"), true);
	sip_put_body(&b, STR_NONE, STR_NONE);
	const struct sip_limits wide = {SIZE_MAX, UINT16_MAX, SIZE_MAX};
	if (buf_ok(&b) && (sip_msg_parse(&again, a, buf_view(&b), &wide, &e) != 0 ||
	                   again.cseq.number != m->cseq.number || again.body.n != 0))
		abort();
	buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str bytes = {(const char *)p, n}, sdp;
	struct arena a;
	struct sip_msg m;
	struct sip_parse_error e;
	size_t skip, total;
	arena_init(&a, 8192);
	if (sip_stream_frame(bytes, &limits, &skip, &total) == 0 && skip + total > n)
		abort();
	int err = sip_msg_parse(&m, &a, bytes, &limits, &e);
	for (unsigned id = 0; id < HDR_IDS; id++)
		walk(&m, (enum sip_hdr_id)id);
	(void)!body_sdp(&m, &sdp);
	if (err == 0 && m.request)
		answer(&m, &a);
	arena_fini(&a);
	return 0;
}
