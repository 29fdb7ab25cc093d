// SPDX-License-Identifier: Apache-2.0
/** Times as people write them in schedules: "09:00", "2026-12-24", "12-24", "mon-fri". */
#pragma once

#include "base/str.h"

/** Of the Gregorian calendar; `year` 0: every year. */
struct when_date {
	int year;
	unsigned month, day;
};

enum { WHEN_ALL_DAYS = 0x7f, WHEN_DAY_MINUTES = 24 * 60 };

/** "09:00" to "24:00", as minutes. E_MALFORMED */
must_check int when_time(struct str s, unsigned *minute);
/** "2026-12-24" or "12-24"; 02-29 of every year exists in leap years. E_MALFORMED */
must_check int when_date(struct str s, struct when_date *out);
/** "2026-12-24T18:00" or a date of a year alone (midnight). E_MALFORMED */
must_check int when_moment(struct str s, struct when_date *date, unsigned *minute);
/** "mon-fri", "sat,sun", "fri-mon", "daily": bit 0 is Monday. E_MALFORMED */
must_check int when_days(struct str s, unsigned *days);

/** Days since 1970-01-01; proleptic. */
int64_t when_days_of(int year, unsigned month, unsigned day);
/** And back. */
struct when_date when_date_of(int64_t days);
/** 0: Monday. */
unsigned when_weekday(int64_t days);

/* For the tables of kinds: 0 or E_POLICY. */
must_check int check_time(struct str s);
must_check int check_date(struct str s);
must_check int check_moment(struct str s);
must_check int check_days(struct str s);
