// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <time.h>

enum { DAY_S = 86400, MIN_YEAR = 1970, MAX_YEAR = 9999 };

static uint64_t read_us(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t clock_mono_ms(void)
{
	return read_us(CLOCK_MONOTONIC) / 1000;
}

uint64_t clock_mono_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

uint64_t clock_wall_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000;
}

struct date {
	uint32_t year, month, day;
};

/*
 * Days since 1970-01-01, in years that begin with March, so that a leap day is the
 * last of its year; 146097 days make 400 years. gmtime_r() would take a lock.
 */
static uint64_t days_from_date(struct date d)
{
	uint64_t y = d.month <= 2 ? d.year - 1 : d.year;
	uint64_t m = d.month <= 2 ? d.month + 9 : d.month - 3;
	uint64_t in_era = y % 400;
	uint64_t day_of_year = (153 * m + 2) / 5 + d.day - 1;

	return y / 400 * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + day_of_year - 719468;
}

static struct date date_from_days(uint64_t days)
{
	uint64_t z = days + 719468;
	uint64_t era = z / 146097, in_era = z % 146097;
	uint64_t y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	uint64_t day_of_year = in_era - (365 * y + y / 4 - y / 100);
	uint64_t m = (5 * day_of_year + 2) / 153;
	struct date d = {
		.year = (uint32_t)(era * 400 + y + (m >= 10)),
		.month = (uint32_t)(m < 10 ? m + 3 : m - 9),
		.day = (uint32_t)(day_of_year - (153 * m + 2) / 5 + 1),
	};

	return d;
}

static char *put_digits(char *p, uint64_t v, size_t width)
{
	for (size_t i = width; i > 0; i--) {
		p[i - 1] = (char)('0' + v % 10);
		v /= 10;
	}
	return p + width;
}

void clock_put_rfc3339(struct buf *b, uint64_t wall_ms)
{
	struct date d = date_from_days(wall_ms / 1000 / DAY_S);
	uint64_t s = wall_ms / 1000 % DAY_S;
	char text[32], *p = text;

	p = put_digits(p, d.year, 4);
	*p++ = '-';
	p = put_digits(p, d.month, 2);
	*p++ = '-';
	p = put_digits(p, d.day, 2);
	*p++ = 'T';
	p = put_digits(p, s / 3600, 2);
	*p++ = ':';
	p = put_digits(p, s / 60 % 60, 2);
	*p++ = ':';
	p = put_digits(p, s % 60, 2);
	*p++ = '.';
	p = put_digits(p, wall_ms % 1000, 3);
	*p++ = 'Z';
	buf_add(b, text, (size_t)(p - text));
}

/* Exactly `width` digits within [min, max] off the front. */
static bool take_number(struct str *s, size_t width, uint32_t min, uint32_t max, uint32_t *out)
{
	if (s->n < width || str_u32(str_sub(*s, 0, width), out))
		return false;
	*s = str_sub(*s, width, s->n);
	return *out >= min && *out <= max;
}

static bool take_char(struct str *s, char c)
{
	if (!s->n || ch_lower(s->p[0]) != c)
		return false;
	*s = str_sub(*s, 1, s->n);
	return true;
}

static uint32_t days_in_month(uint32_t year, uint32_t month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap ? 1U : 0U);
}

static bool take_date(struct str *s, uint64_t *days)
{
	struct date d;

	if (!take_number(s, 4, MIN_YEAR, MAX_YEAR, &d.year) || !take_char(s, '-') ||
	    !take_number(s, 2, 1, 12, &d.month) || !take_char(s, '-') ||
	    !take_number(s, 2, 1, days_in_month(d.year, d.month), &d.day))
		return false;
	*days = days_from_date(d);
	return true;
}

/* 60 is a leap second (RFC 3339 section 5.7) and counts as the second after 59. */
static bool take_time(struct str *s, uint64_t *seconds)
{
	uint32_t h, m, sec;

	if (!take_number(s, 2, 0, 23, &h) || !take_char(s, ':') || !take_number(s, 2, 0, 59, &m) ||
	    !take_char(s, ':') || !take_number(s, 2, 0, 60, &sec))
		return false;
	*seconds = h * 3600 + m * 60 + sec;
	return true;
}

/* One digit at least; what is finer than a millisecond is cut off. */
static bool take_fraction(struct str *s, uint64_t *ms)
{
	uint32_t digit, scale = 100;

	*ms = 0;
	if (!take_char(s, '.'))
		return true;
	if (!take_number(s, 1, 0, 9, &digit))
		return false;
	do {
		*ms += digit * scale;
		scale /= 10;
	} while (take_number(s, 1, 0, 9, &digit));
	return true;
}

/* Seconds east of Greenwich. */
static bool take_offset(struct str *s, int64_t *offset)
{
	bool east = s->n && s->p[0] == '+';
	uint32_t h, m;

	*offset = 0;
	if (take_char(s, 'z'))
		return true;
	if (!take_char(s, east ? '+' : '-'))
		return false;
	if (!take_number(s, 2, 0, 23, &h) || !take_char(s, ':') || !take_number(s, 2, 0, 59, &m))
		return false;
	*offset = (int64_t)(h * 3600 + m * 60) * (east ? 1 : -1);
	return true;
}

int clock_parse_rfc3339(struct str s, uint64_t *wall_ms)
{
	uint64_t days, seconds, ms;
	int64_t offset, total;

	if (!take_date(&s, &days) || !take_char(&s, 't') || !take_time(&s, &seconds) ||
	    !take_fraction(&s, &ms) || !take_offset(&s, &offset) || s.n)
		return E_MALFORMED;
	total = (int64_t)(days * DAY_S + seconds) - offset;
	if (total < 0)
		return E_MALFORMED;
	*wall_ms = (uint64_t)total * 1000 + ms;
	return 0;
}
