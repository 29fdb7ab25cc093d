// SPDX-License-Identifier: Apache-2.0
/**
 * Phones that do as they like with a shard: calls, answers, refusals and requests in and out of
 * turn, packets lost, time passing. Whatever they do, world_free finds nothing left over
 * afterwards, and each call has one record. A walk that breaks one of these rules fails its test.
 *
 * What happens next is chosen by a seed, or by bytes: of those each choice takes one, and they
 * may also hold header lines and descriptions that the phones then say.
 */
#pragma once

#include "world.h"

struct walk_end {
	size_t calls, answered; /* how far it led */
};

/** So many things happen. */
struct walk_end walk_seed(uint64_t seed, unsigned steps);
/** Until the bytes are used up. */
struct walk_end walk_bytes(const uint8_t *p, size_t n);
