// SPDX-License-Identifier: Apache-2.0
/* Sounds in memory: read by one thread, shared, kept within a bound. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sndfile.h>

#include "media/clip.h"
#include "media/clip_read.h"
#include "media/codec/codec.h"
#include "tone.h"

static char dir[] = "/tmp/tandem-clip-XXXXXX";

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
	(void)state;
	char cmd[100];
	snprintf(cmd, sizeof cmd, "rm -r '%s'", dir);
	return system(cmd);
}

static const char *path_of(const char *name)
{
	static char path[4][100];
	static size_t i;
	char *p = path[i++ % 4];
	snprintf(p, 100, "%s/%s", dir, name);
	return p;
}

static const char *write_sound(const char *name, int format, int rate, int channels, int n)
{
	const char *path = path_of(name);
	SF_INFO info = {.samplerate = rate, .channels = channels, .format = format};
	SNDFILE *f = sf_open(path, SFM_WRITE, &info);
	assert_non_null(f);
	int16_t *pcm = malloc((size_t)(n * channels) * 2), *tone = malloc((size_t)n * 2);
	tone_make(tone, (size_t)n, 0, (uint32_t)rate, 1000, 8000);
	for (int i = 0; i < n * channels; i++)
		pcm[i] = tone[i / channels];
	assert_int_equal(sf_writef_short(f, pcm, n), n);
	sf_close(f);
	free(pcm);
	free(tone);
	return path;
}

static const char *write_bytes(const char *name, const void *p, size_t n)
{
	const char *path = path_of(name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	fclose(f);
	return path;
}

static const char *write_raw(const char *name, enum codec_id id, size_t packets)
{
	struct codec_format f = codec_default(id);
	const struct codec_ops *ops = codec_get(id);
	void *enc = ops->encoder_new(&f);
	static uint8_t bytes[100000];
	int16_t pcm[960];
	size_t at = 0, n = codec_packet_samples(&f);
	for (size_t i = 0; i < packets; i++) {
		tone_make(pcm, n, i * n, f.rate_hz, 1000, 8000);
		at += (size_t)ops->encode(enc, pcm, n, bytes + at, CODEC_MAX_PAYLOAD);
	}
	ops->encoder_free(enc);
	return write_bytes(name, bytes, at);
}

static void reads(const char *path, uint32_t rate_hz, size_t n, double least_db)
{
	struct clip_pcm got;
	assert_int_equal(clip_read(path, 10, &got), 0);
	assert_int_equal(got.rate_hz, rate_hz);
	assert_int_equal(got.n, n);
	struct tone_found t = tone_find(got.pcm + n / 4, n / 2, rate_hz, 1000);
	assert_true(t.snr_db > least_db);
	assert_true(t.peak > 7000 && t.peak < 9000);
	free(got.pcm);
}

static void test_formats(void **state)
{
	(void)state;
	reads(write_sound("a.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1, 8000), 8000, 8000, 70);
	reads(write_sound("b.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 2, 44100), 44100, 44100, 70);
	reads(write_sound("c.wav", SF_FORMAT_WAV | SF_FORMAT_ULAW, 8000, 1, 8000), 8000, 8000, 35);
	reads(write_sound("d.ogg", SF_FORMAT_OGG | SF_FORMAT_OPUS, 48000, 1, 48000), 48000, 48000, 25);
	reads(write_sound("e.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 16000, 1, 16000), 16000, 16000, 70);
	reads(write_raw("f.g722", CODEC_G722, 50), 16000, 16000, 35);
	reads(write_raw("g.ulaw", CODEC_PCMU, 50), 8000, 8000, 35);
	reads(write_raw("h.alaw", CODEC_PCMA, 50), 8000, 8000, 35);
	reads(write_raw("i.gsm", CODEC_GSM, 50), 8000, 8000, 18);
}

static void test_what_is_refused(void **state)
{
	(void)state;
	struct clip_pcm got;
	assert_int_equal(clip_read(path_of("none.wav"), 10, &got), ENOENT);
	assert_int_equal(clip_read(write_bytes("x.wav", "no sound at all", 15), 10, &got), E_MALFORMED);
	assert_int_equal(clip_read(write_bytes("x.gsm", "no sound at all", 15), 10, &got), E_MALFORMED);
	assert_int_equal(clip_read(dir, 10, &got), E_MALFORMED);
	const char *path = write_sound("l.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1, 8000 * 3);
	assert_int_equal(clip_read(path, 2, &got), E_LIMIT);
	assert_int_equal(clip_read(write_raw("l.g722", CODEC_G722, 150), 2, &got), E_LIMIT);
}

/* A damaged head or body ends in an error or in sound, never in harm. */
static void test_damaged_files(void **state)
{
	(void)state;
	static uint8_t bytes[4000];
	const char *from = write_sound("m.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1, 1000);
	FILE *f = fopen(from, "r");
	size_t n = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	for (size_t i = 0; i < 60; i++) {
		uint8_t was = bytes[i];
		for (int v = 0; v < 256; v += 51) {
			struct clip_pcm got;
			bytes[i] = (uint8_t)v;
			if (clip_read(write_bytes("m2.wav", bytes, n - i), 5, &got) == 0)
				free(got.pcm);
		}
		bytes[i] = was;
	}
}

/* --- the loader --- */

struct asked {
	sem_t done;
	struct clip *clip;
	int err;
	uint64_t token;
};

static void on_clip(struct clip *clip, int err, uint64_t token, void *arg)
{
	struct asked *a = arg;
	a->clip = clip;
	a->err = err;
	a->token = token;
	sem_post(&a->done);
}

static struct clip *load(struct clip_loader *l, const char *path, int err)
{
	struct asked a = {.err = -1};
	sem_init(&a.done, 0, 0);
	clip_load(l, path, on_clip, &a, 42);
	while (sem_wait(&a.done) != 0)
		continue;
	assert_int_equal(a.err, err);
	assert_int_equal(a.token, 42);
	assert_int_equal(a.clip != NULL, err == 0);
	return a.clip;
}

static struct clip_loader *loader(size_t max_bytes, size_t max_waiting)
{
	struct clip_loader *l;
	struct clip_loader_args args = {.max_bytes = max_bytes, .max_s = 10, .max_waiting = max_waiting};
	assert_int_equal(clip_loader_new(&l, &args), 0);
	return l;
}

static void test_a_file_is_read_once_and_shared(void **state)
{
	(void)state;
	struct clip_loader *l = loader(1 << 20, 10);
	const char *path = write_sound("s.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1, 800);
	struct clip *a = load(l, path, 0), *b = load(l, path, 0);
	assert_ptr_equal(a, b);
	assert_int_equal(a->n, 800);
	clip_unref(a);
	clip_unref(b);
	assert_int_equal(unlink(path), 0);
	struct clip *c = load(l, path, 0); /* unused, and still there */
	assert_ptr_equal(c, a);
	clip_forget(l, path);
	load(l, path, ENOENT);
	assert_int_equal(c->n, 800); /* who has it keeps it */
	clip_unref(c);
	clip_loader_free(l);
}

static void test_what_nobody_uses_stays_within_the_bound(void **state)
{
	(void)state;
	struct clip_loader *l = loader(2 * 8000 * 2, 10); /* two of these */
	const char *names[] = {"t0.wav", "t1.wav", "t2.wav", "t3.wav"};
	struct clip *held = NULL;
	for (size_t i = 0; i < 4; i++) {
		const char *path = write_sound(names[i], SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1, 8000);
		struct clip *c = load(l, path, 0);
		if (i == 0)
			held = c;
		else
			clip_unref(c);
	}
	for (size_t i = 0; i < 4; i++)
		unlink(path_of(names[i]));
	clip_forget(l, path_of("nothing"));
	load(l, path_of("t1.wav"), ENOENT); /* the longest unused went */
	clip_unref(load(l, path_of("t2.wav"), 0));
	clip_unref(load(l, path_of("t3.wav"), 0));
	struct clip *again = load(l, path_of("t0.wav"), 0);
	assert_ptr_equal(again, held); /* in use: not counted */
	clip_unref(again);
	clip_unref(held);
	clip_loader_free(l);
}

static void test_too_many_waiting_are_told_at_once(void **state)
{
	(void)state;
	struct clip_loader *l = loader(1000, 0);
	load(l, path_of("s.wav"), EBUSY);
	clip_loader_free(l);
}

struct crowd {
	struct clip_loader *l;
	char path[3][100];
};

/* Loads, reads, gives back, and now and then wants it forgotten. */
static void *use(void *arg)
{
	struct crowd *c = arg;
	for (size_t i = 0; i < 200; i++) {
		const char *path = c->path[i % 3];
		struct clip *clip = load(c->l, path, 0);
		assert_int_equal(clip->n, 800);
		assert_true(tone_rms(clip->pcm, clip->n) > 5000);
		clip_unref(clip);
		if (i % 16 == 0)
			clip_forget(c->l, path);
	}
	return NULL;
}

static void test_many_threads_at_once(void **state)
{
	(void)state;
	static const char *const names[] = {"u0.wav", "u1.wav", "u2.wav"};
	struct crowd c = {.l = loader(1700, 100)}; /* one fits */
	pthread_t threads[4];
	for (size_t i = 0; i < 3; i++) {
		const char *path = write_sound(names[i], SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1, 800);
		snprintf(c.path[i], sizeof c.path[i], "%s", path);
	}
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use, &c), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	clip_loader_free(c.l);
}

static void test_a_clip_of_samples(void **state)
{
	(void)state;
	int16_t pcm[3] = {1, 2, 3};
	struct clip *c = clip_of_pcm(pcm, 3, 16000);
	clip_ref(c);
	clip_unref(c);
	assert_int_equal(c->pcm[2], 3);
	clip_unref(c);
	clip_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_damaged_files),
		cmocka_unit_test(test_a_file_is_read_once_and_shared),
		cmocka_unit_test(test_what_nobody_uses_stays_within_the_bound),
		cmocka_unit_test(test_too_many_waiting_are_told_at_once),
		cmocka_unit_test(test_many_threads_at_once),
		cmocka_unit_test(test_a_clip_of_samples),
	};
	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
