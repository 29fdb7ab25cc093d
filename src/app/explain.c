// SPDX-License-Identifier: Apache-2.0
/*
 * `tandem explain`: the routing engine is asked as a call asks it. What it asks back comes from the
 * options (who is there, what is typed, how it rings), is looked up at the shards, or assumed. Without an
 * option that says what happens then, a call is explained up to where it rings or waits for a key.
 */
#include <errno.h>
#include <stdlib.h>

#include "app/commands.h"
#include "base/clock.h"
#include "route/script.h"
#include "service/trial.h"

enum { RING_MS = 25000, WHY_MAX = 4096 };

struct explain {
	struct control_request *rq;
	struct commands *cs;
	const struct tenant *tenant; /* a reference */
	json_t *given, *when;
	struct arena arena;
	struct route_script script;
	struct route_trace trace;
	struct drive drive;
	size_t asked; /* users of the decision whose presence is known */
};

static void explain_free(void *ctx)
{
	struct explain *x = ctx;
	arena_fini(&x->arena);
	tenant_unref(x->tenant);
	json_decref(x->given);
	json_decref(x->when);
	json_decref(x->drive.decisions);
	free(x);
}

/* -- printing ------------------------------------------------------------------------ */

static json_t *history(const struct explain *x)
{
	json_t *out = json_array();
	for (size_t i = 0; i < x->drive.state.n_history; i++) {
		const struct route_hop *h = &x->drive.state.history[i];
		struct target target = {(enum target_kind)h->kind, h->id, STR_NONE};
		struct str key = tenant_target_key(x->tenant, &target);
		json_array_append_new(out, json_pack("{s:s%,s:i}", "from", key.p ? key.p : "", key.n,
		                                     "cause", h->status));
	}
	return out;
}

static void answer(struct explain *x)
{
	struct buf text, end;
	buf_init(&text, 1 << 20);
	buf_init(&end, 4096);
	route_trace_put_json(&text, &x->trace);
	drive_put_end(&end, &x->drive);
	json_t *trace = buf_ok(&text) ? json_loadb(text.p, text.n, 0, NULL) : NULL;
	struct str name = tenant_name(x->tenant), to = x->script.to;
	struct str from = x->drive.facts.caller ? x->drive.facts.caller->extension : x->script.from;
	char mem[64];
	struct buf at;
	buf_init_fixed(&at, mem, sizeof mem);
	clock_put_rfc3339(&at, x->script.at_ms);
	control_answer(x->rq,
	               json_pack("{s:s%,s:I,s:s%,s:s%,s:s%,s:o,s:O,s:s%,s:o,s:o}", "tenant", name.p, name.n,
	                         "version", (json_int_t)tenant_version(x->tenant), "from",
	                         from.p ? from.p : "", from.n, "to", to.p ? to.p : "", to.n, "at", at.p,
	                         at.n, "decision",
	                         drive_print_decision(x->tenant, &x->drive.decision), "decisions",
	                         x->drive.decisions, "end", end.p, end.n, "history", history(x), "trace",
	                         trace ? trace : json_array()),
	               STR_NONE);
	buf_fini(&text);
	buf_fini(&end);
}

/* -- presence ------------------------------------------------------------------------ */

static void next_presence(struct explain *x);

static unsigned count(const json_t *v)
{
	return json_is_true(v) ? 1 : (unsigned)json_integer_value(v);
}

/* Every shard that knows of the user says what it knows; it adds up. */
static void on_presence(json_t *result, void *arg)
{
	struct explain *x = arg;
	struct route_presence *p = &x->drive.presence[x->asked];
	size_t i;
	json_t *part;
	*p = (struct route_presence){.user = x->drive.decision.users[x->asked]};
	json_array_foreach(result, i, part) {
		p->registered += count(json_object_get(part, "registered"));
		p->calls += count(json_object_get(part, "busy"));
	}
	x->asked++;
	next_presence(x);
}

static void next_presence(struct explain *x)
{
	while (x->asked < x->drive.decision.n_users && drive_fill(&x->drive, x->asked))
		x->asked++;
	if (x->asked < x->drive.decision.n_users) {
		char id[24];
		snprintf(id, sizeof id, "%ju", (uintmax_t)x->drive.decision.users[x->asked]);
		shards_query(x->cs->shards, SHARDS_PRESENCE, tenant_id(x->tenant), str_z(id),
		             on_presence, x);
		return;
	}
	x->asked = 0;
	if (drive_run(&x->drive) == DRIVE_ASK)
		next_presence(x);
	else
		answer(x);
}

/* -- the request --------------------------------------------------------------------- */

/* "a,b" becomes {"name": "a"}, {"name": "b"}. */
static void add_facts(json_t *when, const json_t *args, const char *name)
{
	struct str list = commands_arg(args, name);
	const char *given = json_string_value(json_object_get(args, name));
	bool more = given != NULL;
	while (more) {
		more = str_find(list, ',') < list.n;
		struct str word = str_cut(&list, ',');
		json_array_append_new(when, json_pack("{s:s%}", name, word.p, word.n));
	}
}

/* "1001=busy,1002=unregistered". */
static void add_present(json_t *given, const json_t *args)
{
	json_t *present = json_object();
	struct str list = commands_arg(args, "present"), assume = commands_arg(args, "assume");
	if (assume.n)
		json_object_set_new(present, "*", json_stringn(assume.p, assume.n));
	while (list.n) {
		struct str state = str_cut(&list, ','), who = str_cut(&state, '=');
		json_object_setn_new(present, who.p, who.n, json_stringn(state.p ? state.p : "", state.n));
	}
	json_object_set_new(given, "present", present);
}

static void add_text(json_t *given, const json_t *args, const char *name)
{
	json_t *v = json_object_get(args, name);
	if (v)
		json_object_set(given, name, v);
}

static int read_script(struct explain *x, const json_t *args, struct buf *why)
{
	static const char *const facts[] = {"digits", "ring", "webhook", "queue", "message"};
	x->given = json_object();
	x->when = json_array();
	add_text(x->given, args, "from");
	add_text(x->given, args, "to");
	add_text(x->given, args, "at");
	add_text(x->given, args, "day_mode");
	add_present(x->given, args);
	for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
		add_facts(x->when, args, facts[i]);
	int err = script_read(&x->script, x->given, x->when, "", why);
	x->script.flow = arena_dup(&x->arena, commands_arg(args, "flow"));
	if (!x->script.at_ms)
		x->script.at_ms = x->cs->wall_ms();
	return err;
}

/* As it is, at a version, or at a moment. */
static int take_snapshot(struct explain *x, const json_t *args, struct buf *why)
{
	struct str version = commands_arg(args, "version"), as_of = commands_arg(args, "as_of");
	const struct tenant *t = directory_by_name(config_directory(x->cs->config),
	                                           commands_arg(args, "tenant"));
	uint64_t number = 0, moment_ms;
	if (!version.n && !as_of.n) {
		x->tenant = tenant_ref(t);
		return 0;
	}
	if (version.n && (str_u64(version, &number) != 0 || !number)) {
		buf_lit(why, "--version wants a number above 0");
		return EINVAL;
	}
	if (!version.n && clock_parse_rfc3339(as_of, &moment_ms) != 0) {
		buf_lit(why, "--as_of wants a time as 2026-07-01T12:00:00Z");
		return EINVAL;
	}
	int err = version.n ? 0 : trial_version_at(x->cs->config, tenant_id(t), moment_ms, &number);
	return err ? err : trial_snapshot_at(x->cs->config, tenant_id(t), number, &x->tenant, why);
}

static void begin(struct explain *x, const json_t *args)
{
	struct buf why;
	buf_init(&why, WHY_MAX);
	int err = read_script(x, args, &why);
	if (err)
		err = EINVAL;
	else
		err = take_snapshot(x, args, &why);
	if (!err && drive_init(&x->drive, x->tenant, &x->script, RING_MS) != 0) {
		err = ENOENT;
		buf_lit(&why, "--from is neither an extension, a device of the tenant nor a number; or "
		              "there is no flow of that name");
	}
	while (why.n && why.p[why.n - 1] == '\n')
		why.n--;
	if (err && !why.n)
		buf_printf(&why, "%s", err_text(err));
	if (err) {
		control_refuse(x->rq, err == EINVAL ? EXIT_USAGE : err == ENOENT ? EXIT_NOT_FOUND
		                                                                 : EXIT_REFUSED,
		               buf_view(&why));
		buf_fini(&why);
		return;
	}
	buf_fini(&why);
	x->drive.trace = &x->trace;
	x->drive.decisions = json_array();
	x->drive.live = true;
	if (drive_run(&x->drive) == DRIVE_ASK)
		next_presence(x);
	else
		answer(x);
}

void commands_explain(struct control_request *rq, struct commands *cs, const json_t *args)
{
	const struct tenant *t;
	struct str to = commands_arg(args, "to");
	if (!commands_tenant(rq, cs, args, &t))
		return;
	if (!t || (!to.n && !commands_arg(args, "flow").n) || to.n > ROUTE_MAX_DIALLED)
		return control_refuse(rq, EXIT_USAGE,
		                      STR("--tenant, --from and --to are wanted, --to with at most "
		                          "128 characters"));
	struct explain *x = calloc(1, sizeof *x);
	if (!x)
		abort();
	x->rq = rq;
	x->cs = cs;
	arena_init(&x->arena, 4096);
	route_trace_init(&x->trace, &x->arena);
	control_request_keep(rq, x, explain_free);
	begin(x, args);
}
