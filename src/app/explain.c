// SPDX-License-Identifier: Apache-2.0
/*
 * `tandem explain`: the routing engine is asked as a call asks it, and what it asks back is
 * looked up at the shards, or assumed. Only the start of a call is explained: what
 * happens after the phones rang depends on people.
 */
#include <errno.h>
#include <stdlib.h>

#include "app/commands.h"
#include "base/clock.h"
#include "route/route.h"

struct explain {
	struct control_request *rq;
	struct commands *cs;
	const struct tenant *tenant; /* a reference */
	struct arena arena;
	struct route_facts facts;
	struct route_state state;
	struct route_decision decision;
	struct route_trace trace;
	struct route_presence presence[ROUTE_MAX_TARGETS];
	size_t asked; /* users of the decision whose presence is known */
	struct str assume;
};

static void explain_free(void *ctx)
{
	struct explain *x = ctx;
	arena_fini(&x->arena);
	tenant_unref(x->tenant);
	free(x);
}

/* -- printing ------------------------------------------------------------------------ */

static json_t *print_target(const struct explain *x, uint64_t id)
{
	const struct user *u = tenant_user_by_id(x->tenant, id);
	json_t *devices = json_array();
	if (!u)
		return json_pack("{s:I,s:o}", "id", (json_int_t)id, "devices", devices);
	for (size_t i = 0; i < u->n_devices; i++) {
		struct str name = u->devices[i]->username;
		json_array_append_new(devices, json_stringn(name.p, name.n));
	}
	return json_pack("{s:I,s:s%,s:s%,s:o}", "id", (json_int_t)id, "name", u->name.p, u->name.n,
	                 "extension", u->extension.p, u->extension.n, "devices", devices);
}

static json_t *print_decision(const struct explain *x)
{
	const struct route_decision *d = &x->decision;
	json_t *out = json_pack("{s:s}", "action", route_action_name(d->action));
	if (d->action == ROUTE_RING) {
		json_t *users = json_array();
		for (size_t i = 0; i < d->n_users; i++)
			json_array_append_new(users, print_target(x, d->users[i]));
		json_object_set_new(out, "users", users);
		json_object_set_new(out, "ring_ms", json_integer(d->ring_ms));
	}
	if (d->action == ROUTE_REJECT) {
		json_object_set_new(out, "status", json_integer(d->status));
		if (d->reason)
			json_object_set_new(out, "reason", json_string(d->reason));
	}
	return out;
}

static void answer(struct explain *x)
{
	struct buf text;
	buf_init(&text, 1 << 20);
	route_trace_put_json(&text, &x->trace);
	json_t *trace = buf_ok(&text) ? json_loadb(text.p, text.n, 0, NULL) : NULL;
	buf_fini(&text);
	struct str name = tenant_name(x->tenant), to = x->facts.dialled;
	struct str from = x->facts.caller ? x->facts.caller->extension : STR_NONE;
	char mem[64];
	struct buf at;
	buf_init_fixed(&at, mem, sizeof mem);
	clock_put_rfc3339(&at, x->facts.at_ms);
	control_answer(x->rq,
	               json_pack("{s:s%,s:I,s:s%,s:s%,s:s%,s:o,s:o}", "tenant", name.p, name.n,
	                         "version", (json_int_t)config_version(x->cs->config, name), "from",
	                         from.p ? from.p : "", from.n, "to", to.p, to.n, "at", at.p, at.n,
	                         "decision", print_decision(x), "trace",
	                         trace ? trace : json_array()),
	               STR_NONE);
}

/* -- presence ------------------------------------------------------------------------ */

static void step(struct explain *x);

static void next_presence(struct explain *x);

static unsigned count(const json_t *v)
{
	return json_is_true(v) ? 1 : (unsigned)json_integer_value(v);
}

/* Every shard that knows of the user says what it knows; it adds up. */
static void on_presence(json_t *result, void *arg)
{
	struct explain *x = arg;
	struct route_presence *p = &x->presence[x->asked];
	size_t i;
	json_t *part;
	*p = (struct route_presence){.user = x->decision.users[x->asked]};
	json_array_foreach(result, i, part) {
		p->registered += count(json_object_get(part, "registered"));
		p->calls += count(json_object_get(part, "busy"));
	}
	x->asked++;
	next_presence(x);
}

static void assume_presence(struct explain *x)
{
	for (; x->asked < x->decision.n_users; x->asked++)
		x->presence[x->asked] = (struct route_presence){
			.user = x->decision.users[x->asked],
			.registered = !str_eq(x->assume, STR("unregistered")),
			.calls = str_eq(x->assume, STR("busy")),
		};
}

static void next_presence(struct explain *x)
{
	if (x->assume.n)
		assume_presence(x);
	if (x->asked < x->decision.n_users) {
		char id[24];
		snprintf(id, sizeof id, "%ju", (uintmax_t)x->decision.users[x->asked]);
		shards_query(x->cs->shards, SHARDS_PRESENCE, tenant_id(x->tenant), str_z(id),
		             on_presence, x);
		return;
	}
	x->facts.event = ROUTE_PRESENCE;
	x->facts.presence = x->presence;
	x->facts.n_presence = x->asked;
	step(x);
}

static void step(struct explain *x)
{
	route_step(x->tenant, &x->facts, &x->state, &x->decision, &x->trace);
	x->asked = 0;
	if (x->decision.action == ROUTE_ASK)
		next_presence(x);
	else
		answer(x);
}

/* -- the request --------------------------------------------------------------------- */

/* An extension, or a device's user name; both may look alike, and the extension counts first. */
static bool find_caller(struct explain *x, struct str from)
{
	x->facts.caller = tenant_user_by_extension(x->tenant, from);
	if (x->facts.caller)
		return true;
	x->facts.device = tenant_device_by_username(x->tenant, from);
	if (x->facts.device)
		x->facts.caller = x->facts.device->user;
	return x->facts.caller;
}

static bool assume_is_known(struct str s)
{
	return !s.n || str_eq(s, STR("registered")) || str_eq(s, STR("unregistered")) ||
	       str_eq(s, STR("busy"));
}

void commands_explain(struct control_request *rq, struct commands *cs, const json_t *args)
{
	const struct tenant *t;
	struct str to = commands_arg(args, "to"), at = commands_arg(args, "at");
	uint64_t at_ms = cs->wall_ms();
	if (!commands_tenant(rq, cs, args, &t))
		return;
	if (!t || !to.n || to.n > ROUTE_MAX_DIALLED)
		return control_refuse(rq, EXIT_USAGE,
		                      STR("--tenant, --from and --to are wanted, --to with at most "
		                          "128 characters"));
	if (at.n && clock_parse_rfc3339(at, &at_ms) != 0)
		return control_refuse(rq, EXIT_USAGE, STR("--at wants a time as 2026-07-01T12:00:00Z"));
	if (!assume_is_known(commands_arg(args, "assume")))
		return control_refuse(rq, EXIT_USAGE,
		                      STR("--assume wants registered, unregistered or busy"));
	struct explain *x = calloc(1, sizeof *x);
	if (!x)
		abort();
	x->rq = rq;
	x->cs = cs;
	x->tenant = tenant_ref(t);
	arena_init(&x->arena, 4096);
	route_trace_init(&x->trace, &x->arena);
	control_request_keep(rq, x, explain_free);
	x->assume = arena_dup(&x->arena, commands_arg(args, "assume"));
	x->facts = (struct route_facts){.event = ROUTE_BEGIN, .at_ms = at_ms,
	                                .dialled = arena_dup(&x->arena, to)};
	if (!find_caller(x, commands_arg(args, "from")))
		return control_refuse(rq, EXIT_NOT_FOUND,
		                      STR("--from is neither an extension nor a device of the tenant"));
	step(x);
}
