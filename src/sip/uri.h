// SPDX-License-Identifier: Apache-2.0
/**
 * SIP, SIPS and TEL URIs: RFC 3261 section 19.1, RFC 3966.
 *
 * All slices point into the text that was parsed. Escapes are kept as they
 * stand; uri_unescape and uri_user_eq look through them.
 */
#pragma once

#include "base/addr.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

enum uri_scheme { URI_SIP, URI_SIPS, URI_TEL, URI_OTHER };

struct uri {
	enum uri_scheme scheme;
	struct str text;        /* all of it */
	struct str scheme_text; /* as written, without ':' */
	struct str user;        /* escaped; tel: the number; empty when absent */
	struct str password;    /* escaped; never printed again */
	struct str host;        /* without brackets; empty for tel and other schemes */
	bool host_v6;           /* host was in brackets */
	uint16_t port;          /* 0: none given */
	struct str params;      /* without the first ';' */
	struct str headers;     /* without '?' */
};

/** E_MALFORMED. A scheme other than sip, sips, tel is not an error: URI_OTHER. */
must_check int uri_parse(struct uri *u, struct str text);

/**
 * Value of a URI parameter, name compared without case. False: absent. A
 * parameter without '=' has an empty value.
 */
bool uri_param(const struct uri *u, struct str name, struct str *value);

/** What of it may stand in a request line: all but its headers (RFC 3261 sections 19.1.1, 19.1.5). */
struct str uri_without_headers(struct str text);

/** Undo %HH. A slice of `s` itself when nothing was escaped, else in `a`. May hold NULs. */
struct str uri_unescape(struct arena *a, struct str s);

/** Equal as RFC 3261 section 19.1.4 says for users: escapes undone, case counts. */
bool uri_user_eq(struct str escaped, struct str plain);

/** RFC 3261 section 19.1.4, whole comparison (sip and sips; others, and those with more
 * than 512 bytes of parameters, byte for byte). */
bool uri_eq(const struct uri *a, const struct uri *b);

/** `s` with all that section 25.1 does not allow in a user part escaped. */
void uri_put_user(struct buf *b, struct str s);

/** Looks of a host: an IP literal gives its address, else ENOENT. */
must_check int uri_host_addr(const struct uri *u, struct addr *out);
