// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "media_rig.h"
#include "rtp/rtp.h"

#define US "127.0.0.1"

enum { A = 1, B = 2, SSRC_A = 0xaaaa0001, SSRC_B = 0xbbbb0001 };

/** A call: two phones, a stream for each on its own port, joined. */
struct call {
	struct rig rig;
	uint16_t port_a, port_b;
	struct phone a, b;
	struct media_set set_a, set_b;
};

static void call_sets(struct call *c)
{
	c->set_a = rig_set_of(c->port_a, US, c->a.at);
	c->set_a.sink = MEDIA_SINK_PEER;
	c->set_a.peer = B;
	c->set_b = rig_set_of(c->port_b, US, c->b.at);
	c->set_b.sink = MEDIA_SINK_PEER;
	c->set_b.peer = A;
}

static void call_begin(struct call *c)
{
	rig_start(&c->rig, US, 16);
	c->port_a = rig_open_port(&c->rig);
	c->port_b = rig_open_port(&c->rig);
	c->a = phone_at("127.0.0.2");
	c->b = phone_at("127.0.0.3");
	call_sets(c);
	rig_set(&c->rig, A, &c->set_a);
	rig_set(&c->rig, B, &c->set_b);
	rig_sync(&c->rig);
}

static void call_end(struct call *c)
{
	rig_stop(&c->rig);
	phone_close(&c->a);
	phone_close(&c->b);
}

static void assert_passes(const struct phone *from, uint16_t to_port, const struct phone *to,
                          uint16_t seq)
{
	uint8_t got[RIG_PACKET], sent[RIG_RTP];
	rig_rtp(sent, 0, seq, SSRC_A, 9);
	phone_send(from, US, to_port, sent, sizeof sent);
	assert_int_equal(phone_recv(to, got, NULL), sizeof sent);
	assert_memory_equal(got, sent, sizeof sent);
}

static void test_relays_both_ways_unchanged_from_the_port_each_was_told(void **state)
{
	(void)state;
	struct call c;
	call_begin(&c);
	uint8_t sent[RIG_RTP], got[RIG_PACKET];
	struct addr from;
	for (uint16_t seq = 0; seq < 20; seq++) {
		rig_rtp(sent, 0, seq, SSRC_A, 1);
		phone_send(&c.a, US, c.port_a, sent, sizeof sent);
		assert_int_equal(phone_recv(&c.b, got, &from), RIG_RTP);
		assert_memory_equal(got, sent, sizeof sent);
		assert_int_equal(from.port, c.port_b);
		rig_rtp(sent, 8, (uint16_t)(seq + 100), SSRC_B, 2);
		phone_send(&c.b, US, c.port_b, sent, sizeof sent);
		assert_int_equal(phone_recv(&c.a, got, &from), RIG_RTP);
		assert_memory_equal(got, sent, sizeof sent);
		assert_int_equal(from.port, c.port_a);
	}
	struct media_stats st = rig_stats_when_rx(&c.rig, A, 20);
	assert_int_equal(st.tx_packets, 20);
	assert_int_equal(st.rx_bytes, 20 * RIG_RTP);
	assert_int_equal(st.tx_bytes, 20 * RIG_RTP);
	assert_int_equal(st.ssrc, SSRC_A);
	assert_int_equal(st.pt, 0);
	assert_true(addr_eq(&st.locked, &c.a.at));
	assert_true(st.first_ms && st.last_ms >= st.first_ms);
	assert_int_equal(rig_count(&c.rig, MEDIA_EV_LOCKED, A), 1);
	assert_int_equal(rig_count(&c.rig, MEDIA_EV_LOCKED, B), 1);
	call_end(&c);
}

static void test_payload_types_are_mapped_and_unwanted_ones_stay_behind(void **state)
{
	(void)state;
	struct call c;
	call_begin(&c);
	c.set_a.map_pt = true;
	for (uint8_t i = 0; i < 128; i++)
		c.set_a.pt_map[i] = i;
	c.set_a.pt_map[96] = 111;
	c.set_a.pt_map[13] = 255;
	rig_set(&c.rig, A, &c.set_a);
	rig_sync(&c.rig);
	uint8_t p[RIG_RTP], got[RIG_PACKET];
	rig_rtp(p, 13, 1, SSRC_A, 0);
	phone_send(&c.a, US, c.port_a, p, sizeof p);
	rig_rtp(p, 96, 2, SSRC_A, 0);
	p[1] |= 0x80; /* the marker stays */
	phone_send(&c.a, US, c.port_a, p, sizeof p);
	assert_int_equal(phone_recv(&c.b, got, NULL), RIG_RTP);
	assert_int_equal(got[1], 0x80 | 111);
	got[1] = p[1];
	assert_memory_equal(got, p, sizeof p);
	assert_passes(&c.a, c.port_a, &c.b, 3);
	call_end(&c);
}

static void test_held_stream_is_counted_and_not_forwarded(void **state)
{
	(void)state;
	struct call c;
	call_begin(&c);
	assert_passes(&c.a, c.port_a, &c.b, 1);
	c.set_a.hear = false;
	rig_set(&c.rig, A, &c.set_a);
	rig_sync(&c.rig);
	phone_rtp(&c.a, US, c.port_a, 2, SSRC_A);
	rig_stats_when_rx(&c.rig, A, 2);
	c.set_a.hear = true;
	rig_set(&c.rig, A, &c.set_a);
	rig_sync(&c.rig);
	assert_passes(&c.a, c.port_a, &c.b, 3); /* number 2 would have come first */
	call_end(&c);
}

static void test_peer_may_be_set_later(void **state)
{
	(void)state;
	struct call c;
	call_begin(&c);
	rig_post(&c.rig, MEDIA_CMD_DESTROY, B, 0);
	rig_expect(&c.rig, MEDIA_EV_ENDED, B);
	phone_rtp(&c.a, US, c.port_a, 1, SSRC_A);
	rig_stats_when_rx(&c.rig, A, 1);
	rig_set(&c.rig, B, &c.set_b);
	rig_sync(&c.rig);
	assert_passes(&c.a, c.port_a, &c.b, 2);
	call_end(&c);
}

/** The place of a destroyed stream is used again: who sent to it must not reach the new one. */
static void test_destroyed_peer_is_never_confused_with_the_next_stream(void **state)
{
	(void)state;
	struct call c;
	call_begin(&c);
	assert_passes(&c.a, c.port_a, &c.b, 1);
	rig_post(&c.rig, MEDIA_CMD_DESTROY, B, 0);
	struct media_event end = rig_expect(&c.rig, MEDIA_EV_ENDED, B);
	assert_int_equal(end.stats.tx_packets, 1);
	struct phone other = phone_at("127.0.0.4");
	struct media_set set = rig_set_of(c.port_b, US, other.at);
	rig_set(&c.rig, 3, &set);
	rig_sync(&c.rig);
	phone_rtp(&c.a, US, c.port_a, 2, SSRC_A);
	rig_stats_when_rx(&c.rig, A, 2);
	assert_int_equal(rig_stats(&c.rig, 3).tx_packets, 0);
	assert_true(phone_is_quiet(&other));
	assert_true(phone_is_quiet(&c.b));
	phone_close(&other);
	call_end(&c);
}

static void test_peer_that_ends_first_or_last_leaves_nothing_behind(void **state)
{
	(void)state;
	struct call c;
	call_begin(&c);
	for (int i = 0; i < 50; i++) {
		rig_post(&c.rig, MEDIA_CMD_DESTROY, i % 2 ? A : B, 0);
		rig_post(&c.rig, MEDIA_CMD_DESTROY, i % 2 ? B : A, 0);
		rig_expect(&c.rig, MEDIA_EV_ENDED, A);
		rig_expect(&c.rig, MEDIA_EV_ENDED, B);
		rig_set(&c.rig, i % 3 ? A : B, i % 3 ? &c.set_a : &c.set_b);
		rig_set(&c.rig, i % 3 ? B : A, i % 3 ? &c.set_b : &c.set_a);
	}
	rig_sync(&c.rig);
	assert_passes(&c.a, c.port_a, &c.b, 1);
	assert_int_equal(metric_get(&c.rig.metrics, METRIC_MEDIA_STREAMS), 2);
	call_end(&c);
}

static void test_sink_may_be_taken_away_and_changed(void **state)
{
	(void)state;
	struct call c;
	call_begin(&c);
	c.set_a.sink = MEDIA_SINK_NONE;
	rig_set(&c.rig, A, &c.set_a);
	rig_sync(&c.rig);
	phone_rtp(&c.a, US, c.port_a, 1, SSRC_A);
	rig_stats_when_rx(&c.rig, A, 1);
	struct phone other = phone_at("127.0.0.4");
	struct media_set set = rig_set_of(c.port_b, US, other.at);
	rig_set(&c.rig, 3, &set);
	c.set_a.sink = MEDIA_SINK_PEER;
	c.set_a.peer = 3;
	rig_set(&c.rig, A, &c.set_a);
	rig_sync(&c.rig);
	assert_passes(&c.a, c.port_a, &other, 2);
	assert_true(phone_is_quiet(&c.b));
	phone_close(&other);
	call_end(&c);
}

/** RFC 3550 section 8.2: its own SSRC coming back would look like a collision. */
static void test_echo_returns_packets_under_an_ssrc_of_its_own(void **state)
{
	(void)state;
	struct call c;
	call_begin(&c);
	c.set_a.sink = MEDIA_SINK_ECHO;
	rig_set(&c.rig, A, &c.set_a);
	rig_sync(&c.rig);
	uint8_t p[RIG_RTP], got[RIG_PACKET];
	uint32_t ssrc = 0;
	for (uint16_t seq = 5; seq < 8; seq++) {
		rig_rtp(p, 0, seq, SSRC_A, 3);
		phone_send(&c.a, US, c.port_a, p, sizeof p);
		assert_int_equal(phone_recv(&c.a, got, NULL), RIG_RTP);
		struct rtp_header h;
		assert_int_equal(rtp_parse(&h, got, RIG_RTP), 0);
		assert_int_not_equal(h.ssrc, SSRC_A);
		assert_true(ssrc == 0 || ssrc == h.ssrc);
		ssrc = h.ssrc;
		rtp_set_ssrc(got, SSRC_A);
		assert_memory_equal(got, p, sizeof p);
	}
	call_end(&c);
}

static void test_wildcard_serves_both_families_and_joins_them(void **state)
{
	(void)state;
	if (!rig_has_v6())
		skip();
	struct rig r;
	rig_start(&r, "0.0.0.0", 8);
	uint16_t port = rig_open_port(&r);
	struct phone a = phone_at("127.0.0.2"), b = phone_at("::1");
	struct media_set sa = rig_set_of(port, US, a.at), sb = rig_set_of(port, "::1", b.at);
	sa.sink = sb.sink = MEDIA_SINK_PEER;
	sa.peer = B;
	sb.peer = A;
	rig_set(&r, A, &sa);
	rig_set(&r, B, &sb);
	rig_sync(&r);
	uint8_t got[RIG_PACKET];
	struct addr from;
	phone_rtp(&a, US, port, 1, SSRC_A);
	phone_recv(&b, got, &from);
	struct addr us6 = rig_addr("::1", port);
	assert_true(addr_eq(&from, &us6));
	phone_rtp(&b, "::1", port, 1, SSRC_B);
	phone_recv(&a, got, &from);
	struct addr us4 = rig_addr(US, port);
	assert_true(addr_eq(&from, &us4));
	rig_stop(&r);
	phone_close(&a);
	phone_close(&b);
}

static void test_wildcard_sends_from_the_address_the_peer_was_told(void **state)
{
	(void)state;
	struct rig r;
	rig_start(&r, "::", 8);
	uint16_t port = rig_open_port(&r);
	struct phone a = phone_at("127.0.0.2");
	struct media_set set = rig_set_of(port, "127.0.0.9", a.at);
	set.sink = MEDIA_SINK_ECHO;
	rig_set(&r, A, &set);
	rig_sync(&r);
	phone_rtp(&a, "127.0.0.9", port, 1, SSRC_A);
	uint8_t got[RIG_PACKET];
	struct addr from;
	phone_recv(&a, got, &from);
	struct addr told = rig_addr("127.0.0.9", port);
	assert_true(addr_eq(&from, &told));
	rig_stop(&r);
	phone_close(&a);
}

static void test_concrete_address_opens_its_family_alone(void **state)
{
	(void)state;
	if (!rig_has_v6())
		skip();
	struct rig r;
	rig_start(&r, "::1", 8);
	uint16_t port = rig_open_port(&r);
	struct phone a = phone_at("::1"), b = phone_at("127.0.0.2");
	struct media_set set = rig_set_of(port, "::1", a.at);
	set.sink = MEDIA_SINK_ECHO;
	rig_set(&r, A, &set);
	set = rig_set_of(port, US, b.at); /* no socket can reach it: nothing breaks */
	set.sink = MEDIA_SINK_PEER;
	set.peer = A;
	rig_set(&r, B, &set);
	rig_sync(&r);
	phone_rtp(&a, "::1", port, 1, SSRC_A);
	uint8_t got[RIG_PACKET];
	assert_int_equal(phone_recv(&a, got, NULL), RIG_RTP);
	rig_stop(&r);
	phone_close(&a);
	phone_close(&b);
}

static void send_digit(const struct call *c, uint16_t seq, uint16_t duration, bool end)
{
	uint8_t p[RTP_HEADER_MIN + 4];
	struct rtp_header h = {
	    .pt = 101, .seq = seq, .timestamp = 4000, .ssrc = SSRC_A, .marker = seq == 10};
	rtp_put(p, &h);
	p[12] = 5;
	p[13] = end ? 0x8a : 0x0a;
	p[14] = (uint8_t)(duration >> 8);
	p[15] = (uint8_t)duration;
	phone_send(&c->a, US, c->port_a, p, sizeof p);
	uint8_t got[RIG_PACKET];
	assert_int_equal(phone_recv(&c->b, got, NULL), sizeof p);
	assert_memory_equal(got, p, sizeof p);
}

static void test_digit_passes_and_is_told_once(void **state) /* RFC 4733 section 2.5.1.4 */
{
	(void)state;
	struct call c;
	call_begin(&c);
	send_digit(&c, 10, 160, false);
	send_digit(&c, 11, 320, false);
	for (uint16_t i = 12; i < 15; i++)
		send_digit(&c, i, 800, true);
	struct media_event ev = rig_expect(&c.rig, MEDIA_EV_DTMF, A);
	assert_int_equal(ev.digit, '5');
	assert_int_equal(ev.duration_ms, 100);
	rig_sync(&c.rig);
	assert_int_equal(rig_count(&c.rig, MEDIA_EV_DTMF, A), 0);
	call_end(&c);
}

static void test_digit_whose_end_is_lost_is_told_after_a_while(void **state)
{
	(void)state;
	struct call c;
	call_begin(&c);
	send_digit(&c, 10, 160, false);
	send_digit(&c, 11, 480, false);
	struct media_event ev = rig_expect(&c.rig, MEDIA_EV_DTMF, A);
	assert_int_equal(ev.digit, '5');
	assert_int_equal(ev.duration_ms, 60);
	call_end(&c);
}

static void test_silence_is_told_once_and_resumption_too(void **state)
{
	(void)state;
	struct call c;
	call_begin(&c);
	c.set_a.silence_ms = c.set_b.silence_ms = 50;
	c.set_b.expect = false;
	rig_set(&c.rig, B, &c.set_b);
	c.set_a.expect = true;
	rig_set(&c.rig, A, &c.set_a);
	rig_expect(&c.rig, MEDIA_EV_SILENCE, A); /* nothing ever came */
	phone_rtp(&c.a, US, c.port_a, 1, SSRC_A);
	rig_expect(&c.rig, MEDIA_EV_RESUMED, A);
	rig_expect(&c.rig, MEDIA_EV_SILENCE, A);
	phone_rtp(&c.a, US, c.port_a, 2, SSRC_A);
	rig_expect(&c.rig, MEDIA_EV_RESUMED, A);
	assert_int_equal(rig_count(&c.rig, MEDIA_EV_LOCKED, A), 1);
	assert_int_equal(rig_count(&c.rig, MEDIA_EV_SILENCE, B), 0);
	assert_int_equal(rig_stats(&c.rig, A).rx_packets, 2);
	call_end(&c);
}

static void test_loss_reordering_and_duplicates_are_counted_exactly(void **state) /* A.3 */
{
	(void)state;
	struct call c;
	call_begin(&c);
	/* 65530..9 over the wrap: 65533 and 3 never come, 65535 late, 1 twice. */
	static const uint16_t seqs[] = {65530, 65531, 65532, 65534, 0, 65535, 1, 1,
	                                2,     4,     5,     6,     7, 8,     9};
	size_t n = sizeof seqs / sizeof seqs[0];
	for (size_t i = 0; i < n; i++)
		phone_rtp(&c.a, US, c.port_a, seqs[i], SSRC_A);
	struct media_stats st = rig_stats_when_rx(&c.rig, A, n);
	assert_int_equal(st.rx_lost, 2);
	assert_int_equal(st.rx_reordered, 1);
	assert_int_equal(st.rx_duplicate, 1);
	assert_int_equal(st.rx_refused, 0);
	assert_int_equal(st.rx_malformed, 0);
	uint8_t got[RIG_PACKET];
	for (size_t i = 0; i < n; i++) /* all of them pass, in the order they came */
		phone_recv(&c.b, got, NULL);
	call_end(&c);
}

static void test_what_is_no_rtp_is_counted_and_stays_behind(void **state)
{
	(void)state;
	struct call c;
	call_begin(&c);
	uint8_t big[RIG_PACKET] = {0x80};
	uint8_t bad[RIG_RTP];
	rig_rtp(bad, 0, 1, SSRC_A, 0);
	bad[0] = 0x40; /* version 1 */
	phone_send(&c.a, US, c.port_a, bad, sizeof bad);
	phone_send(&c.a, US, c.port_a, "\x80", 1);
	phone_send(&c.a, US, c.port_a, big, sizeof big);
	rig_rtp(bad, 0, 1, SSRC_A, 0);
	bad[0] = 0x8f; /* fifteen CSRCs in twenty bytes */
	phone_send(&c.a, US, c.port_a, bad, 20);
	phone_send(&c.a, US, c.port_a, "\0\1\0\0\x21\x12\xa4\x42", 8); /* STUN */
	assert_passes(&c.a, c.port_a, &c.b, 1);
	struct media_stats st = rig_stats_when_malformed(&c.rig, A, 5);
	assert_int_equal(st.rx_packets, 1);
	call_end(&c);
}

static void test_port_in_use_is_reported_to_the_shard_that_asked(void **state)
{
	(void)state;
	struct rig r;
	rig_start(&r, "0.0.0.0", 8);
	struct phone taken = phone_at("0.0.0.0");
	uint16_t port = (uint16_t)(taken.at.port & ~1u); /* RTP's or RTCP's is taken */
	rig_post(&r, MEDIA_CMD_OPEN_PORT, 44, port);
	struct media_event ev = rig_expect(&r, MEDIA_EV_PORT_FAILED, 44);
	assert_int_equal(ev.port, port);
	assert_int_equal(rig_shard(&r), 7);
	struct media_set set = rig_set_of(port, US, taken.at);
	rig_set(&r, A, &set); /* and a stream cannot live there */
	ev = rig_expect(&r, MEDIA_EV_PORT_FAILED, A);
	assert_int_equal(ev.port, port);
	uint16_t good = rig_open_port(&r);
	rig_post(&r, MEDIA_CMD_OPEN_PORT, 0, good); /* twice does no harm */
	rig_post(&r, MEDIA_CMD_OPEN_PORT, 45, (uint16_t)(good + 1));
	rig_expect(&r, MEDIA_EV_PORT_FAILED, 45); /* odd */
	assert_int_equal(rig_count(&r, MEDIA_EV_PORT_FAILED, 0), 0);
	rig_stop(&r);
	phone_close(&taken);
}

static void test_stream_above_the_limit_ends_at_once(void **state)
{
	(void)state;
	struct rig r;
	rig_start(&r, US, 2);
	uint16_t port = rig_open_port(&r);
	for (uint64_t id = 1; id <= 3; id++) {
		struct media_set set =
		    rig_set_of(port, US, rig_addr("127.0.0.2", (uint16_t)(5000 + id)));
		rig_set(&r, id, &set);
	}
	rig_expect(&r, MEDIA_EV_ENDED, 3);
	assert_int_equal(rig_count(&r, MEDIA_EV_ENDED, 1) + rig_count(&r, MEDIA_EV_ENDED, 2), 0);
	rig_post(&r, MEDIA_CMD_DESTROY, 1, 0);
	rig_expect(&r, MEDIA_EV_ENDED, 1);
	struct media_set set = rig_set_of(port, US, rig_addr("127.0.0.2", 5003));
	rig_set(&r, 3, &set);
	rig_sync(&r);
	assert_int_equal(rig_count(&r, MEDIA_EV_ENDED, 3), 0);
	rig_stop(&r);
}

/** Above 2000 packets a second the loop goes over to its 1 ms grid, and back. */
static void test_nothing_is_lost_while_the_loop_changes_its_manner(void **state)
{
	(void)state;
	struct call c;
	call_begin(&c);
	uint8_t got[RIG_PACKET];
	for (uint16_t burst = 0; burst < 200; burst++) {
		for (uint16_t i = 0; i < 50; i++)
			phone_rtp(&c.a, US, c.port_a, (uint16_t)(burst * 50 + i), SSRC_A);
		for (uint16_t i = 0; i < 50; i++) {
			phone_recv(&c.b, got, NULL);
			assert_int_equal(got[2] << 8 | got[3], burst * 50 + i);
		}
		rig_sync(&c.rig);
	}
	struct media_stats st = rig_stats_when_rx(&c.rig, A, 10000);
	assert_int_equal(st.rx_lost, 0);
	assert_int_equal(metric_get(&c.rig.metrics, METRIC_MEDIA_TX_FAILED), 0);
	call_end(&c);
}

/** The media thread is kept from reading: it cannot hand its event over while we hold the lock. */
static void test_full_mailbox_refuses_and_counts(void **state)
{
	(void)state;
	struct rig r;
	rig_start(&r, US, 2);
	uint16_t port = rig_open_port(&r);
	int err = 0;
	pthread_mutex_lock(&r.lock);
	rig_post(&r, MEDIA_CMD_STATS, A, 0);
	for (int i = 0; i < 1000000 && err == 0; i++) {
		struct media_cmd *cmd = calloc(1, sizeof *cmd);
		cmd->mail.kind = MEDIA_CMD_OPEN_PORT; /* open already: no event */
		cmd->port = port;
		err = media_post(r.media, 0, cmd);
	}
	pthread_mutex_unlock(&r.lock);
	assert_int_equal(err, E_LIMIT);
	assert_int_equal(metric_get(&r.metrics, METRIC_MEDIA_CMD_DROPPED), 1);
	rig_expect(&r, MEDIA_EV_STATS, A);
	rig_stop(&r);
}

static void test_streams_left_at_the_end_are_dropped_without_events(void **state)
{
	(void)state;
	struct call c;
	call_begin(&c);
	assert_passes(&c.a, c.port_a, &c.b, 1);
	media_free(c.rig.media);
	c.rig.media = NULL;
	assert_int_equal(rig_count(&c.rig, MEDIA_EV_ENDED, A), 0);
	call_end(&c);
}

static void test_impossible_settings_are_refused(void **state)
{
	(void)state;
	struct metrics metrics;
	struct media *m = NULL;
	struct media_args args = {
	    .threads = 0, .address = rig_addr(US, 0), .max_streams = 1, .metrics = &metrics};
	assert_int_equal(media_new(&m, &args), EINVAL);
	args.threads = 1;
	args.max_streams = 0;
	assert_int_equal(media_new(&m, &args), EINVAL);
	args.max_streams = 1;
	args.address = (struct addr){0};
	assert_int_equal(media_new(&m, &args), EINVAL);
	assert_null(m);
	media_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_relays_both_ways_unchanged_from_the_port_each_was_told),
	    cmocka_unit_test(test_payload_types_are_mapped_and_unwanted_ones_stay_behind),
	    cmocka_unit_test(test_held_stream_is_counted_and_not_forwarded),
	    cmocka_unit_test(test_peer_may_be_set_later),
	    cmocka_unit_test(test_destroyed_peer_is_never_confused_with_the_next_stream),
	    cmocka_unit_test(test_peer_that_ends_first_or_last_leaves_nothing_behind),
	    cmocka_unit_test(test_sink_may_be_taken_away_and_changed),
	    cmocka_unit_test(test_echo_returns_packets_under_an_ssrc_of_its_own),
	    cmocka_unit_test(test_wildcard_serves_both_families_and_joins_them),
	    cmocka_unit_test(test_wildcard_sends_from_the_address_the_peer_was_told),
	    cmocka_unit_test(test_concrete_address_opens_its_family_alone),
	    cmocka_unit_test(test_digit_passes_and_is_told_once),
	    cmocka_unit_test(test_digit_whose_end_is_lost_is_told_after_a_while),
	    cmocka_unit_test(test_silence_is_told_once_and_resumption_too),
	    cmocka_unit_test(test_loss_reordering_and_duplicates_are_counted_exactly),
	    cmocka_unit_test(test_what_is_no_rtp_is_counted_and_stays_behind),
	    cmocka_unit_test(test_port_in_use_is_reported_to_the_shard_that_asked),
	    cmocka_unit_test(test_stream_above_the_limit_ends_at_once),
	    cmocka_unit_test(test_nothing_is_lost_while_the_loop_changes_its_manner),
	    cmocka_unit_test(test_full_mailbox_refuses_and_counts),
	    cmocka_unit_test(test_streams_left_at_the_end_are_dropped_without_events),
	    cmocka_unit_test(test_impossible_settings_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
