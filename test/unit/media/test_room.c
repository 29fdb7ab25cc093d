// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "media/voice.h"
#include "tone.h"
#include "voice_rig.h"

enum { ROOM = 500, FULL = 32000, PEAK = 8000 };

static struct media_cmd join(struct vrig *r, struct vphone *p)
{
	struct media_cmd cmd = vphone_set(p);
	cmd.set.sink = MEDIA_SINK_ROOM;
	cmd.voice.room = ROOM;
	vrig_cmd(r, &cmd);
	return cmd;
}

static void begin(struct vrig *r, const enum codec_id *codecs, size_t n, uint32_t rate_hz)
{
	vrig_start(r);
	vrig_cmd(r, &(struct media_cmd){
			    .mail.kind = MEDIA_CMD_ROOM_SET, .id = ROOM, .room = {.rate_hz = rate_hz}});
	for (size_t i = 0; i < n; i++)
		(void)join(r, vrig_phone(r, i + 1, codecs[i]));
}

static struct tone_found heard(const struct vphone *p, double hz)
{
	size_t n = p->format.rate_hz;
	assert_true(p->n_pcm >= n);
	return tone_find(p->pcm + p->n_pcm - n, n, p->format.rate_hz, hz);
}

static void assert_in_row(const struct vphone *p)
{
	assert_int_equal(p->seen.ssrc_changes, 0);
	assert_int_equal(p->seen.seq_gaps, 0);
	assert_int_equal(p->seen.time_errors, 0);
}

static void test_members_of_all_codecs_hear_the_others_and_not_themselves(void **state)
{
	(void)state;
	struct vrig r;
	const enum codec_id codecs[] = {CODEC_PCMU, CODEC_G722, CODEC_OPUS, CODEC_PCMA};
	const double hz[] = {500, 800, 1100, 0};
	begin(&r, codecs, 4, 16000);
	vrig_talk(&r, 2400, hz, PEAK);
	for (size_t i = 0; i < 4; i++) {
		for (size_t k = 0; k < 3; k++) {
			double peak = heard(r.phones[i], hz[k]).peak;
			if (i == k)
				assert_true(peak < PEAK * 0.02);
			else
				assert_in_range((int)peak, PEAK * 7 / 10, PEAK * 13 / 10);
		}
		assert_in_row(r.phones[i]);
	}
	vrig_stop(&r);
}

static void test_two_full_scale_talkers_are_not_clipped_before_their_own_is_taken_out(void **state)
{
	(void)state;
	struct vrig r;
	const enum codec_id codecs[] = {CODEC_L16, CODEC_L16};
	const double hz[] = {500, 800};
	begin(&r, codecs, 2, 8000);
	vrig_talk(&r, 2000, hz, FULL);
	/* Each hears one pure sine; a sum clipped first would leave harmonics of both. */
	struct tone_found a = heard(r.phones[0], 800), b = heard(r.phones[1], 500);
	assert_in_range((int)a.peak, FULL * 98 / 100, FULL * 102 / 100);
	assert_in_range((int)b.peak, FULL * 98 / 100, FULL * 102 / 100);
	assert_true(a.snr_db > 60);
	assert_true(b.snr_db > 60);
	vrig_stop(&r);
}

static void test_listeners_of_one_format_share_an_encoder(void **state)
{
	(void)state;
	struct vrig r;
	const enum codec_id codecs[] = {CODEC_PCMU, CODEC_PCMU, CODEC_PCMU, CODEC_G722, CODEC_G722};
	const double hz[] = {500, 0, -1, -1, -1};
	begin(&r, codecs, 5, 0);
	vrig_talk(&r, 1600, hz, PEAK);
	struct room *room = room_find(r.w, ROOM);
	assert_int_equal(room->rate_hz, 16000);
	size_t groups = 0;
	list_for_each(it, &room->groups)
		groups += container_of(it, struct room_group, node)->n_members;
	assert_int_equal(groups, 5);
	for (size_t i = 1; i < 5; i++) {
		assert_true(heard(r.phones[i], 500).snr_db > 20);
		assert_in_row(r.phones[i]);
	}
	assert_memory_equal(r.phones[1]->pcm, r.phones[2]->pcm, 8000 * 2);
	vrig_stop(&r);
}

static void test_who_joins_the_talk_goes_on_in_his_row(void **state)
{
	(void)state;
	struct vrig r;
	const enum codec_id codecs[] = {CODEC_G722, CODEC_G722, CODEC_G722};
	double hz[] = {500, 0, 0};
	begin(&r, codecs, 3, 16000);
	vrig_talk(&r, 1500, hz, PEAK);
	hz[1] = 800; /* gets an encoder of his own, a copy of the common one */
	vrig_talk(&r, 1200, hz, PEAK);
	assert_true(heard(r.phones[1], 500).snr_db > 25);
	hz[1] = 0;
	vrig_talk(&r, 2000, hz, PEAK);
	assert_true(heard(r.phones[1], 500).snr_db > 25);
	for (size_t i = 0; i < 3; i++)
		assert_in_row(r.phones[i]);
	vrig_stop(&r);
}

static void test_mute_deaf_and_gain(void **state)
{
	(void)state;
	struct vrig r;
	const enum codec_id codecs[] = {CODEC_PCMU, CODEC_PCMU, CODEC_PCMU};
	const double hz[] = {500, 800, 0};
	begin(&r, codecs, 3, 8000);
	struct media_cmd a = join(&r, r.phones[0]), b = join(&r, r.phones[1]), c = join(&r, r.phones[2]);
	a.voice.mute = true;
	b.voice.gain_db = -6;
	vrig_cmd(&r, &a);
	vrig_cmd(&r, &b);
	vrig_talk(&r, 1800, hz, PEAK);
	assert_true(heard(r.phones[2], 500).peak < 100);
	assert_in_range((int)heard(r.phones[2], 800).peak, PEAK * 45 / 100, PEAK * 55 / 100);
	c.voice.deaf = true;
	vrig_cmd(&r, &c);
	vrig_talk(&r, 1200, hz, PEAK);
	assert_true(heard(r.phones[2], 800).peak < 100);
	assert_in_row(r.phones[2]);
	vrig_stop(&r);
}

static void test_it_is_told_who_talks_and_who_most(void **state)
{
	(void)state;
	struct vrig r;
	struct media_event ev;
	const enum codec_id codecs[] = {CODEC_PCMU, CODEC_PCMU};
	double hz[] = {500, 0};
	begin(&r, codecs, 2, 8000);
	vrig_talk(&r, 1000, hz, PEAK);
	assert_true(vrig_event(&r, MEDIA_EV_TALKING, 1, &ev));
	assert_true(ev.talking);
	assert_int_equal(ev.other, ROOM);
	assert_in_range(ev.level_dbov + 127, 127 - 20, 127 - 12); /* 8000 of 32768: -15 dBov */
	assert_true(vrig_event(&r, MEDIA_EV_SPEAKER, 1, &ev));
	assert_false(vrig_event(&r, MEDIA_EV_TALKING, 2, &ev));
	hz[0] = 0;
	hz[1] = 700;
	vrig_talk(&r, 1500, hz, PEAK);
	assert_true(vrig_event(&r, MEDIA_EV_TALKING, 1, &ev));
	assert_false(ev.talking);
	assert_true(vrig_event(&r, MEDIA_EV_SPEAKER, 2, &ev));
	vrig_stop(&r);
}

static void test_music_is_made_once_for_all_who_hold(void **state)
{
	(void)state;
	struct vrig r;
	enum { MUSIC = 900 };
	vrig_start(&r);
	vrig_cmd(&r, &(struct media_cmd){.mail.kind = MEDIA_CMD_ROOM_SET, .id = MUSIC});
	struct media_play *music = calloc(1, sizeof *music + sizeof music->items[0]);
	music->n = 1;
	music->items[0] =
		(struct media_item){.kind = MEDIA_ITEM_TONE, .tone = {.hz = {440}, .dbm0 = -9}};
	vrig_cmd(&r, &(struct media_cmd){.mail.kind = MEDIA_CMD_PLAY, .id = MUSIC, .play = music});
	for (uint64_t i = 1; i <= 3; i++) {
		struct vphone *p = vrig_phone(&r, i, CODEC_PCMU);
		struct media_cmd set = vphone_set(p);
		vrig_cmd(&r, &set);
		struct media_play *hold = calloc(1, sizeof *hold + sizeof hold->items[0]);
		hold->id = i;
		hold->n = 1;
		hold->items[0] = (struct media_item){.kind = MEDIA_ITEM_ROOM, .room = MUSIC};
		vrig_cmd(&r, &(struct media_cmd){.mail.kind = MEDIA_CMD_PLAY, .id = i, .play = hold});
	}
	vrig_run(&r, 1500);
	struct room *room = room_find(r.w, MUSIC);
	assert_int_equal(container_of(room->groups.next, struct room_group, node)->n_members, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_true(heard(r.phones[i], 440).snr_db > 25);
		assert_in_row(r.phones[i]);
	}
	vrig_cmd(&r, &(struct media_cmd){.mail.kind = MEDIA_CMD_STOP_PLAY, .id = 2});
	struct media_event ev;
	assert_true(vrig_event(&r, MEDIA_EV_PLAYED, 2, &ev));
	assert_int_equal(ev.how, MEDIA_PLAYED_STOPPED);
	assert_int_equal(room->n_members, 2);
	vrig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_members_of_all_codecs_hear_the_others_and_not_themselves),
	    cmocka_unit_test(test_two_full_scale_talkers_are_not_clipped_before_their_own_is_taken_out),
	    cmocka_unit_test(test_listeners_of_one_format_share_an_encoder),
	    cmocka_unit_test(test_who_joins_the_talk_goes_on_in_his_row),
	    cmocka_unit_test(test_mute_deaf_and_gain),
	    cmocka_unit_test(test_it_is_told_who_talks_and_who_most),
	    cmocka_unit_test(test_music_is_made_once_for_all_who_hold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
