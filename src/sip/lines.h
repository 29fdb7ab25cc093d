// SPDX-License-Identifier: Apache-2.0
/**
 * Header lines as RFC 3261 section 7.3.1 lays them out: "name: value" with
 * folding. Shared by the message parser, the framing of streams and multipart bodies, so
 * that all of them agree where a header ends.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"

struct line {
	struct str text; /* without CRLF */
	bool clean;      /* no bare CR, and NUL only in a quoted-pair (section 25.1) */
	bool bare_lf;    /* ended by LF alone: not SIP, but it occurs */
};

struct hdr_line {
	struct str name;
	struct str raw; /* the value with its folds, without the last line's end */
	bool folded;
	bool bare_lf; /* any of its lines */
};

/** Take one line off `*rest`. @return 0; E_MORE: no LF in it */
must_check int line_next(struct str *rest, struct line *out);

/**
 * Take the next header off `*rest`.
 *
 * @param whole  no bytes will follow `*rest`; a missing last empty line is forgiven
 * @return 0; ENOENT: the end of the headers, its empty line is taken; E_MORE (unless
 *         `whole`); E_MALFORMED: its lines are taken, they were no header
 */
must_check int hdr_line_next(struct str *rest, bool whole, struct hdr_line *out);

/** Value on one line and trimmed; in the arena when it was folded. */
struct str hdr_line_value(struct arena *a, const struct hdr_line *h);
