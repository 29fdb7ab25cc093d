// SPDX-License-Identifier: Apache-2.0
#include "sip/hdr_table.h"

#include "sip/chars.h"

static const struct str names[HDR_IDS] = {
#define X(id, name, compact) [id] = {name, sizeof(name) - 1},
	SIP_HEADERS(X)
#undef X
};

enum { LONGEST = 20, MOST = 7 };

/* Candidates by the length of the name; they are compared in full. */
static const struct {
	uint8_t n;
	uint8_t ids[MOST];
} by_length[LONGEST + 1] = {
	[2] = {1, {HDR_TO}},
	[3] = {1, {HDR_VIA}},
	[4] = {6, {HDR_FROM, HDR_CSEQ, HDR_PATH, HDR_DATE, HDR_RSEQ, HDR_RACK}},
	[5] = {3, {HDR_ALLOW, HDR_ROUTE, HDR_EVENT}},
	[6] = {4, {HDR_ACCEPT, HDR_MIN_SE, HDR_SERVER, HDR_REASON}},
	[7] = {7, {HDR_CALL_ID, HDR_CONTACT, HDR_EXPIRES, HDR_REQUIRE, HDR_SUBJECT, HDR_PRIVACY,
	           HDR_WARNING}},
	[8] = {2, {HDR_REFER_TO, HDR_REPLACES}},
	[9] = {4, {HDR_SUPPORTED, HDR_DIVERSION, HDR_TIMESTAMP, HDR_CALL_INFO}},
	[10] = {3, {HDR_USER_AGENT, HDR_ALERT_INFO, HDR_FLOW_TIMER}},
	[11] = {4, {HDR_UNSUPPORTED, HDR_RETRY_AFTER, HDR_REFERRED_BY, HDR_MIN_EXPIRES}},
	[12] = {6, {HDR_MAX_FORWARDS, HDR_CONTENT_TYPE, HDR_RECORD_ROUTE, HDR_ALLOW_EVENTS,
	            HDR_HISTORY_INFO, HDR_MIME_VERSION}},
	[13] = {3, {HDR_AUTHORIZATION, HDR_SERVICE_ROUTE, HDR_PROXY_REQUIRE}},
	[14] = {1, {HDR_CONTENT_LENGTH}},
	[15] = {2, {HDR_SESSION_EXPIRES, HDR_REMOTE_PARTY_ID}},
	[16] = {2, {HDR_WWW_AUTHENTICATE, HDR_CONTENT_ENCODING}},
	[18] = {2, {HDR_PROXY_AUTHENTICATE, HDR_SUBSCRIPTION_STATE}},
	[19] = {3, {HDR_PROXY_AUTHORIZATION, HDR_P_ASSERTED_IDENTITY, HDR_CONTENT_DISPOSITION}},
	[20] = {1, {HDR_P_PREFERRED_IDENTITY}},
};

static enum sip_hdr_id compact_form(char c)
{
	switch (ch_lower(c)) {
	case 'b': return HDR_REFERRED_BY;
	case 'c': return HDR_CONTENT_TYPE;
	case 'e': return HDR_CONTENT_ENCODING;
	case 'f': return HDR_FROM;
	case 'i': return HDR_CALL_ID;
	case 'k': return HDR_SUPPORTED;
	case 'l': return HDR_CONTENT_LENGTH;
	case 'm': return HDR_CONTACT;
	case 'o': return HDR_EVENT;
	case 'r': return HDR_REFER_TO;
	case 's': return HDR_SUBJECT;
	case 't': return HDR_TO;
	case 'u': return HDR_ALLOW_EVENTS;
	case 'v': return HDR_VIA;
	case 'x': return HDR_SESSION_EXPIRES;
	default: return HDR_OTHER;
	}
}

enum sip_hdr_id hdr_lookup(struct str name)
{
	if (name.n == 1)
		return compact_form(*name.p);
	if (name.n > LONGEST)
		return HDR_OTHER;
	for (size_t i = 0; i < by_length[name.n].n; i++) {
		enum sip_hdr_id id = by_length[name.n].ids[i];
		if (name_eq(name, names[id]))
			return id;
	}
	return HDR_OTHER;
}

struct str sip_hdr_name(enum sip_hdr_id id)
{
	return id < HDR_IDS ? names[id] : STR_NONE;
}
