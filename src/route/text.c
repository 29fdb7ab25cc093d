// SPDX-License-Identifier: Apache-2.0
/* Variables of a call, and texts that name them. */
#include "route/internal.h"

/* -- variables: [name length][name][value length][value]... in the state ------------------ */

/* Where the variable stands, or the end; `*size` is what it takes, 0: it is not there. */
static size_t locate(const struct route_state *s, struct str name, size_t *size)
{
	size_t at = 0;

	*size = 0;
	while (at + 2 <= s->n_variables) {
		size_t n = (unsigned char)s->variables[at], v;

		if (at + 1 + n + 1 > s->n_variables)
			break;
		v = (unsigned char)s->variables[at + 1 + n];
		if (at + 2 + n + v > s->n_variables)
			break;
		if (str_eq(name, (struct str){&s->variables[at + 1], n})) {
			*size = 2 + n + v;
			return at;
		}
		at += 2 + n + v;
	}
	return at;
}

bool variable_set(struct route_state *s, struct str name, struct str value)
{
	size_t size, at = locate(s, name, &size);

	if (!name.n || name.n > FLOW_MAX_NAME)
		return false;
	value = str_sub(value, 0, VALUE_MAX);
	memmove(&s->variables[at], &s->variables[at + size], s->n_variables - at - size);
	s->n_variables = (uint8_t)(s->n_variables - size);
	memset(&s->variables[s->n_variables], 0, size);
	at = s->n_variables;
	if (!value.n)
		return true;
	if (at + 2 + name.n + value.n > ROUTE_MAX_VARIABLES)
		return false;
	s->variables[at] = (char)name.n;
	memcpy(&s->variables[at + 1], name.p, name.n);
	s->variables[at + 1 + name.n] = (char)value.n;
	memcpy(&s->variables[at + 2 + name.n], value.p, value.n);
	s->n_variables = (uint8_t)(at + 2 + name.n + value.n);
	return true;
}

struct str language_of(const struct walk *w)
{
	if (w->s->language[0])
		return str_z(w->s->language);
	if (w->f->caller && w->f->caller->language.n)
		return w->f->caller->language;
	return tenant_language(w->t);
}

struct str caller_number(const struct walk *w)
{
	return w->f->caller ? w->f->caller->extension : w->f->caller_number;
}

struct str day_mode_of(const struct walk *w)
{
	return w->f->day_mode.n ? w->f->day_mode : tenant_day_mode(w->t);
}

static struct str known(const struct walk *w, struct str name)
{
	if (str_eq(name, STR("caller")))
		return caller_number(w);
	if (str_eq(name, STR("caller_name")))
		return w->f->caller ? w->f->caller->name : w->f->caller_name;
	if (str_eq(name, STR("dialled")))
		return w->f->dialled;
	if (str_eq(name, STR("digits")))
		return (struct str){w->s->digits, w->s->n_digits};
	if (str_eq(name, STR("language")))
		return language_of(w);
	if (str_eq(name, STR("day_mode")))
		return day_mode_of(w);
	return STR_NONE;
}

struct str variable_get(const struct walk *w, struct str name, char mem[VALUE_MAX])
{
	size_t size, at = locate(w->s, name, &size);
	const struct variable *v;
	struct str value;

	if (size) { /* a copy: the state may change while it is used */
		value = (struct str){&w->s->variables[at + 2 + name.n], size - 2 - name.n};
		value = str_sub(value, 0, VALUE_MAX);
		memcpy(mem, value.p, value.n);
		return (struct str){mem, value.n};
	}
	value = known(w, name);
	if (value.n)
		return value;
	v = tenant_variable(w->t, name);
	return v ? v->value : STR_NONE;
}

/* -- texts --------------------------------------------------------------------------- */

struct str expand_into(const struct walk *w, struct str text, char *mem, size_t max)
{
	char value_mem[VALUE_MAX];
	struct buf out;

	buf_init_fixed(&out, mem, max);
	while (text.n) {
		size_t at = str_find(text, '$');
		struct str rest = str_sub(text, at, text.n), name;

		buf_str(&out, str_sub(text, 0, at));
		text = str_sub(rest, 1, rest.n);
		if (!rest.n)
			break;
		if (!str_starts(rest, STR("${")) || str_find(rest, '}') == rest.n) {
			buf_ch(&out, '$');
			continue;
		}
		name = str_sub(rest, 2, str_find(rest, '}'));
		text = str_sub(rest, name.n + 3, rest.n);
		buf_str(&out, variable_get(w, name, value_mem));
	}
	return buf_view(&out);
}

struct str keep_text(struct route_decision *d, struct str s)
{
	struct str kept = {d->text + d->text_n, 0};

	kept.n = s.n < ROUTE_MAX_TEXT - d->text_n ? s.n : ROUTE_MAX_TEXT - d->text_n;
	if (kept.n)
		memcpy(d->text + d->text_n, s.p, kept.n);
	d->text_n += kept.n;
	return kept;
}

struct str expand(struct walk *w, struct str text)
{
	struct route_decision *d = w->out;
	struct str out;

	if (str_find(text, '$') == text.n)
		return text; /* of the snapshot */
	out = expand_into(w, text, d->text + d->text_n, ROUTE_MAX_TEXT - d->text_n);
	d->text_n += out.n;
	return out;
}

void put_items(struct walk *w, const struct flow_item *items, size_t n)
{
	struct route_decision *d = w->out;

	for (size_t i = 0; i < n && d->n_items < ROUTE_MAX_ITEMS; i++) {
		struct flow_item *item = &d->items[d->n_items++];

		*item = items[i];
		item->text = expand(w, items[i].text);
	}
	d->language = keep_text(d, language_of(w));
}

void put_field_items(struct walk *w, enum node_field_id field)
{
	size_t n;
	const struct flow_item *items = flow_list(w->node, field, &n);

	put_items(w, items, n);
}

void put_builtin(struct walk *w, const char *name)
{
	const struct flow_item item = {.kind = ITEM_PROMPT, .text = str_z(name)};

	put_items(w, &item, 1);
}
