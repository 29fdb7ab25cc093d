// SPDX-License-Identifier: Apache-2.0
/* Digest credentials: RFC 7616 with its examples, and RFC 2617's. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "sip/digest.h"

#define NONCE7616 "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
#define CNONCE7616 "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
#define HEAD7616                                                                                   \
	"Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", "
#define TAIL7616 "nonce=\"" NONCE7616 "\", nc=00000001, cnonce=\"" CNONCE7616 "\", qop=auth, "
#define SHA7616 "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
#define MD57616 "8ca523f5e9506fed4657c9700eebdbec"

static struct digest_credentials parsed(const char *text)
{
	struct digest_credentials c;
	assert_int_equal(digest_parse(&c, str_z(text)), 0);
	return c;
}

static void test_example_with_md5(void **state) /* RFC 7616 section 3.9.1 */
{
	(void)state;
	struct digest_credentials c =
	    parsed(HEAD7616 "algorithm=MD5, " TAIL7616 "response=\"" MD57616 "\", opaque=\"o\"");
	struct digest_ha1 ha1;
	digest_ha1_make(&ha1, STR("Mufasa"), STR("http-auth@example.org"), STR("Circle of Life"));
	assert_true(digest_verify(&c, &ha1, STR("GET")));
	assert_false(digest_verify(&c, &ha1, STR("PUT")));
	assert_true(str_eq(c.opaque, STR("o")));
	assert_int_equal(c.nc, 1);
}

static void test_example_with_sha256(void **state) /* RFC 7616 section 3.9.1 */
{
	(void)state;
	struct digest_credentials c =
	    parsed(HEAD7616 "algorithm=SHA-256, " TAIL7616 "response=\"" SHA7616 "\"");
	struct digest_ha1 ha1;
	digest_ha1_make(&ha1, STR("Mufasa"), STR("http-auth@example.org"), STR("Circle of Life"));
	assert_int_equal(c.alg, DIGEST_SHA256);
	assert_true(digest_verify(&c, &ha1, STR("GET")));
	ha1.sha256[31] ^= 1;
	assert_false(digest_verify(&c, &ha1, STR("GET")));
}

static void test_example_of_rfc_2617(void **state) /* RFC 2617 section 3.5 */
{
	(void)state;
	struct digest_credentials c = parsed(
	    "Digest username=\"Mufasa\",realm=\"testrealm@host.com\","
	    "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\",uri=\"/dir/index.html\",qop=\"auth\","
	    "nc=00000001,cnonce=\"0a4f113b\",response=\"6629FAE49393A05397450978507C4EF1\"");
	struct digest_ha1 ha1;
	digest_ha1_make(&ha1, STR("Mufasa"), STR("testrealm@host.com"), STR("Circle Of Life"));
	assert_int_equal(c.alg, DIGEST_MD5);
	assert_true(digest_verify(&c, &ha1, STR("GET")));
}

static void test_every_byte_of_the_response_counts(void **state)
{
	(void)state;
	struct digest_ha1 ha1;
	digest_ha1_make(&ha1, STR("Mufasa"), STR("http-auth@example.org"), STR("Circle of Life"));
	for (size_t i = 0; i < 32; i++) {
		char text[] = HEAD7616 TAIL7616 "response=\"" MD57616 "\"";
		char *at = text + sizeof text - 1 - 1 - 32 + i;
		*at = *at == '0' ? '1' : '0';
		struct digest_credentials c = parsed(text);
		assert_false(digest_verify(&c, &ha1, STR("GET")));
	}
}

static void test_refuses_what_is_missing_or_broken(void **state) /* RFC 7616 section 3.4 */
{
	(void)state;
	static const char *const bad[] = {
	    "Digest",
	    "Digest ",
	    /* RFC 2069 style, without qop */
	    HEAD7616 "nonce=\"n\", response=\"" MD57616 "\"",
	    HEAD7616 "nonce=\"n\", qop=auth-int, nc=00000001, cnonce=\"c\", response=\"" MD57616
	             "\"",
	    HEAD7616 "algorithm=MD5-sess, " TAIL7616 "response=\"" MD57616 "\"",
	    HEAD7616 "algorithm=SHA-256, " TAIL7616 "response=\"" MD57616 "\"",
	    HEAD7616 TAIL7616 "response=\"8ca523f5e9506fed4657c9700eebdbe\"",
	    HEAD7616 TAIL7616 "response=\"8ca523f5e9506fed4657c9700eebdbeg\"",
	    HEAD7616 TAIL7616,
	    HEAD7616 TAIL7616 "realm=\"twice\", response=\"" MD57616 "\"",
	    HEAD7616 "nonce=\"n\", qop=auth, nc=1, cnonce=\"c\", response=\"" MD57616 "\"",
	    HEAD7616 "nonce=\"n\", qop=auth, nc=0000000g, cnonce=\"c\", response=\"" MD57616 "\"",
	    HEAD7616 "nonce=\"n\", qop=auth, nc=00000001, response=\"" MD57616 "\"",
	    HEAD7616 "nonce=\"n, qop=auth, nc=00000001, response=" MD57616,
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct digest_credentials c;
		if (digest_parse(&c, str_z(bad[i])) == 0)
			fail_msg("accepted: %s", bad[i]);
	}
	struct digest_credentials c;
	assert_int_equal(digest_parse(&c, STR("Basic QWxhZGRpbg==")), ENOENT);
	assert_int_equal(digest_parse(&c, STR("Digestive realm=\"x\"")), ENOENT);
	assert_int_equal(digest_parse(&c, STR(HEAD7616 TAIL7616)), E_MALFORMED);
}

static void test_parameter_names_have_no_case(void **state) /* RFC 7616 section 3.4 */
{
	(void)state;
	struct digest_credentials c = parsed(
	    "DIGEST Username=\"u\" , REALM = \"r\",Nonce=\"n\",URI=\"sip:h\",QOP=auth,NC=0000002A,"
	    "CNONCE=\"c\",Response=\"" MD57616 "\",auth-param=7");
	assert_true(str_eq(c.username, STR("u")));
	assert_true(str_eq(c.realm, STR("r")));
	assert_int_equal(c.nc, 42);
}

static struct str challenge(char *mem, size_t cap, enum digest_alg alg, bool stale)
{
	struct buf b;
	buf_init_fixed(&b, mem, cap);
	digest_put_challenge(&b, alg, STR("acme.test"), STR("abc123"), stale);
	assert_true(buf_ok(&b));
	return buf_view(&b);
}

static void test_md5_challenge_names_no_algorithm(void **state) /* RFC 7616 section 3.3 */
{
	(void)state;
	char mem[256];
	struct str text = challenge(mem, sizeof mem, DIGEST_MD5, false);
	assert_true(
	    str_eq(text, STR("Digest realm=\"acme.test\", nonce=\"abc123\", qop=\"auth\"")));
	text = challenge(mem, sizeof mem, DIGEST_SHA256, true);
	assert_true(str_eq(text, STR("Digest realm=\"acme.test\", nonce=\"abc123\", "
	                             "algorithm=SHA-256, qop=\"auth\", stale=true")));
}

static void answer_and_verify(enum digest_alg alg)
{
	char mem[256], answer[512];
	struct digest_challenge ch;
	assert_int_equal(digest_challenge_parse(&ch, challenge(mem, sizeof mem, alg, true)), 0);
	assert_true(ch.stale && ch.auth_qop);
	struct digest_ha1 ha1;
	digest_ha1_make(&ha1, STR("a\"b"), STR("acme.test"), STR("pw"));
	struct buf b;
	buf_init_fixed(&b, answer, sizeof answer);
	assert_int_equal(digest_answer(&b, &ch, STR("a\"b"), &ha1, STR("REGISTER"),
	                               STR("sip:acme.test"), STR("cn"), 0x1ff),
	                 0);
	struct digest_credentials c;
	assert_int_equal(digest_parse(&c, buf_view(&b)), 0);
	assert_int_equal(c.nc, 0x1ff);
	assert_int_equal(c.alg, alg);
	assert_true(str_eq(c.username, STR("a\\\"b")));
	assert_true(digest_verify(&c, &ha1, STR("REGISTER")));
	assert_false(digest_verify(&c, &ha1, STR("INVITE")));
}

static void test_answer_verifies_against_its_challenge(void **state)
{
	(void)state;
	answer_and_verify(DIGEST_MD5);
	answer_and_verify(DIGEST_SHA256);
}

static void test_challenge_without_qop_gets_the_short_form(void **state) /* RFC 2617 3.2.2.1 */
{
	(void)state;
	struct digest_challenge ch;
	assert_int_equal(
	    digest_challenge_parse(&ch, STR("Digest realm=\"r\", nonce=\"n\", opaque=\"\"")), 0);
	struct digest_ha1 ha1;
	digest_ha1_make(&ha1, STR("u"), STR("r"), STR("p"));
	char mem[256], a1[65], a2[65], want[65];
	struct buf b;
	buf_init_fixed(&b, mem, sizeof mem);
	assert_int_equal(
	    digest_answer(&b, &ch, STR("u"), &ha1, STR("BYE"), STR("sip:x"), STR("c"), 1), 0);
	digest_hex(DIGEST_MD5, (const struct str[]){STR("u:r:p")}, 1, a1);
	digest_hex(DIGEST_MD5, (const struct str[]){STR("BYE:sip:x")}, 1, a2);
	const struct str all[] = {{a1, 32}, STR(":n:"), {a2, 32}};
	digest_hex(DIGEST_MD5, all, 3, want);
	char line[256];
	snprintf(line, sizeof line,
	         "Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"sip:x\", "
	         "response=\"%s\", opaque=\"\"",
	         want);
	assert_true(str_eq(buf_view(&b), str_z(line)));
}

static void test_challenges_we_cannot_answer(void **state)
{
	(void)state;
	struct digest_challenge ch;
	assert_int_equal(
	    digest_challenge_parse(&ch, STR("Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"")),
	    ENOTSUP);
	assert_int_equal(digest_challenge_parse(&ch, STR("Digest realm=\"r\", nonce=\"n\", "
	                                                 "algorithm=AKAv1-MD5")),
	                 ENOTSUP);
	assert_int_equal(digest_challenge_parse(&ch, STR("Digest realm=\"r\"")), E_MALFORMED);
	assert_int_equal(digest_challenge_parse(&ch, STR("NTLM x")), ENOENT);
	assert_int_equal(digest_challenge_parse(&ch, STR("Digest realm=\"r\", nonce=\"n\", "
	                                                 "qop=\"auth-int, auth\"")),
	                 0);
}

static void test_uri_names_the_same_resource(void **state) /* RFC 7616 section 3.4.6 */
{
	(void)state;
	assert_true(digest_uri_matches(STR("sip:acme.test"), STR("sip:acme.test")));
	assert_true(digest_uri_matches(STR("sip:ACME.test"), STR("sip:acme.test;transport=tcp")));
	assert_false(digest_uri_matches(STR("sip:bob@acme.test"), STR("sip:alice@acme.test")));
	assert_false(digest_uri_matches(STR("sip:bob@acme.test"), STR("sip:bob@acme.test:5070")));
	assert_false(digest_uri_matches(STR("sip:bob@acme.test"), STR("sips:bob@acme.test")));
	assert_false(digest_uri_matches(STR("sip:bob@other.test"), STR("sip:bob@acme.test")));
	assert_false(digest_uri_matches(STR(""), STR("sip:acme.test")));
}

static void test_uri_without_user_names_the_server(void **state) /* RFC 3261 section 22.4 point 6 */
{
	(void)state;
	assert_true(digest_uri_matches(STR("sip:127.0.0.1:5060"), STR("sip:1002@acme.test")));
	assert_true(digest_uri_matches(STR("sip:acme.test"), STR("sip:acme.test:5070")));
	assert_false(digest_uri_matches(STR("sips:acme.test"), STR("sip:1002@acme.test")));
	assert_false(digest_uri_matches(STR("tel:1002"), STR("sip:1002@acme.test")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_example_with_md5),
	    cmocka_unit_test(test_example_with_sha256),
	    cmocka_unit_test(test_example_of_rfc_2617),
	    cmocka_unit_test(test_every_byte_of_the_response_counts),
	    cmocka_unit_test(test_refuses_what_is_missing_or_broken),
	    cmocka_unit_test(test_parameter_names_have_no_case),
	    cmocka_unit_test(test_md5_challenge_names_no_algorithm),
	    cmocka_unit_test(test_answer_verifies_against_its_challenge),
	    cmocka_unit_test(test_challenge_without_qop_gets_the_short_form),
	    cmocka_unit_test(test_challenges_we_cannot_answer),
	    cmocka_unit_test(test_uri_names_the_same_resource),
	    cmocka_unit_test(test_uri_without_user_names_the_server),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
