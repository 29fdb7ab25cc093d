// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/addr.h"

static struct addr make(const char *text)
{
	struct addr a;

	if (addr_parse_ip(&a, str_z(text)))
		fail_msg("%s is not parsed", text);
	return a;
}

static void test_parse_and_print_an_address(void **state)
{
	const char *pairs[][2] = {
		{"192.0.2.1", "192.0.2.1:0"},
		{"0.0.0.0", "0.0.0.0:0"},
		{"255.255.255.255", "255.255.255.255:0"},
		{"2001:DB8::1", "[2001:db8::1]:0"},
		{"[2001:db8:0:0:1:0:0:1]", "[2001:db8::1:0:0:1]:0"},
		{"::", "[::]:0"},
		{"::ffff:192.0.2.7", "192.0.2.7:0"},
		{"[::ffff:c000:207]", "192.0.2.7:0"},
	};
	char text[ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		struct addr a = make(pairs[i][0]);

		assert_string_equal(addr_text(&a, text), pairs[i][1]);
	}
}

static void test_refuses_what_is_no_address(void **state)
{
	const char *bad[] = {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.", "1.2.3.04", "01.2.3.4",
	                     "1.2.3.4 ", "1.2.3.0004", "a.b.c.d", "[1.2.3.4]", "[::1", "::1]", "[]",
	                     "1::2::3", "12345::", "fe80::1%eth0", ":", "[", "host.test",
	                     "1111:2222:3333:4444:5555:6666:7777:8888:9999",
	                     "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"};
	struct addr a = {.port = 9};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (addr_parse_ip(&a, str_z(bad[i])) != E_MALFORMED)
			fail_msg("'%s' is taken", bad[i]);
	}
	assert_int_equal(addr_parse_ip(&a, (struct str){"::1\0x", 5}), E_MALFORMED);
	assert_int_equal(addr_parse_ip(&a, STR_NONE), E_MALFORMED);
	assert_int_equal(a.port, 9);
}

static void test_port_stands_behind_a_colon(void **state)
{
	const char *good[] = {"192.0.2.1:5060", "[2001:db8::1]:65535", "0.0.0.0:0"};
	const char *bad[] = {"192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1", ":5060",
	                     "2001:db8::1:5060", "[2001:db8::1]", "[2001:db8::1]5060", "[::1",
	                     "192.0.2.1:5060x", "192.0.2.1:50:60", "", "[]:1"};
	char text[ADDR_TEXT];
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_int_equal(addr_parse(&a, str_z(good[i])), 0);
		assert_string_equal(addr_text(&a, text), good[i]);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (addr_parse(&a, str_z(bad[i])) != E_MALFORMED)
			fail_msg("'%s' is taken", bad[i]);
	}
}

static void test_equality_with_and_without_port(void **state)
{
	const struct addr want = {.family = ADDR_V6, .ip = {[15] = 1}};
	struct addr a = make("192.0.2.1"), b = a, v6 = make("::1");

	(void)state;
	b.port = 1;
	assert_true(addr_eq_ip(&a, &b));
	assert_false(addr_eq(&a, &b));
	assert_false(addr_eq_ip(&a, &v6));
	assert_memory_equal(&v6, &want, sizeof v6);
}

struct trait {
	const char *text;
	bool is;
};

static void check(bool (*fn)(const struct addr *), const struct trait *t, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct addr a = make(t[i].text);

		if (fn(&a) != t[i].is)
			fail_msg("%s is judged wrongly", t[i].text);
	}
}

static void test_any_loopback_and_multicast(void **state)
{
	const struct trait any[] = {{"0.0.0.0", true}, {"::", true}, {"0.0.0.1", false}, {"::1", false}};
	const struct trait loopback[] = {{"127.0.0.1", true}, {"127.9.9.9", true}, {"128.0.0.1", false},
	                                 {"::1", true}, {"::2", false}, {"::ffff:127.0.0.1", true}};
	const struct trait multicast[] = {{"224.0.0.1", true}, {"239.255.255.255", true},
	                                  {"223.255.255.255", false}, {"240.0.0.1", false},
	                                  {"255.255.255.255", true}, {"ff02::1", true}, {"fe80::1", false}};
	const struct addr none = {0};

	(void)state;
	check(addr_is_any, any, sizeof any / sizeof any[0]);
	check(addr_is_loopback, loopback, sizeof loopback / sizeof loopback[0]);
	check(addr_is_multicast, multicast, sizeof multicast / sizeof multicast[0]);
	assert_false(addr_is_any(&none));
	assert_false(addr_is_private(&none));
}

/* The first and the last of each block and their neighbours: RFC 1918, 6598, 3927, 4193, 4291. */
static void test_private_blocks_to_the_edge(void **state)
{
	const struct trait private[] = {
		{"9.255.255.255", false}, {"10.0.0.0", true}, {"10.255.255.255", true}, {"11.0.0.0", false},
		{"172.15.255.255", false}, {"172.16.0.0", true}, {"172.31.255.255", true},
		{"172.32.0.0", false}, {"192.167.255.255", false}, {"192.168.0.0", true},
		{"192.168.255.255", true}, {"192.169.0.0", false}, {"100.63.255.255", false},
		{"100.64.0.0", true}, {"100.127.255.255", true}, {"100.128.0.0", false},
		{"169.253.255.255", false}, {"169.254.0.0", true}, {"169.255.0.0", false},
		{"127.0.0.1", true}, {"::1", true}, {"fbff::", false}, {"fc00::", true}, {"fdff::", true},
		{"fe00::", false}, {"fe7f::", false}, {"fe80::", true}, {"febf::", true}, {"fec0::", false},
		{"2001:db8::1", false}, {"8.8.8.8", false},
	};

	(void)state;
	check(addr_is_private, private, sizeof private / sizeof private[0]);
}

static void test_sockaddr_there_and_back(void **state)
{
	const char *texts[] = {"192.0.2.1:5060", "[2001:db8::1]:5061"};
	struct sockaddr_storage ss;
	struct addr a, b;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(addr_parse(&a, str_z(texts[i])), 0);
		assert_int_equal(addr_to_sockaddr(&a, &ss),
		                 i ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
		addr_from_sockaddr(&b, (struct sockaddr *)&ss);
		assert_memory_equal(&a, &b, sizeof a);
		assert_int_equal(addr_to_sockaddr6(&a, &ss), sizeof(struct sockaddr_in6));
		assert_int_equal(ss.ss_family, AF_INET6);
		addr_from_sockaddr(&b, (struct sockaddr *)&ss);
		assert_memory_equal(&a, &b, sizeof a);
	}
	ss.ss_family = AF_UNIX;
	addr_from_sockaddr(&b, (struct sockaddr *)&ss);
	assert_int_equal(b.family, ADDR_NONE);
}

static void test_print_without_brackets(void **state)
{
	struct addr a = make("2001:db8::1"), none = {0};
	char mem[64];
	struct buf b;

	(void)state;
	buf_init_fixed(&b, mem, sizeof mem);
	addr_put_ip(&b, &a, false);
	buf_ch(&b, ' ');
	addr_put_ip(&b, &a, true);
	buf_ch(&b, ' ');
	addr_put(&b, &none);
	assert_true(str_eq(buf_view(&b), STR("2001:db8::1 [2001:db8::1] -")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_and_print_an_address),
		cmocka_unit_test(test_refuses_what_is_no_address),
		cmocka_unit_test(test_port_stands_behind_a_colon),
		cmocka_unit_test(test_equality_with_and_without_port),
		cmocka_unit_test(test_any_loopback_and_multicast),
		cmocka_unit_test(test_private_blocks_to_the_edge),
		cmocka_unit_test(test_sockaddr_there_and_back),
		cmocka_unit_test(test_print_without_brackets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
