// SPDX-License-Identifier: Apache-2.0
/* A whole shard with phones whose acts, words and descriptions the bytes choose: test/lib/walk.h.
 * Its rules are those of world_free: nothing is left over, and every call has one record. */
#include "feed.h"
#include "walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	walk_bytes(p, n);
	return 0;
}
