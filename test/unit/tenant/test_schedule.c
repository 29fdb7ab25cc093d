// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "tenant/schedule.h"
#include "tenant/zone.h"

#define FROM_MS UINT64_C(1767225600000) /* 2026-01-01T00:00:00Z */

struct fixture {
	struct arena mem;
	struct buf why;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	arena_init(&f->mem, 4096);
	buf_init(&f->why, 100000);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_fini(&f->mem);
	buf_fini(&f->why);
	free(f);
	return 0;
}

static int compile(struct fixture *f, const char *json, const struct schedule **out)
{
	json_error_t error;
	json_t *body = json_loads(json, 0, &error);
	int err;

	if (!body)
		fail_msg("%s", error.text);
	err = schedule_compile(out, body, STR("Europe/Berlin"), FROM_MS, &f->mem, &f->why);
	json_decref(body);
	return err;
}

static const struct schedule *make(struct fixture *f, const char *json)
{
	const struct schedule *s = NULL;

	if (compile(f, json, &s) != 0)
		fail_msg(STR_FMT, STR_ARG(buf_view(&f->why)));
	return s;
}

static uint64_t at(const char *utc)
{
	uint64_t ms = 0;

	assert_int_equal(clock_parse_rfc3339(str_z(utc), &ms), 0);
	return ms;
}

static void assert_state(const struct schedule *s, const char *utc, const char *state)
{
	struct schedule_view v;
	char got[128];
	bool open = schedule_open(s, at(utc), &v);

	assert_int_equal(open, v.open);
	assert_int_equal(open, schedule_open(s, at(utc), NULL));
	snprintf(got, sizeof got, "%s %s %.*s", open ? "open" : "shut", v.rank, (int)v.rule.n,
	         v.rule.n ? v.rule.p : "");
	if (strcmp(got, state) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", utc, got, state);
}

static void assert_until(const struct schedule *s, const char *utc, const char *until)
{
	struct schedule_view v;

	schedule_open(s, at(utc), &v);
	assert_int_equal(v.until_ms, at(until));
}

#define WORKDAYS "{\"hours\":[{\"days\":\"mon-fri\",\"from\":\"09:00\",\"to\":\"17:00\"}]}"

static void test_weekly_hours_are_local(void **state)
{
	const struct schedule *s = make(*state, WORKDAYS);

	assert_state(s, "2026-01-12T07:59:59Z", "shut closed ");
	assert_state(s, "2026-01-12T08:00:00Z", "open hours mon-fri 09:00-17:00");
	assert_state(s, "2026-01-12T15:59:59Z", "open hours mon-fri 09:00-17:00");
	assert_state(s, "2026-01-12T16:00:00Z", "shut closed ");
	assert_state(s, "2026-01-10T10:00:00Z", "shut closed "); /* Saturday */
	assert_until(s, "2026-01-12T10:00:00Z", "2026-01-12T16:00:00Z");
	assert_until(s, "2026-01-09T16:00:00Z", "2026-01-12T08:00:00Z");
}

/* Berlin goes from UTC+1 to UTC+2 on 2026-03-29 at 01:00Z, and back on 2026-10-25 at 01:00Z. */
static void test_hours_follow_daylight_saving(void **state)
{
	const struct schedule *s = make(*state, "{\"hours\":[{\"from\":\"09:00\",\"to\":\"17:00\"}]}");

	assert_state(s, "2026-03-28T08:00:00Z", "open hours daily 09:00-17:00");
	assert_state(s, "2026-03-29T06:59:59Z", "shut closed ");
	assert_state(s, "2026-03-29T07:00:00Z", "open hours daily 09:00-17:00");
	assert_state(s, "2026-10-24T07:00:00Z", "open hours daily 09:00-17:00");
	assert_state(s, "2026-10-25T07:00:00Z", "shut closed ");
	assert_state(s, "2026-10-25T08:00:00Z", "open hours daily 09:00-17:00");
	assert_until(s, "2026-03-28T20:00:00Z", "2026-03-29T07:00:00Z");
	assert_until(s, "2026-10-24T20:00:00Z", "2026-10-25T08:00:00Z");
}

/* 02:30 does not exist on 2026-03-29: the clock goes from 02:00 to 03:00. */
static void test_times_in_the_gap_and_twice(void **state)
{
	const struct schedule *s = make(
		*state, "{\"overrides\":[{\"from\":\"2026-03-29T02:30\",\"to\":\"2026-03-29T04:00\","
		        "\"state\":\"open\",\"name\":\"gap\"},"
		        "{\"from\":\"2026-10-25T02:30\",\"to\":\"2026-10-25T04:00\",\"state\":\"open\"}]}");

	assert_state(s, "2026-03-29T01:29:59Z", "shut closed ");
	assert_state(s, "2026-03-29T01:30:00Z", "open override gap");
	assert_state(s, "2026-03-29T02:00:00Z", "shut closed ");
	assert_state(s, "2026-10-25T00:29:59Z", "shut closed ");
	assert_state(s, "2026-10-25T00:30:00Z", "open override "); /* the first of the two 02:30 */
	assert_state(s, "2026-10-25T02:59:59Z", "open override ");
	assert_state(s, "2026-10-25T03:00:00Z", "shut closed ");
}

static void test_hours_over_midnight_and_over_the_week(void **state)
{
	const struct schedule *s = make(
		*state, "{\"timezone\":\"UTC\",\"hours\":[{\"days\":\"sun\",\"from\":\"22:00\",\"to\":\"06:00\"}]}");

	assert_state(s, "2026-01-11T22:00:00Z", "open hours sun 22:00-06:00");
	assert_state(s, "2026-01-12T05:59:00Z", "open hours sun 22:00-06:00"); /* Monday */
	assert_state(s, "2026-01-12T06:00:00Z", "shut closed ");
}

static void test_override_holiday_and_hours_in_this_order(void **state)
{
	const struct schedule *s = make(
		*state, "{\"timezone\":\"UTC\",\"hours\":[{\"from\":\"09:00\",\"to\":\"17:00\"}],"
		        "\"holidays\":[{\"date\":\"12-24\",\"name\":\"Christmas Eve\",\"from\":\"12:00\"},"
		        "{\"date\":\"2026-05-01\",\"state\":\"open\",\"name\":\"fair\"}],"
		        "\"overrides\":[{\"from\":\"2026-12-24T13:00\",\"to\":\"2026-12-24T14:00\","
		        "\"state\":\"open\",\"name\":\"party\"}]}");

	assert_state(s, "2026-12-24T11:59:00Z", "open hours daily 09:00-17:00");
	assert_state(s, "2026-12-24T12:00:00Z", "shut holiday Christmas Eve");
	assert_state(s, "2026-12-24T13:30:00Z", "open override party");
	assert_state(s, "2026-12-24T14:00:00Z", "shut holiday Christmas Eve");
	assert_until(s, "2026-12-24T12:00:00Z", "2026-12-24T13:00:00Z");
	assert_state(s, "2031-12-24T12:00:00Z", "shut holiday Christmas Eve"); /* every year */
	assert_state(s, "2026-05-01T03:00:00Z", "open holiday fair");
	assert_state(s, "2027-05-01T03:00:00Z", "shut closed ");
}

static void test_leap_day_of_every_year_is_in_leap_years(void **state)
{
	const struct schedule *s = make(
		*state, "{\"timezone\":\"UTC\",\"holidays\":[{\"date\":\"02-29\",\"state\":\"open\"}]}");

	assert_state(s, "2028-02-29T10:00:00Z", "open holiday 02-29");
	assert_state(s, "2027-03-01T10:00:00Z", "shut closed ");
}

/* RFC 5545 section 3.3.10: the first Monday of each month. */
static void test_events_come_back_by_rule(void **state)
{
	const struct schedule *s = make(
		*state, "{\"events\":[{\"start\":\"2026-01-05T09:00\",\"minutes\":60,"
		        "\"rrule\":\"FREQ=MONTHLY;BYDAY=1MO\",\"name\":\"meeting\",\"state\":\"open\"}]}");

	assert_state(s, "2026-01-05T08:00:00Z", "open event meeting");
	assert_state(s, "2026-01-05T09:00:00Z", "shut closed ");
	assert_state(s, "2026-07-06T07:30:00Z", "open event meeting"); /* 09:30 in summer */
	assert_state(s, "2026-07-13T07:30:00Z", "shut closed ");
	assert_state(s, "2035-06-04T07:30:00Z", "open event meeting");
}

static void test_rules_more_often_than_daily_are_refused(void **state)
{
	struct fixture *f = *state;
	const struct schedule *s = NULL;

	assert_int_equal(compile(f, "{\"events\":[{\"start\":\"2026-01-05\","
	                            "\"rrule\":\"FREQ=SECONDLY\"}]}", &s), E_POLICY);
	assert_int_equal(compile(f, "{\"events\":[{\"start\":\"2026-01-05\","
	                            "\"rrule\":\"FREQ=NEVER\"}]}", &s), E_POLICY);
	assert_null(s);
	buf_ch(&f->why, '\0');
	assert_non_null(strstr(f->why.p, "events[0]: must repeat daily"));
	assert_non_null(strstr(f->why.p, "events[0]: its rrule cannot be read"));
}

static void test_too_many_spans_are_refused(void **state)
{
	struct fixture *f = *state;
	const struct schedule *s = NULL;
	char event[128];
	struct buf json;

	buf_init(&json, 100000);
	buf_lit(&json, "{\"events\":[");
	for (int i = 0; i < 6; i++) {
		snprintf(event, sizeof event, "%s{\"start\":\"2026-01-0%d\",\"rrule\":\"FREQ=DAILY\"}",
		         i ? "," : "", i + 1);
		buf_str(&json, str_z(event));
	}
	buf_lit(&json, "]}");
	buf_ch(&json, '\0');
	assert_int_equal(compile(f, json.p, &s), E_POLICY);
	buf_fini(&json);
}

/* Times of a zone, of UTC and of no zone; whole days; an exception. */
static void test_calendar_is_imported(void **state)
{
	const struct schedule *s = make(
		*state,
		"{\"calendar\":\"BEGIN:VCALENDAR\\r\\nVERSION:2.0\\r\\nPRODID:-//x//y//EN\\r\\n"
		"BEGIN:VEVENT\\r\\nUID:1\\r\\nSUMMARY:Works outing\\r\\nDTSTART;VALUE=DATE:20260610\\r\\n"
		"DTEND;VALUE=DATE:20260612\\r\\nEND:VEVENT\\r\\n"
		"BEGIN:VEVENT\\r\\nUID:2\\r\\nSUMMARY:Call\\r\\nDTSTART:20260701T100000Z\\r\\n"
		"DURATION:PT2H\\r\\nTRANSP:TRANSPARENT\\r\\nRRULE:FREQ=WEEKLY;COUNT=3\\r\\n"
		"EXDATE:20260708T100000Z\\r\\nEND:VEVENT\\r\\n"
		"BEGIN:VEVENT\\r\\nUID:3\\r\\nSUMMARY:NY\\r\\nDTSTART;TZID=America/New_York:20260801T090000\\r\\n"
		"DTEND;TZID=America/New_York:20260801T100000\\r\\nEND:VEVENT\\r\\n"
		"END:VCALENDAR\\r\\n\",\"hours\":[{\"from\":\"00:00\",\"to\":\"24:00\"}]}");

	assert_state(s, "2026-06-09T21:59:59Z", "open hours daily 00:00-24:00");
	assert_state(s, "2026-06-09T22:00:00Z", "shut event Works outing");
	assert_state(s, "2026-06-11T21:59:59Z", "shut event Works outing");
	assert_state(s, "2026-06-11T22:00:00Z", "open hours daily 00:00-24:00");
	assert_state(s, "2026-07-01T10:00:00Z", "open event Call");
	assert_state(s, "2026-07-08T10:00:00Z", "open hours daily 00:00-24:00");
	assert_state(s, "2026-07-15T11:59:59Z", "open event Call");
	assert_state(s, "2026-07-22T10:00:00Z", "open hours daily 00:00-24:00");
	assert_state(s, "2026-08-01T13:00:00Z", "shut event NY");
}

static void test_what_is_no_calendar_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct schedule *s = NULL;

	assert_int_equal(compile(f, "{\"calendar\":\"hello\"}", &s), E_POLICY);
	assert_int_equal(compile(f, "{\"calendar\":\"BEGIN:VCALENDAR\\nBEGIN:VEVENT\\nSUMMARY:x\\n"
	                            "END:VEVENT\\nEND:VCALENDAR\\n\"}", &s), E_POLICY);
	assert_int_equal(compile(f, "{\"timezone\":\"Mars/Olympus\"}", &s), E_POLICY);
	buf_ch(&f->why, '\0');
	assert_non_null(strstr(f->why.p, "calendar: is no iCalendar text"));
	assert_non_null(strstr(f->why.p, "calendar: event[0]: has no DTSTART"));
	assert_non_null(strstr(f->why.p, "there is no time zone \"Mars/Olympus\""));
}

/* The sweep over segments gives what looking at every span gives. */
static void test_overlapping_rules_as_one_by_one(void **state)
{
	struct fixture *f = *state;
	const struct schedule *s;
	struct buf json;
	uint64_t seed = 7;
	int from[40], to[40];

	buf_init(&json, 100000);
	buf_lit(&json, "{\"timezone\":\"UTC\",\"overrides\":[");
	for (int i = 0; i < 40; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		from[i] = (int)(seed >> 33) % 24;
		to[i] = from[i] + 1 + (int)(seed >> 45) % 4;
		buf_printf(&json, "%s{\"from\":\"2026-02-%02d\",\"to\":\"2026-02-%02d\",\"state\":\"%s\",\"name\":\"%d\"}",
		           i ? "," : "", from[i] + 1, to[i] + 1 > 28 ? 28 : to[i] + 1,
		           i % 3 ? "open" : "closed", i);
	}
	buf_lit(&json, "]}");
	buf_ch(&json, '\0');
	s = make(f, json.p);
	for (int day = 0; day < 27; day++) {
		struct schedule_view v;
		char utc[32], want[16] = "";
		int best = -1;

		for (int i = 0; i < 40; i++) {
			int end = to[i] > 27 ? 27 : to[i];

			if (day >= from[i] && day < end && (best < 0 || from[i] > from[best]))
				best = i;
		}
		if (best >= 0)
			snprintf(want, sizeof want, "%d", best);
		snprintf(utc, sizeof utc, "2026-02-%02dT12:00:00Z", day + 1);
		schedule_open(s, at(utc), &v);
		assert_true(str_eq(v.rule, str_z(want)));
	}
	buf_fini(&json);
}

/* -- zones --------------------------------------------------------------------------- */

static void test_zone_rule_carries_on_after_the_table(void **state)
{
	struct fixture *f = *state;
	struct zone z;
	int64_t from = 4070908800, to = from + 400 * 86400; /* 2099 */

	assert_int_equal(zone_load(&z, STR("Europe/Berlin"), from, to, &f->mem), 0);
	assert_int_equal(zone_offset(&z, from), 3600);
	assert_int_equal(zone_offset(&z, from + 180 * 86400), 7200);
	assert_int_equal(zone_load(&z, STR("Australia/Sydney"), from, to, &f->mem), 0);
	assert_int_equal(zone_offset(&z, from), 11 * 3600);
	assert_int_equal(zone_offset(&z, from + 180 * 86400), 10 * 3600);
	assert_int_equal(zone_load(&z, STR("Asia/Kolkata"), from, to, &f->mem), 0);
	assert_int_equal(z.n, 0);
	assert_int_equal(zone_offset(&z, from), 19800);
}

static void test_zone_names_stay_in_their_folder(void **state)
{
	struct fixture *f = *state;
	struct zone z;

	assert_int_not_equal(zone_load(&z, STR("../../etc/passwd"), 0, 1, &f->mem), 0);
	assert_int_not_equal(zone_load(&z, STR("Europe"), 0, 1, &f->mem), 0);
	assert_int_not_equal(zone_load(&z, STR("Europe/Atlantis"), 0, 1, &f->mem), 0);
	assert_int_not_equal(zone_load(&z, STR("tzdata.zi"), 0, 1, &f->mem), 0);
}

/* No prefix of a zone file, nor one with changed bytes, is read beyond its end. */
static void test_damaged_zone_files_are_refused_or_read(void **state)
{
	struct fixture *f = *state;
	FILE *file = fopen("/usr/share/zoneinfo/Europe/Berlin", "rbe");
	char bytes[8192];
	size_t n;
	struct zone z;

	assert_non_null(file);
	n = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	for (size_t cut = 0; cut < n; cut++) {
		char *copy = malloc(cut + 1);

		memcpy(copy, bytes, cut);
		(void)!zone_parse(&z, (struct str){copy, cut}, 0, 1 << 30, &f->mem);
		free(copy);
	}
	for (size_t i = 0; i < n; i++) {
		char was = bytes[i];

		bytes[i] = (char)0xff;
		(void)!zone_parse(&z, (struct str){bytes, n}, 0, 1 << 30, &f->mem);
		bytes[i] = was;
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_weekly_hours_are_local),
		TEST(test_hours_follow_daylight_saving),
		TEST(test_times_in_the_gap_and_twice),
		TEST(test_hours_over_midnight_and_over_the_week),
		TEST(test_override_holiday_and_hours_in_this_order),
		TEST(test_leap_day_of_every_year_is_in_leap_years),
		TEST(test_events_come_back_by_rule),
		TEST(test_rules_more_often_than_daily_are_refused),
		TEST(test_too_many_spans_are_refused),
		TEST(test_calendar_is_imported),
		TEST(test_what_is_no_calendar_is_refused),
		TEST(test_overlapping_rules_as_one_by_one),
		TEST(test_zone_rule_carries_on_after_the_table),
		TEST(test_zone_names_stay_in_their_folder),
		TEST(test_damaged_zone_files_are_refused_or_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
