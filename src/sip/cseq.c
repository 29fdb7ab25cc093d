// SPDX-License-Identifier: Apache-2.0
/* CSeq: RFC 3261 section 20.16. */
#include "sip/chars.h"
#include "sip/msg.h"

int sip_cseq_parse(struct sip_cseq *out, struct str text)
{
	struct str s = trim_span(text.p, str_end(text));
	const char *p = s.p, *end = str_end(s);
	*out = (struct sip_cseq){.method = SIP_METHOD_OTHER};
	while (p < end && ch_digit(*p))
		p++;
	/* Section 8.1.1.5 keeps senders below 2^31; what fits 32 bits is read. */
	if (str_u32(str_span(s.p, p), &out->number) != 0)
		return E_MALFORMED;
	const char *method = skip_blanks(p, end);
	out->method_text = str_span(method, end);
	if (method == p || out->method_text.n == 0 || !all_of(out->method_text, CH_TOKEN))
		return E_MALFORMED;
	out->method = sip_method_parse(out->method_text);
	return 0;
}
