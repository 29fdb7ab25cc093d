// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sip_text.h"

static void test_number_and_method(void **state) /* RFC 3261 section 20.16 */
{
	(void)state;
	struct sip_cseq c;
	assert_int_equal(sip_cseq_parse(&c, STR(" 0009 \t INVITE ")), 0);
	assert_int_equal(c.number, 9);
	assert_int_equal(c.method, SIP_INVITE);
	expect_str(c.method_text, "INVITE");
	assert_int_equal(sip_cseq_parse(&c, STR("4294967295 NEWMETHOD")), 0);
	assert_int_equal(c.number, UINT32_MAX);
	assert_int_equal(c.method, SIP_METHOD_OTHER);
	expect_str(c.method_text, "NEWMETHOD");
}

static void test_broken_ones_are_refused(void **state) /* RFC 4475 section 3.1.2.4 */
{
	(void)state;
	static const char *const bad[] = {"",
	                                  "1",
	                                  "INVITE",
	                                  "1INVITE",
	                                  "-1 INVITE",
	                                  "1 IN VITE",
	                                  "1 <INVITE>",
	                                  "4294967296 INVITE",
	                                  "36893488147419103232 REGISTER"};
	struct sip_cseq c;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (sip_cseq_parse(&c, str_z(bad[i])) != E_MALFORMED)
			fail_msg("accepted: %s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_number_and_method),
	    cmocka_unit_test(test_broken_ones_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
