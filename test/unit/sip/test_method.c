// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sip_text.h"

static void test_methods_count_case(void **state) /* RFC 3261 section 7.1 */
{
	(void)state;
	for (unsigned m = 0; m < SIP_METHOD_OTHER; m++)
		assert_int_equal(sip_method_parse(sip_method_name((enum sip_method)m)), m);
	assert_int_equal(sip_method_parse(STR("invite")), SIP_METHOD_OTHER);
	assert_int_equal(sip_method_parse(STR("RE%47IST%45R")), SIP_METHOD_OTHER);
	assert_int_equal(sip_method_parse(STR_NONE), SIP_METHOD_OTHER);
	assert_int_equal(sip_method_name(SIP_METHOD_OTHER).n, 0);
	expect_str(sip_method_name(SIP_PRACK), "PRACK");
}

static void test_reason_phrases(void **state) /* section 21 */
{
	(void)state;
	expect_str(sip_reason(100), "Trying");
	expect_str(sip_reason(481), "Call/Transaction Does Not Exist");
	expect_str(sip_reason(608), "Rejected");
	expect_str(sip_reason(299), "Unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_methods_count_case),
	    cmocka_unit_test(test_reason_phrases),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
