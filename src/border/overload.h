// SPDX-License-Identifier: Apache-2.0
/**
 * Which requests a shard takes when there are more than it can serve.
 *
 * The measure is the lag of each message: how long it has waited because there was more to do
 * before it, without an end. A shard that has not seen a short lag for OVERLOAD_PATIENCE_MS gets
 * more than it can do, not just a burst. From then on a new request is refused when it has waited
 * for `target_ms`, so that what is taken is answered soon, nothing is dropped unread, and no time
 * goes into requests that were repeated or given up meanwhile. To refuse is cheap, hence the
 * queue shrinks and others are taken: the shard never idles while it refuses.
 *
 * What belongs to something that has begun comes first: requests in dialogs are always taken
 * (responses, ACK and CANCEL are not asked about), and requests with credentials, whose first
 * half was paid for, are refused later than those without.
 *
 * Pure: time and random numbers are arguments. A value of one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum overload_class {
	OVERLOAD_NEW,       /* the first of something: no To tag, no credentials */
	OVERLOAD_PROVED,    /* with credentials: the answer to a challenge, most often */
	OVERLOAD_IN_DIALOG,
};

struct overload_settings {
	uint32_t target_ms;     /* 0: nothing is ever refused */
	uint32_t retry_after_s; /* a refused peer is told this up to twice this */
};

enum { OVERLOAD_PATIENCE_MS = 200, OVERLOAD_CALM_MS = 1000, OVERLOAD_PROVED_TIMES = 4 };

struct overload {
	struct overload_settings settings;
	bool late;              /* the last lag was not below the target, */
	uint64_t late_since_ms; /* and none since then */
	bool refusing;
	uint64_t since_ms;      /* refusing: when that began, */
	uint64_t last_ms;       /* when a request was refused last, */
	uint64_t refused;       /* and how many were */
};

enum overload_change { OVERLOAD_SAME, OVERLOAD_BEGINS, OVERLOAD_ENDS };

void overload_init(struct overload *o, const struct overload_settings *settings);
/** Before each request: what has changed since the last one. After an end, `refused` still counts. */
enum overload_change overload_look(struct overload *o, uint64_t now_ms, uint64_t lag_ms);
/** Take it? No: it is counted, and is to be answered 503 (RFC 3261 section 21.5.4). */
bool overload_admit(struct overload *o, enum overload_class class, uint64_t now_ms, uint64_t lag_ms);
/** For Retry-After: spread, so that those refused together do not come back together. */
uint32_t overload_retry_after_s(const struct overload *o, uint32_t random);
