// SPDX-License-Identifier: Apache-2.0
/* The routing engine: each rule, its trace, its bounds. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "route/route.h"
#include "tenant_make.h"

static const char file[] =
	"{\"tenant\":\"acme\",\"domains\":[\"acme.test\"],\"users\":["
	"{\"name\":\"Alice\",\"extension\":\"1001\",\"devices\":["
	"{\"username\":\"1001\",\"password\":\"p\"}]},"
	"{\"name\":\"Bob\",\"extension\":\"1002\",\"devices\":["
	"{\"username\":\"bob-desk\",\"password\":\"p\"},"
	"{\"username\":\"7\",\"password\":\"p\"}]}]}";

struct fixture {
	const struct tenant *t;
	struct arena arena;
	struct route_trace tr;
	struct route_state state;
	struct route_decision d;
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof *f);
	f->t = test_tenant(file, 100);
	arena_init(&f->arena, 4096);
	route_trace_init(&f->tr, &f->arena);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	arena_fini(&f->arena);
	tenant_unref(f->t);
	test_free(f);
	return 0;
}

static void begin(struct fixture *f, const char *dialled)
{
	const struct route_facts facts = {.event = ROUTE_BEGIN, .dialled = str_z(dialled)};
	route_step(f->t, &facts, &f->state, &f->d, &f->tr);
}

static uint64_t user(struct fixture *f, const char *extension)
{
	return tenant_user_by_extension(f->t, str_z(extension))->id;
}

static void presence(struct fixture *f, uint64_t who, unsigned registered)
{
	const struct route_presence p = {.user = who, .registered = registered};
	const struct route_facts facts = {
		.event = ROUTE_PRESENCE, .presence = &p, .n_presence = 1, .ring_ms = 25000};
	route_step(f->t, &facts, &f->state, &f->d, &f->tr);
}

static void outcome(struct fixture *f, enum route_event event, uint16_t status)
{
	const struct route_facts facts = {.event = event, .failed_status = status};
	route_step(f->t, &facts, &f->state, &f->d, &f->tr);
}

static void rejected(const struct fixture *f, unsigned status)
{
	assert_int_equal(f->d.action, ROUTE_REJECT);
	assert_int_equal(f->d.status, status);
	assert_int_equal(f->state.at, ROUTE_AT_END);
}

/** The last note of the trace is of this rule. */
static void noted(const struct fixture *f, const char *rule, const char *result)
{
	assert_true(f->tr.n > 0);
	const struct route_note *n = &f->tr.notes[f->tr.n - 1];
	assert_true(str_eq(n->rule, str_z(rule)));
	assert_true(str_eq(n->result, str_z(result)));
	assert_true(n->why.n > 0);
}

/* -- the beginning --------------------------------------------------------- */

static void test_extension_asks_where_its_user_is(void **state)
{
	struct fixture *f = *state;
	begin(f, "1002");
	assert_int_equal(f->d.action, ROUTE_ASK);
	assert_int_equal(f->d.n_users, 1);
	assert_int_equal(f->d.users[0], user(f, "1002"));
	noted(f, "target", "entered");
	assert_true(str_eq(f->tr.notes[0].rule, STR("tenant")));
	assert_true(str_eq(f->tr.notes[1].rule, STR("feature-code")));
	assert_true(str_eq(f->tr.notes[2].rule, STR("extension")));
}

static void test_user_name_of_a_device_is_its_user(void **state)
{
	struct fixture *f = *state;
	begin(f, "bob-desk");
	assert_int_equal(f->d.action, ROUTE_ASK);
	assert_int_equal(f->d.users[0], user(f, "1002"));
}

static void test_number_that_nobody_has_is_404(void **state)
{
	begin(*state, "2000");
	rejected(*state, 404);
	noted(*state, "unknown-number", "rejected");
}

static void test_beginning_of_an_extension_is_484(void **state)
{
	begin(*state, "10");
	rejected(*state, 484);
	noted(*state, "incomplete", "rejected");
}

static void test_longer_than_an_extension_is_404(void **state)
{
	begin(*state, "10011");
	rejected(*state, 404);
}

static void test_no_number_is_484(void **state)
{
	begin(*state, "");
	rejected(*state, 484);
	noted(*state, "number", "rejected");
}

static void test_number_beyond_all_bounds_is_484(void **state)
{
	char long_one[ROUTE_MAX_DIALLED + 2];
	memset(long_one, '1', sizeof long_one - 1);
	long_one[sizeof long_one - 1] = '\0';
	begin(*state, long_one);
	rejected(*state, 484);
}

static void test_feature_codes(void **state)
{
	struct fixture *f = *state;
	begin(f, "*43");
	assert_int_equal(f->d.action, ROUTE_ECHO);
	noted(f, "feature-code", "matched");
	static const struct {
		const char *dialled;
		unsigned status;
	} others[] = {{"*", 484}, {"*4", 484}, {"*44", 404}, {"*430", 404}};
	for (size_t i = 0; i < 4; i++) {
		f->state = (struct route_state){0};
		begin(f, others[i].dialled);
		rejected(f, others[i].status);
	}
}

/* -- ringing --------------------------------------------------------------- */

static void test_registered_user_rings(void **state)
{
	struct fixture *f = *state;
	begin(f, "1002");
	presence(f, user(f, "1002"), 2);
	assert_int_equal(f->d.action, ROUTE_RING);
	assert_int_equal(f->d.users[0], user(f, "1002"));
	assert_int_equal(f->d.ring_ms, 25000);
	noted(f, "devices", "rings");
	assert_true(str_eq(f->tr.notes[f->tr.n - 1].flow, STR("user 1002")));
}

static void test_user_without_a_device_there_is_480(void **state)
{
	struct fixture *f = *state;
	begin(f, "1002");
	presence(f, user(f, "1002"), 0);
	rejected(f, 480);
	f->state = (struct route_state){0};
	begin(f, "1002");
	presence(f, user(f, "1001"), 3); /* an answer about somebody else */
	rejected(f, 480);
}

static void ring(struct fixture *f)
{
	begin(f, "1002");
	presence(f, user(f, "1002"), 1);
}

static void test_outcomes_of_ringing(void **state)
{
	struct fixture *f = *state;
	static const struct {
		enum route_event event;
		uint16_t failed;
		unsigned status;
		const char *exit;
	} all[] = {
		{ROUTE_RANG_OUT, 0, 480, "no_answer"},      {ROUTE_BUSY, 486, 486, "busy"},
		{ROUTE_BUSY, 603, 603, "busy"},             {ROUTE_BUSY, 0, 486, "busy"},
		{ROUTE_UNREACHABLE, 404, 404, "unavailable"},
		{ROUTE_UNREACHABLE, 0, 480, "unavailable"},
	};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		f->state = (struct route_state){0};
		ring(f);
		outcome(f, all[i].event, all[i].failed);
		rejected(f, all[i].status);
		noted(f, "devices", all[i].exit);
	}
}

/* -- bounds ---------------------------------------------------------------- */

static void test_route_that_ended_stays_ended(void **state)
{
	struct fixture *f = *state;
	begin(f, "2000");
	outcome(f, ROUTE_BUSY, 486);
	rejected(f, 480);
	noted(f, "end", "rejected");
}

static void test_steps_are_bounded(void **state)
{
	struct fixture *f = *state;
	begin(f, "1002");
	for (unsigned i = 1; i < ROUTE_MAX_VISITS; i++) { /* what it does not wait for: it asks again */
		outcome(f, ROUTE_DIGITS, 0);
		assert_int_equal(f->d.action, ROUTE_ASK);
		assert_int_equal(f->d.users[0], user(f, "1002"));
		arena_reset(&f->arena);
		route_trace_init(&f->tr, &f->arena);
	}
	for (unsigned i = 0; i < 100; i++) { /* and the counter does not begin anew */
		outcome(f, ROUTE_DIGITS, 0);
		rejected(f, 482);
	}
}

static void test_state_that_waits_says_so_again(void **state)
{
	struct fixture *f = *state;
	ring(f);
	outcome(f, ROUTE_RESUME, 0);
	assert_int_equal(f->d.action, ROUTE_RING);
	assert_int_equal(f->d.users[0], user(f, "1002"));
}

static void test_trace_may_be_left_out(void **state)
{
	struct fixture *f = *state;
	struct route_state a = {0}, b = {0};
	struct route_decision da, db;
	const struct route_facts facts = {.event = ROUTE_BEGIN, .dialled = STR("1002")};
	route_step(f->t, &facts, &a, &da, NULL);
	route_step(f->t, &facts, &b, &db, &f->tr);
	assert_memory_equal(&a, &b, sizeof a);
	assert_memory_equal(&da, &db, sizeof da);
}

static void test_trace_is_json(void **state)
{
	struct fixture *f = *state;
	begin(f, "a\"b\\c\x01\xff");
	struct buf b;
	buf_init(&b, 65536);
	route_trace_put_json(&b, &f->tr);
	json_error_t e;
	json_t *j = json_loadb(b.p, b.n, 0, &e);
	if (!j)
		fail_msg("%s: " STR_FMT, e.text, STR_ARG(buf_view(&b)));
	assert_int_equal(json_array_size(j), f->tr.n);
	json_decref(j);
	buf_fini(&b);
}

static void test_everything_has_a_decision(void **state)
{
	struct fixture *f = *state;
	struct rng rng;
	rng_init_seed(&rng, 3);
	for (unsigned i = 0; i < 20000; i++) {
		char dialled[ROUTE_MAX_DIALLED + 20];
		static const char some[] = "0123456789*#+abz-";
		size_t n = rng_below(&rng, rng_below(&rng, 8) ? 6 : sizeof dialled);
		for (size_t k = 0; k < n; k++)
			dialled[k] = rng_below(&rng, 4) ? some[rng_below(&rng, sizeof some - 1)]
			                                : (char)rng_below(&rng, 256);
		struct route_presence p[3];
		for (size_t k = 0; k < 3; k++)
			p[k] = (struct route_presence){.user = 100 + rng_below(&rng, 8),
			                               .registered = rng_below(&rng, 3)};
		struct route_state s = {0};
		bool over = false;
		for (unsigned step = 0; step < ROUTE_MAX_VISITS + 2 && !over; step++) {
			const struct route_facts facts = {
				.event = (enum route_event)rng_below(&rng, ROUTE_UNREACHABLE + 1),
				.dialled = {dialled, n},
				.presence = p,
				.n_presence = rng_below(&rng, 4),
				.failed_status = (uint16_t)rng_below(&rng, 700),
			};
			struct route_trace tr;
			arena_reset(&f->arena);
			route_trace_init(&tr, &f->arena);
			route_step(f->t, &facts, &s, &f->d, &tr);
			assert_true(tr.n > 0 || f->d.action != ROUTE_REJECT); /* never without a reason */
			assert_true(f->d.action <= ROUTE_REJECT);
			assert_true(f->d.n_users <= ROUTE_MAX_TARGETS);
			over = f->d.action == ROUTE_REJECT || f->d.action == ROUTE_ECHO;
			assert_true(f->d.action != ROUTE_REJECT || f->d.status >= 300);
		}
		assert_true(over);
	}
}

static void test_actions_have_names(void **state)
{
	(void)state;
	assert_string_equal(route_action_name(ROUTE_ASK), "ask");
	assert_string_equal(route_action_name(ROUTE_RING), "ring");
	assert_string_equal(route_action_name(ROUTE_ECHO), "echo");
	assert_string_equal(route_action_name(ROUTE_REJECT), "reject");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_extension_asks_where_its_user_is),
		T(test_user_name_of_a_device_is_its_user),
		T(test_number_that_nobody_has_is_404),
		T(test_beginning_of_an_extension_is_484),
		T(test_longer_than_an_extension_is_404),
		T(test_no_number_is_484),
		T(test_number_beyond_all_bounds_is_484),
		T(test_feature_codes),
		T(test_registered_user_rings),
		T(test_user_without_a_device_there_is_480),
		T(test_outcomes_of_ringing),
		T(test_route_that_ended_stays_ended),
		T(test_steps_are_bounded),
		T(test_state_that_waits_says_so_again),
		T(test_trace_may_be_left_out),
		T(test_trace_is_json),
		T(test_everything_has_a_decision),
		T(test_actions_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
