// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "sip/param.h"
#include "sip_text.h"

static void expect_param(struct str *rest, const char *name, const char *value, bool quoted)
{
	struct str n, v;
	bool q;
	assert_int_equal(param_next(rest, ';', &n, &v, &q), 0);
	expect_str(n, name);
	expect_str(v, value);
	assert_int_equal(q, quoted);
}

static int only_result(const char *text)
{
	struct str rest = str_z(text), n, v;
	bool q;
	int err;
	while ((err = param_next(&rest, ';', &n, &v, &q)) == 0)
		;
	return err;
}

static void test_blanks_around_separators_are_dropped(void **state) /* RFC 3261 section 7.3.1 */
{
	(void)state;
	struct str rest = STR(" ; newparam =\t new value ;flag; q = 0.33 ;x=\"a;b \\\" c\" ;e=");
	expect_param(&rest, "newparam", "new value", false);
	expect_param(&rest, "flag", "", false);
	expect_param(&rest, "q", "0.33", false);
	expect_param(&rest, "x", "a;b \\\" c", true);
	expect_param(&rest, "e", "", false);
	assert_int_equal(only_result(rest.p), ENOENT);
	assert_int_equal(rest.n, 0);
}

static void test_comma_is_a_separator_where_asked(void **state) /* RFC 7616 section 3.4 */
{
	(void)state;
	struct str rest = STR("realm=\"a, b\", qop=auth"), n, v;
	bool q;
	assert_int_equal(param_next(&rest, ',', &n, &v, &q), 0);
	expect_str(v, "a, b");
	assert_int_equal(param_next(&rest, ',', &n, &v, &q), 0);
	expect_str(n, "qop");
	expect_str(v, "auth");
	assert_int_equal(param_next(&rest, ',', &n, &v, &q), ENOENT);
}

static void test_broken_parameters_are_refused(void **state)
{
	(void)state;
	assert_int_equal(only_result(""), ENOENT);
	assert_int_equal(only_result("a;"), ENOENT); /* one separator at the end is forgiven */
	assert_int_equal(only_result("a;;b"), E_MALFORMED);
	assert_int_equal(only_result("a;=b"), E_MALFORMED);
	assert_int_equal(only_result("a=\"b"), E_MALFORMED);
	assert_int_equal(only_result("a=\"b\\\""), E_MALFORMED); /* the quote is escaped */
	assert_int_equal(only_result("a=\"b\"c"), E_MALFORMED);
	assert_int_equal(only_result("a b=c"), E_MALFORMED);
	assert_int_equal(only_result("a,b"), E_MALFORMED);
}

static void test_param_get_minds_quotes_not_case(void **state)
{
	(void)state;
	struct str v;
	assert_true(param_get(STR("x=\";tag=no\";TAG=yes"), STR("tag"), &v));
	expect_str(v, "yes");
	assert_false(param_get(STR("tagged=1"), STR("tag"), &v));
	assert_false(param_get(STR(";;tag=1"), STR("tag"), &v)); /* malformed before it */
}

static void test_unquote_undoes_pairs(void **state) /* RFC 3261 section 25.1, quoted-pair */
{
	(void)state;
	struct arena a;
	arena_init(&a, 256);
	struct str plain = STR("Alice");
	assert_ptr_equal(str_unquote(&a, plain).p, plain.p);
	expect_str(str_unquote(&a, STR("J \\\\\\\"")), "J \\\"");
	expect_str(str_unquote(&a, STR("end\\")), "end\\");
	assert_int_equal(str_unquote(&a, STR_NONE).n, 0);
	arena_fini(&a);
}

static void test_list_minds_quotes_and_brackets(void **state) /* section 7.3.1 */
{
	(void)state;
	struct str rest = STR(" \"a,b\" <sip:x@y;p=1,2> ,, c ,"), e;
	assert_int_equal(list_next(&rest, &e), 0);
	expect_str(e, "\"a,b\" <sip:x@y;p=1,2>");
	assert_int_equal(list_next(&rest, &e), 0);
	expect_str(e, "c");
	assert_int_equal(list_next(&rest, &e), ENOENT);
	rest = STR("a, \"b");
	assert_int_equal(list_next(&rest, &e), 0);
	assert_int_equal(list_next(&rest, &e), E_MALFORMED);
	rest = STR("<sip:a, b");
	assert_int_equal(list_next(&rest, &e), E_MALFORMED);
}

static void test_token_lists(void **state) /* section 20.37 */
{
	(void)state;
	assert_true(list_has(STR("replaces, 100REL ,timer"), STR("100rel")));
	assert_false(list_has(STR("replaces, 100relx"), STR("100rel")));
	assert_true(
	    list_has(STR("text/plain;q=0.1, application/sdp ;level=1"), STR("application/sdp")));
	assert_false(list_has(STR_NONE, STR("timer")));
	assert_true(is_token(STR("!interesting-Method0123456789_*+`.%indeed'~")));
	assert_false(is_token(STR("a b")));
	assert_false(is_token(STR("a/b")));
	assert_false(is_token(STR_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_blanks_around_separators_are_dropped),
	    cmocka_unit_test(test_comma_is_a_separator_where_asked),
	    cmocka_unit_test(test_broken_parameters_are_refused),
	    cmocka_unit_test(test_param_get_minds_quotes_not_case),
	    cmocka_unit_test(test_unquote_undoes_pairs),
	    cmocka_unit_test(test_list_minds_quotes_and_brackets),
	    cmocka_unit_test(test_token_lists),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
