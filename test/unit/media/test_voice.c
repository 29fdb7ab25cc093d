// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <sndfile.h>
#include <stdlib.h>
#include <unistd.h>

#include "media/voice.h"
#include "tone.h"
#include "voice_rig.h"

enum { A = 1, B = 2, PEAK = 8000 };

struct pair {
	struct vrig rig;
	struct vphone *a, *b;
	struct media_cmd set_a, set_b;
};

static void pair_begin(struct pair *p, enum codec_id a, enum codec_id b)
{
	vrig_start(&p->rig);
	p->a = vrig_phone(&p->rig, A, a);
	p->b = vrig_phone(&p->rig, B, b);
	p->set_a = vphone_set(p->a);
	p->set_b = vphone_set(p->b);
	p->set_a.set.sink = p->set_b.set.sink = MEDIA_SINK_PEER;
	p->set_a.set.peer = B;
	p->set_b.set.peer = A;
	p->set_a.voice.transcode = p->set_b.voice.transcode = true;
	vrig_cmd(&p->rig, &p->set_a);
	vrig_cmd(&p->rig, &p->set_b);
}

static struct tone_found last_second(const struct vphone *p, double hz)
{
	size_t n = p->format.rate_hz;
	assert_true(p->n_pcm >= n);
	return tone_find(p->pcm + p->n_pcm - n, n, p->format.rate_hz, hz);
}

static void assert_tone(const struct vphone *p, double hz, double min_snr_db)
{
	struct tone_found t = last_second(p, hz);
	if (t.peak < PEAK * 0.7 || t.peak > PEAK * 1.3 || t.snr_db < min_snr_db)
		fail_msg("%s: %.0f Hz at %.0f of %d, SNR %.1f dB", codec_name(p->format.id), hz, t.peak,
		         PEAK, t.snr_db);
}

static void assert_in_row(const struct vphone *p)
{
	assert_int_equal(p->seen.ssrc_changes, 0);
	assert_int_equal(p->seen.seq_gaps, 0);
	assert_int_equal(p->seen.time_errors, 0);
}

static void test_every_pair_of_codecs_hears_the_others_tone(void **state)
{
	static const enum codec_id codecs[] = {CODEC_PCMU, CODEC_PCMA, CODEC_G722, CODEC_OPUS,
	                                       CODEC_GSM,  CODEC_G726_32, CODEC_L16};
	size_t n = sizeof codecs / sizeof *codecs;
	(void)state;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = i; k < n; k++) {
			struct pair p;
			pair_begin(&p, codecs[i], codecs[k]);
			const double hz[] = {500, 800};
			vrig_talk(&p.rig, 1600, hz, PEAK);
			assert_tone(p.a, 800, 12);
			assert_tone(p.b, 500, 12);
			assert_in_row(p.a);
			assert_in_row(p.b);
			assert_int_equal(p.a->seen.markers, 1);
			vrig_stop(&p.rig);
		}
	}
}

static void test_echo_is_made_anew_where_the_codecs_differ(void **state)
{
	(void)state;
	struct pair p;
	vrig_start(&p.rig);
	p.a = vrig_phone(&p.rig, A, CODEC_PCMU);
	struct media_cmd set = vphone_set(p.a);
	set.set.sink = MEDIA_SINK_ECHO;
	set.voice.transcode = true;
	set.voice.rx[1] = vrig_format(CODEC_G722);
	set.voice.n_rx = 2;
	vrig_cmd(&p.rig, &set);
	/* It speaks G.722 and hears PCMU. */
	struct vphone *g722 = vrig_phone(&p.rig, B, CODEC_G722);
	for (int i = 0; i < 80; i++) {
		int16_t pcm[320];
		uint8_t payload[160];
		tone_make(pcm, 320, (size_t)i * 320, 16000, 700, PEAK);
		assert_int_equal(g722->ops->encode(g722->enc, pcm, 320, payload, sizeof payload), 160);
		vphone_raw(p.a, g722->format.pt, false, payload, sizeof payload);
		vphone_pause(p.a, 20);
		vrig_run(&p.rig, 20);
	}
	assert_tone(p.a, 700, 20);
	assert_in_row(p.a);
	assert_int_equal(p.a->seen.pt, 0);
	vrig_stop(&p.rig);
}

/** A tone without end, as a play. */
static struct media_cmd play_tone(uint64_t stream, uint64_t id, uint16_t hz, uint32_t ms)
{
	struct media_play *play = calloc(1, sizeof *play + sizeof play->items[0]);
	play->id = id;
	play->loops = 1;
	play->n = 1;
	play->items[0].kind = MEDIA_ITEM_TONE;
	play->items[0].ms = ms;
	play->items[0].tone = (struct media_tone){.hz = {hz}, .dbm0 = -9};
	return (struct media_cmd){.mail.kind = MEDIA_CMD_PLAY, .id = stream, .play = play};
}

static void assert_ended(struct vrig *r, uint64_t stream, uint64_t play, enum media_how how)
{
	struct media_event ev = {0};
	assert_true(vrig_event(r, MEDIA_EV_PLAYED, stream, &ev));
	assert_int_equal(ev.other, play);
	assert_int_equal(ev.how, how);
}

static void test_numbers_go_on_from_relay_to_prompt_and_back(void **state)
{
	(void)state;
	struct pair p;
	pair_begin(&p, CODEC_PCMU, CODEC_PCMU);
	p.set_a.voice.transcode = p.set_b.voice.transcode = false;
	vrig_cmd(&p.rig, &p.set_a);
	vrig_cmd(&p.rig, &p.set_b);
	const double hz[] = {500, 800};
	vrig_talk(&p.rig, 400, hz, PEAK);
	assert_int_equal(p.a->seen.ssrc, p.b->ssrc); /* relayed as it is */
	struct media_cmd play = play_tone(A, 7, 1100, 1500);
	vrig_cmd(&p.rig, &play);
	vrig_talk(&p.rig, 1400, hz, PEAK);
	assert_true(last_second(p.a, 1100).snr_db > 25);
	vrig_talk(&p.rig, 1600, hz, PEAK);
	assert_ended(&p.rig, A, 7, MEDIA_PLAYED_DONE);
	assert_true(last_second(p.a, 800).snr_db > 25);
	assert_in_row(p.a);
	assert_int_equal(p.a->seen.ssrc, p.b->ssrc);
	assert_int_equal(p.a->seen.markers, 2); /* the prompt, and the voice behind it */
	/* B was never talked to by us: its numbers are those of A. */
	assert_in_row(p.b);
	assert_int_equal(p.b->seen.ssrc, p.a->ssrc);
	assert_int_equal(p.b->seen.seq, (uint16_t)(p.a->seq - 1));
	vrig_stop(&p.rig);
}

static void press(struct vphone *p, uint8_t event, unsigned ms)
{
	uint32_t hz = p->format.clock_hz;
	uint8_t ev[4] = {event, 10, 0, 0};
	for (unsigned at = 20; at <= ms; at += 20) {
		unsigned n = at * (hz / 1000);
		ev[2] = (uint8_t)(n >> 8);
		ev[3] = (uint8_t)n;
		vphone_raw(p, 101, at == 20, ev, sizeof ev);
		vrig_run(p->rig, 20);
	}
	ev[1] |= 0x80;
	for (int i = 0; i < 3; i++)
		vphone_raw(p, 101, false, ev, sizeof ev);
	vphone_pause(p, ms);
}

static void test_telephone_event_changes_its_clock_on_the_way(void **state)
{
	(void)state;
	struct pair p;
	pair_begin(&p, CODEC_PCMU, CODEC_OPUS);
	const double hz[] = {500, 800};
	vrig_talk(&p.rig, 400, hz, PEAK);
	press(p.a, 5, 200);
	vrig_talk(&p.rig, 400, hz, PEAK);
	struct media_event ev;
	assert_true(vrig_event(&p.rig, MEDIA_EV_DTMF, A, &ev));
	assert_int_equal(ev.digit, '5');
	assert_false(vrig_event(&p.rig, MEDIA_EV_DTMF, A, &ev));
	assert_int_equal(p.b->seen.last_event[0], 5);
	assert_true(p.b->seen.last_event[1] & 0x80);
	unsigned duration = (unsigned)p.b->seen.last_event[2] << 8 | p.b->seen.last_event[3];
	assert_in_range(duration, 48 * 160, 48 * 260);
	assert_true(p.b->seen.events >= 10);
	assert_int_equal(p.b->seen.seq_gaps, 0);
	vrig_stop(&p.rig);
}

static void test_tones_become_events_and_events_tones(void **state)
{
	(void)state;
	struct pair p;
	pair_begin(&p, CODEC_PCMU, CODEC_PCMA);
	p.set_a.voice.hear_inband = true;
	p.set_a.voice.dtmf_tx = MEDIA_DTMF_INBAND;
	p.set_a.set.dtmf_pt = 255;
	vrig_cmd(&p.rig, &p.set_a);
	const double hz[] = {-1, 0};
	/* A presses 9 as a tone of 852 and 1477 Hz. */
	for (int i = 0; i < 40; i++) {
		int16_t pcm[160] = {0};
		if (i >= 10 && i < 20) {
			tone_add(pcm, 160, (size_t)i * 160, 8000, 852, PEAK);
			tone_add(pcm, 160, (size_t)i * 160, 8000, 1477, PEAK);
		}
		vphone_say(p.a, pcm);
		vphone_tone(p.b, 0, 0);
		vrig_run(&p.rig, 20);
	}
	struct media_event ev;
	assert_true(vrig_event(&p.rig, MEDIA_EV_DTMF, A, &ev));
	assert_int_equal(ev.digit, '9');
	assert_in_range(ev.duration_ms, 140, 260);
	assert_false(vrig_event(&p.rig, MEDIA_EV_DTMF, A, &ev));
	assert_int_equal(p.b->seen.last_event[0], 9);
	assert_true(p.b->seen.last_event[1] & 0x80);
	/* B presses 1 as an event; A hears 697 and 1209 Hz. */
	vphone_forget(p.a);
	press(p.b, 1, 400);
	vrig_talk(&p.rig, 200, hz, PEAK);
	assert_int_equal(p.a->seen.events, 0);
	struct tone_found low = tone_find(p.a->pcm + 1600, 1600, 8000, 697);
	struct tone_found high = tone_find(p.a->pcm + 1600, 1600, 8000, 1209);
	assert_true(low.peak > 3000 && high.peak > 3000);
	assert_in_row(p.a);
	vrig_stop(&p.rig);
}

static void test_digits_of_a_command_go_out_one_behind_the_other(void **state)
{
	(void)state;
	struct pair p;
	pair_begin(&p, CODEC_PCMU, CODEC_PCMU);
	struct media_cmd dial = {.mail.kind = MEDIA_CMD_SEND_DTMF, .id = A, .dtmf = {.digits = "12#"}};
	vrig_cmd(&p.rig, &dial);
	vrig_run(&p.rig, 400);
	struct media_event ev;
	assert_false(vrig_event(&p.rig, MEDIA_EV_DTMF_SENT, A, &ev));
	vrig_run(&p.rig, 400);
	assert_true(vrig_event(&p.rig, MEDIA_EV_DTMF_SENT, A, &ev));
	assert_int_equal(p.a->seen.last_event[0], 11);
	assert_int_equal(p.a->seen.events, 3 * (100 / 20 + 2));
	assert_int_equal(p.a->seen.seq_gaps, 0);
	vrig_stop(&p.rig);
}

static void test_a_digit_stops_a_prompt(void **state)
{
	(void)state;
	struct pair p;
	pair_begin(&p, CODEC_PCMU, CODEC_PCMU);
	struct media_cmd play = play_tone(A, 9, 1000, 0);
	play.play->barge_in = true;
	vrig_cmd(&p.rig, &play);
	const double hz[] = {0, 800};
	vrig_talk(&p.rig, 500, hz, PEAK);
	press(p.a, 3, 100);
	assert_ended(&p.rig, A, 9, MEDIA_PLAYED_DIGIT);
	vrig_talk(&p.rig, 1200, hz, PEAK);
	assert_tone(p.a, 800, 25);
	assert_in_row(p.a);
	vrig_stop(&p.rig);
}

static void test_a_row_of_items_plays_and_loops(void **state)
{
	(void)state;
	struct pair p;
	pair_begin(&p, CODEC_PCMU, CODEC_PCMU);
	struct media_play *play = calloc(1, sizeof *play + 3 * sizeof play->items[0]);
	play->id = 1;
	play->loops = 2;
	play->n = 3;
	play->items[0] = (struct media_item){
		.kind = MEDIA_ITEM_TONE, .ms = 200, .tone = {.hz = {600}, .dbm0 = -9}};
	play->items[1] = (struct media_item){.kind = MEDIA_ITEM_SILENCE, .ms = 100};
	play->items[2] = (struct media_item){.kind = MEDIA_ITEM_DIGITS, .ms = 100, .path = "4"};
	vrig_cmd(&p.rig, &(struct media_cmd){.mail.kind = MEDIA_CMD_PLAY, .id = A, .play = play});
	vrig_run(&p.rig, 200);
	assert_true(tone_find(p.a->pcm + 80, 1200, 8000, 600).snr_db > 20);
	vrig_run(&p.rig, 1000);
	assert_ended(&p.rig, A, 1, MEDIA_PLAYED_DONE);
	assert_int_equal(p.a->seen.last_event[0], 4);
	assert_int_equal(p.a->seen.events, 2 * 7);
	assert_int_equal(p.a->seen.seq_gaps, 0);
	assert_int_equal(p.a->seen.time_errors, 0);
	vrig_stop(&p.rig);
}

static void test_a_file_is_read_by_the_loader_and_played(void **state)
{
	(void)state;
	struct pair p;
	struct clip_loader *loader;
	char path[] = "/tmp/tandem-voice-XXXXXX.wav";
	int fd = mkstemps(path, 4);
	SF_INFO info = {.samplerate = 16000, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
	SNDFILE *f = sf_open_fd(fd, SFM_WRITE, &info, 1);
	static int16_t pcm[32000];
	tone_make(pcm, 32000, 0, 16000, 900, PEAK);
	assert_int_equal(sf_write_short(f, pcm, 32000), 32000);
	sf_close(f);
	const struct log quiet = {0};
	const struct clip_loader_args args = {
		.max_bytes = 1 << 20, .max_s = 60, .max_waiting = 10, .log = &quiet};
	assert_int_equal(clip_loader_new(&loader, &args), 0);
	pair_begin(&p, CODEC_PCMU, CODEC_PCMU);
	p.rig.w->clips = loader;
	struct media_cmd cmd = play_tone(A, 6, 0, 0);
	cmd.play->items[0] = (struct media_item){.kind = MEDIA_ITEM_FILE};
	snprintf(cmd.play->items[0].path, MEDIA_MAX_PATH, "%s", path);
	vrig_cmd(&p.rig, &cmd);
	for (int i = 0; i < 10000 && atomic_load(&p.rig.w->clips_asked); i++)
		poll(NULL, 0, 1);
	vrig_run(&p.rig, 2100);
	assert_ended(&p.rig, A, 6, MEDIA_PLAYED_DONE);
	assert_true(tone_find(p.a->pcm + 4000, 8000, 8000, 900).snr_db > 25);
	assert_in_row(p.a);
	vrig_stop(&p.rig);
	clip_loader_free(loader);
	unlink(path);
}

static void test_a_play_that_cannot_be_read_fails_at_once(void **state)
{
	(void)state;
	struct pair p;
	pair_begin(&p, CODEC_PCMU, CODEC_PCMU);
	struct media_cmd cmd = play_tone(A, 5, 0, 0);
	cmd.play->items[0] = (struct media_item){.kind = MEDIA_ITEM_FILE, .path = "/nowhere.wav"};
	vrig_cmd(&p.rig, &cmd);
	vrig_run(&p.rig, 40);
	struct media_event ev;
	assert_true(vrig_event(&p.rig, MEDIA_EV_PLAYED, A, &ev));
	assert_int_equal(ev.how, MEDIA_PLAYED_FAILED);
	assert_true(ev.err != 0);
	vrig_stop(&p.rig);
}

static void test_reports_speak_of_what_we_made(void **state)
{
	(void)state;
	struct pair p;
	pair_begin(&p, CODEC_PCMU, CODEC_OPUS);
	struct phone control = phone_at("127.0.0.2");
	p.set_a.set.remote_rtcp = control.at;
	vrig_cmd(&p.rig, &p.set_a);
	p.rig.control = &control;
	const double hz[] = {500, 800};
	for (int i = 0; i < 500 && p.rig.report_n == 0; i++)
		vrig_talk(&p.rig, 20, hz, PEAK);
	const uint8_t *data = p.rig.report;
	size_t n = p.rig.report_n;
	assert_true(n > 0);
	struct rtcp_iter it;
	struct rtcp_packet pk;
	struct rtcp_sender sr;
	assert_int_equal(rtcp_check(&it, data, n), 0);
	assert_true(rtcp_next(&it, &pk));
	assert_int_equal(pk.type, RTCP_SR);
	assert_int_equal(pk.ssrc, p.a->seen.ssrc);
	assert_true(rtcp_sender(&pk, &sr));
	assert_in_range(sr.packets + 3, p.a->seen.packets - 3, p.a->seen.packets + 3);
	struct rtcp_block b;
	assert_true(rtcp_block(&pk, 0, &b));
	assert_int_equal(b.ssrc, p.a->ssrc);
	phone_close(&control);
	vrig_stop(&p.rig);
}

/** Loss 5 %, jitter up to 60 ms, reordered and doubled packets, a clock 200 ppm too fast; a minute. */
static void test_a_bad_path_is_heard_without_holes(void **state)
{
	(void)state;
	struct pair p;
	pair_begin(&p, CODEC_PCMU, CODEC_PCMA);
	enum { PACKETS = 3000, AHEAD = 64 };
	uint64_t due_us[AHEAD] = {0};
	uint8_t payload[AHEAD][160];
	uint32_t random = 1, lost = 0, doubled = 0;
	uint64_t begin_us = p.rig.now_us;
	int made = 0;
	/* Packet i leaves at i * 20 ms on its own clock, and comes up to 60 ms later. */
	for (uint64_t ms = 0; ms < 60000; ms++) {
		while (made < PACKETS && begin_us + (uint64_t)made * 19996 <= p.rig.now_us) {
			int16_t pcm[160];
			random = random * 1664525 + 1013904223;
			tone_make(pcm, 160, (size_t)made * 160, 8000, 500, PEAK);
			int n = p.a->ops->encode(p.a->enc, pcm, 160, payload[made % AHEAD], 160);
			assert_int_equal(n, 160);
			due_us[made % AHEAD] = p.rig.now_us + (random >> 8) % 60000;
			if ((random >> 16) % 20 == 0 && made) {
				due_us[made % AHEAD] = 0;
				lost++;
			}
			made++;
		}
		for (int i = made > AHEAD ? made - AHEAD : 0; i < made; i++) {
			if (!due_us[i % AHEAD] || due_us[i % AHEAD] > p.rig.now_us)
				continue;
			due_us[i % AHEAD] = 0;
			for (int twice = 0; twice < (i % 50 == 49 ? 2 : 1); twice++) {
				p.a->seq = (uint16_t)(100 + i);
				p.a->timestamp = 160u * (uint32_t)i;
				vphone_raw(p.a, 0, false, payload[i % AHEAD], 160);
				doubled += (uint32_t)twice;
			}
		}
		vrig_run(&p.rig, 1);
	}
	struct media_stats st = vrig_stats(&p.rig, A);
	assert_in_range(st.rx_lost, lost - 3, lost + 3);
	assert_int_equal(st.rx_duplicate, doubled);
	assert_true(st.rx_reordered > 0);
	assert_in_range(st.concealed_ms, lost * 15, lost * 40);
	assert_in_range(st.depth_ms, 20, 200);
	assert_in_row(p.b);
	/* Every 20 ms something, and always the tone: nowhere 40 ms of silence. */
	assert_in_range(p.b->seen.packets, PACKETS - 20, PACKETS + 5);
	for (size_t at = p.b->n_pcm - 8000 * 10; at + 320 <= p.b->n_pcm; at += 320)
		assert_true(tone_rms(p.b->pcm + at, 320) > PEAK / 8.0);
	vrig_stop(&p.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_pair_of_codecs_hears_the_others_tone),
	    cmocka_unit_test(test_echo_is_made_anew_where_the_codecs_differ),
	    cmocka_unit_test(test_numbers_go_on_from_relay_to_prompt_and_back),
	    cmocka_unit_test(test_telephone_event_changes_its_clock_on_the_way),
	    cmocka_unit_test(test_tones_become_events_and_events_tones),
	    cmocka_unit_test(test_digits_of_a_command_go_out_one_behind_the_other),
	    cmocka_unit_test(test_a_digit_stops_a_prompt),
	    cmocka_unit_test(test_a_row_of_items_plays_and_loops),
	    cmocka_unit_test(test_a_file_is_read_by_the_loader_and_played),
	    cmocka_unit_test(test_a_play_that_cannot_be_read_fails_at_once),
	    cmocka_unit_test(test_a_bad_path_is_heard_without_holes),
	    cmocka_unit_test(test_reports_speak_of_what_we_made),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
