// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { ALIGN = 16 };

struct arena_chunk {
	struct arena_chunk *next;
	size_t n; /* bytes behind this header */
	_Alignas(ALIGN) char mem[];
};

void arena_init(struct arena *a, size_t chunk_bytes)
{
	*a = (struct arena){.chunk_bytes = chunk_bytes < ALIGN ? ALIGN : chunk_bytes};
}

static void free_chunks(struct arena_chunk *c)
{
	while (c) {
		struct arena_chunk *next = c->next;

		free(c);
		c = next;
	}
}

void arena_fini(struct arena *a)
{
	free_chunks(a->head);
	arena_init(a, a->chunk_bytes);
}

static void use_chunk(struct arena *a, struct arena_chunk *c)
{
	a->head = c;
	a->at = c->mem;
	a->end = c->mem + c->n;
}

void arena_reset(struct arena *a)
{
	struct arena_chunk *largest = a->head, **link;

	if (!largest)
		return;
	for (struct arena_chunk *c = a->head; c; c = c->next) {
		if (c->n > largest->n)
			largest = c;
	}
	for (link = &a->head; *link != largest; link = &(*link)->next)
		;
	*link = largest->next;
	free_chunks(a->head);
	largest->next = NULL;
	use_chunk(a, largest);
}

static void *alloc_in_new_chunk(struct arena *a, size_t n)
{
	size_t size = n > a->chunk_bytes ? n : a->chunk_bytes;
	struct arena_chunk *c = malloc(sizeof *c + size);

	if (!c)
		abort();
	c->n = size;
	c->next = a->head;
	use_chunk(a, c);
	a->at += n;
	return c->mem;
}

void *arena_alloc(struct arena *a, size_t n)
{
	char *p = a->at;

	if (n > SIZE_MAX / 2)
		abort();
	/* At least one step, so that no two allocations share an address. */
	n = n ? (n + ALIGN - 1) & ~(size_t)(ALIGN - 1) : ALIGN;
	if (n > (size_t)(a->end - p))
		return alloc_in_new_chunk(a, n);
	a->at = p + n;
	return p;
}

void *arena_zalloc(struct arena *a, size_t n)
{
	return memset(arena_alloc(a, n), 0, n);
}

struct str arena_dup(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return (struct str){p, s.n};
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	p = arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return (struct str){p, (size_t)n};
}
