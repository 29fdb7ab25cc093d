// SPDX-License-Identifier: Apache-2.0
#include "shrink.h"

#include <stddef.h>

unsigned shrink_end(unsigned n, shrink_fails *fails, void *arg)
{
	unsigned low = 0, high = n; /* fails with `high` */
	while (high - low > 1) {
		unsigned half = low + (high - low) / 2;
		if (fails(NULL, half, arg))
			high = half;
		else
			low = half;
	}
	return high;
}

enum { TRIED = 2 };

/** False: it does not fail without these, or they are out already. */
static bool leave_out(uint8_t *skip, unsigned n, unsigned from, unsigned to, shrink_fails *fails,
                      void *arg)
{
	bool any = false;
	for (unsigned i = from; i < to; i++)
		if (!skip[i])
			skip[i] = TRIED, any = true;
	bool out = any && fails(skip, n, arg);
	for (unsigned i = from; i < to; i++)
		if (skip[i] == TRIED)
			skip[i] = out;
	return out;
}

unsigned shrink_items(uint8_t *skip, unsigned n, shrink_fails *fails, void *arg)
{
	unsigned left = 0;
	bool less = true;
	for (unsigned run = n / 2; run > 1; run /= 2)
		for (unsigned at = 0; at < n; at += run)
			leave_out(skip, n, at, at + run < n ? at + run : n, fails, arg);
	while (less) {
		less = false;
		for (unsigned at = 0; at < n; at++)
			less |= leave_out(skip, n, at, at + 1, fails, arg);
	}
	for (unsigned i = 0; i < n; i++)
		left += !skip[i];
	return left;
}
