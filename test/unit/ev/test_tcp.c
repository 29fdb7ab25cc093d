// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ev/tcp.h"
#include "net.h"

enum { KEEP = 256 };

/* One end of a connection and what it has seen. */
struct end {
	struct tcp_conn *conn;
	unsigned connected, closed, shown;
	int err;
	size_t received; /* bytes consumed */
	struct buf text; /* the first KEEP of them */
	size_t unit;     /* bytes are consumed in such units only; 0: as they come */
	bool close_on_bytes, close_now_on_bytes, echo;
};

static struct loop *loop;
static struct tcp_listener *listener;
static struct end server[8]; /* accepted ones, in order */
static struct end client, client2, client3;
static unsigned accepted;
static int refuse;

static int on_accept(struct tcp_conn *c, void *arg)
{
	assert_null(arg);
	assert_true(tcp_id(c) != 0);
	assert_null(tcp_user(c));
	if (refuse)
		return E_POLICY;
	assert_in_range(accepted, 0, 7);
	server[accepted].conn = c;
	tcp_set_user(c, &server[accepted++]);
	return 0;
}

static void on_connect(struct tcp_conn *c, void *user)
{
	struct end *e = user;

	assert_ptr_equal(e->conn, c);
	e->connected++;
}

static size_t on_bytes(struct tcp_conn *c, struct str bytes, void *user)
{
	struct end *e = user;
	size_t used = e->unit ? bytes.n / e->unit * e->unit : bytes.n;

	assert_int_equal(e->closed, 0);
	e->shown++;
	e->received += used;
	buf_str(&e->text, str_sub(bytes, 0, used < KEEP - e->text.n ? used : KEEP - e->text.n));
	if (e->echo)
		assert_int_equal(tcp_send(c, str_sub(bytes, 0, used)), 0);
	if (e->close_on_bytes || e->close_now_on_bytes) {
		tcp_close(c, e->close_now_on_bytes);
		assert_int_equal(e->closed, 0); /* never from inside tcp_close */
	}
	return used;
}

static void on_close(struct tcp_conn *c, int err, void *user)
{
	struct end *e = user;

	assert_ptr_equal(tcp_user(c), e);
	e->closed++;
	e->err = err;
	assert_int_equal(tcp_send(c, STR("x")), EPIPE);
	tcp_close(c, true);
	tcp_close(c, false);
}

static const struct tcp_ops ops = {on_accept, on_connect, on_bytes, on_close};

static int setup(void **state)
{
	(void)state;
	memset(server, 0, sizeof server);
	for (size_t i = 0; i < 8; i++)
		buf_init(&server[i].text, KEEP);
	accepted = 0;
	refuse = 0;
	listener = NULL;
	return loop_new(&loop);
}

static int teardown(void **state)
{
	struct end *clients[] = {&client, &client2, &client3};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		if (clients[i]->conn && !clients[i]->closed)
			tcp_close(clients[i]->conn, true);
	}
	tcp_listener_close(listener);
	loop_free(loop);
	for (size_t i = 0; i < 3; i++) {
		buf_fini(&clients[i]->text);
		*clients[i] = (struct end){0};
	}
	for (size_t i = 0; i < 8; i++)
		buf_fini(&server[i].text);
	return 0;
}

static void listen_at(const char *ip, struct tcp_opts opts)
{
	struct addr at;

	assert_int_equal(addr_parse_ip(&at, str_z(ip)), 0);
	assert_int_equal(tcp_listen(&listener, loop, &at, &opts, &ops, NULL), 0);
	assert_int_not_equal(tcp_listener_local(listener)->port, 0);
}

static void connect_to(const struct addr *to, struct end *e, struct tcp_opts opts)
{
	buf_fini(&e->text);
	*e = (struct end){0};
	buf_init(&e->text, KEEP);
	assert_int_equal(tcp_connect(&e->conn, loop, to, &opts, &ops, e), 0);
	assert_int_equal(e->closed + e->connected, 0); /* nothing from inside tcp_connect */
}

/* A blocking peer that does what our own side would not. */
static int raw_connect(void)
{
	struct sockaddr_storage ss;
	socklen_t n = addr_to_sockaddr(tcp_listener_local(listener), &ss);
	int fd = socket(ss.ss_family, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&ss, n), 0);
	return fd;
}

#define turn_until(condition) \
	do { \
		while (!(condition)) \
			loop_turn(loop, UINT64_MAX); \
	} while (0)

static const struct tcp_opts none;

static void check_both_ways(const char *ip)
{
	listen_at(ip, none);
	connect_to(tcp_listener_local(listener), &client, none);
	assert_int_equal(tcp_send(client.conn, STR("early ")), 0); /* waits for the connection */
	turn_until(client.connected && accepted == 1);
	server[0].echo = true;
	assert_int_equal(tcp_send(client.conn, STR("question")), 0);
	turn_until(client.received == 14);
	assert_true(str_eq(buf_view(&client.text), STR("early question")));
	assert_true(addr_eq(tcp_remote(client.conn), tcp_listener_local(listener)));
	assert_true(addr_eq(tcp_local(client.conn), tcp_remote(server[0].conn)));
	assert_true(addr_eq(tcp_local(server[0].conn), tcp_remote(client.conn)));
	assert_true(tcp_id(client.conn) != tcp_id(server[0].conn));
	tcp_close(client.conn, false);
	assert_int_equal(client.closed, 0);
	turn_until(client.closed && server[0].closed);
	assert_int_equal(client.err, 0);
	assert_int_equal(server[0].err, 0);
	assert_int_equal(client.connected, 1);
}

static void test_bytes_go_both_ways_over_ipv4(void **state)
{
	(void)state;
	check_both_ways("127.0.0.1");
}

static void test_bytes_go_both_ways_over_ipv6(void **state)
{
	(void)state;
	if (!net_has_ipv6())
		skip();
	check_both_ways("::1");
}

static void test_a_dual_listener_shows_ipv4_peers_as_ipv4(void **state)
{
	struct addr to;

	(void)state;
	if (!net_has_ipv6())
		skip();
	listen_at("::", none);
	assert_int_equal(addr_parse_ip(&to, STR("127.0.0.1")), 0);
	to.port = tcp_listener_local(listener)->port;
	connect_to(&to, &client, none);
	turn_until(accepted == 1 && client.connected);
	assert_int_equal(tcp_remote(server[0].conn)->family, ADDR_V4);
	assert_true(addr_eq(tcp_local(server[0].conn), &to));
	tcp_close(client.conn, true);
}

static void test_what_is_not_consumed_is_shown_again_with_more(void **state)
{
	int fd;

	(void)state;
	listen_at("127.0.0.1", none);
	fd = raw_connect();
	turn_until(accepted == 1);
	server[0].unit = 4;
	for (const char *p = "abcdefghij"; *p; p++) { /* a slow peer: byte by byte */
		unsigned shown = server[0].shown;

		assert_int_equal(send(fd, p, 1, 0), 1);
		turn_until(server[0].shown > shown);
	}
	assert_int_equal(server[0].received, 8);
	assert_int_equal(send(fd, "klmnopq", 7, 0), 7);
	turn_until(server[0].received == 16);
	assert_true(str_eq(buf_view(&server[0].text), STR("abcdefghijklmnop")));
	close(fd);
	turn_until(server[0].closed);
	assert_int_equal(server[0].err, 0);
}

static void test_unread_bytes_have_a_limit(void **state)
{
	struct tcp_opts opts = {.max_pending = 100};
	char text[100] = {0};
	int fd;

	(void)state;
	listen_at("127.0.0.1", opts);
	fd = raw_connect();
	turn_until(accepted == 1);
	server[0].unit = 1000;
	assert_int_equal(send(fd, text, 99, 0), 99);
	turn_until(server[0].shown == 1);
	loop_turn(loop, 0);
	assert_int_equal(server[0].closed, 0);
	assert_int_equal(send(fd, text, 1, 0), 1);
	turn_until(server[0].closed);
	assert_int_equal(server[0].err, E_LIMIT);
	close(fd);
}

static void test_unsent_bytes_have_a_limit_and_arrive_when_the_peer_reads(void **state)
{
	struct tcp_opts opts = {.max_unsent = 1 << 20};
	size_t sent = 0, got = 0;
	static char text[10000];
	ssize_t n;
	int fd, err;

	(void)state;
	listen_at("127.0.0.1", opts);
	fd = raw_connect();
	turn_until(accepted == 1);
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)('a' + i % 23);
	while ((err = tcp_send(server[0].conn, (struct str){text, sizeof text})) == 0)
		sent += sizeof text;
	assert_int_equal(err, E_LIMIT); /* the peer reads nothing */
	assert_in_range(sent, (1 << 20) - sizeof text, 64 << 20);
	tcp_close(server[0].conn, false);
	assert_int_equal(tcp_send(server[0].conn, STR("x")), EPIPE);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	while (!server[0].closed || got < sent) {
		char c[sizeof text];

		n = recv(fd, c, sizeof c, 0);
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(c[i], text[(got + (size_t)i) % sizeof text]);
		if (n > 0)
			got += (size_t)n;
		loop_turn(loop, 0);
	}
	assert_int_equal(got, sent);
	assert_int_equal(server[0].err, 0);
	close(fd);
}

/* RFC 9293 section 3.6: a peer that has finished sending may still want its answers. */
static void test_half_close_still_gets_what_is_queued(void **state)
{
	char text[16] = {0};
	int fd;

	(void)state;
	listen_at("127.0.0.1", none);
	fd = raw_connect();
	turn_until(accepted == 1);
	server[0].echo = true;
	assert_int_equal(send(fd, "request", 7, 0), 7);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	turn_until(server[0].closed);
	assert_int_equal(server[0].err, 0);
	assert_int_equal(recv(fd, text, sizeof text, MSG_WAITALL), 7);
	assert_string_equal(text, "request");
	close(fd);
}

static void test_half_closed_slow_reader_does_not_make_the_loop_spin(void **state)
{
	static char text[100000];
	unsigned turns = 0;
	int fd, small = 4096;

	(void)state;
	listen_at("127.0.0.1", none);
	fd = raw_connect();
	turn_until(accepted == 1);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
	while (tcp_send(server[0].conn, (struct str){text, sizeof text}) == 0)
		;
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	/* The first turns read the end and what else is there; then there is nothing to do. */
	for (uint64_t until = loop_now_ms(loop) + 50; loop_now_ms(loop) < until; turns++)
		loop_turn(loop, 50);
	assert_in_range(turns, 1, 10);
	assert_int_equal(server[0].closed, 0);
	close(fd);
	turn_until(server[0].closed);
	assert_int_not_equal(server[0].err, 0); /* what was queued could not be sent */
}

static void test_idle_connections_are_closed_and_bytes_keep_them(void **state)
{
	struct tcp_opts opts = {.idle_ms = 60000};
	int fd, other;

	(void)state;
	listen_at("127.0.0.1", opts);
	fd = raw_connect();
	other = raw_connect();
	turn_until(accepted == 2);
	tcp_set_idle(server[0].conn, 20);
	tcp_set_idle(server[1].conn, 0);
	turn_until(server[0].closed);
	assert_int_equal(server[0].err, ETIMEDOUT);
	assert_int_equal(server[0].shown, 0);
	assert_int_equal(server[1].closed, 0);
	close(fd);
	close(other);
}

static void test_reset_by_the_peer_is_told(void **state)
{
	struct linger now = {.l_onoff = 1};
	int fd;

	(void)state;
	listen_at("127.0.0.1", none);
	fd = raw_connect();
	turn_until(accepted == 1);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
	close(fd);
	turn_until(server[0].closed);
	assert_int_equal(server[0].err, ECONNRESET);
}

static void test_close_inside_on_bytes_in_both_ways(void **state)
{
	(void)state;
	listen_at("127.0.0.1", none);
	for (unsigned i = 0; i < 2; i++) {
		int fd = raw_connect();
		char c;

		turn_until(accepted == i + 1);
		server[i].echo = i == 0;
		server[i].close_on_bytes = i == 0;
		server[i].close_now_on_bytes = i == 1;
		assert_int_equal(send(fd, "x", 1, 0), 1);
		turn_until(server[i].closed);
		assert_int_equal(server[i].err, 0);
		assert_int_equal(recv(fd, &c, 1, 0), i == 0); /* the echo went out before the end */
		assert_true(recv(fd, &c, 1, 0) <= 0);
		close(fd);
	}
}

static void test_refused_connection_is_closed_without_on_close(void **state)
{
	char c;
	int fd;

	(void)state;
	refuse = 1;
	listen_at("127.0.0.1", none);
	fd = raw_connect();
	loop_turn(loop, UINT64_MAX);
	loop_turn(loop, 0);
	assert_int_equal(recv(fd, &c, 1, 0), 0);
	assert_int_equal(accepted, 0);
	close(fd);
}

static void check_limit(struct tcp_opts opts, unsigned limit)
{
	int fd[4];
	char c;

	listen_at("127.0.0.1", opts);
	for (unsigned i = 0; i <= limit; i++)
		fd[i] = raw_connect();
	turn_until(accepted == limit);
	assert_true(recv(fd[limit], &c, 1, 0) <= 0);
	close(fd[limit]);
	close(fd[0]);
	turn_until(server[0].closed);
	fd[0] = raw_connect(); /* there is room again */
	turn_until(accepted == limit + 1);
	for (unsigned i = 0; i < limit; i++)
		close(fd[i]);
}

static void test_a_listener_has_a_limit_of_connections(void **state)
{
	struct tcp_opts opts = {.max_conns = 3};

	(void)state;
	check_limit(opts, 3);
}

static void test_a_remote_address_has_a_limit_of_connections(void **state)
{
	struct tcp_opts opts = {.max_conns_ip = 2};
	struct sockaddr_in from = {.sin_family = AF_INET};
	struct sockaddr_storage ss;
	socklen_t n;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	check_limit(opts, 2);
	/* Another address is not touched by that. */
	from.sin_addr.s_addr = htonl(0x7f000005);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
	n = addr_to_sockaddr(tcp_listener_local(listener), &ss);
	assert_int_equal(connect(fd, (struct sockaddr *)&ss, n), 0);
	turn_until(accepted == 4);
	close(fd);
}

static void test_listener_close_closes_its_connections_now(void **state)
{
	int fd[2];

	(void)state;
	listen_at("127.0.0.1", none);
	fd[0] = raw_connect();
	fd[1] = raw_connect();
	turn_until(accepted == 2);
	tcp_close(server[0].conn, true); /* its on_close is still to come */
	tcp_listener_close(listener);
	listener = NULL;
	assert_int_equal(server[0].closed, 1);
	assert_int_equal(server[1].closed, 1);
	loop_turn(loop, 0);
	assert_int_equal(server[0].closed, 1);
	close(fd[0]);
	close(fd[1]);
}

static void test_failure_to_connect_arrives_in_on_close(void **state)
{
	struct addr gone;

	(void)state;
	listen_at("127.0.0.1", none);
	gone = *tcp_listener_local(listener);
	tcp_listener_close(listener);
	listener = NULL;
	connect_to(&gone, &client, none);
	assert_int_equal(tcp_send(client.conn, STR("never")), 0);
	turn_until(client.closed);
	assert_int_equal(client.err, ECONNREFUSED);
	assert_int_equal(client.connected, 0);
	/* One that fails at once: IPv4's broadcast address has no connections. */
	assert_int_equal(addr_parse(&gone, STR("255.255.255.255:5060")), 0);
	connect_to(&gone, &client, none);
	turn_until(client.closed);
	assert_int_not_equal(client.err, 0);
}

/* A full backlog leaves the connection in SYN-SENT, as a host that does not answer does. */
static void test_connecting_gives_up_in_time(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
	struct tcp_opts opts = {.connect_ms = 20};
	int fd = socket(AF_INET, SOCK_STREAM, 0), filler[4];
	socklen_t n = sizeof at;
	struct addr to;

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	for (int i = 0; i < 4; i++) {
		filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(filler[i], (struct sockaddr *)&at, sizeof at);
	}
	addr_from_sockaddr(&to, (struct sockaddr *)&at);
	connect_to(&to, &client, opts);
	turn_until(client.closed);
	assert_int_equal(client.err, ETIMEDOUT);
	for (int i = 0; i < 4; i++)
		close(filler[i]);
	close(fd);
}

static void test_closing_before_it_is_connected(void **state)
{
	(void)state;
	listen_at("127.0.0.1", none);
	connect_to(tcp_listener_local(listener), &client, none);
	connect_to(tcp_listener_local(listener), &client2, none);
	connect_to(tcp_listener_local(listener), &client3, none);
	assert_int_equal(tcp_send(client3.conn, STR("last words")), 0);
	tcp_close(client.conn, true);
	tcp_close(client2.conn, false);
	tcp_close(client3.conn, false);
	turn_until(client.closed && client2.closed && client3.closed);
	assert_int_equal(client.connected + client2.connected + client3.connected, 0);
	assert_int_equal(client3.err, 0);
	turn_until(server[0].received + server[1].received + server[2].received == 10);
}

/* A process without free descriptors: the waiting connection must not make the loop spin. */
static void test_out_of_descriptors_waits_and_accepts_later(void **state)
{
	struct rlimit before, few;
	unsigned turns = 0;
	int fd, lowest;

	(void)state;
	listen_at("127.0.0.1", none);
	fd = raw_connect();
	lowest = dup(fd);
	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = (rlim_t)lowest;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (uint64_t until = loop_now_ms(loop) + 50; loop_now_ms(loop) < until; turns++)
		loop_turn(loop, 50);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(accepted, 0);
	assert_in_range(turns, 1, 5);
	turn_until(accepted == 1);
	close(fd);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_bytes_go_both_ways_over_ipv4),
		T(test_bytes_go_both_ways_over_ipv6),
		T(test_a_dual_listener_shows_ipv4_peers_as_ipv4),
		T(test_what_is_not_consumed_is_shown_again_with_more),
		T(test_unread_bytes_have_a_limit),
		T(test_unsent_bytes_have_a_limit_and_arrive_when_the_peer_reads),
		T(test_half_close_still_gets_what_is_queued),
		T(test_half_closed_slow_reader_does_not_make_the_loop_spin),
		T(test_idle_connections_are_closed_and_bytes_keep_them),
		T(test_reset_by_the_peer_is_told),
		T(test_close_inside_on_bytes_in_both_ways),
		T(test_refused_connection_is_closed_without_on_close),
		T(test_a_listener_has_a_limit_of_connections),
		T(test_a_remote_address_has_a_limit_of_connections),
		T(test_listener_close_closes_its_connections_now),
		T(test_failure_to_connect_arrives_in_on_close),
		T(test_connecting_gives_up_in_time),
		T(test_closing_before_it_is_connected),
		T(test_out_of_descriptors_waits_and_accepts_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
