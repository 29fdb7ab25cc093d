// SPDX-License-Identifier: Apache-2.0
/** What `tandem` prints for people. */
#pragma once

#include <jansson.h>

#include "app/command.h"

/** The result of a command, as a table, a tree or lines. `text` is the daemon's own, or empty. */
void print_result(struct buf *out, enum command_id command, const json_t *result, struct str text);

/** A column: its head, and where its value stands ("fields.extension"). */
struct column {
	const char *head;
	const char *path;
};
/** `rows` is an array of objects. Control characters are shown as '?'. */
void print_table(struct buf *out, const json_t *rows, const struct column *columns, size_t n);
