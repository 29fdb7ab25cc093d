// SPDX-License-Identifier: Apache-2.0
/* The tables of the kinds as Markdown. */
#include "tenant/ref.h"

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
	case FIELD_TARGET:
		return "target";
	case FIELD_TARGETS:
		return "list of targets";
	case FIELD_LINK:
		return kind_get(f->ref)->name;
	case FIELD_PARTS:
		return "list of entries";
	case FIELD_NODES:
		return "mapping of nodes";
	case FIELD_JSON:
		return "mapping or list";
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
	case FIELD_TARGETS:
	case FIELD_PARTS:
		return " entries";
	case FIELD_NODES:
		return " nodes";
	default:
		return "";
	}
}

static void put_targets(struct buf *out, const struct field *f)
{
	const char *sep = "";

	if (f->targets == TARGETS_ALL) {
		buf_printf(out, "%sany target", f->max > 0 ? "; " : "");
		return;
	}
	if (f->targets && f->max > 0)
		sep = "; ";
	for (enum target_kind k = TARGET_USER; k < TARGET_KINDS; k++) {
		if (f->targets & 1u << k) {
			buf_printf(out, "%s`%s`", sep, target_kind_name(k));
			sep = ", ";
		}
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
	put_targets(out, f);
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
	else if (f->flags & FIELD_STAYS)
		buf_lit(out, "left out, it stays as it is; `null` takes it away");
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
	buf_printf(out, " | %s%s%s |\n", f->flags & FIELD_KEY ? "(key) " : "", f->text,
	           f->flags & FIELD_SHORT ? " May stand alone for the entry." : "");
}

static void put_table(struct buf *out, const struct field *fields, size_t n)
{
	buf_lit(out, "| field | type | limits | default | meaning |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < n; i++)
		put_field(out, &fields[i]);
}

void kind_put_doc(struct buf *out)
{
	for (enum kind_id id = 0; id < KINDS; id++) {
		const struct kind *k = kind_get(id);

		buf_printf(out, "%s## %s\n\n%s\n\n", id ? "\n" : "", k->name, k->text);
		put_table(out, k->fields, k->n_fields);
		for (size_t i = 0; i < k->n_fields; i++) {
			const struct field *f = &k->fields[i];

			if (f->type != FIELD_PARTS)
				continue;
			buf_printf(out, "\nAn entry of `%s` of a %s:\n\n", f->name, k->name);
			put_table(out, f->parts, f->n_parts);
		}
	}
}
