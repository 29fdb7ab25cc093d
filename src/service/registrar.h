// SPDX-License-Identifier: Apache-2.0
/**
 * The registrar: RFC 3261 section 10.3, with Path (RFC 3327) and the instance and
 * reg-id of RFC 5626 as a binding's identity.
 */
#pragma once

#include "service/auth.h"
#include "service/location.h"

struct registrar_settings {
	uint32_t default_s, min_s, max_s; /* expiry */
	unsigned max_bindings;            /* of one device */
	size_t max_total;                 /* of the shard; 0: no limit */
};

struct registrar {
	struct location *location;
	struct registrar_settings settings;
	struct metrics *metrics;
};

/** Answers a REGISTER of an authenticated device. */
void registrar_request(struct registrar *r, struct strans *st, const struct sip_msg *m,
                       const struct flow *flow, const struct auth_identity *who, uint64_t wall_ms);
