// SPDX-License-Identifier: Apache-2.0
/**
 * Time. Only ev/ and app/ read these clocks; everything else is given `now`.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"

/** Monotonic milliseconds and microseconds. */
uint64_t clock_mono_ms(void);
uint64_t clock_mono_us(void);
/** Milliseconds since 1970-01-01 UTC. */
uint64_t clock_wall_ms(void);

/** "2026-07-01T12:34:56.789Z" (RFC 3339). */
void clock_put_rfc3339(struct buf *b, uint64_t wall_ms);
/** The same form back, fraction optional, Z or an offset; E_MALFORMED. */
must_check int clock_parse_rfc3339(struct str s, uint64_t *wall_ms);
