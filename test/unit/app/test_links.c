// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/links.h"

enum { TURNS = 200, WAIT_MS = 20 };

static struct loop *loop;
static struct links *links;
static struct addr bound;
static struct flow lost[4];
static unsigned n_lost, messages;
static int last_err;

static void on_message(void *arg, struct str bytes, const struct flow *flow)
{
	(void)arg;
	(void)bytes;
	(void)flow;
	messages++;
}

static void on_lost(void *arg, const struct flow *flow, int err)
{
	(void)arg;
	if (n_lost < sizeof lost / sizeof lost[0])
		lost[n_lost++] = *flow;
	last_err = err;
}

static int setup(void **state)
{
	(void)state;
	static const struct settings settings = {
		.limit_tcp_connections = 100,
		.limit_tcp_connections_ip = 100,
		.limit_tcp_idle_s = 60,
		.limit_tcp_registered_idle_s = 600,
		.limit_tcp_unsent_bytes = 65536,
	};
	n_lost = messages = 0;
	assert_int_equal(loop_new(&loop), 0);
	const struct links_args args = {
		.loop = loop,
		.settings = &settings,
		.limits = {65535, 256, 60000},
		.on_message = on_message,
		.on_lost = on_lost,
	};
	assert_int_equal(links_new(&links, &args), 0);
	struct addr any;
	assert_int_equal(addr_parse(&any, STR("127.0.0.1:0")), 0);
	assert_int_equal(links_listen(links, 0, &any, &bound), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	links_free(links);
	loop_free(loop);
	return 0;
}

static int dial(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(bound.port)};
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

/** What it says within some turns; stops at `n` bytes. */
static size_t read_up_to(int fd, char *out, size_t n)
{
	size_t got = 0;
	for (unsigned i = 0; i < TURNS && got < n; i++) {
		loop_turn(loop, WAIT_MS);
		ssize_t k = recv(fd, out + got, n - got, MSG_DONTWAIT);
		got += k > 0 ? (size_t)k : 0;
	}
	return got;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
	loop_turn(loop, WAIT_MS);
	loop_turn(loop, 1);
}

static void test_ping_in_two_halves_is_answered(void **state) /* RFC 5626 section 3.5.1 */
{
	(void)state;
	char got[8];
	int fd = dial();
	loop_turn(loop, WAIT_MS);
	say(fd, "\r\n");
	say(fd, "\r\n");
	assert_int_equal(read_up_to(fd, got, 2), 2);
	assert_memory_equal(got, "\r\n", 2);
	close(fd);
}

static void test_single_crlf_before_each_message_is_no_ping(void **state)
{
	(void)state;
	static const char message[] = "\r\nOPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n";
	char got[8];
	int fd = dial();
	loop_turn(loop, WAIT_MS);
	for (unsigned i = 0; i < 4; i++)
		say(fd, message);
	for (unsigned i = 0; i < TURNS && messages < 4; i++)
		loop_turn(loop, WAIT_MS);
	assert_int_equal(messages, 4);
	assert_int_equal(recv(fd, got, sizeof got, MSG_DONTWAIT), -1);
	close(fd);
}

/** A binding that was read back names no connection; who waits on it must hear of the failure. */
static void test_failed_connect_is_told_of_the_flow_it_was_for(void **state)
{
	(void)state;
	struct addr nobody = bound;
	int fd = socket(AF_INET, SOCK_STREAM, 0); /* bound, not listening: refused */
	struct sockaddr_in at = {.sin_family = AF_INET};
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	socklen_t n = sizeof at;
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	nobody.port = ntohs(at.sin_port);
	const struct flow flow = {.transport = SIP_TCP, .local = bound, .remote = nobody};
	links_send(links, &flow, STR("OPTIONS sip:a SIP/2.0\r\n\r\n"));
	for (unsigned i = 0; i < TURNS && !n_lost; i++)
		loop_turn(loop, WAIT_MS);
	bool told = false;
	for (unsigned i = 0; i < n_lost; i++)
		told |= flow_eq(&lost[i], &flow);
	assert_true(told);
	assert_int_equal(last_err, ECONNREFUSED);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ping_in_two_halves_is_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_single_crlf_before_each_message_is_no_ping, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_failed_connect_is_told_of_the_flow_it_was_for, setup,
		                                teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
