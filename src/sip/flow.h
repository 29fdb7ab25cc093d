// SPDX-License-Identifier: Apache-2.0
/**
 * A flow (RFC 5626 section 3.3): the way between us and one peer, as a plain
 * value. Contacts, transactions and dialogs refer to flows, never to sockets, so
 * that they can be stored and read back elsewhere.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

enum sip_transport { SIP_UDP, SIP_TCP, SIP_TLS, SIP_WS, SIP_WSS, SIP_TRANSPORTS };

struct flow {
	uint8_t transport; /* enum sip_transport */
	uint8_t shard;     /* whose loop the connection is on; for datagrams, any */
	uint16_t listener; /* index into the daemon's list of listeners */
	uint32_t pad;
	uint64_t conn;     /* a connection's number; 0 for datagrams */
	struct addr local; /* the address the peer reached us at */
	struct addr remote;
};

/** True where bytes arrive or the peer knows: no retransmission (RFC 3261 section 17). */
static inline bool flow_is_reliable(const struct flow *f)
{
	return f->transport != SIP_UDP;
}

/** The same connection, or the same pair of addresses over the same transport. */
bool flow_eq(const struct flow *a, const struct flow *b);

/** "UDP", "TCP", "TLS", "WS", "WSS" as in Via. */
struct str sip_transport_name(enum sip_transport t);
/** Any letter case; ENOENT. */
must_check int sip_transport_parse(struct str s, enum sip_transport *out);
