// SPDX-License-Identifier: Apache-2.0
#include "base/slab.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { REGION_BYTES = 2 << 20, CHUNK_BYTES = 64 << 10, CHUNKS = REGION_BYTES / CHUNK_BYTES };

#if defined(__SANITIZE_ADDRESS__)
enum { BY_MALLOC = 1 };
#else
enum { BY_MALLOC = 0 };
#endif

struct slab_block {
	struct slab_block *next;
};

struct slab_region {
	struct list_node node;
	uint32_t free; /* a bit for each chunk */
	char *memory;
};

_Static_assert(CHUNKS == 32, "a bit for each");

/** At the beginning of its memory, which is aligned: a block's address leads to it. */
struct slab_chunk {
	struct list_node node; /* in the slab's list of its class, while there is room */
	struct slab_region *region;
	struct slab_block *free;
	uint32_t used;       /* blocks */
	uint32_t class;
	uint32_t at;         /* where the part begins that was never used */
	uint32_t pad;
	_Alignas(SLAB_STEP) char blocks[];
};

void slab_init(struct slab *s)
{
	*s = (struct slab){0};
	list_init(&s->regions);
	for (size_t i = 0; i < SLAB_CLASSES; i++)
		list_init(&s->chunks[i]);
}

static void drop_region(struct slab *s, struct slab_region *r)
{
	list_remove(&r->node);
	s->n_regions--;
	munmap(r->memory, REGION_BYTES);
	free(r);
}

void slab_fini(struct slab *s)
{
	list_for_each_safe(n, &s->regions)
		drop_region(s, container_of(n, struct slab_region, node));
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

static size_t bytes_of(size_t class)
{
	return (class + 1) * SLAB_STEP;
}

/* -- chunks -------------------------------------------------------------------------- */

/* From the system itself: malloc would keep what is given back. Twice as much, and the ends off. */
static char *map_region(void)
{
	char *p = mmap(NULL, 2 * REGION_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	               -1, 0);
	if (p == MAP_FAILED)
		abort();
	size_t before = -(uintptr_t)p & (REGION_BYTES - 1);
	if (before)
		munmap(p, before);
	munmap(p + before + REGION_BYTES, REGION_BYTES - before);
	(void)madvise(p + before, REGION_BYTES, MADV_HUGEPAGE); /* small pages do as well */
	return p + before;
}

static struct slab_region *add_region(struct slab *s)
{
	struct slab_region *r = calloc(1, sizeof *r);
	if (!r)
		abort();
	r->memory = map_region();
	r->free = UINT32_MAX;
	list_push_front(&s->regions, &r->node);
	s->n_regions++;
	s->n_empty++;
	return r;
}

static struct slab_chunk *take_chunk(struct slab *s, size_t class)
{
	struct list_node *n = list_first(&s->regions);
	struct slab_region *r = n ? container_of(n, struct slab_region, node) : NULL;
	if (!r || !r->free)
		r = add_region(s);
	s->n_empty -= r->free == UINT32_MAX;
	unsigned i = (unsigned)__builtin_ctz(r->free);
	r->free &= ~(1U << i);
	if (!r->free) {
		list_remove(&r->node);
		list_push_back(&s->regions, &r->node);
	}
	struct slab_chunk *c = (struct slab_chunk *)(void *)(r->memory + i * CHUNK_BYTES);
	*c = (struct slab_chunk){
	    .region = r, .class = (uint32_t)class, .at = offsetof(struct slab_chunk, blocks)};
	list_init(&c->node);
	list_push_front(&s->chunks[class], &c->node);
	return c;
}

static void give_chunk_back(struct slab *s, struct slab_chunk *c)
{
	struct slab_region *r = c->region;
	list_remove(&c->node);
	if (!r->free) {
		list_remove(&r->node);
		list_push_front(&s->regions, &r->node);
	}
	r->free |= 1U << ((size_t)((char *)c - r->memory) / CHUNK_BYTES);
	if (r->free != UINT32_MAX)
		return;
	if (s->n_empty)
		drop_region(s, r);
	else
		s->n_empty = 1;
}

static bool is_full(const struct slab_chunk *c)
{
	return !c->free && c->at + bytes_of(c->class) > CHUNK_BYTES;
}

static void *take_block(struct slab_chunk *c)
{
	struct slab_block *b = c->free;
	c->used++;
	if (b) {
		c->free = b->next;
		return b;
	}
	void *p = (char *)c + c->at;
	c->at += (uint32_t)bytes_of(c->class);
	return p;
}

/* -- blocks -------------------------------------------------------------------------- */

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
	struct list_node *first = list_first(&s->chunks[class]);
	struct slab_chunk *c = first ? container_of(first, struct slab_chunk, node)
	                             : take_chunk(s, class);
	void *p = take_block(c);
	if (is_full(c))
		list_remove(&c->node);
	return p;
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
	struct slab_chunk *c = (struct slab_chunk *)((uintptr_t)p & ~(uintptr_t)(CHUNK_BYTES - 1));
	struct slab_block *b = p;
	if (is_full(c))
		list_push_front(&s->chunks[c->class], &c->node);
	b->next = c->free;
	c->free = b;
	if (--c->used == 0)
		give_chunk_back(s, c);
}
