// SPDX-License-Identifier: Apache-2.0
/** What the targets share: bytes as a source of choices, and a check that ends the program. */
#pragma once

#include <stdint.h>
#include <stdlib.h>

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static inline void need(bool ok)
{
	if (!ok)
		abort();
}

/** Bytes that were not used yet. */
struct feed {
	const uint8_t *p;
	size_t n;
};

/** The next byte; 0 when there are none. */
static inline uint8_t feed_u8(struct feed *f)
{
	if (!f->n)
		return 0;
	f->n--;
	return *f->p++;
}

static inline uint16_t feed_u16(struct feed *f)
{
	uint16_t high = feed_u8(f);
	return (uint16_t)(high << 8 | feed_u8(f));
}

/** All up to the next `end`, which is taken too. */
static inline struct str feed_until(struct feed *f, char end)
{
	struct str rest = {(const char *)f->p, f->n}, text = str_cut(&rest, end);
	f->p += f->n - rest.n;
	f->n = rest.n;
	return text;
}
