// SPDX-License-Identifier: Apache-2.0
/**
 * A media plane on loopback, and phones of bare sockets around it. Every wait is for a
 * condition and has an end; nothing sleeps for a fixed time.
 */
#pragma once

#include <pthread.h>

#include "media/media.h"

enum { RIG_EVENTS = 4096, RIG_WAIT_MS = 10000, RIG_PACKET = 2048 };

struct rig {
	struct media *media;
	struct log log;
	struct metrics metrics;
	pthread_mutex_t lock;
	pthread_cond_t came;
	struct media_event *events[RIG_EVENTS];
	uint16_t shards[RIG_EVENTS];
	size_t n_events;
};

/** The rigs to come use the fast path, from a flow's second packet on. */
extern bool rig_accel;
/**
 * Move this process into a network namespace of its own, where nobody else relays. False: it may
 * not, or there is no fast path here; say so and skip.
 */
bool rig_try_accel(void);
/** One thread bound to `address`. */
void rig_start(struct rig *r, const char *address, size_t max_streams);
void rig_stop(struct rig *r);

/** Opens a pair of ports that the kernel has free. */
uint16_t rig_open_port(struct rig *r);
/** An even port that was free, with the next one, a moment ago. */
uint16_t rig_free_port(void);

/** A set with the usual values: EXACT, hears, no peer, clock 8000. */
struct media_set rig_set_of(uint16_t port, const char *local, struct addr remote);
void rig_set(struct rig *r, uint64_t id, const struct media_set *set);
void rig_post(struct rig *r, enum media_cmd_kind kind, uint64_t id, uint16_t port);
/** All commands posted before have been carried out. */
void rig_sync(struct rig *r);

/** Waits for an event and takes it out; fails the test when it does not come. */
struct media_event rig_expect(struct rig *r, enum media_ev_kind what, uint64_t id);
/** The shard of the event taken last by rig_expect. */
uint16_t rig_shard(const struct rig *r);
/** How many of these have come and were not taken. */
size_t rig_count(struct rig *r, enum media_ev_kind what, uint64_t id);

struct media_stats rig_stats(struct rig *r, uint64_t id);
/** Asks again until one of the counts has this value. */
struct media_stats rig_stats_when_rx(struct rig *r, uint64_t id, uint64_t rx_packets);
struct media_stats rig_stats_when_refused(struct rig *r, uint64_t id, uint64_t refused);
struct media_stats rig_stats_when_malformed(struct rig *r, uint64_t id, uint64_t malformed);
struct media_stats rig_stats_when_rtcp(struct rig *r, uint64_t id, uint32_t rtcp_rx);

struct phone {
	int fd;
	struct addr at;
};

/** False where the system has no IPv6: skip what needs it. */
bool rig_has_v6(void);
struct addr rig_addr(const char *ip, uint16_t port);
/** Bound to a port of the kernel's choice. */
struct phone phone_at(const char *ip);
void phone_close(struct phone *p);
void phone_send(const struct phone *p, const char *ip, uint16_t port, const void *data, size_t n);
/** Waits for a datagram; fails the test when none comes. */
size_t phone_recv(const struct phone *p, uint8_t out[RIG_PACKET], struct addr *from);
/** Nothing has come. */
bool phone_is_quiet(const struct phone *p);

/** 172 bytes of RTP; the payload is filled with `fill`. */
enum { RIG_RTP = 172 };
void rig_rtp(uint8_t out[RIG_RTP], uint8_t pt, uint16_t seq, uint32_t ssrc, uint8_t fill);
/** The same, sent. */
void phone_rtp(const struct phone *p, const char *ip, uint16_t port, uint16_t seq, uint32_t ssrc);
