// SPDX-License-Identifier: Apache-2.0
/* The kinds, and finding things in their tables. Checks are in kind_check.c. */
#include "tenant/kind.h"

#include <errno.h>
#include <stdlib.h>

#include "tenant/kind_tables.h"

static const struct kind *const kinds[KINDS] = {
	[KIND_TENANT] = &kind_tenant,
	[KIND_USER] = &kind_user,
	[KIND_DEVICE] = &kind_device,
	[KIND_PROMPT] = &kind_prompt,
	[KIND_VARIABLE] = &kind_variable,
	[KIND_LIST] = &kind_list,
	[KIND_CLASS] = &kind_class,
	[KIND_SCHEDULE] = &kind_schedule,
	[KIND_MAILBOX] = &kind_mailbox,
	[KIND_RING_GROUP] = &kind_ring_group,
	[KIND_CONFERENCE] = &kind_conference,
	[KIND_QUEUE] = &kind_queue,
	[KIND_FLOW] = &kind_flow,
	[KIND_FLOW_DRAFT] = &kind_flow_draft,
	[KIND_FLOW_TEST] = &kind_flow_test,
	[KIND_EXTENSION] = &kind_extension,
	[KIND_NUMBER] = &kind_number,
	[KIND_SPEED_DIAL] = &kind_speed_dial,
	[KIND_FEATURE_CODE] = &kind_feature_code,
};

const struct kind *kind_get(enum kind_id id)
{
	return kinds[id];
}

int kind_find(struct str name, enum kind_id *out)
{
	for (size_t i = 0; i < KINDS; i++) {
		if (str_eq(name, str_z(kinds[i]->name)) || str_eq(name, str_z(kinds[i]->plural))) {
			*out = kinds[i]->id;
			return 0;
		}
	}
	return ENOENT;
}

const struct field *field_find(const struct field *fields, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq(name, str_z(fields[i].name)))
			return &fields[i];
	}
	return NULL;
}

const struct field *kind_field(const struct kind *k, struct str name)
{
	return field_find(k->fields, k->n_fields, name);
}

const struct field *kind_key(const struct kind *k)
{
	const struct field *f = k->fields;

	while (!(f->flags & FIELD_KEY))
		f++;
	return f;
}

void kind_fill(const struct kind *k, json_t *body)
{
	for (size_t i = 0; i < k->n_fields; i++) {
		const struct field *f = &k->fields[i];

		if (f->fallback && !(f->flags & FIELD_SPARSE) && !json_object_get(body, f->name))
			json_object_set_new(body, f->name,
			                    json_loads(f->fallback, JSON_DECODE_ANY, NULL));
	}
}

int64_t field_default_int(const struct field *f)
{
	return f->fallback ? strtoll(f->fallback, NULL, 10) : 0;
}

bool field_default_bool(const struct field *f)
{
	return f->fallback && f->fallback[0] == 't';
}

struct str field_default_text(const struct field *f)
{
	struct str s = str_z(f->fallback);

	return s.n >= 2 && s.p[0] == '"' ? str_sub(s, 1, s.n - 1) : STR_NONE;
}

bool field_is_default(const struct field *f, const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_INTEGER:
		return f->fallback && json_integer_value(v) == field_default_int(f);
	case JSON_TRUE:
	case JSON_FALSE:
		return f->fallback && json_is_true(v) == field_default_bool(f);
	case JSON_STRING:
		return f->fallback && str_eq((struct str){json_string_value(v), json_string_length(v)},
		                             field_default_text(f));
	default:
		return false;
	}
}
