// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "tenant/dialplan.h"
#include "tenant_make.h"

#define HEAD "{\"tenant\":\"acme\",\"domains\":[\"acme.test\"]"
#define USERS ",\"users\":[{\"name\":\"Alice\",\"extension\":\"1001\"},{\"name\":\"Eve\",\"extension\":\"7\"}]"

static const struct tenant *make(const char *fields)
{
	char file[2000];

	snprintf(file, sizeof file, HEAD "%s" USERS "}", fields);
	return test_tenant(file, 1);
}

/* "class e164", with "hidden" and "free" behind it. */
static void assert_dialled(const struct tenant *t, const char *digits, const char *want)
{
	struct dialled d;
	char got[128];

	dialplan_classify(t, str_z(digits), &d);
	snprintf(got, sizeof got, "%s%s%.*s%s%s", dial_class_name(d.class), d.e164_n ? " " : "",
	         (int)d.e164_n, d.e164_text, d.withheld ? " hidden" : "", d.toll_free ? " free" : "");
	if (strcmp(got, want) != 0)
		fail_msg("%s: \"%s\", not \"%s\" (%s)", digits, got, want, d.why);
	assert_true(d.why[0] != '\0');
}

static void test_germany(void **state)
{
	const struct tenant *t = make(",\"country\":\"DE\",\"area_code\":\"30\"");

	(void)state;
	assert_dialled(t, "1001", "internal");
	assert_dialled(t, "7", "internal");
	assert_dialled(t, "*43", "feature");
	assert_dialled(t, "110", "emergency");
	assert_dialled(t, "112", "emergency");
	assert_dialled(t, "*31112", "emergency hidden");
	assert_dialled(t, "03012345678", "local +493012345678");
	assert_dialled(t, "12345678", "local +493012345678");
	assert_dialled(t, "08912345678", "national +498912345678");
	assert_dialled(t, "015112345678", "mobile +4915112345678");
	assert_dialled(t, "+4915112345678", "mobile +4915112345678");
	assert_dialled(t, "004915112345678", "mobile +4915112345678");
	assert_dialled(t, "09001234567", "premium +499001234567");
	assert_dialled(t, "08001234567", "national +498001234567 free");
	assert_dialled(t, "00441632960123", "international +441632960123");
	assert_dialled(t, "+8811234567", "premium +8811234567");
	assert_dialled(t, "*3108912345678", "national +498912345678 hidden");
	assert_dialled(t, "*31*31", "unknown hidden");
	assert_dialled(t, "+", "unknown");
	assert_dialled(t, "+0123456789", "unknown");
	assert_dialled(t, "", "unknown");
	tenant_unref(t);
}

static void test_north_america(void **state)
{
	const struct tenant *t = make(",\"country\":\"US\",\"area_code\":\"212\"");

	(void)state;
	assert_dialled(t, "911", "emergency");
	assert_dialled(t, "5552671", "local +12125552671");
	assert_dialled(t, "2125552671", "local +12125552671");
	assert_dialled(t, "14155552671", "national +14155552671");
	assert_dialled(t, "4155552671", "national +14155552671");
	assert_dialled(t, "19002345678", "premium +19002345678");
	assert_dialled(t, "18002345678", "national +18002345678 free");
	assert_dialled(t, "18765230123", "international +18765230123"); /* Jamaica */
	assert_dialled(t, "01149301234567", "international +49301234567");
	tenant_unref(t);
}

static void test_united_kingdom_and_italy(void **state)
{
	const struct tenant *gb = make(",\"country\":\"GB\""), *it = make(",\"country\":\"IT\"");

	(void)state;
	assert_dialled(gb, "999", "emergency");
	assert_dialled(gb, "112", "emergency");
	assert_dialled(gb, "07400123456", "mobile +447400123456");
	assert_dialled(gb, "02079460123", "national +442079460123");
	assert_dialled(gb, "07012345678", "premium +447012345678"); /* personal numbers */
	assert_dialled(gb, "09012345678", "premium +449012345678");
	assert_dialled(it, "0612345678", "national +390612345678"); /* its zero is part of it */
	assert_dialled(it, "3123456789", "mobile +393123456789");
	tenant_unref(gb);
	tenant_unref(it);
}

static void test_without_a_country_numbers_begin_with_plus(void **state)
{
	const struct tenant *t = make("");

	(void)state;
	assert_dialled(t, "+4915112345678", "international +4915112345678");
	assert_dialled(t, "015112345678", "unknown");
	assert_dialled(t, "1001", "internal");
	tenant_unref(t);
}

static void test_prefix_for_numbers_outside(void **state)
{
	const struct tenant *t =
		make(",\"country\":\"DE\",\"outside_prefix\":\"0\",\"emergency\":[\"333\"]");

	(void)state;
	assert_dialled(t, "008912345678", "national +498912345678");
	assert_dialled(t, "08912345678", "unknown");
	assert_dialled(t, "112", "emergency");
	assert_dialled(t, "0112", "emergency");
	assert_dialled(t, "*310112", "emergency hidden");
	assert_dialled(t, "333", "emergency");
	assert_dialled(t, "+498912345678", "national +498912345678");
	tenant_unref(t);
}

static void test_speed_dial_is_of_the_class_of_its_number(void **state)
{
	const struct tenant *t =
		make(",\"country\":\"DE\",\"speed_dials\":["
	             "{\"code\":\"**1\",\"target\":\"external:+4915112345678\"},"
	             "{\"code\":\"22\",\"target\":\"user:1001\"}]");

	(void)state;
	assert_dialled(t, "**1", "mobile +4915112345678");
	assert_dialled(t, "22", "internal");
	tenant_unref(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_germany),
		cmocka_unit_test(test_north_america),
		cmocka_unit_test(test_united_kingdom_and_italy),
		cmocka_unit_test(test_without_a_country_numbers_begin_with_plus),
		cmocka_unit_test(test_prefix_for_numbers_outside),
		cmocka_unit_test(test_speed_dial_is_of_the_class_of_its_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
