// SPDX-License-Identifier: Apache-2.0
/** The lines that every description of ours is made of. */
#pragma once

#include "sdp/negotiate.h"

/** v= to t=. Ours alone: no user name, no session name. */
void sdp_put_session(struct buf *b, const struct sdp_local *local);
/** An m-line of somebody's with port 0; nothing else of it passes (RFC 3264 section 6). */
void sdp_put_refused(struct buf *b, const struct sdp_media *m);
/** a=rtpmap and a=fmtp; `fmtp` may be empty. */
void sdp_put_format(struct buf *b, uint8_t pt, const struct sdp_format *f, struct str fmtp);
/** ptime and maxptime where not 0, direction, rtcp-mux: the end of an m-section. */
void sdp_put_tail(struct buf *b, uint32_t ptime_ms, uint32_t maxptime_ms, enum sdp_dir dir, bool mux);
/** Refused lines up to `min`, when `n` are there. */
void sdp_put_missing(struct buf *b, size_t n, size_t min);
