// SPDX-License-Identifier: Apache-2.0
/**
 * Memory of one thread for many small things that live for seconds and end in about the order
 * they began: transactions and their messages.
 *
 * malloc grows the heap of a thread other than the first page by page, a system call each,
 * and merges and splits what ends, and a flood's memory stays. Here memory comes in regions of 2 MB
 * (a large page where the system has it) of 32 chunks; a chunk has blocks of one size class, and those that
 * are free in a stack. A chunk without blocks serves any class, and a region without chunks goes back,
 * but for one.
 *
 * Thread: one slab belongs to one thread at a time. Under AddressSanitizer it is malloc.
 */
#pragma once

#include <stddef.h>

#include "base/list.h"
#include "base/str.h"

/** Larger ones are malloc's. */
enum { SLAB_STEP = 64, SLAB_MAX = 2048, SLAB_CLASSES = SLAB_MAX / SLAB_STEP };

struct slab {
	struct list_node chunks[SLAB_CLASSES]; /* with room for another block */
	struct list_node regions;              /* with a free chunk first, full ones last */
	size_t n_regions, n_empty;
};

/** Takes no memory yet. */
void slab_init(struct slab *s);
/** Gives the regions back, whatever is still in use there; what malloc gave is its owner's. */
void slab_fini(struct slab *s);

/** Uninitialised, aligned to 16 bytes; NULL for 0. Aborts when memory is out (DESIGN rule 7). */
void *slab_alloc(struct slab *s, size_t n);
/** Zeroed. */
void *slab_zalloc(struct slab *s, size_t n);
/** A copy of the bytes; NULL for none. */
char *slab_dup(struct slab *s, struct str bytes);
/** `n` as it was asked for; `p` may be NULL. */
void slab_free(struct slab *s, void *p, size_t n);
