// SPDX-License-Identifier: Apache-2.0
/* Client transactions: RFC 3261 section 17.1, RFC 6026 section 7.2, CANCEL of section 9.1. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "stack_rig.h"

#define T1 500
#define MINUTE 60000

static void answer_on(struct srig *r, enum sip_transport t, size_t i, const char *status,
                      const char *tag)
{
	srig_input(r, t, srig_response(r, i, status, tag));
}

static void answer(struct srig *r, const char *status, const char *tag)
{
	answer_on(r, SIP_UDP, 0, status, tag);
}

static void expect_event(struct srig *r, size_t i, int event, uint16_t status, int err)
{
	assert_true(i < r->n_client);
	assert_int_equal(r->client[i].event, event);
	assert_int_equal(r->client[i].status, status);
	assert_int_equal(r->client[i].err, err);
}

static void expect_sent_at(struct srig *r, const uint64_t *at, size_t n)
{
	assert_int_equal(r->n_sent, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(srig_sent_ms(r, i), at[i]);
		assert_string_equal(r->sent[i].text, r->sent[0].text);
	}
}

static size_t count_sent(const struct srig *r, const char *start)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n_sent; i++)
		n += srig_sent_starts(r, i, start);
	return n;
}

/* -- the request --------------------------------------------------------------------- */

static void test_request_is_printed_with_via_and_length(void **state) /* 8.1.1 */
{
	(void)state;
	struct srig *r = srig_new(10);
	struct ctrans *ct = srig_start(r, SIP_OPTIONS, SIP_UDP);
	char via[256], want[128];
	struct str branch = ctrans_branch(ct);
	assert_true(str_starts(branch, STR("z9hG4bK")));
	snprintf(want, sizeof want, "SIP/2.0/UDP 192.0.2.1:5060;branch=" STR_FMT ";rport",
	         STR_ARG(branch));
	assert_string_equal(srig_sent_value(r, 0, "Via", via), want);
	assert_true(srig_sent_starts(r, 0, "OPTIONS sip:bob@192.0.2.9:5062 SIP/2.0\r\nVia: "));
	assert_true(srig_sent_has(r, 0, "\r\nUser-Agent: Tandem\r\nContent-Length: 0\r\n\r\n"));
	struct flow f = srig_flow(SIP_UDP);
	assert_true(flow_eq(&r->sent[0].flow, &f));
	assert_true(flow_eq(ctrans_flow(ct), &f));
	srig_free_unfinished(r);
}

static void test_every_request_has_another_branch(void **state) /* 8.1.1.7 */
{
	(void)state;
	struct srig *r = srig_new(10);
	struct ctrans *a = srig_start(r, SIP_OPTIONS, SIP_UDP),
	              *b = srig_start(r, SIP_OPTIONS, SIP_UDP);
	assert_false(str_eq(ctrans_branch(a), ctrans_branch(b)));
	srig_free_unfinished(r);
}

static void test_limits(void **state)
{
	(void)state;
	struct srig *r = srig_new(1);
	char body[4000] = {0};
	struct flow f = srig_flow(SIP_UDP);
	struct ctrans_args args = {.method = SIP_METHOD_OTHER,
	                           .method_text = STR("PING"),
	                           .ruri = STR("sip:x"),
	                           .headers = STR("CSeq: 1 PING\r\n"),
	                           .flow = &f,
	                           .body = {body, sizeof body}};
	struct ctrans *ct = NULL;
	assert_int_equal(ctrans_start(&ct, r->stack, &args, srig_note_client, r), E_LIMIT);
	assert_null(ct);
	assert_int_equal(sip_stack_transactions(r->stack), 0);
	args.body = STR_NONE;
	assert_int_equal(ctrans_start(&ct, r->stack, &args, srig_note_client, r), 0);
	assert_true(srig_sent_starts(r, 0, "PING sip:x SIP/2.0\r\n"));
	assert_int_equal(ctrans_start(&ct, r->stack, &args, srig_note_client, r), E_LIMIT);
	srig_free_unfinished(r);
}

/* -- INVITE, Calling ----------------------------------------------------------------- */

static void test_calling_repeats_by_timer_a_until_timer_b(void **state) /* 17.1.1.2 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_start(r, SIP_INVITE, SIP_UDP);
	srig_run(r, 64 * T1 - 1);
	assert_int_equal(r->n_client, 0);
	srig_run(r, 1);
	static const uint64_t at[] = {0, 500, 1500, 3500, 7500, 15500, 31500};
	expect_sent_at(r, at, sizeof at / sizeof *at);
	assert_int_equal(r->n_client, 1);
	expect_event(r, 0, CTRANS_END, 0, ETIMEDOUT);
	srig_free(r);
}

static void test_calling_sends_once_on_reliable_transport(void **state) /* 17.1.1.2 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_start(r, SIP_INVITE, SIP_TCP);
	srig_run(r, 64 * T1);
	assert_int_equal(r->n_sent, 1);
	expect_event(r, 0, CTRANS_END, 0, ETIMEDOUT);
	srig_free(r);
}

static void test_give_up_is_the_users(void **state)
{
	(void)state;
	struct srig *r = srig_new(10);
	struct flow f = srig_flow(SIP_UDP);
	const struct ctrans_args args = {.method = SIP_OPTIONS,
	                                 .ruri = STR("sip:x"),
	                                 .flow = &f,
	                                 .headers = STR("CSeq: 1 OPTIONS\r\n"),
	                                 .give_up_ms = 2000};
	struct ctrans *ct;
	assert_int_equal(ctrans_start(&ct, r->stack, &args, srig_note_client, r), 0);
	srig_run(r, 2000);
	assert_int_equal(r->n_sent, 3);
	expect_event(r, 0, CTRANS_END, 0, ETIMEDOUT);
	srig_free(r);
}

/* -- INVITE, Proceeding -------------------------------------------------------------- */

static void test_provisional_stops_repeats_and_timer_b(void **state) /* 17.1.1.2 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_start(r, SIP_INVITE, SIP_UDP);
	srig_run(r, 600);
	answer(r, "100 Trying", NULL);
	srig_run(r, 2 * MINUTE);
	assert_int_equal(r->n_sent, 2);
	answer(r, "180 Ringing", "a");
	answer(r, "180 Ringing", "b");
	assert_int_equal(r->n_client, 3);
	expect_event(r, 0, CTRANS_PROVISIONAL, 100, 0);
	expect_event(r, 2, CTRANS_PROVISIONAL, 180, 0);
	srig_free_unfinished(r);
}

static void test_timer_c_cancels_a_call_that_nobody_takes(void **state) /* 16.8 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_start(r, SIP_INVITE, SIP_UDP);
	answer(r, "100 Trying", NULL);
	srig_run(r, 3 * MINUTE - 1);
	assert_int_equal(r->n_sent, 1);
	srig_run(r, 1);
	assert_true(srig_sent_starts(r, 1, "CANCEL "));
	srig_run(r, 64 * T1);
	expect_event(r, 1, CTRANS_END, 0, ETIMEDOUT);
	srig_free(r);
}

static void test_timer_c_starts_anew_with_each_provisional_but_100(void **state) /* 16.7 step 2 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_start(r, SIP_INVITE, SIP_UDP);
	answer(r, "100 Trying", NULL);
	srig_run(r, 2 * MINUTE);
	answer(r, "180 Ringing", "a");
	srig_run(r, 2 * MINUTE);
	answer(r, "100 Trying", NULL);
	assert_int_equal(r->n_sent, 1);
	srig_run(r, MINUTE);
	assert_true(srig_sent_starts(r, 1, "CANCEL "));
	srig_free_unfinished(r);
}

/* -- INVITE, Completed --------------------------------------------------------------- */

static void test_non_2xx_is_acked_by_the_layer(void **state) /* 17.1.1.3 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_start(r, SIP_INVITE, SIP_UDP);
	answer(r, "486 Busy Here", "peer");
	expect_event(r, 0, CTRANS_FINAL, 486, 0);
	assert_int_equal(r->n_sent, 2);
	char a[256], b[256];
	assert_true(srig_sent_starts(r, 1, "ACK sip:bob@192.0.2.9:5062 SIP/2.0\r\nVia: "));
	assert_string_equal(srig_sent_value(r, 1, "Via", a), srig_sent_value(r, 0, "Via", b));
	assert_string_equal(srig_sent_value(r, 1, "From", a), srig_sent_value(r, 0, "From", b));
	assert_string_equal(srig_sent_value(r, 1, "Call-ID", a), "out-1");
	assert_string_equal(srig_sent_value(r, 1, "CSeq", a), "4711 ACK");
	assert_string_equal(srig_sent_value(r, 1, "To", a), "<sip:bob@acme.test>;tag=peer");
	assert_string_equal(srig_sent_value(r, 1, "Content-Length", a), "0");
	assert_true(
	    srig_sent_has(r, 1, "\r\nRoute: <sip:p1.test;lr>\r\nRoute: <sip:p2.test;lr>\r\n"));
	assert_false(srig_sent_has(r, 1, "Contact"));
	assert_true(flow_eq(&r->sent[1].flow, &r->sent[0].flow));
	srig_run(r, MINUTE);
	srig_free(r);
}

static void test_repeated_non_2xx_is_acked_again_until_timer_d(void **state) /* 17.1.1.2 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_start(r, SIP_INVITE, SIP_UDP);
	answer(r, "180 Ringing", "peer");
	answer(r, "404 Not Found", "peer");
	srig_run(r, 31999);
	answer(r, "404 Not Found", "peer");
	answer(r, "180 Ringing", "peer");
	assert_int_equal(r->n_sent, 3);
	assert_string_equal(r->sent[1].text, r->sent[2].text);
	assert_int_equal(r->n_client, 2);
	srig_run(r, 1);
	assert_int_equal(r->n_client, 3);
	expect_event(r, 2, CTRANS_END, 0, 0);
	answer(r, "404 Not Found", "peer"); /* now it is a stray */
	assert_int_equal(r->n_sent, 3);
	srig_free(r);
}

static void test_timer_d_is_zero_on_reliable_transport(void **state) /* 17.1.1.2 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_start(r, SIP_INVITE, SIP_TCP);
	answer_on(r, SIP_TCP, 0, "404 Not Found", "peer");
	assert_int_equal(r->n_client, 1);
	srig_run(r, 0);
	assert_int_equal(r->n_sent, 2); /* an ACK all the same */
	expect_event(r, 1, CTRANS_END, 0, 0);
	srig_free(r);
}

static void test_2xx_behind_a_non_2xx_goes_to_the_user(void **state) /* 16.7 step 5 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_start(r, SIP_INVITE, SIP_UDP);
	answer(r, "486 Busy Here", "a");
	answer(r, "200 OK", "b");
	assert_int_equal(r->strays, 1);
	assert_int_equal(r->n_client, 1);
	srig_run(r, MINUTE);
	srig_free(r);
}

/* -- INVITE, Accepted ---------------------------------------------------------------- */

#define ACK_FOR(tag)                                                                               \
	"ACK sip:bob@192.0.2.9 SIP/2.0\r\nTo: <sip:bob@acme.test>;tag=" tag                        \
	"\r\nContent-Length: 0\r\n\r\n"

static void ack(struct srig *r, struct ctrans *ct, const char *text)
{
	struct flow f = srig_flow(SIP_UDP);
	(void)r;
	ctrans_ack(ct, &f, str_z(text));
}

static void test_2xx_is_not_acked_by_the_layer(void **state) /* RFC 6026 section 8.4 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_start(r, SIP_INVITE, SIP_UDP);
	answer(r, "200 OK", "a");
	expect_event(r, 0, CTRANS_FINAL, 200, 0);
	answer(r, "200 OK", "a"); /* before the user has an ACK */
	assert_int_equal(r->n_sent, 1);
	assert_int_equal(r->n_client, 1);
	srig_run(r, 64 * T1 - 1);
	assert_int_equal(r->n_client, 1);
	srig_run(r, 1); /* Timer M */
	expect_event(r, 1, CTRANS_END, 0, 0);
	assert_int_equal(r->n_sent, 1);
	srig_free(r);
}

static void test_repeated_2xx_gets_the_users_ack_again(void **state) /* 13.2.2.4 */
{
	(void)state;
	struct srig *r = srig_new(10);
	struct ctrans *ct = srig_start(r, SIP_INVITE, SIP_UDP);
	answer(r, "200 OK", "a");
	ack(r, ct, ACK_FOR("a"));
	assert_int_equal(r->n_sent, 2);
	answer(r, "200 OK", "a");
	answer(r, "200 OK", "a");
	assert_int_equal(r->n_sent, 4);
	assert_string_equal(r->sent[3].text, ACK_FOR("a"));
	assert_int_equal(r->n_client, 1);
	srig_run(r, MINUTE);
	srig_free(r);
}

static void test_each_2xx_of_a_fork_has_its_own_ack(void **state) /* 13.2.2.4 */
{
	(void)state;
	struct srig *r = srig_new(10);
	struct ctrans *ct = srig_start(r, SIP_INVITE, SIP_UDP);
	answer(r, "200 OK", "a");
	ack(r, ct, ACK_FOR("a"));
	answer(r, "200 OK", "b");
	expect_event(r, 1, CTRANS_FINAL, 200, 0);
	ack(r, ct, ACK_FOR("b"));
	answer(r, "200 OK", "a");
	answer(r, "200 OK", "b");
	assert_int_equal(r->n_client, 2);
	assert_int_equal(r->n_sent, 5);
	assert_string_equal(r->sent[3].text, ACK_FOR("a"));
	assert_string_equal(r->sent[4].text, ACK_FOR("b"));
	srig_run(r, MINUTE);
	srig_free(r);
}

static void test_other_responses_are_dropped_in_accepted(void **state) /* RFC 6026 section 7.2 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_start(r, SIP_INVITE, SIP_UDP);
	answer(r, "200 OK", "a");
	answer(r, "180 Ringing", "b");
	answer(r, "486 Busy Here", "b");
	assert_int_equal(r->n_client, 1);
	assert_int_equal(r->n_sent, 1);
	srig_run(r, MINUTE);
	srig_free(r);
}

static void test_2xx_with_ever_new_tags_have_a_limit(void **state)
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_start(r, SIP_INVITE, SIP_UDP);
	for (int i = 0; i < 100; i++) {
		char tag[16];
		snprintf(tag, sizeof tag, "t%d", i);
		answer(r, "200 OK", tag);
	}
	assert_int_equal(r->n_client, 16);
	srig_run(r, MINUTE);
	srig_free(r);
}

static void test_after_timer_m_a_2xx_is_a_stray(void **state) /* RFC 6026 section 7.2 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_start(r, SIP_INVITE, SIP_UDP);
	answer(r, "200 OK", "a");
	srig_run(r, 64 * T1);
	answer(r, "200 OK", "a");
	assert_int_equal(r->strays, 1);
	assert_int_equal(r->n_sent, 1);
	srig_free(r);
}

/* -- other requests ------------------------------------------------------------------ */

static void test_trying_repeats_by_timer_e_until_timer_f(void **state) /* 17.1.2.2 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_start(r, SIP_BYE, SIP_UDP);
	srig_run(r, 64 * T1);
	static const uint64_t at[] = {0,     500,   1500,  3500,  7500, 11500,
	                              15500, 19500, 23500, 27500, 31500};
	expect_sent_at(r, at, sizeof at / sizeof *at);
	expect_event(r, 0, CTRANS_END, 0, ETIMEDOUT);
	srig_free(r);
}

static void test_proceeding_repeats_every_t2(void **state) /* 17.1.2.2 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_start(r, SIP_BYE, SIP_UDP);
	answer(r, "100 Trying", NULL);
	answer(r, "100 Trying", NULL);
	srig_run(r, 64 * T1);
	static const uint64_t at[] = {0, 500, 4500, 8500, 12500, 16500, 20500, 24500, 28500};
	expect_sent_at(r, at, sizeof at / sizeof *at);
	assert_int_equal(r->n_client, 3);
	expect_event(r, 2, CTRANS_END, 0, ETIMEDOUT);
	srig_free(r);
}

static void test_non_invite_sends_once_on_reliable_transport(void **state) /* 17.1.2.2 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_start(r, SIP_BYE, SIP_TCP);
	srig_run(r, 64 * T1);
	assert_int_equal(r->n_sent, 1);
	expect_event(r, 0, CTRANS_END, 0, ETIMEDOUT);
	srig_free(r);
}

static void test_final_response_is_given_once_until_timer_k(void **state) /* 17.1.2.2 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_start(r, SIP_BYE, SIP_UDP);
	answer(r, "481 No", "x");
	srig_run(r, 4999);
	answer(r, "481 No", "x");
	answer(r, "100 Trying", NULL);
	assert_int_equal(r->n_client, 1);
	srig_run(r, 1);
	expect_event(r, 0, CTRANS_FINAL, 481, 0);
	expect_event(r, 1, CTRANS_END, 0, 0);
	assert_int_equal(r->n_sent, 1);
	srig_free(r);
}

static void test_timer_k_is_zero_on_reliable_transport(void **state) /* 17.1.2.2 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_start(r, SIP_BYE, SIP_TCP);
	answer_on(r, SIP_TCP, 0, "200 OK", "x");
	assert_int_equal(r->n_client, 1);
	srig_run(r, 0);
	expect_event(r, 1, CTRANS_END, 0, 0);
	srig_free(r);
}

/* -- which response is whose
 * ------------------------------------------------------------------------ */

static void test_response_matches_by_branch_and_cseq_method(void **state) /* 17.1.3 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_start(r, SIP_INVITE, SIP_UDP);
	srig_start(r, SIP_BYE, SIP_UDP);
	answer_on(r, SIP_UDP, 1, "200 OK", "x");
	assert_int_equal(r->n_client, 1);
	assert_int_equal(count_sent(r, "INVITE"), 1);

	char text[2048];
	assert_true(str_copyz(text, sizeof text, str_z(srig_response(r, 0, "200 OK", "x"))));
	memcpy(strstr(text, "4711 INVITE"), "4711 UPDATE",
	       11); /* the INVITE's branch, another method */
	srig_input(r, SIP_UDP, text);
	assert_int_equal(r->n_client, 1);
	char *branch = strstr(text, "branch=z9hG4bK") + 14;
	*branch = *branch == 'a' ? 'b' : 'a';
	srig_input(r, SIP_UDP, text);
	assert_int_equal(r->n_client, 1);
	assert_int_equal(r->strays, 0); /* not a 2xx to an INVITE */
	srig_free_unfinished(r);
}

static void test_response_with_two_vias_is_dropped(void **state) /* 8.1.3.3 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_start(r, SIP_INVITE, SIP_UDP);
	char text[2048], *at;
	assert_true(str_copyz(text, sizeof text, str_z(srig_response(r, 0, "200 OK", "x"))));
	at = strstr(text, ";rport");
	memmove(at + 17, at + 6, strlen(at + 6) + 1);
	memcpy(at, ", SIP/2.0/UDP abc", 17);
	srig_input(r, SIP_UDP, text);
	assert_int_equal(r->n_client, 0);
	assert_int_equal(r->strays, 0);
	srig_free_unfinished(r);
}

/* -- CANCEL
 * ------------------------------------------------------------------------------------------ */

static void test_cancel_is_the_request_again(void **state) /* 9.1 */
{
	(void)state;
	struct srig *r = srig_new(10);
	struct ctrans *ct = srig_start(r, SIP_INVITE, SIP_UDP);
	answer(r, "180 Ringing", "peer");
	ctrans_cancel(ct, STR("Reason: SIP;cause=200\r\n"));
	assert_int_equal(r->n_sent, 2);
	char a[256], b[256];
	assert_true(srig_sent_starts(r, 1, "CANCEL sip:bob@192.0.2.9:5062 SIP/2.0\r\n"));
	static const char *const same[] = {"Via", "From", "To", "Call-ID", "Max-Forwards"};
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		assert_string_equal(srig_sent_value(r, 1, same[i], a),
		                    srig_sent_value(r, 0, same[i], b));
	assert_string_equal(srig_sent_value(r, 1, "CSeq", a), "4711 CANCEL");
	assert_true(
	    srig_sent_has(r, 1, "\r\nRoute: <sip:p1.test;lr>\r\nRoute: <sip:p2.test;lr>\r\n"));
	assert_true(srig_sent_has(r, 1, "\r\nReason: SIP;cause=200\r\n"));
	assert_false(srig_sent_has(r, 1, "Contact"));
	assert_true(flow_eq(&r->sent[1].flow, &r->sent[0].flow));

	answer_on(r, SIP_UDP, 1, "200 OK", "peer"); /* to the CANCEL: nobody's business */
	assert_int_equal(r->n_client, 1);
	answer(r, "487 Request Terminated", "peer");
	expect_event(r, 1, CTRANS_FINAL, 487, 0);
	assert_true(srig_sent_starts(r, 2, "ACK "));
	srig_run(r, MINUTE);
	assert_int_equal(r->n_sent, 3);
	srig_free(r);
}

static void test_cancel_waits_for_a_provisional(void **state) /* 9.1 */
{
	(void)state;
	struct srig *r = srig_new(10);
	struct ctrans *ct = srig_start(r, SIP_INVITE, SIP_UDP);
	ctrans_cancel(ct, STR("Reason: SIP;cause=200\r\n"));
	ctrans_cancel(ct, STR("Reason: SIP;cause=600\r\n")); /* the first one counts */
	srig_run(r, 600);
	assert_int_equal(count_sent(r, "CANCEL"), 0);
	assert_int_equal(count_sent(r, "INVITE"), 2);
	answer(r, "100 Trying", NULL);
	assert_int_equal(count_sent(r, "CANCEL"), 1);
	assert_true(srig_sent_has(r, 2, "Reason: SIP;cause=200"));
	ctrans_cancel(ct, STR_NONE);
	assert_int_equal(count_sent(r, "CANCEL"), 1);
	srig_free_unfinished(r);
}

static void test_cancel_is_repeated_by_itself(void **state) /* 9.1: a non-INVITE transaction */
{
	(void)state;
	struct srig *r = srig_new(10);
	struct ctrans *ct = srig_start(r, SIP_INVITE, SIP_UDP);
	answer(r, "180 Ringing", "a");
	ctrans_cancel(ct, STR_NONE);
	srig_run(r, 1600);
	assert_int_equal(count_sent(r, "CANCEL"), 3);
	answer_on(r, SIP_UDP, 1, "200 OK", "a");
	srig_run(r, 10000);
	assert_int_equal(count_sent(r, "CANCEL"), 3);
	srig_free_unfinished(r);
}

static void test_cancelled_without_final_ends_after_64_t1(void **state) /* 9.1 */
{
	(void)state;
	struct srig *r = srig_new(10);
	struct ctrans *ct = srig_start(r, SIP_INVITE, SIP_UDP);
	answer(r, "180 Ringing", "a");
	srig_run(r, 7000);
	ctrans_cancel(ct, STR_NONE);
	answer_on(r, SIP_UDP, 1, "200 OK", "a");
	srig_run(r, 20000);
	answer(r, "180 Ringing", "a"); /* does not prolong it */
	srig_run(r, 64 * T1 - 20001);
	assert_int_equal(r->n_client, 2);
	srig_run(r, 1);
	expect_event(r, 2, CTRANS_END, 0, ECANCELED);
	srig_free(r);
}

static void test_cancelled_and_never_answered(void **state) /* 9.1 */
{
	(void)state;
	struct srig *r = srig_new(10);
	struct ctrans *ct = srig_start(r, SIP_INVITE, SIP_UDP);
	ctrans_cancel(ct, STR_NONE);
	srig_run(r, 64 * T1);
	assert_int_equal(count_sent(r, "CANCEL"), 0);
	assert_int_equal(r->n_client, 1);
	expect_event(r, 0, CTRANS_END, 0, ECANCELED);
	srig_free(r);
}

static void test_2xx_wins_the_race_with_cancel(void **state) /* 9.1 */
{
	(void)state;
	struct srig *r = srig_new(10);
	struct ctrans *ct = srig_start(r, SIP_INVITE, SIP_UDP);
	answer(r, "180 Ringing", "a");
	ctrans_cancel(ct, STR_NONE);
	answer(r, "200 OK", "a");
	expect_event(r, 1, CTRANS_FINAL, 200, 0);
	ack(r, ct, ACK_FOR("a"));
	answer(r, "200 OK", "a");
	assert_int_equal(count_sent(r, "ACK"), 2);
	srig_run(r, MINUTE);
	expect_event(r, 2, CTRANS_END, 0, 0);
	srig_free(r);
}

static void test_cancel_after_the_final_response_does_nothing(void **state) /* 9.1 */
{
	(void)state;
	struct srig *r = srig_new(10);
	struct ctrans *a = srig_start(r, SIP_INVITE, SIP_UDP);
	answer(r, "200 OK", "a");
	ctrans_cancel(a, STR_NONE);
	struct ctrans *b = srig_start(r, SIP_OPTIONS, SIP_UDP);
	ctrans_cancel(b, STR_NONE); /* 9.1: never for other requests */
	assert_int_equal(count_sent(r, "CANCEL"), 0);
	srig_run(r, MINUTE);
	srig_free(r);
}

/* -- users that leave, flows that fail
 * ------------------------------------------------------------------ */

static void test_late_2xx_of_a_detached_invite_goes_to_stray(void **state)
{
	(void)state;
	struct srig *r = srig_new(10);
	struct ctrans *ct = srig_start(r, SIP_INVITE, SIP_UDP);
	answer(r, "180 Ringing", "a");
	ctrans_cancel(ct, STR_NONE);
	ctrans_detach(ct);
	answer(r, "183 Session Progress", "a");
	answer(r, "200 OK", "a");
	answer(r, "200 OK", "a");
	assert_int_equal(r->strays, 2);
	assert_int_equal(r->n_client, 1);
	srig_run(r, MINUTE);
	srig_free(r);
}

static void test_detached_after_its_ack_still_acks_repeats(void **state)
{
	(void)state;
	struct srig *r = srig_new(10);
	struct ctrans *ct = srig_start(r, SIP_INVITE, SIP_UDP);
	answer(r, "200 OK", "a");
	ack(r, ct, ACK_FOR("a"));
	ctrans_detach(ct);
	answer(r, "200 OK", "a");
	assert_int_equal(r->strays, 0);
	assert_int_equal(count_sent(r, "ACK"), 2);
	srig_run(r, MINUTE);
	srig_free(r);
}

static void test_failed_flow_ends_what_waits_on_it(void **state) /* 17.1.4 */
{
	(void)state;
	struct srig *r = srig_new(10);
	srig_start(r, SIP_BYE, SIP_TCP);
	srig_start(r, SIP_INVITE, SIP_TCP);
	answer_on(r, SIP_TCP, 1, "180 Ringing", "a");
	srig_start(r, SIP_BYE, SIP_UDP);
	struct flow f = srig_flow(SIP_TCP);
	sip_stack_flow_failed(r->stack, &f, ECONNRESET);
	assert_int_equal(r->n_client, 1); /* told by the timer, not from inside */
	answer_on(r, SIP_TCP, 0, "200 OK", "x");
	srig_run(r, 0);
	assert_int_equal(r->n_client, 3);
	expect_event(r, 1, CTRANS_END, 0, ECONNRESET);
	expect_event(r, 2, CTRANS_END, 0, ECONNRESET);
	assert_int_equal(sip_stack_transactions(r->stack), 1);
	srig_free_unfinished(r);
}

static void test_failed_flow_leaves_accepted_alone(void **state)
{
	(void)state;
	struct srig *r = srig_new(10);
	struct ctrans *ct = srig_start(r, SIP_INVITE, SIP_TCP);
	answer_on(r, SIP_TCP, 0, "200 OK", "a");
	struct flow f = srig_flow(SIP_TCP);
	sip_stack_flow_failed(r->stack, &f, ECONNRESET);
	srig_run(r, 1000);
	assert_int_equal(r->n_client, 1);
	ack(r, ct, ACK_FOR("a"));
	srig_run(r, MINUTE);
	expect_event(r, 1, CTRANS_END, 0, 0);
	srig_free(r);
}

/** Do all a user may do to a transaction from inside its events. */
static void meddle(enum ctrans_event event, struct ctrans *ct, const struct sip_msg *m, int err,
                   void *user)
{
	struct srig *r = user;
	(void)m;
	(void)err;
	if (event == CTRANS_PROVISIONAL)
		ctrans_cancel(ct, STR_NONE);
	if (event == CTRANS_FINAL) {
		ack(r, ct, ACK_FOR("a"));
		ctrans_cancel(ct, STR_NONE);
		ctrans_detach(ct);
	}
	if (r->n_client < 5)
		srig_start(r, SIP_BYE, SIP_UDP);
}

static void test_handlers_may_call_back(void **state)
{
	(void)state;
	struct srig *r = srig_new(100);
	r->on_client = meddle;
	srig_start(r, SIP_INVITE, SIP_UDP);
	answer(r, "180 Ringing", "a");
	answer(r, "200 OK", "a");
	srig_run(r, 5 * MINUTE);
	assert_int_equal(count_sent(r, "CANCEL"), 11);
	assert_true(count_sent(r, "BYE") >= 2);
	srig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_request_is_printed_with_via_and_length),
	    cmocka_unit_test(test_every_request_has_another_branch),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_calling_repeats_by_timer_a_until_timer_b),
	    cmocka_unit_test(test_calling_sends_once_on_reliable_transport),
	    cmocka_unit_test(test_give_up_is_the_users),
	    cmocka_unit_test(test_provisional_stops_repeats_and_timer_b),
	    cmocka_unit_test(test_timer_c_cancels_a_call_that_nobody_takes),
	    cmocka_unit_test(test_timer_c_starts_anew_with_each_provisional_but_100),
	    cmocka_unit_test(test_non_2xx_is_acked_by_the_layer),
	    cmocka_unit_test(test_repeated_non_2xx_is_acked_again_until_timer_d),
	    cmocka_unit_test(test_timer_d_is_zero_on_reliable_transport),
	    cmocka_unit_test(test_2xx_behind_a_non_2xx_goes_to_the_user),
	    cmocka_unit_test(test_2xx_is_not_acked_by_the_layer),
	    cmocka_unit_test(test_repeated_2xx_gets_the_users_ack_again),
	    cmocka_unit_test(test_each_2xx_of_a_fork_has_its_own_ack),
	    cmocka_unit_test(test_other_responses_are_dropped_in_accepted),
	    cmocka_unit_test(test_2xx_with_ever_new_tags_have_a_limit),
	    cmocka_unit_test(test_after_timer_m_a_2xx_is_a_stray),
	    cmocka_unit_test(test_trying_repeats_by_timer_e_until_timer_f),
	    cmocka_unit_test(test_proceeding_repeats_every_t2),
	    cmocka_unit_test(test_non_invite_sends_once_on_reliable_transport),
	    cmocka_unit_test(test_final_response_is_given_once_until_timer_k),
	    cmocka_unit_test(test_timer_k_is_zero_on_reliable_transport),
	    cmocka_unit_test(test_response_matches_by_branch_and_cseq_method),
	    cmocka_unit_test(test_response_with_two_vias_is_dropped),
	    cmocka_unit_test(test_cancel_is_the_request_again),
	    cmocka_unit_test(test_cancel_waits_for_a_provisional),
	    cmocka_unit_test(test_cancel_is_repeated_by_itself),
	    cmocka_unit_test(test_cancelled_without_final_ends_after_64_t1),
	    cmocka_unit_test(test_cancelled_and_never_answered),
	    cmocka_unit_test(test_2xx_wins_the_race_with_cancel),
	    cmocka_unit_test(test_cancel_after_the_final_response_does_nothing),
	    cmocka_unit_test(test_late_2xx_of_a_detached_invite_goes_to_stray),
	    cmocka_unit_test(test_detached_after_its_ack_still_acks_repeats),
	    cmocka_unit_test(test_failed_flow_ends_what_waits_on_it),
	    cmocka_unit_test(test_failed_flow_leaves_accepted_alone),
	    cmocka_unit_test(test_handlers_may_call_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
