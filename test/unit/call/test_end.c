// SPDX-License-Identifier: Apache-2.0
/* How calls end, what passes in them, what must not pass, and the echo test. */
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

/* -- BYE ------------------------------------------------------------------- */

static void test_bye_of_the_callee_passes_with_its_reason(void **state) /* 15.1, RFC 3326 */
{
	struct talk t = talk_up(*state);
	world_advance(*state, 1500);
	phone_in_dialog(t.b, "BYE", "Reason: Q.850;cause=31\n", NULL);
	phone_expect(t.b, "SIP/2.0 200");
	phone_expect(t.a, "BYE sip:1001@192.0.2.10:5060");
	talk_has(t.a, "Reason: Q.850;cause=31");
	phone_reply(t.a, phone_last(t.a), 200, NULL, "", NULL);
	json_t *cdr = world_cdr(*state);
	assert_string_equal(talk_text(cdr, "ended_by"), "callee");
	assert_int_equal(talk_number(cdr, "status"), 200);
	assert_int_equal(talk_number(cdr, "talk_ms"), 1500);
}

static void test_bye_crossing_bye(void **state) /* 15.1.2 */
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.a, "BYE", NULL, NULL);
	phone_expect(t.a, "SIP/2.0 200");
	phone_keep(t.b, phone_expect(t.b, "BYE "));
	phone_in_dialog(t.b, "BYE", NULL, NULL);
	phone_expect(t.b, "SIP/2.0 200");
	phone_reply(t.b, phone_kept(t.b), 481, NULL, "", NULL);
	world_advance(*state, 40000);
	phone_expect_nothing(t.a);
	phone_expect_nothing(t.b);
	assert_int_equal(world_cdrs(*state), 1);
	assert_string_equal(talk_text(world_cdr(*state), "ended_by"), "caller");
}

static void test_bye_that_nobody_answers_is_given_up(void **state) /* 17.1.2.2, Timer F */
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.a, "BYE", NULL, NULL);
	world_advance(*state, 40000);
	assert_int_equal(world_cdrs(*state), 1);
	phone_in_dialog(t.a, "BYE", NULL, NULL); /* there is no such dialog any more */
	assert_true(phone_takes(t.a, "SIP/2.0 481"));
}

static void test_answer_that_is_never_acknowledged_ends_the_call(void **state) /* 13.3.1.4 */
{
	struct talk t = talk_ringing(*state);
	phone_reply(t.b, phone_invite(t.b), 200, "bob", "", phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect(t.b, "ACK ");
	world_advance(*state, 31000);
	assert_int_equal(world_cdrs(*state), 0);
	world_advance(*state, 1000);
	assert_true(phone_takes(t.a, "BYE "));
	phone_reply(t.a, phone_last(t.a), 200, NULL, "", NULL);
	phone_reply(t.b, phone_expect(t.b, "BYE "), 200, NULL, "", NULL);
	assert_int_equal(world_cdrs(*state), 1);
	assert_string_equal(talk_text(world_cdr(*state), "ended_by"), "system");
}

static void test_bye_to_the_caller_waits_for_its_ack(void **state) /* 15 */
{
	struct talk t = talk_ringing(*state);
	phone_reply(t.b, phone_invite(t.b), 200, "bob", "", phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect(t.b, "ACK ");
	phone_expect(t.a, "SIP/2.0 200");
	uint32_t invite = phone_cseq(t.a);
	phone_enter_dialog(t.b, "bob");
	phone_in_dialog(t.b, "BYE", "Reason: Q.850;cause=16\n", NULL);
	phone_expect(t.b, "SIP/2.0 200");
	phone_expect_nothing(t.a);
	phone_in_dialog_as(t.a, "ACK", invite, NULL, NULL);
	phone_expect(t.a, "BYE ");
	talk_has(t.a, "Reason: Q.850;cause=16");
	phone_reply(t.a, phone_last(t.a), 200, NULL, "", NULL);
	assert_int_equal(world_cdrs(*state), 1);
	assert_string_equal(talk_text(world_cdr(*state), "ended_by"), "callee");
}

static void test_bye_to_the_caller_goes_without_an_ack_in_the_end(void **state) /* 15 */
{
	struct talk t = talk_ringing(*state);
	phone_reply(t.b, phone_invite(t.b), 200, "bob", "", phone_sdp(t.b, 5000, "sendrecv"));
	phone_enter_dialog(t.b, "bob");
	phone_in_dialog(t.b, "BYE", NULL, NULL);
	world_advance(*state, 33000);
	assert_true(phone_takes(t.a, "BYE "));
	phone_reply(t.a, phone_last(t.a), 200, NULL, "", NULL);
	assert_int_equal(world_cdrs(*state), 1);
}

static void test_bye_of_the_caller_instead_of_the_ack_stops_the_repeats(void **state)
{
	struct talk t = talk_ringing(*state);
	phone_reply(t.b, phone_invite(t.b), 200, "bob", "", phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect(t.b, "ACK ");
	phone_expect(t.a, "SIP/2.0 200");
	talk_bye(&t);
	world_advance(*state, 40000);
	phone_expect_nothing(t.a);
}

static void test_branch_that_answers_late_is_acknowledged_and_ended(void **state) /* 13.2.2.4 */
{
	struct talk t = talk_up(*state);
	world_advance(*state, 60000); /* the INVITE's transaction is gone (Timer M) */
	phone_flush(t.b);
	phone_reply(t.b, phone_invite(t.b), 200, "late", "", phone_sdp(t.b, 6000, "sendrecv"));
	phone_expect(t.b, "ACK ");
	talk_has(t.b, "tag=late");
	phone_reply(t.b, phone_expect(t.b, "BYE "), 200, NULL, "", NULL);
	phone_reply(t.b, phone_invite(t.b), 200, "bob", "", phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect_nothing(t.b); /* of the dialog that talks: a stray repeat */
	talk_bye(&t);
}

/* -- what passes ----------------------------------------------------------- */

static void test_info_passes_with_its_answer(void **state) /* RFC 6086 */
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.a, "INFO",
	                "Info-Package: foo\nContent-Type: application/dtmf-relay\n"
	                "Content-Length: 10\n\nSignal=5\n",
	                NULL);
	const struct sip_msg *m = phone_expect(t.b, "INFO sip:1002@192.0.2.20:5060");
	talk_has(t.b, "Info-Package: foo");
	assert_true(str_eq(m->body, STR("Signal=5\r\n")));
	phone_reply(t.b, m, 200, NULL, "Content-Type: text/plain\n", NULL);
	phone_expect(t.a, "SIP/2.0 200");
	phone_in_dialog(t.b, "INFO", NULL, NULL);
	phone_reply(t.a, phone_expect(t.a, "INFO "), 415, NULL, "", NULL);
	phone_expect(t.b, "SIP/2.0 415");
	talk_bye(&t);
}

static void test_message_in_the_dialog_passes_with_its_answer(void **state) /* RFC 3428 */
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.b, "MESSAGE", "Content-Type: text/plain\nContent-Length: 2\n\nhi", NULL);
	const struct sip_msg *m = phone_expect(t.a, "MESSAGE sip:1001@192.0.2.10:5060");
	assert_true(str_eq(m->body, STR("hi")));
	phone_reply(t.a, m, 401, NULL, "", NULL);
	phone_expect(t.b, "SIP/2.0 403"); /* a challenge is for us */
	talk_bye(&t);
}

static void test_passing_request_outlives_its_call(void **state)
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.a, "INFO", NULL, NULL);
	phone_keep(t.b, phone_expect(t.b, "INFO "));
	talk_bye(&t);
	world_advance(*state, 6000); /* the call is freed */
	phone_reply(t.b, phone_kept(t.b), 200, NULL, "", NULL);
	assert_true(phone_takes(t.a, "SIP/2.0 200"));
}

static void test_stop_in_the_middle_of_a_passing_request_leaks_nothing(void **state)
{
	(void)state;
	struct world *w = world_new();
	struct talk t = talk_up(w);
	phone_in_dialog(t.a, "INFO", NULL, NULL);
	phone_expect(t.b, "INFO ");
	world_abandon(w);
}

static void test_passing_request_without_an_answer(void **state) /* RFC 4320: 4.2 */
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.a, "INFO", NULL, NULL);
	world_advance(*state, 40000);
	phone_flush(t.a);
	phone_flush(t.b);
	talk_bye(&t);
}

static void test_requests_of_other_issues_are_refused_in_the_dialog(void **state) /* 21.4.6 */
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.a, "REFER", "Refer-To: <sip:1003@acme.test>\n", NULL);
	phone_expect(t.a, "SIP/2.0 405");
	talk_has(t.a, "Allow: ");
	phone_in_dialog(t.a, "FROBNICATE", NULL, NULL);
	phone_expect(t.a, "SIP/2.0 501");
	phone_in_dialog(t.a, "OPTIONS", NULL, NULL);
	phone_expect(t.a, "SIP/2.0 200");
	phone_in_dialog(t.a, "PRACK", "RAck: 1 1 INVITE\n", NULL);
	phone_expect(t.a, "SIP/2.0 481");
	phone_expect_nothing(t.b);
	talk_bye(&t);
}

/* -- what does not pass ---------------------------------------------------- */

static void test_nothing_of_one_side_shows_on_the_other(void **state)
{
	struct world *w = *state;
	struct talk t = talk_pair(w);
	phone_invites_carry(t.a, "User-Agent: SecretPhone/1\n"
	                         "P-Asserted-Identity: <sip:boss@acme.test>\n"
	                         "Remote-Party-ID: <sip:boss@acme.test>\nX-Private: secret\n"
	                         "Call-Info: <http://192.0.2.10/me>\nSupported: timer\n");
	phone_call(t.a, "1002", phone_sdp(t.a, 4000, "sendrecv"));
	const struct sip_msg *m = phone_expect(t.b, "INVITE ");
	assert_true(str_starts(m->from.text, STR("\"Alice\" <sip:1001@acme.test>")));
	const char *a_side[] = {"192.0.2.10", "SecretPhone", "boss", "X-Private", "Call-Info",
	                        "Somebody Else", phone_call_id(t.a), "branch=z9hG4bK-1001",
	                        ";tag=t4"};
	for (size_t i = 0; i < sizeof a_side / sizeof a_side[0]; i++)
		talk_lacks(t.b, a_side[i]);
	talk_has(t.b, "User-Agent: Tandem");
	char b_call_id[192], b_tag[64];
	snprintf(b_call_id, sizeof b_call_id, STR_FMT, STR_ARG(m->call_id));
	snprintf(b_tag, sizeof b_tag, STR_FMT, STR_ARG(m->from.tag));
	const char more[] = "User-Agent: Hidden/2\nServer: Hidden/2\n"
	                    "P-Asserted-Identity: <sip:bobby@x>\n";
	const char *b_side[] = {"192.0.2.20", "Hidden", "bobby", b_call_id, b_tag, "tag=bob",
	                        "192.0.2.66"};
	phone_reply(t.b, phone_invite(t.b), 183, "bob", more, phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect(t.a, "SIP/2.0 183");
	for (size_t i = 0; i < sizeof b_side / sizeof b_side[0]; i++)
		talk_lacks(t.a, b_side[i]);
	phone_reply(t.b, phone_invite(t.b), 200, "bob", more, phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect(t.b, "ACK ");
	for (size_t i = 0; i < sizeof a_side / sizeof a_side[0]; i++)
		talk_lacks(t.b, a_side[i]);
	phone_expect(t.a, "SIP/2.0 200");
	for (size_t i = 0; i < sizeof b_side / sizeof b_side[0]; i++)
		talk_lacks(t.a, b_side[i]);
	phone_in_dialog(t.a, "ACK", NULL, NULL);
	phone_enter_dialog(t.b, "bob");
	phone_in_dialog(t.b, "INVITE", "User-Agent: Hidden/2\n",
	                phone_sdp(t.b, 5000, "sendonly"));
	phone_expect(t.a, "INVITE ");
	for (size_t i = 0; i < sizeof b_side / sizeof b_side[0]; i++)
		talk_lacks(t.a, b_side[i]);
	phone_in_dialog(t.b, "BYE", NULL, NULL);
	assert_true(phone_takes(t.a, "BYE "));
	for (size_t i = 0; i < sizeof b_side / sizeof b_side[0]; i++)
		talk_lacks(t.a, b_side[i]);
	phone_reply(t.a, phone_last(t.a), 200, NULL, "", NULL);
}

static void test_the_same_number_in_two_tenants_never_meets(void **state)
{
	struct world *w = *state;
	struct talk t = talk_pair(w);
	struct phone *udo = world_phone(w, "umbra.test", "1002", "umbra-1002", "192.0.2.30:5060");
	struct phone *ursula = world_phone(w, "umbra.test", "1001", "umbra-1001",
	                                   "192.0.2.31:5060");
	phone_register(udo);
	phone_register(ursula);
	phone_call(t.a, "1002", phone_sdp(t.a, 4000, "sendrecv"));
	phone_expect(t.b, "INVITE ");
	phone_expect_nothing(udo);
	phone_cancel(t.a, "");
	phone_reply(t.b, phone_invite(t.b), 486, "bob", "", NULL);
	phone_call(ursula, "1002", phone_sdp(ursula, 4000, "sendrecv"));
	phone_expect(udo, "INVITE ");
	phone_flush(t.b);
	phone_reply(udo, phone_invite(udo), 486, "udo", "", NULL);
	phone_expect_nothing(t.b);
}

static void test_call_to_another_tenants_domain_needs_its_password(void **state)
{
	struct talk t = talk_pair(*state);
	struct phone *udo = world_phone(t.w, "umbra.test", "1002", "umbra-1002",
	                                "192.0.2.30:5060");
	phone_register(udo);
	phone_dial(t.a, "1002@umbra.test", phone_sdp(t.a, 4000, "sendrecv"));
	phone_expect(t.a, "SIP/2.0 407");
	phone_expect_nothing(udo);
	assert_int_equal(world_cdrs(*state), 0);
}

/* -- echo ------------------------------------------------------------------ */

static void test_echo_answers_and_sends_back(void **state)
{
	struct talk t = talk_pair(*state);
	phone_call(t.a, "*43", phone_sdp(t.a, 4000, "sendrecv"));
	const struct sip_msg *m = phone_expect(t.a, "SIP/2.0 200");
	assert_true(m->body.n > 0);
	phone_in_dialog(t.a, "ACK", NULL, NULL);
	assert_int_equal(world_streams(*state), 1);
	assert_int_equal(world_stream(*state, 0)->set.sink, MEDIA_SINK_ECHO);
	phone_in_dialog(t.a, "INVITE", NULL, phone_sdp(t.a, 4000, "sendonly"));
	phone_expect(t.a, "SIP/2.0 200");
	talk_has(t.a, "a=recvonly");
	phone_in_dialog(t.a, "ACK", NULL, NULL);
	phone_in_dialog(t.a, "INVITE", NULL, NULL);
	phone_expect(t.a, "SIP/2.0 200");
	phone_in_dialog(t.a, "ACK", NULL, phone_sdp(t.a, 4002, "sendrecv"));
	assert_int_equal(world_stream(*state, 0)->set.remote.port, 4002);
	phone_in_dialog(t.a, "INFO", NULL, NULL);
	phone_expect(t.a, "SIP/2.0 200");
	phone_in_dialog(t.a, "BYE", NULL, NULL);
	phone_expect(t.a, "SIP/2.0 200");
	assert_string_equal(talk_text(world_cdr(*state), "answered_by"), "echo");
}

static void test_echo_of_a_delayed_offer(void **state)
{
	struct talk t = talk_pair(*state);
	phone_call(t.a, "*43", NULL);
	const struct sip_msg *m = phone_expect(t.a, "SIP/2.0 200");
	assert_true(m->body.n > 0);
	assert_int_equal(world_streams(*state), 0);
	phone_in_dialog(t.a, "ACK", NULL, phone_sdp(t.a, 4000, "sendrecv"));
	assert_int_equal(world_streams(*state), 1);
	phone_in_dialog(t.a, "BYE", NULL, NULL);
	phone_expect(t.a, "SIP/2.0 200");
}

static void test_echo_whose_offer_is_never_answered_ends(void **state) /* 13.2.2.4 */
{
	struct talk t = talk_pair(*state);
	phone_call(t.a, "*43", NULL);
	phone_expect(t.a, "SIP/2.0 200");
	phone_in_dialog(t.a, "ACK", NULL, NULL);
	phone_reply(t.a, phone_expect(t.a, "BYE "), 200, NULL, "", NULL);
	assert_int_equal(world_cdrs(*state), 1);
}

static void test_echo_of_what_nobody_can_echo_is_488(void **state)
{
	struct talk t = talk_pair(*state);
	phone_call(t.a, "*43",
	           "v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
	           "m=audio 4000 RTP/AVP 97\r\na=rtpmap:97 iLBC/8000\r\n");
	phone_expect(t.a, "SIP/2.0 488");
	phone_ack_refusal(t.a);
}

/* -- limits ---------------------------------------------------------------- */

static void one_minute(struct shard_args *a)
{
	a->calls.max_call_ms = 60000;
}

static int setup_minute(void **state)
{
	*state = world_new_with(one_minute);
	return 0;
}

static void test_call_is_ended_when_its_longest_time_is_over(void **state)
{
	struct talk t = talk_up(*state);
	world_advance(*state, 59999);
	phone_expect_nothing(t.a);
	world_advance(*state, 1);
	phone_reply(t.a, phone_expect(t.a, "BYE "), 200, NULL, "", NULL);
	talk_has(t.a, "Reason: SIP;cause=408;text=\"Call duration limit\"");
	phone_reply(t.b, phone_expect(t.b, "BYE "), 200, NULL, "", NULL);
	json_t *cdr = world_cdr(*state);
	assert_string_equal(talk_text(cdr, "ended_by"), "system");
	assert_int_not_equal(talk_number(cdr, "status"), 0);
	assert_int_equal(talk_number(cdr, "talk_ms"), 60000);
}

static void test_operator_ends_a_call_of_the_tenant(void **state)
{
	struct talk t = talk_up(*state);
	uint64_t acme = tenant_id(world_tenant(*state, "acme"));
	uint64_t umbra = tenant_id(world_tenant(*state, "umbra"));
	assert_int_equal(json_array_size(world_ask(*state, SHARD_Q_CALLS, umbra, "")), 0);
	json_t *calls = world_ask(*state, SHARD_Q_CALLS, acme, "");
	assert_int_equal(json_array_size(calls), 1);
	char id[64];
	snprintf(id, sizeof id, "%s", talk_text(json_array_get(calls, 0), "id"));
	assert_int_equal(json_array_size(world_ask(*state, SHARD_Q_HANGUP, umbra, id)), 0);
	phone_expect_nothing(t.a);
	assert_int_equal(json_array_size(world_ask(*state, SHARD_Q_HANGUP, acme, id)), 1);
	phone_reply(t.a, phone_expect(t.a, "BYE "), 200, NULL, "", NULL);
	phone_reply(t.b, phone_expect(t.b, "BYE "), 200, NULL, "", NULL);
	assert_int_equal(json_array_size(world_ask(*state, SHARD_Q_HANGUP, acme, id)), 0);
	assert_string_equal(talk_text(world_cdr(*state), "ended_by"), "system");
}

static void one_call(struct shard_args *a)
{
	a->calls.max_calls = 1;
}

static int setup_one(void **state)
{
	*state = world_new_with(one_call);
	return 0;
}

static void test_more_calls_than_allowed_get_503(void **state) /* 21.5.4 */
{
	struct talk t = talk_up(*state);
	struct phone *c = world_phone(t.w, "acme.test", "1003", "s3cret-1003", "192.0.2.40:5060");
	phone_dial(c, "1002", phone_sdp(c, 4000, "sendrecv"));
	phone_expect(c, "SIP/2.0 503");
	talk_has(c, "Retry-After: ");
	phone_ack_refusal(c);
	talk_bye(&t);
}

static void few_ports(struct shard_args *a)
{
	a->rtp_pairs_per_thread = 1;
	a->rtp_pairs_initial = 1;
}

static int setup_ports(void **state)
{
	*state = world_new_with(few_ports);
	return 0;
}

static void test_no_port_for_the_same_peer_is_503(void **state)
{
	struct talk t = talk_up(*state);
	/* the same phone again: behind one address only one stream can be told apart */
	phone_call(t.b, "*43", phone_sdp(t.b, 5000, "sendrecv"));
	phone_expect(t.b, "SIP/2.0 503");
	phone_ack_refusal(t.b);
	phone_in_dialog(t.a, "BYE", NULL, NULL);
	assert_true(phone_takes(t.b, "BYE "));
	phone_reply(t.b, phone_last(t.b), 200, NULL, "", NULL);
}

static void test_stop_ends_all_calls_and_takes_none(void **state)
{
	struct talk t = talk_up(*state);
	shard_stop(world_shard(*state));
	phone_reply(t.a, phone_expect(t.a, "BYE "), 200, NULL, "", NULL);
	phone_reply(t.b, phone_expect(t.b, "BYE "), 200, NULL, "", NULL);
	phone_dial(t.a, "1002", phone_sdp(t.a, 4000, "sendrecv"));
	phone_expect(t.a, "SIP/2.0 503");
	phone_ack_refusal(t.a);
}

static void test_names_too_long_to_be_said_again_are_refused(void **state) /* 21.5.7 */
{
	struct talk t = talk_pair(*state);
	char name[3800];
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	phone_claims(t.a, name); /* our BYE would have to carry it */
	phone_dial(t.a, "1002", phone_sdp(t.a, 4000, "sendrecv"));
	phone_expect(t.a, "SIP/2.0 513");
	phone_ack_refusal(t.a);
	phone_expect_nothing(t.b);
}

static void test_contact_too_long_to_be_called_is_not_taken(void **state)
{
	struct talk t = talk_ringing(*state);
	char more[4200];
	memset(more, 'c', sizeof more - 1);
	memcpy(more, "Contact: <sip:", 14);
	strcpy(more + 4000, "@192.0.2.20>\n");
	const char *sdp = phone_sdp(t.b, 5000, "sendrecv");
	phone_reply_from(t.b, phone_invite(t.b), 200, "bob", more, sdp);
	phone_expect(t.b, "ACK sip:1002@192.0.2.20:5060");
	phone_expect(t.a, "SIP/2.0 200");
	phone_in_dialog(t.a, "ACK", NULL, NULL);
	phone_enter_dialog(t.b, "bob");
	talk_bye(&t);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TS(name, set) cmocka_unit_test_setup_teardown(name, set, teardown)
	const struct CMUnitTest tests[] = {
		T(test_bye_of_the_callee_passes_with_its_reason),
		T(test_bye_crossing_bye),
		T(test_bye_that_nobody_answers_is_given_up),
		T(test_answer_that_is_never_acknowledged_ends_the_call),
		T(test_bye_to_the_caller_waits_for_its_ack),
		T(test_bye_to_the_caller_goes_without_an_ack_in_the_end),
		T(test_bye_of_the_caller_instead_of_the_ack_stops_the_repeats),
		T(test_branch_that_answers_late_is_acknowledged_and_ended),
		T(test_info_passes_with_its_answer),
		T(test_message_in_the_dialog_passes_with_its_answer),
		T(test_passing_request_outlives_its_call),
		cmocka_unit_test(test_stop_in_the_middle_of_a_passing_request_leaks_nothing),
		T(test_passing_request_without_an_answer),
		T(test_requests_of_other_issues_are_refused_in_the_dialog),
		T(test_nothing_of_one_side_shows_on_the_other),
		T(test_the_same_number_in_two_tenants_never_meets),
		T(test_call_to_another_tenants_domain_needs_its_password),
		T(test_echo_answers_and_sends_back),
		T(test_echo_of_a_delayed_offer),
		T(test_echo_whose_offer_is_never_answered_ends),
		T(test_echo_of_what_nobody_can_echo_is_488),
		TS(test_call_is_ended_when_its_longest_time_is_over, setup_minute),
		T(test_operator_ends_a_call_of_the_tenant),
		TS(test_more_calls_than_allowed_get_503, setup_one),
		TS(test_no_port_for_the_same_peer_is_503, setup_ports),
		T(test_stop_ends_all_calls_and_takes_none),
		T(test_names_too_long_to_be_said_again_are_refused),
		T(test_contact_too_long_to_be_called_is_not_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
