// SPDX-License-Identifier: Apache-2.0
/* Structured header values, each by the parser that the first byte names; and, as the value of any
 * known header, in a message that is then looked at by all who read it. */
#include "feed.h"
#include "sip/build.h"
#include "sip/dialog.h"
#include "sip/lines.h"
#include "sip/multipart.h"
#include "sip/param.h"

static bool within(struct str part, struct str all)
{
	return part.n == 0 || (part.p >= all.p && part.p + part.n <= all.p + all.n);
}

static void via(struct str s, struct arena *a)
{
	struct sip_via v;
	(void)a;
	if (sip_via_parse(&v, s) != 0)
		return;
	need(within(v.host, s) && within(v.branch, s) && within(v.params, s) && v.host.n);
	struct addr sent_by = {.family = ADDR_V4, .port = v.port};
	struct buf b;
	buf_init(&b, s.n + 1024);
	sip_put_via(&b, SIP_UDP, &sent_by, v.branch);
	need(buf_ok(&b));
	buf_fini(&b);
}

static void name_addr(struct str s, struct arena *a)
{
	struct sip_addr x, again;
	if (sip_addr_parse(&x, s) != 0 || x.star)
		return;
	need(within(x.uri.text, s) && within(x.params, s) && within(x.tag, s));
	struct str naked = sip_addr_naked(&x);
	need(sip_addr_parse(&again, naked) == 0 && str_eq(again.uri.text, x.uri.text) && !again.tag.n);
	(void)str_unquote(a, x.display);
}

static void cseq(struct str s, struct arena *a)
{
	struct sip_cseq c, again;
	(void)a;
	if (sip_cseq_parse(&c, s) != 0)
		return;
	struct buf b;
	buf_init(&b, s.n + 64);
	buf_printf(&b, "%u " STR_FMT, c.number, STR_ARG(c.method_text));
	need(sip_cseq_parse(&again, buf_view(&b)) == 0);
	need(again.number == c.number && again.method == c.method);
	buf_fini(&b);
}

static void list(struct str s, struct arena *a)
{
	struct str rest = s, one;
	(void)a;
	while (list_next(&rest, &one) == 0) {
		need(within(one, s));
		if (is_token(one))
			need(list_has(one, one));
	}
}

static void params_with(struct str s, char sep)
{
	struct str rest = s, name, value;
	bool quoted;
	while (param_next(&rest, sep, &name, &value, &quoted) == 0) {
		struct str first;
		need(name.n && within(name, s) && within(value, s));
		if (sep == ';')
			need(param_get(s, name, &first));
	}
}

static void params(struct str s, struct arena *a)
{
	(void)a;
	params_with(s, ';');
	params_with(s, ',');
}

static void lines(struct str s, struct arena *a)
{
	struct str rest = s;
	struct hdr_line h;
	int err;
	while ((err = hdr_line_next(&rest, true, &h)) == 0 || err == E_MALFORMED) {
		if (err == 0)
			need(hdr_line_value(a, &h).n <= h.raw.n);
		if (!rest.n)
			break;
	}
}

static void words(struct str s, struct arena *a)
{
	struct addr ip, again;
	enum sip_transport t;
	struct buf b;
	if (sip_transport_parse(s, &t) == 0)
		need(str_ieq(sip_transport_name(t), s));
	enum sip_method m = sip_method_parse(s);
	need(m == SIP_METHOD_OTHER || str_eq(sip_method_name(m), s));
	buf_init(&b, 8 * s.n + 64);
	if (addr_parse(&ip, s) == 0) {
		addr_put(&b, &ip);
		need(addr_parse(&again, buf_view(&b)) == 0 && addr_eq(&ip, &again));
		buf_reset(&b);
	}
	/* What is quoted comes back, but for control bytes and bad UTF-8. */
	struct str name, value = STR_NONE, rest;
	bool quoted;
	buf_lit(&b, "x=");
	sip_put_quoted(&b, s);
	rest = buf_view(&b);
	need(buf_ok(&b) && param_next(&rest, ';', &name, &value, &quoted) == 0 && quoted && !rest.n);
	value = str_unquote(a, value);
	if (str_is_utf8(s))
		need(value.n == s.n);
	buf_fini(&b);
}

/* -- in a message -------------------------------------------------------------------- */

static const struct sip_limits limits = {.max_message = 65535, .max_headers = 200, .max_body = 65535};

static void read_header(const struct sip_msg *m, enum sip_hdr_id id)
{
	struct sip_iter it = {0};
	struct str one;
	struct sip_addr addr;
	uint32_t number;
	while (sip_iter_next(&it, m, id, &one) == 0)
		(void)sip_has_token(m, id, one);
	(void)!sip_number(m, id, &number);
	(void)!sip_contact(m, &addr);
}

/** A request of ours in the dialog that the message began can be read. */
static void speak_in_dialog(const struct sip_msg *m, struct arena *a)
{
	static const struct flow flow = {.transport = SIP_TCP, .remote = {.family = ADDR_V4, .port = 5060}};
	struct sip_parse_error e;
	struct sip_msg out;
	struct dialog d;
	struct buf b;
	dialog_init_uas(&d, m, STR("ours"), &flow);
	buf_init(&b, 65535);
	if (dialog_fits(&d)) {
		sip_put_request_line(&b, STR("BYE"), dialog_ruri(&d));
		sip_put_via(&b, SIP_TCP, &flow.remote, STR("z9hG4bKx"));
		dialog_put_head(&b, &d, SIP_BYE, 1, 70);
		sip_put_body(&b, STR_NONE, STR_NONE);
		need(buf_ok(&b) && sip_msg_parse(&out, a, buf_view(&b), &limits, &e) == 0);
		need(str_eq(out.call_id, m->call_id) && str_eq(out.from.tag, STR("ours")));
		need(str_eq(out.to.tag, m->from.tag));
	}
	buf_fini(&b);
	dialog_fini(&d);
}

static void in_message(struct str s, struct arena *a)
{
	enum sip_hdr_id id = (enum sip_hdr_id)((s.n ? (uint8_t)s.p[0] : 0) % HDR_IDS);
	struct sip_parse_error e;
	struct body_part parts[BODY_MAX_PARTS];
	struct sip_msg m;
	struct buf b;
	size_t n;
	buf_init(&b, 65535);
	buf_lit(&b, "INVITE sip:bob@acme.test SIP/2.0\r\n");
	if (id != HDR_VIA)
		buf_lit(&b, "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx\r\n");
	if (id != HDR_FROM)
		buf_lit(&b, "From: <sip:alice@acme.test>;tag=t\r\n");
	if (id != HDR_TO)
		buf_lit(&b, "To: <sip:bob@acme.test>\r\n");
	if (id != HDR_CALL_ID)
		buf_lit(&b, "Call-ID: c\r\n");
	if (id != HDR_CSEQ)
		buf_lit(&b, "CSeq: 1 INVITE\r\n");
	buf_str(&b, sip_hdr_name(id));
	buf_lit(&b, ": ");
	buf_str(&b, str_sub(s, 1, s.n)); /* as it is: folds and further lines too */
	buf_lit(&b, "\r\n\r\nbody");
	if (buf_ok(&b) && sip_msg_parse(&m, a, buf_view(&b), &limits, &e) == 0) {
		read_header(&m, id);
		(void)!body_parts(&m, parts, BODY_MAX_PARTS, &n);
		speak_in_dialog(&m, a);
	}
	buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static void (*const readers[])(struct str, struct arena *) = {
		via, name_addr, cseq, list, params, lines, words, in_message};
	struct arena a;
	if (n == 0)
		return 0;
	arena_init(&a, 8192);
	readers[p[0] % (sizeof readers / sizeof readers[0])]((struct str){(const char *)p + 1, n - 1}, &a);
	arena_fini(&a);
	return 0;
}
