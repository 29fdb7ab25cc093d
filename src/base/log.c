// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <errno.h>
#include <sys/uio.h>

#include "base/clock.h"

enum { LINE_BYTES = 8192, MAX_VALUE_BYTES = 1024 };

struct row {
	const char *name, *text;
	enum log_level level;
};

static const struct row rows[LOG_IDS] = {
#define X(id, name, level, text) [id] = {name, text, level},
#include "base/log_events.h"
#undef X
};

static const char *const level_names[LOG_LEVELS] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warn",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

int log_level_parse(struct str s, enum log_level *out)
{
	for (unsigned i = 0; i < LOG_LEVELS; i++) {
		if (str_ieq(s, str_z(level_names[i]))) {
			*out = (enum log_level)i;
			return 0;
		}
	}
	return E_MALFORMED;
}

const char *log_level_name(enum log_level level)
{
	return level_names[level];
}

const char *log_event_name(enum log_id id)
{
	return rows[id].name;
}

const char *log_event_text(enum log_id id)
{
	return rows[id].text;
}

enum log_level log_event_level(enum log_id id)
{
	return rows[id].level;
}

/* One system call a line, so that lines of several threads never mix. */
static void write_line(enum log_level level, struct str line, void *arg)
{
	struct iovec parts[] = {
		{.iov_base = (void *)(uintptr_t)line.p, .iov_len = line.n},
		{.iov_base = (void *)(uintptr_t)"\n", .iov_len = 1},
	};
	int fd = (int)(intptr_t)arg;
	ssize_t n;

	(void)level;
	do {
		n = writev(fd, parts, 2);
	} while (n < 0 && errno == EINTR);
}

static void drop_line(enum log_level level, struct str line, void *arg)
{
	(void)level;
	(void)line;
	(void)arg;
}

void log_init_fd(struct log *log, enum log_level level, int fd)
{
	*log = (struct log){.level = level, .sink = write_line, .arg = (void *)(intptr_t)fd};
}

void log_init_null(struct log *log)
{
	*log = (struct log){.level = LOG_ERROR, .sink = drop_line};
}

static bool is_bare(char c)
{
	return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\';
}

static bool needs_quotes(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!is_bare(s.p[i]))
			return true;
	}
	return s.n == 0;
}

/* U+0080 to U+009F: a terminal would obey some of them. */
static bool is_c1(struct str s, size_t step)
{
	return step == 2 && (unsigned char)s.p[0] == 0xc2 && (unsigned char)s.p[1] < 0xa0;
}

static void put_escaped(struct buf *b, struct str s)
{
	switch (s.p[0]) {
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
		for (size_t i = 0; i < s.n; i++) {
			buf_lit(b, "\\x");
			buf_hex(b, s.p + i, 1);
		}
	}
}

static bool is_plain(char c)
{
	return is_bare(c) || c == ' ' || c == '=';
}

static void put_chars(struct buf *b, struct str s)
{
	size_t at = 0;

	while (at < s.n) {
		size_t from = at, step;
		struct str rest;

		while (at < s.n && is_plain(s.p[at]))
			at++;
		buf_str(b, str_sub(s, from, at));
		if (at == s.n)
			return;
		rest = str_sub(s, at, s.n);
		step = str_utf8_step(rest);
		if (step > 1 && !is_c1(rest, step))
			buf_str(b, str_sub(rest, 0, step));
		else
			put_escaped(b, str_sub(rest, 0, step ? step : 1));
		at += step ? step : 1;
	}
}

/* Cut before a character that would be cut in two. */
static struct str shorten(struct str s)
{
	size_t n = MAX_VALUE_BYTES;

	if (s.n <= n)
		return s;
	for (size_t back = 0; back < 3 && ((unsigned char)s.p[n] & 0xc0) == 0x80; back++)
		n--;
	return str_sub(s, 0, n);
}

static void put_text(struct buf *b, struct str s)
{
	struct str shown = shorten(s);
	bool quotes = needs_quotes(shown);

	if (quotes)
		buf_ch(b, '"');
	put_chars(b, shown);
	if (shown.n < s.n)
		buf_lit(b, "...");
	if (quotes)
		buf_ch(b, '"');
}

static void put_i64(struct buf *b, int64_t v)
{
	if (v < 0)
		buf_ch(b, '-');
	buf_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

static void put_field(struct buf *b, const struct log_field *f)
{
	buf_ch(b, ' ');
	buf_str(b, str_z(f->name));
	buf_ch(b, '=');
	switch (f->kind) {
	case LOG_KIND_STR:
		put_text(b, f->s);
		break;
	case LOG_KIND_U64:
		buf_u64(b, f->u);
		break;
	case LOG_KIND_I64:
		put_i64(b, f->i);
		break;
	case LOG_KIND_ADDR:
		addr_put(b, f->a);
		break;
	}
}

void log_write(const struct log *log, enum log_id id, const struct log_field *f, size_t n)
{
	static const struct str cut = {" cut=true", sizeof " cut=true" - 1};
	enum log_level level = log_event_level(id);
	char line[LINE_BYTES];
	struct buf b;

	buf_init_fixed(&b, line, sizeof line - cut.n);
	clock_put_rfc3339(&b, log->wall_ms ? log->wall_ms(log->arg) : clock_wall_ms());
	buf_ch(&b, ' ');
	buf_str(&b, str_z(log_level_name(level)));
	buf_ch(&b, ' ');
	buf_str(&b, str_z(log_event_name(id)));
	for (size_t i = 0; i < n && buf_ok(&b); i++) {
		size_t before = b.n;

		put_field(&b, &f[i]);
		if (!buf_ok(&b)) {
			memcpy(line + before, cut.p, cut.n);
			b.n = before + cut.n;
		}
	}
	log->sink(level, buf_view(&b), log->arg);
}
