// SPDX-License-Identifier: Apache-2.0
/*
 * The life of a dialog (RFC 3261 section 12) as bytes choose it: begun by an INVITE or by us, then
 * requests, responses and copies in any order, with Contacts and Record-Routes out of the bytes.
 * Its names never change but for a remote tag that a response sets, CSeqs of the peer never fall,
 * and a request of ours can be read as long as the dialog says that it fits.
 */
#include <stdio.h>

#include "feed.h"
#include "sip/build.h"
#include "sip/dialog.h"

static const struct sip_limits limits = {65535, 200, 65535};
static const struct flow flow = {.transport = SIP_TCP, .remote = {.family = ADDR_V4, .port = 5062}};

struct walk {
	struct feed f;
	struct dialog d;
	struct arena arena;
	struct sip_msg m;
	struct buf text;
};

/** A message with lines out of the bytes; false: they spoil it. */
static bool receive(struct walk *w, const char *start, uint32_t cseq, const char *method)
{
	struct sip_parse_error e;
	struct str lines = feed_until(&w->f, '\x01');
	buf_reset(&w->text);
	arena_reset(&w->arena);
	buf_printf(&w->text, "%s\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx\r\n", start);
	buf_printf(&w->text, "From: <sip:alice@acme.test>;tag=at\r\nTo: <sip:bob@acme.test>;tag=bt\r\n");
	buf_printf(&w->text, "Call-ID: c1\r\nCSeq: %u %s\r\n", cseq, method);
	buf_str(&w->text, lines);
	buf_lit(&w->text, "\r\n\r\n");
	return buf_ok(&w->text) && sip_msg_parse(&w->m, &w->arena, buf_view(&w->text), &limits, &e) == 0;
}

static void peer_requests(struct walk *w)
{
	static const char *const methods[] = {"INVITE", "UPDATE", "BYE", "ACK", "SUBSCRIBE"};
	uint8_t how = feed_u8(&w->f);
	uint32_t cseq = feed_u8(&w->f), before = w->d.remote_cseq;
	char start[64];
	snprintf(start, sizeof start, "%s sip:us@192.0.2.1 SIP/2.0", methods[how % 5]);
	if (!receive(w, start, cseq, methods[how % 5]))
		return;
	bool ack = w->m.method == SIP_ACK, late = !ack && before && w->m.cseq.number < before;
	need((dialog_request_in(&w->d, &w->m, &flow) == E_STALE) == late);
	need(w->d.remote_cseq == (ack || late ? before : w->m.cseq.number));
}

static void peer_responds(struct walk *w, bool confirm)
{
	if (!receive(w, "SIP/2.0 200 OK", 1, "INVITE"))
		return;
	if (!confirm) {
		dialog_refresh_target(&w->d, &w->m);
		return;
	}
	dialog_confirm(&w->d, &w->m);
	need(str_eq(w->d.remote_tag, w->m.to.tag));
}

static void we_request(struct walk *w)
{
	struct sip_parse_error e;
	struct sip_msg m;
	struct buf b;
	if (!dialog_fits(&w->d))
		return;
	buf_init(&b, 65535);
	arena_reset(&w->arena);
	uint32_t cseq = ++w->d.local_cseq;
	sip_put_request_line(&b, STR("UPDATE"), dialog_ruri(&w->d));
	sip_put_via(&b, SIP_TCP, &flow.remote, STR("z9hG4bKx"));
	dialog_put_head(&b, &w->d, SIP_UPDATE, cseq, 70);
	sip_put_body(&b, STR_NONE, STR_NONE);
	need(buf_ok(&b) && sip_msg_parse(&m, &w->arena, buf_view(&b), &limits, &e) == 0);
	need(str_eq(m.call_id, w->d.call_id) && str_eq(m.from.tag, w->d.local_tag));
	need(str_eq(m.to.tag, w->d.remote_tag) && m.cseq.number == cseq);
	need(str_eq(m.ruri_text, w->d.target));
	buf_fini(&b);
}

static void copy(struct walk *w)
{
	struct dialog other;
	dialog_copy(&other, &w->d);
	need(str_eq(other.call_id, w->d.call_id) && str_eq(other.target, w->d.target));
	need(str_eq(other.routes, w->d.routes) && other.target.p != w->d.target.p);
	dialog_fini(&w->d);
	w->d = other;
}

static bool begin(struct walk *w)
{
	const struct dialog_uac_args args = {.call_id = STR("c1"), .local_tag = STR("lt"),
	                                     .local = STR("<sip:a@acme.test>"), .remote = STR("<sip:b@acme.test>"),
	                                     .target = STR("sip:b@192.0.2.9"), .flow = &flow};
	if (feed_u8(&w->f) & 1) {
		dialog_init_uac(&w->d, &args);
		return true;
	}
	if (!receive(w, "INVITE sip:bob@acme.test SIP/2.0", 10, "INVITE"))
		return false;
	dialog_init_uas(&w->d, &w->m, STR("lt"), &flow);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct walk w = {.f = {p, n}};
	arena_init(&w.arena, 8192);
	buf_init(&w.text, 65535);
	bool begun = begin(&w);
	while (begun && w.f.n) {
		switch (feed_u8(&w.f) % 5) {
		case 0: peer_requests(&w); break;
		case 1: peer_responds(&w, true); break;
		case 2: peer_responds(&w, false); break;
		case 3: copy(&w); break;
		default: we_request(&w); break;
		}
	}
	dialog_fini(&w.d);
	buf_fini(&w.text);
	arena_fini(&w.arena);
	return 0;
}
