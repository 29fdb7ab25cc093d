// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hash.h"
#include "ev/tcp_impl.h"

enum { BACKLOG = 1024, ACCEPTS = 64, RETRY_MS = 100, NET64_BYTES = 8 };

/* How many connections one remote address has. */
struct ip_count {
	struct map_node node;
	struct addr ip;
	size_t n;
};

struct tcp_listener {
	struct loop *loop;
	struct ev_io io;
	struct timer retry; /* when there were no descriptors to accept with */
	struct ev_defer defer;
	struct addr local;
	struct tcp_opts opts;
	const struct tcp_ops *ops;
	void *arg;
	struct list_node conns;
	size_t n_conns;
	struct map counts; /* struct ip_count, where max_conns_ip is set */
	struct hash_key key;
	bool closed;
};

/* One host commonly has a whole /64 of IPv6 (RFC 6177), so that is what is counted. */
static struct addr counted_ip(const struct addr *remote)
{
	struct addr ip = *remote;

	ip.port = 0;
	if (ip.family == ADDR_V6)
		memset(ip.ip + NET64_BYTES, 0, sizeof ip.ip - NET64_BYTES);
	return ip;
}

static struct ip_count *find_count(const struct tcp_listener *l, const struct addr *ip, uint64_t hash)
{
	for (struct map_node *n = map_find(&l->counts, hash); n; n = map_next(n)) {
		struct ip_count *count = container_of(n, struct ip_count, node);

		if (addr_eq_ip(&count->ip, ip))
			return count;
	}
	return NULL;
}

/* False: this address has as many as it may. */
static bool count_in(struct tcp_listener *l, const struct addr *remote)
{
	struct addr ip = counted_ip(remote);
	uint64_t hash = hash_bytes(&l->key, &ip, sizeof ip);
	struct ip_count *count;

	if (!l->opts.max_conns_ip)
		return true;
	count = find_count(l, &ip, hash);
	if (!count) {
		count = calloc(1, sizeof *count);
		if (!count)
			abort();
		count->ip = ip;
		map_insert(&l->counts, &count->node, hash);
	}
	if (count->n >= l->opts.max_conns_ip)
		return false;
	count->n++;
	return true;
}

static void count_out(struct tcp_listener *l, const struct addr *remote)
{
	struct addr ip = counted_ip(remote);
	struct ip_count *count;

	if (!l->opts.max_conns_ip)
		return;
	count = find_count(l, &ip, hash_bytes(&l->key, &ip, sizeof ip));
	if (count && --count->n == 0) {
		map_remove(&l->counts, &count->node);
		free(count);
	}
}

void tcp_listener_forget(struct tcp_listener *l, struct tcp_conn *c)
{
	list_remove(&c->in_listener);
	l->n_conns--;
	count_out(l, &c->remote);
}

static void welcome(struct tcp_listener *l, int fd, const struct addr *remote)
{
	struct tcp_conn *c;

	if (tcp_conn_new(&c, l->loop, fd, &l->opts, l->ops)) {
		count_out(l, remote);
		return;
	}
	c->remote = *remote;
	c->listener = l;
	list_push_back(&l->conns, &c->in_listener);
	l->n_conns++;
	if (tcp_conn_start(c)) {
		tcp_conn_refuse(c);
		return;
	}
	/* The listener may be closed in there, and the connection with it. */
	if (l->ops->on_accept(c, l->arg) && !c->told)
		tcp_conn_refuse(c);
}

static void set_retry(struct tcp_listener *l)
{
	timer_set(loop_wheel(l->loop), &l->retry, loop_now_ms(l->loop) + RETRY_MS);
}

static void on_retry(struct timer *t, void *arg)
{
	struct tcp_listener *l = arg;

	(void)t;
	if (loop_io_mod(l->loop, &l->io, EV_READ))
		set_retry(l);
}

/* The waiting connection would make the loop spin, so look away for a while. */
static void pause_accepting(struct tcp_listener *l)
{
	if (!loop_io_mod(l->loop, &l->io, 0))
		set_retry(l);
}

static bool out_of_resources(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM;
}

/* False: there is none left. */
static bool accept_one(struct tcp_listener *l)
{
	struct sockaddr_storage ss = {0};
	socklen_t n = sizeof ss;
	struct addr remote;
	int fd = accept4(l->io.fd, (struct sockaddr *)&ss, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		if (out_of_resources(errno))
			pause_accepting(l);
		else if (errno != EAGAIN)
			return true; /* it went away in the meantime: ECONNABORTED and its like */
		return false;
	}
	addr_from_sockaddr(&remote, (struct sockaddr *)&ss);
	if ((l->opts.max_conns && l->n_conns >= l->opts.max_conns) || !count_in(l, &remote))
		close(fd);
	else
		welcome(l, fd, &remote);
	return true;
}

static void on_acceptable(struct ev_io *io, unsigned events, void *arg)
{
	struct tcp_listener *l = arg;

	(void)io;
	(void)events;
	for (int i = 0; i < ACCEPTS && !l->closed; i++) {
		if (!accept_one(l))
			return;
	}
}

static int set_flag(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value) < 0 ? errno : 0;
}

static int bind_and_listen(struct tcp_listener *l, const struct addr *at)
{
	struct sockaddr_storage ss;
	socklen_t n = addr_to_sockaddr(at, &ss);
	int fd = l->io.fd, err;

	/* A restart must not wait for the connections of before to leave TIME_WAIT. */
	err = set_flag(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (!err && l->opts.reuseport)
		err = set_flag(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (!err && at->family == ADDR_V6)
		err = set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY, l->opts.v6only);
	if (err)
		return err;
	if (bind(fd, (struct sockaddr *)&ss, n) < 0 || listen(fd, BACKLOG) < 0)
		return errno;
	n = sizeof ss;
	if (getsockname(fd, (struct sockaddr *)&ss, &n) < 0)
		return errno;
	addr_from_sockaddr(&l->local, (struct sockaddr *)&ss);
	return loop_io_add(l->loop, &l->io);
}

static int open_listener(struct tcp_listener *l, const struct addr *at)
{
	int err;

	if (getrandom(&l->key, sizeof l->key, 0) != (ssize_t)sizeof l->key)
		return errno;
	l->io.fd = socket(at->family == ADDR_V6 ? AF_INET6 : AF_INET,
	                  SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->io.fd < 0)
		return errno;
	err = bind_and_listen(l, at);
	if (err)
		close(l->io.fd);
	return err;
}

int tcp_listen(struct tcp_listener **out, struct loop *loop, const struct addr *at,
               const struct tcp_opts *opts, const struct tcp_ops *ops, void *arg)
{
	struct tcp_listener *l = calloc(1, sizeof *l);
	int err;

	if (!l)
		return ENOMEM;
	l->loop = loop;
	l->opts = *opts;
	l->ops = ops;
	l->arg = arg;
	l->io = (struct ev_io){.events = EV_READ, .fn = on_acceptable, .arg = l};
	timer_init(&l->retry, on_retry, l);
	list_init(&l->conns);
	map_init(&l->counts);
	err = open_listener(l, at);
	if (err) {
		free(l);
		return err;
	}
	*out = l;
	return 0;
}

static void on_free(struct ev_defer *d)
{
	struct tcp_listener *l = container_of(d, struct tcp_listener, defer);

	map_fini(&l->counts);
	free(l);
}

void tcp_listener_close(struct tcp_listener *l)
{
	if (!l || l->closed)
		return;
	l->closed = true;
	timer_cancel(loop_wheel(l->loop), &l->retry);
	loop_io_del(l->loop, &l->io);
	close(l->io.fd);
	for (struct list_node *n; (n = list_first(&l->conns)) != NULL;)
		tcp_conn_end_now(container_of(n, struct tcp_conn, in_listener));
	/* It may have been called by one of its own callbacks. */
	loop_defer(l->loop, &l->defer, on_free);
}

const struct addr *tcp_listener_local(const struct tcp_listener *l)
{
	return &l->local;
}
