// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "sip/uri.h"
#include "sip_text.h"

static struct uri good(const char *text)
{
	struct uri u;
	if (uri_parse(&u, str_z(text)) != 0)
		fail_msg("refused: %s", text);
	return u;
}

static void refuse(const char *text)
{
	struct uri u;
	if (uri_parse(&u, str_z(text)) != E_MALFORMED)
		fail_msg("accepted: %s", text);
}

static void test_all_parts(void **state) /* RFC 3261 section 19.1.1 */
{
	(void)state;
	struct uri u =
	    good("SIPS:al%69ce:se:cret@Example.com:5061;transport=tcp;lr?Subject=a%20b&x=");
	assert_int_equal(u.scheme, URI_SIPS);
	expect_str(u.scheme_text, "SIPS");
	expect_str(u.user, "al%69ce");
	expect_str(u.password, "se:cret");
	expect_str(u.host, "Example.com");
	assert_int_equal(u.port, 5061);
	expect_str(u.params, "transport=tcp;lr");
	expect_str(u.headers, "Subject=a%20b&x=");
	struct str v;
	assert_true(uri_param(&u, STR("Transport"), &v));
	expect_str(v, "tcp");
	assert_true(uri_param(&u, STR("lr"), &v));
	assert_int_equal(v.n, 0);
	assert_false(uri_param(&u, STR("user"), &v));
}

static void test_user_may_hold_separators(void **state) /* RFC 4475 sections 3.1.1.2, 3.1.1.9 */
{
	(void)state;
	expect_str(good("sip:user;par=u%40example.net@example.com").user,
	           "user;par=u%40example.net");
	struct uri u =
	    good("sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$"
	         "wo~d_too.(doesn't-it)@example.com");
	expect_str(u.user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
	expect_str(u.host, "example.com");
	expect_str(good("sip:*43#@pbx").user, "*43#"); /* as phones send it */
}

static void test_ipv6_only_in_brackets(void **state) /* RFC 5118 sections 4.1-4.4 */
{
	(void)state;
	struct uri u = good("sip:[2001:db8::10]:5070;lr");
	assert_true(u.host_v6);
	expect_str(u.host, "2001:db8::10");
	assert_int_equal(u.port, 5070);
	u = good("sip:a@[2001:db8::10:5070]");
	expect_str(u.host, "2001:db8::10:5070");
	assert_int_equal(u.port, 0);
	refuse("sip:2001:db8::10");
	refuse("sip:[2001:db8::10");
	refuse("sip:[]");
	refuse("sip:[example.com]");
}

static void test_host_gives_address_when_it_is_one(void **state)
{
	(void)state;
	struct addr a;
	struct uri u = good("sip:x@192.0.2.7");
	assert_int_equal(uri_host_addr(&u, &a), 0);
	assert_int_equal(a.family, ADDR_V4);
	u = good("sip:x@[2001:db8::192.0.2.1]");
	assert_int_equal(uri_host_addr(&u, &a), 0);
	assert_int_equal(a.family, ADDR_V6);
	u = good("sip:x@example.com");
	assert_int_equal(uri_host_addr(&u, &a), ENOENT);
	u = good("sip:x@[2001:db8:::192.0.2.1]"); /* RFC 5118 section 4.10: read, and no address */
	assert_int_equal(uri_host_addr(&u, &a), ENOENT);
	u = good("tel:+1");
	assert_int_equal(uri_host_addr(&u, &a), ENOENT);
}

static void test_broken_uris_are_refused(void **state) /* RFC 3261 section 25.1 */
{
	(void)state;
	static const char *const bad[] = {
	    "",
	    "sip",
	    "sip:",
	    ":x",
	    "1sip:x",
	    "alice@example.com",
	    "sip:@host",
	    "sip::pw@host",
	    "sip:user@",
	    "sip:a@b@c",
	    "sip:a@b c",
	    "sip:a b@c",
	    "sip:a@b; lr",
	    "sip:a@b:",
	    "sip:a@b:0",
	    "sip:a@b:65536",
	    "sip:a@b:50x",
	    "sip:a@b:99999999999999999999",
	    "sip:a%@b",
	    "sip:a%4@b",
	    "sip:a%zz@b",
	    "sip:a@b;x=%z1",
	    "sip:a@b>",
	    "sip:a@\"b\"",
	    "<sip:a@b>",
	    "sip:a@b\xff",
	    "tel:",
	    "tel:+-.",
	    "tel:+1 2",
	    "tel:alice",
	    "http:",
	    "http://a b",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuse(bad[i]);
	struct uri u;
	assert_int_equal(uri_parse(&u, (struct str){"sip:a\0b@c", 9}), E_MALFORMED);
	assert_int_equal(uri_parse(&u, STR_NONE), E_MALFORMED);
}

static void test_tel(void **state) /* RFC 3966 section 3 */
{
	(void)state;
	struct uri u = good("tel:+1-201-555-(0123);phone-context=+44;ext=7");
	assert_int_equal(u.scheme, URI_TEL);
	expect_str(u.user, "+1-201-555-(0123)");
	assert_int_equal(u.host.n, 0);
	struct str v;
	assert_true(uri_param(&u, STR("phone-context"), &v));
	expect_str(v, "+44");
	expect_str(good("tel:*43#").user, "*43#");
}

static void test_other_schemes_are_kept(void **state) /* RFC 4475 sections 3.3.2-3.3.4 */
{
	(void)state;
	struct uri u = good("soap.beep://192.0.2.103:3002");
	assert_int_equal(u.scheme, URI_OTHER);
	expect_str(u.scheme_text, "soap.beep");
	assert_int_equal(u.user.n + u.host.n, 0);
	assert_int_equal(good("urn:service:sos").scheme, URI_OTHER);
	assert_int_equal(good("sipx:a@b").scheme, URI_OTHER);
}

static void test_unescape_keeps_nul(void **state) /* RFC 4475 section 3.1.1.4 */
{
	(void)state;
	struct arena a;
	arena_init(&a, 256);
	struct str s = uri_unescape(&a, STR("null-%00-null"));
	assert_int_equal(s.n, 11);
	assert_memory_equal(s.p, "null-\0-null", 11);
	expect_str(uri_unescape(&a, STR("sips%3Auser%40example.com")), "sips:user@example.com");
	expect_str(uri_unescape(&a, STR("%2541")), "%41"); /* once only */
	struct str plain = STR("alice");
	assert_ptr_equal(uri_unescape(&a, plain).p, plain.p);
	arena_fini(&a);
}

static void test_users_compare_unescaped_and_with_case(void **state) /* section 19.1.4 */
{
	(void)state;
	assert_true(uri_user_eq(STR("%75se%72"), STR("user")));
	assert_false(uri_user_eq(STR("User"), STR("user")));
	assert_false(uri_user_eq(STR("null-%00-x"), STR("null-")));
	assert_false(uri_user_eq(STR("use"), STR("user")));
	assert_false(uri_user_eq(STR("users"), STR("user")));
}

static void expect_eq(const char *x, const char *y, bool equal)
{
	struct uri a = good(x), b = good(y);
	if (uri_eq(&a, &b) != equal || uri_eq(&b, &a) != equal)
		fail_msg("%s and %s: expected %s", x, y, equal ? "equal" : "different");
}

static void test_equal_uris(void **state) /* section 19.1.4, its examples */
{
	(void)state;
	expect_eq("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp",
	          true);
	expect_eq("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true);
	expect_eq("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5", true);
	expect_eq("sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
	          "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com", true);
	expect_eq("sip:alice@atlanta.com?subject=project%20x&priority=urgent",
	          "sip:alice@atlanta.com?priority=urgent&subject=project%20x", true);
	expect_eq("sip:a@b;x,y", "sip:a@b;x,y", true); /* whatever it means */
	expect_eq("sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0:0::1]", true);
}

static void test_different_uris(void **state) /* section 19.1.4, its examples */
{
	(void)state;
	expect_eq("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP",
	          false);
	expect_eq("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false);
	expect_eq("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false);
	expect_eq("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false);
	expect_eq("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", false);
	expect_eq("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false);
	expect_eq("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", false);
	expect_eq("sip:a@b", "sips:a@b", false);
	expect_eq("sip:a@b", "sip:a:pw@b", false);
	expect_eq("sip:b?x=1&x=1&y=2", "sip:b?x=1&y=2&y=2", false);
	expect_eq("sip:a@b;maddr=192.0.2.1", "sip:a@b", false);
	expect_eq("tel:+1", "tel:+2", false);
}

static void test_users_are_printed_escaped(void **state) /* section 25.1, user */
{
	(void)state;
	char mem[128];
	struct buf b;
	buf_init_fixed(&b, mem, sizeof(mem));
	uri_put_user(&b, STR("a+1;x@y:z #\0\r\n%"));
	expect_str(buf_view(&b), "a+1;x%40y%3az%20%23%00%0d%0a%25");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all_parts),
	    cmocka_unit_test(test_user_may_hold_separators),
	    cmocka_unit_test(test_ipv6_only_in_brackets),
	    cmocka_unit_test(test_host_gives_address_when_it_is_one),
	    cmocka_unit_test(test_broken_uris_are_refused),
	    cmocka_unit_test(test_tel),
	    cmocka_unit_test(test_other_schemes_are_kept),
	    cmocka_unit_test(test_unescape_keeps_nul),
	    cmocka_unit_test(test_users_compare_unescaped_and_with_case),
	    cmocka_unit_test(test_equal_uris),
	    cmocka_unit_test(test_different_uris),
	    cmocka_unit_test(test_users_are_printed_escaped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
