// SPDX-License-Identifier: Apache-2.0
/* Server transactions: RFC 3261 section 17.2, RFC 6026 section 7.1, RFC 4320 section 4. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "stack_rig.h"

#define B1 "z9hG4bKone"
#define T1 500
#define TEN_MINUTES 600000

static void reply(struct srig *r, uint16_t status)
{
	assert_int_equal(strans_reply(r->st, &(struct sip_reply){.status = status}), 0);
}

static struct srig *with_invite(enum sip_transport t)
{
	struct srig *r = srig_new(100);
	srig_input(r, t, srig_request("INVITE", B1, ""));
	assert_int_equal(r->requests, 1);
	return r;
}

static struct srig *with_options(enum sip_transport t)
{
	struct srig *r = srig_new(100);
	srig_input(r, t, srig_request("OPTIONS", B1, ""));
	assert_int_equal(r->requests, 1);
	return r;
}

static void again(struct srig *r, enum sip_transport t, const char *method)
{
	srig_input(r, t, srig_request(method, B1, ""));
}

static void expect_events(struct srig *r, size_t n, const enum strans_event *events)
{
	assert_int_equal(r->n_server, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(r->server[i].event, events[i]);
}
#define EXPECT(r, ...)                                                                             \
	expect_events(r, sizeof((enum strans_event[]){__VA_ARGS__}) / sizeof(enum strans_event),   \
	              (enum strans_event[]){__VA_ARGS__})

/* -- INVITE, Proceeding -------------------------------------------------------------- */

static void test_trying_is_sent_after_200_ms(void **state) /* 17.2.1 */
{
	(void)state;
	struct srig *r = with_invite(SIP_UDP);
	srig_run(r, 199);
	assert_int_equal(r->n_sent, 0);
	srig_run(r, 1);
	assert_int_equal(r->n_sent, 1);
	assert_true(srig_sent_starts(r, 0, "SIP/2.0 100 Trying\r\n"));
	assert_false(srig_sent_has(r, 0, "To: <sip:bob@acme.test>;tag"));
	srig_run(r, TEN_MINUTES); /* once is enough, and an INVITE may ring for long */
	assert_int_equal(r->n_sent, 1);
	assert_true(strans_pending(r->st));
	srig_free_unfinished(r);
}

static void test_no_trying_when_the_user_answered(void **state) /* 17.2.1 */
{
	(void)state;
	struct srig *r = with_invite(SIP_UDP);
	reply(r, 180);
	srig_run(r, 5000);
	assert_int_equal(r->n_sent, 1);
	assert_true(srig_sent_starts(r, 0, "SIP/2.0 180 Ringing\r\n"));
	srig_free_unfinished(r);
}

static void test_trying_copies_timestamp(void **state) /* 8.2.6.1 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_input(r, SIP_UDP, srig_request("INVITE", B1, "Timestamp: 54.2\r\n"));
	srig_run(r, 200);
	reply(r, 180);
	assert_true(srig_sent_has(r, 0, "\r\nTimestamp: 54.2\r\n"));
	assert_false(srig_sent_has(r, 0, "Timestamp: 54.2\r\nTimestamp")); /* once */
	assert_true(srig_sent_has(r, 1, "\r\nTimestamp: 54.2\r\n")); /* allowed in all others */
	srig_free_unfinished(r);
}

static void test_repeated_invite_gets_last_provisional(void **state) /* 17.2.1 */
{
	(void)state;
	struct srig *r = with_invite(SIP_UDP);
	again(r, SIP_UDP, "INVITE");
	assert_int_equal(r->n_sent, 0);
	reply(r, 180);
	reply(r, 183);
	again(r, SIP_UDP, "INVITE");
	assert_int_equal(r->n_sent, 3);
	assert_string_equal(r->sent[2].text, r->sent[1].text);
	assert_true(srig_sent_starts(r, 2, "SIP/2.0 183 "));
	assert_int_equal(r->requests, 1);
	srig_free_unfinished(r);
}

static void test_ack_in_proceeding_is_ignored(void **state) /* 17.2.1 */
{
	(void)state;
	struct srig *r = with_invite(SIP_UDP);
	srig_input(r, SIP_UDP, srig_follow("ACK", B1, "x"));
	assert_int_equal(r->acks, 0);
	assert_true(strans_pending(r->st));
	srig_free_unfinished(r);
}

/* -- INVITE, Completed and Confirmed ------------------------------------------------- */

static void test_non_2xx_is_repeated_until_timer_h(void **state) /* 17.2.1, Timers G and H */
{
	(void)state;
	struct srig *r = with_invite(SIP_UDP);
	reply(r, 486);
	srig_run(r, TEN_MINUTES);
	static const uint64_t at[] = {0,     500,   1500,  3500,  7500, 11500,
	                              15500, 19500, 23500, 27500, 31500};
	assert_int_equal(r->n_sent, sizeof at / sizeof *at);
	for (size_t i = 0; i < r->n_sent; i++) {
		assert_int_equal(srig_sent_ms(r, i), at[i]);
		assert_string_equal(r->sent[i].text, r->sent[0].text);
	}
	EXPECT(r, STRANS_NO_ACK, STRANS_END);
	srig_free(r);
}

static void test_non_2xx_is_sent_once_on_reliable_transport(void **state) /* 17.2.1 */
{
	(void)state;
	struct srig *r = with_invite(SIP_TCP);
	reply(r, 486);
	srig_run(r, 64 * T1 - 1);
	assert_int_equal(r->n_server, 0);
	srig_run(r, 1);
	assert_int_equal(r->n_sent, 1);
	EXPECT(r, STRANS_NO_ACK, STRANS_END); /* Timer H runs on every transport */
	srig_free(r);
}

static void test_repeated_invite_gets_the_non_2xx(void **state) /* 17.2.1 */
{
	(void)state;
	struct srig *r = with_invite(SIP_UDP);
	reply(r, 404);
	again(r, SIP_UDP, "INVITE");
	assert_int_equal(r->n_sent, 2);
	assert_string_equal(r->sent[0].text, r->sent[1].text);
	assert_int_equal(r->requests, 1);
	srig_run(r, TEN_MINUTES);
	srig_free(r);
}

static void test_ack_confirms_and_timer_i_ends(void **state) /* 17.2.1 */
{
	(void)state;
	struct srig *r = with_invite(SIP_UDP);
	reply(r, 486);
	srig_input(r, SIP_UDP, srig_follow("ACK", B1, "any"));
	EXPECT(r, STRANS_ACK);
	assert_int_equal(r->acks, 0);
	srig_input(r, SIP_UDP, srig_follow("ACK", B1, "any")); /* absorbed in Confirmed */
	again(r, SIP_UDP, "INVITE");                         /* and so is this */
	srig_run(r, 4999);
	EXPECT(r, STRANS_ACK);
	assert_int_equal(r->n_sent, 1);
	assert_int_equal(r->acks, 0);
	srig_run(r, 1);
	EXPECT(r, STRANS_ACK, STRANS_END);
	srig_free(r);
}

static void test_ack_ends_at_once_on_reliable_transport(void **state) /* 17.2.1, Timer I */
{
	(void)state;
	struct srig *r = with_invite(SIP_TCP);
	reply(r, 486);
	srig_input(r, SIP_TCP, srig_follow("ACK", B1, "any"));
	srig_run(r, 0);
	EXPECT(r, STRANS_ACK, STRANS_END);
	srig_free(r);
}

/* -- INVITE, Accepted ---------------------------------------------------------------- */

static void repeats_2xx(enum sip_transport t)
{
	struct srig *r = with_invite(t);
	reply(r, 200);
	srig_run(r, TEN_MINUTES);
	static const uint64_t at[] = {0,     500,   1500,  3500,  7500, 11500,
	                              15500, 19500, 23500, 27500, 31500};
	assert_int_equal(r->n_sent, sizeof at / sizeof *at);
	for (size_t i = 0; i < r->n_sent; i++)
		assert_int_equal(srig_sent_ms(r, i), at[i]);
	EXPECT(r, STRANS_NO_ACK, STRANS_END);
	srig_free(r);
}

static void test_2xx_is_repeated_on_all_transports(void **state) /* 13.3.1.4 */
{
	(void)state;
	repeats_2xx(SIP_UDP);
	repeats_2xx(SIP_TCP);
}

static void test_acked_2xx_is_not_repeated(void **state) /* 13.3.1.4 */
{
	(void)state;
	struct srig *r = with_invite(SIP_UDP);
	reply(r, 200);
	srig_run(r, 600);
	assert_int_equal(r->n_sent, 2);
	strans_acked(r->st);
	srig_run(r, 64 * T1 - 601);
	assert_int_equal(r->n_server, 0); /* Timer L still runs: RFC 6026 section 7.1 */
	srig_run(r, 1);
	assert_int_equal(r->n_sent, 2);
	EXPECT(r, STRANS_END);
	srig_free(r);
}

static void test_accepted_absorbs_repeated_invite(void **state) /* RFC 6026 section 7.1 */
{
	(void)state;
	struct srig *r = with_invite(SIP_UDP);
	reply(r, 200);
	again(r, SIP_UDP, "INVITE");
	strans_acked(r->st);
	srig_run(r, 10000);
	again(r, SIP_UDP, "INVITE");
	assert_int_equal(r->n_sent, 1);
	assert_int_equal(r->requests, 1);
	srig_run(r, TEN_MINUTES);
	srig_free(r);
}

static void test_ack_in_accepted_goes_to_the_user(void **state) /* RFC 6026 section 7.1 */
{
	(void)state;
	struct srig *r = with_invite(SIP_UDP);
	reply(r, 200);
	srig_input(r, SIP_UDP, srig_follow("ACK", B1, "any"));
	srig_input(r, SIP_UDP, srig_follow("ACK", "z9hG4bKother", "any")); /* as it should be */
	assert_int_equal(r->acks, 2);
	assert_int_equal(r->n_server, 0);
	strans_acked(r->st);
	srig_run(r, TEN_MINUTES);
	srig_free(r);
}

static void test_after_timer_l_an_invite_is_new(void **state) /* RFC 6026 section 8.7 */
{
	(void)state;
	struct srig *r = with_invite(SIP_UDP);
	reply(r, 200);
	srig_run(r, TEN_MINUTES);
	again(r, SIP_UDP, "INVITE");
	assert_int_equal(r->requests, 2);
	srig_free_unfinished(r);
}

/* -- other requests ------------------------------------------------------------------ */

static void test_repeat_in_trying_is_discarded(void **state) /* 17.2.2 */
{
	(void)state;
	struct srig *r = with_options(SIP_UDP);
	again(r, SIP_UDP, "OPTIONS");
	assert_int_equal(r->requests, 1);
	assert_int_equal(r->n_sent, 0);
	srig_free_unfinished(r);
}

static void
test_trying_to_non_invite_comes_after_timer_e_reached_t2(void **state) /* RFC 4320 4.1 */
{
	(void)state;
	struct srig *r = with_options(SIP_UDP);
	srig_run(r, 3499);
	assert_int_equal(r->n_sent, 0);
	srig_run(r, 1);
	assert_int_equal(r->n_sent, 1);
	assert_true(srig_sent_starts(r, 0, "SIP/2.0 100 "));
	again(r, SIP_UDP, "OPTIONS"); /* 17.2.2: Proceeding repeats it */
	assert_int_equal(r->n_sent, 2);
	reply(r, 200);
	assert_true(srig_sent_starts(r, 2, "SIP/2.0 200 "));
	srig_run(r, TEN_MINUTES);
	assert_int_equal(r->n_sent, 3);
	srig_free(r);
}

static void test_other_provisionals_to_non_invite_are_not_sent(void **state) /* RFC 4320 4.1 */
{
	(void)state;
	struct srig *r = with_options(SIP_UDP);
	assert_int_equal(strans_reply(r->st, &(struct sip_reply){.status = 183}), 0);
	assert_int_equal(strans_reply(r->st, &(struct sip_reply){.status = 100}), 0);
	assert_int_equal(r->n_sent, 0);
	assert_true(strans_pending(r->st));
	reply(r, 200);
	assert_int_equal(r->n_sent, 1);
	srig_run(r, TEN_MINUTES);
	srig_free(r);
}

static void test_no_408_to_non_invite(void **state) /* RFC 4320 section 4.2 */
{
	(void)state;
	struct srig *r = with_options(SIP_UDP);
	reply(r, 408);
	again(r, SIP_UDP, "OPTIONS"); /* who does not know of it asks on: it is not a new request */
	srig_run(r, 4000);
	again(r, SIP_UDP, "OPTIONS");
	assert_int_equal(r->requests, 1);
	assert_int_equal(r->n_sent, 0);
	srig_run(r, TEN_MINUTES);
	EXPECT(r, STRANS_END);
	srig_free(r);

	r = with_invite(SIP_UDP);
	reply(r, 408); /* an INVITE may have it */
	assert_int_equal(r->n_sent, 1);
	srig_run(r, TEN_MINUTES);
	srig_free(r);
}

static void test_completed_repeats_the_answer_until_timer_j(void **state) /* 17.2.2 */
{
	(void)state;
	struct srig *r = with_options(SIP_UDP);
	reply(r, 200);
	srig_run(r, 64 * T1 - 1);
	again(r, SIP_UDP, "OPTIONS");
	assert_int_equal(r->n_sent, 2);
	assert_string_equal(r->sent[0].text, r->sent[1].text);
	srig_run(r, 1);
	EXPECT(r, STRANS_END);
	again(r, SIP_UDP, "OPTIONS");
	assert_int_equal(r->requests, 2);
	srig_free_unfinished(r);
}

static void test_timer_j_is_zero_on_reliable_transport(void **state) /* 17.2.2 */
{
	(void)state;
	struct srig *r = with_options(SIP_TCP);
	reply(r, 200);
	assert_int_equal(r->n_server, 0); /* not from inside the call */
	srig_run(r, 0);
	EXPECT(r, STRANS_END);
	srig_free(r);
}

static void test_ack_with_the_branch_of_a_non_invite_is_not_its(void **state) /* 17.2.3 */
{
	(void)state;
	struct srig *r = with_options(SIP_UDP);
	srig_input(r, SIP_UDP, srig_follow("ACK", B1, "x"));
	assert_int_equal(r->acks, 1);
	srig_free_unfinished(r);
}

static void test_unanswered_non_invite_ends_with_the_clients_timer_f(void **state) /* RFC 4320 */
{
	(void)state;
	struct srig *r = with_options(SIP_UDP);
	srig_run(r, 64 * T1);
	EXPECT(r, STRANS_END);
	assert_int_equal(r->n_sent, 1); /* the 100 */
	srig_free(r);
}

/* -- those who have not said who they are -------------------------------------------- */

static void is_sent_once(const char *method, enum sip_transport t,
                         const struct sip_reply *reply_once)
{
	struct srig *r = srig_new(10);
	srig_input(r, t, srig_request(method, B1, ""));
	assert_int_equal(strans_reply(r->st, reply_once), 0);
	assert_int_equal(r->n_server, 0); /* not from inside the call */
	assert_int_equal(strans_reply(r->st, reply_once), EALREADY);
	srig_run(r, 1);
	EXPECT(r, STRANS_END);
	assert_int_equal(sip_stack_transactions(r->stack), 0);
	srig_input(r, t, srig_follow("ACK", B1, "x"));
	assert_int_equal(r->acks, 1);
	srig_run(r, TEN_MINUTES);
	assert_int_equal(r->n_sent, 1);
	srig_input(r, t, srig_request(method, B1, "")); /* the response was lost */
	assert_int_equal(r->requests, 2);
	assert_int_equal(strans_reply(r->st, reply_once), 0);
	srig_run(r, 1);
	assert_int_equal(r->n_sent, 2);
	srig_free(r);
}

static void test_challenges_are_sent_once_and_forgotten(void **state) /* 26.3.2.4 */
{
	(void)state;
	is_sent_once("REGISTER", SIP_UDP, &(struct sip_reply){.status = 401});
	is_sent_once("INVITE", SIP_UDP, &(struct sip_reply){.status = 407});
	is_sent_once("INVITE", SIP_TCP, &(struct sip_reply){.status = 407});
	is_sent_once("INVITE", SIP_UDP, &(struct sip_reply){.status = 404, .once = true});
}

static void test_2xx_is_never_sent_only_once(void **state) /* 13.3.1.4 */
{
	(void)state;
	struct srig *r = with_invite(SIP_UDP);
	assert_int_equal(strans_reply(r->st, &(struct sip_reply){.status = 200, .once = true}), 0);
	srig_run(r, 600);
	assert_int_equal(r->n_sent, 2);
	srig_free_unfinished(r);
}

/* -- what a response is made of ------------------------------------------------------ */

static void answer_at_once(struct srig *r, struct strans *st, const struct sip_msg *m)
{
	(void)m;
	assert_int_equal(
	    strans_reply(st, &(struct sip_reply){.status = 200,
	                                         .reason = STR("Fine"),
	                                         .headers = STR("Contact: <sip:x@y>\r\n"),
	                                         .type = STR("text/plain"),
	                                         .body = STR("hello"),
	                                         .record_route = true}),
	    0);
	assert_int_equal(strans_reply(st, &(struct sip_reply){.status = 200}), EALREADY);
	(void)r;
}

#define RR "Record-Route: <sip:p2.test;lr>, <sip:p1.test;lr>\r\nRecord-Route: <sip:p0.test;lr>\r\n"

static void test_answer_at_once_and_later_are_the_same(void **state) /* 8.2.6 */
{
	(void)state;
	struct srig *a = srig_new(10), *b = srig_new(10);
	const char *extra = "v: SIP/2.0/UDP p.test;branch=z9hG4bKp\r\n" RR;
	a->on_request = answer_at_once;
	srig_input(a, SIP_UDP, srig_request("INVITE", B1, extra));
	srig_input(b, SIP_UDP, srig_request("INVITE", B1, extra));
	answer_at_once(b, b->st, NULL);
	assert_int_equal(a->n_sent, 1);
	assert_int_equal(b->n_sent, 1);
	assert_string_equal(a->sent[0].text, b->sent[0].text);
	assert_true(srig_sent_starts(
	    a, 0, "SIP/2.0 200 Fine\r\nVia: SIP/2.0/UDP 192.0.2.9:5062;branch=" B1));
	assert_true(srig_sent_has(a, 0, "\r\nVia: SIP/2.0/UDP p.test;branch=z9hG4bKp\r\n"));
	assert_true(srig_sent_has(a, 0, ";received=192.0.2.9"));
	assert_true(srig_sent_has(a, 0, ";rport=5062"));
	assert_true(srig_sent_has(a, 0, "\r\n" RR));
	assert_true(srig_sent_has(a, 0, "\r\nContact: <sip:x@y>\r\n"));
	assert_true(srig_sent_has(a, 0, "\r\nServer: Tandem\r\n"));
	assert_true(
	    srig_sent_has(a, 0, "\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"));
	srig_run(a, TEN_MINUTES);
	srig_run(b, TEN_MINUTES);
	srig_free(a);
	srig_free(b);
}

static void test_to_tag_is_the_transactions_unless_another_is_given(void **state) /* 8.2.6.2 */
{
	(void)state;
	struct srig *r = with_invite(SIP_UDP);
	char own[64], to[256], want[128];
	assert_true(str_copyz(own, sizeof own, strans_to_tag(r->st)));
	assert_int_equal(strlen(own), 16);
	reply(r, 180);
	snprintf(want, sizeof want, "<sip:bob@acme.test>;tag=%s", own);
	assert_string_equal(srig_sent_value(r, 0, "To", to), want);
	assert_int_equal(
	    strans_reply(r->st, &(struct sip_reply){.status = 183, .to_tag = STR("fork2")}), 0);
	assert_string_equal(srig_sent_value(r, 1, "To", to), "<sip:bob@acme.test>;tag=fork2");
	reply(r, 404);
	assert_string_equal(srig_sent_value(r, 2, "To", to), want);
	srig_run(r, TEN_MINUTES);
	srig_free(r);
}

static void test_record_route_only_where_asked_for(void **state) /* 12.1.1 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_input(r, SIP_UDP, srig_request("INVITE", B1, RR));
	reply(r, 404);
	assert_false(srig_sent_has(r, 0, "Record-Route"));
	srig_run(r, TEN_MINUTES);
	srig_free(r);
}

static void test_to_tag_of_the_request_is_kept(void **state) /* 8.2.6.2 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_input(r, SIP_UDP, srig_follow("BYE", B1, "mine"));
	reply(r, 200);
	char to[256];
	assert_string_equal(srig_sent_value(r, 0, "To", to), "<sip:bob@acme.test>;tag=mine");
	srig_run(r, TEN_MINUTES);
	srig_free(r);
}

static void test_too_large_a_response_is_refused(void **state)
{
	(void)state;
	struct srig *r = with_invite(SIP_UDP);
	char body[4000] = {0};
	assert_int_equal(
	    strans_reply(r->st, &(struct sip_reply){.status = 200, .body = {body, sizeof body}}),
	    E_LIMIT);
	assert_int_equal(r->n_sent, 0);
	assert_true(strans_pending(r->st));
	reply(r, 500);
	srig_run(r, TEN_MINUTES);
	srig_free(r);
}

static void test_request_too_large_to_be_answered_is_dropped(void **state)
{
	(void)state;
	struct srig *r = srig_new(10);
	char extra[4000] = "";
	/* Compact names grow when they are repeated: this one fits, its answer would not. */
	for (int i = 0; i < 45; i++)
		strcat(extra, "v:SIP/2.0/UDP a\r\n");
	size_t pad = 3990 - strlen(srig_request("INVITE", B1, extra)) - strlen("v:SIP/2.0/UDP \r\n");
	sprintf(extra + strlen(extra), "v:SIP/2.0/UDP %0*d\r\n", (int)pad, 0);
	srig_input(r, SIP_UDP, srig_request("INVITE", B1, extra));
	assert_int_equal(r->requests, 1);
	srig_run(r, TEN_MINUTES);
	assert_int_equal(r->n_sent, 0);
	EXPECT(r, STRANS_END);
	srig_free(r);
}

static void test_only_one_final_response(void **state) /* 17.2.1 */
{
	(void)state;
	struct srig *r = with_invite(SIP_UDP);
	reply(r, 200);
	assert_int_equal(strans_reply(r->st, &(struct sip_reply){.status = 180}), EALREADY);
	assert_int_equal(strans_reply(r->st, &(struct sip_reply){.status = 487}), EALREADY);
	strans_reply_status(r->st, 500);
	assert_int_equal(r->n_sent, 1);
	srig_run(r, TEN_MINUTES);
	srig_free(r);
}

/* -- users that leave ---------------------------------------------------------------- */

static void test_detached_transaction_runs_to_its_end(void **state)
{
	(void)state;
	struct srig *r = with_invite(SIP_UDP);
	reply(r, 486);
	strans_detach(r->st);
	srig_run(r, TEN_MINUTES);
	assert_int_equal(r->n_server, 0);
	assert_int_equal(r->n_sent, 11);
	srig_free(r);
}

static void test_detached_without_answer_gets_500_in_the_end(void **state)
{
	(void)state;
	struct srig *r = with_invite(SIP_UDP);
	strans_detach(r->st);
	srig_run(r, 64 * T1 + 1);
	assert_true(srig_sent_starts(r, 0, "SIP/2.0 100 "));
	assert_true(srig_sent_starts(r, 1, "SIP/2.0 500 "));
	srig_run(r, TEN_MINUTES);
	srig_free(r);
}

static void leave(struct srig *r, struct strans *st, const struct sip_msg *m)
{
	(void)r;
	(void)m;
	strans_detach(st);
}

static void test_detached_at_once_gets_500_too(void **state)
{
	(void)state;
	struct srig *r = srig_new(10);
	r->on_request = leave;
	srig_input(r, SIP_UDP, srig_request("INVITE", B1, ""));
	srig_run(r, TEN_MINUTES);
	assert_true(srig_sent_starts(r, 1, "SIP/2.0 500 "));
	srig_free(r);
}

static void test_stack_with_live_transactions_can_be_freed(void **state)
{
	(void)state;
	struct srig *r = with_invite(SIP_UDP);
	reply(r, 200);
	srig_input(r, SIP_UDP, srig_follow("BYE", "z9hG4bKbye", "x"));
	srig_input(r, SIP_TCP, srig_follow("INFO", "z9hG4bKinfo", "x"));
	reply(r, 200); /* terminated, and its END not yet told */
	srig_free_unfinished(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_trying_is_sent_after_200_ms),
	    cmocka_unit_test(test_no_trying_when_the_user_answered),
	    cmocka_unit_test(test_trying_copies_timestamp),
	    cmocka_unit_test(test_repeated_invite_gets_last_provisional),
	    cmocka_unit_test(test_ack_in_proceeding_is_ignored),
	    cmocka_unit_test(test_non_2xx_is_repeated_until_timer_h),
	    cmocka_unit_test(test_non_2xx_is_sent_once_on_reliable_transport),
	    cmocka_unit_test(test_repeated_invite_gets_the_non_2xx),
	    cmocka_unit_test(test_ack_confirms_and_timer_i_ends),
	    cmocka_unit_test(test_ack_ends_at_once_on_reliable_transport),
	    cmocka_unit_test(test_2xx_is_repeated_on_all_transports),
	    cmocka_unit_test(test_acked_2xx_is_not_repeated),
	    cmocka_unit_test(test_accepted_absorbs_repeated_invite),
	    cmocka_unit_test(test_ack_in_accepted_goes_to_the_user),
	    cmocka_unit_test(test_after_timer_l_an_invite_is_new),
	    cmocka_unit_test(test_repeat_in_trying_is_discarded),
	    cmocka_unit_test(test_trying_to_non_invite_comes_after_timer_e_reached_t2),
	    cmocka_unit_test(test_other_provisionals_to_non_invite_are_not_sent),
	    cmocka_unit_test(test_no_408_to_non_invite),
	    cmocka_unit_test(test_completed_repeats_the_answer_until_timer_j),
	    cmocka_unit_test(test_timer_j_is_zero_on_reliable_transport),
	    cmocka_unit_test(test_ack_with_the_branch_of_a_non_invite_is_not_its),
	    cmocka_unit_test(test_unanswered_non_invite_ends_with_the_clients_timer_f),
	    cmocka_unit_test(test_challenges_are_sent_once_and_forgotten),
	    cmocka_unit_test(test_2xx_is_never_sent_only_once),
	    cmocka_unit_test(test_answer_at_once_and_later_are_the_same),
	    cmocka_unit_test(test_to_tag_is_the_transactions_unless_another_is_given),
	    cmocka_unit_test(test_record_route_only_where_asked_for),
	    cmocka_unit_test(test_to_tag_of_the_request_is_kept),
	    cmocka_unit_test(test_too_large_a_response_is_refused),
	    cmocka_unit_test(test_request_too_large_to_be_answered_is_dropped),
	    cmocka_unit_test(test_only_one_final_response),
	    cmocka_unit_test(test_detached_transaction_runs_to_its_end),
	    cmocka_unit_test(test_detached_without_answer_gets_500_in_the_end),
	    cmocka_unit_test(test_detached_at_once_gets_500_too),
	    cmocka_unit_test(test_stack_with_live_transactions_can_be_freed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
