// SPDX-License-Identifier: Apache-2.0
/** Makes what fails smaller. Deterministic; what fails with a set of items is up to the caller. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Does it fail with the first n items, less those whose skip[i] is not 0? skip: NULL for none. */
typedef bool shrink_fails(const uint8_t *skip, unsigned n, void *arg);

/** How many of n items (all fail together) are enough: one less was seen not to fail. */
unsigned shrink_end(unsigned n, shrink_fails *fails, void *arg);

/**
 * Leaves out runs of items, half as long each time, then single ones until no single one can be
 * left out. skip: n bytes of the caller's, 0; 1 afterwards for what is left out. Returns how many
 * items are left.
 */
unsigned shrink_items(uint8_t *skip, unsigned n, shrink_fails *fails, void *arg);
