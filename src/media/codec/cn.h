// SPDX-License-Identifier: Apache-2.0
/**
 * Comfort noise: RFC 3389. A payload says how loud the noise is behind a silent speaker, and of
 * which colour; it is made until speech, or another payload, comes.
 *
 * Thread: whoever owns it. A plain struct.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	CN_PT = 13,       /* at 8000 Hz */
	CN_MAX_ORDER = 12, /* of the filter; more coefficients are left out */
	CN_QUIETEST = 127, /* -dBov */
};

struct cn {
	uint32_t seed;
	float peak;     /* of the white noise that goes in */
	size_t order;
	float k[CN_MAX_ORDER], state[CN_MAX_ORDER + 1];
};

/** Silence, until a payload comes. */
void cn_init(struct cn *c, uint32_t seed);
/** An empty payload changes nothing. */
void cn_payload(struct cn *c, const uint8_t *p, size_t n);
void cn_make(struct cn *c, int16_t *pcm, size_t n);

/** The first octet for these samples: their level, -dBov (section 3.1). */
uint8_t cn_level(const int16_t *pcm, size_t n);
