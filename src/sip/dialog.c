// SPDX-License-Identifier: Apache-2.0
#include "sip/dialog.h"

#include "sip/build.h"
#include "sip/param.h"

enum { MAX_ROUTES = 16, MAX_ROUTES_TEXT = 2048, MAX_TARGET = 1024, MAX_NAMES = 1536 };

struct str sip_addr_naked(const struct sip_addr *a)
{
	struct str s = a->text;
	if (a->params.p && a->params.n)
		s.n = (size_t)(a->params.p - s.p);
	s = str_trim(s);
	while (s.n && s.p[s.n - 1] == ';')
		s = str_trim(str_sub(s, 0, s.n - 1));
	return s;
}

/** The Record-Routes of a message as one Route value, turned round for the caller's side. */
static void take_routes(struct dialog *d, const struct sip_msg *m, bool reverse)
{
	struct str routes[MAX_ROUTES];
	size_t n = 0;
	struct sip_iter it = {0};
	struct str one;
	while (n < MAX_ROUTES && sip_iter_next(&it, m, HDR_RECORD_ROUTE, &one) == 0)
		routes[n++] = one;
	char room[MAX_ROUTES_TEXT];
	struct buf b;
	buf_init_fixed(&b, room, sizeof room);
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_lit(&b, ", ");
		buf_str(&b, routes[reverse ? n - 1 - i : i]);
	}
	d->routes_lost = !buf_ok(&b) || sip_iter_next(&it, m, HDR_RECORD_ROUTE, &one) == 0;
	text_set(&d->routes, d->routes_lost ? STR_NONE : buf_view(&b));
}

static void take_target(struct dialog *d, const struct sip_msg *m)
{
	struct sip_addr contact;
	if (sip_contact(m, &contact) == 0 && !contact.star && contact.uri.text.n &&
	    contact.uri.text.n <= MAX_TARGET)
		text_set(&d->target, uri_without_headers(contact.uri.text));
}

void dialog_init_uas(struct dialog *d, const struct sip_msg *invite, struct str local_tag,
                     const struct flow *flow)
{
	*d = (struct dialog){.flow = *flow, .remote_cseq = invite->cseq.number};
	text_set(&d->call_id, invite->call_id);
	text_set(&d->local_tag, local_tag);
	text_set(&d->remote_tag, invite->from.tag);
	text_set(&d->local, sip_addr_naked(&invite->to));
	text_set(&d->remote, sip_addr_naked(&invite->from));
	text_set(&d->target, uri_without_headers(invite->from.uri.text));
	take_target(d, invite);
	take_routes(d, invite, false); /* 12.1.1: in order */
}

bool dialog_fits(const struct dialog *d)
{
	return !d->routes_lost && d->target.n <= MAX_TARGET &&
	       d->call_id.n + d->remote_tag.n + d->local.n + d->remote.n <= MAX_NAMES;
}

void dialog_init_uac(struct dialog *d, const struct dialog_uac_args *a)
{
	*d = (struct dialog){.flow = *a->flow, .uac = true, .local_cseq = 1};
	text_set(&d->call_id, a->call_id);
	text_set(&d->local_tag, a->local_tag);
	text_set(&d->local, a->local);
	text_set(&d->remote, a->remote);
	text_set(&d->target, uri_without_headers(a->target));
	text_set(&d->routes, a->routes);
}

void dialog_confirm(struct dialog *d, const struct sip_msg *response)
{
	text_set(&d->remote_tag, response->to.tag);
	take_target(d, response);
	if (sip_hdr(response, HDR_RECORD_ROUTE))
		take_routes(d, response, true); /* 12.1.2: reversed */
}

void dialog_fini(struct dialog *d)
{
	text_free(&d->call_id);
	text_free(&d->local_tag);
	text_free(&d->remote_tag);
	text_free(&d->local);
	text_free(&d->remote);
	text_free(&d->target);
	text_free(&d->routes);
}

void dialog_copy(struct dialog *out, const struct dialog *d)
{
	*out = *d;
	struct str *texts[] = {&out->call_id, &out->local_tag, &out->remote_tag, &out->local,
	                       &out->remote,  &out->target,    &out->routes};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct str borrowed = *texts[i];
		*texts[i] = STR_NONE;
		text_set(texts[i], borrowed);
	}
}

int dialog_request_in(struct dialog *d, const struct sip_msg *m, const struct flow *flow)
{
	if (m->method != SIP_ACK) {
		if (d->remote_cseq && m->cseq.number < d->remote_cseq)
			return E_STALE;
		d->remote_cseq = m->cseq.number;
	}
	/* The peer moved (NAT rebinding, a new connection): follow it. */
	d->flow = *flow;
	if (m->method == SIP_INVITE || m->method == SIP_UPDATE || m->method == SIP_SUBSCRIBE)
		take_target(d, m);
	return 0;
}

void dialog_refresh_target(struct dialog *d, const struct sip_msg *response)
{
	take_target(d, response);
}

void dialog_put_head(struct buf *b, const struct dialog *d, enum sip_method method, uint32_t cseq,
                     uint32_t max_forwards)
{
	if (d->routes.n)
		sip_put_hdr(b, HDR_ROUTE, d->routes);
	sip_put_hdr_u32(b, HDR_MAX_FORWARDS, max_forwards);
	sip_put_hdr_fmt(b, HDR_FROM, STR_FMT ";tag=" STR_FMT, STR_ARG(d->local),
	                STR_ARG(d->local_tag));
	if (d->remote_tag.n)
		sip_put_hdr_fmt(b, HDR_TO, STR_FMT ";tag=" STR_FMT, STR_ARG(d->remote),
		                STR_ARG(d->remote_tag));
	else
		sip_put_hdr(b, HDR_TO, d->remote);
	sip_put_hdr(b, HDR_CALL_ID, d->call_id);
	struct str name = sip_method_name(method);
	sip_put_hdr_fmt(b, HDR_CSEQ, "%u " STR_FMT, cseq, STR_ARG(name));
}

struct str dialog_ruri(const struct dialog *d)
{
	return d->target;
}
