// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "sip/hdr_table.h"
#include "sip_text.h"

static const char compact[HDR_IDS] = {
#define X(id, name, c) [id] = c,
    SIP_HEADERS(X)
#undef X
};

static void test_every_name_is_found_in_any_case(void **state) /* RFC 3261 section 7.3.1 */
{
	(void)state;
	for (unsigned id = 0; id < HDR_IDS; id++) {
		char upper[32], lower[32];
		struct str name = sip_hdr_name((enum sip_hdr_id)id);
		for (size_t i = 0; i < name.n; i++) {
			lower[i] = ch_lower(name.p[i]);
			upper[i] = (char)(lower[i] >= 'a' ? lower[i] - 32 : lower[i]);
		}
		assert_int_equal(hdr_lookup(name), id);
		assert_int_equal(hdr_lookup((struct str){upper, name.n}), id);
		assert_int_equal(hdr_lookup((struct str){lower, name.n}), id);
	}
}

static void test_compact_forms(void **state) /* section 7.3.3 */
{
	(void)state;
	size_t found = 0, wanted = 0;
	for (unsigned id = 0; id < HDR_IDS; id++) {
		if (compact[id] == 0)
			continue;
		char upper = (char)(compact[id] - 32);
		assert_int_equal(hdr_lookup((struct str){&compact[id], 1}), id);
		assert_int_equal(hdr_lookup((struct str){&upper, 1}), id);
		wanted++;
	}
	for (unsigned c = 'a'; c <= 'z'; c++) {
		char letter = (char)c;
		found += hdr_lookup((struct str){&letter, 1}) != HDR_OTHER;
	}
	assert_int_equal(found, wanted);
}

static void test_names_are_compared_in_full(void **state)
{
	(void)state;
	static const char *const others[] = {"",
	                                     "Vib",
	                                     "To-",
	                                     "Froms",
	                                     "Call_ID",
	                                     "Line-Session",
	                                     "Session-Key",
	                                     "Contakt",
	                                     "X-Header",
	                                     "Content-Lengths",
	                                     "C%6Fntact",
	                                     "1",
	                                     "P-Preferred-Identity-And-Something-Else"};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(hdr_lookup(str_z(others[i])), HDR_OTHER);
	assert_int_equal(sip_hdr_name(HDR_OTHER).n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_name_is_found_in_any_case),
	    cmocka_unit_test(test_compact_forms),
	    cmocka_unit_test(test_names_are_compared_in_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
