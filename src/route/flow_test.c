// SPDX-License-Identifier: Apache-2.0
#include "route/flow_test.h"

#include <stdlib.h>

#include "route/script.h"
#include "tenant/kind.h"

enum { RING_MS = 25000 };

static struct str text_in(const json_t *v, const char *name)
{
	const json_t *text = json_object_get(v, name);

	return (struct str){json_string_value(text), json_string_length(text)};
}

static int read_script(struct route_script *s, const json_t *body, const char *where, struct buf *why)
{
	int err = script_read(s, json_object_get(body, "given"), json_object_get(body, "when"), where, why);

	s->flow = text_in(body, "flow");
	return err;
}

/* -- shape --------------------------------------------------------------------------- */

static bool is_expectation(const char *name, const json_t *v)
{
	if (strcmp(name, "path") == 0 || strcmp(name, "users") == 0)
		return json_is_array(v);
	if (strcmp(name, "status") == 0)
		return json_is_integer(v);
	return json_is_string(v) && (strcmp(name, "action") == 0 || strcmp(name, "object") == 0 ||
	                             strcmp(name, "field") == 0);
}

static int check_expect(const json_t *expect, const char *where, struct buf *why)
{
	const char *name;
	json_t *v;
	int err = 0;

	if (json_object_size(expect) < 1) {
		kind_put_place(why, where, "expect");
		buf_lit(why, "must say something that is expected\n");
		return E_POLICY;
	}
	json_object_foreach((json_t *)(uintptr_t)expect, name, v) {
		if (is_expectation(name, v))
			continue;
		kind_put_place(why, where, "expect");
		kind_put_quoted(why, str_z(name));
		buf_lit(why, " is none of path, users (lists), action, object, field (texts), status\n");
		err = E_POLICY;
	}
	return err;
}

int flow_test_check(const json_t *body, const char *where, struct buf *why)
{
	struct route_script *s = calloc(1, sizeof *s);
	int err, expect;

	if (!s)
		abort();
	err = read_script(s, body, where, why);
	expect = check_expect(json_object_get(body, "expect"), where, why);
	free(s);
	return err ? err : expect;
}

/* -- what came, and what was expected ------------------------------------------------ */

struct run {
	struct route_script script;
	struct drive drive;
	struct arena arena;
	struct route_trace trace;
	const json_t *body;
	struct buf *why;
	size_t faults;
};

static void put_name(struct run *r)
{
	struct str name = text_in(r->body, "name");

	r->faults++;
	buf_printf(r->why, "test " STR_FMT ": ", STR_ARG(name));
}

static bool is_node(const struct route_note *n, struct str want)
{
	struct str flow = n->flow, left = want;

	if (str_eq(n->rule, want))
		return true;
	str_cut(&flow, ' '); /* "flow main" */
	return str_find(want, '.') < want.n && str_eq(str_cut(&left, '.'), flow) && str_eq(left, n->rule);
}

static void check_path(struct run *r, const json_t *path)
{
	size_t at = 0;

	for (size_t i = 0; i < r->trace.n && at < json_array_size(path); i++) {
		const json_t *v = json_array_get(path, at);
		struct str want = {json_string_value(v), json_string_length(v)};

		if (r->trace.notes[i].kind.n && is_node(&r->trace.notes[i], want))
			at++;
	}
	if (at == json_array_size(path))
		return;
	put_name(r);
	buf_printf(r->why, "the call does not come by %s",
	           json_string_value(json_array_get(path, at)) ? json_string_value(json_array_get(path, at)) : "?");
	buf_lit(r->why, "; it went");
	for (size_t i = 0; i < r->trace.n; i++) {
		if (r->trace.notes[i].kind.n &&
		    (!i || !str_eq(r->trace.notes[i].rule, r->trace.notes[i - 1].rule)))
			buf_printf(r->why, " " STR_FMT, STR_ARG(r->trace.notes[i].rule));
	}
	buf_ch(r->why, '\n');
}

static bool has_user(const json_t *decision, struct str extension)
{
	const json_t *users = json_object_get(decision, "users");

	for (size_t i = 0; i < json_array_size(users); i++) {
		if (str_eq(text_in(json_array_get(users, i), "extension"), extension))
			return true;
	}
	return false;
}

static void check_users(struct run *r, const json_t *decision, const json_t *want)
{
	bool same = json_array_size(json_object_get(decision, "users")) == json_array_size(want);

	for (size_t i = 0; i < json_array_size(want); i++) {
		const json_t *v = json_array_get(want, i);

		same = same && has_user(decision, (struct str){json_string_value(v), json_string_length(v)});
	}
	if (same)
		return;
	put_name(r);
	buf_lit(r->why, "others ring than expected: the call ");
	drive_put_end(r->why, &r->drive);
	buf_ch(r->why, '\n');
}

static void check_value(struct run *r, const json_t *decision, const char *name, const json_t *want)
{
	const json_t *have = json_object_get(decision, name);
	char *text;

	if (have && json_equal(have, want))
		return;
	text = json_dumps(want, JSON_ENCODE_ANY);
	put_name(r);
	buf_printf(r->why, "%s is not %s: the call ", name, text ? text : "?");
	drive_put_end(r->why, &r->drive);
	buf_ch(r->why, '\n');
	free(text);
}

static void compare(struct run *r)
{
	json_t *decision = drive_print_decision(r->drive.tenant, &r->drive.decision), *want;
	const char *name;

	json_object_foreach(json_object_get(r->body, "expect"), name, want) {
		if (strcmp(name, "path") == 0)
			check_path(r, want);
		else if (strcmp(name, "users") == 0)
			check_users(r, decision, want);
		else
			check_value(r, decision, name, want);
	}
	json_decref(decision);
}

static int run(struct run *r, const struct tenant *t)
{
	int err = read_script(&r->script, r->body, "", r->why);

	if (!err)
		err = check_expect(json_object_get(r->body, "expect"), "", r->why);
	if (err)
		return err;
	err = drive_init(&r->drive, t, &r->script, RING_MS);
	if (err) {
		put_name(r);
		buf_lit(r->why, "its caller or its flow is not there\n");
		return E_POLICY;
	}
	r->drive.trace = &r->trace;
	(void)drive_run(&r->drive); /* nobody is live: it never asks */
	compare(r);
	return r->faults ? E_POLICY : 0;
}

int flow_test_run(const struct tenant *t, const json_t *body, struct buf *why)
{
	struct run *r = calloc(1, sizeof *r);
	int err;

	if (!r)
		abort();
	r->body = body;
	r->why = why;
	arena_init(&r->arena, 8192);
	route_trace_init(&r->trace, &r->arena);
	err = run(r, t);
	arena_fini(&r->arena);
	free(r);
	return err;
}

int flow_tests_run(const struct tenant *t, struct str flow, const json_t *const *bodies, size_t n,
                   size_t *ran, struct buf *why)
{
	size_t count = 0;
	int err = 0;

	for (size_t i = 0; i < n; i++) {
		if (flow.n && !str_eq(text_in(bodies[i], "flow"), flow))
			continue;
		count++;
		if (flow_test_run(t, bodies[i], why) != 0)
			err = E_POLICY;
	}
	if (ran)
		*ran = count;
	return err;
}
