// SPDX-License-Identifier: Apache-2.0
/* Via: RFC 3261 section 20.42, with rport of RFC 3581. */
#include <errno.h>

#include "sip/chars.h"
#include "sip/msg.h"
#include "sip/param.h"

/** Take a token and the '/' behind it, both with blanks around them (section 25.1, SLASH). */
static const char *take_part(const char *p, const char *end, struct str *token)
{
	const char *start = p;
	p = skip_class(p, end, CH_TOKEN);
	*token = str_span(start, p);
	p = skip_blanks(p, end);
	if (token->n == 0 || p == end || *p != '/')
		return NULL;
	return skip_blanks(p + 1, end);
}

/** sent-protocol. Its version is not looked at: what the start line says decides. */
static const char *read_protocol(struct sip_via *out, const char *p, const char *end)
{
	struct str name, version;
	p = take_part(p, end, &name);
	if (!p || !name_eq(name, STR("SIP")))
		return NULL;
	p = take_part(p, end, &version);
	if (!p)
		return NULL;
	const char *start = p;
	p = skip_class(p, end, CH_TOKEN);
	out->transport = str_span(start, p);
	const char *host = skip_blanks(p, end);
	return out->transport.n != 0 && host != p ? host : NULL;
}

static bool to_port(struct str s, uint16_t *port)
{
	uint32_t v;
	if (str_u32(s, &v) != 0 || v > UINT16_MAX)
		return false;
	*port = (uint16_t)v;
	return true;
}

/** sent-by: blanks may stand on both sides of the ':'. */
static const char *read_sent_by(struct sip_via *out, const char *p, const char *end)
{
	bool v6 = p < end && *p == '[';
	if (v6)
		p++;
	const char *start = p;
	p = skip_class(p, end, v6 ? CH_V6 : CH_HOST);
	out->host = str_span(start, p);
	if (out->host.n == 0 || (v6 && (p == end || *p++ != ']')))
		return NULL;
	p = skip_blanks(p, end);
	if (p == end || *p != ':')
		return p;
	p = skip_blanks(p + 1, end);
	start = p;
	while (p < end && ch_digit(*p))
		p++;
	if (!to_port(str_span(start, p), &out->port) || out->port == 0)
		return NULL;
	return skip_blanks(p, end);
}

/** RFC 5118 section 4.5: brackets do not belong here, and are tolerated. */
static struct str without_brackets(struct str s)
{
	if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		return str_span(s.p + 1, str_end(s) - 1);
	return s;
}

static int read_param(struct sip_via *out, struct str name, struct str value)
{
	if (name_eq(name, STR("branch"))) {
		if (out->branch.n != 0 || !all_of(value, CH_PNAME))
			return E_MALFORMED;
		out->branch = value;
	} else if (name_eq(name, STR("received"))) {
		out->received = without_brackets(value);
	} else if (name_eq(name, STR("rport"))) {
		out->rport = true;
		if (value.n != 0 && !to_port(value, &out->rport_value))
			return E_MALFORMED;
	}
	return 0;
}

int sip_via_parse(struct sip_via *out, struct str text)
{
	struct str trimmed = trim_span(text.p, str_end(text));
	const char *end = str_end(trimmed);
	*out = (struct sip_via){.text = trimmed};
	const char *p = read_protocol(out, trimmed.p, end);
	if (p)
		p = read_sent_by(out, p, end);
	if (!p || (p < end && *p != ';'))
		return E_MALFORMED;
	if (p == end)
		return 0;
	if (is_empty_param(p + 1, end))
		return E_MALFORMED;
	out->params = str_span(p + 1, end);
	struct str rest = out->params, name, value;
	bool quoted;
	int err;
	while ((err = param_next(&rest, ';', &name, &value, &quoted)) == 0)
		if ((err = read_param(out, name, value)) != 0)
			return err;
	return err == ENOENT ? 0 : err;
}
