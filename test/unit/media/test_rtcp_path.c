// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "media/worker.h"
#include "media_rig.h"

#define US "127.0.0.1"

enum { A = 1, B = 2, SSRC_A = 0xaaaa0001, SSRC_B = 0xbbbb0001 };

struct call {
	struct rig rig;
	uint16_t port_a, port_b;
	struct phone a, b, a_rtcp, b_rtcp;
	struct media_set set_a, set_b;
};

static void call_begin(struct call *c)
{
	rig_start(&c->rig, US, 16);
	c->port_a = rig_open_port(&c->rig);
	c->port_b = rig_open_port(&c->rig);
	c->a = phone_at("127.0.0.2");
	c->a_rtcp = phone_at("127.0.0.2");
	c->b = phone_at("127.0.0.3");
	c->b_rtcp = phone_at("127.0.0.3");
	c->set_a = rig_set_of(c->port_a, US, c->a.at);
	c->set_b = rig_set_of(c->port_b, US, c->b.at);
	c->set_a.sink = c->set_b.sink = MEDIA_SINK_PEER;
	c->set_a.peer = B;
	c->set_b.peer = A;
	c->set_a.remote_rtcp = c->a_rtcp.at;
	c->set_b.remote_rtcp = c->b_rtcp.at;
}

static void call_set(struct call *c)
{
	rig_set(&c->rig, A, &c->set_a);
	rig_set(&c->rig, B, &c->set_b);
	rig_sync(&c->rig);
}

static void call_end(struct call *c)
{
	rig_stop(&c->rig);
	phone_close(&c->a);
	phone_close(&c->a_rtcp);
	phone_close(&c->b);
	phone_close(&c->b_rtcp);
}

/** Each side has been heard: the reports have something to speak of. */
static void talk(struct call *c)
{
	uint8_t got[RIG_PACKET];
	for (uint16_t seq = 1; seq <= 3; seq++) {
		phone_rtp(&c->a, US, c->port_a, seq, SSRC_A);
		phone_recv(&c->b, got, NULL);
		phone_rtp(&c->b, US, c->port_b, seq, SSRC_B);
		phone_recv(&c->a, got, NULL);
	}
}

static size_t compound(uint8_t out[RIG_PACKET], uint32_t ssrc, const struct rtcp_sender *sr,
                       const struct rtcp_block *block)
{
	struct buf b;
	buf_init_fixed(&b, out, RIG_PACKET);
	rtcp_put_report(&b, ssrc, sr, block, block ? 1 : 0, STR("alice@10.1.2.3"));
	rtcp_put_bye(&b, ssrc);
	assert_true(buf_ok(&b));
	return b.n;
}

static bool contains(const uint8_t *p, size_t n, const char *word)
{
	return memmem(p, n, word, strlen(word)) != NULL;
}

static void test_reports_pass_and_names_do_not(void **state) /* RFC 3550 section 6.1 */
{
	(void)state;
	struct call c;
	call_begin(&c);
	call_set(&c);
	talk(&c);
	uint8_t p[RIG_PACKET], got[RIG_PACKET];
	struct rtcp_sender sr = {
	    .ntp = 0x1234567890abcdef, .timestamp = 7, .packets = 3, .bytes = 480};
	struct rtcp_block block = {.ssrc = SSRC_B, .fraction = 64, .lost = 5, .jitter = 80};
	size_t n = compound(p, SSRC_A, &sr, &block);
	phone_send(&c.a_rtcp, US, (uint16_t)(c.port_a + 1), p, n);
	struct addr from;
	n = phone_recv(&c.b_rtcp, got, &from);
	assert_int_equal(from.port, c.port_b + 1);
	assert_false(contains(got, n, "10.1.2.3"));
	assert_memory_equal(got, p, 52); /* the SR with its block */
	struct rtcp_iter it;
	struct rtcp_packet pk;
	struct str cname;
	assert_int_equal(rtcp_check(&it, got, n), 0);
	assert_true(rtcp_next(&it, &pk) && pk.type == RTCP_SR);
	assert_true(rtcp_next(&it, &pk) && rtcp_cname(&pk, SSRC_A, &cname) && cname.n == 16);
	assert_true(rtcp_next(&it, &pk) && rtcp_bye_has(&pk, SSRC_A));
	assert_false(rtcp_next(&it, &pk));
	struct media_stats st = rig_stats_when_rtcp(&c.rig, A, 1);
	assert_true(st.peer_reported);
	assert_int_equal(st.peer_lost, 5);
	assert_int_equal(st.peer_fraction_lost_256, 64);
	assert_int_equal(st.peer_jitter_us, 10000);
	assert_int_equal(rig_stats(&c.rig, B).rtcp_tx, 1);
	call_end(&c);
}

static void test_app_and_padding_stay_behind(void **state)
{
	(void)state;
	struct call c;
	call_begin(&c);
	call_set(&c);
	talk(&c);
	static const uint8_t p[] = {
	    0x80, 201, 0, 1, 0xaa, 0xaa, 0, 1,                                   /* RR */
	    0x80, 204, 0, 3, 0xaa, 0xaa, 0, 1, 'n',  'a',  'm', 'e', 1, 2, 3, 4, /* APP */
	    0xa1, 206, 0, 3, 0xaa, 0xaa, 0, 1, 0xbb, 0xbb, 0,   1,   0, 0, 0, 4, /* PLI, padded */
	};
	phone_send(&c.a_rtcp, US, (uint16_t)(c.port_a + 1), p, sizeof p);
	uint8_t got[RIG_PACKET];
	size_t n = phone_recv(&c.b_rtcp, got, NULL);
	assert_false(contains(got, n, "name"));
	struct rtcp_iter it;
	struct rtcp_packet pk;
	assert_int_equal(rtcp_check(&it, got, n), 0);
	assert_true(rtcp_next(&it, &pk) && pk.type == RTCP_RR);
	assert_true(rtcp_next(&it, &pk) && pk.type == RTCP_PSFB && pk.n == 12);
	assert_true(rtcp_next(&it, &pk) && pk.type == RTCP_SDES);
	assert_false(rtcp_next(&it, &pk));
	call_end(&c);
}

/** Section 6.4.1: B's block about A's SR, which went through us, gives the way to B and back. */
static void test_round_trip_of_each_leg_is_measured_from_relayed_reports(void **state)
{
	(void)state;
	struct call c;
	call_begin(&c);
	call_set(&c);
	talk(&c);
	uint8_t p[RIG_PACKET], got[RIG_PACKET];
	struct rtcp_sender sr = {.ntp = 0x1234567890abcdef}; /* A's clock is its own */
	size_t n = compound(p, SSRC_A, &sr, NULL);
	phone_send(&c.a_rtcp, US, (uint16_t)(c.port_a + 1), p, n);
	phone_recv(&c.b_rtcp, got, NULL);
	/* B says it sent its report at once, though it came a second and more before. */
	struct rtcp_block block = {.ssrc = SSRC_A, .lsr = rtcp_ntp_mid(sr.ntp) - 0x18000};
	n = compound(p, SSRC_B, NULL, &block);
	phone_send(&c.b_rtcp, US, (uint16_t)(c.port_b + 1), p, n);
	struct media_stats st = rig_stats_when_rtcp(&c.rig, B, 1);
	assert_in_range(st.rtt_us, 1500000, 1500000 + RIG_WAIT_MS * 1000);
	assert_int_equal(rig_stats(&c.rig, A).rtt_us, 0);
	call_end(&c);
}

static void test_blocks_of_other_streams_are_ignored(void **state)
{
	(void)state;
	struct call c;
	call_begin(&c);
	call_set(&c);
	talk(&c);
	uint8_t p[RIG_PACKET];
	struct rtcp_block block = {.ssrc = 0x99999999, .lost = 1000};
	size_t n = compound(p, SSRC_A, NULL, &block);
	phone_send(&c.a_rtcp, US, (uint16_t)(c.port_a + 1), p, n);
	assert_false(rig_stats_when_rtcp(&c.rig, A, 1).peer_reported);
	call_end(&c);
}

static void test_exact_hears_rtcp_from_the_signalled_address_alone(void **state)
{
	(void)state;
	struct call c;
	call_begin(&c);
	call_set(&c);
	talk(&c);
	uint8_t p[RIG_PACKET], got[RIG_PACKET];
	size_t n = compound(p, SSRC_A, NULL, NULL);
	phone_send(&c.a, US, (uint16_t)(c.port_a + 1), p, n);
	phone_send(&c.b, US, (uint16_t)(c.port_a + 1), p, n);
	phone_send(&c.a_rtcp, US, (uint16_t)(c.port_a + 1), p, n);
	phone_recv(&c.b_rtcp, got, NULL);
	struct media_stats st = rig_stats_when_rtcp(&c.rig, A, 1);
	assert_int_equal(st.rx_refused, 2);
	assert_true(phone_is_quiet(&c.b_rtcp));
	call_end(&c);
}

static void test_malformed_compound_stays_behind(void **state) /* appendix A.2 */
{
	(void)state;
	struct call c;
	call_begin(&c);
	call_set(&c);
	talk(&c);
	uint8_t p[RIG_PACKET];
	size_t n = compound(p, SSRC_A, NULL, NULL);
	phone_send(&c.a_rtcp, US, (uint16_t)(c.port_a + 1), p, n - 4);
	rig_stats_when_malformed(&c.rig, A, 1);
	phone_rtp(&c.a_rtcp, US, (uint16_t)(c.port_a + 1), 1, SSRC_A); /* RTP on the odd port */
	rig_stats_when_malformed(&c.rig, A, 2);
	assert_true(phone_is_quiet(&c.b_rtcp));
	assert_true(phone_is_quiet(&c.b));
	call_end(&c);
}

static void test_muxed_side_and_separate_side_are_joined(void **state) /* RFC 5761 section 5.1.1 */
{
	(void)state;
	struct call c;
	call_begin(&c);
	c.set_a.rtcp_mux = true;
	call_set(&c);
	talk(&c);
	uint8_t p[RIG_PACKET], got[RIG_PACKET];
	size_t n = compound(p, SSRC_A, NULL, NULL);
	phone_send(&c.a, US, c.port_a, p, n);
	struct addr from;
	phone_recv(&c.b_rtcp, got, &from);
	assert_int_equal(from.port, c.port_b + 1);
	n = compound(p, SSRC_B, NULL, NULL);
	phone_send(&c.b_rtcp, US, (uint16_t)(c.port_b + 1), p, n);
	phone_recv(&c.a, got, &from);
	assert_int_equal(from.port, c.port_a);
	assert_int_equal(got[1], RTCP_RR);
	assert_int_equal(rig_stats_when_rtcp(&c.rig, A, 1).rx_packets, 3);
	call_end(&c);
}

static void test_rtcp_on_a_port_without_mux_is_not_taken(void **state)
{
	(void)state;
	struct call c;
	call_begin(&c);
	call_set(&c);
	talk(&c);
	uint8_t p[RIG_PACKET];
	phone_send(&c.a, US, c.port_a, p, compound(p, SSRC_A, NULL, NULL));
	assert_int_equal(rig_stats_when_malformed(&c.rig, A, 1).rtcp_rx, 0);
	call_end(&c);
}

/** Behind NAT: the locked address, any port until the first report of the locked SSRC. */
static void test_nat_latches_rtcp_by_address_and_ssrc(void **state)
{
	(void)state;
	struct call c;
	call_begin(&c);
	c.set_a.source = MEDIA_SOURCE_NAT;
	c.set_a.source_ip = rig_addr("127.0.0.2", 5060);
	c.set_a.remote = rig_addr("10.9.9.9", 4000);
	c.set_a.remote_rtcp = rig_addr("10.9.9.9", 4001);
	call_set(&c);
	uint8_t p[RIG_PACKET], got[RIG_PACKET];
	uint16_t rtcp = (uint16_t)(c.port_a + 1);
	size_t n = compound(p, SSRC_A, NULL, NULL);
	phone_send(&c.a_rtcp, US, rtcp, p, n); /* nothing is locked yet */
	rig_stats_when_refused(&c.rig, A, 1);
	talk(&c);
	phone_send(&c.b, US, rtcp, p, n); /* another address */
	uint8_t other[RIG_PACKET];
	phone_send(&c.a, US, rtcp, other,
	           compound(other, 0x12121212, NULL, NULL)); /* another SSRC */
	rig_stats_when_refused(&c.rig, A, 3);
	phone_send(&c.a_rtcp, US, rtcp, p, n);
	phone_recv(&c.b_rtcp, got, NULL);
	phone_send(&c.a, US, rtcp, p, n); /* another port, now that it is locked */
	rig_stats_when_refused(&c.rig, A, 4);
	n = compound(p, SSRC_B, NULL, NULL);
	phone_send(&c.b_rtcp, US, (uint16_t)(c.port_b + 1), p, n);
	phone_recv(&c.a_rtcp, got, NULL);
	assert_int_equal(rig_stats(&c.rig, A).rtcp_rx, 1);
	call_end(&c);
}

/* Reports of our own, in virtual time: a worker without its thread. */

struct alone {
	struct worker w;
	struct metrics metrics;
	struct log log;
	uint16_t port;
	struct phone phone, rtcp;
};

static void drop_event(uint16_t shard, struct media_event *ev, void *arg)
{
	(void)shard;
	(void)arg;
	free(ev);
}

static void alone_begin(struct alone *a, enum media_sink sink)
{
	memset(a, 0, sizeof *a);
	log_init_null(&a->log);
	struct media_args args = {.address = rig_addr(US, 0),
	                          .max_streams = 4,
	                          .rcvbuf_bytes = 65536,
	                          .log = &a->log,
	                          .metrics = &a->metrics,
	                          .on_event = drop_event};
	assert_int_equal(worker_init(&a->w, &args, NULL, 0), 0);
	do
		a->port = rig_free_port();
	while (socket_pool_open(&a->w.sockets, a->port) != 0);
	a->phone = phone_at("127.0.0.2");
	a->rtcp = phone_at("127.0.0.2");
	struct media_set set = rig_set_of(a->port, US, a->phone.at);
	set.remote_rtcp = a->rtcp.at;
	set.sink = sink;
	set.peer = B;
	assert_int_equal(stream_set(&a->w, A, 0, &set, &(struct media_voice){0}), 0);
}

static void alone_end(struct alone *a)
{
	stream_destroy(stream_find(&a->w, A));
	assert_int_equal(a->w.flows.n, 0);
	assert_int_equal(a->w.wheel.n, 0);
	worker_fini(&a->w);
	phone_close(&a->phone);
	phone_close(&a->rtcp);
}

static void pass_ms(struct alone *a, uint64_t ms)
{
	a->w.now_us += ms * 1000;
	a->w.now_ms += ms;
	timer_wheel_run(&a->w.wheel, a->w.now_ms);
	socket_pool_flush(&a->w.sockets);
}

static void hear(struct alone *a, uint16_t seq)
{
	uint8_t p[RIG_RTP];
	rig_rtp(p, 0, seq, SSRC_A, 0);
	struct packet pk = {.p = p, .n = sizeof p, .from = a->phone.at};
	uint16_t sock = socket_pool_out(&a->w.sockets, a->port, ADDR_V4, false);
	relay_datagram(&a->w, sock, &pk);
	socket_pool_flush(&a->w.sockets);
}

static void test_echo_is_reported_as_a_sender_every_five_seconds(void **state) /* 6.4.1 */
{
	(void)state;
	struct alone a;
	alone_begin(&a, MEDIA_SINK_ECHO);
	for (uint16_t seq = 1; seq <= 4; seq++)
		hear(&a, seq);
	hear(&a, 7); /* two lost */
	pass_ms(&a, 2400);
	assert_true(phone_is_quiet(&a.rtcp));
	pass_ms(&a, 5200);
	uint8_t got[RIG_PACKET];
	size_t n = phone_recv(&a.rtcp, got, NULL);
	struct rtcp_iter it;
	struct rtcp_packet pk;
	struct rtcp_sender sr;
	struct rtcp_block b;
	assert_int_equal(rtcp_check(&it, got, n), 0);
	assert_true(rtcp_next(&it, &pk) && rtcp_sender(&pk, &sr) && rtcp_block(&pk, 0, &b));
	assert_int_not_equal(pk.ssrc, SSRC_A);
	assert_int_equal(sr.packets, 5);
	assert_int_equal(sr.bytes, 5 * 160);
	assert_int_equal(sr.timestamp, 7 * 160 + 8 * 7600);
	assert_int_equal(b.ssrc, SSRC_A);
	assert_int_equal(b.lost, 2);
	struct str cname;
	assert_true(rtcp_next(&it, &pk) && rtcp_cname(&pk, stream_find(&a.w, A)->own_ssrc, &cname));
	alone_end(&a);
}

static void test_round_trip_of_an_echo_is_measured_from_our_reports(void **state)
{
	(void)state;
	struct alone a;
	alone_begin(&a, MEDIA_SINK_ECHO);
	hear(&a, 1);
	hear(&a, 2);
	pass_ms(&a, 7600);
	uint8_t got[RIG_PACKET], p[RIG_PACKET];
	size_t n = phone_recv(&a.rtcp, got, NULL);
	struct rtcp_iter it;
	struct rtcp_packet pk;
	struct rtcp_sender sr;
	assert_int_equal(rtcp_check(&it, got, n), 0);
	assert_true(rtcp_next(&it, &pk) && rtcp_sender(&pk, &sr));
	struct rtcp_block b = {
	    .ssrc = pk.ssrc, .lsr = rtcp_ntp_mid(sr.ntp), .dlsr = 0x8000 /* half a second */};
	struct packet in = {.p = p, .n = compound(p, SSRC_A, NULL, &b), .from = a.rtcp.at};
	a.w.now_us += 530000;
	relay_datagram(&a.w, socket_pool_out(&a.w.sockets, a.port, ADDR_V4, true), &in);
	struct media_stats st;
	stream_stats(stream_find(&a.w, A), &st);
	assert_in_range(st.rtt_us, 29900, 30100);
	alone_end(&a);
}

static void test_without_a_peer_we_report_as_a_receiver(void **state) /* 6.4.2 */
{
	(void)state;
	struct alone a;
	alone_begin(&a, MEDIA_SINK_PEER); /* which does not exist */
	hear(&a, 1);
	hear(&a, 2);
	pass_ms(&a, 30000);
	uint8_t got[RIG_PACKET];
	size_t n_reports = 0;
	for (; !phone_is_quiet(&a.rtcp); n_reports++) {
		size_t n = phone_recv(&a.rtcp, got, NULL);
		struct rtcp_iter it;
		struct rtcp_packet pk;
		assert_int_equal(rtcp_check(&it, got, n), 0);
		assert_true(rtcp_next(&it, &pk) && pk.type == RTCP_RR && pk.count == 1);
	}
	assert_in_range(n_reports, 4, 12); /* each after 2.5 to 7.5 seconds */
	alone_end(&a);
}

static void test_we_keep_quiet_while_the_other_end_reports(void **state)
{
	(void)state;
	struct alone a;
	alone_begin(&a, MEDIA_SINK_PEER);
	struct phone b_rtcp = phone_at("127.0.0.3");
	struct media_set set = rig_set_of(a.port, US, rig_addr("127.0.0.3", 9));
	set.remote_rtcp = b_rtcp.at;
	set.sink = MEDIA_SINK_PEER;
	set.peer = A;
	assert_int_equal(stream_set(&a.w, B, 0, &set, &(struct media_voice){0}), 0);
	uint8_t p[RIG_PACKET], got[RIG_PACKET];
	uint16_t sock = socket_pool_out(&a.w.sockets, a.port, ADDR_V4, true);
	for (int i = 0; i < 4; i++) {
		struct packet in = {
		    .p = p, .n = compound(p, SSRC_B, NULL, NULL), .from = b_rtcp.at};
		relay_datagram(&a.w, sock, &in);
		pass_ms(&a, 5000);
		assert_int_equal(phone_recv(&a.rtcp, got, NULL), 8 + 28 + 8); /* RR, SDES, BYE */
	}
	assert_true(phone_is_quiet(&a.rtcp));
	pass_ms(&a, 7600); /* it stopped: ours begin */
	pass_ms(&a, 7600);
	phone_recv(&a.rtcp, got, NULL);
	assert_int_equal(got[1], RTCP_RR);
	stream_destroy(stream_find(&a.w, B));
	phone_close(&b_rtcp);
	alone_end(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reports_pass_and_names_do_not),
	    cmocka_unit_test(test_app_and_padding_stay_behind),
	    cmocka_unit_test(test_round_trip_of_each_leg_is_measured_from_relayed_reports),
	    cmocka_unit_test(test_blocks_of_other_streams_are_ignored),
	    cmocka_unit_test(test_exact_hears_rtcp_from_the_signalled_address_alone),
	    cmocka_unit_test(test_malformed_compound_stays_behind),
	    cmocka_unit_test(test_muxed_side_and_separate_side_are_joined),
	    cmocka_unit_test(test_rtcp_on_a_port_without_mux_is_not_taken),
	    cmocka_unit_test(test_nat_latches_rtcp_by_address_and_ssrc),
	    cmocka_unit_test(test_echo_is_reported_as_a_sender_every_five_seconds),
	    cmocka_unit_test(test_round_trip_of_an_echo_is_measured_from_our_reports),
	    cmocka_unit_test(test_without_a_peer_we_report_as_a_receiver),
	    cmocka_unit_test(test_we_keep_quiet_while_the_other_end_reports),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
