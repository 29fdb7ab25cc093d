// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "sip_text.h"

static struct sip_addr good(const char *text)
{
	struct sip_addr a;
	if (sip_addr_parse(&a, str_z(text)) != 0)
		fail_msg("refused: %s", text);
	return a;
}

static void test_name_addr(void **state) /* RFC 3261 section 20.10 */
{
	(void)state;
	struct sip_addr a = good(" \"Bell, \\\"A\\\" <x>\" <sip:a@b;lr?x=y>;q=0.5;tag=43 ");
	expect_str(a.display, "Bell, \\\"A\\\" <x>");
	expect_str(a.uri.user, "a");
	expect_str(a.uri.params, "lr");
	expect_str(a.uri.headers, "x=y");
	expect_str(a.params, "q=0.5;tag=43");
	expect_str(a.tag, "43");
	a = good("token1~` token2'+_ token3*%!.- "
	         "<sip:mundane@example.com>;p=\"\xd1\x80\";TAG=_t~1'+`*%!-.");
	expect_str(a.display, "token1~` token2'+_ token3*%!.-");
	expect_str(a.tag, "_t~1'+`*%!-.");
	expect_str(good("caller<sip:caller@example.com>").display, "caller");
	expect_str(good("\xc3\x84nne <sip:a@b>").display, "\xc3\x84nne"); /* bare UTF-8 is in use */
	expect_str(good("\"\" <sip:a@b>").display, "");
	expect_str(good("\"W\" < sip:t@example.org >").uri.text, "sip:t@example.org");
	expect_str(good("<tel:+1;phone-context=x>;tag=1").uri.user, "+1");
}

static void test_addr_spec_ends_at_semicolon(void **state) /* section 20.10 */
{
	(void)state;
	struct sip_addr a = good("sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n");
	expect_str(a.uri.text, "sip:vivekg@chair-dnrc.example.com");
	assert_int_equal(a.uri.params.n, 0);
	expect_str(a.tag, "1918181833n");
	a = good("sip:+1972@gw1.example.net;unknownparam"); /* RFC 4475 section 3.3.12 */
	assert_int_equal(a.uri.params.n, 0);
	expect_str(a.params, "unknownparam");
	a = good("sip:a@b;x=\"<sip:c@d>\"");
	expect_str(a.uri.host, "b");
}

static void test_star(void **state) /* section 10.2.2 */
{
	(void)state;
	assert_true(good("*").star);
	assert_false(good("<sip:*@b>").star);
}

static void test_broken_ones_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "",
	    "Alice",
	    "alice@example.com",
	    "\"Mr. J. User <sip:j.user@example.com>", /* RFC 4475 section 3.1.2.6 */
	    "\"x\\\" <sip:a@b>",
	    "\"x\" sip:a@b",
	    "\"x\" y <sip:a@b>",
	    "x \"y\" <sip:a@b>",
	    "Bell, Alexander <sip:a@b>;tag=43", /* RFC 4475 section 3.1.2.15 */
	    "<sip:a@b",
	    "<sip:a@b> x",
	    "<sip:a@b>,<sip:c@d>",
	    "<>",
	    "<sip:a@b>;tag=",
	    "<sip:a@b>;tag=1;tag=2",
	    "<sip:a@b>;tag=a b",
	    "<sip:a@b>;;tag=1",
	    "<sip:a@b>;x=\"",
	    "sip:user@example.com?Route=%3Csip:sip.example.com%3E", /* RFC 4475 section 3.1.2.13 */
	    "sip:a,b@c",
	    "* x",
	};
	struct sip_addr a;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (sip_addr_parse(&a, str_z(bad[i])) != E_MALFORMED)
			fail_msg("accepted: %s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_name_addr),
	    cmocka_unit_test(test_addr_spec_ends_at_semicolon),
	    cmocka_unit_test(test_star),
	    cmocka_unit_test(test_broken_ones_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
