// SPDX-License-Identifier: Apache-2.0
#include "app/links.h"

#include <errno.h>
#include <stdlib.h>

#include "base/list.h"
#include "base/map.h"
#include "ev/tcp.h"

struct link {
	struct links *all;
	struct map_node by_conn, by_addr;
	struct tcp_conn *conn;
	struct flow flow;
	struct flow asked; /* of an outgoing one: the flow it was made for */
	bool proven; /* a message came: the long idle time counts */
	size_t crlf_bytes; /* that came since the last message or pong */
};

struct listener {
	struct links *all;
	struct tcp_listener *tcp;
	uint16_t index;
};

/** A send that could not be done, told after the caller has returned. */
struct failure {
	struct list_node node;
	struct flow flow;
	int err;
};

struct links {
	struct links_args a;
	struct map by_conn, by_addr;
	struct listener listeners[LISTEN_MAX];
	struct list_node failures;
	struct ev_hook hook;
};

static uint64_t hash_addr(const struct links *l, const struct addr *a)
{
	return hash_bytes(&l->a.hash_key, a, sizeof *a);
}

static struct link *find_conn(const struct links *l, uint64_t conn)
{
	struct map_node *n = conn ? map_find(&l->by_conn, hash_u64(&l->a.hash_key, conn)) : NULL;
	for (; n; n = map_next(n)) {
		struct link *x = container_of(n, struct link, by_conn);
		if (x->flow.conn == conn)
			return x;
	}
	return NULL;
}

static struct link *find_addr(const struct links *l, const struct addr *remote)
{
	struct map_node *n = map_find(&l->by_addr, hash_addr(l, remote));
	for (; n; n = map_next(n)) {
		struct link *x = container_of(n, struct link, by_addr);
		if (addr_eq(&x->flow.remote, remote))
			return x;
	}
	return NULL;
}

static struct link *make_link(struct links *l, struct tcp_conn *c, uint16_t listener)
{
	struct link *x = calloc(1, sizeof *x);
	if (!x)
		abort();
	x->all = l;
	x->conn = c;
	x->flow = (struct flow){
		.transport = SIP_TCP,
		.shard = (uint8_t)l->a.shard,
		.listener = listener,
		.conn = tcp_id(c),
		.local = *tcp_local(c),
		.remote = *tcp_remote(c),
	};
	map_insert(&l->by_conn, &x->by_conn, hash_u64(&l->a.hash_key, x->flow.conn));
	map_insert(&l->by_addr, &x->by_addr, hash_addr(l, &x->flow.remote));
	tcp_set_user(c, x);
	return x;
}

static int on_accept(struct tcp_conn *c, void *arg)
{
	struct listener *at = arg;
	make_link(at->all, c, at->index);
	return 0;
}

static void on_connect(struct tcp_conn *c, void *user)
{
	struct link *x = user;
	struct addr local = *tcp_local(c);
	local.port = x->flow.local.port; /* the port we listen on, not the one we came from */
	x->flow.local = local;
}

/** RFC 5626 section 3.5.1: a double CRLF is a ping, a single one the pong. It may come in halves. */
static void answer_ping(struct link *x, size_t crlf_bytes)
{
	x->crlf_bytes += crlf_bytes;
	if (x->crlf_bytes < 4)
		return;
	x->crlf_bytes = 0;
	if (tcp_send(x->conn, STR("\r\n")) != 0)
		tcp_close(x->conn, true);
}

static void take_message(struct link *x, struct str bytes)
{
	x->crlf_bytes = 0;
	if (!x->proven) {
		x->proven = true;
		tcp_set_idle(x->conn, x->all->a.settings->limit_tcp_registered_idle_s * 1000);
	}
	x->all->a.on_message(x->all->a.arg, bytes, &x->flow);
}

static size_t on_bytes(struct tcp_conn *c, struct str bytes, void *user)
{
	struct link *x = user;
	size_t used = 0;
	while (used < bytes.n) {
		size_t skip = 0, total = 0;
		struct str rest = str_sub(bytes, used, bytes.n);
		int e = sip_stream_frame(rest, &x->all->a.limits, &skip, &total);
		if (e && e != E_MORE) { /* the stream is out of step for good */
			tcp_close(c, false);
			return bytes.n;
		}
		answer_ping(x, skip);
		used += skip;
		if (e == E_MORE)
			break;
		take_message(x, str_sub(bytes, used, used + total));
		used += total;
	}
	return used;
}

static void on_close(struct tcp_conn *c, int err, void *user)
{
	(void)c;
	struct link *x = user;
	struct links *l = x->all;
	map_remove(&l->by_conn, &x->by_conn);
	map_remove(&l->by_addr, &x->by_addr);
	l->a.on_lost(l->a.arg, &x->flow, err ? err : ECONNRESET);
	if (x->asked.remote.family != ADDR_NONE) /* what waits on it knows it by that */
		l->a.on_lost(l->a.arg, &x->asked, err ? err : ECONNRESET);
	free(x);
}

static const struct tcp_ops ops = {
	.on_accept = on_accept,
	.on_connect = on_connect,
	.on_bytes = on_bytes,
	.on_close = on_close,
};

static struct tcp_opts opts_of(const struct links *l)
{
	const struct settings *s = l->a.settings;
	return (struct tcp_opts){
		.reuseport = true,
		.v6only = true,
		.max_pending = l->a.limits.max_message + 64,
		.max_unsent = s->limit_tcp_unsent_bytes,
		.max_conns = s->limit_tcp_connections,
		.max_conns_ip = s->limit_tcp_connections_ip,
		.idle_ms = s->limit_tcp_idle_s * 1000,
	};
}

/* -- failures, told at the end of the turn ------------------------------------------- */

static void tell_failures(void *arg)
{
	struct links *l = arg;
	list_for_each_safe(it, &l->failures) {
		struct failure *f = container_of(it, struct failure, node);
		list_remove(&f->node);
		l->a.on_lost(l->a.arg, &f->flow, f->err);
		free(f);
	}
}

static void fail_later(struct links *l, const struct flow *flow, int err)
{
	struct failure *f = malloc(sizeof *f);
	if (!f)
		abort();
	*f = (struct failure){.flow = *flow, .err = err};
	list_push_back(&l->failures, &f->node);
}

/**
 * Where a peer listens whose connection is gone: at the port of the Request-URI, when that names
 * the same host (section 18.1.1); its old port was an outgoing one. Never another host: a Contact
 * must not make us connect wherever it likes.
 */
static void listening_address(const struct flow *flow, struct str bytes, struct addr *out)
{
	*out = flow->remote;
	struct str line = str_cut(&bytes, '\r');
	str_cut(&line, ' ');
	struct uri uri;
	struct addr at;
	if (uri_parse(&uri, str_cut(&line, ' ')) != 0 || uri_host_addr(&uri, &at) != 0 ||
	    !addr_eq_ip(&at, out))
		return;
	out->port = uri.port ? uri.port : 5060;
}

static struct link *connect_to(struct links *l, const struct flow *flow, struct str bytes)
{
	struct tcp_opts o = opts_of(l);
	struct tcp_conn *c;
	struct addr at;
	listening_address(flow, bytes, &at);
	struct link *x = find_addr(l, &at);
	if (x)
		return x;
	if (!at.port || tcp_connect(&c, l->a.loop, &at, &o, &ops, NULL) != 0)
		return NULL;
	x = make_link(l, c, flow->listener);
	x->flow.local = flow->local;
	x->asked = *flow;
	return x;
}

void links_send(struct links *l, const struct flow *flow, struct str bytes)
{
	struct link *x = find_conn(l, flow->conn);
	if (!x)
		x = find_addr(l, &flow->remote);
	if (!x)
		x = connect_to(l, flow, bytes);
	int e = x ? tcp_send(x->conn, bytes) : ECONNREFUSED;
	if (e)
		fail_later(l, flow, e);
}

/* -- life ---------------------------------------------------------------------------- */

int links_new(struct links **out, const struct links_args *args)
{
	struct links *l = calloc(1, sizeof *l);
	if (!l)
		return ENOMEM;
	l->a = *args;
	map_init(&l->by_conn);
	map_init(&l->by_addr);
	list_init(&l->failures);
	l->hook = (struct ev_hook){.fn = tell_failures, .arg = l};
	loop_hook_add(l->a.loop, &l->hook);
	*out = l;
	return 0;
}

int links_listen(struct links *l, uint16_t listener, const struct addr *at, struct addr *bound)
{
	struct listener *x = &l->listeners[listener];
	struct tcp_opts o = opts_of(l);
	*x = (struct listener){.all = l, .index = listener};
	int e = tcp_listen(&x->tcp, l->a.loop, at, &o, &ops, x);
	if (!e)
		*bound = *tcp_listener_local(x->tcp);
	return e;
}

void links_free(struct links *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < LISTEN_MAX; i++)
		if (l->listeners[i].tcp)
			tcp_listener_close(l->listeners[i].tcp);
	size_t pos = 0;
	for (struct map_node *n = map_walk(&l->by_conn, NULL, &pos); n;
	     n = map_walk(&l->by_conn, n, &pos))
		tcp_close(container_of(n, struct link, by_conn)->conn, true);
	loop_turn(l->a.loop, 0); /* on_close of each */
	loop_hook_del(l->a.loop, &l->hook);
	tell_failures(l);
	map_fini(&l->by_conn);
	map_fini(&l->by_addr);
	free(l);
}
