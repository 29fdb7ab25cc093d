// SPDX-License-Identifier: Apache-2.0
/* The way in: matching (RFC 3261 section 17.2.3), CANCEL (9.2), merged requests (8.2.2.2), where
 * replies go (18.2.2, RFC 3581), and what is answered without a transaction. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "stack_rig.h"

#define B1 "z9hG4bKone"
#define B2 "z9hG4bKtwo"
#define MINUTE 60000

static void in(struct srig *r, const char *text)
{
	srig_input(r, SIP_UDP, text);
}

static void reply(struct srig *r, uint16_t status)
{
	assert_int_equal(strans_reply(r->st, &(struct sip_reply){.status = status}), 0);
}

static void ok_at_once(struct srig *r, struct strans *st, const struct sip_msg *m)
{
	(void)r;
	(void)m;
	assert_int_equal(strans_reply(st, &(struct sip_reply){.status = 200}), 0);
}

/** `text` with the first `from` replaced. Lives until the call after the next. */
static const char *with(const char *text, const char *from, const char *to)
{
	static char mem[2][8192];
	static unsigned turn;
	char *out = mem[turn++ % 2];
	const char *at = strstr(text, from);
	assert_non_null(at);
	snprintf(out, sizeof mem[0], "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	return out;
}

/* -- keep-alives and garbage --------------------------------------------------------- */

static void test_keep_alives_are_ignored(void **state) /* RFC 5626 section 3.5.1 */
{
	(void)state;
	struct srig *r = srig_new(10);
	struct flow f = srig_flow(SIP_UDP);
	in(r, "");
	in(r, "\r\n\r\n");
	sip_stack_input(r->stack, (struct str){"\0\0\0\0", 4}, &f);
	sip_stack_input(r->stack, STR_NONE, &f);
	assert_int_equal(r->n_sent, 0);
	assert_int_equal(metric_get(&r->metrics, METRIC_SIP_BAD), 0);
	srig_free(r);
}

static void test_garbage_is_dropped(void **state)
{
	(void)state;
	struct srig *r = srig_new(10);
	in(r, "hello");
	in(r, "OPTIONS sip:x SIP/2.0\r\n\r\n");
	in(r, "SIP/2.0 200 OK\r\n\r\n");
	assert_int_equal(r->n_sent, 0);
	assert_int_equal(metric_get(&r->metrics, METRIC_SIP_BAD), 3);
	srig_free(r);
}

static void test_bad_request_gets_400_when_enough_is_known(void **state) /* 8.2, RFC 4475 */
{
	(void)state;
	struct srig *r = srig_new(10);
	in(r, with(srig_request("OPTIONS", B1, ""), "Max-Forwards: 70", "Max-Forwards: many"));
	assert_int_equal(r->requests, 0);
	assert_int_equal(r->n_sent, 1);
	assert_true(srig_sent_starts(r, 0, "SIP/2.0 400 Bad Max-Forwards\r\nVia: "));
	assert_true(srig_sent_has(r, 0, "Call-ID: call-1@192.0.2.9\r\n"));
	in(r, with(srig_request("OPTIONS", B1, ""), "SIP/2.0", "SIP/7.0"));
	assert_true(srig_sent_starts(r, 1, "SIP/2.0 505 "));
	srig_free(r);
}

static void test_bad_ack_and_bad_response_are_never_answered(void **state) /* 17.1.1.3 */
{
	(void)state;
	struct srig *r = srig_new(10);
	in(r, with(srig_follow("ACK", B1, "x"), "Max-Forwards: 70", "Max-Forwards: many"));
	in(r, with(srig_request("OPTIONS", B1, ""), "OPTIONS sip:bob@acme.test SIP/2.0",
	           "SIP/2.0 99 Low"));
	assert_int_equal(r->n_sent, 0);
	assert_int_equal(r->acks, 0);
	srig_free(r);
}

static void test_stateless_answers_repeat_their_tag(void **state) /* 8.2.7 */
{
	(void)state;
	struct srig *r = srig_new(0);
	in(r, srig_follow("CANCEL", B1, NULL));
	in(r, srig_follow("CANCEL", B1, NULL));
	assert_int_equal(r->n_sent, 2);
	assert_true(srig_sent_has(r, 0, "To: <sip:bob@acme.test>;tag="));
	assert_string_equal(r->sent[0].text, r->sent[1].text);
	in(r, srig_follow("CANCEL", B2, NULL));
	char a[256], b[256];
	assert_string_not_equal(srig_sent_value(r, 0, "To", a), srig_sent_value(r, 2, "To", b));
	srig_free(r);
}

/* -- overload ------------------------------------------------------------------------ */

static void test_too_many_transactions_get_503(void **state) /* 21.5.4 */
{
	(void)state;
	struct srig *r = srig_new(1);
	in(r, srig_request("OPTIONS", B1, ""));
	in(r, with(srig_request("OPTIONS", B2, ""), "CSeq: 1 ", "CSeq: 2 "));
	assert_int_equal(r->requests, 1);
	assert_int_equal(r->n_sent, 1);
	assert_true(srig_sent_starts(r, 0, "SIP/2.0 503 "));
	assert_true(srig_sent_has(r, 0, "\r\nRetry-After: "));
	assert_int_equal(sip_stack_transactions(r->stack), 1);
	in(r, srig_request("OPTIONS", B1, "")); /* what is known is still served */
	reply(r, 200);
	in(r, srig_request("OPTIONS", B1, ""));
	assert_int_equal(r->n_sent, 3);
	srig_run(r, MINUTE);
	in(r, with(srig_request("OPTIONS", B2, ""), "CSeq: 1 ", "CSeq: 2 "));
	assert_int_equal(r->requests, 2);
	srig_free_unfinished(r);
}

static void test_answered_make_room_for_new_ones_oldest_first(void **state) /* 17.2.2 */
{
	(void)state;
	struct srig *r = srig_new(2);
	in(r, srig_request("OPTIONS", B1, ""));
	reply(r, 200);
	in(r, with(srig_request("OPTIONS", B2, ""), "CSeq: 1 ", "CSeq: 2 "));
	reply(r, 200);
	in(r, with(srig_request("OPTIONS", B1 "-third", ""), "CSeq: 1 ", "CSeq: 3 "));
	assert_int_equal(r->requests, 3);
	srig_run(r, 1);
	assert_int_equal(sip_stack_transactions(r->stack), 2);
	in(r, with(srig_request("OPTIONS", B2, ""), "CSeq: 1 ", "CSeq: 2 ")); /* still absorbed */
	assert_int_equal(r->requests, 3);
	in(r, with(srig_request("OPTIONS", B1 "-fourth", ""), "CSeq: 1 ", "CSeq: 4 "));
	assert_int_equal(r->requests, 4);
	srig_run(r, 1);
	in(r, with(srig_request("OPTIONS", B1 "-fifth", ""), "CSeq: 1 ", "CSeq: 5 "));
	assert_int_equal(r->requests, 4); /* both left are still to be answered */
	assert_true(srig_sent_starts(r, r->n_sent - 1, "SIP/2.0 503 "));
	srig_free_unfinished(r);
}

/* -- which request is whose
 * ------------------------------------------------------------------------ */

#define NEW_CSEQ(text) with(text, "CSeq: 1 ", "CSeq: 2 ")

static void test_branch_sent_by_and_method_tell_transactions_apart(void **state) /* 17.2.3 */
{
	(void)state;
	struct srig *r = srig_new(10);
	in(r, srig_request("OPTIONS", B1, ""));
	in(r, srig_request("OPTIONS", B1, ""));
	assert_int_equal(r->requests, 1);
	in(r, NEW_CSEQ(srig_request("OPTIONS", B2, "")));
	assert_int_equal(r->requests, 2);
	in(r, srig_request("INFO", B1, ""));
	assert_int_equal(r->requests, 3);
	char other[4096];
	assert_true(str_copyz(other, sizeof other,
	                      str_z(with(srig_request("OPTIONS", B1, ""), "CSeq: 1 ", "CSeq: 8 "))));
	char *port = strstr(other, "192.0.2.9:5062;branch");
	port[13] = '3';
	in(r, other);
	assert_int_equal(r->requests, 4);
	port[13] = '2';
	port[8] = '8';
	memcpy(strstr(other, "CSeq: 8"), "CSeq: 9", 7);
	in(r, other);
	assert_int_equal(r->requests, 5);
	srig_free_unfinished(r);
}

static void test_case_of_sent_by_host_does_not_count(void **state) /* 17.2.3 */
{
	(void)state;
	struct srig *r = srig_new(10);
	in(r, with(srig_request("OPTIONS", B1, ""), "192.0.2.9:5062", "phone.acme.test"));
	in(r, with(srig_request("OPTIONS", B1, ""), "192.0.2.9:5062", "PHONE.acme.test"));
	assert_int_equal(r->requests, 1);
	assert_int_equal(r->n_sent, 0); /* not another one, merged with it */
	srig_free_unfinished(r);
}

static void test_very_long_branches_match_too(void **state)
{
	(void)state;
	struct srig *r = srig_new(10);
	char branch[1000] = B1, other[1000];
	memset(branch + sizeof B1 - 1, 'x', sizeof branch - sizeof B1);
	memcpy(other, branch, sizeof other);
	other[998] = 'y';
	in(r, srig_request("OPTIONS", branch, ""));
	in(r, srig_request("OPTIONS", branch, ""));
	assert_int_equal(r->requests, 1);
	assert_int_equal(r->n_sent, 0);
	in(r, NEW_CSEQ(srig_request("OPTIONS", other, "")));
	assert_int_equal(r->requests, 2);
	srig_free_unfinished(r);
}

static void test_rfc2543_requests_match_by_their_fields(void **state) /* 17.2.3 */
{
	(void)state;
	struct srig *r = srig_new(10);
	in(r, srig_request("INVITE", "1", ""));
	in(r, srig_request("INVITE", "1", ""));
	assert_int_equal(r->requests, 1);
	assert_int_equal(r->n_sent, 0);
	in(r, NEW_CSEQ(srig_request("INVITE", "1", "")));
	assert_int_equal(r->requests, 2);
	in(r, with(NEW_CSEQ(srig_request("INVITE", "1", "")), "Call-ID: c", "Call-ID: d"));
	assert_int_equal(r->requests, 3);
	in(r, with(with(srig_request("INVITE", "1", ""), "tag=from1", "tag=from2"), "CSeq: 1",
	           "CSeq: 9"));
	assert_int_equal(r->requests, 4);
	srig_free_unfinished(r);
}

static void test_cookie_alone_is_no_branch(void **state) /* RFC 4475 section 3.2.1 */
{
	(void)state;
	struct srig *r = srig_new(10);
	in(r, srig_request("OPTIONS", "z9hG4bK", ""));
	in(r, NEW_CSEQ(srig_request("OPTIONS", "z9hG4bK", "")));
	assert_int_equal(r->requests, 2);
	srig_free_unfinished(r);
}

static void test_rfc2543_ack_needs_our_to_tag(void **state) /* 17.2.3 */
{
	(void)state;
	struct srig *r = srig_new(10);
	in(r, srig_request("INVITE", "1", ""));
	char tag[64];
	assert_true(str_copyz(tag, sizeof tag, strans_to_tag(r->st)));
	reply(r, 486);
	in(r, srig_follow("ACK", "1", "another"));
	assert_int_equal(r->acks, 1);
	assert_int_equal(r->n_server, 0);
	in(r, srig_follow("ACK", "1", tag));
	assert_int_equal(r->acks, 1);
	assert_int_equal(r->server[0].event, STRANS_ACK);
	srig_run(r, MINUTE);
	srig_free(r);
}

static void test_ack_for_2xx_is_new_transaction(void **state) /* 13.2.2.4 */
{
	(void)state;
	struct srig *r = srig_new(10);
	in(r, srig_follow("ACK", B2, "x"));
	assert_int_equal(r->acks, 1);
	assert_int_equal(r->n_sent, 0);
	assert_int_equal(sip_stack_transactions(r->stack), 0);
	srig_free(r);
}

static void test_repeat_is_answered_before_the_user_sees_it(void **state) /* RFC 7616 nc */
{
	(void)state;
	struct srig *r = srig_new(10);
	r->on_request = ok_at_once;
	for (int i = 0; i < 3; i++)
		in(r, srig_request("REGISTER", B1, ""));
	assert_int_equal(r->requests, 1);
	assert_int_equal(r->n_sent, 3);
	assert_string_equal(r->sent[0].text, r->sent[2].text);
	srig_run(r, MINUTE);
	srig_free(r);
}

/* -- merged requests
 * -------------------------------------------------------------------------------- */

static void test_merged_request_gets_482(void **state) /* 8.2.2.2 */
{
	(void)state;
	struct srig *r = srig_new(10);
	in(r, srig_request("INVITE", B1, ""));
	in(r, srig_request("INVITE", B2, ""));
	assert_int_equal(r->requests, 1);
	assert_int_equal(r->n_sent, 1);
	assert_true(srig_sent_starts(r, 0, "SIP/2.0 482 "));
	reply(r, 486);
	in(r, srig_request("INVITE", B2, "")); /* its transaction is still known */
	assert_int_equal(r->requests, 1);
	srig_run(r, MINUTE);
	in(r, srig_request("INVITE", B2, ""));
	assert_int_equal(r->requests, 2);
	srig_free_unfinished(r);
}

static void test_only_the_same_origin_is_merged(void **state) /* 8.2.2.2 */
{
	(void)state;
	struct srig *r = srig_new(10);
	in(r, srig_request("INVITE", B1, ""));
	in(r, with(srig_request("INVITE", "z9hG4bK3", ""), "tag=from1", "tag=from2"));
	in(r, with(srig_request("INVITE", "z9hG4bK4", ""), "Call-ID: c", "Call-ID: d"));
	in(r, NEW_CSEQ(srig_request("INVITE", "z9hG4bK5", "")));
	in(r, srig_request("OPTIONS", "z9hG4bK6", ""));
	assert_int_equal(r->requests, 5);
	in(r, srig_follow("INFO", "z9hG4bK7", "tag")); /* with a To tag it is in a dialog */
	in(r, srig_follow("INFO", "z9hG4bK8", "tag"));
	in(r, srig_follow("OPTIONS", "z9hG4bK9", "tag"));
	assert_int_equal(r->requests, 8);
	srig_free_unfinished(r);
}

static void test_challenged_request_may_come_again_with_its_cseq(void **state)
{
	(void)state;
	struct srig *r = srig_new(10);
	in(r, srig_request("REGISTER", B1, ""));
	reply(r, 401);
	in(r, srig_request("REGISTER", B2, "")); /* from a careless phone */
	assert_int_equal(r->requests, 2);
	reply(r, 200);
	in(r, srig_request("REGISTER", "z9hG4bK3", ""));
	assert_int_equal(r->requests, 2);
	srig_run(r, MINUTE);
	srig_free(r);
}

/* -- CANCEL
 * ------------------------------------------------------------------------------------------ */

static void end_with_487(struct srig *r, struct strans *st, const struct sip_msg *m)
{
	(void)r;
	assert_int_equal(m->method, SIP_CANCEL);
	assert_int_equal(strans_reply(st, &(struct sip_reply){.status = 487}), 0);
}

static void test_cancel_is_answered_200_and_told(void **state) /* 9.2 */
{
	(void)state;
	struct srig *r = srig_new(10);
	r->on_cancel = end_with_487;
	in(r, srig_request("INVITE", B1, ""));
	reply(r, 180);
	in(r, srig_follow("CANCEL", B1, NULL));
	assert_int_equal(r->cancels, 1);
	assert_int_equal(r->n_sent, 3);
	assert_true(srig_sent_starts(r, 1, "SIP/2.0 200 OK\r\n"));
	assert_true(srig_sent_starts(r, 2, "SIP/2.0 487 "));
	char a[256], b[256];
	assert_string_equal(srig_sent_value(r, 1, "CSeq", a), "1 CANCEL");
	assert_string_equal(srig_sent_value(r, 1, "To", a), srig_sent_value(r, 0, "To", b));
	in(r, srig_follow("CANCEL", B1, NULL)); /* repeated: the same answer, and no more */
	assert_int_equal(r->n_sent, 4);
	assert_string_equal(r->sent[1].text, r->sent[3].text);
	assert_int_equal(r->cancels, 1);
	in(r, srig_follow("ACK", B1, "x"));
	srig_run(r, MINUTE);
	srig_free(r);
}

static void test_cancel_without_invite_gets_481(void **state) /* 9.2 */
{
	(void)state;
	struct srig *r = srig_new(10);
	in(r, srig_request("INVITE", B1, ""));
	in(r, srig_follow("CANCEL", B2, NULL));
	assert_int_equal(r->cancels, 0);
	assert_true(srig_sent_starts(r, 0, "SIP/2.0 481 "));
	srig_free_unfinished(r);
}

static void test_cancel_after_the_final_response_changes_nothing(void **state) /* 9.2 */
{
	(void)state;
	struct srig *r = srig_new(10);
	in(r, srig_request("INVITE", B1, ""));
	reply(r, 200);
	in(r, srig_follow("CANCEL", B1, NULL)); /* the race: our 200 and it crossed */
	assert_int_equal(r->cancels, 0);
	assert_int_equal(r->n_sent, 2);
	assert_true(srig_sent_starts(r, 1, "SIP/2.0 200 "));
	srig_run(r, MINUTE);
	srig_free(r);
}

static void test_cancel_is_told_once_while_the_user_thinks(void **state) /* 9.2 */
{
	(void)state;
	struct srig *r = srig_new(10);
	in(r, srig_request("INVITE", B1, ""));
	in(r, srig_follow("CANCEL", B1, NULL));
	in(r, srig_follow("CANCEL", B1, NULL));
	assert_int_equal(r->cancels, 1);
	reply(r, 487);
	srig_run(r, MINUTE);
	srig_free(r);
}

static void test_rfc2543_cancel_finds_its_invite(void **state) /* 9.2, 17.2.3 */
{
	(void)state;
	struct srig *r = srig_new(10);
	in(r, srig_request("INVITE", "1", ""));
	in(r, srig_follow("CANCEL", "1", NULL));
	assert_int_equal(r->cancels, 1);
	srig_free_unfinished(r);
}

static void test_cancel_of_non_invite_finds_nothing(void **state) /* 9.1 */
{
	(void)state;
	struct srig *r = srig_new(10);
	in(r, srig_request("OPTIONS", B1, ""));
	in(r, srig_follow("CANCEL", B1, NULL));
	assert_int_equal(r->cancels, 0);
	assert_true(srig_sent_starts(r, 0, "SIP/2.0 481 "));
	srig_free_unfinished(r);
}

/* -- where replies go
 * --------------------------------------------------------------------------------- */

static uint16_t port_of_reply(enum sip_transport t, const char *via)
{
	struct srig *r = srig_new(10);
	char line[256];
	r->on_request = ok_at_once;
	snprintf(line, sizeof line, "%s;branch=" B1, via);
	srig_input(r, t,
	          with(srig_request("OPTIONS", B1, ""), "192.0.2.9:5062;branch=" B1 ";rport", line));
	assert_int_equal(r->n_sent, 1);
	struct flow f = srig_flow(t);
	assert_true(addr_eq_ip(&r->sent[0].flow.remote, &f.remote));
	assert_true(addr_eq(&r->sent[0].flow.local, &f.local));
	uint16_t port = r->sent[0].flow.remote.port;
	srig_run(r, MINUTE);
	srig_free(r);
	return port;
}

static void test_reply_goes_to_sent_by_port_without_rport(void **state) /* 18.2.2 */
{
	(void)state;
	assert_int_equal(port_of_reply(SIP_UDP, "192.0.2.9:7777"), 7777);
	assert_int_equal(port_of_reply(SIP_UDP, "192.0.2.9"), 5060);
}

static void test_reply_goes_to_source_with_rport(void **state) /* RFC 3581 section 4 */
{
	(void)state;
	assert_int_equal(port_of_reply(SIP_UDP, "192.0.2.9:7777;rport"), 5062);
	assert_int_equal(port_of_reply(SIP_UDP, "10.0.0.4:7777;rport"), 5062);
}

static void test_reply_behind_nat_goes_to_source_without_rport(void **state)
{
	(void)state;
	assert_int_equal(port_of_reply(SIP_UDP, "10.0.0.4:7777"), 5062);
	assert_int_equal(port_of_reply(SIP_UDP, "phone.local"), 5062);
}

static void test_maddr_is_not_obeyed(void **state) /* 18.2.2: else anybody could be aimed at */
{
	(void)state;
	assert_int_equal(port_of_reply(SIP_UDP, "192.0.2.9:7777;maddr=198.51.100.1"), 7777);
}

static void test_reply_stays_on_its_connection(void **state) /* 18.2.2 */
{
	(void)state;
	assert_int_equal(port_of_reply(SIP_TCP, "192.0.2.9:7777"), 5062);
}

/* -- responses, and calling back
 * ------------------------------------------------------------------------ */

static void test_stray_responses_are_never_answered(void **state) /* RFC 6026 section 7.2 */
{
	(void)state;
	struct srig *r = srig_new(10);
	char text[1024];
	static const char *const status[] = {"180 Ringing", "200 OK", "302 Moved", "603 Decline"};
	for (size_t i = 0; i < 4; i++) {
		snprintf(text, sizeof text,
		         "SIP/2.0 %s\r\nVia: SIP/2.0/UDP "
		         "192.0.2.1:5060;branch=z9hG4bKaaaaaaaaaaaaaaaa\r\n"
		         "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 "
		         "INVITE\r\n"
		         "Content-Length: 0\r\n\r\n",
		         status[i]);
		in(r, text);
	}
	assert_int_equal(r->n_sent, 0);
	assert_int_equal(r->strays, 1); /* the 2xx, which may concern a dialog */
	assert_int_equal(metric_get(&r->metrics, METRIC_SIP_STRAY), 4);
	srig_free(r);
}

/** Everything a user might do from inside on_request. */
static void meddle(struct srig *r, struct strans *st, const struct sip_msg *m)
{
	if (m->method != SIP_INVITE)
		return;
	assert_int_equal(strans_reply(st, &(struct sip_reply){.status = 180}), 0);
	in(r, srig_request("INVITE", B1, ""));
	in(r, srig_request("MESSAGE", "z9hG4bKinner", ""));
	r->st = st;
	struct ctrans *ct = srig_start(r, SIP_INVITE, SIP_UDP);
	in(r, srig_response(r, r->n_sent - 1, "180 Ringing", "p"));
	ctrans_cancel(ct, STR_NONE);
	in(r, srig_follow("CANCEL", B1, NULL));
	assert_true(str_eq(m->call_id, STR("call-1@192.0.2.9"))); /* still whole */
	assert_int_equal(strans_reply(st, &(struct sip_reply){.status = 200}), 0);
	strans_acked(st);
	strans_detach(st);
	ctrans_detach(ct);
}

static void test_callbacks_may_call_the_stack(void **state)
{
	(void)state;
	struct srig *r = srig_new(100);
	r->on_request = meddle;
	in(r, srig_request("INVITE", B1, ""));
	assert_int_equal(r->requests, 2);
	assert_int_equal(r->cancels, 1);
	srig_run(r, 10 * MINUTE);
	srig_free(r);
}

static void test_thousands_of_transactions_leave_nothing(void **state)
{
	(void)state;
	struct srig *r = srig_new(100000);
	r->on_request = ok_at_once;
	for (unsigned i = 0; i < 20000; i++) {
		char branch[32];
		if (i % 64 == 0)
			srig_run(r, 1);
		snprintf(branch, sizeof branch, "z9hG4bK%u", i);
		in(r, with(srig_request("REGISTER", branch, ""), "call-1", branch));
		free(r->sent[0].text);
		r->n_sent = 0;
		r->n_server = 0;
	}
	assert_int_equal(r->requests, 20000);
	assert_int_equal(sip_stack_transactions(r->stack), 20000);
	for (unsigned i = 0; i < MINUTE; i++) {
		r->n_server = 0;
		srig_run(r, 1);
	}
	srig_free(r);
}

static void test_server_name_is_kept(void **state)
{
	(void)state;
	struct srig *r = srig_new(1);
	assert_true(str_eq(sip_stack_server(r->stack), STR("Tandem")));
	struct flow f = srig_flow(SIP_UDP);
	sip_stack_send(r->stack, &f, STR("ACK"));
	assert_string_equal(r->sent[0].text, "ACK");
	srig_free(r);
}

static void test_via_of_an_ack_has_a_new_branch(void **state) /* 13.2.2.4 */
{
	(void)state;
	struct srig *r = srig_new(1);
	struct flow f = srig_flow(SIP_UDP);
	char mem[2][128];
	for (size_t i = 0; i < 2; i++) {
		struct buf b;
		buf_init_fixed(&b, mem[i], sizeof mem[i]);
		sip_stack_put_via(r->stack, &f, &b);
		assert_true(buf_ok(&b));
		assert_true(str_starts(buf_view(&b),
		                       STR("Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK")));
		assert_true(str_ends(buf_view(&b), STR(";rport\r\n")));
	}
	assert_memory_not_equal(mem[0], mem[1], 70);
	srig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_keep_alives_are_ignored),
	    cmocka_unit_test(test_garbage_is_dropped),
	    cmocka_unit_test(test_bad_request_gets_400_when_enough_is_known),
	    cmocka_unit_test(test_bad_ack_and_bad_response_are_never_answered),
	    cmocka_unit_test(test_stateless_answers_repeat_their_tag),
	    cmocka_unit_test(test_too_many_transactions_get_503),
	    cmocka_unit_test(test_answered_make_room_for_new_ones_oldest_first),
	    cmocka_unit_test(test_branch_sent_by_and_method_tell_transactions_apart),
	    cmocka_unit_test(test_case_of_sent_by_host_does_not_count),
	    cmocka_unit_test(test_very_long_branches_match_too),
	    cmocka_unit_test(test_rfc2543_requests_match_by_their_fields),
	    cmocka_unit_test(test_cookie_alone_is_no_branch),
	    cmocka_unit_test(test_rfc2543_ack_needs_our_to_tag),
	    cmocka_unit_test(test_ack_for_2xx_is_new_transaction),
	    cmocka_unit_test(test_repeat_is_answered_before_the_user_sees_it),
	    cmocka_unit_test(test_merged_request_gets_482),
	    cmocka_unit_test(test_only_the_same_origin_is_merged),
	    cmocka_unit_test(test_challenged_request_may_come_again_with_its_cseq),
	    cmocka_unit_test(test_cancel_is_answered_200_and_told),
	    cmocka_unit_test(test_cancel_without_invite_gets_481),
	    cmocka_unit_test(test_cancel_after_the_final_response_changes_nothing),
	    cmocka_unit_test(test_cancel_is_told_once_while_the_user_thinks),
	    cmocka_unit_test(test_rfc2543_cancel_finds_its_invite),
	    cmocka_unit_test(test_cancel_of_non_invite_finds_nothing),
	    cmocka_unit_test(test_reply_goes_to_sent_by_port_without_rport),
	    cmocka_unit_test(test_reply_goes_to_source_with_rport),
	    cmocka_unit_test(test_reply_behind_nat_goes_to_source_without_rport),
	    cmocka_unit_test(test_maddr_is_not_obeyed),
	    cmocka_unit_test(test_reply_stays_on_its_connection),
	    cmocka_unit_test(test_stray_responses_are_never_answered),
	    cmocka_unit_test(test_callbacks_may_call_the_stack),
	    cmocka_unit_test(test_thousands_of_transactions_leave_nothing),
	    cmocka_unit_test(test_server_name_is_kept),
	    cmocka_unit_test(test_via_of_an_ack_has_a_new_branch),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
