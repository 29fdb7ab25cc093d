// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sip_text.h"

static struct sip_via good(const char *text)
{
	struct sip_via v;
	if (sip_via_parse(&v, str_z(text)) != 0)
		fail_msg("refused: %s", text);
	return v;
}

static void test_all_parts(void **state) /* RFC 3261 section 20.42, RFC 3581 */
{
	(void)state;
	struct sip_via v =
	    good("SIP/2.0/UDP host.example.com:5070;rport=99;received=192.0.2.1;branch=z9hG4bK1;x");
	expect_str(v.transport, "UDP");
	expect_str(v.host, "host.example.com");
	assert_int_equal(v.port, 5070);
	expect_str(v.branch, "z9hG4bK1");
	expect_str(v.received, "192.0.2.1");
	assert_true(v.rport);
	assert_int_equal(v.rport_value, 99);
	v = good("SIP/2.0/TCP h;rport");
	assert_true(v.rport && v.rport_value == 0 && v.port == 0 && v.branch.n == 0);
}

static void test_blanks_everywhere(void **state) /* RFC 4475 section 3.1.1.1 */
{
	(void)state;
	struct sip_via v =
	    good("SIP  / 2.0  / TCP     spindle.example.com  : 99 ;  branch  =   z9hG4bK9ikj8");
	expect_str(v.transport, "TCP");
	expect_str(v.host, "spindle.example.com");
	assert_int_equal(v.port, 99);
	expect_str(v.branch, "z9hG4bK9ikj8");
}

static void test_ipv6(void **state) /* RFC 5118 section 4.5 */
{
	(void)state;
	struct sip_via v =
	    good("SIP/2.0/UDP [2001:db8::9:1]:6050;received=[2001:db8::9:255];branch=z9hG4bKa");
	expect_str(v.host, "2001:db8::9:1");
	assert_int_equal(v.port, 6050);
	expect_str(v.received, "2001:db8::9:255");
	v = good("SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3");
	expect_str(v.received, "2001:db8::9:255");
	expect_str(v.branch, "z9hG4bKas3");
}

static void test_broken_ones_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "",
	    "SIP/2.0",
	    "SIP/2.0/UDP",
	    "SIP/2.0/UDP ",
	    "SIP/2.0/UDPhost",
	    "SIP/2.0/UDP;branch=z",
	    "HTTP/2.0/UDP host",
	    "SIP/2.0/UDP host:",
	    "SIP/2.0/UDP host:0",
	    "SIP/2.0/UDP host:65536",
	    "SIP/2.0/UDP [2001:db8::1",
	    "SIP/2.0/UDP 2001:db8::1",
	    "SIP/2.0/UDP host x",
	    "SIP/2.0/UDP host;;branch=z",
	    "SIP/2.0/UDP host;branch=a;branch=b",
	    "SIP/2.0/UDP host;branch=a b",
	    "SIP/2.0/UDP host;rport=x",
	    "SIP/2.0/UDP host;rport=70000",
	    "SIP/2.0/UDP host;x=\"open",
	};
	struct sip_via v;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (sip_via_parse(&v, str_z(bad[i])) != E_MALFORMED)
			fail_msg("accepted: %s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all_parts),
	    cmocka_unit_test(test_blanks_everywhere),
	    cmocka_unit_test(test_ipv6),
	    cmocka_unit_test(test_broken_ones_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
