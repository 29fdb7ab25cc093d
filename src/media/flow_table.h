// SPDX-License-Identifier: Apache-2.0
/**
 * Who may be heard on a local port, and what happens to his packets.
 *
 * A flow is flat plain data: no pointers, addresses as bytes, everything that
 * forwarding one packet needs. The kernel may relay it meanwhile (media/fast.h); its
 * counters are added up from there. The table is open addressing over indices; flows keep
 * their place while they live, so an index names one.
 *
 * Thread: the media thread's. Memory is taken once, in flow_table_init.
 */
#pragma once

#include "base/addr.h"
#include "base/hash.h"

enum { FLOW_NONE = UINT32_MAX };

enum flow_flag {
	FLOW_RTCP = 1 << 0,   /* control packets, on the odd port */
	FLOW_MUX = 1 << 1,    /* RTCP may come among the RTP: RFC 5761 */
	FLOW_NEWS = 1 << 2,   /* the next packet changes its stream: it latches, or ends silence */
	FLOW_HEAR = 1 << 3,   /* else counted and dropped */
	FLOW_TO = 1 << 4,     /* `to`, `from` and `out` are valid: there is somewhere to send */
	FLOW_ECHO = 1 << 5,   /* packets get the SSRC `ssrc` */
	FLOW_MAP_PT = 1 << 6, /* payload types are translated by the map of `stream` */
	FLOW_VOICE = 1 << 7,  /* packets are decoded too: by the voice of `stream` */
	FLOW_OWNED = 1 << 8,  /* packets are numbered anew: by rtp_out of `sink` */
};

/** Hashed and compared as bytes: the padding is zero. */
struct flow_key {
	struct addr remote; /* port 0: any port of that address ("open") */
	uint16_t port;      /* ours */
	uint16_t pad;
};

struct flow {
	struct flow_key key;
	uint16_t flags;  /* enum flow_flag */
	uint16_t out;    /* socket that packets leave by */
	uint32_t stream; /* whose packets these are; also names the payload type map */
	uint32_t sink;   /* stream they leave by */
	uint32_t ssrc;
	struct addr to, from;
	uint8_t dtmf_pt;         /* 255: none */
	uint8_t steady;          /* plain packets in a row, up to 255 */
	uint32_t fast;           /* its number in the fast table; FAST_NONE: it is ours */
	uint64_t packets, bytes; /* heard */
	uint64_t last_ms;        /* monotonic, of the last packet heard; 0: none */
	uint64_t fast_packets, fast_bytes; /* what of the kernel's counts is in the above */
};

struct flow_slot;

struct flow_table {
	struct hash_key hash;
	struct flow_slot *slots;
	uint32_t mask;
	struct flow *flows;
	uint32_t max, n, fresh; /* flows from `fresh` on were never used */
	uint32_t free_head;
};

void flow_table_init(struct flow_table *t, uint32_t max, const struct hash_key *key);
void flow_table_fini(struct flow_table *t);

/** NULL: none. */
struct flow *flow_find(const struct flow_table *t, const struct flow_key *key);
/**
 * Begin to load what flow_find of many keys will read, step by step for all of them: first
 * the slots, which gives hashes, then the flows. NULL: none has this hash. It may be another's.
 */
uint32_t flow_prefetch_slot(const struct flow_table *t, const struct flow_key *key);
const struct flow *flow_prefetch(const struct flow_table *t, uint32_t hash);
/** Zeroed but for its key. NULL: the key is taken, or the table is full. */
struct flow *flow_insert(struct flow_table *t, const struct flow_key *key);
void flow_remove(struct flow_table *t, struct flow *f);

static inline uint32_t flow_index(const struct flow_table *t, const struct flow *f)
{
	return (uint32_t)(f - t->flows);
}

static inline struct flow_key flow_key_of(uint16_t port, const struct addr *remote)
{
	struct flow_key k = {.remote = *remote, .port = port};
	k.remote.pad = 0;
	return k;
}
