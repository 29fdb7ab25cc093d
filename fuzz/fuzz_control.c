// SPDX-License-Identifier: Apache-2.0
/* Bytes on the control socket: for each line of a request comes one line of an answer, in JSON,
 * at once or later, and the connection is closed at the end. */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/control.h"
#include "control_talk.h"
#include "feed.h"

enum { MAX_LINE = 4096, TURNS = 2000 };

static struct fixture {
	struct log log;
	struct loop *loop;
	struct control *control;
	struct control_request *later;
	size_t handled;
	char path[64];
} fx;

static void handle(struct control_request *rq, const struct command *c, const json_t *args, void *arg)
{
	struct fixture *f = arg;
	f->handled++;
	need(json_is_object(args));
	if (c->id == COMMAND_STATUS)
		f->later = rq;
	else if (c->id == COMMAND_UNDO)
		control_refuse(rq, EXIT_NOT_FOUND, STR("none"));
	else
		control_answer(rq, json_deep_copy(args), STR("text"));
}

static void clean_up(void)
{
	control_close(fx.control);
	loop_free(fx.loop);
}

static void begin(void)
{
	struct buf why;
	buf_init(&why, 1024);
	log_init_null(&fx.log);
	snprintf(fx.path, sizeof fx.path, "/tmp/tandem-fuzz-%d.sock", (int)getpid());
	const struct control_args args = {.loop = NULL, .path = fx.path, .max_clients = 3,
	                                  .max_line = MAX_LINE, .log = &fx.log, .fn = handle, .arg = &fx};
	struct control_args a = args;
	need(loop_new(&fx.loop) == 0);
	a.loop = fx.loop;
	need(control_open(&fx.control, &a, &why) == 0);
	buf_fini(&why);
	atexit(clean_up);
}

/** Turns the loop and reads what comes, until the other end closes. */
static void read_answers(int fd, struct buf *in)
{
	for (unsigned turn = 0; turn < TURNS; turn++) {
		char bytes[4096];
		loop_turn(fx.loop, 0);
		if (fx.later) {
			struct control_request *rq = fx.later;
			fx.later = NULL;
			control_answer(rq, json_null(), STR_NONE);
		}
		ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
		if (n > 0)
			buf_add(in, bytes, (size_t)n);
		else if (n == 0)
			return;
	}
	abort(); /* it hangs */
}

static void check_answers(struct str in)
{
	while (in.n) {
		struct str line = str_cut(&in, '\n');
		json_t *answer = json_loadb(line.p, line.n, 0, NULL);
		need(json_is_boolean(json_object_get(answer, "ok")));
		json_decref(answer);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf in;
	if (!fx.control)
		begin();
	int fd = talk_connect(fx.path);
	ssize_t sent = send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	need(shutdown(fd, SHUT_WR) == 0);
	buf_init(&in, 1 << 24);
	if (sent >= 0)
		read_answers(fd, &in);
	check_answers(buf_view(&in));
	buf_fini(&in);
	close(fd);
	loop_turn(fx.loop, 0);
	return 0;
}
