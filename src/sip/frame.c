// SPDX-License-Identifier: Apache-2.0
/* Where a message on a stream ends: RFC 3261 section 18.3. */
#include <errno.h>

#include "sip/chars.h"
#include "sip/hdr_table.h"
#include "sip/lines.h"

/** Whole CRLFs before a message: keep-alives (RFC 5626 section 3.5.1, RFC 3261 section 7.5). */
static size_t leading_crlf(struct str bytes)
{
	size_t n = 0;
	for (;;) {
		if (n + 1 < bytes.n && bytes.p[n] == '\r' && bytes.p[n + 1] == '\n')
			n += 2;
		else if (n < bytes.n && bytes.p[n] == '\n')
			n++;
		else
			return n;
	}
}

/** A value with folds has at most blanks and line ends around its digits. */
static int read_length(const struct hdr_line *h, bool *seen, uint32_t *length)
{
	uint32_t v;
	if (str_u32(str_trim(h->raw), &v) != 0 || (*seen && v != *length))
		return E_MALFORMED;
	*seen = true;
	*length = v;
	return 0;
}

/** Reads start line and headers; 0 when they are whole: *rest is the body's begin. */
static int read_head(struct str *rest, uint32_t *length)
{
	struct line start;
	struct hdr_line h;
	bool seen = false;
	int err = line_next(rest, &start);
	if (err != 0)
		return err;
	while ((err = hdr_line_next(rest, false, &h)) != ENOENT) {
		if (err == E_MORE)
			return err;
		if (hdr_lookup(h.name) != HDR_CONTENT_LENGTH)
			continue; /* a broken header is answered with 400: the frame holds */
		if (err != 0 || read_length(&h, &seen, length) != 0)
			return E_MALFORMED;
	}
	return 0;
}

int sip_stream_frame(struct str bytes, const struct sip_limits *limits, size_t *skip, size_t *total)
{
	*skip = leading_crlf(bytes);
	if (*skip == bytes.n)
		return E_MORE;
	struct str rest = str_span(bytes.p + *skip, str_end(bytes));
	const char *begin = rest.p;
	uint32_t length = 0;
	int err = read_head(&rest, &length);
	if (err == E_MORE)
		return (size_t)(str_end(bytes) - begin) > limits->max_message ? E_LIMIT : E_MORE;
	if (err != 0)
		return err;
	size_t head = (size_t)(rest.p - begin);
	if (length > limits->max_body || head + length > limits->max_message)
		return E_LIMIT;
	if (rest.n < length)
		return E_MORE;
	*total = head + length;
	return 0;
}
