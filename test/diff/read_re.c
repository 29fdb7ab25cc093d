// SPDX-License-Identifier: Apache-2.0
#define HAVE_INTTYPES_H 1 /* as libre was built */
#define HAVE_STDBOOL_H 1
#define HAVE_INET6 1
#include <re/re.h>

#include "reading.h"

static struct text text_pl(const struct pl *p)
{
	return (struct text){p->p, p->p ? p->l : 0};
}

static void fill(struct reading *r, const struct sip_msg *m, struct sip_addr *contact)
{
	const struct sip_hdr *h = sip_msg_hdr(m, SIP_HDR_CONTACT);
	struct pl tag;
	if (m->req)
		r->start = text_pl(&m->met);
	else
		snprintf(r->status, sizeof r->status, "%u", m->scode);
	r->call_id = text_pl(&m->callid);
	snprintf(r->cseq, sizeof r->cseq, "%u", m->cseq.num);
	r->cseq_method = text_pl(&m->cseq.met);
	r->from_tag = text_pl(&m->from.tag);
	tag = m->to.tag;
	r->to_tag = text_pl(&tag);
	r->branch = text_pl(&m->via.branch);
	if (h && pl_strcmp(&h->val, "*") == 0)
		r->contact = text_pl(&h->val);
	else if (h && sip_addr_decode(contact, &h->val) == 0)
		r->contact = text_pl(&contact->auri);
	snprintf(r->length, sizeof r->length, "%.*s", (int)m->clen.l, m->clen.p ? m->clen.p : "");
}

void read_message(const char *file, const char *p, size_t n)
{
	struct reading r = {.why = ""};
	struct sip_msg *m = NULL;
	struct sip_addr contact;
	struct mbuf *mb = mbuf_alloc(n + 1);
	if (!mb || mbuf_write_mem(mb, (const uint8_t *)p, n) != 0)
		abort();
	mb->pos = 0;
	int err = sip_msg_decode(&m, mb);
	if (err == 0)
		fill(&r, m, &contact);
	else
		snprintf(r.why, sizeof r.why, "%s", err == ENODATA ? "more data" : "error");
	print_reading(file, &r);
	mem_deref(m);
	mem_deref(mb);
}
