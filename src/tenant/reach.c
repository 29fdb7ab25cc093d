// SPDX-License-Identifier: Apache-2.0
#include "tenant/reach.h"

#include <stdlib.h>

#include "tenant/target.h"

enum { BY_MAX = 400, MAX_NODES = 256 };

/* A way that is being made, from its end. */
struct search {
	const struct object_set *rows;
	const struct object *path[REACH_MAX_DEPTH];
	char by[REACH_MAX_DEPTH][BY_MAX]; /* how path[i] leads on to path[i - 1] */
	size_t n;
	json_t *ways;
};

static struct str text_in(const json_t *v, const char *name)
{
	const json_t *text = json_object_get(v, name);

	return (struct str){json_string_value(text), json_string_length(text)};
}

static const char *kind_of(const struct object *o)
{
	return kind_get(o->kind)->name;
}

/* Kinds whose settings lead calls on. A draft does not, until it is published. */
static bool leads_calls(const struct object *o)
{
	static const char *const kinds[] = {"user",  "ring_group", "flow",      "queue",
	                                    "number", "extension", "speed_dial", NULL};

	for (size_t i = 0; kinds[i]; i++) {
		if (strcmp(kind_of(o), kinds[i]) == 0)
			return true;
	}
	return false;
}

static bool is_dialled(const struct object *o)
{
	return text_in(o->body, "extension").n || strcmp(kind_of(o), "number") == 0 ||
	       strcmp(kind_of(o), "extension") == 0 || strcmp(kind_of(o), "speed_dial") == 0 ||
	       strcmp(kind_of(o), "user") == 0;
}

/* -- references in bodies ------------------------------------------------------------ */

static bool refers(const json_t *v, uint64_t id)
{
	const json_t *inner;
	const char *name;
	size_t i;

	if (json_is_integer(json_object_get(v, "id")))
		return (uint64_t)json_integer_value(json_object_get(v, "id")) == id;
	json_array_foreach(v, i, inner) {
		if (refers(inner, id))
			return true;
	}
	json_object_foreach((json_t *)(uintptr_t)v, name, inner) {
		if (refers(inner, id))
			return true;
	}
	return false;
}

/* -- the way inside a flow ----------------------------------------------------------- */

struct inside {
	const char *names[MAX_NODES];
	const json_t *nodes[MAX_NODES];
	size_t from[MAX_NODES]; /* + 1; 0: not reached */
	const char *exit[MAX_NODES];
	size_t n;
};

static size_t find_node(const struct inside *f, const char *name)
{
	for (size_t i = 0; name && i < f->n; i++) {
		if (strcmp(f->names[i], name) == 0)
			return i;
	}
	return MAX_NODES;
}

/* Breadth first, so that the shortest way is told. */
static void walk_flow(struct inside *f, const json_t *body)
{
	size_t queue[MAX_NODES], head = 0, tail = 0;
	const char *exit;
	const json_t *node, *to;
	size_t at;

	json_object_foreach((json_t *)(uintptr_t)json_object_get(body, "nodes"), exit, node) {
		if (f->n == MAX_NODES)
			break;
		f->names[f->n] = exit;
		f->nodes[f->n++] = node;
	}
	at = find_node(f, json_string_value(json_object_get(body, "start")));
	if (at == MAX_NODES)
		return;
	f->from[at] = at + 1;
	queue[tail++] = at;
	while (head < tail) {
		size_t here = queue[head++];

		json_object_foreach((json_t *)(uintptr_t)json_object_get(f->nodes[here], "exits"), exit, to) {
			at = find_node(f, json_string_value(to));
			if (at == MAX_NODES || f->from[at])
				continue;
			f->from[at] = here + 1;
			f->exit[at] = exit;
			queue[tail++] = at;
		}
	}
}

static void put_node_way(struct buf *out, const struct inside *f, size_t at)
{
	if (f->from[at] != at + 1) {
		put_node_way(out, f, f->from[at] - 1);
		buf_printf(out, " %s -> ", f->exit[at]);
	}
	buf_printf(out, "%s", f->names[at]);
}

/* Does the node lead anywhere, by a number that the caller dials or a name? */
static const char *leads_anywhere(const json_t *node, const struct object *to)
{
	struct str kind = text_in(node, "kind");

	if (str_eq(kind, STR("menu")) && json_is_true(json_object_get(node, "dial")) && is_dialled(to))
		return " (dials the extension)";
	if (str_eq(kind, STR("directory")) && strcmp(kind_of(to), "user") == 0 &&
	    json_is_true(json_object_get(to->body, "directory")))
		return " (spells the name)";
	return NULL;
}

static bool flow_leads(const json_t *body, const struct object *to, char by[BY_MAX])
{
	struct inside *f = calloc(1, sizeof *f);
	bool found = false;
	struct buf out;

	if (!f)
		abort();
	walk_flow(f, body);
	for (size_t i = 0; i < f->n && !found; i++) {
		const char *any = leads_anywhere(f->nodes[i], to);

		if (!f->from[i] || (!any && !refers(f->nodes[i], to->id)))
			continue;
		buf_init_fixed(&out, by, BY_MAX - 1);
		put_node_way(&out, f, i);
		buf_printf(&out, "%s", any ? any : "");
		by[out.n] = '\0';
		found = true;
	}
	free(f);
	return found;
}

/* By which setting does `o` lead to `to`? */
static bool leads(const struct object *o, const struct object *to, char by[BY_MAX])
{
	const json_t *v;
	const char *name;

	if (!leads_calls(o) || o->removed || o == to)
		return false;
	if (json_object_get(o->body, "nodes"))
		return flow_leads(o->body, to, by);
	json_object_foreach((json_t *)(uintptr_t)o->body, name, v) {
		if (!refers(v, to->id))
			continue;
		return str_copyz(by, BY_MAX, str_sub(str_z(name), 0, BY_MAX - 1));
	}
	return false;
}

/* -- ways ---------------------------------------------------------------------------- */

static void add_way(struct search *s)
{
	json_t *way = json_array();

	for (size_t i = s->n; i > 0; i--) {
		const struct object *o = s->path[i - 1];

		json_array_append_new(way, json_pack("{s:s,s:s,s:s}", "kind", kind_of(o), "name",
		                                     o->key ? o->key : "", "by",
		                                     i > 1 ? s->by[i - 1] : ""));
	}
	json_array_append_new(s->ways, way);
}

static bool is_on_path(const struct search *s, const struct object *o)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->path[i] == o)
			return true;
	}
	return false;
}

/* Every way that has `depth` steps; deeper ones are of later rounds. */
static void search(struct search *s, size_t depth)
{
	const struct object *to = s->path[s->n - 1];

	if (s->n == depth) {
		if (is_dialled(to))
			add_way(s);
		return;
	}
	for (size_t i = 0; i < s->rows->n && json_array_size(s->ways) < REACH_MAX_WAYS; i++) {
		const struct object *o = &s->rows->v[i];

		if (is_on_path(s, o) || !leads(o, to, s->by[s->n]))
			continue;
		s->path[s->n++] = o;
		search(s, depth);
		s->n--;
	}
}

static const struct object *find_target(const struct object_set *rows, struct str to)
{
	struct str key = to, kind = str_cut(&key, ':');

	for (size_t i = 0; i < rows->n; i++) {
		const struct object *o = &rows->v[i];

		if (o->removed || !o->key)
			continue;
		if (key.n ? str_eq(kind, str_z(kind_of(o))) && str_eq(key, str_z(o->key))
		          : str_eq(to, text_in(o->body, "extension")))
			return o;
	}
	return NULL;
}

json_t *reach(const struct object_set *rows, struct str to)
{
	struct search s = {.rows = rows, .n = 1};

	s.path[0] = find_target(rows, to);
	if (!s.path[0])
		return NULL;
	s.ways = json_array();
	for (size_t depth = 1; depth <= REACH_MAX_DEPTH; depth++)
		search(&s, depth);
	return s.ways;
}

void reach_put_text(struct buf *out, const json_t *ways)
{
	const json_t *way, *step;
	size_t i, k;

	json_array_foreach(ways, i, way) {
		json_array_foreach(way, k, step) {
			struct str by = text_in(step, "by");

			buf_printf(out, "%s%s %s", k ? " => " : "", text_in(step, "kind").p,
			           text_in(step, "name").p);
			if (by.n)
				buf_printf(out, " [%s]", by.p);
		}
		buf_ch(out, '\n');
	}
}
