// SPDX-License-Identifier: Apache-2.0
/* A caller whom the switch answers: menus, digits, and being put through from there. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "talk.h"

static const char tenant[] =
	"{\"tenant\": \"acme\", \"domains\": [\"acme.test\"], \"users\": ["
	"{\"name\": \"Alice\", \"extension\": \"1001\", \"devices\": [{\"username\": \"1001\", \"password\": \"s3cret-1001\"}]},"
	"{\"name\": \"Bob\", \"extension\": \"1002\", \"devices\": [{\"username\": \"1002\", \"password\": \"s3cret-1002\"}]},"
	"{\"name\": \"Carol\", \"extension\": \"1003\", \"devices\": [{\"username\": \"1003\", \"password\": \"s3cret-1003\"}]}],"
	"\"ring_groups\": [{\"name\": \"turns\", \"extension\": \"510\", \"strategy\": \"round_robin\","
	" \"members\": [\"user:1001\", \"user:1002\"], \"ring_s\": 5}],"
	"\"flows\": [{\"name\": \"main\", \"extension\": \"500\", \"start\": \"greet\", \"nodes\": {"
	"\"greet\": {\"kind\": \"menu\", \"items\": [{\"tone\": \"beep\"}], \"timeout_s\": 5, \"retries\": 1,"
	" \"exits\": {\"1\": \"bob\", \"2\": \"number\", \"timeout\": \"bye\"}},"
	"\"bob\": {\"kind\": \"ring\", \"members\": [\"user:1002\"], \"ring_s\": 10,"
	" \"exits\": {\"no_answer\": \"sorry\"}},"
	"\"sorry\": {\"kind\": \"play\", \"items\": [{\"tone\": \"unobtainable\"}], \"exits\": {\"next\": \"bye\"}},"
	"\"number\": {\"kind\": \"collect\", \"items\": [{\"tone\": \"beep\"}], \"variable\": \"n\", \"min\": 4, \"max\": 4,"
	" \"exits\": {\"next\": \"dial\", \"timeout\": \"bye\"}},"
	"\"dial\": {\"kind\": \"forward\", \"number\": \"${n}\"},"
	"\"bye\": {\"kind\": \"hangup\"}}}]}";

static int setup(void **state)
{
	*state = world_new_of(tenant);
	return 0;
}

static int teardown(void **state)
{
	world_free(*state);
	return 0;
}

/** Alice hears the menu, and Bob is registered. */
static struct talk in_menu(struct world *w)
{
	struct talk t = talk_pair(w);
	phone_call(t.a, "500", phone_sdp(t.a, 4000, "sendrecv"));
	phone_expect(t.a, "SIP/2.0 200");
	phone_in_dialog(t.a, "ACK", NULL, NULL);
	assert_string_equal(world_hears(w), "tone ");
	return t;
}

static void bob_answers(struct talk *t)
{
	phone_expect(t->b, "INVITE sip:1002@192.0.2.20:5060");
	phone_reply(t->b, phone_invite(t->b), 180, "bob", "", NULL);
	phone_reply(t->b, phone_invite(t->b), 200, "bob", "", phone_sdp(t->b, 5000, "sendrecv"));
	phone_expect(t->b, "ACK sip:1002@192.0.2.20:5060");
	phone_enter_dialog(t->b, "bob");
}

static void test_a_key_puts_the_caller_through(void **state)
{
	struct world *w = *state;
	struct talk t = in_menu(w);
	world_press(w, "1");
	assert_string_equal(world_hears(w), "tone "); /* that it rings */
	bob_answers(&t);
	assert_null(world_hears(w));
	assert_int_equal(world_streams(w), 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(world_stream(w, i)->set.sink, MEDIA_SINK_PEER);
	talk_bye(&t);
	world_advance(w, 10000);
	assert_int_equal(world_cdrs(w), 1);
	assert_string_equal(talk_text(world_cdr(w), "answered_by"), "1002");
	assert_string_equal(talk_text(world_cdr(w), "ended_by"), "caller");
}

static void test_no_key_is_asked_again_and_then_hung_up(void **state)
{
	struct world *w = *state;
	struct talk t = in_menu(w);
	world_played(w);
	world_advance(w, 4900);
	assert_null(world_hears(w));
	world_advance(w, 200);
	assert_string_equal(world_hears(w), "tone ");
	world_played(w);
	world_advance(w, 5100);
	assert_true(phone_takes(t.a, "BYE "));
	phone_reply(t.a, phone_last(t.a), 200, NULL, "", NULL);
}

static void test_nobody_answers_and_the_caller_is_told(void **state)
{
	struct world *w = *state;
	struct talk t = in_menu(w);
	world_press(w, "1");
	phone_expect(t.b, "INVITE sip:1002@192.0.2.20:5060");
	phone_reply(t.b, phone_invite(t.b), 180, "bob", "", NULL);
	world_advance(w, 10100);
	assert_true(phone_takes(t.b, "CANCEL "));
	phone_reply(t.b, phone_last(t.b), 200, NULL, "", NULL);
	phone_reply(t.b, phone_invite(t.b), 487, "bob", "", NULL);
	assert_string_equal(world_hears(w), "tone ");
	world_played(w);
	assert_true(phone_takes(t.a, "BYE "));
	phone_reply(t.a, phone_last(t.a), 200, NULL, "", NULL);
}

static void test_a_number_typed_ahead_is_dialled(void **state)
{
	struct world *w = *state;
	struct talk t = in_menu(w);
	world_press(w, "21002");
	bob_answers(&t);
	talk_bye(&t);
}

static void test_digits_by_info_count_too(void **state)
{
	struct world *w = *state;
	struct talk t = in_menu(w);
	phone_in_dialog(t.a, "INFO",
	                "Content-Type: application/dtmf-relay\nContent-Length: 24\n\nSignal=1\nDuration=160\n", NULL);
	assert_true(phone_takes(t.a, "SIP/2.0 200"));
	bob_answers(&t);
	talk_bye(&t);
}

static void test_the_caller_hangs_up_in_the_menu(void **state)
{
	struct world *w = *state;
	struct talk t = in_menu(w);
	phone_in_dialog(t.a, "BYE", NULL, NULL);
	assert_true(phone_takes(t.a, "SIP/2.0 200"));
	world_advance(w, 10000);
	assert_int_equal(world_cdrs(w), 1);
	assert_int_equal(talk_number(world_cdr(w), "status"), 200);
}

static void test_the_caller_may_hold_while_it_hears(void **state)
{
	struct world *w = *state;
	struct talk t = in_menu(w);
	phone_in_dialog(t.a, "INVITE", NULL, phone_sdp(t.a, 4000, "sendonly"));
	phone_expect(t.a, "SIP/2.0 200");
	talk_has(t.a, "a=recvonly");
	phone_in_dialog(t.a, "ACK", NULL, NULL);
	world_press(w, "1");
	bob_answers(&t);
	talk_bye(&t);
}

/** Who is rung first by a call of Carol's to the group; nobody answers. */
static bool alice_rings_first(struct talk *t, struct phone *carol)
{
	phone_call(carol, "510", phone_sdp(carol, 6000, "sendrecv"));
	bool alice = phone_takes(t->a, "INVITE ");
	assert_true(alice || phone_takes(t->b, "INVITE "));
	world_advance(t->w, 60000);
	phone_flush(t->a);
	phone_flush(t->b);
	phone_flush(carol);
	return alice;
}

static void test_a_group_takes_turns(void **state)
{
	struct world *w = *state;
	struct talk t = talk_pair(w);
	struct phone *carol = world_phone(w, "acme.test", "1003", "s3cret-1003", "192.0.2.30:5060");
	phone_register(carol);
	bool first = alice_rings_first(&t, carol), second = alice_rings_first(&t, carol);
	assert_true(first != second);
	assert_true(alice_rings_first(&t, carol) == first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_key_puts_the_caller_through, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_key_is_asked_again_and_then_hung_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_answers_and_the_caller_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_number_typed_ahead_is_dialled, setup, teardown),
		cmocka_unit_test_setup_teardown(test_digits_by_info_count_too, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_caller_hangs_up_in_the_menu, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_caller_may_hold_while_it_hears, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_group_takes_turns, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
