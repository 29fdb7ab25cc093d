// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "sip/flow.h"
#include "sip_text.h"

static struct flow flow_of(enum sip_transport t, uint64_t conn, uint8_t last)
{
	return (struct flow){
	    .transport = (uint8_t)t,
	    .conn = conn,
	    .local = {.family = ADDR_V4, .port = 5060, .ip = {192, 0, 2, 1}},
	    .remote = {.family = ADDR_V4, .port = 5060, .ip = {192, 0, 2, last}},
	};
}

static void test_datagram_flow_is_its_addresses(void **state) /* RFC 5626 section 3.3 */
{
	(void)state;
	struct flow a = flow_of(SIP_UDP, 0, 7), b = flow_of(SIP_UDP, 0, 7);
	b.shard = 3; /* datagrams of one flow may be read anywhere */
	assert_true(flow_eq(&a, &b));
	b.remote.port = 5061;
	assert_false(flow_eq(&a, &b));
	b = flow_of(SIP_UDP, 0, 7);
	b.local.ip[3] = 2;
	assert_false(flow_eq(&a, &b));
}

static void test_stream_flow_is_its_connection(void **state)
{
	(void)state;
	struct flow a = flow_of(SIP_TCP, 5, 7), b = flow_of(SIP_TCP, 6, 7);
	assert_false(flow_eq(&a, &b)); /* the same addresses after a reconnect */
	b.conn = 5;
	assert_true(flow_eq(&a, &b));
	b.transport = SIP_TLS;
	assert_false(flow_eq(&a, &b));
	assert_true(flow_is_reliable(&a));
}

static void test_transport_names(void **state) /* RFC 3261 section 20.42, RFC 7118 */
{
	(void)state;
	enum sip_transport t = SIP_UDP;
	for (unsigned i = 0; i < SIP_TRANSPORTS; i++) {
		assert_int_equal(sip_transport_parse(sip_transport_name((enum sip_transport)i), &t),
		                 0);
		assert_int_equal(t, i);
	}
	assert_int_equal(sip_transport_parse(STR("wSs"), &t), 0);
	assert_int_equal(t, SIP_WSS);
	assert_int_equal(sip_transport_parse(STR("SCTP"), &t), ENOENT);
	assert_int_equal(sip_transport_parse(STR_NONE, &t), ENOENT);
	expect_str(sip_transport_name(SIP_UDP), "UDP");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_datagram_flow_is_its_addresses),
	    cmocka_unit_test(test_stream_flow_is_its_connection),
	    cmocka_unit_test(test_transport_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
