// SPDX-License-Identifier: Apache-2.0
/* Looking into a message that was parsed. */
#include <errno.h>

#include "sip/chars.h"
#include "sip/msg.h"
#include "sip/param.h"

const struct sip_hdr *sip_hdr(const struct sip_msg *m, enum sip_hdr_id id)
{
	return id < HDR_IDS && m->first[id] != 0 ? &m->hdrs[m->first[id]] : NULL;
}

const struct sip_hdr *sip_hdr_next(const struct sip_msg *m, const struct sip_hdr *h)
{
	return h->next != 0 ? &m->hdrs[h->next] : NULL;
}

const struct sip_hdr *sip_hdr_named(const struct sip_msg *m, struct str name)
{
	for (size_t i = 1; i <= m->n_hdrs; i++)
		if (m->hdrs[i].id == HDR_OTHER && name_eq(m->hdrs[i].name, name))
			return &m->hdrs[i];
	return NULL;
}

struct str sip_value(const struct sip_msg *m, enum sip_hdr_id id)
{
	const struct sip_hdr *h = sip_hdr(m, id);
	return h ? h->value : STR_NONE;
}

bool sip_has_token(const struct sip_msg *m, enum sip_hdr_id id, struct str token)
{
	for (const struct sip_hdr *h = sip_hdr(m, id); h; h = sip_hdr_next(m, h))
		if (list_has(h->value, token))
			return true;
	return false;
}

int sip_iter_next(struct sip_iter *it, const struct sip_msg *m, enum sip_hdr_id id,
                  struct str *element)
{
	if (!it->begun) {
		it->begun = true;
		it->h = sip_hdr(m, id);
		it->rest = it->h ? it->h->value : STR_NONE;
	}
	while (it->h) {
		int err = list_next(&it->rest, element);
		if (err != ENOENT)
			return err;
		it->h = sip_hdr_next(m, it->h);
		it->rest = it->h ? it->h->value : STR_NONE;
	}
	return ENOENT;
}

int sip_number(const struct sip_msg *m, enum sip_hdr_id id, uint32_t *out)
{
	const struct sip_hdr *h = sip_hdr(m, id);
	return h ? str_u32(h->value, out) : ENOENT;
}
