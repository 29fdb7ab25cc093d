// SPDX-License-Identifier: Apache-2.0
/* The tables of the kinds as Markdown. */
#include "tenant/kind.h"

static const char *type_name(const struct field *f)
{
	switch (f->type) {
	case FIELD_STRING:
		return "text";
	case FIELD_INT:
		return "number";
	case FIELD_BOOL:
		return "true or false";
	case FIELD_ENUM:
		return "word";
	case FIELD_LIST:
		return f->allowed ? "list of words" : "list of texts";
	case FIELD_SECRET:
		return "secret text";
	case FIELD_REF:
		return "id";
	case FIELD_OBJECTS:
		return "list of objects";
	}
	return "";
}

static const char *unit(const struct field *f)
{
	switch (f->type) {
	case FIELD_STRING:
	case FIELD_SECRET:
		return " characters";
	case FIELD_LIST:
	case FIELD_OBJECTS:
		return " entries";
	default:
		return "";
	}
}

static void put_limits(struct buf *out, const struct field *f)
{
	if (f->max > 0)
		buf_printf(out, "%lld to %lld%s", (long long)f->min, (long long)f->max, unit(f));
	if (f->rule)
		buf_printf(out, "%s%s", f->max > 0 ? "; " : "", f->rule);
	for (const char *const *word = f->allowed; word && *word; word++)
		buf_printf(out, "%s`%s`", word == f->allowed ? (f->max > 0 ? "; " : "") : ", ", *word);
}

static void put_default(struct buf *out, const struct field *f)
{
	if (f->flags & FIELD_REQUIRED)
		buf_lit(out, "required");
	else if (f->flags & FIELD_KEPT)
		buf_lit(out, "required when new; left out later, it stays");
	else if (f->flags & FIELD_MADE)
		buf_lit(out, "made by Tandem; not in the file");
	else if (f->type == FIELD_REF)
		buf_lit(out, "where it stands in the file");
	else if (f->fallback)
		buf_printf(out, "`%s`", f->fallback);
	else
		buf_lit(out, "none");
}

static void put_field(struct buf *out, const struct field *f)
{
	buf_printf(out, "| `%s` | %s | ", field_file_name(f), type_name(f));
	put_limits(out, f);
	buf_lit(out, " | ");
	put_default(out, f);
	buf_printf(out, " | %s%s |\n", f->flags & FIELD_KEY ? "(key) " : "", f->text);
}

void kind_put_doc(struct buf *out)
{
	for (enum kind_id id = 0; id < KINDS; id++) {
		const struct kind *k = kind_get(id);

		buf_printf(out, "%s## %s\n\n%s\n\n", id ? "\n" : "", k->name, k->text);
		buf_lit(out, "| field | type | limits | default | meaning |\n|---|---|---|---|---|\n");
		for (size_t i = 0; i < k->n_fields; i++)
			put_field(out, &k->fields[i]);
	}
}
