// SPDX-License-Identifier: Apache-2.0
/**
 * Time zones: the differences from UTC with the moments at which they change, worked out once for
 * a span of years (RFC 8536 files with the rule in their last line).
 *
 * zone_load reads the system's zone file, when a schedule is compiled and never for a call; all
 * else is pure. Moments are seconds since 1970 (UTC); local times are counted as if they were UTC.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"

struct zone_change {
	int64_t at_s;
	int32_t offset_s; /* east of UTC is positive */
};

struct zone {
	struct str name;
	int32_t before_s;                  /* before the first change */
	const struct zone_change *changes; /* in order */
	size_t n;
};

/**
 * @param from_s, to_s  the span in which changes are wanted
 * @return 0; ENOENT: the system has no such zone; E_MALFORMED: its file cannot be read
 */
must_check int zone_load(struct zone *out, struct str name, int64_t from_s, int64_t to_s,
                         struct arena *mem);
/** The same from the bytes of a zone file. */
must_check int zone_parse(struct zone *out, struct str file, int64_t from_s, int64_t to_s,
                          struct arena *mem);

int32_t zone_offset(const struct zone *z, int64_t at_s);
/**
 * A local time as a moment. One that there is twice means the first; one that there is not, because
 * clocks are put forward, as long after the change as it is after the gap's beginning.
 */
int64_t zone_moment(const struct zone *z, int64_t local_s);
