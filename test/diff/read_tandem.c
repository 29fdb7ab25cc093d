// SPDX-License-Identifier: Apache-2.0
#include "reading.h"

#include "sip/msg.h"

static struct text text_of(struct str s)
{
	return (struct text){s.p, s.n};
}

static void fill(struct reading *r, const struct sip_msg *m)
{
	struct sip_addr contact;
	struct str length = sip_value(m, HDR_CONTENT_LENGTH);
	if (m->request)
		r->start = text_of(m->method_text);
	else
		snprintf(r->status, sizeof r->status, "%u", m->status);
	r->call_id = text_of(m->call_id);
	snprintf(r->cseq, sizeof r->cseq, "%u", m->cseq.number);
	r->cseq_method = text_of(m->cseq.method_text);
	r->from_tag = text_of(m->from.tag);
	r->to_tag = text_of(m->to.tag);
	r->branch = text_of(m->via.branch);
	if (sip_contact(m, &contact) == 0)
		r->contact = contact.star ? text_of(STR("*")) : text_of(contact.uri.text);
	snprintf(r->length, sizeof r->length, STR_FMT, STR_ARG(length));
}

void read_message(const char *file, const char *p, size_t n)
{
	static const struct sip_limits limits = {65535, 200, 65535};
	struct reading r = {.why = ""};
	struct sip_parse_error e = {0};
	struct sip_msg m;
	struct arena a;
	arena_init(&a, 8192);
	if (sip_msg_parse(&m, &a, (struct str){p, n}, &limits, &e) == 0)
		fill(&r, &m);
	else
		snprintf(r.why, sizeof r.why, "%s", e.what);
	print_reading(file, &r);
	arena_fini(&a);
}
