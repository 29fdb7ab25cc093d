// SPDX-License-Identifier: Apache-2.0
/**
 * SIP messages: RFC 3261 section 7, read in one pass, without copies.
 *
 * All slices point into the bytes that were parsed (or into the arena, where a
 * folded line had to be joined). A message is borrowed: it lives as long as the
 * callback it is given to. Who needs a part of it longer copies that part.
 *
 * Header names are looked up and then compared; a hash is never trusted.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "sip/uri.h"

enum sip_method {
	SIP_INVITE, SIP_ACK, SIP_BYE, SIP_CANCEL, SIP_REGISTER, SIP_OPTIONS, SIP_INFO, SIP_UPDATE,
	SIP_PRACK, SIP_MESSAGE, SIP_SUBSCRIBE, SIP_NOTIFY, SIP_REFER, SIP_PUBLISH, SIP_METHOD_OTHER,
	SIP_METHODS
};

/** Known headers: X(id, "Name", compact form or 0). Table order is the enum's. */
#define SIP_HEADERS(X) \
	X(HDR_VIA, "Via", 'v') \
	X(HDR_FROM, "From", 'f') \
	X(HDR_TO, "To", 't') \
	X(HDR_CALL_ID, "Call-ID", 'i') \
	X(HDR_CSEQ, "CSeq", 0) \
	X(HDR_MAX_FORWARDS, "Max-Forwards", 0) \
	X(HDR_CONTACT, "Contact", 'm') \
	X(HDR_CONTENT_LENGTH, "Content-Length", 'l') \
	X(HDR_CONTENT_TYPE, "Content-Type", 'c') \
	X(HDR_CONTENT_DISPOSITION, "Content-Disposition", 0) \
	X(HDR_CONTENT_ENCODING, "Content-Encoding", 'e') \
	X(HDR_ROUTE, "Route", 0) \
	X(HDR_RECORD_ROUTE, "Record-Route", 0) \
	X(HDR_PATH, "Path", 0) \
	X(HDR_SERVICE_ROUTE, "Service-Route", 0) \
	X(HDR_SUPPORTED, "Supported", 'k') \
	X(HDR_REQUIRE, "Require", 0) \
	X(HDR_PROXY_REQUIRE, "Proxy-Require", 0) \
	X(HDR_UNSUPPORTED, "Unsupported", 0) \
	X(HDR_ALLOW, "Allow", 0) \
	X(HDR_ALLOW_EVENTS, "Allow-Events", 'u') \
	X(HDR_ACCEPT, "Accept", 0) \
	X(HDR_AUTHORIZATION, "Authorization", 0) \
	X(HDR_PROXY_AUTHORIZATION, "Proxy-Authorization", 0) \
	X(HDR_WWW_AUTHENTICATE, "WWW-Authenticate", 0) \
	X(HDR_PROXY_AUTHENTICATE, "Proxy-Authenticate", 0) \
	X(HDR_EXPIRES, "Expires", 0) \
	X(HDR_MIN_EXPIRES, "Min-Expires", 0) \
	X(HDR_SESSION_EXPIRES, "Session-Expires", 'x') \
	X(HDR_MIN_SE, "Min-SE", 0) \
	X(HDR_RSEQ, "RSeq", 0) \
	X(HDR_RACK, "RAck", 0) \
	X(HDR_REASON, "Reason", 0) \
	X(HDR_RETRY_AFTER, "Retry-After", 0) \
	X(HDR_USER_AGENT, "User-Agent", 0) \
	X(HDR_SERVER, "Server", 0) \
	X(HDR_SUBJECT, "Subject", 's') \
	X(HDR_EVENT, "Event", 'o') \
	X(HDR_SUBSCRIPTION_STATE, "Subscription-State", 0) \
	X(HDR_REFER_TO, "Refer-To", 'r') \
	X(HDR_REFERRED_BY, "Referred-By", 'b') \
	X(HDR_REPLACES, "Replaces", 0) \
	X(HDR_P_ASSERTED_IDENTITY, "P-Asserted-Identity", 0) \
	X(HDR_P_PREFERRED_IDENTITY, "P-Preferred-Identity", 0) \
	X(HDR_REMOTE_PARTY_ID, "Remote-Party-ID", 0) \
	X(HDR_PRIVACY, "Privacy", 0) \
	X(HDR_DIVERSION, "Diversion", 0) \
	X(HDR_HISTORY_INFO, "History-Info", 0) \
	X(HDR_ALERT_INFO, "Alert-Info", 0) \
	X(HDR_CALL_INFO, "Call-Info", 0) \
	X(HDR_WARNING, "Warning", 0) \
	X(HDR_DATE, "Date", 0) \
	X(HDR_TIMESTAMP, "Timestamp", 0) \
	X(HDR_FLOW_TIMER, "Flow-Timer", 0) \
	X(HDR_MIME_VERSION, "MIME-Version", 0)

enum sip_hdr_id {
#define X(id, name, compact) id,
	SIP_HEADERS(X)
#undef X
	HDR_OTHER,
	HDR_IDS = HDR_OTHER
};

struct sip_hdr {
	enum sip_hdr_id id;
	struct str name;  /* as written */
	struct str value; /* unfolded and trimmed */
	uint16_t next;    /* index of the next header with the same known id; 0: none */
};

/** name-addr or addr-spec with its parameters: From, To, Contact, Route, ... (section 20.10). */
struct sip_addr {
	struct str text;
	struct str display; /* inside of the quotes, escapes kept, or the tokens */
	struct uri uri;
	struct str params;  /* header parameters, without the first ';' */
	struct str tag;     /* the "tag" among them */
	bool star;          /* Contact: * */
};

struct sip_via {
	struct str text;
	struct str transport; /* as written */
	struct str host;      /* sent-by, without brackets */
	uint16_t port;        /* 0: none given */
	struct str branch;
	struct str received;
	bool rport;           /* present at all (RFC 3581) */
	uint16_t rport_value; /* 0: no value */
	struct str params;
};

struct sip_cseq {
	uint32_t number;
	enum sip_method method;
	struct str method_text;
};

struct sip_msg {
	struct str bytes;  /* start line to the end of the body */
	bool request;

	enum sip_method method; /* of the request line; of CSeq in a response */
	struct str method_text;
	struct str ruri_text;
	struct uri ruri;

	uint16_t status;
	struct str reason;

	struct sip_hdr *hdrs; /* in the order of the message; index 0 is not used */
	uint16_t n_hdrs;      /* the last index */
	uint16_t first[HDR_IDS]; /* index of the first of each known header; 0: absent */

	/* Always there in a message that was accepted: */
	struct sip_via via; /* topmost */
	struct sip_addr from, to;
	struct str call_id;
	struct sip_cseq cseq;

	int32_t max_forwards; /* -1: absent */
	struct str body;
	struct arena *arena;  /* for what is derived from the message */
};

struct sip_limits {
	size_t max_message; /* bytes, body included */
	size_t max_headers;
	size_t max_body;
};

/** Where and why a message was refused, for the answer and the log. */
struct sip_parse_error {
	size_t offset;
	const char *what;   /* static text, fit for a reason phrase */
	uint16_t status;    /* 400, 416, 505, 513 ... that answers a request; 0: drop it */
};

/**
 * Read one whole message. On a datagram, octets behind Content-Length are ignored
 * (RFC 3261 section 18.3); without Content-Length the body is all that follows.
 *
 * Even when it fails, what could be read of Via, From, To, Call-ID and CSeq is in
 * `m` (m->via.text.n != 0 and so on), so that a bad request can be answered.
 *
 * @return 0; E_MALFORMED; E_LIMIT
 */
must_check int sip_msg_parse(struct sip_msg *m, struct arena *a, struct str bytes,
                             const struct sip_limits *limits, struct sip_parse_error *e);

/**
 * Framing on a stream (section 18.3): how many bytes the first message takes.
 * Leading CRLFs (keep-alives, RFC 5626 section 3.5.1) are counted in `skip`:
 * a message starts there.
 *
 * @param total  set to the message's length, without `skip`
 * @return 0; E_MORE; E_MALFORMED or E_LIMIT: close the connection
 */
must_check int sip_stream_frame(struct str bytes, const struct sip_limits *limits, size_t *skip,
                                size_t *total);

/** First header of this kind or NULL; and the next of the same kind. */
const struct sip_hdr *sip_hdr(const struct sip_msg *m, enum sip_hdr_id id);
const struct sip_hdr *sip_hdr_next(const struct sip_msg *m, const struct sip_hdr *h);
/** First header with a name that is not in the table; without case. */
const struct sip_hdr *sip_hdr_named(const struct sip_msg *m, struct str name);
/** Value of the first one, or an empty slice. */
struct str sip_value(const struct sip_msg *m, enum sip_hdr_id id);

/** Does any header of this kind (a comma list) hold the token? */
bool sip_has_token(const struct sip_msg *m, enum sip_hdr_id id, struct str token);

/** Walk the elements of all headers of one kind; start with a zeroed iterator. */
struct sip_iter {
	const struct sip_hdr *h;
	struct str rest;
	bool begun;
};
/** ENOENT at the end; E_MALFORMED. */
must_check int sip_iter_next(struct sip_iter *it, const struct sip_msg *m, enum sip_hdr_id id,
                             struct str *element);

must_check int sip_addr_parse(struct sip_addr *out, struct str text);
must_check int sip_via_parse(struct sip_via *out, struct str text);
must_check int sip_cseq_parse(struct sip_cseq *out, struct str text);
/** First Contact; ENOENT when there is none; E_MALFORMED. */
must_check int sip_contact(const struct sip_msg *m, struct sip_addr *out);
/** A header that is one decimal number. ENOENT; E_MALFORMED; ERANGE. */
must_check int sip_number(const struct sip_msg *m, enum sip_hdr_id id, uint32_t *out);

enum sip_method sip_method_parse(struct str s); /* case counts */
struct str sip_method_name(enum sip_method m);
struct str sip_hdr_name(enum sip_hdr_id id);
/** The usual phrase for a status; "Unknown" for none of ours. */
struct str sip_reason(uint16_t status);
