// SPDX-License-Identifier: Apache-2.0
#include "tenant/when.h"

enum { DAYS_A_WEEK = 7, YEAR_MIN = 1970, YEAR_MAX = 2199 };

static const char *const day_names[DAYS_A_WEEK] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* Exactly `n` digits in front of `*s`. */
static bool take_digits(struct str *s, size_t n, unsigned *out)
{
	uint32_t value;

	if (s->n < n || str_u32(str_sub(*s, 0, n), &value) != 0)
		return false;
	*out = value;
	*s = str_sub(*s, n, s->n);
	return true;
}

static bool take_char(struct str *s, char c)
{
	if (s->n < 1 || s->p[0] != c)
		return false;
	*s = str_sub(*s, 1, s->n);
	return true;
}

int when_time(struct str s, unsigned *minute)
{
	unsigned hour, min;

	if (!take_digits(&s, 2, &hour) || !take_char(&s, ':') || !take_digits(&s, 2, &min) || s.n)
		return E_MALFORMED;
	if (min > 59 || hour * 60 + min > WHEN_DAY_MINUTES)
		return E_MALFORMED;
	*minute = hour * 60 + min;
	return 0;
}

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned days_in(int year, unsigned month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && (year == 0 || is_leap(year)) ? 29 : days[month - 1];
}

int when_date(struct str s, struct when_date *out)
{
	struct when_date d = {0};
	unsigned year = 0;

	if (s.n > 5 && (!take_digits(&s, 4, &year) || !take_char(&s, '-')))
		return E_MALFORMED;
	if (!take_digits(&s, 2, &d.month) || !take_char(&s, '-') || !take_digits(&s, 2, &d.day) ||
	    s.n)
		return E_MALFORMED;
	d.year = (int)year;
	if ((year && (year < YEAR_MIN || year > YEAR_MAX)) || d.month < 1 || d.month > 12 ||
	    d.day < 1 || d.day > days_in(d.year, d.month))
		return E_MALFORMED;
	*out = d;
	return 0;
}

int when_moment(struct str s, struct when_date *date, unsigned *minute)
{
	struct str day = str_cut(&s, 'T');
	struct when_date d;
	unsigned m = 0;

	if (when_date(day, &d) != 0 || d.year == 0 || (s.n && when_time(s, &m) != 0))
		return E_MALFORMED;
	*date = d;
	*minute = m;
	return 0;
}

static int find_day(struct str name)
{
	for (int i = 0; i < DAYS_A_WEEK; i++) {
		if (str_ieq(name, str_z(day_names[i])))
			return i;
	}
	return -1;
}

static bool take_days(struct str part, unsigned *days)
{
	bool range = str_find(part, '-') < part.n;
	struct str first = str_trim(str_cut(&part, '-'));
	int from = find_day(first), to = range ? find_day(str_trim(part)) : from;

	if (from < 0 || to < 0)
		return false;
	for (int i = from;; i = (i + 1) % DAYS_A_WEEK) {
		*days |= 1u << i;
		if (i == to)
			return true;
	}
}

int when_days(struct str s, unsigned *days)
{
	unsigned found = 0;

	if (str_ieq(s, STR("daily"))) {
		*days = WHEN_ALL_DAYS;
		return 0;
	}
	do {
		if (!take_days(str_trim(str_cut(&s, ',')), &found))
			return E_MALFORMED;
	} while (s.n);
	*days = found;
	return 0;
}

/* Years begin in March, so that the leap day is their last. */
int64_t when_days_of(int year, unsigned month, unsigned day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (int64_t)(month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct when_date when_date_of(int64_t days)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t of_era = z - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
	int64_t month = (5 * of_year + 2) / 153;
	struct when_date d = {.day = (unsigned)(of_year - (153 * month + 2) / 5 + 1),
	                      .month = (unsigned)(month < 10 ? month + 3 : month - 9)};

	d.year = (int)(y + era * 400 + (d.month <= 2));
	return d;
}

/* 1970-01-01 was a Thursday. */
unsigned when_weekday(int64_t days)
{
	return (unsigned)(((days + 3) % DAYS_A_WEEK + DAYS_A_WEEK) % DAYS_A_WEEK);
}

int check_time(struct str s)
{
	unsigned minute;

	return when_time(s, &minute) == 0 ? 0 : E_POLICY;
}

int check_date(struct str s)
{
	struct when_date date;

	return when_date(s, &date) == 0 ? 0 : E_POLICY;
}

int check_moment(struct str s)
{
	struct when_date date;
	unsigned minute;

	return when_moment(s, &date, &minute) == 0 ? 0 : E_POLICY;
}

int check_days(struct str s)
{
	unsigned days;

	return when_days(s, &days) == 0 ? 0 : E_POLICY;
}
