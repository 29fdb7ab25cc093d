// SPDX-License-Identifier: Apache-2.0
/**
 * Printing SIP messages into a buffer. Values are written so that a CR, LF or NUL
 * in them can never start another header: such bytes become blanks.
 */
#pragma once

#include "base/buf.h"
#include "sip/flow.h"
#include "sip/msg.h"

/** "METHOD uri SIP/2.0\r\n" */
void sip_put_request_line(struct buf *b, struct str method, struct str ruri);
/** "SIP/2.0 486 Busy Here\r\n"; the usual phrase when `reason` is empty. */
void sip_put_status_line(struct buf *b, uint16_t status, struct str reason);

void sip_put_hdr(struct buf *b, enum sip_hdr_id id, struct str value);
void sip_put_named(struct buf *b, struct str name, struct str value);
void sip_put_hdr_u32(struct buf *b, enum sip_hdr_id id, uint32_t value);
void sip_put_hdr_fmt(struct buf *b, enum sip_hdr_id id, const char *fmt, ...) printf_like(3, 4);

/** A quoted-string, escaped; control bytes become blanks and bad UTF-8 '?'. */
void sip_put_quoted(struct buf *b, struct str s);

/** Content-Type (when `type` is not empty), Content-Length, the empty line and the body. */
void sip_put_body(struct buf *b, struct str type, struct str body);

/**
 * Top Via: "Via: SIP/2.0/UDP host:port;branch=...;rport\r\n"; rport only on datagrams.
 */
void sip_put_via(struct buf *b, enum sip_transport t, const struct addr *sent_by,
                 struct str branch);

/**
 * The part of a response that repeats the request (RFC 3261 section 8.2.6): all
 * Vias, the top one with received and rport as RFC 3261 section 18.2.1 and RFC 3581
 * section 4 ask, From, To (with `to_tag` added when it is not empty and To has none),
 * Call-ID, CSeq, and, where `record_route`, the Record-Routes; Timestamp.
 */
void sip_put_reply_head(struct buf *b, const struct sip_msg *req, const struct addr *source,
                        struct str to_tag, bool record_route);
