// SPDX-License-Identifier: Apache-2.0
/**
 * The commands of `tandem` as one table: names, arguments, sentences. The command line,
 * its --help, the completion for bash and the control socket's dispatch use it.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"

enum command_id {
	COMMAND_APPLY,
	COMMAND_PLAN,
	COMMAND_GET,
	COMMAND_HISTORY,
	COMMAND_UNDO,
	COMMAND_REGISTRATIONS,
	COMMAND_CALLS,
	COMMAND_HANGUP,
	COMMAND_CDR,
	COMMAND_EXPLAIN,
	COMMAND_DIFF,
	COMMAND_FLOW,
	COMMAND_REACH,
	COMMAND_STATUS,
	COMMAND_COMPLETION,
	COMMANDS
};

/** Exit codes of `tandem`, and "code" in an answer of the control socket. */
enum exit_code {
	EXIT_OK,
	EXIT_REFUSED,     /* refused, or failed */
	EXIT_USAGE,
	EXIT_UNREACHABLE, /* no daemon answers on the socket */
	EXIT_NOT_FOUND,
};

enum { ARG_REQUIRED = 1, ARG_POSITION = 2 };

struct command_arg {
	const char *name;        /* "tenant"; also the key in a request's "args" */
	const char *value;       /* what stands for the value: "TENANT" */
	unsigned flags;          /* ARG_*; without ARG_POSITION it is --name VALUE */
	const char *const *words; /* the values there are, NULL-ended; NULL: any */
	const char *text;
};

struct command {
	enum command_id id;
	const char *name;
	const struct command_arg *args;
	size_t n_args;
	const char *text;  /* one sentence */
	const char *more;  /* further lines of its --help, or NULL */
};

const struct command *command_get(enum command_id id);
/** NULL when there is no such command. */
const struct command *command_find(struct str name);

/**
 * The words behind the command's name, as {"tenant": "acme", ...}.
 * @return 0; E_MALFORMED with `why`: unknown, missing or surplus
 */
must_check int command_parse(const struct command *c, size_t n, char *const *words, json_t **out,
                             struct buf *why);

/** "tandem get KIND [ID] [--tenant TENANT]". */
void command_put_usage(struct buf *out, const struct command *c);
void command_put_help(struct buf *out, const struct command *c);
/** `tandem --help`. */
void commands_put_help(struct buf *out);
/** deploy/completion/tandem.bash. */
void commands_put_completion(struct buf *out);
