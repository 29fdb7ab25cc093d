// SPDX-License-Identifier: Apache-2.0
#include "app/print.h"

#include <stdlib.h>

enum { CELL_MAX = 256, COLUMNS_MAX = 12 };

/* -- values -------------------------------------------------------------------------- */

static const json_t *at_path(const json_t *v, const char *path)
{
	struct str rest = str_z(path);
	while (v && rest.n) {
		struct str part = str_cut(&rest, '.');
		char name[64];
		if (!str_copyz(name, sizeof name, part))
			return NULL;
		v = json_object_get(v, name);
	}
	return v;
}

/* What phones send ends up on a terminal: no control character passes. */
static void put_clean(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool c1 = c == 0xc2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xa0;
		buf_ch(out, c < 0x20 || c == 0x7f || c1 ? '?' : s.p[i]);
		i += c1; /* U+0080 to U+009F */
	}
}

static void put_value(struct buf *out, const json_t *v)
{
	if (json_is_string(v))
		put_clean(out, (struct str){json_string_value(v), json_string_length(v)});
	else if (json_is_integer(v))
		buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_real(v))
		buf_printf(out, "%.1f", json_real_value(v));
	else if (json_is_boolean(v))
		buf_printf(out, "%s", json_is_true(v) ? "yes" : "no");
	else if (json_is_array(v)) {
		for (size_t i = 0; i < json_array_size(v); i++) {
			if (i)
				buf_lit(out, ", ");
			put_value(out, json_array_get(v, i));
		}
	} else if (json_is_object(v)) {
		char *text = json_dumps(v, JSON_COMPACT);
		put_clean(out, str_z(text));
		free(text);
	}
}

/* Columns of a terminal, near enough: code points. */
static size_t text_width(struct str s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

/* -- tables -------------------------------------------------------------------------- */

static void make_cell(struct buf *cell, const json_t *row, const struct column *c)
{
	buf_reset(cell);
	put_value(cell, at_path(row, c->path));
	if (cell->n == 0)
		buf_ch(cell, '-');
}

static void put_padded(struct buf *out, struct str s, size_t width, bool last)
{
	buf_str(out, s);
	for (size_t n = text_width(s); !last && n < width + 2; n++)
		buf_ch(out, ' ');
}

void print_table(struct buf *out, const json_t *rows, const struct column *columns, size_t n)
{
	size_t width[COLUMNS_MAX] = {0};
	char mem[CELL_MAX];
	struct buf cell;
	buf_init_fixed(&cell, mem, sizeof mem);
	for (size_t c = 0; c < n; c++) {
		width[c] = strlen(columns[c].head);
		for (size_t i = 0; i < json_array_size(rows); i++) {
			make_cell(&cell, json_array_get(rows, i), &columns[c]);
			size_t w = text_width(buf_view(&cell));
			width[c] = w > width[c] ? w : width[c];
		}
	}
	for (size_t c = 0; c < n; c++)
		put_padded(out, str_z(columns[c].head), width[c], c + 1 == n);
	buf_ch(out, '\n');
	for (size_t i = 0; i < json_array_size(rows); i++) {
		for (size_t c = 0; c < n; c++) {
			make_cell(&cell, json_array_get(rows, i), &columns[c]);
			put_padded(out, buf_view(&cell), width[c], c + 1 == n);
		}
		buf_ch(out, '\n');
	}
}

/* Every member on its line, lists of objects below as blocks. */
static void put_members(struct buf *out, const json_t *v, size_t indent)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)v, key, value) {
		buf_printf(out, "%*s%s:", (int)indent, "", key);
		if (json_is_object(value)) {
			buf_ch(out, '\n');
			put_members(out, value, indent + 2);
		} else if (json_is_array(value) && json_is_object(json_array_get(value, 0))) {
			buf_ch(out, '\n');
			for (size_t i = 0; i < json_array_size(value); i++) {
				buf_printf(out, "%*s%zu\n", (int)indent + 2, "", i + 1);
				put_members(out, json_array_get(value, i), indent + 4);
			}
		} else {
			buf_ch(out, ' ');
			put_value(out, value);
			buf_ch(out, '\n');
		}
	}
}

/* -- commands ------------------------------------------------------------------------ */

#define TABLE(out, rows, ...) \
	do { \
		static const struct column columns[] = {__VA_ARGS__}; \
		print_table((out), (rows), columns, sizeof columns / sizeof columns[0]); \
	} while (0)

static bool is_kind(const json_t *list, const char *kind)
{
	const char *s = json_string_value(json_object_get(json_array_get(list, 0), "kind"));
	return s && strcmp(s, kind) == 0;
}

static void put_objects(struct buf *out, const json_t *list)
{
	if (json_array_size(list) == 1)
		put_members(out, json_array_get(list, 0), 0);
	else if (is_kind(list, "tenant"))
		TABLE(out, list, {"TENANT", "tenant"}, {"DOMAINS", "fields.domains"}, {"VERSION", "version"},
		      {"ID", "id"});
	else if (is_kind(list, "user"))
		TABLE(out, list, {"TENANT", "tenant"}, {"EXTENSION", "fields.extension"},
		      {"NAME", "fields.name"}, {"VERSION", "version"}, {"ID", "id"});
	else if (is_kind(list, "device"))
		TABLE(out, list, {"TENANT", "tenant"}, {"USERNAME", "fields.username"},
		      {"GLOBAL USERNAME", "fields.global_username"}, {"USER", "fields.user"},
		      {"VERSION", "version"}, {"ID", "id"});
	else
		for (size_t i = 0; i < json_array_size(list); i++)
			put_members(out, json_array_get(list, i), 0);
}

static void put_cdrs(struct buf *out, const json_t *list)
{
	if (json_array_size(list) == 1)
		put_members(out, json_array_get(list, 0), 0);
	else
		TABLE(out, list, {"START", "start"}, {"TENANT", "tenant"}, {"FROM", "from"}, {"TO", "to"},
		      {"ANSWER", "answer"}, {"END", "end"}, {"ENDED BY", "ended_by"},
		      {"REASON", "reason"}, {"ID", "id"});
}

static void put_decision(struct buf *out, const json_t *d)
{
	const char *action = json_string_value(json_object_get(d, "action"));
	size_t i;
	json_t *user;
	buf_printf(out, "=> %s", action ? action : "?");
	json_array_foreach(json_object_get(d, "users"), i, user) {
		buf_printf(out, "%s", i ? ", " : " ");
		put_value(out, json_object_get(user, "name"));
		buf_lit(out, " (");
		put_value(out, json_object_get(user, "extension"));
		buf_lit(out, "; devices: ");
		put_value(out, json_object_get(user, "devices"));
		buf_lit(out, ")");
	}
	json_int_t ring_ms = json_integer_value(json_object_get(d, "ring_ms"));
	if (ring_ms)
		buf_printf(out, " for %g s", (double)ring_ms / 1000);
	const json_t *status = json_object_get(d, "status");
	if (status) {
		const char *reason = json_string_value(json_object_get(d, "reason"));
		buf_ch(out, ' ');
		put_value(out, status);
		buf_printf(out, "%s%s", reason ? " " : "", reason ? reason : "");
	}
	buf_ch(out, '\n');
}

static void put_explanation(struct buf *out, const json_t *x)
{
	size_t i;
	json_t *note;
	put_value(out, json_object_get(x, "from"));
	buf_lit(out, " of ");
	put_value(out, json_object_get(x, "tenant"));
	buf_lit(out, " (version ");
	put_value(out, json_object_get(x, "version"));
	buf_lit(out, ") dials ");
	put_value(out, json_object_get(x, "to"));
	buf_lit(out, " at ");
	put_value(out, json_object_get(x, "at"));
	buf_ch(out, '\n');
	json_array_foreach(json_object_get(x, "trace"), i, note) {
		for (json_int_t k = json_integer_value(json_object_get(note, "depth")); k > 1; k--)
			buf_lit(out, "|  ");
		buf_lit(out, "|- ");
		if (json_object_get(note, "flow")) {
			put_value(out, json_object_get(note, "flow"));
			buf_ch(out, '.');
		}
		put_value(out, json_object_get(note, "rule"));
		buf_lit(out, " [");
		put_value(out, json_object_get(note, "saw"));
		buf_lit(out, "] ");
		put_value(out, json_object_get(note, "result"));
		buf_lit(out, ": ");
		put_value(out, json_object_get(note, "why"));
		buf_ch(out, '\n');
	}
	put_decision(out, json_object_get(x, "decision"));
}

static void put_change(struct buf *out, const json_t *result, struct str text)
{
	size_t n = json_array_size(json_object_get(result, "changes"));
	buf_str(out, text);
	buf_lit(out, "tenant ");
	put_value(out, json_object_get(result, "tenant"));
	buf_printf(out, ": %zu change%s, version ", n, n == 1 ? "" : "s");
	put_value(out, json_object_get(result, "version"));
	buf_ch(out, '\n');
}

static void put_hung_up(struct buf *out, const json_t *ids)
{
	buf_lit(out, "ended: ");
	put_value(out, ids);
	buf_ch(out, '\n');
}

void print_result(struct buf *out, enum command_id command, const json_t *result, struct str text)
{
	switch (command) {
	case COMMAND_APPLY:
	case COMMAND_PLAN:
	case COMMAND_UNDO:
		put_change(out, result, text);
		break;
	case COMMAND_GET:
		put_objects(out, result);
		break;
	case COMMAND_HISTORY:
		TABLE(out, result, {"VERSION", "version"}, {"AT", "at"}, {"WHO", "who"},
		      {"REMOVED", "removed"}, {"CHANGED", "changed"}, {"FIELDS", "fields"});
		break;
	case COMMAND_REGISTRATIONS:
		TABLE(out, result, {"TENANT", "tenant"}, {"EXTENSION", "extension"}, {"DEVICE", "device"},
		      {"CONTACT", "contact"}, {"SOURCE", "source"}, {"EXPIRES", "expires_in_s"});
		break;
	case COMMAND_CALLS:
		TABLE(out, result, {"ID", "id"}, {"TENANT", "tenant"}, {"FROM", "from"}, {"TO", "to"},
		      {"STATE", "state"}, {"START", "start"}, {"ANSWER", "answer"});
		break;
	case COMMAND_CDR:
		put_cdrs(out, result);
		break;
	case COMMAND_HANGUP:
		put_hung_up(out, result);
		break;
	case COMMAND_EXPLAIN:
		put_explanation(out, result);
		break;
	case COMMAND_DIFF:
	case COMMAND_FLOW:
	case COMMAND_REACH:
		buf_str(out, text);
		break;
	case COMMAND_STATUS:
	case COMMAND_COMPLETION:
	case COMMANDS:
		put_members(out, result, 0);
		break;
	}
}
