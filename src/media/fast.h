// SPDX-License-Identifier: Apache-2.0
/**
 * The fast path: flows that the kernel relays by itself, at a tenth of the cost, because their
 * packets reach no socket and wake nobody (tc clsact with eBPF). It is the flow table's mirror: same
 * packets, same counters. An entry is made once a source is proven and steady, and taken back
 * before anything about its stream changes; what the program does not pass goes up to the
 * sockets as ever.
 *
 * It needs CAP_BPF and CAP_NET_ADMIN, Linux 5.11 (bpf_redirect_neigh, memory accounting) and a build
 * with libbpf and clang. One daemon of a network namespace can have it: the next to start takes
 * its place at the interfaces, and the first goes on without.
 *
 * Thread: struct fast_path is made before the media threads and freed after them. A fast_table is its
 *         thread's own part; nothing in it is shared but the memory that the kernel writes.
 */
#pragma once

#include "base/addr.h"
#include "media/fast_packet.h"

struct fast_path;

struct fast_path_args {
	size_t threads, flows_per_thread;
	struct addr address; /* what the sockets are bound to: a loopback one means that interface */
};

/** ENOTSUP: not built in. EPERM, or another errno of bpf(): the system does not let us. */
must_check int fast_path_new(struct fast_path **out, const struct fast_path_args *args);
void fast_path_free(struct fast_path *p);

struct fast_table {
	struct fast_path *path; /* NULL: there is none, and nothing else here counts */
	uint8_t thread;
	uint32_t first, max; /* its part of the flows */
	uint32_t fresh, free_head;
	uint32_t *next_free;
	uint64_t lease_us;
	int route_fd; /* netlink */
};

/** `path` may be NULL. */
must_check int fast_table_init(struct fast_table *t, struct fast_path *path, size_t thread);
void fast_table_fini(struct fast_table *t);

/** Vouch for the entries for some seconds more; call it once a second at least. */
void fast_table_vouch(struct fast_table *t, uint64_t now_us);

enum { FAST_NONE = 0 };

/**
 * Make an entry: packets from `remote` to `local` leave from `from` to `to`. All IPv4, with ports.
 *
 * @return its number; FAST_NONE: full, no route, or not possible for these addresses
 */
uint32_t fast_add(struct fast_table *t, const struct addr *remote, const struct addr *local,
                  const struct addr *from, const struct addr *to, const struct fast_flow *like);
/** What the kernel counted so far, and goes on counting. */
struct fast_flow *fast_at(const struct fast_table *t, uint32_t number);
/** From now on the packets go up. The counters can be read until the next fast_add. */
void fast_remove(struct fast_table *t, uint32_t number);

/* -- fast_load.c, or fast_none.c where it cannot be built -- */

/** Loads the program and attaches it. */
struct fast_program {
	int flows, states, leases; /* maps */
	void *object;
	unsigned interfaces[64];
	size_t n_interfaces;
};

must_check int fast_load(struct fast_program *p, size_t max_flows, bool loopback);
void fast_unload(struct fast_program *p);
