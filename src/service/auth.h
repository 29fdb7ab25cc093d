// SPDX-License-Identifier: Apache-2.0
/**
 * Who sends this request, and to which tenant does it belong: digest authentication (RFC 7616,
 * RFC 8760) against the directory.
 *
 * The tenant is told by the host of the Request-URI, of To, then of From; a phone that knows only an IP
 * address is found by its user name: the globally unique one, or a plain one that
 * only one tenant has. Never by the source address.
 *
 * Thread: the shard's.
 */
#pragma once

#include "base/hash.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/rng.h"
#include "sip/digest.h"
#include "sip/transaction.h"
#include "tenant/snapshot.h"

struct auth;

struct auth_args {
	const struct log *log;
	struct metrics *metrics;
	struct rng *rng;
	struct nonce_secret secret;
	struct hash_key hash_key;
	struct str realm;         /* where no tenant's domain was named; copied */
	uint16_t shard;           /* nonces are counted where they were made */
	uint32_t nonce_age_s;
	size_t max_nonces;
};

struct auth_identity {
	const struct tenant *tenant; /* borrowed from the directory */
	const struct device *device;
};

must_check int auth_new(struct auth **out, const struct auth_args *args);
void auth_free(struct auth *a);

/**
 * Check the credentials of a request. False: it was answered with a challenge (407 where `proxy`, else
 * 401). An unknown user and a wrong password get the same answer in the same time.
 */
must_check bool auth_check(struct auth *a, const struct directory *d, struct strans *st,
                           const struct sip_msg *m, const struct flow *flow, bool proxy,
                           uint64_t now_ms, struct auth_identity *out);

/** The tenant named by the request's hosts, or NULL. */
const struct tenant *auth_tenant_of(const struct directory *d, const struct sip_msg *m);
