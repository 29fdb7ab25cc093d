// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "tenant_make.h"

#define HEAD "{\"tenant\":\"acme\",\"domains\":[\"acme.test\"]"
#define ALICE "{\"name\":\"Alice\",\"extension\":\"1001\",\"voicemail\":true,\"voicemail_pin\":\"4711\"," \
	"\"forward_busy\":\"ring_group:sales\",\"follow_me\":[\"user:1002\",\"external:+4915112345678\"]}"
#define BOB "{\"name\":\"Bob\",\"extension\":\"1002\",\"dnd\":true,\"forward_always\":\"mailbox:1001\"}"
#define GROUP "\"ring_groups\":[{\"name\":\"sales\",\"extension\":\"510\",\"strategy\":\"tiers\",\"members\":[" \
	"\"user:1001\",{\"target\":\"1002\",\"tier\":2,\"ring_s\":7}],\"no_answer\":\"mailbox:1001\"}]"
#define REST "\"conferences\":[{\"name\":\"room\",\"extension\":\"600\",\"pin\":\"1234\"}]," \
	"\"extensions\":[{\"extension\":\"0\",\"target\":\"extension:510\"}]," \
	"\"numbers\":[{\"number\":\"+49301234\",\"target\":\"ring_group:sales\"}]," \
	"\"feature_codes\":[{\"code\":\"*60\",\"feature\":\"none\"},{\"code\":\"*7\",\"feature\":\"echo\"}]," \
	"\"lists\":[{\"name\":\"bad\",\"purpose\":\"block\",\"entries\":[\"+44*\"]}," \
	"{\"name\":\"good\",\"purpose\":\"allow\",\"entries\":[\"+44123\"]}]," \
	"\"prompts\":[{\"name\":\"hello\",\"texts\":[\"Good day\"]}]," \
	"\"variables\":[{\"name\":\"colour\",\"value\":\"red\"}]"
#define WHOLE HEAD ",\"users\":[" ALICE "," BOB "]," GROUP "," REST "}"

struct fixture {
	struct tenant_rows rows;
	struct rng rng;
	struct buf why;
};

static struct fixture *begin(void)
{
	static struct fixture f;

	f = (struct fixture){0};
	rng_init_seed(&f.rng, 1);
	buf_init(&f.why, 10000);
	return &f;
}

static void end(struct fixture *f)
{
	object_set_fini(&f->rows.set);
	buf_fini(&f->why);
}

static int plan(struct fixture *f, const char *text, size_t *changes)
{
	json_t *file = json_loads(text, 0, NULL);
	struct change_set c = {0};
	int err;

	assert_non_null(file);
	buf_reset(&f->why);
	err = tenant_file_plan(file, &f->rows.set, test_seal_key(), &f->rng, &c, &f->why);
	buf_ch(&f->why, '\0');
	*changes = c.n;
	change_set_fini(&c);
	json_decref(file);
	return err;
}

static void assert_target(struct target t, enum target_kind kind, uint64_t id)
{
	assert_int_equal(t.kind, kind);
	assert_int_equal(t.id, id);
}

static void test_objects_are_in_the_snapshot(void **state)
{
	const struct tenant *t = test_tenant(WHOLE, 1);
	const struct user *alice = tenant_user_by_extension(t, STR("1001"));
	const struct user *bob = tenant_user_by_extension(t, STR("1002"));
	const struct ring_group *sales;
	struct target to = {0};

	(void)state;
	assert_true(tenant_dial_internal(t, STR("510"), &to));
	assert_int_equal(to.kind, TARGET_RING_GROUP);
	sales = tenant_ring_group(t, to.id);
	assert_non_null(sales);
	assert_target(alice->forward_busy, TARGET_RING_GROUP, sales->id);
	assert_int_equal(alice->n_follow_me, 2);
	assert_target(alice->follow_me[0], TARGET_USER, bob->id);
	assert_true(str_eq(alice->follow_me[1].number, STR("+4915112345678")));
	assert_true(bob->dnd && !alice->dnd && alice->in_directory);
	assert_target(bob->forward_always, TARGET_MAILBOX, alice->id);
	assert_int_equal(sales->strategy, RING_TIERS);
	assert_int_equal(sales->n_members, 2);
	assert_target(sales->members[1].target, TARGET_USER, bob->id);
	assert_int_equal(sales->members[1].tier, 2);
	assert_int_equal(sales->members[1].ring_ms, 7000);
	assert_int_equal(sales->members[0].weight, 1);
	assert_target(sales->none_available, TARGET_MAILBOX, alice->id);
	assert_true(tenant_dial_internal(t, STR("0"), &to));
	assert_target(to, TARGET_RING_GROUP, sales->id);
	assert_true(str_eq(tenant_target_key(t, &to), STR("sales")));
	assert_true(tenant_number(t, STR("+49301234"), &to));
	assert_false(tenant_number(t, STR("+49301235"), &to));
	assert_true(str_eq(tenant_variable(t, STR("colour"))->value, STR("red")));
	assert_true(str_eq(tenant_prompt_by_name(t, STR("hello"))->texts[0].language, STR("en")));
	assert_true(tenant_extension_prefix(t, STR("60")));
	assert_false(tenant_extension_prefix(t, STR("600")));
	tenant_unref(t);
}

static void test_pins_are_compared_not_kept(void **state)
{
	const struct tenant *t = test_tenant(WHOLE, 1);
	const struct user *alice = tenant_user_by_extension(t, STR("1001"));
	const struct voice_box *box = tenant_mailbox(t, alice->mailbox);
	struct pin none = {0};

	(void)state;
	assert_int_equal(box->user, alice->id);
	assert_true(tenant_pin_is(t, &box->pin, STR("4711")));
	assert_false(tenant_pin_is(t, &box->pin, STR("4712")));
	assert_false(tenant_pin_is(t, &none, STR("")));
	assert_null(tenant_mailbox(t, tenant_user_by_extension(t, STR("1002"))->id));
	tenant_unref(t);
}

static void test_feature_codes_of_the_tenant_come_first(void **state)
{
	const struct tenant *t = test_tenant(WHOLE, 1);
	struct feature_code c;

	(void)state;
	assert_true(tenant_feature_code(t, STR("*7"), &c));
	assert_int_equal(c.feature, FEATURE_ECHO);
	assert_true(tenant_feature_code(t, STR("*721002"), &c)); /* *72 is longer than *7 */
	assert_int_equal(c.feature, FEATURE_FORWARD_ALWAYS);
	assert_true(str_eq(c.argument, STR("1002")));
	assert_false(tenant_feature_code(t, STR("*60"), &c)); /* taken away */
	assert_false(tenant_feature_code(t, STR("*431"), &c)); /* takes nothing behind it */
	assert_false(tenant_feature_code(t, STR("*31"), &c)); /* wants a number behind it */
	assert_true(tenant_feature_prefix(t, STR("*4")));
	assert_false(tenant_feature_prefix(t, STR("*60")));
	tenant_unref(t);
}

static void test_lists_block_unless_one_allows(void **state)
{
	const struct tenant *t = test_tenant(WHOLE, 1);
	struct str list, entry;

	(void)state;
	assert_true(tenant_blocks(t, STR("+44999"), &list, &entry));
	assert_true(str_eq(list, STR("bad")) && str_eq(entry, STR("+44*")));
	assert_false(tenant_blocks(t, STR("+44123"), NULL, NULL));
	assert_false(tenant_blocks(t, STR(""), NULL, NULL));
	tenant_unref(t);
}

static void test_applied_again_and_printed_it_changes_nothing(void **state)
{
	struct fixture *f = begin();
	json_t *printed;
	char *text;
	size_t n;

	(void)state;
	test_apply(&f->rows, &f->rng, WHOLE);
	assert_int_equal(plan(f, WHOLE, &n), 0);
	assert_int_equal(n, 0);
	printed = tenant_file_print(&f->rows.set);
	text = json_dumps(printed, 0);
	assert_int_equal(plan(f, text, &n), 0);
	assert_int_equal(n, 0);
	assert_non_null(strstr(text, "\"user:1002\""));
	assert_null(strstr(text, "4711"));
	free(text);
	json_decref(printed);
	end(f);
}

static void test_what_is_used_cannot_be_removed(void **state)
{
	struct fixture *f = begin();
	size_t n;

	(void)state;
	test_apply(&f->rows, &f->rng, WHOLE);
	assert_int_equal(plan(f, HEAD ",\"users\":[" ALICE "]," GROUP "}", &n), E_POLICY);
	assert_non_null(strstr(f->why.p, "users[0].follow_me[0]: there is no user \"1002\" any more: it "
	                                 "cannot be removed while it is used here\n"));
	assert_non_null(strstr(f->why.p, "ring_groups[0].members[1].target: there is no extension \"1002\""));
	end(f);
}

static void test_a_removed_row_is_named_with_who_uses_it(void **state)
{
	struct fixture *f = begin();
	const struct tenant *t;

	(void)state;
	test_apply(&f->rows, &f->rng, WHOLE);
	object_set_find(&f->rows.set, KIND_RING_GROUP, STR("sales"))->removed = true;
	assert_int_equal(tenant_build(&t, &f->rows.set, test_seal_key(), STR("x"), &f->why), E_POLICY);
	buf_ch(&f->why, '\0');
	assert_non_null(strstr(f->why.p, "ring_group \"sales\" cannot be removed: it is used by user "
	                                 "\"1001\" (forward_busy)\n"));
	end(f);
}

static void test_numbers_are_unique_over_kinds(void **state)
{
	struct fixture *f = begin();
	size_t n;

	(void)state;
	assert_int_equal(plan(f, HEAD ",\"users\":[" BOB "],\"conferences\":[{\"name\":\"r\","
	                         "\"extension\":\"1002\"}]}", &n), E_POLICY);
	assert_non_null(strstr(f->why.p, "conferences[0].extension: \"1002\" is used twice (first at "
	                                 "users[0])\n"));
	end(f);
}

static void test_emergency_numbers_cannot_be_given_away(void **state)
{
	struct fixture *f = begin();
	const struct tenant *t;

	(void)state;
	test_apply(&f->rows, &f->rng, HEAD ",\"emergency\":[\"333\"],\"users\":[{\"name\":\"Eve\","
	                                   "\"extension\":\"333\"}]}");
	assert_int_equal(tenant_build(&t, &f->rows.set, test_seal_key(), STR("x"), &f->why), E_POLICY);
	buf_ch(&f->why, '\0');
	assert_non_null(strstr(f->why.p, "the number 333 is an emergency number"));
	end(f);
}

/* What was set by phone stays; null takes it away. */
static void test_forwards_stay_when_left_out(void **state)
{
	struct fixture *f = begin();
	const char *silent = HEAD ",\"users\":[" ALICE ",{\"name\":\"Bob\",\"extension\":\"1002\"}]," GROUP "}";
	const char *cleared = HEAD ",\"users\":[" ALICE ",{\"name\":\"Bob\",\"extension\":\"1002\","
	                      "\"dnd\":false,\"forward_always\":null}]," GROUP "}";
	size_t n;

	(void)state;
	test_apply(&f->rows, &f->rng, HEAD ",\"users\":[" ALICE "," BOB "]," GROUP "}");
	assert_int_equal(plan(f, silent, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(plan(f, cleared, &n), 0);
	assert_int_equal(n, 1);
	end(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_objects_are_in_the_snapshot),
		cmocka_unit_test(test_pins_are_compared_not_kept),
		cmocka_unit_test(test_feature_codes_of_the_tenant_come_first),
		cmocka_unit_test(test_lists_block_unless_one_allows),
		cmocka_unit_test(test_applied_again_and_printed_it_changes_nothing),
		cmocka_unit_test(test_what_is_used_cannot_be_removed),
		cmocka_unit_test(test_a_removed_row_is_named_with_who_uses_it),
		cmocka_unit_test(test_numbers_are_unique_over_kinds),
		cmocka_unit_test(test_emergency_numbers_cannot_be_given_away),
		cmocka_unit_test(test_forwards_stay_when_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
