// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"
#include "call/internal.h"
#include "call/record.h"
#include "service/recover.h"
#include "store_fixture.h"

enum { TENANT = 7, START_MS = 1000, NOW_MS = 9000 };

static int count(uint64_t tenant, struct str key, struct str value, void *arg)
{
	(void)key;
	assert_int_equal(tenant, TENANT);
	assert_non_null(memmem(value.p, value.n, "lost in a restart", 17));
	++*(unsigned *)arg;
	return 0;
}

static int any(uint64_t tenant, struct str key, struct str value, void *arg)
{
	(void)tenant;
	(void)key;
	(void)value;
	++*(unsigned *)arg;
	return 0;
}

static void save_call(struct store *s)
{
	char room[CALL_RECORD_MAX];
	struct buf b;
	struct call *c = call_new_bare();
	str_copyz(c->id, sizeof c->id, STR("abcdefghijklmnopqrst"));
	c->state = CALL_ANSWERED;
	c->start_ms = c->answer_ms = START_MS;
	text_set(&c->dialled, STR("1002"));
	c->a = leg_new_bare(c);
	c->a->state = LEG_CONFIRMED;
	buf_init_fixed(&b, room, sizeof room);
	call_record_write(c, &b);
	store_put(s, STORE_CALLS, TENANT, str_z(c->id), buf_view(&b));
	store_sync(s);
	call_record_free(c);
}

/** What it began it gets a record of, though nobody is left to read its name from. */
static void test_call_of_a_removed_tenant_has_its_record(void **state)
{
	struct store_fixture *f = *state;
	const struct directory *nobody;
	struct buf why;
	unsigned records = 0, left = 0;
	buf_init(&why, 1024);
	assert_int_equal(directory_build(&nobody, NULL, 0, &why), 0);
	save_call(f->store);
	assert_int_equal(recover_calls(f->store, nobody, &f->log, NOW_MS), 0);
	store_sync(f->store);
	const struct store_cdr_query q = {.tenant = TENANT, .limit = 5};
	assert_int_equal(store_cdrs(f->store, &q, count, &records), 0);
	assert_int_equal(records, 1);
	assert_int_equal(store_each(f->store, STORE_CALLS, any, &left), 0);
	assert_int_equal(left, 0);
	directory_unref(nobody);
	buf_fini(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_call_of_a_removed_tenant_has_its_record,
		                                store_fixture_setup, store_fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
