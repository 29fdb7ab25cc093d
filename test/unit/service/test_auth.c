// SPDX-License-Identifier: Apache-2.0
/* Who is it? Digest (RFC 7616, RFC 8760) against two tenants, through a whole shard. */
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

static unsigned next_cseq;

/** An empty REGISTER at `host`; `auth` "$A" or nothing, or any lines. */
static const struct sip_msg *ask(struct phone *p, const char *user, const char *host,
                                 const char *auth)
{
	++next_cseq;
	phone_say(p,
	          "REGISTER sip:%s SIP/2.0\n$VFrom: <sip:%s@%s>;tag=r\nTo: <sip:%s@%s>\n"
	          "Call-ID: ask-%u\nCSeq: %u REGISTER\nMax-Forwards: 70\n%s$L",
	          host, user, host, user, host, next_cseq, next_cseq, auth);
	return phone_expect(p, "SIP/2.0 ");
}

static struct phone *phone(struct world *w, const char *user, const char *password)
{
	static unsigned n;
	char at[64];
	snprintf(at, sizeof at, "192.0.2.%u:5060", 10 + n++ % 200);
	return world_phone(w, "acme.test", user, password, at);
}

/** Challenged, then answered. @return the second status */
static unsigned try(struct world *w, const char *user, const char *password, const char *host)
{
	struct phone *p = phone(w, user, password);
	assert_int_equal(ask(p, user, host, "")->status, 401);
	return ask(p, user, host, "$A")->status;
}

/* -- realms and tenants ---------------------------------------------------- */

static void test_realm_is_the_tenants_domain(void **state) /* RFC 3261: 22.1 */
{
	struct phone *p = phone(*state, "1001", "s3cret-1001");
	ask(p, "1001", "acme.test", "");
	talk_has(p, "realm=\"acme.test\"");
	talk_has(p, "qop=\"auth\"");
	ask(p, "1001", "umbra.test", "");
	talk_has(p, "realm=\"umbra.test\"");
	ask(p, "1001", "192.0.2.1", "");
	talk_has(p, "realm=\"tandem\"");
	ask(p, "1001", "elsewhere.test", "");
	talk_has(p, "realm=\"tandem\"");
}

static void test_password_of_one_tenant_is_none_in_the_other(void **state)
{
	assert_int_equal(try(*state, "1001", "s3cret-1001", "acme.test"), 200);
	assert_int_equal(try(*state, "1001", "umbra-1001", "umbra.test"), 200);
	assert_int_equal(try(*state, "1001", "umbra-1001", "acme.test"), 401);
	assert_int_equal(try(*state, "1001", "s3cret-1001", "umbra.test"), 401);
}

static void test_phone_that_knows_only_an_address(void **state)
{
	/* a name that one tenant alone has is enough; one that two have is nobody's */
	assert_int_equal(try(*state, "only-udo", "umbra-only-udo", "192.0.2.1"), 200);
	assert_int_equal(try(*state, "bob-desk", "s3cret-bob-desk", "192.0.2.1"), 200);
	assert_int_equal(try(*state, "1001", "s3cret-1001", "192.0.2.1"), 401);
	assert_int_equal(try(*state, "1001", "umbra-1001", "192.0.2.1"), 401);
}

static void test_global_name_needs_no_domain(void **state)
{
	const struct tenant *umbra = world_tenant(*state, "umbra");
	const struct device *d = tenant_device_by_username(umbra, STR("1001"));
	char name[64];
	snprintf(name, sizeof name, STR_FMT, STR_ARG(d->global_username));
	assert_int_equal(try(*state, name, "umbra-1001", "192.0.2.1"), 200);
	assert_int_equal(try(*state, name, "s3cret-1001", "192.0.2.1"), 401);
	assert_int_equal(try(*state, name, "umbra-1001", "acme.test"), 401);
}

static void test_call_of_a_phone_that_knows_only_an_address(void **state)
{
	struct phone *d = world_phone(*state, "192.0.2.1", "bob-desk", "s3cret-bob-desk",
	                              "192.0.2.21:5060");
	struct phone *a = world_phone(*state, "acme.test", "1001", "s3cret-1001",
	                              "192.0.2.10:5060");
	phone_register(a);
	phone_register(d);
	phone_call(d, "1001", phone_sdp(d, 4000, "sendrecv"));
	const struct sip_msg *m = phone_expect(a, "INVITE ");
	assert_true(str_starts(m->from.text, STR("\"Bob\" <sip:1002@acme.test>")));
	phone_reply(a, phone_invite(a), 486, "a", "", NULL);
}

/* -- the same answer ------------------------------------------------------- */

/** The answer without what is different in each: branch, tags, Call-ID, CSeq, nonce. */
static void answer_to(struct world *w, const char *user, char *room, size_t n)
{
	struct phone *p = world_phone(w, "acme.test", user, "wrong", "192.0.2.77:5060");
	ask(p, "1001", "acme.test", "");
	ask(p, "1001", "acme.test", "$A");
	snprintf(room, n, "%s", phone_text(p));
	static const char *const ends[] = {"branch=", "tag=", "Call-ID: ", "CSeq: ", "nonce=\""};
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
		for (char *at = room; (at = strstr(at, ends[i])) != NULL;)
			for (at += strlen(ends[i]); *at && !strchr(";\"\r", *at); at++)
				*at = 'x';
	char *to = room; /* of any length */
	for (char *from = room; *from; from++)
		if (from == room || *from != 'x' || from[-1] != 'x')
			*to++ = *from;
	*to = '\0';
}

static void test_unknown_user_and_wrong_password_get_the_same_answer(void **state)
{
	char known[2048], unknown[2048];
	answer_to(*state, "1001", known, sizeof known);
	answer_to(*state, "nobody", unknown, sizeof unknown);
	assert_string_equal(known, unknown);
	assert_null(strstr(known, "stale"));
}

static void test_register_is_401_and_call_is_407(void **state) /* 22.2, 22.3 */
{
	struct phone *p = phone(*state, "1001", "wrong");
	assert_int_equal(ask(p, "1001", "acme.test", "")->status, 401);
	phone_dial(p, "1002", phone_sdp(p, 4000, "sendrecv")); /* answers a 407 */
	phone_expect(p, "SIP/2.0 407");
	phone_ack_refusal(p);
	assert_int_equal(world_cdrs(*state), 0);
}

/* -- nonces ---------------------------------------------------------------- */

static void test_one_nonce_serves_many_requests(void **state) /* RFC 7616: 3.3 */
{
	struct phone *p = phone(*state, "1001", "s3cret-1001");
	ask(p, "1001", "acme.test", "");
	for (unsigned i = 0; i < 300; i++)
		assert_int_equal(ask(p, "1001", "acme.test", "$A")->status, 200);
}

static void test_repeat_is_absorbed_before_its_count_is_looked_at(void **state) /* 17.2.2 */
{
	struct phone *p = phone(*state, "1001", "s3cret-1001");
	ask(p, "1001", "acme.test", "");
	assert_int_equal(ask(p, "1001", "acme.test", "$A")->status, 200);
	phone_resend(p);
	phone_expect(p, "SIP/2.0 200");
}

/** The Authorization line of the request that was answered with 200. */
static void good_line(struct phone *p, char *room, size_t n)
{
	ask(p, "1001", "acme.test", "");
	assert_int_equal(ask(p, "1001", "acme.test", "$A")->status, 200);
	const char *at = strstr(phone_said(p), "Authorization: ");
	assert_non_null(at);
	snprintf(room, n, "%.*s\n", (int)strcspn(at, "\r"), at);
}

static void test_used_count_is_refused_as_stale(void **state) /* RFC 7616: 3.4 */
{
	struct phone *p = phone(*state, "1001", "s3cret-1001");
	char line[512];
	good_line(p, line, sizeof line);
	assert_int_equal(ask(p, "1001", "acme.test", line)->status, 401);
	talk_has(p, "stale=true"); /* the password was right: the phone need not ask its owner */
	assert_int_equal(ask(p, "1001", "acme.test", "$A")->status, 200);
}

static void test_old_nonce_is_stale(void **state) /* RFC 7616: 3.3 */
{
	struct phone *p = phone(*state, "1001", "s3cret-1001");
	ask(p, "1001", "acme.test", "");
	world_advance(*state, 3601000);
	assert_int_equal(ask(p, "1001", "acme.test", "$A")->status, 401);
	talk_has(p, "stale=true");
	assert_int_equal(ask(p, "1001", "acme.test", "$A")->status, 200);
}

static void test_nonce_of_another_realm_is_no_nonce(void **state)
{
	struct phone *p = phone(*state, "only-udo", "umbra-only-udo");
	ask(p, "only-udo", "umbra.test", ""); /* a nonce for umbra.test ... */
	char challenge[512];
	snprintf(challenge, sizeof challenge, "%s", phone_challenge(p));
	char *realm = strstr(challenge, "umbra.test");
	assert_non_null(realm);
	memcpy(realm, "tandem", 6); /* ... used in realm tandem */
	memmove(realm + 6, realm + 10, strlen(realm + 10) + 1);
	phone_set_challenge(p, challenge);
	assert_int_equal(ask(p, "only-udo", "192.0.2.1", "$A")->status, 401);
	assert_int_equal(ask(p, "only-udo", "192.0.2.1", "$A")->status, 200); /* with the new one */
}

static void test_invented_nonce_is_refused(void **state)
{
	struct phone *p = phone(*state, "1001", "s3cret-1001");
	phone_set_challenge(p, "Digest realm=\"acme.test\", qop=\"auth\", "
	                       "nonce=\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"");
	assert_int_equal(ask(p, "1001", "acme.test", "$A")->status, 401);
}

static void test_answer_for_another_uri_is_refused(void **state) /* RFC 7616: 3.4.6 */
{
	struct phone *p = phone(*state, "1001", "s3cret-1001");
	char line[512];
	ask(p, "1001", "umbra.test", "");
	good_line(p, line, sizeof line);
	++next_cseq;
	phone_say(p,
	          "REGISTER sip:other.test SIP/2.0\n$VFrom: <sip:1001@acme.test>;tag=r\n"
	          "To: <sip:1001@acme.test>\nCall-ID: x\nCSeq: 1 REGISTER\nMax-Forwards: 70\n%s$L",
	          line);
	phone_expect(p, "SIP/2.0 401");
}

static void test_broken_credentials_get_a_challenge(void **state) /* 22.4 */
{
	struct phone *p = phone(*state, "1001", "s3cret-1001");
	static const char *const lines[] = {
		"Authorization: Basic MTAwMTpz\n",
		"Authorization: Digest\n",
		"Authorization: Digest username=\"1001\"\n",
		"Authorization: Digest username=\"1001\", realm=\"acme.test\", nonce=\"x\","
		" uri=\"sip:acme.test\", response=\"00000000000000000000000000000000\"\n",
		"Authorization: Digest username=\"1001\", realm=\"acme.test\", nonce=\"x\","
		" uri=\"sip:acme.test\", response=\"0\", qop=auth, nc=zz, cnonce=\"\"\n",
		"Authorization: ,,,\nAuthorization: Digest realm=\"other\"\n",
	};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		assert_int_equal(ask(p, "1001", "acme.test", lines[i])->status, 401);
}

/* -- algorithms ------------------------------------------------------------ */

static const char algorithms[] =
	"{\"tenant\":\"acme\",\"domains\":[\"acme.test\"],"
	"\"digest\":[\"md5\",\"sha-256\"],\"users\":["
	"{\"name\":\"A\",\"extension\":\"1\",\"devices\":["
	"{\"username\":\"both\",\"password\":\"p\"},"
	"{\"username\":\"new\",\"password\":\"p\",\"digest\":[\"sha-256\"]},"
	"{\"username\":\"old\",\"password\":\"p\",\"digest\":[\"md5\"]}]}]}";

static void test_algorithms_are_those_of_the_device(void **state) /* RFC 8760: 2.4 */
{
	struct world *w = world_new_of(algorithms);
	(void)state;
	struct phone *p = world_phone(w, "acme.test", "both", "p", "192.0.2.5:5060");
	ask(p, "both", "acme.test", "");
	const char *sha = strstr(phone_text(p), "algorithm=SHA-256");
	assert_non_null(sha); /* the strongest first, and MD5 without a name */
	assert_non_null(strstr(sha, "WWW-Authenticate: Digest "));
	talk_lacks(p, "algorithm=MD5");
	assert_int_equal(ask(p, "both", "acme.test", "$A")->status, 200);
	struct phone *n = world_phone(w, "acme.test", "new", "p", "192.0.2.6:5060");
	ask(n, "new", "acme.test", "");
	talk_has(n, "algorithm=SHA-256");
	assert_int_equal(ask(n, "new", "acme.test", "$A")->status, 200);
	struct phone *o = world_phone(w, "acme.test", "old", "p", "192.0.2.7:5060");
	ask(o, "old", "acme.test", "");
	talk_lacks(o, "SHA-256");
	assert_int_equal(ask(o, "old", "acme.test", "$A")->status, 200);
	/* who may only use SHA-256 is not let in with MD5, though the password is right */
	struct phone *d = world_phone(w, "acme.test", "new", "p", "192.0.2.8:5060");
	ask(d, "old", "acme.test", "");
	assert_int_equal(ask(d, "new", "acme.test", "$A")->status, 401);
	world_free(w);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_realm_is_the_tenants_domain),
		T(test_password_of_one_tenant_is_none_in_the_other),
		T(test_phone_that_knows_only_an_address),
		T(test_global_name_needs_no_domain),
		T(test_call_of_a_phone_that_knows_only_an_address),
		T(test_unknown_user_and_wrong_password_get_the_same_answer),
		T(test_register_is_401_and_call_is_407),
		T(test_one_nonce_serves_many_requests),
		T(test_repeat_is_absorbed_before_its_count_is_looked_at),
		T(test_used_count_is_refused_as_stale),
		T(test_old_nonce_is_stale),
		T(test_nonce_of_another_realm_is_no_nonce),
		T(test_invented_nonce_is_refused),
		T(test_answer_for_another_uri_is_refused),
		T(test_broken_credentials_get_a_challenge),
		T(test_algorithms_are_those_of_the_device),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
