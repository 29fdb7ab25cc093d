// SPDX-License-Identifier: Apache-2.0
#include "base/slab.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { REGION_BYTES = 2 << 20 };

#if defined(__SANITIZE_ADDRESS__)
enum { BY_MALLOC = 1 };
#else
enum { BY_MALLOC = 0 };
#endif

struct slab_block {
	struct slab_block *next;
};

struct slab_region {
	struct slab_region *next;
	char pad[SLAB_STEP - sizeof(struct slab_region *)];
};

void slab_init(struct slab *s)
{
	*s = (struct slab){0};
}

void slab_fini(struct slab *s)
{
	struct slab_region *next;
	for (struct slab_region *r = s->regions; r; r = next) {
		next = r->next;
		free(r);
	}
	slab_init(s);
}

static bool is_large(size_t n)
{
	return BY_MALLOC || n > SLAB_MAX;
}

static size_t class_of(size_t n)
{
	return (n - 1) / SLAB_STEP;
}

static void add_region(struct slab *s)
{
	struct slab_region *r = aligned_alloc(REGION_BYTES, REGION_BYTES);
	if (!r)
		abort();
	(void)madvise(r, REGION_BYTES, MADV_HUGEPAGE); /* small pages do as well */
	r->next = s->regions;
	s->regions = r;
	s->at = (char *)(r + 1);
	s->end = (char *)r + REGION_BYTES;
}

/** What is left of a region that is too small for this block is lost: at most SLAB_MAX. */
static void *carve(struct slab *s, size_t bytes)
{
	if ((size_t)(s->end - s->at) < bytes)
		add_region(s);
	void *p = s->at;
	s->at += bytes;
	return p;
}

void *slab_alloc(struct slab *s, size_t n)
{
	if (n == 0)
		return NULL;
	if (is_large(n)) {
		void *p = malloc(n);
		if (!p)
			abort();
		return p;
	}
	size_t class = class_of(n);
	struct slab_block *b = s->free[class];
	if (!b)
		return carve(s, (class + 1) * SLAB_STEP);
	s->free[class] = b->next;
	return b;
}

void *slab_zalloc(struct slab *s, size_t n)
{
	void *p = slab_alloc(s, n);
	return p ? memset(p, 0, n) : NULL;
}

char *slab_dup(struct slab *s, struct str bytes)
{
	char *p = slab_alloc(s, bytes.n);
	return p ? memcpy(p, bytes.p, bytes.n) : NULL;
}

void slab_free(struct slab *s, void *p, size_t n)
{
	if (!p)
		return;
	if (is_large(n)) {
		free(p);
		return;
	}
	struct slab_block *b = p;
	b->next = s->free[class_of(n)];
	s->free[class_of(n)] = b;
}
