// SPDX-License-Identifier: Apache-2.0
/**
 * A growing byte buffer with an upper limit.
 *
 * Errors stick: once a write did not fit, `full` is set and later writes do
 * nothing, so a printer writes all it has and checks once, with buf_ok().
 */
#pragma once

#include "base/str.h"

struct buf {
	char *p;
	size_t n;    /* bytes written */
	size_t cap;  /* bytes owned */
	size_t max;  /* never grows above this */
	bool full;   /* something did not fit */
	bool fixed;  /* memory belongs to the caller */
};

/** Heap memory, grown on demand up to `max` bytes. */
void buf_init(struct buf *b, size_t max);

/** The caller's memory; never grows. */
void buf_init_fixed(struct buf *b, void *mem, size_t cap);

/** Frees heap memory; the buffer may be initialised again. */
void buf_fini(struct buf *b);

/** Empty it and clear `full`; memory is kept. */
static inline void buf_reset(struct buf *b)
{
	b->n = 0;
	b->full = false;
}

void buf_add(struct buf *b, const void *p, size_t n);
void buf_printf(struct buf *b, const char *fmt, ...) printf_like(2, 3);
void buf_u64(struct buf *b, uint64_t v);
/** Lower-case hexadecimal of `n` bytes. */
void buf_hex(struct buf *b, const void *p, size_t n);
/** A JSON string with quotes; invalid UTF-8 is replaced by U+FFFD. */
void buf_json_str(struct buf *b, struct str s);

static inline void buf_str(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

static inline void buf_ch(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

/** Append a string literal. */
#define buf_lit(b, lit) buf_add((b), (lit), sizeof(lit) - 1)

static inline bool buf_ok(const struct buf *b)
{
	return !b->full;
}

/** Borrowed view of what was written. */
static inline struct str buf_view(const struct buf *b)
{
	return (struct str){b->p, b->n};
}
