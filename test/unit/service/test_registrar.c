// SPDX-License-Identifier: Apache-2.0
/* The registrar (RFC 3261 section 10.3) through a whole shard, and calls to what it knows. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "talk.h"

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

/** REGISTER for an address of record with credentials for the challenge that was got. */
static const struct sip_msg *reg_as(struct phone *p, const char *aor, const char *call_id,
                                    unsigned cseq, const char *lines)
{
	phone_say(p,
	           "REGISTER sip:acme.test SIP/2.0\n$VFrom: <sip:%s@acme.test>;tag=r\n"
	           "To: <sip:%s@acme.test>\nCall-ID: %s\nCSeq: %u REGISTER\nMax-Forwards: 70\n"
	           "User-Agent: test\n%s$A$L",
	           aor, aor, call_id, cseq, lines);
	return phone_expect(p, "SIP/2.0 ");
}

static struct phone *bob(struct world *w)
{
	struct phone *p = world_phone(w, "acme.test", "1002", "s3cret-1002", "192.0.2.20:5060");
	phone_say(p, "REGISTER sip:acme.test SIP/2.0\n$VFrom: <sip:1002@acme.test>;tag=r\n"
	              "To: <sip:1002@acme.test>\nCall-ID: first\nCSeq: 1 REGISTER\n"
	              "Max-Forwards: 70\n$L");
	phone_expect(p, "SIP/2.0 401");
	return p;
}

static struct phone *alice(struct world *w)
{
	return world_phone(w, "acme.test", "1001", "s3cret-1001", "192.0.2.10:5060");
}

static unsigned next_cseq = 1;

static const struct sip_msg *reg(struct phone *p, const char *lines)
{
	return reg_as(p, "1002", "one", ++next_cseq, lines);
}

static void status_is(const struct sip_msg *m, unsigned status)
{
	if (m->status != status)
		fail_msg("%u instead of %u", m->status, status);
}

static unsigned contacts(const struct sip_msg *m)
{
	unsigned n = 0;
	for (const struct sip_hdr *h = sip_hdr(m, HDR_CONTACT); h; h = sip_hdr_next(m, h))
		n++;
	return n;
}

/** How many bindings the registrar tells of when asked. */
static unsigned fetched(struct phone *p)
{
	const struct sip_msg *m = reg(p, "");
	status_is(m, 200);
	return contacts(m);
}

/* -- adding and asking ----------------------------------------------------- */

static void test_answer_lists_all_contacts_by_q(void **state) /* 10.3 step 8 */
{
	struct phone *p = bob(*state);
	status_is(reg(p, "Contact: <sip:b@192.0.2.20>;q=0.2\nExpires: 600\n"), 200);
	const struct sip_msg *m = reg(p, "Contact: <sip:a@192.0.2.20:5062>;q=0.9;expires=120\n");
	status_is(m, 200);
	assert_int_equal(contacts(m), 2);
	talk_has(p, "Contact: <sip:a@192.0.2.20:5062>;expires=120;q=0.900");
	talk_has(p, "Contact: <sip:b@192.0.2.20>;expires=600;q=0.200");
	assert_true(strstr(phone_text(p), "sip:a@") < strstr(phone_text(p), "sip:b@"));
}

static void test_several_contacts_in_one_request(void **state) /* 10.3 step 7 */
{
	struct phone *p = bob(*state);
	status_is(reg(p, "Contact: <sip:a@192.0.2.20>, <sip:b@192.0.2.20>;expires=90\n"
	                 "Contact: \"C\" <sip:c@192.0.2.20>;q=1.0\n"), 200);
	talk_has(p, "<sip:b@192.0.2.20>;expires=90");
	talk_has(p, "<sip:c@192.0.2.20>;expires=3600");
	assert_int_equal(fetched(p), 3);
}

static void test_query_changes_nothing(void **state) /* 10.3 step 6 */
{
	struct phone *p = bob(*state);
	assert_int_equal(fetched(p), 0);
	status_is(reg(p, "Contact: <sip:a@192.0.2.20>\nExpires: 600\n"), 200);
	world_advance(*state, 100500);
	status_is(reg(p, ""), 200);
	talk_has(p, "expires=500"); /* 499.5 seconds, never told too short to be found again */
}

static void test_same_contact_is_refreshed(void **state) /* 10.3 step 7, 19.1.4 */
{
	struct phone *p = bob(*state);
	status_is(reg(p, "Contact: <sip:a@192.0.2.20:5060>\nExpires: 600\n"), 200);
	world_advance(*state, 300000);
	const struct sip_msg *m = reg(p, "Contact: <SIP:a@192.0.2.20:5060>\nExpires: 600\n");
	assert_int_equal(contacts(m), 1);
	talk_has(p, "expires=600");
}

/* -- expiry ---------------------------------------------------------------- */

static void test_interval_too_brief_is_423(void **state) /* 10.3 step 7, 21.4.17 */
{
	struct phone *p = bob(*state);
	status_is(reg(p, "Contact: <sip:a@192.0.2.20>\nExpires: 59\n"), 423);
	talk_has(p, "Min-Expires: 60");
	status_is(reg(p, "Contact: <sip:a@192.0.2.20>, <sip:b@192.0.2.20>;expires=1\n"), 423);
	assert_int_equal(fetched(p), 0); /* all or nothing */
	status_is(reg(p, "Contact: <sip:a@192.0.2.20>\nExpires: 60\n"), 200);
}

static void test_interval_is_cut_to_the_longest(void **state) /* 10.3 step 7 */
{
	struct phone *p = bob(*state);
	status_is(reg(p, "Contact: <sip:a@192.0.2.20>;expires=86400\nExpires: 60\n"), 200);
	talk_has(p, "expires=7200");
}

static void test_odd_interval_is_the_default(void **state) /* 10.2.1.1, 20.10 */
{
	struct phone *p = bob(*state);
	status_is(reg(p, "Contact: <sip:a@192.0.2.20>;expires=soon\n"), 200);
	talk_has(p, "expires=3600");
}

static void test_binding_ends_at_its_very_second(void **state)
{
	struct phone *p = bob(*state);
	status_is(reg(p, "Contact: <sip:a@192.0.2.20>\nExpires: 60\n"), 200);
	world_advance(*state, 59999);
	assert_int_equal(fetched(p), 1);
	world_advance(*state, 1);
	assert_int_equal(fetched(p), 0);
	assert_int_equal(world_bindings(*state), 0);
}

/* -- removing -------------------------------------------------------------- */

static void test_one_contact_is_removed(void **state) /* 10.2.2 */
{
	struct phone *p = bob(*state);
	status_is(reg(p, "Contact: <sip:a@192.0.2.20>, <sip:b@192.0.2.20>\n"), 200);
	const struct sip_msg *m = reg(p, "Contact: <sip:a@192.0.2.20>;expires=0\n");
	assert_int_equal(contacts(m), 1);
	talk_lacks(p, "sip:a@");
	status_is(reg(p, "Contact: <sip:z@192.0.2.20>;expires=0\n"), 200); /* was not there */
}

static void test_star_removes_all(void **state) /* 10.2.2, 10.3 step 6 */
{
	struct phone *p = bob(*state);
	status_is(reg(p, "Contact: <sip:a@192.0.2.20>, <sip:b@192.0.2.20>\n"), 200);
	status_is(reg(p, "Contact: *\n"), 400);
	status_is(reg(p, "Contact: *\nExpires: 60\n"), 400);
	status_is(reg(p, "Contact: *, <sip:a@192.0.2.20>\nExpires: 0\n"), 400);
	assert_int_equal(fetched(p), 2);
	const struct sip_msg *m = reg(p, "Contact: *\nExpires: 0\n");
	status_is(m, 200);
	assert_int_equal(contacts(m), 0);
	assert_int_equal(world_bindings(*state), 0);
}

static void test_star_leaves_the_other_device_alone(void **state)
{
	struct phone *p = bob(*state);
	struct phone *desk = world_phone(*state, "acme.test", "bob-desk", "s3cret-bob-desk",
	                                 "192.0.2.21:5060");
	phone_register(desk);
	status_is(reg(p, "Contact: <sip:a@192.0.2.20>\n"), 200);
	status_is(reg(p, "Contact: *\nExpires: 0\n"), 200);
	assert_int_equal(world_bindings(*state), 1);
}

/* -- order ----------------------------------------------------------------- */

static void test_old_request_removes_and_changes_nothing(void **state) /* 10.3 steps 6 and 7 */
{
	struct phone *p = bob(*state);
	status_is(reg_as(p, "1002", "x", 20, "Contact: <sip:a@192.0.2.20>\nExpires: 600\n"), 200);
	world_advance(*state, 33000); /* that request's transaction is over */
	const char *refused[] = {"Contact: <sip:a@192.0.2.20>\nExpires: 0\n",
	                         "Contact: *\nExpires: 0\n",
	                         "Contact: <sip:n@192.0.2.20>, <sip:a@192.0.2.20>\nExpires: 60\n"};
	for (unsigned i = 0; i < 3; i++)
		status_is(reg_as(p, "1002", "x", 20 - i, refused[i]), 500);
	status_is(reg(p, ""), 200);
	talk_has(p, "<sip:a@192.0.2.20>;expires=567");
	talk_lacks(p, "sip:n@");
	/* a phone that started anew has another Call-ID, and counts from 1 */
	status_is(reg_as(p, "1002", "y", 1, "Contact: <sip:a@192.0.2.20>\nExpires: 0\n"), 200);
	assert_int_equal(fetched(p), 0);
}

/* -- whose ----------------------------------------------------------------- */

static void test_address_of_another_is_403(void **state) /* 10.3 step 4 */
{
	struct phone *p = bob(*state);
	status_is(reg_as(p, "1001", "x", 1, "Contact: <sip:a@192.0.2.20>\n"), 403);
	status_is(reg_as(p, "bob-desk", "x", 2, "Contact: <sip:a@192.0.2.20>\n"), 403);
	status_is(reg_as(p, "nobody", "x", 3, "Contact: <sip:a@192.0.2.20>\n"), 403);
	assert_int_equal(world_bindings(*state), 0);
}

static void test_device_may_register_its_users_extension(void **state)
{
	struct phone *desk = world_phone(*state, "acme.test", "bob-desk", "s3cret-bob-desk",
	                                 "192.0.2.21:5060");
	phone_register(desk);
	status_is(reg_as(desk, "1002", "x", 1, "Contact: <sip:d@192.0.2.21>\n"), 200);
}

static void test_contact_that_cannot_be_called_is_400(void **state) /* 10.2.1 */
{
	struct phone *p = bob(*state);
	status_is(reg(p, "Contact: <tel:+4912345>\n"), 400);
	status_is(reg(p, "Contact: <sip:>\n"), 400);
	status_is(reg(p, "Contact: <mailto:bob@acme.test>\n"), 400);
	status_is(reg(p, "Contact: <sip:a@192.0.2.20>, <\n"), 400);
	assert_int_equal(fetched(p), 0);
}

/* -- Path, instances, limits ----------------------------------------------- */

static void test_path_is_kept_and_told_and_used(void **state) /* RFC 3327: 5.3, 5.4 */
{
	struct phone *p = bob(*state);
	status_is(reg(p, "Contact: <sip:a@10.0.0.9>\nSupported: path\n"
	                 "Path: <sip:edge1.test;lr>, <sip:edge2.test;lr>\n"
	                 "Path: <sip:edge3.test;lr>\n"), 200);
	talk_has(p, "Path: <sip:edge1.test;lr>");
	struct phone *a = alice(*state);
	phone_call(a, "1002", phone_sdp(a, 4000, "sendrecv"));
	phone_expect(p, "INVITE sip:a@10.0.0.9");
	talk_has(p, "Route: <sip:edge1.test;lr>, <sip:edge2.test;lr>, <sip:edge3.test;lr>");
	phone_reply(p, phone_invite(p), 486, "bob", "", NULL);
	phone_expect(p, "ACK sip:a@10.0.0.9");
}

static void test_path_too_long_to_keep_is_refused(void **state)
{
	struct phone *p = bob(*state);
	char lines[4096];
	int n = snprintf(lines, sizeof lines, "Contact: <sip:a@10.0.0.9>\nSupported: path\n");
	for (unsigned i = 0; i < 60; i++)
		n += snprintf(lines + n, sizeof lines - (size_t)n,
		              "Path: <sip:an-edge-with-a-long-name-%u.test;lr>\n", i);
	assert_true(reg(p, lines)->status >= 400); /* else calls would go astray */
	assert_int_equal(fetched(p), 0);
}

static void test_instance_and_reg_id_name_a_binding(void **state) /* RFC 5626: 6 */
{
	struct phone *p = bob(*state);
	char id[] = "+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000A95A0E128>\"";
	char lines[256];
	snprintf(lines, sizeof lines, "Contact: <sip:a@192.0.2.20:1111>;%s;reg-id=1\n", id);
	status_is(reg(p, lines), 200);
	snprintf(lines, sizeof lines, "Contact: <sip:a@192.0.2.20:2222>;%s;reg-id=1\n", id);
	const struct sip_msg *m = reg(p, lines);
	assert_int_equal(contacts(m), 1); /* the phone came back from another port */
	talk_has(p, "2222");
	talk_has(p, id);
	talk_has(p, "reg-id=1");
	snprintf(lines, sizeof lines, "Contact: <sip:a@192.0.2.20:3333>;%s;reg-id=2\n", id);
	assert_int_equal(contacts(reg(p, lines)), 2);
	assert_int_equal(world_bindings(*state), 2);
}

static void test_too_many_contacts_make_room(void **state)
{
	struct phone *p = bob(*state);
	char lines[128];
	for (unsigned i = 0; i < 10; i++) {
		snprintf(lines, sizeof lines, "Contact: <sip:c%u@192.0.2.20>;expires=%u\n", i,
		         i == 4 ? 600 : 3600);
		status_is(reg(p, lines), 200);
	}
	status_is(reg(p, "Contact: <sip:c10@192.0.2.20>;expires=3600\n"), 200);
	talk_has(p, "sip:c10@");
	talk_lacks(p, "sip:c4@"); /* the one that would have ended first */
	assert_int_equal(fetched(p), 10);
	assert_int_equal(world_bindings(*state), 10);
}

static void test_new_contact_is_not_the_one_that_makes_room(void **state)
{
	struct phone *p = bob(*state);
	char lines[128];
	for (unsigned i = 0; i < 10; i++) {
		snprintf(lines, sizeof lines, "Contact: <sip:c%u@192.0.2.20>;expires=3600\n", i);
		status_is(reg(p, lines), 200);
	}
	status_is(reg(p, "Contact: <sip:c10@192.0.2.20>;expires=60\n"), 200);
	talk_has(p, "sip:c10@");
	assert_int_equal(fetched(p), 10);
}

static void test_more_contacts_at_once_than_allowed_are_refused(void **state)
{
	struct phone *p = bob(*state);
	char lines[1024] = "Contact: <sip:a@192.0.2.20>";
	for (unsigned i = 0; i < 10; i++)
		snprintf(lines + strlen(lines), 64, ", <sip:c%u@192.0.2.20>", i);
	strcat(lines, "\n");
	status_is(reg(p, lines), 403);
	assert_int_equal(fetched(p), 0);
}

static void test_longest_answer_still_fits(void **state)
{
	struct phone *p = bob(*state);
	char uri[480], id[480], lines[1200];
	memset(uri, 'u', sizeof uri);
	memset(id, 'i', sizeof id);
	uri[470] = id[470] = '\0';
	for (unsigned i = 0; i < 10; i++) {
		snprintf(lines, sizeof lines,
		         "Contact: <sip:%s%u@192.0.2.20>;q=0.5;+sip.instance=\"<%s>\";reg-id=%u\n",
		         uri, i, id, i + 1);
		status_is(reg(p, lines), 200);
	}
	snprintf(lines, sizeof lines, "Supported: path\nPath: <sip:%s;lr>, <sip:%s;lr>\n", uri,
	         uri);
	status_is(reg(p, lines), 200);
}

/* -- flows and the store --------------------------------------------------- */

static void test_call_goes_where_the_register_came_from(void **state) /* NAT; RFC 3581 */
{
	struct phone *p = bob(*state);
	phone_move(p, "198.51.100.7:31234");
	status_is(reg(p, "Contact: <sip:a@10.0.0.9:5060>\n"), 200);
	struct phone *a = alice(*state);
	phone_call(a, "1002", phone_sdp(a, 4000, "sendrecv"));
	phone_expect(p, "INVITE sip:a@10.0.0.9:5060 SIP/2.0");
	phone_reply(p, phone_invite(p), 486, "bob", "", NULL);
	phone_move(p, "198.51.100.7:40000"); /* the NAT gave it another port */
	status_is(reg(p, "Contact: <sip:a@10.0.0.9:5060>\n"), 200);
	assert_true(phone_takes(a, "SIP/2.0 486"));
	phone_ack_refusal(a);
	phone_call(a, "1002", phone_sdp(a, 4000, "sendrecv"));
	phone_expect(p, "INVITE ");
	phone_reply(p, phone_invite(p), 486, "bob", "", NULL);
}

static void test_bindings_survive_a_restart(void **state)
{
	struct phone *p = bob(*state);
	status_is(reg(p, "Contact: <sip:a@192.0.2.20>;expires=600;q=0.3\n"
	                 "Contact: <sip:b@192.0.2.20>;expires=60\n"), 200);
	assert_int_equal(world_bindings(*state), 2);
	struct world *w = world_new();
	world_advance(w, 60000); /* the clocks of both begin at the same time */
	unsigned alive = 0;
	for (size_t i = 0; i < 2; i++) {
		int e = world_restore(w, *state, i);
		assert_true(e == 0 || e == E_STALE);
		alive += e == 0;
	}
	assert_int_equal(alive, 1);
	struct phone *b = world_phone(w, "acme.test", "1002", "s3cret-1002", "192.0.2.20:5060");
	struct phone *a = alice(w);
	phone_call(a, "1002", phone_sdp(a, 4000, "sendrecv"));
	phone_expect(b, "INVITE sip:a@192.0.2.20");
	phone_reply(b, phone_invite(b), 486, "bob", "", NULL);
	world_advance(w, 539999);
	assert_int_equal(json_array_size(world_ask(w, SHARD_Q_REGISTRATIONS, 0, "")), 1);
	world_advance(w, 1);
	assert_int_equal(json_array_size(world_ask(w, SHARD_Q_REGISTRATIONS, 0, "")), 0);
	world_free(w);
}

static void test_refresh_is_not_written_each_time(void **state)
{
	struct phone *p = bob(*state);
	char lines[] = "Contact: <sip:a@192.0.2.20>\nExpires: 3600\n";
	status_is(reg(p, lines), 200);
	unsigned writes = world_binding_writes(*state);
	for (unsigned i = 0; i < 10; i++) {
		world_advance(*state, 60000);
		status_is(reg(p, lines), 200);
	}
	assert_int_equal(world_binding_writes(*state), writes);
	world_advance(*state, 601000);
	status_is(reg(p, lines), 200);
	assert_int_equal(world_binding_writes(*state), writes + 1);
}

static void test_shorter_lease_is_written(void **state)
{
	struct phone *p = bob(*state);
	status_is(reg(p, "Contact: <sip:a@192.0.2.20>\nExpires: 3600\n"), 200);
	status_is(reg(p, "Contact: <sip:a@192.0.2.20>\nExpires: 60\n"), 200);
	struct world *w = world_new();
	world_advance(w, 61000);
	assert_int_equal(world_restore(w, *state, 0), E_STALE); /* not an hour after a restart */
	world_free(w);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_answer_lists_all_contacts_by_q),
		T(test_several_contacts_in_one_request),
		T(test_query_changes_nothing),
		T(test_same_contact_is_refreshed),
		T(test_interval_too_brief_is_423),
		T(test_interval_is_cut_to_the_longest),
		T(test_odd_interval_is_the_default),
		T(test_binding_ends_at_its_very_second),
		T(test_one_contact_is_removed),
		T(test_star_removes_all),
		T(test_star_leaves_the_other_device_alone),
		T(test_old_request_removes_and_changes_nothing),
		T(test_address_of_another_is_403),
		T(test_device_may_register_its_users_extension),
		T(test_contact_that_cannot_be_called_is_400),
		T(test_path_is_kept_and_told_and_used),
		T(test_path_too_long_to_keep_is_refused),
		T(test_instance_and_reg_id_name_a_binding),
		T(test_too_many_contacts_make_room),
		T(test_new_contact_is_not_the_one_that_makes_room),
		T(test_more_contacts_at_once_than_allowed_are_refused),
		T(test_longest_answer_still_fits),
		T(test_call_goes_where_the_register_came_from),
		T(test_bindings_survive_a_restart),
		T(test_refresh_is_not_written_each_time),
		T(test_shorter_lease_is_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
