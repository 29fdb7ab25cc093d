// SPDX-License-Identifier: Apache-2.0
/**
 * String slices: a pointer and a length into bytes that somebody else owns.
 *
 * A slice is a value; it is never NUL terminated by promise, and it is dead
 * when the bytes under it are. Functions that copy say `_dup`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

struct str {
	const char *p;
	size_t n;
};

/** A slice over a string literal. */
#define STR(lit) ((struct str){(lit), sizeof(lit) - 1})
#define STR_NONE ((struct str){NULL, 0})

/** For printf: `printf(STR_FMT, STR_ARG(s))`. */
#define STR_FMT "%.*s"
#define STR_ARG(s) ((int)(s).n), ((s).p ? (s).p : "")

static inline struct str str_z(const char *z)
{
	return (struct str){z, z ? strlen(z) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/** Equal but for ASCII letter case. */
bool str_ieq(struct str a, struct str b);

/** Order by bytes, then by length: <0, 0 or >0. */
int str_cmp(struct str a, struct str b);

bool str_starts(struct str s, struct str prefix);
bool str_istarts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);

/** Without leading and trailing SP, HTAB, CR and LF. */
struct str str_trim(struct str s);

/** Position of `c`, or s.n when it does not occur. */
static inline size_t str_find(struct str s, char c)
{
	const char *at = s.n ? (const char *)memchr(s.p, c, s.n) : NULL;

	return at ? (size_t)(at - s.p) : s.n;
}

/** Bytes [from, to), clamped to the slice. */
static inline struct str str_sub(struct str s, size_t from, size_t to)
{
	if (to > s.n)
		to = s.n;
	if (from > to)
		from = to;
	/* Adding 0 to NULL is what the language does not define. */
	return (struct str){from ? s.p + from : s.p, to - from};
}

/**
 * Cut `*s` at the first `c`: returns what stood before it and leaves what
 * stands after it (nothing, when `c` does not occur).
 */
static inline struct str str_cut(struct str *s, char c)
{
	struct str all = *s;
	size_t at = str_find(all, c);

	*s = str_sub(all, at + 1, all.n);
	return str_sub(all, 0, at);
}

/** Decimal digits only, whole slice; E_MALFORMED or ERANGE. `out` untouched on error. */
must_check int str_u32(struct str s, uint32_t *out);
must_check int str_u64(struct str s, uint64_t *out);

/** Heap copy with a NUL behind it; the caller frees. Aborts when memory is out. */
char *str_dupz(struct str s);

/** Copy into `dst` of `cap` bytes with a NUL; false (and dst = "") when it does not fit. */
bool str_copyz(char *dst, size_t cap, struct str s);

/** Valid UTF-8 without overlong forms and surrogates (RFC 3629 section 3). */
bool str_is_utf8(struct str s);
/** Length of the valid character `s` begins with; 0 when it begins with none. */
size_t str_utf8_step(struct str s);

/** ASCII lower case of one byte. */
static inline char ch_lower(char c)
{
	return (c >= 'A' && c <= 'Z') ? (char)(c | 0x20) : c;
}

/** Equal bytes, in a time that depends on the length alone: for secrets. */
bool mem_eq_const(const void *a, const void *b, size_t n);

/** Overwrite a secret; not optimised away. */
void mem_wipe(void *p, size_t n);
