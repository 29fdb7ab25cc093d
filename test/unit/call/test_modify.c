// SPDX-License-Identifier: Apache-2.0
/* Offers in a call that is up: hold, refresh, new addresses and codecs, glare, UPDATE. */
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

/** A description of A's, as often as wanted the same. */
static const char *sdp_of(const char *ip, uint16_t port, const char *formats, const char *dir)
{
	static char room[4][512];
	static unsigned next;
	char *s = room[next++ % 4];
	snprintf(s, sizeof room[0],
	         "v=0\r\no=x 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n"
	         "m=audio %u RTP/AVP %s\r\na=rtpmap:101 telephone-event/8000\r\n"
	         "a=fmtp:101 0-15\r\na=%s\r\n",
	         ip, ip, port, formats, dir);
	return s;
}

static const char *of_a(const char *dir)
{
	return sdp_of("192.0.2.10", 4000, "0 8 101", dir);
}

static const char *of_b(const char *dir)
{
	return sdp_of("192.0.2.20", 5000, "0 8 101", dir);
}

/** The stream whose peer is at this port. */
static const struct media_set *stream_to(struct world *w, uint16_t port)
{
	for (size_t i = 0; i < world_streams(w); i++)
		if (world_stream(w, i)->set.remote.port == port)
			return &world_stream(w, i)->set;
	fail_msg("no stream to port %u", port);
	return NULL;
}

static bool is_sent_on(struct world *w, uint16_t port)
{
	return stream_to(w, port)->sink == MEDIA_SINK_PEER;
}

/** One side offers, the other is asked and answers, the first gets the answer. */
static void pass(struct phone *from, struct phone *to, const char *offer, const char *asked,
                 const char *answer, const char *told)
{
	phone_in_dialog(from, "INVITE", NULL, offer);
	const struct sip_msg *m = phone_expect(to, "INVITE ");
	talk_has(to, asked);
	phone_reply(to, m, 200, NULL, "", answer);
	phone_expect(to, "ACK ");
	phone_expect(from, "SIP/2.0 200");
	talk_has(from, told);
	phone_in_dialog(from, "ACK", NULL, NULL);
}

/* -- hold ------------------------------------------------------------------ */

static void test_hold_sendonly_passes_and_comes_back(void **state) /* RFC 3264: 8.4 */
{
	struct talk t = talk_up(*state);
	pass(t.a, t.b, of_a("sendonly"), "a=sendonly", of_b("recvonly"), "a=recvonly");
	assert_true(is_sent_on(*state, 4000));
	assert_false(is_sent_on(*state, 5000));
	pass(t.a, t.b, of_a("sendrecv"), "m=audio", of_b("sendrecv"), "m=audio");
	talk_lacks(t.a, "a=recvonly");
	assert_true(is_sent_on(*state, 5000));
	talk_bye(&t);
}

static void test_hold_inactive_passes(void **state) /* RFC 3264: 8.4 */
{
	struct talk t = talk_up(*state);
	pass(t.a, t.b, of_a("inactive"), "a=inactive", of_b("inactive"), "a=inactive");
	assert_false(is_sent_on(*state, 4000));
	assert_false(is_sent_on(*state, 5000));
	talk_bye(&t);
}

static void test_old_hold_by_zero_address_passes_as_sendonly(void **state) /* RFC 3264: 8.4 */
{
	struct talk t = talk_up(*state);
	pass(t.a, t.b, sdp_of("0.0.0.0", 4000, "0 8 101", "sendrecv"), "a=sendonly",
	     of_b("recvonly"), "a=recvonly");
	talk_lacks(t.a, "0.0.0.0");
	assert_false(is_sent_on(*state, 5000));
	talk_bye(&t);
}

static void test_hold_by_the_callee_passes(void **state)
{
	struct talk t = talk_up(*state);
	pass(t.b, t.a, of_b("sendonly"), "a=sendonly", of_a("recvonly"), "a=recvonly");
	assert_false(is_sent_on(*state, 4000));
	pass(t.b, t.a, of_b("sendrecv"), "m=audio", of_a("sendrecv"), "m=audio");
	assert_true(is_sent_on(*state, 4000));
	talk_bye(&t);
}

static void test_hold_by_both_sides(void **state)
{
	struct talk t = talk_up(*state);
	pass(t.a, t.b, of_a("sendonly"), "a=sendonly", of_b("recvonly"), "a=recvonly");
	pass(t.b, t.a, of_b("inactive"), "a=inactive", of_a("inactive"), "a=inactive");
	pass(t.a, t.b, of_a("recvonly"), "a=recvonly", of_b("inactive"), "a=inactive");
	talk_bye(&t);
}

/* -- what concerns one side alone ------------------------------------------ */

static void test_repeated_description_is_answered_here(void **state) /* RFC 3264: 8 */
{
	struct talk t = talk_up(*state);
	char said[1024];
	pass(t.a, t.b, of_a("sendonly"), "a=sendonly", of_b("recvonly"), "a=recvonly");
	phone_in_dialog(t.a, "INVITE", NULL, of_a("sendonly"));
	talk_body(phone_expect(t.a, "SIP/2.0 200"), said, sizeof said);
	phone_in_dialog(t.a, "ACK", NULL, NULL);
	phone_expect_nothing(t.b);
	phone_in_dialog(t.a, "INVITE", NULL, of_a("sendonly"));
	const struct sip_msg *m = phone_expect(t.a, "SIP/2.0 200");
	assert_true(str_eq(m->body, str_z(said))); /* the same, so with the same version */
	phone_in_dialog(t.a, "ACK", NULL, NULL);
	talk_bye(&t);
}

static void test_new_address_changes_media_and_bothers_nobody(void **state)
{
	struct talk t = talk_up(*state);
	phone_move(t.a, "192.0.2.77:5060");
	phone_in_dialog(t.a, "INVITE", NULL, sdp_of("192.0.2.77", 4444, "0 8 101", "sendrecv"));
	phone_expect(t.a, "SIP/2.0 200");
	phone_in_dialog(t.a, "ACK", NULL, NULL);
	phone_expect_nothing(t.b);
	const struct media_set *set = stream_to(*state, 4444);
	assert_int_equal(set->source, MEDIA_SOURCE_EXACT);
	assert_true(set->relatch);
	/* and what we say goes to its new Contact (12.2.1.2) */
	phone_in_dialog(t.b, "BYE", NULL, NULL);
	phone_expect(t.b, "SIP/2.0 200");
	phone_reply(t.a, phone_expect(t.a, "BYE sip:1001@192.0.2.77:5060"), 200, NULL, "", NULL);
}

static void test_media_elsewhere_than_signalling_is_nat(void **state)
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.a, "INVITE", NULL, sdp_of("10.0.0.5", 4444, "0 8 101", "sendrecv"));
	phone_expect(t.a, "SIP/2.0 200");
	phone_in_dialog(t.a, "ACK", NULL, NULL);
	assert_int_equal(stream_to(*state, 4444)->source, MEDIA_SOURCE_NAT);
	talk_bye(&t);
}

static void test_codec_change_passes(void **state)
{
	struct talk t = talk_up(*state);
	pass(t.a, t.b, sdp_of("192.0.2.10", 4000, "8 101", "sendrecv"), "RTP/AVP 8 101",
	     sdp_of("192.0.2.20", 5000, "8 101", "sendrecv"), "RTP/AVP 8 101");
	talk_bye(&t);
	assert_string_equal(talk_text(talk_leg(world_cdr(*state), 0), "codec"), "PCMA/8000");
}

/* -- refusals, glare ------------------------------------------------------- */

static void test_refused_offer_passes_and_leaves_the_call_as_it_was(void **state) /* 14.1 */
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.a, "INVITE", NULL, of_a("sendonly"));
	phone_reply(t.b, phone_expect(t.b, "INVITE "), 488, NULL, "", NULL);
	phone_expect(t.b, "ACK ");
	phone_expect(t.a, "SIP/2.0 488");
	phone_in_dialog(t.a, "ACK", NULL, NULL);
	assert_true(is_sent_on(*state, 4000));
	assert_true(is_sent_on(*state, 5000));
	pass(t.a, t.b, of_a("sendonly"), "a=sendonly", of_b("recvonly"), "a=recvonly");
	talk_bye(&t);
}

static void test_challenge_of_a_re_invite_does_not_pass(void **state)
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.a, "INVITE", NULL, of_a("sendonly"));
	phone_reply(t.b, phone_expect(t.b, "INVITE "), 407, NULL, "", NULL);
	phone_expect(t.a, "SIP/2.0 488");
	talk_bye(&t);
}

static void test_glare_is_491_both_ways(void **state) /* 14.1, 14.2 */
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.a, "INVITE", NULL, of_a("sendonly"));
	phone_expect(t.b, "INVITE ");
	phone_in_dialog(t.b, "INVITE", NULL, of_b("sendonly"));
	phone_expect(t.b, "SIP/2.0 491");
	phone_in_dialog(t.a, "UPDATE", NULL, of_a("inactive"));
	phone_expect(t.a, "SIP/2.0 500");
	talk_has(t.a, "Retry-After: ");
	talk_bye(&t);
}

static void test_glare_answered_491_by_the_other_passes(void **state) /* 14.1 */
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.a, "INVITE", NULL, of_a("sendonly"));
	phone_reply(t.b, phone_expect(t.b, "INVITE "), 491, NULL, "", NULL);
	phone_expect(t.b, "ACK ");
	phone_expect(t.a, "SIP/2.0 491");
	phone_in_dialog(t.a, "ACK", NULL, NULL);
	pass(t.b, t.a, of_b("sendonly"), "a=sendonly", of_a("recvonly"), "a=recvonly");
	talk_bye(&t);
}

static void test_second_re_invite_before_the_first_is_answered_is_500(void **state) /* 14.2 */
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.a, "INVITE", NULL, of_a("sendonly"));
	uint32_t first = phone_cseq(t.a);
	phone_in_dialog(t.a, "INVITE", NULL, of_a("inactive"));
	phone_expect(t.a, "SIP/2.0 500");
	talk_has(t.a, "Retry-After: ");
	phone_reply(t.b, phone_expect(t.b, "INVITE "), 200, NULL, "", of_b("recvonly"));
	phone_expect(t.a, "SIP/2.0 200");
	phone_in_dialog_as(t.a, "ACK", first, NULL, NULL);
	talk_bye(&t);
}

static void test_request_with_an_old_number_is_500(void **state) /* 12.2.2 */
{
	struct talk t = talk_up(*state);
	phone_in_dialog_as(t.a, "INVITE", 1, NULL, of_a("sendonly"));
	phone_expect(t.a, "SIP/2.0 500");
	phone_expect_nothing(t.b);
	talk_bye(&t);
}

static void test_unknown_body_of_a_re_invite_is_415(void **state) /* 21.4.13 */
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.a, "INVITE", "Content-Type: text/plain\n$Lhello\n", NULL);
	phone_expect(t.a, "SIP/2.0 415");
	talk_has(t.a, "Accept: application/sdp");
	talk_bye(&t);
}

static void test_useless_offer_of_a_re_invite_is_488(void **state)
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.a, "INVITE", NULL, sdp_of("192.0.2.10", 0, "0", "sendrecv"));
	phone_expect(t.a, "SIP/2.0 488");
	phone_expect_nothing(t.b);
	talk_bye(&t);
}

static void test_re_invite_of_the_callee_before_the_callers_ack_is_491(void **state)
{
	struct talk t = talk_ringing(*state);
	phone_reply(t.b, phone_invite(t.b), 200, "bob", "", of_b("sendrecv"));
	phone_expect(t.b, "ACK ");
	phone_expect(t.a, "SIP/2.0 200");
	uint32_t invite = phone_cseq(t.a);
	phone_enter_dialog(t.b, "bob");
	phone_in_dialog(t.b, "INVITE", NULL, of_b("sendonly"));
	phone_expect(t.b, "SIP/2.0 491");
	phone_in_dialog_as(t.a, "ACK", invite, NULL, NULL);
	pass(t.b, t.a, of_b("sendonly"), "a=sendonly", of_a("recvonly"), "a=recvonly");
	talk_bye(&t);
}

static void test_who_sends_a_re_invite_has_our_answer(void **state) /* 13.3.1.4: no more repeats */
{
	struct talk t = talk_ringing(*state);
	phone_reply(t.b, phone_invite(t.b), 200, "bob", "", of_b("sendrecv"));
	phone_expect(t.b, "ACK ");
	phone_expect(t.a, "SIP/2.0 200");
	pass(t.a, t.b, of_a("sendonly"), "a=sendonly", of_b("recvonly"), "a=recvonly");
	world_advance(*state, 40000);
	phone_expect_nothing(t.a);
	talk_bye(&t);
}

static void test_re_invite_whose_200_is_never_acknowledged_ends_the_call(void **state) /* 14.2 */
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.a, "INVITE", NULL, of_a("sendonly"));
	phone_reply(t.b, phone_expect(t.b, "INVITE "), 200, NULL, "", of_b("recvonly"));
	phone_expect(t.b, "ACK ");
	world_advance(*state, 33000);
	assert_true(phone_takes(t.a, "BYE "));
	phone_reply(t.b, phone_expect(t.b, "BYE "), 200, NULL, "", NULL);
	assert_int_equal(world_cdrs(*state), 1);
}

static void gone_with(struct world *w, unsigned status)
{
	struct talk t = talk_up(w);
	phone_in_dialog(t.a, "INVITE", NULL, of_a("sendonly"));
	phone_reply(t.b, phone_expect(t.b, "INVITE "), status, NULL, "", NULL);
	assert_true(phone_takes(t.a, "BYE "));
	assert_int_equal(world_cdrs(w), 1);
	assert_string_equal(talk_text(world_cdr(w), "ended_by"), "system");
}

static void test_481_to_our_re_invite_ends_the_call(void **state) /* 12.2.1.2, 14.1 */
{
	gone_with(*state, 481);
}

static void test_408_to_our_re_invite_ends_the_call(void **state) /* 12.2.1.2 */
{
	gone_with(*state, 408);
}

/* -- the re-INVITE without an offer ---------------------------------------- */

static void test_empty_re_invite_gets_an_offer(void **state) /* 14.2, RFC 3725 */
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.a, "INVITE", NULL, NULL);
	const struct sip_msg *m = phone_expect(t.a, "SIP/2.0 200");
	assert_true(m->body.n > 0);
	phone_in_dialog(t.a, "ACK", NULL, of_a("sendrecv"));
	phone_expect_nothing(t.b); /* nothing new */
	talk_bye(&t);
}

static void test_resume_by_the_answer_in_an_ack_passes(void **state)
{
	struct talk t = talk_up(*state);
	pass(t.a, t.b, of_a("sendonly"), "a=sendonly", of_b("recvonly"), "a=recvonly");
	phone_in_dialog(t.a, "INVITE", NULL, NULL);
	phone_expect(t.a, "SIP/2.0 200");
	talk_lacks(t.a, "a=recvonly"); /* all that the other side can do, not what it does */
	phone_in_dialog(t.a, "ACK", NULL, of_a("sendrecv"));
	const struct sip_msg *m = phone_expect(t.b, "INVITE ");
	talk_lacks(t.b, "a=sendonly");
	phone_reply(t.b, m, 200, NULL, "", of_b("sendrecv"));
	phone_expect(t.b, "ACK ");
	assert_true(is_sent_on(*state, 5000));
	assert_true(is_sent_on(*state, 4000));
	talk_bye(&t);
}

static void test_offer_while_the_answer_in_the_ack_is_awaited_is_491(void **state) /* 14.2 */
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.a, "INVITE", NULL, NULL);
	phone_expect(t.a, "SIP/2.0 200");
	uint32_t invite = phone_cseq(t.a);
	phone_in_dialog(t.a, "UPDATE", NULL, of_a("sendonly"));
	phone_expect(t.a, "SIP/2.0 491");
	phone_in_dialog_as(t.a, "ACK", invite, NULL, of_a("sendrecv"));
	talk_bye(&t);
}

/* -- UPDATE ---------------------------------------------------------------- */

static void test_update_passes_as_re_invite_to_who_cannot(void **state) /* RFC 3311: 5.1 */
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.a, "UPDATE", NULL, of_a("sendonly"));
	phone_reply(t.b, phone_expect(t.b, "INVITE "), 200, NULL, "", of_b("recvonly"));
	phone_expect(t.b, "ACK ");
	phone_expect(t.a, "SIP/2.0 200");
	talk_has(t.a, "a=recvonly");
	talk_bye(&t);
}

static void test_update_passes_as_update(void **state) /* RFC 3311: 5.1 */
{
	struct talk t = talk_ringing(*state);
	talk_answer(&t, "Allow: INVITE, ACK, BYE, CANCEL, UPDATE\n");
	phone_in_dialog(t.a, "UPDATE", NULL, of_a("sendonly"));
	phone_reply(t.b, phone_expect(t.b, "UPDATE "), 200, NULL, "", of_b("recvonly"));
	phone_expect(t.a, "SIP/2.0 200");
	talk_has(t.a, "a=recvonly");
	phone_in_dialog(t.b, "UPDATE", NULL, of_b("inactive"));
	phone_reply(t.a, phone_expect(t.a, "UPDATE "), 200, NULL, "", of_a("inactive"));
	phone_expect(t.b, "SIP/2.0 200");
	talk_has(t.b, "a=inactive");
	talk_bye(&t);
}

static void test_update_without_a_description_is_answered_here(void **state) /* RFC 4028: 9 */
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.a, "UPDATE", "Supported: timer\nSession-Expires: 1800;refresher=uac\n",
	                NULL);
	phone_expect(t.a, "SIP/2.0 200");
	talk_has(t.a, "Session-Expires: 1800;refresher=uac");
	phone_expect_nothing(t.b);
	talk_bye(&t);
}

static void test_update_with_an_offer_before_the_first_is_answered_is_500(void **state)
{
	struct talk t = talk_ringing(*state); /* RFC 3311: 5.2 */
	uint32_t invite = phone_cseq(t.a);
	phone_in_dialog(t.a, "UPDATE", NULL, of_a("sendonly"));
	phone_expect(t.a, "SIP/2.0 500");
	talk_has(t.a, "Retry-After: ");
	phone_in_dialog(t.a, "UPDATE", NULL, NULL); /* to refresh the target */
	phone_expect(t.a, "SIP/2.0 200");
	phone_enter_dialog(t.b, "bob");
	phone_in_dialog(t.b, "UPDATE", NULL, of_b("sendonly"));
	phone_expect(t.b, "SIP/2.0 491"); /* ours is on its way */
	phone_reply(t.b, phone_invite(t.b), 200, "bob", "", of_b("sendrecv"));
	phone_expect(t.b, "ACK ");
	phone_expect(t.a, "SIP/2.0 200");
	phone_in_dialog_as(t.a, "ACK", invite, NULL, NULL);
	talk_bye(&t);
}

static void test_bye_while_an_offer_waits_refuses_it(void **state) /* 15.1.2 */
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.a, "INVITE", NULL, of_a("sendonly"));
	phone_expect(t.b, "INVITE ");
	phone_in_dialog(t.b, "BYE", NULL, NULL);
	phone_expect(t.b, "SIP/2.0 200");
	phone_expect(t.a, "SIP/2.0 487");
	phone_in_dialog(t.a, "ACK", NULL, NULL);
	phone_reply(t.a, phone_expect(t.a, "BYE "), 200, NULL, "", NULL);
	assert_int_equal(world_cdrs(*state), 1);
}

static void test_update_that_timed_out_is_taken_back(void **state)
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.a, "UPDATE", NULL, of_a("sendonly"));
	phone_keep(t.b, phone_expect(t.b, "INVITE "));
	phone_reply(t.b, phone_kept(t.b), 100, NULL, "", NULL);
	world_advance(*state, 33000); /* A's transaction is over (Timer F), B's is not */
	phone_flush(t.a);
	phone_reply(t.b, phone_expect(t.b, "CANCEL "), 200, NULL, "", NULL);
	phone_reply(t.b, phone_kept(t.b), 487, NULL, "", NULL);
	assert_true(phone_takes(t.b, "ACK "));
	pass(t.a, t.b, of_a("sendonly"), "a=sendonly", of_b("recvonly"), "a=recvonly");
	talk_bye(&t);
}

/* -- CANCEL of a re-INVITE ------------------------------------------------- */

/** A's hold is with B, and A takes it back: B has the CANCEL, `re` is the re-INVITE's text. */
static void take_back(struct talk *t)
{
	phone_in_dialog(t->a, "INVITE", NULL, of_a("sendonly"));
	phone_keep(t->b, phone_expect(t->b, "INVITE "));
	phone_reply(t->b, phone_kept(t->b), 100, NULL, "", NULL);
	phone_cancel_last(t->a);
	phone_expect(t->a, "SIP/2.0 200");
	phone_expect(t->a, "SIP/2.0 487");
	phone_in_dialog(t->a, "ACK", NULL, NULL);
	phone_reply(t->b, phone_expect(t->b, "CANCEL "), 200, NULL, "", NULL);
}

static void test_cancelled_re_invite_leaves_the_call_as_it_was(void **state) /* 9.2, 14.1 */
{
	struct talk t = talk_up(*state);
	take_back(&t);
	phone_reply(t.b, phone_kept(t.b), 487, NULL, "", NULL);
	phone_expect(t.b, "ACK ");
	assert_true(is_sent_on(*state, 5000));
	phone_expect_nothing(t.a);
	pass(t.a, t.b, of_a("sendonly"), "a=sendonly", of_b("recvonly"), "a=recvonly");
	talk_bye(&t);
}

static void test_answer_that_wins_against_the_cancel_is_taken_back(void **state)
{
	struct talk t = talk_up(*state);
	take_back(&t);
	phone_reply(t.b, phone_kept(t.b), 200, NULL, "", of_b("recvonly"));
	phone_expect(t.b, "ACK ");
	/* B believes in the hold, and A does not: B is told how it is */
	phone_reply(t.b, phone_expect(t.b, "INVITE "), 200, NULL, "", of_b("sendrecv"));
	talk_lacks(t.b, "a=sendonly");
	phone_expect(t.b, "ACK ");
	assert_true(is_sent_on(*state, 5000));
	assert_true(is_sent_on(*state, 4000));
	phone_expect_nothing(t.a);
	talk_bye(&t);
}

/* An UPDATE that was answered lives on for its repeats; when the call goes, it is not told. */
static void test_answered_updates_outlive_the_call(void **state)
{
	struct talk t = talk_up(*state);
	for (int i = 0; i < 2; i++) {
		phone_in_dialog(t.a, "UPDATE", "", phone_sdp(t.a, 4000, "sendrecv"));
		phone_flush(t.b);
		phone_takes(t.a, "SIP/2.0 ");
		world_advance(t.w, 1000);
	}
	talk_bye(&t);
	world_advance(t.w, 40000);
}

/* The same for ours: two within Timer K, then the call goes. */
static void test_updates_of_ours_that_were_answered_outlive_the_call(void **state)
{
	struct talk t = talk_ringing(*state);
	talk_answer(&t, "Allow: INVITE, ACK, BYE, CANCEL, UPDATE\n");
	static const char *const directions[] = {"sendonly", "sendrecv"};
	for (int i = 0; i < 2; i++) {
		phone_in_dialog(t.a, "UPDATE", NULL, of_a(directions[i]));
		phone_reply(t.b, phone_expect(t.b, "UPDATE "), 200, NULL, "",
		            of_b(i ? "sendrecv" : "recvonly"));
		phone_expect(t.a, "SIP/2.0 200");
	}
	talk_bye(&t);
	world_advance(t.w, 40000);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_hold_sendonly_passes_and_comes_back),
		T(test_hold_inactive_passes),
		T(test_old_hold_by_zero_address_passes_as_sendonly),
		T(test_hold_by_the_callee_passes),
		T(test_hold_by_both_sides),
		T(test_repeated_description_is_answered_here),
		T(test_new_address_changes_media_and_bothers_nobody),
		T(test_media_elsewhere_than_signalling_is_nat),
		T(test_codec_change_passes),
		T(test_refused_offer_passes_and_leaves_the_call_as_it_was),
		T(test_challenge_of_a_re_invite_does_not_pass),
		T(test_glare_is_491_both_ways),
		T(test_glare_answered_491_by_the_other_passes),
		T(test_second_re_invite_before_the_first_is_answered_is_500),
		T(test_request_with_an_old_number_is_500),
		T(test_unknown_body_of_a_re_invite_is_415),
		T(test_useless_offer_of_a_re_invite_is_488),
		T(test_re_invite_of_the_callee_before_the_callers_ack_is_491),
		T(test_who_sends_a_re_invite_has_our_answer),
		T(test_re_invite_whose_200_is_never_acknowledged_ends_the_call),
		T(test_481_to_our_re_invite_ends_the_call),
		T(test_408_to_our_re_invite_ends_the_call),
		T(test_empty_re_invite_gets_an_offer),
		T(test_resume_by_the_answer_in_an_ack_passes),
		T(test_offer_while_the_answer_in_the_ack_is_awaited_is_491),
		T(test_update_passes_as_re_invite_to_who_cannot),
		T(test_update_passes_as_update),
		T(test_update_without_a_description_is_answered_here),
		T(test_update_with_an_offer_before_the_first_is_answered_is_500),
		T(test_bye_while_an_offer_waits_refuses_it),
		T(test_update_that_timed_out_is_taken_back),
		T(test_cancelled_re_invite_leaves_the_call_as_it_was),
		T(test_answer_that_wins_against_the_cancel_is_taken_back),
		T(test_answered_updates_outlive_the_call),
		T(test_updates_of_ours_that_were_answered_outlive_the_call),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
