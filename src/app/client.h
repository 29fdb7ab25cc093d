// SPDX-License-Identifier: Apache-2.0
/** The other end of the control socket, for the command line: blocking, one request. */
#pragma once

#include <jansson.h>

#include "base/buf.h"

enum { CLIENT_ANSWER_MAX = 256 << 20, CLIENT_WAIT_S = 60 };

/**
 * Send {"command", "args"} to the daemon of a data directory and wait for its answer.
 *
 * @param args  borrowed
 * @param out   set to the whole answer, a new reference
 * @return 0; ECONNREFUSED, ENOENT, EACCES, ETIMEDOUT, EPIPE: `why` says what that means
 */
must_check int client_ask(const char *data_dir, const char *command, json_t *args, json_t **out,
                          struct buf *why);
