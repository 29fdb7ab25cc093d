// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ev/tcp_impl.h"

enum {
	READ_BYTES = 16384,
	READ_ROUNDS = 4, /* reads of one connection in one turn, to be fair to the others */
	MAX_PENDING = 65536,
	MAX_UNSENT = 1 << 20,
	CONNECT_MS = 4000,
	CLOSE_MS = 4000,
	MOST_BYTES = 1 << 30, /* keeps sums of limits from overflowing */
};

static void set_timer(struct tcp_conn *c, uint64_t ms)
{
	if (ms)
		timer_set(loop_wheel(c->loop), &c->timer, loop_now_ms(c->loop) + ms);
	else
		timer_cancel(loop_wheel(c->loop), &c->timer);
}

static void on_free(struct ev_defer *d)
{
	struct tcp_conn *c = container_of(d, struct tcp_conn, defer);

	buf_fini(&c->in);
	buf_fini(&c->out);
	free(c);
}

static void tell_closed(struct tcp_conn *c)
{
	struct tcp_listener *listener = c->listener;

	c->listener = NULL;
	if (listener)
		tcp_listener_forget(listener, c);
	if (!c->told) {
		c->told = true;
		c->ops->on_close(c, c->err, c->user);
	}
	loop_defer(c->loop, &c->defer, on_free);
}

static void on_ended(struct ev_defer *d)
{
	tell_closed(container_of(d, struct tcp_conn, defer));
}

/*
 * Bytes that came in and were not read would make the kernel reset the connection,
 * which can destroy what we have sent last; a peer that still sends gets it all the same.
 */
static void discard_input(struct tcp_conn *c)
{
	char unread[READ_BYTES];

	(void)shutdown(c->io.fd, SHUT_WR);
	for (int i = 0; i < READ_ROUNDS; i++) {
		if (recv(c->io.fd, unread, sizeof unread, MSG_DONTWAIT) <= 0)
			return;
	}
}

static void end_descriptor(struct tcp_conn *c, int err)
{
	c->err = err;
	c->ended = c->closing = true;
	timer_cancel(loop_wheel(c->loop), &c->timer);
	loop_io_del(c->loop, &c->io);
	close(c->io.fd);
	c->io.fd = -1;
}

/* on_close follows at the end of the turn, whoever is running now. */
static void end(struct tcp_conn *c, int err)
{
	if (c->ended)
		return;
	end_descriptor(c, err);
	loop_defer(c->loop, &c->defer, on_ended);
}

static void end_in_peace(struct tcp_conn *c)
{
	discard_input(c);
	end(c, 0);
}

void tcp_conn_end_now(struct tcp_conn *c)
{
	if (!c->ended)
		end_descriptor(c, 0);
	else
		loop_defer_cancel(&c->defer);
	tell_closed(c);
}

void tcp_conn_refuse(struct tcp_conn *c)
{
	c->told = true;
	tcp_conn_end_now(c);
}

static size_t unsent(const struct tcp_conn *c)
{
	return c->out.n - c->out_sent;
}

static void watch(struct tcp_conn *c)
{
	bool reads = !c->closing && !c->connecting;
	bool writes = c->connecting || unsent(c) > 0;
	int err = loop_io_mod(c->loop, &c->io, (reads ? EV_READ : 0U) | (writes ? EV_WRITE : 0U));

	if (err)
		end(c, err);
}

/* The queue keeps no memory while it is empty, and moves its rest only when half is sent. */
static void note_sent(struct tcp_conn *c, size_t n)
{
	c->out_sent += n;
	if (unsent(c) == 0) {
		buf_fini(&c->out);
		buf_init(&c->out, c->max_unsent * 2);
		c->out_sent = 0;
	} else if (c->out_sent >= c->max_unsent || c->out_sent > c->out.n / 2) {
		memmove(c->out.p, c->out.p + c->out_sent, unsent(c));
		c->out.n -= c->out_sent;
		c->out_sent = 0;
	}
	if (c->closing)
		set_timer(c, CLOSE_MS);
}

/* Returns 0 when the kernel has taken it or must be waited for (`*taken` tells), or an error. */
static int send_now(const struct tcp_conn *c, struct str bytes, size_t *taken)
{
	ssize_t n;

	*taken = 0;
	do {
		n = send(c->io.fd, bytes.p, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : errno;
	*taken = (size_t)n;
	return 0;
}

static void flush(struct tcp_conn *c)
{
	size_t taken;
	int err = 0;

	if (unsent(c) > 0) {
		err = send_now(c, str_sub(buf_view(&c->out), c->out_sent, c->out.n), &taken);
		if (taken)
			note_sent(c, taken);
	}
	if (err)
		end(c, err);
	else if (c->closing && unsent(c) == 0)
		end_in_peace(c);
	else
		watch(c);
}

static void begin_closing(struct tcp_conn *c)
{
	c->closing = true;
	set_timer(c, CLOSE_MS);
	if (c->connecting)
		return; /* what is queued is sent when it is up */
	flush(c);
}

/* Shows all that is unread; keeps what is not consumed. Most often nothing was left before. */
static void show(struct tcp_conn *c, struct str fresh)
{
	struct str bytes = fresh;
	size_t used;

	if (c->in.n) {
		buf_str(&c->in, fresh);
		bytes = buf_view(&c->in);
	}
	used = c->ops->on_bytes(c, bytes, c->user);
	if (c->closing)
		return;
	if (bytes.n - used >= c->max_pending) {
		end(c, E_LIMIT);
	} else if (bytes.p != c->in.p) {
		buf_str(&c->in, str_sub(bytes, used, bytes.n));
	} else if (used < bytes.n) {
		memmove(c->in.p, c->in.p + used, bytes.n - used);
		c->in.n -= used;
	} else {
		buf_fini(&c->in);
		buf_init(&c->in, c->max_pending + READ_BYTES);
	}
}

static void read_some(struct tcp_conn *c)
{
	char fresh[READ_BYTES];

	for (int i = 0; i < READ_ROUNDS && !c->closing; i++) {
		ssize_t n = recv(c->io.fd, fresh, sizeof fresh, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			if (errno != EAGAIN)
				end(c, errno);
			return;
		}
		if (n == 0) {
			begin_closing(c);
			return;
		}
		set_timer(c, c->idle_ms);
		show(c, (struct str){fresh, (size_t)n});
		if ((size_t)n < sizeof fresh)
			return;
	}
	loop_more(c->loop);
}

static void read_local(struct tcp_conn *c)
{
	struct sockaddr_storage ss = {0};
	socklen_t n = sizeof ss;

	if (getsockname(c->io.fd, (struct sockaddr *)&ss, &n) == 0)
		addr_from_sockaddr(&c->local, (struct sockaddr *)&ss);
}

static void finish_connect(struct tcp_conn *c)
{
	int err = 0;
	socklen_t n = sizeof err;

	if (getsockopt(c->io.fd, SOL_SOCKET, SO_ERROR, &err, &n) < 0)
		err = errno;
	if (err) {
		end(c, err);
		return;
	}
	c->connecting = false;
	read_local(c);
	if (!c->closing) {
		set_timer(c, c->idle_ms);
		c->ops->on_connect(c, c->user);
	}
	if (!c->ended)
		flush(c);
}

static void on_io(struct ev_io *io, unsigned events, void *arg)
{
	struct tcp_conn *c = arg;

	(void)io;
	if (c->connecting) {
		finish_connect(c);
		return;
	}
	if ((events & EV_READ) && !c->closing)
		read_some(c);
	/* A connection that is closing has no other sign of an error than that. */
	if ((events & EV_WRITE) && !c->ended)
		flush(c);
}

static void on_timer(struct timer *t, void *arg)
{
	(void)t;
	end(arg, ETIMEDOUT);
}

static size_t limit_or(size_t limit, size_t otherwise)
{
	if (!limit)
		return otherwise;
	return limit < MOST_BYTES ? limit : MOST_BYTES;
}

int tcp_conn_new(struct tcp_conn **out, struct loop *loop, int fd, const struct tcp_opts *opts,
                 const struct tcp_ops *ops)
{
	struct tcp_conn *c = calloc(1, sizeof *c);
	int one = 1;

	if (!c) {
		close(fd);
		return ENOMEM;
	}
	c->loop = loop;
	c->io = (struct ev_io){.fd = fd, .fn = on_io, .arg = c};
	c->ops = ops;
	c->id = loop_next_id(loop);
	c->idle_ms = opts->idle_ms;
	c->connect_ms = opts->connect_ms ? opts->connect_ms : CONNECT_MS;
	c->max_pending = limit_or(opts->max_pending, MAX_PENDING);
	c->max_unsent = limit_or(opts->max_unsent, MAX_UNSENT);
	timer_init(&c->timer, on_timer, c);
	list_init(&c->in_listener);
	buf_init(&c->in, c->max_pending + READ_BYTES);
	buf_init(&c->out, c->max_unsent * 2);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	read_local(c);
	*out = c;
	return 0;
}

int tcp_conn_start(struct tcp_conn *c)
{
	c->io.events = c->connecting ? EV_WRITE : EV_READ;
	set_timer(c, c->connecting ? c->connect_ms : c->idle_ms);
	return loop_io_add(c->loop, &c->io);
}

static void begin_connect(struct tcp_conn *c, const struct addr *to)
{
	struct sockaddr_storage ss;
	socklen_t n = addr_to_sockaddr(to, &ss);

	c->connecting = true;
	c->remote = *to;
	if (connect(c->io.fd, (struct sockaddr *)&ss, n) < 0 && errno != EINPROGRESS) {
		end(c, errno);
		return;
	}
	read_local(c);
}

int tcp_connect(struct tcp_conn **out, struct loop *loop, const struct addr *to,
                const struct tcp_opts *opts, const struct tcp_ops *ops, void *user)
{
	int fd = socket(to->family == ADDR_V6 ? AF_INET6 : AF_INET,
	                SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct tcp_conn *c;
	int err;

	if (fd < 0)
		return errno;
	err = tcp_conn_new(&c, loop, fd, opts, ops);
	if (err)
		return err;
	c->user = user;
	begin_connect(c, to);
	err = c->ended ? 0 : tcp_conn_start(c);
	if (err)
		end(c, err);
	*out = c;
	return 0;
}

void tcp_set_user(struct tcp_conn *c, void *user)
{
	c->user = user;
}

void *tcp_user(const struct tcp_conn *c)
{
	return c->user;
}

void tcp_set_idle(struct tcp_conn *c, uint64_t idle_ms)
{
	c->idle_ms = idle_ms;
	if (!c->closing && !c->connecting)
		set_timer(c, idle_ms);
}

int tcp_send(struct tcp_conn *c, struct str data)
{
	size_t taken = 0;

	if (c->closing)
		return EPIPE;
	if (data.n > c->max_unsent - unsent(c))
		return E_LIMIT;
	if (!c->connecting && unsent(c) == 0 && data.n) {
		int err = send_now(c, data, &taken);

		if (err) {
			end(c, err);
			return EPIPE;
		}
	}
	buf_str(&c->out, str_sub(data, taken, data.n));
	watch(c);
	return 0;
}

void tcp_close(struct tcp_conn *c, bool now)
{
	if (now || (c->connecting && unsent(c) == 0))
		end(c, 0);
	else if (!c->closing)
		begin_closing(c);
}

const struct addr *tcp_remote(const struct tcp_conn *c)
{
	return &c->remote;
}

const struct addr *tcp_local(const struct tcp_conn *c)
{
	return &c->local;
}

uint64_t tcp_id(const struct tcp_conn *c)
{
	return c->id;
}
