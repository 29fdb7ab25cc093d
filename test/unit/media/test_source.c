// SPDX-License-Identifier: Apache-2.0
/*
 * The source rule: RTP bleeding (an attacker who sends first or last hears the call) and RTP
 * injection (what he sends is heard) must not be possible.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "media_rig.h"
#include "rtp/rtp.h"

#define US "127.0.0.1"

enum { A = 1, B = 2, SSRC_A = 0xaaaa0001, SSRC_B = 0xbbbb0001 };

/** A is under attack; B is an honest peer of A. `same` shares A's address, not its port. */
struct scene {
	struct rig rig;
	uint16_t port_a, port_b;
	struct phone a, b, evil, same;
	struct media_set set_a, set_b;
};

static void scene_begin(struct scene *s)
{
	rig_start(&s->rig, US, 16);
	s->port_a = rig_open_port(&s->rig);
	s->port_b = rig_open_port(&s->rig);
	s->a = phone_at("127.0.0.2");
	s->same = phone_at("127.0.0.2");
	s->b = phone_at("127.0.0.3");
	s->evil = phone_at("127.0.0.66");
	s->set_a = rig_set_of(s->port_a, US, s->a.at);
	s->set_a.sink = MEDIA_SINK_PEER;
	s->set_a.peer = B;
	s->set_b = rig_set_of(s->port_b, US, s->b.at);
	s->set_b.sink = MEDIA_SINK_PEER;
	s->set_b.peer = A;
}

/** A is behind NAT: it names 10.9.9.9 and is seen at 127.0.0.2. */
static void behind_nat(struct scene *s)
{
	s->set_a.source = MEDIA_SOURCE_NAT;
	s->set_a.remote = rig_addr("10.9.9.9", 4000);
	s->set_a.source_ip = rig_addr("127.0.0.2", 5060);
}

static void scene_set(struct scene *s)
{
	rig_set(&s->rig, A, &s->set_a);
	rig_set(&s->rig, B, &s->set_b);
	rig_sync(&s->rig);
}

static void scene_end(struct scene *s)
{
	rig_stop(&s->rig);
	phone_close(&s->a);
	phone_close(&s->same);
	phone_close(&s->b);
	phone_close(&s->evil);
}

/** From `p` to the port of A; number and SSRC are what A itself would use. */
static void attack(const struct scene *s, const struct phone *p, uint16_t seq)
{
	phone_rtp(p, US, s->port_a, seq, SSRC_A);
}

/**
 * A speaks and B hears exactly that packet: whatever was sent to A's port before has been
 * dealt with (one socket, in order), and none of it reached B.
 */
static void assert_heard(const struct scene *s, const struct phone *a, uint16_t seq)
{
	uint8_t p[RIG_RTP], got[RIG_PACKET];
	rig_rtp(p, 0, seq, SSRC_A, 0x77);
	phone_send(a, US, s->port_a, p, sizeof p);
	assert_int_equal(phone_recv(&s->b, got, NULL), RIG_RTP);
	assert_memory_equal(got, p, sizeof p);
}

/** B speaks and `a` hears it; the others hear nothing. */
static void assert_answered(const struct scene *s, const struct phone *a, uint16_t seq)
{
	uint8_t got[RIG_PACKET];
	phone_rtp(&s->b, US, s->port_b, seq, SSRC_B);
	assert_int_equal(phone_recv(a, got, NULL), RIG_RTP);
	assert_int_equal(got[3], seq);
	assert_true(phone_is_quiet(&s->evil));
	assert_true(a == &s->same || phone_is_quiet(&s->same));
	assert_true(a == &s->a || phone_is_quiet(&s->a));
}

static void test_exact_attacker_who_sends_first_gets_and_says_nothing(void **state)
{
	(void)state;
	struct scene s;
	scene_begin(&s);
	scene_set(&s);
	for (uint16_t seq = 0; seq < 20; seq++) {
		attack(&s, &s.evil, seq);
		attack(&s, &s.same, seq);
	}
	rig_stats_when_refused(&s.rig, A, 40);
	assert_int_equal(rig_count(&s.rig, MEDIA_EV_LOCKED, A), 0);
	assert_answered(&s, &s.a, 1); /* A is silent, and still the only one who hears B */
	assert_heard(&s, &s.a, 21);
	struct media_event ev = rig_expect(&s.rig, MEDIA_EV_LOCKED, A);
	assert_true(addr_eq(&ev.addr, &s.a.at));
	scene_end(&s);
}

static void test_exact_attacker_in_the_midst_with_right_ssrc_is_refused(void **state)
{
	(void)state;
	struct scene s;
	scene_begin(&s);
	scene_set(&s);
	assert_heard(&s, &s.a, 1);
	for (uint16_t seq = 2; seq < 20; seq++) {
		attack(&s, &s.evil, seq);
		attack(&s, &s.same, seq);
		assert_answered(&s, &s.a, seq);
	}
	assert_heard(&s, &s.a, 2);
	struct media_stats st = rig_stats_when_refused(&s.rig, A, 36);
	assert_int_equal(st.rx_packets, 2);
	assert_int_equal(st.rx_lost, 0);
	assert_int_equal(rig_count(&s.rig, MEDIA_EV_LOCKED, A), 1);
	scene_end(&s);
}

static void test_nat_latches_the_signalling_address_alone(void **state)
{
	(void)state;
	struct scene s;
	scene_begin(&s);
	behind_nat(&s);
	scene_set(&s);
	phone_rtp(&s.b, US, s.port_b, 0, SSRC_B); /* B is heard before A, and is told when A is */
	rig_stats_when_rx(&s.rig, B, 1);
	for (uint16_t seq = 0; seq < 20; seq++)
		attack(&s, &s.evil, seq);
	rig_stats_when_refused(&s.rig, A, 20);
	assert_int_equal(rig_count(&s.rig, MEDIA_EV_LOCKED, A), 0);
	assert_heard(&s, &s.a, 20);
	struct media_event ev = rig_expect(&s.rig, MEDIA_EV_LOCKED, A);
	assert_true(addr_eq(&ev.addr, &s.a.at));
	assert_answered(&s, &s.a, 1);
	scene_end(&s);
}

static void test_nat_lock_keeps_out_another_port_of_the_same_address(void **state)
{
	(void)state;
	struct scene s;
	scene_begin(&s);
	behind_nat(&s);
	scene_set(&s);
	assert_heard(&s, &s.a, 1);
	for (uint16_t seq = 2; seq < 20; seq++) {
		attack(&s, &s.same, seq);
		attack(&s, &s.evil, seq);
		assert_answered(&s, &s.a, seq);
	}
	assert_heard(&s, &s.a, 2);
	assert_int_equal(rig_stats_when_refused(&s.rig, A, 36).rx_packets, 2);
	assert_int_equal(rig_count(&s.rig, MEDIA_EV_LOCKED, A), 1);
	scene_end(&s);
}

static void test_nat_latches_the_signalled_address_too(void **state)
{
	(void)state;
	struct scene s;
	scene_begin(&s);
	behind_nat(&s); /* a carrier whose media comes from another host than its signalling */
	s.set_a.source_ip = rig_addr("127.0.0.40", 5060);
	s.set_a.remote = s.a.at;
	scene_set(&s);
	attack(&s, &s.same, 1);       /* the signalled port counts */
	assert_answered(&s, &s.a, 1); /* both on one net: worth sending to before the lock */
	assert_heard(&s, &s.a, 2);
	assert_int_equal(rig_stats(&s.rig, A).rx_packets, 1);
	scene_end(&s);
}

/** Somebody outside names an address of our inside: nothing may be sent there. */
static void test_nat_private_address_named_from_outside_gets_nothing(void **state)
{
	(void)state;
	struct scene s;
	scene_begin(&s);
	behind_nat(&s);
	s.set_a.remote = s.a.at;
	s.set_a.source_ip = rig_addr("192.0.2.1", 5060);
	scene_set(&s);
	phone_rtp(&s.b, US, s.port_b, 1, SSRC_B);
	struct media_stats st = rig_stats_when_rx(&s.rig, B, 1);
	assert_int_equal(st.rx_packets, 1);
	assert_int_equal(rig_stats(&s.rig, A).tx_packets, 0);
	assert_true(phone_is_quiet(&s.a));
	scene_end(&s);
}

static void test_only_media_latches(void **state)
{
	(void)state;
	struct scene s;
	scene_begin(&s);
	behind_nat(&s);
	s.set_a.rtcp_mux = true;
	scene_set(&s);
	static const uint8_t rr[8] = {0x80, 201, 0, 1, 0xaa, 0xaa, 0, 1};
	phone_send(&s.same, US, s.port_a, rr, sizeof rr);
	phone_send(&s.same, US, s.port_a, "\0\1\0\0\x21\x12\xa4\x42", 8); /* STUN */
	phone_send(&s.same, US, s.port_a, "\x16\xfe\xfd", 3);             /* DTLS */
	phone_send(&s.same, US, s.port_a, "\x80\0\0\0\0", 5);
	phone_send(&s.same, US, s.port_a, "", 1);
	assert_heard(&s, &s.a, 1);
	struct media_event ev = rig_expect(&s.rig, MEDIA_EV_LOCKED, A);
	assert_true(addr_eq(&ev.addr, &s.a.at));
	scene_end(&s);
}

static void test_only_a_new_description_moves_a_locked_stream(void **state)
{
	(void)state;
	struct scene s;
	scene_begin(&s);
	behind_nat(&s);
	scene_set(&s);
	assert_heard(&s, &s.a, 1);
	rig_set(&s.rig, A, &s.set_a); /* the same again, as a session refresh does */
	rig_sync(&s.rig);
	attack(&s, &s.same, 2);
	assert_heard(&s, &s.a, 2);
	rig_expect(&s.rig, MEDIA_EV_LOCKED, A);
	s.set_a.relatch = true;
	rig_set(&s.rig, A, &s.set_a);
	rig_sync(&s.rig);
	attack(&s, &s.evil, 3);
	assert_heard(&s, &s.same, 3);
	struct media_event ev = rig_expect(&s.rig, MEDIA_EV_LOCKED, A);
	assert_true(addr_eq(&ev.addr, &s.same.at));
	attack(&s, &s.a, 4);
	assert_answered(&s, &s.same, 1);
	assert_heard(&s, &s.same, 4);
	scene_end(&s);
}

static void test_exact_follows_the_signalled_address(void **state)
{
	(void)state;
	struct scene s;
	scene_begin(&s);
	scene_set(&s);
	assert_heard(&s, &s.a, 1);
	s.set_a.remote = s.same.at;
	rig_set(&s.rig, A, &s.set_a);
	rig_sync(&s.rig);
	attack(&s, &s.a, 2);
	assert_answered(&s, &s.same, 1);
	assert_heard(&s, &s.same, 2);
	scene_end(&s);
}

static void test_held_stream_keeps_its_lock(void **state)
{
	(void)state;
	struct scene s;
	scene_begin(&s);
	behind_nat(&s);
	scene_set(&s);
	assert_heard(&s, &s.a, 1);
	s.set_a.hear = false;
	rig_set(&s.rig, A, &s.set_a);
	rig_sync(&s.rig);
	attack(&s, &s.same, 2);
	attack(&s, &s.evil, 2);
	rig_stats_when_refused(&s.rig, A, 2);
	s.set_a.hear = true;
	rig_set(&s.rig, A, &s.set_a);
	rig_sync(&s.rig);
	assert_heard(&s, &s.a, 3);
	assert_answered(&s, &s.a, 1);
	scene_end(&s);
}

static void test_without_a_source_nobody_is_heard_or_answered(void **state)
{
	(void)state;
	struct scene s;
	scene_begin(&s);
	s.set_a.source = MEDIA_SOURCE_NONE;
	scene_set(&s);
	attack(&s, &s.a, 1);
	attack(&s, &s.evil, 1);
	rig_stats_when_refused(&s.rig, A, 2);
	phone_rtp(&s.b, US, s.port_b, 1, SSRC_B);
	rig_stats_when_rx(&s.rig, B, 1);
	assert_int_equal(rig_stats(&s.rig, A).tx_packets, 0);
	assert_true(phone_is_quiet(&s.b));
	scene_end(&s);
}

static void test_unusable_addresses_are_not_sent_to(void **state)
{
	(void)state;
	static const char *const ips[] = {"0.0.0.0", "224.0.0.5", "255.255.255.255", "127.0.0.2"};
	struct scene s;
	scene_begin(&s);
	for (size_t i = 0; i < 4; i++) { /* the last one has port 0 */
		s.set_a.remote = rig_addr(ips[i], i < 3 ? 4000 : 0);
		scene_set(&s);
		phone_rtp(&s.b, US, s.port_b, (uint16_t)(i + 1), SSRC_B);
		rig_stats_when_rx(&s.rig, B, i + 1);
		assert_int_equal(rig_stats(&s.rig, A).tx_packets, 0);
	}
	scene_end(&s);
}

/** Many streams share a port: each phone reaches its own peer and none other. */
static void test_streams_on_one_port_do_not_mix(void **state)
{
	(void)state;
	enum { N = 12 };
	struct rig r;
	rig_start(&r, US, 64);
	uint16_t port = rig_open_port(&r);
	struct phone p[N];
	for (uint64_t i = 0; i < N; i++) {
		p[i] = phone_at("127.0.0.2");
		struct media_set set = rig_set_of(port, US, p[i].at);
		set.sink = MEDIA_SINK_PEER;
		set.peer = 1 + (i ^ 1);
		rig_set(&r, 1 + i, &set);
	}
	rig_sync(&r);
	struct phone evil = phone_at("127.0.0.2");
	for (uint16_t round = 1; round < 10; round++) {
		phone_rtp(&evil, US, port, round, 1000);
		for (size_t i = 0; i < N; i++)
			phone_rtp(&p[i], US, port, round, (uint32_t)(1000 + i));
		for (size_t i = 0; i < N; i++) {
			uint8_t got[RIG_PACKET];
			struct rtp_header h;
			size_t n = phone_recv(&p[i], got, NULL);
			assert_int_equal(rtp_parse(&h, got, n), 0);
			assert_int_equal(h.ssrc, 1000 + (i ^ 1));
			assert_int_equal(h.seq, round);
		}
	}
	assert_true(phone_is_quiet(&evil));
	for (size_t i = 0; i < N; i++) {
		assert_true(phone_is_quiet(&p[i]));
		phone_close(&p[i]);
	}
	for (int i = 0; i < RIG_WAIT_MS && metric_get(&r.metrics, METRIC_MEDIA_REFUSED) < 9; i++)
		rig_sync(&r); /* counts reach the metrics at the end of a turn */
	assert_int_equal(metric_get(&r.metrics, METRIC_MEDIA_REFUSED), 9);
	phone_close(&evil);
	rig_stop(&r);
}

/** Two phones behind one NAT on one port: the open place is one's until it is locked. */
static void test_open_place_passes_on_once_its_stream_is_locked(void **state)
{
	(void)state;
	struct scene s;
	scene_begin(&s);
	behind_nat(&s);
	scene_set(&s);
	struct media_set third = s.set_a;
	third.sink = MEDIA_SINK_ECHO;
	rig_set(&s.rig, 3, &third); /* the same place: must wait */
	rig_sync(&s.rig);
	assert_heard(&s, &s.a, 1);
	rig_expect(&s.rig, MEDIA_EV_LOCKED, A);
	assert_int_equal(rig_count(&s.rig, MEDIA_EV_LOCKED, 3), 0);
	uint8_t got[RIG_PACKET];
	for (int i = 0; i < 100000 && rig_count(&s.rig, MEDIA_EV_LOCKED, 3) == 0; i++) {
		attack(&s, &s.same, (uint16_t)i);
		rig_stats(&s.rig, 3);
	}
	struct media_event ev = rig_expect(&s.rig, MEDIA_EV_LOCKED, 3);
	assert_true(addr_eq(&ev.addr, &s.same.at));
	phone_recv(&s.same, got, NULL);
	assert_heard(&s, &s.a, 2);
	scene_end(&s);
}

/** A stream cannot take the address that another one hears, until that one ends. */
static void test_second_claim_of_one_address_waits_for_the_first_to_end(void **state)
{
	(void)state;
	struct scene s;
	scene_begin(&s);
	scene_set(&s);
	struct media_set third = s.set_a;
	third.sink = MEDIA_SINK_ECHO;
	rig_set(&s.rig, 3, &third);
	rig_sync(&s.rig);
	assert_heard(&s, &s.a, 1);
	assert_int_equal(rig_stats(&s.rig, 3).rx_packets, 0);
	rig_post(&s.rig, MEDIA_CMD_DESTROY, A, 0);
	rig_expect(&s.rig, MEDIA_EV_ENDED, A);
	for (int i = 0; i < 100000 && rig_count(&s.rig, MEDIA_EV_LOCKED, 3) == 0; i++) {
		attack(&s, &s.a, 2);
		rig_stats(&s.rig, 3);
	}
	rig_expect(&s.rig, MEDIA_EV_LOCKED, 3);
	assert_true(phone_is_quiet(&s.b));
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_exact_attacker_who_sends_first_gets_and_says_nothing),
	    cmocka_unit_test(test_exact_attacker_in_the_midst_with_right_ssrc_is_refused),
	    cmocka_unit_test(test_nat_latches_the_signalling_address_alone),
	    cmocka_unit_test(test_nat_lock_keeps_out_another_port_of_the_same_address),
	    cmocka_unit_test(test_nat_latches_the_signalled_address_too),
	    cmocka_unit_test(test_nat_private_address_named_from_outside_gets_nothing),
	    cmocka_unit_test(test_only_media_latches),
	    cmocka_unit_test(test_only_a_new_description_moves_a_locked_stream),
	    cmocka_unit_test(test_exact_follows_the_signalled_address),
	    cmocka_unit_test(test_held_stream_keeps_its_lock),
	    cmocka_unit_test(test_without_a_source_nobody_is_heard_or_answered),
	    cmocka_unit_test(test_unusable_addresses_are_not_sent_to),
	    cmocka_unit_test(test_streams_on_one_port_do_not_mix),
	    cmocka_unit_test(test_open_place_passes_on_once_its_stream_is_locked),
	    cmocka_unit_test(test_second_claim_of_one_address_waits_for_the_first_to_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
