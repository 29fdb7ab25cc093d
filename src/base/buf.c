// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void buf_init_fixed(struct buf *b, void *mem, size_t cap)
{
	*b = (struct buf){.p = mem, .cap = cap, .max = cap, .fixed = true};
}

void buf_fini(struct buf *b)
{
	if (!b->fixed)
		free(b->p);
	*b = (struct buf){0};
}

/* Doubling keeps appending O(1); the first step suits a SIP message. */
static void grow(struct buf *b, size_t need)
{
	size_t cap = b->cap ? b->cap : 512;
	char *p;

	while (cap < need)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	if (cap > b->max)
		cap = b->max;
	p = realloc(b->p, cap);
	if (!p)
		abort();
	b->p = p;
	b->cap = cap;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	if (b->full || !n)
		return;
	if (n > b->max - b->n) {
		b->full = true;
		return;
	}
	if (n > b->cap - b->n)
		grow(b, b->n + n);
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

/* By way of the stack: in the buffer itself the NUL would not fit into the last byte. */
void buf_printf(struct buf *b, const char *fmt, ...)
{
	char small[512], *text = small;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof small, fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof small) {
		va_start(ap, fmt);
		n = vasprintf(&text, fmt, ap);
		va_end(ap);
		if (n < 0)
			abort();
	}
	if (n < 0)
		b->full = true;
	else
		buf_add(b, text, (size_t)n);
	if (text != small)
		free(text);
}

void buf_u64(struct buf *b, uint64_t v)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	buf_add(b, digits + at, sizeof digits - at);
}

void buf_hex(struct buf *b, const void *p, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *bytes = p;

	for (size_t i = 0; i < n; i++) {
		char pair[2] = {hex[bytes[i] >> 4], hex[bytes[i] & 15]};

		buf_add(b, pair, 2);
	}
}

/* RFC 8259 section 7. */
static void json_escape(struct buf *b, char c)
{
	switch (c) {
	case '"':
		buf_lit(b, "\\\"");
		break;
	case '\\':
		buf_lit(b, "\\\\");
		break;
	case '\n':
		buf_lit(b, "\\n");
		break;
	case '\r':
		buf_lit(b, "\\r");
		break;
	case '\t':
		buf_lit(b, "\\t");
		break;
	default:
		buf_lit(b, "\\u00");
		buf_hex(b, &c, 1);
	}
}

static bool json_plain(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

void buf_json_str(struct buf *b, struct str s)
{
	size_t at = 0;

	buf_ch(b, '"');
	while (at < s.n) {
		size_t from = at, step;

		while (at < s.n && json_plain(s.p[at]))
			at++;
		buf_str(b, str_sub(s, from, at));
		if (at == s.n)
			break;
		step = str_utf8_step(str_sub(s, at, s.n));
		if (step == 0)
			buf_lit(b, "\xef\xbf\xbd");
		else if (step == 1)
			json_escape(b, s.p[at]);
		else
			buf_str(b, str_sub(s, at, at + step));
		at += step ? step : 1;
	}
	buf_ch(b, '"');
}
