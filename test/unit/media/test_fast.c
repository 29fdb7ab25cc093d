// SPDX-License-Identifier: Apache-2.0
/* The fast path beside the media thread alone: the same bytes, headers and counters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "media/fast.h"
#include "media_rig.h"
#include "rtp/rtp.h"

#define US "127.0.0.1"

enum { A = 1, B = 2, SSRC = 0xaaaa0001, STEPS = 400, TOS_EF = 46 << 2, TTL = 64 };

static bool there;

static void skip_unless_there(void)
{
	if (!there)
		skip();
}

/* -- the judgement, compiled for this process ---------------------------------------------- */

static uint32_t below(unsigned *seed, uint32_t n)
{
	return (uint32_t)rand_r(seed) % n;
}

/** Mostly in sequence; else lost, late, twice, wild, or somebody else's. */
static void next_header(unsigned *seed, struct rtp_header *h)
{
	switch (below(seed, 12)) {
	case 0:
		h->seq = (uint16_t)(h->seq + 2 + below(seed, 4));
		break;
	case 1:
		h->seq = (uint16_t)(h->seq - below(seed, 70));
		break;
	case 2:
		break;
	case 3:
		h->seq = (uint16_t)(h->seq + (below(seed, 4) ? 1 : 5000));
		break;
	case 4:
		h->ssrc ^= below(seed, 6) == 0;
		h->seq++;
		break;
	default:
		h->seq++;
	}
	h->timestamp += 160;
	h->pt = below(seed, 20) ? 0 : 101;
}

static void test_counts_as_the_receiver_does(void **state)
{
	(void)state;
	for (unsigned start = 1; start <= 200; start++) {
		unsigned seed = start;
		struct rtp_receiver alone;
		struct fast_flow f = {.passes = {UINT64_MAX, ~(UINT64_C(1) << (101 - 64))}};
		struct rtp_header h = {.ssrc = SSRC, .seq = (uint16_t)(65500 + start)};
		uint64_t now_us = 1000000, taken = 0;
		rtp_receiver_init(&alone, 8000);
		f.rx = alone;
		for (int i = 0; i < STEPS; i++) {
			uint8_t p[RTP_HEADER_MIN];
			next_header(&seed, &h);
			now_us += 19000 + below(&seed, 2000);
			rtp_put(p, &h);
			(void)rtp_receiver_packet(&alone, &h, now_us, h.pt != 101);
			if (fast_take(&f, p, 172, now_us))
				taken++;
			else
				(void)rtp_receiver_packet(&f.rx, &h, now_us, h.pt != 101);
		}
		assert_memory_equal(&alone, &f.rx, sizeof alone);
		assert_int_equal(f.packets, taken);
		assert_int_equal(f.bytes, 172 * taken);
		assert_true(taken > STEPS / 4);
	}
}

static void test_leaves_what_is_not_plain_rtp(void **state)
{
	(void)state;
	static const uint8_t first[] = {0x00, 0x10, 0x16, 0x40, 0x90, 0xa0, 0x81, 0xc0};
	struct fast_flow f = {.passes = {UINT64_MAX, ~(UINT64_C(1) << (101 - 64))}};
	struct rtp_header h = {.ssrc = SSRC, .seq = 1};
	uint8_t p[RTP_HEADER_MIN];
	rtp_receiver_init(&f.rx, 8000);
	for (; h.seq <= 2; h.seq++)
		(void)rtp_receiver_packet(&f.rx, &h, h.seq, true);
	rtp_put(p, &h);
	for (size_t i = 0; i < sizeof first; i++) {
		p[0] = first[i];
		assert_false(fast_take(&f, p, 172, 5));
	}
	p[0] = 0x80;
	for (unsigned pt = 64; pt <= 95; pt++) {
		p[1] = (uint8_t)pt; /* RFC 5761: RTCP */
		assert_false(fast_take(&f, p, 172, 5));
	}
	p[1] = 101;
	assert_false(fast_take(&f, p, 172, 5));
	p[1] = 0x80;
	assert_false(fast_take(&f, p, RTP_HEADER_MIN - 1, 5));
	assert_false(fast_take(&f, p, FAST_MAX_PACKET + 1, 5));
	assert_int_equal(f.packets, 0);
	assert_true(fast_take(&f, p, 172, 5));
}

/* -- the kernel ----------------------------------------------------------------------------- */

struct call {
	struct rig rig;
	uint16_t port_a, port_b;
	struct phone a, b, evil;
	struct media_set set_a, set_b;
};

static void call_begin(struct call *c, bool accel)
{
	rig_accel = accel;
	rig_start(&c->rig, US, 16);
	c->port_a = rig_open_port(&c->rig);
	c->port_b = rig_open_port(&c->rig);
	c->a = phone_at("127.0.0.2");
	c->b = phone_at("127.0.0.3");
	c->evil = phone_at("127.0.0.4");
	c->set_a = rig_set_of(c->port_a, US, c->a.at);
	c->set_b = rig_set_of(c->port_b, US, c->b.at);
	c->set_a.sink = c->set_b.sink = MEDIA_SINK_PEER;
	c->set_a.peer = B;
	c->set_b.peer = A;
	rig_set(&c->rig, A, &c->set_a);
	rig_set(&c->rig, B, &c->set_b);
	rig_sync(&c->rig);
	int on = 1;
	assert_int_equal(setsockopt(c->b.fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof on), 0);
	assert_int_equal(setsockopt(c->b.fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof on), 0);
}

static void call_end(struct call *c)
{
	rig_stop(&c->rig);
	phone_close(&c->a);
	phone_close(&c->b);
	phone_close(&c->evil);
}

struct heard {
	uint8_t bytes[RIG_PACKET];
	size_t n;
	uint16_t port;
	int tos, ttl;
};

static void hear(const struct call *c, struct heard *out)
{
	struct pollfd ready = {.fd = c->b.fd, .events = POLLIN};
	struct sockaddr_in from;
	uint8_t control[128] __attribute__((aligned(16)));
	struct iovec iov = {out->bytes, sizeof out->bytes};
	struct msghdr m = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &iov,
	                   .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	assert_int_equal(poll(&ready, 1, RIG_WAIT_MS), 1);
	ssize_t n = recvmsg(c->b.fd, &m, 0);
	assert_true(n > 0);
	out->n = (size_t)n;
	out->port = ntohs(from.sin_port);
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		if (h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_TOS)
			out->tos = *(uint8_t *)CMSG_DATA(h);
		if (h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_TTL)
			memcpy(&out->ttl, CMSG_DATA(h), sizeof out->ttl);
	}
}

/** A packet that must reach B, and how. */
static void pass(const struct call *c, const uint8_t *p, size_t n)
{
	struct heard got = {0};
	phone_send(&c->a, US, c->port_a, p, n);
	hear(c, &got);
	assert_int_equal(got.n, n);
	assert_memory_equal(got.bytes, p, n);
	assert_int_equal(got.port, c->port_b);
	assert_int_equal(got.tos, TOS_EF);
	assert_int_equal(got.ttl, TTL);
}

static uint64_t by_kernel(const struct call *c)
{
	return metric_get(&c->rig.metrics, METRIC_MEDIA_FAST);
}

/** The same packets to both; each that is to pass must, and the other ones must not. */
static struct media_stats play(unsigned seed, bool accel, uint64_t *fast)
{
	struct call c;
	struct rtp_header h = {.ssrc = SSRC, .seq = (uint16_t)(65500 + seed)};
	uint64_t malformed = 0, refused = 0;
	call_begin(&c, accel);
	for (int i = 0; i < STEPS; i++) {
		uint8_t p[RIG_RTP + 8] = {0};
		size_t n = RIG_RTP - below(&seed, 40);
		next_header(&seed, &h);
		rig_rtp(p, h.pt, h.seq, h.ssrc, (uint8_t)i);
		switch (below(&seed, 40)) {
		case 0: /* STUN */
			p[0] = 0;
			phone_send(&c.a, US, c.port_a, p, n);
			rig_stats_when_malformed(&c.rig, A, ++malformed);
			continue;
		case 1: /* with somebody else's address */
			phone_send(&c.evil, US, c.port_a, p, n);
			rig_stats_when_refused(&c.rig, A, ++refused);
			continue;
		case 2: /* with a CSRC: well formed, and not plain */
			p[0] = 0x81;
			break;
		default:
			break;
		}
		pass(&c, p, n);
	}
	rig_sync(&c.rig);
	assert_true(phone_is_quiet(&c.b) && phone_is_quiet(&c.evil));
	rig_post(&c.rig, MEDIA_CMD_DESTROY, A, 0);
	struct media_stats st = rig_expect(&c.rig, MEDIA_EV_ENDED, A).stats;
	struct media_stats sink = rig_stats(&c.rig, B);
	assert_int_equal(sink.tx_packets, st.rx_packets);
	assert_int_equal(sink.tx_bytes, st.rx_bytes);
	assert_int_equal(metric_get(&c.rig.metrics, METRIC_MEDIA_TX), st.rx_packets);
	*fast = by_kernel(&c);
	call_end(&c);
	return st;
}

static void test_same_bytes_and_counters_as_without(void **state)
{
	(void)state;
	skip_unless_there();
	for (unsigned seed = 1; seed <= 4; seed++) {
		uint64_t none, fast;
		struct media_stats alone = play(seed, false, &none), both = play(seed, true, &fast);
		assert_int_equal(none, 0);
		assert_true(fast > STEPS / 5);
		assert_int_equal(both.rx_packets, alone.rx_packets);
		assert_int_equal(both.rx_bytes, alone.rx_bytes);
		assert_int_equal(both.rx_lost, alone.rx_lost);
		assert_int_equal(both.rx_reordered, alone.rx_reordered);
		assert_int_equal(both.rx_duplicate, alone.rx_duplicate);
		assert_int_equal(both.rx_malformed, alone.rx_malformed);
		assert_int_equal(both.rx_refused, alone.rx_refused);
		assert_int_equal(both.ssrc, alone.ssrc);
		assert_int_equal(both.pt, alone.pt);
	}
}

static void say(const struct call *c, uint16_t first, uint16_t n)
{
	uint8_t p[RIG_RTP];
	for (uint16_t i = 0; i < n; i++) {
		rig_rtp(p, 0, (uint16_t)(first + i), SSRC, (uint8_t)i);
		pass(c, p, sizeof p);
	}
}

static void test_hold_and_resume_take_the_flow_back(void **state)
{
	(void)state;
	skip_unless_there();
	struct call c;
	call_begin(&c, true);
	say(&c, 1, 20);
	c.set_a.hear = false;
	rig_set(&c.rig, A, &c.set_a);
	rig_sync(&c.rig);
	assert_true(by_kernel(&c) > 10);
	phone_rtp(&c.a, US, c.port_a, 21, SSRC);
	rig_stats_when_rx(&c.rig, A, 21);
	assert_true(phone_is_quiet(&c.b));
	c.set_a.hear = true;
	rig_set(&c.rig, A, &c.set_a);
	rig_sync(&c.rig);
	say(&c, 22, 20);
	assert_int_equal(rig_stats(&c.rig, A).rx_packets, 41);
	assert_int_equal(rig_stats(&c.rig, A).rx_lost, 0);
	call_end(&c);
}

static void test_types_with_another_number_go_through_the_thread(void **state)
{
	(void)state;
	skip_unless_there();
	struct call c;
	call_begin(&c, true);
	c.set_a.map_pt = true;
	memset(c.set_a.pt_map, 255, sizeof c.set_a.pt_map);
	c.set_a.pt_map[0] = 0;
	c.set_a.pt_map[96] = 111;
	rig_set(&c.rig, A, &c.set_a);
	rig_sync(&c.rig);
	say(&c, 1, 20);
	uint8_t p[RIG_RTP], got[RIG_PACKET];
	rig_rtp(p, 96, 21, SSRC, 0);
	phone_send(&c.a, US, c.port_a, p, sizeof p);
	assert_int_equal(phone_recv(&c.b, got, NULL), RIG_RTP);
	assert_int_equal(got[1], 111);
	rig_rtp(p, 8, 22, SSRC, 0); /* not wanted there */
	phone_send(&c.a, US, c.port_a, p, sizeof p);
	say(&c, 23, 20);
	assert_int_equal(rig_stats(&c.rig, A).rx_packets, 42);
	assert_true(by_kernel(&c) > 20);
	call_end(&c);
}

static void test_peer_that_leaves_gets_nothing_more(void **state)
{
	(void)state;
	skip_unless_there();
	struct call c;
	call_begin(&c, true);
	say(&c, 1, 20);
	rig_post(&c.rig, MEDIA_CMD_DESTROY, B, 0);
	struct media_stats st = rig_expect(&c.rig, MEDIA_EV_ENDED, B).stats;
	assert_int_equal(st.tx_packets, 20);
	phone_rtp(&c.a, US, c.port_a, 21, SSRC);
	rig_stats_when_rx(&c.rig, A, 21);
	assert_true(phone_is_quiet(&c.b));
	call_end(&c);
}

static void test_silence_is_noticed_and_counted_from_the_last_packet(void **state)
{
	(void)state;
	skip_unless_there();
	struct call c;
	call_begin(&c, true);
	say(&c, 1, 20);
	c.set_a.expect = true;
	c.set_a.silence_ms = 50;
	rig_set(&c.rig, A, &c.set_a);
	rig_sync(&c.rig);
	(void)rig_expect(&c.rig, MEDIA_EV_SILENCE, A);
	say(&c, 21, 1);
	(void)rig_expect(&c.rig, MEDIA_EV_RESUMED, A);
	assert_int_equal(rig_stats(&c.rig, A).rx_packets, 21);
	call_end(&c);
}

/** A daemon that died must not relay on. */
static void test_entry_that_nobody_vouches_for_relays_nothing(void **state)
{
	(void)state;
	skip_unless_there();
	struct fast_path *path;
	struct fast_table t;
	const struct fast_path_args args = {
	    .threads = 1, .flows_per_thread = 1, .address = rig_addr(US, 0)};
	assert_int_equal(fast_path_new(&path, &args), 0);
	assert_int_equal(fast_table_init(&t, path, 0), 0);
	struct phone a = phone_at("127.0.0.2"), b = phone_at("127.0.0.3"), us = phone_at(US);
	struct fast_flow like = {.passes = {UINT64_MAX, UINT64_MAX}};
	struct rtp_header h = {.ssrc = SSRC, .seq = 1};
	uint8_t p[RIG_RTP], got[RIG_PACKET];
	rtp_receiver_init(&like.rx, 8000);
	for (; h.seq <= 2; h.seq++)
		(void)rtp_receiver_packet(&like.rx, &h, h.seq, true);
	uint32_t number = fast_add(&t, &a.at, &us.at, &us.at, &b.at, &like);
	assert_int_not_equal(number, FAST_NONE);
	assert_int_equal(fast_add(&t, &b.at, &us.at, &us.at, &a.at, &like), FAST_NONE); /* full */
	rig_rtp(p, 0, 3, SSRC, 1);
	phone_send(&a, US, us.at.port, p, sizeof p);
	assert_int_equal(phone_recv(&us, got, NULL), RIG_RTP);
	fast_table_vouch(&t, clock_mono_us());
	phone_send(&a, US, us.at.port, p, sizeof p);
	assert_int_equal(phone_recv(&b, got, NULL), RIG_RTP);
	assert_true(phone_is_quiet(&us));
	fast_remove(&t, number);
	assert_int_equal(fast_at(&t, number)->packets, 1);
	phone_send(&a, US, us.at.port, p, sizeof p);
	assert_int_equal(phone_recv(&us, got, NULL), RIG_RTP);
	fast_table_fini(&t);
	fast_path_free(path);
	phone_close(&a);
	phone_close(&b);
	phone_close(&us);
}

static void test_without_the_right_to_it_the_thread_relays(void **state)
{
	(void)state;
	skip_unless_there();
	struct call c;
	assert_int_equal(seteuid(65534), 0);
	call_begin(&c, true);
	say(&c, 1, 20);
	assert_int_equal(by_kernel(&c), 0);
	call_end(&c);
	assert_int_equal(seteuid(0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_counts_as_the_receiver_does),
	    cmocka_unit_test(test_leaves_what_is_not_plain_rtp),
	    cmocka_unit_test(test_same_bytes_and_counters_as_without),
	    cmocka_unit_test(test_hold_and_resume_take_the_flow_back),
	    cmocka_unit_test(test_types_with_another_number_go_through_the_thread),
	    cmocka_unit_test(test_peer_that_leaves_gets_nothing_more),
	    cmocka_unit_test(test_silence_is_noticed_and_counted_from_the_last_packet),
	    cmocka_unit_test(test_entry_that_nobody_vouches_for_relays_nothing),
	    cmocka_unit_test(test_without_the_right_to_it_the_thread_relays),
	};
	there = rig_try_accel();
	if (!there)
		puts("no fast path here: the kernel's part is skipped");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
