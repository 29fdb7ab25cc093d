// SPDX-License-Identifier: Apache-2.0
#include "sdp/sdp.h"

#include "sdp/parse.h"

struct parser {
	struct sdp *s;
	struct sdp_media *m; /* NULL before the first m= */
	struct sdp_attr *next_attr;
	bool has_own_conn;   /* of m */
	bool has_nul;        /* somewhere in the text */
	const char *what;
};

/* Section 5: CRLF, but LF alone ought to be taken; so a CR alone must not hide in a value. */
static bool next_line(struct str *rest, struct str *line)
{
	if (!rest->n)
		return false;
	size_t i = str_find(*rest, '\n');
	i = str_find(str_sub(*rest, 0, i), '\r');
	*line = str_sub(*rest, 0, i);
	if (i + 1 < rest->n && rest->p[i] == '\r' && rest->p[i + 1] == '\n')
		i++;
	*rest = str_sub(*rest, i + 1, rest->n);
	return true;
}

/* Section 5.2; "(null)" and the like leave 0. */
static void on_origin(struct sdp *s, struct str value)
{
	s->origin_user = sdp_word(&value);
	if (str_u64(sdp_word(&value), &s->origin_id) != 0)
		s->origin_id = 0;
	if (str_u64(sdp_word(&value), &s->origin_version) != 0)
		s->origin_version = 0;
}

/* A line may name several addresses for layers (section 5.7): the first is the one. */
static void on_connection(struct parser *ps, struct str value)
{
	if (!ps->m) {
		ps->s->conn = sdp_conn_parse(value);
	} else if (!ps->has_own_conn) {
		ps->m->conn = sdp_conn_parse(value);
		ps->has_own_conn = true;
	}
}

static void on_attribute(struct parser *ps, struct str value)
{
	struct sdp_attr *at = ps->next_attr++;
	at->name = str_cut(&value, ':');
	at->value = value;
	if (ps->m) {
		ps->m->n_attrs++;
		sdp_media_attr(ps->m, at);
	} else {
		ps->s->n_attrs++;
		(void)sdp_dir_parse(at, &ps->s->dir);
	}
}

static void end_media(struct parser *ps)
{
	if (ps->m)
		sdp_media_end(ps->s, ps->m, ps->has_own_conn);
}

/* All but the array of formats, 3 kB of which n_fmt says how much there is. */
static void clear_media(struct sdp_media *m)
{
	memset(m, 0, offsetof(struct sdp_media, fmt));
	memset(&m->n_fmt, 0, sizeof *m - offsetof(struct sdp_media, n_fmt));
}

static int on_media(struct parser *ps, struct str value)
{
	end_media(ps);
	ps->m = &ps->s->media[ps->s->n_media++];
	clear_media(ps->m);
	ps->m->dir = ps->s->dir; /* section 6.7: the session's is the default */
	ps->m->attrs = ps->next_attr;
	ps->has_own_conn = false;
	return sdp_media_begin(ps->m, value, &ps->what);
}

static int on_line(struct parser *ps, struct str line)
{
	if (line.n < 2 || line.p[1] != '=') {
		ps->what = "line without type";
		return E_MALFORMED;
	}
	if (ps->has_nul && memchr(line.p, 0, line.n)) {
		ps->what = "NUL byte";
		return E_MALFORMED;
	}
	struct str value = str_sub(line, 2, line.n);
	switch (line.p[0]) {
	case 'o':
		on_origin(ps->s, value);
		return 0;
	case 'c':
		on_connection(ps, value);
		return 0;
	case 'a':
		on_attribute(ps, value);
		return 0;
	case 'm':
		return on_media(ps, value);
	default: /* s= t= b= k= and others say nothing to us */
		return 0;
	}
}

/* How much memory the description needs: one array for all attributes, one for the m-lines. */
static int measure(struct sdp *s, struct parser *ps, struct arena *a, struct str text)
{
	size_t n_attrs = 0, n_media = 0;
	for (struct str line; next_line(&text, &line);) {
		n_attrs += line.n && line.p[0] == 'a';
		n_media += line.n && line.p[0] == 'm';
	}
	if (n_media > SDP_MAX_MEDIA) {
		ps->what = "too many media lines";
		return E_LIMIT;
	}
	s->attrs = ps->next_attr = arena_alloc(a, (n_attrs + 1) * sizeof *s->attrs);
	s->media = arena_alloc(a, n_media * sizeof *s->media);
	return 0;
}

static int parse_lines(struct parser *ps, struct str text, size_t *at_line)
{
	bool begun = false;
	for (struct str line; next_line(&text, &line);) {
		++*at_line;
		if (!line.n || !str_trim(line).n)
			continue;
		/* section 5.1: nothing but version 0, and first */
		if (!begun && !str_eq(str_trim(line), STR("v=0"))) {
			ps->what = "does not begin with v=0";
			return E_MALFORMED;
		}
		begun = true;
		int err = on_line(ps, line);
		if (err)
			return err;
	}
	end_media(ps);
	if (!begun) {
		ps->what = "empty";
		return E_MALFORMED;
	}
	return 0;
}

int sdp_parse(struct sdp **out, struct arena *a, struct str text, struct sdp_error *e)
{
	struct sdp_error where = {.line = 0};
	struct parser ps = {.what = "larger than the limit"};
	int err = E_LIMIT;
	if (text.n > SDP_MAX_TEXT)
		goto fail;
	ps.s = arena_zalloc(a, sizeof *ps.s);
	ps.s->dir = SDP_SENDRECV;
	ps.has_nul = memchr(text.p, 0, text.n) != NULL;
	err = measure(ps.s, &ps, a, text);
	if (!err)
		err = parse_lines(&ps, text, &where.line);
	if (err)
		goto fail;
	*out = ps.s;
	return 0;
fail:
	where.what = ps.what;
	if (!where.line)
		where.line = 1;
	*e = where;
	return err;
}

static bool find_attr(const struct sdp_attr *at, size_t n, struct str name, struct str *value)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq(at[i].name, name)) {
			*value = at[i].value;
			return true;
		}
	}
	return false;
}

bool sdp_attr_get(const struct sdp *s, const struct sdp_media *m, struct str name, struct str *value)
{
	return (m && find_attr(m->attrs, m->n_attrs, name, value)) ||
	       find_attr(s->attrs, s->n_attrs, name, value);
}

bool sdp_format_same(const struct sdp_format *a, const struct sdp_format *b)
{
	if (!a->encoding.n || !str_ieq(a->encoding, b->encoding) || a->clock_hz != b->clock_hz)
		return false;
	return a->channels == b->channels || str_ieq(a->encoding, STR("opus"));
}

/* One without a name (an answer that left its rtpmap out) can only mean its number. */
static bool may_be(const struct sdp_format *a, const struct sdp_format *b)
{
	bool unnamed = !a->has_rtpmap || !b->has_rtpmap;
	return sdp_format_same(a, b) || (unnamed && (!a->encoding.n || !b->encoding.n));
}

const struct sdp_format *sdp_format_match(const struct sdp_media *m, const struct sdp_format *f)
{
	const struct sdp_format *by_name = NULL;
	for (size_t i = 0; i < m->n_fmt; i++) {
		const struct sdp_format *g = &m->fmt[i];
		if (g->pt == f->pt && may_be(g, f))
			return g;
		if (!by_name && sdp_format_same(g, f))
			by_name = g;
	}
	return by_name;
}

const char *sdp_dir_name(enum sdp_dir d)
{
	static const char *const names[] = {"inactive", "sendonly", "recvonly", "sendrecv"};
	return names[d & SDP_SENDRECV];
}

enum sdp_dir sdp_dir_flip(enum sdp_dir d)
{
	return (enum sdp_dir)((d & SDP_SENDONLY ? SDP_RECVONLY : 0) |
	                      (d & SDP_RECVONLY ? SDP_SENDONLY : 0));
}

enum sdp_dir sdp_dir_answer(enum sdp_dir offered, enum sdp_dir wanted)
{
	return (enum sdp_dir)(sdp_dir_flip(offered) & wanted);
}
