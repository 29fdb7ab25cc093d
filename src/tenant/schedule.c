// SPDX-License-Identifier: Apache-2.0
/* What a compiled schedule says of a moment. Compiling is in schedule_compile.c. */
#include "tenant/schedule.h"

#include "tenant/schedule_body.h"

static const char *const rank_names[] = {
	[RANK_OVERRIDE] = "override", [RANK_HOLIDAY] = "holiday", [RANK_EVENT] = "event"};

/* The segment that holds a moment; -1: before all. */
static ptrdiff_t find_segment(const struct schedule *s, int64_t at_s)
{
	size_t low = 0, high = s->n_segments;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->segments[middle].from_s <= at_s)
			low = middle + 1;
		else
			high = middle;
	}
	return (ptrdiff_t)low - 1;
}

/* The local minute of the week, Monday 00:00 is 0. */
static uint32_t week_minute(int64_t local_s)
{
	int64_t days = (local_s >= 0 ? local_s : local_s - DAY_S + 1) / DAY_S;

	return when_weekday(days) * WHEN_DAY_MINUTES + (uint32_t)((local_s - days * DAY_S) / 60);
}

/* The first of the hours that holds that minute. */
static const struct week_span *find_hours(const struct schedule *s, uint32_t minute)
{
	for (size_t i = 0; i < s->n_week; i++) {
		if (minute >= s->week[i].from && minute < s->week[i].to)
			return &s->week[i];
	}
	return NULL;
}

/* Minutes until some hours begin or end; a week where there are none. */
static uint32_t next_hours(const struct schedule *s, uint32_t minute)
{
	uint32_t least = WEEK_MINUTES;

	for (size_t i = 0; i < s->n_week; i++) {
		const uint32_t ends[] = {s->week[i].from, s->week[i].to};

		for (int k = 0; k < 2; k++) {
			uint32_t wait = (ends[k] + WEEK_MINUTES - minute) % WEEK_MINUTES;

			if (wait > 0 && wait < least)
				least = wait;
		}
	}
	return least;
}

static bool by_hours(const struct schedule *s, int64_t at_s, struct schedule_view *out)
{
	int64_t local_s = at_s + zone_offset(&s->zone, at_s);
	uint32_t minute = week_minute(local_s);
	const struct week_span *hours = find_hours(s, minute);

	if (out) {
		out->rank = hours ? "hours" : "closed";
		out->rule = hours ? hours->name : STR_NONE;
		if (s->n_week)
			out->until_ms = 1000 * (uint64_t)zone_moment(&s->zone, local_s - local_s % 60 +
			                                             60 * (int64_t)next_hours(s, minute));
	}
	return hours != NULL;
}

bool schedule_open(const struct schedule *s, uint64_t at_ms, struct schedule_view *out)
{
	int64_t at_s = (int64_t)(at_ms / 1000);
	ptrdiff_t i = find_segment(s, at_s);
	const struct rule *r = i >= 0 && s->segments[i].rule >= 0 ? &s->rules[s->segments[i].rule]
	                                                          : NULL;
	uint64_t end_ms = i + 1 < (ptrdiff_t)s->n_segments
	                          ? 1000 * (uint64_t)s->segments[i + 1].from_s : 0;
	bool open;

	if (out)
		*out = (struct schedule_view){0};
	if (r) {
		open = r->open;
		if (out)
			*out = (struct schedule_view){open, rank_names[r->rank], r->name, end_ms};
		return open;
	}
	open = by_hours(s, at_s, out);
	if (out) {
		out->open = open;
		if (end_ms && (!out->until_ms || end_ms < out->until_ms))
			out->until_ms = end_ms;
	}
	return open;
}

struct str schedule_zone(const struct schedule *s, uint64_t at_ms, int32_t *offset_s)
{
	*offset_s = zone_offset(&s->zone, (int64_t)(at_ms / 1000));
	return s->zone.name;
}

size_t schedule_bytes(const struct schedule *s)
{
	return sizeof *s + s->n_segments * sizeof *s->segments + s->n_rules * sizeof *s->rules +
	       s->n_week * sizeof *s->week + s->zone.n * sizeof *s->zone.changes;
}
