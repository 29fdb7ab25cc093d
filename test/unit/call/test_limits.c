// SPDX-License-Identifier: Apache-2.0
/* Limits of the settings table, met by a whole shard (DESIGN rule 7). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "world.h"

static void one_branch(struct shard_args *a)
{
	a->calls.max_branches = 1;
}

static void test_no_more_contacts_ring_than_a_call_may_have(void **state)
{
	(void)state;
	struct world *w = world_new_with(one_branch);
	struct phone *a = world_phone(w, "acme.test", "1001", "s3cret-1001", "192.0.2.10:5060");
	struct phone *b = world_phone(w, "acme.test", "1002", "s3cret-1002", "192.0.2.20:5060");
	struct phone *desk =
		world_phone(w, "acme.test", "bob-desk", "s3cret-bob-desk", "192.0.2.21:5060");
	phone_register(b);
	phone_register(desk);
	phone_call(a, "1002", phone_sdp(a, 4000, "sendrecv"));
	phone_expect(b, "INVITE ");
	phone_expect_nothing(desk);
	phone_flush(b);
	world_free(w);
}

static void one_binding(struct shard_args *a)
{
	a->registrar.max_total = 1;
}

static void put_register(struct phone *p, const char *user, const char *auth)
{
	static unsigned cseq;
	phone_say(p,
	           "REGISTER sip:acme.test SIP/2.0\n$VFrom: <sip:%s@acme.test>;tag=r\n"
	           "To: <sip:%s@acme.test>\nCall-ID: full-%s\nCSeq: %u REGISTER\n"
	           "Contact: <sip:%s@%s>\n%s$L",
	           user, user, user, ++cseq, user, phone_address(p), auth);
}

static void test_full_registrar_refuses_new_contacts_and_refreshes_old_ones(void **state)
{
	(void)state;
	struct world *w = world_new_with(one_binding);
	struct phone *a = world_phone(w, "acme.test", "1001", "s3cret-1001", "192.0.2.10:5060");
	struct phone *b = world_phone(w, "acme.test", "1002", "s3cret-1002", "192.0.2.20:5060");
	phone_register(a);
	put_register(b, "1002", "");
	phone_expect(b, "SIP/2.0 401");
	put_register(b, "1002", "$A");
	const struct sip_msg *refusal = phone_expect(b, "SIP/2.0 503");
	assert_true(sip_hdr(refusal, HDR_RETRY_AFTER) != NULL);
	put_register(a, "1001", "");
	phone_expect(a, "SIP/2.0 401");
	put_register(a, "1001", "$A");
	phone_expect(a, "SIP/2.0 200");
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_more_contacts_ring_than_a_call_may_have),
		cmocka_unit_test(test_full_registrar_refuses_new_contacts_and_refreshes_old_ones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
