// SPDX-License-Identifier: Apache-2.0
/* Reading stored bodies with the tables' defaults. */
#include <sodium.h>
#include <stdlib.h>

#include "tenant/snapshot_objects.h"

struct body body_of(struct tenant *t, const struct object *o)
{
	const struct kind *k = kind_get(o->kind);

	return (struct body){k, k->fields, k->n_fields, o->body, t};
}

static const json_t *value(const struct body *b, const char *field)
{
	return json_object_get(b->json, field);
}

static const struct field *field_of(const struct body *b, const char *field)
{
	const struct field *f = field_find(b->fields, b->n_fields, str_z(field));

	if (!f)
		abort(); /* our own table does not have it */
	return f;
}

struct str body_keep(struct tenant *t, struct str s)
{
	if (!s.n)
		return STR("");
	t->bytes += s.n + 1;
	return arena_dup(&t->arena, s);
}

int64_t body_int(const struct body *b, const char *field)
{
	const json_t *v = value(b, field);

	return json_is_integer(v) ? json_integer_value(v) : field_default_int(field_of(b, field));
}

bool body_bool(const struct body *b, const char *field)
{
	const json_t *v = value(b, field);

	return json_is_boolean(v) ? json_is_true(v) : field_default_bool(field_of(b, field));
}

static struct str text(const struct body *b, const char *field)
{
	const json_t *v = value(b, field);

	if (!json_is_string(v))
		return field_default_text(field_of(b, field));
	return (struct str){json_string_value(v), json_string_length(v)};
}

struct str body_text(const struct body *b, const char *field)
{
	return body_keep(b->t, text(b, field));
}

unsigned body_word(const struct body *b, const char *field)
{
	const char *const *words = field_of(b, field)->allowed;
	struct str s = text(b, field);

	for (unsigned i = 0; words[i]; i++) {
		if (str_eq(s, str_z(words[i])))
			return i;
	}
	return 0;
}

static struct target kept_target(struct tenant *t, const json_t *v)
{
	struct target target = target_read(v);

	target.number = body_keep(t, target.number);
	return target;
}

struct target body_target(const struct body *b, const char *field)
{
	return kept_target(b->t, value(b, field));
}

uint64_t body_link(const struct body *b, const char *field)
{
	return link_read(value(b, field));
}

const struct target *body_targets(const struct body *b, const char *field, size_t *n)
{
	const json_t *list = value(b, field);
	struct target *targets;

	*n = json_array_size(list);
	if (!*n)
		return NULL;
	targets = arena_alloc(&b->t->arena, *n * sizeof *targets);
	b->t->bytes += *n * sizeof *targets;
	for (size_t i = 0; i < *n; i++)
		targets[i] = kept_target(b->t, json_array_get(list, i));
	return targets;
}

void pin_make(struct pin *out, const struct hash_key key[2], struct str digits)
{
	crypto_generichash(out->hash, sizeof out->hash, (const unsigned char *)digits.p, digits.n,
	                   (const unsigned char *)key, 2 * sizeof *key);
	out->set = true;
}
