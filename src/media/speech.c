// SPDX-License-Identifier: Apache-2.0
/*
 * Wishes are pushed onto a stack that the worker takes whole, as in clip.c; the worker alone touches
 * the directory. A file is written under another name and renamed when it is whole.
 */
#include "media/speech.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "media/speech_engine.h"

enum { MAX_PATH = 4096 };

struct wish {
	struct wish *next;
	bool is_end;
	enum speech_engine engine;
	char *text, *voice; /* voice NULL: the engine's own */
	speech_fn *fn;
	void *arg;
	uint64_t token;
};

struct speech {
	struct speech_args args;
	char *dir, *flite, *url, *model, *key;
	pthread_t thread;
	_Atomic(struct wish *) inbox;
	sem_t news;
	atomic_size_t n_waiting;
};

static char *dup_or_null(const char *z)
{
	return z ? str_dupz(str_z(z)) : NULL;
}

static void wish_free(struct wish *w)
{
	free(w->text);
	free(w->voice);
	free(w);
}

/* --- the cache --- */

/* Everything that decides how it sounds. */
static void name_of(const struct speech *s, const struct wish *w, char hex[2 * SHA256_BYTES + 1])
{
	const char *at = w->engine == SPEECH_HTTP ? s->url : s->flite;
	const char *model = w->engine == SPEECH_HTTP && s->model ? s->model : "";
	struct str zero = {"", 1}; /* so that no two rows of parts run into the same bytes */
	struct str parts[] = {str_z(at), zero, str_z(model), zero, str_z(w->voice), zero, str_z(w->text)};
	uint8_t sum[SHA256_BYTES];
	struct buf b;
	crypto_sha256(parts, sizeof parts / sizeof parts[0], sum);
	buf_init_fixed(&b, hex, 2 * SHA256_BYTES);
	buf_hex(&b, sum, sizeof sum);
	hex[2 * SHA256_BYTES] = '\0';
}

static bool is_ours(const char *name)
{
	return str_ends(str_z(name), STR(".wav")) && strlen(name) == 2 * SHA256_BYTES + 4;
}

struct oldest {
	char name[2 * SHA256_BYTES + 5];
	struct timespec used;
};

/* The sum of all files, and the longest unused one. */
static uint64_t look(int dir, const char *keep, struct oldest *o)
{
	uint64_t bytes = 0;
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;
	o->name[0] = '\0';
	while (d && (e = readdir(d))) {
		struct stat st;
		if (!is_ours(e->d_name) || fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		bytes += (uint64_t)st.st_size;
		bool older = !o->name[0] || st.st_mtim.tv_sec < o->used.tv_sec ||
		             (st.st_mtim.tv_sec == o->used.tv_sec && st.st_mtim.tv_nsec < o->used.tv_nsec);
		if (!older || strcmp(e->d_name, keep) == 0)
			continue;
		str_copyz(o->name, sizeof o->name, str_z(e->d_name));
		o->used = st.st_mtim;
	}
	if (d)
		closedir(d);
	return bytes;
}

static void trim(const struct speech *s, const char *keep)
{
	struct oldest o;
	int dir = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (dir >= 0 && look(dir, keep, &o) > s->args.max_bytes && o.name[0]) {
		if (unlinkat(dir, o.name, 0) != 0)
			break;
	}
	if (dir >= 0)
		close(dir);
}

/* --- the worker --- */

static int make(const struct speech *s, const struct wish *w, const char *part)
{
	struct speech_job job = {.text = w->text, .voice = w->voice, .part = part,
	                         .timeout_ms = s->args.timeout_ms, .max_bytes = s->args.max_file_bytes};
	if (w->engine == SPEECH_HTTP)
		return s->url ? speech_http(s->url, s->model, s->key, &job) : ENOTSUP;
	int err = speech_flite(s->flite, &job);
	return err == ENOENT ? ENOTSUP : err;
}

static void speak(const struct speech *s, const struct wish *w)
{
	char path[MAX_PATH], part[MAX_PATH], hex[2 * SHA256_BYTES + 1];
	name_of(s, w, hex);
	snprintf(path, sizeof path, "%s/%s.wav", s->dir, hex);
	snprintf(part, sizeof part, "%s/%s.part", s->dir, hex);
	int err = 0;
	if (utimensat(AT_FDCWD, path, NULL, 0) != 0) { /* there: used now */
		err = make(s, w, part);
		if (!err && rename(part, path) != 0)
			err = errno;
		if (err)
			unlink(part);
		else
			trim(s, path + strlen(s->dir) + 1);
	}
	w->fn(err ? NULL : path, err, w->token, w->arg);
}

static struct wish *take_all(struct speech *s)
{
	struct wish *w = atomic_exchange_explicit(&s->inbox, NULL, memory_order_acquire);
	struct wish *turned = NULL;
	while (w) {
		struct wish *next = w->next;
		w->next = turned;
		turned = w;
		w = next;
	}
	return turned;
}

/* False: the end. */
static bool serve(struct speech *s, struct wish *w, bool ending)
{
	bool goes_on = !w->is_end;
	if (goes_on && ending)
		w->fn(NULL, ECANCELED, w->token, w->arg);
	else if (goes_on)
		speak(s, w);
	if (goes_on)
		atomic_fetch_sub_explicit(&s->n_waiting, 1, memory_order_relaxed);
	wish_free(w);
	return goes_on;
}

static void *run(void *arg)
{
	struct speech *s = arg;
	bool ending = false;
	while (!ending) {
		while (sem_wait(&s->news) != 0)
			continue;
		for (struct wish *w = take_all(s), *next; w; w = next) {
			next = w->next;
			ending |= !serve(s, w, ending);
		}
	}
	return NULL;
}

/* --- others --- */

static void push(struct speech *s, struct wish *w)
{
	w->next = atomic_load_explicit(&s->inbox, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&s->inbox, &w->next, w, memory_order_release,
	                                              memory_order_relaxed))
		continue;
	sem_post(&s->news);
}

static struct wish *wish_new(void)
{
	struct wish *w = calloc(1, sizeof *w);
	if (!w)
		abort();
	return w;
}

/* A word, and no option of a program. */
static bool is_voice(const char *voice)
{
	size_t n = strspn(voice, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	return n > 0 && n <= SPEECH_MAX_WORD && !voice[n] && voice[0] != '-';
}

static int check(const struct speech_text *t)
{
	size_t n = strnlen(t->text, SPEECH_MAX_TEXT + 1);
	struct str text = {t->text, n};
	bool fits = n > 0 && n <= SPEECH_MAX_TEXT && str_is_utf8(text) && (!t->voice || is_voice(t->voice));
	return fits ? 0 : EINVAL;
}

static bool may_wait(struct speech *s)
{
	size_t n = atomic_fetch_add_explicit(&s->n_waiting, 1, memory_order_relaxed);
	if (n < s->args.max_waiting)
		return true;
	atomic_fetch_sub_explicit(&s->n_waiting, 1, memory_order_relaxed);
	return false;
}

void speech_say(struct speech *s, const struct speech_text *t, speech_fn *fn, void *arg, uint64_t token)
{
	int err = check(t);
	if (!err && !may_wait(s))
		err = EBUSY;
	if (err) {
		fn(NULL, err, token, arg);
		return;
	}
	struct wish *w = wish_new();
	*w = (struct wish){.engine = t->engine, .text = dup_or_null(t->text), .voice = dup_or_null(t->voice),
	                   .fn = fn, .arg = arg, .token = token};
	push(s, w);
}

static void free_memory(struct speech *s)
{
	if (s->key)
		mem_wipe(s->key, strlen(s->key));
	free(s->dir);
	free(s->flite);
	free(s->url);
	free(s->model);
	free(s->key);
	free(s);
}

int speech_new(struct speech **out, const struct speech_args *args)
{
	if (strlen(args->dir) > MAX_PATH / 2)
		return ENAMETOOLONG;
	if (mkdir(args->dir, 0700) != 0 && errno != EEXIST)
		return errno;
	struct speech *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	s->args = *args;
	s->dir = dup_or_null(args->dir);
	s->flite = dup_or_null(args->flite ? args->flite : "flite");
	s->url = dup_or_null(args->url);
	s->model = dup_or_null(args->model);
	s->key = dup_or_null(args->key);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	sem_init(&s->news, 0, 0);
	int err = pthread_create(&s->thread, NULL, run, s);
	if (err) {
		sem_destroy(&s->news);
		free_memory(s);
		return err;
	}
	*out = s;
	return 0;
}

void speech_free(struct speech *s)
{
	if (!s)
		return;
	struct wish *end = wish_new();
	end->is_end = true;
	push(s, end);
	pthread_join(s->thread, NULL);
	for (struct wish *w = take_all(s), *next; w; w = next) {
		next = w->next;
		serve(s, w, true);
	}
	sem_destroy(&s->news);
	free_memory(s);
}
