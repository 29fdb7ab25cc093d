// SPDX-License-Identifier: Apache-2.0
/**
 * Counters. Each thread has a `struct metrics` of its own and adds to it with
 * metric_add; a reader on another thread sums them up (relaxed atomics).
 * The counters stand in base/metrics.h, from which doc/metrics.md is made.
 */
#pragma once

#include <stdint.h>

enum metric_id {
#define X(id, name, kind, text) id,
#include "base/metrics.h"
#undef X
	METRIC_IDS
};

struct metrics {
	uint64_t v[METRIC_IDS];
};

static inline void metric_add(struct metrics *m, enum metric_id id, uint64_t n)
{
	__atomic_store_n(&m->v[id], __atomic_load_n(&m->v[id], __ATOMIC_RELAXED) + n,
	                 __ATOMIC_RELAXED);
}

static inline void metric_sub(struct metrics *m, enum metric_id id, uint64_t n)
{
	metric_add(m, id, (uint64_t)0 - n);
}

static inline uint64_t metric_get(const struct metrics *m, enum metric_id id)
{
	return __atomic_load_n(&m->v[id], __ATOMIC_RELAXED);
}

const char *metric_name(enum metric_id id);
const char *metric_kind(enum metric_id id); /* "counter" or "gauge" */
const char *metric_text(enum metric_id id);
