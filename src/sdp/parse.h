// SPDX-License-Identifier: Apache-2.0
/** Between sdp.c, which walks the lines, and sdp_media.c, which reads what belongs to an m-line. */
#pragma once

#include "sdp/sdp.h"

/** The value of m=; `what` says why not. E_MALFORMED or E_LIMIT. */
must_check int sdp_media_begin(struct sdp_media *m, struct str value, const char **what);
/** An attribute of the line: what is understood goes into `m`, the rest is left alone. */
void sdp_media_attr(struct sdp_media *m, const struct sdp_attr *at);
/** All lines are read: settle addresses and what depends on them. */
void sdp_media_end(const struct sdp *s, struct sdp_media *m, bool has_own_conn);

/** The value of c=, or what follows the port of a=rtcp; ADDR_NONE for a host name. */
struct addr sdp_conn_parse(struct str value);
/** "sendonly" and so on, without value. */
bool sdp_dir_parse(const struct sdp_attr *at, enum sdp_dir *dir);
/** RFC 8866 section 9, token: not empty. */
bool sdp_is_token(struct str s);
/** Cut the next word of `*s` at blanks; empty at the end. */
struct str sdp_word(struct str *s);
