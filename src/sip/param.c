// SPDX-License-Identifier: Apache-2.0
#include "sip/param.h"

#include <errno.h>

#include "sip/chars.h"

/** What follows '=': sets *value and returns where the parameter ends, NULL when malformed. */
static const char *take_value(const char *p, const char *end, char sep, struct str *value,
                              bool *quoted)
{
	p = skip_blanks(p, end);
	*quoted = p < end && *p == '"';
	if (*quoted) {
		const char *close = quote_end(p + 1, end);
		if (!close)
			return NULL;
		*value = str_span(p + 1, close);
		p = skip_blanks(close + 1, end);
		return p == end || *p == sep ? p : NULL;
	}
	const char *start = p;
	while (p < end && *p != sep)
		p++;
	*value = trim_span(start, p);
	return p;
}

int param_next(struct str *rest, char sep, struct str *name, struct str *value, bool *quoted)
{
	const char *p = rest->p, *end = str_end(*rest);
	p = skip_blanks(p, end);
	if (p < end && *p == sep)
		p = skip_blanks(p + 1, end);
	if (p == end) {
		*rest = str_span(end, end);
		return ENOENT;
	}
	const char *start = p;
	p = skip_class(p, end, CH_PNAME);
	if (p == start)
		return E_MALFORMED;
	struct str key = str_span(start, p), val = str_span(p, p);
	bool in_quotes = false;
	p = skip_blanks(p, end);
	if (p < end && *p == '=')
		p = take_value(p + 1, end, sep, &val, &in_quotes);
	else if (p < end && *p != sep)
		p = NULL;
	if (!p)
		return E_MALFORMED;
	*rest = str_span(p, end);
	*name = key;
	*value = val;
	*quoted = in_quotes;
	return 0;
}

bool param_get(struct str params, struct str name, struct str *value)
{
	struct str n, v;
	bool quoted;
	while (param_next(&params, ';', &n, &v, &quoted) == 0) {
		if (name_eq(n, name)) {
			*value = v;
			return true;
		}
	}
	return false;
}

struct str str_unquote(struct arena *a, struct str inside)
{
	if (inside.n == 0 || !memchr(inside.p, '\\', inside.n))
		return inside;
	char *copy = arena_alloc(a, inside.n);
	size_t n = 0;
	for (size_t i = 0; i < inside.n; i++) {
		if (inside.p[i] == '\\' && i + 1 < inside.n)
			i++;
		copy[n++] = inside.p[i];
	}
	return (struct str){copy, n};
}

/** The ',' that ends the element at `p`, or `end`; NULL when a quote or '<' is not closed. */
static const char *element_end(const char *p, const char *end)
{
	for (; p < end && *p != ','; p++) {
		if (*p == '"')
			p = quote_end(p + 1, end);
		else if (*p == '<')
			p = memchr(p, '>', (size_t)(end - p));
		if (!p)
			return NULL;
	}
	return p;
}

int list_next(struct str *rest, struct str *element)
{
	const char *p = rest->p, *end = str_end(*rest);
	while (p < end && (ch_blank(*p) || *p == ','))
		p++;
	if (p == end) {
		*rest = str_span(end, end);
		return ENOENT;
	}
	const char *stop = element_end(p, end);
	if (!stop)
		return E_MALFORMED;
	*element = trim_span(p, stop);
	*rest = str_span(stop, end);
	return 0;
}

bool list_has(struct str list, struct str token)
{
	struct str element;
	while (list_next(&list, &element) == 0) {
		/* An element of Accept or Require may carry parameters; a token holds no ';'. */
		struct str first = str_cut(&element, ';');
		if (name_eq(trim_span(first.p, str_end(first)), token))
			return true;
	}
	return false;
}

bool is_token(struct str s)
{
	return s.n != 0 && all_of(s, CH_TOKEN);
}
