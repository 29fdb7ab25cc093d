// SPDX-License-Identifier: Apache-2.0
/* A Content-Type up to a NUL, and the body behind it: its parts lie within it and one behind
 * another, and the description that is found is the first of them. */
#include "feed.h"
#include "sip/multipart.h"

static void check_parts(const struct sip_msg *m)
{
	struct body_part parts[BODY_MAX_PARTS];
	struct str sdp;
	size_t n;
	if (body_parts(m, parts, BODY_MAX_PARTS, &n) != 0) {
		(void)!body_sdp(m, &sdp);
		return;
	}
	const char *at = m->body.p, *found = NULL;
	for (size_t i = 0; i < n; i++) {
		need(parts[i].type.n);
		if (!parts[i].bytes.n)
			continue;
		need(parts[i].bytes.p >= at);
		at = parts[i].bytes.p + parts[i].bytes.n;
		need(at <= m->body.p + m->body.n);
		if (!found && str_ieq(parts[i].type, STR("application/sdp")))
			found = parts[i].bytes.p;
	}
	if (body_sdp(m, &sdp) == 0 && sdp.n && found)
		need(sdp.p == found);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct sip_limits limits = {65535, 200, 65535};
	struct feed f = {p, n};
	struct str type = feed_until(&f, '\0');
	struct sip_parse_error e;
	struct sip_msg m;
	struct arena a;
	struct buf b;
	arena_init(&a, 8192);
	buf_init(&b, 65535);
	buf_lit(&b, "INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:a@x>;tag=t\r\n"
	            "To: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContent-Type: multipart/");
	buf_str(&b, type);
	buf_lit(&b, "\r\n\r\n");
	buf_add(&b, f.p, f.n);
	if (buf_ok(&b) && sip_msg_parse(&m, &a, buf_view(&b), &limits, &e) == 0)
		check_parts(&m);
	buf_fini(&b);
	arena_fini(&a);
	return 0;
}
