// SPDX-License-Identifier: Apache-2.0
#include "app/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <yaml.h>

struct reader {
	yaml_parser_t parser;
	struct buf *why;
};

static int fail_at(struct reader *r, const yaml_mark_t *at, const char *what)
{
	buf_printf(r->why, "line %zu, column %zu: %s", at->line + 1, at->column + 1, what);
	return E_MALFORMED;
}

/* The next event; the caller deletes it. */
static int next(struct reader *r, yaml_event_t *ev)
{
	if (yaml_parser_parse(&r->parser, ev))
		return 0;
	const yaml_parser_t *p = &r->parser;
	yaml_mark_t at = p->problem_mark;
	if (p->error == YAML_READER_ERROR || p->error == YAML_MEMORY_ERROR)
		at = p->mark;
	return fail_at(r, &at, p->problem ? p->problem : "this is no YAML");
}

static bool is_integer(struct str s, long long *out)
{
	struct str digits = str_starts(s, STR("-")) ? str_sub(s, 1, s.n) : s;
	if (digits.n == 0 || digits.n > 18 || (digits.n > 1 && digits.p[0] == '0'))
		return false;
	uint64_t n = 0;
	if (str_u64(digits, &n) != 0)
		return false;
	*out = digits.n == s.n ? (long long)n : -(long long)n;
	return true;
}

static json_t *plain_value(struct str s)
{
	long long n;
	if (s.n == 0 || str_eq(s, STR("~")) || str_eq(s, STR("null")))
		return json_null();
	if (str_eq(s, STR("true")))
		return json_true();
	if (str_eq(s, STR("false")))
		return json_false();
	if (is_integer(s, &n))
		return json_integer(n);
	return json_stringn(s.p, s.n);
}

static int read_scalar(struct reader *r, const yaml_event_t *ev, json_t **out)
{
	struct str s = {(const char *)ev->data.scalar.value, ev->data.scalar.length};
	bool plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (memchr(s.p, 0, s.n))
		return fail_at(r, &ev->start_mark, "a NUL byte inside a value");
	*out = plain ? plain_value(s) : json_stringn(s.p, s.n);
	return *out ? 0 : fail_at(r, &ev->start_mark, "this is no UTF-8");
}

static int read_value(struct reader *r, const yaml_event_t *ev, unsigned depth, json_t **out);

static int read_list(struct reader *r, unsigned depth, json_t **out)
{
	json_t *list = json_array();
	for (;;) {
		yaml_event_t ev;
		json_t *item = NULL;
		int err = next(r, &ev);
		if (err)
			goto fail;
		bool end = ev.type == YAML_SEQUENCE_END_EVENT;
		if (!end)
			err = read_value(r, &ev, depth, &item);
		yaml_event_delete(&ev);
		if (err)
			goto fail;
		if (end)
			break;
		json_array_append_new(list, item);
	}
	*out = list;
	return 0;
fail:
	json_decref(list);
	return E_MALFORMED;
}

/* The key in `ev` and, from the next event, its value. */
static int read_member(struct reader *r, const yaml_event_t *ev, unsigned depth, json_t *map)
{
	if (ev->type != YAML_SCALAR_EVENT || ev->data.scalar.anchor || ev->data.scalar.length > 256)
		return fail_at(r, &ev->start_mark, "this cannot be a key");
	struct str key = {(const char *)ev->data.scalar.value, ev->data.scalar.length};
	if (memchr(key.p, 0, key.n) || !str_is_utf8(key))
		return fail_at(r, &ev->start_mark, "this cannot be a key");
	if (json_object_get(map, key.p)) {
		buf_printf(r->why, "line %zu, column %zu: \"" STR_FMT "\" stands here twice",
		           ev->start_mark.line + 1, ev->start_mark.column + 1, STR_ARG(key));
		return E_MALFORMED;
	}
	yaml_event_t value;
	json_t *v = NULL;
	int err = next(r, &value);
	if (err)
		return err;
	err = read_value(r, &value, depth, &v);
	yaml_event_delete(&value);
	if (err == 0)
		json_object_set_new(map, key.p, v);
	return err;
}

static int read_map(struct reader *r, unsigned depth, json_t **out)
{
	json_t *map = json_object();
	for (;;) {
		yaml_event_t ev;
		int err = next(r, &ev);
		if (err)
			goto fail;
		bool end = ev.type == YAML_MAPPING_END_EVENT;
		if (!end)
			err = read_member(r, &ev, depth, map);
		yaml_event_delete(&ev);
		if (err)
			goto fail;
		if (end)
			break;
	}
	*out = map;
	return 0;
fail:
	json_decref(map);
	return E_MALFORMED;
}

static int read_value(struct reader *r, const yaml_event_t *ev, unsigned depth, json_t **out)
{
	if (depth >= YAML_MAX_DEPTH)
		return fail_at(r, &ev->start_mark, "nested too deeply");
	switch (ev->type) {
	case YAML_SCALAR_EVENT:
		if (ev->data.scalar.anchor || ev->data.scalar.tag)
			return fail_at(r, &ev->start_mark, "anchors and tags are not used here");
		return read_scalar(r, ev, out);
	case YAML_SEQUENCE_START_EVENT:
		if (ev->data.sequence_start.anchor || ev->data.sequence_start.tag)
			return fail_at(r, &ev->start_mark, "anchors and tags are not used here");
		return read_list(r, depth + 1, out);
	case YAML_MAPPING_START_EVENT:
		if (ev->data.mapping_start.anchor || ev->data.mapping_start.tag)
			return fail_at(r, &ev->start_mark, "anchors and tags are not used here");
		return read_map(r, depth + 1, out);
	case YAML_ALIAS_EVENT:
		return fail_at(r, &ev->start_mark, "aliases are not used here");
	default:
		return fail_at(r, &ev->start_mark, "a value is missing here");
	}
}

/* All of the stream: at most one document. */
static int read_stream(struct reader *r, json_t **out)
{
	json_t *value = NULL;
	bool end = false;
	int err = 0;
	while (!err && !end) {
		yaml_event_t ev;
		err = next(r, &ev);
		if (err)
			break;
		switch (ev.type) {
		case YAML_STREAM_END_EVENT:
			end = true;
			break;
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		case YAML_DOCUMENT_START_EVENT:
			if (value)
				err = fail_at(r, &ev.start_mark, "a second document");
			break;
		default:
			err = read_value(r, &ev, 0, &value);
			break;
		}
		yaml_event_delete(&ev);
	}
	if (err) {
		json_decref(value);
		return err;
	}
	*out = value ? value : json_null();
	return 0;
}

int yaml_parse(struct str text, size_t max_bytes, json_t **out, struct buf *why)
{
	if (text.n > max_bytes) {
		buf_printf(why, "%zu bytes, and at most %zu are read", text.n, max_bytes);
		return E_LIMIT;
	}
	struct reader r = {.why = why};
	if (!yaml_parser_initialize(&r.parser))
		abort(); /* out of memory */
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.p ? text.p : ""), text.n);
	int err = read_stream(&r, out);
	yaml_parser_delete(&r.parser);
	return err;
}
