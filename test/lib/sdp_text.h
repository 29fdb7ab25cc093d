// SPDX-License-Identifier: Apache-2.0
/** Session descriptions in tests: parse them, and look into printed ones. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "sdp/negotiate.h"
#include "sdp/sdp.h"

struct sdp_text {
	struct arena arena;
	char *mem; /* the text in exactly its size, so that a read beyond it is seen */
	struct sdp *sdp;
	struct sdp_error error;
	int err;
};

/** Parses; `t->err` and `t->error` say how it went. */
void sdp_text_init(struct sdp_text *t, struct str text);
void sdp_text_fini(struct sdp_text *t);
/** A file below test/sdp/, in `a`; fails the test when it cannot be read. */
struct str sdp_text_file(struct arena *a, const char *name);

/** Is `line` (without its end) one of the lines of `text`, all of which end with CRLF? */
bool sdp_text_has(struct str text, const char *line);
/** Does `needle` occur anywhere? */
bool sdp_text_contains(struct str text, const char *needle);
/** Lines that begin with `start`. */
size_t sdp_text_count(struct str text, const char *start);
