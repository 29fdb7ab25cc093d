// SPDX-License-Identifier: Apache-2.0
#include "sip/multipart.h"

#include <errno.h>

#include "sip/chars.h"
#include "sip/lines.h"
#include "sip/param.h"

enum { MAX_DEPTH = 3, MAX_BOUNDARY = 70 };

struct reader {
	struct arena *arena;
	struct body_part *parts;
	size_t cap, n;
};

/** "type/subtype;params" (RFC 3261 section 20.15). */
static void read_type(struct body_part *part, struct str value)
{
	part->type = str_cut(&value, ';');
	part->type = trim_span(part->type.p, str_end(part->type));
	part->params = value;
}

/* -- delimiters: RFC 2046 section 5.1.1 ---------------------------------------------- */

/** Is "--boundary" at the start of `s`? *close: with "--" behind it; *rest: after its line. */
static bool is_delimiter(struct str s, struct str boundary, bool *close, struct str *rest)
{
	if (!str_starts(s, STR("--")) || !str_starts(str_sub(s, 2, s.n), boundary))
		return false;
	const char *p = s.p + 2 + boundary.n, *end = str_end(s);
	*close = end - p >= 2 && p[0] == '-' && p[1] == '-';
	if (*close)
		p += 2;
	p = skip_blanks(p, end); /* transport padding */
	if (p < end && *p == '\r')
		p++;
	if (p < end && *p == '\n')
		*rest = str_span(p + 1, end);
	else if (p == end && *close)
		*rest = str_span(end, end);
	else
		return false; /* the boundary is only a prefix of this line */
	return true;
}

/**
 * Take what stands before the next delimiter off `*rest`. The CRLF before it belongs to
 * the delimiter.
 */
static bool take_until_delimiter(struct str *rest, struct str boundary, struct str *before,
                                 bool *close)
{
	const char *begin = rest->p, *end = str_end(*rest), *p = begin;
	while (p < end) {
		struct str after;
		if (is_delimiter(str_span(p, end), boundary, close, &after)) {
			const char *stop = p > begin && p[-1] == '\n' ? p - 1 : p;
			if (stop > begin && stop[-1] == '\r')
				stop--;
			*before = str_span(begin, stop);
			*rest = after;
			return true;
		}
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		p = lf ? lf + 1 : end;
	}
	return false;
}

/* -- parts --------------------------------------------------------------------------- */

static int read_part_headers(const struct reader *r, struct str *bytes, struct body_part *part)
{
	struct hdr_line line;
	int err;
	while ((err = hdr_line_next(bytes, true, &line)) == 0) {
		struct str value = hdr_line_value(r->arena, &line);
		if (name_eq(line.name, STR("Content-Type")) || name_eq(line.name, STR("c")))
			read_type(part, value);
		else if (name_eq(line.name, STR("Content-Disposition")))
			part->disposition = value;
		else if (name_eq(line.name, STR("Content-ID")))
			part->id = value;
	}
	return err == ENOENT ? 0 : err;
}

static int add_part(struct reader *r, const struct body_part *part)
{
	if (r->n == r->cap)
		return E_LIMIT;
	r->parts[r->n++] = *part;
	return 0;
}

static bool is_multipart(const struct body_part *part)
{
	return str_istarts(part->type, STR("multipart/"));
}

static int find_boundary(const struct body_part *part, struct str *boundary)
{
	if (!param_get(part->params, STR("boundary"), boundary) || boundary->n == 0 ||
	    boundary->n > MAX_BOUNDARY)
		return E_MALFORMED;
	return 0;
}

/* Recursion ends at MAX_DEPTH. */
static int open_multipart(struct reader *r, const struct body_part *whole, unsigned depth)
{
	struct str boundary, rest = whole->bytes, bytes;
	bool last = false;
	if (depth > MAX_DEPTH)
		return E_LIMIT;
	if (find_boundary(whole, &boundary) != 0 ||
	    !take_until_delimiter(&rest, boundary, &bytes, &last)) /* the preamble */
		return E_MALFORMED;
	while (!last) {
		struct body_part part = {.type = STR("text/plain")};
		if (!take_until_delimiter(&rest, boundary, &bytes, &last))
			return E_MALFORMED;
		int err = read_part_headers(r, &bytes, &part);
		part.bytes = bytes;
		if (err == 0)
			err = is_multipart(&part) ? open_multipart(r, &part, depth + 1)
			                          : add_part(r, &part);
		if (err != 0)
			return err;
	}
	return 0;
}

int body_parts(const struct sip_msg *m, struct body_part *parts, size_t cap, size_t *n)
{
	struct reader r = {.arena = m->arena, .parts = parts, .cap = cap};
	struct body_part whole = {.bytes = m->body, .type = STR("text/plain")};
	*n = 0;
	if (m->body.n == 0)
		return 0;
	if (sip_hdr(m, HDR_CONTENT_TYPE))
		read_type(&whole, sip_value(m, HDR_CONTENT_TYPE));
	whole.disposition = sip_value(m, HDR_CONTENT_DISPOSITION);
	int err = is_multipart(&whole) ? open_multipart(&r, &whole, 1) : add_part(&r, &whole);
	if (err == 0)
		*n = r.n;
	return err;
}

int body_sdp(const struct sip_msg *m, struct str *sdp)
{
	struct body_part parts[BODY_MAX_PARTS];
	size_t n;
	int err = body_parts(m, parts, BODY_MAX_PARTS, &n);
	if (err != 0)
		return err;
	for (size_t i = 0; i < n; i++) {
		/* RFC 3959: an early session is another one. */
		if (name_eq(parts[i].type, STR("application/sdp")) &&
		    !str_istarts(parts[i].disposition, STR("early-session"))) {
			*sdp = parts[i].bytes;
			return 0;
		}
	}
	return ENOENT;
}
