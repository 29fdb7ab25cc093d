// SPDX-License-Identifier: Apache-2.0
/**
 * The control socket: a unix stream socket in the data directory (mode 0600). One JSON
 * request a line, one JSON answer a line, in the order of the requests:
 *
 *     {"command": "get", "args": {"kind": "user", "tenant": "acme"}}
 *     {"ok": true, "result": [...]}
 *     {"ok": false, "code": 4, "error": "there is no tenant acme"}
 *
 * Who may open the socket may do everything: the file's mode is the permission.
 *
 * Thread:   the control loop's.
 * Lifetime: control_open -> handler(request) ... control_answer(request) -> control_close.
 *           An answer may come in a later turn; the connection's next line waits for it. A request
 *           outlives its connection and must be answered all the same.
 */
#pragma once

#include <jansson.h>

#include "app/command.h"
#include "base/log.h"
#include "ev/loop.h"

struct control;
struct control_request;

/** `args` is borrowed for the call, always an object. `c` is the command that was named. */
typedef void control_fn(struct control_request *rq, const struct command *c, const json_t *args,
                        void *arg);

struct control_args {
	struct loop *loop;
	const char *path;   /* of the socket; a stale one is replaced */
	size_t max_clients;
	size_t max_line;    /* bytes of a request */
	const struct log *log;
	control_fn *fn;
	void *arg;
};

/** EADDRINUSE: another process answers on the socket. `why` names the path. */
must_check int control_open(struct control **out, const struct control_args *args, struct buf *why);
/** Requests that are not answered yet are dropped; nobody may answer them afterwards. */
void control_close(struct control *c);

/** "cli:" and the user at the other end. */
const char *control_request_who(const struct control_request *rq);
/** `ctx` is freed by `fini` with the request, whether it is answered or dropped. */
void control_request_keep(struct control_request *rq, void *ctx, void (*fini)(void *ctx));
void *control_request_kept(const struct control_request *rq);

/** Ends the request. `result` is taken over; `text` (may be empty) is the same for people. */
void control_answer(struct control_request *rq, json_t *result, struct str text);
/** Ends the request. */
void control_refuse(struct control_request *rq, enum exit_code code, struct str error);
