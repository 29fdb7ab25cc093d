// SPDX-License-Identifier: Apache-2.0
/*
 * One thread reads, and owns the table of what is in memory. Others push what they wish onto a stack of
 * its own kind (many writers, one reader that takes it whole), so nobody waits for a file or for
 * each other. Who is given a clip gives it back by counting down; the thread frees.
 *
 * A clip that nobody uses stays in the table. After each load the thread looks whether what is unused
 * is more than the bound, and frees the longest unused first.
 */
#include "media/clip.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/map.h"
#include "base/rng.h"
#include "base/str.h"
#include "media/clip_read.h"

/* A file in memory. Its clip's count is one more while it is in the table. */
struct entry {
	struct clip clip; /* first: clip_unref has only this */
	struct list_node link; /* the longest unused first */
	struct map_node node;
	char *path;
	int16_t *pcm;
	bool forgotten;   /* found no more; freed when unused */
};

enum wish_kind { WISH_LOAD, WISH_FORGET, WISH_END };

struct wish {
	struct wish *next;
	enum wish_kind kind;
	clip_fn *fn;
	void *arg;
	uint64_t token;
	char path[];
};

struct clip_loader {
	struct clip_loader_args args;
	pthread_t thread;
	_Atomic(struct wish *) inbox; /* the newest first */
	sem_t news;
	atomic_size_t n_waiting;
	/* the thread's own */
	struct hash_key key;
	struct map map;
	struct list_node entries;
};

struct clip *clip_of_pcm(const int16_t *pcm, size_t n, uint32_t rate_hz)
{
	struct clip *c = malloc(sizeof *c + n * sizeof *pcm);
	if (!c)
		abort();
	int16_t *copy = (int16_t *)(c + 1);
	memcpy(copy, pcm, n * sizeof *pcm);
	*c = (struct clip){.pcm = copy, .n = (uint32_t)n, .rate_hz = rate_hz};
	atomic_init(&c->refs, 1);
	return c;
}

void clip_ref(struct clip *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
}

void clip_unref(struct clip *c)
{
	if (!c)
		return;
	struct clip_loader *of = c->loader; /* its thread may free the clip right after */
	if (atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) == 1 && !of)
		free(c);
}

/* --- the thread --- */

static struct entry *entry_of(struct list_node *n)
{
	return container_of(n, struct entry, link);
}

static uint64_t hash_of(const struct clip_loader *l, const char *path)
{
	return hash_str(&l->key, str_z(path));
}

static struct entry *find(struct clip_loader *l, const char *path)
{
	for (struct map_node *n = map_find(&l->map, hash_of(l, path)); n; n = map_next(n)) {
		struct entry *e = container_of(n, struct entry, node);
		if (!e->forgotten && strcmp(e->path, path) == 0)
			return e;
	}
	return NULL;
}

static struct entry *entry_new(struct clip_loader *l, const char *path, const struct clip_pcm *got)
{
	struct entry *e = calloc(1, sizeof *e);
	if (!e)
		abort();
	e->path = str_dupz(str_z(path));
	e->pcm = got->pcm;
	e->clip = (struct clip){.pcm = got->pcm, .n = got->n, .rate_hz = got->rate_hz, .loader = l};
	atomic_init(&e->clip.refs, 1); /* the table's */
	list_push_back(&l->entries, &e->link);
	map_insert(&l->map, &e->node, hash_of(l, path));
	return e;
}

static void entry_free(struct clip_loader *l, struct entry *e)
{
	map_remove(&l->map, &e->node);
	list_remove(&e->link);
	free(e->path);
	free(e->pcm);
	free(e);
}

/* Only the table has it, and only this thread gives more references of the table's. */
static bool is_unused(struct entry *e)
{
	return atomic_load_explicit(&e->clip.refs, memory_order_acquire) == 1;
}

/* What is unused beyond the bound, in the order of use. */
static void trim(struct clip_loader *l)
{
	size_t bytes = 0;
	list_for_each(n, &l->entries) {
		if (is_unused(entry_of(n)))
			bytes += (size_t)entry_of(n)->clip.n * sizeof(int16_t);
	}
	list_for_each_safe(n, &l->entries) {
		struct entry *e = entry_of(n);
		size_t own = (size_t)e->clip.n * sizeof(int16_t);
		if (!is_unused(e) || (!e->forgotten && bytes <= l->args.max_bytes))
			continue;
		entry_free(l, e);
		bytes -= own;
	}
}

static void load(struct clip_loader *l, const struct wish *w)
{
	struct entry *e = find(l, w->path);
	int err = 0;
	if (!e) {
		struct clip_pcm got;
		err = clip_read(w->path, l->args.max_s, &got);
		if (!err)
			e = entry_new(l, w->path, &got);
	}
	if (e) {
		list_remove(&e->link);
		list_push_back(&l->entries, &e->link);
		clip_ref(&e->clip);
	}
	w->fn(e ? &e->clip : NULL, err, w->token, w->arg);
	trim(l);
}

static void forget(struct clip_loader *l, const char *path)
{
	struct entry *e = find(l, path);
	if (e)
		e->forgotten = true;
	trim(l);
}

/* All there are, the oldest first. */
static struct wish *take_all(struct clip_loader *l)
{
	struct wish *w = atomic_exchange_explicit(&l->inbox, NULL, memory_order_acquire);
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
static bool serve(struct clip_loader *l, struct wish *w, bool ending)
{
	bool is_end = w->kind == WISH_END;
	if (w->kind == WISH_LOAD && ending)
		w->fn(NULL, ECANCELED, w->token, w->arg);
	else if (w->kind == WISH_LOAD)
		load(l, w);
	else if (w->kind == WISH_FORGET)
		forget(l, w->path);
	if (!is_end)
		atomic_fetch_sub_explicit(&l->n_waiting, 1, memory_order_relaxed);
	free(w);
	return !is_end;
}

static void *run(void *arg)
{
	struct clip_loader *l = arg;
	bool ending = false;
	while (!ending) {
		while (sem_wait(&l->news) != 0) /* EINTR */
			continue;
		for (struct wish *w = take_all(l), *next; w; w = next) {
			next = w->next;
			ending |= !serve(l, w, ending);
		}
	}
	return NULL;
}

/* --- others --- */

static void push(struct clip_loader *l, struct wish *w)
{
	w->next = atomic_load_explicit(&l->inbox, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&l->inbox, &w->next, w, memory_order_release,
	                                              memory_order_relaxed))
		continue;
	sem_post(&l->news);
}

static struct wish *wish_new(enum wish_kind kind, const char *path)
{
	size_t n = strlen(path) + 1;
	struct wish *w = calloc(1, sizeof *w + n);
	if (!w)
		abort();
	w->kind = kind;
	memcpy(w->path, path, n);
	return w;
}

static bool may_wait(struct clip_loader *l)
{
	size_t n = atomic_fetch_add_explicit(&l->n_waiting, 1, memory_order_relaxed);
	if (n < l->args.max_waiting)
		return true;
	atomic_fetch_sub_explicit(&l->n_waiting, 1, memory_order_relaxed);
	return false;
}

void clip_load(struct clip_loader *l, const char *path, clip_fn *fn, void *arg, uint64_t token)
{
	if (!may_wait(l)) {
		fn(NULL, EBUSY, token, arg);
		return;
	}
	struct wish *w = wish_new(WISH_LOAD, path);
	w->fn = fn;
	w->arg = arg;
	w->token = token;
	push(l, w);
}

void clip_forget(struct clip_loader *l, const char *path)
{
	atomic_fetch_add_explicit(&l->n_waiting, 1, memory_order_relaxed);
	push(l, wish_new(WISH_FORGET, path));
}

int clip_loader_new(struct clip_loader **out, const struct clip_loader_args *args)
{
	struct clip_loader *l = calloc(1, sizeof *l);
	struct rng rng;
	if (!l)
		abort();
	l->args = *args;
	rng_init(&rng);
	l->key = (struct hash_key){rng_u64(&rng), rng_u64(&rng)};
	list_init(&l->entries);
	map_init(&l->map);
	sem_init(&l->news, 0, 0);
	int err = pthread_create(&l->thread, NULL, run, l);
	if (err) {
		sem_destroy(&l->news);
		free(l);
		return err;
	}
	*out = l;
	return 0;
}

void clip_loader_free(struct clip_loader *l)
{
	if (!l)
		return;
	push(l, wish_new(WISH_END, ""));
	pthread_join(l->thread, NULL);
	for (struct wish *w = take_all(l), *next; w; w = next) {
		next = w->next;
		serve(l, w, true);
	}
	while (!list_empty(&l->entries))
		entry_free(l, entry_of(l->entries.next));
	map_fini(&l->map);
	sem_destroy(&l->news);
	free(l);
}
