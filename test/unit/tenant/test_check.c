// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tenant/check.h"

#include <stdlib.h>

#define X16 "aaaaaaaaaaaaaaaa"
#define LABEL63 X16 X16 X16 "aaaaaaaaaaaaaaa"

/* Checked from memory of exactly its size, so that a look past the end is found. */
static int checked(int (*check)(struct str), const char *text)
{
	size_t n = strlen(text);
	char *exact = malloc(n ? n : 1);
	int err;

	memcpy(exact, text, n);
	err = check((struct str){exact, n});
	free(exact);
	return err;
}

#define accept(check, text) assert_int_equal(checked(check, text), 0)
#define refuse(check, text) assert_int_equal(checked(check, text), E_POLICY)

static void test_tenant_name_is_a_lower_case_label(void **state)
{
	(void)state;
	accept(check_tenant_name, "acme");
	accept(check_tenant_name, "4-u");
	accept(check_tenant_name, LABEL63);
	refuse(check_tenant_name, "");
	refuse(check_tenant_name, LABEL63 "a");
	refuse(check_tenant_name, "Acme");
	refuse(check_tenant_name, "ac.me");
	refuse(check_tenant_name, "ac me");
	refuse(check_tenant_name, "-acme");
	refuse(check_tenant_name, "acme-");
	refuse(check_tenant_name, "../etc");
}

static void test_domain_is_a_host_name_rfc1123_2_1(void **state)
{
	(void)state;
	accept(check_domain, "acme.test");
	accept(check_domain, "localhost");
	accept(check_domain, "3com.example");
	accept(check_domain, "xn--bcher-kva.example");
	accept(check_domain, LABEL63 ".test");
	refuse(check_domain, "");
	refuse(check_domain, ".");
	refuse(check_domain, ".test");
	refuse(check_domain, "acme.test.");
	refuse(check_domain, "acme..test");
	refuse(check_domain, "ACME.test");
	refuse(check_domain, "a_b.test");
	refuse(check_domain, "-a.test");
	refuse(check_domain, "a-.test");
	refuse(check_domain, "b\xc3\xbc" "cher.example");
	refuse(check_domain, LABEL63 "a.test");
}

static void test_domain_is_at_most_253_characters_rfc1035_2_3_4(void **state)
{
	(void)state;
	accept(check_domain, LABEL63 "." LABEL63 "." LABEL63 "." X16 X16 X16 "aaaaaaaaaaaaa");
	refuse(check_domain, LABEL63 "." LABEL63 "." LABEL63 "." X16 X16 X16 "aaaaaaaaaaaaaa");
}

static void test_domain_is_no_address(void **state)
{
	(void)state;
	refuse(check_domain, "192.0.2.1");
	refuse(check_domain, "2001:db8::1");
	refuse(check_domain, "[2001:db8::1]");
	refuse(check_domain, "1001");
	accept(check_domain, "192.0.2.1a");
}

static void test_extension_is_digits(void **state)
{
	(void)state;
	accept(check_extension, "1");
	accept(check_extension, "0123456789");
	refuse(check_extension, "");
	refuse(check_extension, "*43");
	refuse(check_extension, "1#");
	refuse(check_extension, "12x");
	refuse(check_extension, "+49");
	refuse(check_extension, "1 2");
}

static void test_username_needs_no_escape_in_a_uri(void **state)
{
	(void)state;
	accept(check_username, "1001");
	accept(check_username, "Bob_desk-2.x+y");
	refuse(check_username, "");
	refuse(check_username, "bob desk");
	refuse(check_username, "bob@acme");
	refuse(check_username, "bob:x");
	refuse(check_username, "bob;x");
	refuse(check_username, "bob\"");
	refuse(check_username, "b\xc3\xb6" "b");
	refuse(check_username, "*43");
	assert_int_equal(check_username((struct str){"a\0b", 3}), E_POLICY);
}

static void test_printable_is_utf8_without_controls(void **state)
{
	(void)state;
	accept(check_printable, "J\xc3\xbcrgen \xe2\x82\xac \xf0\x9f\x93\x9e");
	accept(check_printable, "\xc2\xa0");
	refuse(check_printable, "a\nb");
	refuse(check_printable, "a\rb");
	refuse(check_printable, "a\tb");
	refuse(check_printable, "\x7f");
	refuse(check_printable, "\xc2\x85");         /* NEL */
	refuse(check_printable, "\xe2\x80\xa8");     /* line separator */
	refuse(check_printable, "\xe2\x80\xa9");
	refuse(check_printable, "\xff");
	refuse(check_printable, "\xe2\x80");
	refuse(check_printable, "\xc2");
	assert_int_equal(check_printable((struct str){"a\0b", 3}), E_POLICY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tenant_name_is_a_lower_case_label),
		cmocka_unit_test(test_domain_is_a_host_name_rfc1123_2_1),
		cmocka_unit_test(test_domain_is_at_most_253_characters_rfc1035_2_3_4),
		cmocka_unit_test(test_domain_is_no_address),
		cmocka_unit_test(test_extension_is_digits),
		cmocka_unit_test(test_username_needs_no_escape_in_a_uri),
		cmocka_unit_test(test_printable_is_utf8_without_controls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
