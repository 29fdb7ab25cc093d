// SPDX-License-Identifier: Apache-2.0
#include "tenant/ref.h"

static struct str text_in(const json_t *v, const char *name)
{
	const json_t *text = json_object_get(v, name);

	return (struct str){json_string_value(text), json_string_length(text)};
}

uint64_t link_read(const json_t *v)
{
	json_int_t id = json_integer_value(json_object_get(v, "id"));

	return id > 0 ? (uint64_t)id : 0;
}

struct target target_read(const json_t *v)
{
	struct target t = {.kind = target_kind_find(text_in(v, "kind"))};

	if (t.kind == TARGET_EXTERNAL)
		t.number = text_in(v, "number");
	else if (t.kind != TARGET_NONE)
		t.id = link_read(v);
	if (!t.id && !t.number.n)
		t.kind = TARGET_NONE;
	return t;
}
