// SPDX-License-Identifier: Apache-2.0
/** Which requests are one transaction: RFC 3261 section 17.2.3. */
#include "base/crypto.h"
#include "sip/trans_internal.h"

enum { HEAD_BYTES = 4 }; /* method, length of the branch, port */

static bool has_cookie(struct str branch)
{
	struct str cookie = STR("z9hG4bK");
	return str_starts(branch, cookie) && branch.n > cookie.n;
}

/** Branch, sent-by and method; the host without its case. */
static void put_branch(struct trans_key *k, const struct sip_via *via)
{
	char *p = k->p + HEAD_BYTES;
	memcpy(p, via->branch.p, via->branch.n);
	p += via->branch.n;
	for (size_t i = 0; i < via->host.n; i++)
		*p++ = ch_lower(via->host.p[i]);
	k->n = (uint16_t)(p - k->p);
}

/** A digest of what is to be equal, where that is long. It is no secret and has no collisions. */
static void put_digest(struct trans_key *k, const struct str *parts, size_t n)
{
	uint8_t sum[SHA256_BYTES];
	crypto_sha256(parts, n, sum);
	memcpy(k->p + HEAD_BYTES, sum, sizeof sum);
	k->n = HEAD_BYTES + sizeof sum;
}

/**
 * RFC 2543: Request-URI, From tag, Call-ID, CSeq and the whole Via. The To tag differs between an
 * INVITE and its ACK, so strans_on_ack compares that.
 */
static void put_rfc2543(struct trans_key *k, const struct sip_msg *m)
{
	const struct str cseq = {(const char *)&m->cseq.number, sizeof m->cseq.number},
	                 nul = STR("\0");
	const struct str parts[] = {m->ruri_text, nul, m->from.tag, nul,
	                            m->call_id,   nul, cseq,        m->via.text};
	put_digest(k, parts, sizeof parts / sizeof *parts);
}

void trans_key_make(struct trans_key *k, const struct sip_stack *s, const struct sip_msg *m,
                    enum sip_method method)
{
	const struct sip_via *via = &m->via;
	k->rfc2543 = !has_cookie(via->branch);
	uint8_t branch_n = 0;
	if (k->rfc2543) {
		put_rfc2543(k, m);
	} else if (via->branch.n > UINT8_MAX ||
	           HEAD_BYTES + via->branch.n + via->host.n > sizeof k->p) {
		const struct str parts[] = {via->branch, STR("\0"), via->host};
		put_digest(k, parts, 3);
	} else {
		put_branch(k, via);
		branch_n = (uint8_t)via->branch.n;
	}
	k->p[0] = (char)method;
	k->p[1] = (char)branch_n; /* 0: a digest */
	memcpy(k->p + 2, &via->port, sizeof via->port);
	k->hash = hash_bytes(&s->hash_key, k->p, k->n);
}
