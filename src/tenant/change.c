// SPDX-License-Identifier: Apache-2.0
/* Change sets for people and for programs. */
#include "tenant/object.h"

static const char signs[] = {[CHANGE_ADD] = '+', [CHANGE_EDIT] = '~', [CHANGE_REMOVE] = '-'};
static const char *const ops[] = {
	[CHANGE_ADD] = "add", [CHANGE_EDIT] = "edit", [CHANGE_REMOVE] = "remove"};

/* Both may lack it. */
static bool field_changes(const struct change *c, const struct field *f)
{
	const json_t *old = json_object_get(c->before->body, f->name);
	const json_t *new = json_object_get(c->row.body, f->name);

	return old != new && !json_equal(old, new);
}

/* The next field from `*at` on that an edit changes; NULL at the end. */
static const struct field *next_changed(const struct change *c, size_t *at)
{
	const struct kind *k = kind_get(c->row.kind);

	while (c->what == CHANGE_EDIT && *at < k->n_fields) {
		const struct field *f = &k->fields[(*at)++];

		if (field_changes(c, f))
			return f;
	}
	return NULL;
}

/* Users are known by their names, everything else by its key. */
static void put_label(struct buf *out, const struct object *o)
{
	const char *name = json_string_value(json_object_get(o->body, "name"));

	if (o->kind == KIND_USER && name)
		buf_printf(out, "%s (%s)", name, o->key);
	else
		buf_str(out, str_z(o->key));
}

void change_set_put_text(struct buf *out, const struct change_set *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct change *change = &c->v[i];
		const struct field *f;
		size_t at = 0;

		buf_printf(out, "%c %s ", signs[change->what], kind_get(change->row.kind)->name);
		put_label(out, &change->row);
		for (const char *sep = ": "; (f = next_changed(change, &at)); sep = ", ")
			buf_printf(out, "%s%s", sep, field_file_name(f));
		buf_ch(out, '\n');
	}
}

static json_t *change_json(const struct change *c)
{
	json_t *fields = json_array(), *out;
	const struct field *f;
	size_t at = 0;

	while ((f = next_changed(c, &at)))
		json_array_append_new(fields, json_string(field_file_name(f)));
	out = json_pack("{s:s, s:s, s:s}", "op", ops[c->what], "kind",
	                kind_get(c->row.kind)->name, "key", c->row.key);
	json_object_set_new(out, "fields", fields);
	return out;
}

json_t *change_set_json(const struct change_set *c)
{
	json_t *out = json_object(), *changes = json_array();

	for (size_t i = 0; i < c->n; i++)
		json_array_append_new(changes, change_json(&c->v[i]));
	json_object_set_new(out, "tenant", json_stringn(c->tenant_name.p, c->tenant_name.n));
	json_object_set_new(out, "changes", changes);
	return out;
}
