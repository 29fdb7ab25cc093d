// SPDX-License-Identifier: Apache-2.0
#include "sip/lines.h"

#include <errno.h>

#include "sip/chars.h"

/** RFC 3261 section 25.1: CR only in CRLF, NUL only in a quoted-pair. */
static bool is_clean(struct str line)
{
	if (line.n == 0)
		return true;
	if (memchr(line.p, '\r', line.n))
		return false;
	const char *p = line.p, *end = p + line.n;
	while ((p = memchr(p, 0, (size_t)(end - p))) != NULL) {
		if (p == line.p || p[-1] != '\\')
			return false;
		if (++p == end)
			break;
	}
	return true;
}

int line_next(struct str *rest, struct line *out)
{
	const char *lf = rest->n != 0 ? memchr(rest->p, '\n', rest->n) : NULL;
	if (!lf)
		return E_MORE;
	out->bare_lf = lf == rest->p || lf[-1] != '\r';
	out->text = str_span(rest->p, out->bare_lf ? lf : lf - 1);
	out->clean = is_clean(out->text);
	*rest = str_span(lf + 1, str_end(*rest));
	return 0;
}

/** HCOLON: blanks may stand before the colon (section 25.1). */
static bool split_name(struct str line, struct hdr_line *out)
{
	const char *end = str_end(line);
	const char *p = skip_class(line.p, end, CH_TOKEN);
	out->name = str_span(line.p, p);
	p = skip_blanks(p, end);
	if (out->name.n == 0 || p == end || *p != ':')
		return false;
	out->raw = str_span(p + 1, end);
	return true;
}

/** Take the lines that continue a header: they start with a blank. */
static int take_folds(struct str *left, bool whole, struct hdr_line *h)
{
	int err = 0;
	for (;;) {
		if (left->n == 0)
			return whole ? err : E_MORE; /* the next byte decides */
		if (!ch_blank(*left->p))
			return err;
		struct line line;
		if (line_next(left, &line) != 0) {
			*left = str_span(str_end(*left), str_end(*left));
			return whole ? E_MALFORMED : E_MORE;
		}
		h->folded = true;
		h->bare_lf |= line.bare_lf;
		h->raw = str_span(h->raw.p, str_end(line.text));
		if (!line.clean)
			err = E_MALFORMED;
	}
}

int hdr_line_next(struct str *rest, bool whole, struct hdr_line *out)
{
	struct str left = *rest;
	struct line line;
	if (left.n == 0)
		return whole ? ENOENT : E_MORE;
	if (line_next(&left, &line) != 0) {
		if (!whole)
			return E_MORE;
		*rest = str_span(str_end(*rest), str_end(*rest));
		return E_MALFORMED;
	}
	if (line.text.n == 0) {
		*rest = left;
		return ENOENT;
	}
	*out = (struct hdr_line){.raw = line.text, .bare_lf = line.bare_lf};
	bool good = split_name(line.text, out) && line.clean;
	int err = take_folds(&left, whole, out);
	if (err == E_MORE)
		return err;
	*rest = left;
	return good ? err : E_MALFORMED;
}

/** Section 7.3.1: a fold and the blanks behind it mean a single SP. */
static struct str unfold(struct arena *a, struct str raw)
{
	char *copy = arena_alloc(a, raw.n);
	size_t n = 0;
	const char *p = raw.p, *end = str_end(raw);
	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		const char *stop = lf ? lf : end;
		struct str part = trim_span(p, lf && lf > p && lf[-1] == '\r' ? lf - 1 : stop);
		if (n != 0 && part.n != 0)
			copy[n++] = ' ';
		if (part.n != 0)
			memcpy(copy + n, part.p, part.n);
		n += part.n;
		p = lf ? lf + 1 : end;
	}
	return (struct str){copy, n};
}

struct str hdr_line_value(struct arena *a, const struct hdr_line *h)
{
	if (h->folded)
		return unfold(a, h->raw);
	return trim_span(h->raw.p, str_end(h->raw));
}
