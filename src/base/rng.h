// SPDX-License-Identifier: Apache-2.0
/**
 * Random numbers that nobody outside can predict (tags, branches, Call-IDs):
 * ChaCha20 keyed from the system, or from a seed so that a simulation repeats.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct rng {
	uint32_t state[16];
	uint8_t out[64];
	size_t used;
};

/** Key from getrandom(2). */
void rng_init(struct rng *r);
/** The same numbers for the same seed; for tests and the simulator only. */
void rng_init_seed(struct rng *r, uint64_t seed);

void rng_bytes(struct rng *r, void *p, size_t n);
uint64_t rng_u64(struct rng *r);
/** Uniform in [0, n), n > 0. */
uint32_t rng_below(struct rng *r, uint32_t n);

/** `n` characters of a-z2-7 (5 bits each), no NUL. */
void rng_token(struct rng *r, char *p, size_t n);
