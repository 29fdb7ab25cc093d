// SPDX-License-Identifier: Apache-2.0
/* A shard whose messages wait too long: whom it refuses, and that it recovers. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "talk.h"

static void settings(struct shard_args *a)
{
	a->overload = (struct overload_settings){.target_ms = 10, .retry_after_s = 30};
}

static int setup(void **state)
{
	*state = world_new_with(settings);
	return 0;
}

static int teardown(void **state)
{
	world_free(*state);
	return 0;
}

static unsigned serial;

static void options(struct phone *p, const char *answer)
{
	phone_say(p,
	          "OPTIONS sip:acme.test SIP/2.0\n$VFrom: <sip:1001@acme.test>;tag=o%u\n"
	          "To: <sip:acme.test>\nCall-ID: options-%u\nCSeq: 1 OPTIONS\n$L",
	          serial, serial);
	serial++;
	phone_expect(p, answer);
}

/** For longer than the patience every message has waited: the shard refuses from now on. */
static void flood(struct world *w, struct phone *p)
{
	world_lag(w, 60);
	for (unsigned i = 0; i < 4; i++) {
		options(p, "SIP/2.0 200");
		world_advance(w, 51);
	}
	options(p, "SIP/2.0 503");
}

static void test_new_requests_are_refused_with_a_time_to_come_back(void **state) /* 21.5.4 */
{
	struct world *w = *state;
	struct phone *p = world_phone(w, "acme.test", "1001", "s3cret-1001", "192.0.2.10:5060");
	flood(w, p);
	size_t before = sip_stack_transactions(shard_sip(world_shard(w)));
	options(p, "SIP/2.0 503");
	const struct sip_hdr *h = sip_hdr(phone_last(p), HDR_RETRY_AFTER);
	uint32_t s = 0;
	assert_non_null(h);
	assert_int_equal(str_u32(h->value, &s), 0);
	assert_in_range(s, 30, 60);
	assert_int_equal(sip_stack_transactions(shard_sip(world_shard(w))), before);
}

static void test_call_goes_on_while_new_ones_are_refused(void **state)
{
	struct world *w = *state;
	struct talk t = talk_up(w);
	struct phone *c = world_phone(w, "acme.test", "1003", "s3cret-1003", "192.0.2.40:5060");
	flood(w, c);
	phone_say(c,
	          "INVITE sip:1002@acme.test SIP/2.0\n$VFrom: <sip:1003@acme.test>;tag=c\n"
	          "To: <sip:1002@acme.test>\nCall-ID: refused\nCSeq: 1 INVITE\n"
	          "Contact: <sip:1003@192.0.2.40:5060>\n$L");
	phone_expect(c, "SIP/2.0 503");
	talk_has(c, "Retry-After: ");
	talk_bye(&t);
	assert_int_equal(world_cdrs(w), 1);
}

static void test_answer_to_a_challenge_goes_before_what_is_new(void **state)
{
	struct world *w = *state;
	struct phone *p = world_phone(w, "acme.test", "1001", "s3cret-1001", "192.0.2.10:5060");
	struct phone *q = world_phone(w, "acme.test", "1003", "s3cret-1003", "192.0.2.40:5060");
	world_lag(w, 0);
	options(q, "SIP/2.0 200");
	flood(w, q);
	world_lag(w, 9);
	phone_say(p, "REGISTER sip:acme.test SIP/2.0\n$VFrom: <sip:1001@acme.test>;tag=r\n"
	             "To: <sip:1001@acme.test>\nCall-ID: reg\nCSeq: 1 REGISTER\n"
	             "Contact: <sip:1001@192.0.2.10:5060>\n$L");
	phone_expect(p, "SIP/2.0 401");
	world_lag(w, 39);
	options(q, "SIP/2.0 503");
	phone_say(p, "REGISTER sip:acme.test SIP/2.0\n$VFrom: <sip:1001@acme.test>;tag=r\n"
	             "To: <sip:1001@acme.test>\nCall-ID: reg\nCSeq: 2 REGISTER\n"
	             "Contact: <sip:1001@192.0.2.10:5060>\n$A$L");
	phone_expect(p, "SIP/2.0 200");
	world_lag(w, 40);
	phone_say(p, "REGISTER sip:acme.test SIP/2.0\n$VFrom: <sip:1001@acme.test>;tag=r\n"
	             "To: <sip:1001@acme.test>\nCall-ID: reg\nCSeq: 3 REGISTER\n"
	             "Contact: <sip:1001@192.0.2.10:5060>\n$A$L");
	phone_expect(p, "SIP/2.0 503");
}

static void test_repeat_of_a_request_that_was_taken_is_not_refused(void **state)
{
	struct world *w = *state;
	struct phone *p = world_phone(w, "acme.test", "1001", "s3cret-1001", "192.0.2.10:5060");
	struct phone *q = world_phone(w, "acme.test", "1003", "s3cret-1003", "192.0.2.40:5060");
	options(p, "SIP/2.0 200");
	flood(w, q);
	phone_resend(p);
	phone_expect(p, "SIP/2.0 200");
}

static void test_everybody_is_served_when_it_is_over(void **state)
{
	struct world *w = *state;
	struct phone *p = world_phone(w, "acme.test", "1001", "s3cret-1001", "192.0.2.10:5060");
	flood(w, p);
	world_lag(w, 0);
	phone_register(p);
	world_advance(w, 1100);
	options(p, "SIP/2.0 200");
	world_lag(w, 60); /* a burst, as any other */
	options(p, "SIP/2.0 200");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_new_requests_are_refused_with_a_time_to_come_back),
		T(test_call_goes_on_while_new_ones_are_refused),
		T(test_answer_to_a_challenge_goes_before_what_is_new),
		T(test_repeat_of_a_request_that_was_taken_is_not_refused),
		T(test_everybody_is_served_when_it_is_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
