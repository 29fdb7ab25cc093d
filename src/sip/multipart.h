// SPDX-License-Identifier: Apache-2.0
/** Multipart bodies: RFC 2046 section 5.1, RFC 5621. */
#pragma once

#include "base/arena.h"
#include "sip/msg.h"

struct body_part {
	struct str type;        /* "application/sdp", without parameters; text/plain when absent */
	struct str params;      /* of Content-Type */
	struct str disposition; /* whole value, or empty */
	struct str id;          /* Content-ID, or empty */
	struct str bytes;
};

enum { BODY_MAX_PARTS = 16 };

/**
 * The parts of a message's body: one part when it is not multipart, none when it
 * is empty. Nested multiparts are opened (depth 3 at most).
 *
 * @return 0; E_MALFORMED; E_LIMIT
 */
must_check int body_parts(const struct sip_msg *m, struct body_part *parts, size_t cap, size_t *n);

/**
 * The session description of a message: the first part of type application/sdp.
 * ENOENT when there is none; E_MALFORMED.
 */
must_check int body_sdp(const struct sip_msg *m, struct str *sdp);
