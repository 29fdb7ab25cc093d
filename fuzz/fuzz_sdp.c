// SPDX-License-Identifier: Apache-2.0
/*
 * Two descriptions with a NUL between them: an offer and the answer to it. What we print of them
 * must be readable, keep the lines, and never hold more than CRLF as control characters.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sdp/negotiate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool ok)
{
	if (!ok)
		abort();
}

/* Reads back what was printed and forgets it. */
static void check(struct buf *b, struct arena *a, size_t n_media)
{
	struct sdp *back;
	struct sdp_error e;
	need(buf_ok(b));
	if (b->n <= SDP_MAX_TEXT) {
		need(sdp_parse(&back, a, buf_view(b), &e) == 0);
		need(back->n_media == n_media);
	}
	for (size_t i = 0; i < b->n; i++)
		need((b->p[i] == '\r') == (i + 1 < b->n && b->p[i + 1] == '\n'));
	buf_reset(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str second = {(const char *)data, size}, first = str_cut(&second, '\0');
	struct sdp_local l = {.id = 1, .version = 1, .rtcp_mux = true};
	struct sdp *offer, *answer;
	struct sdp_error e;
	struct arena a;
	struct buf b;
	need(addr_parse(&l.addr, STR("192.0.2.1:4000")) == 0);
	arena_init(&a, 8192);
	buf_init(&b, 8 * SDP_MAX_TEXT);
	if (sdp_parse(&offer, &a, first, &e) == 0) {
		if (sdp_answer(&b, offer, &l, sdp_codecs_default, sdp_codecs_default_n, SDP_SENDRECV, NULL,
		               NULL) == 0)
			check(&b, &a, offer->n_media);
		if (sdp_relay_offer(&b, offer, &l, NULL) == 0)
			check(&b, &a, offer->n_media);
		if (sdp_parse(&answer, &a, second, &e) == 0 &&
		    sdp_relay_answer(&b, offer, answer, &l, NULL) == 0)
			check(&b, &a, offer->n_media);
	}
	buf_fini(&b);
	arena_fini(&a);
	return 0;
}
