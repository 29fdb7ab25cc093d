// SPDX-License-Identifier: Apache-2.0
#include "route/internal.h"

static struct verdict enter(struct walk *w)
{
	char mem[VALUE_MAX];
	struct str value = expand_into(w, flow_text(w->node, F_LANGUAGE_LANGUAGE), mem, sizeof mem);

	if (value.n < 2 || value.n >= sizeof w->s->language)
		return go(w, X_LANGUAGE_NEXT, X_LANGUAGE_NEXT, value, STR("that is no language; it stays as it was"));
	memset(w->s->language, 0, sizeof w->s->language);
	memcpy(w->s->language, value.p, value.n);
	return go(w, X_LANGUAGE_NEXT, X_LANGUAGE_NEXT, value, STR("the caller hears it from now on"));
}

const struct route_node route_node_language = {.enter = enter};
