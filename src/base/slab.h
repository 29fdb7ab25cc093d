// SPDX-License-Identifier: Apache-2.0
/**
 * Memory of one thread for many small things that live for seconds and end in about the order
 * they began: transactions and their messages.
 *
 * malloc grows the heap of a thread other than the first page by page, a system call each,
 * and merges and splits what ends; here a size's free blocks are a stack, and memory comes in
 * regions of 2 MB (a large page where the system has it). What was taken stays for blocks of the same
 * size class until slab_fini.
 *
 * Thread: one slab belongs to one thread at a time. Under AddressSanitizer it is malloc.
 */
#pragma once

#include <stddef.h>

#include "base/str.h"

/** Larger ones are malloc's. */
enum { SLAB_STEP = 64, SLAB_MAX = 2048, SLAB_CLASSES = SLAB_MAX / SLAB_STEP };

struct slab_block;
struct slab_region;

struct slab {
	struct slab_block *free[SLAB_CLASSES];
	struct slab_region *regions; /* newest first */
	char *at, *end;              /* of the newest, not used yet */
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
