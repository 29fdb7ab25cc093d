// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "route/internal.h"
#include "tenant/list.h"

static struct str subject(const struct walk *w, char mem[VALUE_MAX])
{
	switch ((enum branch_on)flow_number(w->node, F_BRANCH_ON)) {
	case BRANCH_CALLER:
		return caller_number(w);
	case BRANCH_DIALLED:
		return w->f->dialled;
	case BRANCH_DIGITS:
		return (struct str){w->s->digits, w->s->n_digits};
	case BRANCH_VARIABLE:
		return variable_get(w, flow_text(w->node, F_BRANCH_VARIABLE), mem);
	case BRANCH_LANGUAGE:
		return language_of(w);
	case BRANCH_DAY_MODE:
		return day_mode_of(w);
	}
	return STR_NONE;
}

static bool fits(const struct walk *w, const struct flow_case *c, struct str value, char *why, size_t n)
{
	const struct list *list;
	struct str entry;

	switch (c->test) {
	case CASE_IS:
		snprintf(why, n, "it is \"" STR_FMT "\"", STR_ARG(c->value));
		return str_eq(value, c->value);
	case CASE_BEGINS:
		snprintf(why, n, "it begins with \"" STR_FMT "\"", STR_ARG(c->value));
		return str_starts(value, c->value);
	case CASE_LIST:
		list = tenant_list(w->t, c->list);
		entry = list ? list_find(list, value) : STR_NONE;
		snprintf(why, n, "entry " STR_FMT " of the list has it", STR_ARG(str_sub(entry, 0, 64)));
		return entry.p;
	}
	return false;
}

static struct verdict enter(struct walk *w)
{
	char mem[VALUE_MAX], why[128];
	struct str value = subject(w, mem);
	size_t n;
	const struct flow_case *cases = flow_list(w->node, F_BRANCH_CASES, &n);

	for (size_t i = 0; i < n; i++) {
		if (fits(w, &cases[i], value, why, sizeof why))
			return go_case(w, &cases[i], value, str_z(why));
	}
	snprintf(why, sizeof why, "none of %zu case%s fits", n, n == 1 ? "" : "s");
	return go(w, X_BRANCH_ELSE, X_BRANCH_ELSE, value, str_z(why));
}

const struct route_node route_node_branch = {.enter = enter};
