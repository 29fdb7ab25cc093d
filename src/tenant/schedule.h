// SPDX-License-Identifier: Apache-2.0
/**
 * Opening hours: a body of kind "schedule" compiled into sorted spans of time. The rules of time
 * zones, calendars and repetition are worked out when it is compiled (libical, the system's zone
 * files); what is left for the call is a search in an array.
 *
 * What wins: an override, then a holiday or calendar event, then the weekly hours. Among those of
 * one rank the one that began last, and the first of those in the order in which they are written.
 *
 * Thread: immutable; read anywhere.
 */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"

struct schedule;

enum {
	SCHEDULE_YEARS = 10,      /* repetitions reach so far behind the moment of the compilation */
	SCHEDULE_MAX_SPANS = 20000,
	SCHEDULE_MAX_CALENDAR = 65536, /* bytes of an iCalendar text */
};

/** What a schedule says of a moment. Slices of the schedule. */
struct schedule_view {
	bool open;
	const char *rank;   /* "override", "holiday", "event", "hours" or "closed"; static */
	struct str rule;    /* its name: "Christmas", "mon-fri 09:00-17:00"; empty: none */
	uint64_t until_ms;  /* when another rule or none will win; 0: not within the horizon */
};

/**
 * @param mem   where the result lives
 * @param zone  the tenant's, for a schedule without its own
 * @param from_ms  wall clock: repetitions are worked out from a year before it on
 * @return 0; E_POLICY: a zone, rule or calendar that cannot be understood, or too many spans
 *         (`why`: a line with the place)
 */
must_check int schedule_compile(const struct schedule **out, const json_t *body, struct str zone,
                                uint64_t from_ms, struct arena *mem, struct buf *why);

/** Pure. `out` may be NULL. */
bool schedule_open(const struct schedule *s, uint64_t at_ms, struct schedule_view *out);
/** Bytes of memory it takes. */
size_t schedule_bytes(const struct schedule *s);
/** Its zone, and the zone's difference from UTC then, in seconds. */
struct str schedule_zone(const struct schedule *s, uint64_t at_ms, int32_t *offset_s);
