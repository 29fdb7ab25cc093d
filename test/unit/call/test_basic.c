// SPDX-License-Identifier: Apache-2.0
/* A call between two phones from the first INVITE to its record, through a whole shard. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "world.h"

static int setup(void **state)
{
	*state = world_new();
	return 0;
}

static int teardown(void **state)
{
	world_free(*state);
	return 0;
}

struct pair {
	struct phone *a, *b;
};

static struct pair two_phones(struct world *w)
{
	struct pair p = {
		world_phone(w, "acme.test", "1001", "s3cret-1001", "192.0.2.10:5060"),
		world_phone(w, "acme.test", "1002", "s3cret-1002", "192.0.2.20:5060"),
	};
	phone_register(p.a);
	phone_register(p.b);
	return p;
}

static const char *text_of(json_t *j, const char *name)
{
	return json_string_value(json_object_get(j, name));
}

static void test_answered_call_and_bye_from_caller(void **state)
{
	struct world *w = *state;
	struct pair p = two_phones(w);
	phone_call(p.a, "1002", phone_sdp(p.a, 4000, "sendrecv"));
	const struct sip_msg *invite = phone_expect(p.b, "INVITE sip:1002@192.0.2.20:5060");
	assert_true(str_starts(invite->from.text, STR("\"Alice\" <sip:1001@acme.test>")));
	phone_reply(p.b, invite, 180, "bob", "", NULL);
	phone_expect(p.a, "SIP/2.0 180");
	phone_reply(p.b, invite, 200, "bob", "", phone_sdp(p.b, 5000, "sendrecv"));
	phone_expect(p.b, "ACK sip:1002@192.0.2.20:5060");
	phone_expect(p.a, "SIP/2.0 200");
	phone_in_dialog(p.a, "ACK", NULL, NULL);
	assert_int_equal(world_streams(w), 2);
	assert_true(world_live_record(w).n > 0);
	world_advance(w, 5000);
	phone_in_dialog(p.a, "BYE", "Reason: Q.850;cause=16\n", NULL);
	phone_expect(p.a, "SIP/2.0 200");
	const struct sip_msg *bye = phone_expect(p.b, "BYE sip:1002@192.0.2.20:5060");
	assert_true(str_eq(sip_value(bye, HDR_REASON), STR("Q.850;cause=16")));
	phone_reply(p.b, bye, 200, NULL, "", NULL);
	assert_int_equal(world_cdrs(w), 1);
	json_t *cdr = world_cdr(w);
	assert_string_equal(text_of(cdr, "from"), "1001");
	assert_string_equal(text_of(cdr, "to"), "1002");
	assert_string_equal(text_of(cdr, "answered_by"), "1002");
	assert_string_equal(text_of(cdr, "ended_by"), "caller");
	assert_int_equal(json_integer_value(json_object_get(cdr, "talk_ms")), 5000);
	json_t *leg = json_array_get(json_object_get(cdr, "legs"), 0);
	assert_string_equal(text_of(leg, "codec"), "PCMU/8000");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(leg, "media"), "rx_packets")),
	                 100);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_answered_call_and_bye_from_caller),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
