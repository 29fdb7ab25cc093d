// SPDX-License-Identifier: Apache-2.0
/* What a shard does with requests that are no call: refusals, OPTIONS, damaged messages. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
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

static struct phone *alice(struct world *w)
{
	return world_phone(w, "acme.test", "1001", "s3cret-1001", "192.0.2.10:5060");
}

static unsigned serial;

/** A request out of any dialog; `lines` and `body` as they are. */
static void request(struct phone *p, const char *method, const char *uri, const char *lines,
                    const char *body)
{
	++serial;
	phone_say(p,
	          "%s %s SIP/2.0\n$VFrom: <sip:1001@acme.test>;tag=s%u\nTo: <sip:1002@acme.test>\n"
	          "Call-ID: shard-%u\nCSeq: 1 %s\nContact: <sip:1001@192.0.2.10:5060>\n%s$L%s",
	          method, uri, serial, serial, method, lines, body);
}

static void gets(struct phone *p, const char *method, const char *uri, const char *lines,
                 const char *body, const char *answer)
{
	request(p, method, uri, lines, body);
	phone_expect(p, answer);
	if (strcmp(method, "INVITE") == 0)
		phone_flush(p);
}

#define SIP_URI "sip:1002@acme.test"
#define HOPS "Max-Forwards: 70\n"

static void test_options_tells_what_we_can(void **state) /* 11.2 */
{
	struct phone *p = alice(*state);
	gets(p, "OPTIONS", "sip:acme.test", HOPS, "", "SIP/2.0 200");
	talk_has(p, "Allow: INVITE, ACK, CANCEL, BYE");
	talk_has(p, "Accept: application/sdp");
	talk_has(p, "Supported: ");
	talk_has(p, "Contact: <sip:192.0.2.1:5060>");
}

static void test_unknown_extension_is_420(void **state) /* 8.2.2.3 */
{
	struct phone *p = alice(*state);
	gets(p, "INVITE", SIP_URI, HOPS "Require: foo\n", "", "SIP/2.0 420");
	gets(p, "OPTIONS", SIP_URI, HOPS "Require: foo, timer\nRequire: bar\n", "",
	     "SIP/2.0 420");
	talk_has(p, "Unsupported: foo, bar");
	gets(p, "OPTIONS", SIP_URI, HOPS "Proxy-Require: baz\n", "", "SIP/2.0 420");
	talk_has(p, "Unsupported: baz");
	gets(p, "OPTIONS", SIP_URI, HOPS "Require: path\n", "", "SIP/2.0 420");
	gets(p, "OPTIONS", SIP_URI, HOPS "Require: 100rel\n", "", "SIP/2.0 200");
}

static void test_unknown_scheme_is_416(void **state) /* 8.2.2.1 */
{
	gets(alice(*state), "OPTIONS", "nobodyknows:this", HOPS, "", "SIP/2.0 416");
}

static void test_last_hop_of_an_invite_is_483(void **state) /* 16.3 step 3 */
{
	gets(alice(*state), "INVITE", SIP_URI, "Max-Forwards: 0\n", "", "SIP/2.0 483");
}

static void test_body_that_is_no_description_is_415(void **state) /* 8.2.3 */
{
	struct phone *p = alice(*state);
	request(p, "INVITE", SIP_URI, HOPS "Content-Type: text/plain\n", "hello");
	phone_expect(p, "SIP/2.0 415");
	talk_has(p, "Accept: application/sdp");
	phone_flush(p);
	request(p, "INVITE", SIP_URI,
	        HOPS "Content-Type: application/sdp\nContent-Encoding: gzip\n", "hello");
	phone_expect(p, "SIP/2.0 415");
	talk_has(p, "Accept-Encoding: identity");
	phone_flush(p);
}

static void test_who_takes_no_description_gets_406(void **state) /* 8.2.3, 21.4.7 */
{
	struct phone *p = alice(*state);
	gets(p, "INVITE", SIP_URI, HOPS "Accept: text/html\n", "", "SIP/2.0 406");
	gets(p, "INVITE", SIP_URI, HOPS "Accept: text/html, application/*;q=0.1\n", "",
	     "SIP/2.0 407");
}

static void test_unknown_method_is_501(void **state) /* 21.5.2 */
{
	struct phone *p = alice(*state);
	gets(p, "FROBNICATE", SIP_URI, HOPS, "", "SIP/2.0 501");
	talk_has(p, "Allow: ");
}

static void test_requests_of_later_issues_are_refused_to_those_we_know(void **state)
{
	struct phone *p = alice(*state);
	static const struct {
		const char *method, *challenge, *refusal;
	} all[] = {
		{"SUBSCRIBE", "SIP/2.0 401", "SIP/2.0 489"},
		{"PUBLISH", "SIP/2.0 401", "SIP/2.0 489"},
		{"REFER", "SIP/2.0 407", "SIP/2.0 405"},
	};
	for (size_t i = 0; i < 3; i++) {
		gets(p, all[i].method, SIP_URI, HOPS "Event: dialog\nRefer-To: <sip:x@y>\n", "",
		     all[i].challenge);
		gets(p, all[i].method, SIP_URI, HOPS "Event: dialog\nRefer-To: <sip:x@y>\n$A", "",
		     all[i].refusal);
	}
	talk_has(p, "Allow: ");
}

static void test_request_without_its_dialog_is_481(void **state) /* 12.2.2 */
{
	struct phone *p = alice(*state);
	static const char *const methods[] = {"BYE", "INFO", "UPDATE", "PRACK", "NOTIFY"};
	for (size_t i = 0; i < 5; i++)
		gets(p, methods[i], SIP_URI, HOPS, "", "SIP/2.0 481");
	static const char *const inside[] = {"INVITE", "OPTIONS", "MESSAGE", "REFER", "SUBSCRIBE"};
	for (size_t i = 0; i < 5; i++) {
		phone_say(p,
		          "%s sip:192.0.2.1 SIP/2.0\n$VFrom: <sip:1001@acme.test>;tag=x%zu\n"
		          "To: <sip:1002@acme.test>;tag=gone\nCall-ID: lost\nCSeq: 7 %s\n"
		          HOPS "$L",
		          inside[i], i, inside[i]);
		phone_expect(p, "SIP/2.0 481");
		phone_flush(p);
	}
	phone_say(p, "CANCEL sip:192.0.2.1 SIP/2.0\n$VFrom: <sip:1001@acme.test>;tag=x\n"
	             "To: <sip:1002@acme.test>\nCall-ID: lost\nCSeq: 7 CANCEL\n" HOPS "$L");
	phone_expect(p, "SIP/2.0 481");
	phone_say(p, "ACK sip:192.0.2.1 SIP/2.0\n$VFrom: <sip:1001@acme.test>;tag=x\n"
	             "To: <sip:1002@acme.test>;tag=y\nCall-ID: lost\nCSeq: 7 ACK\n" HOPS "$L");
	phone_expect_nothing(p); /* 17.1: never answer an ACK */
}

static void test_call_without_credentials_is_no_call(void **state) /* 22.3 */
{
	struct phone *p = alice(*state);
	struct phone *b = world_phone(*state, "acme.test", "1002", "s3cret-1002",
	                              "192.0.2.20:5060");
	phone_register(b);
	gets(p, "INVITE", SIP_URI, HOPS, "", "SIP/2.0 407");
	phone_expect_nothing(b);
	assert_int_equal(world_cdrs(*state), 0);
}

/* -- the torture tests ----------------------------------------------------- */

static char *slurp(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		fail_msg("%s is not there", path);
	char *bytes = malloc(65536);
	*n = fread(bytes, 1, 65536, f);
	fclose(f);
	return bytes;
}

/** Answers may go to the Via's port: whoever listens anywhere in the world got this. */
static void feed(struct world *w, const char *file, const char *answers, const char *note)
{
	char path[256];
	size_t n;
	snprintf(path, sizeof path, "test/torture/%s", file);
	char *bytes = slurp(path, &n);
	unsigned status = world_feed(w, "192.0.2.90:5060", (struct str){bytes, n});
	free(bytes);
	char text[16] = "-";
	if (status)
		snprintf(text, sizeof text, "%u", status);
	char list[256];
	snprintf(list, sizeof list, " %s ", answers);
	char want[24];
	snprintf(want, sizeof want, " %s ", text);
	bool may_drop = !status && strstr(note, "or drop");
	if (!strstr(list, want) && !may_drop)
		fail_msg("%s: answered %s, and not %s", file, text, answers);
}

static void test_torture_messages_get_the_answers_of_the_table(void **state) /* RFC 4475, 5118 */
{
	(void)state;
	FILE *f = fopen("test/torture/expect.tsv", "r");
	assert_non_null(f);
	char line[1024];
	unsigned n = 0;
	while (fgets(line, sizeof line, f)) {
		char *rest = line, *field[6] = {0};
		for (size_t i = 0; i < 6 && rest; i++)
			field[i] = strsep(&rest, "\t");
		if (line[0] == '#' || !field[4])
			continue;
		struct world *w = world_new(); /* several share their branch and Call-ID */
		feed(w, field[0], field[4], field[5] ? field[5] : "");
		world_free(w);
		n++;
	}
	fclose(f);
	assert_int_equal(n, 62);
}

static void test_torture_messages_one_after_the_other(void **state)
{
	FILE *f = fopen("test/torture/expect.tsv", "r");
	assert_non_null(f);
	char line[1024];
	while (fgets(line, sizeof line, f)) {
		char path[256];
		size_t n;
		snprintf(path, sizeof path, "test/torture/%.*s", (int)strcspn(line, "\t"), line);
		if (line[0] == '#')
			continue;
		char *bytes = slurp(path, &n);
		for (size_t cut = n; cut > n / 2; cut -= 1 + n / 50) /* whole, and torn off */
			world_feed(*state, "192.0.2.90:5060", (struct str){bytes, cut});
		free(bytes);
	}
	fclose(f);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_options_tells_what_we_can),
		T(test_unknown_extension_is_420),
		T(test_unknown_scheme_is_416),
		T(test_last_hop_of_an_invite_is_483),
		T(test_body_that_is_no_description_is_415),
		T(test_who_takes_no_description_gets_406),
		T(test_unknown_method_is_501),
		T(test_requests_of_later_issues_are_refused_to_those_we_know),
		T(test_request_without_its_dialog_is_481),
		T(test_call_without_credentials_is_no_call),
		T(test_torture_messages_get_the_answers_of_the_table),
		T(test_torture_messages_one_after_the_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
