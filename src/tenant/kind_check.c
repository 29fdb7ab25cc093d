// SPDX-License-Identifier: Apache-2.0
/* Is a body right for its kind? Every fault becomes a line with its place. */
#include <stdio.h>

#include "tenant/check.h"
#include "tenant/flow.h"
#include "tenant/ref.h"

enum { QUOTE_MAX = 48, PLACE_MAX = 64, WHERE_MAX = 160, KEY_MAX = 64 };

/* An object, or an entry of a FIELD_PARTS. */
struct check {
	const struct field *fields;
	size_t n_fields;
	const char *article, *noun; /* "a ", "user" */
	const char *where;
	struct buf *why;
	size_t faults;
};

void kind_put_place(struct buf *why, const char *where, const char *field)
{
	if (where[0] || field[0])
		buf_printf(why, "%s%s%s: ", where, where[0] && field[0] ? "." : "", field);
}

void kind_put_quoted(struct buf *why, struct str value)
{
	bool cut = value.n > QUOTE_MAX;

	if (cut) {
		value.n = QUOTE_MAX;
		while (value.n > 0 && ((unsigned char)value.p[value.n] & 0xc0) == 0x80)
			value.n--;
	}
	buf_json_str(why, value);
	if (cut)
		buf_lit(why, "...");
}

static void fault(struct check *c, const char *field, const char *text)
{
	kind_put_place(c->why, c->where, field);
	buf_printf(c->why, "%s\n", text);
	c->faults++;
}

static struct str text_of(const json_t *v)
{
	return (struct str){json_string_value(v), json_string_length(v)};
}

static int64_t characters(struct str s)
{
	int64_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

/* "1 to 16" or, where nothing is the least, "at most 16". */
static void put_range(struct buf *out, const struct field *f)
{
	if (f->min > 0 || f->type == FIELD_INT)
		buf_printf(out, "%lld to %lld", (long long)f->min, (long long)f->max);
	else
		buf_printf(out, "at most %lld", (long long)f->max);
}

static void range_fault(struct check *c, const struct field *f, const char *place, const char *unit)
{
	kind_put_place(c->why, c->where, place);
	buf_lit(c->why, "must ");
	buf_printf(c->why, "%s ", f->type == FIELD_INT ? "be" : "have");
	put_range(c->why, f);
	buf_printf(c->why, "%s\n", unit);
	c->faults++;
}

static bool in_range(const struct field *f, int64_t n)
{
	return n >= f->min && n <= f->max;
}

static void value_fault(struct check *c, const struct field *f, const char *place, struct str value)
{
	kind_put_place(c->why, c->where, place);
	if (f->type == FIELD_SECRET)
		buf_lit(c->why, "the value");
	else
		kind_put_quoted(c->why, value);
	if (!f->allowed) {
		buf_printf(c->why, " is not %s\n", f->rule);
	} else {
		buf_lit(c->why, " is none of");
		for (const char *const *word = f->allowed; *word; word++)
			buf_printf(c->why, "%s %s", word == f->allowed ? "" : ",", *word);
		buf_ch(c->why, '\n');
	}
	c->faults++;
}

static bool is_allowed(const struct field *f, struct str value)
{
	if (!f->allowed)
		return true;
	for (const char *const *word = f->allowed; *word; word++) {
		if (str_eq(value, str_z(*word)))
			return true;
	}
	return false;
}

/* Characters and words; the length was looked at before. */
static void check_value(struct check *c, const struct field *f, const char *place, struct str value)
{
	if (!is_allowed(f, value) || (f->check && f->check(value) != 0))
		value_fault(c, f, place, value);
}

static void check_text(struct check *c, const struct field *f, const char *place, const json_t *v)
{
	if (!json_is_string(v))
		fault(c, place, "must be a text (put it in quotes)");
	else if (f->type != FIELD_ENUM && !in_range(f, characters(text_of(v))))
		range_fault(c, f, place, " characters");
	else
		check_value(c, f, place, text_of(v));
}

enum { COMPARED_MAX = 64 };

/* Long lists are not compared with themselves: a number that is in one twice does no harm. */
static bool list_repeats(const struct field *f, const json_t *list, size_t end)
{
	struct str item = text_of(json_array_get(list, end));

	if (f->max > COMPARED_MAX)
		return false;
	for (size_t i = 0; i < end; i++) {
		const json_t *other = json_array_get(list, i);

		if (json_is_string(other) && str_eq(text_of(other), item))
			return true;
	}
	return false;
}

/* Each entry of a list is checked by one of these, in its own place. */
typedef void item_fn(struct check *c, const struct field *f, const char *place, const json_t *list,
                     size_t i);

static void check_word(struct check *c, const struct field *f, const char *place,
                       const json_t *list, size_t i)
{
	const json_t *v = json_array_get(list, i);

	if (!json_is_string(v)) {
		fault(c, place, "must be a text (put it in quotes)");
	} else if (list_repeats(f, list, i)) {
		kind_put_place(c->why, c->where, place);
		kind_put_quoted(c->why, text_of(v));
		buf_lit(c->why, " is in the list twice\n");
		c->faults++;
	} else {
		check_value(c, f, place, text_of(v));
	}
}

static void check_list(struct check *c, const struct field *f, const json_t *v, item_fn *fn)
{
	if (!json_is_array(v)) {
		fault(c, field_file_name(f), "must be a list");
	} else if (!in_range(f, (int64_t)json_array_size(v))) {
		range_fault(c, f, field_file_name(f), " entries");
	} else {
		for (size_t i = 0; i < json_array_size(v); i++) {
			char place[PLACE_MAX];

			snprintf(place, sizeof place, "%s[%zu]", field_file_name(f), i);
			fn(c, f, place, v, i);
		}
	}
}

static void check_int(struct check *c, const struct field *f, const json_t *v)
{
	if (!json_is_integer(v))
		fault(c, field_file_name(f), "must be a whole number");
	else if (!in_range(f, json_integer_value(v)))
		range_fault(c, f, field_file_name(f), "");
}

/* -- references as the file has them --------------------------------------------------- */

static void put_targets(struct buf *out, unsigned targets)
{
	const char *sep = "";

	for (enum target_kind k = TARGET_USER; k < TARGET_KINDS; k++) {
		if (targets & 1u << k) {
			buf_printf(out, "%s%s", sep, target_kind_name(k));
			sep = ", ";
		}
	}
}

static void check_target(struct check *c, const struct field *f, const char *place, const json_t *v)
{
	enum target_kind kind;
	struct str key;

	if (!json_is_string(v) || target_parse(text_of(v), &kind, &key) != 0) {
		fault(c, place, "must be a target, as user:1001, ring_group:sales or external:+49301234");
		return;
	}
	if (kind == TARGET_NONE || f->targets & 1u << kind)
		return;
	kind_put_place(c->why, c->where, place);
	kind_put_quoted(c->why, text_of(v));
	buf_lit(c->why, " cannot be here; there can be: ");
	put_targets(c->why, f->targets);
	buf_ch(c->why, '\n');
	c->faults++;
}

static void check_target_item(struct check *c, const struct field *f, const char *place,
                              const json_t *list, size_t i)
{
	check_target(c, f, place, json_array_get(list, i));
}

static void check_link(struct check *c, const struct field *f, const json_t *v)
{
	if (json_is_string(v) && json_string_length(v) >= 1 && json_string_length(v) <= KEY_MAX)
		return;
	kind_put_place(c->why, c->where, field_file_name(f));
	buf_printf(c->why, "must be the %s of a %s\n", kind_key(kind_get(f->ref))->name,
	           kind_get(f->ref)->name);
	c->faults++;
}

/* -- fields -------------------------------------------------------------------------- */

static void check_all(struct check *c, const json_t *body);

/* Entries have no entries in their turn. */
static void check_part(struct check *c, const struct field *f, const char *place,
                       const json_t *list, size_t i)
{
	char where[WHERE_MAX];
	struct check part = {.fields = f->parts, .n_fields = f->n_parts, .article = "an entry of ",
	                     .noun = field_file_name(f), .where = where, .why = c->why};

	snprintf(where, sizeof where, "%s%s%s", c->where, c->where[0] ? "." : "", place);
	check_all(&part, json_array_get(list, i));
	c->faults += part.faults;
}

static void check_scalar(struct check *c, const struct field *f, const json_t *v)
{
	if (f->type == FIELD_INT)
		check_int(c, f, v);
	else if (f->type == FIELD_BOOL && !json_is_boolean(v))
		fault(c, f->name, "must be true or false");
	else if (f->type == FIELD_REF && (!json_is_integer(v) || json_integer_value(v) < 1))
		fault(c, f->name, "must be the id of an object");
	else if (f->type == FIELD_JSON && !json_is_object(v) && !json_is_array(v))
		fault(c, f->name, "must be a mapping or a list");
}

static void check_field(struct check *c, const struct field *f, const json_t *v)
{
	switch (f->type) {
	case FIELD_STRING:
	case FIELD_SECRET:
	case FIELD_ENUM:
		check_text(c, f, field_file_name(f), v);
		break;
	case FIELD_LIST:
		check_list(c, f, v, check_word);
		break;
	case FIELD_TARGET:
		check_target(c, f, field_file_name(f), v);
		break;
	case FIELD_TARGETS:
		check_list(c, f, v, check_target_item);
		break;
	case FIELD_LINK:
		check_link(c, f, v);
		break;
	case FIELD_PARTS:
		check_list(c, f, v, check_part);
		break;
	case FIELD_INT:
	case FIELD_BOOL:
	case FIELD_REF:
	case FIELD_JSON:
		check_scalar(c, f, v);
		break;
	case FIELD_NODES:   /* with the whole body: check_graph */
	case FIELD_OBJECTS: /* objects of their own; never in a body */
		break;
	}
}

static void check_known(struct check *c, const json_t *body)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)body, name, value) {
		const struct field *f = field_find(c->fields, c->n_fields, str_z(name));

		if (f && f->type != FIELD_OBJECTS)
			continue;
		kind_put_place(c->why, c->where, "");
		kind_put_quoted(c->why, str_z(name));
		buf_printf(c->why, " is no field of %s%s\n", c->article, c->noun);
		c->faults++;
	}
}

static void check_all(struct check *c, const json_t *body)
{
	if (!json_is_object(body)) {
		fault(c, "", "must be a mapping of fields to values");
		return;
	}
	check_known(c, body);
	for (size_t i = 0; i < c->n_fields; i++) {
		const struct field *f = &c->fields[i];
		const json_t *v = json_object_get(body, f->name);

		if (v && !((f->flags & FIELD_STAYS) && json_is_null(v)))
			check_field(c, f, v);
		else if (f->flags & FIELD_REQUIRED)
			fault(c, field_file_name(f), "is missing");
	}
}

static bool has_graph(const struct kind *k)
{
	for (size_t i = 0; i < k->n_fields; i++) {
		if (k->fields[i].type == FIELD_NODES)
			return true;
	}
	return false;
}

int kind_check(const struct kind *k, const json_t *body, const char *where, struct buf *why)
{
	struct check c = {.fields = k->fields, .n_fields = k->n_fields, .article = "a ",
	                  .noun = k->name, .where = where, .why = why};

	check_all(&c, body);
	if (!c.faults && has_graph(k) && flow_check_nodes(body, where, why) != 0)
		c.faults++;
	return c.faults ? E_POLICY : 0;
}
