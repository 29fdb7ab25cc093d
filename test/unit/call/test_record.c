// SPDX-License-Identifier: Apache-2.0
/* A call as a record: written, read, written; sizes; damaged records; the CDR after a restart. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call/record.h"
#include "talk.h"

enum { TYPICAL_MAX = 3072 /* DESIGN rule 9 */ };

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

/** The live record, read and written again: the same bytes. @return its size */
static size_t round_trip(struct world *w)
{
	struct str bytes = world_live_record(w);
	assert_true(bytes.n > 0);
	struct call *c;
	assert_int_equal(call_record_read(&c, bytes, world_tenant(w, "acme")), 0);
	struct buf b;
	buf_init(&b, CALL_RECORD_MAX);
	call_record_write(c, &b);
	assert_true(buf_ok(&b));
	assert_int_equal(b.n, bytes.n);
	assert_memory_equal(b.p, bytes.p, b.n);
	buf_fini(&b);
	call_record_free(c);
	return bytes.n;
}

static void test_record_of_a_ringing_call_is_written_and_read(void **state)
{
	struct talk t = talk_ringing(*state);
	assert_in_range(round_trip(*state), 100, TYPICAL_MAX);
	phone_cancel(t.a, "");
	phone_reply(t.b, phone_invite(t.b), 487, "bob", "", NULL);
}

static void test_record_of_a_typical_call_is_small(void **state)
{
	struct talk t = talk_up(*state);
	size_t n = round_trip(*state);
	print_message("a typical call: %zu bytes\n", n);
	assert_in_range(n, 100, TYPICAL_MAX);
	talk_bye(&t);
}

/** What a modern phone offers: more lines than most, and longer. */
static const char long_sdp[] =
	"v=0\r\no=- 3900000000 3900000000 IN IP4 192.0.2.10\r\ns=pjmedia\r\nb=AS:117\r\nt=0 0\r\n"
	"a=X-nat:0\r\nm=audio 4000 RTP/AVP 96 97 98 99 3 0 8 9 120 121 122\r\n"
	"c=IN IP4 192.0.2.10\r\nb=TIAS:96000\r\na=rtcp:4001 IN IP4 192.0.2.10\r\na=sendrecv\r\n"
	"a=rtpmap:96 speex/16000\r\na=rtpmap:97 speex/8000\r\na=rtpmap:98 speex/32000\r\n"
	"a=rtpmap:99 iLBC/8000\r\na=fmtp:99 mode=30\r\na=rtpmap:3 GSM/8000\r\n"
	"a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:9 G722/8000\r\n"
	"a=rtpmap:120 telephone-event/16000\r\na=fmtp:120 0-16\r\n"
	"a=rtpmap:121 telephone-event/8000\r\na=fmtp:121 0-16\r\n"
	"a=rtpmap:122 telephone-event/32000\r\na=fmtp:122 0-16\r\n";

static void test_record_of_a_talkative_phone_is_kept(void **state)
{
	struct talk t = talk_pair(*state);
	phone_call(t.a, "1002", long_sdp);
	phone_expect(t.b, "INVITE ");
	talk_answer(&t, "");
	size_t n = round_trip(*state);
	print_message("a talkative phone: %zu bytes\n", n);
	talk_bye(&t);
}

static void test_record_keeps_who_is_on_hold(void **state)
{
	struct talk t = talk_up(*state);
	phone_in_dialog(t.a, "INVITE", NULL, phone_sdp(t.a, 4000, "inactive"));
	phone_reply(t.b, phone_expect(t.b, "INVITE "), 200, NULL, "",
	            phone_sdp(t.b, 5000, "inactive"));
	phone_expect(t.a, "SIP/2.0 200");
	phone_in_dialog(t.a, "ACK", NULL, NULL);
	round_trip(*state);
	talk_bye(&t);
}

static void test_record_of_many_ringing_devices_is_kept(void **state)
{
	struct world *w = *state;
	struct talk t = talk_pair(w);
	struct phone *more[9];
	for (unsigned i = 0; i < 9; i++) { /* the limit of a device is 10 contacts */
		char at[32];
		snprintf(at, sizeof at, "192.0.2.%u:5060", 100 + i);
		more[i] = world_phone(w, "acme.test", "1002", "s3cret-1002", at);
		phone_register(more[i]);
	}
	phone_call(t.a, "1002", long_sdp);
	for (unsigned i = 0; i < 9; i++)
		phone_expect(more[i], "INVITE ");
	size_t n = round_trip(w);
	print_message("ten devices ringing: %zu bytes\n", n);
	phone_cancel(t.a, "");
	world_advance(w, 40000);
}

static void test_cdr_of_a_call_that_a_restart_cut_off(void **state)
{
	struct talk t = talk_up(*state);
	struct call *c;
	const struct tenant *acme = world_tenant(*state, "acme");
	assert_int_equal(call_record_read(&c, world_live_record(*state), acme), 0);
	struct buf b;
	buf_init(&b, 65536);
	call_record_put_cdr(c, call_record_start_ms(c) + 9000, "lost in a restart", &b);
	json_t *cdr = json_loadb(b.p, b.n, 0, NULL);
	assert_non_null(cdr);
	assert_string_equal(talk_text(cdr, "from"), "1001");
	assert_string_equal(talk_text(cdr, "to"), "1002");
	assert_string_equal(talk_text(cdr, "answered_by"), "1002");
	assert_string_equal(talk_text(cdr, "ended_by"), "system");
	assert_string_equal(talk_text(cdr, "reason"), "lost in a restart");
	assert_string_equal(talk_text(cdr, "state"), "ended");
	assert_int_equal(talk_number(cdr, "duration_ms"), 9000);
	assert_int_equal(json_array_size(json_object_get(cdr, "legs")), 2);
	assert_true(json_array_size(json_object_get(cdr, "trace")) > 0);
	for (size_t i = 0; i < 2; i++)
		assert_string_not_equal(talk_text(talk_leg(cdr, i), "end"), "(null)");
	json_decref(cdr);
	buf_fini(&b);
	call_record_free(c);
	talk_bye(&t);
}

static void test_record_of_another_version_is_stale(void **state)
{
	struct talk t = talk_up(*state);
	struct str bytes = world_live_record(*state);
	char *copy = malloc(bytes.n);
	memcpy(copy, bytes.p, bytes.n);
	copy[0]++;
	struct call *c;
	const struct tenant *acme = world_tenant(*state, "acme");
	assert_int_equal(call_record_read(&c, (struct str){copy, bytes.n}, acme), E_STALE);
	copy[0]--;
	assert_int_equal(call_record_read(&c, STR_NONE, acme), E_MALFORMED);
	for (size_t n = 1; n < bytes.n; n++) { /* cut anywhere: read or refused, never beyond */
		char *cut = malloc(n);
		memcpy(cut, copy, n);
		if (call_record_read(&c, (struct str){cut, n}, acme) == 0)
			call_record_free(c);
		free(cut);
	}
	free(copy);
	talk_bye(&t);
}

static void test_unknown_field_of_a_newer_writer_is_skipped(void **state)
{
	struct talk t = talk_up(*state);
	struct str bytes = world_live_record(*state);
	char *copy = malloc(bytes.n + 5);
	memcpy(copy, bytes.p, bytes.n);
	memcpy(copy + bytes.n, "\xfe\x00\x02hi", 5);
	struct call *c;
	struct str longer = {copy, bytes.n + 5};
	assert_int_equal(call_record_read(&c, longer, world_tenant(*state, "acme")), 0);
	call_record_free(c);
	free(copy);
	talk_bye(&t);
}

static void test_damaged_records_break_nothing(void **state)
{
	struct talk t = talk_up(*state);
	struct str bytes = world_live_record(*state);
	const struct tenant *acme = world_tenant(*state, "acme");
	struct rng rng;
	rng_init_seed(&rng, 7);
	unsigned read = 0;
	for (unsigned i = 0; i < 20000; i++) {
		char *copy = malloc(bytes.n);
		memcpy(copy, bytes.p, bytes.n);
		for (unsigned k = 1 + rng_below(&rng, 4); k; k--)
			copy[1 + rng_below(&rng, (uint32_t)bytes.n - 1)] = (char)rng_below(&rng, 256);
		struct call *c;
		if (call_record_read(&c, (struct str){copy, bytes.n}, acme) == 0) {
			struct buf b;
			buf_init(&b, 65536);
			call_record_put_cdr(c, 1700000009000, "damaged", &b);
			buf_reset(&b);
			call_record_write(c, &b);
			buf_fini(&b);
			call_record_free(c);
			read++;
		}
		free(copy);
	}
	assert_true(read > 1000); /* most damage is in texts */
	talk_bye(&t);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_record_of_a_ringing_call_is_written_and_read),
		T(test_record_of_a_typical_call_is_small),
		T(test_record_of_a_talkative_phone_is_kept),
		T(test_record_keeps_who_is_on_hold),
		T(test_record_of_many_ringing_devices_is_kept),
		T(test_cdr_of_a_call_that_a_restart_cut_off),
		T(test_record_of_another_version_is_stale),
		T(test_unknown_field_of_a_newer_writer_is_skipped),
		T(test_damaged_records_break_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
