// SPDX-License-Identifier: Apache-2.0
/** Requests made of a request that was sent: CANCEL and the ACK to a non-2xx. */
#include "sip/trans_internal.h"

struct str head_line(struct str *rest)
{
	const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
	size_t n = end ? (size_t)(end - rest->p) + 1 : rest->n;
	struct str line = str_sub(*rest, 0, n);
	*rest = str_sub(*rest, n, rest->n);
	return line.n <= 2 ? STR_NONE : line;
}

bool line_is(struct str line, enum sip_hdr_id id)
{
	struct str name = sip_hdr_name(id);
	return line.n > name.n && line.p[name.n] == ':' && str_istarts(line, name);
}

struct str line_tag(struct str line)
{
	struct sip_addr to;
	(void)str_cut(&line, ':');
	return sip_addr_parse(&to, str_trim(line)) ? STR_NONE : to.tag;
}

/** "CSeq: 4711 INVITE" with another method. */
static void put_cseq(struct buf *out, struct str line, struct str method)
{
	(void)str_cut(&line, ':');
	line = str_trim(line);
	struct str number = str_cut(&line, ' ');
	sip_put_hdr_fmt(out, HDR_CSEQ, STR_FMT " " STR_FMT, STR_ARG(number), STR_ARG(method));
}

void derive_request(struct buf *out, struct str request, enum sip_method method, struct str to,
                    struct str headers)
{
	struct str rest = request, name = sip_method_name(method);
	struct str line = head_line(&rest);
	(void)str_cut(&line, ' ');
	sip_put_request_line(out, name, str_cut(&line, ' '));
	while ((line = head_line(&rest)).n) {
		/* Route too, so that it takes the same way: sections 9.1 and 17.1.1.3 */
		bool same = line_is(line, HDR_VIA) || line_is(line, HDR_ROUTE) ||
		            line_is(line, HDR_FROM) || line_is(line, HDR_CALL_ID) ||
		            line_is(line, HDR_MAX_FORWARDS);
		if (line_is(line, HDR_TO) && to.n)
			sip_put_hdr(out, HDR_TO, to);
		else if (same || line_is(line, HDR_TO))
			buf_str(out, line);
		else if (line_is(line, HDR_CSEQ))
			put_cseq(out, line, name);
	}
	buf_str(out, headers);
	sip_put_body(out, STR_NONE, STR_NONE);
}
