// SPDX-License-Identifier: Apache-2.0
/*
 * From a body to spans of time, each with a rank, and from those to segments that do not overlap:
 * a sweep over their beginnings and ends with the rules that hold in a heap.
 */
#include <stdlib.h>

#include "tenant/schedule_body.h"

enum { YEAR_S = 366 * DAY_S };

static struct str text_in(const json_t *body, const char *field)
{
	const json_t *v = json_object_get(body, field);

	return (struct str){json_string_value(v), json_string_length(v)};
}

static void *grown(void *v, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return v;
	*cap = *cap ? *cap * 2 : 32;
	v = reallocarray(v, *cap, size);
	if (!v)
		abort();
	return v;
}

int32_t compiler_rule(struct compiler *c, enum rank rank, bool open, struct str name)
{
	c->rules = grown(c->rules, c->n_rules, &c->cap_rules, sizeof *c->rules);
	c->rules[c->n_rules] = (struct rule){rank, open, arena_dup(c->mem, name)};
	return (int32_t)c->n_rules++;
}

void compiler_span(struct compiler *c, int64_t from_s, int64_t to_s, int32_t rule)
{
	if (from_s >= to_s || to_s <= c->from_s || from_s >= c->to_s)
		return;
	if (c->n_spans == SCHEDULE_MAX_SPANS) {
		if (!c->full)
			buf_printf(c->why, "has more than %d spans of time\n", SCHEDULE_MAX_SPANS);
		c->faults += !c->full;
		c->full = true;
		return;
	}
	c->spans = grown(c->spans, c->n_spans, &c->cap_spans, sizeof *c->spans);
	c->spans[c->n_spans++] = (struct span){from_s, to_s, rule};
}

void compiler_fault(struct compiler *c, const char *where, size_t i, const char *text)
{
	buf_printf(c->why, "%s[%zu]: %s\n", where, i, text);
	c->faults++;
}

/* -- the parts ----------------------------------------------------------------------- */

static bool is_open(const json_t *part)
{
	return str_eq(text_in(part, "state"), STR("open"));
}

static int64_t local_of(const struct when_date *d, unsigned minute)
{
	return when_days_of(d->year, d->month, d->day) * DAY_S + (int64_t)minute * 60;
}

static void add_holiday_in(struct compiler *c, const struct when_date *d, unsigned from,
                           unsigned to, int32_t rule)
{
	compiler_span(c, zone_moment(c->zone, local_of(d, from)),
	              zone_moment(c->zone, local_of(d, to)), rule);
}

static bool is_leap_day_missing(const struct when_date *d)
{
	struct when_date real = when_date_of(when_days_of(d->year, d->month, d->day));

	return real.month != d->month;
}

static void add_holiday(struct compiler *c, const json_t *h)
{
	unsigned from = 0, to = WHEN_DAY_MINUTES;
	struct when_date d;
	int32_t rule;

	if (when_date(text_in(h, "date"), &d) != 0)
		return; /* checked before it was stored */
	(void)!when_time(text_in(h, "from"), &from);
	(void)!when_time(text_in(h, "to"), &to);
	rule = compiler_rule(c, RANK_HOLIDAY, is_open(h),
	                     text_in(h, "name").n ? text_in(h, "name") : text_in(h, "date"));
	if (d.year) {
		add_holiday_in(c, &d, from, to, rule);
		return;
	}
	for (d.year = when_date_of(c->from_s / DAY_S).year;
	     d.year <= when_date_of(c->to_s / DAY_S).year; d.year++) {
		if (!is_leap_day_missing(&d))
			add_holiday_in(c, &d, from, to, rule);
	}
}

static void add_override(struct compiler *c, const json_t *o)
{
	struct when_date from, to;
	unsigned from_min, to_min;

	if (when_moment(text_in(o, "from"), &from, &from_min) != 0 ||
	    when_moment(text_in(o, "to"), &to, &to_min) != 0)
		return;
	compiler_span(c, zone_moment(c->zone, local_of(&from, from_min)),
	              zone_moment(c->zone, local_of(&to, to_min)),
	              compiler_rule(c, RANK_OVERRIDE, is_open(o), text_in(o, "name")));
}

static void add_parts(struct compiler *c, const json_t *body)
{
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(body, "overrides"), i, v)
		add_override(c, v);
	json_array_foreach(json_object_get(body, "holidays"), i, v)
		add_holiday(c, v);
	json_array_foreach(json_object_get(body, "events"), i, v)
		compile_event(c, v, i);
	if (text_in(body, "calendar").n)
		compile_calendar(c, text_in(body, "calendar"));
}

/* -- weekly hours -------------------------------------------------------------------- */

static size_t add_hours(const json_t *h, struct str name, struct week_span *out)
{
	unsigned days = WHEN_ALL_DAYS, from = 0, to = WHEN_DAY_MINUTES;
	size_t n = 0;

	if (text_in(h, "days").n)
		(void)!when_days(text_in(h, "days"), &days);
	(void)!when_time(text_in(h, "from"), &from);
	(void)!when_time(text_in(h, "to"), &to);
	for (unsigned day = 0; day < 7; day++) {
		uint32_t begin = day * WHEN_DAY_MINUTES + from;
		uint32_t end = day * WHEN_DAY_MINUTES + to + (to <= from ? WHEN_DAY_MINUTES : 0);

		if (!(days & 1u << day))
			continue;
		out[n++] = (struct week_span){begin, end < WEEK_MINUTES ? end : WEEK_MINUTES, name};
		if (end > WEEK_MINUTES) /* from Sunday into Monday */
			out[n++] = (struct week_span){0, end - WEEK_MINUTES, name};
	}
	return n;
}

static void add_week(struct schedule *s, const json_t *list, struct arena *mem)
{
	size_t n = json_array_size(list);
	struct week_span *week = arena_alloc(mem, (8 * n + 1) * sizeof *week);

	for (size_t i = 0; i < n; i++) {
		const json_t *h = json_array_get(list, i);
		struct str days = text_in(h, "days");
		struct str name = arena_printf(mem, STR_FMT " " STR_FMT "-" STR_FMT,
		                               STR_ARG(days.n ? days : STR("daily")),
		                               STR_ARG(text_in(h, "from")), STR_ARG(text_in(h, "to")));

		s->n_week += add_hours(h, name, week + s->n_week);
	}
	s->week = week;
}

/* -- from spans to segments ---------------------------------------------------------- */

struct sweep {
	const struct compiler *c;
	const struct span **heap; /* the span that wins is the first */
	size_t n;
};

/* Rank, then the one that began last, then the order in which they are written. */
static bool wins(const struct compiler *c, const struct span *a, const struct span *b)
{
	enum rank left = c->rules[a->rule].rank, right = c->rules[b->rule].rank;

	if (left != right)
		return left < right;
	if (a->from_s != b->from_s)
		return a->from_s > b->from_s;
	return a->rule < b->rule;
}

static void swap(struct sweep *w, size_t i, size_t k)
{
	const struct span *s = w->heap[i];

	w->heap[i] = w->heap[k];
	w->heap[k] = s;
}

static void push(struct sweep *w, const struct span *s)
{
	size_t i = w->n++;

	w->heap[i] = s;
	for (; i > 0 && wins(w->c, w->heap[i], w->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(w, i, (i - 1) / 2);
}

static void pop(struct sweep *w)
{
	size_t i = 0;

	w->heap[0] = w->heap[--w->n];
	for (;;) {
		size_t best = i;

		for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < w->n; k++) {
			if (wins(w->c, w->heap[k], w->heap[best]))
				best = k;
		}
		if (best == i)
			return;
		swap(w, i, best);
		i = best;
	}
}

static int by_begin(const void *a, const void *b)
{
	const struct span *left = a, *right = b;

	return (left->from_s > right->from_s) - (left->from_s < right->from_s);
}

static int by_time(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

/* Every moment at which something begins or ends, in order. */
static int64_t *make_times(const struct compiler *c)
{
	int64_t *times = malloc((2 * c->n_spans + 1) * sizeof *times);

	if (!times)
		abort();
	for (size_t i = 0; i < c->n_spans; i++) {
		times[2 * i] = c->spans[i].from_s;
		times[2 * i + 1] = c->spans[i].to_s;
	}
	qsort(times, 2 * c->n_spans, sizeof *times, by_time);
	return times;
}

static void make_segments(struct compiler *c, struct schedule *s)
{
	struct sweep w = {.c = c, .heap = malloc((c->n_spans + 1) * sizeof *w.heap)};
	struct segment *segments = malloc((2 * c->n_spans + 1) * sizeof *segments);
	int64_t *times;
	size_t next = 0, n = 0;

	if (!w.heap || !segments)
		abort();
	if (c->n_spans)
		qsort(c->spans, c->n_spans, sizeof *c->spans, by_begin);
	times = make_times(c);
	for (size_t i = 0; i < 2 * c->n_spans; i++) {
		int32_t rule;

		while (next < c->n_spans && c->spans[next].from_s <= times[i])
			push(&w, &c->spans[next++]);
		while (w.n && w.heap[0]->to_s <= times[i])
			pop(&w);
		rule = w.n ? w.heap[0]->rule : -1;
		if (n && segments[n - 1].from_s == times[i])
			segments[n - 1].rule = rule;
		else if (rule != (n ? segments[n - 1].rule : -1))
			segments[n++] = (struct segment){times[i], rule};
	}
	if (n)
		s->segments = memcpy(arena_alloc(c->mem, n * sizeof *segments), segments,
		                     n * sizeof *segments);
	s->n_segments = n;
	free(times);
	free(segments);
	free(w.heap);
}

/* -- the whole ----------------------------------------------------------------------- */

static int find_zone(struct compiler *c, struct zone *zone, const json_t *body, struct str usual)
{
	struct str own = text_in(body, "timezone"), name = own.n ? own : usual;

	if (zone_load(zone, name, c->from_s, c->to_s, c->mem) == 0)
		return 0;
	buf_printf(c->why, "timezone: there is no time zone \"" STR_FMT "\" on this system\n",
	           STR_ARG(name));
	return E_POLICY;
}

static void finish(struct compiler *c, struct schedule *s, const json_t *body)
{
	make_segments(c, s);
	add_week(s, json_object_get(body, "hours"), c->mem);
	if (c->n_rules)
		s->rules = memcpy(arena_alloc(c->mem, c->n_rules * sizeof *c->rules), c->rules,
		                  c->n_rules * sizeof *c->rules);
	s->n_rules = c->n_rules;
}

int schedule_compile(const struct schedule **out, const json_t *body, struct str zone,
                     uint64_t from_ms, struct arena *mem, struct buf *why)
{
	int64_t now_s = (int64_t)(from_ms / 1000);
	struct schedule *s = arena_zalloc(mem, sizeof *s);
	struct compiler c = {.zone = &s->zone, .from_s = now_s - YEAR_S,
	                     .to_s = now_s + SCHEDULE_YEARS * (int64_t)YEAR_S, .mem = mem,
	                     .why = why};
	int err = find_zone(&c, &s->zone, body, zone);

	if (err)
		return err;
	add_parts(&c, body);
	if (!c.faults) {
		finish(&c, s, body);
		*out = s;
	}
	free(c.spans);
	free(c.rules);
	return c.faults ? E_POLICY : 0;
}
