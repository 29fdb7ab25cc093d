// SPDX-License-Identifier: Apache-2.0
/* Methods and the usual reason phrases. */
#include "sip/msg.h"

static const struct str methods[SIP_METHODS] = {
#define METHOD(name) [SIP_##name] = {#name, sizeof(#name) - 1}
	METHOD(INVITE), METHOD(ACK), METHOD(BYE), METHOD(CANCEL), METHOD(REGISTER),
	METHOD(OPTIONS), METHOD(INFO), METHOD(UPDATE), METHOD(PRACK), METHOD(MESSAGE),
	METHOD(SUBSCRIBE), METHOD(NOTIFY), METHOD(REFER), METHOD(PUBLISH),
#undef METHOD
};

enum sip_method sip_method_parse(struct str s)
{
	for (unsigned m = 0; m < SIP_METHOD_OTHER; m++)
		if (str_eq(s, methods[m]))
			return (enum sip_method)m;
	return SIP_METHOD_OTHER;
}

struct str sip_method_name(enum sip_method m)
{
	return m < SIP_METHODS ? methods[m] : STR_NONE;
}

/* RFC 3261 section 21 and the registry of SIP response codes. */
static const struct {
	uint16_t status;
	struct str phrase;
} reasons[] = {
#define R(status, phrase) {status, {phrase, sizeof(phrase) - 1}}
	R(100, "Trying"),
	R(180, "Ringing"),
	R(181, "Call Is Being Forwarded"),
	R(182, "Queued"),
	R(183, "Session Progress"),
	R(199, "Early Dialog Terminated"),
	R(200, "OK"),
	R(202, "Accepted"),
	R(204, "No Notification"),
	R(300, "Multiple Choices"),
	R(301, "Moved Permanently"),
	R(302, "Moved Temporarily"),
	R(305, "Use Proxy"),
	R(380, "Alternative Service"),
	R(400, "Bad Request"),
	R(401, "Unauthorized"),
	R(402, "Payment Required"),
	R(403, "Forbidden"),
	R(404, "Not Found"),
	R(405, "Method Not Allowed"),
	R(406, "Not Acceptable"),
	R(407, "Proxy Authentication Required"),
	R(408, "Request Timeout"),
	R(410, "Gone"),
	R(412, "Conditional Request Failed"),
	R(413, "Request Entity Too Large"),
	R(414, "Request-URI Too Long"),
	R(415, "Unsupported Media Type"),
	R(416, "Unsupported URI Scheme"),
	R(417, "Unknown Resource-Priority"),
	R(420, "Bad Extension"),
	R(421, "Extension Required"),
	R(422, "Session Interval Too Small"),
	R(423, "Interval Too Brief"),
	R(424, "Bad Location Information"),
	R(428, "Use Identity Header"),
	R(429, "Provide Referrer Identity"),
	R(430, "Flow Failed"),
	R(433, "Anonymity Disallowed"),
	R(436, "Bad Identity Info"),
	R(437, "Unsupported Credential"),
	R(438, "Invalid Identity Header"),
	R(439, "First Hop Lacks Outbound Support"),
	R(440, "Max-Breadth Exceeded"),
	R(469, "Bad Info Package"),
	R(470, "Consent Needed"),
	R(480, "Temporarily Unavailable"),
	R(481, "Call/Transaction Does Not Exist"),
	R(482, "Loop Detected"),
	R(483, "Too Many Hops"),
	R(484, "Address Incomplete"),
	R(485, "Ambiguous"),
	R(486, "Busy Here"),
	R(487, "Request Terminated"),
	R(488, "Not Acceptable Here"),
	R(489, "Bad Event"),
	R(491, "Request Pending"),
	R(493, "Undecipherable"),
	R(494, "Security Agreement Required"),
	R(500, "Server Internal Error"),
	R(501, "Not Implemented"),
	R(502, "Bad Gateway"),
	R(503, "Service Unavailable"),
	R(504, "Server Time-out"),
	R(505, "Version Not Supported"),
	R(513, "Message Too Large"),
	R(555, "Push Notification Service Not Supported"),
	R(580, "Precondition Failure"),
	R(600, "Busy Everywhere"),
	R(603, "Decline"),
	R(604, "Does Not Exist Anywhere"),
	R(606, "Not Acceptable"),
	R(607, "Unwanted"),
	R(608, "Rejected"),
#undef R
};

struct str sip_reason(uint16_t status)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].phrase;
	return STR("Unknown");
}
