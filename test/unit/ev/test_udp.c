// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <time.h>

#include "ev/udp.h"
#include "net.h"

enum { KEEP = 512 };

/* What one socket has received. */
struct inbox {
	unsigned n;
	size_t bytes;
	char text[KEEP]; /* of the last datagram */
	struct addr remote, local;
	unsigned next; /* number expected in the next datagram, where they are numbered */
	bool in_order;
};

static struct loop *loop;

static int setup(void **state)
{
	(void)state;
	return loop_new(&loop);
}

static int teardown(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

static void on_datagram(struct str data, const struct addr *remote, const struct addr *local,
                        void *arg)
{
	struct inbox *in = arg;
	uint32_t number;

	in->n++;
	in->bytes = data.n;
	in->remote = *remote;
	in->local = *local;
	(void)str_copyz(in->text, sizeof in->text, data);
	if (str_u32(data, &number) == 0) {
		in->in_order = (in->n == 1 || in->in_order) && number == in->next;
		in->next++;
	}
}

static struct addr make(const char *ip, uint16_t port)
{
	struct addr a;

	assert_int_equal(addr_parse_ip(&a, str_z(ip)), 0);
	a.port = port;
	return a;
}

static struct udp *open_at(const char *ip, struct inbox *in, const struct udp_opts *opts)
{
	const struct udp_opts none = {0};
	struct addr at = make(ip, 0);
	struct udp *u;

	*in = (struct inbox){0};
	assert_int_equal(udp_open(&u, loop, &at, opts ? opts : &none, on_datagram, in), 0);
	assert_int_not_equal(udp_local(u)->port, 0);
	return u;
}

/* Loopback delivers within sendmmsg, so a turn that waits is woken or would hang. */
static void turn_until(const struct inbox *in, unsigned n)
{
	while (in->n < n)
		loop_turn(loop, UINT64_MAX);
}

static void check_both_ways(const char *ip_a, const char *ip_b)
{
	struct inbox in_a, in_b;
	struct udp *a = open_at(ip_a, &in_a, NULL), *b = open_at(ip_b, &in_b, NULL);

	udp_send(a, udp_local(b), NULL, STR("question"));
	loop_turn(loop, 0); /* sends at its end */
	turn_until(&in_b, 1);
	assert_string_equal(in_b.text, "question");
	assert_true(addr_eq(&in_b.remote, udp_local(a)));
	assert_true(addr_eq(&in_b.local, udp_local(b)));
	udp_send(b, &in_b.remote, &in_b.local, STR(""));
	udp_flush(b);
	turn_until(&in_a, 1);
	assert_int_equal(in_a.bytes, 0);
	udp_close(a);
	udp_close(b);
}

static struct udp *aging;
static uint64_t age_ms;

static void note_age(struct str data, const struct addr *remote, const struct addr *local, void *arg)
{
	on_datagram(data, remote, local, arg);
	age_ms = udp_age_ms(aging);
}

static void check_age(const char *ip)
{
	const struct udp_opts tell = {.tell_age = true};
	struct addr at = make(ip, 0);
	struct inbox in = {0}, unused;
	struct udp *from = open_at("127.0.0.1", &unused, NULL);
	struct timespec wait = {.tv_nsec = 30000000};

	assert_int_equal(udp_open(&aging, loop, &at, &tell, note_age, &in), 0);
	at = make("127.0.0.1", udp_local(aging)->port);
	/* The system begins to stamp some time after it was asked; before that a datagram looks new. */
	age_ms = 0;
	for (unsigned tries = 1; age_ms < 25 && tries <= 100; tries++) {
		udp_send(from, &at, NULL, STR("late"));
		udp_flush(from);
		nanosleep(&wait, NULL);
		turn_until(&in, tries);
	}
	assert_in_range(age_ms, 25, 60000);
	udp_close(aging);
	udp_close(from);
}

static void test_age_is_how_long_a_datagram_has_waited(void **state)
{
	(void)state;
	check_age("127.0.0.1");
	check_age("0.0.0.0"); /* where the kernel tells the local address, too */
}

static void need_ipv6(void)
{
	if (!net_has_ipv6())
		skip();
}

static void test_datagrams_go_both_ways_over_ipv4(void **state)
{
	(void)state;
	check_both_ways("127.0.0.1", "127.0.0.2");
}

static void test_datagrams_go_both_ways_over_ipv6(void **state)
{
	(void)state;
	need_ipv6();
	check_both_ways("::1", "::1");
}

/* The client asks `ip` of a server on a wildcard: it must learn that, and answer from there. */
static void check_wildcard(const char *wildcard, const char *client_ip, const char *ip)
{
	struct inbox in_server, in_client;
	struct udp *server = open_at(wildcard, &in_server, NULL);
	struct udp *client = open_at(client_ip, &in_client, NULL);
	struct addr to = make(ip, udp_local(server)->port);

	udp_send(client, &to, NULL, STR("question"));
	udp_flush(client);
	turn_until(&in_server, 1);
	assert_true(addr_eq(&in_server.local, &to));
	assert_true(addr_eq(&in_server.remote, udp_local(client)));
	udp_send(server, &in_server.remote, &in_server.local, STR("answer"));
	udp_flush(server);
	turn_until(&in_client, 1);
	assert_true(addr_eq(&in_client.remote, &to));
	assert_int_equal(udp_send_drops(server), 0);
	udp_close(server);
	udp_close(client);
}

/* RFC 3581 section 4: a response leaves from the address the request came to. */
static void test_wildcard_socket_answers_from_the_address_it_was_asked_at(void **state)
{
	(void)state;
	check_wildcard("0.0.0.0", "127.0.0.1", "127.0.0.7");
}

static void test_ipv6_wildcard_socket_does_so_for_both_families(void **state)
{
	(void)state;
	need_ipv6();
	check_wildcard("::", "::1", "::1");
	check_wildcard("::", "127.0.0.1", "127.0.0.9"); /* IPv4 on a socket for both */
}

static void test_v6only_leaves_ipv4_to_another_socket(void **state)
{
	const struct udp_opts v6only = {.v6only = true}, none = {0};
	struct inbox in6, in4 = {0};
	struct addr at, to;
	struct udp *u6, *u4;

	(void)state;
	need_ipv6();
	u6 = open_at("::", &in6, &v6only);
	at = make("0.0.0.0", udp_local(u6)->port);
	to = make("127.0.0.1", at.port);
	assert_int_equal(udp_open(&u4, loop, &at, &none, on_datagram, &in4), 0);
	udp_send(u4, &to, NULL, STR("x"));
	udp_flush(u4);
	turn_until(&in4, 1);
	assert_int_equal(in6.n, 0);
	udp_close(u4);
	udp_close(u6);
}

static void test_more_than_a_batch_arrives_whole_and_in_order(void **state)
{
	struct inbox in_a, in_b;
	const struct udp_opts opts = {.rcvbuf_bytes = 1 << 20};
	struct udp *a = open_at("127.0.0.1", &in_a, NULL), *b = open_at("127.0.0.1", &in_b, &opts);
	char text[16];

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		struct buf number;

		buf_init_fixed(&number, text, sizeof text);
		buf_u64(&number, i);
		udp_send(a, udp_local(b), NULL, buf_view(&number));
	}
	udp_flush(a);
	turn_until(&in_b, 200);
	assert_true(in_b.in_order);
	udp_close(a);
	udp_close(b);
}

/* So many that a turn's share is used up: the rest must come in the turns after it. */
static void test_a_turn_reads_a_bounded_share(void **state)
{
	const struct udp_opts opts = {.rcvbuf_bytes = 1 << 20};
	struct inbox in_a, in_b;
	struct udp *a = open_at("127.0.0.1", &in_a, NULL), *b = open_at("127.0.0.1", &in_b, &opts);

	(void)state;
	for (unsigned i = 0; i < 300; i++)
		udp_send(a, udp_local(b), NULL, STR("x"));
	udp_flush(a);
	loop_turn(loop, UINT64_MAX);
	assert_int_equal(in_b.n, 256);
	loop_turn(loop, UINT64_MAX);
	assert_int_equal(in_b.n, 300);
	udp_close(a);
	udp_close(b);
}

static void test_longest_datagrams_and_what_is_too_long(void **state)
{
	const struct udp_opts small = {.max_datagram = 100};
	struct inbox in_a, in_b, in_c;
	struct udp *a = open_at("127.0.0.1", &in_a, NULL), *b = open_at("127.0.0.1", &in_b, NULL);
	struct udp *c = open_at("127.0.0.1", &in_c, &small);
	char *text = test_calloc(1, 70000);

	(void)state;
	for (int i = 0; i < 3; i++) /* more than the queue holds: flushed in between */
		udp_send(a, udp_local(b), NULL, (struct str){text, 65507});
	udp_send(a, udp_local(b), NULL, (struct str){text, 65508}); /* not possible in IPv4 */
	udp_send(a, udp_local(b), NULL, (struct str){text, 70000});
	udp_send(a, udp_local(c), NULL, (struct str){text, 101});
	udp_send(a, udp_local(c), NULL, (struct str){text, 100});
	udp_flush(a);
	turn_until(&in_b, 3);
	turn_until(&in_c, 1);
	assert_int_equal(in_b.bytes, 65507);
	assert_int_equal(in_c.bytes, 100);
	assert_int_equal(udp_send_drops(a), 2);
	test_free(text);
	udp_close(a);
	udp_close(b);
	udp_close(c);
}

static void test_one_bad_datagram_does_not_stop_the_others(void **state)
{
	struct inbox in_a, in_b;
	struct udp *a = open_at("127.0.0.1", &in_a, NULL), *b = open_at("127.0.0.1", &in_b, NULL);
	struct udp *gone = open_at("127.0.0.1", &in_a, NULL);
	struct addr closed = *udp_local(gone), zero = make("127.0.0.1", 0), v6 = make("::1", 5060);
	struct addr none = {0};

	(void)state;
	udp_close(gone);
	for (int i = 0; i < 3; i++) {
		udp_send(a, &closed, NULL, STR("refused"));
		udp_send(a, &zero, NULL, STR("no port"));
		udp_send(a, &v6, NULL, STR("wrong family"));
		udp_send(a, &none, NULL, STR("nowhere"));
		udp_send(a, udp_local(b), NULL, STR("good"));
	}
	udp_flush(a);
	turn_until(&in_b, 3);
	assert_int_equal(udp_send_drops(a), 9); /* the refused one was sent */
	udp_send(b, udp_local(a), NULL, STR("back"));
	udp_flush(b);
	turn_until(&in_a, 1);
	udp_close(a);
	udp_close(b);
}

static void test_close_sends_what_is_queued(void **state)
{
	struct inbox in_a, in_b;
	struct udp *a = open_at("127.0.0.1", &in_a, NULL), *b = open_at("127.0.0.1", &in_b, NULL);

	(void)state;
	udp_send(a, udp_local(b), NULL, STR("last words"));
	udp_close(a);
	turn_until(&in_b, 1);
	assert_string_equal(in_b.text, "last words");
	udp_close(b);
	udp_close(NULL);
}

static void test_reuseport_shares_an_address_and_without_it_is_in_use(void **state)
{
	const struct udp_opts share = {.reuseport = true}, none = {0};
	struct inbox in_a, in_b;
	struct udp *a = open_at("127.0.0.1", &in_a, &share), *b;
	struct addr at = *udp_local(a);

	(void)state;
	assert_int_equal(udp_open(&b, loop, &at, &none, on_datagram, &in_b), EADDRINUSE);
	assert_int_equal(udp_open(&b, loop, &at, &share, on_datagram, &in_b), 0);
	udp_close(b);
	udp_close(a);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_datagrams_go_both_ways_over_ipv4),
		T(test_age_is_how_long_a_datagram_has_waited),
		T(test_datagrams_go_both_ways_over_ipv6),
		T(test_wildcard_socket_answers_from_the_address_it_was_asked_at),
		T(test_ipv6_wildcard_socket_does_so_for_both_families),
		T(test_v6only_leaves_ipv4_to_another_socket),
		T(test_more_than_a_batch_arrives_whole_and_in_order),
		T(test_a_turn_reads_a_bounded_share),
		T(test_longest_datagrams_and_what_is_too_long),
		T(test_one_bad_datagram_does_not_stop_the_others),
		T(test_close_sends_what_is_queued),
		T(test_reuseport_shares_an_address_and_without_it_is_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
