// SPDX-License-Identifier: Apache-2.0
#include "tenant/flow_check.h"

enum { MAX_FLOWS = 64, MAX_LINKS = 96 }; /* exits of a node, cases included */

struct checker {
	const struct call_flow *f;
	const struct flow_check_env *env;
	struct buf *out;
	struct flow_findings found;
};

/* A way from a node to another. */
struct link {
	struct str exit;
	uint16_t to;
	bool input; /* only an input of the caller takes it */
};

/* -- lines --------------------------------------------------------------------------- */

static void put_head(struct checker *c, const struct flow_node *n, bool warning)
{
	if (warning)
		c->found.warnings++;
	else
		c->found.errors++;
	buf_printf(c->out, "%s" STR_FMT, warning ? "warning: " : "", STR_ARG(c->f->name));
	if (n)
		buf_printf(c->out, "." STR_FMT, STR_ARG(n->name));
	buf_lit(c->out, ": ");
}

static void error(struct checker *c, const struct flow_node *n, const char *text)
{
	put_head(c, n, false);
	buf_printf(c->out, "%s\n", text);
}

static void warning(struct checker *c, const struct flow_node *n, const char *text)
{
	put_head(c, n, true);
	buf_printf(c->out, "%s\n", text);
}

/* -- the graph ----------------------------------------------------------------------- */

static const struct flow_case *cases_of(const struct flow_node *n, size_t *count)
{
	*count = 0;
	if (n->kind == NODE_BRANCH)
		return flow_list(n, F_BRANCH_CASES, count);
	if (n->kind == NODE_WEBHOOK)
		return flow_list(n, F_WEBHOOK_ANSWERS, count);
	return NULL;
}

static size_t links_of(const struct flow_node *n, struct link links[MAX_LINKS])
{
	size_t count, used = 0;
	const struct flow_case *cases = cases_of(n, &count);

	for (size_t i = 0; i < count && used < MAX_LINKS; i++)
		links[used++] = (struct link){cases[i].exit, cases[i].to, false};
	for (size_t i = 0; i < node_exits(n->kind) && used < MAX_LINKS; i++) {
		const struct node_exit *x =
			node_exit((enum node_exit_id)((size_t)node_kind(n->kind)->first_exit + i));

		if (n->exits[i] != FLOW_NOWHERE)
			links[used++] = (struct link){str_z(x->name), n->exits[i], x->flags & NODE_INPUT};
	}
	return used;
}

static void reach(const struct call_flow *f, bool without_input, bool seen[FLOW_MAX_NODES])
{
	uint16_t todo[FLOW_MAX_NODES];
	struct link links[MAX_LINKS];
	size_t n = 0;

	memset(seen, 0, FLOW_MAX_NODES * sizeof seen[0]);
	seen[f->start] = true;
	todo[n++] = f->start;
	while (n) {
		size_t count = links_of(&f->nodes[todo[--n]], links);

		for (size_t i = 0; i < count; i++) {
			if (seen[links[i].to] || (without_input && links[i].input))
				continue;
			seen[links[i].to] = true;
			todo[n++] = links[i].to;
		}
	}
}

static void check_reached(struct checker *c, const bool seen[FLOW_MAX_NODES])
{
	for (size_t i = 0; i < c->f->n_nodes; i++) {
		if (!seen[i])
			warning(c, &c->f->nodes[i], "no way leads here");
	}
}

/* -- a node -------------------------------------------------------------------------- */

static void check_exits(struct checker *c, const struct flow_node *n)
{
	for (size_t i = 0; i < node_exits(n->kind); i++) {
		const struct node_exit *x =
			node_exit((enum node_exit_id)((size_t)node_kind(n->kind)->first_exit + i));

		if (!(x->flags & NODE_REQUIRED) || n->exits[i] != FLOW_NOWHERE)
			continue;
		put_head(c, n, false);
		buf_printf(c->out, "exit %s leads nowhere: %s\n", x->name,
		           strcmp(x->name, "timeout") == 0 ? "who says nothing is hung up on" : x->text);
	}
}

static void check_menu(struct checker *c, const struct flow_node *n)
{
	if (n->kind != NODE_MENU || flow_number(n, F_MENU_DIAL))
		return;
	for (size_t i = 0; i < node_exits(NODE_MENU); i++) {
		if (n->exits[i] != FLOW_NOWHERE &&
		    node_exit((enum node_exit_id)((size_t)X_MENU_FIRST + i))->flags & NODE_INPUT)
			return;
	}
	error(c, n, "no key leads anywhere");
}

static void check_items(struct checker *c, const struct flow_node *n, const struct node_field *f,
                        const struct flow_value *v)
{
	const struct flow_item *items = v->list.v;

	if (!v->set && f->flags & NODE_PROMPT)
		warning(c, n, "there is no prompt: the caller waits in silence");
	for (size_t i = 0; v->set && i < v->list.n; i++) {
		if (items[i].kind != ITEM_PROMPT || !c->env->prompt ||
		    c->env->prompt(items[i].id, c->env->arg))
			continue;
		put_head(c, n, true);
		buf_printf(c->out, "%s[%zu] is a prompt with neither a recording nor a text\n", f->name, i);
	}
}

static void check_prompts(struct checker *c, const struct flow_node *n)
{
	for (size_t i = 0; i < node_fields(n->kind); i++) {
		const struct node_field *f =
			node_field((enum node_field_id)((size_t)node_kind(n->kind)->first_field + i));

		if (f->type == NODE_ITEMS)
			check_items(c, n, f, &n->values[i]);
	}
}

/* -- loops --------------------------------------------------------------------------- */

/* Depth first without the ways of an input; a way to a node that is still open closes a circle. */
struct circle {
	uint16_t path[FLOW_MAX_NODES];
	struct str exits[FLOW_MAX_NODES]; /* by which the node of the same place is left */
	size_t n;
	enum { UNSEEN, OPEN, CLOSED } state[FLOW_MAX_NODES];
};

static void tell_circle(struct checker *c, const struct circle *w, uint16_t to)
{
	size_t first = 0;

	while (w->path[first] != to)
		first++;
	put_head(c, &c->f->nodes[to], false);
	buf_lit(c->out, "an endless loop without any input of the caller: ");
	for (size_t i = first; i < w->n; i++)
		buf_printf(c->out, STR_FMT " (" STR_FMT ") -> ", STR_ARG(c->f->nodes[w->path[i]].name),
		           STR_ARG(w->exits[i]));
	buf_printf(c->out, STR_FMT "\n", STR_ARG(c->f->nodes[to].name));
}

/* Recursion is as deep as the flow has nodes: at most 256. */
static void search_circle(struct checker *c, struct circle *w, uint16_t at)
{
	struct link links[MAX_LINKS];
	size_t count = links_of(&c->f->nodes[at], links);

	w->state[at] = OPEN;
	w->path[w->n++] = at;
	for (size_t i = 0; i < count; i++) {
		if (links[i].input)
			continue;
		w->exits[w->n - 1] = links[i].exit;
		if (w->state[links[i].to] == OPEN)
			tell_circle(c, w, links[i].to);
		else if (w->state[links[i].to] == UNSEEN)
			search_circle(c, w, links[i].to);
	}
	w->n--;
	w->state[at] = CLOSED;
}

static void check_circles(struct checker *c)
{
	struct circle w = {0};

	for (uint16_t i = 0; i < c->f->n_nodes; i++) {
		if (w.state[i] == UNSEEN)
			search_circle(c, &w, i);
	}
}

/* -- loops through other flows ------------------------------------------------------- */

static uint64_t flow_led_to(const struct flow_node *n)
{
	struct target t;

	if (n->kind == NODE_SUBFLOW)
		return flow_target(n, F_SUBFLOW_FLOW).id;
	if (n->kind != NODE_FORWARD)
		return 0;
	t = flow_target(n, F_FORWARD_TO);
	return t.kind == TARGET_FLOW ? t.id : 0;
}

struct flows {
	uint64_t ids[MAX_FLOWS];
	size_t n;
};

static bool add_flow(struct flows *s, uint64_t id)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->ids[i] == id)
			return false;
	}
	if (s->n == MAX_FLOWS)
		return false;
	s->ids[s->n++] = id;
	return true;
}

/* Does a way without input come back to the flow through other flows? */
static void check_flows(struct checker *c)
{
	bool seen[FLOW_MAX_NODES];
	struct flows flows = {.ids = {c->f->id}, .n = 1};

	for (size_t i = 0; c->env->flow && i < flows.n; i++) {
		const struct call_flow *f = i ? c->env->flow(flows.ids[i], c->env->arg) : c->f;

		if (!f)
			continue;
		reach(f, true, seen);
		for (size_t k = 0; k < f->n_nodes; k++) {
			uint64_t id = seen[k] ? flow_led_to(&f->nodes[k]) : 0;

			if (id && id == c->f->id) {
				put_head(c, i ? NULL : &f->nodes[k], false);
				buf_printf(c->out, "an endless loop without any input of the caller: " STR_FMT
				                   "." STR_FMT " leads back to this flow\n",
				           STR_ARG(f->name), STR_ARG(f->nodes[k].name));
				return;
			}
			if (id)
				add_flow(&flows, id);
		}
	}
}

/* -- emergency ----------------------------------------------------------------------- */

static bool names_variable(struct str text, struct str name)
{
	while (text.n) {
		struct str rest = str_sub(text, str_find(text, '{'), text.n);

		rest = str_sub(rest, 1, rest.n);
		if (str_eq(str_cut(&rest, '}'), name))
			return true;
		text = rest;
	}
	return false;
}

/* Where what callers type is dialled, they must be able to type an emergency number. */
static void check_emergency(struct checker *c, const struct flow_node *collect, struct str number)
{
	struct str variable = flow_text(collect, F_COLLECT_VARIABLE);

	if (!names_variable(number, variable) && !names_variable(number, STR("digits")))
		return;
	for (size_t i = 0; i < c->env->n_emergency; i++) {
		struct str e = c->env->emergency[i];

		if ((int64_t)e.n >= flow_number(collect, F_COLLECT_MIN) &&
		    (int64_t)e.n <= flow_number(collect, F_COLLECT_MAX))
			continue;
		put_head(c, collect, false);
		buf_printf(c->out, "no way to emergency: what is typed here is dialled, and " STR_FMT
		                   " has not %lld to %lld digits\n",
		           STR_ARG(e), (long long)flow_number(collect, F_COLLECT_MIN),
		           (long long)flow_number(collect, F_COLLECT_MAX));
		return;
	}
}

static void check_dialling(struct checker *c, const struct flow_node *n)
{
	if (n->kind != NODE_FORWARD || !flow_has(n, F_FORWARD_NUMBER))
		return;
	for (size_t i = 0; i < c->f->n_nodes; i++) {
		if (c->f->nodes[i].kind == NODE_COLLECT)
			check_emergency(c, &c->f->nodes[i], flow_text(n, F_FORWARD_NUMBER));
	}
}

struct flow_findings flow_check(const struct call_flow *f, const struct flow_check_env *env,
                                struct buf *out)
{
	struct checker c = {.f = f, .env = env, .out = out};
	bool seen[FLOW_MAX_NODES];

	for (size_t i = 0; i < f->n_nodes; i++) {
		check_exits(&c, &f->nodes[i]);
		check_menu(&c, &f->nodes[i]);
		check_prompts(&c, &f->nodes[i]);
		check_dialling(&c, &f->nodes[i]);
	}
	check_circles(&c);
	check_flows(&c);
	reach(f, false, seen);
	check_reached(&c, seen);
	return c.found;
}
