// SPDX-License-Identifier: Apache-2.0
/**
 * A client of the control socket in the test's own thread: it sends, and turns the loop until
 * an answer is there.
 */
#pragma once

#include <jansson.h>

#include "ev/loop.h"

/** Connected descriptor; fails the test otherwise. */
int talk_connect(const char *path);
void talk_send(int fd, const char *bytes);
/** The next line, parsed, a new reference; NULL when the connection ended or none came in 1000 turns. */
json_t *talk_receive(struct loop *l, int fd);
/** Turns until the other end has closed; false when it did not. */
bool talk_is_closed(struct loop *l, int fd);
