// SPDX-License-Identifier: Apache-2.0
/**
 * Memory for one message or request: many small allocations, freed whole.
 *
 * Thread: none of its own; one arena belongs to one thread at a time.
 * Memory that an allocation needs and the system has not aborts the process
 * (DESIGN rule 7: what a peer sizes is limited before it gets here).
 */
#pragma once

#include "base/str.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *head; /* newest chunk */
	char *at, *end;           /* free part of it */
	size_t chunk_bytes;
};

/** `chunk_bytes` is the size of the first chunk and of those after it. Takes no memory yet. */
void arena_init(struct arena *a, size_t chunk_bytes);
void arena_fini(struct arena *a);

/** Forget all allocations; the largest chunk is kept for reuse. */
void arena_reset(struct arena *a);

/** Uninitialised, aligned to 16 bytes. */
void *arena_alloc(struct arena *a, size_t n);
/** Zeroed. */
void *arena_zalloc(struct arena *a, size_t n);
/** A copy with a NUL behind it (not counted). */
struct str arena_dup(struct arena *a, struct str s);
struct str arena_printf(struct arena *a, const char *fmt, ...) printf_like(2, 3);
