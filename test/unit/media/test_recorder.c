// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sndfile.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "media/rec_file.h"
#include "media/voice.h"
#include "tone.h"
#include "voice_rig.h"

enum { A = 1, B = 2, REC = 77, PEAK = 8000 };

struct folder {
	char dir[64], path[100], other[100];
};

static void folder_make(struct folder *f)
{
	strcpy(f->dir, "/tmp/tandem-rec-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof f->path, "%s/a", f->dir);
	snprintf(f->other, sizeof f->other, "%s/b", f->dir);
}

static void folder_drop(struct folder *f)
{
	unlink(f->path);
	unlink(f->other);
	rmdir(f->dir);
}

/** Both channels of a file, as other people's library reads it. */
static size_t read_file(const char *path, int16_t *left, int16_t *right, size_t max, int *rate)
{
	SF_INFO info = {0};
	SNDFILE *f = sf_open(path, SFM_READ, &info);
	if (!f)
		fail_msg("%s: %s", path, sf_strerror(NULL));
	int16_t pair[2];
	size_t n = 0;
	while (n < max && sf_readf_short(f, pair, 1) == 1) {
		left[n] = pair[0];
		right[n++] = info.channels == 2 ? pair[1] : 0;
	}
	*rate = info.samplerate;
	sf_close(f);
	return n;
}

static void start(struct vrig *r, const char *path, enum media_file_format format, const uint8_t *key)
{
	struct media_record *rec = calloc(1, sizeof *rec);
	rec->streams[0] = A;
	rec->streams[1] = B;
	rec->two_channels = true;
	rec->format = format;
	snprintf(rec->path, sizeof rec->path, "%s", path);
	if (key) {
		rec->has_key = true;
		memcpy(rec->key, key, sizeof rec->key);
	}
	vrig_cmd(r, &(struct media_cmd){.mail.kind = MEDIA_CMD_RECORD, .id = REC, .record = rec});
}

static struct media_event wait_recorded(struct vrig *r)
{
	struct media_event ev = {0};
	for (int i = 0; i < RIG_WAIT_MS && !vrig_event(r, MEDIA_EV_RECORDED, REC, &ev); i++)
		poll(NULL, 0, 1);
	assert_int_equal(ev.id, REC);
	return ev;
}

static struct media_event stop(struct vrig *r)
{
	vrig_cmd(r, &(struct media_cmd){.mail.kind = MEDIA_CMD_RECORD_STOP, .id = REC});
	return wait_recorded(r);
}

/** A relayed call: no codec but for the recording. */
static void call_begin(struct vrig *r)
{
	vrig_start(r);
	for (uint64_t i = A; i <= B; i++) {
		struct media_cmd set = vphone_set(vrig_phone(r, i, CODEC_PCMU));
		set.set.sink = MEDIA_SINK_PEER;
		set.set.peer = 3 - i;
		vrig_cmd(r, &set);
	}
}

static void assert_channels(const char *path)
{
	static int16_t left[48000 * 5], right[48000 * 5];
	int rate;
	size_t n = read_file(path, left, right, 48000 * 5, &rate), s = (size_t)rate;
	assert_in_range(n, s * 17 / 10, s * 21 / 10);
	struct tone_found a = tone_find(left + s / 2, s, (uint32_t)rate, 500);
	struct tone_found b = tone_find(right + s / 2, s, (uint32_t)rate, 800);
	assert_in_range((int)a.peak, PEAK * 8 / 10, PEAK * 12 / 10);
	assert_in_range((int)b.peak, PEAK * 8 / 10, PEAK * 12 / 10);
	/* Nothing of one in the other. */
	assert_true(tone_find(left + s / 2, s, (uint32_t)rate, 800).peak < PEAK / 100.0);
	assert_true(tone_find(right + s / 2, s, (uint32_t)rate, 500).peak < PEAK / 100.0);
}

static void test_a_relayed_call_is_recorded_in_two_channels(void **state)
{
	(void)state;
	static const enum media_file_format formats[] = {MEDIA_FILE_WAV_PCM, MEDIA_FILE_WAV_PCMU,
	                                                 MEDIA_FILE_WAV_PCMA, MEDIA_FILE_OGG_OPUS};
	for (size_t i = 0; i < 4; i++) {
		struct vrig r;
		struct folder f;
		const double hz[] = {500, 800};
		folder_make(&f);
		call_begin(&r);
		start(&r, f.path, formats[i], NULL);
		vrig_talk(&r, 2000, hz, PEAK);
		struct media_event ev = stop(&r);
		assert_int_equal(ev.err, 0);
		assert_int_equal(ev.lost_ms, 0);
		assert_in_range(ev.ms, 1980, 2020);
		assert_channels(f.path);
		/* It went on being a relay. */
		assert_int_equal(r.phones[0]->seen.ssrc, r.phones[1]->ssrc);
		assert_int_equal(r.phones[0]->seen.packets, 100);
		vrig_stop(&r);
		folder_drop(&f);
	}
}

static void test_what_is_encrypted_opens_with_its_key_alone(void **state)
{
	(void)state;
	uint8_t key[MEDIA_KEY_BYTES] = "0123456789abcdef0123456789abcde";
	struct vrig r;
	struct folder f;
	bool whole = false;
	const double hz[] = {500, 800};
	folder_make(&f);
	call_begin(&r);
	start(&r, f.path, MEDIA_FILE_WAV_PCMU, key);
	vrig_talk(&r, 2000, hz, PEAK);
	assert_int_equal(stop(&r).err, 0);
	key[0] ^= 1;
	assert_int_equal(rec_file_export(f.path, f.other, key, &whole), E_MALFORMED);
	key[0] ^= 1;
	assert_int_equal(rec_file_export(f.path, f.other, key, &whole), 0);
	assert_true(whole);
	assert_channels(f.other);
	/* Cut off as by a crash: all whole chunks are there. */
	struct stat st;
	assert_int_equal(stat(f.path, &st), 0);
	assert_int_equal(truncate(f.path, st.st_size - 100), 0);
	unlink(f.other);
	assert_int_equal(rec_file_export(f.path, f.other, key, &whole), 0);
	assert_false(whole);
	vrig_stop(&r);
	folder_drop(&f);
}

static void test_a_pause_is_left_out(void **state)
{
	(void)state;
	struct vrig r;
	struct folder f;
	const double hz[] = {500, 800};
	folder_make(&f);
	call_begin(&r);
	start(&r, f.path, MEDIA_FILE_WAV_PCM, NULL);
	vrig_talk(&r, 1000, hz, PEAK);
	vrig_cmd(&r, &(struct media_cmd){.mail.kind = MEDIA_CMD_RECORD_PAUSE, .id = REC});
	vrig_talk(&r, 1000, hz, PEAK);
	vrig_cmd(&r, &(struct media_cmd){.mail.kind = MEDIA_CMD_RECORD_RESUME, .id = REC});
	vrig_talk(&r, 1000, hz, PEAK);
	assert_in_range(stop(&r).ms, 1980, 2020);
	vrig_stop(&r);
	folder_drop(&f);
}

static void test_a_full_disk_ends_the_recording_and_not_the_call(void **state)
{
	(void)state;
	struct vrig r;
	const double hz[] = {500, 800};
	call_begin(&r);
	vrig_talk(&r, 200, hz, PEAK);
	/* A place that exists cannot be recorded to, and one that is not there neither. */
	start(&r, "/dev/full", MEDIA_FILE_WAV_PCM, NULL);
	assert_int_equal(wait_recorded(&r).err, EEXIST);
	vrig_cmd(&r, &(struct media_cmd){.mail.kind = MEDIA_CMD_RECORD_STOP, .id = REC});
	start(&r, "/nowhere/at/all", MEDIA_FILE_WAV_PCM, NULL);
	assert_int_equal(wait_recorded(&r).err, ENOENT);
	uint64_t before = r.phones[0]->seen.packets;
	vrig_talk(&r, 1000, hz, PEAK);
	assert_int_equal(r.phones[0]->seen.packets, before + 50);
	vrig_stop(&r);
}

/** As on a full disk: a write in the middle of it fails. */
static void test_a_write_that_fails_leaves_what_was_written(void **state)
{
	(void)state;
	struct vrig r;
	struct folder f;
	const double hz[] = {500, 800};
	static int16_t left[16000], right[16000];
	int rate;
	struct rlimit before, small;
	folder_make(&f);
	call_begin(&r);
	start(&r, f.path, MEDIA_FILE_WAV_PCM, NULL);
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = 50000; /* the second chunk of 32000 bytes is too much */
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	vrig_talk(&r, 3000, hz, PEAK);
	struct media_event ev = wait_recorded(&r);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(ev.err, EFBIG);
	assert_int_equal(ev.ms, 1000);
	assert_in_range(read_file(f.path, left, right, 16000, &rate), 8000, 12500);
	assert_int_equal(r.phones[0]->seen.packets, 150);
	vrig_stop(&r);
	folder_drop(&f);
}

/** Writes for ever; the parent kills it in the middle. */
static void write_until_killed(const char *path, enum media_file_format format, int tell)
{
	struct rec_file *f;
	const struct rec_file_args args = {.path = path, .format = format, .rate_hz = 16000, .channels = 2};
	if (rec_file_new(&f, &args) != 0)
		_exit(1);
	for (size_t chunk = 0;; chunk++) {
		int16_t pcm[2 * 16000], left[16000], right[16000];
		tone_make(left, 16000, chunk * 16000, 16000, 500, PEAK);
		tone_make(right, 16000, chunk * 16000, 16000, 800, PEAK);
		for (size_t i = 0; i < 16000; i++) {
			pcm[2 * i] = left[i];
			pcm[2 * i + 1] = right[i];
		}
		rec_file_add(f, pcm, 16000);
		if (chunk < 2 && rec_file_flush(f) != 0)
			_exit(1);
		if (chunk == 2 && write(tell, "x", 1) != 1)
			_exit(1);
		if (chunk == 2)
			pause();
	}
}

static void test_a_kill_leaves_all_that_was_flushed(void **state)
{
	(void)state;
	static const enum media_file_format formats[] = {MEDIA_FILE_WAV_PCM, MEDIA_FILE_OGG_OPUS};
	for (size_t i = 0; i < 2; i++) {
		struct folder f;
		int tell[2];
		char byte;
		folder_make(&f);
		assert_int_equal(pipe(tell), 0);
		pid_t pid = fork();
		if (pid == 0)
			write_until_killed(f.path, formats[i], tell[1]);
		assert_int_equal(read(tell[0], &byte, 1), 1);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		assert_channels(f.path);
		close(tell[0]);
		close(tell[1]);
		folder_drop(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_relayed_call_is_recorded_in_two_channels),
	    cmocka_unit_test(test_what_is_encrypted_opens_with_its_key_alone),
	    cmocka_unit_test(test_a_pause_is_left_out),
	    cmocka_unit_test(test_a_full_disk_ends_the_recording_and_not_the_call),
	    cmocka_unit_test(test_a_write_that_fails_leaves_what_was_written),
	    cmocka_unit_test(test_a_kill_leaves_all_that_was_flushed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
