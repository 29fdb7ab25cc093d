// SPDX-License-Identifier: Apache-2.0
#include "sip/msg.h"

#include <errno.h>

#include "sip/chars.h"
#include "sip/hdr_table.h"
#include "sip/lines.h"
#include "sip/param.h"

enum { FIRST_CAP = 40, MOST_HEADERS = UINT16_MAX - 1 };

/* One message being read. The first error is kept, and reading goes on, so that a bad
 * request can be answered. */
struct reader {
	struct sip_msg *m;
	const struct sip_limits *limits;
	struct sip_parse_error *e;
	const char *origin; /* offsets count from here */
	int err;
	size_t cap;             /* of m->hdrs, index 0 included */
	uint16_t last[HDR_IDS]; /* end of each chain */
	bool bare_lf;
	bool has_length;
	uint32_t length; /* of Content-Length */
};

static void fail(struct reader *r, const char *at, int err, uint16_t status, const char *what)
{
	if (r->err != 0)
		return;
	r->err = err;
	*r->e = (struct sip_parse_error){
	    .offset = (size_t)(at - r->origin), .what = what, .status = status};
}

/** Offsets of joined values, which lie in the arena, are those of the header's name. */
static void bad_header(struct reader *r, const struct sip_hdr *h, const char *what)
{
	fail(r, h->name.p, E_MALFORMED, 400, what);
}

/* -- start line: section 7.1 and 7.2 ------------------------------------------------- */

static void read_status_line(struct reader *r, struct str line)
{
	struct sip_msg *m = r->m;
	if (!str_istarts(line, STR("SIP/2.0 "))) {
		fail(r, line.p, E_MALFORMED, 0, "Bad SIP Version");
		return;
	}
	const char *p = line.p + 8, *end = str_end(line);
	if (end - p < 3 || !ch_digit(p[0]) || !ch_digit(p[1]) || !ch_digit(p[2]) || p[0] == '0' ||
	    p[0] > '6' || (end - p > 3 && p[3] != ' ')) {
		fail(r, p, E_MALFORMED, 0, "Bad Status Code");
		return;
	}
	m->status = (uint16_t)((p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0'));
	m->reason = end - p > 4 ? str_span(p + 4, end) : str_span(end, end);
}

static void read_ruri(struct reader *r, struct str text)
{
	struct sip_msg *m = r->m;
	m->ruri_text = text;
	if (uri_parse(&m->ruri, text) != 0)
		fail(r, text.p, E_MALFORMED, 400, "Bad Request-URI");
	else if (m->ruri.headers.n != 0)
		/* Section 19.1.1: headers are not allowed here. They never become any. */
		fail(r, m->ruri.headers.p, E_MALFORMED, 400, "Headers in Request-URI");
}

static void read_request_line(struct reader *r, struct str line)
{
	struct sip_msg *m = r->m;
	const char *end = str_end(line);
	const char *p = skip_class(line.p, end, CH_TOKEN);
	m->request = true;
	m->method_text = str_span(line.p, p);
	m->method = sip_method_parse(m->method_text);
	if (p == line.p || p == end || *p != ' ') {
		fail(r, line.p, E_MALFORMED, 400, "Bad Request Line");
		return;
	}
	const char *uri = p + 1;
	const char *sp = uri < end ? memrchr(uri, ' ', (size_t)(end - uri)) : NULL;
	struct str version = sp ? str_span(sp + 1, end) : STR_NONE;
	if (!name_eq(version, STR("SIP/2.0"))) {
		bool sip = str_istarts(version, STR("SIP/"));
		fail(r, sip ? version.p : line.p, E_MALFORMED, sip ? 505 : 400,
		     sip ? "Version Not Supported" : "Bad Request Line");
	}
	if (sp)
		read_ruri(r, str_span(uri, sp));
}

static void read_start_line(struct reader *r, struct str *rest)
{
	struct line line;
	if (line_next(rest, &line) != 0) {
		fail(r, rest->p, E_MALFORMED, 0, "No Start Line");
		*rest = str_span(str_end(*rest), str_end(*rest));
		return;
	}
	r->bare_lf |= line.bare_lf;
	/* A method is a token and has no '/'. */
	if (str_istarts(line.text, STR("SIP/")))
		read_status_line(r, line.text);
	else
		read_request_line(r, line.text);
	if (!line.clean)
		fail(r, line.text.p, E_MALFORMED, 400, "Bad Request Line");
}

/* -- headers that are always read ---------------------------------------------------- */

static void read_via(struct reader *r, const struct sip_hdr *h)
{
	struct str list = h->value, top = h->value;
	int err = list_next(&list, &top);
	if (sip_via_parse(&r->m->via, top) != 0 || err != 0)
		bad_header(r, h, "Bad Via");
}

static void read_addr(struct reader *r, const struct sip_hdr *h, struct sip_addr *out,
                      const char *what)
{
	if (sip_addr_parse(out, h->value) != 0 || out->star)
		bad_header(r, h, what);
}

static void read_call_id(struct reader *r, const struct sip_hdr *h)
{
	r->m->call_id = h->value;
	bool good = h->value.n != 0;
	for (size_t i = 0; i < h->value.n; i++)
		good &= (uint8_t)h->value.p[i] > ' ';
	if (!good)
		bad_header(r, h, "Bad Call-ID");
}

static void read_max_forwards(struct reader *r, const struct sip_hdr *h)
{
	uint32_t v;
	/* Section 20.22: 0-255. */
	if (str_u32(h->value, &v) != 0 || v > 255)
		bad_header(r, h, "Bad Max-Forwards");
	else
		r->m->max_forwards = (int32_t)v;
}

static void read_content_length(struct reader *r, const struct sip_hdr *h)
{
	uint32_t v;
	if (str_u32(h->value, &v) != 0) {
		bad_header(r, h, "Bad Content-Length");
		return;
	}
	if (r->has_length && v != r->length)
		bad_header(r, h, "Different Content-Lengths");
	r->has_length = true;
	r->length = v;
}

/** Headers that must not say two things (RFC 4475 section 3.3.8). The first one is read. */
static bool is_repeated(struct reader *r, const struct sip_hdr *h, const char *what)
{
	const struct sip_hdr *first = &r->m->hdrs[r->m->first[h->id]];
	if (first == h)
		return false;
	if (!str_eq(first->value, h->value))
		bad_header(r, h, what);
	return true;
}

static void read_header(struct reader *r, const struct sip_hdr *h)
{
	switch (h->id) {
	case HDR_VIA:
		if (r->m->first[HDR_VIA] == r->m->n_hdrs)
			read_via(r, h);
		break;
	case HDR_FROM:
		if (!is_repeated(r, h, "Several From"))
			read_addr(r, h, &r->m->from, "Bad From");
		break;
	case HDR_TO:
		if (!is_repeated(r, h, "Several To"))
			read_addr(r, h, &r->m->to, "Bad To");
		break;
	case HDR_CALL_ID:
		if (!is_repeated(r, h, "Several Call-ID"))
			read_call_id(r, h);
		break;
	case HDR_CSEQ:
		if (!is_repeated(r, h, "Several CSeq") &&
		    sip_cseq_parse(&r->m->cseq, h->value) != 0)
			bad_header(r, h, "Bad CSeq");
		break;
	case HDR_MAX_FORWARDS:
		if (!is_repeated(r, h, "Several Max-Forwards"))
			read_max_forwards(r, h);
		break;
	case HDR_CONTENT_LENGTH:
		read_content_length(r, h);
		break;
	case HDR_CONTENT_TYPE:
		(void)is_repeated(r, h, "Several Content-Type");
		break;
	default:
		break;
	}
}

/* -- all headers --------------------------------------------------------------------- */

static struct sip_hdr *add_header(struct reader *r)
{
	struct sip_msg *m = r->m;
	if (m->n_hdrs + 1u == r->cap) {
		struct sip_hdr *grown = arena_alloc(m->arena, 2 * r->cap * sizeof(*grown));
		memcpy(grown, m->hdrs, r->cap * sizeof(*grown));
		m->hdrs = grown;
		r->cap *= 2;
	}
	return &m->hdrs[++m->n_hdrs];
}

static void chain(struct reader *r, enum sip_hdr_id id)
{
	struct sip_msg *m = r->m;
	if (id == HDR_OTHER)
		return;
	if (r->last[id] != 0)
		m->hdrs[r->last[id]].next = m->n_hdrs;
	else
		m->first[id] = m->n_hdrs;
	r->last[id] = m->n_hdrs;
}

static void read_headers(struct reader *r, struct str *rest)
{
	struct sip_msg *m = r->m;
	struct hdr_line line;
	size_t most = r->limits->max_headers < MOST_HEADERS ? r->limits->max_headers : MOST_HEADERS;
	for (;;) {
		const char *at = rest->p;
		int err = hdr_line_next(rest, true, &line);
		if (err == ENOENT)
			return;
		if (err != 0) {
			fail(r, at, E_MALFORMED, 400, "Bad Header Line");
			continue;
		}
		if (m->n_hdrs >= most) {
			fail(r, line.name.p, E_LIMIT, 513, "Too Many Headers");
			return;
		}
		r->bare_lf |= line.bare_lf;
		struct sip_hdr *h = add_header(r);
		*h = (struct sip_hdr){.id = hdr_lookup(line.name),
		                      .name = line.name,
		                      .value = hdr_line_value(m->arena, &line)};
		chain(r, h->id);
		read_header(r, h);
	}
}

/** Section 8.1.1: what every message carries; and section 8.1.1.5 for the method of CSeq. */
static void check_required(struct reader *r, const char *end)
{
	struct sip_msg *m = r->m;
	if (m->first[HDR_VIA] == 0)
		fail(r, end, E_MALFORMED, 400, "Missing Via");
	if (m->first[HDR_FROM] == 0)
		fail(r, end, E_MALFORMED, 400, "Missing From");
	if (m->first[HDR_TO] == 0)
		fail(r, end, E_MALFORMED, 400, "Missing To");
	if (m->first[HDR_CALL_ID] == 0)
		fail(r, end, E_MALFORMED, 400, "Missing Call-ID");
	if (m->first[HDR_CSEQ] == 0)
		fail(r, end, E_MALFORMED, 400, "Missing CSeq");
	if (r->err != 0)
		return;
	if (!m->request) {
		m->method = m->cseq.method;
		m->method_text = m->cseq.method_text;
	} else if (!str_eq(m->method_text, m->cseq.method_text)) {
		/* RFC 4475 section 3.1.2.18: 501 for a method that nobody here knows. */
		fail(r, m->hdrs[m->first[HDR_CSEQ]].name.p, E_MALFORMED,
		     m->method == SIP_METHOD_OTHER ? 501 : 400, "CSeq Method Mismatch");
	}
}

/** Section 18.3. */
static void read_body(struct reader *r, struct str rest)
{
	struct sip_msg *m = r->m;
	size_t n = rest.n;
	if (r->has_length && r->length <= rest.n)
		n = r->length;
	else if (r->has_length && !r->bare_lf)
		fail(r, rest.p, E_MALFORMED, 400, "Content-Length Too Large");
	/* else: whatever took away the CRs took octets of the body, too: its length is what there
	 * is (two messages of RFC 5118 come like this). */
	if (n > r->limits->max_body)
		fail(r, rest.p, E_LIMIT, 513, "Body Too Large");
	m->body = str_span(rest.p, rest.p + n);
	m->bytes.n = (size_t)(rest.p + n - m->bytes.p);
}

int sip_msg_parse(struct sip_msg *m, struct arena *a, struct str bytes,
                  const struct sip_limits *limits, struct sip_parse_error *e)
{
	*m = (struct sip_msg){.bytes = bytes, .arena = a, .max_forwards = -1};
	*e = (struct sip_parse_error){0};
	struct reader r = {.m = m, .limits = limits, .e = e, .origin = bytes.p, .cap = FIRST_CAP};
	m->hdrs = arena_alloc(a, FIRST_CAP * sizeof(*m->hdrs));
	m->hdrs[0] = (struct sip_hdr){.id = HDR_OTHER};

	if (bytes.n > limits->max_message)
		fail(&r, bytes.p, E_LIMIT, 513, "Message Too Large");
	while (bytes.n != 0 && (*bytes.p == '\r' || *bytes.p == '\n')) /* section 7.5 */
		bytes = str_span(bytes.p + 1, str_end(bytes));
	m->bytes = bytes;
	read_start_line(&r, &bytes);
	read_headers(&r, &bytes);
	check_required(&r, bytes.p);
	read_body(&r, bytes);
	/* Nobody answers a response or an ACK (section 17.1.1.3). */
	if (!m->request || m->method == SIP_ACK)
		e->status = 0;
	return r.err;
}
