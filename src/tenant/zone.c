// SPDX-License-Identifier: Apache-2.0
#include "tenant/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tenant/check.h"
#include "tenant/when.h"

enum {
	HEADER = 44, TYPE_BYTES = 6, DAY_S = 86400, WEEK_S = 7 * DAY_S,
	FILE_MAX = 65536, CHANGES_MAX = 1000, NAME_MAX_CHARS = 64,
};

/* RFC 8536 section 3.1. */
struct counts {
	uint32_t isut, isstd, leap, time, type, chars;
};

struct changes {
	struct zone_change v[CHANGES_MAX];
	size_t n;
};

static uint32_t get32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static int64_t get64(const char *p)
{
	return (int64_t)((uint64_t)get32(p) << 32 | get32(p + 4));
}

/* Without overflow: the counts are below 2^32 and sizes are 64 bits wide. */
static size_t block_bytes(const struct counts *c, size_t time_size)
{
	return (size_t)c->time * (time_size + 1) + (size_t)c->type * TYPE_BYTES + c->chars +
	       (size_t)c->leap * (time_size + 4) + c->isstd + c->isut;
}

static int read_header(struct str s, struct counts *c)
{
	if (s.n < HEADER || memcmp(s.p, "TZif", 4) != 0 || s.p[4] < '2')
		return E_MALFORMED;
	*c = (struct counts){get32(s.p + 20), get32(s.p + 24), get32(s.p + 28),
	                     get32(s.p + 32), get32(s.p + 36), get32(s.p + 40)};
	return c->type > 0 ? 0 : E_MALFORMED;
}

static void add_change(struct changes *c, int64_t at_s, int32_t offset_s)
{
	if (c->n > 0 && c->v[c->n - 1].offset_s == offset_s)
		return;
	if (c->n < CHANGES_MAX)
		c->v[c->n++] = (struct zone_change){at_s, offset_s};
}

/* -- the rule of the last line: RFC 8536 section 3.3, POSIX TZ ----------------------- */

struct rule_day {
	unsigned month, week, weekday; /* Mm.w.d; weekday 0 is Sunday */
	int32_t at_s;
};

struct rule {
	bool has_summer;
	int32_t standard_s, summer_s;
	struct rule_day begin, end;
};

static bool take(struct str *s, char c)
{
	if (!s->n || s->p[0] != c)
		return false;
	*s = str_sub(*s, 1, s->n);
	return true;
}

static bool take_number(struct str *s, uint32_t *out)
{
	size_t n = 0;

	while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
		n++;
	if (n < 1 || n > 3 || str_u32(str_sub(*s, 0, n), out) != 0)
		return false;
	*s = str_sub(*s, n, s->n);
	return true;
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(struct str *s, int32_t *out)
{
	bool negative = take(s, '-');
	uint32_t h, m = 0, sec = 0;

	if (!negative)
		(void)take(s, '+');
	if (!take_number(s, &h) || h > 167)
		return false;
	if (take(s, ':') && !take_number(s, &m))
		return false;
	if (m && take(s, ':') && !take_number(s, &sec))
		return false;
	*out = (int32_t)(h * 3600 + m * 60 + sec) * (negative ? -1 : 1);
	return true;
}

/* "CET" or "<+03>" */
static bool skip_name(struct str *s)
{
	size_t n = 0;

	if (take(s, '<')) {
		(void)str_cut(s, '>');
		return true;
	}
	while (n < s->n && ch_lower(s->p[n]) >= 'a' && ch_lower(s->p[n]) <= 'z')
		n++;
	*s = str_sub(*s, n, s->n);
	return n > 0;
}

static bool take_day(struct str *s, struct rule_day *d)
{
	d->at_s = 2 * 3600;
	return take(s, ',') && take(s, 'M') && take_number(s, &d->month) && take(s, '.') &&
	       take_number(s, &d->week) && take(s, '.') && take_number(s, &d->weekday) &&
	       d->month >= 1 && d->month <= 12 && d->week >= 1 && d->week <= 5 && d->weekday <= 6 &&
	       (!take(s, '/') || take_time(s, &d->at_s));
}

/* Written westward: "CET-1CEST,M3.5.0,M10.5.0/3". Days by number (Jn) occur in no zone today. */
static bool read_rule(struct str s, struct rule *r)
{
	*r = (struct rule){0};
	if (!skip_name(&s) || !take_time(&s, &r->standard_s))
		return false;
	r->standard_s = -r->standard_s;
	if (!s.n)
		return true;
	r->has_summer = true;
	r->summer_s = r->standard_s + 3600;
	if (!skip_name(&s))
		return false;
	if (s.n && s.p[0] != ',') {
		if (!take_time(&s, &r->summer_s))
			return false;
		r->summer_s = -r->summer_s;
	}
	return take_day(&s, &r->begin) && take_day(&s, &r->end) && !s.n;
}

/* The day of that year, local, in seconds. */
static int64_t rule_local(const struct rule_day *d, int year)
{
	int64_t first = when_days_of(year, d->month, 1);
	int64_t next = d->month == 12 ? when_days_of(year + 1, 1, 1)
	                              : when_days_of(year, d->month + 1, 1);
	unsigned weekday = (when_weekday(first) + 1) % 7; /* Sunday is 0 */
	int64_t day = first + (d->weekday + 7 - weekday) % 7 + 7 * ((int64_t)d->week - 1);

	while (day >= next)
		day -= 7;
	return day * DAY_S + d->at_s;
}

static void add_rule(struct changes *c, const struct rule *r, int64_t after_s, int64_t to_s)
{
	int year = when_date_of(after_s / DAY_S).year, last = when_date_of(to_s / DAY_S).year;

	if (!r->has_summer)
		return;
	for (; year <= last; year++) {
		struct zone_change summer = {rule_local(&r->begin, year) - r->standard_s, r->summer_s};
		struct zone_change winter = {rule_local(&r->end, year) - r->summer_s, r->standard_s};
		bool north = summer.at_s < winter.at_s;
		struct zone_change in_order[2] = {north ? summer : winter, north ? winter : summer};

		for (int i = 0; i < 2; i++) {
			if (in_order[i].at_s > after_s)
				add_change(c, in_order[i].at_s, in_order[i].offset_s);
		}
	}
}

/* -- the file ------------------------------------------------------------------------ */

struct block {
	const char *times, *types, *infos;
	struct counts n;
};

static int32_t type_offset(const struct block *b, uint8_t type)
{
	return (int32_t)get32(b->infos + (size_t)type * TYPE_BYTES);
}

static int read_changes(const struct block *b, int64_t from_s, int64_t to_s, struct changes *out,
                        int32_t *before, int64_t *last_s)
{
	*before = type_offset(b, 0);
	*last_s = from_s;
	for (uint32_t i = 0; i < b->n.time; i++) {
		int64_t at_s = get64(b->times + (size_t)i * 8);
		uint8_t type = (uint8_t)b->types[i];

		if (type >= b->n.type)
			return E_MALFORMED;
		if (at_s <= from_s)
			*before = type_offset(b, type);
		else if (at_s <= to_s)
			add_change(out, at_s, type_offset(b, type));
		if (at_s > *last_s)
			*last_s = at_s < to_s ? at_s : to_s; /* a damaged file has any number */
	}
	return 0;
}

int zone_parse(struct zone *out, struct str file, int64_t from_s, int64_t to_s, struct arena *mem)
{
	struct counts first;
	struct block b;
	struct changes *c;
	struct rule rule;
	int64_t last_s;
	int32_t before;
	size_t skip;
	int err = read_header(file, &first);

	if (err)
		return err;
	skip = HEADER + block_bytes(&first, 4); /* the same in 32 bits, for old programs */
	if (skip > file.n)
		return E_MALFORMED;
	file = str_sub(file, skip, file.n);
	err = read_header(file, &b.n);
	if (err || HEADER + block_bytes(&b.n, 8) > file.n)
		return E_MALFORMED;
	b.times = file.p + HEADER;
	b.types = b.times + (size_t)b.n.time * 8;
	b.infos = b.types + b.n.time;
	c = calloc(1, sizeof *c);
	if (!c)
		abort();
	err = read_changes(&b, from_s, to_s, c, &before, &last_s);
	if (!err) {
		struct str line = str_trim(str_sub(file, HEADER + block_bytes(&b.n, 8), file.n));

		if (read_rule(line, &rule))
			add_rule(c, &rule, last_s, to_s);
		*out = (struct zone){.before_s = before, .n = c->n};
		if (c->n)
			out->changes = memcpy(arena_alloc(mem, c->n * sizeof *c->v), c->v,
			                      c->n * sizeof *c->v);
	}
	free(c);
	return err;
}

static int read_file(const char *path, char *mem, size_t cap, size_t *n)
{
	FILE *f = fopen(path, "rbe");

	if (!f)
		return errno == ENOENT || errno == ENOTDIR ? ENOENT : E_MALFORMED;
	*n = fread(mem, 1, cap, f);
	fclose(f);
	return *n > 0 && *n < cap ? 0 : E_MALFORMED;
}

int zone_load(struct zone *out, struct str name, int64_t from_s, int64_t to_s, struct arena *mem)
{
	char path[NAME_MAX_CHARS + 32];
	char *bytes;
	size_t n;
	int err;

	if (str_eq(name, STR("UTC"))) {
		*out = (struct zone){.name = STR("UTC")};
		return 0;
	}
	if (name.n > NAME_MAX_CHARS || check_timezone(name) != 0)
		return ENOENT;
	snprintf(path, sizeof path, "/usr/share/zoneinfo/" STR_FMT, STR_ARG(name));
	bytes = malloc(FILE_MAX);
	if (!bytes)
		abort();
	err = read_file(path, bytes, FILE_MAX, &n);
	if (!err)
		err = zone_parse(out, (struct str){bytes, n}, from_s, to_s, mem);
	if (!err)
		out->name = arena_dup(mem, name);
	free(bytes);
	return err;
}

/* -- asking -------------------------------------------------------------------------- */

/* How many changes are at or before that moment. */
static size_t changes_until(const struct zone *z, int64_t at_s)
{
	size_t low = 0, high = z->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (z->changes[middle].at_s <= at_s)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int32_t zone_offset(const struct zone *z, int64_t at_s)
{
	size_t n = changes_until(z, at_s);

	return n ? z->changes[n - 1].offset_s : z->before_s;
}

int64_t zone_moment(const struct zone *z, int64_t local_s)
{
	/* What holds a day before; a change in between is looked at. No zone changes twice a day. */
	size_t n = changes_until(z, local_s - DAY_S);
	int32_t offset = n ? z->changes[n - 1].offset_s : z->before_s;

	while (n < z->n && local_s - offset >= z->changes[n].at_s) {
		int64_t then = local_s - z->changes[n].offset_s;

		if (then < z->changes[n].at_s) /* in the gap, as the clock went before it */
			break;
		offset = z->changes[n++].offset_s;
	}
	return local_s - offset;
}
