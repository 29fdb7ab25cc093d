// SPDX-License-Identifier: Apache-2.0
/* Values of the file as they will be kept: people write 1001 for "1001" and leave braces out. */
#include <stdio.h>
#include <stdlib.h>

#include "tenant/file_read.h"

static struct str text_of(const json_t *v)
{
	return (struct str){json_string_value(v), json_string_length(v)};
}

static json_t *lower(const json_t *v)
{
	struct str s = text_of(v);
	char *copy = str_dupz(s);
	json_t *out;

	for (size_t i = 0; i < s.n; i++)
		copy[i] = ch_lower(copy[i]);
	out = json_stringn(copy, s.n);
	free(copy);
	return out;
}

static bool is_text_field(const struct field *f)
{
	return f->type == FIELD_STRING || f->type == FIELD_SECRET || f->type == FIELD_TARGET ||
	       f->type == FIELD_LINK;
}

/* The tenant's name is not converted: it is handed out as a slice of the file. */
static bool is_number_for_text(const struct field *f, const json_t *v)
{
	return json_is_integer(v) && is_text_field(f) && !(f->in_file && (f->flags & FIELD_KEY));
}

static json_t *text_of_number(const json_t *v)
{
	char text[24];
	json_t *out;

	snprintf(text, sizeof text, "%lld", (long long)json_integer_value(v));
	out = json_string(text);
	mem_wipe(text, sizeof text); /* it may be a password */
	return out;
}

static bool takes_numbers(const struct field *f)
{
	return f->type == FIELD_TARGETS || (f->type == FIELD_LIST && f->check);
}

static json_t *normal_list(const struct field *f, const json_t *list)
{
	json_t *out = json_array();

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *v = json_array_get(list, i);

		if (json_is_integer(v) && takes_numbers(f))
			json_array_append_new(out, text_of_number(v));
		else if (json_is_string(v) && (f->flags & FIELD_LOWER))
			json_array_append_new(out, lower(v));
		else
			json_array_append(out, v);
	}
	return out;
}

static const struct field *short_field(const struct field *f)
{
	for (size_t i = 0; i < f->n_parts; i++) {
		if (f->parts[i].flags & FIELD_SHORT)
			return &f->parts[i];
	}
	return NULL;
}

/* What is unknown stays: the check says so. */
static json_t *normal_part(const struct field *f, json_t *from)
{
	const struct field *only = short_field(f);
	json_t *out, *v;
	const char *name;

	if (!json_is_object(from) && only)
		return json_pack("{s:o}", only->name, file_normal(only, from));
	if (!json_is_object(from))
		return json_incref(from);
	out = json_object();
	json_object_foreach(from, name, v) {
		const struct field *part = field_find(f->parts, f->n_parts, str_z(name));
		json_t *kept = part ? file_normal(part, v) : json_incref(v);

		if (kept)
			json_object_set_new(out, name, kept);
	}
	return out;
}

static json_t *normal_parts(const struct field *f, const json_t *list)
{
	json_t *out = json_array();

	for (size_t i = 0; i < json_array_size(list); i++)
		json_array_append_new(out, normal_part(f, json_array_get(list, i)));
	return out;
}

static json_t *normal(const struct field *f, json_t *v)
{
	if (is_number_for_text(f, v))
		return text_of_number(v);
	if (json_is_array(v) && json_array_size(v) <= (size_t)f->max) {
		if (f->type == FIELD_PARTS)
			return normal_parts(f, v);
		if (f->type == FIELD_TARGETS || f->type == FIELD_LIST)
			return normal_list(f, v);
	}
	if (f->type == FIELD_NODES || f->type == FIELD_JSON) /* references in it will be changed */
		return json_deep_copy(v);
	if ((f->flags & FIELD_LOWER) && json_is_string(v))
		return lower(v);
	return json_incref(v);
}

json_t *file_normal(const struct field *f, json_t *v)
{
	json_t *out = normal(f, v);

	/* FIELD_STAYS: said to be the default is something else than left out. */
	if ((f->flags & FIELD_SPARSE) && !(f->flags & FIELD_STAYS) && field_is_default(f, out)) {
		json_decref(out);
		return NULL;
	}
	return out;
}
