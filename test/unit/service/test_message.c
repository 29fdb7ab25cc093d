// SPDX-License-Identifier: Apache-2.0
/* MESSAGE between devices, outside of calls (RFC 3428), through a whole shard. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "service/message.h"
#include "talk.h"

static int setup(void **state)
{
	*state = world_new();
	return 0;
}

static int teardown(void **state)
{
	world_free(*state);
	return 0;
}

static void write_to(struct phone *p, const char *number, const char *auth, const char *hops)
{
	static unsigned serial;
	++serial;
	phone_say(p,
	          "MESSAGE sip:%s@acme.test SIP/2.0\n$V"
	          "From: \"Boss\" <sip:boss@acme.test>;tag=m%u\n"
	          "To: <sip:%s@acme.test>\nCall-ID: msg-%u\nCSeq: 1 MESSAGE\nMax-Forwards: %s\n"
	          "P-Asserted-Identity: <sip:boss@acme.test>\nUser-Agent: Secret\n%s"
	          "Content-Type: text/plain;charset=utf-8\n$Lhello there",
	          number, serial, number, serial, hops, auth);
}

/** A writes, and has been authenticated. */
static void message(struct phone *p, const char *number)
{
	write_to(p, number, "", "70");
	phone_expect(p, "SIP/2.0 407");
	write_to(p, number, "$A", "70");
}

static void test_message_arrives_and_its_answer_comes_back(void **state)
{
	struct talk t = talk_pair(*state);
	message(t.a, "1002");
	const struct sip_msg *m = phone_expect(t.b, "MESSAGE sip:1002@192.0.2.20:5060");
	assert_true(str_starts(m->from.text, STR("\"Alice\" <sip:1001@acme.test>")));
	assert_true(str_eq(m->body, STR("hello there")));
	assert_true(str_eq(sip_value(m, HDR_CONTENT_TYPE), STR("text/plain;charset=utf-8")));
	talk_lacks(t.b, "oss");
	talk_lacks(t.b, "Secret");
	talk_lacks(t.b, "192.0.2.10");
	talk_has(t.b, "Max-Forwards: 69");
	phone_reply(t.b, m, 200, "b", "", NULL);
	phone_expect(t.a, "SIP/2.0 200");
}

static struct phone *desk(struct world *w)
{
	struct phone *d = world_phone(w, "acme.test", "bob-desk", "s3cret-bob-desk",
	                              "192.0.2.21:5060");
	phone_register(d);
	return d;
}

static void test_first_200_of_all_devices_counts(void **state) /* RFC 3428: 4 */
{
	struct talk t = talk_pair(*state);
	struct phone *d = desk(t.w);
	message(t.a, "1002");
	phone_keep(t.b, phone_expect(t.b, "MESSAGE "));
	phone_keep(d, phone_expect(d, "MESSAGE "));
	phone_reply(t.b, phone_kept(t.b), 415, "b", "", NULL);
	phone_expect_nothing(t.a);
	phone_reply(d, phone_kept(d), 202, "d", "", NULL);
	phone_expect(t.a, "SIP/2.0 202");
	world_advance(*state, 40000);
	phone_expect_nothing(t.a);
}

static void test_refusal_is_told_at_once(void **state)
{
	struct talk t = talk_pair(*state);
	message(t.a, "1002");
	phone_reply(t.b, phone_expect(t.b, "MESSAGE "), 486, "b", "", NULL);
	phone_expect(t.a, "SIP/2.0 486"); /* no need to wait for Timer K */
}

static void test_decline_is_told_when_another_device_says_nothing(void **state) /* RFC 3261: 16.7 */
{
	struct talk t = talk_pair(*state);
	struct phone *d = desk(t.w);
	message(t.a, "1002");
	phone_keep(d, phone_expect(d, "MESSAGE "));
	phone_reply(t.b, phone_expect(t.b, "MESSAGE "), 603, "b", "", NULL);
	phone_reply(d, phone_kept(d), 408, "d", "", NULL);
	phone_expect(t.a, "SIP/2.0 603");
}

static void test_challenge_of_a_device_does_not_pass(void **state)
{
	struct talk t = talk_pair(*state);
	message(t.a, "1002");
	phone_reply(t.b, phone_expect(t.b, "MESSAGE "), 401, "b", "", NULL);
	phone_expect(t.a, "SIP/2.0 480");
}

static void test_nobody_there_is_480(void **state)
{
	struct talk t = talk_pair(*state);
	message(t.a, "1003");
	phone_expect(t.a, "SIP/2.0 480");
}

static void test_numbers_that_take_no_text(void **state)
{
	struct talk t = talk_pair(*state);
	message(t.a, "*43");
	phone_expect(t.a, "SIP/2.0 404");
	message(t.a, "7777");
	phone_expect(t.a, "SIP/2.0 404");
	message(t.a, "10");
	phone_expect(t.a, "SIP/2.0 484");
}

static void test_last_hop_is_483(void **state) /* 16.3 */
{
	struct talk t = talk_pair(*state);
	write_to(t.a, "1002", "", "0");
	phone_expect(t.a, "SIP/2.0 483");
	phone_expect_nothing(t.b);
}

static void test_device_that_never_answers_leaves_nothing_over(void **state) /* RFC 4320: 4.2 */
{
	struct talk t = talk_pair(*state);
	message(t.a, "1002");
	world_advance(*state, 40000);
	phone_flush(t.a);
	json_t *status = json_array_get(world_ask(*state, SHARD_Q_STATUS, 0, ""), 0);
	assert_int_equal(talk_number(status, "messages"), 0);
	message(t.a, "1002");
	assert_true(phone_takes(t.b, "MESSAGE "));
}

static void test_message_of_another_tenant_does_not_arrive(void **state)
{
	struct talk t = talk_pair(*state);
	struct phone *u = world_phone(*state, "umbra.test", "1001", "umbra-1001",
	                              "192.0.2.31:5060");
	phone_register(u);
	write_to(u, "1002", "", "70");
	phone_expect(u, "SIP/2.0 407");
	write_to(u, "1002", "$A", "70");
	phone_expect(u, "SIP/2.0 407");
	phone_expect_nothing(t.b);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_message_arrives_and_its_answer_comes_back),
		T(test_first_200_of_all_devices_counts),
		T(test_refusal_is_told_at_once),
		T(test_decline_is_told_when_another_device_says_nothing),
		T(test_challenge_of_a_device_does_not_pass),
		T(test_nobody_there_is_480),
		T(test_numbers_that_take_no_text),
		T(test_last_hop_is_483),
		T(test_device_that_never_answers_leaves_nothing_over),
		T(test_message_of_another_tenant_does_not_arrive),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
