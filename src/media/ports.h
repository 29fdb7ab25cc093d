// SPDX-License-Identifier: Apache-2.0
/**
 * Which pool port a stream uses. Media threads share a few sockets among all their
 * streams and tell them apart by the peer's address, so a port may serve any number of
 * streams whose expected peers differ. Signalling decides this, because it must name the
 * port in an offer before the media thread has heard of the stream.
 *
 * Pure bookkeeping: one allocator for each (shard, media thread), over ports that belong
 * to that pair alone. No I/O.
 *
 * An expected peer is exact (address and port, once a description came) or open (an
 * address alone: before the answer, or behind NAT until the stream is locked). On one
 * port there is at most one exact lease of the same address and port, and one open
 * lease of the same address.
 */
#pragma once

#include "base/addr.h"
#include "base/hash.h"

struct port_pool;

struct port_lease {
	uint16_t port; /* 0: none */
	bool exact;
	struct addr peer; /* port 0 when open */
};

/**
 * @param first,n_pairs  even RTP ports first, first + 2, ...; RTCP is at + 1
 * @param initial        how many pairs are used from the start; more are opened on demand
 */
must_check int port_pool_new(struct port_pool **out, uint16_t first, size_t n_pairs, size_t initial,
                             const struct hash_key *key);
void port_pool_free(struct port_pool *p);

/**
 * Lease a port for a peer; `peer->port` 0: open. When `*opened` is set, the port was not in
 * use before: the caller posts MEDIA_CMD_OPEN_PORT first. (The initial ones too.)
 *
 * @return 0; E_LIMIT when every port of the range is taken for this peer
 */
must_check int port_pool_take(struct port_pool *p, const struct addr *peer, struct port_lease *out,
                              bool *opened);
/**
 * The peer is known better now. EADDRINUSE: another stream on this port has exactly
 * this peer; the lease stays as it was.
 */
must_check int port_pool_settle(struct port_pool *p, struct port_lease *lease,
                                const struct addr *exact);
void port_pool_release(struct port_pool *p, struct port_lease *lease);
/** The port cannot be bound: never lease it again. */
void port_pool_bad(struct port_pool *p, uint16_t port);
size_t port_pool_leases(const struct port_pool *p);
