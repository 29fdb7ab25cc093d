// SPDX-License-Identifier: Apache-2.0
/* How calls begin or fail to: refusals, CANCEL and its races, forking, early media, PRACK. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

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

/* -- refusals -------------------------------------------------------------- */

static void refused_with(struct world *w, unsigned by_b, const char *a_gets, json_int_t status)
{
	struct talk t = talk_ringing(w);
	phone_reply(t.b, phone_invite(t.b), by_b, "bob", "", NULL);
	phone_expect(t.b, "ACK ");
	phone_expect(t.a, a_gets);
	phone_ack_refusal(t.a);
	phone_expect_nothing(t.b);
	assert_int_equal(world_cdrs(w), 1);
	assert_int_equal(talk_number(world_cdr(w), "status"), status);
	assert_string_equal(talk_text(world_cdr(w), "answer"), "(null)");
	assert_int_equal(talk_number(talk_leg(world_cdr(w), 1), "status"), by_b);
	assert_string_not_equal(talk_text(talk_leg(world_cdr(w), 1), "end"), "(null)");
}

static void test_busy_device_is_486_to_the_caller(void **state) /* 21.4.24 */
{
	refused_with(*state, 486, "SIP/2.0 486", 486);
	assert_string_equal(talk_text(world_cdr(*state), "ended_by"), "callee");
}

static void test_declined_is_603_to_the_caller(void **state) /* 21.6.2 */
{
	refused_with(*state, 603, "SIP/2.0 603", 603);
}

static void test_503_of_a_device_is_not_passed(void **state) /* 16.7 step 6 */
{
	refused_with(*state, 503, "SIP/2.0 500", 500);
}

static void test_challenge_of_a_device_does_not_pass(void **state) /* 22.1 */
{
	refused_with(*state, 407, "SIP/2.0 480", 480);
}

static void test_redirection_of_a_device_does_not_pass(void **state)
{
	refused_with(*state, 302, "SIP/2.0 480", 480);
}

static void test_unknown_status_passes_as_it_is(void **state)
{
	refused_with(*state, 499, "SIP/2.0 499", 499);
}

static void dial(struct world *w, const char *number, const char *answer)
{
	struct talk t = talk_pair(w);
	phone_call(t.a, number, phone_sdp(t.a, 4000, "sendrecv"));
	phone_expect(t.a, answer);
	phone_ack_refusal(t.a);
	phone_expect_nothing(t.b);
	assert_int_equal(world_cdrs(w), 1);
}

static void test_unknown_number_is_404(void **state)
{
	dial(*state, "7777", "SIP/2.0 404");
}

static void test_beginning_of_a_number_is_484(void **state)
{
	dial(*state, "10", "SIP/2.0 484");
}

static void test_nobody_registered_is_480(void **state)
{
	dial(*state, "1003", "SIP/2.0 480");
}

static void test_offer_of_nothing_usable_is_488(void **state)
{
	struct talk t = talk_pair(*state);
	phone_call(t.a, "1002",
	           "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
	           "m=video 4000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n");
	phone_expect(t.a, "SIP/2.0 488");
	phone_ack_refusal(t.a);
	phone_expect_nothing(t.b);
}

static void test_device_that_never_answers_is_given_up(void **state) /* 17.1.1.2, Timer B */
{
	struct talk t = talk_calling(*state);
	world_advance(*state, 33000);
	phone_expect(t.a, "SIP/2.0 408");
	phone_ack_refusal(t.a);
	assert_int_equal(world_cdrs(*state), 1);
	assert_int_equal(talk_number(world_cdr(*state), "status"), 408);
}

static void test_no_answer_is_480_and_cancelled_with_reason(void **state) /* RFC 3326 */
{
	struct talk t = talk_ringing(*state);
	world_advance(*state, 60000);
	phone_expect(t.a, "SIP/2.0 480");
	phone_ack_refusal(t.a);
	const struct sip_msg *cancel = phone_expect(t.b, "CANCEL ");
	talk_has(t.b, "Reason: SIP;cause=480");
	phone_reply(t.b, cancel, 200, "bob", "", NULL);
	phone_reply(t.b, phone_invite(t.b), 487, "bob", "", NULL);
	phone_expect(t.b, "ACK ");
	assert_int_equal(world_cdrs(*state), 1);
	assert_string_not_equal(talk_text(talk_leg(world_cdr(*state), 1), "end"), "(null)");
}

static void test_answer_that_races_the_no_answer_timer_is_ended(void **state) /* 9.1 */
{
	struct talk t = talk_ringing(*state);
	world_advance(*state, 60000);
	phone_expect(t.a, "SIP/2.0 480");
	phone_ack_refusal(t.a);
	phone_expect(t.b, "CANCEL ");
	phone_reply(t.b, phone_invite(t.b), 200, "bob", "", phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect(t.b, "ACK ");
	phone_reply(t.b, phone_expect(t.b, "BYE "), 200, NULL, "", NULL);
	phone_expect_nothing(t.a);
}

static void test_reason_of_a_refusal_is_kept_across(void **state) /* RFC 3326 */
{
	struct talk t = talk_ringing(*state);
	phone_reply(t.b, phone_invite(t.b), 486, "bob",
	            "Reason: Q.850;cause=17;text=\"busy\"\n", NULL);
	phone_expect(t.a, "SIP/2.0 486");
	talk_has(t.a, "Reason: Q.850;cause=17");
	phone_ack_refusal(t.a);
}

/* -- CANCEL ---------------------------------------------------------------- */

static void test_cancel_while_ringing(void **state) /* 9.2 */
{
	struct talk t = talk_ringing(*state);
	phone_cancel(t.a, "Reason: SIP;cause=487;text=\"mind changed\"\n");
	phone_expect(t.a, "SIP/2.0 200");
	phone_expect(t.a, "SIP/2.0 487");
	phone_ack_refusal(t.a);
	const struct sip_msg *cancel = phone_expect(t.b, "CANCEL sip:1002@192.0.2.20:5060");
	talk_has(t.b, "Reason: SIP;cause=487;text=\"mind changed\"");
	phone_reply(t.b, cancel, 200, "bob", "", NULL);
	phone_reply(t.b, phone_invite(t.b), 487, "bob", "", NULL);
	phone_expect(t.b, "ACK ");
	world_advance(*state, 40000);
	phone_expect_nothing(t.a);
	phone_expect_nothing(t.b);
	assert_int_equal(world_cdrs(*state), 1);
	json_t *cdr = world_cdr(*state);
	assert_string_equal(talk_text(cdr, "ended_by"), "caller");
	assert_int_equal(talk_number(cdr, "status"), 487);
	for (size_t i = 0; i < 2; i++)
		assert_string_not_equal(talk_text(talk_leg(cdr, i), "end"), "(null)");
}

static void test_cancel_waits_for_a_provisional_answer(void **state) /* 9.1 */
{
	struct talk t = talk_calling(*state);
	phone_cancel(t.a, "");
	phone_expect(t.a, "SIP/2.0 200");
	phone_expect(t.a, "SIP/2.0 487");
	phone_ack_refusal(t.a);
	phone_expect_nothing(t.b);
	phone_reply(t.b, phone_invite(t.b), 100, NULL, "", NULL);
	phone_reply(t.b, phone_expect(t.b, "CANCEL "), 200, "bob", "", NULL);
	phone_reply(t.b, phone_invite(t.b), 487, "bob", "", NULL);
	phone_expect(t.b, "ACK ");
}

static void test_200_wins_against_our_cancel(void **state) /* 9.1: a late 2xx is ended by BYE */
{
	struct talk t = talk_ringing(*state);
	phone_cancel(t.a, "");
	phone_expect(t.b, "CANCEL ");
	phone_reply(t.b, phone_invite(t.b), 200, "bob", "", phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect(t.b, "ACK ");
	phone_reply(t.b, phone_expect(t.b, "BYE "), 200, NULL, "", NULL);
	assert_true(phone_takes(t.a, "SIP/2.0 487"));
	phone_ack_refusal(t.a);
	phone_expect_nothing(t.a);
	assert_int_equal(world_cdrs(*state), 1);
}

static void test_cancel_that_lost_against_the_200_changes_nothing(void **state) /* 9.2 */
{
	struct talk t = talk_ringing(*state);
	phone_reply(t.b, phone_invite(t.b), 200, "bob", "", phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect(t.b, "ACK ");
	phone_cancel(t.a, "");
	phone_expect(t.a, "SIP/2.0 200 OK");
	assert_true(phone_takes(t.a, "SIP/2.0 200"));
	phone_in_dialog(t.a, "ACK", NULL, NULL);
	phone_expect_nothing(t.b);
	talk_bye(&t);
	assert_string_equal(talk_text(world_cdr(*state), "answered_by"), "1002");
}

static void test_cancel_without_an_answer_gives_up(void **state) /* 9.1: 64*T1 */
{
	struct talk t = talk_ringing(*state);
	phone_cancel(t.a, "");
	assert_true(phone_takes(t.a, "SIP/2.0 487"));
	phone_ack_refusal(t.a);
	world_advance(*state, 70000);
	assert_int_equal(world_cdrs(*state), 1);
}

static void test_bye_in_the_early_dialog_of_the_caller(void **state) /* 15: the caller may */
{
	struct talk t = talk_ringing(*state);
	uint32_t invite = phone_cseq(t.a);
	phone_in_dialog(t.a, "BYE", NULL, NULL);
	phone_expect(t.a, "SIP/2.0 200");
	phone_expect(t.a, "SIP/2.0 487");
	(void)invite;
	assert_true(phone_takes(t.b, "CANCEL "));
	phone_reply(t.b, phone_invite(t.b), 487, "bob", "", NULL);
	assert_int_equal(world_cdrs(*state), 1);
	assert_string_equal(talk_text(world_cdr(*state), "ended_by"), "caller");
}

static void test_bye_of_a_device_that_rings_ends_its_branch_alone(void **state) /* 15 */
{
	struct talk t = talk_ringing(*state);
	phone_enter_dialog(t.b, "bob");
	phone_in_dialog(t.b, "BYE", NULL, NULL);
	assert_true(phone_takes(t.b, "CANCEL "));
	phone_reply(t.b, phone_invite(t.b), 487, "bob", "", NULL);
	phone_expect(t.a, "SIP/2.0 480");
	phone_ack_refusal(t.a);
	assert_int_equal(world_cdrs(*state), 1);
}

/* -- two devices ----------------------------------------------------------- */

static struct phone *desk_of(struct talk *t)
{
	struct phone *d = world_phone(t->w, "acme.test", "bob-desk", "s3cret-bob-desk",
	                              "192.0.2.21:5060");
	phone_register(d);
	return d;
}

struct fork {
	struct talk t;
	struct phone *d;
};

static struct fork both_ring(struct world *w)
{
	struct fork f = {.t = talk_pair(w)};
	f.d = desk_of(&f.t);
	phone_call(f.t.a, "1002", phone_sdp(f.t.a, 4000, "sendrecv"));
	phone_expect(f.t.b, "INVITE ");
	phone_expect(f.d, "INVITE ");
	phone_reply(f.t.b, phone_invite(f.t.b), 180, "bob", "", NULL);
	phone_reply(f.d, phone_invite(f.d), 180, "desk", "", NULL);
	phone_expect(f.t.a, "SIP/2.0 180");
	phone_expect_nothing(f.t.a); /* told once */
	return f;
}

static void test_first_answer_wins_and_the_other_is_cancelled(void **state) /* 16.7, RFC 3326 */
{
	struct fork f = both_ring(*state);
	phone_reply(f.d, phone_invite(f.d), 200, "desk", "", phone_sdp(f.d, 5000, "sendrecv"));
	phone_expect(f.d, "ACK ");
	phone_reply(f.t.b, phone_expect(f.t.b, "CANCEL "), 200, "bob", "", NULL);
	talk_has(f.t.b, "Reason: SIP;cause=200;text=\"Call completed elsewhere\"");
	phone_reply(f.t.b, phone_invite(f.t.b), 487, "bob", "", NULL);
	phone_expect(f.t.b, "ACK ");
	phone_expect(f.t.a, "SIP/2.0 200");
	phone_in_dialog(f.t.a, "ACK", NULL, NULL);
	phone_in_dialog(f.t.a, "BYE", NULL, NULL);
	phone_expect(f.t.a, "SIP/2.0 200");
	phone_reply(f.d, phone_expect(f.d, "BYE "), 200, NULL, "", NULL);
	phone_expect_nothing(f.t.b);
	json_t *cdr = world_cdr(*state);
	assert_int_equal(json_array_size(json_object_get(cdr, "legs")), 3);
}

static void test_second_answer_is_acknowledged_and_ended(void **state) /* 13.2.2.4 */
{
	struct fork f = both_ring(*state);
	phone_reply(f.d, phone_invite(f.d), 200, "desk", "", phone_sdp(f.d, 5000, "sendrecv"));
	phone_expect(f.d, "ACK ");
	phone_reply(f.t.b, phone_invite(f.t.b), 200, "bob", "", phone_sdp(f.t.b, 5002, "sendrecv"));
	phone_expect(f.t.b, "CANCEL ");
	phone_expect(f.t.b, "ACK ");
	phone_reply(f.t.b, phone_expect(f.t.b, "BYE "), 200, NULL, "", NULL);
	phone_expect(f.t.a, "SIP/2.0 200");
	phone_in_dialog(f.t.a, "ACK", NULL, NULL);
	world_advance(*state, 40000); /* the call lives on */
	assert_int_equal(world_cdrs(*state), 0);
	phone_in_dialog(f.t.a, "BYE", NULL, NULL);
	phone_reply(f.d, phone_expect(f.d, "BYE "), 200, NULL, "", NULL);
	assert_int_equal(world_cdrs(*state), 1);
}

static void test_bye_of_the_cancelled_device_does_not_end_the_call(void **state)
{
	struct fork f = both_ring(*state);
	phone_reply(f.d, phone_invite(f.d), 200, "desk", "", phone_sdp(f.d, 5000, "sendrecv"));
	phone_expect(f.d, "ACK ");
	phone_expect(f.t.a, "SIP/2.0 200");
	phone_in_dialog(f.t.a, "ACK", NULL, NULL);
	phone_enter_dialog(f.t.b, "bob");
	phone_expect(f.t.b, "CANCEL ");
	phone_in_dialog(f.t.b, "BYE", NULL, NULL);
	phone_expect(f.t.b, "SIP/2.0 200");
	phone_expect_nothing(f.d);
	phone_expect_nothing(f.t.a);
	phone_reply(f.t.b, phone_invite(f.t.b), 487, "bob", "", NULL);
	phone_in_dialog(f.t.a, "BYE", NULL, NULL);
	phone_reply(f.d, phone_expect(f.d, "BYE "), 200, NULL, "", NULL);
	assert_string_equal(talk_text(world_cdr(*state), "ended_by"), "caller");
}

static void test_info_of_the_cancelled_device_does_not_pass(void **state)
{
	struct fork f = both_ring(*state);
	phone_reply(f.d, phone_invite(f.d), 200, "desk", "", phone_sdp(f.d, 5000, "sendrecv"));
	phone_expect(f.d, "ACK ");
	phone_expect(f.t.a, "SIP/2.0 200");
	phone_in_dialog(f.t.a, "ACK", NULL, NULL);
	phone_enter_dialog(f.t.b, "bob");
	phone_expect(f.t.b, "CANCEL ");
	phone_in_dialog(f.t.b, "INFO", NULL, NULL);
	phone_expect(f.t.b, "SIP/2.0 4");
	phone_expect_nothing(f.t.a);
	phone_reply(f.t.b, phone_invite(f.t.b), 487, "bob", "", NULL);
	phone_in_dialog(f.t.a, "BYE", NULL, NULL);
	phone_reply(f.d, phone_expect(f.d, "BYE "), 200, NULL, "", NULL);
}

static void test_busy_of_one_device_waits_for_the_other(void **state) /* 16.7 step 5 */
{
	struct fork f = both_ring(*state);
	phone_reply(f.t.b, phone_invite(f.t.b), 486, "bob", "", NULL);
	phone_expect(f.t.b, "ACK ");
	phone_expect_nothing(f.t.a);
	phone_reply(f.d, phone_invite(f.d), 200, "desk", "", phone_sdp(f.d, 5000, "sendrecv"));
	phone_expect(f.d, "ACK ");
	phone_expect(f.t.a, "SIP/2.0 200");
	phone_in_dialog(f.t.a, "ACK", NULL, NULL);
}

static void test_best_status_is_the_busy_one(void **state)
{
	struct fork f = both_ring(*state);
	phone_reply(f.t.b, phone_invite(f.t.b), 404, "bob", "", NULL);
	phone_reply(f.d, phone_invite(f.d), 486, "desk", "", NULL);
	phone_expect(f.t.a, "SIP/2.0 486");
	phone_ack_refusal(f.t.a);
}

static void test_best_status_is_not_the_time_out(void **state)
{
	struct fork f = both_ring(*state);
	phone_reply(f.t.b, phone_invite(f.t.b), 408, "bob", "", NULL);
	phone_reply(f.d, phone_invite(f.d), 404, "desk", "", NULL);
	phone_expect(f.t.a, "SIP/2.0 404");
	phone_ack_refusal(f.t.a);
}

static void test_declined_ends_the_other_devices_too(void **state) /* 16.7 step 5: 6xx */
{
	struct fork f = both_ring(*state);
	phone_reply(f.t.b, phone_invite(f.t.b), 603, "bob", "", NULL);
	phone_expect(f.t.a, "SIP/2.0 603");
	phone_ack_refusal(f.t.a);
	phone_reply(f.d, phone_expect(f.d, "CANCEL "), 200, "desk", "", NULL);
	phone_reply(f.d, phone_invite(f.d), 487, "desk", "", NULL);
	phone_expect(f.d, "ACK ");
}

/* -- early media ----------------------------------------------------------- */

static void test_early_media_and_answer_of_the_same_branch(void **state) /* 13.2.1 */
{
	struct talk t = talk_calling(*state);
	char sdp[1024];
	snprintf(sdp, sizeof sdp, "%s", phone_sdp(t.b, 5000, "sendrecv"));
	phone_reply(t.b, phone_invite(t.b), 183, "bob", "", sdp);
	const struct sip_msg *m = phone_expect(t.a, "SIP/2.0 183");
	assert_true(m->body.n > 0);
	char tag[64], body[1024];
	snprintf(tag, sizeof tag, STR_FMT, STR_ARG(m->to.tag));
	talk_body(m, body, sizeof body);
	assert_int_equal(world_streams(*state), 2);
	phone_reply(t.b, phone_invite(t.b), 200, "bob", "", sdp);
	phone_expect(t.b, "ACK ");
	m = phone_expect(t.a, "SIP/2.0 200");
	assert_true(str_eq(m->to.tag, str_z(tag)));
	assert_true(str_eq(m->body, str_z(body)));
	phone_in_dialog(t.a, "ACK", NULL, NULL);
}

static void test_answer_of_another_branch_than_early_media_has_its_own_dialog(void **state)
{
	/* 13.2.2.4: the first description in a dialog is final, so the other needs a new To tag */
	struct fork f = both_ring(*state);
	phone_reply(f.t.b, phone_invite(f.t.b), 183, "bob", "", phone_sdp(f.t.b, 5000, "sendrecv"));
	const struct sip_msg *m = phone_expect(f.t.a, "SIP/2.0 183");
	char tag[64];
	snprintf(tag, sizeof tag, STR_FMT, STR_ARG(m->to.tag));
	phone_reply(f.d, phone_invite(f.d), 200, "desk", "",
	            "v=0\r\no=d 1 1 IN IP4 192.0.2.21\r\ns=-\r\nc=IN IP4 192.0.2.21\r\nt=0 0\r\n"
	            "m=audio 5002 RTP/AVP 8\r\n");
	phone_expect(f.d, "ACK ");
	m = phone_expect(f.t.a, "SIP/2.0 200");
	assert_false(str_eq(m->to.tag, str_z(tag)));
	phone_in_dialog(f.t.a, "ACK", NULL, NULL);
	phone_expect(f.t.b, "CANCEL ");
	phone_reply(f.t.b, phone_invite(f.t.b), 487, "bob", "", NULL);
	phone_in_dialog(f.t.a, "BYE", NULL, NULL);
	phone_expect(f.t.a, "SIP/2.0 200");
	phone_reply(f.d, phone_expect(f.d, "BYE "), 200, NULL, "", NULL);
}

static const char other_early[] =
	"v=0\r\no=x 1 1 IN IP4 192.0.2.99\r\ns=-\r\nc=IN IP4 192.0.2.99\r\nt=0 0\r\n"
	"m=audio 5004 RTP/AVP 8\r\n";

static void test_second_early_dialog_of_a_branch_has_its_own_tag(void **state) /* 12.1, 13.2.1 */
{
	struct talk t = talk_calling(*state);
	phone_reply(t.b, phone_invite(t.b), 183, "one", "", phone_sdp(t.b, 5000, "sendrecv"));
	char tag[64];
	const struct sip_msg *m = phone_expect(t.a, "SIP/2.0 183");
	snprintf(tag, sizeof tag, STR_FMT, STR_ARG(m->to.tag));
	phone_reply(t.b, phone_invite(t.b), 183, "two", "", other_early);
	m = phone_expect(t.a, "SIP/2.0 183");
	assert_false(str_eq(m->to.tag, str_z(tag)));
	phone_cancel(t.a, ""); /* still finds its call */
	assert_true(phone_takes(t.a, "SIP/2.0 487"));
	phone_ack_refusal(t.a);
	assert_true(phone_takes(t.b, "CANCEL "));
	phone_reply(t.b, phone_invite(t.b), 487, "two", "", NULL);
}

static void test_early_dialogs_and_an_answer_with_a_third_tag(void **state) /* 13.2.2.4 */
{
	struct talk t = talk_calling(*state);
	phone_reply(t.b, phone_invite(t.b), 180, "one", "", NULL);
	phone_reply(t.b, phone_invite(t.b), 180, "two", "", NULL);
	phone_reply(t.b, phone_invite(t.b), 200, "three", "", phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect(t.b, "ACK ");
	talk_has(t.b, ";tag=three");
	assert_true(phone_takes(t.a, "SIP/2.0 200"));
	phone_in_dialog(t.a, "ACK", NULL, NULL);
	/* and another branch behind a forking proxy answers, too */
	phone_reply(t.b, phone_invite(t.b), 200, "two", "", phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect(t.b, "ACK ");
	talk_has(t.b, ";tag=two");
	const struct sip_msg *bye = phone_expect(t.b, "BYE ");
	talk_has(t.b, ";tag=two");
	phone_reply(t.b, bye, 200, NULL, "", NULL);
	phone_enter_dialog(t.b, "three");
	talk_bye(&t);
}

static void test_ringing_with_a_useless_description_still_rings(void **state)
{
	struct talk t = talk_calling(*state);
	phone_reply(t.b, phone_invite(t.b), 183, "bob", "",
	            "v=0\r\no=x 1 1 IN IP4 192.0.2.99\r\ns=-\r\nc=IN IP4 192.0.2.99\r\nt=0 0\r\n"
	            "m=audio 5004 RTP/AVP 97\r\na=rtpmap:97 iLBC/8000\r\n");
	phone_expect(t.a, "SIP/2.0 183");
	talk_answer(&t, "");
}

static void test_early_media_of_the_next_branch_when_the_first_fails(void **state)
{
	struct fork f = both_ring(*state);
	phone_reply(f.t.b, phone_invite(f.t.b), 183, "bob", "", phone_sdp(f.t.b, 5000, "sendrecv"));
	phone_expect(f.t.a, "SIP/2.0 183");
	phone_reply(f.t.b, phone_invite(f.t.b), 486, "bob", "", NULL);
	phone_reply(f.d, phone_invite(f.d), 183, "desk", "", other_early);
	const struct sip_msg *m = phone_expect(f.t.a, "SIP/2.0 183");
	assert_true(m->body.n > 0);
	phone_cancel(f.t.a, "");
	assert_true(phone_takes(f.t.a, "SIP/2.0 487"));
	phone_ack_refusal(f.t.a);
	assert_true(phone_takes(f.d, "CANCEL "));
	phone_reply(f.d, phone_invite(f.d), 487, "desk", "", NULL);
}

/* -- delayed offer --------------------------------------------------------- */

static void test_delayed_offer_passes_through(void **state) /* 13.2.1, 14; RFC 6337 section 2.1 */
{
	struct talk t = talk_pair(*state);
	phone_call(t.a, "1002", NULL);
	const struct sip_msg *m = phone_expect(t.b, "INVITE ");
	assert_int_equal(m->body.n, 0);
	phone_reply(t.b, phone_invite(t.b), 180, "bob", "", NULL);
	phone_expect(t.a, "SIP/2.0 180");
	phone_reply(t.b, phone_invite(t.b), 200, "bob", "", phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect_nothing(t.b); /* the ACK waits for the caller's answer */
	m = phone_expect(t.a, "SIP/2.0 200");
	assert_true(m->body.n > 0);
	talk_lacks(t.a, "192.0.2.20");
	phone_in_dialog(t.a, "ACK", NULL, phone_sdp(t.a, 4000, "sendrecv"));
	m = phone_expect(t.b, "ACK ");
	assert_true(m->body.n > 0);
	talk_lacks(t.b, "192.0.2.10");
	assert_int_equal(world_streams(*state), 2);
	talk_bye(&t);
}

static void test_delayed_offer_that_is_never_answered_ends_the_call(void **state) /* 13.2.2.4 */
{
	struct talk t = talk_pair(*state);
	phone_call(t.a, "1002", NULL);
	phone_expect(t.b, "INVITE ");
	phone_reply(t.b, phone_invite(t.b), 200, "bob", "", phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect(t.a, "SIP/2.0 200");
	phone_in_dialog(t.a, "ACK", NULL, NULL);
	phone_expect(t.b, "ACK ");
	phone_reply(t.b, phone_expect(t.b, "BYE "), 200, NULL, "", NULL);
	phone_reply(t.a, phone_expect(t.a, "BYE "), 200, NULL, "", NULL);
	assert_int_equal(world_cdrs(*state), 1);
}

static void test_delayed_offer_whose_200_has_none(void **state)
{
	struct talk t = talk_pair(*state);
	phone_call(t.a, "1002", NULL);
	phone_expect(t.b, "INVITE ");
	phone_reply(t.b, phone_invite(t.b), 200, "bob", "", NULL);
	phone_expect(t.b, "ACK ");
	phone_reply(t.b, phone_expect(t.b, "BYE "), 200, NULL, "", NULL);
	phone_expect(t.a, "SIP/2.0 488");
	phone_ack_refusal(t.a);
}

/* -- reliable provisional answers ------------------------------------------ */

static void test_reliable_provisional_of_the_callee_gets_a_prack(void **state) /* RFC 3262: 4 */
{
	struct talk t = talk_calling(*state);
	char rel[] = "Require: 100rel\nRSeq: 7\n";
	phone_reply(t.b, phone_invite(t.b), 183, "bob", rel, phone_sdp(t.b, 5000, "sendrecv"));
	const struct sip_msg *prack = phone_expect(t.b, "PRACK sip:1002@192.0.2.20:5060");
	assert_true(str_eq(sip_value(prack, HDR_RACK), STR("7 1 INVITE")));
	assert_true(str_eq(prack->to.tag, STR("bob")));
	phone_reply(t.b, prack, 200, NULL, "", NULL);
	phone_expect(t.a, "SIP/2.0 183");
	/* a repeat is not acknowledged again, nor passed on; one out of order is ignored */
	phone_reply(t.b, phone_invite(t.b), 183, "bob", rel, phone_sdp(t.b, 5000, "sendrecv"));
	phone_reply(t.b, phone_invite(t.b), 180, "bob", "Require: 100rel\nRSeq: 9\n", NULL);
	phone_expect_nothing(t.b);
	phone_expect_nothing(t.a);
	phone_reply(t.b, phone_invite(t.b), 180, "bob", "Require: 100rel\nRSeq: 8\n", NULL);
	phone_reply(t.b, phone_expect(t.b, "PRACK "), 200, NULL, "", NULL);
	phone_expect(t.a, "SIP/2.0 180");
	/* the description was said in the 183; the 200 need not repeat it (RFC 6337 section 2.1) */
	phone_reply(t.b, phone_invite(t.b), 200, "bob", "", NULL);
	phone_expect(t.b, "ACK ");
	const struct sip_msg *m = phone_expect(t.a, "SIP/2.0 200");
	assert_true(m->body.n > 0);
	phone_in_dialog(t.a, "ACK", NULL, NULL);
	talk_bye(&t);
}

static void test_reliable_answer_of_a_branch_without_early_media_counts(void **state)
{
	/* the caller hears the first branch; the second said its description in a reliable 183 */
	struct fork f = both_ring(*state);
	phone_reply(f.t.b, phone_invite(f.t.b), 183, "bob", "", phone_sdp(f.t.b, 5000, "sendrecv"));
	phone_expect(f.t.a, "SIP/2.0 183");
	phone_reply(f.d, phone_invite(f.d), 183, "desk", "Require: 100rel\nRSeq: 1\n",
	            phone_sdp(f.d, 5002, "sendrecv"));
	phone_reply(f.d, phone_expect(f.d, "PRACK "), 200, NULL, "", NULL);
	phone_reply(f.d, phone_invite(f.d), 200, "desk", "", NULL);
	phone_expect(f.d, "ACK ");
	assert_true(phone_takes(f.t.a, "SIP/2.0 200"));
	phone_in_dialog(f.t.a, "ACK", NULL, NULL);
	phone_expect(f.t.b, "CANCEL ");
	phone_reply(f.t.b, phone_invite(f.t.b), 487, "bob", "", NULL);
	assert_int_equal(world_streams(*state), 2);
	phone_in_dialog(f.t.a, "BYE", NULL, NULL);
	phone_reply(f.d, phone_expect(f.d, "BYE "), 200, NULL, "", NULL);
}

/** A calls and can (or requires) 100rel; B has the INVITE. */
static struct talk calling_reliably(struct world *w, const char *how)
{
	struct talk t = talk_pair(w);
	char lines[128];
	snprintf(lines, sizeof lines, "%s: 100rel\nAllow: INVITE, ACK, BYE, CANCEL, UPDATE\n",
	         how);
	phone_invites_carry(t.a, lines);
	phone_call(t.a, "1002", phone_sdp(t.a, 4000, "sendrecv"));
	phone_expect(t.b, "INVITE ");
	return t;
}

static void prack(struct talk *t, const struct sip_msg *m, int delta)
{
	uint32_t rseq;
	char line[64];
	assert_int_equal(sip_number(m, HDR_RSEQ, &rseq), 0);
	snprintf(line, sizeof line, "RAck: %u %u INVITE\n", rseq + (uint32_t)delta, m->cseq.number);
	phone_in_dialog(t->a, "PRACK", line, NULL);
}

static void test_early_media_to_a_caller_with_100rel_is_reliable(void **state) /* RFC 3262: 3 */
{
	struct talk t = calling_reliably(*state, "Supported");
	phone_reply(t.b, phone_invite(t.b), 183, "bob", "", phone_sdp(t.b, 5000, "sendrecv"));
	const struct sip_msg *m = phone_expect(t.a, "SIP/2.0 183");
	talk_has(t.a, "Require: 100rel");
	world_advance(*state, 600);
	m = phone_expect(t.a, "SIP/2.0 183"); /* repeated until the PRACK */
	world_advance(*state, 1000);
	m = phone_expect(t.a, "SIP/2.0 183");
	uint32_t invite = phone_cseq(t.a);
	prack(&t, m, 1);
	phone_expect(t.a, "SIP/2.0 481");
	phone_enter_dialog(t.b, "bob");
	world_advance(*state, 2000);
	m = phone_expect(t.a, "SIP/2.0 183");
	prack(&t, m, 0);
	phone_expect(t.a, "SIP/2.0 200");
	world_advance(*state, 10000);
	phone_expect_nothing(t.a);
	phone_reply(t.b, phone_invite(t.b), 200, "bob", "", phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect(t.b, "ACK ");
	m = phone_expect(t.a, "SIP/2.0 200");
	assert_int_equal(m->body.n, 0); /* said and acknowledged already */
	phone_in_dialog_as(t.a, "ACK", invite, NULL, NULL);
	talk_bye(&t);
}

static void test_200_waits_for_the_prack_of_a_description(void **state) /* RFC 3262 section 3 */
{
	struct talk t = calling_reliably(*state, "Supported");
	phone_reply(t.b, phone_invite(t.b), 183, "bob", "", phone_sdp(t.b, 5000, "sendrecv"));
	const struct sip_msg *m = phone_expect(t.a, "SIP/2.0 183");
	phone_reply(t.b, phone_invite(t.b), 200, "bob", "", phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect(t.b, "ACK ");
	phone_expect_nothing(t.a);
	uint32_t invite = phone_cseq(t.a);
	prack(&t, m, 0);
	phone_expect(t.a, "SIP/2.0 200");
	phone_expect(t.a, "SIP/2.0 200");
	talk_has(t.a, " INVITE");
	phone_in_dialog_as(t.a, "ACK", invite, NULL, NULL);
	world_advance(*state, 40000);
	phone_expect_nothing(t.a);
	phone_enter_dialog(t.b, "bob");
	talk_bye(&t);
}

/* The callee hangs up while its 200 waits for the caller's PRACK: the caller is refused. */
static void test_answer_that_never_reached_the_caller_is_none(void **state)
{
	struct talk t = calling_reliably(*state, "Supported");
	phone_reply(t.b, phone_invite(t.b), 183, "bob", "", phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect(t.a, "SIP/2.0 183");
	phone_reply(t.b, phone_invite(t.b), 200, "bob", "", phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect(t.b, "ACK ");
	phone_enter_dialog(t.b, "bob");
	phone_in_dialog(t.b, "BYE", NULL, NULL);
	phone_expect(t.b, "SIP/2.0 200");
	phone_expect(t.a, "SIP/2.0 480");
	phone_ack_refusal(t.a);
	world_advance(*state, 10000);
	assert_true(json_is_null(json_object_get(world_cdr(*state), "answer")));
	assert_int_equal(talk_number(world_cdr(*state), "status"), 480);
}

static void test_reliable_ringing_without_prack_does_not_hold_the_200(void **state) /* section 3 */
{
	struct talk t = calling_reliably(*state, "Require");
	phone_reply(t.b, phone_invite(t.b), 180, "bob", "", NULL);
	char rack[64];
	uint32_t rseq;
	const struct sip_msg *m = phone_expect(t.a, "SIP/2.0 180");
	assert_int_equal(sip_number(m, HDR_RSEQ, &rseq), 0);
	snprintf(rack, sizeof rack, "RAck: %u %u INVITE\n", rseq, m->cseq.number);
	phone_reply(t.b, phone_invite(t.b), 200, "bob", "", phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect(t.b, "ACK ");
	phone_expect(t.a, "SIP/2.0 200");
	uint32_t invite = phone_cseq(t.a);
	phone_in_dialog(t.a, "PRACK", rack, NULL);
	phone_expect(t.a, "SIP/2.0 200"); /* "must be prepared to process PRACK requests" */
	phone_in_dialog_as(t.a, "ACK", invite, NULL, NULL);
	phone_enter_dialog(t.b, "bob");
	talk_bye(&t);
}

static void test_reliable_provisional_that_is_never_acknowledged_ends_in_5xx(void **state)
{
	struct talk t = calling_reliably(*state, "Supported");
	phone_reply(t.b, phone_invite(t.b), 183, "bob", "", phone_sdp(t.b, 5000, "sendrecv"));
	world_advance(*state, 33000);
	assert_true(phone_takes(t.a, "SIP/2.0 5")); /* RFC 3262 section 3 */
	phone_ack_refusal(t.a);
	assert_true(phone_takes(t.b, "CANCEL "));
	phone_reply(t.b, phone_invite(t.b), 487, "bob", "", NULL);
	assert_int_equal(world_cdrs(*state), 1);
}

static void test_cancel_while_the_200_waits_for_a_prack(void **state)
{
	struct talk t = calling_reliably(*state, "Supported");
	phone_reply(t.b, phone_invite(t.b), 183, "bob", "", phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect(t.a, "SIP/2.0 183");
	phone_reply(t.b, phone_invite(t.b), 200, "bob", "", phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect(t.b, "ACK ");
	phone_cancel(t.a, "");
	assert_true(phone_takes(t.a, "SIP/2.0 487"));
	phone_ack_refusal(t.a);
	phone_reply(t.b, phone_expect(t.b, "BYE "), 200, NULL, "", NULL);
	assert_int_equal(world_cdrs(*state), 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_busy_device_is_486_to_the_caller),
		T(test_declined_is_603_to_the_caller),
		T(test_503_of_a_device_is_not_passed),
		T(test_challenge_of_a_device_does_not_pass),
		T(test_redirection_of_a_device_does_not_pass),
		T(test_unknown_status_passes_as_it_is),
		T(test_unknown_number_is_404),
		T(test_beginning_of_a_number_is_484),
		T(test_nobody_registered_is_480),
		T(test_offer_of_nothing_usable_is_488),
		T(test_device_that_never_answers_is_given_up),
		T(test_no_answer_is_480_and_cancelled_with_reason),
		T(test_answer_that_races_the_no_answer_timer_is_ended),
		T(test_reason_of_a_refusal_is_kept_across),
		T(test_cancel_while_ringing),
		T(test_cancel_waits_for_a_provisional_answer),
		T(test_200_wins_against_our_cancel),
		T(test_cancel_that_lost_against_the_200_changes_nothing),
		T(test_cancel_without_an_answer_gives_up),
		T(test_bye_in_the_early_dialog_of_the_caller),
		T(test_bye_of_a_device_that_rings_ends_its_branch_alone),
		T(test_first_answer_wins_and_the_other_is_cancelled),
		T(test_second_answer_is_acknowledged_and_ended),
		T(test_bye_of_the_cancelled_device_does_not_end_the_call),
		T(test_info_of_the_cancelled_device_does_not_pass),
		T(test_busy_of_one_device_waits_for_the_other),
		T(test_best_status_is_the_busy_one),
		T(test_best_status_is_not_the_time_out),
		T(test_declined_ends_the_other_devices_too),
		T(test_early_media_and_answer_of_the_same_branch),
		T(test_answer_of_another_branch_than_early_media_has_its_own_dialog),
		T(test_second_early_dialog_of_a_branch_has_its_own_tag),
		T(test_early_dialogs_and_an_answer_with_a_third_tag),
		T(test_ringing_with_a_useless_description_still_rings),
		T(test_early_media_of_the_next_branch_when_the_first_fails),
		T(test_delayed_offer_passes_through),
		T(test_delayed_offer_that_is_never_answered_ends_the_call),
		T(test_delayed_offer_whose_200_has_none),
		T(test_reliable_provisional_of_the_callee_gets_a_prack),
		T(test_reliable_answer_of_a_branch_without_early_media_counts),
		T(test_early_media_to_a_caller_with_100rel_is_reliable),
		T(test_answer_that_never_reached_the_caller_is_none),
		T(test_200_waits_for_the_prack_of_a_description),
		T(test_reliable_ringing_without_prack_does_not_hold_the_200),
		T(test_reliable_provisional_that_is_never_acknowledged_ends_in_5xx),
		T(test_cancel_while_the_200_waits_for_a_prack),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
