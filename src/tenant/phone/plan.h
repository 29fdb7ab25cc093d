// SPDX-License-Identifier: Apache-2.0
/**
 * A country's numbering: how its numbers are dialled, how long they are, and a trie of prefixes
 * that says what kind of number one is. Asked of libphonenumber by probing, once a country and
 * process (half a second), when a tenant's snapshot is built; never for a call.
 *
 * Thread:   phone_plan_get on any thread (a lock inside); a plan never changes.
 * Lifetime: plans live as long as the process: there are some 250 countries.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum phone_type {
	PHONE_UNKNOWN,
	PHONE_FIXED,   /* and all that costs the same */
	PHONE_MOBILE,
	PHONE_TOLL_FREE,
	PHONE_PREMIUM,
	PHONE_ABROAD,  /* another country with the same country code: +1, +7 */
};

enum { PHONE_DIGITS = 10, PHONE_LEAF = 0x8000, PHONE_EMERGENCY_MAX = 16, PHONE_SHORT = 6 };

struct phone_node {
	uint16_t child[PHONE_DIGITS]; /* a node's position, or PHONE_LEAF | enum phone_type */
};

struct phone_plan {
	char region[3];
	char country_code[4];
	char national_prefix[PHONE_SHORT];      /* may be empty */
	char international_prefix[PHONE_SHORT];
	uint32_t lengths;                       /* bit n: a national number may have n digits */
	bool prefix_optional;                   /* national numbers are also dialled without prefix */
	const struct phone_node *nodes;
	size_t n_nodes;
	char emergency[PHONE_EMERGENCY_MAX][PHONE_SHORT];
	size_t n_emergency;
};

/** Two capital letters (ISO 3166-1); NULL: there is no such country. */
const struct phone_plan *phone_plan_get(const char region[2]);

/** `digits` is a national number of `n` digits, without any prefix. Pure. */
enum phone_type phone_plan_type(const struct phone_plan *p, const char *digits, size_t n);

#ifdef __cplusplus
}
#endif
