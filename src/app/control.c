// SPDX-License-Identifier: Apache-2.0
#include "app/control.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/list.h"

enum { READ_BYTES = 16384, ANSWER_MAX = 256 << 20 };

struct client {
	struct list_node node;
	struct control *control;
	struct ev_io io;
	struct buf in, out;
	size_t sent;                     /* bytes of `out` that are gone */
	bool ended;                      /* the other end sends no more */
	bool dead;
	struct control_request *request; /* being answered; one at a time */
	char who[64];
};

struct control_request {
	struct list_node node;
	struct client *client; /* NULL: it has gone */
	void *ctx;
	void (*fini)(void *ctx);
	char who[64];
};

struct control {
	struct control_args args;
	struct ev_io listener;
	struct list_node clients, requests;
	struct ev_hook reap; /* frees dead clients after the turn */
	size_t n_clients;
	char *path;
};

/* -- clients ------------------------------------------------------------------------- */

/* Freed by the hook: this may be called from inside the client's own callback (DESIGN rule 10). */
static void kill_client(struct client *cl)
{
	if (cl->dead)
		return;
	cl->dead = true;
	loop_io_del(cl->control->args.loop, &cl->io);
	close(cl->io.fd);
	cl->control->n_clients--;
	if (cl->request)
		cl->request->client = NULL;
	cl->request = NULL;
}

static void free_client(struct client *cl)
{
	list_remove(&cl->node);
	if (cl->in.cap)
		mem_wipe(cl->in.p, cl->in.cap); /* a tenant file holds passwords */
	buf_fini(&cl->in);
	buf_fini(&cl->out);
	free(cl);
}

static void reap(void *arg)
{
	struct control *c = arg;
	list_for_each_safe(it, &c->clients) {
		struct client *cl = container_of(it, struct client, node);
		if (cl->dead)
			free_client(cl);
	}
}

static void watch(struct client *cl)
{
	unsigned want = (cl->ended ? 0 : EV_READ) | (cl->sent < cl->out.n ? EV_WRITE : 0);
	/* While a request is being answered nothing more is read, so a client bounds itself. */
	if (cl->request)
		want &= ~(unsigned)EV_READ;
	if (want != cl->io.events && loop_io_mod(cl->control->args.loop, &cl->io, want) != 0)
		kill_client(cl);
}

static void flush(struct client *cl)
{
	while (cl->sent < cl->out.n) {
		ssize_t n = send(cl->io.fd, cl->out.p + cl->sent, cl->out.n - cl->sent,
		                 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			kill_client(cl);
			return;
		}
		cl->sent += (size_t)n;
	}
	buf_reset(&cl->out);
	cl->sent = 0;
}

/* -- answers ------------------------------------------------------------------------- */

static int add_json(const char *p, size_t n, void *arg)
{
	struct buf *out = arg;
	buf_add(out, p, n);
	return buf_ok(out) ? 0 : -1;
}

static void take_lines(struct client *cl);

static void finish(struct control_request *rq, json_t *answer)
{
	struct client *cl = rq->client;
	list_remove(&rq->node);
	if (rq->fini)
		rq->fini(rq->ctx);
	free(rq);
	if (!cl) {
		json_decref(answer);
		return;
	}
	cl->request = NULL;
	int err = json_dump_callback(answer, add_json, &cl->out, JSON_COMPACT);
	json_decref(answer);
	buf_ch(&cl->out, '\n');
	if (err || !buf_ok(&cl->out))
		kill_client(cl);
	else
		flush(cl);
}

/* An answer that comes later than its request's turn starts the next line itself. */
static void finish_and_go_on(struct control_request *rq, json_t *answer)
{
	struct client *cl = rq->client;
	finish(rq, answer);
	if (cl && !cl->dead)
		take_lines(cl);
}

void control_answer(struct control_request *rq, json_t *result, struct str text)
{
	json_t *answer = json_pack("{s:b,s:o}", "ok", 1, "result", result ? result : json_null());
	if (text.n)
		json_object_set_new(answer, "text", json_stringn(text.p, text.n));
	finish_and_go_on(rq, answer);
}

void control_refuse(struct control_request *rq, enum exit_code code, struct str error)
{
	json_t *text = json_stringn(error.p ? error.p : "", error.n);
	finish_and_go_on(rq, json_pack("{s:b,s:i,s:o}", "ok", 0, "code", (int)code, "error",
	                               text ? text : json_string("?")));
}

const char *control_request_who(const struct control_request *rq)
{
	return rq->who;
}

void control_request_keep(struct control_request *rq, void *ctx, void (*fini)(void *ctx))
{
	rq->ctx = ctx;
	rq->fini = fini;
}

void *control_request_kept(const struct control_request *rq)
{
	return rq->ctx;
}

/* -- requests ------------------------------------------------------------------------ */

static struct control_request *new_request(struct client *cl)
{
	struct control_request *rq = calloc(1, sizeof *rq);
	if (!rq)
		abort();
	rq->client = cl;
	memcpy(rq->who, cl->who, sizeof rq->who);
	list_push_back(&cl->control->requests, &rq->node);
	cl->request = rq;
	return rq;
}

static void handle_line(struct client *cl, struct str line)
{
	struct control *c = cl->control;
	struct control_request *rq = new_request(cl);
	json_t *root = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
	const char *name = json_string_value(json_object_get(root, "command"));
	const struct command *cmd = name ? command_find(str_z(name)) : NULL;
	json_t *args = json_object_get(root, "args");
	if (!root)
		control_refuse(rq, EXIT_USAGE, STR("a request is one JSON object on one line"));
	else if (!cmd)
		control_refuse(rq, EXIT_USAGE, STR("there is no such command"));
	else if (args && !json_is_object(args))
		control_refuse(rq, EXIT_USAGE, STR("args is no object"));
	else {
		json_t *none = args ? NULL : json_object();
		c->args.fn(rq, cmd, args ? args : none, c->args.arg);
		json_decref(none);
	}
	json_decref(root);
}

/* Handles whole lines until one waits for its answer. */
static void take_lines(struct client *cl)
{
	size_t done = 0;
	if (cl->in.cap == 0)
		return watch(cl);
	struct buf in = cl->in;     /* a handler may answer at once, and come here again: */
	buf_init(&cl->in, in.max);  /* then it finds nothing to do */
	while (!cl->dead && !cl->request) {
		struct str rest = {in.p + done, in.n - done};
		size_t n = str_find(rest, '\n');
		if (n == rest.n)
			break;
		done += n + 1;
		handle_line(cl, str_sub(rest, 0, n));
		mem_wipe(in.p + done - n - 1, n);
	}
	memmove(in.p, in.p + done, in.n - done);
	in.n -= done;
	cl->in = in;
	if (cl->dead)
		return;
	if (!cl->request && in.n >= cl->control->args.max_line)
		return kill_client(cl);
	if (cl->ended && !cl->request && cl->sent >= cl->out.n)
		return kill_client(cl);
	watch(cl);
}

static void read_some(struct client *cl)
{
	char bytes[READ_BYTES];
	ssize_t n = recv(cl->io.fd, bytes, sizeof bytes, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0)
		return kill_client(cl);
	if (n == 0)
		cl->ended = true;
	if (n == 0 && cl->in.cap == 0 && cl->sent >= cl->out.n)
		return kill_client(cl); /* it never said anything */
	buf_add(&cl->in, bytes, (size_t)n);
	if (!buf_ok(&cl->in))
		return kill_client(cl);
	take_lines(cl);
}

static void on_client(struct ev_io *io, unsigned events, void *arg)
{
	struct client *cl = arg;
	(void)io;
	if (events & EV_WRITE)
		flush(cl);
	if (cl->dead)
		return;
	if ((events & EV_READ) && !cl->request && !cl->ended)
		read_some(cl);
	else if (events == (EV_READ | EV_WRITE) && cl->request)
		kill_client(cl); /* hung up while it waits: the request goes on alone */
	else if (cl->ended && !cl->request && cl->sent >= cl->out.n)
		kill_client(cl);
	else
		watch(cl);
}

/* -- listener ------------------------------------------------------------------------ */

static void name_peer(struct client *cl)
{
	struct ucred cred;
	socklen_t n = sizeof cred;
	struct passwd entry, *found = NULL;
	char mem[1024];
	if (getsockopt(cl->io.fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) != 0)
		snprintf(cl->who, sizeof cl->who, "cli:?");
	else if (getpwuid_r(cred.uid, &entry, mem, sizeof mem, &found) == 0 && found)
		snprintf(cl->who, sizeof cl->who, "cli:%.50s", entry.pw_name);
	else
		snprintf(cl->who, sizeof cl->who, "cli:%u", (unsigned)cred.uid);
}

static void add_client(struct control *c, int fd)
{
	struct client *cl = calloc(1, sizeof *cl);
	if (!cl)
		abort();
	cl->control = c;
	cl->io = (struct ev_io){.fd = fd, .events = EV_READ, .fn = on_client, .arg = cl};
	buf_init(&cl->in, c->args.max_line + READ_BYTES);
	buf_init(&cl->out, ANSWER_MAX);
	name_peer(cl);
	list_push_back(&c->clients, &cl->node);
	if (loop_io_add(c->args.loop, &cl->io) == 0) {
		c->n_clients++;
		return;
	}
	close(fd);
	free_client(cl);
}

static void on_listener(struct ev_io *io, unsigned events, void *arg)
{
	struct control *c = arg;
	(void)events;
	int fd = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	if (c->n_clients < c->args.max_clients)
		add_client(c, fd);
	else
		close(fd);
}

static bool somebody_answers(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool yes = fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof *at) == 0;
	if (fd >= 0)
		close(fd);
	return yes;
}

/* The socket is made with mode 0600 from its first moment on. */
static int bind_path(const char *path, int *out)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	if (!str_copyz(at.sun_path, sizeof at.sun_path, str_z(path)))
		return ENAMETOOLONG;
	if (somebody_answers(&at))
		return EADDRINUSE;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return errno;
	unlink(path);
	mode_t mask = umask(0177);
	int err = bind(fd, (struct sockaddr *)&at, sizeof at) == 0 ? 0 : errno;
	umask(mask);
	if (err == 0 && listen(fd, 64) != 0)
		err = errno;
	if (err)
		close(fd);
	else
		*out = fd;
	return err;
}

int control_open(struct control **out, const struct control_args *args, struct buf *why)
{
	int fd = -1;
	int err = bind_path(args->path, &fd);
	if (err) {
		buf_printf(why, "the control socket %s: %s", args->path, err_text(err));
		return err;
	}
	struct control *c = calloc(1, sizeof *c);
	if (!c)
		abort();
	c->args = *args;
	c->path = str_dupz(str_z(args->path));
	list_init(&c->clients);
	list_init(&c->requests);
	c->listener = (struct ev_io){.fd = fd, .events = EV_READ, .fn = on_listener, .arg = c};
	c->reap = (struct ev_hook){.fn = reap, .arg = c};
	err = loop_io_add(args->loop, &c->listener);
	if (err) {
		close(fd);
		free(c->path);
		free(c);
		return err;
	}
	loop_hook_add(args->loop, &c->reap);
	*out = c;
	return 0;
}

void control_close(struct control *c)
{
	list_for_each_safe(it, &c->clients) {
		struct client *cl = container_of(it, struct client, node);
		kill_client(cl);
		free_client(cl);
	}
	list_for_each_safe(it, &c->requests) {
		struct control_request *rq = container_of(it, struct control_request, node);
		if (rq->fini)
			rq->fini(rq->ctx);
		free(rq);
	}
	loop_hook_del(c->args.loop, &c->reap);
	loop_io_del(c->args.loop, &c->listener);
	close(c->listener.fd);
	unlink(c->path);
	free(c->path);
	free(c);
}
