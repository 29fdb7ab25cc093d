// SPDX-License-Identifier: Apache-2.0
/**
 * SIP over TCP on one thread: connections in and out, cut into messages (RFC 3261 section 18.3),
 * kept alive (RFC 5626 section 3.5.1), found again by number or by the peer's address.
 *
 * Thread: the loop's.
 */
#pragma once

#include "app/settings.h"
#include "base/hash.h"
#include "ev/loop.h"
#include "sip/flow.h"
#include "sip/msg.h"

struct links;

struct links_args {
	struct loop *loop;
	const struct settings *settings;
	struct sip_limits limits;
	struct hash_key hash_key;
	uint16_t shard;
	/** One whole message. */
	void (*on_message)(void *arg, struct str bytes, const struct flow *flow);
	void (*on_lost)(void *arg, const struct flow *flow, int err);
	void *arg;
};

must_check int links_new(struct links **out, const struct links_args *args);
void links_free(struct links *l);

/** `bound` is set to the address with its port. */
must_check int links_listen(struct links *l, uint16_t listener, const struct addr *at,
                            struct addr *bound);
/**
 * Send on the flow's connection; when it is gone, on another one to the same address, or on a
 * new one. What cannot be sent comes back as on_lost, later.
 */
void links_send(struct links *l, const struct flow *flow, struct str bytes);
