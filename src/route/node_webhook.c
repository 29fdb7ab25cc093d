// SPDX-License-Identifier: Apache-2.0
#include "route/internal.h"

static struct verdict enter(struct walk *w)
{
	note_nodef(w, flow_text(w->node, F_WEBHOOK_URL), "waits", "for an answer, at most %u s",
	           (unsigned)flow_number(w->node, F_WEBHOOK_TIMEOUT_S));
	return wait_event();
}

static void add_pair(struct walk *w, struct str name)
{
	char mem[VALUE_MAX];
	struct str value = variable_get(w, name, mem);

	if (w->out->n_send < ROUTE_MAX_SEND)
		w->out->send[w->out->n_send++] = (struct route_pair){name, keep_text(w->out, value)};
}

static void emit(struct walk *w)
{
	size_t n;
	const struct str *names = flow_list(w->node, F_WEBHOOK_SEND, &n);

	w->out->action = ROUTE_WEBHOOK_ASK;
	w->out->url = expand(w, flow_text(w->node, F_WEBHOOK_URL));
	w->out->wait_ms = (uint32_t)flow_number(w->node, F_WEBHOOK_TIMEOUT_S) * 1000;
	for (size_t i = 0; i < n; i++)
		add_pair(w, names[i]);
}

static struct verdict event(struct walk *w)
{
	struct str answer = w->f->answer, variable = flow_text(w->node, F_WEBHOOK_VARIABLE);
	size_t n;
	const struct flow_case *answers = flow_list(w->node, F_WEBHOOK_ANSWERS, &n);

	if (w->f->event != ROUTE_WEBHOOK)
		return wait_event();
	if (!w->f->ok)
		return go(w, X_WEBHOOK_FAILED, X_WEBHOOK_FAILED, STR_NONE, STR("no answer that could be read in time"));
	if (variable.n && !variable_set(w->s, variable, w->f->value))
		note_node(w, variable, STR("lost"), STR("there is no room for another variable"));
	for (size_t i = 0; i < n; i++) {
		if (str_eq(answers[i].value, answer))
			return go_case(w, &answers[i], answer, STR("it answered"));
	}
	return go(w, X_WEBHOOK_NEXT, X_WEBHOOK_FAILED, str_sub(answer, 0, VALUE_MAX),
	          STR("it answered, and no exit is called so"));
}

const struct route_node route_node_webhook = {.enter = enter, .event = event, .emit = emit};
