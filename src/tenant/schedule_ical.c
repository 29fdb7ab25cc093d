// SPDX-License-Identifier: Apache-2.0
/*
 * Times that come back, by libical: RFC 5545 section 3.3.10, and whole calendars. Rules more often
 * than daily are refused: they make millions of times, and opening hours have none.
 */
#include <libical/ical.h>
#include <stdlib.h>

#include "tenant/schedule_body.h"

enum { MAX_STEPS = 50000, MINUTE_S = 60 };

/* One event with its repetitions. */
struct event {
	const char *where;
	size_t i;
	struct icaltimetype start;
	int64_t length_s;
	int32_t rule;
	icalcomponent *component; /* with exceptions; NULL: none */
	const struct zone *zone;  /* of local times; NULL: they are UTC */
	struct zone own_zone;
};

static struct str text_in(const json_t *body, const char *field)
{
	const json_t *v = json_object_get(body, field);

	return (struct str){json_string_value(v), json_string_length(v)};
}

/* As if it were UTC. */
static int64_t local_of(const struct icaltimetype *t)
{
	return when_days_of(t->year, (unsigned)t->month, (unsigned)t->day) * DAY_S +
	       t->hour * 3600 + t->minute * 60 + t->second;
}

static bool same_time(const struct icaltimetype *a, const struct icaltimetype *b)
{
	int64_t left = local_of(a), right = local_of(b);

	return b->is_date ? left / DAY_S == right / DAY_S : left == right;
}

/* EXDATE: RFC 5545 section 3.8.5.1. */
static bool is_excepted(const struct event *e, const struct icaltimetype *t)
{
	icalproperty *p;

	if (!e->component)
		return false;
	for (p = icalcomponent_get_first_property(e->component, ICAL_EXDATE_PROPERTY); p;
	     p = icalcomponent_get_next_property(e->component, ICAL_EXDATE_PROPERTY)) {
		struct icaltimetype except = icalproperty_get_exdate(p);

		if (same_time(t, &except))
			return true;
	}
	return false;
}

static void add_time(struct compiler *c, const struct event *e, const struct icaltimetype *t)
{
	int64_t local_s = local_of(t);

	if (is_excepted(e, t))
		return;
	if (e->zone)
		compiler_span(c, zone_moment(e->zone, local_s),
		              zone_moment(e->zone, local_s + e->length_s), e->rule);
	else
		compiler_span(c, local_s, local_s + e->length_s, e->rule);
}

static bool is_frequent(const struct icalrecurrencetype *r)
{
	return r->freq == ICAL_SECONDLY_RECURRENCE || r->freq == ICAL_MINUTELY_RECURRENCE ||
	       r->freq == ICAL_HOURLY_RECURRENCE || r->freq == ICAL_NO_RECURRENCE;
}

static void add_repeated(struct compiler *c, const struct event *e, struct icalrecurrencetype r)
{
	icalrecur_iterator *it;
	struct icaltimetype t;
	int steps = 0;

	if (is_frequent(&r)) {
		compiler_fault(c, e->where, e->i,
		               "must repeat daily, weekly, monthly or yearly (RFC 5545 section 3.3.10)");
		return;
	}
	it = icalrecur_iterator_new(r, e->start);
	if (!it) {
		compiler_fault(c, e->where, e->i, "the rule fits no time");
		return;
	}
	for (t = icalrecur_iterator_next(it); !icaltime_is_null_time(t) && !c->full;
	     t = icalrecur_iterator_next(it)) {
		if (local_of(&t) > c->to_s + DAY_S || ++steps > MAX_STEPS)
			break;
		add_time(c, e, &t);
	}
	icalrecur_iterator_free(it);
}

/* -- events of the tenant file ------------------------------------------------------- */

static bool rule_of_text(struct str text, struct icalrecurrencetype *out)
{
	char *z = str_dupz(text);

	*out = icalrecurrencetype_from_string(z);
	free(z);
	return out->freq != ICAL_NO_RECURRENCE;
}

static struct icaltimetype time_of(const struct when_date *d, unsigned minute)
{
	struct icaltimetype t = icaltime_null_time();

	t.year = d->year;
	t.month = (int)d->month;
	t.day = (int)d->day;
	t.hour = (int)minute / 60;
	t.minute = (int)minute % 60;
	return t;
}

void compile_event(struct compiler *c, const json_t *v, size_t i)
{
	const json_t *minutes = json_object_get(v, "minutes");
	struct event e = {.where = "events", .i = i, .zone = c->zone,
	                  .length_s = minutes ? json_integer_value(minutes) * MINUTE_S : DAY_S};
	struct icalrecurrencetype r;
	struct when_date start;
	unsigned minute;

	if (when_moment(text_in(v, "start"), &start, &minute) != 0)
		return; /* checked before it was stored */
	e.start = time_of(&start, minute);
	e.rule = compiler_rule(c, RANK_EVENT, str_eq(text_in(v, "state"), STR("open")),
	                       text_in(v, "name"));
	if (!text_in(v, "rrule").n)
		add_time(c, &e, &e.start);
	else if (rule_of_text(text_in(v, "rrule"), &r))
		add_repeated(c, &e, r);
	else
		compiler_fault(c, "events", i, "its rrule cannot be read (RFC 5545 section 3.3.10)");
}

/* -- calendars ----------------------------------------------------------------------- */

/* A zone by its name, when the system has it; else what the calendar says of it is not used. */
static bool set_zone(struct compiler *c, struct event *e, icalproperty *start)
{
	icalparameter *p = icalproperty_get_first_parameter(start, ICAL_TZID_PARAMETER);

	e->zone = c->zone;
	if (icaltime_is_utc(e->start)) {
		e->zone = NULL;
	} else if (p) {
		if (zone_load(&e->own_zone, str_z(icalparameter_get_tzid(p)), c->from_s, c->to_s,
		              c->mem) != 0)
			return false;
		e->zone = &e->own_zone;
	}
	return true;
}

/* DTEND or DURATION: RFC 5545 section 3.6.1; a date alone lasts its day. */
static int64_t length_of(icalcomponent *v, const struct icaltimetype *start)
{
	icalproperty *p = icalcomponent_get_first_property(v, ICAL_DTEND_PROPERTY);

	if (p) {
		struct icaltimetype end = icalproperty_get_dtend(p);

		return local_of(&end) - local_of(start);
	}
	p = icalcomponent_get_first_property(v, ICAL_DURATION_PROPERTY);
	if (p)
		return icaldurationtype_as_int(icalproperty_get_duration(p));
	return start->is_date ? DAY_S : 0;
}

static bool is_transparent(icalcomponent *v)
{
	icalproperty *p = icalcomponent_get_first_property(v, ICAL_TRANSP_PROPERTY);

	return p && icalproperty_get_transp(p) == ICAL_TRANSP_TRANSPARENT;
}

static void add_dates(struct compiler *c, const struct event *e)
{
	icalproperty *p;

	for (p = icalcomponent_get_first_property(e->component, ICAL_RDATE_PROPERTY); p;
	     p = icalcomponent_get_next_property(e->component, ICAL_RDATE_PROPERTY)) {
		struct icaldatetimeperiodtype d = icalproperty_get_rdate(p);

		if (!icaltime_is_null_time(d.time))
			add_time(c, e, &d.time);
	}
}

static void add_rules(struct compiler *c, const struct event *e)
{
	icalproperty *p = icalcomponent_get_first_property(e->component, ICAL_RRULE_PROPERTY);

	if (!p)
		add_time(c, e, &e->start);
	for (; p; p = icalcomponent_get_next_property(e->component, ICAL_RRULE_PROPERTY))
		add_repeated(c, e, icalproperty_get_rrule(p));
}

static void add_vevent(struct compiler *c, icalcomponent *v, size_t i)
{
	icalproperty *start = icalcomponent_get_first_property(v, ICAL_DTSTART_PROPERTY);
	const char *summary = icalcomponent_get_summary(v);
	struct event e = {.where = "calendar: event", .i = i, .component = v};

	if (!start) {
		compiler_fault(c, e.where, i, "has no DTSTART");
		return;
	}
	e.start = icalproperty_get_dtstart(start);
	if (icaltime_is_null_time(e.start) || e.start.year < 1970 || e.start.year > 2199) {
		compiler_fault(c, e.where, i, "its DTSTART cannot be read");
		return;
	}
	if (!set_zone(c, &e, start)) {
		compiler_fault(c, e.where, i, "its time zone is not known on this system");
		return;
	}
	e.length_s = length_of(v, &e.start);
	e.rule = compiler_rule(c, RANK_EVENT, is_transparent(v),
	                       str_sub(str_z(summary), 0, 64));
	add_rules(c, &e);
	add_dates(c, &e);
}

void compile_calendar(struct compiler *c, struct str text)
{
	char *z = str_dupz(text);
	icalcomponent *all = icalparser_parse_string(z), *v;
	size_t i = 0;

	if (!all || icalcomponent_isa(all) != ICAL_VCALENDAR_COMPONENT) {
		buf_lit(c->why, "calendar: is no iCalendar text (RFC 5545)\n");
		c->faults++;
	} else {
		for (v = icalcomponent_get_first_component(all, ICAL_VEVENT_COMPONENT); v;
		     v = icalcomponent_get_next_component(all, ICAL_VEVENT_COMPONENT))
			add_vevent(c, v, i++);
	}
	if (all)
		icalcomponent_free(all);
	free(z);
}
