// SPDX-License-Identifier: Apache-2.0
/* name-addr and addr-spec: RFC 3261 section 20.10. */
#include <errno.h>

#include "sip/chars.h"
#include "sip/msg.h"
#include "sip/param.h"

/** Header parameters; the tag among them (section 19.3), which may be there once. */
static int read_params(struct sip_addr *out, struct str params)
{
	struct str name, value;
	bool quoted;
	int err;
	out->params = params;
	while ((err = param_next(&params, ';', &name, &value, &quoted)) == 0) {
		if (!name_eq(name, STR("tag")))
			continue;
		if (quoted || out->tag.n != 0 || value.n == 0 || !all_of(value, CH_PNAME))
			return E_MALFORMED;
		out->tag = value;
	}
	return err == ENOENT ? 0 : err;
}

/** `p` is behind the URI: nothing, or ';' and parameters. */
static int read_tail(struct sip_addr *out, const char *p, const char *end)
{
	p = skip_blanks(p, end);
	if (p == end)
		return 0;
	if (*p != ';' || is_empty_param(p + 1, end))
		return E_MALFORMED;
	return read_params(out, str_span(p + 1, end));
}

/** `p` is at '<'. Blanks inside the brackets are forgiven (RFC 4475 section 3.1.2.14). */
static int read_name_addr(struct sip_addr *out, const char *p, const char *end)
{
	const char *close = memchr(p, '>', (size_t)(end - p));
	if (!close || uri_parse(&out->uri, trim_span(p + 1, close)) != 0)
		return E_MALFORMED;
	return read_tail(out, close + 1, end);
}

static int read_quoted_name(struct sip_addr *out, const char *p, const char *end)
{
	const char *close = quote_end(p + 1, end);
	if (!close)
		return E_MALFORMED;
	out->display = str_span(p + 1, close);
	p = skip_blanks(close + 1, end);
	return p < end && *p == '<' ? read_name_addr(out, p, end) : E_MALFORMED;
}

/**
 * Without brackets, ';' begins the header's parameters, and ',' and '?' must not occur
 * (section 20.10).
 */
static int read_addr_spec(struct sip_addr *out, const char *p, const char *semicolon,
                          const char *end)
{
	struct str text = trim_span(p, semicolon);
	if (text.n != 0 && (memchr(text.p, '?', text.n) || memchr(text.p, ',', text.n)))
		return E_MALFORMED;
	if (uri_parse(&out->uri, text) != 0)
		return E_MALFORMED;
	return read_tail(out, semicolon, end);
}

/** Tokens by the grammar; bare UTF-8 and punctuation are in use. No comma: it would be a list. */
static bool is_plain_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == ',' || s.p[i] == '>' || s.p[i] == '\\')
			return false;
	return true;
}

int sip_addr_parse(struct sip_addr *out, struct str text)
{
	const char *end = str_end(text);
	struct str trimmed = trim_span(text.p, end);
	*out = (struct sip_addr){.text = trimmed};
	const char *p = trimmed.p;
	end = str_end(trimmed);
	if (trimmed.n == 1 && *p == '*') {
		out->star = true;
		return 0;
	}
	if (p < end && *p == '"')
		return read_quoted_name(out, p, end);
	const char *stop = p;
	while (stop < end && *stop != '<' && *stop != ';' && *stop != '"')
		stop++;
	if (stop == end || *stop == ';')
		return read_addr_spec(out, p, stop, end);
	out->display = trim_span(p, stop);
	if (*stop != '<' || !is_plain_name(out->display))
		return E_MALFORMED;
	return read_name_addr(out, stop, end);
}

int sip_contact(const struct sip_msg *m, struct sip_addr *out)
{
	struct sip_iter it = {0};
	struct str element;
	int err = sip_iter_next(&it, m, HDR_CONTACT, &element);
	return err != 0 ? err : sip_addr_parse(out, element);
}
