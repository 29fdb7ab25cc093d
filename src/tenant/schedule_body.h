// SPDX-License-Identifier: Apache-2.0
/** What a compiled schedule is made of; for schedule*.c alone. */
#pragma once

#include "tenant/schedule.h"
#include "tenant/when.h"
#include "tenant/zone.h"

enum { DAY_S = 86400, WEEK_MINUTES = 7 * WHEN_DAY_MINUTES };

/* Lower ones win. */
enum rank { RANK_OVERRIDE, RANK_HOLIDAY, RANK_EVENT };

struct rule {
	enum rank rank;
	bool open;
	struct str name;
};

/* Until the next one begins; `rule` < 0: the weekly hours. */
struct segment {
	int64_t from_s;
	int32_t rule;
};

/* Minutes of a local week; [from, to). */
struct week_span {
	uint32_t from, to;
	struct str name;
};

struct schedule {
	struct zone zone;
	const struct rule *rules;
	const struct segment *segments;
	const struct week_span *week;
	size_t n_rules, n_segments, n_week;
};

/* -- compiling: what the parts give to the whole -------------------------------------- */

/* From one moment to another a rule holds. */
struct span {
	int64_t from_s, to_s;
	int32_t rule;
};

struct compiler {
	const struct zone *zone;
	int64_t from_s, to_s; /* the horizon */
	struct arena *mem;
	struct buf *why;
	struct span *spans;
	size_t n_spans, cap_spans;
	struct rule *rules;
	size_t n_rules, cap_rules;
	size_t faults;
	bool full;            /* SCHEDULE_MAX_SPANS: said once */
};

int32_t compiler_rule(struct compiler *c, enum rank rank, bool open, struct str name);
/** Outside of the horizon, or empty: nothing. */
void compiler_span(struct compiler *c, int64_t from_s, int64_t to_s, int32_t rule);
void compiler_fault(struct compiler *c, const char *where, size_t i, const char *text);

/** Times that come back: RFC 5545. */
void compile_event(struct compiler *c, const json_t *event, size_t i);
void compile_calendar(struct compiler *c, struct str text);
