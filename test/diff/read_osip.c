// SPDX-License-Identifier: Apache-2.0
#include "reading.h"

#include <osipparser2/osip_parser.h>

static struct text text_z(const char *z)
{
	return (struct text){z, z ? strlen(z) : 0};
}

static struct text param(osip_list_t *params, const char *name)
{
	osip_generic_param_t *found = NULL;
	char copy[16];
	snprintf(copy, sizeof copy, "%s", name);
	osip_generic_param_get_byname(params, copy, &found);
	return found ? text_z(found->gvalue) : text_z(NULL);
}

static char *first_contact(const osip_message_t *m)
{
	osip_contact_t *c = NULL;
	char *uri = NULL;
	if (osip_message_get_contact(m, 0, &c) < 0 || !c)
		return NULL;
	if (!c->url)
		return c->displayname ? osip_strdup(c->displayname) : NULL; /* the star */
	return osip_uri_to_str(c->url, &uri) == 0 ? uri : NULL;
}

static void fill(struct reading *r, const osip_message_t *m)
{
	osip_via_t *via = osip_list_get(&m->vias, 0);
	if (m->sip_method)
		r->start = text_z(m->sip_method);
	else
		snprintf(r->status, sizeof r->status, "%d", m->status_code);
	if (m->cseq) {
		snprintf(r->cseq, sizeof r->cseq, "%s", m->cseq->number ? m->cseq->number : "");
		r->cseq_method = text_z(m->cseq->method);
	}
	if (m->from)
		r->from_tag = param(&m->from->gen_params, "tag");
	if (m->to)
		r->to_tag = param(&m->to->gen_params, "tag");
	if (via)
		r->branch = param(&via->via_params, "branch");
	if (m->content_length && m->content_length->value)
		snprintf(r->length, sizeof r->length, "%s", m->content_length->value);
}

void read_message(const char *file, const char *p, size_t n)
{
	static int ready;
	struct reading r = {.why = ""};
	osip_message_t *m = NULL;
	char *call_id = NULL, *contact = NULL;
	if (!ready++)
		parser_init();
	if (osip_message_init(&m) != 0)
		abort();
	int err = osip_message_parse(m, p, n);
	if (err != 0) {
		snprintf(r.why, sizeof r.why, "error %d", err);
	} else {
		fill(&r, m);
		if (m->call_id && osip_call_id_to_str(m->call_id, &call_id) == 0)
			r.call_id = text_z(call_id);
		r.contact = text_z(contact = first_contact(m));
	}
	print_reading(file, &r);
	osip_free(call_id);
	osip_free(contact);
	osip_message_free(m);
}
