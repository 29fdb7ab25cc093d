// SPDX-License-Identifier: Apache-2.0
/* Session timers (RFC 4028) of each leg, and peers that are gone. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "talk.h"

#define WE_REFRESH "Supported: timer\nSession-Expires: 600;refresher=uas\n"
#define A_REFRESHES "Supported: timer\nSession-Expires: 600;refresher=uac\n"
#define ALLOW_UPDATE "Allow: INVITE, ACK, BYE, CANCEL, UPDATE\n"

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

/** A call whose caller's INVITE and callee's 200 say this; what A was told is in phone_text(a). */
static struct talk up_with(struct world *w, const char *a_says, const char *b_says)
{
	struct talk t = talk_pair(w);
	phone_invites_carry(t.a, a_says);
	phone_call(t.a, "1002", phone_sdp(t.a, 4000, "sendrecv"));
	phone_expect(t.b, "INVITE ");
	phone_reply(t.b, phone_invite(t.b), 200, "bob", b_says, phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect(t.b, "ACK ");
	phone_expect(t.a, "SIP/2.0 200");
	phone_in_dialog(t.a, "ACK", NULL, NULL);
	phone_enter_dialog(t.b, "bob");
	return t;
}

/** Everybody who was sent a BYE answers it; the system ended the one call. */
static void both_are_told(struct talk *t)
{
	assert_true(phone_takes(t->a, "BYE "));
	phone_reply(t->a, phone_last(t->a), 200, NULL, "", NULL);
	assert_true(phone_takes(t->b, "BYE "));
	phone_reply(t->b, phone_last(t->b), 200, NULL, "", NULL);
	assert_int_equal(world_cdrs(t->w), 1);
	assert_string_equal(talk_text(world_cdr(t->w), "ended_by"), "system");
}

/* -- the interval -------------------------------------------------------------------------- */

static void test_interval_below_ours_is_422(void **state) /* RFC 4028: 9 */
{
	struct talk t = talk_pair(*state);
	phone_invites_carry(t.a, "Supported: timer\nSession-Expires: 60\n");
	phone_dial(t.a, "1002", phone_sdp(t.a, 4000, "sendrecv"));
	phone_expect(t.a, "SIP/2.0 422");
	talk_has(t.a, "Min-SE: 90");
	phone_ack_refusal(t.a);
	phone_expect_nothing(t.b);
}

static void test_caller_gets_the_side_it_asked_for(void **state) /* RFC 4028: 9, table 2 */
{
	struct talk t = up_with(*state, WE_REFRESH, "");
	talk_has(t.a, "Session-Expires: 600;refresher=uas");
	talk_has(t.a, "Require: timer");
	talk_bye(&t);
}

static void test_caller_refreshes_where_nobody_was_named(void **state) /* RFC 4028: 9 */
{
	struct talk t = up_with(*state, "Supported: timer\nSession-Expires: 600\n", "");
	talk_has(t.a, "Session-Expires: 600;refresher=uac");
	talk_bye(&t);
}

static void test_caller_without_timers_is_not_asked_to_have_them(void **state) /* RFC 4028: 9 */
{
	struct talk t = up_with(*state, "Allow: INVITE\n", "");
	talk_has(t.a, "Session-Expires: 1800;refresher=uas");
	talk_lacks(t.a, "Require: timer");
	talk_bye(&t);
}

static void test_interval_of_the_caller_is_not_made_longer(void **state) /* RFC 4028: 9 */
{
	struct talk t = up_with(*state, "Supported: timer\nSession-Expires: 7200\n", "");
	talk_has(t.a, "Session-Expires: 1800;");
	talk_bye(&t);
}

static void test_interval_is_not_below_the_callers_minimum(void **state) /* RFC 4028: 9 */
{
	struct talk t = up_with(*state, "Supported: timer\nSession-Expires: 7200\nMin-SE: 3600\n",
	                        "");
	talk_has(t.a, "Session-Expires: 3600;");
	talk_bye(&t);
}

static void test_422_of_the_callee_is_tried_again(void **state) /* RFC 4028: 7.3 */
{
	struct talk t = talk_calling(*state);
	talk_has(t.b, "Session-Expires: 1800");
	talk_has(t.b, "Min-SE: 90");
	uint32_t first = phone_invite(t.b)->cseq.number;
	phone_reply(t.b, phone_invite(t.b), 422, "bob", "Min-SE: 3600\n", NULL);
	phone_expect(t.b, "ACK ");
	const struct sip_msg *m = phone_expect(t.b, "INVITE ");
	talk_has(t.b, "Session-Expires: 3600");
	talk_has(t.b, "Min-SE: 3600");
	assert_true(m->cseq.number > first);
	assert_int_equal(m->to.tag.n, 0);
	phone_expect_nothing(t.a);
	talk_answer(&t, "Session-Expires: 3600;refresher=uas\n");
	talk_bye(&t);
}

static void test_endless_422_ends(void **state)
{
	struct talk t = talk_calling(*state);
	for (unsigned i = 1; i <= 3; i++) {
		char line[64];
		snprintf(line, sizeof line, "Min-SE: %u\n", 2000 * i);
		phone_reply(t.b, phone_invite(t.b), 422, "bob", line, NULL);
		phone_expect(t.b, "ACK ");
		if (i < 3)
			phone_expect(t.b, "INVITE ");
	}
	phone_expect(t.a, "SIP/2.0 422");
	phone_ack_refusal(t.a);
}

/* -- refreshing ----------------------------------------------------------------------------- */

static void test_we_refresh_with_update_at_half_time(void **state) /* RFC 4028: 7.4, 10 */
{
	struct talk t = up_with(*state, WE_REFRESH ALLOW_UPDATE, "");
	world_advance(*state, 299000);
	phone_expect_nothing(t.a);
	world_advance(*state, 1000);
	const struct sip_msg *m = phone_expect(t.a, "UPDATE ");
	talk_has(t.a, "Session-Expires: 600;refresher=uac");
	assert_int_equal(m->body.n, 0);
	phone_reply(t.a, m, 200, NULL, "Session-Expires: 600;refresher=uac\n", NULL);
	world_advance(*state, 299000);
	phone_expect_nothing(t.a);
	world_advance(*state, 1000);
	phone_reply(t.a, phone_expect(t.a, "UPDATE "), 200, NULL,
	            "Session-Expires: 600;refresher=uac\n", NULL);
	talk_bye(&t);
}

static void test_who_has_no_update_is_refreshed_by_re_invite(void **state) /* RFC 4028: 7.4 */
{
	struct talk t = up_with(*state, WE_REFRESH, "");
	char said[1024], body[1024];
	talk_body(phone_last(t.a), said, sizeof said);
	world_advance(*state, 300000);
	phone_keep(t.a, phone_expect(t.a, "INVITE "));
	talk_body(phone_kept(t.a), body, sizeof body);
	assert_string_equal(body, said); /* the same, with the same version */
	phone_reply(t.a, phone_kept(t.a), 200, NULL, "Session-Expires: 600;refresher=uac\n",
	            phone_sdp(t.a, 4000, "sendrecv"));
	phone_expect(t.a, "ACK ");
	phone_expect_nothing(t.b);
	talk_bye(&t);
}

static void test_answer_to_a_refresh_may_bring_a_new_address(void **state) /* RFC 3264: 8 */
{
	struct talk t = up_with(*state, WE_REFRESH, "");
	world_advance(*state, 300000);
	phone_reply(t.a, phone_expect(t.a, "INVITE "), 200, NULL,
	            "Session-Expires: 600;refresher=uac\n", phone_sdp(t.a, 4444, "sendrecv"));
	phone_expect(t.a, "ACK ");
	bool there = false;
	for (size_t i = 0; i < world_streams(*state); i++)
		there |= world_stream(*state, i)->set.remote.port == 4444;
	assert_true(there);
	phone_expect_nothing(t.b);
	talk_bye(&t);
}

static void test_glare_of_a_refresh_is_tried_again_soon(void **state) /* 14.1 */
{
	struct talk t = up_with(*state, WE_REFRESH, "");
	world_advance(*state, 300000);
	phone_reply(t.a, phone_expect(t.a, "INVITE "), 491, NULL, "", NULL);
	phone_expect(t.a, "ACK ");
	world_advance(*state, 4001); /* 2.1 to 4 seconds */
	phone_reply(t.a, phone_expect(t.a, "INVITE "), 200, NULL, "",
	            phone_sdp(t.a, 4000, "sendrecv"));
	assert_true(phone_takes(t.a, "ACK "));
	talk_bye(&t);
}

static void test_update_that_is_not_known_is_replaced_by_re_invite(void **state)
{
	struct talk t = up_with(*state, WE_REFRESH ALLOW_UPDATE, "");
	world_advance(*state, 300000);
	phone_reply(t.a, phone_expect(t.a, "UPDATE "), 501, NULL, "", NULL);
	world_advance(*state, 4001);
	phone_reply(t.a, phone_expect(t.a, "INVITE "), 200, NULL, "",
	            phone_sdp(t.a, 4000, "sendrecv"));
	assert_true(phone_takes(t.a, "ACK "));
	talk_bye(&t);
}

static void test_refusal_of_a_refresh_is_tried_again_in_time(void **state) /* RFC 4028: 10 */
{
	struct talk t = up_with(*state, WE_REFRESH ALLOW_UPDATE, "");
	world_advance(*state, 300000);
	phone_reply(t.a, phone_expect(t.a, "UPDATE "), 500, NULL, "Retry-After: 5\n", NULL);
	world_advance(*state, 75000); /* long before the 600 s are over */
	phone_reply(t.a, phone_expect(t.a, "UPDATE "), 200, NULL, "", NULL);
	talk_bye(&t);
}

static void test_refresh_that_is_not_answered_ends_the_call(void **state) /* RFC 4028: 10 */
{
	struct talk t = up_with(*state, WE_REFRESH ALLOW_UPDATE, "");
	world_advance(*state, 300000 + 33000);
	both_are_told(&t);
}

static void test_refresh_answered_481_ends_the_call(void **state) /* 12.2.1.2 */
{
	struct talk t = up_with(*state, WE_REFRESH ALLOW_UPDATE, "");
	world_advance(*state, 300000);
	phone_reply(t.a, phone_expect(t.a, "UPDATE "), 481, NULL, "", NULL);
	both_are_told(&t);
}

static void test_peer_that_does_not_refresh_is_ended(void **state) /* RFC 4028: 10 */
{
	struct talk t = up_with(*state, A_REFRESHES, "");
	world_advance(*state, 567000);
	phone_expect_nothing(t.a);
	world_advance(*state, 1000); /* the smaller of 32 s and a third before the end */
	both_are_told(&t);
}

static void test_refresh_by_the_peer_goes_on(void **state) /* RFC 4028: 9 */
{
	struct talk t = up_with(*state, A_REFRESHES, "");
	world_advance(*state, 400000);
	phone_in_dialog(t.a, "UPDATE", A_REFRESHES, NULL);
	phone_expect(t.a, "SIP/2.0 200");
	talk_has(t.a, "Session-Expires: 600;refresher=uac");
	world_advance(*state, 400000);
	phone_expect_nothing(t.a);
	phone_in_dialog(t.a, "UPDATE", "Supported: timer\nSession-Expires: 60\n", NULL);
	phone_expect(t.a, "SIP/2.0 422");
	talk_bye(&t);
}

static void test_callee_without_timers_is_refreshed_by_us(void **state) /* RFC 4028: 7.2 */
{
	struct talk t = up_with(*state, "Supported: timer\nSession-Expires: 3600\n", "");
	world_advance(*state, 900000);
	const struct sip_msg *m = phone_expect(t.b, "INVITE ");
	phone_reply(t.b, m, 200, NULL, "", phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect(t.b, "ACK ");
	phone_expect_nothing(t.a);
	talk_bye(&t);
}

static void test_callee_that_refreshes_by_itself(void **state) /* RFC 4028: 7.2 */
{
	struct talk t = up_with(*state, "Supported: timer\nSession-Expires: 3600\n",
	                        "Require: timer\nSession-Expires: 1000;refresher=uas\n");
	world_advance(*state, 900000);
	phone_expect_nothing(t.b);
	world_advance(*state, 68000);
	both_are_told(&t);
}

/* -- silence ---------------------------------------------------------------------------------- */

static uint64_t stream_of(struct world *w, uint16_t port)
{
	for (size_t i = 0; i < world_streams(w); i++)
		if (world_stream(w, i)->set.remote.port == port)
			return world_stream(w, i)->id;
	fail_msg("no stream to port %u", port);
	return 0;
}

static void test_silent_peer_that_answers_stays(void **state)
{
	struct talk t = talk_up(*state);
	world_silence(*state, stream_of(*state, 5000));
	phone_reply(t.b, phone_expect(t.b, "OPTIONS "), 200, NULL, "", NULL);
	phone_expect_nothing(t.a);
	world_advance(*state, 60000);
	assert_int_equal(world_cdrs(*state), 0);
	world_silence(*state, stream_of(*state, 4000));
	phone_reply(t.a, phone_expect(t.a, "OPTIONS "), 405, NULL, "", NULL); /* it is there */
	talk_bye(&t);
}

static void test_silent_peer_that_does_not_answer_is_lost(void **state)
{
	struct talk t = talk_up(*state);
	world_silence(*state, stream_of(*state, 5000));
	world_advance(*state, 33000);
	both_are_told(&t);
	assert_non_null(strstr(talk_text(world_cdr(*state), "reason"), "callee"));
}

static void test_silent_peer_that_forgot_the_call_is_lost(void **state) /* 12.2.1.2 */
{
	struct talk t = talk_up(*state);
	world_silence(*state, stream_of(*state, 4000));
	phone_reply(t.a, phone_expect(t.a, "OPTIONS "), 481, NULL, "", NULL);
	both_are_told(&t);
}

static void test_question_does_not_hold_up_offers(void **state)
{
	struct talk t = talk_up(*state);
	world_silence(*state, stream_of(*state, 5000));
	phone_expect(t.b, "OPTIONS ");
	phone_in_dialog(t.a, "INVITE", NULL, phone_sdp(t.a, 4000, "sendonly"));
	phone_reply(t.b, phone_expect(t.b, "INVITE "), 200, NULL, "",
	            phone_sdp(t.b, 5000, "recvonly"));
	phone_expect(t.a, "SIP/2.0 200");
	phone_in_dialog(t.a, "ACK", NULL, NULL);
	talk_bye(&t);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_interval_below_ours_is_422),
		T(test_caller_gets_the_side_it_asked_for),
		T(test_caller_refreshes_where_nobody_was_named),
		T(test_caller_without_timers_is_not_asked_to_have_them),
		T(test_interval_of_the_caller_is_not_made_longer),
		T(test_interval_is_not_below_the_callers_minimum),
		T(test_422_of_the_callee_is_tried_again),
		T(test_endless_422_ends),
		T(test_we_refresh_with_update_at_half_time),
		T(test_who_has_no_update_is_refreshed_by_re_invite),
		T(test_answer_to_a_refresh_may_bring_a_new_address),
		T(test_glare_of_a_refresh_is_tried_again_soon),
		T(test_update_that_is_not_known_is_replaced_by_re_invite),
		T(test_refusal_of_a_refresh_is_tried_again_in_time),
		T(test_refresh_that_is_not_answered_ends_the_call),
		T(test_refresh_answered_481_ends_the_call),
		T(test_peer_that_does_not_refresh_is_ended),
		T(test_refresh_by_the_peer_goes_on),
		T(test_callee_without_timers_is_refreshed_by_us),
		T(test_callee_that_refreshes_by_itself),
		T(test_silent_peer_that_answers_stays),
		T(test_silent_peer_that_does_not_answer_is_lost),
		T(test_silent_peer_that_forgot_the_call_is_lost),
		T(test_question_does_not_hold_up_offers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
