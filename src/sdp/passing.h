// SPDX-License-Identifier: Apache-2.0
/** Between relay.c and bridge.c: the one line that passes, and its formats. */
#pragma once

#include "sdp/negotiate.h"

/** One format of the line to print: number and name of `f`, parameters of `fmtp`. */
struct sdp_passed {
	const struct sdp_format *f;
	struct str fmtp;
};

struct sdp_passing {
	struct sdp_passed fmt[SDP_MAX_FORMATS];
	size_t n;
};

/** The line that is kept of an offer: n_media when there is none. */
size_t sdp_kept_line(const struct sdp *offer);
/**
 * The answer's line for line `kept` of the offer. An answer with fewer lines breaks RFC 3264
 * section 6; then the audio that it has can only be this one. NULL: refused.
 */
const struct sdp_media *sdp_answered_line(const struct sdp *answer, const struct sdp *offer,
                                          size_t kept);
/**
 * The answer's formats in the answer's order by the offer's numbers; what was not offered is
 * dropped (RFC 3264 section 6.1). RED names other numbers inside its fmtp and packets, which we do
 * not rewrite: it passes only where no number changes.
 */
void sdp_match_formats(struct sdp_passing *p, const struct sdp_media *offered,
                       const struct sdp_media *answered);
/** Is any of them audio? */
bool sdp_speaks(const struct sdp_passing *p);
/** `m`: whose media and protocol words; RFC 3264 section 6 wants them the same in the answer. */
void sdp_put_kept(struct buf *b, const struct sdp_media *m, const struct sdp_passing *p,
                  const struct sdp_local *local);
