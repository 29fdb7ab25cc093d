// SPDX-License-Identifier: Apache-2.0
/* The jitter buffer: a sender, a path and a listener on a virtual clock. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "rtp/jitter.h"

enum { HZ = 8000, TICK_MS = 20, FRAME = 160, ON_THE_WAY = 256 };

/* What the path does. */
struct path {
	double loss, duplicate;     /* of all packets */
	uint32_t base_ms, jitter_ms; /* even between base and base + jitter; may overtake */
	double skew_ppm;            /* the sender's clock runs faster */
	uint32_t stall_at_ms, stall_ms; /* nothing arrives for so long, then all at once */
};

struct flight {
	bool used;
	uint64_t at_us;
	struct jitter_packet pkt;
	uint32_t number;
};

struct sim {
	struct rng rng;
	struct path path;
	struct jitter *j;
	struct flight way[ON_THE_WAY];
	uint64_t now_us;
	/* sender */
	double next_send_us;
	uint16_t seq;
	uint32_t timestamp, ssrc, number, frame;
	bool marker, silent; /* the next packet is comfort noise, and none follow for pause_ms */
	uint32_t pause_ms;
	uint64_t sent, gone, doubled;
	/* listener */
	int64_t waits;              /* ticks decoded and not heard */
	bool stretches;
	uint64_t heard, concealed, nothing; /* packets; pieces; pieces */
	uint64_t stretched[2];
	int64_t last_number;
	uint64_t longer_delay_ms, worst_delay_ms;
};

static double chance(struct sim *s)
{
	return (double)(rng_u64(&s->rng) >> 11) / (double)(UINT64_C(1) << 53);
}

static struct sim *begin(uint64_t seed, struct path path)
{
	struct sim *s = calloc(1, sizeof *s);
	rng_init_seed(&s->rng, seed);
	s->path = path;
	s->j = jitter_new(&(struct jitter_args){.clock_hz = HZ, .min_ms = 20, .max_ms = 240});
	s->now_us = 5000000;
	s->next_send_us = 5000000;
	s->seq = (uint16_t)rng_u64(&s->rng);
	s->timestamp = (uint32_t)rng_u64(&s->rng);
	s->ssrc = 7;
	s->frame = FRAME;
	s->stretches = true;
	s->last_number = -1;
	return s;
}

static void end(struct sim *s)
{
	struct jitter_counts c = jitter_counts(s->j);
	uint64_t told = c.played + c.late + c.duplicate + c.refused + c.discarded;
	assert_true(c.put >= told && c.put - told <= JITTER_SLOTS); /* each packet is one of these */
	jitter_free(s->j);
	free(s);
}

static void launch(struct sim *s)
{
	uint64_t at = (uint64_t)s->next_send_us + s->path.base_ms * 1000u;
	at += (uint64_t)(chance(s) * s->path.jitter_ms * 1000);
	uint64_t from = 5000000 + s->path.stall_at_ms * 1000u, to = from + s->path.stall_ms * 1000u;
	if (at >= from && at < to)
		at = to;
	for (size_t i = 0; i < ON_THE_WAY; i++) {
		if (s->way[i].used)
			continue;
		s->way[i] = (struct flight){.used = true, .at_us = at, .number = s->number,
		        .pkt = {.ssrc = s->ssrc, .timestamp = s->timestamp, .seq = s->seq,
		                .ticks = s->silent ? 0 : s->frame, .silence = s->silent,
		                .marker = s->marker, .n = s->silent ? 1 : s->frame}};
		return;
	}
	fail_msg("the way is full");
}

/* The sender says nothing for so long; its clock goes on. */
static void pause_for(struct sim *s, uint32_t ms)
{
	s->timestamp += ms * HZ / 1000;
	s->next_send_us += ms * 1000.0;
	s->marker = true;
}

static void send(struct sim *s)
{
	s->sent++;
	if (chance(s) < s->path.loss) {
		s->gone++;
	} else {
		launch(s);
		if (chance(s) < s->path.duplicate) {
			launch(s);
			s->doubled++;
		}
	}
	s->number++;
	s->seq++;
	s->timestamp += s->frame;
	s->marker = false;
	s->next_send_us += s->frame * 1e6 / HZ / (1 + s->path.skew_ppm / 1e6);
	if (s->silent)
		pause_for(s, s->pause_ms);
	s->silent = false;
}

static void arrive(struct sim *s, struct flight *f)
{
	uint8_t bytes[JITTER_MAX_PAYLOAD];
	for (size_t i = 0; i < f->pkt.n; i++)
		bytes[i] = (uint8_t)(f->number + i);
	f->pkt.p = bytes;
	f->used = false;
	jitter_put(s->j, &f->pkt, f->at_us);
}

/* All that arrives until now, in its order. */
static void deliver(struct sim *s)
{
	for (;;) {
		struct flight *first = NULL;
		for (size_t i = 0; i < ON_THE_WAY; i++) {
			struct flight *f = &s->way[i];
			if (f->used && f->at_us <= s->now_us && (!first || f->at_us < first->at_us))
				first = f;
		}
		if (!first)
			return;
		arrive(s, first);
	}
}

/* Payloads are whole and come in their order. */
static void hear(struct sim *s, const struct jitter_out *out)
{
	for (size_t i = 0; i < out->pkt.n; i++)
		assert_int_equal(out->pkt.p[i], (uint8_t)(out->pkt.p[0] + i));
	if (s->last_number >= 0) { /* only a byte of the number travels */
		uint8_t step = (uint8_t)(out->pkt.p[0] - (uint8_t)s->last_number);
		assert_true(step > 0 && step < 128);
		s->last_number += step;
	} else {
		s->last_number = out->pkt.p[0];
	}
	s->heard++;
}

static void pull(struct sim *s)
{
	struct jitter_out out;
	enum jitter_got got = jitter_get(s->j, s->now_us, FRAME, &out);
	if (got == JITTER_PACKET)
		hear(s, &out);
	else
		assert_true(out.pkt.ticks >= 1 && out.pkt.ticks <= FRAME);
	s->concealed += got == JITTER_LOST;
	s->nothing += got == JITTER_NOTHING;
	s->waits += out.pkt.ticks;
	if (out.stretch && s->stretches) {
		s->waits += out.stretch * 40;
		s->stretched[out.stretch > 0]++;
	}
}

static void tick(struct sim *s)
{
	while (s->next_send_us <= (double)s->now_us)
		send(s);
	deliver(s);
	for (size_t i = 0; s->waits < FRAME; i++) {
		assert_true(i < 400);
		pull(s);
	}
	s->waits -= FRAME;
	s->now_us += TICK_MS * 1000;
	struct jitter_counts c = jitter_counts(s->j);
	s->longer_delay_ms += c.delay_ms;
	if (c.delay_ms > s->worst_delay_ms)
		s->worst_delay_ms = c.delay_ms;
}

static void run(struct sim *s, uint32_t ms)
{
	for (uint32_t t = 0; t < ms; t += TICK_MS)
		tick(s);
}

/* --- */

static void test_a_good_path_is_heard_whole_and_soon(void **state)
{
	(void)state;
	for (uint32_t frame = 80; frame <= 480; frame += 80) {
		struct sim *s = begin(frame, (struct path){.base_ms = 30});
		s->frame = frame;
		run(s, 60000);
		struct jitter_counts c = jitter_counts(s->j);
		assert_int_equal(s->concealed, 0);
		assert_int_equal(c.lost + c.late + c.reordered + c.duplicate + c.discarded, 0);
		assert_true(c.put - c.played <= 4);
		assert_true(c.max_delay_ms <= 60);
		assert_int_equal(s->stretched[0] + s->stretched[1], 0);
		end(s);
	}
}

static void test_jitter_of_60_ms_is_taken_up(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct sim *s = begin(seed, (struct path){.base_ms = 20, .jitter_ms = 60});
		run(s, 5000);
		struct jitter_counts before = jitter_counts(s->j);
		uint64_t concealed = s->concealed;
		run(s, 60000);
		struct jitter_counts c = jitter_counts(s->j);
		assert_true(c.reordered > 100); /* the path does what it should */
		assert_true(c.late - before.late < 3000 / 50);
		assert_true(c.lost <= 4); /* who came late is not lost */
		assert_true(s->concealed - concealed < 3000 / 25);
		assert_true(c.target_ms >= 48 && c.target_ms <= 72);
		assert_true(c.delay_ms < 110);
		end(s);
	}
}

static void test_what_is_lost_is_counted_and_concealed(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct sim *s = begin(seed, (struct path){.base_ms = 20, .jitter_ms = 10, .loss = 0.05});
		run(s, 60000);
		struct jitter_counts c = jitter_counts(s->j);
		assert_true(s->gone > 80);
		assert_in_range(c.lost, s->gone - 3, s->gone + 3); /* some at the end are not known yet */
		assert_int_equal(c.late, 0);
		assert_in_range(c.concealed_ms, (s->gone - 3) * 20, (s->gone + 6) * 20);
		assert_true(c.max_delay_ms < 100);
		end(s);
	}
}

static void test_duplicates_are_counted_and_heard_once(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct sim *s = begin(seed, (struct path){.base_ms = 20, .jitter_ms = 30, .duplicate = 0.1});
		run(s, 60000);
		struct jitter_counts c = jitter_counts(s->j);
		assert_in_range(c.duplicate, s->doubled - 3, s->doubled);
		assert_true(c.played <= s->sent);
		end(s);
	}
}

static void test_all_at_once(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct sim *s = begin(seed, (struct path){.base_ms = 20, .jitter_ms = 60, .loss = 0.05,
		                                          .duplicate = 0.02, .skew_ppm = 200});
		run(s, 120000);
		struct jitter_counts c = jitter_counts(s->j);
		assert_in_range(c.lost, s->gone > 8 ? s->gone - 8 : 0, s->gone + 8);
		assert_true(s->concealed < s->sent / 8);
		assert_true(s->nothing < 150);
		end(s);
	}
}

/* 200 ppm are 720 ms in an hour: the delay must not go with them. */
static void test_clocks_that_drift_for_an_hour(void **state)
{
	(void)state;
	for (int sign = -1; sign <= 1; sign += 2) {
		struct path path = {.base_ms = 30, .jitter_ms = 10, .skew_ppm = sign * 200};
		struct sim *s = begin(3, path);
		run(s, 3600000);
		struct jitter_counts c = jitter_counts(s->j);
		assert_true(s->worst_delay_ms < 80);
		assert_int_equal(c.lost, 0);
		assert_true(s->concealed <= 3);
		assert_true(c.discarded == 0);
		uint64_t made_up = s->stretched[sign < 0] * 5;
		assert_in_range(made_up, 600, 840); /* 5 ms each */
		end(s);
	}
}

static void test_drift_without_stretching_stays_within_bounds(void **state)
{
	(void)state;
	struct sim *s = begin(3, (struct path){.base_ms = 30, .skew_ppm = 200});
	s->stretches = false;
	run(s, 3600000);
	struct jitter_counts c = jitter_counts(s->j);
	assert_true(s->worst_delay_ms < 300);
	assert_true(c.discarded > 0 && c.discarded < 60);
	end(s);
}

static void test_a_pause_of_the_sender_is_silence_and_no_loss(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct sim *s = begin(seed, (struct path){.base_ms = 20, .jitter_ms = 10});
		for (size_t i = 0; i < 50; i++) {
			run(s, 500);
			s->silent = true;
			s->pause_ms = 100 + rng_below(&s->rng, 1500);
			run(s, 1700);
		}
		struct jitter_counts c = jitter_counts(s->j);
		assert_int_equal(c.lost + c.late + c.discarded, 0);
		assert_int_equal(s->concealed, 0);
		assert_true(c.max_delay_ms < 80);
		end(s);
	}
}

static void test_a_pause_without_a_word_is_concealed_but_briefly(void **state)
{
	(void)state;
	struct sim *s = begin(5, (struct path){.base_ms = 20, .jitter_ms = 10});
	for (size_t i = 0; i < 50; i++) {
		run(s, 500);
		pause_for(s, 1000);
		run(s, 1500);
	}
	struct jitter_counts c = jitter_counts(s->j);
	assert_int_equal(c.lost + c.late, 0);
	assert_true(c.concealed_ms <= 50 * 180);
	end(s);
}

static void test_a_burst_after_a_stall(void **state)
{
	(void)state;
	for (uint32_t stall = 100; stall <= 900; stall += 100) {
		struct sim *s = begin(stall, (struct path){.base_ms = 20, .jitter_ms = 10,
		                                           .stall_at_ms = 10000, .stall_ms = stall});
		run(s, 12000);
		struct jitter_counts c = jitter_counts(s->j);
		assert_true(s->worst_delay_ms <= 280); /* the longest, and a tick */
		run(s, 30000);
		c = jitter_counts(s->j);
		assert_true(c.delay_ms < 70); /* and back to normal */
		assert_int_equal(c.lost, 0);
		assert_true(c.put - c.played - c.discarded - c.late <= 4);
		end(s);
	}
}

static void test_another_source_is_heard_at_once(void **state)
{
	(void)state;
	struct sim *s = begin(6, (struct path){.base_ms = 20, .jitter_ms = 10});
	for (size_t i = 0; i < 20; i++) {
		run(s, 2000);
		s->ssrc++;
		s->seq = (uint16_t)rng_u64(&s->rng);
		s->timestamp = (uint32_t)rng_u64(&s->rng);
		uint64_t heard = s->heard;
		run(s, 200);
		assert_true(s->heard - heard >= 5);
	}
	struct jitter_counts c = jitter_counts(s->j);
	assert_in_range(c.restarts, 20, 60); /* old packets may come between new ones */
	assert_true(c.lost <= 2);
	end(s);
}

static void leap(struct sim *s, uint32_t timestamp, uint16_t seq)
{
	run(s, 2000);
	s->timestamp += timestamp;
	s->seq = (uint16_t)(s->seq + seq);
	uint64_t heard = s->heard;
	run(s, 400);
	assert_true(s->heard - heard >= 10);
	run(s, 3000);
	assert_true(s->heard - heard >= 150);
}

static void test_timestamps_and_numbers_that_leap(void **state)
{
	(void)state;
	struct sim *s = begin(6, (struct path){.base_ms = 20});
	leap(s, 100000, 0);
	leap(s, (uint32_t)-100000, 0);
	leap(s, 0x80000000u, 0);
	leap(s, 0, 20000);
	leap(s, 0, (uint16_t)-20000);
	leap(s, 12345678, 777);
	leap(s, 4000, 0);            /* half a second: a pause by the look of it */
	leap(s, (uint32_t)-4000, 0); /* and back */
	end(s);
}

static void test_a_single_wild_packet_changes_nothing(void **state)
{
	(void)state;
	struct sim *s = begin(6, (struct path){.base_ms = 20});
	run(s, 2000);
	uint8_t byte = 0;
	struct jitter_packet wild = {.ssrc = s->ssrc, .timestamp = s->timestamp + 1000000,
	                             .seq = (uint16_t)(s->seq + 30000), .ticks = 160, .p = &byte, .n = 1};
	assert_int_equal(jitter_put(s->j, &wild, s->now_us), JITTER_REFUSED);
	run(s, 2000);
	struct jitter_counts c = jitter_counts(s->j);
	assert_int_equal(s->concealed, 0);
	assert_int_equal(c.restarts, 0);
	assert_int_equal(c.refused, 1);
	end(s);
}

static void test_the_packet_behind_a_lost_one_is_offered(void **state)
{
	(void)state;
	struct jitter *j = jitter_new(&(struct jitter_args){.clock_hz = HZ, .min_ms = 60, .max_ms = 200});
	uint8_t b[3] = {1, 2, 3};
	for (uint16_t i = 0; i < 5; i++) {
		if (i == 2)
			continue;
		b[0] = (uint8_t)i;
		struct jitter_packet p = {.ssrc = 1, .seq = i, .timestamp = i * 160u, .ticks = 160,
		                          .p = b, .n = 3};
		assert_int_equal(jitter_put(j, &p, 1000000 + i * 20000u), JITTER_TAKEN);
	}
	struct jitter_out out;
	assert_int_equal(jitter_get(j, 1080000, 160, &out), JITTER_PACKET);
	assert_int_equal(jitter_get(j, 1100000, 160, &out), JITTER_PACKET);
	assert_int_equal(jitter_get(j, 1120000, 160, &out), JITTER_LOST);
	assert_int_equal(out.pkt.n, 3);
	assert_int_equal(out.pkt.p[0], 3);
	assert_int_equal(jitter_get(j, 1140000, 160, &out), JITTER_PACKET);
	assert_int_equal(out.pkt.seq, 3);
	jitter_free(j);
}

static void test_who_comes_late_was_not_lost(void **state)
{
	(void)state;
	struct jitter *j = jitter_new(&(struct jitter_args){.clock_hz = HZ, .min_ms = 20, .max_ms = 200});
	uint8_t byte = 0;
	struct jitter_packet p = {.ssrc = 1, .ticks = 160, .p = &byte, .n = 1};
	struct jitter_out out;
	assert_int_equal(jitter_put(j, &p, 1000000), JITTER_TAKEN);
	p.seq = 2, p.timestamp = 320;
	assert_int_equal(jitter_put(j, &p, 1040000), JITTER_TAKEN);
	assert_int_equal(jitter_get(j, 1040000, 160, &out), JITTER_PACKET);
	assert_int_equal(jitter_get(j, 1060000, 160, &out), JITTER_LOST);
	assert_int_equal(jitter_get(j, 1080000, 160, &out), JITTER_PACKET);
	assert_int_equal(jitter_counts(j).lost, 1);
	p.seq = 1, p.timestamp = 160;
	assert_int_equal(jitter_put(j, &p, 1090000), JITTER_LATE);
	assert_int_equal(jitter_put(j, &p, 1090000), JITTER_DUPLICATE);
	assert_int_equal(jitter_counts(j).lost, 0);
	assert_int_equal(jitter_counts(j).late, 1);
	assert_int_equal(jitter_counts(j).reordered, 1);
	jitter_free(j);
}

static void test_silence_that_was_announced_goes_on_over_a_loss(void **state)
{
	(void)state;
	struct jitter *j = jitter_new(&(struct jitter_args){.clock_hz = HZ, .min_ms = 20, .max_ms = 200});
	uint8_t byte = 0;
	struct jitter_packet p = {.ssrc = 1, .ticks = 160, .p = &byte, .n = 1};
	struct jitter_out out;
	assert_int_equal(jitter_put(j, &p, 1000000), JITTER_TAKEN);
	p.seq = 1, p.timestamp = 160, p.silence = true, p.ticks = 0;
	assert_int_equal(jitter_put(j, &p, 1020000), JITTER_TAKEN);
	p.seq = 3, p.timestamp = 800, p.silence = false, p.ticks = 160; /* 2 is lost */
	assert_int_equal(jitter_get(j, 1020000, 160, &out), JITTER_PACKET);
	assert_int_equal(jitter_get(j, 1040000, 160, &out), JITTER_PACKET);
	assert_true(out.pkt.silence);
	assert_int_equal(jitter_put(j, &p, 1100000), JITTER_TAKEN);
	assert_int_equal(jitter_get(j, 1100000, 160, &out), JITTER_NOTHING);
	assert_int_equal(jitter_get(j, 1120000, 160, &out), JITTER_PACKET);
	assert_int_equal(jitter_counts(j).lost, 1);
	jitter_free(j);
}

static void test_a_path_that_becomes_longer_is_the_new_measure(void **state)
{
	(void)state;
	struct sim *s = begin(8, (struct path){.base_ms = 20, .jitter_ms = 10});
	run(s, 5000);
	s->path.base_ms += 400;
	run(s, 2500);
	struct jitter_counts c = jitter_counts(s->j);
	assert_true(c.delay_ms < 100); /* above what the path takes now */
	assert_true(c.target_ms < 100);
	end(s);
}

static void test_any_packets_do_no_harm(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct rng rng;
		rng_init_seed(&rng, seed);
		struct jitter *j = jitter_new(&(struct jitter_args){.clock_hz = seed % 2 ? 8000 : 48000});
		uint8_t bytes[JITTER_MAX_PAYLOAD + 1] = {0};
		uint64_t now = 1000000, put = 0;
		uint32_t ts = 0, spread = 1u << rng_below(&rng, 20);
		uint16_t seq = 0;
		for (size_t i = 0; i < 4000; i++) {
			now += rng_below(&rng, 40000);
			seq = (uint16_t)(seq + rng_below(&rng, seed % 3 ? 4 : 200) - 1);
			ts += rng_below(&rng, spread) - spread / 4;
			struct jitter_packet p = {.ssrc = rng_below(&rng, 100) ? 1 : 2, .seq = seq,
			        .timestamp = ts, .ticks = rng_below(&rng, 5000),
			        .silence = rng_below(&rng, 20) == 0, .p = bytes,
			        .n = rng_below(&rng, seed % 5 ? 400 : sizeof bytes + 1)};
			jitter_put(j, &p, now);
			put++;
			for (uint32_t k = rng_below(&rng, 4); k > 0; k--) {
				struct jitter_out out;
				enum jitter_got got = jitter_get(j, now, 160, &out);
				if (got != JITTER_PACKET)
					assert_in_range(out.pkt.ticks, 1, 160);
				uint8_t sum = 0;
				for (size_t b = 0; b < out.pkt.n; b++)
					sum |= out.pkt.p[b];
				assert_int_equal(sum, 0);
			}
			struct jitter_counts c = jitter_counts(j);
			uint64_t told = c.played + c.late + c.duplicate + c.refused + c.discarded;
			assert_int_equal(c.put, put);
			assert_true(put >= told && put - told <= JITTER_SLOTS);
		}
		jitter_free(j);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_good_path_is_heard_whole_and_soon),
		cmocka_unit_test(test_jitter_of_60_ms_is_taken_up),
		cmocka_unit_test(test_what_is_lost_is_counted_and_concealed),
		cmocka_unit_test(test_duplicates_are_counted_and_heard_once),
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_clocks_that_drift_for_an_hour),
		cmocka_unit_test(test_drift_without_stretching_stays_within_bounds),
		cmocka_unit_test(test_a_pause_of_the_sender_is_silence_and_no_loss),
		cmocka_unit_test(test_a_pause_without_a_word_is_concealed_but_briefly),
		cmocka_unit_test(test_a_burst_after_a_stall),
		cmocka_unit_test(test_another_source_is_heard_at_once),
		cmocka_unit_test(test_timestamps_and_numbers_that_leap),
		cmocka_unit_test(test_a_single_wild_packet_changes_nothing),
		cmocka_unit_test(test_the_packet_behind_a_lost_one_is_offered),
		cmocka_unit_test(test_who_comes_late_was_not_lost),
		cmocka_unit_test(test_silence_that_was_announced_goes_on_over_a_loss),
		cmocka_unit_test(test_a_path_that_becomes_longer_is_the_new_measure),
		cmocka_unit_test(test_any_packets_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
